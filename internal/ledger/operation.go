// The operations: everything that can change a key, and how each is answered.

package ledger

// Operation is one change of one key: [Reserve], [Settle], [Import], [Release],
// [Reverse], [UpdateLimits], [Rename], [Pause], [Resume], [Revoke], [Rotate] or [Sweep].
type Operation interface {
	// Target names the key that the operation changes.
	Target() KeyRef
	// names tells which rows of the key the operation has to know.
	names() (spendID, transactionID string)
	// apply decides and books. It returns an error or a result, and on an
	// error leaves the account as it was.
	apply(*account) (Result, error)
}

// KeyRef names a key as a caller may reach it. Every operation embeds one.
type KeyRef struct {
	KeyID KeyID
	// Subject, if not empty, must own the key; otherwise the key does not exist
	// for this operation.
	Subject string
}

// Target returns r: embedding a KeyRef is half of being an Operation.
func (r KeyRef) Target() KeyRef { return r }

// Every operation is one.
var _ = []Operation{
	Reserve{}, Settle{}, Import{}, Release{}, Reverse{}, UpdateLimits{}, Rename{}, Pause{}, Resume{}, Revoke{}, Rotate{}, Sweep{},
}

// Names returns the spend and the transaction that op names, each empty if it
// names none: a store loads their rows into the snapshot.
func Names(op Operation) (spendID, transactionID string) { return op.names() }

// Result is the answer to an operation that was not refused.
type Result struct {
	// Key is the key after the operation.
	Key Key
	// Spend is the spend as it stands, for operations on spends.
	Spend Spend
	// Replayed says that the operation changed nothing.
	Replayed bool
}

// Outcome is a result or a refusal.
type Outcome struct {
	Result Result
	Err    error
}
