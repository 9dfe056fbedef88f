#!/bin/sh
# Faults: kill -9, power cuts and disks that fail, against the real binary. A few rounds
# each; FAULT_ROUNDS=200 for as many as a release wants (tests/fault/README.md).
set -u
for tool in node npm python3 cc; do
	if ! command -v $tool >/dev/null 2>&1; then
		echo "1..0 # SKIP $tool is not installed"
		exit 0
	fi
done
stage=$abs_builddir/fault-stage
mkdir -p "$stage/fault"
if ! sh "$abs_srcdir/contrib/npm-stage.sh" "$abs_srcdir/tests/scenario" "$stage/scenario" >&2 ||
	! cp "$abs_srcdir"/tests/fault/*.mjs "$stage/fault/" ||
	! cc -std=gnu11 -D_GNU_SOURCE -O2 -shared -fPIC -o "$stage/faultio.so" \
		"$abs_srcdir/tests/fault/faultio.c" -ldl >&2; then
	echo "Bail out! the stage could not be set"
	exit 1
fi
FAULTIO=$stage/faultio.so
export FAULTIO
cd "$stage/fault" && exec node --test --test-reporter=tap --test-concurrency=2 *.test.mjs
