// serve as an operator sees it: what it prints, what it refuses, how it ends.

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestServeByDefault: with no setting but the port, in an empty directory.
func TestServeByDefault(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := launch(t, dir, nil).awaitReady()
	require.NotEmpty(t, p.token)
	require.Equal(t, 1, strings.Count(p.stderr.String(), p.token), p.stderr.String())
	info, err := os.Stat(filepath.Join(dir, "satcap.db"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "what keys spend is nobody else's business")

	key := p.cli("keys", "create", "Web shop", "--limit", "daily=100k", "-o", "json")
	require.Zero(t, p.terminate(), p.stderr.String())
	require.Empty(t, p.stdout.String(), "stdout is for data")
	require.Equal(t, 1, strings.Count(p.stderr.String(), p.token), "the token is printed once")
	require.NotContains(t, p.stderr.String(), secretOf(t, key), "secrets are not logged")
	require.NoFileExists(t, filepath.Join(dir, "satcap.db-wal"), "the end is clean")

	// The next start finds what there was, and has a token of its own.
	again := launch(t, dir, nil).awaitReady()
	require.NotEqual(t, p.token, again.token)
	require.Contains(t, again.cli("keys", "list"), "Web shop")
	require.Zero(t, again.terminate())
}

func secretOf(t *testing.T, created string) string {
	t.Helper()
	var res struct{ Secret string }
	require.NoError(t, json.Unmarshal([]byte(created), &res))
	require.NotEmpty(t, res.Secret)
	return res.Secret
}

// TestGivenToken: a token from the environment is shown nowhere. What surrounds
// it is no part of it, for the server as for the client commands.
func TestGivenToken(t *testing.T) {
	t.Parallel()
	p := launch(t, t.TempDir(), []string{"SATCAP_DEV_TOKEN= hunter2\n"}, "--log-level", "debug").awaitReady()
	p.token = "hunter2"
	p.cli("keys", "list")
	require.Zero(t, p.terminate())
	require.NotContains(t, p.stderr.String(), "hunter2")
	require.NotContains(t, p.stderr.String(), "token for this run")
}

// TestRefusedStarts: a mistake in the settings is exit code 2, named, before
// anything is made.
func TestRefusedStarts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env  []string
		args []string
		want []string
	}{
		"UnknownVariable":   {[]string{"SATCAP_LISTNE=127.0.0.1:0"}, []string{"serve"}, []string{"SATCAP_LISTNE", "SATCAP_LISTEN"}},
		"UnknownOnMigrate":  {[]string{"SATCAP_BD=sqlite:x"}, []string{"migrate"}, []string{"SATCAP_BD", "SATCAP_DB"}},
		"ListenEverywhere":  {nil, []string{"serve", "--listen", "0.0.0.0:0"}, []string{"--listen", "no authentication"}},
		"ListenNoHost":      {nil, []string{"serve", "--listen", ":8080"}, []string{"--listen", "no authentication"}},
		"ListenByVariable":  {[]string{"SATCAP_LISTEN=0.0.0.0:0"}, []string{"serve"}, []string{"--listen", "no authentication"}},
		"ListenHost":        {nil, []string{"serve", "--listen", "example.com:80"}, []string{"--listen", "127.0.0.1, ::1 or localhost"}},
		"OtherDatabase":     {nil, []string{"serve", "--db", "mysql://u:hunter2@h/n"}, []string{"--db", "sqlite:PATH"}},
		"OtherOnVerify":     {nil, []string{"verify", "--db", "mysql://u:hunter2@h/n"}, []string{"--db", "sqlite:PATH"}},
		"OtherOnMigrate":    {nil, []string{"migrate", "--db", "mysql://u:hunter2@h/n"}, []string{"--db", "sqlite:PATH"}},
		"InMemory":          {nil, []string{"serve", "--db", "sqlite::memory:"}, []string{"--db", "sqlite:PATH"}},
		"HalfATLS":          {nil, []string{"serve", "--tls-cert", "x"}, []string{"--tls-cert", "--tls-key"}},
		"TTL":               {nil, []string{"serve", "--hold-ttl", "1ms"}, []string{"--hold-ttl", "1s to 720h"}},
		"TokenWithNewline":  {[]string{"SATCAP_DEV_TOKEN=hunter2\nhunter2"}, []string{"serve"}, []string{"SATCAP_DEV_TOKEN"}},
		"UnknownFlag":       {nil, []string{"serve", "--port", "1"}, []string{"--port"}},
		"UnexpectedOperand": {nil, []string{"serve", "now"}, []string{"now"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			out := run(t, dir, c.env, c.args...)
			require.Equal(t, 2, out.code, out)
			for _, want := range c.want {
				require.Contains(t, out.stderr, want)
			}
			require.Empty(t, out.stdout)
			require.NotContains(t, out.stderr, "hunter2")
			require.Equal(t, 1, strings.Count(out.stderr, "\n"), "one line: %s", out.stderr)
			made, err := os.ReadDir(dir)
			require.NoError(t, err)
			require.Empty(t, made)
		})
	}
}

