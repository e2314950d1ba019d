package pgtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// sysProcAttr makes the kernel send deathSignal to the child when its parent dies.
func sysProcAttr(credential *syscall.Credential, deathSignal syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: credential, Pdeathsig: deathSignal}
}

// memoryDir returns a directory in memory with room for a server, or "".
// Containers often have a /dev/shm that is too small.
func memoryDir() string {
	const dir, needBytes = "/dev/shm", 1 << 30
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil || fs.Bavail*uint64(fs.Bsize) < needBytes {
		return ""
	}
	probe, err := os.MkdirTemp(dir, "pgtest-")
	if err != nil {
		return ""
	}
	_ = os.Remove(probe)
	return dir
}

// livingChildren returns the children of pid that are not zombies.
func livingChildren(pid int) ([]int, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	var children []int
	for _, file := range files {
		stat, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		// pid (command) state parent ...; the command may hold anything.
		var child, parent int
		var state string
		line := string(stat)
		end := strings.LastIndexByte(line, ')')
		if _, err := fmt.Sscanf(line, "%d", &child); err != nil || end < 0 {
			return nil, fmt.Errorf("%s: cannot read %q", file, line)
		}
		if _, err := fmt.Sscanf(line[end+1:], "%s %d", &state, &parent); err != nil {
			return nil, fmt.Errorf("%s: cannot read %q: %w", file, line, err)
		}
		if parent == pid && state != "Z" {
			children = append(children, child)
		}
	}
	return children, nil
}
