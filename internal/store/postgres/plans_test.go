// How the server runs the queries: each by index, within the keys it is about.

package postgres_test

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/pgtest"
	"github.com/satcap/satcap/internal/store/postgres"
	"github.com/satcap/satcap/internal/store/storetest"
)

// planNode is a part of a plan, as EXPLAIN (FORMAT JSON) tells it.
type planNode struct {
	Type      string     `json:"Node Type"`
	Relation  string     `json:"Relation Name"`
	IndexCond string     `json:"Index Cond"`
	Plans     []planNode `json:"Plans"`
}

// byKey is, per table, what its rows are found by: the key, except for the names
// of payments. The other tables are small.
var byKey = map[string]string{
	"api_keys": `\bid\b`, "spends": "api_key_id", "reversals": "api_key_id", "limit_changes": "api_key_id",
	"payment_names": "name|created_at_us",
}

// otherwise are the queries that find keys by something else than their id:
// what their condition has to name instead.
var otherwise = map[string]string{
	"FindKeyBySecret": `secret_hash|\(id = ANY`, "FindKeyByRequest": "subject.*request_id", "ListKeyIDs": "subject",
}

// within are the queries that read a part of a key's spends, of which there may
// be millions: what the condition on each part has to name besides the key.
var within = map[string]string{
	"LoadLeft": "settled_at_us|expires_at_us", "ViewKeys": "settled_at_us|expires_at_us", "SumSeries": "settled_at_us",
	"LoadSpends": "spend_id", "LoadSpendsByTransaction": "transaction_id", "UpdateSpends": "created_at_us|spend_id",
	"LoadSettledAfter": "settled_at_us", "LoadHoldsAfter": "expires_at_us",
	"ListSpends": "created_at_us", "ListOpenSpends": "expires_at_us",
	"ListSweepable": "expires_at_us|created_at_us",
	"MarkExpired":   "expires_at_us|created_at_us|spend_id", "DeleteOldSpends": "created_at_us|spend_id",
}

// states are what the tables held when the server counted their rows: it plans for
// that until it counts again, and the plan is kept while the tables grow.
var states = map[string]struct{ keys, spendsEach, state int }{
	"nothing":         {0, 0, 0},
	"one settled":     {1, 1, 4},
	"one held":        {1, 1, 1},
	"a few settled":   {1, 5, 4},
	"a few held":      {1, 40, 1},
	"many of one key": {1, 5000, 4},
	"one each":        {200, 1, 4},
	"a few each":      {1000, 5, 4},
}

// TestPlans holds the plan of every query against its table's index, whatever the
// server knows of the tables: nothing yet, or what they held when it counted, as
// they are or grown since. On small tables it is tempted to read them whole, and
// all indexes that begin with the key look the same. A statement of the hot path
// that spans keys without naming them would have no index to use.
func TestPlans(t *testing.T) {
	t.Parallel()
	t.Run("new", func(t *testing.T) {
		t.Parallel()
		checkPlans(t, pgtest.Clone(t, migrate))
	})
	for name, s := range states {
		for _, count := range []string{"ANALYZE", "VACUUM ANALYZE"} { // the server does either
			t.Run(count+" "+name, func(t *testing.T) {
				t.Parallel()
				url := pgtest.Clone(t, migrate)
				conn := connect(t, url)
				fill(t, conn, 1, s.keys, s.spendsEach, s.state)
				exec(t, conn, count)
				checkPlans(t, url)
				fill(t, conn, 10_000, 1000, 1, 4)
				fill(t, conn, 20_000, 1, 5000, 4)
				checkPlans(t, url)
			})
		}
	}
}

// fill inserts keys, the first of that number, each with so many rows of everything,
// spends in that state.
func fill(t *testing.T, conn *pgx.Conn, first, keys, each, state int) {
	t.Helper()
	last := first + keys - 1
	exec(t, conn, `INSERT INTO api_keys (id, subject, name, scopes, secret_hash, secret_prefix, state, created_at_us, expires_at_us,
		revoked_at_us, last_used_at_us, request_id, request_hash, revision, last_us, as_of_us,
		held_sats, daily_spent_sats, weekly_spent_sats, monthly_spent_sats, annual_spent_sats)
		SELECT md5(k::text)::uuid, 'owner', '', 1, sha256(k::text::bytea), '', 1, k, 0, 0, 0, k, '', 1, 1, 1, 0, 0, 0, 0, 0
		FROM generate_series($1::int, $2::int) k`, first, last)
	exec(t, conn, `INSERT INTO spends SELECT md5(k::text)::uuid, i, md5(i::text), $4::int, 1, 1,
		CASE WHEN $4::int = 4 THEN md5(i::text) ELSE '' END, i, i, i, 0, i, false, false, false
		FROM generate_series($1::int, $2::int) k, generate_series(1, $3::int) i`, first, last, each, state)
	for _, insert := range []string{
		"reversals SELECT md5(k::text)::uuid, md5(i::text), i",
		"limit_changes SELECT md5(k::text)::uuid, i, 0, 1, 1, i, '', ''",
		"payment_names SELECT md5(k || ':' || i), md5(k::text)::uuid, md5(i::text), 0, i",
	} {
		exec(t, conn, "INSERT INTO "+insert+" FROM generate_series($1::int, $2::int) k, generate_series(1, $3::int) i", first, last, each)
	}
}

