// What the tests need of the package's inside.

package cli

import (
	"io"
	"time"

	"github.com/satcap/satcap/internal/blinkimport"
)

// Exported for the tests only.
var (
	ParseSats  = parseSats
	FormatSats = formatSats
	ParseSpan  = parseSpan
	VersionOf  = versionOf

	PrintReport = printReport
	Latency     = latency
)

// ShowProgress shows progress on what may pass for a terminal.
func ShowProgress(out io.Writer, terminal bool, now func() time.Time) (show func(blinkimport.Progress), finish func()) {
	p := newProgress(out, now)
	p.terminal = terminal
	return p.show, p.finish
}

// MaxSats is the largest amount.
const MaxSats = maxSats

// World is what Main takes from the process, for tests to replace.
type World struct {
	Stdin    io.Reader
	Stdout   io.Writer
	Stderr   io.Writer
	Env      []string
	Terminal bool
	Now      time.Time
}

// Run is Main in another world.
func (w World) Run(args ...string) int {
	a := &app{
		stdin:    w.Stdin,
		stdout:   w.Stdout,
		stderr:   w.Stderr,
		env:      environment(w.Env),
		terminal: func() bool { return w.Terminal },
		now:      func() time.Time { return w.Now },
	}
	return a.run(args)
}
