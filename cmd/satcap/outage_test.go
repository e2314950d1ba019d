// Postgres dies under load and comes back: meanwhile the server stays and says
// unavailable, and afterwards all that was acknowledged is there.

package main

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/stretchr/testify/require"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	"github.com/satcap/satcap/internal/pgtest"
)

func TestPostgresDies(t *testing.T) {
	t.Parallel()
	database, err := pgtest.Start(t.Context())
	require.NoError(t, err)
	t.Cleanup(database.Stop)
	db := database.URL("postgres")
	p := serve(t, db)
	c := p.client()
	l := newLoad(t, c, loadWorkers)

	var down atomic.Bool // from after the kill to before the restart
	var refusals atomic.Int64
	stop, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		l.runUntil(stop, func(int) *client { return c }, func(a answer) bool {
			switch a.reason {
			case "STORE_UNAVAILABLE", "OUTCOME_UNKNOWN":
				if connect.CodeOf(a.err) != connect.CodeUnavailable {
					t.Errorf("%s is %v", a.reason, connect.CodeOf(a.err))
				}
				if down.Load() {
					refusals.Add(1)
				}
			case "":
				t.Errorf("no answer at all: %v", a.err)
				return true
			}
			return false
		})
	}()
	l.await(crashAfter)
	require.NoError(t, database.Kill())
	// What was under way at the kill gets its answer, and then there are only
	// refusals.
	down.Store(true)
	require.Eventually(t, func() bool { return refusals.Load() > 100 }, soon, tick)
	require.Eventually(t, func() bool { return p.readyz() == http.StatusServiceUnavailable }, soon, tick)
	before := l.answered.Load()
	sofar := refusals.Load()
	require.Eventually(t, func() bool { return refusals.Load() > sofar+100 }, soon, tick)
	require.Equal(t, before, l.answered.Load(), "calls were answered without a database")
	_, err = c.spends.CheckSpend(t.Context(), &satcapv1.CheckSpendRequest{ApiKeyId: l.accounts[3].id, AmountSats: 1})
	require.Equal(t, connect.CodeUnavailable, connect.CodeOf(err), "advice fails closed too: %v", err)
	_, err = c.readUsage(l.accounts[0].id)
	require.Equal(t, connect.CodeUnavailable, connect.CodeOf(err), err)
	down.Store(false)

	require.NoError(t, database.Restart(context.Background()))
	began := time.Now()
	l.await(crashAfter)
	close(stop)
	<-over
	require.Equal(t, http.StatusOK, p.awaitReadyAgain(began))
	l.finishUnsure(c)
	l.check(c)
	verifyClean(t, db)
	require.Zero(t, p.terminate())
	t.Logf("%d calls answered, %d refused without a database, %d with unknown outcome", l.answered.Load(), refusals.Load(), l.unsure.Load())
	l.requireTraffic(2*crashAfter, false)
}

// awaitReadyAgain waits for a server that was not ready since began.
func (p *process) awaitReadyAgain(began time.Time) (status int) {
	for {
		if status = p.readyz(); status == http.StatusOK || time.Since(began) > soon {
			return status
		}
		time.Sleep(tick)
	}
}
