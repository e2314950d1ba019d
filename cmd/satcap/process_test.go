// Running the program: once to its end, or as a server.

package main

import (
	"bytes"
	"context"

	"fmt"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// environ is what a program gets: nothing of satcap's own unless the test says so.
func environ(extra ...string) []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}
	return append(env, extra...)
}

// output is how a program ended and what it wrote.
type output struct {
	code           int
	stdout, stderr string
}

// run runs the program to its end, in dir.
func run(t *testing.T, dir string, env []string, args ...string) output {
	t.Helper()
	program, err := binary()
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Env = dir, environ(env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		require.ErrorAs(t, err, new(*exec.ExitError))
	}
	require.NoError(t, ctx.Err(), "%v does not end", args)
	return output{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// process is a running server.
type process struct {
	t              *testing.T
	cmd            *exec.Cmd
	url, token     string
	stdout, stderr buffer
	done           chan struct{} // closed when it has ended
}

// buffer may be written and read at once.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

var (
	announcement = regexp.MustCompile(`(?m)^satcap listens on (http://\S+)(?: \(development mode: this machine only\))?$`)
	madeToken    = regexp.MustCompile(`(?m)^token for this run: (\S+)$`)
)

// launch starts "satcap serve" on a free port. It is killed, if it still runs,
// at the end of the test and when the test process dies.
func launch(t *testing.T, dir string, env []string, args ...string) *process {
	t.Helper()
	program, err := binary()
	require.NoError(t, err)
	p := &process{t: t, done: make(chan struct{})}
	p.cmd = exec.Command(program, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
	p.cmd.Dir, p.cmd.Env = dir, environ(env...)
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	p.cmd.SysProcAttr = dieWithParent()
	started := make(chan error)
	go func() {
		// Linux sends the signal when the thread ends that made the child.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			_ = p.cmd.Wait()
			close(p.done)
		}
	}()
	require.NoError(t, <-started)
	t.Cleanup(p.kill)
	return p
}

// awaitReady waits until the server says where it listens and answers there.
func (p *process) awaitReady() *process {
	p.t.Helper()
	began := time.Now()
	for p.url == "" {
		if found := announcement.FindStringSubmatch(p.stderr.String()); found != nil {
			p.url = found[1]
			if found := madeToken.FindStringSubmatch(p.stderr.String()); found != nil {
				p.token = found[1]
			}
			break
		}
		select {
		case <-p.done:
			p.t.Fatalf("the server ended at its start:\n%s", p.stderr.String())
		case <-time.After(tick):
		}
		require.Less(p.t, time.Since(began), readyWithin, "not ready:\n%s", p.stderr.String())
	}
	for p.readyz() != http.StatusOK {
		require.Less(p.t, time.Since(began), readyWithin, "not ready:\n%s", p.stderr.String())
		time.Sleep(tick)
	}
	return p
}

// readyz is the status of /readyz; 0: no answer.
func (p *process) readyz() int {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: soon}
	res, err := client.Get(p.url + "/readyz")
	if err != nil {
		return 0
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// token that the tests give to servers.
const token = "test-token"

// serve starts a server on db with a token that is known, and waits for it.
func serve(t *testing.T, db string, args ...string) *process {
	t.Helper()
	p := launch(t, t.TempDir(), []string{"SATCAP_DEV_TOKEN=" + token, "SATCAP_DB=" + db}, args...)
	p.token = token
	return p.awaitReady()
}

// kill ends the server at once: it has no chance to write or to say goodbye.
func (p *process) kill() {
	_ = p.cmd.Process.Signal(syscall.SIGKILL)
	<-p.done
}

// terminate sends SIGTERM and returns the exit code.
func (p *process) terminate() int {
	p.t.Helper()
	require.NoError(p.t, p.cmd.Process.Signal(syscall.SIGTERM))
	return p.wait()
}

// wait waits for the end and returns the exit code; -1 if a signal ended it.
func (p *process) wait() int {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(soon):
		p.t.Fatalf("the server does not end:\n%s", p.stderr.String())
	}
	return p.cmd.ProcessState.ExitCode()
}

// cli runs a client command against the server and returns what it printed.
func (p *process) cli(args ...string) string {
	p.t.Helper()
	out := run(p.t, p.t.TempDir(), []string{"SATCAP_URL=" + p.url, "SATCAP_TOKEN=" + p.token}, args...)
	require.Zero(p.t, out.code, "%v: %s", args, out.stderr)
	return out.stdout
}

// verifyClean requires that "satcap verify" finds no difference.
func verifyClean(t *testing.T, db string) {
	t.Helper()
	out := run(t, t.TempDir(), nil, "verify", "--db", db)
	require.Zero(t, out.code, out.stdout+out.stderr)
	require.Empty(t, out.stdout)
	require.Contains(t, out.stderr, "0 differences")
}

// describe is a program's output for a failure message.
func (o output) String() string {
	return fmt.Sprintf("exit code %d\nstdout: %s\nstderr: %s", o.code, strings.TrimSpace(o.stdout), strings.TrimSpace(o.stderr))
}
