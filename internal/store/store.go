// Package store is what the engine needs of a database. The two engines,
// store/postgres and store/sqlite, differ in how they load and save sets and in
// nothing else; storetest runs one suite on both.
package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/satcap/satcap/internal/ledger"
)

// What a store can fail with. Every error of a [Store] or a [Batch] is one of
// these (match with errors.Is), wraps its cause for the log, and is never shown
// to a caller.
var (
	// ErrConflict: the database broke off the transaction (serialization failure
	// or deadlock). Nothing was written; run it again.
	ErrConflict = errors.New("store: transaction conflict")
	// ErrUnavailable: the database did not answer, or refused. Nothing was written.
	ErrUnavailable = errors.New("store: unavailable")
	// ErrOutcomeUnknown: the commit was sent and not answered. It may or may not
	// have happened; asking again with the same names tells.
	ErrOutcomeUnknown = errors.New("store: outcome unknown")
	// ErrLocked is an ErrUnavailable: another program holds one of the keys and
	// does not let go of it.
	ErrLocked = fmt.Errorf("%w: a key is locked", ErrUnavailable)
	// ErrDefect: the database refused a statement as such, which trying again
	// does not mend. Nothing was written.
	ErrDefect = errors.New("store: statement refused")
	// ErrSchema: the database's schema is not the one that this program knows.
	ErrSchema = errors.New("store: schema does not match")
	// ErrUnsafe: the database is set up so that it could lose what it acknowledged.
	ErrUnsafe = errors.New("store: unsafe database settings")
)

// Store is a database. All methods are safe for concurrent use.
type Store interface {
	Access
	Feed
	Names

	// Load begins a write transaction, locks the keys in the order of their ids,
	// and reads what the batch needs. Keys that do not exist are absent from the
	// snapshot. The caller must end the batch with Commit or Rollback.
	Load(ctx context.Context, p LoadParams) (Batch, error)

	// CreateKey inserts a key. If p.RequestID was used by the subject before, it
	// inserts nothing and returns the key that was made then, and its RequestHash.
	CreateKey(ctx context.Context, p CreateKeyParams) (Created, error)
	// FindOrigin returns the RequestHash of the creation that made a key, and
	// whether there is such a key.
	FindOrigin(ctx context.Context, id ledger.KeyID) (origin []byte, found bool, err error)

	// ViewKeys returns what is needed to describe the keys, in no order, leaving
	// out those that do not exist, or that subject, unless empty, does not own: the
	// two cost the same. It takes no lock and writes nothing.
	ViewKeys(ctx context.Context, ids []ledger.KeyID, subject string) ([]ledger.View, error)
	// ViewSchedule is ViewKeys of one key together with its schedule, both read
	// at one moment. The view is nil if there is no such key.
	ViewSchedule(ctx context.Context, id ledger.KeyID, limit int) (*ledger.View, *ledger.Schedule, error)
	// ViewSeries is ViewKeys of one key together with what was spent in a window,
	// both read at one moment. It is nil if there is no such key.
	ViewSeries(ctx context.Context, id ledger.KeyID, w ledger.Window) (*ledger.Series, error)
	// ListKeys returns a page of a subject's keys, newest first, in a fixed
	// number of statements.
	ListKeys(ctx context.Context, p ListKeysParams) ([]ledger.View, error)
	// ListSpends returns a page of a key's spends, newest first, as they stand at
	// p.NowUs.
	ListSpends(ctx context.Context, p ListSpendsParams) ([]ledger.Spend, error)
	// ListLimitChanges returns a page of a key's limit changes, newest first.
	ListLimitChanges(ctx context.Context, p ListLimitChangesParams) ([]ledger.LimitChange, error)

	// ListSweepable returns a page of all keys in the order of their ids.
	ListSweepable(ctx context.Context, p ListSweepableParams) ([]Sweepable, error)
	// AuditKeys returns a page of all keys behind after, in the order of their ids,
	// each with its sums computed anew from its rows.
	AuditKeys(ctx context.Context, after ledger.KeyID, limit int) ([]ledger.Audit, error)

	// Migrate brings the schema up to date and returns its version. Several
	// programs may call it at once. A schema newer than this program knows is
	// ErrSchema and stays as it is.
	Migrate(ctx context.Context) (version int64, err error)
	// ClockUs reads the store's clock.
	ClockUs(ctx context.Context) (int64, error)
	// CheckSchema returns ErrSchema if the schema is not the one that this
	// program knows.
	CheckSchema(ctx context.Context) error
	// Close gives everything back. No other method may be called after it.
	Close() error
}

