// Package blinkimport takes over the API keys of Blink with a year of what they
// spent: it reads the tables of Blink's api-keys service and books what is in
// them through the engine, one key after the other.
//
// Every step can be repeated. Keys keep their ids, and the spend of a row is
// named after the row, so an import that was interrupted goes on when it is run
// again, and one that is run later brings what has come since. What is in satcap
// and did not come by the import is left alone.
package blinkimport

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

// DefaultBatch is how many transactions are booked in one commit.
const DefaultBatch = 500

// MaxBatch is the most of them: the locks of a key are held for that long.
const MaxBatch = 5000

// keyPage is how many keys are read from the source at once.
const keyPage = 200

// Config says what to import, and where to.
type Config struct {
	// From is the URL of Blink's database.
	From string
	// Store is the database of satcap; its schema must be up to date.
	Store store.Store
	// DryRun only says what would be done.
	DryRun bool
	// Batch is how many transactions are booked in one commit. Default: DefaultBatch.
	Batch int
	// Found, if not nil, is told of every finding as it is found.
	Found func(Finding)
	// Progress, if not nil, is told how far the import is.
	Progress func(Progress)
	// Log takes what the operator should know. Default: slog.Default().
	Log *slog.Logger
	// Now is this program's clock. Default: time.Now.
	Now func() time.Time
}

// importer is an import under way.
type importer struct {
	cfg    Config
	source *source
	engine *engine.Engine
	report *Report
	// afterUs: transactions up to here are too old to be kept.
	afterUs int64
	// listed are the findings so far.
	listed map[Finding]struct{}
	// hashes are the secrets that the keys so far have, and whose they are.
	hashes map[string]ledger.KeyID
	// carried are the keys that are in satcap by the import.
	carried map[ledger.KeyID]bool
	// done is how many transactions have been looked at.
	done int64
	// planned is, on a dry run, the key that would have been made.
	planned *ledger.Key
}

// Run imports, and then compares every key's sums with those of the source. The
// report is there also if there is an error: what it counts has happened.
func Run(ctx context.Context, cfg Config) (*Report, error) {
	cfg.Batch = cmp.Or(cfg.Batch, DefaultBatch)
	im := &importer{
		cfg: cfg, report: &Report{Findings: make(map[Kind]int64)},
		listed: make(map[Finding]struct{}),
		hashes: make(map[string]ledger.KeyID), carried: make(map[ledger.KeyID]bool),
	}
	var err error
	if im.source, err = openSource(ctx, cfg.From); err != nil {
		return nil, err
	}
	defer im.source.close()
	im.engine = engine.New(engine.Config{Store: cfg.Store, Log: cfg.Log, Now: cfg.Now, MaxBatch: cfg.Batch, SweepEvery: -1})
	defer im.engine.Close()
	if err := im.engine.CheckClock(ctx); err != nil {
		return im.report, err
	}
	return im.report, im.run(ctx)
}

func (im *importer) run(ctx context.Context) error {
	nowUs, err := im.cfg.Store.ClockUs(ctx)
	if err != nil {
		return err
	}
	im.afterUs = nowUs - ledger.RetentionUs
	r := im.report
	if r.Keys, r.Spends, r.TooOld, err = im.source.count(ctx, im.afterUs); err != nil {
		return err
	}
	if err := im.eachPage(ctx, im.importPage); err != nil {
		return err
	}
	err = im.source.orphans(ctx, im.afterUs, func(table, id string) {
		if table == tableSpends {
			r.RefusedSpends++
		}
		im.find(Refused, table, id, "there is no API key that it belongs to")
	})
	if err != nil || im.cfg.DryRun {
		return err
	}
	return im.eachPage(ctx, im.comparePage)
}

// eachPage goes over the keys of the source in the order of their ids.
func (im *importer) eachPage(ctx context.Context, do func(context.Context, []keyRow) error) error {
	var after ledger.KeyID
	for {
		page, err := im.source.keys(ctx, after, keyPage)
		if err != nil {
			return err
		}
		if err := do(ctx, page); err != nil || len(page) < keyPage {
			return err
		}
		after = page[len(page)-1].ID
	}
}

