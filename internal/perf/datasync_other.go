//go:build !linux

// Syncing a file's content.

package perf

import "os"

// datasync brings what was written to the disk.
func datasync(f *os.File) error { return f.Sync() }
