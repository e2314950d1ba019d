// The clock of a database that has none of its own.

package sqlite

import (
	"time"

	"golang.org/x/sys/unix"
)

// systemClock starts at the time of the system and then counts what passes, by
// the one clock that nobody can set and that goes on while the machine sleeps.
// If the system's time is set meanwhile, the two disagree, and the engine
// decides nothing until they agree again or the program is started anew: a jump
// ahead would empty the windows.
func systemClock() func() int64 {
	began, wallUs := passedUs(), time.Now().UnixMicro()
	return func() int64 { return wallUs + passedUs() - began }
}

// passedUs is the time since the machine was started.
func passedUs() int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		// Linux has had this clock since 2.6.39.
		panic("sqlite: no CLOCK_BOOTTIME: " + err.Error())
	}
	return t.Nano() / 1000
}
