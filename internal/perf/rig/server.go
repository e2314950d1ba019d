// Servers: satcap serve as it is shipped, the one that does nothing, and the
// load that satcap bench puts on either.

package rig

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"

	"github.com/satcap/satcap/internal/perf/nothing"
)

// readyWithin is how long a server may take to start.
const readyWithin = 2 * time.Minute

// Build builds the satcap program into dir.
func Build(dir string) (string, error) {
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("run it within satcap's source: %w", err)
	}
	program := filepath.Join(dir, "satcap")
	cmd := exec.Command("go", "build", "-o", program, "./cmd/satcap")
	cmd.Dir = strings.TrimSpace(string(root))
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return program, nil
}

// Server is a running server.
type Server struct {
	*Program
	// URL is where it listens.
	URL string
	// Token may do everything; empty: nobody asks.
	Token string
	// StartSeconds is how long it took until it listened.
	StartSeconds float64
}

var (
	listens   = regexp.MustCompile(`(?m)^(?:satcap|nothing) listens on (http://\S+)`)
	madeToken = regexp.MustCompile(`(?m)^token for this run: (\S+)$`)
)

// StartServer starts satcap serve on a database, in development mode.
func StartServer(program, dir, db string) (*Server, error) {
	began := time.Now()
	p, err := StartProgram(dir, nil, program, "serve", "--listen", "127.0.0.1:0", "--db", db)
	if err != nil {
		return nil, err
	}
	return awaitServer(p, began)
}

// StartNothing starts the server that does nothing.
func StartNothing() (*Server, error) {
	began := time.Now()
	cmd, err := child("nothing")
	if err != nil {
		return nil, err
	}
	p, err := start(cmd)
	if err != nil {
		return nil, err
	}
	return awaitServer(p, began)
}

func awaitServer(p *Program, began time.Time) (*Server, error) {
	if err := p.Await(readyWithin, func(written string) bool {
		return listens.MatchString(written) && (strings.Contains(written, nothing.Announcement) || madeToken.MatchString(written))
	}); err != nil {
		p.Stop()
		return nil, err
	}
	s := &Server{Program: p, URL: listens.FindStringSubmatch(p.Written())[1], StartSeconds: time.Since(began).Seconds()}
	if found := madeToken.FindStringSubmatch(p.Written()); found != nil {
		s.Token = found[1]
	}
	return s, nil
}

// Load is what satcap bench is to do.
type Load struct {
	// Protocol is grpc, grpc-web or json.
	Protocol string
	// Callers is how many call at once.
	Callers int
	// Keys is how many to use.
	Keys int
	// KeyIDs are used instead, if there are any.
	KeyIDs []string
	// Mix is what to call, in the words of satcap bench.
	Mix string
	// Batch is how many operations a call of apply has.
	Batch int
	// Measure is for how long, and Warmup how long the load goes before that.
	Measure, Warmup time.Duration
	// RatePerSecond is that of an open loop; 0: every caller waits for its answer.
	RatePerSecond float64
}

// Answers is what satcap bench reports, as far as it is needed here.
type Answers struct {
	// Total is of all calls, and of the operations in them; times are in microseconds.
	Total struct {
		Count               int64   `json:"count"`
		RefusalCount        int64   `json:"refusal_count"`
		ErrorCount          int64   `json:"error_count"`
		ItemRefusalCount    int64   `json:"item_refusal_count"`
		OperationsPerSecond float64 `json:"operations_per_s"`
		P50Us               float64 `json:"p50_us"`
		P99Us               float64 `json:"p99_us"`
		P999Us              float64 `json:"p999_us"`
	} `json:"total"`
}

// Put puts load on a server, from a process of its own.
func (s *Server) Put(program string, l Load) (Answers, error) {
	token := s.Token
	if token == "" {
		token = "none"
	}
	args := []string{"bench", "--server", s.URL, "--token", token, "--protocol", l.Protocol, "--concurrency", fmt.Sprint(l.Callers),
		"--mix", l.Mix, "--amount-sats", "1",
		"--duration", l.Measure.String(), "--warmup", l.Warmup.String(), "--json"}
	if len(l.KeyIDs) == 0 {
		args = append(args, "--keys", fmt.Sprint(l.Keys), "--keep-keys")
	}
	for _, id := range l.KeyIDs {
		args = append(args, "--key", id)
	}
	if l.Batch > 0 {
		args = append(args, "--batch", fmt.Sprint(l.Batch))
	}
	if l.RatePerSecond > 0 {
		args = append(args, "--rate", fmt.Sprintf("%.1f", l.RatePerSecond))
	}
	var out, problems bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		return Answers{}, fmt.Errorf("satcap bench: %w\n%s", err, problems.String())
	}
	var a Answers
	if err := json.Unmarshal(out.Bytes(), &a); err != nil {
		return a, err
	}
	if a.Total.ErrorCount > 0 || a.Total.RefusalCount+a.Total.ItemRefusalCount > 0 || a.Total.Count == 0 {
		return a, errors.New("calls failed, were refused, or there were none:\n" + out.String())
	}
	return a, nil
}

// MemoryBytes is how much memory the server's process has in use now. Linux only.
func (s *Server) MemoryBytes() (int64, error) {
	if runtime.GOOS != "linux" {
		return 0, errors.New("the memory of a process can only be read on Linux")
	}
	return residentBytes(s.Pid())
}
