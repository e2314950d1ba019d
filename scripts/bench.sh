#!/bin/sh
# Measures satcap side by side with others: scripts/bench.sh [flags of cmd/perf].
# It prints one table of ratios and writes the figures to bench.json. It needs
# the server programs of PostgreSQL and Redis: as root on Debian it installs what
# is missing; elsewhere it says what is missing and how to get it.
set -eu
cd "$(dirname "$0")/.."

have() { command -v "$1" >/dev/null 2>&1; }
have_postgres() {
	[ -n "${PG_BINDIR:-}" ] || have initdb || have pg_config || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1
}

missing=
have_postgres || missing="$missing postgresql"
have redis-server || missing="$missing redis-server"
if [ -n "$missing" ] && [ "$(id -u)" = 0 ] && have apt-get; then
	echo "bench: installing$missing" >&2
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -qq >&2
	# shellcheck disable=SC2086 # a list of words
	apt-get install -y -qq --no-install-recommends $missing >&2
elif [ -n "$missing" ]; then
	echo "bench: missing:$missing" >&2
	cat >&2 <<-'END'
	  Debian, Ubuntu: apt-get install postgresql redis-server   (as root this script does it)
	  Fedora:         dnf install postgresql-server redis
	  macOS:          brew install postgresql@18 redis
	END
	exit 1
fi

program=$(mktemp -d)
trap 'rm -rf "$program"' EXIT
go build -o "$program/perf" ./cmd/perf
"$program/perf" -json bench.json "$@"
