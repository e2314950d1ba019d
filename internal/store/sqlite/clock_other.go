//go:build !linux

// The clock of a database that has none of its own.

package sqlite

import "time"

// systemClock is the time of the system. Go's monotonic clock stands still while
// the machine sleeps, so it cannot tell a sleep from a clock that was set: the
// guard against a clock that jumps is there on Linux only.
func systemClock() func() int64 { return func() int64 { return time.Now().UnixMicro() } }
