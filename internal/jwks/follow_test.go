// Following a document over time: rotation, outages, floods, and the end.

package jwks_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/jwks"
)

// source is a server inside a bubble.
type source struct {
	mu       sync.Mutex
	document []byte        // nil: 500
	delay    time.Duration // what was there at the start is sent after this
	asked    int
}

func (s *source) set(text []byte, delay time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.document, s.delay = text, delay
}

func (s *source) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

func (s *source) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.asked++
	text, delay := s.document, s.delay
	s.mu.Unlock()
	if delay > 0 {
		select {
		case <-time.After(delay):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	status := http.StatusOK
	if text == nil {
		status = http.StatusInternalServerError
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(bytes.NewReader(text)), Request: r}, nil
}

// config is the default one, with this source.
func (s *source) config() jwks.Config {
	return jwks.Config{Source: "https://idp.test/jwks", Client: &http.Client{Transport: s}, Log: discard}
}

// has says whether a key is known, and fails unless that is clear at once.
func has(t *testing.T, s *jwks.Set, kid string) bool {
	t.Helper()
	at := time.Now()
	_, err := s.Key(t.Context(), kid)
	require.Zero(t, time.Since(at), "had to wait")
	if err != nil {
		require.ErrorIs(t, err, jwks.ErrUnknownKey)
	}
	return err == nil
}

const forever = 1000 * time.Hour

func TestDownAtStart(t *testing.T) {
	t.Parallel()
	for name, delay := range map[string]time.Duration{"500": 0, "no answer": forever} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				web := &source{delay: delay}
				at := time.Now()
				s := jwks.New(t.Context(), web.config())
				defer s.Close()
				require.LessOrEqual(t, time.Since(at), 5*time.Second)
				time.Sleep(time.Hour)
				require.ErrorIs(t, s.Ready(), jwks.ErrNotLoaded)
				_, err := s.Key(t.Context(), "a")
				require.ErrorIs(t, err, jwks.ErrNotLoaded)
				require.LessOrEqual(t, web.count(), 3602, "once a second is enough")

				web.set(document(publicEntry("a", newEd())), 0)
				at = time.Now()
				for s.Ready() != nil {
					time.Sleep(100 * time.Millisecond)
				}
				require.LessOrEqual(t, time.Since(at), 7*time.Second) // the pause and an attempt under way
				require.True(t, has(t, s, "a"))
			})
		})
	}
}

// TestRotation: a new key works on its first use, a withdrawn one is refused
// after RefreshEvery, nobody asking for another key.
func TestRotation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		first, second := publicEntry("first", newEd()), publicEntry("second", newEd())
		web := &source{document: document(first)}
		s := jwks.New(t.Context(), web.config())
		defer s.Close()
		time.Sleep(10 * time.Second)
		web.set(document(first, second), 2*time.Second)
		_, err := s.Key(t.Context(), "second")
		require.ErrorIs(t, err, jwks.ErrUnknownKey, "the document is slow to come")
		time.Sleep(2 * time.Second)
		require.True(t, has(t, s, "second"), "and works as soon as it has come")
		web.set(document(first, second), 39*time.Millisecond)
		time.Sleep(30 * time.Second)
		third := publicEntry("third", newEd())
		web.set(document(first, second, third), 39*time.Millisecond)
		_, err = s.Key(t.Context(), "third")
		require.NoError(t, err, "a quick one is waited for")

		web.set(document(second), 0)
		require.True(t, has(t, s, "first"))
		time.Sleep(time.Minute + time.Second)
		require.False(t, has(t, s, "first"))
		require.True(t, has(t, s, "second"))

		// The same id with another key is another key.
		other := newEd()
		web.set(document(publicEntry("second", other)), 0)
		time.Sleep(time.Minute + time.Second)
		key, err := s.Key(t.Context(), "second")
		require.NoError(t, err)
		require.Equal(t, other, key.Public)
	})
}

// TestOutage of an hour: known keys serve; what was withdrawn meanwhile is
// refused when it is over.
func TestOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		web := &source{document: document(publicEntry("a", newEd()))}
		s := jwks.New(t.Context(), web.config())
		defer s.Close()
		for _, delay := range []time.Duration{0, forever} {
			web.set(nil, delay)
			for range 3600 {
				time.Sleep(time.Second)
				require.True(t, has(t, s, "a"))
				require.NoError(t, s.Ready())
			}
		}
		web.set(document(publicEntry("b", newEd())), 0)
		time.Sleep(5 * time.Minute)
		require.False(t, has(t, s, "a"))
		require.True(t, has(t, s, "b"))
	})
}

