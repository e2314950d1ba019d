// Package main's tests run the real program: started, asked, terminated and
// killed as an operator and a crash would.
//
//	go test ./cmd/satcap -crash.rounds 200    kill it more often
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/pgtest"
)

var crashRounds = flag.Int("crash.rounds", 5, "how often each crash test kills the server")

const (
	// soon bounds every wait for something that happens by itself.
	soon = 20 * time.Second
	tick = 5 * time.Millisecond
	// readyWithin is how long a server may take from its start to its first answer.
	readyWithin = 5 * time.Second
)

// scratch is a directory that lives as long as the test process.
var scratch string

func TestMain(m *testing.M) {
	var err error
	if scratch, err = os.MkdirTemp("", "satcap-test-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// The tests run a program that is built beside them. This puts all of it into
	// their own binary too: otherwise "go test" would not see that it has changed,
	// and print the result of the last run.
	if m == nil { // never
		main()
		return
	}
	code := m.Run()
	if postgresStarted {
		if server, err := postgres(); err == nil {
			server.Stop()
		}
	}
	_ = os.RemoveAll(scratch)
	os.Exit(code)
}

// binary builds the program, once.
var binary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(scratch, "satcap")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// postgres is the server that the tests share.
var (
	postgresStarted bool
	postgres        = sync.OnceValues(func() (*pgtest.Server, error) {
		postgresStarted = true
		return pgtest.Start(context.Background())
	})
)

// engines makes an empty database of each kind and returns the value of --db.
var engines = map[string]func(t *testing.T) string{
	"SQLite": func(t *testing.T) string {
		return "sqlite:" + filepath.Join(t.TempDir(), "test.db")
	},
	"Postgres": func(t *testing.T) string {
		server, err := postgres()
		require.NoError(t, err)
		name := fmt.Sprintf("test_%d", databases.Add(1))
		require.NoError(t, server.CreateDatabase(t.Context(), name, ""))
		t.Cleanup(func() { require.NoError(t, server.DropDatabase(context.Background(), name)) })
		return server.URL(name)
	},
}

var databases atomic.Int64
