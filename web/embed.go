//go:build !no_ui

// Package web is the dashboard as it was built: web/dist, made from web/src by
// make web. Built with the tag no_ui it is left out.
package web

import (
	"embed"
	"io/fs"
)

//go:embed dist
var dist embed.FS

// Files are the dashboard's files, index.html among them; nil: it was left out.
func Files() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the name is a constant
	}
	return files
}
