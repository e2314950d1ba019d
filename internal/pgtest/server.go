package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// startTries is how many ports a new server tries.
	startTries = 10
	// startTimeout is how long a server may take to come up.
	startTimeout = time.Minute
	// killTimeout is how long the processes of a killed server may take to die.
	killTimeout = 10 * time.Second
	// pollInterval is the time between two looks at what a server does.
	pollInterval = 10 * time.Millisecond
)

// errBusy means that something that a server needs is taken: try again.
var errBusy = errors.New("port or shared memory in use")

// Option changes how Start sets up a server.
type Option func(*options)

type options struct {
	parent   string
	settings []string
}

// WithDir puts the server's files into a new directory in parent, to have them
// on a disk. For root, user postgres must be able to reach parent, so use
// something like /var/tmp, not t.TempDir().
func WithDir(parent string) Option {
	return func(o *options) { o.parent = parent }
}

// WithSetting sets a parameter of postgresql.conf. Of two for one name the last counts.
func WithSetting(name, value string) Option {
	return func(o *options) { o.settings = append(o.settings, name+"="+value) }
}

// Server is a throw-away PostgreSQL server with one superuser, postgres, who
// needs no password.
type Server struct {
	bin      string
	dir      string
	port     int
	account  *account
	settings []string
	watchdog *watchdog

	mu      sync.Mutex
	process *process // nil if it does not run
}

// Start makes a new server and returns when it accepts connections. The caller
// must Stop it. ctx limits only the start.
func Start(ctx context.Context, opts ...Option) (*Server, error) {
	o := options{parent: memoryDir(), settings: []string{
		"listen_addresses=127.0.0.1",
		"unix_socket_directories=",
		"fsync=on",
		"synchronous_commit=on",
		"shared_buffers=64MB",
		"min_wal_size=32MB",
		"max_wal_size=256MB",
		"max_connections=200",
		"dynamic_shared_memory_type=mmap", // in the directory, so that it goes with it
	}}
	for _, opt := range opts {
		opt(&o)
	}
	bin, err := BinDir()
	if err != nil {
		return nil, err
	}
	account, err := unprivileged()
	if err != nil {
		return nil, err
	}
	dir, err := account.makeDir(o.parent)
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin, dir: dir, account: account, settings: o.settings}
	if s.watchdog, err = startWatchdog(dir, "QUIT"); err != nil {
		_ = os.RemoveAll(dir)
		return nil, err
	}
	if err := s.initialize(ctx); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

// initialize makes the data directory and starts the server on a free port.
func (s *Server) initialize(ctx context.Context) error {
	if err := s.initdb(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	for range startTries {
		if s.port, err = freePort(); err != nil {
			return err
		}
		if err = s.start(ctx); !errors.Is(err, errBusy) {
			return err
		}
	}
	return err
}

func (s *Server) initdb(ctx context.Context) error {
	cmd := s.account.command(s.dir, syscall.SIGKILL, filepath.Join(s.bin, "initdb"),
		"-D", s.data(), "-U", "postgres", "-A", "trust", "--locale=C", "-E", "UTF8")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	p, err := startProcess(cmd)
	if err != nil {
		if s.account != nil && errors.Is(err, fs.ErrPermission) {
			return fmt.Errorf("initdb: %w (user %s must be able to reach %s and %s)", err, s.account.name, s.bin, s.dir)
		}
		return fmt.Errorf("initdb: %w", err)
	}
	select {
	case <-p.done:
	case <-ctx.Done():
		p.end(syscall.SIGKILL)
		return fmt.Errorf("initdb: %w", ctx.Err())
	}
	if p.err != nil {
		return fmt.Errorf("initdb: %w\n%s", p.err, out.String())
	}
	return nil
}

// start runs postgres and waits until it is ready. s.mu is held.
func (s *Server) start(ctx context.Context) error {
	args := []string{"-D", s.data(), "-p", strconv.Itoa(s.port)}
	for _, setting := range s.settings {
		args = append(args, "-c", setting)
	}
	log, err := openLog(s.dir)
	if err != nil {
		return err
	}
	defer log.close()
	cmd := s.account.command(s.dir, syscall.SIGQUIT, filepath.Join(s.bin, "postgres"), args...)
	cmd.Stdout, cmd.Stderr = log.file, log.file
	p, err := startProcess(cmd)
	if err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	fail := func(err error) error {
		p.end(syscall.SIGQUIT)
		s.watchdog.forget()
		return fmt.Errorf("postgres: %w\n%s", err, log.text())
	}
	if err := s.watchdog.watch(p.pid()); err != nil {
		return fail(err)
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for !s.ready(p.pid()) {
		select {
		case <-p.done:
			if log.contains("Address already in use", "pre-existing shared memory block") {
				return fail(errBusy)
			}
			return fail(fmt.Errorf("ended at its start: %w", p.err))
		case <-ctx.Done():
			return fail(ctx.Err())
		case <-time.After(pollInterval):
		}
	}
	s.process = p
	return nil
}

// ready reports whether the server with this pid accepts connections. It asks
// the server's own status file, because another server may answer on the port.
func (s *Server) ready(pid int) bool {
	const pidLine, statusLine = 0, 7
	status, err := os.ReadFile(filepath.Join(s.data(), "postmaster.pid"))
	if err != nil {
		return false
	}
	lines := strings.Split(string(status), "\n")
	return len(lines) > statusLine && lines[pidLine] == strconv.Itoa(pid) &&
		strings.TrimSpace(lines[statusLine]) == "ready"
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// URL is the connection string of database db. It stays the same over Restart.
func (s *Server) URL(db string) string {
	return (&url.URL{
		Scheme:   "postgres",
		User:     url.User("postgres"),
		Host:     "127.0.0.1:" + strconv.Itoa(s.port),
		Path:     "/" + db,
		RawQuery: "sslmode=disable",
	}).String()
}

// Restart starts the server again on the same data and port. If it runs, it is
// shut down first, which rolls back open transactions and ends all connections.
func (s *Server) Restart(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shutDown(syscall.SIGINT)
	retry := time.Now().Add(killTimeout)
	for {
		err := s.start(ctx)
		if !errors.Is(err, errBusy) || time.Now().After(retry) || ctx.Err() != nil {
			return err
		}
		time.Sleep(pollInterval)
	}
}

// Kill ends all processes of the server at once, with SIGKILL: it has no chance
// to write or to say goodbye. Restart brings it back.
func (s *Server) Kill() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return nil
	}
	// A stopped postmaster neither makes children nor reacts to their death.
	s.process.signal(syscall.SIGSTOP)
	deadline := time.Now().Add(killTimeout)
	for {
		children, err := livingChildren(s.process.pid())
		if err == nil && len(children) > 0 && time.Now().After(deadline) {
			err = fmt.Errorf("processes %v do not die", children)
		}
		if err != nil || len(children) == 0 {
			s.shutDown(syscall.SIGKILL)
			return err
		}
		for _, child := range children {
			_ = syscall.Kill(child, syscall.SIGKILL) // fails if it has just ended
		}
		time.Sleep(pollInterval)
	}
}

// Stop ends the server and removes all that there was of it.
func (s *Server) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shutDown(syscall.SIGQUIT)
	s.watchdog.close()
}

// shutDown ends the server's first process with sig if it runs. s.mu is held.
func (s *Server) shutDown(sig syscall.Signal) {
	if s.process != nil {
		s.process.end(sig)
		s.process = nil
		s.watchdog.forget()
	}
}
