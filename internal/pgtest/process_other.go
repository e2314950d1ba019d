//go:build !linux

package pgtest

import (
	"fmt"
	"os/exec"
	"strings"
	"syscall"
)

// sysProcAttr ignores deathSignal, which only Linux has; the watchdog does it.
func sysProcAttr(credential *syscall.Credential, _ syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: credential}
}

// memoryDir returns "": no directory is known to be in memory.
func memoryDir() string { return "" }

// livingChildren returns the children of pid that are not zombies.
func livingChildren(pid int) ([]int, error) {
	out, err := exec.Command("ps", "-A", "-o", "pid=,ppid=,stat=").Output()
	if err != nil {
		return nil, fmt.Errorf("ps: %w", err)
	}
	var children []int
	for line := range strings.Lines(string(out)) {
		var child, parent int
		var state string
		if _, err := fmt.Sscanf(line, "%d %d %s", &child, &parent, &state); err != nil {
			return nil, fmt.Errorf("ps: cannot read %q: %w", line, err)
		}
		if parent == pid && !strings.HasPrefix(state, "Z") {
			children = append(children, child)
		}
	}
	return children, nil
}
