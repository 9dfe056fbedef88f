#!/bin/sh
# The recipes of contrib/: each proxy reads its own, and Prometheus its rules. A tool that is
# not installed is a skipped test. TAP on stdout.
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

# A certificate for the recipes, in the place of the one that they name.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 \
	-subj /CN=visits.example.org -keyout "$work/privkey.pem" -out "$work/fullchain.pem" \
	2>/dev/null
nginx_takes_it() {
	{
		echo "error_log stderr; pid $work/pid; events {} http { access_log off;"
		for path in client_body proxy fastcgi uwsgi scgi; do
			echo "${path}_temp_path $work/$path;"
		done
		sed "s|/etc/letsencrypt/live/visits.example.org|$work|" contrib/proxy/nginx.conf
		echo '}'
	} >"$work/nginx.conf"
	nginx -t -p "$work" -c "$work/nginx.conf"
}
check 'the recipe for nginx is one' nginx nginx_takes_it

haproxy_takes_it() {
	cat "$work/fullchain.pem" "$work/privkey.pem" >"$work/paravent.pem"
	sed "s|/etc/haproxy/paravent.pem|$work/paravent.pem|" contrib/proxy/haproxy.cfg \
		>"$work/haproxy.cfg"
	# a warning is a mistake, too
	haproxy -c -dW -f "$work/haproxy.cfg"
}
check 'the recipe for HAProxy is one' haproxy haproxy_takes_it

caddy_takes_it() {
	XDG_DATA_HOME=$work XDG_CONFIG_HOME=$work caddy validate --adapter caddyfile \
		--config contrib/proxy/Caddyfile
}
check 'the recipe for Caddy is one' caddy caddy_takes_it

# Or all clients would be the proxy to Paravent.
all_tell_who_calls() {
	for recipe in contrib/proxy/*; do
		grep -q '^#	trusted-proxy = ' "$recipe" || echo "$recipe trusts nobody"
	done >"$work/hidden"
	# Caddy sets the header by itself, and takes no client's
	for recipe in contrib/proxy/haproxy.cfg contrib/proxy/nginx.conf; do
		grep -Eq 'X-Forwarded-For (%\[src\]|\$remote_addr)' "$recipe" ||
			echo "$recipe passes on what clients say"
	done >>"$work/hidden"
	cat "$work/hidden"
	[ ! -s "$work/hidden" ]
}
check 'the recipes tell who calls' grep all_tell_who_calls

check 'the alert rules are some' promtool promtool check rules \
	contrib/monitoring/paravent-rules.yml
# Each family that the board and the alerts ask for is one that the server has.
known_families() {
	python3 -m json.tool contrib/monitoring/paravent-board.json >/dev/null || return 1
	grep -ohE '(paravent|process)_[a-z_]+' contrib/monitoring/* |
		sed 's/_bucket$//' | sort -u | while read -r family; do
		grep -q "\"$family\"" src/app/metricspage.c || echo "there is no $family"
	done >"$work/unknown"
	cat "$work/unknown"
	[ ! -s "$work/unknown" ]
}
check 'the board and the alerts ask for what there is' python3 known_families

echo "1..$n"
exit $failed
