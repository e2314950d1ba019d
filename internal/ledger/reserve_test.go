// Reserve: what is granted, what is refused, and which refusal comes first.

package ledger_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
)

func TestReserveHolds(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{100, 0, 0, 0})
	r := b.ok(b.reserve("s", 60))
	same(t, ledger.Spend{
		KeyID: b.on.KeyID, ID: "s", State: ledger.Reserved, AmountSats: 60, HeldSats: 60,
		CreatedAtUs: start, ReservedAtUs: start, ExpiresAtUs: start + ttl, UpdatedAtUs: start,
	}, r.Spend)
	require.Equal(t, start, r.Key.LastUs)
	sameRows(t, []ledger.Spend{r.Spend}, b.spends)
	b.sums(60, 0)
}

func TestReserveExactlyToTheLimit(t *testing.T) {
	t.Parallel()
	for _, w := range ledger.Windows() {
		t.Run(w.String(), func(t *testing.T) {
			t.Parallel()
			var limits ledger.Limits
			limits[w] = 100
			b := setup(t, limits)
			b.ok(b.settle("spent", 30))
			b.ok(b.reserve("held", 50))
			require.Equal(t, int64(20), b.exceeded(b.reserve("over", 21)).MaxAllowedSats)
			b.ok(b.reserve("exact", 20))
			require.Zero(t, b.exceeded(b.reserve("more", 1)).MaxAllowedSats)
		})
	}
}

// A spend settled at t counts while now - t < window, to the microsecond.
func TestReserveAtTheEdgeOfAWindow(t *testing.T) {
	t.Parallel()
	for _, w := range ledger.Windows() {
		t.Run(w.String(), func(t *testing.T) {
			t.Parallel()
			var limits ledger.Limits
			limits[w] = 100
			b := setup(t, limits)
			settledAt := b.ok(b.settle("spent", 100)).Spend.SettledAtUs

			b.clockUs = settledAt + w.LengthUs() - 1
			require.Equal(t, settledAt+w.LengthUs(), b.exceeded(b.reserve("s", 1)).AvailableAtUs)
			b.clockUs++
			b.ok(b.reserve("s", 100))
			u := b.view(b.on.KeyID).Usage()
			require.Zero(t, u[w].SpentSats)
			for longer := w + 1; longer < ledger.WindowCount; longer++ {
				require.Equal(t, int64(100), u[longer].SpentSats)
			}
		})
	}
}

func TestReserveAtTheEdgeOfAHold(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{100, 0, 0, 0})
	expiresAt := b.ok(b.reserve("first", 100)).Spend.ExpiresAtUs

	b.clockUs = expiresAt - 1
	require.Equal(t, expiresAt, b.exceeded(b.reserve("second", 1)).AvailableAtUs)
	b.replay(b.reserve("first", 100))
	b.clockUs++
	b.closed(b.reserve("first", 100), ledger.Expired)
	b.ok(b.reserve("second", 100))
}

// A hold keeps counting in a window that is shorter than the hold is old.
func TestReserveCountsOldHolds(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{100, 0, 0, 0})
	op := b.reserve("long", 100)
	op.TTLUs = 30 * day
	b.ok(op)
	b.clockUs += 29 * day
	b.exceeded(b.reserve("s", 1))
	b.ok(b.settle("long", 0))
	b.clockUs += day - 1
	b.exceeded(b.reserve("s", 1))
	b.clockUs++
	b.ok(b.reserve("s", 100))
}

func TestReserveAgain(t *testing.T) {
	t.Parallel()
	t.Run("SameAmountIsTheSameHold", func(t *testing.T) {
		t.Parallel()
		b := setup(t, ledger.Limits{100, 0, 0, 0})
		first := b.ok(b.reserve("s", 100))
		b.clockUs += second
		again := b.reserve("s", 100)
		again.TTLUs = 2 * ttl // a retry prolongs nothing
		same(t, first.Spend, b.replay(again).Spend)
		b.sums(100, 0)
	})
	t.Run("OtherAmountIsReused", func(t *testing.T) {
		t.Parallel()
		b := setup(t, ledger.Limits{100, 0, 0, 0})
		b.ok(b.reserve("s", 60))
		b.refused(b.reserve("s", 59), ledger.ErrSpendIDReused)
		b.refused(b.reserve("s", 61), ledger.ErrSpendIDReused)
		b.sums(60, 0)
	})
	for _, test := range []struct {
		name  string
		close func(*bundle)
		want  ledger.SpendState
		words string
	}{
		{"Released", func(b *bundle) { b.ok(b.release("s")) }, ledger.Released, "the spend is released and cannot be held: do not pay"},
		{"Expired", func(b *bundle) { b.clockUs += ttl }, ledger.Expired, "the spend is expired and cannot be held: do not pay"},
		{"Settled", func(b *bundle) { b.ok(b.settle("s", 0)) }, ledger.Settled, "the spend is settled and cannot be held: do not pay"},
		{"Reversed", func(b *bundle) { b.ok(b.reverse("s")) }, ledger.Reversed, "the spend is reversed and cannot be held: do not pay"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, ledger.Limits{100, 0, 0, 0})
			b.ok(b.reserve("s", 60))
			test.close(b)
			b.closed(b.reserve("s", 60), test.want)
			b.closed(b.reserve("s", 61), test.want)
			require.EqualError(t, b.send(b.reserve("s", 60)).Err, test.words)
		})
	}
}

