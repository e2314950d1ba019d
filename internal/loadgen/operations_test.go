// The mix: what it reads, what it refuses, and that its shares come.

package loadgen

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func mix(t *testing.T, text string) Mix {
	t.Helper()
	m, err := ParseMix(text)
	require.NoError(t, err)
	return m
}

func TestParseMixRefuses(t *testing.T) {
	t.Parallel()
	for text, problem := range map[string]string{
		"":                      `"" must be OPERATION=WEIGHT, like reserve=50`,
		"reserve":               `"reserve" must be OPERATION=WEIGHT, like reserve=50`,
		"pay=1":                 `there is no operation "pay": they are reserve, settle, release, check, usage, verify, apply`,
		"reserve=1,reserve=2":   "reserve is named twice",
		"reserve=-1":            "the weight of reserve must be a whole number from 0 to 1000000",
		"reserve=0.5":           "the weight of reserve must be a whole number from 0 to 1000000",
		"reserve=1000001":       "the weight of reserve must be a whole number from 0 to 1000000",
		"reserve=0,check=0":     "one weight at least must be more than 0",
		"settle=1,check=1":      "settle and release work on holds that the run made: reserve must have a weight too",
		"reserve=0,release=100": "settle and release work on holds that the run made: reserve must have a weight too",
	} {
		_, err := ParseMix(text)
		require.EqualError(t, err, problem, text)
	}
}

func TestMixShares(t *testing.T) {
	t.Parallel()
	m := mix(t, " reserve=50, settle=40,release=10 ,check=0")
	random := rand.New(rand.NewPCG(1, 2))
	var got [opCount]int
	const n = 100_000
	for range n {
		got[m.pick(random)]++
	}
	require.InDelta(t, 0.5, float64(got[opReserve])/n, 0.01)
	require.InDelta(t, 0.4, float64(got[opSettle])/n, 0.01)
	require.InDelta(t, 0.1, float64(got[opRelease])/n, 0.01)
	require.Zero(t, got[opCheck]+got[opUsage]+got[opVerify])
}
