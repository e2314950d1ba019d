// A guard runs a program that would not notice the end of its parent, and kills
// it when its own standard input ends.

package rig

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// stopWithin is how long a program may take to end by itself.
const stopWithin = 10 * time.Second

// guard runs the program in args until it ends or nobody writes to stdin any more.
func guard(ctx context.Context, args []string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopWithin
	if err := cmd.Start(); err != nil {
		return err
	}
	fmt.Fprintf(os.Stdout, "pid %d\n", cmd.Process.Pid)
	err := cmd.Wait()
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// Program is a program under a guard.
type Program struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	out   *output
	done  chan struct{}
}

// output keeps what a program wrote.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// StartProgram runs a program in dir, with env beside the environment.
func StartProgram(dir string, env []string, args ...string) (*Program, error) {
	cmd, err := child("guard", args...)
	if err != nil {
		return nil, err
	}
	cmd.Dir = dir
	cmd.Env = append(cmd.Env, env...)
	return start(cmd)
}

// start starts a child that ends when nobody writes to its stdin any more.
func start(cmd *exec.Cmd) (p *Program, err error) {
	p = &Program{cmd: cmd, out: &output{}, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.out, p.out
	if p.stdin, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// Await waits until ready says so of what the program wrote so far.
func (p *Program) Await(within time.Duration, ready func(written string) bool) error {
	end := time.Now().Add(within)
	for !ready(p.out.String()) {
		select {
		case <-p.done:
			return fmt.Errorf("%s ended at its start:\n%s", strings.Join(p.cmd.Args, " "), p.out.String())
		case <-time.After(5 * time.Millisecond):
		}
		if time.Now().After(end) {
			return errors.New(strings.Join(p.cmd.Args, " ") + " does not get ready:\n" + p.out.String())
		}
	}
	return nil
}

// Written is what the program wrote so far.
func (p *Program) Written() string { return p.out.String() }

// Pid is the process of the program itself; 0 before it has started.
func (p *Program) Pid() (pid int) {
	for line := range bytes.Lines([]byte(p.out.String())) {
		if n, _ := fmt.Sscanf(string(line), "pid %d", &pid); n == 1 {
			return pid
		}
	}
	return 0
}

// Stop ends the program and waits for it.
func (p *Program) Stop() {
	_ = p.stdin.Close()
	<-p.done
}
