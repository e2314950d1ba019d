// Changes by other servers on the same database, by NOTIFY and LISTEN.
//
// NOTIFY takes a lock that is held until its transaction has committed, so it
// has no place in the transactions of spends: they would commit one after the
// other. Instead the keys that changed are collected, and sent together a few
// times a second from a connection of its own.

package postgres

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/satcap/satcap/internal/ledger"
)

const (
	channel = "satcap_changes"
	// announceEvery is the least time between two announcements.
	announceEvery = 250 * time.Millisecond
	// pulseEvery is how often something is sent even when nothing changed, and
	// silence is how long a listener hears nothing before it takes its
	// connection for dead. Through a pooler that does not keep sessions it never
	// hears anything, so it begins with less patience.
	pulseEvery, silence, firstSilence = 5 * time.Second, 12 * time.Second, 2 * time.Second
	// reconnectAfter is the pause after a connection was lost.
	reconnectAfter = time.Second
	// sendFor bounds one statement here.
	sendFor = 5 * time.Second
	// maxPayload is below the 8,000 bytes that Postgres takes.
	maxPayload = 7900
	// maxPending is how many keys are named at most; more are "any key".
	maxPending = 10_000
	anyKey     = "*"
)

// feed is what this server has to tell the others.
type feed struct {
	mu      sync.Mutex
	pending map[ledger.KeyID]struct{}
	any     bool          // more keys than are named
	news    chan struct{} // has one element if there is something to send
	// name marks what this server sent itself.
	name string
}

func newFeed() *feed {
	return &feed{pending: make(map[ledger.KeyID]struct{}), news: make(chan struct{}, 1), name: uuid.NewString()[:8]}
}

// Announce implements [store.Feed].
func (s *Store) Announce(keys []ledger.KeyID) {
	f := s.feed
	f.mu.Lock()
	for _, id := range keys {
		f.pending[id] = struct{}{}
	}
	if len(f.pending) > maxPending {
		clear(f.pending)
		f.any = true
	}
	f.mu.Unlock()
	f.wake()
}

// wake has the sender send, be it nothing but its name.
func (f *feed) wake() {
	select {
	case f.news <- struct{}{}:
	default:
	}
}

// take returns what there is to send, in payloads: the name of this server, and
// keys, 16 bytes in 32 digits each. Without keys it is only a sign of life.
func (f *feed) take() (payloads []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var text strings.Builder
	text.WriteString(f.name)
	if f.any {
		f.any = false
		return []string{f.name + anyKey}
	}
	for id := range f.pending {
		if text.Len()+2*len(id) > maxPayload {
			payloads = append(payloads, text.String())
			text.Reset()
			text.WriteString(f.name)
		}
		text.WriteString(strings.ReplaceAll(uuid.UUID(id).String(), "-", ""))
	}
	clear(f.pending)
	return append(payloads, text.String())
}

// lost notes that what was taken has not arrived: nobody knows which keys.
func (f *feed) lost() {
	f.mu.Lock()
	f.any = true
	f.mu.Unlock()
	f.wake()
}

// read returns the keys of a payload, and whether it says anything: nil keys are
// any key.
func (f *feed) read(payload string) (keys []ledger.KeyID, news bool) {
	text, own := strings.CutPrefix(payload, f.name)
	if own || len(text) < len(f.name) {
		return nil, false // who watches here knows already
	}
	text = text[len(f.name):]
	if text == "" {
		return nil, false
	}
	for ; len(text) >= 32; text = text[32:] {
		id, err := uuid.Parse(text[:32])
		if err != nil {
			return nil, true
		}
		keys = append(keys, ledger.KeyID(id))
	}
	return keys, true
}

// link is one of the two connections of a feed, as the log knows it: only that
// it stops to work and that it works again are worth a line.
type link struct {
	log           *slog.Logger
	broken, again string // what the log says
	down          bool
}

