// Noting when keys were last seen beside batches on the same keys.

package storetest_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
	"github.com/satcap/satcap/internal/store/storetest"
)

// TestTouchNeverDeadlocks: both lock many keys, and have to do it in one order.
func TestTouchNeverDeadlocks(t *testing.T) {
	t.Parallel()
	e := openEngines(t)
	e.clock.Store(start)
	var ids []ledger.KeyID
	for i := range 500 {
		id := numbered(uint64(i + 1))
		ids = append(ids, id)
		_, err := e.postgres.CreateKey(e.ctx, store.CreateKeyParams{
			SecretHash: id[:], RequestHash: []byte{1},
			Key: ledger.Key{ID: id, State: ledger.KeyActive, CreatedAtUs: start, Revision: 1, LastUs: start, Budget: ledger.Budget{AsOfUs: start}},
		})
		require.NoError(t, err)
	}
	const rounds = 10
	errs := make(chan error, 4*rounds)
	var wait sync.WaitGroup
	for worker := range 4 {
		wait.Go(func() {
			for round := range rounds {
				if worker < 2 {
					seen := make(map[ledger.KeyID]int64)
					for _, id := range ids {
						seen[id] = start + int64(2*round+worker)
					}
					errs <- e.postgres.TouchKeys(e.ctx, seen)
					continue
				}
				var ops []ledger.Operation
				for i := range 50 {
					ops = append(ops, ledger.Settle{KeyRef: ledger.KeyRef{KeyID: ids[i*10+round]}, SpendID: fmt.Sprint(worker, round, i), AmountSats: 1})
				}
				_, err := storetest.Do(e.ctx, e.postgres, ops...)
				errs <- err
			}
		})
	}
	wait.Wait()
	close(errs)
	for err := range errs {
		require.NoError(t, err)
	}
}
