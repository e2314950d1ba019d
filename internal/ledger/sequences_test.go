// Every order of the messages of one spend: short sequences without exception,
// each checked against a table of the ladder.

package ledger_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
)

// message is one of the calls that a sequence is made of.
type message int

const (
	msgReserve message = iota // 10 sats
	msgSettle                 // 7 sats: below the hold
	msgRelease
	msgReverse
	msgRecord // 12 sats: above the hold
	msgWait   // time passes, beyond every hold
	msgCount
)

var messageNames = [msgCount]string{"Reserve", "Settle", "Release", "Reverse", "Record", "Wait"}

func (m message) op(b *bundle) ledger.Operation {
	return [msgWait]ledger.Operation{
		b.reserve("s", 10), b.settle("s", 7), b.release("s"), b.reverse("s"), b.settle("s", 12),
	}[m]
}

// node is where a spend stands, as far as the ladder can tell.
type node int

const (
	unknown node = iota
	held
	let     // released or expired, with a hold before
	letInit // released before any hold: a tombstone
	settled7
	settled7Late
	settled7Bare // unreserved
	settled7Tomb // late and unreserved
	settled12
	settled12Late
	settled12Bare
	settled12Tomb
	reversed
)

// verdict is how a message is answered.
type verdict int

const (
	changes verdict = iota
	stays
	closed
	reused
)

// step is what one message does at one node.
type step struct {
	to   node
	says verdict
}

// ladder is DESIGN.md 3 as a table, in the order of the messages.
var ladder = map[node][msgCount]step{
	unknown:  {{held, changes}, {settled7Bare, changes}, {letInit, changes}, {reversed, changes}, {settled12Bare, changes}, {unknown, stays}},
	held:     {{held, stays}, {settled7, changes}, {let, changes}, {reversed, changes}, {settled12, changes}, {let, stays}},
	let:      {{let, closed}, {settled7Late, changes}, {let, stays}, {reversed, changes}, {settled12Late, changes}, {let, stays}},
	letInit:  {{letInit, closed}, {settled7Tomb, changes}, {letInit, stays}, {reversed, changes}, {settled12Tomb, changes}, {letInit, stays}},
	reversed: {{reversed, closed}, {reversed, stays}, {reversed, stays}, {reversed, stays}, {reversed, stays}, {reversed, stays}},

	settled7: settledBy7(settled7), settled7Late: settledBy7(settled7Late), settled7Bare: settledBy7(settled7Bare), settled7Tomb: settledBy7(settled7Tomb),
	settled12: settledBy12(settled12), settled12Late: settledBy12(settled12Late), settled12Bare: settledBy12(settled12Bare), settled12Tomb: settledBy12(settled12Tomb),
}

func settledBy7(n node) [msgCount]step {
	return [msgCount]step{{n, closed}, {n, stays}, {n, stays}, {reversed, changes}, {n, reused}, {n, stays}}
}

func settledBy12(n node) [msgCount]step {
	return [msgCount]step{{n, closed}, {n, reused}, {n, stays}, {reversed, changes}, {n, stays}, {n, stays}}
}

// looks is what a node shows: sums, and the flags of a settled spend.
type looks struct {
	states                     []ledger.SpendState
	held, spent                int64
	late, unreserved, overHold bool
}

var nodes = map[node]looks{
	held:          {states: []ledger.SpendState{ledger.Reserved}, held: 10},
	let:           {states: []ledger.SpendState{ledger.Released, ledger.Expired}},
	letInit:       {states: []ledger.SpendState{ledger.Released}},
	settled7:      {states: []ledger.SpendState{ledger.Settled}, spent: 7},
	settled7Late:  {states: []ledger.SpendState{ledger.Settled}, spent: 7, late: true},
	settled7Bare:  {states: []ledger.SpendState{ledger.Settled}, spent: 7, unreserved: true},
	settled7Tomb:  {states: []ledger.SpendState{ledger.Settled}, spent: 7, late: true, unreserved: true},
	settled12:     {states: []ledger.SpendState{ledger.Settled}, spent: 12, overHold: true},
	settled12Late: {states: []ledger.SpendState{ledger.Settled}, spent: 12, late: true, overHold: true},
	settled12Bare: {states: []ledger.SpendState{ledger.Settled}, spent: 12, unreserved: true},
	settled12Tomb: {states: []ledger.SpendState{ledger.Settled}, spent: 12, late: true, unreserved: true},
	reversed:      {states: []ledger.SpendState{ledger.Reversed}},
}

