#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "proto/calendar.h"

#define NOW 1795166400000	/* 2026-11-20T09:20:00Z */

static struct calendar_event event;
static struct buf file;

static void begin(void)
{
	event = (struct calendar_event){
		.id = "kXlS0P4yZTT0pYcxVnFt0A", .sequence = 3, .title = "Follow-up",
		.practice = "Praxis am Markt",
		.join_url = "https://visits.example:8443/join/kXlS0P4yZTT0pYcxVnFt0A",
		.starts_at = NOW + 600000, .minutes = 45,
	};
	buf_init(&file);
}

static const char *put(void)
{
	buf_reset(&file);
	calendar_put(&file, &event, NOW);
	return file.p;
}

START_TEST(test_an_entry)
{
	/* RFC 5545: what VEVENT needs, lines ended by CRLF, times in UTC */
	begin();
	ck_assert_str_eq(put(),
		"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Paravent//Paravent//EN\r\n"
		"METHOD:PUBLISH\r\nBEGIN:VEVENT\r\n"
		"UID:kXlS0P4yZTT0pYcxVnFt0A@visits.example\r\n"
		"DTSTAMP:20261120T092000Z\r\nSEQUENCE:3\r\nDTSTART:20261120T093000Z\r\n"
		"DTEND:20261120T101500Z\r\nSUMMARY:Follow-up\r\n"
		"LOCATION:https://visits.example:8443/join/kXlS0P4yZTT0pYcxVnFt0A\r\n"
		"URL:https://visits.example:8443/join/kXlS0P4yZTT0pYcxVnFt0A\r\n"
		"STATUS:CONFIRMED\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
	event.cancelled = true;
	event.title = "";
	ck_assert_ptr_nonnull(strstr(put(), "\r\nSUMMARY:Praxis am Markt\r\n"));
	ck_assert_ptr_nonnull(strstr(file.p, "\r\nSTATUS:CANCELLED\r\n"));
	buf_fini(&file);
}
END_TEST

START_TEST(test_text_is_escaped)
{
	/* section 3.3.11; and nothing that a title says becomes a line of its own */
	begin();
	event.title = "a;b,c\\d:e\r\nATTENDEE:mailto:x@example\"";
	ck_assert_ptr_nonnull(strstr(put(),
		"\r\nSUMMARY:a\\;b\\,c\\\\d:eATTENDEE:mailto:x@example\"\r\n"));
	buf_fini(&file);
}
END_TEST

START_TEST(test_long_lines_are_folded)
{
	/* section 3.1: at most 75 octets a line, no character cut in two, and unfolded
	 * it is what it was */
	char title[4 * 200 + 1] = "", plain[1200] = "";
	size_t n = 0;

	begin();
	for (int i = 0; i < 200; i++)
		strcat(title, i % 3 ? "\xf0\x9d\x84\x9e" : i % 2 ? "\xc3\xa4" : "a");
	event.title = title;
	put();
	for (const char *line = file.p; *line; line = strchr(line, '\n') + 1) {
		const size_t len = strcspn(line, "\r");

		ck_assert_uint_le(len, 75);
		ck_assert_int_eq(line[len + 1], '\n');
		ck_assert_uint_ne((unsigned char)line[*line == ' '] & 0xc0, 0x80);
	}
	for (const char *p = strstr(file.p, "SUMMARY:"); strncmp(p, "\r\nLOC", 5) != 0; p++) {
		if (strncmp(p, "\r\n ", 3) == 0)
			p += 2;
		else
			plain[n++] = *p;
	}
	ck_assert_str_eq(plain + strlen("SUMMARY:"), title);
	buf_fini(&file);
}
END_TEST

UNIT_MAIN("calendar", test_an_entry, test_text_is_escaped, test_long_lines_are_folded)
