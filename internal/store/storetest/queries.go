// The text of the generated queries, for tests that ask how they are planned.

package storetest

import (
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// Queries reads the text of every query from the code generated in dir, by name.
func Queries(t *testing.T, dir string) map[string]string {
	files, err := filepath.Glob(filepath.Join(dir, "*.sql.go"))
	require.NoError(t, err)
	require.NotEmpty(t, files, "no generated code in %s", dir)
	queries := make(map[string]string)
	for _, file := range files {
		parsed, err := parser.ParseFile(gotoken.NewFileSet(), file, nil, 0)
		require.NoError(t, err)
		ast.Inspect(parsed, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			literal, ok := spec.Values[0].(*ast.BasicLit)
			if !ok {
				return true
			}
			text, err := strconv.Unquote(literal.Value)
			require.NoError(t, err)
			m := queryName.FindStringSubmatch(text)
			require.NotNil(t, m, "a query without a name: %s", text)
			queries[m[1]] = text
			return true
		})
	}
	return queries
}
