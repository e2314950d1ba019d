package blinkimport

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/satcap/satcap/internal/ledger"
)

// The tables of the source.
const (
	tableKeys   = "identity_api_keys"
	tableLimits = "api_key_limits"
	tableSpends = "api_key_transactions"
)

// Kind says what a [Finding] is about.
type Kind string

// The kinds of findings.
const (
	// Refused: the row was not carried over, or not all of it.
	Refused Kind = "refused"
	// Kept: satcap says otherwise than the source, and what satcap says stands.
	Kept Kind = "kept"
	// Different: a sum is not that of the source.
	Different Kind = "different"
)

// Finding is something that whoever runs the import should know. None is left
// out.
type Finding struct {
	Kind Kind
	// Table and ID name the row of the source.
	Table, ID string
	// Reason says what is wrong with it, for people.
	Reason string
}

// Report counts what an import did, or on a dry run what it would do.
type Report struct {
	// Keys and Spends are how many rows the source has; spends that are older
	// than the retention time are TooOld instead and are left out.
	Keys, Spends, TooOld int64
	// NewKeys were made, KnownKeys had been imported before; RefusedKeys were not
	// carried over.
	NewKeys, KnownKeys, RefusedKeys int64
	// ChangedLimits and RevokedKeys are known keys that the source has changed.
	ChangedLimits, RevokedKeys int64
	// Booked spends are new; Named ones were known and got their transaction;
	// Reversed ones are gone at the source, or were reversed in satcap before
	// they came; Known ones were there already; RefusedSpends were not carried over.
	Booked, Named, Reversed, Known, RefusedSpends int64
	// Compared are the keys whose sums were compared, Equal those without a
	// difference, Explained those that differ only by what satcap itself booked
	// or reversed since.
	Compared, Equal, Explained int64
	// Findings counts by kind what was found.
	Findings map[Kind]int64
}

// Progress is how far an import is.
type Progress struct {
	// Doing says what is being done.
	Doing string
	// Done of Total.
	Done, Total int64
}

// find passes a finding on, and says whether it is a new one: a row that is
// looked at twice in a run is listed once.
func (im *importer) find(kind Kind, table, id, format string, args ...any) bool {
	f := Finding{Kind: kind, Table: table, ID: id, Reason: fmt.Sprintf(format, args...)}
	if _, listed := im.listed[f]; listed {
		return false
	}
	im.listed[f] = struct{}{}
	im.report.Findings[kind]++
	if im.cfg.Found != nil {
		im.cfg.Found(f)
	}
	return true
}

func (im *importer) progress(doing string, done, total int64) {
	if im.cfg.Progress != nil {
		im.cfg.Progress(Progress{Doing: doing, Done: done, Total: max(done, total)})
	}
}

func keyName(id ledger.KeyID) string { return uuid.UUID(id).String() }
