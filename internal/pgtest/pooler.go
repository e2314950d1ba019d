package pgtest

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// PoolSize is how many server connections per database a pooler has.
const PoolSize = 4

// poolerConfig takes the server's host and port, the pooler's port and PoolSize.
// Everyone is user postgres.
const poolerConfig = `[databases]
* = host=%s port=%s user=postgres

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = %d
max_client_conn = 500
server_login_retry = 1
ignore_startup_parameters = extra_float_digits
`

var errNoPooler = errors.New(`no pgbouncer found; install it:
  Debian, Ubuntu: apt-get install pgbouncer
  Fedora:         dnf install pgbouncer
  macOS:          brew install pgbouncer`)

// StartPooler runs PgBouncer in transaction mode before the server of serverURL
// until the end of the test, and returns the URL of the same database through
// it. Between two transactions a client may get another server connection, so
// session state and, before PgBouncer 1.21, prepared statements do not last.
// Without PgBouncer the test fails.
func StartPooler(tb testing.TB, serverURL string) string {
	tb.Helper()
	target, err := url.Parse(serverURL)
	if err != nil {
		tb.Fatalf("pgtest: server URL: %v", err)
	}
	program, err := findPooler()
	if err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
	for range startTries {
		var port int
		if port, err = runPooler(tb, program, target); !errors.Is(err, errBusy) {
			target.Host = "127.0.0.1:" + strconv.Itoa(port)
			break
		}
	}
	if err != nil {
		tb.Fatalf("pgtest: pgbouncer: %v", err)
	}
	return target.String()
}

// findPooler returns the path of pgbouncer, which Debian puts where the PATH of
// a plain user does not look.
func findPooler() (string, error) {
	for _, name := range []string{"pgbouncer", "/usr/sbin/pgbouncer"} {
		if path, err := exec.LookPath(name); err == nil {
			return filepath.Abs(path)
		}
	}
	return "", errNoPooler
}

// runPooler starts a pooler on a free port and ends it with the test.
func runPooler(tb testing.TB, program string, target *url.URL) (int, error) {
	account, err := unprivileged()
	if err != nil {
		return 0, err
	}
	port, err := freePort()
	if err != nil {
		return 0, err
	}
	dir, err := account.makeDir("")
	if err != nil {
		return 0, err
	}
	dog, err := startWatchdog(dir, "KILL")
	if err != nil {
		_ = os.RemoveAll(dir)
		return 0, err
	}
	tb.Cleanup(dog.close)
	config := filepath.Join(dir, "pgbouncer.ini")
	text := fmt.Sprintf(poolerConfig, target.Hostname(), target.Port(), port, PoolSize)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		return 0, err
	}
	if err := os.Chmod(config, 0o644); err != nil { // whatever the umask
		return 0, err
	}
	log, err := openLog(dir)
	if err != nil {
		return 0, err
	}
	tb.Cleanup(log.close)
	cmd := account.command(dir, syscall.SIGKILL, program, config)
	cmd.Stdout, cmd.Stderr = log.file, log.file
	p, err := startProcess(cmd)
	if err != nil {
		return 0, err
	}
	tb.Cleanup(func() {
		p.end(syscall.SIGKILL)
		dog.forget()
	})
	if err := dog.watch(p.pid()); err != nil {
		return 0, err
	}
	return port, awaitPooler(p, log, fmt.Sprintf("listening on 127.0.0.1:%d", port))
}

// awaitPooler waits until the pooler says that it listens.
func awaitPooler(p *process, log *serverLog, listening string) error {
	timeout := time.After(startTimeout)
	for !log.contains(listening) {
		select {
		case <-p.done:
			if log.contains("Address already in use") {
				return errBusy
			}
			return fmt.Errorf("ended at its start: %w\n%s", p.err, log.text())
		case <-timeout:
			return fmt.Errorf("not ready after %v\n%s", startTimeout, log.text())
		case <-time.After(pollInterval):
		}
	}
	return nil
}
