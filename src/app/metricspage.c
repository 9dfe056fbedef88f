#include "app/metricspage.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/answer.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "proto/promtext.h"

#include "config.h"

struct metricspage {
	struct metrics_sources from;
	struct http_server *http;
	struct listener *listener[CONF_LIST_MAX];
	size_t listeners;
};

/* --- One number, or a family over a fixed set ----------------------------------------- */

static void put_one(struct buf *out, const char *name, const char *type,
		    const char *help, uint64_t value)
{
	promtext_family(out, name, type, help);
	promtext_put(out, name, "", value);
}

static void put_labelled(struct buf *out, const char *name, const char *label,
			 const char *text, uint64_t value)
{
	char labels[64];

	snprintf(labels, sizeof(labels), "%s=\"%s\"", label, text);
	promtext_put(out, name, labels, value);
}

/* --- Visits ----------------------------------------------------------------------------- */

static void put_visits(struct buf *out, const struct metrics_sources *from)
{
	static const char *const joins[] = {
#define X(symbol, label) [symbol] = label,
		METRICS_JOINS(X)
#undef X
	};
	const struct metrics *m = &from->house->metrics;
	struct metrics_people people;

	metrics_people(&people, from->house->meetings);
	put_one(out, "paravent_meetings_known", "gauge",
		"Meetings in memory: planned, open, or over for less than 15 minutes.",
		meetings_count(from->house->meetings));
	put_one(out, "paravent_meetings_active", "gauge",
		"Meetings with somebody inside.", people.meetings);
	put_one(out, "paravent_participants_active", "gauge",
		"People inside, held places included.", people.inside);
	put_one(out, "paravent_participants_waiting", "gauge",
		"Guests at the door.", people.waiting);
	promtext_family(out, "paravent_joins_total", "counter", "How joins ended.");
	for (size_t i = 0; i < ARRAY_LEN(joins); i++)
		put_labelled(out, "paravent_joins_total", "result", joins[i], m->join[i]);
	promtext_family(out, "paravent_calls_connected_total", "counter",
			"Connections between two browsers, as each of them tells.");
	for (int i = 0; i < SIGMSG_PATH_COUNT; i++) {
		const char *path = sigmsg_path_name((enum sigmsg_path)i);

		put_labelled(out, "paravent_calls_connected_total", "path",
			     path ? path : "unknown", m->call[i]);
	}
	put_one(out, "paravent_ws_connections", "gauge", "Open signaling connections.",
		signaling_count(from->signaling));
	put_one(out, "paravent_connections", "gauge",
		"Open TCP connections, the relay's included.",
		listener_gauge_count(from->gauge));
}

/* --- HTTP ----------------------------------------------------------------------------- */

static void put_http(struct buf *out, const struct metrics *m)
{
	static const char name[] = "paravent_http_requests_total";
	static const char *const routes[] = {
#define X(symbol, label) [symbol] = label,
		METRICS_ROUTES(X)
#undef X
	};
	static const int codes[] = {
#define X(status) [METRICS_CODE_##status] = status,
		METRICS_CODES(X)
#undef X
	};
	char labels[96];

	promtext_family(out, name, "counter", "Answers over HTTP.");
	for (int r = 0; r < METRICS_ROUTE_COUNT; r++) {
		for (int h = 0; h < METRICS_METHOD_COUNT; h++) {
			for (int c = 0; c < METRICS_CODE_COUNT; c++) {
				if (!m->http[r][h][c])
					continue;
				snprintf(labels, sizeof(labels),
					 "route=\"%s\",method=\"%s\",code=\"%d\"",
					 routes[r], http_method_name((enum http_method)h),
					 codes[c]);
				promtext_put(out, name, labels, m->http[r][h][c]);
			}
		}
	}
	promtext_put_histogram(out, "paravent_http_request_duration_seconds",
			       "From a whole request to the beginning of its answer.",
			       &m->http_took);
}

/* --- The relay ------------------------------------------------------------------------- */

