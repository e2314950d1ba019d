// The secrets of keys: in the store for tests, and in the naive model.

package ledger_test

import (
	"fmt"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/satcap/satcap/internal/ledger"
)

// secrets are those that a key has, each by its hash.
type secrets struct {
	current, previous string
	untilUs           int64 // of the previous one; 0: there is none
}

// after is what a store makes of a change.
func (s secrets) after(c ledger.SecretChange) secrets {
	switch {
	case c.Replay:
		s.current = string(c.Hash)
		return s
	case c.PreviousUntilUs == 0:
		return secrets{current: string(c.Hash)}
	}
	return secrets{current: string(c.Hash), previous: s.current, untilUs: c.PreviousUntilUs}
}

// modelRotation is one rotation, however often it came.
type modelRotation struct {
	requestID, secret string
	graceUs, atUs     int64
}

// rotate looks only at the list of all rotations of the key so far.
func (k *modelKey) rotate(op ledger.Rotate) answer {
	if k.state == ledger.KeyRevoked {
		return answer{err: ledger.ErrKeyRevoked}
	}
	if n := len(k.rotations); n > 0 && op.RequestID != "" && k.rotations[n-1].requestID == op.RequestID {
		if k.rotations[n-1].graceUs != op.GraceUs {
			return answer{err: ledger.ErrRequestIDReused}
		}
		k.stamp()
		k.rotations[n-1].secret = string(op.SecretHash)
		return answer{}
	}
	k.rotations = append(k.rotations, modelRotation{op.RequestID, string(op.SecretHash), op.GraceUs, k.stamp()})
	return answer{}
}

// secrets are those that the rotations leave the key; the first one has no hash here.
func (k *modelKey) secrets() (s secrets) {
	n := len(k.rotations)
	if n == 0 {
		return s
	}
	last := k.rotations[n-1]
	s.current = last.secret
	if last.graceUs > 0 {
		s.untilUs = last.atUs + last.graceUs
		if n > 1 {
			s.previous = k.rotations[n-2].secret
		}
	}
	return s
}

// rotation draws a new secret, often under a name that was used before.
func (h *history) rotation(t *rapid.T, on ledger.KeyRef) ledger.Operation {
	h.rotated++
	hash := fmt.Sprintf("secret %d", h.rotated)
	return ledger.Rotate{
		KeyRef: on, SecretHash: []byte(hash), SecretPrefix: hash,
		GraceUs:   rapid.SampledFrom([]int64{hour, hour, day, 0}).Draw(t, "grace"),
		RequestID: rapid.SampledFrom([]string{"r1", "r1", "r2", ""}).Draw(t, "request"),
	}
}

// countRotation remembers whether a rotation that was accepted made a new one.
func (h *history) countRotation(k *modelKey) {
	if n := len(k.rotations); k.rotations[n-1].atUs != k.lastUs {
		h.seen["rotated again"]++
		if k.rotations[n-1].graceUs > 0 && k.nowUs >= k.secrets().untilUs {
			h.seen["rotated again after the grace"]++
		}
	}
}

// requireSecrets requires that the store has the secrets of the model.
func (h *history) requireSecrets(t *rapid.T, k *modelKey) {
	t.Helper()
	require.Equal(t, k.secrets(), h.store.secrets[k.id])
}
