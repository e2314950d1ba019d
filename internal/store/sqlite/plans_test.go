// How SQLite runs the queries: each by index, within the keys it is about.

package sqlite_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/store/storetest"
)

// found is a step of a plan that goes by an index, as EXPLAIN QUERY PLAN tells it
// (https://www.sqlite.org/eqp.html): the table's name in the query, and the terms.
var found = regexp.MustCompile(`^SEARCH (\w+) USING .*\(([^()]*)\)`)

// byKey is, per name of a table in the queries, what its rows are found by.
var byKey = map[string]string{
	"k": `\bid[=>]|secret_hash=|subject=`, "api_keys": `\bid=|subject=`,
	"s": "api_key_id=", "t": "api_key_id=", "h": "api_key_id=", "spends": "api_key_id=",
	"r": "api_key_id=", "reversals": "api_key_id=", "c": "api_key_id=",
}

// TestPlans holds the plan of every query against the tables' indexes.
func TestPlans(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "satcap.db"))
	for name, query := range storetest.Queries(t, "internal/dbsqlc") {
		t.Run(name, func(t *testing.T) {
			rows, err := s.Writer().QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, make([]any, parameters(query))...)
			require.NoError(t, err)
			for rows.Next() {
				var id, parent, unused int
				var step string
				require.NoError(t, rows.Scan(&id, &parent, &unused, &step))
				if strings.HasPrefix(step, "SCAN ") {
					require.Regexp(t, `^SCAN (j VIRTUAL TABLE|CONSTANT ROW|service_tokens)`, step, "read whole")
				}
				if m := found.FindStringSubmatch(step); m != nil && byKey[m[1]] != "" {
					require.Regexp(t, byKey[m[1]], m[2], "more is read than the keys it is about: %s", step)
				}
			}
			require.NoError(t, rows.Err())
		})
	}
}

var parameter = regexp.MustCompile(`\?\d+`)

// parameters is how many parameters query has.
func parameters(query string) int {
	seen := make(map[string]bool)
	for _, p := range parameter.FindAllString(query, -1) {
		seen[p] = true
	}
	return len(seen)
}
