// Lost connections: what a store knows, and says, of what it had asked.

package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/pgtest"
	"github.com/satcap/satcap/internal/store"
	"github.com/satcap/satcap/internal/store/postgres"
	"github.com/satcap/satcap/internal/store/storetest"
)

// cut is a store behind a proxy, and another that is not, on the same database.
type cut struct {
	*proxy
	store, direct *postgres.Store
	key           ledger.Key
}

// newCut opens both. The store has one connection and has run each kind of
// request before, so that each is one round trip.
func newCut(t *testing.T) *cut {
	url := pgtest.Clone(t, migrate)
	c := &cut{proxy: startProxy(t, url), direct: open(t, url)}
	c.store = open(t, with(t, c.url, "pool_max_conns", "1"))
	c.key = newKey(t, c.store, 1, ledger.Limits{100})
	for _, id := range []string{"warm", "warmer"} {
		_, err := storetest.Do(t.Context(), c.store, c.settle(id))
		require.NoError(t, err)
	}
	batch := c.load(t)
	require.NoError(t, batch.LoadSchedules(t.Context(), []ledger.KeyID{c.key.ID}, 10))
	batch.Rollback()
	return c
}

func (c *cut) settle(id string) ledger.Operation {
	return ledger.Settle{KeyRef: ledger.KeyRef{KeyID: c.key.ID}, SpendID: id, AmountSats: 1}
}

func (c *cut) load(t *testing.T) store.Batch {
	t.Helper()
	batch, err := c.store.Load(t.Context(), store.ParamsFor([]ledger.Operation{c.settle("s")}))
	require.NoError(t, err)
	t.Cleanup(batch.Rollback)
	return batch
}

// spent is what is written, as others see it.
func (c *cut) spent(t *testing.T) int64 {
	t.Helper()
	audits, err := c.direct.AuditKeys(t.Context(), ledger.KeyID{}, 10)
	require.NoError(t, err)
	require.Len(t, audits, 1)
	require.Empty(t, audits[0].Differences())
	return audits[0].SpentSats[ledger.Daily] - 2 // the warming up
}

// requireRecovery checks that the connection's end freed the key, and that the
// store finds a new connection: at once, or when it has thrown the old away.
func (c *cut) requireRecovery(t *testing.T) {
	t.Helper()
	c.mode.Store(pass)
	_, err := storetest.Do(t.Context(), c.direct, c.settle("direct"))
	require.NoError(t, err)
	for try := 0; ; try++ {
		_, err := storetest.Do(t.Context(), c.store, c.settle("again"))
		if err == nil {
			return
		}
		require.ErrorIs(t, err, store.ErrUnavailable)
		require.Less(t, try, 3)
	}
}

func TestConnectionLostInCommit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		mode  int32
		spent int64
	}{"RequestLost": {cutRequest, 0}, "ReplyLost": {cutReply, 1}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cut := newCut(t)
			batch := cut.load(t)
			applied := ledger.Apply(batch.Snapshot(), []ledger.Operation{cut.settle("s")})
			cut.mode.Store(c.mode)
			err := batch.Commit(t.Context(), &applied.Changes)
			require.ErrorIs(t, err, store.ErrOutcomeUnknown)
			require.NotErrorIs(t, err, store.ErrUnavailable)
			require.Equal(t, c.spent, cut.spent(t))
			batch.Rollback()
			cut.requireRecovery(t)
		})
	}
}

func TestConnectionLostInCreateKey(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		mode int32
		keys int
	}{"RequestLost": {cutRequest, 1}, "ReplyLost": {cutReply, 2}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cut := newCut(t)
			k := cut.key
			k.ID[0] = 1
			cut.mode.Store(c.mode)
			_, err := cut.store.CreateKey(t.Context(), store.CreateKeyParams{Key: k, SecretHash: k.ID[:], RequestHash: []byte{}})
			require.ErrorIs(t, err, store.ErrOutcomeUnknown)
			require.NotErrorIs(t, err, store.ErrUnavailable)
			audits, err := cut.direct.AuditKeys(t.Context(), ledger.KeyID{}, 10)
			require.NoError(t, err)
			require.Len(t, audits, c.keys)
			cut.requireRecovery(t)
		})
	}
}

