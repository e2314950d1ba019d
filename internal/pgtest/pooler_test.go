package pgtest

import (
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

func TestStartPooler(t *testing.T) {
	pooled := StartPooler(t, Database(t))
	config, err := pgx.ParseConfig(pooled)
	require.NoError(t, err)
	config.DefaultQueryExecMode = pgx.QueryExecModeExec

	const clients, transactions = 5 * PoolSize, 5
	var (
		mu       sync.Mutex
		backends = make(map[int]bool)
		group    sync.WaitGroup
		errs     = make(chan error, clients)
	)
	for range clients {
		group.Go(func() {
			errs <- func() error {
				conn, err := pgx.ConnectConfig(t.Context(), config.Copy())
				if err != nil {
					return err
				}
				defer conn.Close(t.Context())
				for range transactions {
					var pid int
					err := conn.QueryRow(t.Context(), "SELECT pg_backend_pid() FROM pg_sleep(0.002)").Scan(&pid)
					if err != nil {
						return err
					}
					mu.Lock()
					backends[pid] = true
					mu.Unlock()
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
	require.NotEmpty(t, backends)
	require.LessOrEqual(t, len(backends), PoolSize)
}
