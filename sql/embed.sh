#!/bin/sh
# Turns the schema into C: sh embed.sh OUT.c FILE...
#
# NNNN-what.sql are the migrations of ledger.db, keys-NNNN.sql those of keys.db, each
# numbered 1, 2, 3, ... in the order given. See src/store/schema.h.
set -eu

out=$1
shift

LC_ALL=C awk '
function fail(text) {
	print FILENAME ": " text > "/dev/stderr"
	failed = 1
	exit 1
}
function put(list) {
	printf "\nconst char *const %s_migrations[] = {\n%s", list, text[list]
	print "\t,\n\tNULL\n};"
}
FNR == 1 {
	name = FILENAME
	sub(/.*\//, "", name)
	if (name ~ /^[0-9][0-9][0-9][0-9]-[a-z-]+\.sql$/) {
		list = "ledger"
		number = substr(name, 1, 4) + 0
	} else if (name ~ /^keys-[0-9][0-9][0-9][0-9]\.sql$/) {
		list = "keys"
		number = substr(name, 6, 4) + 0
	} else {
		fail("a migration is named NNNN-what.sql or keys-NNNN.sql")
	}
	if (number != ++count[list])
		fail("migrations must be given in order, without gaps")
	text[list] = text[list] (number > 1 ? ",\n" : "")
}
{
	gsub(/\\/, "&&")
	gsub(/"/, "\\\"")
	gsub(/\t/, "\\t")
	text[list] = text[list] "\t\"" $0 "\\n\"\n"
}
END {
	if (failed)
		exit 1
	print "/* Made by sql/embed.sh from the files in sql/. */"
	print "#include \"store/schema.h\"\n\n#include <stddef.h>"
	put("ledger")
	put("keys")
}' "$@" > "$out.tmp"
mv "$out.tmp" "$out"
