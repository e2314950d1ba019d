// Secrets, when keys were last seen, and the tokens of services.

package storetest

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

// hashOf is the stored form of a secret or a token that a test calls by name.
func hashOf(name string) []byte {
	hash := sha256.Sum256([]byte(name))
	return hash[:]
}

func rotate(k ledger.Key, secret string, graceUs int64) ledger.Operation {
	return ledger.Rotate{KeyRef: on(k), SecretHash: hashOf(secret), SecretPrefix: "sk_" + secret, GraceUs: graceUs}
}

// found is whose a secret is.
func (e *env) found(hash []byte) *store.Credential {
	e.Helper()
	c, err := e.store.FindKeyBySecret(e.Context(), hash)
	require.NoError(e, err)
	return c
}

// current requires that the secret is the current one of the key as it is now.
func (e *env) current(k ledger.Key, hash []byte) {
	e.Helper()
	require.Equal(e, &store.Credential{Key: e.view(k.ID).Key, ClockUs: e.clock.Load()}, e.found(hash))
}

// previous requires that the secret is the key's last one, until a moment.
func (e *env) previous(k ledger.Key, hash []byte, untilUs int64) {
	e.Helper()
	require.Equal(e, &store.Credential{Key: e.view(k.ID).Key, ClockUs: e.clock.Load(), UntilUs: untilUs}, e.found(hash))
}

func testSecrets(t *testing.T, h Harness) {
	h.run(t, "FindsWhoseItIs", func(e *env) {
		a := e.key(func(k *ledger.Key) { k.Subject, k.Limits, k.ExpiresAtUs = "bob", ledger.Limits{1, 2, 3, 4}, start+day })
		b := e.key()
		for _, k := range []ledger.Key{a, b} {
			require.Equal(e, &store.Credential{Key: k, ClockUs: start}, e.found(creation(k).SecretHash))
		}
		e.at(start+second, settle(a, "s", 3))
		e.current(a, creation(a).SecretHash)
		require.EqualValues(e, 3, e.found(creation(a).SecretHash).Key.SpentSats[ledger.Daily])
		e.clock.Store(start - 5)
		require.Equal(e, start-5, e.found(creation(b).SecretHash).ClockUs, "the clock, even behind the key")
	})
	h.run(t, "NobodysIsNothing", func(e *env) {
		k := e.key()
		hash := creation(k).SecretHash
		for _, wrong := range [][]byte{nil, {}, hash[:31], append(bytes.Clone(hash), 0), hashOf("other"), make([]byte, 32)} {
			require.Nil(e, e.found(wrong), "%x", wrong)
		}
	})
	h.run(t, "EveryStateIsFound", func(e *env) {
		k := e.key()
		for _, op := range []ledger.Operation{ledger.Pause{KeyRef: on(k)}, ledger.Revoke{KeyRef: on(k)}} {
			e.do(op)
			e.current(k, creation(k).SecretHash) // who asks decides what the state means
		}
		require.Equal(e, ledger.KeyRevoked, e.found(creation(k).SecretHash).Key.State)
	})
	h.run(t, "RotationWithoutGrace", func(e *env) {
		k, other := e.key(), e.key()
		e.do(rotate(k, "new", 0))
		require.Nil(e, e.found(creation(k).SecretHash))
		e.current(k, hashOf("new"))
		want := k
		want.SecretPrefix, want.Revision, want.LastUs, want.AsOfUs = "sk_new", 2, start+1, start+1
		require.Equal(e, want, e.view(k.ID).Key, "and nothing else has changed")
		require.Equal(e, want, e.peekKey(k.ID).Key)
		require.Equal(e, &store.Credential{Key: other, ClockUs: start}, e.found(creation(other).SecretHash))
	})
	h.run(t, "RotationWithGrace", func(e *env) {
		k := e.key()
		e.clock.Store(start + second)
		e.do(rotate(k, "new", hour))
		until := start + second + hour
		for _, at := range []int64{until - 1, until, until + day} { // who asks compares the two
			e.clock.Store(at)
			e.previous(k, creation(k).SecretHash, until)
			e.current(k, hashOf("new"))
		}
	})
	h.run(t, "TwiceForgetsTheFirst", func(e *env) {
		k := e.key()
		e.at(start+second, rotate(k, "second", hour))
		e.at(start+2*second, rotate(k, "third", 2*hour))
		require.Nil(e, e.found(creation(k).SecretHash))
		e.previous(k, hashOf("second"), start+2*second+2*hour)
		e.current(k, hashOf("third"))
		e.at(start+3*second, rotate(k, "fourth", 0))
		require.Nil(e, e.found(hashOf("second")))
		require.Nil(e, e.found(hashOf("third")))
		e.current(k, hashOf("fourth"))
	})
	h.run(t, "TwiceInOneBatch", func(e *env) {
		a, b := e.key(), e.key()
		e.clock.Store(start + second)
		e.do(rotate(a, "a2", hour), rotate(b, "b2", 0), rotate(a, "a3", day), settle(a, "s", 1))
		require.Nil(e, e.found(creation(a).SecretHash))
		e.previous(a, hashOf("a2"), start+second+1+day)
		e.current(a, hashOf("a3"))
		require.Equal(e, "sk_a3", e.view(a.ID).Key.SecretPrefix)
		require.Nil(e, e.found(creation(b).SecretHash))
		e.current(b, hashOf("b2"))
		require.EqualValues(e, 4, e.view(a.ID).Key.Revision)
	})
	h.run(t, "ATakenSecretLeavesNothing", func(e *env) {
		a, b := e.key(), e.key()
		_, err := Do(e.Context(), e.store, settle(a, "s", 1), ledger.Rotate{KeyRef: on(a), SecretHash: creation(b).SecretHash, SecretPrefix: "x"})
		require.Error(e, err)
		require.Equal(e, a, e.view(a.ID).Key)
		require.Equal(e, &store.Credential{Key: b, ClockUs: start}, e.found(creation(b).SecretHash))
		require.Empty(e, e.spends(a.ID))
	})
}

