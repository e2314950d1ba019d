// Shutdown: what is in progress is finished, what is new is refused.

package server_test

import (
	"database/sql"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // the driver that locks the file

	"github.com/satcap/satcap/internal/config"
	"github.com/satcap/satcap/internal/server"
)

// lockFile takes the write lock of an SQLite file, so that calls that change
// something wait, and returns what gives it back.
func lockFile(t *testing.T, path string) (unlock func()) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate&_pragma=busy_timeout(5000)")
	require.NoError(t, err)
	tx, err := db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	var given bool
	unlock = func() {
		if !given {
			given = true
			require.NoError(t, tx.Rollback())
			require.NoError(t, db.Close())
		}
	}
	t.Cleanup(unlock)
	return unlock
}

// counted makes entered the number of requests that have reached the handler.
func counted(entered *atomic.Int64) func(*server.Server) {
	return func(s *server.Server) {
		inner := s.HTTP().Handler
		s.HTTP().Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			entered.Add(1)
			inner.ServeHTTP(w, r)
		})
	}
}

// blockedCall is a server with a call that waits for the database.
func blockedCall(t *testing.T, cfg config.Server, grpc bool) (r *running, answer chan error, unlock func()) {
	t.Helper()
	var entered atomic.Int64
	r = start(t, cfg, counted(&entered))
	c := r.clients(grpc, token)
	key := c.newKey(t)
	status, _ := askHandler(t, r.HTTP().Handler)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "SERVING", askHealth(t, r.HTTP().Handler))
	unlock = lockFile(t, r.path)
	before := entered.Load()
	answer = make(chan error, 1)
	go func() { answer <- c.reserve(key, "in progress") }()
	require.Eventually(t, func() bool { return entered.Load() == before+1 }, soon, tick)
	return r, answer, unlock
}

// countSpends is how many spends are in the file after the server ended.
func countSpends(t *testing.T, path string) int64 {
	t.Helper()
	s, err := server.OpenStore(t.Context(), config.DB{SQLitePath: path})
	require.NoError(t, err)
	defer s.Close()
	report, err := server.Verify(t.Context(), s, func(key, difference string) { t.Error(key, difference) })
	require.NoError(t, err)
	return report.Spends
}

func TestDrain(t *testing.T) {
	for name, grpc := range map[string]bool{"HTTP1": false, "HTTP2": true} {
		t.Run(name, func(t *testing.T) {
			r, answer, unlock := blockedCall(t, settings(t), grpc)
			r.stop()
			require.Eventually(t, func() bool { return refused(r.Addr()) }, soon, tick)
			status, body := askHandler(t, r.HTTP().Handler)
			require.Equal(t, http.StatusServiceUnavailable, status)
			require.Equal(t, map[string]string{"server": "shutting down"}, body.Checks)
			require.Equal(t, "NOT_SERVING", askHealth(t, r.HTTP().Handler))
			select {
			case err := <-answer:
				t.Fatal("the call in progress was cut off: ", err)
			case err := <-r.served:
				t.Fatal("Serve returned before the call was answered: ", err)
			default:
			}

			unlock()
			require.NoError(t, <-answer)
			r.end()
			require.EqualValues(t, 1, countSpends(t, r.path))
		})
	}
}

// askHealth asks for the health of the server without any connection.
func askHealth(t *testing.T, h http.Handler) string {
	t.Helper()
	w := httptest.NewRecorder()
	req := httptest.NewRequest(http.MethodPost, "/grpc.health.v1.Health/Check", strings.NewReader("{}"))
	req.Header.Set("Content-Type", "application/json")
	h.ServeHTTP(w, req)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	return strings.TrimSuffix(strings.TrimPrefix(w.Body.String(), `{"status":"`), `"}`)
}

// TestDrainEnds: a call that takes too long is cut off, and the server ends.
func TestDrainEnds(t *testing.T) {
	cfg := settings(t)
	cfg.ShutdownTimeout = 50 * time.Millisecond
	r, answer, unlock := blockedCall(t, cfg, true)
	r.stop()
	require.Error(t, <-answer)
	unlock()
	r.end()
	require.Contains(t, r.log.String(), "calls in progress were cut off")
	// Cut off is not undone: its outcome is unknown to the caller, who asks again.
	require.EqualValues(t, 1, countSpends(t, r.path))
}

// TestDrainIdle: connections that nobody uses do not hold the server up.
func TestDrainIdle(t *testing.T) {
	r := start(t, settings(t))
	for _, http2 := range []bool{false, true} {
		res, _ := get(t, httpClient(t, http2), "http://"+r.Addr()+"/healthz")
		require.Equal(t, http.StatusOK, res.StatusCode)
	}
	began := time.Now()
	r.end()
	require.Less(t, time.Since(began), 4*time.Second)
	require.NotContains(t, r.log.String(), "cut off")
}

// TestServeFails: a listener that breaks ends the server with its error.
func TestServeFails(t *testing.T) {
	r := start(t, settings(t))
	require.Eventually(t, func() bool { return !refused(r.Addr()) }, soon, tick)
	r.once.Do(func() {
		require.NoError(t, r.HTTP().Close()) // as if from outside: Serve returns ErrServerClosed
		require.NoError(t, <-r.served)
		r.stop()
	})
	require.True(t, refused(r.Addr()))
}
