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

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

const (
	// touchEvery is how often it is written down when keys were last seen.
	touchEvery = 30 * time.Second
	// touchMost is how many keys are written down in one go.
	touchMost = 1000
)

// byToken is how a key proves itself by a token that was minted from it.
const byToken = "jwt of an api key"

// KeyStore is what is asked of the database.
type KeyStore interface {
	FindKeyBySecret(ctx context.Context, hash []byte) (*store.Credential, error)
	ViewKeys(ctx context.Context, ids []ledger.KeyID, subject string) ([]ledger.View, error)
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
	// answers has the holder of a proof; nil: no active key has it.
	answers *answers[Holder]

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
		answers: newAnswers[Holder](), seen: make(map[ledger.KeyID]int64), cancel: cancel,
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
// [ErrUnauthenticated]. A secret that cannot be right costs no query, nor does
// one that is not known while exhausted says that its sender was wrong too often.
func (k *Keys) Verify(ctx context.Context, secret string, exhausted Exhausted) (Holder, error) {
	hash, err := k.secrets.Hash(secret)
	if err != nil {
		return Holder{}, ErrUnauthenticated
	}
	return k.find(ctx, "secret "+hex.EncodeToString(hash[:]), exhausted, func(ctx context.Context) (*Holder, error) {
		c, err := k.store.FindKeyBySecret(ctx, hash[:])
		if err != nil || c == nil || (c.UntilUs != 0 && c.ClockUs >= c.UntilUs) {
			return nil, err
		}
		return active(&c.Key, ledger.ReadNowUs(c.ClockUs, c.Key.LastUs)), nil
	})
}

func (k *Keys) bySecret(ctx context.Context, secret string, exhausted Exhausted) (Caller, error) {
	if k == nil {
		return Caller{}, ErrUnauthenticated
	}
	h, err := k.Verify(ctx, secret, exhausted)
	if err != nil {
		return Caller{}, err
	}
	return h.caller("api key"), nil
}

// byID is the caller whose token was minted from this key.
func (k *Keys) byID(ctx context.Context, id ledger.KeyID, exhausted Exhausted) (Caller, error) {
	if k == nil {
		return Caller{}, ErrUnauthenticated
	}
	h, err := k.find(ctx, "id "+hex.EncodeToString(id[:]), exhausted, func(ctx context.Context) (*Holder, error) {
		views, err := k.store.ViewKeys(ctx, []ledger.KeyID{id}, "")
		if err != nil || len(views) == 0 {
			return nil, err
		}
		return active(&views[0].Key, views[0].NowUs), nil
	})
	if err != nil {
		return Caller{}, err
	}
	return h.caller(byToken), nil
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

// find looks a holder up and notes that its key was seen.
func (k *Keys) find(ctx context.Context, name string, exhausted Exhausted, ask func(context.Context) (*Holder, error)) (Holder, error) {
	h, err := k.answers.get(ctx, name, exhausted, ask)
	if err != nil {
		return Holder{}, err
	}
	k.answers.judge(name, h != nil)
	if h == nil {
		return Holder{}, ErrUnauthenticated
	}
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
