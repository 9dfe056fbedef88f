#!/bin/sh
# What becomes of a machine: installs the package in a Debian 12 of its own, booted by
# systemd-nspawn without a network, and goes through its life: first start, set up,
# reload, a crash, a hang, backup, restore, upgrade, purge. TAP on stdout.
#
#   sudo sh tests/deb.sh build-deb/paravent_*.deb
#
# PARAVENT_DEB_BASE: a folder with a debootstrap'ed system to start from; made there when
# it is not there yet, so that the next run is quicker. Default: made anew.
set -u

deb=${1:?usage: deb.sh PACKAGE.deb}
for tool in debootstrap systemd-nspawn nsenter dpkg-deb curl ip openssl; do
	if ! command -v $tool >/dev/null 2>&1; then
		echo "1..0 # SKIP $tool is not installed"
		exit 0
	fi
done
if [ "$(id -u)" != 0 ]; then
	echo '1..0 # SKIP needs root'
	exit 0
fi

work=$(mktemp -d)
root=$work/root
log=$work/log
nspawn=
leader=
n=0
failed=0

finish() {
	if [ -n "$nspawn" ]; then
		kill "$nspawn" 2>/dev/null
		wait "$nspawn" 2>/dev/null
	fi
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 143' INT TERM HUP

# check WHAT COMMAND...: one promise
check() {
	what=$1
	shift
	n=$((n + 1))
	if "$@" >"$log" 2>&1 </dev/null; then
		echo "ok $n - $what"
	else
		failed=$((failed + 1))
		echo "not ok $n - $what"
		tail -n 30 "$log" | sed 's/^/# /'
	fi
}

# inside COMMAND...: in the machine; outside COMMAND...: our tools, its network
inside() {
	nsenter -t "$leader" -m -p -u -i -n -C -- env -i TERM=dumb LC_ALL=C.UTF-8 \
		DEBIAN_FRONTEND=noninteractive \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}
outside() {
	nsenter -t "$leader" -n -- "$@"
}
shell() {
	inside sh -ec "$1"
}
# within SECONDS TEXT: until the shell text succeeds
within() {
	end=$(($(date +%s) + $1))
	until shell "$2"; do
		[ "$(date +%s)" -lt "$end" ] || return 1
		sleep 0.2
	done
}

# ---- the machine ----

depends() {
	dpkg-deb -f "$deb" Depends | tr ',' '\n' |
		sed 's/|.*//; s/(.*//; s/[[:space:]]//g' | paste -sd,
}
make_base() {
	debootstrap --variant=minbase \
		--include="systemd-sysv,dbus,procps,openssl,$(depends)" bookworm "$1"
}
# Everything that a purge might leave behind: not what others keep for themselves.
files() {
	shell 'find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /run -o \
		-path /tmp -o -path /var/tmp -o -path /var/log -o -path /var/lib/dpkg -o \
		-path /var/cache/ldconfig -o -path /var/lib/systemd -o \
		-path /var/cache/debconf -o -path /var/cache/man -o \
		-path /var/cache/apt -o -path /var/lib/apt -o -path /srv -o -path /root \) -prune -o -print | sort'
}
boot() {
	systemd-nspawn -q -D "$root" -b --register=no --keep-unit --private-network \
		>"$work/console" 2>&1 </dev/null &
	nspawn=$!
	for _ in $(seq 300); do
		leader=$(cat "/proc/$nspawn/task/$nspawn/children" 2>/dev/null)
		leader=${leader%% *}
		if [ -n "$leader" ] && inside systemctl is-system-running 2>/dev/null |
			grep -qE 'running|degraded'; then
			return 0
		fi
		kill -0 "$nspawn" 2>/dev/null || return 1
		sleep 0.2
	done
	return 1
}

base=${PARAVENT_DEB_BASE:-$work/base}
if [ ! -d "$base/usr" ] && ! make_base "$base" >"$log" 2>&1; then
	echo 'Bail out! debootstrap failed'
	tail -n 20 "$log" | sed 's/^/# /'
	exit 1
fi
cp -a "$base" "$root"
if ! boot; then
	echo '1..0 # SKIP this machine boots no container'
	tail -n 20 "$work/console" | sed 's/^/# /'
	exit 0
fi
cp "$deb" "$root/srv/paravent.deb"
files >"$work/before"

# ---- installed ----

check 'installs without a question' inside apt-get install -y --no-install-recommends /srv/paravent.deb
check 'the service runs and is there at the next boot' shell '
	systemctl is-active paravent && systemctl is-enabled paravent paravent-backup.timer'
check 'status says that nobody has set it up, and what to read' shell '
	systemctl status paravent | grep "Status:.*Not set up.*man paravent.conf"'
check 'it serves this machine alone' shell '
	ss -Hltnu 2>/dev/null | grep paravent | grep -vE "(127.0.0.1|\[::1\]):" && exit 1; :'
check 'it answers' outside curl -fsS http://127.0.0.1:8080/readyz
check 'it counts' sh -c "nsenter -t $leader -n curl -fsS http://127.0.0.1:9464/metrics |
	grep '^paravent_build_info'"
check 'paravent check finds nothing wrong' inside paravent check
check 'paravent status, link, key and log reach it' shell '
	paravent status && paravent link && paravent key add test && paravent log verify'
check 'its folder is its own alone' shell '
	stat -c "%a %U" /var/lib/paravent | grep -x "700 paravent"
	stat -c "%a %U:%G" /etc/paravent/tls | grep -x "750 root:paravent"
	test -z "$(find /var/lib/paravent ! -user paravent -o -type f -perm /077)"'
check 'nobody signs in as its user' shell '
	getent passwd paravent | grep -E ":/usr/sbin/nologin$"'
check 'the relay ports are reserved' shell '
	grep -x 3478,49152-65535 /proc/sys/net/ipv4/ip_local_reserved_ports'
check 'the sandbox is as tight as promised: at most 1.6' inside \
	systemd-analyze security --threshold=16 paravent.service
check 'the units are sound' shell '
	systemd-analyze verify --man=no paravent.service paravent-backup.timer 2>&1 | grep paravent && exit 1; :'

# ---- set up: from here on what the sandbox forbids is death and not an error ----

pair() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days "$2" \
		-subj /CN=visits.example.org -addext subjectAltName=DNS:visits.example.org \
		-keyout "$1/privkey.pem" -out "$1/fullchain.pem" 2>/dev/null
}
served() {
	nsenter -t "$leader" -n openssl s_client -connect 127.0.0.1:443 \
		</dev/null 2>/dev/null | openssl x509 -noout -serial
}
new_certificate() {
	rm -rf "$root/srv/live" && mkdir -p "$root/srv/live" && pair "$root/srv/live" "$1" &&
		inside env RENEWED_LINEAGE=/srv/live /usr/lib/paravent/certbot-deploy
}
main_pid() {
	inside systemctl show -P MainPID paravent
}

