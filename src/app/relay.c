#include "app/relay.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "app/relayconf.h"
#include "app/relaysecret.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/ifaces.h"
#include "proto/factdata.h"
#include "proto/json.h"
#include "proto/relayid.h"
#include "proto/turncred.h"

struct relay {
	const struct conf *conf;
	struct house *house;
	struct carrier *carrier;
	struct turncred_secrets secrets;
	struct buf ice;
};

/* --- Facts ------------------------------------------------------------------------ */

/* A network test of one who waits is no part of the visit, and is counted only. */
static void on_event(void *arg, const struct turn_event *e)
{
	static const enum factdata_transport transports[] = {
		[TURN_UDP] = TRANSPORT_UDP,
		[TURN_TCP] = TRANSPORT_TCP,
		[TURN_TLS] = TRANSPORT_TLS,
	};
	struct relay *r = arg;
	struct factdata d = {
		.transport = transports[e->transport],
		.bytes_up = e->bytes_up,
		.bytes_down = e->bytes_down,
		.seconds = e->seconds,
	};
	char id[RELAYID_MEETING_LEN + 1];
	struct meeting *m;

	log_debug("relay %.6s %s transport=%s class=%s", e->id,
		  e->opened ? "opened" : "closed", turn_transport_name(e->transport),
		  e->weak ? "test" : "visit");
	if (e->weak || relayid_open(id, d.id, r->house->key, e->id, strlen(e->id)) != 0)
		return;
	m = meetings_find(r->house->meetings, id, strlen(id));
	if (m && ledger_writable(r->house->ledger))
		meetings_relayed(m, house_now(), e->opened ? FACT_RELAY_OPENED :
				 FACT_RELAY_CLOSED, &d);
}

/* --- Credentials ------------------------------------------------------------------- */

/* Where a browser reaches us: a host without brackets and a port. */
struct place {
	const char *host;
	size_t host_len;
	unsigned port;
};

static struct place stun_place(const struct conf *conf)
{
	struct place p = {conf->stun_host, strlen(conf->stun_host), 0};
	struct conf_addr addr;

	if (conf->stun_listen.count && conf_addr(&addr, conf->stun_listen.item[0]) == 0)
		p.port = conf_addr_port(&addr);
	return p;
}

/* public_url has been spelled by conf: "scheme://host[:port]". */
static struct place page_place(const struct conf *conf)
{
	const char *p = strstr(conf->public_url, "://") + 3, *end;
	struct place place = {.host = p};

	if (*p == '[') {
		place.host = ++p;
		end = strchr(p, ']');
		place.host_len = (size_t)(end++ - p);
	} else {
		end = p + strcspn(p, ":");
		place.host_len = (size_t)(end - p);
	}
	place.port = *end == ':' ? (unsigned)strtoul(end + 1, NULL, 10) :
		     conf_is_https(conf) ? 443 : 80;
	return place;
}

static void put_url(struct json_writer *w, const char *scheme, struct place p,
		    const char *transport)
{
	struct buf url = BUF_INIT;
	bool v6 = memchr(p.host, ':', p.host_len) != NULL;

	/* a literal v6 address goes in brackets (RFC 7064, RFC 7065) */
	buf_printf(&url, v6 ? "%s:[%.*s]:%u" : "%s:%.*s:%u", scheme, (int)p.host_len,
		   p.host, p.port);
	if (transport)
		buf_printf(&url, "?transport=%s", transport);
	json_put_string(w, NULL, url.p, url.len);
	buf_fini(&url);
}

static void put_stun(struct json_writer *w, const struct conf *conf)
{
	struct place p = stun_place(conf);

	if (!p.port)
		return;
	json_put_object(w, NULL);
	json_put_array(w, "urls");
	put_url(w, "stun", p, NULL);
	json_put_end(w);
	json_put_end(w);
}

/* Whether put_turn() has a URL to put: an entry without one makes browsers throw. */
static bool is_reachable(const struct conf *conf)
{
	return conf->stun_listen.count || *conf->tls_certificate || !conf_is_https(conf);
}

/*
 * Each costs the browser an allocation, so there are few: UDP, which is best; TCP; and
 * the page's own port, which gets through wherever the page did. Behind a proxy that is
 * not our port.
 */
static void put_turn(struct json_writer *w, const struct conf *conf, const char *username,
		     const char *password)
{
	struct place p = stun_place(conf);

	json_put_object(w, NULL);
	json_put_array(w, "urls");
	if (p.port) {
		put_url(w, "turn", p, "udp");
		put_url(w, "turn", p, "tcp");
	}
	if (*conf->tls_certificate)
		put_url(w, "turns", page_place(conf), "tcp");
	else if (!conf_is_https(conf))
		put_url(w, "turn", page_place(conf), "tcp");
	json_put_end(w);
	json_put_text(w, "username", username);
	json_put_text(w, "credential", password);
	json_put_end(w);
}

