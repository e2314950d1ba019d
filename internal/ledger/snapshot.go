// What the rules need to see before a batch, and what changed after it.

package ledger

// Snapshot is what a store read for a batch, under the locks of its keys.
type Snapshot struct {
	// ClockUs is the store's clock, read after the locks were held.
	ClockUs int64
	// Keys holds the rows of the keys that exist.
	Keys map[KeyID]*KeySnapshot
}

// KeySnapshot is what a store read of one key, as stored.
type KeySnapshot struct {
	Key Key
	// NowUs is NowUs(ClockUs, Key.LastUs): the moment that Left was read for.
	NowUs int64
	// Left is what stopped counting between Key.AsOfUs and NowUs.
	Left Left
	// Spends are those that the batch names, by id or by transaction.
	Spends []Spend
	// Reversals are the transactions of the batch that were reversed before any
	// spend carried them.
	Reversals []Reversal
	// Schedule is what comes back next; nil until a refusal needs it.
	Schedule *Schedule
}

// Changes is what a batch changed, for the store to save.
type Changes struct {
	// Keys are the keys to write back. A key may be here only because its sums
	// were brought to now.
	Keys []Key
	// Inserted and Updated are spends, named by KeyID and CreatedAtUs.
	Inserted, Updated []Spend
	// Reversals are transactions to remember as reversed.
	Reversals []Reversal
	// LimitChanges are for the record.
	LimitChanges []LimitChange
	// Secrets are new secrets. A key that was rotated twice in one batch is there
	// twice, in order.
	Secrets []SecretChange
	// Sweeps are keys whose old rows are to be tidied after their key is saved.
	Sweeps []KeySweep
}

// Empty says whether there is nothing to save.
func (c *Changes) Empty() bool {
	return len(c.Keys)+len(c.Inserted)+len(c.Updated)+len(c.Reversals)+len(c.LimitChanges)+len(c.Secrets)+len(c.Sweeps) == 0
}

// Reversal remembers a transaction that was reversed before any spend carried it.
type Reversal struct {
	KeyID         KeyID
	TransactionID string
	ReversedAtUs  int64
}

// LimitChange is one limit that an operation changed, for the record.
type LimitChange struct {
	KeyID       KeyID
	Window      Window
	FromSats    int64 // 0: unlimited
	ToSats      int64 // 0: unlimited
	ChangedAtUs int64
	Revision    int64 // of the key after the change
	Actor       Actor
}

// Actor is who changed something.
type Actor struct {
	Subject string
	// Authentication is how the subject proved itself.
	Authentication string
}

// SecretChange is the new secret of a key.
type SecretChange struct {
	KeyID KeyID
	// Hash is the stored form of the secret, Prefix its first characters.
	Hash   []byte
	Prefix string
	// PreviousUntilUs is until when the secret before goes on working; 0: it does not.
	PreviousUntilUs int64
	// Replay: the new secret only replaces the one before. The secret before that
	// one, and until when it works, stay as they are; PreviousUntilUs means nothing.
	Replay bool
	// Rotation names the rotation, to know it again.
	Rotation Rotation
}

// KeySweep is the tidying of one key's rows.
type KeySweep struct {
	KeyID KeyID
	// ExpiredAtUs: holds that expire up to here are written down as expired.
	ExpiredAtUs int64
	// DeleteBeforeUs: what last changed before this, and is no open hold, goes.
	DeleteBeforeUs int64
	// Limit is the most rows of each kind to touch.
	Limit int
}
