#!/bin/sh
# Builds Paravent and runs it for a try: on http://localhost, reachable from this
# machine alone. Prints a host link and a guest link; Ctrl-C ends it.
#
#   sh contrib/try.sh [--port N] [--without-web]
set -eu
cd "$(dirname "$0")/.."

usage() {
	echo 'usage: sh contrib/try.sh [--port N] [--without-web]' >&2
	exit 2
}

port=8080
stun=3478
without_web=
while [ $# -gt 0 ]; do
	case $1 in
	--port)
		[ $# -ge 2 ] || usage
		port=$2
		shift
		;;
	--port=*) port=${1#--port=} ;;
	--without-web) without_web=--without-web ;;
	*) usage ;;
	esac
	shift
done
case $port in
*[!0-9]* | '' | ??????*) usage ;;
8080) ;;
# with one number of your own there is one for STUN, too: UDP has its own ports
*) stun=$port ;;
esac

. contrib/prepare.sh

need_packages
say 'Paravent, a try-out'
step configure make_configure
step setup configure_in "$build" $without_web
step build make_in "$build" paravent

demo=$build/demo
conf=$demo/paravent.conf
mkdir -p "$demo"
# a path may hold what means something between quotation marks
state=$(printf '%s' "$demo/state" | sed 's/[\\"$]/\\&/g')
cat >"$conf" <<END
listen = {"127.0.0.1:$port", "[::1]:$port"}
stun-listen = {"127.0.0.1:$stun", "[::1]:$stun"}
state-dir = "$state"
END
# a machine without IPv6 has no ::1 to listen on
if [ ! -e /proc/net/if_inet6 ] || ! grep -q '^0\{31\}1 ' /proc/net/if_inet6; then
	sed -i 's/, "\[::1\]:[0-9]*"//' "$conf"
fi

server=
finish() {
	trap - EXIT INT TERM HUP
	if [ -n "$server" ] && kill "$server" 2>/dev/null; then
		wait "$server" || :
		say
		say 'The server has stopped. What it remembers is in build/demo.'
	fi
	exit "$1"
}
trap 'finish $?' EXIT
trap 'finish 0' INT
trap 'finish 143' TERM HUP

"$build/paravent" serve -c "$conf" >"$demo/log" 2>&1 &
server=$!

# the first link that it gives shows that it is up
printf '  %-10s ' server
tries=0
until links=$("$build/paravent" link -c "$conf" 2>"$demo/link.log"); do
	tries=$((tries + 1))
	if ! kill -0 "$server" 2>/dev/null || [ $tries -ge 100 ]; then
		say 'FAILED'
		show_tail "$demo/log"
		if grep -q 'in use' "$demo/log"; then
			say "Something else has that port. Another one: sh contrib/try.sh --port 8090"
		fi
		finish 1
	fi
	sleep 0.1
done
# somebody else's server may have answered on that port
if ! kill -0 "$server" 2>/dev/null; then
	say 'FAILED'
	show_tail "$demo/log"
	finish 1
fi
say "http://localhost:$port"
say
say "$links"
say
say 'Open the two links in two windows, and let yourself in. Ctrl-C ends it.'
wait "$server" || :
say 'The server has ended by itself:'
show_tail "$demo/log"
server=
exit 1
