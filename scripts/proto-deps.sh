#!/bin/sh
# Puts buf/validate/validate.proto (not committed) where buf.yaml looks for it.
# The Go module proxy serves the protovalidate repository as a module without
# Go packages; go mod download checks it against the checksum database.
set -eu
cd "$(dirname "$0")/.."
module=github.com/bufbuild/protovalidate@v1.2.2
want=$(cat scripts/validate.proto.sha256)
out=third_party/protovalidate/buf/validate
dir=$(go mod download -json "$module" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
mkdir -p "$out"
install -m 0644 "$dir/proto/protovalidate/buf/validate/validate.proto" "$out/validate.proto"
echo "$want  $out/validate.proto" | sha256sum -c - >/dev/null
