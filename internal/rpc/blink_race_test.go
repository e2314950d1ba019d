// RecordSpending and ReverseSpending of one payment at the same moment at two
// servers: whatever comes first, nothing counts.

package rpc_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	apikeysv1 "github.com/satcap/satcap/gen/services/api_keys/v1"
	"github.com/satcap/satcap/gen/services/api_keys/v1/apikeysv1connect"
	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/pgtest"
	"github.com/satcap/satcap/internal/rpc"
	"github.com/satcap/satcap/internal/store"
	"github.com/satcap/satcap/internal/store/postgres"
	"github.com/satcap/satcap/internal/store/sqlite"
)

// meetings is where pairs meet, and how many. Two servers on one SQLite file are
// not a way to run satcap, so there both calls go to one; and SQLite is slow under
// the race detector.
var meetings = map[string]struct {
	servers func(*testing.T) [2]*replica
	pairs   int
}{"postgres": {twoOnPostgres, 2000}, "sqlite": {oneOnSQLite, 100}}

// replica is a server of Blink's contract with a store of its own.
type replica struct {
	client apikeysv1connect.ApiKeysServiceClient
	engine *engine.Engine
	store  store.Store
}

func newReplica(t *testing.T, s store.Store, shards int) *replica {
	t.Helper()
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	e := engine.New(engine.Config{Store: s, Log: slog.New(slog.DiscardHandler), SweepEvery: -1, Shards: shards})
	t.Cleanup(e.Close)
	mux := http.NewServeMux()
	log := slog.New(slog.NewJSONHandler(io.Discard, nil))
	rpc.Mount(mux, rpc.NewBlinkServer(rpc.Config{Engine: e, Log: log, HoldTTL: time.Hour}))
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: &protocols}
	t.Cleanup(transport.CloseIdleConnections)
	c := connect.NewClient(connecthttp.NewTransport(&http.Client{Transport: transport}, serve(t, mux), connecthttp.WithGRPC()))
	return &replica{apikeysv1connect.NewApiKeysServiceClient(c), e, s}
}

// twoOnPostgres are two servers on one new database.
func twoOnPostgres(t *testing.T) (both [2]*replica) {
	t.Helper()
	url := pgtest.Clone(t, migratePostgres)
	for i := range both {
		s, err := postgres.Open(t.Context(), url)
		require.NoError(t, err)
		both[i] = newReplica(t, s, 2)
	}
	return both
}

func oneOnSQLite(t *testing.T) [2]*replica {
	t.Helper()
	path := filepath.Join(memoryDir(t), "satcap.db")
	migrated, err := migratedSQLite()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, migrated, 0o600))
	s, err := sqlite.Open(t.Context(), path)
	require.NoError(t, err)
	one := newReplica(t, s, 1)
	return [2]*replica{one, one}
}

func TestBlinkRecordMeetsReverse(t *testing.T) {
	t.Parallel()
	for database, m := range meetings {
		t.Run(database, func(t *testing.T) {
			t.Parallel()
			if testing.Short() {
				m.pairs /= 10
			}
			both := m.servers(t)
			keys := make([]string, 8)
			for i := range keys {
				keys[i] = raceKey(t, both[0].engine)
			}
			var recordFirst atomic.Int64
			var all sync.WaitGroup
			next := make(chan int)
			for range 16 {
				all.Go(func() {
					for i := range next {
						if meet(t, both, keys[rand.IntN(len(keys))], i) {
							recordFirst.Add(1)
						}
					}
				})
			}
			for i := range m.pairs {
				next <- i
			}
			close(next)
			all.Wait()
			for _, key := range keys {
				requireNothingCounts(t, both, key)
			}
			audits, err := both[0].store.AuditKeys(t.Context(), ledger.KeyID{}, 100)
			require.NoError(t, err)
			require.Len(t, audits, len(keys))
			for _, a := range audits {
				require.Empty(t, a.Differences())
			}
			t.Logf("%d of %d were booked before they were reversed", recordFirst.Load(), m.pairs)
			require.Positive(t, recordFirst.Load(), "the record never came first: nothing has been shown")
			require.Less(t, recordFirst.Load(), int64(m.pairs), "the reversal never came first: nothing has been shown")
		})
	}
}

// meet lets the two calls of pair i run into each other, and says whether the
// payment was booked before it was reversed. Every other payment was held, and
// some are reversed by the name of the hold. Half of the pairs begin in the same
// moment; in the others one call is a little late, more often the reversal: a
// record has more to do before the two meet.
func meet(t *testing.T, both [2]*replica, key string, i int) (booked bool) {
	ctx := context.Background()
	first := rand.IntN(2)
	recorder, reverser := both[first].client, both[1-first].client
	payment, hold := fmt.Sprintf("%024x", i), ""
	name, spend := payment, payment
	if i%2 == 0 {
		res, err := recorder.CheckAndLockSpending(ctx, &apikeysv1.CheckAndLockSpendingRequest{ApiKeyId: key, AmountSats: 100})
		if err != nil {
			t.Error(err)
			return false
		}
		hold, spend = res.GetEphemeralId(), res.GetEphemeralId()
		if i%20 == 0 {
			name = hold
		}
	}
	var lateRecord, lateReverse time.Duration
	switch late := time.Duration(rand.Int64N(int64(4 * time.Millisecond))); rand.IntN(6) {
	case 0:
		lateRecord = late
	case 1, 2:
		lateReverse = late
	}
	begin := make(chan struct{})
	ended := make(chan error, 2)
	go func() {
		<-begin
		time.Sleep(lateRecord)
		_, err := recorder.RecordSpending(ctx, recording(key, 100, payment, hold))
		ended <- err
	}()
	go func() {
		<-begin
		time.Sleep(lateReverse)
		_, err := reverser.ReverseSpending(ctx, &apikeysv1.ReverseSpendingRequest{TransactionId: name})
		ended <- err
	}()
	close(begin)
	for range 2 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	// Reversing what is reversed changes nothing and tells what it was.
	r, err := both[0].engine.Do(ctx, ledger.Reverse{KeyRef: ledger.KeyRef{KeyID: ledger.KeyID(uuid.MustParse(key))}, SpendID: spend})
	if err != nil || !r.Replayed {
		t.Errorf("pair %d counts: %v, %v", i, r.Spend, err)
	}
	return r.Spend.SettledAtUs != 0
}

// raceKey makes a key with a limit that holds of a few payments fit into.
func raceKey(t *testing.T, e *engine.Engine) string {
	t.Helper()
	id := uuid.New()
	created, err := e.CreateKey(t.Context(), store.CreateKeyParams{
		Key:        ledger.Key{Subject: "alice", Name: "race", Scopes: ledger.ScopeWrite, SecretPrefix: "satcap_x", Budget: ledger.Budget{Limits: [ledger.WindowCount]int64{10_000}}},
		SecretHash: append(id[:], id[:]...), RequestHash: id[:],
	})
	require.NoError(t, err)
	return uuid.UUID(created.Key.ID).String()
}

// requireNothingCounts: at both servers, and in every window.
func requireNothingCounts(t *testing.T, both [2]*replica, key string) {
	t.Helper()
	for _, r := range both {
		s, err := r.client.GetSpendingSummary(t.Context(), &apikeysv1.GetSpendingSummaryRequest{ApiKeyId: key})
		require.NoError(t, err)
		require.Equal(t, []int64{0, 0, 0, 0}, []int64{s.GetDailySpentSats(), s.GetWeeklySpentSats(), s.GetMonthlySpentSats(), s.GetAnnualSpentSats()})
		require.EqualValues(t, 10_000, s.GetRemainingDailySats())
	}
}
