// Package db holds the schema of both engines, one folder each, with the same
// migration numbers. The queries beside it are compiled by sqlc into the
// engines' own packages.
package db

import "embed"

// Schema holds schema/postgres and schema/sqlite.
//
//go:embed schema
var Schema embed.FS
