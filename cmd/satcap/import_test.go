// Importing a generated source by the real program: killed halfway and run
// again, and run once more.
//
//	go test ./cmd/satcap -run TestImport -v -import.keys 2000 -import.spends 500000

package main

import (
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/apikey"
	"github.com/satcap/satcap/internal/blinkimport/blinktest"
	"github.com/satcap/satcap/internal/config"
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/server"
	"github.com/satcap/satcap/internal/store"
	pgstore "github.com/satcap/satcap/internal/store/postgres"
	"github.com/satcap/satcap/internal/store/sqlite"
)

var (
	importKeys   = flag.Int("import.keys", 100, "how many keys the generated source of the import has")
	importSpends = flag.Int("import.spends", 10_000, "how many transactions it has")
)

// importing is a generated source.
type importing struct {
	url  string
	keys []blinktest.Key
}

// generated is the source that both engines import.
var generated = sync.OnceValues(func() (*importing, error) {
	ctx := context.Background()
	server, err := postgres()
	if err != nil {
		return nil, err
	}
	if err := server.CreateDatabase(ctx, "blink", ""); err != nil {
		return nil, err
	}
	s := &importing{url: server.URL("blink"), keys: blinktest.Generate(4, *importKeys, *importSpends, time.Now().UnixMicro())}
	if err := blinktest.Create(ctx, s.url); err != nil {
		return nil, err
	}
	// In the order in which the import goes.
	slices.SortFunc(s.keys, func(a, b blinktest.Key) int { return slices.Compare(a.ID[:], b.ID[:]) })
	return s, blinktest.Fill(ctx, s.url, s.keys)
})

func TestImport(t *testing.T) {
	onEngines(t, func(t *testing.T, db string) {
		source, err := generated()
		require.NoError(t, err)
		straight, interrupted := db, engineOf(db)(t)
		for _, db := range []string{straight, interrupted} {
			require.Zero(t, run(t, t.TempDir(), nil, "migrate", "--db", db).code)
		}
		began := time.Now()
		source.run(t, straight)
		took := time.Since(began)
		t.Logf("imported and compared in %v: %.0f transactions a second", took.Round(time.Millisecond), float64(*importSpends)/took.Seconds())

		for _, part := range []float64{0.3, 0.7} {
			source.killAt(t, interrupted, int(part*float64(*importKeys)))
		}
		source.run(t, interrupted)
		want := source.digest(t, straight)
		require.Equal(t, want, source.digest(t, interrupted), "as if it had not been interrupted")

		began = time.Now()
		out := source.run(t, interrupted)
		t.Logf("again, without a change, in %v", time.Since(began).Round(time.Millisecond))
		require.Regexp(t, `(?m)^  booked +0 *$`, out)
		require.Equal(t, want, source.digest(t, interrupted), "no change")

		source.checkSums(t, straight)
		source.checkSecrets(t, straight)
	})
}

// TestImportDiffers: a sum that is not that of the source is exit code 1.
func TestImportDiffers(t *testing.T) {
	t.Parallel()
	from := engines["Postgres"](t)
	require.NoError(t, blinktest.Create(t.Context(), from))
	keys := blinktest.Generate(1, 2, 20, time.Now().UnixMicro())
	require.NoError(t, blinktest.Fill(t.Context(), from, keys))
	db := engines["SQLite"](t)
	require.Zero(t, run(t, t.TempDir(), nil, "migrate", "--db", db).code)
	imported := func(args ...string) output {
		return run(t, t.TempDir(), []string{"SATCAP_FROM=" + from}, append([]string{"import", "blink", "--db", db}, args...)...)
	}
	planned := imported("--dry-run")
	require.Zero(t, planned.code, planned)
	require.Contains(t, planned.stdout, "DRY RUN, NOTHING WAS WRITTEN")
	require.Zero(t, imported().code)

	require.NoError(t, blinktest.Exec(t.Context(), from, "UPDATE api_key_transactions SET amount_sats = amount_sats + 1"))
	out := imported()
	require.Equal(t, 1, out.code, out)
	require.Equal(t, "satcap: sums differ from those of the source\n", out.stderr)
	require.Contains(t, out.stdout, "different\tidentity_api_keys\t"+keys[0].ID.String()+"\tannual: ")
	require.Contains(t, out.stdout, "refused\tapi_key_transactions\t")
	require.Zero(t, imported("--dry-run").code, "nothing is compared")
}

