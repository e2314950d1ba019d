// The key itself as a caller, and whose a secret is.

package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/expirable"
	"golang.org/x/sync/singleflight"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

const (
	// knownFor is how long an answer of the database is used again: a key that
	// is paused, revoked or rotated is refused on every server within a second.
	knownFor = 800 * time.Millisecond
	// keepable is how long the database may take for an answer that is used
	// again: one that took longer is old already.
	keepable = time.Second - knownFor
	// knownMost bounds how many answers are kept, those of unknown secrets too.
	knownMost = 100_000
	// trustedFor and trustedMost bound what is remembered of good answers.
	trustedFor  = 10 * time.Minute
	trustedMost = 10_000
	// touchEvery is how often it is written down when keys were last seen.
	touchEvery = 30 * time.Second
	// touchMost is how many keys are written down in one go.
	touchMost = 1000
)

// KeyStore is what is asked of the database.
type KeyStore interface {
	FindKeyBySecret(ctx context.Context, hash []byte) (*store.Credential, error)
	ViewKeys(ctx context.Context, ids []ledger.KeyID) ([]ledger.View, error)
	TouchKeys(ctx context.Context, lastUsedAtUs map[ledger.KeyID]int64) error
}

// Secrets is what the secrets of keys look like: an apikey.Prefix or
// apikey.Accepted.
type Secrets interface {
	// Hash returns the stored form of a secret, or an error if text cannot be one.
	Hash(text string) ([sha256.Size]byte, error)
}

// Holder is an active key that a caller has proved to hold.
type Holder struct {
	KeyID   ledger.KeyID
	Subject string
	Scopes  ledger.Scopes
}