// failed notes that the connection does not work.
func (l *link) failed(err error) {
	if !l.down {
		l.log.Warn(l.broken, "error", err)
	}
	l.down = true
}

// works notes that it does.
func (l *link) works() {
	if l.down {
		l.log.Info(l.again)
	}
	l.down = false
}

// Follow implements [store.Feed]. It holds two connections beside the pool,
// which those who spend may keep busy.
func (s *Store) Follow(ctx context.Context, changed func([]ledger.KeyID)) {
	telling := &link{log: s.log, broken: "other servers are not told of changes here: their watchers see them late", again: "other servers are told of changes here again"}
	hearing := &link{log: s.log, broken: "changes by other servers are not heard: watchers here see them late", again: "changes by other servers are heard again"}
	var both sync.WaitGroup
	defer both.Wait()
	both.Go(func() {
		s.keepConnected(ctx, telling, func(ctx context.Context, conn *pgx.Conn) error { return s.send(ctx, conn, telling.works) })
	})
	s.keepConnected(ctx, hearing, func(ctx context.Context, conn *pgx.Conn) error {
		return s.listen(ctx, conn, changed, hearing.works)
	})
}

// keepConnected gives use a connection, and another one when that is lost.
func (s *Store) keepConnected(ctx context.Context, l *link, use func(context.Context, *pgx.Conn) error) {
	for ctx.Err() == nil {
		conn, err := pgx.ConnectConfig(ctx, s.pool.Config().ConnConfig)
		if err == nil {
			err = use(ctx, conn) // whatever it was, the answer is another connection
			closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			_ = conn.Close(closing)
			cancel()
		} else {
			_ = use(ctx, nil)
		}
		if ctx.Err() == nil {
			l.failed(err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(reconnectAfter):
		}
	}
}

// errNotConnected stands for a connection that could not be made.
var errNotConnected = errors.New("postgres: not connected")

// errSilence: not even what this server says itself is heard.
var errSilence = errors.New("postgres: nothing is heard, as through a pooler that keeps no sessions")

// listen passes on what other servers send. While it cannot, and for what it
// missed, those who watch are told that anything may have changed.
func (s *Store) listen(ctx context.Context, conn *pgx.Conn, changed func([]ledger.KeyID), works func()) error {
	if conn == nil {
		changed(nil)
		return errNotConnected
	}
	defer changed(nil)
	asking, cancel := context.WithTimeout(ctx, sendFor)
	_, err := conn.Exec(asking, "LISTEN "+channel)
	cancel()
	if err != nil {
		return err
	}
	changed(nil)
	s.feed.wake() // to hear whether anything can be heard
	for patience := firstSilence; ; patience = silence {
		waiting, cancel := context.WithTimeout(ctx, patience)
		n, err := conn.WaitForNotification(waiting)
		cancel()
		if err != nil && waiting.Err() != nil && ctx.Err() == nil {
			return errSilence
		}
		if err != nil {
			return err
		}
		works()
		if keys, news := s.feed.read(n.Payload); news {
			changed(keys)
		}
	}
}

// send tells the other servers what changed here.
func (s *Store) send(ctx context.Context, conn *pgx.Conn, works func()) error {
	if conn == nil {
		return errNotConnected
	}
	pulse := time.NewTicker(pulseEvery)
	defer pulse.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			return s.sendOnce(last, conn) // the last changes of a server that stops
		case <-s.feed.news:
		case <-pulse.C:
		}
		if err := s.sendOnce(ctx, conn); err != nil {
			return err
		}
		works()
		select {
		case <-ctx.Done():
		case <-time.After(announceEvery):
		}
	}
}

func (s *Store) sendOnce(ctx context.Context, conn *pgx.Conn) error {
	sending, cancel := context.WithTimeout(ctx, sendFor)
	defer cancel()
	_, err := conn.Exec(sending, "SELECT pg_notify($1, p) FROM unnest($2::text[]) AS p", channel, s.feed.take())
	if err != nil {
		s.feed.lost()
	}
	return err
}