// Batch is a write transaction in progress. It is for one goroutine.
type Batch interface {
	// Snapshot is what Load read.
	Snapshot() *ledger.Snapshot
	// LoadSchedules adds the schedules of the keys, each list cut at limit, to
	// the snapshot.
	LoadSchedules(ctx context.Context, ids []ledger.KeyID, limit int) error
	// Commit saves the changes and commits. After an error nothing was written,
	// unless it is ErrOutcomeUnknown. It ends the batch in any case.
	Commit(ctx context.Context, c *ledger.Changes) error
	// Rollback ends the batch without a change. After Commit it does nothing.
	Rollback()
}

// LoadParams says what a batch needs to see. No entry may be there twice.
type LoadParams struct {
	Keys         []ledger.KeyID
	Spends       []Name // spends by their id
	Transactions []Name // spends and reversals by their transaction
}

// Name is the name of something within a key.
type Name struct {
	KeyID ledger.KeyID
	ID    string
}

// ParamsFor collects what the operations need to see.
func ParamsFor(ops []ledger.Operation) LoadParams {
	var p LoadParams
	keys := make(map[ledger.KeyID]bool, len(ops))
	spends := make(map[Name]bool, len(ops))
	transactions := make(map[Name]bool)
	for _, op := range ops {
		id := op.Target().KeyID
		if !keys[id] {
			keys[id] = true
			p.Keys = append(p.Keys, id)
		}
		spend, transaction := ledger.Names(op)
		if n := (Name{id, spend}); spend != "" && !spends[n] {
			spends[n] = true
			p.Spends = append(p.Spends, n)
		}
		if n := (Name{id, transaction}); transaction != "" && !transactions[n] {
			transactions[n] = true
			p.Transactions = append(p.Transactions, n)
		}
	}
	return p
}

// CreateKeyParams is a new key.
type CreateKeyParams struct {
	// Key is the key as it begins. Its sums are all 0.
	Key ledger.Key
	// SecretHash is the SHA-256 of what follows the secret's prefix.
	SecretHash []byte
	// RequestID is the caller's name for the creation; empty: none.
	RequestID string
	// RequestHash identifies what the creation asked for.
	RequestHash []byte
}

// Created is what became of CreateKey.
type Created struct {
	// Key is the new key, or the one that the same request made before.
	Key ledger.Key
	// RequestHash is what the request that made Key asked for.
	RequestHash []byte
	// New says that Key was made by this call.
	New bool
}

// ListKeysParams asks for a page of keys.
type ListKeysParams struct {
	Subject string
	// States is the set of states to list; empty: all.
	States KeyStates
	// BeforeUs and BeforeID are CreatedAtUs and ID of the last key of the page
	// before; the largest values begin with the newest.
	BeforeUs int64
	BeforeID ledger.KeyID
	Limit    int
}

// KeyStates is a set of the states that a key can show.
type KeyStates uint8

// The states that a key can show.
const (
	StateActive KeyStates = 1 << iota
	StatePaused
	StateRevoked
	StateExpired
	allKeyStates = StateActive | StatePaused | StateRevoked | StateExpired
)

// OrAll is the set, or all states if it is empty.
func (s KeyStates) OrAll() KeyStates {
	if s == 0 {
		return allKeyStates
	}
	return s
}

// ListSpendsParams asks for a page of spends.
type ListSpendsParams struct {
	KeyID ledger.KeyID
	// States is the states to list; empty: all.
	States []ledger.SpendState
	// BeforeUs: only spends created before.
	BeforeUs int64
	// NowUs is the moment at which holds are open or expired.
	NowUs int64
	Limit int
}

// StateBits is the set of states as bits, 1 << state; all of them if empty.
func (p ListSpendsParams) StateBits() int64 {
	var bits int64
	for _, s := range p.States {
		bits |= 1 << s
	}
	if bits == 0 {
		return -1
	}
	return bits
}

// OnlyOpen says whether only open holds are asked for.
func (p ListSpendsParams) OnlyOpen() bool { return p.StateBits() == 1<<ledger.Reserved }

// ListLimitChangesParams asks for a page of limit changes.
type ListLimitChangesParams struct {
	KeyID ledger.KeyID
	// BeforeRevision and BeforeWindow are those of the last change of the page
	// before; the largest values begin with the newest.
	BeforeRevision int64
	BeforeWindow   int64
	Limit          int
}

// ListSweepableParams asks for a page of keys and what there is to tidy.
type ListSweepableParams struct {
	After ledger.KeyID
	// ExpiredAtUs: holds that expire up to here are due.
	ExpiredAtUs int64
	// DeleteBeforeUs: what last changed before is due.
	DeleteBeforeUs int64
	// StaleBeforeUs: sums that were last brought to a moment before are due.
	StaleBeforeUs int64
	Limit         int
}

// Sweepable is a key and whether it has anything to tidy.
type Sweepable struct {
	KeyID ledger.KeyID
	Due   bool
}
