#!/bin/sh
# The scenarios against $PARAVENT (default: build/paravent of this tree), TAP on stdout.
#
#   run.sh [FILE...]     all *.test.mjs, or these
#   run.sh --slow        those that wait for minutes as well
set -eu
cd "$(dirname "$0")"
[ -d node_modules/jsonwebtoken ] || npm ci --silent

slow=
if [ "${1-}" = --slow ]; then
	slow='guesses.slow.mjs patience.slow.mjs webhooks.slow.mjs'
	shift
fi
[ $# -gt 0 ] || set -- *.test.mjs
exec node --test --test-reporter=tap --test-concurrency=4 "$@" $slow
