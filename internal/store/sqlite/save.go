// What a batch saves.

package sqlite

import (
	"context"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store/sqlite/internal/dbsqlc"
)

func (b *batch) save(ctx context.Context, c *ledger.Changes) error {
	for _, k := range c.Keys {
		if err := b.q.SaveKeys(ctx, saveKey(k)); err != nil {
			return err
		}
	}
	for _, s := range c.Inserted {
		if err := b.q.InsertSpends(ctx, insertSpend(s)); err != nil {
			return err
		}
	}
	for _, s := range c.Updated {
		if err := b.q.UpdateSpends(ctx, updateSpend(s)); err != nil {
			return err
		}
	}
	for _, r := range c.Reversals {
		if err := b.q.InsertReversals(ctx, dbsqlc.InsertReversalsParams{
			KeyID: r.KeyID[:], TransactionID: r.TransactionID, ReversedAtUs: r.ReversedAtUs,
		}); err != nil {
			return err
		}
	}
	for _, l := range c.LimitChanges {
		if err := b.q.InsertLimitChanges(ctx, dbsqlc.InsertLimitChangesParams{
			KeyID: l.KeyID[:], Revision: l.Revision, LimitWindow: int64(l.Window),
			FromSats: limit(l.FromSats), ToSats: limit(l.ToSats), ChangedAtUs: l.ChangedAtUs,
			Subject: l.Actor.Subject, Authentication: l.Actor.Authentication,
		}); err != nil {
			return err
		}
	}
	for _, s := range c.Secrets {
		if err := b.q.SaveSecrets(ctx, dbsqlc.SaveSecretsParams{
			ID: s.KeyID[:], NewSecretHash: s.Hash, NewSecretPrefix: s.Prefix, PreviousUntilUs: s.PreviousUntilUs,
			Replay: bit(s.Replay), RotateRequestID: s.Rotation.RequestID, RotateGraceUs: s.Rotation.GraceUs,
		}); err != nil {
			return err
		}
	}
	for _, s := range c.Sweeps {
		if err := b.sweep(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) sweep(ctx context.Context, s ledger.KeySweep) error {
	id, rowLimit := s.KeyID[:], int64(s.Limit)
	if err := b.q.MarkExpired(ctx, dbsqlc.MarkExpiredParams{KeyID: id, ExpiredAtUs: s.ExpiredAtUs, RowLimit: rowLimit}); err != nil {
		return err
	}
	if err := b.q.DeleteOldSpends(ctx, dbsqlc.DeleteOldSpendsParams{KeyID: id, DeleteBeforeUs: s.DeleteBeforeUs, RowLimit: rowLimit}); err != nil {
		return err
	}
	return b.q.DeleteOldReversals(ctx, dbsqlc.DeleteOldReversalsParams{KeyID: id, DeleteBeforeUs: s.DeleteBeforeUs, RowLimit: rowLimit})
}

func saveKey(k ledger.Key) dbsqlc.SaveKeysParams {
	return dbsqlc.SaveKeysParams{
		ID: k.ID[:], Name: k.Name, State: int64(k.State), RevokedAtUs: k.RevokedAtUs,
		Revision: k.Revision, LastUs: k.LastUs, AsOfUs: k.AsOfUs,
		DailyLimitSats: limit(k.Limits[ledger.Daily]), WeeklyLimitSats: limit(k.Limits[ledger.Weekly]),
		MonthlyLimitSats: limit(k.Limits[ledger.Monthly]), AnnualLimitSats: limit(k.Limits[ledger.Annual]),
		HeldSats:       k.HeldSats,
		DailySpentSats: k.SpentSats[ledger.Daily], WeeklySpentSats: k.SpentSats[ledger.Weekly],
		MonthlySpentSats: k.SpentSats[ledger.Monthly], AnnualSpentSats: k.SpentSats[ledger.Annual],
	}
}

func insertSpend(s ledger.Spend) dbsqlc.InsertSpendsParams {
	return dbsqlc.InsertSpendsParams{
		KeyID: s.KeyID[:], CreatedAtUs: s.CreatedAtUs, SpendID: s.ID, State: int64(s.State),
		AmountSats: s.AmountSats, HeldSats: s.HeldSats, TransactionID: s.TransactionID,
		ReservedAtUs: s.ReservedAtUs, ExpiresAtUs: s.ExpiresAtUs, SettledAtUs: s.SettledAtUs,
		ReversedAtUs: s.ReversedAtUs, UpdatedAtUs: s.UpdatedAtUs,
		Late: bit(s.Late), OverHold: bit(s.OverHold), Unreserved: bit(s.Unreserved),
	}
}

func updateSpend(s ledger.Spend) dbsqlc.UpdateSpendsParams {
	return dbsqlc.UpdateSpendsParams{
		KeyID: s.KeyID[:], CreatedAtUs: s.CreatedAtUs, State: int64(s.State),
		AmountSats: s.AmountSats, TransactionID: s.TransactionID,
		SettledAtUs: s.SettledAtUs, ReversedAtUs: s.ReversedAtUs, UpdatedAtUs: s.UpdatedAtUs,
		Late: bit(s.Late), OverHold: bit(s.OverHold), Unreserved: bit(s.Unreserved),
	}
}
