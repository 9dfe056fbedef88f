#include "app/server.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include <event2/event.h>

#include "app/api.h"
#include "app/commands.h"
#include "app/house.h"
#include "app/signaling.h"
#include "app/stund.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/listener.h"
#include "net/tls.h"

#include "config.h"

/* For those who are told 1001 or wait for an answer. */
#define DRAIN_MS 3000

struct server {
	struct conf *conf;
	const char *path;
	struct event_base *base;
	struct loop *loop;
	struct tls *tls;
	struct listener_gauge *gauge;
	struct listener *listener[CONF_LIST_MAX];
	size_t listeners;
	struct stund *stund;
	struct house *house;
	struct signaling *signaling;
	struct api *api;
	struct http_server *http;
	struct event *on_term, *on_int, *on_hup, *on_tick, *on_ledger;
	uint64_t drain_until;
	int status;
};

/* --- Going on ------------------------------------------------------------------------ */

static void drained(struct server *sv)
{
	if ((signaling_count(sv->signaling) || http_server_count(sv->http)) &&
	    clock_mono_ms() < sv->drain_until)
		return;
	event_base_loopbreak(sv->base);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct server *sv = arg;

	(void)fd;
	(void)what;
	if (sv->house->stopping)
		drained(sv);
	else
		meetings_tick(sv->house->meetings, house_now());
}

static void on_ledger(evutil_socket_t fd, short what, void *arg)
{
	struct server *sv = arg;
	struct ledger_stats stats;

	(void)fd;
	(void)what;
	if (house_ledger_moved(sv->house))
		return;
	ledger_stats(sv->house->ledger, &stats);
	log_error("ledger broken: %s; ending, so that a new start reads what is on disk",
		  stats.error.text);
	sv->status = EXIT_FAILED;
	event_base_loopbreak(sv->base);
}

static void on_stop(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval often = {.tv_usec = 50000};
	struct server *sv = arg;

	(void)fd;
	(void)what;
	if (sv->house->stopping) {	/* asked twice: now */
		event_base_loopbreak(sv->base);
		return;
	}
	log_info("server stopping connections=%zu", signaling_count(sv->signaling));
	while (sv->listeners)
		listener_free(sv->listener[--sv->listeners]);
	sv->house->stopping = true;
	sv->drain_until = clock_mono_ms() + DRAIN_MS;
	signaling_drain(sv->signaling);
	http_server_drain(sv->http);
	event_add(sv->on_tick, &often);
}

/* Takes over what may change while we run; the rest waits for a restart. */
static void take_over(struct conf *now, struct conf *next)
{
	struct conf was = *now;

#define SWAP(member)                                                          \
	do {                                                                  \
		now->member = next->member;                                   \
		next->member = was.member;                                    \
	} while (0)
	SWAP(allowed_origins);
	/* to begin or end TLS needs a restart */
	if (now->tls_certificate[0] && next->tls_certificate[0]) {
		SWAP(tls_certificate);
		SWAP(tls_key);
	}
	SWAP(message_rate);
	SWAP(log_level);
#undef SWAP
}

static void on_reload(evutil_socket_t fd, short what, void *arg)
{
	struct server *sv = arg;
	struct conf next = {.name = NULL};
	struct buf text = BUF_INIT;

	(void)fd;
	(void)what;
	if (conf_load(&next, sv->path, &text) != 0) {
		log_error("configuration not taken over: %s", text.p);
		goto out;
	}
	buf_reset(&text);
	if (conf_changed_needs_restart(sv->conf, &next, &text))
		log_warn("configuration changed, restart for: %s", text.p);
	buf_reset(&text);
	if (sv->tls && next.tls_certificate[0] &&
	    tls_reload(sv->tls, next.tls_certificate, next.tls_key, &text) != 0)
		log_error("certificate not taken over, the old one stays: %s", text.p);
	take_over(sv->conf, &next);
	log_init(sv->conf->log_level);
	log_info("server reloaded");
out:
	conf_fini(&next);
	buf_fini(&text);
}

/* --- Coming up ----------------------------------------------------------------------- */

static void on_http(void *arg, struct stream *s)
{
	struct server *sv = arg;

	http_server_adopt(sv->http, s);
}

/* As many connections as the system gives us, less what we need ourselves. */
static size_t connections_max(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) != 0)
		return 800;
	rl.rlim_cur = rl.rlim_max;
	setrlimit(RLIMIT_NOFILE, &rl);
	getrlimit(RLIMIT_NOFILE, &rl);
	return rl.rlim_cur > 400 ? (size_t)rl.rlim_cur - 200 : 200;
}

