#!/bin/sh
# Debian's turnutils_uclient in every variant that can be pass or fail, and python3-aioice:
# clients that other people wrote. TAP; losses stand behind each line.
#
# The server is $PARAVENT (default: build/paravent of this tree), with the limits lifted
# that uclient does not live in: it numbers channels as RFC 5766 did.
set -u
here=$(cd "$(dirname "$0")" && pwd)
paravent=${PARAVENT:-$here/../../build/paravent}
for tool in turnutils_uclient turnutils_peer openssl; do
	if ! command -v $tool >/dev/null 2>&1; then
		echo "1..0 # SKIP $tool is not installed"
		exit 0
	fi
done

work=$(mktemp -d)
server= peer=
finish()
{
	[ -z "$peer" ] || kill "$peer" 2>/dev/null
	[ -z "$server" ] || kill "$server" 2>/dev/null
	wait
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM

port=$((20000 + $$ % 5000 * 2)) stun=$((20001 + $$ % 5000 * 2)) echo=$((32000 + $$ % 700))
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
	-subj /CN=localhost -keyout "$work/key" -out "$work/cert" 2>/dev/null
mkdir -m 700 "$work/state"
cat >"$work/conf" <<END
listen = {"127.0.0.1:$port", "[::1]:$port"}
stun-listen = {"127.0.0.1:$stun", "[::1]:$stun"}
state-dir = "$work/state"
public-url = "https://localhost:$port"
tls-certificate = "$work/cert"
tls-key = "$work/key"
relay-peer-allow = {"127.0.0.0/8", "::1/128"}
END
PARAVENT_RELAY_TEST=1 "$paravent" serve -c "$work/conf" >"$work/log" 2>&1 &
server=$!
# Where peers are: not the server's own address, of which nothing but relays is reachable.
turnutils_peer -L 127.0.0.2 -p $echo >/dev/null 2>&1 &
peer=$!
for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	[ -s "$work/state/relay.secret" ] &&
		turnutils_stunclient -p $stun 127.0.0.1 >/dev/null 2>&1 && break
	sleep 0.3
done
if ! [ -s "$work/state/relay.secret" ]; then
	sed 's/^/# /' "$work/log"
	echo "Bail out! the server does not start"
	exit 1
fi
secret=$(head -n 1 "$work/state/relay.secret")

count=0 failed=0
# result NAME STATUS WORDS...
result()
{
	count=$((count + 1))
	if [ "$2" -eq 0 ]; then
		echo "ok $count - $1"
	else
		failed=$((failed + 1))
		echo "not ok $count - $1"
	fi
	shift 2
	[ -z "$*" ] || echo "# $*"
}

skip()
{
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}

number()
{
	sed -n "s/.*$1[ :=]*\\([0-9.-]*\\).*/\\1/p" "$work/out" | tail -n 1
}

# uclient NAME OPTIONS...: exit 0, nothing lost, all that was sent has come back
uclient()
{
	name=$1
	shift
	timeout 60 turnutils_uclient -W "$secret" -u probe -n 50 -m 4 -l 172 -z 5 \
		"$@" 127.0.0.1 >"$work/out" 2>&1
	status=$?
	sent=$(number tot_send_msgs) heard=$(number tot_recv_msgs)
	lost=$(number 'Total lost packets')
	[ "$status" -eq 0 ] && [ "${lost:-1}" = 0 ] && [ -n "$sent" ] &&
		[ "$sent" -gt 0 ] && [ "$sent" = "$heard" ]
	good=$?
	result "$name" $good "exit $status, sent ${sent:-?}, received ${heard:-?}," \
		"lost ${lost:-?}, round trip $(number 'Average round trip delay') ms," \
		"jitter $(number 'Average jitter') ms"
	[ $good -eq 0 ] || tail -n 15 "$work/out" | sed 's/^/# /'
}

timeout 10 turnutils_stunclient -p $stun 127.0.0.1 >"$work/out" 2>&1
grep -q 'UDP reflexive addr' "$work/out"
result 'stunclient: Binding' $?

to="-e 127.0.0.2 -r $echo"
for carrier in udp tcp tls; do
	case $carrier in
	udp) on="-p $stun" ;;
	tcp) on="-p $stun -t" ;;
	tls) on="-p $port -t -S" ;;
	esac
	uclient "channels [$carrier]" $on $to -c -X
	uclient "Send and Data [$carrier]" $on $to -c -X -s
	uclient "reservation pairs [$carrier]" $on $to -X
	uclient "reservation pairs, Send and Data [$carrier]" $on $to -X -s
	uclient "hairpin [$carrier]" $on -y -c
	uclient "hairpin, Send and Data [$carrier]" $on -y -c -s
	uclient "hairpin, IPv6 relays [$carrier]" $on -y -c -x
	# -Z: coturn numbers ADDITIONAL-ADDRESS-FAMILY 0x8032 (and ADDRESS-ERROR-CODE
	# 0x8033) as before RFC 8656, which made them 0x8000 and 0x8001. A number from
	# 0x8000 on that is not known is ignored (RFC 8489 section 6.3.1), so the tool
	# gets an IPv4 relay alone, refreshes an IPv6 one that it has not (443), and
	# exits with 255. To take a draft's number too would be a rule for one tool.
	skip "two families at once [$carrier]" \
		'uclient 4.6.1 asks by a number from before RFC 8656; see families.test.mjs'
	uclient "DONT-FRAGMENT [$carrier]" $on $to -c -X -g
	uclient "ChannelData padded [$carrier]" $on $to -c -X -D
	uclient "extra requests [$carrier]" $on $to -c -X -G
	uclient "1200 bytes [$carrier]" $on $to -c -X -l 1200
done
uclient 'TURN over TCP on the port of the page' -p $port -t $to -c -X

python=/usr/bin/python3
for carrier in udp tcp; do
	if ! $python -c 'import aioice' 2>/dev/null; then
		skip "aioice hairpin [$carrier]" 'python3-aioice is not installed'
		continue
	fi
	timeout 60 $python "$here/aioice-hairpin.py" $carrier 127.0.0.1 $stun "$secret" \
		>"$work/out" 2>&1
	good=$?
	result "aioice hairpin [$carrier]" $good
	[ $good -eq 0 ] || sed 's/^/# /' "$work/out"
done

kill -0 "$server" 2>/dev/null && ! grep -q 'Sanitizer\|runtime error:' "$work/log"
good=$?
result 'the server lives, and its sanitizers are silent' $good
[ $good -eq 0 ] || sed 's/^/# /' "$work/log"
echo "1..$count"
[ $failed -eq 0 ]
