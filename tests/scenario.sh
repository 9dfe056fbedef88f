#!/bin/sh
# Plays with several voices against the real binary, by node's own test runner.
set -u
if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then
	echo "1..0 # SKIP node and npm are not installed"
	exit 0
fi
stage=$abs_builddir/scenario-stage
if ! sh "$abs_srcdir/contrib/npm-stage.sh" "$abs_srcdir/tests/scenario" "$stage" >&2; then
	echo "Bail out! npm could not install what the scenarios need"
	exit 1
fi
cd "$stage" && exec node --test --test-reporter=tap --test-concurrency=4 *.test.mjs
