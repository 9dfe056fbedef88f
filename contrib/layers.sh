#!/bin/sh
# Reads the #include lines of src/ and fails on a stair that goes up:
#
#     base < proto < { core, store, net } < app
#
# core, store and net never see one another, each library stays on its floors, and the
# name of a C file is there once in the tree. Prints TAP; `make check` runs it.
set -u
cd "${abs_srcdir:-$(dirname "$0")/..}" || exit 1

# floor | floors it may see | libraries it may use
house='
base  | base                           |
proto | base proto                     | nettle jansson jwt
core  | base proto core                |
store | base proto store               | nettle sqlite3
net   | base proto net                 | curl event2 openssl wslay
app   | base proto core store net app  | event2
'

# What the C library and the kernel bring: any other <header> is somebody's library.
system='assert ctype dirent endian errno fcntl getopt grp ifaddrs inttypes libgen limits math netdb
poll pthread pwd sched signal stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib
string strings syslog termios time unistd
arpa/* linux/* net/* netinet/* netinet6/* sys/*'

n=0
bad=0

# result WHAT COMPLAINTS: ok when there is nothing to complain of
result() {
	n=$((n + 1))
	if [ -z "$2" ]; then
		echo "ok $n - $1"
		return
	fi
	bad=1
	echo "not ok $n - $1"
	printf '%s\n' "$2" | sed 's/^/# /'
}

# The includes of some files as "file:line name", quoted or in angle brackets.
quoted() {
	grep -nH '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' "$@" /dev/null |
		sed 's/^\([^:]*:[0-9]*\):[^"]*"\([^"]*\)".*/\1 \2/'
}
bracketed() {
	grep -nH '^[[:space:]]*#[[:space:]]*include[[:space:]]*<' "$@" /dev/null |
		sed 's/^\([^:]*:[0-9]*\):[^<]*<\([^>]*\)>.*/\1 \2/'
}

is_system() {
	header=${1%.h}
	set -f
	for pattern in $system; do
		# shellcheck disable=SC2254 # a pattern on purpose
		case $header in
		$pattern) set +f; return 0 ;;
		esac
	done
	set +f
	return 1
}

# The library that a header belongs to: its folder, or its name without the version.
library_of() {
	case $1 in
	*/*) echo "${1%%/*}" ;;
	*) echo "${1%.h}" ;;
	esac
}

floor_looks_down() {
	quoted src/"$1"/*.[ch] | while read -r place name; do
		case " $2 " in
		*" ${name%%/*} "*)
			if [ ! -f "src/$name" ]; then
				echo "$place: there is no src/$name"
			fi
			continue
			;;
		esac
		# the one header that configure makes; main has the version from it
		if [ "$1 $name" = 'app config.h' ]; then
			continue
		fi
		echo "$place: $1 must not see $name"
	done
}

floor_uses_its_libraries() {
	bracketed src/"$1"/*.[ch] | while read -r place name; do
		if is_system "$name"; then
			continue
		fi
		library=$(library_of "$name")
		case " $2 " in
		*" $library "*) continue ;;
		esac
		case $library:${place%%:*} in
		confuse:src/proto/conf.c) continue ;;
		crypt:src/base/password.c) continue ;;
		qrencode:src/proto/qrcode.c) continue ;;
		esac
		echo "$place: <$name> is not for $1"
	done
}

while IFS='|' read -r floor sees uses; do
	floor=$(echo $floor)
	if [ -z "$floor" ]; then
		continue
	fi
	if [ ! -d "src/$floor" ]; then
		result "$floor is there" "no folder src/$floor"
		continue
	fi
	result "$floor looks down only" "$(floor_looks_down "$floor" "$(echo $sees)")"
	result "$floor keeps to its libraries" \
		"$(floor_uses_its_libraries "$floor" "$(echo $uses)")"
done <<END
$house
END

result 'there is no other floor' "$(
	for folder in src/*/; do
		floor=${folder#src/}
		floor=${floor%/}
		case " $(echo "$house" | sed 's/|.*//' | tr '\n' ' ') " in
		*" $floor "*) ;;
		*) echo "src/$floor is not in the house" ;;
		esac
	done
)"

# Time, randomness and sockets are arguments there, so that a test can live an hour in a
# microsecond.
result 'core has no clock, no socket and no file' "$(
	grep -nHE '#[[:space:]]*include[[:space:]]*["<](base/clock|time|unistd|fcntl|poll|pthread|signal|sys/(socket|time|stat|mman|epoll|eventfd|random|uio)|netinet/.*|arpa/.*)\.h[">]' \
		src/core/*.[ch]
	grep -nHwE '(clock_(mono|wall)_ms|time|clock_gettime|gettimeofday|socket|open|fopen) *\(' src/core/*.[ch]
)"

result 'the names of C files are there once' "$(
	find src tests -name node_modules -prune -o -name '*.[ch]' -print |
		sed 's:.*/::' | sort | uniq -d | while read -r name; do
		echo "$name: $(find src tests -name "$name" -not -path '*/node_modules/*' | tr '\n' ' ')"
	done
)"

echo "1..$n"
exit $bad
