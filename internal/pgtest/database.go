package pgtest

import (
	"context"
	"fmt"
	"os"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// databaseTimeout is how long it may take to make or drop a database.
const databaseTimeout = time.Minute

// CreateDatabase makes database name as a copy of database template, or an empty
// one if template is "". Nobody may be connected to the template.
func (s *Server) CreateDatabase(ctx context.Context, name, template string) error {
	statement := "CREATE DATABASE " + pgx.Identifier{name}.Sanitize()
	if template != "" {
		statement += " TEMPLATE " + pgx.Identifier{template}.Sanitize()
	}
	return s.exec(ctx, statement)
}

// DropDatabase removes database name and ends the connections to it.
func (s *Server) DropDatabase(ctx context.Context, name string) error {
	return s.exec(ctx, "DROP DATABASE IF EXISTS "+pgx.Identifier{name}.Sanitize()+" WITH (FORCE)")
}

// exec runs one statement as superuser in the maintenance database.
func (s *Server) exec(ctx context.Context, statement string) error {
	ctx, cancel := context.WithTimeout(ctx, databaseTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}

// shared is the one server of this test process, and what was made on it.
var shared struct {
	mu        sync.Mutex
	tried     bool
	server    *Server
	err       error
	templates map[uintptr]func() (string, error)
	databases atomic.Int64
}

// sharedServer starts the shared server at the first call.
func sharedServer(tb testing.TB) *Server {
	tb.Helper()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if !shared.tried {
		shared.tried = true
		shared.server, shared.err = Start(context.Background())
	}
	if shared.err != nil {
		tb.Fatalf("pgtest: %v", shared.err)
	}
	return shared.server
}

// Run runs the tests of a package, stops the server that they shared, and exits.
// Call it in TestMain.
func Run(m *testing.M) {
	code := m.Run()
	shared.mu.Lock()
	if shared.server != nil {
		shared.server.Stop()
	}
	os.Exit(code)
}

// Database returns the URL of a new empty database, which is dropped at the end
// of the test. It starts the server that the tests of this process share if it
// does not run yet; see [Run]. Without PostgreSQL the test fails.
func Database(tb testing.TB) string {
	tb.Helper()
	return newDatabase(tb, sharedServer(tb), "")
}

// Clone is like Database, but the new database is a copy of one that migrate has
// prepared. migrate is called once per process, at the first call of Clone that
// names it, and must have closed all its connections when it returns. It should
// be a declared function: closures made at one place in the source are taken for
// the same, whatever they capture.
func Clone(tb testing.TB, migrate func(url string) error) string {
	tb.Helper()
	server := sharedServer(tb)
	template, err := templateOf(server, migrate)()
	if err != nil {
		tb.Fatalf("pgtest: template database: %v", err)
	}
	return newDatabase(tb, server, template)
}

// templateOf returns what prepares and names the template made by migrate.
func templateOf(server *Server, migrate func(url string) error) func() (string, error) {
	shared.mu.Lock()
	defer shared.mu.Unlock()
	key := reflect.ValueOf(migrate).Pointer()
	if template, ok := shared.templates[key]; ok {
		return template
	}
	name := fmt.Sprintf("template_%d", len(shared.templates)+1)
	template := sync.OnceValues(func() (string, error) {
		if err := server.CreateDatabase(context.Background(), name, ""); err != nil {
			return "", err
		}
		return name, migrate(server.URL(name))
	})
	if shared.templates == nil {
		shared.templates = make(map[uintptr]func() (string, error))
	}
	shared.templates[key] = template
	return template
}

// newDatabase makes a database that lives as long as the test.
func newDatabase(tb testing.TB, server *Server, template string) string {
	tb.Helper()
	name := fmt.Sprintf("test_%d", shared.databases.Add(1))
	if err := server.CreateDatabase(tb.Context(), name, template); err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
	tb.Cleanup(func() {
		if err := server.DropDatabase(context.Background(), name); err != nil {
			tb.Errorf("pgtest: %v", err)
		}
	})
	return server.URL(name)
}