// TestFlood of unknown ids: one extra reading per 30 s, and callers with known
// keys do not notice.
func TestFlood(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		web := &source{document: document(publicEntry("known", newEd()))}
		cfg := web.config()
		cfg.RefreshEvery = forever // only extra readings
		s := jwks.New(t.Context(), cfg)
		defer s.Close()
		require.Equal(t, 1, web.count())

		web.set(nil, forever) // the reading takes all of its 5 s
		at := time.Now()
		var asking sync.WaitGroup
		for range 1000 {
			asking.Go(func() {
				_, err := s.Key(t.Context(), "unknown")
				assert.ErrorIs(t, err, jwks.ErrUnknownKey)
			})
		}
		synctest.Wait()
		require.Equal(t, 2, web.count())
		for range 100 {
			require.True(t, has(t, s, "known"))
		}
		// Whoever gives up does not end the reading for the others.
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := s.Key(gone, "unknown")
		require.ErrorIs(t, err, context.Canceled)
		asking.Wait()
		require.Equal(t, 40*time.Millisecond, time.Since(at), "nobody waits for the whole reading")
		time.Sleep(5*time.Second - 40*time.Millisecond)

		web.set(document(publicEntry("known", newEd())), 0)
		for range 1000 { // until 1 ms before the 30 s are over
			require.False(t, has(t, s, "unknown"))
			time.Sleep(24999 * time.Millisecond / 1000)
		}
		require.Equal(t, 2, web.count())
		time.Sleep(time.Until(at.Add(30 * time.Second)))
		for range 1000 {
			require.False(t, has(t, s, "unknown"))
		}
		require.Equal(t, 3, web.count())

		// An hour of it.
		for range 36_000 {
			time.Sleep(100 * time.Millisecond)
			require.False(t, has(t, s, "unknown"))
		}
		require.Equal(t, 3+120, web.count())
	})
}

// TestCallerGivesUp: the reading that a caller started is finished without it.
func TestCallerGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		web := &source{document: document(publicEntry("a", newEd()))}
		s := jwks.New(t.Context(), web.config())
		defer s.Close()
		web.set(document(publicEntry("b", newEd())), 2*time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		_, err := s.Key(ctx, "b")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		require.True(t, has(t, s, "b"))
	})
}

// TestOvertakenReading: what a slow reading brings after a later one is old.
func TestOvertakenReading(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		withdrawn, renewed := document(publicEntry("withdrawn", newEd())), document(publicEntry("renewed", newEd()))
		web := &source{document: withdrawn}
		s := jwks.New(t.Context(), web.config())
		defer s.Close()
		web.set(withdrawn, 4*time.Second)
		time.Sleep(time.Minute + time.Second) // the regular reading is under way
		require.Equal(t, 2, web.count())
		web.set(renewed, 0)
		require.True(t, has(t, s, "renewed"))
		time.Sleep(5 * time.Second)
		require.Equal(t, 3, web.count())
		require.True(t, has(t, s, "renewed"))
		require.False(t, has(t, s, "withdrawn"))
	})
}

// TestClose leaves nothing behind: a bubble does not end while a goroutine in it
// lives.
func TestClose(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		web := &source{document: document(publicEntry("a", newEd()))}
		s := jwks.New(t.Context(), web.config())
		web.set(nil, forever)
		ended := make(chan error)
		go func() {
			_, err := s.Key(t.Context(), "unknown")
			ended <- err
		}()
		synctest.Wait()
		require.Equal(t, 2, web.count(), "an extra reading is under way")
		at := time.Now()
		s.Close()
		require.Zero(t, time.Since(at), "Close waited for the server")
		require.ErrorIs(t, <-ended, jwks.ErrUnknownKey)

		time.Sleep(time.Hour)
		require.False(t, has(t, s, "unknown"))
		require.True(t, has(t, s, "a"))
		require.Equal(t, 2, web.count(), "read after Close")
		s.Close()
	})
}

// TestCloseEndsConnections of its own client.
func TestCloseEndsConnections(t *testing.T) {
	t.Parallel()
	closed := make(chan struct{})
	server := httptest.NewUnstartedServer(answering(http.StatusOK, document(publicEntry("a", newEd()))))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			close(closed)
		}
	}
	server.Start()
	s := jwks.New(t.Context(), jwks.Config{Source: server.URL, Log: discard})
	require.NoError(t, s.Ready())
	s.Close()
	select {
	case <-closed:
	case <-time.After(10 * time.Second):
		t.Error("the connection outlives Close")
	}
	server.Close()
}

// endless is a body that does not end, and how much of it was read.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	e.read += len(p)
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func (*endless) Close() error { return nil }

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestBodyIsBounded: no more than the largest document is taken off the wire.
func TestBodyIsBounded(t *testing.T) {
	t.Parallel()
	body := new(endless)
	s := open(t, jwks.Config{Source: "https://idp.test/", Client: &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Body: body}, nil
	})}})
	require.ErrorIs(t, s.Ready(), jwks.ErrNotLoaded)
	require.Equal(t, 1<<20+1, body.read)
}

// TestCloseWaits for a reading that does not end at once.
func TestCloseWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		text := document(publicEntry("a", newEd()))
		var asked atomic.Int64
		var ended atomic.Bool
		s := jwks.New(t.Context(), jwks.Config{Source: "https://idp.test/", Log: discard, Client: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			if asked.Add(1) > 1 {
				<-r.Context().Done()
				time.Sleep(time.Second)
				ended.Store(true)
			}
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(text))}, nil
		})}})
		time.Sleep(time.Minute + time.Second)
		require.EqualValues(t, 2, asked.Load())
		s.Close()
		require.True(t, ended.Load())
	})
}
