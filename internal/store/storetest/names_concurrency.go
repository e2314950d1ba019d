// Claims and reversals of the same names at the same time.

package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/store"
)

// testNamesOneOwner lets many claim the same names, in sets of any order: all
// are told of one owner, and nobody is broken off for another's sake.
func testNamesOneOwner(e *env) {
	const goroutines, rounds, names = 12, 10, 8
	answers := make([][]store.PaymentName, goroutines)
	e.parallel(goroutines, func(ctx context.Context, n int) error {
		random := rand.New(rand.NewPCG(uint64(n), 11))
		for round := range rounds {
			var claims []store.PaymentName
			for _, i := range random.Perm(names) {
				claims = append(claims, claim(fmt.Sprintf("%d/%d", round, i), n+1, fmt.Sprintf("s%d", random.IntN(3))))
			}
			stand, err := e.store.ClaimNames(ctx, claims)
			if err != nil {
				return err
			}
			for i, c := range claims {
				if stand[i].Name != c.Name {
					return fmt.Errorf("asked for %s, told of %s", c.Name, stand[i].Name)
				}
			}
			answers[n] = append(answers[n], stand...)
		}
		return nil
	})
	owners := make(map[string]store.PaymentName)
	for _, told := range answers {
		for _, stands := range told {
			if owner, known := owners[stands.Name]; known {
				require.Equal(e, owner, stands, "two owners")
			}
			owners[stands.Name] = stands
		}
	}
	require.Len(e, owners, rounds*names)
	for name, owner := range owners {
		require.Equal(e, []store.PaymentName{owner}, e.names(name))
	}
}

// testNamesRace plays Record against Reverse, who share nothing but the name.
// Record claims and then settles unless it sees a reversal; Reverse marks and
// then reverses what it sees an owner of. In whichever order they come, and
// there is one for every name, at least one of the two must see the other.
func testNamesRace(e *env) {
	const recorders, reversers, names = 4, 4, 60
	type verdict struct{ recordSaw, reverseSaw atomic.Bool }
	verdicts := make([]verdict, names)
	gates := make([]sync.WaitGroup, names) // all begin each name together
	for i := range gates {
		gates[i].Add(recorders + reversers)
	}
	e.parallel(recorders+reversers, func(ctx context.Context, n int) error {
		var failed error
		for i := range names {
			gates[i].Done()
			gates[i].Wait()
			if failed != nil {
				continue // the others must not wait for ever
			}
			name := fmt.Sprint(i)
			if n < recorders {
				stand, err := e.store.ClaimNames(ctx, []store.PaymentName{claim(name, 1, "s")})
				if failed = err; err == nil && stand[0].ReversedAtUs != 0 {
					verdicts[i].recordSaw.Store(true)
				}
				continue
			}
			stands, err := e.store.ReverseName(ctx, name)
			if failed = err; err == nil && stands.Claimed() {
				verdicts[i].reverseSaw.Store(true)
			}
		}
		return failed
	})
	for i := range verdicts {
		v := &verdicts[i]
		require.True(e, v.recordSaw.Load() || v.reverseSaw.Load(), "name %d: neither saw the other, so the reversal is lost", i)
		name := e.names(fmt.Sprint(i))[0]
		require.Equal(e, reversedAt(claim(fmt.Sprint(i), 1, "s"), start), name)
	}
}

// testNamesSweptMeanwhile deletes what is old while others claim and reverse it:
// nobody is broken off, and a reversal of now is not lost with a name of then.
func testNamesSweptMeanwhile(e *env) {
	const names = 80
	e.clock.Store(start - 1)
	for i := range names {
		e.claim(claim(fmt.Sprint(i), 1, "s"))
	}
	e.clock.Store(start)
	e.parallel(6, func(ctx context.Context, n int) error {
		for i := range names {
			var err error
			switch n % 3 {
			case 0:
				_, err = e.store.DeleteOldNames(ctx, start, 3)
			case 1:
				_, err = e.store.ClaimNames(ctx, []store.PaymentName{claim(fmt.Sprint(i), 1, "s"), claim(fmt.Sprint(names-i), 1, "s")})
			case 2:
				_, err = e.store.ReverseName(ctx, fmt.Sprint(i))
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	for i := range names {
		found := e.names(fmt.Sprint(i))
		require.Len(e, found, 1)
		require.Equal(e, start, found[0].ReversedAtUs)
	}
}
