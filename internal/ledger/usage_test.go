// What is read of a key without writing: usage, next releases, advice, audits.

package ledger_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
)

// Windows are durations, never calendar periods. The lengths are written out
// here, because the other tests ask the ledger for them.
func TestWindows(t *testing.T) {
	t.Parallel()
	var lengths []time.Duration
	var names []string
	for i, w := range ledger.Windows() {
		require.Equal(t, ledger.Window(i), w)
		lengths = append(lengths, time.Duration(w.LengthUs())*time.Microsecond)
		names = append(names, w.String())
	}
	require.Equal(t, []time.Duration{24 * time.Hour, 7 * 24 * time.Hour, 30 * 24 * time.Hour, 365 * 24 * time.Hour}, lengths)
	require.Equal(t, []string{"daily", "weekly", "monthly", "annual"}, names)
	require.Equal(t, int64(21_000_000*100_000_000), int64(ledger.MaxAmountSats))
}

func TestUsageNextRelease(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{100, 0, 0, 0})
	releases := func() (all [ledger.WindowCount]ledger.Comeback) {
		for i, u := range b.view(b.on.KeyID).Usage() {
			all[i] = u.NextRelease
		}
		return all
	}
	require.Zero(t, releases(), "nothing counts, nothing comes back")

	b.ok(b.settle("first", 10)) // at start
	b.ok(b.settle("second", 20))
	require.Equal(t, [4]ledger.Comeback{
		{AtUs: start + day, AmountSats: 10}, {AtUs: start + 7*day, AmountSats: 10},
		{AtUs: start + 30*day, AmountSats: 10}, {AtUs: start + 365*day, AmountSats: 10},
	}, releases())

	// a hold that expires with the first spend's leaving, and one that is later
	b.clockUs = start + day - ttl
	b.ok(b.reserve("together", 5))
	later := b.reserve("later", 7)
	b.ok(later)
	together := ledger.Comeback{AtUs: start + day, AmountSats: 5}
	require.Equal(t, [4]ledger.Comeback{{AtUs: start + day, AmountSats: 15}, together, together, together}, releases())

	b.clockUs = start + day
	require.Equal(t, ledger.Comeback{AtUs: start + day + 1, AmountSats: 27}, releases()[ledger.Daily], "the later hold and the second spend")
	require.Equal(t, ledger.Comeback{AtUs: start + day + 1, AmountSats: 7}, releases()[ledger.Weekly])
	same(t, ledger.WindowUsage{
		Window: ledger.Daily, LimitSats: 100, SpentSats: 20, HeldSats: 7, RemainingSats: 73,
		NextRelease: ledger.Comeback{AtUs: start + day + 1, AmountSats: 27},
	}, b.view(b.on.KeyID).Usage()[ledger.Daily])
}

// A read describes the key's latest moment even if the clock is behind it.
func TestReadNow(t *testing.T) {
	t.Parallel()
	require.Equal(t, int64(10), ledger.ReadNowUs(10, 9))
	require.Equal(t, int64(10), ledger.ReadNowUs(9, 10))
	require.Equal(t, int64(11), ledger.NowUs(10, 10), "an operation comes after all others")
	require.Equal(t, int64(11), ledger.NowUs(11, 10))
	require.Equal(t, int64(11), ledger.NowUs(3, 10))
}

func TestCheck(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{100, 0, 0, 0})
	b.ok(b.settle("s", 60))
	v := b.view(b.on.KeyID)
	refusal, ok := v.Check(40, nil)
	require.True(t, ok)
	require.Nil(t, refusal)

	refusal, ok = v.Check(41, nil)
	require.False(t, ok, "its time is not known without a schedule")
	require.Equal(t, int64(40), refusal.MaxAllowedSats)
	refusal, ok = v.Check(41, b.schedule(b.on.KeyID, v.NowUs, ledger.WalkFirst))
	require.True(t, ok)
	require.Equal(t, start+day, refusal.AvailableAtUs)
	require.Equal(t, b.exceeded(b.reserve("t", 41)), refusal, "advice is what a Reserve would say")

	refusal, ok = v.Check(101, nil)
	require.True(t, ok, "never needs no schedule")
	require.Zero(t, refusal.AvailableAtUs)

	// advice brings the sums to the moment of the view
	b.clockUs = start + day
	refusal, _ = b.view(b.on.KeyID).Check(100, nil)
	require.Nil(t, refusal)
}

