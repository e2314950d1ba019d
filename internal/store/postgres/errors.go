// What Postgres reports, in the store's words.

package postgres

import (
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/satcap/satcap/internal/store"
)

// The codes after which the same transaction may succeed
// (https://www.postgresql.org/docs/current/errcodes-appendix.html).
const (
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	lockNotAvailable     = "55P03"
)

// protocolViolation is what a pooler answers to settings that it does not take.
const protocolViolation = "08P01"

// defectClasses are the classes of errors that a statement itself is to blame
// for: a value it cannot take, a constraint it would break, or its own text.
var defectClasses = []string{"22", "23", "42"}

// classify turns an error from before a commit into one of the store's.
func classify(doing string, err error) error {
	if conflict(err) {
		return fmt.Errorf("%w: %s: %w", store.ErrConflict, doing, err)
	}
	var pg *pgconn.PgError
	errors.As(err, &pg)
	if pg != nil && pg.Code == lockNotAvailable {
		return fmt.Errorf("%w: %s: %w", store.ErrLocked, doing, err)
	}
	if pg != nil && slices.Contains(defectClasses, pg.Code[:2]) {
		return fmt.Errorf("%w: %s: %w", store.ErrDefect, doing, err)
	}
	return fmt.Errorf("%w: %s: %w", store.ErrUnavailable, doing, err)
}

// conflict says whether the server gave the transaction up for another's sake. It
// may say so as late as at COMMIT, and nothing was committed then either.
func conflict(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == serializationFailure || pg.Code == deadlockDetected)
}

// reported says whether err is the server's answer to a statement, rather than
// the end of the connection or of the server.
func reported(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.SeverityUnlocalized == "ERROR"
}
