// A payment that is recorded and reversed at the same time, by messages of which
// one does not know the key: whatever their steps come to between each other,
// and wherever either breaks off and is repeated, the reversal wins.

package engine_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

// race is one payment, held as spend and named name.
type race struct {
	t    *testing.T
	e    *engine.Engine
	id   ledger.KeyID
	name string
}

// record claims the name, and then settles, or reverses if that was asked before.
func (r *race) record() []func() {
	var stands store.PaymentName
	return []func(){
		func() {
			all, err := r.e.ClaimNames(r.t.Context(), []store.PaymentName{{Name: r.name, KeyID: r.id, SpendID: r.name}})
			require.NoError(r.t, err)
			stands = all[0]
		},
		func() {
			if stands.ReversedAtUs != 0 {
				do(r.t, r.e, ledger.Reverse{KeyRef: ref(r.id), SpendID: r.name})
				return
			}
			do(r.t, r.e, ledger.Settle{KeyRef: ref(r.id), SpendID: r.name, AmountSats: 5, TransactionID: r.name, Exact: true})
		},
	}
}

// reverse marks the name, and then reverses the spend that it belongs to, if any.
func (r *race) reverse() []func() {
	var stands store.PaymentName
	return []func(){
		func() {
			var err error
			stands, err = r.e.ReverseName(r.t.Context(), r.name)
			require.NoError(r.t, err)
		},
		func() {
			if stands.Claimed() {
				do(r.t, r.e, ledger.Reverse{KeyRef: ref(stands.KeyID), SpendID: stands.SpendID})
			}
		},
	}
}

// interleavings are all orders of two steps of one party (false) and two of
// another (true).
func interleavings() (orders [][]bool) {
	for bits := range 16 {
		order := make([]bool, 4)
		ones := 0
		for i := range order {
			if order[i] = bits>>i&1 == 1; order[i] {
				ones++
			}
		}
		if ones == 2 {
			orders = append(orders, order)
		}
	}
	return orders
}

func TestReversalWinsInEveryInterleaving(t *testing.T) {
	onDatabases(t, func(t *testing.T, d *database) {
		e, s := onDatabase(t, d, newClock())
		id := createKey(t, e, ledger.Limits{1000})
		races := 0
		for _, order := range interleavings() {
			for _, breaks := range [][2]bool{{}, {true, false}, {false, true}, {true, true}} { // Record, Reverse: after the first step
				for _, recordFirst := range []bool{true, false} { // who repeats first
					races++
					r := &race{t, e, id, fmt.Sprint("payment ", races)}
					do(t, e, reserve(id, r.name, 5))
					parties, at := [2][]func(){r.record(), r.reverse()}, [2]int{}
					for _, isReverse := range order {
						who := 0
						if isReverse {
							who = 1
						}
						if at[who] == 0 || !breaks[who] {
							parties[who][at[who]]()
						}
						at[who]++
					}
					r.repeat(breaks, recordFirst)
					row, _ := stored(t, s, id, r.name)
					require.Equal(t, ledger.Reversed, row.State, "order %v, broken off %v", order, breaks)
					requireUsage(t, usage(t, e, id), 0, 0)
				}
			}
		}
		require.Equal(t, 6*4*2, races)
		audited(t, s)
	})
}

// repeat runs those again that were broken off.
func (r *race) repeat(breaks [2]bool, recordFirst bool) {
	again := [2]func() []func(){r.record, r.reverse}
	order := []int{1, 0}
	if recordFirst {
		order = []int{0, 1}
	}
	for _, who := range order {
		if breaks[who] {
			for _, step := range again[who]() {
				step()
			}
		}
	}
}
