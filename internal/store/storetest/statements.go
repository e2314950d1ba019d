// What a store asks its database, and whether that was every query it has.

package storetest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// queryName finds the name that sqlc keeps in the first line of every query.
var queryName = regexp.MustCompile(`(?m)^-- name: (\w+) :`)

// Statements counts the statements that a store has executed. The zero value is
// ready, and safe for concurrent use.
type Statements struct {
	mu    sync.Mutex
	total int
	named map[string]int
}

// Note counts one executed statement.
func (s *Statements) Note(sql string) {
	name := ""
	if m := queryName.FindStringSubmatch(sql); m != nil {
		name = m[1]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.note(name, 1)
}

func (s *Statements) note(name string, times int) {
	if s.named == nil {
		s.named = make(map[string]int)
	}
	s.total += times
	s.named[name] += times
}

// add counts what other has counted.
func (s *Statements) add(other *Statements) {
	other.mu.Lock()
	defer other.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, times := range other.named {
		s.note(name, times)
	}
}

// count is how many statements were executed so far.
func (s *Statements) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.total
}

// requireEvery fails unless every query in the files of dir was executed.
func (s *Statements) requireEvery(t *testing.T, dir string) {
	files, err := filepath.Glob(filepath.Join(dir, "*.sql"))
	require.NoError(t, err)
	require.NotEmpty(t, files, "no queries in %s", dir)
	var missing []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range queryName.FindAllStringSubmatch(string(text), -1) {
			if s.named[m[1]] == 0 {
				missing = append(missing, m[1])
			}
		}
	}
	slices.Sort(missing)
	require.Empty(t, missing, "queries that no test of the suite executes")
}
