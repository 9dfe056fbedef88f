#include "proto/calendar.h"

#include <string.h>
#include <time.h>

#define LINE_MAX_OCTETS 75	/* RFC 5545 section 3.1, without the line's end */

/* One content line, folded, and never in the middle of a character. */
static void put_line(struct buf *b, const char *name, const char *value)
{
	struct buf line = BUF_INIT;
	size_t at = 0, room = LINE_MAX_OCTETS;

	buf_printf(&line, "%s:%s", name, value);
	while (line.len - at > room) {
		size_t n = room;

		while (((unsigned char)line.p[at + n] & 0xc0) == 0x80)
			n--;
		buf_put(b, line.p + at, n);
		buf_puts(b, "\r\n ");
		at += n;
		room = LINE_MAX_OCTETS - 1;	/* the blank counts */
	}
	buf_put(b, line.p + at, line.len - at);
	buf_puts(b, "\r\n");
	buf_fini(&line);
}

/* TEXT (section 3.3.11). Control characters have no place in what people named. */
static void put_text(struct buf *b, const char *name, const char *text)
{
	struct buf escaped = BUF_INIT;

	for (; *text; text++) {
		if (strchr("\\;,", *text))
			buf_putc(&escaped, '\\');
		if ((unsigned char)*text >= 0x20 && *text != 0x7f)
			buf_putc(&escaped, *text);
	}
	put_line(b, name, escaped.p);
	buf_fini(&escaped);
}

/* In UTC (section 3.3.5, form 2). */
static void put_time(struct buf *b, const char *name, int64_t wall_ms)
{
	const time_t s = (time_t)(wall_ms / 1000);
	char text[24];
	struct tm tm;

	gmtime_r(&s, &tm);
	strftime(text, sizeof(text), "%Y%m%dT%H%M%SZ", &tm);
	put_line(b, name, text);
}

static void put_uid(struct buf *b, const struct calendar_event *event)
{
	const char *host = strstr(event->join_url, "://");
	struct buf uid = BUF_INIT;

	host = host ? host + 3 : event->join_url;
	buf_printf(&uid, "%s@", event->id);
	buf_put(&uid, host, strcspn(host, ":/"));
	put_text(b, "UID", uid.p);
	buf_fini(&uid);
}

void calendar_put(struct buf *b, const struct calendar_event *event, int64_t now_ms)
{
	struct buf number = BUF_INIT;

	put_line(b, "BEGIN", "VCALENDAR");
	put_line(b, "VERSION", "2.0");
	put_line(b, "PRODID", "-//Paravent//Paravent//EN");
	put_line(b, "METHOD", "PUBLISH");
	put_line(b, "BEGIN", "VEVENT");
	put_uid(b, event);
	put_time(b, "DTSTAMP", now_ms);
	buf_printf(&number, "%u", event->sequence);
	put_line(b, "SEQUENCE", number.p);
	put_time(b, "DTSTART", event->starts_at);
	put_time(b, "DTEND", event->starts_at + event->minutes * INT64_C(60000));
	put_text(b, "SUMMARY", *event->title ? event->title : event->practice);
	put_text(b, "LOCATION", event->join_url);
	put_line(b, "URL", event->join_url);
	put_line(b, "STATUS", event->cancelled ? "CANCELLED" : "CONFIRMED");
	put_line(b, "END", "VEVENT");
	put_line(b, "END", "VCALENDAR");
	buf_fini(&number);
}
