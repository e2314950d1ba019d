// What a batch saves, as sets.

package postgres

import (
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store/postgres/internal/dbsqlc"
)

// saveSteps are the statements that write c, at most one per kind of row, and
// three for every key that is swept.
func saveSteps(c *ledger.Changes) []step {
	var steps []step
	if len(c.Keys) > 0 {
		steps = append(steps, exec((*dbsqlc.Queries).SaveKeys, saveKeys(c.Keys)))
	}
	if len(c.Inserted) > 0 {
		steps = append(steps, exec((*dbsqlc.Queries).InsertSpends, insertSpends(c.Inserted)))
	}
	if len(c.Updated) > 0 {
		steps = append(steps, exec((*dbsqlc.Queries).UpdateSpends, updateSpends(c.Updated)))
	}
	if len(c.Reversals) > 0 {
		steps = append(steps, exec((*dbsqlc.Queries).InsertReversals, insertReversals(c.Reversals)))
	}
	if len(c.LimitChanges) > 0 {
		steps = append(steps, exec((*dbsqlc.Queries).InsertLimitChanges, insertLimitChanges(c.LimitChanges)))
	}
	for _, s := range c.Secrets {
		steps = append(steps, exec((*dbsqlc.Queries).SaveSecrets, dbsqlc.SaveSecretsParams{
			ID: s.KeyID, NewSecretHash: s.Hash, NewSecretPrefix: s.Prefix, PreviousUntilUs: s.PreviousUntilUs,
			Replay: s.Replay, RotateRequestID: s.Rotation.RequestID, RotateGraceUs: s.Rotation.GraceUs,
		}))
	}
	for _, s := range c.Sweeps {
		id, limit := s.KeyID, int32(s.Limit)
		steps = append(steps,
			exec((*dbsqlc.Queries).MarkExpired, dbsqlc.MarkExpiredParams{KeyID: id, ExpiredAtUs: s.ExpiredAtUs, RowLimit: limit}),
			exec((*dbsqlc.Queries).DeleteOldSpends, dbsqlc.DeleteOldSpendsParams{KeyID: id, DeleteBeforeUs: s.DeleteBeforeUs, RowLimit: limit}),
			exec((*dbsqlc.Queries).DeleteOldReversals, dbsqlc.DeleteOldReversalsParams{KeyID: id, DeleteBeforeUs: s.DeleteBeforeUs, RowLimit: limit}))
	}
	return steps
}

func saveKeys(keys []ledger.Key) dbsqlc.SaveKeysParams {
	var p dbsqlc.SaveKeysParams
	for _, k := range keys {
		p.Ids = append(p.Ids, k.ID)
		p.Names = append(p.Names, k.Name)
		p.States = append(p.States, int64(k.State))
		p.RevokedAtUs = append(p.RevokedAtUs, k.RevokedAtUs)
		p.Revisions = append(p.Revisions, k.Revision)
		p.LastUs = append(p.LastUs, k.LastUs)
		p.AsOfUs = append(p.AsOfUs, k.AsOfUs)
		p.DailyLimits = append(p.DailyLimits, k.Limits[ledger.Daily])
		p.WeeklyLimits = append(p.WeeklyLimits, k.Limits[ledger.Weekly])
		p.MonthlyLimits = append(p.MonthlyLimits, k.Limits[ledger.Monthly])
		p.AnnualLimits = append(p.AnnualLimits, k.Limits[ledger.Annual])
		p.Held = append(p.Held, k.HeldSats)
		p.DailySpent = append(p.DailySpent, k.SpentSats[ledger.Daily])
		p.WeeklySpent = append(p.WeeklySpent, k.SpentSats[ledger.Weekly])
		p.MonthlySpent = append(p.MonthlySpent, k.SpentSats[ledger.Monthly])
		p.AnnualSpent = append(p.AnnualSpent, k.SpentSats[ledger.Annual])
	}
	return p
}

func insertSpends(spends []ledger.Spend) dbsqlc.InsertSpendsParams {
	var p dbsqlc.InsertSpendsParams
	for _, s := range spends {
		p.KeyIds = append(p.KeyIds, s.KeyID)
		p.CreatedAtUs = append(p.CreatedAtUs, s.CreatedAtUs)
		p.SpendIds = append(p.SpendIds, s.ID)
		p.States = append(p.States, int64(s.State))
		p.Amounts = append(p.Amounts, s.AmountSats)
		p.Held = append(p.Held, s.HeldSats)
		p.TransactionIds = append(p.TransactionIds, s.TransactionID)
		p.ReservedAtUs = append(p.ReservedAtUs, s.ReservedAtUs)
		p.ExpiresAtUs = append(p.ExpiresAtUs, s.ExpiresAtUs)
		p.SettledAtUs = append(p.SettledAtUs, s.SettledAtUs)
		p.ReversedAtUs = append(p.ReversedAtUs, s.ReversedAtUs)
		p.UpdatedAtUs = append(p.UpdatedAtUs, s.UpdatedAtUs)
		p.Late = append(p.Late, s.Late)
		p.OverHold = append(p.OverHold, s.OverHold)
		p.Unreserved = append(p.Unreserved, s.Unreserved)
	}
	return p
}

func updateSpends(spends []ledger.Spend) dbsqlc.UpdateSpendsParams {
	var p dbsqlc.UpdateSpendsParams
	for _, s := range spends {
		p.KeyIds = append(p.KeyIds, s.KeyID)
		p.CreatedAtUs = append(p.CreatedAtUs, s.CreatedAtUs)
		p.SpendIds = append(p.SpendIds, s.ID)
		p.States = append(p.States, int64(s.State))
		p.Amounts = append(p.Amounts, s.AmountSats)
		p.TransactionIds = append(p.TransactionIds, s.TransactionID)
		p.SettledAtUs = append(p.SettledAtUs, s.SettledAtUs)
		p.ReversedAtUs = append(p.ReversedAtUs, s.ReversedAtUs)
		p.UpdatedAtUs = append(p.UpdatedAtUs, s.UpdatedAtUs)
		p.Late = append(p.Late, s.Late)
		p.OverHold = append(p.OverHold, s.OverHold)
		p.Unreserved = append(p.Unreserved, s.Unreserved)
	}
	return p
}

func insertReversals(reversals []ledger.Reversal) dbsqlc.InsertReversalsParams {
	var p dbsqlc.InsertReversalsParams
	for _, r := range reversals {
		p.KeyIds = append(p.KeyIds, r.KeyID)
		p.TransactionIds = append(p.TransactionIds, r.TransactionID)
		p.ReversedAtUs = append(p.ReversedAtUs, r.ReversedAtUs)
	}
	return p
}

func insertLimitChanges(changes []ledger.LimitChange) dbsqlc.InsertLimitChangesParams {
	var p dbsqlc.InsertLimitChangesParams
	for _, c := range changes {
		p.KeyIds = append(p.KeyIds, c.KeyID)
		p.Revisions = append(p.Revisions, c.Revision)
		p.Windows = append(p.Windows, int64(c.Window))
		p.FromSats = append(p.FromSats, c.FromSats)
		p.ToSats = append(p.ToSats, c.ToSats)
		p.ChangedAtUs = append(p.ChangedAtUs, c.ChangedAtUs)
		p.Subjects = append(p.Subjects, c.Actor.Subject)
		p.Authentications = append(p.Authentications, c.Actor.Authentication)
	}
	return p
}
