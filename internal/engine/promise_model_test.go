// A naive model of one key with one limit: it does one call after the other, in
// the order of the revisions, and must give every answer that was given.

package engine_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
)

// sums is what counts after a revision.
type sums struct{ held, spent int64 }

// model is the key and its spends as they stand.
type model struct {
	sums
	limit  int64
	spends map[string]ledger.Spend
}

// apply does op and returns the spend that the answer must show. ok is false if
// the model would have refused.
func (m *model) apply(op ledger.Operation) (s ledger.Spend, ok bool) {
	switch op := op.(type) {
	case ledger.Reserve:
		if _, known := m.spends[op.SpendID]; known || m.held+m.spent+op.AmountSats > m.limit {
			return s, false
		}
		m.held += op.AmountSats
		s = ledger.Spend{ID: op.SpendID, State: ledger.Reserved, AmountSats: op.AmountSats, HeldSats: op.AmountSats}
	case ledger.Settle:
		s = m.spends[op.SpendID]
		m.uncount(s)
		s.State = ledger.Settled
		if op.AmountSats != 0 {
			s.AmountSats = op.AmountSats
		}
		m.spent += s.AmountSats
	case ledger.Release:
		s = m.spends[op.SpendID]
		m.uncount(s)
		s.State = ledger.Released
	case ledger.Reverse:
		s = m.spends[op.SpendID]
		m.uncount(s)
		s.State = ledger.Reversed
	}
	m.spends[s.ID] = s
	return s, true
}

// uncount takes out of the sums what a spend counts.
func (m *model) uncount(s ledger.Spend) {
	switch s.State {
	case ledger.Reserved:
		m.held -= s.HeldSats
	case ledger.Settled:
		m.spent -= s.AmountSats
	}
}

// replay requires that the events are the history of a key with one limit that
// began at revision 1 and ended at last: the changes in their order without gap
// or duplicate, and every refusal and every replay true at some moment after all
// that was known when the call began.
func replay(t *testing.T, limitSats, last int64, events []event) {
	t.Helper()
	var changes []event
	for _, ev := range events {
		if ev.err == nil && !ev.result.Replayed {
			changes = append(changes, ev)
		}
	}
	slices.SortFunc(changes, func(a, b event) int { return int(a.result.Key.Revision - b.result.Key.Revision) })

	m := &model{limit: limitSats, spends: map[string]ledger.Spend{}}
	history := []sums{{}, {}} // by revision; there is no revision 0
	for i, ev := range changes {
		revision := int64(i + 2)
		require.Equal(t, revision, ev.result.Key.Revision, "a gap or a duplicate in the revisions")
		require.Greater(t, revision, ev.known, "a call was ordered before one that had ended when it began")
		want, ok := m.apply(ev.op)
		require.True(t, ok, "%s: revision %d grants %+v at %+v of %d", overspent, revision, ev.op, m.sums, limitSats)
		got := ev.result
		require.Equal(t, want, ledger.Spend{ID: got.Spend.ID, State: got.Spend.State, AmountSats: got.Spend.AmountSats, HeldSats: got.Spend.HeldSats})
		require.Equal(t, m.held, got.Key.HeldSats, "held at revision %d", revision)
		for _, w := range ledger.Windows() {
			require.Equal(t, m.spent, got.Key.SpentSats[w], "%s spent at revision %d", w, revision)
		}
		require.LessOrEqual(t, m.held+m.spent, limitSats, overspent)
		history = append(history, m.sums)
	}
	require.EqualValues(t, last, len(history)-1, "the key's revision counts changes that nobody was told of")

	refusals, replays := 0, 0
	for _, ev := range events {
		var limit *ledger.LimitExceededError
		switch {
		case ev.err == nil && ev.result.Replayed:
			replays++
			require.GreaterOrEqual(t, ev.result.Key.Revision, ev.known)
			at := history[ev.result.Key.Revision]
			require.Equal(t, at, sums{ev.result.Key.HeldSats, ev.result.Key.SpentSats[ledger.Annual]})
		case errors.As(ev.err, &limit):
			refusals++
			at := sums{limit.Violations[0].HeldSats, limit.Violations[0].SpentSats}
			require.Contains(t, history[max(1, ev.known):], at, "refused for sums that the key never had after revision %d", ev.known)
			require.Greater(t, at.held+at.spent+limit.RequestedSats, limitSats, "refused what fits")
			require.Equal(t, max(0, limitSats-at.held-at.spent), limit.MaxAllowedSats)
		case ev.err != nil:
			require.ErrorAs(t, ev.err, new(*ledger.SpendClosedError))
		}
	}
	t.Logf("%d changes, %d refusals, %d replays", len(changes), refusals, replays)
	require.NotZero(t, refusals, "the limit was never reached")
}
