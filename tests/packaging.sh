#!/bin/sh
# What the package brings beside the program, each looked at by the tool that knows it best. A
# tool that is not installed is a skipped test. TAP on stdout.
set -u
cd "${abs_srcdir:-$(dirname "$0")/..}" || exit 1
PATH=$PATH:/usr/sbin:/sbin
n=0
failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 143' INT TERM HUP

# check WHAT TOOL COMMAND...
check() {
	what=$1 tool=$2
	shift 2
	n=$((n + 1))
	if ! command -v "$tool" >/dev/null 2>&1; then
		echo "ok $n - $what # SKIP $tool is not installed"
	elif "$@" >"$work/log" 2>&1 </dev/null; then
		echo "ok $n - $what"
	else
		failed=1
		echo "not ok $n - $what"
		sed 's/^/# /' "$work/log"
	fi
}

exposure() {
	systemd-analyze security --no-pager --offline=true --threshold="$2" \
		"packaging/debian/$1"
}
check 'the service is exposed at most 1.6' systemd-analyze exposure paravent.service 16
check 'the backup is exposed at most 1.0' systemd-analyze exposure \
	paravent-backup.service 10

# A page elsewhere is no mistake of ours.
pages() {
	! mandoc -Tlint doc/*.[578] | grep -v 'referenced manual not found' |
		grep -v 'outdated mandoc.db'
}
check 'the manual pages are sound' mandoc pages

scripts() {
	shellcheck -S warning packaging/certbot-deploy packaging/debian/paravent.postinst \
		packaging/debian/paravent.postrm packaging/debian/tests/installed \
		tests/deb.sh tests/debtwice.sh tests/packaging.sh
}
check 'the scripts of the package are sound' shellcheck scripts

# Every command, and every long option that the --help of these names, is completed.
completion() {
	for command in serve check status drain link backup restore rebuild; do
		"$PARAVENT" $command --help
	done | grep -oE -- '--[a-z-]+' | sort -u >"$work/options"
	"$PARAVENT" help | sed -n 's/^  \([a-z]*\) .*/\1/p' >"$work/commands"
	while read -r word; do
		grep -qwF -- "$word" packaging/paravent.bash || { echo "no $word"; return 1; }
	done <<END
$(cat "$work/options" "$work/commands")
END
	bash -n packaging/paravent.bash
}
if [ -x "${PARAVENT:-}" ]; then
	check 'bash completes every command and option' bash completion
fi

echo "1..$n"
exit $failed
