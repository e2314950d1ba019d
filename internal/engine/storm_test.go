// A storm of retries: the same message many times at once, at several replicas,
// some of them with another content. It counts once.

package engine_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
)

// storm sends op(n) from every caller and sorts the answers: the one that
// changed something, the replays, and what was refused. The order of the callers
// is lost.
func storm(c *crowd, op func(n int) ledger.Operation) (first, replays, refused []event) {
	c.events = nil
	c.run(func(n int, random *rand.Rand) { c.call(random, op(n)) })
	require.Empty(c.t, c.failures)
	for _, ev := range c.events {
		switch {
		case ev.err != nil:
			refused = append(refused, ev)
		case ev.result.Replayed:
			replays = append(replays, ev)
		default:
			first = append(first, ev)
		}
	}
	return first, replays, refused
}

// TestReplayStorm: a spend is held once, settled once and reversed once, and
// every caller is told the same of it.
func TestReplayStorm(t *testing.T) {
	for _, s := range setups {
		t.Run(s.name, func(t *testing.T) {
			const rounds, right, wrong = 5, 600, 601
			c := newCrowd(t, s.make(t), s.engines, rounds*wrong)
			revision := int64(1)
			for round := range rounds {
				id := fmt.Sprint("spend", round)

				// Whoever comes first decides which amount is the right one.
				first, replays, refused := storm(c, func(n int) ledger.Operation {
					if n%10 == 0 {
						return reserve(c.key, id, wrong)
					}
					return reserve(c.key, id, right)
				})
				require.Len(t, first, 1, "held once")
				revision++
				hold := first[0].result.Spend
				require.Equal(t, revision, first[0].result.Key.Revision)
				for _, ev := range replays {
					require.Equal(t, hold, ev.result.Spend)
					require.Equal(t, revision, ev.result.Key.Revision)
				}
				others := callers - (callers+9)/10
				if hold.HeldSats == right {
					others = (callers + 9) / 10
				}
				require.Len(t, refused, others)
				for _, ev := range refused {
					require.ErrorIs(t, ev.err, ledger.ErrSpendIDReused)
					require.NotEqual(t, hold.HeldSats, ev.op.(ledger.Reserve).AmountSats)
				}
				requireUsage(t, usage(t, c.engines[0], c.key), hold.HeldSats, 0)

				first, replays, refused = storm(c, func(int) ledger.Operation {
					return ledger.Settle{KeyRef: ref(c.key), SpendID: id, AmountSats: 500, TransactionID: "tx" + id}
				})
				require.Len(t, first, 1, "settled once")
				require.Len(t, replays, callers-1)
				require.Empty(t, refused)
				revision++
				for _, ev := range replays {
					require.Equal(t, first[0].result.Spend, ev.result.Spend)
				}
				requireUsage(t, usage(t, c.engines[0], c.key), 0, 500)

				_, _, refused = storm(c, func(int) ledger.Operation { return reserve(c.key, id, hold.HeldSats) })
				require.Len(t, refused, callers)
				for _, ev := range refused {
					var closed *ledger.SpendClosedError
					require.True(t, errors.As(ev.err, &closed), "%v", ev.err)
					require.Equal(t, first[0].result.Spend, closed.Spend)
				}

				first, replays, refused = storm(c, func(n int) ledger.Operation {
					if n%2 == 0 {
						return ledger.Reverse{KeyRef: ref(c.key), TransactionID: "tx" + id}
					}
					return ledger.Reverse{KeyRef: ref(c.key), SpendID: id}
				})
				require.Len(t, first, 1, "reversed once")
				require.Len(t, replays, callers-1)
				require.Empty(t, refused)
				revision++
				requireUsage(t, usage(t, c.engines[0], c.key), 0, 0)
			}
			a := audits(t, c.stores[0])[0]
			require.Empty(t, a.Differences())
			require.EqualValues(t, rounds, a.SpendCount)
			require.Equal(t, revision, a.Key.Revision)
		})
	}
}

// TestTombstoneStorm: the first message of a spend is its Release or its Reverse,
// many times at once: one row, one change.
func TestTombstoneStorm(t *testing.T) {
	for _, s := range setups {
		t.Run(s.name, func(t *testing.T) {
			c := newCrowd(t, s.make(t), s.engines, 10)
			for _, op := range []ledger.Operation{
				ledger.Release{KeyRef: ref(c.key), SpendID: "released"},
				ledger.Reverse{KeyRef: ref(c.key), SpendID: "reversed"},
				ledger.Reverse{KeyRef: ref(c.key), TransactionID: "tx"},
			} {
				first, replays, refused := storm(c, func(int) ledger.Operation { return op })
				require.Len(t, first, 1)
				require.Len(t, replays, callers-1)
				require.Empty(t, refused)
			}
			a := audits(t, c.stores[0])[0]
			require.EqualValues(t, 2, a.SpendCount)
			require.EqualValues(t, 4, a.Key.Revision)
		})
	}
}
