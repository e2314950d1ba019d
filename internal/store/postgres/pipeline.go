// Pipelining: several generated queries in one round trip.

package postgres

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/satcap/satcap/internal/store/postgres/internal/dbsqlc"
)

// step is one statement of a pipeline: a call of one generated query, or of
// Exec on the connection. A step is run twice: to record its statement, with no
// rows in sight, and to read its result.
type step func(ctx context.Context, db dbsqlc.DBTX) error

// statement is a step without parameters.
func statement(sql string) step {
	return func(ctx context.Context, db dbsqlc.DBTX) error {
		_, err := db.Exec(ctx, sql)
		return err
	}
}

// errRolledBack: the server took a COMMIT for the end of a transaction that had
// failed before.
var errRolledBack = errors.New("postgres: the transaction was rolled back")

// commit is the step that ends a transaction for good.
func commit(ctx context.Context, db dbsqlc.DBTX) error {
	tag, err := db.Exec(ctx, "commit")
	if err == nil && tag.String() == "ROLLBACK" {
		return errRolledBack
	}
	return err
}

// many is a step that reads rows into dst.
func many[P, R any](query func(*dbsqlc.Queries, context.Context, P) ([]R, error), params P, dst *[]R) step {
	return func(ctx context.Context, db dbsqlc.DBTX) (err error) {
		*dst, err = query(dbsqlc.New(db), ctx, params)
		return err
	}
}

// exec is a step that reads no rows.
func exec[P any](query func(*dbsqlc.Queries, context.Context, P) error, params P) step {
	return func(ctx context.Context, db dbsqlc.DBTX) error { return query(dbsqlc.New(db), ctx, params) }
}

// pipeline sends all steps at once and reads their results in order. It returns
// the index of the step that failed, or len(steps) if sending or ending failed.
func pipeline(ctx context.Context, conn *pgx.Conn, steps []step) (failed int, err error) {
	recorded := &recorder{}
	for i, s := range steps {
		if err := s(ctx, recorded); err != nil {
			return i, err
		}
	}
	results := conn.SendBatch(ctx, &recorded.batch)
	for i, s := range steps {
		if err := s(ctx, player{results}); err != nil {
			return i, errors.Join(err, results.Close())
		}
	}
	return len(steps), results.Close()
}

// recorder is a connection that only notes what it is asked.
type recorder struct{ batch pgx.Batch }

func (r *recorder) queue(sql string, args []any) {
	if !holdLocks {
		sql = strings.Replace(sql, "FOR UPDATE", "", 1)
	}
	r.batch.Queue(sql, args...)
}

func (r *recorder) Exec(_ context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	r.queue(sql, args)
	return pgconn.CommandTag{}, nil
}

func (r *recorder) Query(_ context.Context, sql string, args ...any) (pgx.Rows, error) {
	r.queue(sql, args)
	return noRows{}, nil
}

func (r *recorder) QueryRow(_ context.Context, sql string, args ...any) pgx.Row {
	r.queue(sql, args)
	return noRows{}
}

// player is a connection that answers from results, in the recorded order.
type player struct{ results pgx.BatchResults }

func (p player) Exec(context.Context, string, ...any) (pgconn.CommandTag, error) {
	return p.results.Exec()
}

func (p player) Query(context.Context, string, ...any) (pgx.Rows, error) { return p.results.Query() }

func (p player) QueryRow(context.Context, string, ...any) pgx.Row { return p.results.QueryRow() }

// noRows is the empty result that a recorder gives. Only the methods that
// generated code calls are there; the embedded nil interface has the rest.
type noRows struct{ pgx.Rows }

func (noRows) Next() bool        { return false }
func (noRows) Scan(...any) error { return nil }
func (noRows) Close()            {}
func (noRows) Err() error        { return nil }
