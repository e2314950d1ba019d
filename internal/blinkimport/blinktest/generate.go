// Keys and payments by chance.

package blinktest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/google/uuid"
)

const (
	second = int64(1_000_000)
	day    = 86_400 * second
)

// Generate makes keys with rows among them as of nowUs, the same for the same
// seed: with and without limits, revoked, expired; payments of the last 450 days
// and mostly of the last few, many at the same instant, some on their way.
func Generate(seed uint64, keys, rows int, nowUs int64) []Key {
	g := &generator{rand: rand.New(rand.NewPCG(seed, 1)), nowUs: nowUs}
	list := make([]Key, keys)
	for i := range list {
		list[i] = g.key(i)
	}
	for range rows {
		// The square makes some keys busy; the first has a tenth of everything.
		k := &list[int(math.Pow(g.rand.Float64(), 2)*float64(keys))]
		if g.chance(10) {
			k = &list[0]
		}
		k.Rows = append(k.Rows, g.row(k))
	}
	return list
}

type generator struct {
	rand  *rand.Rand
	nowUs int64
}

func (g *generator) chance(percent int) bool { return g.rand.IntN(100) < percent }

func (g *generator) uuid() (id uuid.UUID) {
	for i := range id {
		id[i] = byte(g.rand.Uint32())
	}
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80 // version 4
	return id
}

// ago is a moment up to most days ago, as often in the last day as in any span
// that is ten times as long.
func (g *generator) ago(most int64) int64 {
	return g.nowUs - second - int64(math.Pow(10, g.rand.Float64()*math.Log10(float64(most*day))))
}

func (g *generator) key(n int) Key {
	rest := hex.EncodeToString(fmt.Appendf(nil, "%06d", n)) + g.letters(20)
	hash := sha256.Sum256([]byte(rest))
	k := Key{
		ID: g.uuid(), Identity: g.uuid(), Subject: g.uuid().String(), Name: fmt.Sprintf("key %d", n),
		Secret: Prefix + rest, Hash: hash[:], Scopes: [][]string{{"READ"}, {"READ", "WRITE"}, {"READ", "RECEIVE", "WRITE"}}[g.rand.IntN(3)],
		CreatedUs: g.nowUs - 500*day - g.rand.Int64N(day),
	}
	if g.chance(60) {
		for w := range k.Limits {
			if g.chance(50) {
				k.Limits[w] = 1 + g.rand.Int64N(100_000_000)
			}
		}
	}
	if g.chance(10) {
		k.Revoked, k.RevokedUs = true, g.ago(300)
	}
	if g.chance(20) {
		k.ExpiresUs = g.nowUs + (g.rand.Int64N(200)-100)*day + second
	}
	if g.chance(70) {
		k.LastUsedUs = g.ago(100)
	}
	return k
}

func (g *generator) row(k *Key) Row {
	r := Row{ID: g.uuid(), AmountSats: 1 + g.rand.Int64N(1_000_000), AtUs: g.ago(450)}
	if n := len(k.Rows); n > 0 && g.chance(20) {
		r.AtUs = k.Rows[g.rand.IntN(n)].AtUs
	}
	switch p := g.rand.IntN(100); {
	case p < 5: // none
	case p < 8:
		r.TransactionID = g.uuid().String() // on its way
	default:
		id := g.uuid()
		r.TransactionID = hex.EncodeToString(id[:12])
	}
	return r
}

func (g *generator) letters(n int) string {
	text := make([]byte, n)
	for i := range text {
		text[i] = byte('a' + g.rand.IntN(26))
	}
	return string(text)
}
