package blinkimport

import (
	"context"
	"errors"
	"math"
	"strings"

	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

// spendPrefix begins the ids of imported spends; the id of the row follows.
const spendPrefix = "blink:"

// spendPage is how many spends of satcap are looked at in one step.
const spendPage = 1000

// importSpends books the transactions of a key. If the key was imported before,
// those that are gone at the source are reversed.
func (im *importer) importSpends(ctx context.Context, id ledger.KeyID, known bool) error {
	seen := make(map[string]struct{}) // a key's worth of row ids
	err := im.source.spends(ctx, id, im.afterUs, im.cfg.Batch, func(rows []spendRow) error {
		if known {
			for _, r := range rows {
				seen[spendPrefix+r.ID] = struct{}{}
			}
		}
		err := im.book(ctx, id, rows)
		im.done += int64(len(rows))
		im.progress("transactions", im.done, im.report.Spends)
		return err
	})
	if err != nil || !known {
		return err
	}
	return im.reverseGone(ctx, id, seen)
}

// book books a batch of rows.
func (im *importer) book(ctx context.Context, id ledger.KeyID, rows []spendRow) error {
	fit := make([]spendRow, 0, len(rows))
	for _, r := range rows {
		switch _, err := micros(r.CreatedAt); {
		case r.AmountSats == nil || *r.AmountSats < 1 || *r.AmountSats > ledger.MaxAmountSats:
			im.refuseSpend(r, "the amount is not from 1 to 2100000000000000 sats")
		case err != nil:
			im.refuseSpend(r, "the time at which it was created: "+err.Error())
		case !r.CreatedAt.Valid:
			im.refuseSpend(r, "the time at which it was created is missing")
		default:
			fit = append(fit, r)
		}
	}
	names, err := im.names(ctx, id, fit)
	if err != nil {
		return err
	}
	ops := make([]ledger.Operation, len(fit))
	for i, r := range fit {
		ops[i] = im.operation(id, r, names)
	}
	outcomes, err := im.decide(ctx, ops)
	if err != nil {
		return err
	}
	for i, o := range outcomes {
		if err := im.count(fit[i], ops[i], o); err != nil {
			return err
		}
	}
	return nil
}

// names claims the transaction ids of the rows for their spends, before any of
// these is booked, and returns whose they are. On a dry run it only looks.
func (im *importer) names(ctx context.Context, id ledger.KeyID, rows []spendRow) (map[string]store.PaymentName, error) {
	var all []string
	for _, r := range rows {
		if r.TransactionID != nil && fitName(*r.TransactionID) {
			all = append(all, *r.TransactionID)
		}
	}
	names := make(map[string]store.PaymentName, len(all))
	err := im.patiently(ctx, func() error {
		found, err := im.engine.FindNames(ctx, all)
		note(names, found)
		return err
	})
	if err != nil || im.cfg.DryRun {
		return names, err
	}
	var claims []store.PaymentName
	for _, r := range rows {
		if r.TransactionID != nil && fitName(*r.TransactionID) && !names[*r.TransactionID].Claimed() {
			claims = append(claims, store.PaymentName{Name: *r.TransactionID, KeyID: id, SpendID: spendPrefix + r.ID})
		}
	}
	if len(claims) == 0 {
		return names, nil
	}
	return names, im.patiently(ctx, func() error {
		stand, err := im.engine.ClaimNames(ctx, claims)
		note(names, stand)
		return err
	})
}

func note(names map[string]store.PaymentName, list []store.PaymentName) {
	for _, n := range list {
		names[n.Name] = n
	}
}

// operation is what books a row, by whose its name is.
func (im *importer) operation(id ledger.KeyID, r spendRow, names map[string]store.PaymentName) ledger.Operation {
	ref := ledger.KeyRef{KeyID: id}
	op := ledger.Import{KeyRef: ref, SpendID: spendPrefix + r.ID, AmountSats: *r.AmountSats, SettledAtUs: r.CreatedAt.Time.UnixMicro()}
	switch {
	case r.TransactionID == nil:
		return op
	case !fitName(*r.TransactionID):
		im.partly(r, "the transaction id must be 1 to 128 printable characters without spaces around them: the amount is carried over without it")
		return op
	case !ephemeral(*r.TransactionID):
		// A payment on its way keeps this place free for the name that it will get.
		op.TransactionID = *r.TransactionID
	}
	n := names[*r.TransactionID]
	switch {
	case n.Claimed() && n.KeyID != id:
		im.partly(r, "its transaction id belongs to another API key in satcap: the amount is carried over, but reversing that id does not reverse it")
		return op
	case n.Claimed() && n.SpendID != op.SpendID && strings.HasPrefix(n.SpendID, spendPrefix):
		// The row that had the name before was reversed at the source.
		im.partly(r, "its transaction id names an earlier row in satcap: the amount is carried over without it")
		op.TransactionID = ""
		return op
	case n.Claimed():
		op.SpendID = n.SpendID // satcap was told of this payment before the import was
	}
	if n.ReversedAtUs != 0 {
		return ledger.Reverse{KeyRef: ref, SpendID: op.SpendID}
	}
	return op
}

// decide runs operations of one key, or says on a dry run what would become of
// them. An error is one of the database or a defect; refusals are in the outcomes.
func (im *importer) decide(ctx context.Context, ops []ledger.Operation) (outcomes []ledger.Outcome, err error) {
	if len(ops) == 0 {
		return nil, nil
	}
	if im.planned != nil {
		return im.plan(ctx, ops)
	}
	err = im.patiently(ctx, func() (err error) {
		if im.cfg.DryRun {
			outcomes, err = im.engine.Try(ctx, ops)
			return err
		}
		outcomes = im.engine.DoBulk(ctx, ops)
		for _, o := range outcomes {
			if failure(o.Err) {
				return o.Err
			}
		}
		return nil
	})
	return outcomes, err
}

// plan decides on a key that does not exist yet. Each batch is taken for the
// first one, which makes a difference only to a key whose sums are full.
func (im *importer) plan(ctx context.Context, ops []ledger.Operation) ([]ledger.Outcome, error) {
	clockUs, err := im.cfg.Store.ClockUs(ctx)
	if err != nil {
		return nil, err
	}
	applied := ledger.Apply(&ledger.Snapshot{ClockUs: clockUs, Keys: map[ledger.KeyID]*ledger.KeySnapshot{
		im.planned.ID: {Key: *im.planned, NowUs: ledger.NowUs(clockUs, im.planned.LastUs)},
	}}, ops)
	return applied.Outcomes, nil
}

// failure says whether err is of the machinery and not of the row.
func failure(err error) bool {
	return errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrOutcomeUnknown) ||
		errors.Is(err, store.ErrDefect) || errors.Is(err, ledger.ErrInvariant) || errors.Is(err, ledger.ErrKeyNotFound) ||
		errors.Is(err, engine.ErrClockSkew) || errors.Is(err, engine.ErrStopped) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// count counts what became of a row.
func (im *importer) count(r spendRow, op ledger.Operation, o ledger.Outcome) error {
	_, reversal := op.(ledger.Reverse)
	switch {
	case o.Err == nil && o.Result.Replayed:
		im.report.Known++
	case o.Err == nil && reversal:
		im.report.Reversed++
	case o.Err == nil && o.Result.Spend.CreatedAtUs == o.Result.Spend.UpdatedAtUs:
		im.report.Booked++
	case o.Err == nil:
		im.report.Named++
	case errors.Is(o.Err, ledger.ErrImportTime):
		im.refuseSpend(r, "it was created in the future")
	case errors.Is(o.Err, ledger.ErrSpendIDReused):
		im.refuseSpend(r, "satcap has it with another amount or another transaction id")
	case errors.Is(o.Err, ledger.ErrTransactionIDReused):
		im.refuseSpend(r, "satcap has this transaction already, as another spend of the API key")
	case errors.Is(o.Err, ledger.ErrSumOverflow):
		im.refuseSpend(r, "the sums of the API key cannot take the amount")
	default:
		return o.Err
	}
	return nil
}

func (im *importer) refuseSpend(r spendRow, reason string) {
	if im.find(Refused, tableSpends, r.ID, "%s", reason) {
		im.report.RefusedSpends++
	}
}

// partly lists a row whose amount is carried over and something else is not.
func (im *importer) partly(r spendRow, reason string) {
	im.find(Refused, tableSpends, r.ID, "%s", reason)
}

// reverseGone reverses the imported spends whose rows the source has deleted,
// which is how it reverses payments. seen are the rows that are there for sure;
// the others are asked for once more, since a row may have come meanwhile.
func (im *importer) reverseGone(ctx context.Context, id ledger.KeyID, seen map[string]struct{}) error {
	ref := ledger.KeyRef{KeyID: id}
	return im.eachSpend(ctx, id, []ledger.SpendState{ledger.Settled}, func(page []ledger.Spend) error {
		var missing []string
		for _, s := range page {
			if _, there := seen[s.ID]; strings.HasPrefix(s.ID, spendPrefix) && !there {
				missing = append(missing, strings.TrimPrefix(s.ID, spendPrefix))
			}
		}
		if len(missing) == 0 {
			return nil
		}
		found, err := im.source.find(ctx, id, missing, nil)
		if err != nil {
			return err
		}
		there := make(map[string]bool, len(found))
		for _, r := range found {
			there[r.ID] = true
		}
		var ops []ledger.Operation
		for _, row := range missing {
			if !there[row] {
				ops = append(ops, ledger.Reverse{KeyRef: ref, SpendID: spendPrefix + row})
			}
		}
		outcomes, err := im.decide(ctx, ops)
		for _, o := range outcomes {
			if o.Err != nil {
				return o.Err
			}
			im.report.Reversed++
		}
		return err
	})
}

// eachSpend calls do with the spends of a key, newest first, page by page.
func (im *importer) eachSpend(ctx context.Context, id ledger.KeyID, states []ledger.SpendState, do func([]ledger.Spend) error) error {
	beforeUs := int64(math.MaxInt64)
	for {
		page, err := im.engine.ListSpends(ctx, ledger.KeyRef{KeyID: id}, store.ListSpendsParams{States: states, BeforeUs: beforeUs, Limit: spendPage})
		if err != nil {
			return err
		}
		if err := do(page); err != nil || len(page) < spendPage {
			return err
		}
		beforeUs = page[len(page)-1].CreatedAtUs
	}
}
