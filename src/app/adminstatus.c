#include "app/adminstatus.h"

#include <stdlib.h>

#include "app/answer.h"
#include "app/lastbackup.h"
#include "base/log.h"
#include "base/mem.h"
#include "proto/json.h"

#include "config.h"

struct adminstatus {
	struct metrics_sources from;
};

static void put_visits(struct json_writer *w, const struct metrics_sources *from)
{
	struct metrics_people people;

	metrics_people(&people, from->house->meetings);
	json_put_int(w, "visits", (int64_t)people.meetings);
	json_put_int(w, "inside", (int64_t)people.inside);
	json_put_int(w, "waiting", (int64_t)people.waiting);
	json_put_int(w, "meetings", (int64_t)meetings_count(from->house->meetings));
	json_put_int(w, "connections", (int64_t)listener_gauge_count(from->gauge));
}

/* relayedCalls of calls: connections between two browsers since the start, as they say. */
static void put_relay(struct json_writer *w, const struct metrics_sources *from)
{
	const struct metrics *m = &from->house->metrics;
	uint64_t calls = 0, relayed = 0;
	struct carrier_counts n;

	for (int i = 0; i < SIGMSG_PATH_COUNT; i++) {
		calls += m->call[i];
		if (i != SIGMSG_NO_PATH && i != SIGMSG_DIRECT)
			relayed += m->call[i];
	}
	relay_counts(from->relay, &n);
	json_put_int(w, "calls", (int64_t)calls);
	json_put_int(w, "relayedCalls", (int64_t)relayed);
	json_put_bool(w, "relay", from->house->conf->relay);
	json_put_int(w, "allocations", (int64_t)n.turn[TURN_ALLOCATIONS]);
	json_put_int(w, "relayedBytes", (int64_t)(n.turn[TURN_BYTES_UP] +
						  n.turn[TURN_BYTES_DOWN]));
}

static void put_ledger(struct json_writer *w, const struct house *h)
{
	struct ledger_stats stats;

	ledger_stats(h->ledger, &stats);
	json_put_int(w, "lastSeq", (int64_t)ledger_durable(h->ledger));
	json_put_bool(w, "writable", ledger_writable(h->ledger));
	if (stats.error.text[0])
		json_put_text(w, "trouble", stats.error.text);
	else
		json_put_null(w, "trouble");
}

static void put_dates(struct json_writer *w, const struct metrics_sources *from)
{
	int64_t now = house_now().wall, backup = lastbackup_read(from->house->conf->state_dir);

	if (from->tls) {
		json_put_time(w, "certificateEndsAt", tls_ends_at(from->tls) * 1000);
		json_put_int(w, "certificateDaysLeft", tls_days_left(from->tls, now));
	} else {
		json_put_null(w, "certificateEndsAt");
		json_put_null(w, "certificateDaysLeft");
	}
	if (backup)
		json_put_time(w, "lastBackupAt", backup);
	else
		json_put_null(w, "lastBackupAt");
}

static void status(void *arg, struct http_request *rq, const char *name)
{
	struct adminstatus *s = arg;
	const struct house *h = s->from.house;
	struct buf text = BUF_INIT;
	struct json_writer w;

	(void)name;
	json_put_init(&w, &text);
	json_put_object(&w, NULL);
	json_put_text(&w, "version", PACKAGE_VERSION);
	json_put_time(&w, "since", h->metrics.since / 1000 * 1000);
	json_put_text(&w, "url", h->conf->public_url);
	json_put_bool(&w, "draining", h->draining);
	put_visits(&w, &s->from);
	put_relay(&w, &s->from);
	put_ledger(&w, h);
	put_dates(&w, &s->from);
	json_put_end(&w);
	http_reply(rq, 200, "application/json", text.p, text.len);
	buf_fini(&text);
}

static void set_draining(struct adminstatus *s, struct http_request *rq, bool on)
{
	struct house *h = s->from.house;

	if (h->draining != on)
		log_notice("server drain=%s", on ? "on" : "off");
	h->draining = on;
	http_reply(rq, 204, NULL, NULL, 0);
}

static void drain(void *arg, struct http_request *rq, const char *name)
{
	(void)name;
	set_draining(arg, rq, true);
}

static void undrain(void *arg, struct http_request *rq, const char *name)
{
	(void)name;
	set_draining(arg, rq, false);
}

struct adminstatus *adminstatus_new(const struct metrics_sources *from,
				    struct admin *a)
{
	static const struct admin_route routes[] = {
		{HTTP_GET, "/admin/status", status},
		{HTTP_POST, "/admin/drain", drain},
		{HTTP_DELETE, "/admin/drain", undrain},
	};
	struct adminstatus *s = mem_new(sizeof(*s));

	s->from = *from;
	admin_serve(a, routes, ARRAY_LEN(routes), s);
	return s;
}

void adminstatus_free(struct adminstatus *s)
{
	free(s);
}
