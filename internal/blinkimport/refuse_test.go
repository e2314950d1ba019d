// Every reason for which a row is not carried over: it is listed, and the rows
// beside it come as if it were not there.

package blinkimport_test

import (
	"crypto/sha256"
	"math"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/blinkimport"
	"github.com/satcap/satcap/internal/blinkimport/blinktest"
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

const (
	keyTable   = "identity_api_keys"
	limitTable = "api_key_limits"
	spendTable = "api_key_transactions"
)

// unfitKeys are all reasons for which a key is refused.
var unfitKeys = map[string]struct {
	change string // of the source; $1 is the key
	table  string
	words  string
}{
	"NoHash":         {"UPDATE identity_api_keys SET hashed_key = NULL WHERE id = $1", keyTable, "hash of the secret is missing"},
	"ShortHash":      {"UPDATE identity_api_keys SET hashed_key = '\\x00' WHERE id = $1", keyTable, "has 1 bytes, not 32"},
	"UnknownScope":   {"UPDATE identity_api_keys SET scopes = '{READ,ADMIN}' WHERE id = $1", keyTable, `unknown scope "ADMIN"`},
	"NoScope":        {"UPDATE identity_api_keys SET scopes = '{}' WHERE id = $1", keyTable, "no scope"},
	"NullScope":      {"UPDATE identity_api_keys SET scopes = NULL WHERE id = $1", keyTable, "no scope"},
	"NoIdentity":     {"UPDATE identity_api_keys SET identity_id = gen_random_uuid() WHERE id = $1", keyTable, "identity does not exist"},
	"NoSubject":      {"UPDATE identities SET subject_id = '' WHERE id = (SELECT identity_id FROM identity_api_keys WHERE id = $1)", keyTable, "subject must be"},
	"SpacySubject":   {"UPDATE identities SET subject_id = ' x' WHERE id = (SELECT identity_id FROM identity_api_keys WHERE id = $1)", keyTable, "subject must be"},
	"ControlSubject": {"UPDATE identities SET subject_id = E'x\\x01' WHERE id = (SELECT identity_id FROM identity_api_keys WHERE id = $1)", keyTable, "subject must be"},
	"LongSubject":    {"UPDATE identities SET subject_id = repeat('x', 257) WHERE id = (SELECT identity_id FROM identity_api_keys WHERE id = $1)", keyTable, "subject must be"},
	"NoName":         {"UPDATE identity_api_keys SET name = NULL WHERE id = $1", keyTable, "name must be"},
	"EmptyName":      {"UPDATE identity_api_keys SET name = '' WHERE id = $1", keyTable, "name must be"},
	"LongName":       {"UPDATE identity_api_keys SET name = repeat('é', 129) WHERE id = $1", keyTable, "name must be"},
	"ControlName":    {"UPDATE identity_api_keys SET name = E'a\\nb' WHERE id = $1", keyTable, "name must be"},
	"NeverCreated":   {"UPDATE identity_api_keys SET created_at = NULL WHERE id = $1", keyTable, "created is missing"},
	"Future":         {"UPDATE identity_api_keys SET created_at = '2026-11-24T12:00:00.000001Z' WHERE id = $1", keyTable, "created in the future"},
	"Infinite":       {"UPDATE identity_api_keys SET created_at = 'infinity' WHERE id = $1", keyTable, "infinity is not a time"},
	"LongGone":       {"UPDATE identity_api_keys SET expires_at = '1969-12-31T23:59:59Z' WHERE id = $1", keyTable, "expires: it is before 1970"},
	"NoLimit":        {"INSERT INTO api_key_limits VALUES ($1, NULL, 0)", limitTable, "weekly limit of 0 sats"},
	"NegativeLimit":  {"INSERT INTO api_key_limits VALUES ($1, -5)", limitTable, "daily limit of -5 sats"},
	"HugeLimit":      {"INSERT INTO api_key_limits VALUES ($1, NULL, NULL, NULL, 2100000000000001)", limitTable, "annual limit of 2100000000000001 sats"},
}

func TestRefusedKeys(t *testing.T) {
	onEngines(t, func(e *env) {
		good := e.key()
		e.fill(good)
		e.insert(&good, "good", 7, start-hour)
		ids, rows := map[string]string{}, map[string]string{}
		var bad []blinktest.Key
		for name, c := range unfitKeys {
			k := e.key()
			e.fill(k)
			row := e.insert(&k, name, 5, start-hour)
			e.exec(c.change, k.ID.String())
			ids[k.ID.String()], rows[row.ID.String()] = name, name
			bad = append(bad, k)
		}
		out := e.run()
		require.Len(t, out.found, 2*len(unfitKeys), "the key and its transaction")
		for _, f := range out.found {
			require.Equal(t, blinkimport.Refused, f.Kind)
			if name, isKey := ids[f.ID]; isKey {
				require.Equal(t, unfitKeys[name].table, f.Table, name)
				require.Contains(t, f.Reason, unfitKeys[name].words, name)
				delete(ids, f.ID)
				continue
			}
			require.Contains(t, rows, f.ID)
			require.Equal(t, spendTable, f.Table)
			require.Contains(t, f.Reason, "API key was not carried over")
			delete(rows, f.ID)
		}
		require.Empty(t, ids)
		require.Empty(t, rows)
		require.EqualValues(t, len(bad), out.RefusedKeys)
		require.EqualValues(t, len(bad), out.RefusedSpends)
		for _, k := range bad {
			e.missing(k)
		}
		e.spent(good, 7)
		require.EqualValues(t, 1, out.Equal)
	})
}

// TestTakenKeys: what satcap has by others is not touched.
func TestTakenKeys(t *testing.T) {
	onEngines(t, func(e *env) {
		id, secret, first, second := e.key(), e.key(), e.key(), e.key()
		second.Hash = first.Hash
		first.ID, second.ID = uuid.MustParse("00000000-0000-4000-8000-000000000001"), uuid.MustParse("00000000-0000-4000-8000-000000000002")
		e.fill(id, secret, first, second)
		other := uuid.New()
		own := func(id uuid.UUID, hash []byte) {
			k := ledger.Key{ID: ledger.KeyID(id), Subject: "alice", Name: "own", Scopes: 1, State: ledger.KeyActive, CreatedAtUs: start, Revision: 1, LastUs: start, Budget: ledger.Budget{AsOfUs: start}}
			_, err := e.store.CreateKey(e.Context(), store.CreateKeyParams{Key: k, SecretHash: hash, RequestHash: []byte{}})
			require.NoError(t, err)
		}
		elsewhere := sha256.Sum256([]byte("elsewhere"))
		own(id.ID, elsewhere[:])
		own(other, secret.Hash)
		for range 2 {
			out := e.run()
			reasons := map[string]string{}
			for _, f := range out.found {
				require.Equal(t, blinkimport.Refused, f.Kind)
				reasons[f.ID] = f.Reason
			}
			require.Len(t, out.found, 3)
			require.Contains(t, reasons[id.ID.String()], "id that was not imported")
			require.Contains(t, reasons[secret.ID.String()], other.String())
			require.Contains(t, reasons[second.ID.String()], first.ID.String())
			require.Equal(t, "own", e.stored(id).Name)
			e.missing(secret)
			e.missing(second)
			require.Equal(t, first.Subject, e.stored(first).Subject)
		}
	})
}

// unfitSpends are the reasons for which a transaction is refused that can be
// seen at it alone.
var unfitSpends = map[string]struct {
	change string // of the row $1
	words  string
}{
	"NoAmount":  {"UPDATE api_key_transactions SET amount_sats = NULL WHERE id = $1", "amount is not from 1"},
	"Zero":      {"UPDATE api_key_transactions SET amount_sats = 0 WHERE id = $1", "amount is not from 1"},
	"Negative":  {"UPDATE api_key_transactions SET amount_sats = -1 WHERE id = $1", "amount is not from 1"},
	"Huge":      {"UPDATE api_key_transactions SET amount_sats = 2100000000000001 WHERE id = $1", "amount is not from 1"},
	"Future":    {"UPDATE api_key_transactions SET created_at = '2026-11-24T13:00:00Z' WHERE id = $1", "created in the future"},
	"Infinite":  {"UPDATE api_key_transactions SET created_at = 'infinity' WHERE id = $1", "infinity is not a time"},
	"NoTime":    {"UPDATE api_key_transactions SET created_at = NULL WHERE id = $1", "created is missing"},
	"NoKey":     {"UPDATE api_key_transactions SET api_key_id = gen_random_uuid() WHERE id = $1", "no API key that it belongs to"},
	"NobodyKey": {"UPDATE api_key_transactions SET api_key_id = NULL WHERE id = $1", "no API key that it belongs to"},
}

func TestRefusedSpends(t *testing.T) {
	onEngines(t, func(e *env) {
		names := map[string]string{}
		var keys []blinktest.Key
		for name, c := range unfitSpends {
			k := e.key()
			e.fill(k)
			bad := e.insert(&k, name, 5, start-hour)
			e.insert(&k, "good "+name, 7, start-hour)
			e.exec(c.change, bad.ID.String())
			names[bad.ID.String()] = name
			keys = append(keys, k)
		}
		out := e.run()
		// The source counts the two of them that have another amount.
		require.EqualValues(t, 8, out.Findings[blinkimport.Different])
		for _, f := range out.found {
			if f.Kind == blinkimport.Refused {
				require.Equal(t, spendTable, f.Table)
				require.Contains(t, f.Reason, unfitSpends[names[f.ID]].words)
				delete(names, f.ID)
			}
		}
		require.Empty(t, names)
		require.EqualValues(t, len(unfitSpends), out.RefusedSpends)
		require.EqualValues(t, len(unfitSpends), out.Booked)
		require.EqualValues(t, len(unfitSpends)-2, out.Equal)
		for _, k := range keys {
			e.spent(k, 7)
		}
		e.sound()
	})
}

// TestOverflow: a key whose sums are full takes no more, and says so.
func TestOverflow(t *testing.T) {
	onEngines(t, func(e *env) {
		k := e.key()
		e.fill(k)
		e.run().clean(t)
		e.do(ledger.Settle{KeyRef: ref(k), SpendID: "own", AmountSats: math.MaxInt64 - 10})
		e.insert(&k, "fits", 8, start-2*hour)
		full := e.insert(&k, "full", 5, start-hour)
		out := e.run()
		require.EqualValues(t, 1, out.Booked)
		require.Equal(t, full.ID.String(), out.found[0].ID)
		require.Contains(t, out.found[0].Reason, "sums of the API key cannot take the amount")
		require.EqualValues(t, 1, out.RefusedSpends)
		require.EqualValues(t, 4, out.Findings[blinkimport.Different])
		e.spent(k, math.MaxInt64-2)
	})
}

// TestLimitsWithoutAKey: also a row that limits nothing is listed.
func TestLimitsWithoutAKey(t *testing.T) {
	onEngines(t, func(e *env) {
		nobody := uuid.NewString()
		e.exec("INSERT INTO api_key_limits VALUES ($1, 5)", nobody)
		e.run().only(t, blinkimport.Refused, limitTable, nobody, "no API key that it belongs to")
	})
}
