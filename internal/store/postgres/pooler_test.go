// Through PgBouncer in transaction mode, where no two transactions of a client
// need to reach the same session.

package postgres_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/pgtest"
	"github.com/satcap/satcap/internal/store"
	"github.com/satcap/satcap/internal/store/postgres"
	"github.com/satcap/satcap/internal/store/storetest"
)

func TestThroughAPooler(t *testing.T) {
	t.Parallel()
	url := pgtest.StartPooler(t, pgtest.Clone(t, migrate))
	hammer(t, open(t, with(t, url, "pool_max_conns", "32")), 32, 8)
}

// newKey makes key number n.
func newKey(t *testing.T, s *postgres.Store, n int, limits ledger.Limits) ledger.Key {
	t.Helper()
	clockUs, err := s.ClockUs(t.Context())
	require.NoError(t, err)
	var id ledger.KeyID
	binary.BigEndian.PutUint64(id[8:], uint64(n))
	created, err := s.CreateKey(t.Context(), store.CreateKeyParams{
		Key: ledger.Key{
			ID: id, Subject: "alice", Name: "till", State: ledger.KeyActive, CreatedAtUs: clockUs, Revision: 1, LastUs: clockUs,
			Budget: ledger.Budget{AsOfUs: clockUs, Limits: limits},
		},
		SecretHash: id[:], RequestHash: []byte{},
	})
	require.NoError(t, err)
	return created.Key
}

// hammer lets goroutines run batches and reads on a few keys, and checks that
// every limit was filled exactly and that all sums add up.
func hammer(t *testing.T, s *postgres.Store, goroutines, rounds int) {
	t.Helper()
	const keys = 4
	limit := int64(goroutines*rounds) / 2
	var all []ledger.Key
	for i := range keys {
		all = append(all, newKey(t, s, i+1, ledger.Limits{ledger.Daily: limit}))
	}
	var group sync.WaitGroup
	errs := make(chan error, goroutines)
	for n := range goroutines {
		group.Go(func() {
			errs <- func() error {
				for i := range rounds {
					if err := hammerOnce(t.Context(), s, all, fmt.Sprintf("%d/%d", n, i)); err != nil {
						return err
					}
				}
				return nil
			}()
		})
	}
	group.Wait()
	close(errs)
	for err := range errs {
		require.NoError(t, err)
	}
	audits, err := s.AuditKeys(t.Context(), ledger.KeyID{}, keys+1)
	require.NoError(t, err)
	require.Len(t, audits, keys)
	for _, a := range audits {
		require.Empty(t, a.Differences())
		require.Equal(t, limit, a.SpentSats[ledger.Daily])
	}
}

// hammerOnce asks every key for one sat, settles what is granted, and reads.
func hammerOnce(ctx context.Context, s *postgres.Store, keys []ledger.Key, id string) error {
	var ops []ledger.Operation
	for _, k := range keys {
		on := ledger.KeyRef{KeyID: k.ID}
		ops = append(ops, ledger.Reserve{KeyRef: on, SpendID: id, AmountSats: 1, TTLUs: 3_600_000_000},
			ledger.Settle{KeyRef: on, SpendID: id, TransactionID: id})
	}
	if _, err := storetest.Do(ctx, s, ops...); err != nil {
		return err
	}
	if _, _, err := s.ViewSchedule(ctx, keys[0].ID, 10); err != nil {
		return err
	}
	_, err := s.ListKeys(ctx, store.ListKeysParams{Subject: "alice", BeforeUs: 1 << 62, Limit: 10})
	return err
}
