#!/bin/sh
# Checks that the API as it is now breaks no client of an older one, without the
# network: scripts/breaking.sh [REF]. Without REF it compares with where this
# branch left origin/main, else main; and if that is just what is checked out,
# with its parent.
set -eu
cd "$(dirname "$0")/.."

skip() {
	echo "breaking: $1: nothing to compare the API with, skipped" >&2
	exit 0
}

commit_of() { git rev-parse --verify --quiet "$1^{commit}"; }

if [ $# -gt 0 ]; then
	base=$(commit_of "$1") || { echo "breaking: no commit $1" >&2; exit 1; }
else
	head=$(commit_of HEAD) || skip "there is no commit yet"
	main=$(commit_of origin/main || commit_of main || echo "$head")
	base=$(git merge-base HEAD "$main" || echo "$main")
	if [ "$base" = "$head" ] && git diff --quiet HEAD -- proto; then
		base=$(commit_of HEAD^) || skip "the first commit, or a clone without history"
	fi
	git cat-file -e "$base:proto" 2>/dev/null || skip "$base has no proto/"
fi

scripts/proto-deps.sh
old=$(mktemp -d)
trap 'rm -rf "$old"' EXIT
git archive "$base" buf.yaml proto | tar -x -C "$old"
cp -R third_party "$old/"
# Of the one module that is ours: the number of the others may change.
go tool -modfile=tools/go.mod buf breaking proto --against "$old/proto"
