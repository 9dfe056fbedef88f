#include "unit.h"

#include <string.h>

#include "base/err.h"
#include "proto/qrcode.h"

START_TEST(test_a_link_is_drawn)
{
	/* qrcode.h: black on white, a quiet zone of four, no script and no style; the
	 * finder pattern stands in the corner (ISO 18004) */
	struct buf b = BUF_INIT;

	ck_assert_int_eq(qrcode_svg(&b, "https://visits.example/join/"
				    "kXlS0P4yZTT0pYcxVnFt0A"), 0);
	ck_assert_int_eq(strncmp(b.p, "<svg xmlns=\"http://www.w3.org/2000/svg\" "
				 "viewBox=\"0 0 41 41\" ", 60), 0);
	ck_assert_ptr_nonnull(strstr(b.p, "<path fill=\"#fff\" d=\"M0 0h41v41H0z\"/>"));
	ck_assert_ptr_nonnull(strstr(b.p, "<path d=\"M4 4h7v1h-7z"));
	ck_assert_ptr_nonnull(strstr(b.p, "M4 10h7v1h-7z"));
	ck_assert_ptr_null(strstr(b.p, "style"));
	ck_assert_ptr_null(strstr(b.p, "script"));
	buf_fini(&b);
}
END_TEST

START_TEST(test_what_fits_and_what_does_not)
{
	/* at most QRCODE_TEXT_MAX bytes, at least one */
	char text[QRCODE_TEXT_MAX + 2];
	struct buf b = BUF_INIT;

	memset(text, 'x', sizeof(text));
	text[QRCODE_TEXT_MAX + 1] = '\0';
	ck_assert_int_eq(qrcode_svg(&b, text), ERR_TOO_BIG);
	ck_assert_int_eq(qrcode_svg(&b, ""), ERR_TOO_BIG);
	ck_assert_uint_eq(b.len, 0);
	text[QRCODE_TEXT_MAX] = '\0';
	ck_assert_int_eq(qrcode_svg(&b, text), 0);
	ck_assert_int_eq(strcmp(b.p + b.len - 7, "</svg>\n"), 0);
	buf_fini(&b);
}
END_TEST

UNIT_MAIN("qrcode", test_a_link_is_drawn, test_what_fits_and_what_does_not)
