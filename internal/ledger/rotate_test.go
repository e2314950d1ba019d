// Rotations: what becomes of both secrets, and what a repeated one changes.

package ledger_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
)

// A rotation changes the secret and nothing else: who waits for the grace period
// is told until when the old secret works.
func TestRotate(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		before  []ledger.Operation // on the key, all accepted
		graceUs int64
		until   int64 // of the old secret
		err     error
	}{
		"at once":          {until: 0},
		"with a grace":     {graceUs: hour, until: start + hour},
		"the shortest":     {graceUs: 1, until: start + 1},
		"seven days":       {graceUs: 7 * day, until: start + 7*day},
		"below none":       {graceUs: -1, until: 0},
		"a paused key":     {before: []ledger.Operation{ledger.Pause{}}, graceUs: hour, until: start + 1 + hour},
		"after a rotation": {before: []ledger.Operation{ledger.Rotate{SecretHash: []byte("first"), SecretPrefix: "first", GraceUs: day}}, until: 0},
		"a revoked key":    {before: []ledger.Operation{ledger.Revoke{}}, graceUs: hour, err: ledger.ErrKeyRevoked},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, ledger.Limits{100, 0, 0, 4})
			for _, op := range test.before {
				b.ok(b.aim(op))
			}
			before := b.key()
			op := ledger.Rotate{KeyRef: b.on, SecretHash: []byte("new hash"), SecretPrefix: "sk_new", GraceUs: test.graceUs}
			if test.err != nil {
				b.refused(op, test.err)
				require.Empty(t, b.applied.Changes.Secrets)
				same(t, before, b.key())
				return
			}
			r := b.ok(op)
			require.Equal(t, []ledger.SecretChange{
				{KeyID: b.on.KeyID, Hash: []byte("new hash"), Prefix: "sk_new", PreviousUntilUs: test.until},
			}, b.applied.Changes.Secrets)
			want := before
			want.SecretPrefix, want.Revision, want.LastUs, want.AsOfUs = "sk_new", before.Revision+1, b.key().LastUs, b.key().AsOfUs
			same(t, want, r.Key)
			same(t, want, b.key())
			b.ok(op) // the same again is another rotation: the store cannot know that the secret is the same
		})
	}
}

// aim sends an operation to the bundle's key.
func (b *bundle) aim(op ledger.Operation) ledger.Operation {
	switch op := op.(type) {
	case ledger.Pause:
		op.KeyRef = b.on
		return op
	case ledger.Revoke:
		op.KeyRef = b.on
		return op
	case ledger.Rotate:
		op.KeyRef = b.on
		return op
	}
	panic("not known here")
}

// Two rotations in one batch are both there, in order, and a refused operation
// beside them takes nothing away.
func TestRotateInABatch(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{5, 0, 0, 0})
	rotate := func(hash string, graceUs int64) ledger.Operation {
		return ledger.Rotate{KeyRef: b.on, SecretHash: []byte(hash), SecretPrefix: "sk_" + hash, GraceUs: graceUs}
	}
	outcomes := b.run(t, rotate("1", hour), b.reserve("too much", 6), rotate("2", 2*hour), ledger.Revoke{KeyRef: b.on}, rotate("3", 0))
	require.Equal(t, []int64{2, 0, 3, 4, 0}, []int64{
		outcomes[0].Result.Key.Revision, outcomes[1].Result.Key.Revision, outcomes[2].Result.Key.Revision,
		outcomes[3].Result.Key.Revision, outcomes[4].Result.Key.Revision,
	})
	require.ErrorIs(t, outcomes[4].Err, ledger.ErrKeyRevoked)
	require.Equal(t, []ledger.SecretChange{
		{KeyID: b.on.KeyID, Hash: []byte("1"), Prefix: "sk_1", PreviousUntilUs: start + hour},
		{KeyID: b.on.KeyID, Hash: []byte("2"), Prefix: "sk_2", PreviousUntilUs: start + 1 + 2*hour},
	}, b.applied.Changes.Secrets)
	require.Equal(t, "sk_2", b.key().SecretPrefix)
	require.False(t, b.applied.Changes.Empty())
	require.False(t, (&ledger.Changes{Secrets: b.applied.Changes.Secrets}).Empty())
}

// rotateAs is a rotation with a name.
func (b *bundle) rotateAs(requestID, hash string, graceUs int64) ledger.Rotate {
	return ledger.Rotate{KeyRef: b.on, SecretHash: []byte(hash), SecretPrefix: "sk_" + hash, GraceUs: graceUs, RequestID: requestID}
}

