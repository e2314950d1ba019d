// Between rows and the ledger's types.

package sqlite

import (
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store/sqlite/internal/dbsqlc"
)

func keyOf(r dbsqlc.ApiKey) ledger.Key {
	return ledger.Key{
		ID: ledger.KeyID(r.ID), Subject: r.Subject, Name: r.Name,
		Scopes: ledger.Scopes(r.Scopes), SecretPrefix: r.SecretPrefix, State: ledger.KeyState(r.State),
		CreatedAtUs: r.CreatedAtUs, LastUsedAtUs: r.LastUsedAtUs,
		ExpiresAtUs: r.ExpiresAtUs, RevokedAtUs: r.RevokedAtUs,
		Revision: r.Revision, LastUs: r.LastUs,
		LastRotation: ledger.Rotation{RequestID: r.RotateRequestID, GraceUs: r.RotateGraceUs},
		Budget: ledger.Budget{
			Limits: ledger.Limits{
				sats(r.DailyLimitSats), sats(r.WeeklyLimitSats), sats(r.MonthlyLimitSats), sats(r.AnnualLimitSats),
			},
			HeldSats:  r.HeldSats,
			SpentSats: [ledger.WindowCount]int64{r.DailySpentSats, r.WeeklySpentSats, r.MonthlySpentSats, r.AnnualSpentSats},
			AsOfUs:    r.AsOfUs,
		},
	}
}

// sats reads a limit: NULL is unlimited, which the ledger calls 0.
func sats(limit *int64) int64 {
	if limit == nil {
		return 0
	}
	return *limit
}

// limit writes a limit.
func limit(sats int64) *int64 {
	if sats == 0 {
		return nil
	}
	return &sats
}

// bit writes a flag: SQLite has no booleans.
func bit(flag bool) int64 {
	if flag {
		return 1
	}
	return 0
}

func spendOf(r dbsqlc.Spend) ledger.Spend {
	return ledger.Spend{
		KeyID: ledger.KeyID(r.ApiKeyID), ID: r.SpendID, State: ledger.SpendState(r.State),
		AmountSats: r.AmountSats, HeldSats: r.HeldSats, TransactionID: r.TransactionID,
		CreatedAtUs: r.CreatedAtUs, ReservedAtUs: r.ReservedAtUs, ExpiresAtUs: r.ExpiresAtUs,
		SettledAtUs: r.SettledAtUs, ReversedAtUs: r.ReversedAtUs, UpdatedAtUs: r.UpdatedAtUs,
		Late: r.Late == 1, OverHold: r.OverHold == 1, Unreserved: r.Unreserved == 1,
	}
}

func limitChangeOf(r dbsqlc.LimitChange) ledger.LimitChange {
	return ledger.LimitChange{
		KeyID: ledger.KeyID(r.ApiKeyID), Window: ledger.Window(r.LimitWindow),
		FromSats: sats(r.FromSats), ToSats: sats(r.ToSats), ChangedAtUs: r.ChangedAtUs, Revision: r.Revision,
		Actor: ledger.Actor{Subject: r.Subject, Authentication: r.Authentication},
	}
}

func viewOf(r dbsqlc.ViewKeysRow, clockUs int64) ledger.View {
	v := ledger.View{
		Key: keyOf(r.ApiKey), ClockUs: clockUs, NowUs: r.NowUs,
		Left: ledger.Left{
			HeldSats:  r.LeftHeldSats,
			SpentSats: [ledger.WindowCount]int64{r.LeftDailySats, r.LeftWeeklySats, r.LeftMonthlySats, r.LeftAnnualSats},
		},
		NextHolds: ledger.Comeback{AtUs: r.NextHoldsUs, AmountSats: r.NextHoldsSats},
	}
	settled := [ledger.WindowCount]int64{r.NextDailyUs, r.NextWeeklyUs, r.NextMonthlyUs, r.NextAnnualUs}
	amounts := [ledger.WindowCount]int64{r.NextDailySats, r.NextWeeklySats, r.NextMonthlySats, r.NextAnnualSats}
	for _, w := range ledger.Windows() {
		if settled[w] != 0 {
			v.NextSettled[w] = ledger.Comeback{AtUs: settled[w] + w.LengthUs(), AmountSats: amounts[w]}
		}
	}
	return v
}