// TestFailedStarts: what the machine refuses is exit code 1, in words.
func TestFailedStarts(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"PortInUse":   {[]string{"serve", "--listen", taken.Addr().String()}, "address already in use"},
		"NoDirectory": {[]string{"serve", "--listen", "127.0.0.1:0", "--db", "sqlite:no/such/dir.db"}, "no such file or directory"},
		"NoPostgres":  {[]string{"serve", "--listen", "127.0.0.1:0", "--db", "postgres://u:hunter2@127.0.0.1:1/n"}, "connection refused"},
		"NoCert":      {[]string{"serve", "--listen", "127.0.0.1:0", "--tls-cert", "x", "--tls-key", "y"}, "--tls-cert"},
	} {
		t.Run(name, func(t *testing.T) {
			out := run(t, t.TempDir(), nil, c.args...)
			require.Equal(t, 1, out.code, out)
			require.Contains(t, out.stderr, c.want)
			require.NotContains(t, out.stderr, "hunter2")
			require.Empty(t, out.stdout)
		})
	}
}

// halfACall sends the head of a call and half of its body, and returns the
// connection once the server has begun to answer.
func (p *process) halfACall() net.Conn {
	p.t.Helper()
	addr := strings.TrimPrefix(p.url, "http://")
	conn, err := net.Dial("tcp", addr)
	require.NoError(p.t, err)
	p.t.Cleanup(func() { _ = conn.Close() })
	_, err = fmt.Fprintf(conn, "POST /satcap.v1.ApiKeyService/ListApiKeys HTTP/1.1\r\nHost: %s\r\n"+
		"Authorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n", addr, p.token)
	require.NoError(p.t, err)
	// The server asks for the body when the handler begins to read it.
	require.NoError(p.t, conn.SetReadDeadline(time.Now().Add(soon)))
	head := make([]byte, len("HTTP/1.1 100 Continue\r\n\r\n"))
	_, err = io.ReadFull(conn, head)
	require.NoError(p.t, err)
	require.Contains(p.t, string(head), "100 Continue")
	return conn
}

// TestTerminateFinishesCalls: SIGTERM waits for the call in progress.
func TestTerminateFinishesCalls(t *testing.T) {
	t.Parallel()
	p := serve(t, engines["SQLite"](t))
	conn := p.halfACall()
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	require.Eventually(t, func() bool { return p.readyz() == 0 }, soon, tick, "new calls are refused")
	_, err := io.WriteString(conn, "{}")
	require.NoError(t, err)
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.Contains(t, string(answer), "200 OK")
	require.Zero(t, p.wait())
	require.NotContains(t, p.stderr.String(), "cut off")
}

// TestTerminateTwice: whoever does not want to wait says so twice.
func TestTerminateTwice(t *testing.T) {
	t.Parallel()
	p := serve(t, engines["SQLite"](t), "--shutdown-timeout", "1h")
	p.halfACall()
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	require.Eventually(t, func() bool { return strings.Contains(p.stderr.String(), "shutting down") }, soon, tick)
	require.Eventually(t, func() bool {
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-p.done:
			return true
		default:
			return false
		}
	}, soon, tick)
	require.Equal(t, -1, p.wait(), "ended by the signal")
}

// TestTerminateEnds: a call that takes too long does not hold the server up.
func TestTerminateEnds(t *testing.T) {
	t.Parallel()
	p := serve(t, engines["SQLite"](t), "--shutdown-timeout", "100ms")
	p.halfACall()
	require.Zero(t, p.terminate(), p.stderr.String())
	require.Contains(t, p.stderr.String(), "calls in progress were cut off")
}

// TestJSONLog: every line that is not the announcement is a record.
func TestJSONLog(t *testing.T) {
	t.Parallel()
	p := serve(t, engines["SQLite"](t), "--log-format", "json")
	p.cli("keys", "list")
	require.Equal(t, http.StatusOK, p.readyz())
	require.Zero(t, p.terminate())
	records := 0
	for line := range strings.Lines(p.stderr.String()) {
		if strings.HasPrefix(line, "satcap listens on ") || strings.HasPrefix(line, "sign in to the dashboard, once: ") {
			continue // for a person
		}
		require.True(t, json.Valid([]byte(line)), line)
		records++
	}
	require.GreaterOrEqual(t, records, 3) // ready, a call, shutting down
}
