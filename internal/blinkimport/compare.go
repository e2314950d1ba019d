package blinkimport

import (
	"context"
	"strconv"
	"strings"

	"github.com/satcap/satcap/internal/ledger"
)

// sums are those of the four windows.
type sums [ledger.WindowCount]int64

// texts are sums as the source gives them.
type texts = [ledger.WindowCount]string

func (s sums) texts() (t texts) {
	for w, v := range s {
		t[w] = strconv.FormatInt(v, 10)
	}
	return t
}

// comparePage compares the sums of the keys with those of the source, each at
// the moment at which satcap was asked.
func (im *importer) comparePage(ctx context.Context, page []keyRow) error {
	var ids []ledger.KeyID
	for _, k := range page {
		if im.carried[k.ID] {
			ids = append(ids, k.ID)
		}
	}
	differing, err := im.compare(ctx, ids)
	if err != nil {
		return err
	}
	// A source in use moves on while it is read: what differs gets what has come
	// since, and is compared again, before it counts as a difference.
	for _, d := range differing {
		if err := im.again(ctx, d); err != nil {
			return err
		}
	}
	im.report.Compared += int64(len(ids))
	im.report.Equal += int64(len(ids) - len(differing))
	im.progress("comparing", im.report.Compared, int64(len(im.carried)))
	return nil
}

// difference is a key whose sums are not those of the source.
type difference struct {
	id   ledger.KeyID
	atUs int64
	have sums
	want texts
}

// compare returns the keys whose sums are not those of the source.
func (im *importer) compare(ctx context.Context, ids []ledger.KeyID) ([]difference, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	views, err := im.cfg.Store.ViewKeys(ctx, ids, "")
	if err != nil {
		return nil, err
	}
	order, atUs := make([]ledger.KeyID, len(views)), make([]int64, len(views))
	for i, v := range views {
		order[i], atUs[i] = v.Key.ID, v.NowUs
	}
	want, err := im.source.sums(ctx, order, atUs)
	if err != nil {
		return nil, err
	}
	var differing []difference
	for _, v := range views {
		current := v.Current()
		d := difference{v.Key.ID, v.NowUs, sums(current.SpentSats), want[v.Key.ID]}
		if d.have.texts() != d.want {
			differing = append(differing, d)
		}
	}
	return differing, nil
}

// again imports the spends of a key once more and lists what still differs. Rows
// that were counted are not counted anew.
func (im *importer) again(ctx context.Context, d difference) error {
	quiet := *im
	quiet.cfg.Progress = nil
	quiet.report = &Report{Findings: im.report.Findings}
	if err := quiet.importSpends(ctx, d.id, true); err != nil {
		return err
	}
	im.report.Booked += quiet.report.Booked
	im.report.Named += quiet.report.Named
	im.report.Reversed += quiet.report.Reversed
	im.report.RefusedSpends += quiet.report.RefusedSpends
	differing, err := im.compare(ctx, []ledger.KeyID{d.id})
	if err != nil {
		return err
	}
	if len(differing) == 0 {
		im.report.Equal++
		return nil
	}
	return im.explain(ctx, differing[0])
}

// explain looks through all spends of a key for what satcap itself did to its
// sums: spends that it booked for others than the import, and imported ones that
// were reversed here and are still at the source. What is left is a difference.
func (im *importer) explain(ctx context.Context, d difference) error {
	var own, undone sums
	err := im.eachSpend(ctx, d.id, []ledger.SpendState{ledger.Settled, ledger.Reversed}, func(page []ledger.Spend) error {
		var rowIDs, transactions []string
		for _, s := range page {
			if id, imported := strings.CutPrefix(s.ID, spendPrefix); imported {
				rowIDs = append(rowIDs, id)
			} else if s.TransactionID != "" {
				transactions = append(transactions, s.TransactionID)
			}
		}
		found, err := im.source.find(ctx, d.id, rowIDs, transactions)
		if err != nil {
			return err
		}
		rows := make(map[string]spendRow, 2*len(found))
		for _, r := range found {
			rows[spendPrefix+r.ID] = r
			if r.TransactionID != nil {
				rows["transaction "+*r.TransactionID] = r
			}
		}
		for _, s := range page {
			row, there := rows[s.ID]
			if !strings.HasPrefix(s.ID, spendPrefix) {
				row, there = rows["transaction "+s.TransactionID]
			}
			switch {
			case s.State == ledger.Settled && !there:
				own.add(s.SettledAtUs, d.atUs, s.AmountSats)
			case s.State == ledger.Reversed && there && row.AmountSats != nil:
				undone.add(row.CreatedAt.Time.UnixMicro(), d.atUs, *row.AmountSats)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	explained := true
	for _, w := range ledger.Windows() {
		if strconv.FormatInt(d.have[w]-own[w]+undone[w], 10) == d.want[w] {
			continue
		}
		explained = false
		im.find(Different, tableKeys, keyName(d.id), "%s: %d sats in satcap, %s at the source; satcap itself booked %d and reversed %d", w, d.have[w], d.want[w], own[w], undone[w])
	}
	if explained {
		im.report.Explained++
	}
	return nil
}

// add adds an amount to the windows that it counts in at nowUs.
func (s *sums) add(atUs, nowUs, sats int64) {
	for _, w := range ledger.Windows() {
		if atUs <= nowUs && atUs > nowUs-w.LengthUs() {
			s[w] += sats
		}
	}
}
