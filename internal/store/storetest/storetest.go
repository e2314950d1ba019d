// Package storetest is the one suite that every engine of package store has to
// pass: what a store promises, tested through its interface alone.
//
// An engine's own tests call [Run] with a [Harness] that opens fresh stores. The
// suite is split by subject, a file each. At its end it checks that every query
// of the engine was executed, because code that sqlc generates can be wrong
// without an error: see [Statements].
package storetest

import (
	"testing"

	"github.com/satcap/satcap/internal/store"
)

// Harness opens stores of one engine.
type Harness struct {
	// Open returns a new, migrated, empty store that reads its time from clockUs.
	// It ends with the test.
	Open func(t *testing.T, clockUs func() int64) Opened
	// QueryDir is the folder with the queries of the engine.
	QueryDir string
}

// Opened is a store and what the suite needs to see of its inside.
type Opened struct {
	Store store.Store
	// Exec runs SQL behind the store's back.
	Exec func(t *testing.T, sql string)
	// Statements records what the store asks its database.
	Statements *Statements
}

// Run runs the suite.
func Run(t *testing.T, h Harness) {
	all := &Statements{}
	open := h.Open
	h.Open = func(t *testing.T, clockUs func() int64) Opened {
		opened := open(t, clockUs)
		t.Cleanup(func() { all.add(opened.Statements) })
		return opened
	}
	t.Run("Suite", func(t *testing.T) {
		for _, subject := range []struct {
			name string
			test func(*testing.T, Harness)
		}{
			{"Keys", testKeys},
			{"Load", testLoad},
			{"Left", testLeft},
			{"Commit", testCommit},
			{"Rollback", testRollback},
			{"Schedules", testSchedules},
			{"Series", testSeries},
			{"Views", testViews},
			{"ListKeys", testListKeys},
			{"ListSpends", testListSpends},
			{"ListLimitChanges", testListLimitChanges},
			{"Sweep", testSweep},
			{"Audit", testAudit},
			{"Sums", testSums},
			{"Text", testText},
			{"Secrets", testSecrets},
			{"Rotations", testRotations},
			{"LastUse", testLastUse},
			{"ServiceTokens", testServiceTokens},
			{"Names", testNames},
			{"Clock", testClock},
			{"Concurrency", testConcurrency},
		} {
			t.Run(subject.name, func(t *testing.T) {
				t.Parallel()
				subject.test(t, h)
			})
		}
	})
	t.Run("EveryQueryRan", func(t *testing.T) { all.requireEvery(t, h.QueryDir) })
}

// run runs one test of a subject on a store of its own.
func (h Harness) run(t *testing.T, name string, test func(e *env)) {
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		test(newEnv(t, h))
	})
}
