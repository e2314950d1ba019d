package pgtest

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
)

// watchdogScript reads what to watch, a process id per line or an empty line for
// nothing. At the end of input, which comes at the latest when the test process
// dies, it ends that process with signal $1 and removes directory $2.
const watchdogScript = `
trap '' HUP INT QUIT TERM
pid=
while read -r line; do pid=$line; done
if [ -n "$pid" ]; then
	kill -s "$1" "$pid" 2>/dev/null
	tries=0
	while [ "$tries" -lt 100 ] && kill -0 "$pid" 2>/dev/null; do
		sleep 0.1
		tries=$((tries + 1))
	done
fi
exec rm -rf -- "$2"
`

// watchdog is a process that cleans up when the test process cannot.
type watchdog struct {
	dir  string
	cmd  *exec.Cmd
	pipe io.WriteCloser
}

// startWatchdog guards dir and whatever watch is told about.
func startWatchdog(dir, signal string) (*watchdog, error) {
	cmd := exec.Command("/bin/sh", "-c", watchdogScript, "pgtest-watchdog", signal, dir)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=/usr/bin:/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // do not die with the test's process group
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("watchdog: %w", err)
	}
	return &watchdog{dir: dir, cmd: cmd, pipe: pipe}, nil
}

// watch makes pid the process to end.
func (w *watchdog) watch(pid int) error {
	_, err := fmt.Fprintln(w.pipe, pid)
	return err
}

// forget makes the watchdog end nothing.
func (w *watchdog) forget() { _, _ = fmt.Fprintln(w.pipe) }

// close removes the directory and ends the watchdog.
func (w *watchdog) close() {
	_ = w.pipe.Close()
	_ = w.cmd.Wait()
	_ = os.RemoveAll(w.dir)
}