func TestEverySequence(t *testing.T) {
	t.Parallel()
	require.Equal(t, 19_530, walkSequences(t, 6, msgWait), "lengths 1 to 6 of five messages")
}

func TestEverySequenceWithTime(t *testing.T) {
	t.Parallel()
	require.Equal(t, 9_330, walkSequences(t, 5, msgCount), "lengths 1 to 5 of five messages and the passing of time")
}

// walkSequences checks all sequences of up to the given length and counts them.
func walkSequences(t *testing.T, length int, alphabet message) (count int) {
	t.Helper()
	var visit func(before *fakeStore, at node, path []string)
	visit = func(before *fakeStore, at node, path []string) {
		if len(path) == length {
			return
		}
		for m := range alphabet {
			b := &bundle{fakeStore: before.clone(), t: t, on: ledger.KeyRef{KeyID: ledger.KeyID{1}}}
			next := ladder[at][m]
			path := append(path[:len(path):len(path)], messageNames[m])
			if m == msgWait {
				b.clockUs += ttl + second
			} else {
				checkStep(t, b, m, at, next, path)
			}
			checkNode(t, b, next.to, path)
			count++
			visit(b.fakeStore, next.to, path)
		}
	}
	visit(setup(t, ledger.Limits{1000, 0, 1000, 0}).fakeStore, unknown, nil)
	return count
}

// checkStep sends a message and requires the table's answer.
func checkStep(t *testing.T, b *bundle, m message, at node, want step, path []string) {
	t.Helper()
	revision := b.key().Revision
	out := b.send(m.op(b))
	var refusal *ledger.SpendClosedError
	switch want.says {
	case changes, stays:
		require.NoError(t, out.Err, path)
		require.Equal(t, want.says == stays, out.Result.Replayed, path)
		require.Contains(t, nodes[want.to].states, out.Result.Spend.State, path)
	case closed:
		require.True(t, errors.As(out.Err, &refusal), path)
		require.Contains(t, nodes[at].states, refusal.Spend.State, path)
	case reused:
		require.ErrorIs(t, out.Err, ledger.ErrSpendIDReused, path)
	}
	if want.says == changes {
		revision++
	}
	require.Equal(t, revision, b.key().Revision, path)
}

// checkNode requires the sums and the row to be what the node shows.
func checkNode(t *testing.T, b *bundle, at node, path []string) {
	t.Helper()
	want := nodes[at]
	for _, u := range b.view(b.on.KeyID).Usage() {
		if u.HeldSats != want.held || u.SpentSats != want.spent {
			t.Fatalf("%v: held %d, spent %d, want %d, %d", path, u.HeldSats, u.SpentSats, want.held, want.spent)
		}
	}
	if at == unknown {
		require.Empty(t, b.spends, path)
		return
	}
	require.Len(t, b.spends, 1, path)
	s := b.spends[0].At(b.clockUs)
	require.Contains(t, want.states, s.State, path)
	if s.State == ledger.Settled {
		require.Equal(t, []bool{want.late, want.unreserved, want.overHold}, []bool{s.Late, s.Unreserved, s.OverHold}, path)
		require.Equal(t, want.spent, s.AmountSats, path)
	}
}

// A batch sees its own earlier operations, so the same messages in one batch
// leave exactly what they leave one by one.
func TestEverySequenceInOneBatch(t *testing.T) {
	t.Parallel()
	var visit func(path []message)
	visit = func(path []message) {
		if len(path) > 0 {
			together, single := setup(t, ledger.Limits{1000, 0, 0, 0}), setup(t, ledger.Limits{1000, 0, 0, 0})
			var ops []ledger.Operation
			var one []ledger.Outcome
			for _, m := range path {
				ops = append(ops, m.op(single))
				one = append(one, single.send(m.op(single)))
			}
			all := together.run(t, ops...)
			for i := range path {
				require.Equal(t, one[i].Err, all[i].Err, path)
				same(t, one[i].Result.Spend, all[i].Result.Spend, path)
				require.Equal(t, one[i].Result.Replayed, all[i].Result.Replayed, path)
				require.Equal(t, one[i].Result.Key.Usage(), all[i].Result.Key.Usage(), path)
			}
			sameRows(t, single.spends, together.spends, path)
			require.Equal(t, single.key().Revision, together.key().Revision, path)
			require.Equal(t, single.view(single.on.KeyID).Usage(), together.view(together.on.KeyID).Usage(), path)
		}
		if len(path) == 4 {
			return
		}
		for m := range msgWait {
			visit(append(path[:len(path):len(path)], m))
		}
	}
	visit(nil)
}