mkdir -p "$root/etc/systemd/system/paravent.service.d"
printf '[Service]\nSystemCallErrorNumber=kill\n' \
	>"$root/etc/systemd/system/paravent.service.d/test.conf"
cat >"$root/etc/paravent/conf.d/50-local.conf" <<'END'
public-url = https://visits.example.org
listen = {"127.0.0.1:443", "127.0.0.1:80"}
stun-listen = {"0.0.0.0:3478"}
tls-certificate = /etc/paravent/tls/fullchain.pem
tls-key = /etc/paravent/tls/privkey.pem
END
outside ip address add 203.0.113.7/24 dev lo
check 'the hook takes a first certificate' new_certificate 30
check 'it is the configuration that paravent check likes' inside paravent check
check 'it restarts on the ports below 1024' shell '
	systemctl daemon-reload && systemctl restart paravent && systemctl is-active paravent'
https() {
	nsenter -t "$leader" -n curl -fsSk --resolve visits.example.org:443:127.0.0.1 "$@"
}
check 'it serves the page over TLS' https https://visits.example.org/
check 'systemctl status tells who is there' within 5 '
	systemctl status paravent | grep "Status:.*https://visits.example.org: 0 visits"'
check 'the relay knows the addresses of the machine' shell '
	journalctl -u paravent | grep "relay address=203.0.113.7 "'

# ---- reload ----

