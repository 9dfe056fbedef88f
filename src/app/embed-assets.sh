#!/bin/sh
# Lays the built web client into the program: WEBDIR/** becomes OUT-bytes.S, which includes
# each file and its gzip and brotli forms with .incbin, and OUT-table.c, the table of them.
# .incbin because the data then lies in a read-only section and costs no compile time.
# gzip and brotli of Debian, not of node: node's versions differ in the bytes they make.
#
#   embed-assets.sh WEBDIR WORKDIR OUT
set -eu

web=$1 work=$2 out=$3
mkdir -p "$work"

type_of() {
	case $1 in
	*.html) echo "text/html; charset=utf-8" ;;
	*.js) echo "text/javascript; charset=utf-8" ;;
	*.css) echo "text/css; charset=utf-8" ;;
	*.svg) echo "image/svg+xml" ;;
	*.json | *.webmanifest) echo "application/json" ;;
	*.png) echo "image/png" ;;
	*.ico) echo "image/x-icon" ;;
	*.txt) echo "text/plain; charset=utf-8" ;;
	*) echo "application/octet-stream" ;;
	esac
}

# lay LABEL FILE: the bytes of FILE between LABEL and LABEL_end
lay() {
	printf '\t.global %s, %s_end\n%s:\n\t.incbin "%s"\n%s_end:\n' "$1" "$1" "$1" "$2" "$1"
	printf 'extern const unsigned char %s[], %s_end[];\n' "$1" "$1" >>"$out.decl"
}

# nothing LABEL: a form that there is not
nothing() {
	printf '\t.global %s, %s_end\n%s:\n%s_end:\n' "$1" "$1" "$1" "$1"
	printf 'extern const unsigned char %s[], %s_end[];\n' "$1" "$1" >>"$out.decl"
}

: >"$out.decl"
: >"$out.table"
n=0
{
	printf '\t.section .rodata\n\t.balign 16\n'
	(cd "$web" && find . -type f | LC_ALL=C sort) | while read -r f; do
		f=${f#./}
		n=$((n + 1))
		flat=$work/$(printf %s "$f" | tr / _)
		lay "asset_${n}" "$web/$f"
		case $f in
		*.html | *.js | *.css | *.svg | *.json | *.txt | *.webmanifest)
			gzip -9nc "$web/$f" >"$flat.gz"
			brotli -q 11 -fo "$flat.br" "$web/$f"
			lay "asset_${n}_gz" "$flat.gz"
			lay "asset_${n}_br" "$flat.br"
			;;
		*)
			nothing "asset_${n}_gz"
			nothing "asset_${n}_br"
			;;
		esac
		tag=$(sha256sum "$web/$f" | cut -c1-16)
		printf '\t{"/%s", "%s", "W/\\"%s\\"",\n\t asset_%d, asset_%d_end, asset_%d_gz, asset_%d_gz_end, asset_%d_br, asset_%d_br_end},\n' \
			"$f" "$(type_of "$f")" "$tag" "$n" "$n" "$n" "$n" "$n" "$n" >>"$out.table"
	done
	printf '\t.section .note.GNU-stack,"",%%progbits\n'
} >"$out-bytes.S"
{
	printf '#include "app/assets.h"\n\n#include "base/mem.h"\n\n'
	cat "$out.decl"
	printf '\nconst struct asset assets[] = {\n'
	cat "$out.table"
	printf '};\nconst size_t asset_count = ARRAY_LEN(assets);\n'
} >"$out-table.c"
rm -f "$out.decl" "$out.table"
