#include "app/server.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include <event2/event.h>

#include "app/admin.h"
#include "app/adminkeys.h"
#include "app/adminmeetings.h"
#include "app/adminrebuild.h"
#include "app/adminstaff.h"
#include "app/adminstatus.h"
#include "app/answer.h"
#include "app/api.h"
#include "app/clients.h"
#include "app/commands.h"
#include "app/eventstream.h"
#include "app/house.h"
#include "app/issuers.h"
#include "app/metricspage.h"
#include "app/nightcheck.h"
#include "app/pages.h"
#include "app/pulse.h"
#include "app/relay.h"
#include "app/retention.h"
#include "app/signaling.h"
#include "app/webhooks.h"
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
	struct listener *listener[2 * CONF_LIST_MAX];
	size_t listeners;
	struct relay *relay;
	struct clients *clients;
	struct house *house;
	struct signaling *signaling;
	struct retention *retention;
	struct eventstreams *streams;
	struct webhooks *webhooks;
	struct nightcheck *nightcheck;
	struct admin *admin;
	struct adminkeys *keys;
	struct doorkeeper *doorkeeper;
	struct adminstaff *staff;
	struct sessions *sessions;
	struct adminmeetings *made;
	struct adminrebuild *rebuild;
	struct adminstatus *status_page;
	struct metricspage *metrics;
	struct pulse *pulse;
	struct api *api;
	struct http_server *http;
	struct event *on_term, *on_int, *on_hup, *on_tick, *on_ledger, *on_reader;
	uint64_t drain_until;
	int status;
};

/* --- Going on ------------------------------------------------------------------------ */

static void drained(struct server *sv)
{
	if ((signaling_count(sv->signaling) || http_server_count(sv->http) ||
	     admin_count(sv->admin) || !webhooks_stopped(sv->webhooks)) &&
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
	if (house_ledger_moved(sv->house)) {
		webhooks_moved(sv->webhooks);
		return;
	}
	ledger_stats(sv->house->ledger, &stats);
	log_error("ledger broken: %s; ending, so that a new start reads what is on disk",
		  stats.error.text);
	sv->status = EXIT_FAILED;
	event_base_loopbreak(sv->base);
}

static void on_reader(evutil_socket_t fd, short what, void *arg)
{
	struct server *sv = arg;

	(void)fd;
	(void)what;
	reader_clear(sv->house->reader);
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
	pulse_stopping(sv->pulse);
	metricspage_drain(sv->metrics);
	relay_drain(sv->relay);
	webhooks_stop(sv->webhooks);
	eventstreams_drain(sv->streams);
	admin_drain(sv->admin);
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
	SWAP(embed_origin);
	SWAP(call_rate);
	/* to begin or end TLS needs a restart */
	if (now->tls_certificate[0] && next->tls_certificate[0]) {
		SWAP(tls_certificate);
		SWAP(tls_key);
	}
	SWAP(message_rate);
	SWAP(retain_personal_days);
	SWAP(retain_facts_days);
	SWAP(webhooks);
	SWAP(webhooks_count);
	SWAP(issuers);
	SWAP(issuers_count);
	SWAP(log_level);
#undef SWAP
}

static void reload_issuers(struct house *h)
{
	struct buf why = BUF_INIT;
	struct issuers *next;

	if (issuers_load(&next, h->conf, &why) != 0) {
		log_error("issuers not taken over, the old ones stay: %s", why.p);
	} else {
		issuers_free(h->issuers);
		h->issuers = next;
	}
	buf_fini(&why);
}

static void on_reload(evutil_socket_t fd, short what, void *arg)
{
	struct server *sv = arg;
	struct conf next = {.name = NULL};
	struct buf text = BUF_INIT;

	(void)fd;
	(void)what;
	pulse_reloading(sv->pulse);
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
	relay_reload(sv->relay);
	buf_reset(&text);
	if (webhooks_reload(sv->webhooks, &text) != 0)
		log_error("webhooks not taken over, the old ones stay: %s", text.p);
	reload_issuers(sv->house);
	log_init(sv->conf->log_level);
	log_info("server reloaded");
out:
	pulse_ready(sv->pulse);
	conf_fini(&next);
	buf_fini(&text);
}

/* --- Coming up ----------------------------------------------------------------------- */

static void on_http(void *arg, struct stream *s)
{
	struct server *sv = arg;

	http_server_adopt(sv->http, s);
}

/* Those who guess are counted, and everybody is. */
static void on_answer(void *arg, const struct http_request *rq, int status, uint64_t took)
{
	struct server *sv = arg;

	if (rq)
		api_answered(sv->api, rq, status);
	metrics_answered(&sv->house->metrics, rq, status, took);
}

static void on_stun(void *arg, struct stream *s)
{
	struct server *sv = arg;

	relay_adopt(sv->relay, s);
}

/* As many connections as the system gives us, less what we need ourselves: the relay a
 * socket for each of its ports, but not more than half. */
static size_t connections_max(const struct conf *conf)
{
	size_t ports = conf->relay ? (size_t)conf->relay_ports.max - conf->relay_ports.min : 0;
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) != 0)
		return 800;
	rl.rlim_cur = rl.rlim_max;
	setrlimit(RLIMIT_NOFILE, &rl);
	getrlimit(RLIMIT_NOFILE, &rl);
	if (rl.rlim_cur <= 400)
		return 200;
	rl.rlim_cur -= 200;
	return rl.rlim_cur - (ports < rl.rlim_cur / 2 ? ports : rl.rlim_cur / 2);
}

