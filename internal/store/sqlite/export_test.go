// What the tests need to see of a store's inside: its connections, and every
// statement that it executes.

package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"

	"modernc.org/sqlite"
)

// WithStatements calls note with every statement that is executed.
func WithStatements(note func(statement string)) Option {
	return func(s *Store) {
		s.connect = func(name string) (*sql.DB, error) {
			return sql.OpenDB(connector{name: name, note: note}), nil
		}
	}
}

// WithSetting runs a statement on every new connection, as if the file or the
// library would not have it otherwise.
func WithSetting(statement string) Option {
	return func(s *Store) {
		s.connect = func(name string) (*sql.DB, error) {
			return sql.OpenDB(connector{name: name, note: func(string) {}, setting: statement}), nil
		}
	}
}

// Writer and Reader are the store's connections.
func (s *Store) Writer() *sql.DB { return s.writer }

// Reader is described at Writer.
func (s *Store) Reader() *sql.DB { return s.reader }

// connector opens connections of the real driver and listens at them.
type connector struct {
	name    string
	note    func(string)
	setting string
}

func (c connector) Driver() driver.Driver { return &sqlite.Driver{} }

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	opened, err := c.Driver().Open(c.name)
	if err != nil {
		return nil, err
	}
	conn := opened.(realConn)
	if c.setting != "" {
		if _, err := conn.ExecContext(ctx, c.setting, nil); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	return listeningConn{conn, c.note}, nil
}

// realConn is all that database/sql asks of a connection of the real driver.
type realConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

type listeningConn struct {
	realConn
	note func(string)
}

func (c listeningConn) PrepareContext(ctx context.Context, statement string) (driver.Stmt, error) {
	stmt, err := c.realConn.PrepareContext(ctx, statement)
	if err != nil {
		return nil, err
	}
	return listeningStmt{stmt.(realStmt), statement, c.note}, nil
}

func (c listeningConn) ExecContext(ctx context.Context, statement string, args []driver.NamedValue) (driver.Result, error) {
	c.note(statement)
	return c.realConn.ExecContext(ctx, statement, args)
}

func (c listeningConn) QueryContext(ctx context.Context, statement string, args []driver.NamedValue) (driver.Rows, error) {
	c.note(statement)
	return c.realConn.QueryContext(ctx, statement, args)
}

type realStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

type listeningStmt struct {
	realStmt
	statement string
	note      func(string)
}

func (s listeningStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	s.note(s.statement)
	return s.realStmt.ExecContext(ctx, args)
}

func (s listeningStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	s.note(s.statement)
	return s.realStmt.QueryContext(ctx, args)
}