// Keys knows whose a secret is, and when keys were last seen.
type Keys struct {
	store   KeyStore
	secrets Secrets
	log     *slog.Logger
	now     func() time.Time
	known   *expirable.LRU[string, *Holder] // nil: no active key has it
	// trusted are those that were good not long ago: they are looked up even for
	// an address that sends much that is wrong, which it may share.
	trusted *expirable.LRU[string, struct{}]
	asking  singleflight.Group

	mu     sync.Mutex
	seen   map[ledger.KeyID]int64
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// NewKeys starts noting when keys are seen; Close writes down the rest.
func NewKeys(s KeyStore, secrets Secrets, log *slog.Logger) *Keys {
	ctx, cancel := context.WithCancel(context.Background())
	k := &Keys{
		store: s, secrets: secrets, log: log, now: time.Now,
		trusted: expirable.NewLRU[string, struct{}](trustedMost, nil, trustedFor),
		known:   expirable.NewLRU[string, *Holder](knownMost, nil, knownFor),
		seen:    make(map[ledger.KeyID]int64), cancel: cancel,
	}
	k.done.Go(func() { k.touchForever(ctx) })
	return k
}

// Close writes down when keys were last seen.
func (k *Keys) Close() {
	k.cancel()
	k.done.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	k.touch(ctx)
}

// Verify returns the active key that a secret belongs to, or
// [ErrUnauthenticated]. A secret that cannot be right costs no query.
func (k *Keys) Verify(ctx context.Context, secret string, knownOnly bool) (Holder, error) {
	hash, err := k.secrets.Hash(secret)
	if err != nil {
		return Holder{}, ErrUnauthenticated
	}
	return k.find(ctx, "secret "+hex.EncodeToString(hash[:]), knownOnly, func(ctx context.Context) (*Holder, error) {
		c, err := k.store.FindKeyBySecret(ctx, hash[:])
		if err != nil || c == nil || (c.UntilUs != 0 && c.ClockUs >= c.UntilUs) {
			return nil, err
		}
		return active(&c.Key, ledger.ReadNowUs(c.ClockUs, c.Key.LastUs)), nil
	})
}

func (k *Keys) bySecret(ctx context.Context, secret string, knownOnly bool) (Caller, error) {
	if k == nil {
		return Caller{}, ErrUnauthenticated
	}
	h, err := k.Verify(ctx, secret, knownOnly)
	if err != nil {
		return Caller{}, err
	}
	return h.caller("api key"), nil
}

// byID is the caller whose token was minted from this key.
func (k *Keys) byID(ctx context.Context, id ledger.KeyID, knownOnly bool) (Caller, error) {
	if k == nil {
		return Caller{}, ErrUnauthenticated
	}
	h, err := k.find(ctx, "id "+hex.EncodeToString(id[:]), knownOnly, func(ctx context.Context) (*Holder, error) {
		views, err := k.store.ViewKeys(ctx, []ledger.KeyID{id})
		if err != nil || len(views) == 0 {
			return nil, err
		}
		return active(&views[0].Key, views[0].NowUs), nil
	})
	if err != nil {
		return Caller{}, err
	}
	return h.caller("jwt of an api key"), nil
}

// active is the holder of a key, or nil if the key lets nobody in.
func active(key *ledger.Key, nowUs int64) *Holder {
	if key.Usable(nowUs) != nil {
		return nil
	}
	return &Holder{KeyID: key.ID, Subject: key.Subject, Scopes: key.Scopes}
}

// caller is the key itself. Without the scope to read it may do nothing.
func (h Holder) caller(how string) Caller {
	c := Caller{IsKey: true, Subject: h.Subject, KeyID: h.KeyID, Authentication: how}
	if h.Scopes&ledger.ScopeRead != 0 {
		c.Kinds = KeyItself
	}
	return c
}

// find answers from what is known, or asks once for all who want to know.
func (k *Keys) find(ctx context.Context, name string, knownOnly bool, ask func(context.Context) (*Holder, error)) (Holder, error) {
	h, known := k.known.Get(name)
	if !known {
		if knownOnly && !k.trusted.Contains(name) {
			return Holder{}, ErrUnauthenticated
		}
		answer, err, _ := k.asking.Do(name, func() (any, error) {
			if h, known := k.known.Get(name); known { // since this caller looked
				return h, nil
			}
			// Not the caller's context: the answer is for others as well.
			asked, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			// Who comes later asks anew: an answer on its way may be old already.
			defer time.AfterFunc(keepable, func() { k.asking.Forget(name) }).Stop()
			began := time.Now()
			h, err := ask(asked)
			if err == nil && time.Since(began) < keepable {
				k.known.Add(name, h)
			}
			return h, err
		})
		if err != nil {
			return Holder{}, err
		}
		h = answer.(*Holder)
	}
	if h == nil {
		k.trusted.Remove(name)
		return Holder{}, ErrUnauthenticated
	}
	k.trusted.Add(name, struct{}{})
	k.mu.Lock()
	k.seen[h.KeyID] = k.now().UnixMicro()
	k.mu.Unlock()
	return *h, nil
}

func (k *Keys) touchForever(ctx context.Context) {
	ticker := time.NewTicker(touchEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			k.touch(ctx)
		}
	}
}

// touch writes down when keys were last seen. What fails is tried again with
// the next round.
func (k *Keys) touch(ctx context.Context) {
	k.mu.Lock()
	seen := k.seen
	k.seen = make(map[ledger.KeyID]int64)
	k.mu.Unlock()
	batch := make(map[ledger.KeyID]int64)
	flush := func() {
		if len(batch) == 0 {
			return
		}
		if err := k.store.TouchKeys(ctx, batch); err != nil {
			if !errors.Is(ctx.Err(), context.Canceled) {
				k.log.Warn("could not note when keys were last seen", "error", err)
			}
			k.again(batch)
		}
		clear(batch)
	}
	for id, us := range seen {
		if batch[id] = us; len(batch) == touchMost {
			flush()
		}
	}
	flush()
}

// again keeps for the next round what could not be written down.
func (k *Keys) again(batch map[ledger.KeyID]int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for id, us := range batch {
		k.seen[id] = max(k.seen[id], us)
	}
}
