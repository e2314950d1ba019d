// Sleeping to the exact moment, on Linux.

package loadgen

import (
	"time"

	"golang.org/x/sys/unix"
)

// preciseSleep asks the kernel: a timer of the Go runtime may be a millisecond
// late while the process is idle, which would be most of the latency measured.
func preciseSleep(d time.Duration) {
	ts := unix.NsecToTimespec(d.Nanoseconds())
	// A signal may end it early; the caller looks at the time itself.
	_ = unix.ClockNanosleep(unix.CLOCK_MONOTONIC, 0, &ts, nil)
}