func TestAuditDifferences(t *testing.T) {
	t.Parallel()
	good := ledger.Audit{
		Key:      ledger.Key{LastUs: 50, Budget: ledger.Budget{HeldSats: 3, SpentSats: [4]int64{1, 2, 3, 4}, AsOfUs: 50}},
		HeldSats: 3, SpentSats: [4]int64{1, 2, 3, 4}, LatestUs: 50,
	}
	require.Empty(t, good.Differences())
	for _, test := range []struct {
		edit func(*ledger.Audit)
		want string
	}{
		{func(a *ledger.Audit) { a.HeldSats = 4 }, "held: stored 3 sats, the open holds add up to 4"},
		{func(a *ledger.Audit) { a.SpentSats[2] = 5 }, "monthly spent: stored 3 sats, the settled spends add up to 5"},
		{func(a *ledger.Audit) { a.Key.AsOfUs = 51 }, "tails: sums as of 51 us, after the key's last time 50 us"},
		{func(a *ledger.Audit) { a.LatestUs = 51 }, "times: a spend is stamped 51 us, after the key's last time 50 us"},
	} {
		bad := good
		test.edit(&bad)
		require.Equal(t, []string{test.want}, bad.Differences())
	}
}

func TestNewestFirst(t *testing.T) {
	t.Parallel()
	view := func(id byte, createdAtUs int64) ledger.View {
		return ledger.View{Key: ledger.Key{ID: ledger.KeyID{id}, CreatedAtUs: createdAtUs}}
	}
	views := []ledger.View{view(2, 10), view(1, 30), view(5, 20), view(3, 20), view(4, 20)}
	ledger.NewestFirst(views)
	var ids []byte
	for _, v := range views {
		ids = append(ids, v.Key.ID[0])
	}
	require.Equal(t, []byte{1, 5, 4, 3, 2}, ids, "ids descend where the times are equal")
}

func TestMayHold(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{100, 0, 0, 0})
	mayHold := func(sats int64) bool { return b.view(b.on.KeyID).MayHold(sats) }
	b.ok(b.settle("s", 60))
	require.True(t, mayHold(40))
	require.False(t, mayHold(41))
	b.clockUs = start + day
	require.True(t, mayHold(100))
	b.ok(ledger.Pause{KeyRef: b.on})
	require.False(t, mayHold(1))
	b.ok(ledger.Resume{KeyRef: b.on})
	b.change(func(k *ledger.Key) { k.ExpiresAtUs = b.key().LastUs + 1 })
	require.True(t, mayHold(1))
	b.clockUs = b.key().ExpiresAtUs
	require.False(t, mayHold(1))

	much := setup(t, ledger.Limits{})
	much.ok(much.settle("s", math.MaxInt64-10))
	require.True(t, much.view(much.on.KeyID).MayHold(10))
	require.False(t, much.view(much.on.KeyID).MayHold(11))
}

// Names tells a store which rows a batch needs: nothing that decides an answer
// may be missing.
func TestNames(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{})
	for _, test := range []struct {
		op                   ledger.Operation
		spendID, transaction string
	}{
		{b.reserve("s", 1), "s", ""}, {b.settle("s", 1), "s", ""}, {b.settleAs("s", 1, "t"), "s", "t"},
		{b.release("s"), "s", ""}, {b.reverse("s"), "s", ""}, {b.reverseTransaction("t"), "", "t"},
		{b.limit(), "", ""}, {ledger.Rename{}, "", ""}, {ledger.Pause{}, "", ""}, {ledger.Resume{}, "", ""}, {ledger.Revoke{}, "", ""}, {ledger.Rotate{}, "", ""}, {ledger.Sweep{}, "", ""},
	} {
		spendID, transaction := ledger.Names(test.op)
		require.Equal(t, []string{test.spendID, test.transaction}, []string{spendID, transaction}, "%T", test.op)
	}
}
