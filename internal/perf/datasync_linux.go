// Syncing a file's content.

package perf

import (
	"os"

	"golang.org/x/sys/unix"
)

// datasync brings what was written to the disk, and no times of the file.
func datasync(f *os.File) error { return unix.Fdatasync(int(f.Fd())) }
