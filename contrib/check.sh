#!/bin/sh
# Builds Paravent and runs its tests; the last line is "N passed, N failed, N skipped".
#
#   sh contrib/check.sh [--all] [--strict]
#
#   --all     the browser tests too, and unit tests and scenarios under sanitizers
#   --strict  a skipped test is a failure, and so is a warning (for CI)
set -eu
cd "$(dirname "$0")/.."

all=
strict=
for word; do
	case $word in
	--all) all=1 ;;
	--strict) strict=1 ;;
	*)
		echo 'usage: sh contrib/check.sh [--all] [--strict]' >&2
		exit 2
		;;
	esac
done
without_web=

. contrib/prepare.sh

need_packages

# Whatever a test or a browser keeps is kept below build/, too.
export npm_config_userconfig="${npm_config_userconfig:-${HOME:-/}/.npmrc}"
scratch=$build/scratch
rm -rf "$scratch"
mkdir -p "$scratch/home" "$scratch/tmp"
export HOME="$scratch/home" TMPDIR="$scratch/tmp"
unset XDG_CONFIG_HOME XDG_CACHE_HOME XDG_DATA_HOME XDG_STATE_HOME XDG_RUNTIME_DIR

passed=0
failed=0
skipped=0

count() {
	passed=$((passed + $1))
	failed=$((failed + $2))
	skipped=$((skipped + $3))
}

# row NAME PASSED FAILED SKIPPED
row() {
	text="$2 passed"
	if [ "$3" != 0 ]; then text="$text, $3 FAILED"; fi
	if [ "$4" != 0 ]; then text="$text, $4 skipped"; fi
	printf '  %-34s %s\n' "$1" "$text"
}

# step, where a failure counts as a failed test and the rest goes on.
build_step() {
	step "$@" && return 0
	count 0 1 0
	return 1
}

# The totals that node closes its report with, as "passed failed skipped"; or nothing.
# They count each case, where automake sees only the groups.
node_totals() {
	awk '$1 == "#" && NF == 3 { n[$2] = $3 }
		END { if ("pass" in n) print n["pass"], n["fail"] + n["cancelled"],
			n["skipped"] + n["todo"] }' "$1"
}

# What automake's driver left in a .trs file, in the same way. An error is the exit
# status of the program, which says again that a case failed, or that it crashed.
automake_totals() {
	awk '/^:test-result: (PASS|XFAIL)/ { p++ }
		/^:test-result: (FAIL|XPASS)/ { f++ }
		/^:test-result: ERROR/ { e++ }
		/^:test-result: SKIP/ { s++ }
		END { print p + 0, (f ? f : e) + 0, s + 0 }' "$1"
}

# What failed, each with the words behind it, and what the sanitizers said.
show_failures() {
	awk '/^[[:space:]]*not ok/ { print; after = 1; next }
		after && /^[[:space:]]*---/ { block = 1 }
		{ after = 0 }
		/runtime error:|ERROR: .*Sanitizer/ { more = 12 }
		block || more > 0 { print; more-- }
		/^[[:space:]]*\.\.\.$/ { block = 0 }' "$1" >"$logs/failures.log"
	if [ -s "$logs/failures.log" ]; then
		head -n 100 "$logs/failures.log" | sed 's/^/    | /'
		say "    (all of it: $1)"
	else
		show_tail "$1" 60
	fi
}

# tally NAME LOG PASSED FAILED SKIPPED
tally() {
	count "$3" "$4" "$5"
	row "$1" "$3" "$4" "$5"
	if [ "$5" != 0 ]; then
		grep -iE '# SKIP|^1\.\.0' "$2" | sed 's/^[[:space:]]*/    | /' || :
	fi
	if [ "$4" != 0 ]; then
		show_failures "$2"
	fi
}

# The result of one test program, from what it left behind.
tally_program() {
	log=${1%.trs}.log
	name=${1#"$build"/}
	set -- "${name%.trs}" $(automake_totals "$1") $(node_totals "$log")
	# node counts better, but did it get to the end?
	if [ $# = 7 ] && { [ "$3" = 0 ] || [ "$6" != 0 ]; }; then
		set -- "$1" "$5" "$6" "$7"
	fi
	# a program that was killed before its first line has failed
	if [ $(($2 + $3 + $4)) = 0 ]; then
		set -- "$1" 0 1 0
	fi
	tally "$1" "$log" "$2" "$3" "$4"
}

# The TESTS of a build's Makefile.
tests_of() {
	# shellcheck disable=SC2016 # make's own variable
	printf 'include Makefile\nshow-tests:\n\t@echo $(TESTS)\n' |
		make -s --no-print-directory -C "$1" -f - show-tests
}

# run_tests DIR TEST...: one after the other, so that none waits for another's load.
run_tests() {
	dir=$1
	shift
	for test; do
		base=$dir/${test%.sh}
		rm -f "$base.trs" "$base.log"
		make -s -C "$dir" check-TESTS TESTS="$test" \
			>"$logs/tests.log" 2>&1 </dev/null || :
		if [ -f "$base.trs" ]; then
			tally_program "$base.trs"
		else
			count 0 1 0
			row "${base#"$build"/}" 0 1 0
			show_tail "$logs/tests.log"
		fi
	done
}

# The browsers run for minutes; node's own summary counts each case.
run_browsers() {
	build_step browsers sh contrib/npm-stage.sh tests/browser "$build/browser-stage" ||
		return 0
	log=$logs/browser-tests.log
	PARAVENT_STRICT=$strict BROWSER_STAGE="$build/browser-stage" \
		PARAVENT="$build/paravent" SCREENSHOTS="$build/screenshots" \
		sh tests/browser/run.sh >"$log" 2>&1 </dev/null || :
	set -- $(node_totals "$log")
	# a run that was cut has no totals, and has failed
	[ $# = 3 ] || set -- 0 1 0
	tally tests/browser "$log" "$@"
}

finish() {
	rm -rf "$scratch"
	say
	say "$passed passed, $failed failed, $skipped skipped"
	if [ "$failed" != 0 ] || { [ -n "$strict" ] && [ "$skipped" != 0 ]; }; then
		exit 1
	fi
	exit 0
}

say 'Paravent, its tests'
build_step configure make_configure || finish
build_step setup configure_in "$build" ${strict:+--enable-werror} || finish
build_step build make_in "$build" all || finish
build_step tests make_in "$build" check TESTS= || finish
run_tests "$build" $(tests_of "$build")

if [ -n "$all" ]; then
	run_browsers
	# once more for the memory: unit tests, seeds and scenarios; what npm installed
	# for the web client serves here, too
	if [ -f "$build/web-stage/.lock" ]; then
		mkdir -p "$build/sanitize/web-stage"
		ln -sfn "$build/web-stage/node_modules" \
			"$build/sanitize/web-stage/node_modules"
		cp "$build/web-stage/.lock" "$build/sanitize/web-stage/.lock"
	fi
	if build_step setup configure_in "$build/sanitize" \
			--enable-sanitizers=address,undefined &&
		build_step sanitizers make_in "$build/sanitize" all &&
		build_step tests make_in "$build/sanitize" check TESTS=; then
		run_tests "$build/sanitize" $(tests_of "$build/sanitize" |
			tr ' ' '\n' | grep -vE 'layers|/web|/fault')
	fi
fi
finish
