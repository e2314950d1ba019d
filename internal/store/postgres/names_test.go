// Payment names under the server's locks: who comes second waits, and then sees
// the first, whatever the isolation of the database.

package postgres_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/pgtest"
	"github.com/satcap/satcap/internal/store"
	"github.com/satcap/satcap/internal/store/postgres"
)

// claimed is the name t of a spend of key n.
func claimed(n byte) store.PaymentName {
	return store.PaymentName{Name: "t", KeyID: ledger.KeyID{n}, SpendID: "s"}
}

// told is what a change of a name in the background is answered with.
type told struct {
	name store.PaymentName
	err  error
}

func claimInBackground(ctx context.Context, s *postgres.Store, n byte) <-chan told {
	done := make(chan told, 1)
	go func() {
		stand, err := s.ClaimNames(ctx, []store.PaymentName{claimed(n)})
		if err != nil {
			stand = make([]store.PaymentName, 1)
		}
		done <- told{stand[0], err}
	}()
	return done
}

func reverseInBackground(ctx context.Context, s *postgres.Store) <-chan told {
	done := make(chan told, 1)
	go func() {
		name, err := s.ReverseName(ctx, "t")
		done <- told{name, err}
	}()
	return done
}

// insertName and reverseName are what a rival does to the name t.
const (
	insertName  = "INSERT INTO payment_names (name, api_key_id, spend_id, reversed_at_us, created_at_us) VALUES ('t', $1, $2, $3, 1)"
	reverseName = "UPDATE payment_names SET reversed_at_us = 7"
)

// TestNamesSeeWhatTheyWaitedFor holds a name in an open transaction, new or
// changed, lets the other side wait for it, and commits.
func TestNamesSeeWhatTheyWaitedFor(t *testing.T) {
	t.Parallel()
	own := uuid.UUID(claimed(1).KeyID)
	for _, level := range []string{"read committed", "repeatable read", "serializable"} {
		t.Run(level, func(t *testing.T) {
			t.Parallel()
			url := pgtest.Clone(t, migrate)
			rival, watcher := connect(t, url), connect(t, url)
			exec(t, watcher, fmt.Sprintf("ALTER DATABASE %s SET default_transaction_isolation = '%s'", watcher.Config().Database, level))
			s := open(t, url)
			begin := func(sql string, args ...any) {
				exec(t, rival, "BEGIN")
				exec(t, rival, sql, args...)
			}
			end := func(waiting <-chan told) store.PaymentName {
				awaitWaiting(t, watcher, 1)
				exec(t, rival, "COMMIT")
				got := <-waiting
				require.NoError(t, got.err)
				return got.name
			}
			reversed := claimed(1)
			reversed.ReversedAtUs = 7

			begin(insertName, own, "s", 0)
			name := end(reverseInBackground(t.Context(), s))
			require.Equal(t, claimed(1).KeyID, name.KeyID, "the reversal sees the owner")
			require.NotZero(t, name.ReversedAtUs)
			begin("DELETE FROM payment_names")
			exec(t, rival, insertName, own, "s", 0)
			require.Equal(t, claimed(1), end(claimInBackground(t.Context(), s, 2)), "one owner")
			begin(reverseName)
			require.Equal(t, reversed, end(claimInBackground(t.Context(), s, 1)), "the claim sees the reversal")
			exec(t, rival, "DELETE FROM payment_names")
			begin(insertName, nil, "", 7)
			require.Equal(t, reversed, end(claimInBackground(t.Context(), s, 1)), "and one that came before any owner")
			begin("DELETE FROM payment_names")
			require.Equal(t, claimed(1), end(claimInBackground(t.Context(), s, 1)), "what was forgotten meanwhile is claimed anew")
		})
	}
}

// TestNamesAreBounded: a change waits for a rival only so long, and retention
// not at all.
func TestNamesAreBounded(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t, migrate)
	s, rival := open(t, url), connect(t, url)
	exec(t, rival, insertName, uuid.UUID(claimed(1).KeyID), "s", 0)
	_, err := s.ClaimNames(t.Context(), []store.PaymentName{{Name: "u", KeyID: ledger.KeyID{1}, SpendID: "s"}})
	require.NoError(t, err)
	exec(t, rival, "BEGIN")
	exec(t, rival, reverseName+" WHERE name = 't'")
	claim, reversal := claimInBackground(t.Context(), s, 1), reverseInBackground(t.Context(), s)
	for _, got := range []told{<-claim, <-reversal} {
		require.ErrorIs(t, got.err, store.ErrLocked)
	}
	deleted, err := s.DeleteOldNames(t.Context(), 1<<62, 10)
	require.NoError(t, err)
	require.EqualValues(t, 1, deleted, "all but the one that is locked")
	exec(t, rival, "COMMIT")
	deleted, err = s.DeleteOldNames(t.Context(), 1<<62, 10)
	require.NoError(t, err)
	require.EqualValues(t, 1, deleted)
}

// TestNamesByTheServersClock: without a clock for tests it is the server's.
func TestNamesByTheServersClock(t *testing.T) {
	t.Parallel()
	s := open(t, pgtest.Clone(t, migrate))
	before, err := s.ClockUs(t.Context())
	require.NoError(t, err)
	name, err := s.ReverseName(t.Context(), "t")
	require.NoError(t, err)
	stand, err := s.ClaimNames(t.Context(), []store.PaymentName{{Name: "u", KeyID: ledger.KeyID{1}, SpendID: "s"}})
	require.NoError(t, err)
	require.Zero(t, stand[0].ReversedAtUs)
	after, err := s.ClockUs(t.Context())
	require.NoError(t, err)
	require.GreaterOrEqual(t, name.ReversedAtUs, before)
	require.LessOrEqual(t, name.ReversedAtUs, after)
	deleted, err := s.DeleteOldNames(t.Context(), before, 10)
	require.NoError(t, err)
	require.Zero(t, deleted)
	deleted, err = s.DeleteOldNames(t.Context(), after+1, 10)
	require.NoError(t, err)
	require.EqualValues(t, 2, deleted)
}

// TestConnectionLostInNames: whether the change happened is not known, and is
// not said to be.
func TestConnectionLostInNames(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(context.Context, *postgres.Store) error{
		"Claim": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.ClaimNames(ctx, []store.PaymentName{claimed(1)})
			return err
		},
		"Reverse": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.ReverseName(ctx, "t")
			return err
		},
	} {
		for mode, found := range map[int32]int{cutRequest: 0, cutReply: 1} {
			t.Run(fmt.Sprint(name, found), func(t *testing.T) {
				t.Parallel()
				cut := newCut(t)
				require.NoError(t, change(t.Context(), cut.store)) // its statement is known from now on
				deleted, err := cut.direct.DeleteOldNames(t.Context(), 1<<62, 10)
				require.NoError(t, err)
				require.EqualValues(t, 1, deleted)
				cut.mode.Store(mode)
				err = change(t.Context(), cut.store)
				require.ErrorIs(t, err, store.ErrOutcomeUnknown)
				require.NotErrorIs(t, err, store.ErrUnavailable)
				// What the server was sent it runs, though nobody hears of it.
				require.Eventually(t, func() bool {
					names, err := cut.direct.FindNames(t.Context(), []string{"t"})
					return err == nil && len(names) == found
				}, time.Minute, time.Millisecond)
				cut.requireRecovery(t)
			})
		}
	}
}