old_pid=$(main_pid)
old_serial=$(served)
renews() {
	new_certificate 90 && sleep 0.5 && [ "$(served)" != "$old_serial" ] &&
		[ "$(main_pid)" = "$old_pid" ]
}
check 'a renewed certificate is served at once, by the same process' renews
refuses() {
	old_serial=$(served)
	pair "$root/srv/live" 5 && cp "$root/srv/live/privkey.pem" "$work/other.pem" &&
		pair "$root/srv/live" 6 && cp "$work/other.pem" "$root/srv/live/privkey.pem"
	! inside env RENEWED_LINEAGE=/srv/live /usr/lib/paravent/certbot-deploy &&
		[ "$(served)" = "$old_serial" ]
}
check 'a key of another certificate is refused, and the old pair stays' refuses
check 'a mistake in the configuration changes nothing, and the log names it' shell '
	echo "lisen = 1" >/etc/paravent/conf.d/60-wrong.conf
	systemctl reload paravent
	sleep 0.5
	rm /etc/paravent/conf.d/60-wrong.conf
	systemctl is-active paravent
	journalctl -u paravent -p err | grep "60-wrong.conf:1: .*did you mean .listen"'

# ---- trouble ----

# to_main SIGNAL: 0 would be ourselves, where nothing runs
to_main() {
	pid=$(main_pid)
	[ "${pid:-0}" -gt 1 ] && inside kill "-$1" "$pid"
}
comes_back() {
	to_main "$1" || return 1
	sleep 1
	within "$2" 'systemctl is-active --quiet paravent' && [ "$(main_pid)" != "$old_pid" ] &&
		https https://visits.example.org/readyz
}
check 'killed, it comes back by itself' comes_back KILL 20
old_pid=$(main_pid)
hangs() {
	to_main STOP || return 1
	within 60 "[ \$(systemctl show -P MainPID paravent) != $old_pid ] &&
		systemctl is-active --quiet paravent" && https https://visits.example.org/readyz
}
check 'a loop that hangs is killed by the watchdog and comes back' hangs
check 'drain and a restart' shell 'paravent drain && systemctl restart paravent &&
	systemctl is-active paravent'

# ---- backup and restore ----

check 'the nightly backup works in its sandbox' shell '
	systemctl start paravent-backup
	test -f /var/backups/paravent/paravent-*/ledger.db
	stat -c "%a %U" /var/backups/paravent/paravent-* | grep -x "700 paravent"'
check 'paravent status knows of it' shell 'paravent status | grep "last backup  20"'
check 'a lost state is restored from it, and verifies' shell '
	head=$(paravent log head)
	systemctl stop paravent
	rm -rf /var/lib/paravent/*
	paravent restore --force /var/backups/paravent/paravent-*
	systemctl start paravent
	systemctl is-active paravent
	paravent log verify --head "$head"
	test -z "$(find /var/lib/paravent ! -user paravent)"'

# ---- upgrade ----

# The same package under the next version.
next_version() {
	rm -rf "$work/next" && dpkg-deb -R "$deb" "$work/next" &&
		sed -i 's/^Version: .*/&+next/' "$work/next/DEBIAN/control" &&
		echo '# a comment more' >>"$work/next/etc/paravent/paravent.conf" &&
		dpkg-deb --root-owner-group -b "$work/next" "$root/srv/next.deb"
}
check 'the next version is built' next_version
check 'an upgrade asks nothing, though the configuration beside it was changed' shell '
	md5sum /etc/paravent/conf.d/50-local.conf >/srv/sum
	apt-get install -y --no-install-recommends /srv/next.deb
	md5sum -c /srv/sum
	tail -n 1 /etc/paravent/paravent.conf | grep "a comment more"'
check 'afterwards it runs, with what it remembered' shell '
	systemctl is-active paravent && paravent log verify && paravent key list | grep test'

# ---- what the journal says ----

check 'nothing died of a forbidden system call' shell '
	journalctl -u paravent | grep -E "status=31|SYS" && exit 1; :'
check 'the server had nothing to warn of but what was done to it' shell '
	journalctl _SYSTEMD_UNIT=paravent.service -p warning -o cat |
		grep -vE "60-wrong|not taken over|restart for|reached from inside only" &&
		exit 1; :'

# ---- gone ----

rm -rf "$root/etc/systemd/system/paravent.service.d"
check 'removed, it stops, and what it remembers stays' shell '
	apt-get remove -y paravent
	! systemctl is-active paravent
	test -f /var/lib/paravent/ledger.db && test -f /etc/paravent/conf.d/50-local.conf'
check 'purged' inside apt-get purge -y paravent
left_behind() {
	files >"$work/after"
	diff "$work/before" "$work/after" | grep '^[<>]' | grep -vE ' /etc/(passwd|group|g?shadow)-$'
}
nothing_left() {
	left_behind
	[ -z "$(left_behind)" ]
}
check 'nothing is left behind' nothing_left

echo "1..$n"
[ "$failed" = 0 ]
