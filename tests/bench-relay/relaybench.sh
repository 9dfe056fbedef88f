#!/bin/sh
# The relay ($PARAVENT, default: build/paravent of this tree; an optimised build, without
# sanitizers) beside Debian's coturn and a bare forwarder. Some five minutes, on two
# cores that nobody else uses; "relaybench.sh smoke" shows in seconds that it runs.
set -eu
cd "$(dirname "$0")"
for tool in node turnserver perf taskset openssl; do
	command -v $tool >/dev/null || { echo "relaybench: $tool is not installed" >&2; exit 1; }
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for tool in relayload bareforward; do
	${CC:-cc} -std=gnu11 -D_GNU_SOURCE -O2 -o "$work/$tool" $tool.c -lcrypto
done
ulimit -n "$(ulimit -Hn)"
node relaybench.mjs "$work" "$@"
