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
	out   *os.File
	done  chan struct{}
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

// start starts a child that ends when nobody writes to its stdin any more. What it
// writes goes to a file, so that reading it takes nothing from what is measured.
func start(cmd *exec.Cmd) (*Program, error) {
	out, err := os.CreateTemp("", "satcap-bench-output-")
	if err != nil {
		return nil, err
	}
	_ = os.Remove(out.Name()) // it goes when all have closed it
	p := &Program{cmd: cmd, out: out, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = out, out
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
	for !ready(p.Written()) {
		select {
		case <-p.done:
			return fmt.Errorf("%s ended at its start:\n%s", strings.Join(p.cmd.Args, " "), p.Written())
		case <-time.After(5 * time.Millisecond):
		}
		if time.Now().After(end) {
			return errors.New(strings.Join(p.cmd.Args, " ") + " does not get ready:\n" + p.Written())
		}
	}
	return nil
}

// beginning is how much of what a program writes is of interest.
const beginning = 64 << 10

// Written is the beginning of what the program wrote so far.
func (p *Program) Written() string {
	text := make([]byte, beginning)
	n, _ := p.out.ReadAt(text, 0) // less than there is room for is an error to it
	return string(text[:n])
}

// Pid is the process of the program itself; 0 before it has started.
func (p *Program) Pid() (pid int) {
	for line := range bytes.Lines([]byte(p.Written())) {
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
	_ = p.out.Close() // an error at the second time
}
