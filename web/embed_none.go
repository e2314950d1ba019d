//go:build no_ui

// Package web is the dashboard as it is served.
package web

import "io/fs"

// Files is nil: this program was built without the dashboard.
func Files() fs.FS { return nil }