static void put_turn(struct buf *out, const struct relay *r)
{
	static const struct {
		enum turn_count count;
		const char *label;
	} denied[] = {
		{TURN_REFUSED_401, "401"},	   {TURN_REFUSED_403, "403"},
		{TURN_REFUSED_437, "437"},	   {TURN_REFUSED_438, "438"},
		{TURN_REFUSED_QUOTA, "quota"},	   {TURN_REFUSED_OTHER, "other"},
		{TURN_SILENCED, "silenced"},
	}, dropped[] = {
		{TURN_DROP_JUNK, "junk"},
		{TURN_DROP_NO_ALLOCATION, "no-allocation"},
		{TURN_DROP_UNBOUND, "unbound"},
		{TURN_DROP_PERMISSION, "permission"},
		{TURN_DROP_POLICY, "policy"},
		{TURN_DROP_RATE, "rate"},
	};
	struct carrier_counts n;

	relay_counts(r, &n);
	put_one(out, "paravent_turn_allocations", "gauge", "Open TURN allocations.",
		n.turn[TURN_ALLOCATIONS]);
	put_one(out, "paravent_turn_ports", "gauge", "Relay ports in use.",
		n.turn[TURN_PORTS]);
	put_one(out, "paravent_turn_allocations_opened_total", "counter",
		"TURN allocations opened.", n.turn[TURN_OPENED]);
	promtext_family(out, "paravent_turn_relayed_bytes_total", "counter",
			"Payload relayed; up is from clients to peers.");
	put_labelled(out, "paravent_turn_relayed_bytes_total", "direction", "up",
		     n.turn[TURN_BYTES_UP]);
	put_labelled(out, "paravent_turn_relayed_bytes_total", "direction", "down",
		     n.turn[TURN_BYTES_DOWN]);
	promtext_family(out, "paravent_turn_relayed_packets_total", "counter",
			"Datagrams relayed; up is from clients to peers.");
	put_labelled(out, "paravent_turn_relayed_packets_total", "direction", "up",
		     n.turn[TURN_PACKETS_UP]);
	put_labelled(out, "paravent_turn_relayed_packets_total", "direction", "down",
		     n.turn[TURN_PACKETS_DOWN]);
	put_one(out, "paravent_turn_requests_total", "counter", "TURN requests.",
		n.turn[TURN_REQUESTS]);
	put_one(out, "paravent_stun_bindings_total", "counter",
		"STUN Binding requests answered.", n.turn[TURN_BINDINGS]);
	promtext_family(out, "paravent_turn_denied_total", "counter",
			"TURN requests refused, by error code or reason.");
	for (size_t i = 0; i < ARRAY_LEN(denied); i++)
		put_labelled(out, "paravent_turn_denied_total", "reason", denied[i].label,
			     n.turn[denied[i].count]);
	promtext_family(out, "paravent_turn_dropped_packets_total", "counter",
			"Datagrams dropped, by reason.");
	for (size_t i = 0; i < ARRAY_LEN(dropped); i++)
		put_labelled(out, "paravent_turn_dropped_packets_total", "reason",
			     dropped[i].label, n.turn[dropped[i].count]);
	put_labelled(out, "paravent_turn_dropped_packets_total", "reason", "too-long",
		     n.batch.cut);
	put_labelled(out, "paravent_turn_dropped_packets_total", "reason", "kernel-send",
		     n.batch.refused);
	put_labelled(out, "paravent_turn_dropped_packets_total", "reason",
		     "kernel-receive", n.lost);
}

/* --- The ledger -------------------------------------------------------------------------- */

static void put_ledger(struct buf *out, const struct house *h)
{
	struct ledger_stats stats;

	ledger_stats(h->ledger, &stats);
	put_one(out, "paravent_log_writable", "gauge",
		"Whether the log takes facts: 1, or 0 while the disk refuses.",
		ledger_writable(h->ledger));
	put_one(out, "paravent_log_last_seq", "gauge", "The last fact that is durable.",
		ledger_durable(h->ledger));
	put_one(out, "paravent_log_queued_facts", "gauge", "Facts not yet durable.",
		stats.queued);
	put_one(out, "paravent_log_commits_total", "counter", "Group commits.",
		stats.commits);
	put_one(out, "paravent_log_refusals_total", "counter",
		"Commits that the disk refused and that were tried anew.", stats.refusals);
	promtext_family(out, "paravent_facts_total", "counter", "Facts since the start.");
	for (int i = 0; i < FACT_KIND_COUNT; i++)
		put_labelled(out, "paravent_facts_total", "kind",
			     fact_kind_name((enum fact_kind)i), h->metrics.fact[i]);
	promtext_put_histogram(out, "paravent_log_append_duration_seconds",
			       "From a fact to its being durable, one a commit.",
			       &h->metrics.append);
}

/* --- The process --------------------------------------------------------------------------- */

/* Our own entries in /proc/self/fd, but for the one that looks. */
static uint64_t open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	uint64_t count = 0;

	if (!dir)
		return 0;
	while (readdir(dir))
		count++;
	closedir(dir);
	return count > 3 ? count - 3 : 0;	/* ".", ".." and the folder's own */
}

static void put_memory(struct buf *out)
{
	unsigned long long size = 0, resident = 0, page = (unsigned long long)
		sysconf(_SC_PAGESIZE);
	FILE *f = fopen("/proc/self/statm", "re");

	if (!f)
		return;
	if (fscanf(f, "%llu %llu", &size, &resident) == 2) {
		put_one(out, "process_resident_memory_bytes", "gauge",
			"Memory that is in use.", resident * page);
		put_one(out, "process_virtual_memory_bytes", "gauge",
			"Memory that is mapped.", size * page);
	}
	fclose(f);
}