// engineOf is the kind of database that db is of.
func engineOf(db string) func(*testing.T) string {
	if parsed, err := config.ParseDB(db); err == nil && parsed.SQLitePath != "" {
		return engines["SQLite"]
	}
	return engines["Postgres"]
}

// command is an import that has begun. It is killed, if it still runs, at the
// end of the test and when the test process dies.
func (s *importing) command(t *testing.T, db string) (stdout, stderr *buffer, kill func(), done chan int) {
	t.Helper()
	program, err := binary()
	require.NoError(t, err)
	stdout, stderr, done = &buffer{}, &buffer{}, make(chan int, 1)
	cmd := exec.Command(program, "import", "blink", "--db", db)
	cmd.Env = environ("SATCAP_FROM=" + s.url)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.SysProcAttr = dieWithParent()
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // see launch
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
			done <- cmd.ProcessState.ExitCode()
		}
	}()
	require.NoError(t, <-started)
	kill = func() { _ = cmd.Process.Kill() }
	t.Cleanup(kill)
	return stdout, stderr, kill, done
}

// run imports to the end and returns the report.
func (s *importing) run(t *testing.T, db string) string {
	t.Helper()
	stdout, stderr, _, done := s.command(t, db)
	require.Zero(t, <-done, "%s%s", stdout.String(), stderr.String())
	require.NotContains(t, stdout.String(), "refused")
	require.Regexp(t, `(?m)^  differ +0 *$`, stdout.String())
	verified := run(t, t.TempDir(), nil, "verify", "--db", db)
	require.Zero(t, verified.code, verified)
	return stdout.String()
}

// killAt kills the import once there are so many keys.
func (s *importing) killAt(t *testing.T, db string, keys int) {
	t.Helper()
	target := openDB(t, db, nil)
	_, stderr, kill, done := s.command(t, db)
	for len(s.views(t, target)) < keys {
		select {
		case <-done:
			t.Fatalf("the import ended before it could be killed: %s", stderr.String())
		case <-time.After(tick):
		}
	}
	kill()
	require.Equal(t, -1, <-done, "ended by the signal")
	require.Less(t, len(s.views(t, target)), *importKeys, "it was killed halfway")
}

// openDB opens a database with a clock of its own, if one is given.
func openDB(t *testing.T, db string, clockUs func() int64) store.Store {
	t.Helper()
	parsed, err := config.ParseDB(db)
	require.NoError(t, err)
	var s store.Store
	switch {
	case clockUs == nil:
		s, err = server.OpenStore(t.Context(), parsed)
	case parsed.SQLitePath != "":
		s, err = sqlite.Open(t.Context(), parsed.SQLitePath, sqlite.WithClock(clockUs))
	default:
		s, err = pgstore.Open(t.Context(), parsed.PostgresURL, pgstore.WithClock(clockUs))
	}
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// views are the keys that are in satcap.
func (s *importing) views(t *testing.T, target store.Store) []ledger.View {
	t.Helper()
	var views []ledger.View
	for page := range slices.Chunk(s.keys, 500) {
		ids := make([]ledger.KeyID, len(page))
		for i, k := range page {
			ids[i] = ledger.KeyID(k.ID)
		}
		found, err := target.ViewKeys(t.Context(), ids, "")
		require.NoError(t, err)
		views = append(views, found...)
	}
	return views
}

// digest is all that an import makes, but for the moments at which it did.
func (s *importing) digest(t *testing.T, db string) map[ledger.KeyID]string {
	t.Helper()
	target := openDB(t, db, nil)
	all := make(map[ledger.KeyID]string, len(s.keys))
	for _, v := range s.views(t, target) {
		k := v.Key
		k.LastUs, k.Budget = 0, ledger.Budget{Limits: k.Limits}
		lines := []string{fmt.Sprintf("%+v", k)}
		var names []string
		for beforeUs := int64(math.MaxInt64); beforeUs > 0; {
			page, err := target.ListSpends(t.Context(), store.ListSpendsParams{KeyID: k.ID, BeforeUs: beforeUs, NowUs: v.NowUs, Limit: 1000})
			require.NoError(t, err)
			beforeUs = 0
			for _, p := range page {
				lines = append(lines, fmt.Sprintf("%s %v %d %s %d %d %v", p.ID, p.State, p.AmountSats, p.TransactionID, p.SettledAtUs, p.ReversedAtUs, p.Unreserved))
				names = append(names, p.TransactionID)
				beforeUs = p.CreatedAtUs
			}
		}
		for page := range slices.Chunk(names, 1000) {
			found, err := target.FindNames(t.Context(), page)
			require.NoError(t, err)
			for _, n := range found {
				lines = append(lines, fmt.Sprintf("%+v", n))
			}
		}
		slices.Sort(lines)
		all[k.ID] = fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join(lines, "\n"))))
	}
	return all
}

