// Package ledger holds the rules of satcap: which windows there are, what
// counts in them, when a spend fits, and what every message does to a spend.
// It is pure: it reads no clock, no database and no network, and imports only
// the standard library. Who understands this package understands the product.
//
// # What counts
//
// A [Budget] knows two sums of its key: what is held (open holds) and, per
// window, what was spent (settled spends). A new hold is granted only if
//
//	held + spent in the window + amount <= limit
//
// for every window that has a limit. Holds count in every window for as long as
// they are open, so settling within a hold can never break a limit.
//
// # The moving tail
//
// Both sums are true as of one moment, [Budget.AsOfUs]. A window's tail is that
// moment minus the window's length, and
//
//	spent[w] = sum of the settled spends with settle time >  AsOfUs - length(w)
//	held     = sum of the holds with expire time          >  AsOfUs
//
// To bring a budget to now, subtract what lies between the old tail and the new
// one ([Left]): one range of one index. Every spend enters each sum once and
// leaves it once, so a decision costs the same whatever the key's history.
//
// # The life of a spend
//
//	 Reserve
//	    |
//	    v          Release           Settle
//	reserved ----> released ----+---------> settled
//	    |                       |              |
//	    | expire time passes    | (late)       | Reverse
//	    +--------> expired -----+              v
//	    |                                   reversed
//	    +------------ Settle --> settled       ^
//	    +------------ Reverse -----------------+
//
// A spend only moves up this ladder:
//
//	reserved  <  released, expired  <  settled  <  reversed
//
// A message that would move it down changes nothing and is answered with the
// spend as it stands. So every order and every duplication of the same messages
// ends in the same state with the same sums.
//
// # Time
//
// All operations of one batch on one key are decided at one moment, the key's
// now: max(the store's clock, the key's last time + 1 us), see [NowUs]. What
// they write is stamped with strictly increasing times from there on. Only the
// settle time of a spend that is imported ([Import]) is from elsewhere, in the
// past, and several spends may share one.
//
// Instants are microseconds since the epoch, UTC, in fields that end in AtUs or
// Us; amounts are satoshis, in fields that end in Sats.
package ledger