// touch notes when keys were last seen.
func (e *env) touch(seen map[ledger.KeyID]int64) {
	e.Helper()
	require.NoError(e, e.store.TouchKeys(e.Context(), seen))
}

func testLastUse(t *testing.T, h Harness) {
	h.run(t, "IsKept", func(e *env) {
		a, b, never := e.key(), e.key(), e.key()
		e.touch(map[ledger.KeyID]int64{a.ID: start + 5, b.ID: start + 7, keyID(99): start + 9})
		a.LastUsedAtUs, b.LastUsedAtUs = start+5, start+7
		for _, k := range []ledger.Key{a, b, never} {
			require.Equal(e, k, e.view(k.ID).Key, "and nothing else changes: no revision, no time")
			require.Equal(e, k, e.peekKey(k.ID).Key)
			require.Equal(e, &store.Credential{Key: k, ClockUs: start}, e.found(creation(k).SecretHash))
		}
		require.Len(e, e.audits(), 3, "an unknown id makes no key")
	})
	h.run(t, "NeverGoesBack", func(e *env) {
		k := e.key()
		for _, step := range [][2]int64{{start + 5, start + 5}, {start + 4, start + 5}, {0, start + 5}, {start + 6, start + 6}} {
			e.touch(map[ledger.KeyID]int64{k.ID: step[0]})
			require.Equal(e, step[1], e.view(k.ID).Key.LastUsedAtUs)
		}
	})
	h.run(t, "NoneIsNothing", func(e *env) {
		k := e.key()
		e.touch(nil)
		e.touch(map[ledger.KeyID]int64{})
		require.Equal(e, k, e.view(k.ID).Key)
	})
	h.run(t, "StaysWhenTheKeyChanges", func(e *env) {
		k := e.key()
		e.touch(map[ledger.KeyID]int64{k.ID: start + 5})
		e.at(start+hour, settle(k, "s", 1))
		e.do(rotate(k, "new", 0), setLimit(k, ledger.Daily, 5), ledger.Revoke{KeyRef: on(k)})
		require.Equal(e, start+5, e.view(k.ID).Key.LastUsedAtUs)
		e.requireSound()
	})
	h.run(t, "BesideBatches", testTouchConcurrently)
}

