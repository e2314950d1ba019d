// Rotations that come again: what they leave alone, and what they are known by.

package storetest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

// rotateAs is a rotation with a name.
func rotateAs(k ledger.Key, requestID, secret string, graceUs int64) ledger.Operation {
	op := rotate(k, secret, graceUs).(ledger.Rotate)
	op.RequestID = requestID
	return op
}

func testRotations(t *testing.T, h Harness) {
	h.run(t, "AReplayReplacesTheSecretAlone", func(e *env) {
		k := e.key()
		e.at(start+second, rotateAs(k, "r1", "lost", hour))
		e.at(start+day, rotateAs(k, "r1", "lost too", hour))
		e.at(start+2*day, rotateAs(k, "r1", "new", hour))
		require.Nil(e, e.found(hashOf("lost")))
		require.Nil(e, e.found(hashOf("lost too")))
		e.previous(k, creation(k).SecretHash, start+second+hour)
		e.current(k, hashOf("new"))
		want := k
		want.SecretPrefix, want.Revision, want.LastUs, want.AsOfUs = "sk_new", 4, start+2*day, start+2*day
		want.LastRotation = ledger.Rotation{RequestID: "r1", GraceUs: hour}
		require.Equal(e, want, e.view(k.ID).Key, "and nothing else has changed")
		require.Equal(e, want, e.peekKey(k.ID).Key)
	})
	h.run(t, "AReplayBringsNoSecretBack", func(e *env) {
		k := e.key()
		e.at(start+second, rotateAs(k, "r1", "lost", 0))
		e.at(start+2*second, rotateAs(k, "r1", "new", 0))
		require.Nil(e, e.found(creation(k).SecretHash))
		require.Nil(e, e.found(hashOf("lost")))
		e.current(k, hashOf("new"))
	})
	h.run(t, "AReplayInOneBatch", func(e *env) {
		k, other := e.key(), e.key()
		e.clock.Store(start + second)
		e.do(rotateAs(k, "r1", "lost", hour), rotateAs(other, "r1", "other", day), rotateAs(k, "r1", "new", hour))
		require.Nil(e, e.found(hashOf("lost")))
		e.previous(k, creation(k).SecretHash, start+second+hour)
		e.current(k, hashOf("new"))
		e.previous(other, creation(other).SecretHash, start+second+day)
		e.current(other, hashOf("other"))
	})
	h.run(t, "TheNextOneForgetsAsEver", func(e *env) {
		k := e.key()
		e.at(start+second, rotateAs(k, "r1", "second", hour))
		e.at(start+2*second, rotateAs(k, "r2", "third", day))
		require.Nil(e, e.found(creation(k).SecretHash))
		e.previous(k, hashOf("second"), start+2*second+day)
		e.current(k, hashOf("third"))
		e.at(start+3*second, rotate(k, "fourth", hour))
		e.previous(k, hashOf("third"), start+3*second+hour)
		require.Zero(e, e.peekKey(k.ID).Key.LastRotation, "one without a name is known by nothing")
	})
	h.run(t, "AnotherGraceLeavesEverything", func(e *env) {
		k := e.key()
		e.at(start+second, rotateAs(k, "r1", "new", hour))
		before := e.view(k.ID).Key
		outcomes, err := Do(e.Context(), e.store, rotateAs(k, "r1", "newer", day))
		require.NoError(e, err)
		require.ErrorIs(e, outcomes[0].Err, ledger.ErrRequestIDReused)
		require.Equal(e, before.LastRotation, e.view(k.ID).Key.LastRotation)
		require.Equal(e, before.Revision, e.view(k.ID).Key.Revision)
		require.Nil(e, e.found(hashOf("newer")))
		e.previous(k, creation(k).SecretHash, start+second+hour)
		e.current(k, hashOf("new"))
	})
	h.run(t, "NamesAreKeptAsTheyAre", func(e *env) {
		for _, name := range []string{"R1", strings.Repeat("👍", 128), "'; --", "é", "e\u0301"} {
			k := e.key()
			e.do(rotateAs(k, name, name, 7*day))
			want := ledger.Rotation{RequestID: name, GraceUs: 7 * day}
			require.Equal(e, want, e.peekKey(k.ID).Key.LastRotation)
			e.do(settle(k, "s", 1), ledger.Pause{KeyRef: on(k)})
			keys, err := e.store.ListKeys(e.Context(), store.ListKeysParams{Subject: k.Subject, BeforeUs: start + day, Limit: 100})
			require.NoError(e, err)
			require.Contains(e, keys, e.view(k.ID), "what else changes the key leaves it")
			require.Equal(e, want, e.view(k.ID).Key.LastRotation)
		}
	})
}
