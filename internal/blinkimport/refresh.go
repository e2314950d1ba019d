package blinkimport

import (
	"bytes"
	"context"
	"errors"
	"math"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

// actor is who changes limits on behalf of the source. No owner can be
// authenticated like this, so it tells the import's changes from theirs.
var actor = ledger.Actor{Subject: "import", Authentication: "import blink"}

// refresh brings to a known key what has changed at the source since: the
// revocation, the limits, and when it was last used. What an owner has set in
// satcap stands.
func (im *importer) refresh(ctx context.Context, from ledger.Key) error {
	ref := ledger.KeyRef{KeyID: from.ID}
	view, err := im.engine.View(ctx, ref)
	if err != nil {
		return err
	}
	im.keep(view.Key, from)
	if from.State == ledger.KeyRevoked && view.Key.State != ledger.KeyRevoked {
		im.report.RevokedKeys++
		if err := im.change(ctx, ledger.Revoke{KeyRef: ref}); err != nil {
			return err
		}
	}
	if from.LastUsedAtUs > view.Key.LastUsedAtUs && !im.cfg.DryRun {
		if err := im.cfg.Store.TouchKeys(ctx, map[ledger.KeyID]int64{from.ID: from.LastUsedAtUs}); err != nil {
			return err
		}
	}
	return im.refreshLimits(ctx, from)
}

// revokeRefused carries the revocation of a key over that was imported before,
// though something else of its row has become unfit since.
func (im *importer) revokeRefused(ctx context.Context, k keyRow) error {
	if !k.Revoked {
		return nil
	}
	from, found, err := im.cfg.Store.FindOrigin(ctx, k.ID)
	if err != nil || !found || !bytes.Equal(from, origin(k.ID)) {
		return err
	}
	ref := ledger.KeyRef{KeyID: k.ID}
	view, err := im.engine.View(ctx, ref)
	if err != nil || view.Key.State == ledger.KeyRevoked {
		return err
	}
	im.report.RevokedKeys++
	return im.change(ctx, ledger.Revoke{KeyRef: ref})
}

// keep lists where satcap and the source disagree and satcap stands.
func (im *importer) keep(have, from ledger.Key) {
	for _, c := range []struct {
		differs bool
		what    string
	}{
		{have.Subject != from.Subject, "the subject"},
		{have.Scopes != from.Scopes, "the scopes"},
		{have.ExpiresAtUs != from.ExpiresAtUs, "the expire time"},
		{have.Name != from.Name, "the name"},
		{have.State == ledger.KeyRevoked && from.State != ledger.KeyRevoked, "the revocation"},
	} {
		if c.differs {
			im.find(Kept, tableKeys, keyName(from.ID), "%s in satcap is another one, and stays", c.what)
		}
	}
}

// refreshAttempts is how often the limits of a key are tried that others change
// at the same time.
const refreshAttempts = 5

// refreshLimits sets the limits to those of the source, unless somebody else
// has changed them in satcap since the last import.
func (im *importer) refreshLimits(ctx context.Context, from ledger.Key) error {
	ref := ledger.KeyRef{KeyID: from.ID}
	for range refreshAttempts {
		view, err := im.engine.View(ctx, ref)
		if err != nil {
			return err
		}
		if view.Key.Limits == from.Limits {
			return nil
		}
		latest, err := im.engine.ListLimitChanges(ctx, ref, store.ListLimitChangesParams{
			BeforeRevision: math.MaxInt64, BeforeWindow: math.MaxInt64, Limit: 1,
		})
		if err != nil {
			return err
		}
		if len(latest) > 0 && latest[0].Actor != actor {
			im.find(Kept, tableLimits, keyName(from.ID), "the limits were changed in satcap, and stay")
			return nil
		}
		op := ledger.UpdateLimits{KeyRef: ref, ExpectedRevision: &view.Key.Revision, Actor: actor}
		for _, w := range ledger.Windows() {
			op.Updates = append(op.Updates, ledger.LimitUpdate{Window: w, LimitSats: from.Limits[w]})
		}
		// The revision is that of before the look at the changes: an owner's
		// change in between is seen by it.
		err = im.change(ctx, op)
		if errors.Is(err, ledger.ErrRevisionMismatch) {
			continue
		}
		if err == nil {
			im.report.ChangedLimits++
		}
		return err
	}
	im.find(Kept, tableLimits, keyName(from.ID), "the limits could not be changed, the API key is too busy: import again")
	return nil
}

// change runs one operation, which may be refused.
func (im *importer) change(ctx context.Context, op ledger.Operation) error {
	outcomes, err := im.decide(ctx, []ledger.Operation{op})
	if err != nil {
		return err
	}
	return outcomes[0].Err
}