// testTouchConcurrently: nothing of either is lost when keys are seen while
// batches change them.
func testTouchConcurrently(e *env) {
	const rounds = 20
	var keys []ledger.Key
	for range 8 {
		keys = append(keys, e.key())
	}
	errs := make(chan error, 4*rounds)
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for round := range rounds {
				if worker < 2 {
					seen := make(map[ledger.KeyID]int64)
					for _, k := range keys {
						seen[k.ID] = start + int64(round)
					}
					errs <- e.store.TouchKeys(e.Context(), seen)
					continue
				}
				var ops []ledger.Operation
				for _, k := range keys {
					ops = append(ops, settle(k, fmt.Sprint(worker, " ", round), 1))
				}
				_, err := Do(e.Context(), e.store, ops...)
				errs <- err
			}
		})
	}
	group.Wait()
	close(errs)
	for err := range errs {
		require.NoError(e, err)
	}
	for _, k := range keys {
		got := e.view(k.ID).Key
		require.Equal(e, start+rounds-1, got.LastUsedAtUs)
		require.EqualValues(e, 2*rounds, got.SpentSats[ledger.Daily])
		require.EqualValues(e, 1+2*rounds, got.Revision)
	}
	e.requireSound()
}

// token is one that a test calls by name.
func token(n int, name string, createdAtUs int64) store.ServiceToken {
	return store.ServiceToken{
		ID: keyID(n), Name: name, Hash: hashOf(name), Prefix: "satcapsvc_" + name, Roles: int64(n), CreatedAtUs: createdAtUs,
	}
}

func (e *env) newToken(t store.ServiceToken) store.ServiceToken {
	e.Helper()
	require.NoError(e, e.store.CreateServiceToken(e.Context(), t))
	return t
}

func (e *env) foundToken(hash []byte) *store.ServiceToken {
	e.Helper()
	t, err := e.store.FindServiceToken(e.Context(), hash)
	require.NoError(e, err)
	return t
}

func (e *env) tokens() []store.ServiceToken {
	e.Helper()
	tokens, err := e.store.ListServiceTokens(e.Context())
	require.NoError(e, err)
	return tokens
}

func (e *env) revokeToken(id ledger.KeyID, us int64) bool {
	e.Helper()
	revoked, err := e.store.RevokeServiceToken(e.Context(), id, us)
	require.NoError(e, err)
	return revoked
}

func testServiceTokens(t *testing.T, h Harness) {
	h.run(t, "EveryFieldIsKept", func(e *env) {
		require.Empty(e, e.tokens())
		core := e.newToken(token(7, "core API", start))
		require.Equal(e, &core, e.foundToken(core.Hash))
		require.Equal(e, []store.ServiceToken{core}, e.tokens())
	})
	h.run(t, "ListedByAgeThenID", func(e *env) {
		late, second, first := e.newToken(token(1, "late", start+1)), e.newToken(token(3, "second", start)), e.newToken(token(2, "first", start))
		require.Equal(e, []store.ServiceToken{first, second, late}, e.tokens())
	})
	h.run(t, "OthersAreNotFound", func(e *env) {
		core := e.newToken(token(1, "core", start))
		k := e.key()
		for _, wrong := range [][]byte{nil, {}, core.Hash[:31], append(bytes.Clone(core.Hash), 0), hashOf("other"), creation(k).SecretHash} {
			require.Nil(e, e.foundToken(wrong), "%x", wrong)
		}
		require.Nil(e, e.found(core.Hash), "a token is no secret of a key")
	})
	h.run(t, "RevokedOnce", func(e *env) {
		core, other := e.newToken(token(1, "core", start)), e.newToken(token(2, "other", start))
		require.False(e, e.revokeToken(keyID(3), start+1), "there is none")
		require.Equal(e, []store.ServiceToken{core, other}, e.tokens())
		require.True(e, e.revokeToken(core.ID, start+2))
		require.False(e, e.revokeToken(core.ID, start+3), "it is already")
		core.RevokedAtUs = start + 2
		require.Equal(e, []store.ServiceToken{core, other}, e.tokens())
		require.Equal(e, &core, e.foundToken(core.Hash), "found still: who asks says no")
		require.Equal(e, &other, e.foundToken(other.Hash))
	})
	h.run(t, "ATakenIDOrHashIsRefused", func(e *env) {
		core := e.newToken(token(1, "core", start))
		sameID, sameHash := token(1, "other", start), token(2, "other", start)
		sameHash.Hash = core.Hash
		for _, taken := range []store.ServiceToken{sameID, sameHash} {
			require.Error(e, e.store.CreateServiceToken(e.Context(), taken))
		}
		require.Equal(e, []store.ServiceToken{core}, e.tokens())
	})
	h.run(t, "ManyMayHaveOneName", func(e *env) {
		a, b := token(1, "core", start), token(2, "core", start)
		b.Hash = hashOf("b")
		require.Equal(e, []store.ServiceToken{e.newToken(a), e.newToken(b)}, e.tokens())
	})
}
