// Package rig starts what make bench measures, each in a process of its own:
// workers that hold a subject, PostgreSQL, Redis, and servers. Nothing outlives
// the program that started it, however that ends: what cannot see the end of a
// pipe runs under a guard that can.
package rig

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"

	"github.com/satcap/satcap/internal/perf/nothing"
	"github.com/satcap/satcap/internal/perf/subject"
)

// roleVariable makes the program one of its own children.
const roleVariable = "PERF_ROLE"

// roles are the children that a program can be, by name.
var roles = map[string]func(ctx context.Context, args []string) error{
	"worker":  func(ctx context.Context, _ []string) error { return subject.Serve(ctx, os.Stdin, os.Stdout) },
	"guard":   guard,
	"nothing": func(context.Context, []string) error { return nothing.Serve(os.Stdin, os.Stdout) },
}

// BecomeChild ends the process after its work if it was started as a child. Call
// it first in main, or in TestMain.
func BecomeChild() {
	role, known := roles[os.Getenv(roleVariable)]
	if !known {
		return
	}
	if err := role(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, os.Getenv(roleVariable)+":", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// child prepares this program as a child.
func child(role string, args ...string) (*exec.Cmd, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	cmd.Stderr = os.Stderr
	return cmd, nil
}

// Worker is a process with a subject.
type Worker struct {
	cmd     *exec.Cmd
	stdin   io.WriteCloser
	jobs    *json.Encoder
	replies *json.Decoder
}

// StartWorker starts a process that opens the subject.
func StartWorker(spec subject.Spec) (*Worker, error) {
	cmd, err := child("worker")
	if err != nil {
		return nil, err
	}
	w := &Worker{cmd: cmd}
	if w.stdin, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	w.jobs, w.replies = json.NewEncoder(w.stdin), json.NewDecoder(out)
	if _, err := w.ask(spec); err != nil {
		w.Stop()
		return nil, fmt.Errorf("open %s: %w", spec.Kind, err)
	}
	return w, nil
}

// Run does a job in the worker.
func (w *Worker) Run(job subject.Job) (subject.Tally, error) { return w.ask(job) }

func (w *Worker) ask(question any) (subject.Tally, error) {
	if err := w.jobs.Encode(question); err != nil {
		return subject.Tally{}, err
	}
	var reply subject.Reply
	if err := w.replies.Decode(&reply); err != nil {
		return subject.Tally{}, fmt.Errorf("the worker ended: %w", err)
	}
	if reply.Error != "" {
		return subject.Tally{}, errors.New(reply.Error)
	}
	return reply.Tally, nil
}

// Stop lets the worker close its subject, and waits for its end.
func (w *Worker) Stop() {
	_ = w.stdin.Close()
	_ = w.cmd.Wait() // an error at the second time
}
