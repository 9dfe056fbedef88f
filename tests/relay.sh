#!/bin/sh
# The relay's conformance suite: one case a rule, over UDP, TCP and TLS, by a client that
# shares nothing with the server. floods and leaks take minutes and are run by hand:
# node --test tests/relay/floods.test.mjs tests/relay/leaks.test.mjs
set -u
if ! command -v node >/dev/null 2>&1 || ! command -v openssl >/dev/null 2>&1; then
	echo "1..0 # SKIP node or openssl is not installed"
	exit 0
fi
cd "$abs_srcdir/tests/relay" || exit 1
set -- allocate channel credentials families grammar hairpin hostile limits oneport peers permission relayvisit
files=
for name; do
	files="$files $name.test.mjs"
done
# shellcheck disable=SC2086 # a list of words
exec node --test --test-reporter=tap --test-concurrency=2 $files
