#!/bin/sh
# Runs all tests on a clean checkout: scripts/test.sh [PACKAGES and go test flags].
# It looks for the programs that the tests run. As root on Debian it installs
# those that are missing; elsewhere it says what is missing and how to get it.
# A missing program fails the tests, it skips none.
set -eu
cd "$(dirname "$0")/.."

grpcurl=github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.4
tools=$PWD/.tools/bin
PATH=$tools:$PATH:/usr/sbin
export PATH

say() { echo "test: $*" >&2; }
have() { command -v "$1" >/dev/null 2>&1; }

# check_go fails if Go is missing or older than go.mod wants.
check_go() {
	want=$(sed -n 's/^go //p' go.mod)
	if ! have go; then
		say "no Go found: install Go $want or newer from https://go.dev/dl/"
		exit 1
	fi
	found=$(go env GOVERSION 2>/dev/null | sed 's/^go//')
	found=${found:-0}
	oldest=$(printf '%s\n%s\n' "$want" "$found" | sort -V | head -n 1)
	if [ "$oldest" != "$want" ]; then
		say "Go $found is too old: install Go $want or newer from https://go.dev/dl/"
		exit 1
	fi
}

# postgres_dir prints the directory of the PostgreSQL server programs, looking
# where internal/pgtest looks.
postgres_dir() {
	if [ -n "${PG_BINDIR:-}" ]; then
		echo "$PG_BINDIR"
		return
	fi
	for dir in \
		"$(dirname "$(command -v initdb || echo /nowhere/initdb)")" \
		"$(pg_config --bindir 2>/dev/null || echo /nowhere)" \
		/usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/libexec/postgresql* \
		/opt/homebrew/opt/postgres*/bin /usr/local/opt/postgres*/bin \
		/Applications/Postgres.app/Contents/Versions/*/bin; do
		if [ -x "$dir/initdb" ] && [ -x "$dir/postgres" ]; then
			echo "$dir"
			return
		fi
	done
	return 1
}

# node_fits says whether there is a Node.js that builds the dashboard and runs the
# client of Blink's contract, and npm.
node_fits() {
	have node && have npm && [ "$(node -p 'const [a, b] = process.versions.node.split(".").map(Number); a > 20 || (a === 20 && b >= 19)')" = true ]
}

# find_missing sets missing to the names of what is not there.
find_missing() {
	missing=
	postgres_dir >/dev/null || missing="$missing postgresql"
	have pgbouncer || missing="$missing pgbouncer"
	have nginx || missing="$missing nginx"
	have redis-server || missing="$missing redis-server"
	have curl || missing="$missing curl"
	have jq || missing="$missing jq"
	node_fits || missing="$missing nodejs"
	have "${CHROMIUM:-chromium}" || have chromium-browser || have google-chrome || [ -d "/Applications/Google Chrome.app" ] || missing="$missing chromium"
	have "$(go env CC)" || missing="$missing gcc" # the race detector needs cgo
}

# install_missing installs the missing Debian packages.
install_missing() {
	packages=
	for name in $missing; do
		case $name in
		gcc) packages="$packages gcc libc6-dev" ;;
		nodejs) packages="$packages nodejs" ;;
		nginx) packages="$packages nginx-light" ;;
		*) packages="$packages $name" ;;
		esac
	done
	say "installing$packages"
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -qq >&2
	# shellcheck disable=SC2086 # a list of words
	apt-get install -y -qq --no-install-recommends $packages >&2
	# Debian's nodejs is without npm; others bring it, and refuse Debian's.
	if have node && ! have npm; then
		apt-get install -y -qq --no-install-recommends npm >&2
	fi
}

explain_missing() {
	say "missing:$missing"
	cat >&2 <<-'END'
	Node.js must be version 20.19 or newer, with npm.
	Install what is missing, or only PostgreSQL's server programs anywhere and set PG_BINDIR to their directory:
	  Debian, Ubuntu: apt-get install postgresql pgbouncer redis-server nginx-light curl jq nodejs npm chromium gcc libc6-dev   (as root this script does it)
	  Fedora:         dnf install postgresql-server pgbouncer redis nginx curl jq nodejs npm chromium gcc
	  macOS:          brew install postgresql@18 pgbouncer redis nginx curl jq node && brew install --cask google-chrome && xcode-select --install
	END
}

check_go
find_missing
if [ -n "$missing" ] && [ "$(id -u)" = 0 ] && have apt-get; then
	install_missing
	find_missing
fi
if [ -n "$missing" ]; then
	explain_missing
	exit 1
fi
if ! have grpcurl; then
	say "building grpcurl"
	GOBIN=$tools GOFLAGS='' go install "$grpcurl"
fi

say "npm ci"
npm ci --prefix cmd/satcap/testdata/blink --ignore-scripts --prefer-offline --no-audit --no-fund --loglevel=error >&2

npm ci --prefix web --prefer-offline --no-audit --no-fund --loglevel=error >&2

say "dashboard: unit tests"
npm test --prefix web --silent >&2

say "go vet"
go vet ./...
say "go test"
if [ $# = 0 ]; then
	set -- ./...
fi
exec go test -race -timeout 20m "$@"
