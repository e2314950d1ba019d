// The spends and usage commands.

package cli_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
)

func someSpends(count int) []*satcapv1.Spend {
	var spends []*satcapv1.Spend
	for i := range count {
		spends = append(spends, &satcapv1.Spend{ApiKeyId: keyID, SpendId: fmt.Sprint(i), AmountSats: 1, State: satcapv1.Spend_STATE_SETTLED})
	}
	return spends
}

func TestSpendsList(t *testing.T) {
	t.Parallel()
	spends := []*satcapv1.Spend{
		{
			ApiKeyId: keyID, SpendId: "p-3", AmountSats: 41_200, HeldSats: 40_000, State: satcapv1.Spend_STATE_REVERSED,
			ReserveTime: at(0), ExpireTime: at(24 * time.Hour), SettleTime: at(time.Second), ReverseTime: at(time.Minute),
			TransactionId: "tx-9", Late: true, OverHold: true, Unreserved: true,
		},
		{ApiKeyId: keyID, State: satcapv1.Spend_STATE_REVERSED},
		{ApiKeyId: keyID, SpendId: "bad\x1b[2J\tname\nX", AmountSats: 5, State: satcapv1.Spend_State(9)},
	}
	f := &fake{spends: spends}
	call(t, f, "spends", "list", keyID, "--state", "settled,reversed", "--reserved-before", "2h").requireOK(t, "").
		requireTable(t,
			"SPEND ID STATE AMOUNT HELD RESERVED EXPIRES SETTLED REVERSED TRANSACTION FLAGS",
			"p-3 reversed 41,200 40,000 2026-11-24T14:05:11Z 2026-11-25T14:05:11Z 2026-11-24T14:05:12Z"+
				" 2026-11-24T14:06:11Z tx-9 late,over-hold,unreserved",
			"- reversed 0 0 - - - - - -",
			// What a terminal would obey is not passed on, and a tab is not a column.
			"bad�[2J name X 9 5 0 - - - - - -",
		)
	requireProto(t, &satcapv1.ListSpendsRequest{
		ApiKeyId:       keyID,
		States:         []satcapv1.Spend_State{satcapv1.Spend_STATE_SETTLED, satcapv1.Spend_STATE_REVERSED},
		ReservedBefore: at(-2 * time.Hour),
		PageSize:       50,
	}, only[proto.Message](t, f))

	text := call(t, &fake{spends: spends}, "spends", "list", keyID, "-o", "json").requireOK(t, "").
		requireJSON(t, &satcapv1.ListSpendsResponse{Spends: spends})
	require.Contains(t, text, `"overHold": false`)
}

func TestSpendsListReservedBeforeTime(t *testing.T) {
	t.Parallel()
	f := &fake{}
	call(t, f, "spends", "list", keyID, "--reserved-before", "2026-11-24T15:05:11.5+01:00").
		requireOK(t, "There are no such spends.\n")
	requireProto(t, at(500*time.Millisecond), only[*satcapv1.ListSpendsRequest](t, f).GetReservedBefore())
}

func TestSpendsListLimit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		have  int
		args  []string
		shown int
		next  string // the token in the JSON
		calls int
	}{
		{60, nil, 50, "50-of-50", 1},
		{50, nil, 50, "", 1},
		{60, []string{"--max", "3"}, 3, "3-of-3", 1},
		{2001, []string{"--max", "0"}, 2001, "", 3},
		{2001, []string{"--max", "2000"}, 2000, "2000-of-1000", 2},
		// Cut within a page: there is no token for what comes after.
		{2001, []string{"--max", "1500"}, 1500, "", 2},
		{1500, []string{"--max", "1500"}, 1500, "", 2},
	} {
		t.Run(fmt.Sprint(c.have, c.args), func(t *testing.T) {
			t.Parallel()
			note := ""
			if c.shown < c.have {
				note = fmt.Sprintf("There are more than these %d; --max 0 lists all.\n", c.shown)
			}
			f := &fake{spends: someSpends(c.have)}
			args := append([]string{"spends", "list", keyID}, c.args...)
			r := call(t, f, args...).requireOK(t, note)
			require.Equal(t, c.shown+1, strings.Count(r.stdout, "\n"))
			require.Len(t, f.requests, c.calls)
			call(t, f, append(args, "-o", "json")...).requireOK(t, note).
				requireJSON(t, &satcapv1.ListSpendsResponse{Spends: f.spends[:c.shown], NextPageToken: c.next})
		})
	}
}

func TestSpendsListRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ flag, line string }{
		{"--max=-1", "--max must not be negative"},
		{"--state=active", `unknown state "active" (one of reserved, released, expired, settled, reversed)`},
		{
			"--reserved-before=yesterday",
			`--reserved-before: "yesterday" is neither a time like 2026-11-24T14:05:11Z nor a duration like 90d or 12h`,
		},
	} {
		f := &fake{}
		call(t, f, "spends", "list", keyID, c.flag).requireError(t, 2, c.line+" (see satcap spends list --help)")
		require.Empty(t, f.requests)
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	f := &fake{}
	r := call(t, f, "usage", keyID).requireOK(t, "")
	requireProto(t, &satcapv1.GetUsageRequest{ApiKeyId: keyID}, only[proto.Message](t, f))
	// The one test of how columns line up.
	require.Equal(t, `
WINDOW    LIMIT       SPENT    HELD    REMAINING   NEXT RELEASE
daily     100,000     41,200   1,000   57,800      1,200 at 2026-11-24T15:05:12Z
weekly    unlimited   0        1,000   unlimited   -
monthly   unlimited   0        1,000   unlimited   -
annual    unlimited   0        1,000   unlimited   -
`, "\n"+r.stdout)
	text := call(t, &fake{}, "usage", keyID, "-o", "json").requireOK(t, "").
		requireJSON(t, &satcapv1.GetUsageResponse{Usage: testUsage(), Revision: 7, ReadTime: at(0)})
	require.Contains(t, text, "\n  \"revision\": \"7\",\n")
}