static double seconds(struct timeval tv)
{
	return (double)tv.tv_sec + (double)tv.tv_usec / 1e6;
}

static void put_process(struct buf *out, const struct metrics *m)
{
	struct rusage used;
	struct rlimit files;

	getrusage(RUSAGE_SELF, &used);
	promtext_family(out, "process_cpu_seconds_total", "counter", "CPU time used.");
	promtext_put_real(out, "process_cpu_seconds_total", "",
			  seconds(used.ru_utime) + seconds(used.ru_stime));
	put_memory(out);
	put_one(out, "process_open_fds", "gauge", "Open file descriptors.", open_fds());
	if (getrlimit(RLIMIT_NOFILE, &files) == 0)
		put_one(out, "process_max_fds", "gauge", "File descriptors allowed.",
			files.rlim_cur);
	promtext_family(out, "process_start_time_seconds", "gauge",
			"When the server started, since 1970.");
	promtext_put_real(out, "process_start_time_seconds", "", (double)m->since / 1e3);
	promtext_put_histogram(out, "paravent_loop_lag_seconds",
			       "How late the event loop came to what was due, each second.",
			       &m->lag);
}

void metrics_put(struct buf *out, const struct metrics_sources *from)
{
	const struct house *h = from->house;

	promtext_family(out, "paravent_build_info", "gauge", "Which version runs.");
	put_labelled(out, "paravent_build_info", "version", PACKAGE_VERSION, 1);
	put_one(out, "paravent_draining", "gauge",
		"Whether no new visit begins: paravent drain.", h->draining);
	put_visits(out, from);
	put_http(out, &h->metrics);
	put_turn(out, from->relay);
	put_ledger(out, h);
	if (from->tls)
		put_one(out, "paravent_tls_certificate_expiry_timestamp_seconds", "gauge",
			"When the certificate ends, since 1970.",
			(uint64_t)tls_ends_at(from->tls));
	put_process(out, &h->metrics);
}

/* --- Serving ------------------------------------------------------------------------------- */

static void handle(void *arg, struct http_request *rq)
{
	struct metricspage *p = arg;
	struct buf text = BUF_INIT;

	if (strcmp(rq->head.path, "/metrics") != 0) {
		reply_status(rq, 404);
		return;
	}
	if (rq->head.method != HTTP_GET && rq->head.method != HTTP_HEAD) {
		reply_not_allowed(rq, "GET, HEAD");
		return;
	}
	metrics_put(&text, &p->from);
	http_add_header(rq, "Cache-Control", "no-store");
	http_reply(rq, 200, PROMTEXT_TYPE, text.p, text.len);
	buf_fini(&text);
}

static void on_stream(void *arg, struct stream *s)
{
	struct metricspage *p = arg;

	http_server_adopt(p->http, s);
}

static int listen_at(struct metricspage *p, struct loop *l, const char *where,
		     struct buf *why)
{
	const struct listener_plan plan = {
		.on_http = on_stream,
		.arg = p,
		.first_byte_ms = LISTENER_FIRST_BYTE_MS,
	};
	struct conf_addr addr;
	int err = conf_addr(&addr, where);

	if (!err)
		err = listener_new(&p->listener[p->listeners], l, p->from.gauge, &plan,
				   (struct sockaddr *)&addr.sa, addr.len, why);
	if (!err)
		p->listeners++;
	return err;
}

int metricspage_new(struct metricspage **out, struct loop *l,
		    const struct metrics_sources *from, struct buf *why)
{
	const struct conf *conf = from->house->conf;
	struct metricspage *p = mem_new(sizeof(*p));
	int err = 0;

	p->from = *from;
	p->http = http_server_new(l, handle, p, reply_put_problem);
	for (size_t i = 0; !err && i < conf->metrics_listen.count; i++) {
		err = listen_at(p, l, conf->metrics_listen.item[i], why);
		if (err && conf->metrics_default) {
			log_notice("metrics not served: %s; set metrics-listen", why->p);
			buf_reset(why);
			err = 0;
		}
	}
	if (err) {
		metricspage_free(p);
		return err;
	}
	*out = p;
	return 0;
}

void metricspage_drain(struct metricspage *p)
{
	while (p->listeners)
		listener_free(p->listener[--p->listeners]);
	http_server_drain(p->http);
}

void metricspage_free(struct metricspage *p)
{
	if (!p)
		return;
	metricspage_drain(p);
	http_server_free(p->http);
	free(p);
}