// Each refusal hides those after it: the spend, the key's state (revoked,
// expired, paused), the sums, the limits.
func TestReserveOrderOfRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{})
	b.ok(b.settle("much", math.MaxInt64-100))
	b.ok(b.reserve("open", 50))
	b.ok(b.release("gone"))
	b.ok(ledger.UpdateLimits{KeyRef: b.on, Updates: []ledger.LimitUpdate{{Window: ledger.Daily, LimitSats: 10}}})
	b.ok(ledger.Pause{KeyRef: b.on})
	b.change(func(k *ledger.Key) { k.ExpiresAtUs = start + second })
	b.clockUs = start + second
	paused := b.clone()
	b.ok(ledger.Revoke{KeyRef: b.on})

	b.replay(b.reserve("open", 50))
	b.refused(b.reserve("open", 51), ledger.ErrSpendIDReused)
	b.closed(b.reserve("gone", 50), ledger.Released)
	b.refused(b.reserve("new", 51), ledger.ErrKeyRevoked)

	b.fakeStore = paused
	b.clockUs = start + second
	b.refused(b.reserve("new", 51), ledger.ErrKeyExpired)
	b.change(func(k *ledger.Key) { k.ExpiresAtUs = 0 })
	b.refused(b.reserve("new", 51), ledger.ErrKeyPaused)
	b.ok(ledger.Resume{KeyRef: b.on})
	b.refused(b.reserve("new", 51), ledger.ErrSumOverflow)
	require.Equal(t, int64(50), b.exceeded(b.reserve("new", 50)).RequestedSats, "the sums can take it, the limit cannot")
}

// A key expires at its microsecond, and only for new holds.
func TestReserveAtTheExpiryOfTheKey(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{})
	b.change(func(k *ledger.Key) { k.ExpiresAtUs = start + hour })
	b.clockUs = start + hour - 1
	b.ok(b.reserve("s", 10))
	b.clockUs++
	b.refused(b.reserve("late", 10), ledger.ErrKeyExpired)
	b.ok(b.settle("s", 0))
	b.ok(b.reverse("s"))
	b.ok(b.release("other"))
}

// The clock of a store may step back; the key's time does not.
func TestReserveWhenTheClockStepsBack(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{100, 0, 0, 0})
	settledAt := b.ok(b.settle("spent", 60)).Spend.SettledAtUs
	b.clockUs = settledAt + day
	b.ok(b.reserve("s", 100))

	b.clockUs = settledAt + second
	r := b.ok(b.release("s"))
	require.Equal(t, settledAt+day+1, r.Key.LastUs, "one microsecond on, whatever the clock says")
	b.ok(b.reserve("again", 100)) // what has left stays away
	b.sums(100, 0, 60)
}

// The API checks amounts as well; here the rule is that no message, however it
// got this far, can take from a sum by booking a negative amount.
func TestAmountsBelowOne(t *testing.T) {
	t.Parallel()
	for _, op := range []ledger.Operation{
		ledger.Reserve{SpendID: "s"}, ledger.Reserve{SpendID: "s", AmountSats: -1},
		ledger.Settle{SpendID: "s", AmountSats: -1},
	} {
		key := ledger.Key{State: ledger.KeyActive}
		applied := ledger.Apply(&ledger.Snapshot{ClockUs: 1, Keys: map[ledger.KeyID]*ledger.KeySnapshot{
			{}: {Key: key, NowUs: 1},
		}}, []ledger.Operation{op})
		require.ErrorIs(t, applied.Outcomes[0].Err, ledger.ErrAmount)
		require.True(t, applied.Changes.Empty())
	}
}
