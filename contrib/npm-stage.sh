#!/bin/sh
# Copies a node package out of the source tree and installs what its lock names, so
# that nothing is ever written beside the sources (a distribution's are read-only).
# Installs only when the lock changed, so a second run needs no network.
#
#   npm-stage.sh SRCDIR STAGEDIR
set -eu

src=$1 stage=$2
mkdir -p "$stage"
# what was there before goes, but for the installed packages
find "$stage" -mindepth 1 -maxdepth 1 ! -name node_modules ! -name .lock -exec rm -rf {} +
(cd "$src" && tar -cf - --exclude=./node_modules --exclude=./dist .) | (cd "$stage" && tar -xf - --no-same-owner)
chmod -R u+w "$stage"
if [ -d "$stage/node_modules" ] && cmp -s "$stage/package-lock.json" "$stage/.lock"; then
	exit 0
fi
(cd "$stage" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
cp "$stage/package-lock.json" "$stage/.lock"
