// What only the tests of this package see.

package auth

import (
	"maps"
	"slices"
)

// Listed is every procedure that stands in the table.
func Listed() []string { return slices.Sorted(maps.Keys(table)) }
