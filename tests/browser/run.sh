#!/bin/sh
# The browser tests: tests/browser/run.sh [TEST...], node_modules beside this file or in $BROWSER_STAGE.
#
# In a network of its own, where nothing is but loopback: no packet of a test leaves the machine, and no test needs a
# port that somebody else has. The default route over lo is for Firefox, which gathers no candidates without one.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
: "${PARAVENT:=$here/../../build/paravent}"
: "${SCREENSHOTS:=$here/../../build/screenshots}"
export PARAVENT SCREENSHOTS

cd "${BROWSER_STAGE:-$here}"
[ $# -gt 0 ] || set -- ./*.test.mjs

inside='ip link set lo up && ip route add default dev lo src 127.0.0.1 && exec "$@"'
# browsers are heavy: one file at a time, where node can be told so
one=--test-concurrency=1
node $one -e 0 2>/dev/null || one=
set -- node --test $one --test-reporter="${REPORTER:-tap}" "$@"

if [ "$(id -u)" = 0 ]; then
	exec unshare -n sh -c "$inside" sh "$@"
fi
# as another user: no capability is left when the browser starts, so Chromium keeps its sandbox
inside='ip link set lo up && ip route add default dev lo src 127.0.0.1 &&
	exec setpriv --ambient-caps -all --inh-caps -all "$@"'
exec unshare -U -c -n --keep-caps sh -c "$inside" sh "$@"