static int listen_all(struct server *sv, struct buf *why)
{
	const struct listener_caps caps = {
		.connections = connections_max(),
		.per_address = sv->conf->connections_per_address,
	};
	const struct listener_plan plan = {
		.tls = sv->tls,
		.on_http = on_http,
		.arg = sv,
		.first_byte_ms = LISTENER_FIRST_BYTE_MS,
	};
	int err = 0, missing = 0;
	size_t i;

	sv->gauge = listener_gauge_new(&caps);
	for (i = 0; !err && i < sv->conf->listen.count; i++) {
		struct conf_addr addr;

		err = conf_addr(&addr, sv->conf->listen.item[i]);
		if (!err)
			err = listener_new(&sv->listener[sv->listeners], sv->loop,
					   sv->gauge, &plan,
					   (struct sockaddr *)&addr.sa, addr.len, why);
		if (!err) {
			sv->listeners++;
		} else if (err == ERR_NOT_FOUND && sv->conf->listen_default) {
			missing = err;
			err = 0;
		}
	}
	/* a machine without IPv6 is served without it */
	if (!err && !sv->listeners)
		err = missing;
	if (!err)
		buf_reset(why);
	return err;
}

static int start(struct server *sv, struct buf *why)
{
	static const struct timeval second = {.tv_sec = 1};
	struct why sentence = {.text = ""};
	struct room_port port;
	int err = 0;

	sv->base = event_base_new();
	sv->loop = loop_new(sv->base);
	if (sv->conf->tls_certificate[0])
		err = tls_new(&sv->tls, sv->conf->tls_certificate, sv->conf->tls_key, why);
	/* the ports first: a second server must not touch the first one's ledger */
	if (!err)
		err = listen_all(sv, why);
	if (!err)
		err = stund_new(&sv->stund, sv->loop, sv->conf, why);
	if (err)
		return err;

	err = house_new(&sv->house, sv->conf, sv->base, &sentence);
	if (!err) {
		sv->signaling = signaling_new(sv->loop, sv->house);
		signaling_port(sv->signaling, &port);
		err = house_load(sv->house, &port, PACKAGE_VERSION, &sentence);
	}
	if (err) {
		buf_puts(why, sentence.text);
		return err;
	}
	sv->api = api_new(sv->loop, sv->house, sv->signaling);
	sv->http = http_server_new(sv->loop, api_handle, sv->api, api_problem);
	http_server_set_common_headers(sv->http,
				       api_common_headers(conf_is_https(sv->conf)));

	sv->on_term = evsignal_new(sv->base, SIGTERM, on_stop, sv);
	sv->on_int = evsignal_new(sv->base, SIGINT, on_stop, sv);
	sv->on_hup = evsignal_new(sv->base, SIGHUP, on_reload, sv);
	sv->on_tick = event_new(sv->base, -1, EV_PERSIST, on_tick, sv);
	sv->on_ledger = event_new(sv->base, ledger_fd(sv->house->ledger),
				  EV_READ | EV_PERSIST, on_ledger, sv);
	event_add(sv->on_term, NULL);
	event_add(sv->on_int, NULL);
	event_add(sv->on_hup, NULL);
	event_add(sv->on_tick, &second);
	event_add(sv->on_ledger, NULL);
	return 0;
}

/* --- Going down ---------------------------------------------------------------------- */

static void free_event(struct event *ev)
{
	if (ev)
		event_free(ev);
}

static void finish(struct server *sv)
{
	while (sv->listeners)
		listener_free(sv->listener[--sv->listeners]);
	if (sv->house)
		sv->house->stopping = true;
	http_server_free(sv->http);
	api_free(sv->api);
	signaling_free(sv->signaling);
	house_free(sv->house);
	stund_free(sv->stund);
	free_event(sv->on_term);
	free_event(sv->on_int);
	free_event(sv->on_hup);
	free_event(sv->on_tick);
	free_event(sv->on_ledger);
	tls_free(sv->tls);
	/* the last connections that say goodbye end with the loop, and are still counted */
	loop_free(sv->loop);
	listener_gauge_free(sv->gauge);
	if (sv->base)
		event_base_free(sv->base);
}

int server_run(struct conf *conf, const char *path)
{
	struct server sv = {.conf = conf, .path = path, .status = EXIT_OK};
	struct buf why = BUF_INIT;
	int err = start(&sv, &why);

	if (err) {
		log_error("server not started: %s", why.len ? why.p : err_text(err));
		sv.status = EXIT_FAILED;
	} else {
		log_info("server started version=" PACKAGE_VERSION " url=%s",
			 conf->public_url);
		event_base_dispatch(sv.base);
		if (sv.status == EXIT_OK)
			house_stop(sv.house);
		log_info("server stopped");
	}
	finish(&sv);
	buf_fini(&why);
	return sv.status;
}