/* is_default: nobody chose the address, so a machine without IPv6 does without it. */
static int listen_one(struct server *sv, const char *where, bool is_default,
		      const struct listener_plan *plan, struct buf *why)
{
	struct conf_addr addr;
	int err = conf_addr(&addr, where);

	if (!err)
		err = listener_new(&sv->listener[sv->listeners], sv->loop, sv->gauge, plan,
				   (struct sockaddr *)&addr.sa, addr.len, why);
	if (!err)
		sv->listeners++;
	return err == ERR_NOT_FOUND && is_default ? 0 : err;
}

static bool is_listed(const struct conf_list *list, const char *where)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->item[i], where) == 0)
			return true;
	}
	return false;
}

static int listen_all(struct server *sv, struct buf *why)
{
	const struct conf *conf = sv->conf;
	struct listener_caps caps = {
		.connections = connections_max(conf),
		.per_address = conf->connections_per_address,
	};
	struct listener_plan plan = {
		.tls = sv->tls,
		.on_http = on_http,
		.on_stun = conf->relay ? on_stun : NULL,
		.arg = sv,
		.first_byte_ms = LISTENER_FIRST_BYTE_MS,
	};
	int err = 0;
	size_t i;

	caps.free = clients_proxies(sv->clients, &caps.free_count);
	sv->gauge = listener_gauge_new(&caps);
	for (i = 0; !err && i < conf->listen.count; i++)
		err = listen_one(sv, conf->listen.item[i], conf->listen_default, &plan, why);
	if (!err && !sv->listeners)
		err = ERR_NOT_FOUND;
	plan.tls = NULL;
	plan.on_http = NULL;
	for (i = 0; !err && conf->relay && i < conf->stun_listen.count; i++) {
		/* the page's own port takes what begins with STUN anyway */
		if (!is_listed(&conf->listen, conf->stun_listen.item[i]))
			err = listen_one(sv, conf->stun_listen.item[i], conf->stun_default,
					 &plan, why);
	}
	if (!err)
		buf_reset(why);
	return err;
}

/* From the beginning: who asks us to go while we start is heard when we have. */
static void hear_signals(struct server *sv)
{
	sv->on_term = evsignal_new(sv->base, SIGTERM, on_stop, sv);
	sv->on_int = evsignal_new(sv->base, SIGINT, on_stop, sv);
	sv->on_hup = evsignal_new(sv->base, SIGHUP, on_reload, sv);
	event_add(sv->on_term, NULL);
	event_add(sv->on_int, NULL);
	event_add(sv->on_hup, NULL);
}

