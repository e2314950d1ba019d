// The registry of payment names: one owner, and no reversal ever lost.

package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/store"
)

// claim is a claim of name for a spend of key n.
func claim(name string, n int, spend string) store.PaymentName {
	return store.PaymentName{Name: name, KeyID: keyID(n), SpendID: spend}
}

// reversedAt is the name as it stands after a reversal.
func reversedAt(n store.PaymentName, us int64) store.PaymentName {
	n.ReversedAtUs = us
	return n
}

func (e *env) claim(claims ...store.PaymentName) []store.PaymentName {
	e.Helper()
	stand, err := e.store.ClaimNames(e.Context(), claims)
	require.NoError(e, err)
	return stand
}

func (e *env) reverseName(name string) store.PaymentName {
	e.Helper()
	stands, err := e.store.ReverseName(e.Context(), name)
	require.NoError(e, err)
	return stands
}

func (e *env) names(names ...string) []store.PaymentName {
	e.Helper()
	found, err := e.store.FindNames(e.Context(), names)
	require.NoError(e, err)
	return found
}

func (e *env) deleteNames(beforeUs int64, limit int) int64 {
	e.Helper()
	n, err := e.store.DeleteOldNames(e.Context(), beforeUs, limit)
	require.NoError(e, err)
	return n
}

func testNames(t *testing.T, h Harness) {
	h.run(t, "TheFirstClaimerOwns", func(e *env) {
		own := claim("t", 1, "s")
		require.False(e, store.PaymentName{Name: "t"}.Claimed())
		require.True(e, own.Claimed())
		for _, other := range []store.PaymentName{own, claim("t", 2, "s"), claim("t", 1, "other"), claim("t", 2, "other"), own} {
			e.clock.Add(second)
			require.Equal(e, []store.PaymentName{own}, e.claim(other))
			require.Equal(e, []store.PaymentName{own}, e.names("t"))
		}
	})
	h.run(t, "SetsKeepTheirOrder", func(e *env) {
		taken := claim("m", 1, "taken")
		e.claim(taken)
		e.reverseName("r")
		first, last := claim("z", 2, "sz"), claim("a", 3, "sa")
		got := e.claim(first, claim("m", 4, "sm"), claim("z", 5, "again"), last, claim("r", 6, "sr"), first)
		require.Equal(e, []store.PaymentName{first, taken, first, last, reversedAt(claim("r", 6, "sr"), start), first}, got)
		require.Equal(e, []store.PaymentName{last, taken, reversedAt(claim("r", 6, "sr"), start), first}, e.names("z", "r", "m", "a", "unknown", "a"))
	})
	h.run(t, "AReversalStands", func(e *env) {
		// of a name that nobody has claimed, and of one that somebody has
		nobodys := reversedAt(store.PaymentName{Name: "t"}, start)
		owned := reversedAt(claim("u", 1, "s"), start)
		e.claim(claim("u", 1, "s"))
		require.Equal(e, nobodys, e.reverseName("t"))
		require.Equal(e, owned, e.reverseName("u"))
		e.clock.Add(second) // the first time stands
		require.Equal(e, nobodys, e.reverseName("t"))
		require.Equal(e, owned, e.reverseName("u"))
		require.False(e, e.names("t")[0].Claimed())
		// and a claim sees it
		claimed := reversedAt(claim("t", 2, "s"), start)
		require.Equal(e, []store.PaymentName{claimed, owned}, e.claim(claim("t", 2, "s"), claim("u", 2, "s")))
		require.Equal(e, claimed, e.reverseName("t"))
		require.Equal(e, []store.PaymentName{claimed, owned}, e.names("t", "u"))
	})
	h.run(t, "NoNames", func(e *env) {
		for _, none := range [][]store.PaymentName{nil, {}} {
			require.Empty(e, e.claim(none...))
		}
		require.Empty(e, e.names())
		require.Empty(e, e.names("unknown"))
		require.Zero(e, e.deleteNames(1<<62, 10))
	})
	h.run(t, "AnyWriting", testNamesText)
	h.run(t, "Retention", testNamesRetention)
	h.run(t, "AFailureLeavesNothing", func(e *env) {
		e.claim(claim("t", 1, "s"))
		for what, bad := range map[string]store.PaymentName{
			"no name": claim("", 1, "s"), "too long": claim(strings.Repeat("n", 129), 1, "s"), "no spend": claim("bad", 1, ""),
		} {
			_, err := e.store.ClaimNames(e.Context(), []store.PaymentName{claim("good", 1, "s"), bad, claim("fine", 1, "s")})
			require.ErrorIs(e, err, store.ErrDefect, what)
			require.Empty(e, e.names("good", "fine", bad.Name), what)
		}
		for _, bad := range []string{"", strings.Repeat("n", 129)} {
			_, err := e.store.ReverseName(e.Context(), bad)
			require.ErrorIs(e, err, store.ErrDefect)
		}
		for range 30 { // more often than there are connections
			_, err := e.store.ReverseName(e.Context(), "")
			require.Error(e, err)
		}
		require.Equal(e, []store.PaymentName{claim("t", 1, "s")}, e.claim(claim("t", 2, "s")))
	})
	h.run(t, "ErrorsAreOfTheStore", func(e *env) {
		e.exec(e.T, "ALTER TABLE payment_names RENAME TO payment_names_gone")
		ctx := e.Context()
		_, claimed := e.store.ClaimNames(ctx, []store.PaymentName{claim("t", 1, "s")})
		_, reversed := e.store.ReverseName(ctx, "t")
		_, found := e.store.FindNames(ctx, []string{"t"})
		_, deleted := e.store.DeleteOldNames(ctx, 1, 1)
		for name, err := range map[string]error{"ClaimNames": claimed, "ReverseName": reversed, "FindNames": found, "DeleteOldNames": deleted} {
			require.ErrorIs(e, err, store.ErrDefect, name)
		}
	})
	h.run(t, "OneOwnerForManyClaimers", testNamesOneOwner)
	h.run(t, "NoReversalIsLost", testNamesRace)
	h.run(t, "RetentionBesideClaims", testNamesSweptMeanwhile)
}