func (im *importer) importPage(ctx context.Context, page []keyRow) error {
	// Read after the page: nothing in it can be newer by right.
	nowUs, err := im.cfg.Store.ClockUs(ctx)
	if err != nil {
		return err
	}
	for _, k := range page {
		if err := im.importKey(ctx, k, nowUs); err != nil {
			return err
		}
		im.progress("transactions", im.done, im.report.Spends)
	}
	return nil
}

// importKey carries a key over, or brings it up to date, with its spends.
func (im *importer) importKey(ctx context.Context, k keyRow, nowUs int64) error {
	p, err := judge(k, nowUs)
	var known bool
	if err == nil {
		known, err = im.owned(ctx, p)
	}
	if why := (*unfit)(nil); errors.As(err, &why) {
		if err := im.revokeRefused(ctx, k); err != nil {
			return err
		}
		return im.refuseKey(ctx, k.ID, why)
	}
	if err != nil {
		return err
	}
	im.hashes[string(p.SecretHash)], im.carried[k.ID] = k.ID, true
	im.planned = nil
	switch {
	case known:
		im.report.KnownKeys++
		err = im.refresh(ctx, p.Key)
	case im.cfg.DryRun:
		im.report.NewKeys++
		p.Key.Revision, p.Key.LastUs, p.Key.AsOfUs = 1, nowUs, nowUs
		im.planned = &p.Key
	default:
		im.report.NewKeys++
		err = im.createKey(ctx, p)
	}
	if err != nil {
		return err
	}
	return im.importSpends(ctx, k.ID, known)
}

// owned says whether satcap has the key by an earlier import. A key or a secret
// that it has otherwise is an [unfit].
func (im *importer) owned(ctx context.Context, p store.CreateKeyParams) (bool, error) {
	if other, taken := im.hashes[string(p.SecretHash)]; taken && other != p.Key.ID {
		return false, unfitKey("it has the same secret as the API key %s", keyName(other))
	}
	holder, err := im.cfg.Store.FindKeyBySecret(ctx, p.SecretHash)
	if err != nil {
		return false, err
	}
	if holder != nil && holder.Key.ID != p.Key.ID {
		return false, unfitKey("satcap has its secret already, as that of the API key %s", keyName(holder.Key.ID))
	}
	from, found, err := im.cfg.Store.FindOrigin(ctx, p.Key.ID)
	if err != nil || !found {
		return false, err
	}
	if string(from) != string(p.RequestHash) {
		return false, unfitKey("satcap has an API key with this id that was not imported")
	}
	return true, nil
}

// refuseKey lists a key that is not carried over, and its transactions, which
// have nowhere to go then.
func (im *importer) refuseKey(ctx context.Context, id ledger.KeyID, why *unfit) error {
	im.report.RefusedKeys++
	im.find(Refused, why.table, keyName(id), "%s", why.reason)
	return im.source.spends(ctx, id, im.afterUs, im.cfg.Batch, func(rows []spendRow) error {
		for _, r := range rows {
			im.refuseSpend(r, "its API key was not carried over")
		}
		im.done += int64(len(rows))
		return nil
	})
}

// attempts is how often a step is tried while the database is not available.
const attempts = 6

// createKey makes a key. One that was made by a try whose outcome is not known is
// there at the next.
func (im *importer) createKey(ctx context.Context, p store.CreateKeyParams) error {
	return im.patiently(ctx, func() error {
		err := im.engine.ImportKey(ctx, p)
		if !errors.Is(err, store.ErrDefect) && !errors.Is(err, store.ErrUnavailable) {
			return err
		}
		if from, _, findErr := im.cfg.Store.FindOrigin(ctx, p.Key.ID); findErr == nil && string(from) == string(p.RequestHash) {
			return nil
		}
		return err
	})
}

// patiently tries a step again that failed for something that may pass. Every
// step can be repeated, so it does not matter whether it happened.
func (im *importer) patiently(ctx context.Context, step func() error) error {
	for attempt := 1; ; attempt++ {
		err := step()
		passing := errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrOutcomeUnknown)
		if attempt == attempts || !passing {
			return err
		}
		select {
		case <-time.After(50 * time.Millisecond << attempt):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
