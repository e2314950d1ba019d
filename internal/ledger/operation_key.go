// What owners, and time, do to a key.

package ledger

// UpdateLimits sets and removes limits, all or none.
type UpdateLimits struct {
	KeyRef
	Updates []LimitUpdate
	// ExpectedRevision, if not nil, must be the key's revision.
	ExpectedRevision *int64
	// Actor is who asks, for the record.
	Actor Actor
}

// LimitUpdate is the new limit of one window in sats; 0 removes it.
type LimitUpdate struct {
	Window    Window
	LimitSats int64
}

func (op UpdateLimits) names() (string, string) { return "", "" }

func (op UpdateLimits) apply(a *account) (Result, error) {
	if op.ExpectedRevision != nil && *op.ExpectedRevision != a.key.Revision {
		return Result{}, ErrRevisionMismatch
	}
	limits := a.key.Limits
	for _, u := range op.Updates {
		limits[u.Window] = u.LimitSats
	}
	if limits == a.key.Limits {
		return Result{}, nil
	}
	at := a.stamp()
	for _, w := range Windows() {
		if from, to := a.key.Limits[w], limits[w]; from != to {
			a.limitChanges = append(a.limitChanges, LimitChange{
				KeyID: a.key.ID, Window: w, FromSats: from, ToSats: to,
				ChangedAtUs: at, Revision: a.key.Revision, Actor: op.Actor,
			})
		}
	}
	a.key.Limits = limits
	return Result{}, nil
}

// Rename gives a key another name.
type Rename struct {
	KeyRef
	Name string
}

func (op Rename) names() (string, string) { return "", "" }

func (op Rename) apply(a *account) (Result, error) {
	if op.Name != a.key.Name {
		a.stamp()
		a.key.Name = op.Name
	}
	return Result{}, nil
}

// Pause stops a key from holding new spends until it is resumed.
type Pause struct{ KeyRef }

func (op Pause) names() (string, string) { return "", "" }

func (op Pause) apply(a *account) (Result, error) { return Result{}, a.setState(KeyPaused) }

// Resume lets a paused key spend again.
type Resume struct{ KeyRef }

func (op Resume) names() (string, string) { return "", "" }

func (op Resume) apply(a *account) (Result, error) { return Result{}, a.setState(KeyActive) }

func (a *account) setState(state KeyState) error {
	switch a.key.State {
	case KeyRevoked:
		return ErrKeyRevoked
	case state:
		return nil
	}
	a.stamp()
	a.key.State = state
	return nil
}

// Revoke stops a key from holding new spends for good.
type Revoke struct{ KeyRef }

func (op Revoke) names() (string, string) { return "", "" }

func (op Revoke) apply(a *account) (Result, error) {
	if a.key.State != KeyRevoked {
		a.key.RevokedAtUs = a.stamp()
		a.key.State = KeyRevoked
	}
	return Result{}, nil
}

// Rotate gives a key a new secret. The old one goes on working for the grace
// period; one that was in its grace period already is forgotten.
//
// A rotation whose answer was lost can be repeated under its name. The repetition
// cannot give the lost secret again, because only its hash is stored; it makes
// another one, which replaces the lost one and nothing else: the secret that its
// holders still use lives as long as the first call promised.
type Rotate struct {
	KeyRef
	// SecretHash is the stored form of the new secret, SecretPrefix its first characters.
	SecretHash   []byte
	SecretPrefix string
	// GraceUs is how long the old secret goes on working; 0: not at all.
	GraceUs int64
	// RequestID is the caller's name for the rotation; empty: none. If it is that of
	// the key's last rotation, this is that rotation again.
	RequestID string
}

func (op Rotate) names() (string, string) { return "", "" }

func (op Rotate) apply(a *account) (Result, error) {
	if a.key.State == KeyRevoked {
		return Result{}, ErrKeyRevoked
	}
	again := op.RequestID != "" && op.RequestID == a.key.LastRotation.RequestID
	if again && op.GraceUs != a.key.LastRotation.GraceUs {
		return Result{}, ErrRequestIDReused
	}
	at := a.stamp() // a repetition changes the secret too
	a.key.SecretPrefix = op.SecretPrefix
	a.key.LastRotation = op.rotation()
	change := SecretChange{
		KeyID: a.key.ID, Hash: op.SecretHash, Prefix: op.SecretPrefix, Replay: again, Rotation: a.key.LastRotation,
	}
	if op.GraceUs > 0 && !again {
		change.PreviousUntilUs = at + op.GraceUs
	}
	a.secrets = append(a.secrets, change)
	return Result{}, nil
}

// rotation is what to know op by. Without a name there is nothing to know, and
// it takes the name of the rotation before out of use.
func (op Rotate) rotation() Rotation {
	if op.RequestID == "" {
		return Rotation{}
	}
	return Rotation{RequestID: op.RequestID, GraceUs: op.GraceUs}
}

// Sweep tidies a key: its sums are brought to now and saved, so that no caller
// has to walk what left since; holds that expired are written down as expired;
// and what counts nowhere and has not changed for the retention time goes. It
// changes no answer.
type Sweep struct {
	KeyRef
	// Limit is the most rows of each kind to touch in one step.
	Limit int
}

func (op Sweep) names() (string, string) { return "", "" }

// apply may delete because the sums are saved as of now in the same step:
// everything older than the retention time has left every window by then.
func (op Sweep) apply(a *account) (Result, error) {
	a.changedKey = true
	a.sweeps = append(a.sweeps, KeySweep{
		KeyID: a.key.ID, ExpiredAtUs: a.nowUs, DeleteBeforeUs: a.nowUs - RetentionUs, Limit: op.Limit,
	})
	return Result{}, nil
}
