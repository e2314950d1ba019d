// The clock of the store stands beside the system's, not on it.

package sqlite

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSystemClock(t *testing.T) {
	t.Parallel()
	before := time.Now().UnixMicro()
	clock := systemClock()
	first := clock()
	require.GreaterOrEqual(t, first, before-1)
	require.LessOrEqual(t, first, time.Now().UnixMicro()+1)
	last := first
	for range 10_000 {
		now := clock()
		require.GreaterOrEqual(t, now, last, "it never goes back")
		last = now
	}
	// It counts what passes and does not read the system's time again: the two
	// may differ by what the system's time was slewed, never by a jump.
	require.InDelta(t, time.Now().UnixMicro()-before, last-first, float64(time.Second.Microseconds()))
}
