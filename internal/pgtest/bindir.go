package pgtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// errNoServer says what to do about a missing PostgreSQL.
var errNoServer = errors.New(`no PostgreSQL server programs (initdb and postgres) found; install them:
  Debian, Ubuntu: apt-get install postgresql
  Fedora:         dnf install postgresql-server
  macOS:          brew install postgresql@18
or set PG_BINDIR to the directory that holds them`)

// layouts are the places where packages put the server programs outside of PATH.
var layouts = []string{
	"/usr/lib/postgresql/*/bin",       // Debian, Ubuntu
	"/usr/pgsql-*/bin",                // RPMs of the PostgreSQL project
	"/usr/libexec/postgresql*",        // Alpine
	"/opt/homebrew/opt/postgres*/bin", // Homebrew on Apple silicon
	"/usr/local/opt/postgres*/bin",    // Homebrew on Intel
	"/Applications/Postgres.app/Contents/Versions/*/bin",
}

// BinDir returns the directory of the PostgreSQL server programs: $PG_BINDIR if
// it is set, else the first that has them of PATH, pg_config and the places
// where the packages of Debian, Fedora, Alpine and Homebrew put them. Of several
// versions in one such place it takes the newest.
func BinDir() (string, error) {
	if dir := os.Getenv("PG_BINDIR"); dir != "" {
		if !hasServer(dir) {
			return "", fmt.Errorf("PG_BINDIR: no initdb and postgres in %s", dir)
		}
		return dir, nil
	}
	var candidates []string
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			candidates = append(candidates, filepath.Dir(path))
		}
	}
	if out, err := exec.Command("pg_config", "--bindir").Output(); err == nil {
		candidates = append(candidates, strings.TrimSpace(string(out)))
	}
	for _, layout := range layouts {
		dirs, _ := filepath.Glob(layout) // the only error is a bad pattern
		slices.Sort(dirs)
		slices.Reverse(dirs)
		candidates = append(candidates, dirs...)
	}
	if i := slices.IndexFunc(candidates, hasServer); i >= 0 {
		return candidates[i], nil
	}
	return "", errNoServer
}

// hasServer reports whether dir has the two programs that a server needs.
func hasServer(dir string) bool {
	for _, name := range []string{"initdb", "postgres"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.IsDir() || info.Mode()&0o111 == 0 {
			return false
		}
	}
	return true
}
