// How the server is reached: straight, with statements that it keeps and plans
// once, or through a pooler, where nothing of a session lasts.

package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/satcap/satcap/internal/store"
)

// planSettings make the server plan a statement once per connection, and by
// index. Every statement finds its rows by an index that begins with the key,
// so there is one good plan, whatever the tables hold. Left to itself the server
// plans for the rows that it knows of: a plan made while the tables are empty
// reads them whole, and is then kept while they grow; and planning anew costs
// more than running.
var planSettings = map[string]string{
	"plan_cache_mode":   "force_generic_plan",
	"enable_seqscan":    "off",
	"enable_bitmapscan": "off",
	"enable_hashjoin":   "off",
	"enable_mergejoin":  "off",
	"enable_sort":       "off", // where an index has the order
	"jit":               "off", // what is discouraged above is taken for expensive
}

// planLifetime is how long a connection, and with it its plans, is used. The
// server plans anew by itself when it has counted a table's rows again; but tables
// that were vacuumed while they were empty are taken for empty until then, and
// then no index looks better than another.
const planLifetime = 5 * time.Minute

// poolConfig reads the URL of the database. plain says that the way to execute
// statements was left to this package.
func poolConfig(url string) (config *pgxpool.Config, plain bool, err error) {
	if config, err = pgxpool.ParseConfig(url); err != nil {
		// The error of pgx may repeat the URL, with its password.
		return nil, false, fmt.Errorf("%w: the database URL is not valid", store.ErrUnavailable)
	}
	if !strings.Contains(url, "pool_max_conns") {
		// Enough for the batches that run at once and the reads beside them.
		config.MaxConns = max(config.MaxConns, poolSize)
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = connectTimeout
	}
	if config.ConnConfig.RuntimeParams["application_name"] == "" {
		config.ConnConfig.RuntimeParams["application_name"] = "satcap"
	}
	return config, !strings.Contains(url, "default_query_exec_mode"), nil
}

// connect opens the pool. PgBouncer refuses settings that it would have to keep
// for one client, which tells that it is there: then descriptions of statements
// are cached here, and none are kept on the server.
func (s *Store) connect(ctx context.Context, url string) error {
	config, plain, err := poolConfig(url)
	if err != nil {
		return err
	}
	config.ConnConfig.Tracer = s.tracer
	if plain {
		straight := config.Copy()
		straight.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement
		maps.Copy(straight.ConnConfig.RuntimeParams, planSettings)
		straight.MaxConnLifetime, straight.MaxConnLifetimeJitter = planLifetime, planLifetime/5
		err := s.openPool(ctx, straight)
		var refused *pgconn.PgError
		if !errors.As(err, &refused) || refused.Code != protocolViolation {
			return err
		}
		config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	}
	return s.openPool(ctx, config)
}

// openPool opens the pool and checks that the server can be relied on.
func (s *Store) openPool(ctx context.Context, config *pgxpool.Config) (err error) {
	if s.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return fmt.Errorf("%w: connect: %w", store.ErrUnavailable, err)
	}
	if err := s.checkSettings(ctx); err != nil {
		s.pool.Close()
		return err
	}
	return nil
}
