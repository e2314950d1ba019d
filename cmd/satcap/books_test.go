// The audit of a load: is on the server what its workers were told?

package main

import (
	"github.com/stretchr/testify/require"
)

// check compares every spend, sum and revision of the server with the books. A
// call that was not answered may have happened or not, but not halfway.
func (l *load) check(c *client) {
	l.t.Helper()
	for _, a := range l.accounts {
		listed, err := c.list(a.id)
		require.NoError(l.t, err)
		usage, err := c.readUsage(a.id)
		require.NoError(l.t, err)
		var held, spent, changes int64
		for id, s := range a.spends {
			got := listed[id]
			delete(listed, id)
			changes += s.changes
			if got != s.now {
				require.True(l.t, s.unsure, "%s: acknowledged as %v, is %v", id, s.now, got)
				want, _ := s.script[0].on(s.now)
				require.Equal(l.t, want, got, "%s: was %v, then an unanswered %v", id, s.now, s.script[0])
				changes++
			}
			switch got.state {
			case reserved:
				held += got.sats
			case settled:
				spent += got.sats
			}
		}
		require.Empty(l.t, listed, "spends that nobody asked for")
		for _, u := range usage.GetUsage() {
			require.Equal(l.t, held, u.GetHeldSats(), "held, %v", u.GetWindow())
			require.Equal(l.t, spent, u.GetSpentSats(), "spent, %v", u.GetWindow())
		}
		if a.tight {
			require.LessOrEqual(l.t, held+spent, a.limitSats, "the limit")
		}
		// One more with every change, and 1 for the key itself: nothing was done twice.
		require.Equal(l.t, 1+changes, usage.GetRevision(), "revision")
	}
}

// requireTraffic fails a test in which too little happened to prove anything.
func (l *load) requireTraffic(answered int64, unsure bool) {
	l.t.Helper()
	require.GreaterOrEqual(l.t, l.answered.Load(), answered)
	require.NotZero(l.t, l.refused.Load(), "no limit was ever reached")
	if unsure {
		require.NotZero(l.t, l.unsure.Load(), "no call was ever cut off")
	}
}
