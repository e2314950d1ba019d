// Creating keys, and creating them again.

package storetest

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

func testKeys(t *testing.T, h Harness) {
	h.run(t, "EveryFieldIsKept", func(e *env) {
		k := newKey(keyID(7), start)
		k.Subject, k.Name, k.Scopes, k.SecretPrefix = "bob", "shop", ledger.ScopeRead|ledger.ScopeReceive, "sk_live_7"
		k.State, k.ExpiresAtUs, k.Revision = ledger.KeyPaused, start+day, 3
		k.Limits = ledger.Limits{11, 22, 33, 44}
		created, err := e.store.CreateKey(e.Context(), creation(k))
		require.NoError(e, err)
		require.Equal(e, store.Created{Key: k, RequestHash: creation(k).RequestHash, New: true}, created)
		require.Equal(e, k, e.view(k.ID).Key)
		require.Equal(e, k, e.peekKey(k.ID).Key)
	})
	h.run(t, "AKeyMayBringItsPast", func(e *env) {
		k := newKey(keyID(8), start-day)
		k.State, k.RevokedAtUs, k.LastUsedAtUs = ledger.KeyRevoked, start-hour, start-2*hour
		k.LastUs, k.AsOfUs = start-second, start-2*second
		_, err := e.store.CreateKey(e.Context(), creation(k))
		require.NoError(e, err)
		require.Equal(e, k, e.view(k.ID).Key)
	})
	h.run(t, "TheOriginIsKept", func(e *env) {
		k := e.key()
		origin, found, err := e.store.FindOrigin(e.Context(), k.ID)
		require.NoError(e, err)
		require.True(e, found)
		require.Equal(e, creation(k).RequestHash, origin)
		_, found, err = e.store.FindOrigin(e.Context(), keyID(99))
		require.NoError(e, err)
		require.False(e, found)
	})
	h.run(t, "EachLimitMayBeUnlimited", func(e *env) {
		for w := range ledger.WindowCount {
			k := e.key(func(k *ledger.Key) { k.Limits[w] = ledger.MaxAmountSats })
			require.Equal(e, k, e.view(k.ID).Key)
		}
	})
	h.run(t, "SameRequestMakesOneKey", testCreateAgain)
	h.run(t, "RequestsOfOthersAreTheirOwn", func(e *env) {
		for i, subject := range []string{"alice", "bob"} {
			p := creation(newKey(keyID(i+1), start))
			p.Key.Subject, p.RequestID = subject, "r"
			created, err := e.store.CreateKey(e.Context(), p)
			require.NoError(e, err)
			require.True(e, created.New)
		}
	})
	h.run(t, "NoRequestIsNotARequest", func(e *env) {
		e.key()
		e.key() // the same subject, no request id either
	})
	h.run(t, "ATakenIDOrSecretIsRefused", func(e *env) {
		k := e.key()
		for name, p := range map[string]store.CreateKeyParams{
			"id":     {Key: newKey(k.ID, start), SecretHash: []byte("other"), RequestHash: []byte{}},
			"secret": {Key: newKey(keyID(9), start), SecretHash: creation(k).SecretHash, RequestHash: []byte{}},
		} {
			_, err := e.store.CreateKey(e.Context(), p)
			require.ErrorIs(e, err, store.ErrDefect, name)
			require.NotErrorIs(e, err, store.ErrOutcomeUnknown, name)
		}
		require.Len(e, e.audits(), 1)
	})
	h.run(t, "ConcurrentRequestsMakeOneKey", testCreateConcurrently)
}

func testCreateAgain(e *env) {
	first := creation(newKey(keyID(1), start))
	first.Key.Limits, first.RequestID = ledger.Limits{5, 0, 7, 0}, "r"
	_, err := e.store.CreateKey(e.Context(), first)
	require.NoError(e, err)
	e.at(start+second, settle(first.Key, "s", 3))

	again := creation(newKey(keyID(2), start+day))
	again.Key.Name, again.RequestID, again.RequestHash = "other", "r", []byte("other")
	created, err := e.store.CreateKey(e.Context(), again)
	require.NoError(e, err)
	require.False(e, created.New)
	require.Equal(e, first.RequestHash, created.RequestHash, "the hash of the request that made it")
	require.Equal(e, e.view(first.Key.ID).Key, created.Key, "the key as it is now")
	require.EqualValues(e, 3, created.Key.SpentSats[ledger.Daily])
	require.Len(e, e.audits(), 1)
}

func testCreateConcurrently(e *env) {
	const callers = 12
	var (
		group   sync.WaitGroup
		created [callers]store.Created
		errs    [callers]error
	)
	for i := range callers {
		group.Go(func() {
			p := creation(newKey(keyID(i+1), start))
			p.RequestID, p.RequestHash = "r", fmt.Append(nil, i)
			created[i], errs[i] = e.store.CreateKey(e.Context(), p)
		})
	}
	group.Wait()
	var made []store.Created
	for i, c := range created {
		require.NoError(e, errs[i])
		if c.New {
			made = append(made, c)
		}
	}
	require.Len(e, made, 1)
	for _, c := range created {
		require.Equal(e, made[0].Key, c.Key)
		require.Equal(e, made[0].RequestHash, c.RequestHash)
	}
	require.Len(e, e.audits(), 1)
}
