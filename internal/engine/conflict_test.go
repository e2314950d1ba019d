// Conflicts that a real database finds: a distributed Postgres reports them as
// serialization failures, at a statement or as late as at COMMIT.

package engine_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/pgtest"
)

// A sequence counts what is rolled back too. The first three inserts fail.
const failThreeTimes = `
CREATE SEQUENCE attempts;
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF nextval('attempts') <= 3 THEN
		RAISE EXCEPTION 'restart transaction' USING ERRCODE = 'serialization_failure';
	END IF;
	RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON spends `

// TestSerializationFailure: a batch that the database breaks off is run again,
// and its operations are done once.
func TestSerializationFailure(t *testing.T) {
	t.Parallel()
	for moment, when := range map[string]string{"at the statement": "", "at COMMIT": "DEFERRABLE INITIALLY DEFERRED"} {
		t.Run(moment, func(t *testing.T) {
			t.Parallel()
			url := pgtest.Clone(t, migratePostgres)
			raw, err := pgx.Connect(t.Context(), url)
			require.NoError(t, err)
			t.Cleanup(func() { _ = raw.Close(context.Background()) })
			_, err = raw.Exec(t.Context(), failThreeTimes+when+" FOR EACH ROW EXECUTE FUNCTION fail()")
			require.NoError(t, err)
			e, s := onDatabase(t, postgresAt(url), nil)
			id := createKey(t, e, ledger.Limits{ledger.Daily: 10})
			_, err = e.Do(t.Context(), reserve(id, "a", 10))
			require.NoError(t, err)
			var attempts int
			require.NoError(t, raw.QueryRow(t.Context(), "SELECT last_value FROM attempts").Scan(&attempts))
			require.Equal(t, 4, attempts)
			audited(t, s)
		})
	}
}
