/**
 * A text as a QR code, drawn as SVG.
 */
#ifndef PARAVENT_PROTO_QRCODE_H
#define PARAVENT_PROTO_QRCODE_H

#include "base/buf.h"

#define QRCODE_TEXT_MAX 1024

/**
 * Appends the picture: black on white whatever lies behind it, with the quiet zone that
 * cameras need (ISO 18004: four modules), without script or style.
 *
 * Returns 0, or ERR_TOO_BIG for a text of more than QRCODE_TEXT_MAX bytes, or an empty
 * one.
 */
int qrcode_svg(struct buf *b, const char *text);

#endif
