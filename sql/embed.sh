#!/bin/sh
# Turns the schema into C: sh embed.sh OUT.c FILE...
#
# NNNN-what.sql are the migrations of ledger.db, keys-NNNN.sql those of keys.db,
# staff-NNNN.sql those of staff.db, each numbered 1, 2, 3, ... in the order given: see
# src/store/schema.h. views.sql are the
# statements that keep the views, under heads that name kinds: see src/store/views.c.
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
function put_views(   i) {
	print "\nconst struct views_sql views_sql[] = {"
	for (i = 1; i <= heads; i++)
		printf "\t{\"%s\", %s,\n%s\t},\n", kind[i], once[i], sql[block[i]]
	print "\t{NULL, false, NULL}\n};"
}
function escaped(line) {
	gsub(/\\/, "&&", line)
	gsub(/"/, "\\\"", line)
	gsub(/\t/, "\\t", line)
	return "\t\"" line "\\n\"\n"
}
FNR == 1 {
	name = FILENAME
	sub(/.*\//, "", name)
	if (name == "views.sql") {
		list = "views"
	} else if (name ~ /^[0-9][0-9][0-9][0-9]-[a-z-]+\.sql$/) {
		list = "ledger"
		number = substr(name, 1, 4) + 0
	} else if (name ~ /^(keys|staff)-[0-9][0-9][0-9][0-9]\.sql$/) {
		list = name
		sub(/-.*/, "", list)
		number = substr(name, length(list) + 2, 4) + 0
	} else {
		fail("a file is named NNNN-what.sql, keys-NNNN.sql, staff-NNNN.sql or views.sql")
	}
	if (list != "views" && number != ++count[list])
		fail("migrations must be given in order, without gaps")
	text[list] = text[list] (list != "views" && number > 1 ? ",\n" : "")
}
list != "views" {
	text[list] = text[list] escaped($0)
	next
}
/^-- (on|once) / {
	blocks++
	for (i = 3; i <= NF; i++) {
		kind[++heads] = $i
		once[heads] = $2 == "once" ? "true" : "false"
		block[heads] = blocks
	}
	next
}
/^--/ || /^$/ { next }
{
	if (!blocks)
		fail("a statement stands before the first head")
	sql[blocks] = sql[blocks] escaped($0)
}
END {
	if (failed)
		exit 1
	print "/* Made by sql/embed.sh from the files in sql/. */"
	print "#include <stdbool.h>\n#include <stddef.h>\n"
	print "#include \"store/schema.h\"\n#include \"store/views.h\""
	put("ledger")
	put("keys")
	put("staff")
	put_views()
}' "$@" > "$out.tmp"
mv "$out.tmp" "$out"
