//go:build satcap_nolock

package postgres

// holdLocks false leaves the keys unlocked while a batch decides. Never ship this.
const holdLocks = false
