// A Redis server that loses nothing it acknowledged.

package rig

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// ErrNoRedis says what to do about a missing Redis.
var ErrNoRedis = errors.New(`no redis-server found; install it:
  Debian, Ubuntu: apt-get install redis-server
  Fedora:         dnf install redis
  macOS:          brew install redis`)

// Redis is a running server.
type Redis struct {
	*Program
	// Address is its host and port.
	Address string
}

// StartRedis starts a server with its files in a new directory in parent. It
// syncs its log before it answers (appendfsync always), and is spared the
// snapshots and the rewriting of the log.
func StartRedis(parent string) (*Redis, error) {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, ErrNoRedis
	}
	dir := filepath.Join(parent, "redis")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	p, err := StartProgram(dir, nil, program, "--port", fmt.Sprint(port), "--bind", "127.0.0.1", "--dir", dir, "--daemonize", "no",
		"--save", "", "--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0")
	if err != nil {
		return nil, err
	}
	r := &Redis{Program: p, Address: fmt.Sprintf("127.0.0.1:%d", port)}
	if err := p.Await(10*time.Second, func(string) bool {
		conn, err := net.Dial("tcp", r.Address)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}); err != nil {
		p.Stop()
		return nil, err
	}
	return r, nil
}

// freePort is a port of 127.0.0.1 that nobody listens on right now.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}
