// The limits commands.

package cli_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
)

var limitsTable = []string{
	"WINDOW LIMIT", "daily 100,000", "weekly unlimited", "monthly unlimited", "annual unlimited", "", "REVISION 7",
}

func set(window satcapv1.LimitWindow, sats int64) *satcapv1.LimitUpdate {
	return &satcapv1.LimitUpdate{Window: window, Limit: &satcapv1.LimitUpdate_LimitSats{LimitSats: sats}}
}

func unset(window satcapv1.LimitWindow) *satcapv1.LimitUpdate {
	return &satcapv1.LimitUpdate{Window: window, Limit: &satcapv1.LimitUpdate_Unlimited{Unlimited: true}}
}

const (
	daily   = satcapv1.LimitWindow_LIMIT_WINDOW_DAILY
	weekly  = satcapv1.LimitWindow_LIMIT_WINDOW_WEEKLY
	monthly = satcapv1.LimitWindow_LIMIT_WINDOW_MONTHLY
	annual  = satcapv1.LimitWindow_LIMIT_WINDOW_ANNUAL
)

func TestLimitsGet(t *testing.T) {
	t.Parallel()
	f := &fake{}
	call(t, f, "limits", "get", keyID).requireOK(t, "").requireTable(t, limitsTable...)
	requireProto(t, &satcapv1.GetUsageRequest{ApiKeyId: keyID}, only[proto.Message](t, f))
	call(t, &fake{}, "limits", "get", keyID, "-o", "json").requireOK(t, "").
		requireJSON(t, &satcapv1.GetUsageResponse{Usage: testUsage(), Revision: 7, ReadTime: at(0)})
}

// Every change is one call with all of its windows.
func TestLimitsChange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		args []string
		want *satcapv1.UpdateLimitsRequest
	}{
		{
			"set", []string{"set", keyID, "daily=100k", "weekly=500_000", "annual=UNLIMITED"},
			&satcapv1.UpdateLimitsRequest{Updates: []*satcapv1.LimitUpdate{set(daily, 100_000), set(weekly, 500_000), unset(annual)}},
		},
		{
			"set at revision 0", []string{"set", keyID, "daily=1", "--expect-revision", "0"},
			&satcapv1.UpdateLimitsRequest{Updates: []*satcapv1.LimitUpdate{set(daily, 1)}, ExpectedRevision: proto.Int64(0)},
		},
		{
			"unset", []string{"unset", keyID, "weekly", "DAILY", "--expect-revision=7"},
			&satcapv1.UpdateLimitsRequest{Updates: []*satcapv1.LimitUpdate{unset(weekly), unset(daily)}, ExpectedRevision: proto.Int64(7)},
		},
		{
			"unset all", []string{"unset", keyID, "--all"},
			&satcapv1.UpdateLimitsRequest{Updates: []*satcapv1.LimitUpdate{unset(daily), unset(weekly), unset(monthly), unset(annual)}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.want.ApiKeyId = keyID
			f := &fake{}
			args := append([]string{"limits"}, c.args...)
			call(t, f, args...).requireOK(t, "").requireTable(t, limitsTable...)
			requireProto(t, c.want, only[proto.Message](t, f))
			call(t, &fake{}, append(args, "-o", "json")...).requireOK(t, "").
				requireJSON(t, &satcapv1.UpdateLimitsResponse{ApiKey: testKey("till")})
		})
	}
}

func TestLimitsChangeRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		line string
	}{
		{[]string{"set"}, "missing argument KEY WINDOW=AMOUNT"},
		{[]string{"set", keyID}, "missing argument WINDOW=AMOUNT"},
		{[]string{"set", keyID, "daily"}, `limit "daily" must be WINDOW=AMOUNT, like daily=100k`},
		{[]string{"set", keyID, "daily=1k", "daily=2k"}, "the daily limit is given twice"},
		{[]string{"set", keyID, "daily=1m"}, `daily limit: amount "1m": unknown unit "m" (k, M, btc or none)`},
		{[]string{"unset", keyID}, "name the windows to make unlimited, or give --all"},
		{[]string{"unset", keyID, "daily", "--all"}, "name windows or give --all, not both"},
		{[]string{"unset", keyID, "daily", "daily"}, `window "daily" is given twice`},
		{[]string{"unset", keyID, "daily=5"}, `unknown window "daily=5" (one of daily, weekly, monthly, annual)`},
	} {
		f := &fake{}
		call(t, f, append([]string{"limits"}, c.args...)...).
			requireError(t, 2, c.line+" (see satcap limits "+c.args[0]+" --help)")
		require.Empty(t, f.requests)
	}
}

func TestLimitsHistory(t *testing.T) {
	t.Parallel()
	changes := []*satcapv1.LimitChange{
		{
			Window: weekly, OldLimitSats: proto.Int64(1_000), ChangeTime: at(0),
			Subject: "alice", Authentication: "jwt", Revision: 8,
		},
		{Window: daily, NewLimitSats: proto.Int64(100_000), ChangeTime: at(-time.Hour), Revision: 3},
	}
	f := &fake{changes: changes}
	call(t, f, "limits", "history", keyID).requireOK(t, "").requireTable(t,
		"TIME WINDOW OLD LIMIT NEW LIMIT BY VIA REVISION",
		"2026-11-24T14:05:11Z weekly 1,000 unlimited alice jwt 8",
		"2026-11-24T13:05:11Z daily unlimited 100,000 - - 3",
	)
	requireProto(t, &satcapv1.ListLimitChangesRequest{ApiKeyId: keyID, PageSize: 1000}, only[proto.Message](t, f))
	call(t, &fake{changes: changes}, "limits", "history", keyID, "-o", "json").requireOK(t, "").
		requireJSON(t, &satcapv1.ListLimitChangesResponse{Changes: changes})
	call(t, &fake{}, "limits", "history", keyID).requireOK(t, "No limit of this key was ever changed.\n")
}

func TestLimitsHistoryReadsAllPages(t *testing.T) {
	t.Parallel()
	var changes []*satcapv1.LimitChange
	for i := range 1001 {
		changes = append(changes, &satcapv1.LimitChange{Window: daily, Revision: int64(1001 - i)})
	}
	f := &fake{changes: changes}
	call(t, f, "limits", "history", keyID, "-o", "json").requireOK(t, "").
		requireJSON(t, &satcapv1.ListLimitChangesResponse{Changes: changes})
	require.Len(t, f.requests, 2)
}