static int start(struct server *sv, struct buf *why)
{
	static const struct timeval second = {.tv_sec = 1};
	struct why sentence = {.text = ""};
	struct issuers *issuers = NULL;
	struct metrics_sources sources;
	struct room_port port;
	int err = 0;

	sv->base = event_base_new();
	sv->loop = loop_new(sv->base);
	hear_signals(sv);
	sv->clients = clients_new(sv->conf);
	if (sv->conf->tls_certificate[0])
		err = tls_new(&sv->tls, sv->conf->tls_certificate, sv->conf->tls_key, why);
	/* the ports first: a second server must not touch the first one's ledger */
	if (!err)
		err = listen_all(sv, why);
	if (!err)
		err = relay_new(&sv->relay, sv->base, sv->conf, why);
	if (!err)
		err = webhooks_check_files(sv->conf, why);
	if (!err)
		err = issuers_load(&issuers, sv->conf, why);
	if (err)
		return err;

	err = house_new(&sv->house, sv->conf, sv->base, issuers, &sentence);
	if (!err) {
		sv->house->clients = sv->clients;
		relay_set_house(sv->relay, sv->house);
		sv->signaling = signaling_new(sv->loop, sv->house, sv->relay);
		signaling_port(sv->signaling, &port);
		err = house_load(sv->house, &port, PACKAGE_VERSION, &sentence);
	}
	if (err) {
		buf_puts(why, sentence.text);
		return err;
	}
	err = relay_start(sv->relay, why);
	if (err)
		return err;
	err = webhooks_new(&sv->webhooks, sv->loop, sv->house, sv->house->reader, why);
	if (err)
		return err;
	err = doorkeeper_new(&sv->doorkeeper, sv->loop, sv->house, &sentence);
	if (err) {
		buf_puts(why, sentence.text);
		return err;
	}
	sv->admin = admin_new(sv->loop);
	webhooks_serve_admin(sv->webhooks, sv->admin);
	sv->keys = adminkeys_new(sv->loop, sv->house, sv->admin);
	sv->staff = adminstaff_new(sv->loop, sv->house, sv->doorkeeper, sv->admin);
	sv->made = adminmeetings_new(sv->loop, sv->house, sv->admin);
	sv->rebuild = adminrebuild_new(sv->loop, sv->house, sv->admin);
	sources = (struct metrics_sources){
		.house = sv->house,
		.relay = sv->relay,
		.signaling = sv->signaling,
		.tls = sv->tls,
		.gauge = sv->gauge,
	};
	sv->status_page = adminstatus_new(&sources, sv->admin);
	err = metricspage_new(&sv->metrics, sv->loop, &sources, why);
	if (err)
		return err;
	err = admin_listen(sv->admin, sv->conf->state_dir, why);
	if (err)
		return err;
	err = nightcheck_new(&sv->nightcheck, sv->loop, sv->conf->state_dir, &sentence);
	if (err) {
		buf_puts(why, sentence.text);
		return err;
	}
	sv->retention = retention_new(sv->loop, sv->house, sv->webhooks);
	sv->streams = eventstreams_new(sv->loop, sv->house);
	sv->sessions = sessions_new(sv->loop, sv->house, sv->doorkeeper);
	sv->api = api_new(sv->loop, sv->house, sv->signaling, sv->retention, sv->streams,
			  sv->sessions);
	sv->http = http_server_new(sv->loop, api_handle, sv->api, reply_put_problem);
	http_server_set_common_headers(sv->http,
				       pages_common_headers(conf_is_https(sv->conf)));
	http_server_on_answer(sv->http, on_answer, sv);

	sv->on_tick = event_new(sv->base, -1, EV_PERSIST, on_tick, sv);
	sv->on_ledger = event_new(sv->base, ledger_fd(sv->house->ledger),
				  EV_READ | EV_PERSIST, on_ledger, sv);
	sv->on_reader = event_new(sv->base, reader_fd(sv->house->reader),
				  EV_READ | EV_PERSIST, on_reader, sv);
	event_add(sv->on_tick, &second);
	event_add(sv->on_ledger, NULL);
	event_add(sv->on_reader, NULL);
	webhooks_start(sv->webhooks);
	retention_start(sv->retention);
	sv->pulse = pulse_new(sv->base, sv->house);
	return 0;
}

/* --- Going down ---------------------------------------------------------------------- */

static void free_event(struct event *ev)
{
	if (ev)
		event_free(ev);
}

/* We are on our way out already, and in good order. */
static void mind_no_signals(struct server *sv)
{
	free_event(sv->on_term);
	free_event(sv->on_int);
	free_event(sv->on_hup);
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
}

static void finish(struct server *sv)
{
	mind_no_signals(sv);
	while (sv->listeners)
		listener_free(sv->listener[--sv->listeners]);
	if (sv->house)
		sv->house->stopping = true;
	http_server_free(sv->http);
	pulse_free(sv->pulse);
	metricspage_free(sv->metrics);
	/* whoever asked one of the threads hears of it while he is there */
	doorkeeper_stop(sv->doorkeeper);
	house_shut(sv->house);
	nightcheck_free(sv->nightcheck);
	admin_free(sv->admin);
	adminkeys_free(sv->keys);
	adminstaff_free(sv->staff);
	adminmeetings_free(sv->made);
	adminrebuild_free(sv->rebuild);
	adminstatus_free(sv->status_page);
	webhooks_free(sv->webhooks);
	eventstreams_free(sv->streams);
	retention_free(sv->retention);
	api_free(sv->api);
	sessions_free(sv->sessions);
	doorkeeper_free(sv->doorkeeper);
	signaling_free(sv->signaling);
	relay_free(sv->relay);
	house_free(sv->house);
	free_event(sv->on_tick);
	free_event(sv->on_ledger);
	free_event(sv->on_reader);
	tls_free(sv->tls);
	/* the last connections that say goodbye end with the loop, and are still counted */
	loop_free(sv->loop);
	listener_gauge_free(sv->gauge);
	clients_free(sv->clients);
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
		log_info("server started version=" PACKAGE_VERSION " url=%s access=%s",
			 conf->public_url, conf_access_name(conf->access));
		if (clients_are_hidden(conf))
			log_warn(CLIENTS_HIDDEN);
		event_base_dispatch(sv.base);
		relay_stop(sv.relay);
		if (sv.status == EXIT_OK)
			house_stop(sv.house);
		log_info("server stopped");
	}
	finish(&sv);
	buf_fini(&why);
	return sv.status;
}
