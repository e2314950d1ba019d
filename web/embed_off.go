//go:build no_ui

// Package web is the dashboard, which this build leaves out.
package web

import "io/fs"

// Files are the dashboard's files; nil: it was left out.
func Files() fs.FS { return nil }
