// Package jwks keeps the public keys that tokens are signed with, as a JSON Web
// Key Set (RFC 7517) at a URL or in a file names them.
//
// What it promises: only asymmetric keys are ever used; a key that is new in
// the document works within seconds and one that was withdrawn is refused
// within [Config.RefreshEvery]; while the document cannot be read, the keys that
// are known go on working; and tokens with unknown key ids, however many, cause
// at most one extra request per [Config.UnknownEvery], wait for it no longer than
// [Config.UnknownWait], and keep no other caller waiting.
package jwks

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// ErrUnknownKey: no key of the set has this id.
var ErrUnknownKey = errors.New("jwks: unknown key")

// ErrNotLoaded: the document could not be read yet, not even once.
var ErrNotLoaded = errors.New("jwks: the key set has not been loaded")

// Config says where the document is and how it is followed. The zero value of
// every field but Source takes a default.
type Config struct {
	// Source is an https or http URL, or the path of a file.
	Source string
	// RefreshEvery is how often the document is read again. Default 1 min.
	RefreshEvery time.Duration
	// UnknownEvery is how often an unknown key id may cause an extra reading.
	// Default 30 s.
	UnknownEvery time.Duration
	// UnknownWait is how long a caller with an unknown key id waits for an extra
	// reading. Default 40 ms: a key that is new in a document that is slow to come
	// is refused at first, and works as soon as it has come.
	UnknownWait time.Duration
	// Timeout bounds one reading. Default 5 s.
	Timeout time.Duration
	// Client fetches URLs. Default: one that follows no redirects, whose
	// connections end with Close.
	Client *http.Client
	// Log takes readings that failed. Default: slog.Default().
	Log *slog.Logger
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

func (c Config) withDefaults() Config {
	if c.RefreshEvery == 0 {
		c.RefreshEvery = time.Minute
	}
	if c.UnknownEvery == 0 {
		c.UnknownEvery = 30 * time.Second
	}
	if c.UnknownWait == 0 {
		c.UnknownWait = 40 * time.Millisecond
	}
	if c.Timeout == 0 {
		c.Timeout = 5 * time.Second
	}
	if c.Client == nil {
		c.Client = &http.Client{Transport: ownTransport(), CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// ownTransport keeps its connections to itself, so that they can be closed.
func ownTransport() http.RoundTripper {
	if t, ok := http.DefaultTransport.(*http.Transport); ok {
		return t.Clone()
	}
	return &http.Transport{Proxy: http.ProxyFromEnvironment}
}

// Key is a public key of the set.
type Key struct {
	// Public is an *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey.
	Public crypto.PublicKey
	// Algorithm is the only one that the key may be used with; empty, which only
	// RSA keys have: any RSA signature.
	Algorithm string
}

// Set is a key set that follows its document.
type Set struct {
	cfg    Config
	keys   atomic.Pointer[map[string]Key]
	ctx    context.Context // done: closed
	cancel context.CancelFunc
	done   sync.WaitGroup
	own    bool // the client is this set's own

	mu          sync.Mutex
	begun       uint64        // readings so far
	taken       uint64        // the reading that the keys are from
	lastUnknown time.Time     // the last extra reading
	reading     chan struct{} // closed when the extra reading in progress ends
}

// New reads the document and follows it until Close. A document that cannot be
// read yet is no error: see Ready.
func New(ctx context.Context, cfg Config) *Set {
	s := &Set{cfg: cfg.withDefaults(), own: cfg.Client == nil}
	s.ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	s.refresh(ctx)
	s.done.Go(s.follow)
	return s
}

// Close stops following the document, and a reading that is under way. The keys
// that are known can still be asked for.
func (s *Set) Close() {
	s.mu.Lock() // no extra reading starts from here on
	s.cancel()
	s.mu.Unlock()
	s.done.Wait()
	if s.own {
		s.cfg.Client.CloseIdleConnections()
	}
}

// Ready is nil once the document has been read.
func (s *Set) Ready() error {
	if s.keys.Load() == nil {
		return ErrNotLoaded
	}
	return nil
}

// Key returns the key with this id, or [ErrUnknownKey] or [ErrNotLoaded]. For an
// id that is not known the document is read once more, if that has not happened
// for a while, and the caller waits for that a little; callers with a known id
// never wait.
func (s *Set) Key(ctx context.Context, id string) (Key, error) {
	if key, ok := s.lookup(id); ok {
		return key, nil
	}
	if reading := s.extraReading(); reading != nil {
		select {
		case <-reading:
		case <-time.After(s.cfg.UnknownWait):
		case <-ctx.Done():
			return Key{}, ctx.Err()
		}
	}
	return s.KnownKey(ctx, id)
}

// KnownKey is Key without a reading.
func (s *Set) KnownKey(_ context.Context, id string) (Key, error) {
	if key, ok := s.lookup(id); ok {
		return key, nil
	}
	if err := s.Ready(); err != nil {
		return Key{}, err
	}
	return Key{}, ErrUnknownKey
}

func (s *Set) lookup(id string) (Key, bool) {
	keys := s.keys.Load()
	if keys == nil {
		return Key{}, false
	}
	key, ok := (*keys)[id]
	return key, ok
}

// extraReading starts an extra reading if one is due, and returns what ends
// when it does; nil if none is due.
func (s *Set) extraReading() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		return nil
	}
	if s.reading != nil {
		return s.reading
	}
	if now := s.cfg.Now(); s.lastUnknown.IsZero() || now.Sub(s.lastUnknown) >= s.cfg.UnknownEvery {
		s.lastUnknown = now
	} else {
		return nil
	}
	ended := make(chan struct{})
	s.reading = ended
	s.done.Go(func() {
		// Not the caller's context: the answer is for others as well.
		s.refresh(s.ctx)
		s.mu.Lock()
		s.reading = nil
		s.mu.Unlock()
		close(ended)
	})
	return ended
}

// follow reads the document again and again; at first more often, until it has
// been read once.
func (s *Set) follow() {
	for {
		pause := s.cfg.RefreshEvery
		if s.Ready() != nil {
			pause = min(pause, time.Second)
		}
		select {
		case <-time.After(pause):
			s.refresh(s.ctx)
		case <-s.ctx.Done():
			return
		}
	}
}

// refresh reads the document and takes its keys over, or keeps those it has.
func (s *Set) refresh(ctx context.Context) {
	s.mu.Lock()
	s.begun++
	reading := s.begun
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	document, err := s.read(ctx)
	if err == nil {
		var keys map[string]Key
		if keys, err = parse(document); err == nil {
			s.take(reading, keys)
			return
		}
	}
	if ctx.Err() == nil || errors.Is(ctx.Err(), context.DeadlineExceeded) {
		s.cfg.Log.Warn("the key set could not be read; the keys that are known stay", "error", fmt.Sprint(err))
	}
}

// take takes over the keys of a reading, unless they are from a later one: two
// may run at once, and a slow one must not bring back what was withdrawn.
func (s *Set) take(reading uint64, keys map[string]Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if reading > s.taken {
		s.taken = reading
		s.keys.Store(&keys)
	}
}