// testNamesText claims names that are long, or that a collation or a comparison
// without case would take for one another.
func testNamesText(e *env) {
	alike := []string{"a", "A", "ä", "a\u0308", "a ", " a", "ß", "ss", "i", "I", "ı", "0", "00", `"`, `\`, "'", "%", "{}", "[1]", "null", "🦊", "\u00a0", strings.Repeat("ﷺ", 128)}
	var claims []store.PaymentName
	for i, name := range alike {
		claims = append(claims, claim(name, i+1, "s"+name))
	}
	require.Equal(e, claims, e.claim(claims...))
	for i, name := range alike {
		require.Equal(e, claims[i:i+1], e.names(name), "%q", name)
		claims[i].ReversedAtUs = start
		require.Equal(e, claims[i], e.reverseName(name))
	}
	slices.SortFunc(claims, func(a, b store.PaymentName) int { return strings.Compare(a.Name, b.Name) })
	require.Equal(e, claims, e.names(alike...), "by their bytes")
}

// testNamesRetention goes to the last moment of each kind of name and one later.
func testNamesRetention(e *env) {
	e.claim(claim("claimed", 1, "s"), claim("reversed later", 1, "r"))
	e.clock.Store(start + 10)
	e.reverseName("reversed ahead")
	e.clock.Store(start + 20)
	e.claim(claim("claimed later", 1, "t"), claim("reversed ahead", 1, "u"))
	e.clock.Store(start + 30)
	e.reverseName("reversed later")
	all := []string{"claimed", "reversed ahead", "claimed later", "reversed later"} // in the order of their end
	for i, end := range []int64{start, start + 10, start + 20, start + 30} {
		require.Zero(e, e.deleteNames(end, 10))
		require.Len(e, e.names(all...), len(all)-i)
		require.EqualValues(e, 1, e.deleteNames(end+1, 10))
		require.Empty(e, e.names(all[i]))
	}
	// in steps, the oldest first
	for i := range 7 {
		e.clock.Store(start + int64(i))
		e.claim(claim(fmt.Sprint(6-i), 1, "s"))
	}
	for _, left := range [][]string{{"0", "1", "2", "3"}, {"0"}, {"0"}} {
		before := len(e.names("0", "1", "2", "3", "4", "5", "6"))
		require.EqualValues(e, before-len(left), e.deleteNames(start+6, 3))
		var still []string
		for _, n := range e.names("0", "1", "2", "3", "4", "5", "6") {
			still = append(still, n.Name)
		}
		require.Equal(e, left, still)
	}
}
