// What the tests need to see of a store's inside: every statement that it
// executes, and what it makes of the server's errors.

package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Classify is what an error from before a commit becomes.
var Classify = classify

// WithStatements calls note with every statement that is executed.
func WithStatements(note func(statement string)) Option {
	return func(s *Store) { s.tracer = listener{note} }
}

// listener hears single statements and those of a pipeline.
type listener struct{ note func(string) }

func (l listener) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	l.note(d.SQL)
	return ctx
}

func (l listener) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (l listener) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

func (l listener) TraceBatchQuery(_ context.Context, _ *pgx.Conn, d pgx.TraceBatchQueryData) {
	l.note(d.SQL)
}

func (l listener) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// PlanSettings are the settings under which statements are planned.
var PlanSettings = planSettings

// Pool is the pool of connections.
func (s *Store) Pool() *pgxpool.Pool { return s.pool }