// checkPlans checks every query on a new connection.
func checkPlans(t *testing.T, url string) {
	conn := connect(t, url)
	for name, value := range postgres.PlanSettings {
		exec(t, conn, "SELECT set_config($1, $2, false)", name, value)
	}
	for name, query := range storetest.Queries(t, "internal/dbsqlc") {
		t.Run(name, func(t *testing.T) { checkPlan(t, name, explain(t, conn, name, query)) })
	}
}

func checkPlan(t *testing.T, name string, plan planNode) {
	for _, n := range scans(plan) {
		key, kept := byKey[n.Relation]
		if !kept {
			continue
		}
		if column := otherwise[name]; column != "" {
			key = column
		}
		require.Contains(t, []string{"Index Scan", "Index Only Scan"}, n.Type, "%s is read whole", n.Relation)
		require.Regexp(t, key, n.IndexCond, "of %s more is read than the keys it is about", n.Relation)
		if n.Relation == "spends" {
			require.Regexp(t, within[name], n.IndexCond, "more of a key's spends is read than it is about")
		}
	}
	for _, table := range sorted(plan) {
		require.NotContains(t, byKey, table, "what is read of it has to be sorted: with a limit, too, all of it is read")
	}
}

var parameter = regexp.MustCompile(`\$\d+`)

// explain is the plan that the server keeps for query.
func explain(t *testing.T, conn *pgx.Conn, name, query string) planNode {
	exec(t, conn, "PREPARE "+name+" AS "+query)
	arguments := ""
	if n := len(slices.Compact(slices.Sorted(slices.Values(parameter.FindAllString(query, -1))))); n > 0 {
		arguments = "(" + strings.Repeat("NULL, ", n-1) + "NULL)"
	}
	var text string
	require.NoError(t, conn.QueryRow(t.Context(), "EXPLAIN (FORMAT JSON) EXECUTE "+name+arguments, pgx.QueryExecModeSimpleProtocol).Scan(&text))
	var plans []struct{ Plan planNode }
	require.NoError(t, json.Unmarshal([]byte(text), &plans))
	return plans[0].Plan
}

// scans are the parts of the plan that read a table.
func scans(n planNode) (found []planNode) {
	if n.Relation != "" && strings.HasSuffix(n.Type, "Scan") {
		found = append(found, n)
	}
	for _, part := range n.Plans {
		found = append(found, scans(part)...)
	}
	return found
}

// sorted are the tables that the plan reads in no order and then sorts.
func sorted(n planNode) (tables []string) {
	for _, part := range n.Plans {
		if n.Type == "Sort" && part.Relation != "" {
			tables = append(tables, part.Relation)
		}
		tables = append(tables, sorted(part)...)
	}
	return tables
}

// TestStatementsAreKept counts what the server keeps for a connection: straight
// to it every query once, and through a pooler none.
func TestStatementsAreKept(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t, migrate)
	kept := func(s *postgres.Store) (n int) {
		require.NoError(t, s.Pool().QueryRow(context.Background(), "SELECT count(*) FROM pg_prepared_statements").Scan(&n))
		return n
	}
	for _, c := range []struct {
		url     string
		atLeast int
	}{{url, 1}, {pgtest.StartPooler(t, url), 0}} {
		s := open(t, with(t, c.url, "pool_max_conns", "1"))
		for range 2 {
			_, err := s.ClockUs(t.Context())
			require.NoError(t, err)
		}
		if n := kept(s); c.atLeast == 0 {
			require.Zero(t, n)
		} else {
			require.GreaterOrEqual(t, n, c.atLeast, fmt.Sprint(n))
		}
	}
}

// TestKeysAreIndependent: nothing that the hot path writes ties one key to
// another, so that keys can be spread over the nodes of a distributed database by
// their id: no sequence, no foreign key, no trigger, and no index that is unique
// across keys; and no query takes an advisory lock.
func TestKeysAreIndependent(t *testing.T) {
	t.Parallel()
	conn := connect(t, pgtest.Clone(t, migrate))
	for what, query := range map[string]string{
		"sequences":                   "SELECT relname FROM pg_class WHERE relkind = 'S' AND relname NOT LIKE 'goose%'",
		"foreign keys and exclusions": "SELECT conname FROM pg_constraint WHERE contype IN ('f', 'x')",
		"triggers":                    "SELECT tgname FROM pg_trigger",
		"indexes that are unique across keys": `SELECT i.indexrelid::regclass::text FROM pg_index i
			WHERE i.indisunique AND i.indrelid IN ('spends'::regclass, 'reversals'::regclass, 'limit_changes'::regclass)
			AND (SELECT attname FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = i.indkey[0]) <> 'api_key_id'`,
	} {
		rows, err := conn.Query(t.Context(), query)
		require.NoError(t, err)
		found, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		require.Empty(t, found, what)
	}
	for name, query := range storetest.Queries(t, "internal/dbsqlc") {
		require.NotContains(t, query, "advisory", name)
	}
}
