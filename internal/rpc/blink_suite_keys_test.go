// Scenarios of Blink's own integration tests, continued: limits that are lowered
// and removed, several keys, invoices that wait, and owners who change limits at
// the same moment.

package rpc_test

import (
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	"github.com/satcap/satcap/internal/apikey"
	"github.com/satcap/satcap/internal/auth"
	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/rpc"
)

func blinkLoweredBelowSpent(e *env) {
	key := e.newKey(limit(daily, 1000))
	payment := e.blinkPay(key, 800)
	e.setLimits(key, update(daily, 500)).ok()
	e.requireBlinkLimits(key, [4]int64{500, -1, -1, -1}, [4]int64{0, -1, -1, -1})
	e.blinkOver(key, 1, "daily")
	e.blinkReverse(payment).ok()
	e.blinkPay(key, 500)
	e.setLimits(key, update(daily, 1)).ok()
	e.blinkOver(key, 1, "daily")
	e.later(day)
	e.blinkPay(key, 1)
	e.setLimits(key, update(daily, 1000)).ok()
	e.blinkPay(key, 999)
}

func blinkAllRemoved(e *env) {
	key := e.newKey(limit(daily, 100), limit(weekly, 200), limit(monthly, 300), limit(annual, 400))
	e.blinkPay(key, 100)
	e.blinkOver(key, 301, "daily")
	e.setLimits(key, unlimited(daily), unlimited(weekly), unlimited(monthly), unlimited(annual)).ok()
	e.requireBlinkLimits(key, [4]int64{-1, -1, -1, -1}, [4]int64{-1, -1, -1, -1})
	e.blinkPay(key, 1_000_000)
	require.Equal(e.t, [4]int64{1_000_100, 1_000_100, 1_000_100, 1_000_100}, e.blinkSpent(key), "what was spent before stays")
	e.setLimits(key, update(annual, 1_000_100)).ok()
	e.blinkOver(key, 1, "annual") // a limit that comes back finds all of it
}

func blinkLargeWithoutLimits(e *env) {
	key := e.newKey()
	const whole = 100_000_000_000 // 1,000 bitcoin
	require.True(e.t, e.blinkCheck(key, whole).ok().GetAllowed())
	for n := int64(1); n <= 3; n++ {
		e.blinkPay(key, whole)
		require.Equal(e.t, [4]int64{n * whole, n * whole, n * whole, n * whole}, e.blinkSpent(key))
	}
	e.blinkReverse(e.blinkPay(key, maxSat-3*whole)).ok()
	require.Equal(e.t, [4]int64{3 * whole, 3 * whole, 3 * whole, 3 * whole}, e.blinkSpent(key))
}

// blinkKeysApart: keys of one owner and of two share nothing.
func blinkKeysApart(e *env) {
	one, two := e.newKey(limit(daily, 1000)), e.newKey(limit(daily, 300))
	other := *e
	other.subject = e.subject + ", another"
	foreign := other.newKey(limit(daily, 1000))
	payment := e.blinkPay(one, 1000)
	e.blinkOver(one, 1, "daily")
	require.Zero(e.t, e.blinkSpent(two))
	require.Zero(e.t, e.blinkSpent(foreign))
	e.blinkPay(two, 300)
	e.blinkOver(two, 1, "daily")
	e.blinkPay(foreign, 700)
	e.blinkReverse(payment).ok()
	require.Zero(e.t, e.blinkSpent(one))
	require.EqualValues(e.t, 300, e.daySpent(two))
	require.EqualValues(e.t, 700, e.daySpent(foreign))
	e.setLimits(two, unlimited(daily)).ok()
	e.blinkOver(one, 1001, "daily")
}

// blinkHoldInvoice: the payee may take days to accept or cancel. Recorded as soon
// as it is sent, the payment counts on after its hold would have ended, and when
// it is cancelled it is gone from every window that it is still in.
func blinkHoldInvoice(e *env) {
	key := e.newKey(limit(daily, 1000), limit(weekly, 1000))
	hold, payment := e.hold(key, 1000), journal()
	e.blinkRecord(key, 1000, payment, hold).ok() // pending
	e.blinkOver(key, 1, "daily")
	e.later(day - second)
	require.Equal(e.t, [4]int64{1000, 1000, 1000, 1000}, e.blinkSpent(key))
	e.later(2 * day)
	require.Equal(e.t, [4]int64{0, 1000, 1000, 1000}, e.blinkSpent(key))
	e.blinkOver(key, 1, "weekly")
	e.blinkReverse(payment).ok() // cancelled
	require.Zero(e.t, e.blinkSpent(key))
	e.blinkReverse(payment).ok()
	e.blinkRecord(key, 1000, payment, hold).ok() // a late repetition
	require.Zero(e.t, e.blinkSpent(key))
	e.blinkPay(key, 1000)

	// Cancelled within the day, while another one waits on.
	e.later(7 * day)
	first, second := e.blinkPay(key, 400), e.blinkPay(key, 600)
	e.blinkReverse(first).ok()
	require.EqualValues(e.t, 600, e.daySpent(key))
	e.blinkOver(key, 401, "daily")
	e.blinkRecord(key, 600, second, "").ok() // accepted
	require.EqualValues(e.t, 600, e.daySpent(key))
}

