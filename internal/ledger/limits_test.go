// What owners do to a key: limits, names and states.

package ledger_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
)

func (b *bundle) limit(updates ...ledger.LimitUpdate) ledger.UpdateLimits {
	return ledger.UpdateLimits{KeyRef: b.on, Updates: updates, Actor: ledger.Actor{Subject: "alice", Authentication: "jwt"}}
}

func TestUpdateLimits(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{100, 0, 3000, 0})
	r := b.ok(b.limit(ledger.LimitUpdate{Window: ledger.Weekly, LimitSats: 700}, ledger.LimitUpdate{Window: ledger.Monthly}))
	require.Equal(t, ledger.Limits{100, 700, 0, 0}, r.Key.Limits, "windows not named never change")
	require.Equal(t, r.Key.Limits, b.key().Limits)
	change := ledger.LimitChange{KeyID: b.on.KeyID, ChangedAtUs: start, Revision: 2, Actor: ledger.Actor{Subject: "alice", Authentication: "jwt"}}
	weekly, monthly := change, change
	weekly.Window, weekly.ToSats = ledger.Weekly, 700
	monthly.Window, monthly.FromSats = ledger.Monthly, 3000
	sameRows(t, []ledger.LimitChange{weekly, monthly}, b.limitChanges)
}

func TestUpdateLimitsToWhatTheyAre(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{100, 0, 0, 0})
	b.replay(b.limit(ledger.LimitUpdate{Window: ledger.Daily, LimitSats: 100}, ledger.LimitUpdate{Window: ledger.Annual}))
	b.replay(b.limit())
	require.Empty(t, b.limitChanges)

	// only what differs is recorded
	b.ok(b.limit(ledger.LimitUpdate{Window: ledger.Daily, LimitSats: 100}, ledger.LimitUpdate{Window: ledger.Weekly, LimitSats: 1}))
	require.Len(t, b.limitChanges, 1)
	require.Equal(t, ledger.Weekly, b.limitChanges[0].Window)
}

func TestUpdateLimitsExpectedRevision(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{100, 0, 0, 0})
	op := b.limit(ledger.LimitUpdate{Window: ledger.Daily, LimitSats: 50}, ledger.LimitUpdate{Window: ledger.Weekly, LimitSats: 60})
	for _, stale := range []int64{0, 2} {
		op.ExpectedRevision = &stale
		b.refused(op, ledger.ErrRevisionMismatch)
	}
	require.Equal(t, ledger.Limits{100, 0, 0, 0}, b.key().Limits, "all or none")
	require.Empty(t, b.limitChanges)
	op.ExpectedRevision = new(int64(1))
	b.ok(op)
	b.refused(op, ledger.ErrRevisionMismatch)

	// within a batch it is the revision that the operations before have made
	b2 := setup(t, ledger.Limits{})
	op.ExpectedRevision = new(int64(2))
	outcomes := b2.run(t, b2.reserve("s", 10), op)
	require.NoError(t, outcomes[1].Err)
	require.Equal(t, int64(3), outcomes[1].Result.Key.Revision)
}

func TestLimitBelowWhatIsSpent(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{100, 0, 0, 0})
	b.ok(b.settle("spent", 60))
	b.ok(b.reserve("held", 30))
	r := b.ok(b.limit(ledger.LimitUpdate{Window: ledger.Daily, LimitSats: 40}))
	same(t, ledger.WindowUsage{Window: ledger.Daily, LimitSats: 40, SpentSats: 60, HeldSats: 30}, r.Key.Usage()[ledger.Daily])
	require.Zero(t, b.exceeded(b.reserve("s", 1)).MaxAllowedSats)
	b.ok(b.settle("held", 0)) // the hold was granted and stays good
	b.clockUs = start + day
	require.Equal(t, int64(10), b.exceeded(b.reserve("s", 11)).MaxAllowedSats)
	b.ok(b.reserve("s", 10))

	b.ok(b.limit(ledger.LimitUpdate{Window: ledger.Daily}))
	b.ok(b.reserve("t", ledger.MaxAmountSats)) // no limit is no limit
}

