#!/bin/sh
# Whether the package comes out the same, byte for byte, wherever and by whomever it is
# built: twice from one release, at other paths, under another umask, time zone, language
# and number of jobs. TAP on stdout.
#
#   sh tests/debtwice.sh build-deb/paravent_*.orig.tar.xz
set -u

tarball=${1:?usage: debtwice.sh PACKAGE.orig.tar.xz}
case $tarball in
/*) ;;
*) tarball=$PWD/$tarball ;;
esac
if ! command -v dpkg-buildpackage >/dev/null 2>&1; then
	echo '1..0 # SKIP dpkg-dev is not installed'
	exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 143' INT TERM HUP

# build PLACE JOBS: what is in the environment is the caller's
build() {
	mkdir -p "$work/$1" && cd "$work/$1" && tar -xf "$tarball" && cd paravent-* &&
		cp -R packaging/debian debian &&
		DEB_BUILD_OPTIONS="nocheck parallel=$2" dpkg-buildpackage -us -uc -b
}
# fails WHERE: the end of a log, and of us
fails() {
	echo "not ok 1 - $1"
	tail -n 20 "$work/log" | sed 's/^/# /'
	exit 1
}

echo 1..1
(umask 022; export TZ=UTC LC_ALL=C.UTF-8; build one 1) >"$work/log" 2>&1 ||
	fails 'the first build'
(umask 077; export TZ=Pacific/Kiritimati LC_ALL=C HOME=/nonexistent USER=somebody
	build another/place/far/away 3) >"$work/log" 2>&1 || fails 'the second build'
cd "$work" || exit 1
for deb in one/*.deb; do
	other=another/place/far/away/${deb#one/}
	if ! cmp "$deb" "$other" >"$work/log" 2>&1; then
		command -v diffoscope >/dev/null && diffoscope "$deb" "$other" >>"$work/log"
		fails "${deb#one/} is the same twice"
	fi
	sha256sum "$deb" | sed 's/^/# /'
done
echo 'ok 1 - both packages are the same twice'
