// Names in any writing: what a caller sends is what is kept and found.

package storetest

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

func testText(t *testing.T, h Harness) {
	h.run(t, "EveryPrintableCharacter", testTextCharacters)
	h.run(t, "NamesThatLookAlike", testTextAlike)
	h.run(t, "SubjectsNamesAndActors", func(e *env) {
		text := "ünï¢ødé 🦊 \\ ' \" % _ ? $1 @id :x -- \u00a0 \u200d ﷽"
		k := e.key(func(k *ledger.Key) { k.Subject, k.Name, k.SecretPrefix = text, text+"1", text+"2" })
		require.Equal(e, k, e.view(k.ID).Key)
		require.Equal(e, []ledger.KeyID{k.ID}, e.listed(page(text, 10)))
		e.do(ledger.Rename{KeyRef: on(k), Name: text + "3"})
		require.Equal(e, text+"3", e.view(k.ID).Key.Name)
		actor := ledger.Actor{Subject: text + "4", Authentication: text + "5"}
		e.do(ledger.UpdateLimits{KeyRef: on(k), Updates: []ledger.LimitUpdate{{LimitSats: 1}}, Actor: actor})
		require.Equal(e, actor, e.limitChanges(k.ID)[0].Actor)

		p := creation(newKey(keyID(50), start))
		p.Key.Subject, p.RequestID = text, text
		for _, isNew := range []bool{true, false} {
			created, err := e.store.CreateKey(e.Context(), p)
			require.NoError(e, err)
			require.Equal(e, isNew, created.New)
		}
	})
}

// testTextCharacters puts every printable character of Unicode into names of 128
// characters, the longest there are.
func testTextCharacters(e *env) {
	var names []string
	var name strings.Builder
	count := 0
	for r := range rune(unicode.MaxRune + 1) {
		if !unicode.IsPrint(r) {
			continue
		}
		name.WriteRune(r)
		if count++; count%128 == 0 {
			names = append(names, name.String())
			name.Reset()
		}
	}
	require.Greater(e, len(names), 1000)
	k := e.key()
	for chunk := range slices.Chunk(names, 300) {
		c := ledger.Changes{}
		p := store.LoadParams{Keys: []ledger.KeyID{k.ID}}
		for _, n := range chunk {
			s := row(k, n, int64(e.keys))
			e.keys++
			s.TransactionID = n
			c.Inserted = append(c.Inserted, s)
			c.Reversals = append(c.Reversals, ledger.Reversal{KeyID: k.ID, TransactionID: n})
			p.Spends = append(p.Spends, store.Name{KeyID: k.ID, ID: n})
			p.Transactions = append(p.Transactions, store.Name{KeyID: k.ID, ID: n})
		}
		require.NoError(e, e.save(c, k.ID))
		byID := e.peek(store.LoadParams{Keys: p.Keys, Spends: p.Spends}).Keys[k.ID]
		require.ElementsMatch(e, c.Inserted, byID.Spends)
		byTransaction := e.peek(store.LoadParams{Keys: p.Keys, Transactions: p.Transactions}).Keys[k.ID]
		require.ElementsMatch(e, c.Inserted, byTransaction.Spends)
		require.ElementsMatch(e, chunk, transactionIDs(byTransaction.Reversals))
	}
	got := ids(e.spends(k.ID))
	slices.Reverse(got)
	require.Equal(e, names, got)
}

// testTextAlike uses names that a collation, a comparison without case or a
// normalisation would take for the same.
func testTextAlike(e *env) {
	k := e.key()
	alike := []string{"a", "A", "ä", "a\u0308", "Ä", "ａ", "a ", " a", "a\u00a0", "ß", "ss", "ı", "i", "İ", "I", "0", "00", "0.0", "1e0", "µ", "μ"}
	for i, id := range alike {
		e.do(settle(k, id, int64(i+1), id))
	}
	require.Len(e, e.spends(k.ID), len(alike))
	for i, id := range alike {
		name := []store.Name{{KeyID: k.ID, ID: id}}
		for _, p := range []store.LoadParams{{Spends: name}, {Transactions: name}} {
			p.Keys = []ledger.KeyID{k.ID}
			spends := e.peek(p).Keys[k.ID].Spends
			require.Len(e, spends, 1, "%q", id)
			require.EqualValues(e, i+1, spends[0].AmountSats, "%q", id)
		}
	}
}
