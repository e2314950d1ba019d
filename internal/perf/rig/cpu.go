// How much processor time a run has taken so far.

package rig

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// ticksPerSecond is the unit of /proc/PID/stat, the same on every Linux.
const ticksPerSecond = 100

// CPUSeconds is the processor time that this process and all that it started have
// taken, in user and kernel mode, on Linux; elsewhere it is not known. It is what
// work costs, however much of a busy machine it gets.
func CPUSeconds() (seconds float64, known bool) {
	files, _ := filepath.Glob("/proc/[0-9]*/stat") // the only error is a bad pattern
	children := make(map[int][]processTimes)
	var self processTimes
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended meanwhile
		}
		p, err := parseStat(string(text))
		if err != nil {
			continue
		}
		children[p.parent] = append(children[p.parent], p)
		if p.pid == os.Getpid() {
			self = p
		}
	}
	if self.pid == 0 {
		return 0, false
	}
	return float64(sumTicks(self, children)) / ticksPerSecond, true
}

// processTimes is what a process, and its children that have ended, have taken.
type processTimes struct{ pid, parent, ticks int }

func sumTicks(p processTimes, children map[int][]processTimes) int {
	sum := p.ticks
	for _, c := range children[p.pid] {
		sum += sumTicks(c, children)
	}
	return sum
}

// parseStat reads a line of /proc/PID/stat: see proc(5).
func parseStat(text string) (p processTimes, err error) {
	// The name of the program may hold anything, so count from its end.
	end := strings.LastIndexByte(text, ')')
	if end < 0 {
		return p, fmt.Errorf("no process: %q", text)
	}
	if _, err := fmt.Sscanf(text, "%d", &p.pid); err != nil {
		return p, err
	}
	const parent, utime, cstime = 1, 11, 14
	fields := strings.Fields(text[end+1:])
	if len(fields) <= cstime {
		return p, fmt.Errorf("no process: %q", text)
	}
	if p.parent, err = strconv.Atoi(fields[parent]); err != nil {
		return p, err
	}
	for _, field := range fields[utime : cstime+1] {
		ticks, err := strconv.Atoi(field)
		if err != nil {
			return p, err
		}
		p.ticks += ticks
	}
	return p, nil
}
