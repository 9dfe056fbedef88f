#!/bin/sh
# The relay's conformance suite against $PARAVENT (default: build/paravent of this tree),
# TAP on stdout. Some four minutes, most of them waiting.
#
#   run.sh [FILE...]     all *.test.mjs, or these
#   run.sh coturn        the rules against Debian's coturn: those that it is known to
#                        miss must fail, all others must pass
set -eu
cd "$(dirname "$0")"

if [ "${1-}" = coturn ]; then
	RELAY_TARGET=coturn
	export RELAY_TARGET
	shift
fi
[ $# -gt 0 ] || set -- *.test.mjs
# One file at a time: they watch ports, memory and what is lost.
exec node --test --test-reporter=tap --test-concurrency=1 "$@"
