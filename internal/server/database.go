// Which store a database setting means.

package server

import (
	"context"
	"log/slog"

	"github.com/satcap/satcap/internal/config"
	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/store"
	"github.com/satcap/satcap/internal/store/postgres"
	"github.com/satcap/satcap/internal/store/sqlite"
)

// OpenStore opens the database that db names, for a short visit.
func OpenStore(ctx context.Context, db config.DB) (store.Store, error) {
	return openStore(ctx, db, slog.New(slog.DiscardHandler))
}

// openStore opens it for a server, which logs how it fares.
func openStore(ctx context.Context, db config.DB, log *slog.Logger) (store.Store, error) {
	if db.SQLitePath != "" {
		return sqlite.Open(ctx, db.SQLitePath)
	}
	return postgres.Open(ctx, db.PostgresURL, postgres.WithLog(log))
}

// shards is how many batches the database can take at once. SQLite has one
// writer; Postgres commits several side by side.
func shards(db config.DB) int {
	if db.SQLitePath != "" {
		return 1
	}
	return engine.ManyShards()
}
