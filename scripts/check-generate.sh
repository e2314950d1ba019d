#!/bin/sh
# Checks all that is generated or generates: .proto files are clean and break no
# client, SQL queries keep the rules of this project, and what is committed is
# what the generators write. It regenerates in place, so look at git diff.
set -eu
cd "$(dirname "$0")/.."

generated="gen internal/store/postgres/internal/dbsqlc internal/store/sqlite/internal/dbsqlc web/src/gen web/dist"
postgres=db/query/postgres
sqlite=db/query/sqlite
one_engine=db/query/one-engine.txt

tool() { go tool -modfile=tools/go.mod "$@"; }
step() { echo "== $1" >&2; }
fail() {
	echo "check-generate: $1" >&2
	exit 1
}

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# query_names DIR prints the names of its sqlc queries, sorted.
query_names() {
	find "$1" -name '*.sql' -exec sed -n 's/^-- name: *\([A-Za-z0-9_]*\).*/\1/p' {} + | sort
}

step "buf lint and format"
scripts/proto-deps.sh
tool buf lint
tool buf format -d --exit-code proto || fail "run make generate to format proto/"

step "buf breaking"
scripts/breaking.sh

if [ -f sqlc.yaml ]; then
	step "SQL queries"
	# sqlc miscounts in SQLite queries that hold more than ASCII.
	find "$sqlite" -name '*.sql' -exec env LC_ALL=C grep -n '[^[:print:][:space:]]' /dev/null {} + >"$tmp/unclean" || true
	if [ -s "$tmp/unclean" ]; then
		cat "$tmp/unclean" >&2
		fail "the queries in $sqlite must be ASCII"
	fi

	# Both engines have the same queries, except for those listed.
	query_names "$postgres" >"$tmp/postgres"
	query_names "$sqlite" >"$tmp/sqlite"
	sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' "$one_engine" | sort >"$tmp/listed"
	comm -3 "$tmp/postgres" "$tmp/sqlite" | tr -d '\t' | sort >"$tmp/single"
	comm -23 "$tmp/single" "$tmp/listed" >"$tmp/unlisted"
	comm -13 "$tmp/single" "$tmp/listed" >"$tmp/stale"
	if [ -s "$tmp/unlisted" ]; then
		cat "$tmp/unlisted" >&2
		fail "these queries are not in both of $postgres and $sqlite, and not in $one_engine"
	fi
	if [ -s "$tmp/stale" ]; then
		cat "$tmp/stale" >&2
		fail "$one_engine lists these queries, which are in both engines or in none"
	fi

	step "sqlc diff"
	tool sqlc diff || fail "generated code is stale: run make generate"
fi

step "regenerate"
scripts/generate.sh
status=0
for path in $generated; do
	# A path that git does not know and that is not there is fine: nothing to check.
	git --no-pager diff --exit-code -- "$path" >&2 || status=1
	git ls-files --others --exclude-standard -- "$path" >"$tmp/untracked"
	if [ -s "$tmp/untracked" ]; then
		sed 's/^/untracked: /' "$tmp/untracked" >&2
		status=1
	fi
done
[ "$status" = 0 ] || fail "generated code is stale: commit the difference above"
echo "check-generate: all fresh" >&2
