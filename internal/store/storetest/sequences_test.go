// Every sequence of messages about one spend, on both engines: they end as the
// ladder of states says, and each message is answered alike.

package storetest_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
	"github.com/satcap/satcap/internal/store/storetest"
)

// messages are the five calls; a sequence is a number whose digits name them.
var messages = []func(ledger.KeyRef, string) ledger.Operation{
	func(r ledger.KeyRef, id string) ledger.Operation {
		return ledger.Reserve{KeyRef: r, SpendID: id, AmountSats: 7, TTLUs: day}
	},
	func(r ledger.KeyRef, id string) ledger.Operation { return ledger.Settle{KeyRef: r, SpendID: id} },
	func(r ledger.KeyRef, id string) ledger.Operation { return ledger.Release{KeyRef: r, SpendID: id} },
	func(r ledger.KeyRef, id string) ledger.Operation { return ledger.Reverse{KeyRef: r, SpendID: id} },
	func(r ledger.KeyRef, id string) ledger.Operation { // Record: a Settle with its amount
		return ledger.Settle{KeyRef: r, SpendID: id, AmountSats: 7}
	},
}

// ladder is the state after a message, by the state before; 0 is an unknown
// spend. It is written down from the design, not taken from the code.
var ladder = [6][5]ledger.SpendState{
	//                Reserve          Settle           Release          Reverse          Record
	0:               {ledger.Reserved, 0, ledger.Released, ledger.Reversed, ledger.Settled},
	ledger.Reserved: {ledger.Reserved, ledger.Settled, ledger.Released, ledger.Reversed, ledger.Settled},
	ledger.Released: {ledger.Released, ledger.Settled, ledger.Released, ledger.Reversed, ledger.Settled},
	ledger.Expired:  {}, // by time alone: elsewhere
	ledger.Settled:  {ledger.Settled, ledger.Settled, ledger.Settled, ledger.Reversed, ledger.Settled},
	ledger.Reversed: {ledger.Reversed, ledger.Reversed, ledger.Reversed, ledger.Reversed, ledger.Reversed},
}

// sequence is one sequence under way: its messages, and where it should stand.
type sequence struct {
	id    string
	state ledger.SpendState
	held  bool // there was a hold, so a Settle without amount knows its amount
}

// expect moves the sequence along the ladder.
func (s *sequence) expect(message int) {
	if message == 1 && s.state == ledger.Released && !s.held {
		return // a Settle without amount finds no amount
	}
	s.held = s.held || message == 0 && s.state == 0
	s.state = ladder[s.state][message]
}

// All sequences of one length go side by side, a spend each on one key, the
// first message of all in one batch, then the second of all, and so on.
func TestEverySequenceOnBothEngines(t *testing.T) {
	t.Parallel()
	longest := 6
	if testing.Short() {
		longest = 4
	}
	e := openEngines(t)
	e.clock.Store(start)
	for length := 1; length <= longest; length++ {
		id := numbered(uint64(length))
		for _, s := range []store.Store{e.postgres, e.sqlite} {
			created, err := s.CreateKey(e.ctx, store.CreateKeyParams{
				Key: ledger.Key{
					ID: id, Subject: "s", Name: "n", State: ledger.KeyActive, CreatedAtUs: start, LastUs: start, Revision: 1,
					Budget: ledger.Budget{AsOfUs: start},
				},
				SecretHash: id[:], RequestHash: id[:],
			})
			require.NoError(t, err)
			require.True(t, created.New)
		}
		runSequences(t, e, ledger.KeyRef{KeyID: id}, length)
	}
}

func runSequences(t *testing.T, e *engines, key ledger.KeyRef, length int) {
	count := int(math.Pow(float64(len(messages)), float64(length)))
	sequences := make([]sequence, count)
	divisor := 1
	for range length {
		ops := make([]ledger.Operation, count)
		for i := range sequences {
			message := i / divisor % len(messages)
			sequences[i].id = fmt.Sprint(i)
			sequences[i].expect(message)
			ops[i] = messages[message](key, sequences[i].id)
		}
		divisor *= len(messages)
		e.clock.Add(second)
		fromPostgres, err := storetest.Do(e.ctx, e.postgres, ops...)
		require.NoError(t, err)
		fromSQLite, err := storetest.Do(e.ctx, e.sqlite, ops...)
		require.NoError(t, err)
		require.Equal(t, fromPostgres, fromSQLite)
	}
	settled := int64(0)
	for _, s := range []store.Store{e.postgres, e.sqlite} {
		spends, err := s.ListSpends(e.ctx, store.ListSpendsParams{
			KeyID: key.KeyID, BeforeUs: math.MaxInt64, NowUs: e.clock.Load(), Limit: count + 1,
		})
		require.NoError(t, err)
		states := make(map[string]ledger.SpendState, count)
		for _, spend := range spends {
			states[spend.ID] = spend.State
		}
		settled = 0
		for i, seq := range sequences {
			require.Equal(t, seq.state, states[seq.id], "length %d, sequence %d", length, i)
			if seq.state == ledger.Settled {
				settled++
			}
		}
		views, err := s.ViewKeys(e.ctx, []ledger.KeyID{key.KeyID}, "")
		require.NoError(t, err)
		require.Equal(t, 7*settled, views[0].Key.SpentSats[ledger.Annual])
	}
	require.Positive(t, settled)
}
