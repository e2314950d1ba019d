// The import command: its mistakes, its report, its progress.

package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/blinkimport"
	"github.com/satcap/satcap/internal/cli"
)

// TestImportMistakes are named, and make no database.
func TestImportMistakes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := "sqlite:" + filepath.Join(dir, "satcap.db")
	const from = "postgres://u:hunter2@127.0.0.1:1/n"
	for _, c := range []struct {
		args []string
		code int
		line string
	}{
		{[]string{"import"}, 2, "satcap import needs a subcommand"},
		{[]string{"import", "blnk"}, 2, `unknown command "blnk", did you mean blink?`},
		{[]string{"import", "blink", "--db", db}, 2, "--from must be postgres://USER:PASSWORD@HOST/NAME"},
		{[]string{"import", "blink", "--db", db, "--from", "mysql://u:hunter2@h/n"}, 2, "--from must be postgres://"},
		{[]string{"import", "blink", "--db", db, "--from", from, "--batch", "0"}, 2, "--batch must be from 1 to 5000"},
		{[]string{"import", "blink", "--db", db, "--from", from, "--batch", "5001"}, 2, "--batch must be from 1 to 5000"},
		{[]string{"import", "blink", "--db", "mysql:x", "--from", from}, 2, "--db must be sqlite:PATH"},
		{[]string{"import", "blink", "--db", db, "--from", from}, 1, "--db: there is no database to import into (satcap migrate makes one)"},
		{[]string{"import", "blink", "--db", db, "--from", from, "now"}, 2, `unexpected argument "now"`},
	} {
		got := run(cli.World{}, c.args...)
		require.Equal(t, c.code, got.code, "%v: %s", c.args, got.stderr)
		require.Contains(t, got.stderr, c.line)
		require.NotContains(t, got.stderr, "hunter2")
		require.Empty(t, got.stdout)
		made, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Empty(t, made)
	}
}

// TestImportUnreachable: the report says that nothing happened, the error why,
// without the password, and what to do.
func TestImportUnreachable(t *testing.T) {
	t.Parallel()
	db := "sqlite:" + filepath.Join(t.TempDir(), "satcap.db")
	require.Zero(t, run(cli.World{}, "migrate", "--db", db).code)
	got := run(cli.World{Env: []string{"SATCAP_FROM=postgres://u:hunter2@127.0.0.1:1/n", "SATCAP_DB=" + db}}, "import", "blink")
	require.Equal(t, 1, got.code)
	require.Contains(t, got.stderr, "the import is not complete, run it again to go on: source: connect")
	require.NotContains(t, got.stdout+got.stderr, "hunter2")
}

// TestImportReport: every count has its line.
func TestImportReport(t *testing.T) {
	t.Parallel()
	r := &blinkimport.Report{
		Keys: 1, NewKeys: 2, KnownKeys: 3, RefusedKeys: 4, ChangedLimits: 5, RevokedKeys: 6,
		Spends: 7, Booked: 8000, Named: 9, Reversed: 10, Known: 11, RefusedSpends: 12, TooOld: 13,
		Compared: 100, Equal: 60, Explained: 30,
	}
	counts := []string{
		"API keys at the source 1", "new 2", "imported before 3", "not carried over 4", "limits brought up to date 5", "revoked 6",
		"transactions at the source 7", "booked 8,000", "named 9", "reversed 10", "imported before 11", "not carried over 12",
		"transactions that are too old 13",
	}
	var done, planned strings.Builder
	require.NoError(t, cli.PrintReport(&done, r, false))
	result{stdout: done.String()}.requireTable(t, append(counts,
		"API keys compared 100", "equal sums 60", "differ by what satcap booked or reversed 30", "differ 10")...)
	require.NoError(t, cli.PrintReport(&planned, r, true))
	result{stdout: planned.String()}.requireTable(t, append([]string{"DRY RUN, NOTHING WAS WRITTEN"}, counts...)...)
}

// TestProgress: without a terminal a line every 5 seconds, on one a bar.
func TestProgress(t *testing.T) {
	t.Parallel()
	now := testNow
	var lines strings.Builder
	show, finish := cli.ShowProgress(&lines, false, func() time.Time { return now })
	for i := range int64(12) {
		show(blinkimport.Progress{Doing: "transactions", Done: i, Total: 11})
		now = now.Add(time.Second)
	}
	finish()
	require.Equal(t, "transactions: 5 of 11\ntransactions: 10 of 11\n", lines.String())

	var bar strings.Builder
	show, finish = cli.ShowProgress(&bar, true, func() time.Time { return now })
	show(blinkimport.Progress{Doing: "transactions", Done: 5, Total: 10})
	show(blinkimport.Progress{Doing: "comparing", Done: 1, Total: 2})
	finish()
	require.Contains(t, bar.String(), "transactions")
	require.Contains(t, bar.String(), "comparing")
	require.Contains(t, bar.String(), "50%")
	require.True(t, strings.HasSuffix(bar.String(), "\r"), "nothing of it stays: %q", bar.String())
}