// TestConnectionLostBeforeCommit cuts everything that only reads.
func TestConnectionLostBeforeCommit(t *testing.T) {
	t.Parallel()
	for name, ask := range map[string]func(context.Context, *cut) error{
		"Load": func(ctx context.Context, c *cut) error {
			_, err := c.store.Load(ctx, store.ParamsFor([]ledger.Operation{c.settle("s")}))
			return err
		},
		"ViewKeys": func(ctx context.Context, c *cut) error {
			_, err := c.store.ViewKeys(ctx, []ledger.KeyID{c.key.ID}, "")
			return err
		},
		"ViewSchedule": func(ctx context.Context, c *cut) error {
			_, _, err := c.store.ViewSchedule(ctx, c.key.ID, 10)
			return err
		},
		"ClockUs": func(ctx context.Context, c *cut) error {
			_, err := c.store.ClockUs(ctx)
			return err
		},
		"CheckSchema": func(ctx context.Context, c *cut) error { return c.store.CheckSchema(ctx) },
	} {
		for mode, what := range map[int32]string{cutRequest: "RequestLost", cutReply: "ReplyLost"} {
			t.Run(name+what, func(t *testing.T) {
				t.Parallel()
				c := newCut(t)
				c.mode.Store(mode)
				err := ask(t.Context(), c)
				require.ErrorIs(t, err, store.ErrUnavailable)
				require.NotErrorIs(t, err, store.ErrOutcomeUnknown)
				c.requireRecovery(t)
			})
		}
	}
	t.Run("LoadSchedules", func(t *testing.T) {
		t.Parallel()
		c := newCut(t)
		batch := c.load(t)
		c.mode.Store(cutRequest)
		err := batch.LoadSchedules(t.Context(), []ledger.KeyID{c.key.ID}, 10)
		require.ErrorIs(t, err, store.ErrUnavailable)
		require.NotErrorIs(t, err, store.ErrOutcomeUnknown)
		batch.Rollback()
		require.Zero(t, c.spent(t))
		c.requireRecovery(t)
	})
}

// TestBackendTerminated ends the server's side of a batch before its commit.
func TestBackendTerminated(t *testing.T) {
	t.Parallel()
	c := newCut(t)
	batch := c.load(t)
	conn := connect(t, pgURL(t, c.url, c.target))
	var ended int
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT count(pg_terminate_backend(pid, 60000)) FROM pg_stat_activity
		WHERE datname = current_database() AND state = 'idle in transaction'`).Scan(&ended))
	require.Equal(t, 1, ended)
	applied := ledger.Apply(batch.Snapshot(), []ledger.Operation{c.settle("s")})
	require.ErrorIs(t, batch.Commit(t.Context(), &applied.Changes), store.ErrOutcomeUnknown)
	require.Zero(t, c.spent(t))
	c.requireRecovery(t)
}

// TestServerGone stops and restarts the server under a store.
func TestServerGone(t *testing.T) {
	t.Parallel()
	server, err := pgtest.Start(t.Context())
	require.NoError(t, err)
	t.Cleanup(server.Stop)
	require.NoError(t, server.CreateDatabase(t.Context(), "satcap", ""))
	require.NoError(t, migrate(server.URL("satcap")))
	s := open(t, server.URL("satcap"))
	k := newKey(t, s, 1, ledger.Limits{})
	require.NoError(t, server.Kill())
	op := ledger.Settle{KeyRef: ledger.KeyRef{KeyID: k.ID}, SpendID: "s", AmountSats: 1}
	_, err = storetest.Do(t.Context(), s, op)
	require.ErrorIs(t, err, store.ErrUnavailable)
	require.ErrorIs(t, s.CheckSchema(t.Context()), store.ErrUnavailable)
	require.NoError(t, server.Restart(t.Context()))
	require.Eventually(t, func() bool {
		_, err := storetest.Do(t.Context(), s, op)
		return err == nil
	}, time.Minute, time.Millisecond)
}

// pgURL is the URL of the same database at another host.
func pgURL(t *testing.T, address, host string) string {
	t.Helper()
	u := parse(t, address)
	u.Host = host
	return u.String()
}
