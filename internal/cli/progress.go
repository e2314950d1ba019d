// How far a long command is: a bar on a terminal, a line now and then elsewhere.

package cli

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"

	"github.com/satcap/satcap/internal/blinkimport"
)

// progressEvery is how often a line is written where there is no terminal.
const progressEvery = 5 * time.Second

// progress shows how far a command is.
type progress struct {
	out      io.Writer
	terminal bool
	now      func() time.Time
	doing    string
	bar      *progressbar.ProgressBar
	last     time.Time
}

func newProgress(out io.Writer, now func() time.Time) *progress {
	file, isFile := out.(*os.File)
	return &progress{out: out, terminal: isFile && isatty.IsTerminal(file.Fd()), now: now, last: now()}
}

func (p *progress) show(step blinkimport.Progress) {
	if !p.terminal {
		if now := p.now(); now.Sub(p.last) >= progressEvery {
			p.last = now
			fmt.Fprintf(p.out, "%s: %d of %d\n", step.Doing, step.Done, step.Total)
		}
		return
	}
	if p.bar == nil || p.doing != step.Doing {
		p.finish()
		p.doing = step.Doing
		p.bar = progressbar.NewOptions64(step.Total, progressbar.OptionSetWriter(p.out), progressbar.OptionSetDescription(step.Doing),
			progressbar.OptionShowCount(), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	}
	_ = p.bar.Set64(step.Done) // a bar that cannot be drawn stops nothing
}

// clear takes the bar away, for a line that is to stand in its place.
func (p *progress) clear() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}

// finish ends the bar.
func (p *progress) finish() {
	p.clear()
	p.bar = nil
}
