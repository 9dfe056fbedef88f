# What try.sh and check.sh share; both read it with `.` after a `cd` to the top of the
# checkout. Everything that is written stays below build/.

build=$PWD/build
logs=$build/logs

# npm keeps its cache and its notes beside the build, not in somebody's home.
export npm_config_cache="$build/npm-cache"
export npm_config_update_notifier=false npm_config_fund=false npm_config_audit=false
export npm_config_prefer_offline=true
# make prints nothing of its own, and no outer make talks into ours
unset MAKEFLAGS MAKELEVEL

say() {
	printf '%s\n' "$*"
}

fail() {
	printf '%s\n' "$*" >&2
	exit 1
}

# The end of a log, indented, so that the reason is seen at once.
show_tail() {
	tail -n "${2:-30}" "$1" | sed 's/^/    | /'
	say "    (all of it: $1)"
}

# step WORD COMMAND...: one line on the terminal, the rest in a log of that name.
step() {
	step_word=$1
	shift
	mkdir -p "$logs"
	printf '  %-10s ' "$step_word"
	step_began=$(date +%s)
	if "$@" >"$logs/$step_word.log" 2>&1 </dev/null; then
		say "done ($(($(date +%s) - step_began)) s)"
	else
		say 'FAILED'
		show_tail "$logs/$step_word.log"
		return 1
	fi
}

# The Build-Depends of packaging/debian/control that are not installed.
missing_packages() {
	command -v dpkg-query >/dev/null 2>&1 || return 0
	there=$(dpkg-query -W -f '${db:Status-Status} ${Package}, ${Provides}\n' |
		sed -n 's/^installed //p' | tr ',' '\n' | sed 's/(.*//; s/[[:space:]]//g')
	awk '/^Build-Depends:/ { on = 1; sub(/^[^:]*:/, " ") }
		on && /^[^[:space:]]/ { exit }
		on { print }' packaging/debian/control | tr ',' '\n' |
		sed 's/[[:space:]]*[(<|].*//; s/[[:space:]]//g; /^$/d' |
	while read -r package; do
		printf '%s\n' "$there" | grep -qxF -- "$package" || printf '%s\n' "$package"
	done
}

# Whether npm must build the web client: not in a release, which brings it along.
web_is_wanted() {
	[ -z "$without_web" ] && [ ! -f web/dist/index.html ]
}

missing_npm() {
	web_is_wanted && ! command -v npm >/dev/null 2>&1
}

apt_install() {
	export DEBIAN_FRONTEND=noninteractive
	apt-get update || return 1
	apt-get build-dep -y --no-install-recommends ./packaging || return 1
	if missing_npm; then
		apt-get install -y --no-install-recommends nodejs npm || return 1
	fi
}

# Makes sure that what the build needs is there: as root installs it, as anybody else
# says what to run, in one line, and ends with 2.
need_packages() {
	if [ -z "$(missing_packages)" ] && ! missing_npm; then
		return 0
	fi
	if [ "$(id -u)" = 0 ]; then
		step packages apt_install || exit 1
		return 0
	fi
	need='sudo apt-get update && sudo apt-get build-dep ./packaging'
	if missing_npm; then
		need="$need && sudo apt-get install nodejs npm"
	fi
	say "$need"
	exit 2
}

# The configure script, where it is missing or older than what it is made from.
make_configure() {
	for from in configure.ac Makefile.am; do
		if [ ! -f Makefile.in ] || [ -n "$(find "$from" -newer configure 2>&1)" ]; then
			autoreconf -fi
			return
		fi
	done
}

# configure_in DIR ARGUMENT...: again only when something changed, were it the place.
configure_in() {
	dir=$1
	shift
	mkdir -p "$dir"
	if [ -z "$(find configure -newer "$dir/Makefile" 2>&1)" ] &&
		[ "$(cat "$dir/.arguments" 2>/dev/null)" = "$PWD $*" ]; then
		return 0
	fi
	# with or without the web client: the pages of the other one must not stay
	rm -f "$dir/web-dist.stamp" "$dir/.arguments"
	(cd "$dir" && "$OLDPWD/configure" "$@") || return 1
	printf '%s' "$PWD $*" >"$dir/.arguments"
}

make_in() {
	dir=$1
	shift
	make -s -C "$dir" -j"$(nproc)" "$@"
}
