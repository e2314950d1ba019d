package blinkimport

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

const (
	maxSubject = 256 // bytes, as in tokens of owners
	maxName    = 128 // characters, of keys and of transactions
)

var scopeNames = map[string]ledger.Scopes{
	"read": ledger.ScopeRead, "receive": ledger.ScopeReceive, "write": ledger.ScopeWrite,
}

// origin marks the keys that the import made, in the place where others have the
// hash of what their creation asked for.
func origin(id ledger.KeyID) []byte {
	sum := sha256.Sum256([]byte("import blink " + keyName(id)))
	return sum[:]
}

// unfit says why a row cannot be carried over.
type unfit struct{ table, reason string }

func (u *unfit) Error() string { return u.reason }

func unfitKey(format string, args ...any) error {
	return &unfit{tableKeys, fmt.Sprintf(format, args...)}
}

// judge turns a row into a key as satcap has it, or says by an [unfit] why not.
func judge(k keyRow, nowUs int64) (store.CreateKeyParams, error) {
	key := ledger.Key{ID: k.ID, State: ledger.KeyActive}
	switch {
	case k.ID == ledger.KeyID{}:
		return store.CreateKeyParams{}, unfitKey("the id is all zeros")
	case k.Subject == nil:
		return store.CreateKeyParams{}, unfitKey("its identity does not exist")
	case !fitSubject(*k.Subject):
		return store.CreateKeyParams{}, unfitKey("the subject must be 1 to %d bytes of text without control characters or spaces around it", maxSubject)
	case k.Name == nil || !fitName(*k.Name):
		return store.CreateKeyParams{}, unfitKey("the name must be 1 to %d printable characters", maxName)
	case k.Hash == nil:
		return store.CreateKeyParams{}, unfitKey("the hash of the secret is missing")
	case len(k.Hash) != sha256.Size:
		return store.CreateKeyParams{}, unfitKey("the hash of the secret has %d bytes, not %d", len(k.Hash), sha256.Size)
	}
	key.Subject, key.Name = *k.Subject, *k.Name
	for _, name := range k.Scopes {
		scope := scopeNames[strings.ToLower(name)]
		if scope == 0 {
			return store.CreateKeyParams{}, unfitKey("unknown scope %q", name)
		}
		key.Scopes |= scope
	}
	if key.Scopes == 0 {
		return store.CreateKeyParams{}, unfitKey("it has no scope")
	}
	if k.ExpiresAt.InfinityModifier == pgtype.Infinity { // another way to say never
		k.ExpiresAt = pgtype.Timestamptz{}
	}
	for _, t := range []struct {
		name string
		from pgtype.Timestamptz
		to   *int64
	}{{"created", k.CreatedAt, &key.CreatedAtUs}, {"expires", k.ExpiresAt, &key.ExpiresAtUs}, {"last used", k.LastUsed, &key.LastUsedAtUs}, {"revoked", k.RevokedAt, &key.RevokedAtUs}} {
		us, err := micros(t.from)
		if err != nil {
			return store.CreateKeyParams{}, unfitKey("the time at which it was %s: %v", t.name, err)
		}
		*t.to = us
	}
	switch {
	case key.CreatedAtUs == 0:
		return store.CreateKeyParams{}, unfitKey("the time at which it was created is missing")
	case key.CreatedAtUs > nowUs:
		return store.CreateKeyParams{}, unfitKey("it was created in the future")
	case k.Revoked && (key.RevokedAtUs == 0 || key.RevokedAtUs > nowUs):
		key.State, key.RevokedAtUs = ledger.KeyRevoked, nowUs
	case k.Revoked:
		key.State = ledger.KeyRevoked
	default:
		key.RevokedAtUs = 0
	}
	key.LastUsedAtUs = min(key.LastUsedAtUs, nowUs)
	for _, w := range ledger.Windows() {
		limit := k.Limits[w]
		if limit == nil {
			continue
		}
		if *limit < 1 || *limit > ledger.MaxAmountSats {
			return store.CreateKeyParams{}, &unfit{tableLimits, fmt.Sprintf("the %s limit of %d sats is not from 1 to %d", w, *limit, int64(ledger.MaxAmountSats))}
		}
		key.Limits[w] = *limit
	}
	return store.CreateKeyParams{Key: key, SecretHash: k.Hash, RequestHash: origin(k.ID)}, nil
}

// micros is a time in microseconds since the epoch; 0: there is none.
func micros(t pgtype.Timestamptz) (int64, error) {
	switch {
	case !t.Valid:
		return 0, nil
	case t.InfinityModifier != pgtype.Finite:
		return 0, fmt.Errorf("infinity is not a time")
	case t.Time.UnixMicro() < 1:
		return 0, fmt.Errorf("it is before 1970")
	}
	return t.Time.UnixMicro(), nil
}

// fitSubject says whether a verified token could name this owner.
func fitSubject(subject string) bool {
	unclear := func(r rune) bool { return unicode.IsControl(r) || r == utf8.RuneError }
	return subject != "" && len(subject) <= maxSubject && !strings.ContainsFunc(subject, unclear) && strings.TrimSpace(subject) == subject
}

// fitName says whether the API would take this name for a key or a transaction.
func fitName(name string) bool {
	unclear := func(r rune) bool { return r == utf8.RuneError || unicode.In(r, unicode.C, unicode.Zl, unicode.Zp) }
	n := utf8.RuneCountInString(name)
	return n >= 1 && n <= maxName && !strings.ContainsFunc(name, unclear) && strings.TrimSpace(name) == name
}

// ephemeral says whether a transaction id is the name that a lock gave to a
// payment on its way: a UUID. The ledger that names payments has other names.
func ephemeral(name string) bool {
	id, err := uuid.Parse(name)
	return err == nil && strings.EqualFold(id.String(), name)
}
