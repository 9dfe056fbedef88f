#!/bin/sh
# The web client's own tests (no browser): types, protocol, call logic, locales.
set -u
cd "$abs_builddir" || exit 1
if [ ! -d web-stage/node_modules ]; then
	echo "1..0 # SKIP the web client was not built here (--without-web, or a tarball)"
	exit 0
fi
cd web-stage && exec npm test --silent
