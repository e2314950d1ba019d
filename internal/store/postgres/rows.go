// Between rows and the ledger's types.

package postgres

import (
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
	"github.com/satcap/satcap/internal/store/postgres/internal/dbsqlc"
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

func spendOf(r dbsqlc.Spend) ledger.Spend {
	return ledger.Spend{
		KeyID: ledger.KeyID(r.ApiKeyID), ID: r.SpendID, State: ledger.SpendState(r.State),
		AmountSats: r.AmountSats, HeldSats: r.HeldSats, TransactionID: r.TransactionID,
		CreatedAtUs: r.CreatedAtUs, ReservedAtUs: r.ReservedAtUs, ExpiresAtUs: r.ExpiresAtUs,
		SettledAtUs: r.SettledAtUs, ReversedAtUs: r.ReversedAtUs, UpdatedAtUs: r.UpdatedAtUs,
		Late: r.Late, OverHold: r.OverHold, Unreserved: r.Unreserved,
	}
}

func limitChangeOf(r dbsqlc.LimitChange) ledger.LimitChange {
	return ledger.LimitChange{
		KeyID: ledger.KeyID(r.ApiKeyID), Window: ledger.Window(r.LimitWindow),
		FromSats: sats(r.FromSats), ToSats: sats(r.ToSats), ChangedAtUs: r.ChangedAtUs, Revision: r.Revision,
		Actor: ledger.Actor{Subject: r.Subject, Authentication: r.Authentication},
	}
}

func viewOf(r dbsqlc.ViewKeysRow) ledger.View {
	v := ledger.View{
		Key: keyOf(r.ApiKey), ClockUs: r.ClockUs, NowUs: r.NowUs,
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

// uuids turns ids into what pgx sends as uuid[].
func uuids(ids []ledger.KeyID) [][16]byte {
	out := make([][16]byte, len(ids))
	for i, id := range ids {
		out[i] = id
	}
	return out
}

// columns splits names into one array per column.
func columns(names []store.Name) (keyIDs [][16]byte, ids []string) {
	keyIDs, ids = make([][16]byte, len(names)), make([]string, len(names))
	for i, n := range names {
		keyIDs[i], ids[i] = n.KeyID, n.ID
	}
	return keyIDs, ids
}