// beside is the same scenario at another server on the same database.
func (e *env) beside() *env {
	e.t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	another := engine.New(engine.Config{
		Store: e.s.store, Log: quiet, SweepEvery: -1, Now: func() time.Time { return timeOf(e.s.clock.Load()) },
	})
	e.t.Cleanup(another.Close)
	mux := http.NewServeMux()
	rpc.Mount(mux, rpc.NewServer(rpc.Config{
		Engine: another, Authenticator: callers{e.s.real}, Keys: e.s.real.Keys, Failures: auth.NewFailures(e.s.failuresNow),
		Log: quiet, SecretPrefix: apikey.DefaultPrefix, HoldTTL: 24 * time.Hour,
	}))
	beside := *e
	beside.c = grpcGo(e.t, serve(e.t, rpc.WithConnection(mux, trustedProxies, "X-API-KEY")))
	return &beside
}

// atOnce makes all changes of limits in the same moment, at the two servers by
// turns; none may fail.
func atOnce(servers [2]*env, key string, changes ...*satcapv1.LimitUpdate) {
	servers[0].t.Helper()
	got := make([]answer[*satcapv1.UpdateLimitsResponse], len(changes))
	var wait sync.WaitGroup
	for i, change := range changes {
		wait.Go(func() { got[i] = servers[i%2].setLimits(key, change) })
	}
	wait.Wait()
	for _, a := range got {
		a.ok()
	}
}

// blinkSetsOfDifferentWindows: none overwrites another.
func blinkSetsOfDifferentWindows(e *env) {
	servers := [2]*env{e, e.beside()}
	for range 10 {
		key := e.newKey()
		e.blinkPay(key, 10)
		atOnce(servers, key, update(daily, 100), update(weekly, 200), update(monthly, 300), update(annual, 400))
		e.requireBlinkLimits(key, [4]int64{100, 200, 300, 400}, [4]int64{90, 190, 290, 390})
		e.blinkOver(key, 91, "daily")
	}
}

// blinkSetAgainstRemove: one of the two is last, for everybody, and the history
// tells which.
func blinkSetAgainstRemove(e *env) {
	servers := [2]*env{e, e.beside()}
	for range 20 {
		key := e.newKey(limit(daily, 100), limit(weekly, 900))
		atOnce(servers, key, update(daily, 500), unlimited(daily))
		limits, _ := e.blinkLimitsOf(key)
		require.Equal(e.t, [3]int64{900, -1, -1}, [3]int64(limits[1:]), "the other windows stay")
		changes := e.history(&satcapv1.ListLimitChangesRequest{ApiKeyId: key}).ok().GetChanges()
		require.Len(e.t, changes, 2)
		if last := changes[0].NewLimitSats; last == nil {
			require.EqualValues(e.t, -1, limits[0])
			e.blinkPay(key, 501)
		} else {
			require.EqualValues(e.t, 500, *last)
			require.EqualValues(e.t, 500, limits[0])
			e.blinkOver(key, 501, "daily")
			e.blinkPay(key, 500)
		}
	}
}

// blinkIdenticalSets: they agree, and are one change.
func blinkIdenticalSets(e *env) {
	servers := [2]*env{e, e.beside()}
	for range 10 {
		key := e.newKey(limit(daily, 100))
		atOnce(servers, key, update(daily, 500), update(daily, 500), update(daily, 500), update(daily, 500), update(daily, 500))
		e.requireBlinkLimits(key, [4]int64{500, -1, -1, -1}, [4]int64{500, -1, -1, -1})
		require.Len(e.t, e.history(&satcapv1.ListLimitChangesRequest{ApiKeyId: key}).ok().GetChanges(), 1)
		e.blinkPay(key, 500)
		e.blinkOver(key, 1, "daily")
	}
}