const char *relay_ice(struct relay *r, const struct seat *s, int64_t *expires_at)
{
	char username[TURNCRED_USERNAME_SIZE], password[TURNCRED_PASSWORD_SIZE];
	char id[RELAYID_LEN + 1];
	struct json_writer w;

	*expires_at = house_now().wall + RELAY_CREDENTIAL_MS;
	buf_reset(&r->ice);
	json_put_init(&w, &r->ice);
	json_put_array(&w, NULL);
	put_stun(&w, r->conf);
	if (r->conf->relay && is_reachable(r->conf)) {
		relayid_put(id, r->house->key, s->meeting->id, s->id,
			    s->state == SEAT_WAITING);
		/* an id of ours always fits */
		if (turncred_make(username, password, r->secrets.current,
				  (uint64_t)*expires_at / 1000, id) == 0)
			put_turn(&w, r->conf, username, password);
		mem_wipe(password, sizeof(password));
	}
	json_put_end(&w);
	return r->ice.p;
}

void relay_forget(struct relay *r, const struct seat *s)
{
	const struct house *h = r->house;
	char id[RELAYID_LEN + 1];

	/* in a replay: whatever the seat was given that long ago has expired */
	if (!r->conf->relay || (h->replayed_at && h->replayed_at + RELAY_CREDENTIAL_MS <
				house_now().wall))
		return;
	relayid_put(id, h->key, s->meeting->id, s->id, false);
	carrier_forget(r->carrier, id, RELAYID_OWNER_LEN);
}

/* --- Life ---------------------------------------------------------------------------- */

int relay_new(struct relay **out, struct event_base *base, const struct conf *conf,
	      struct buf *why)
{
	struct relay *r = mem_new(sizeof(*r));

	r->conf = conf;
	buf_init(&r->ice);
	r->carrier = carrier_new(base, on_event, r);
	for (size_t i = 0; i < conf->stun_listen.count; i++) {
		struct conf_addr addr;
		int err = conf_addr(&addr, conf->stun_listen.item[i]);

		if (!err)
			err = carrier_listen(r->carrier, (struct sockaddr *)&addr.sa,
					     addr.len, why);
		/* a machine without IPv6 does without what nobody chose */
		if (err == ERR_NOT_FOUND && conf->stun_default)
			err = 0;
		if (err) {
			relay_free(r);
			return err;
		}
	}
	*out = r;
	return 0;
}

void relay_free(struct relay *r)
{
	if (!r)
		return;
	carrier_free(r->carrier);
	mem_wipe(&r->secrets, sizeof(r->secrets));
	mem_wipe(r->ice.p, r->ice.len);
	buf_fini(&r->ice);
	free(r);
}

static int start_relay(struct relay *r, struct buf *why)
{
	struct turn_own own[PEERPOLICY_OWN_MAX];
	ssize_t count = ifaces_list(own, ARRAY_LEN(own));
	struct turn_conf *conf = mem_new(sizeof(*conf));
	int err;

	if (count > (ssize_t)ARRAY_LEN(own))
		count = ARRAY_LEN(own);
	err = relayconf_build(conf, r->conf, own, count < 0 ? 0 : (size_t)count, why);
	if (!err)
		err = relaysecret_load(&r->secrets, r->conf->state_dir, true, why);
	if (!err)
		err = carrier_start(r->carrier, conf, &r->secrets, why);
	if (!err)
		relayconf_log(conf);
	if (!err && !is_reachable(r->conf))
		log_warn("relay reached by nobody: stun-listen is empty, and behind a "
			 "proxy the port of the page is not ours");
	free(conf);
	return err;
}

void relay_set_house(struct relay *r, struct house *h)
{
	r->house = h;
}

int relay_start(struct relay *r, struct buf *why)
{
	if (r->conf->relay)
		return start_relay(r, why);
	return carrier_start(r->carrier, NULL, NULL, why);
}

void relay_stop(struct relay *r)
{
	struct carrier_counts n;

	carrier_counts(r->carrier, &n);
	log_info("relay stopped open=%llu opened=%llu up=%llu down=%llu refused=%llu "
		 "lost=%llu", (unsigned long long)n.turn[TURN_ALLOCATIONS],
		 (unsigned long long)n.turn[TURN_OPENED],
		 (unsigned long long)n.turn[TURN_PACKETS_UP],
		 (unsigned long long)n.turn[TURN_PACKETS_DOWN],
		 (unsigned long long)n.batch.refused, (unsigned long long)n.lost);
	carrier_stop(r->carrier);
}

void relay_drain(struct relay *r)
{
	carrier_drain(r->carrier);
}

void relay_reload(struct relay *r)
{
	struct buf why = BUF_INIT;

	if (!r->conf->relay)
		return;
	if (relaysecret_load(&r->secrets, r->conf->state_dir, false, &why) == 0)
		carrier_set_secrets(r->carrier, &r->secrets);
	else
		log_error("relay secrets not taken over, the old ones stay: %s", why.p);
	buf_fini(&why);
}

void relay_adopt(void *relay, struct stream *s)
{
	struct relay *r = relay;

	carrier_adopt(r->carrier, s);
}

void relay_counts(const struct relay *r, struct carrier_counts *out)
{
	carrier_counts(r->carrier, out);
}
