#include "proto/qrcode.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <qrencode.h>

#include "base/err.h"

#define QUIET 4

static bool is_dark(const QRcode *code, int x, int y)
{
	return code->data[y * code->width + x] & 1;
}

/* One shape for all: a flat box for each run of dark modules in a row. */
static void put_runs(struct buf *b, const QRcode *code)
{
	int x, y, from;

	for (y = 0; y < code->width; y++) {
		for (x = 0; x < code->width; x++) {
			if (!is_dark(code, x, y))
				continue;
			from = x;
			while (x < code->width && is_dark(code, x, y))
				x++;
			buf_printf(b, "M%d %dh%dv1h-%dz", from + QUIET, y + QUIET,
				   x - from, x - from);
		}
	}
}

int qrcode_svg(struct buf *b, const char *text)
{
	QRcode *code;
	int size;

	if (!*text || strlen(text) > QRCODE_TEXT_MAX)
		return ERR_TOO_BIG;
	code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
	if (!code)
		abort();	/* no memory: so short a text always fits */
	size = code->width + 2 * QUIET;
	buf_printf(b, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
		   "shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h%dv%dH0z\"/>"
		   "<path d=\"", size, size, size, size);
	put_runs(b, code);
	buf_puts(b, "\"/></svg>\n");
	QRcode_free(code);
	return 0;
}
