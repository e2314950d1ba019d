// Several servers on one database: they start together, never overspend
// together, and one can go while the others serve.

package main

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// serveTogether starts n servers at the same moment.
func serveTogether(t *testing.T, n int, db string) (servers []*process) {
	t.Helper()
	for range n {
		p := launch(t, t.TempDir(), []string{"SATCAP_DEV_TOKEN=" + token, "SATCAP_DB=" + db})
		p.token = token
		servers = append(servers, p)
	}
	for _, p := range servers {
		p.awaitReady()
	}
	return servers
}

func TestReplicasStartTogether(t *testing.T) {
	t.Parallel()
	for range 3 {
		db := engines["Postgres"](t)
		for _, p := range serveTogether(t, 3, db) {
			require.Zero(t, p.terminate(), p.stderr.String())
		}
		verifyClean(t, db)
	}
}

// TestReplicasNeverOverspend reserves the last of a hot key through three
// servers at once.
func TestReplicasNeverOverspend(t *testing.T) {
	t.Parallel()
	const callers, each, sats, limit = 24, 40, 7, 3000
	db := engines["Postgres"](t)
	servers := serveTogether(t, 3, db)
	key, err := servers[0].client().newKey(limit)
	require.NoError(t, err)
	var granted, refused atomic.Int64
	var all sync.WaitGroup
	for i := range callers {
		c := servers[i%len(servers)].client()
		all.Go(func() {
			for n := range each {
				a := c.call(key, fmt.Sprintf("%d-%d", i, n), op{reserve, sats})
				switch {
				case a.err == nil:
					granted.Add(1)
				case a.reason == "SPENDING_LIMIT_EXCEEDED":
					refused.Add(1)
				default:
					t.Errorf("%s %v", a.reason, a.err)
				}
			}
		})
	}
	all.Wait()
	require.EqualValues(t, limit/sats, granted.Load(), "exactly what fits is granted")
	require.EqualValues(t, callers*each-limit/sats, refused.Load())
	for _, p := range servers {
		usage, err := p.client().readUsage(key)
		require.NoError(t, err)
		require.EqualValues(t, limit/sats*sats, usage.GetUsage()[0].GetHeldSats(), "every server says the same")
		require.EqualValues(t, 1+limit/sats, usage.GetRevision())
	}
	verifyClean(t, db)
}

// TestRollingRestart replaces one server of three after the other under load.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	db := engines["Postgres"](t)
	servers := serveTogether(t, 3, db)
	l := newLoad(t, servers[0].client(), loadWorkers)
	var clients [3]atomic.Pointer[client]
	for i, p := range servers {
		clients[i].Store(p.client())
	}
	stop, over := make(chan struct{}), make(chan struct{})
	var down atomic.Int64
	go func() {
		defer close(over)
		l.runUntil(stop, func(worker int) *client { return clients[worker%3].Load() }, func(a answer) bool {
			switch {
			case errors.Is(a.err, syscall.ECONNREFUSED), a.reason == "STORE_UNAVAILABLE":
				down.Add(1)
			case a.reason == "":
				t.Errorf("a call was cut off: %v", a.err)
			}
			return false
		})
	}()
	for i := range servers {
		l.await(crashAfter / 3)
		require.Zero(t, servers[i].terminate(), servers[i].stderr.String())
		require.NotContains(t, servers[i].stderr.String(), "cut off")
		l.await(crashAfter / 3)
		servers[i] = serve(t, db)
		clients[i].Store(servers[i].client())
	}
	l.await(crashAfter / 3)
	close(stop)
	<-over
	require.NotZero(t, down.Load(), "no call met a server that was down")
	c := servers[0].client()
	l.finishUnsure(c)
	l.check(c)
	verifyClean(t, db)
	t.Logf("%d calls answered, %d met a server that was down", l.answered.Load(), down.Load())
}