// checkSums compares with the rows themselves, now and at later moments, some of
// them where a row leaves a window.
func (s *importing) checkSums(t *testing.T, db string) {
	t.Helper()
	nowUs := time.Now().UnixMicro()
	const hourUs, dayUs = 3_600_000_000, 86_400_000_000
	moments := []int64{nowUs, nowUs + hourUs, nowUs + dayUs, nowUs + 7*dayUs, nowUs + 100*dayUs}
	dice := rand.New(rand.NewPCG(1, 2))
	for range 3 {
		rows := s.keys[dice.IntN(len(s.keys))].Rows
		for range min(len(rows), 1) {
			leaves := rows[dice.IntN(len(rows))].AtUs + dayUs*[]int64{1, 7, 30, 365}[dice.IntN(4)]
			moments = append(moments, leaves-1, leaves)
		}
	}
	var clockUs int64
	target := openDB(t, db, func() int64 { return clockUs })
	sats := int64(0)
	for _, clockUs = range moments {
		views := s.views(t, target)
		require.Len(t, views, len(s.keys))
		byID := make(map[ledger.KeyID]ledger.View, len(views))
		for _, v := range views {
			byID[v.Key.ID] = v
		}
		for _, k := range s.keys {
			v := byID[ledger.KeyID(k.ID)]
			current := v.Current()
			require.Equal(t, k.Sums(v.NowUs), [4]int64(current.SpentSats), "key %v at %d", k.ID, clockUs)
			sats += current.SpentSats[ledger.Annual]
		}
	}
	require.NotZero(t, sats)
}

// checkSecrets finds every key by its secret, and asks a server for some.
func (s *importing) checkSecrets(t *testing.T, db string) {
	t.Helper()
	target := openDB(t, db, nil)
	for _, k := range s.keys {
		hash, err := apikey.Accepted{Own: apikey.DefaultPrefix, Imported: blinktest.Prefix}.Hash(k.Secret)
		require.NoError(t, err)
		c, err := target.FindKeyBySecret(t.Context(), hash[:])
		require.NoError(t, err)
		require.NotNil(t, c)
		require.Equal(t, k.ID, uuid.UUID(c.Key.ID))
	}
	p := launch(t, t.TempDir(), nil, "--db", db, "--imported-secret-prefix", blinktest.Prefix).awaitReady()
	for _, k := range s.keys[:20] {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+"/auth/check", nil)
		require.NoError(t, err)
		req.Header.Set("X-API-KEY", k.Secret)
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		want := http.StatusOK
		if k.Revoked || k.ExpiresUs != 0 && k.ExpiresUs < time.Now().UnixMicro() {
			want = http.StatusUnauthorized
		}
		require.Equal(t, want, res.StatusCode)
	}
	require.Zero(t, p.terminate())
}
