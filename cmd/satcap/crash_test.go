// The crash test: a server that is killed at any moment has kept everything
// that it acknowledged and done nothing twice.
//
// What a kill cannot show: the kernel keeps what was written whether or not it
// was synced, so a database with synchronous off would pass here. That it is on
// is checked when a database is opened; that it suffices, only a cut of the
// power shows.

package main

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	loadWorkers = 20
	// crashAfter is how many calls are answered before a kill, at least.
	crashAfter = 300
)

func TestCrash(t *testing.T) {
	onEngines(t, func(t *testing.T, db string) {
		p := serve(t, db)
		l := newLoad(t, p.client(), loadWorkers)
		for range *crashRounds {
			c := p.client()
			// At an answer, so that what was not saved by then is caught.
			l.after(crashAfter+rand.Int64N(crashAfter), func() { _ = p.cmd.Process.Kill() })
			l.runUntil(nil, func(int) *client { return c }, answer.unanswered)
			require.Equal(t, -1, p.wait(), "ended by itself:\n%s", p.stderr.String())
			p = serve(t, db) // ready within readyWithin
			c = p.client()
			l.check(c)
			l.finishUnsure(c)
			l.check(c)
			verifyClean(t, db)
		}
		t.Logf("%d kills: %d calls answered, %d of them refused by a limit, %d not answered",
			*crashRounds, l.answered.Load(), l.refused.Load(), l.unsure.Load())
		l.requireTraffic(int64(*crashRounds)*crashAfter, true)
	})
}
