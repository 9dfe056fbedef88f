#!/bin/sh
# The ledger's benchmark, on the disk of DIR (default: the build folder): facts a second
# and how late they are durable at 1, 10, 100 and 1000 in flight, beside bare SQLite.
#
#   tests/bench-ledger/run.sh [BUILD] [DIR] [SECONDS]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${1:-$here/../../build}" && pwd)
dir=$(mktemp -d "${2:-$build}/bench-ledger-XXXXXX")
trap 'rm -rf "$dir"' EXIT INT TERM
make -s -C "$build" tests/bench-ledger/ledgerbench
"$build/tests/bench-ledger/ledgerbench" "$dir" "${3:-2}"
