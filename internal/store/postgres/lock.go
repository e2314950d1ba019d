//go:build !satcap_nolock

package postgres

// holdLocks is false only in a build for one test, which shows that without the
// locks of the keys the promise breaks.
const holdLocks = true