// A rotation under the name of the last one replaces the secret that it made and
// leaves the one before, and its time, alone.
func TestRotateAgain(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		between []ledger.Operation // after the rotation r1 with an hour of grace, all accepted
		passUs  int64
		op      ledger.Rotate
		want    secrets
		last    ledger.Rotation
		err     error
	}{
		"a replay": {
			op:   ledger.Rotate{RequestID: "r1", GraceUs: hour},
			want: secrets{"new", "first", start + hour}, last: ledger.Rotation{RequestID: "r1", GraceUs: hour},
		},
		"a replay after the grace": {
			passUs: day, op: ledger.Rotate{RequestID: "r1", GraceUs: hour},
			want: secrets{"new", "first", start + hour}, last: ledger.Rotation{RequestID: "r1", GraceUs: hour},
		},
		"a second replay": {
			between: []ledger.Operation{ledger.Rotate{SecretHash: []byte("lost too"), RequestID: "r1", GraceUs: hour}},
			op:      ledger.Rotate{RequestID: "r1", GraceUs: hour},
			want:    secrets{"new", "first", start + hour}, last: ledger.Rotation{RequestID: "r1", GraceUs: hour},
		},
		"a replay on a paused key": {
			between: []ledger.Operation{ledger.Pause{}}, op: ledger.Rotate{RequestID: "r1", GraceUs: hour},
			want: secrets{"new", "first", start + hour}, last: ledger.Rotation{RequestID: "r1", GraceUs: hour},
		},
		"a longer grace": {
			op: ledger.Rotate{RequestID: "r1", GraceUs: hour + second}, err: ledger.ErrRequestIDReused,
		},
		"no grace": {
			op: ledger.Rotate{RequestID: "r1"}, err: ledger.ErrRequestIDReused,
		},
		"another grace on a revoked key": {
			between: []ledger.Operation{ledger.Revoke{}}, op: ledger.Rotate{RequestID: "r1", GraceUs: day}, err: ledger.ErrKeyRevoked,
		},
		"a replay on a revoked key": {
			between: []ledger.Operation{ledger.Revoke{}}, op: ledger.Rotate{RequestID: "r1", GraceUs: hour}, err: ledger.ErrKeyRevoked,
		},
		"another name": {
			passUs: second, op: ledger.Rotate{RequestID: "r2", GraceUs: hour},
			want: secrets{"new", "lost", start + second + hour}, last: ledger.Rotation{RequestID: "r2", GraceUs: hour},
		},
		"a name in other letters": {
			passUs: second, op: ledger.Rotate{RequestID: "R1", GraceUs: hour},
			want: secrets{"new", "lost", start + second + hour}, last: ledger.Rotation{RequestID: "R1", GraceUs: hour},
		},
		"no name": {
			passUs: second, op: ledger.Rotate{GraceUs: hour},
			want: secrets{"new", "lost", start + second + hour},
		},
		"the name after one without": {
			between: []ledger.Operation{ledger.Rotate{SecretHash: []byte("second")}},
			passUs:  second, op: ledger.Rotate{RequestID: "r1", GraceUs: day},
			want: secrets{"new", "second", start + second + day}, last: ledger.Rotation{RequestID: "r1", GraceUs: day},
		},
		"the name after another": {
			between: []ledger.Operation{ledger.Rotate{SecretHash: []byte("second"), RequestID: "r2", GraceUs: hour}},
			passUs:  second, op: ledger.Rotate{RequestID: "r1", GraceUs: hour},
			want: secrets{"new", "second", start + second + hour}, last: ledger.Rotation{RequestID: "r1", GraceUs: hour},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, ledger.Limits{})
			b.secrets[b.on.KeyID] = secrets{current: "first"}
			b.ok(b.rotateAs("r1", "lost", hour))
			for _, op := range test.between {
				b.ok(b.aim(op))
			}
			b.clockUs += test.passUs
			before, known := b.key(), b.secrets[b.on.KeyID]
			op := b.rotateAs(test.op.RequestID, "new", test.op.GraceUs)
			if test.err != nil {
				b.refused(op, test.err)
				same(t, before, b.key())
				require.Equal(t, known, b.secrets[b.on.KeyID])
				return
			}
			require.Equal(t, "sk_new", b.ok(op).Key.SecretPrefix)
			require.Equal(t, test.want, b.secrets[b.on.KeyID])
			require.Equal(t, test.last, b.key().LastRotation)
			require.Equal(t, before.State, b.key().State)
		})
	}
}

// Without a grace there is no secret before that a replay could leave alone.
func TestRotateAgainWithoutGrace(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{})
	b.ok(b.rotateAs("r1", "lost", 0))
	b.ok(b.rotateAs("r1", "new", 0))
	require.Equal(t, secrets{current: "new"}, b.secrets[b.on.KeyID])
	b.refused(b.rotateAs("r1", "newer", 1), ledger.ErrRequestIDReused)
}

// A call and its repetition may meet in one batch.
func TestRotateAgainInABatch(t *testing.T) {
	t.Parallel()
	b := setup(t, ledger.Limits{})
	b.secrets[b.on.KeyID] = secrets{current: "first"}
	outcomes := b.run(t, b.rotateAs("r1", "lost", hour), b.rotateAs("r1", "new", hour), b.rotateAs("r1", "newer", day))
	require.NoError(t, outcomes[0].Err)
	require.NoError(t, outcomes[1].Err)
	require.ErrorIs(t, outcomes[2].Err, ledger.ErrRequestIDReused)
	require.Equal(t, secrets{"new", "first", start + hour}, b.secrets[b.on.KeyID])
	require.Equal(t, []ledger.SecretChange{
		{
			KeyID: b.on.KeyID, Hash: []byte("lost"), Prefix: "sk_lost", PreviousUntilUs: start + hour,
			Rotation: ledger.Rotation{RequestID: "r1", GraceUs: hour},
		},
		{
			KeyID: b.on.KeyID, Hash: []byte("new"), Prefix: "sk_new", Replay: true,
			Rotation: ledger.Rotation{RequestID: "r1", GraceUs: hour},
		},
	}, b.applied.Changes.Secrets)
}
