// What the tests share: moments, a store with one key, and short names for
// sending it operations.

package ledger_test

import (
	"flag"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
)

const (
	second = int64(1_000_000)
	hour   = 3600 * second
	day    = 24 * hour
	// ttl is the time to live of holds where it does not matter.
	ttl = hour
)

// start is the virtual time at which tests begin.
var start = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC).UnixMicro()

// TestMain raises rapid's default number of checks; the flag still wins.
func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.checks" })
	if !given {
		checks := "1000"
		if testing.Short() {
			checks = "100"
		}
		if err := flag.Set("rapid.checks", checks); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// bundle is a store with one key, the clock at start.
type bundle struct {
	*fakeStore
	t  testing.TB
	on ledger.KeyRef
}

// setup makes an active key with the given limits. The key has seen nothing yet.
func setup(t testing.TB, limits ledger.Limits) *bundle {
	t.Helper()
	b := &bundle{
		fakeStore: &fakeStore{clockUs: start, keys: map[ledger.KeyID]ledger.Key{}, secrets: map[ledger.KeyID]secrets{}},
		t:         t, on: ledger.KeyRef{KeyID: ledger.KeyID{1}},
	}
	b.addKey(b.on.KeyID, "alice", limits)
	return b
}

func (s *fakeStore) addKey(id ledger.KeyID, subject string, limits ledger.Limits) {
	s.keys[id] = ledger.Key{ID: id, Subject: subject, State: ledger.KeyActive, Revision: 1, Budget: ledger.Budget{Limits: limits}}
}

// key is the key as stored.
func (b *bundle) key() ledger.Key { return b.keys[b.on.KeyID] }

// change edits the stored key behind the ledger's back.
func (b *bundle) change(edit func(*ledger.Key)) {
	k := b.key()
	edit(&k)
	b.keys[k.ID] = k
}

// send runs one operation in a batch of its own.
func (b *bundle) send(op ledger.Operation) ledger.Outcome {
	b.t.Helper()
	return b.run(b.t, op)[0]
}

// ok sends an operation that must be accepted and change the key.
func (b *bundle) ok(op ledger.Operation) ledger.Result {
	b.t.Helper()
	revision := b.key().Revision
	out := b.send(op)
	require.NoError(b.t, out.Err)
	require.False(b.t, out.Result.Replayed, "%+v changed nothing", op)
	require.Equal(b.t, revision+1, out.Result.Key.Revision)
	return out.Result
}

// replay sends an operation that must be accepted and change nothing.
func (b *bundle) replay(op ledger.Operation) ledger.Result {
	b.t.Helper()
	revision, rows := b.key().Revision, b.clone().spends
	out := b.send(op)
	require.NoError(b.t, out.Err)
	require.True(b.t, out.Result.Replayed, "%+v changed something", op)
	require.Equal(b.t, revision, out.Result.Key.Revision)
	require.Equal(b.t, revision, b.key().Revision)
	require.Equal(b.t, rows, b.spends)
	return out.Result
}

// refused sends an operation that must be refused and change nothing.
func (b *bundle) refused(op ledger.Operation, want error) {
	b.t.Helper()
	revision, rows := b.key().Revision, b.clone().spends
	out := b.send(op)
	require.ErrorIs(b.t, out.Err, want)
	require.Equal(b.t, ledger.Result{}, out.Result)
	require.Equal(b.t, revision, b.key().Revision)
	require.Equal(b.t, rows, b.spends)
}

// closed sends a Reserve that must find its spend closed in a state.
func (b *bundle) closed(op ledger.Reserve, want ledger.SpendState) {
	b.t.Helper()
	var closed *ledger.SpendClosedError
	require.ErrorAs(b.t, b.send(op).Err, &closed)
	require.Equal(b.t, want, closed.Spend.State)
	require.Equal(b.t, op.SpendID, closed.Spend.ID)
}

// exceeded sends a Reserve that must be refused for a limit.
func (b *bundle) exceeded(op ledger.Reserve) *ledger.LimitExceededError {
	b.t.Helper()
	var refusal *ledger.LimitExceededError
	require.ErrorAs(b.t, b.send(op).Err, &refusal)
	return refusal
}

// sums requires what the key holds and has spent per window as of the clock.
func (b *bundle) sums(held int64, spent ...int64) {
	b.t.Helper()
	u := b.view(b.on.KeyID).Usage()
	for i, w := range ledger.Windows() {
		want := spent[min(i, len(spent)-1)]
		require.Equal(b.t, want, u[w].SpentSats, "%s spent", w)
		require.Equal(b.t, held, u[w].HeldSats, "%s held", w)
	}
}

func (b *bundle) reserve(id string, sats int64) ledger.Reserve {
	return ledger.Reserve{KeyRef: b.on, SpendID: id, AmountSats: sats, TTLUs: ttl}
}

func (b *bundle) settle(id string, sats int64) ledger.Settle {
	return ledger.Settle{KeyRef: b.on, SpendID: id, AmountSats: sats}
}

// settleAs is a settle with a transaction id.
func (b *bundle) settleAs(id string, sats int64, transactionID string) ledger.Settle {
	return ledger.Settle{KeyRef: b.on, SpendID: id, AmountSats: sats, TransactionID: transactionID}
}

func (b *bundle) release(id string) ledger.Release {
	return ledger.Release{KeyRef: b.on, SpendID: id}
}

func (b *bundle) reverse(id string) ledger.Reverse {
	return ledger.Reverse{KeyRef: b.on, SpendID: id}
}

func (b *bundle) reverseTransaction(id string) ledger.Reverse {
	return ledger.Reverse{KeyRef: b.on, TransactionID: id}
}

// same requires that two values are equal and shows where they are not. It
// compares with == first, because cmp.Diff is too slow to be asked every time.
func same[T comparable](t testingT, want, got T, about ...any) {
	t.Helper()
	if want != got {
		differ(t, want, got, about...)
	}
}

// sameRows is same for lists.
func sameRows[T comparable](t testingT, want, got []T, about ...any) {
	t.Helper()
	if !slices.Equal(want, got) {
		differ(t, want, got, about...)
	}
}

// differ fails unless the two are equal after all: pointers to equal values are.
func differ(t testingT, want, got any, about ...any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%+v: want (-), got (+):\n%s", about, diff)
		t.FailNow()
	}
}