// Another subject's key is answered like one that does not exist.
func TestForeignKey(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{})
	own, foreign := b.on, b.on
	own.Subject, foreign.Subject = "alice", "bob"
	missing := ledger.KeyRef{KeyID: ledger.KeyID{9}}
	for _, ref := range []ledger.KeyRef{foreign, missing} {
		for _, op := range []ledger.Operation{
			ledger.UpdateLimits{KeyRef: ref, Updates: []ledger.LimitUpdate{{Window: ledger.Daily, LimitSats: 1}}, ExpectedRevision: new(int64(0))},
			ledger.Rename{KeyRef: ref, Name: "mine"}, ledger.Pause{KeyRef: ref}, ledger.Resume{KeyRef: ref}, ledger.Revoke{KeyRef: ref},
			ledger.Rotate{KeyRef: ref, SecretHash: []byte("h"), SecretPrefix: "p", GraceUs: hour},
			ledger.Reserve{KeyRef: ref, SpendID: "s", AmountSats: 1, TTLUs: ttl}, ledger.Settle{KeyRef: ref, SpendID: "s", AmountSats: 1},
			ledger.Release{KeyRef: ref, SpendID: "s"}, ledger.Reverse{KeyRef: ref, SpendID: "s"}, ledger.Sweep{KeyRef: ref, Limit: 1},
		} {
			b.refused(op, ledger.ErrKeyNotFound)
		}
	}
	b.on = own
	b.ok(b.reserve("s", 1))
	b.ok(ledger.Rename{KeyRef: own, Name: "mine"})
}

func TestKeyStates(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{})
	on := b.on
	b.ok(b.reserve("s", 10))
	b.replay(ledger.Resume{KeyRef: on})
	require.Equal(t, ledger.KeyPaused, b.ok(ledger.Pause{KeyRef: on}).Key.State)
	b.replay(ledger.Pause{KeyRef: on})
	b.refused(b.reserve("t", 10), ledger.ErrKeyPaused)
	b.ok(b.settle("s", 0))
	require.Equal(t, ledger.KeyActive, b.ok(ledger.Resume{KeyRef: on}).Key.State)
	b.ok(b.reserve("t", 10))

	b.clockUs += hour / 2
	r := b.ok(ledger.Revoke{KeyRef: on})
	require.Equal(t, ledger.KeyRevoked, r.Key.State)
	require.Equal(t, b.clockUs, r.Key.RevokedAtUs)
	b.replay(ledger.Revoke{KeyRef: on})
	require.Equal(t, r.Key.RevokedAtUs, b.key().RevokedAtUs)
	b.refused(ledger.Pause{KeyRef: on}, ledger.ErrKeyRevoked)
	b.refused(ledger.Resume{KeyRef: on}, ledger.ErrKeyRevoked)
	b.refused(b.reserve("u", 10), ledger.ErrKeyRevoked)
	b.ok(b.release("t"))
	b.ok(b.reverse("s"))
	b.ok(b.settle("after", 5))
	b.sums(0, 5)
}

func TestRename(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{})
	require.Equal(t, "shop", b.ok(ledger.Rename{KeyRef: b.on, Name: "shop"}).Key.Name)
	b.replay(ledger.Rename{KeyRef: b.on, Name: "shop"})
	require.Equal(t, "shop", b.key().Name)
}

// A sweep saves sums that only time has moved, labels and deletes; it is no
// change of the key.
func TestSweep(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{})
	b.ok(b.reserve("held", 10))
	b.ok(b.settle("spent", 20))
	b.ok(b.reverseTransaction("txn"))
	revision := b.key().Revision
	last := b.key().LastUs
	sweep := func() ledger.Outcome { return b.send(ledger.Sweep{KeyRef: b.on, Limit: 100}) }

	b.clockUs = start + 400*day + 1 // the hold changed last at start, the spend 1 us later
	out := sweep()
	require.NoError(t, out.Err)
	require.True(t, out.Result.Replayed)
	require.Equal(t, revision, b.key().Revision)
	require.Equal(t, b.clockUs, b.key().AsOfUs)
	require.Equal(t, b.clockUs, b.key().LastUs)
	require.Equal(t, ledger.Budget{AsOfUs: b.clockUs}, b.key().Budget)
	sameRows(t, []ledger.KeySweep{{KeyID: b.on.KeyID, ExpiredAtUs: b.clockUs, DeleteBeforeUs: start + 1, Limit: 100}}, b.applied.Changes.Sweeps)
	require.Len(t, b.spends, 1, "what changed exactly 400 days ago is kept")
	require.Equal(t, "spent", b.spends[0].ID)
	require.Len(t, b.reversals, 1)

	b.clockUs = last + 400*day + 1
	require.NoError(t, sweep().Err)
	require.Empty(t, b.spends)
	require.Empty(t, b.reversals)

	// also where nothing has left: what a sweep deletes by must be saved with it
	b.clockUs += hour
	require.NoError(t, sweep().Err)
	require.Equal(t, b.clockUs, b.key().AsOfUs)
	require.Equal(t, b.clockUs, b.key().LastUs)
}
