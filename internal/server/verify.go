// Verify: do all stored sums equal what the rows add up to?

package server

import (
	"context"

	"github.com/google/uuid"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

// verifyPage is how many keys are recomputed in one statement.
const verifyPage = 200

// VerifyReport counts what Verify looked at and found.
type VerifyReport struct {
	Keys, Spends int64
	Differences  int
}

// Verify recomputes every key and calls found for each difference.
func Verify(ctx context.Context, s store.Store, found func(keyID, difference string)) (VerifyReport, error) {
	var report VerifyReport
	var after ledger.KeyID
	for {
		page, err := s.AuditKeys(ctx, after, verifyPage)
		if err != nil {
			return report, err
		}
		for _, audit := range page {
			report.Keys++
			report.Spends += audit.SpendCount
			for _, d := range audit.Differences() {
				report.Differences++
				found(uuid.UUID(audit.Key.ID).String(), d)
			}
		}
		if len(page) < verifyPage {
			return report, nil
		}
		after = page[len(page)-1].Key.ID
	}
}
