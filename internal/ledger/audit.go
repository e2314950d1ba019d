// The audit: do the stored sums equal what the rows say?

package ledger

import "fmt"

// Audit is a key as stored and what its rows add up to.
type Audit struct {
	Key Key
	// HeldSats is the sum of the holds that expire after Key.AsOfUs.
	HeldSats int64
	// SpentSats is, per window, the sum of the spends settled after its tail.
	SpentSats [WindowCount]int64
	// LatestUs is the latest time on any row of the key's spends.
	LatestUs int64
	// SpendCount is how many spends the key has.
	SpendCount int64
}

// Differences says in words what is stored and not what the rows add up to;
// none if all is well.
func (a *Audit) Differences() []string {
	var found []string
	if a.Key.HeldSats != a.HeldSats {
		found = append(found, fmt.Sprintf("held: stored %d sats, the open holds add up to %d", a.Key.HeldSats, a.HeldSats))
	}
	for _, w := range Windows() {
		if a.Key.SpentSats[w] != a.SpentSats[w] {
			found = append(found, fmt.Sprintf("%s spent: stored %d sats, the settled spends add up to %d", w, a.Key.SpentSats[w], a.SpentSats[w]))
		}
	}
	if a.Key.AsOfUs > a.Key.LastUs {
		found = append(found, fmt.Sprintf("tails: sums as of %d us, after the key's last time %d us", a.Key.AsOfUs, a.Key.LastUs))
	}
	if a.LatestUs > a.Key.LastUs {
		found = append(found, fmt.Sprintf("times: a spend is stamped %d us, after the key's last time %d us", a.LatestUs, a.Key.LastUs))
	}
	return found
}
