// satcap's engine, on SQLite or on Postgres, as the server runs it.

package subject

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
	"github.com/satcap/satcap/internal/store/postgres"
	"github.com/satcap/satcap/internal/store/sqlite"
)

// holdTTL is longer than any measurement, so that no hold expires.
const holdTTL = 24 * time.Hour

type engineSubject struct {
	engine *engine.Engine
	store  store.Store
}

func openEngine(ctx context.Context, s Spec) (Subject, error) {
	db, shards, err := openStore(ctx, s)
	if err != nil {
		return nil, err
	}
	if _, err := db.Migrate(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &engineSubject{engine.New(engine.Config{Store: db, Log: slog.New(slog.DiscardHandler), Shards: shards}), db}, nil
}

// openStore opens the database and says how many batches the server would run on
// it at once.
func openStore(ctx context.Context, s Spec) (store.Store, int, error) {
	if s.SQLite != "" {
		db, err := sqlite.Open(ctx, s.SQLite)
		return db, 1, err
	}
	db, err := postgres.Open(ctx, s.Postgres)
	return db, engine.ManyShards(), err
}

func (s *engineSubject) Hold(ctx context.Context, key Key, name string) error {
	_, err := s.engine.Do(ctx, reserve(key, name))
	return err
}

func reserve(key Key, name string) ledger.Reserve {
	return ledger.Reserve{KeyRef: ledger.KeyRef{KeyID: ledger.KeyID(key)}, SpendID: name, AmountSats: 1, TTLUs: holdTTL.Microseconds()}
}

func settle(key Key, name string) ledger.Settle {
	return ledger.Settle{KeyRef: ledger.KeyRef{KeyID: ledger.KeyID(key)}, SpendID: name}
}

func (s *engineSubject) Usage(ctx context.Context, key Key) error {
	view, err := s.engine.View(ctx, ledger.KeyRef{KeyID: ledger.KeyID(key)})
	if err == nil {
		_ = view.Usage()
	}
	return err
}

func (s *engineSubject) Settle(ctx context.Context, key Key, name string) error {
	_, err := s.engine.Do(ctx, settle(key, name))
	return err
}

func (s *engineSubject) HoldAll(ctx context.Context, keys []Key, names []string) error {
	ops := make([]ledger.Operation, len(names))
	for i := range names {
		ops[i] = reserve(keys[i], names[i])
	}
	for _, o := range s.engine.DoMany(ctx, ops) {
		if o.Err != nil {
			return o.Err
		}
	}
	return nil
}

func (s *engineSubject) Close() error {
	s.engine.Close()
	return s.store.Close()
}
