#include "app/relayconf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/addr.h"

#define LINE_LEN 160	/* a line of the log, about */

static bool is_wildcard(const struct turn_addr *a)
{
	static const uint8_t zeros[4];

	if (a->family == 4)
		return memcmp(turn_addr_v4_bytes(a), zeros, 4) == 0;
	for (size_t i = 0; i < sizeof(a->ip); i++) {
		if (a->ip[i])
			return false;
	}
	return true;
}

static bool is_loopback(const struct turn_addr *a)
{
	struct sockaddr_storage sa;

	turn_addr_sockaddr(&sa, a);
	return addr_is_loopback((struct sockaddr *)&sa);
}

/* How well an address of an interface serves as the relay's. */
static int rank(const struct turn_addr *a)
{
	static const struct peerpolicy plain;

	if (is_loopback(a))
		return 1;
	return peerpolicy_host(&plain, a) == PEER_ALLOWED ? 3 : 2;
}

static const struct turn_addr *best(const struct turn_own *own, size_t count, int family)
{
	const struct turn_addr *found = NULL;

	for (size_t i = 0; i < count; i++) {
		const struct turn_addr *a = &own[i].addr;

		if (a->family == family && (!found || rank(a) > rank(found)))
			found = a;
	}
	return found;
}

static bool is_own(const struct turn_own *own, size_t count, const struct turn_addr *a)
{
	for (size_t i = 0; i < count; i++) {
		if (turn_addr_same_ip(&own[i].addr, a))
			return true;
	}
	return false;
}

/* The best address of that family in a list of "address:port"; all are better than
 * loopback. */
static bool listened(struct turn_addr *out, const struct conf_list *list, int family)
{
	int best_rank = 0;

	for (size_t i = 0; i < list->count; i++) {
		struct conf_addr addr;
		struct turn_addr a;

		if (conf_addr(&addr, list->item[i]) != 0 ||
		    !turn_addr_of(&a, (struct sockaddr *)&addr.sa) ||
		    a.family != family || rank(&a) <= best_rank)
			continue;
		best_rank = rank(&a);
		*out = a;
		out->port = 0;
	}
	return best_rank > 0;
}

static bool chosen(struct turn_addr *out, const struct conf_list *list, int family)
{
	for (size_t i = 0; i < list->count; i++) {
		if (turn_addr_parse(out, list->item[i], 0) && out->family == family)
			return true;
	}
	return false;
}

/*
 * Where relay sockets are bound: the address that peers see if it is ours, else the one
 * we listen on, else the best of the interfaces. A family that we do not listen on has
 * no relay addresses.
 */
static void choose(struct turn_relay_addr *out, const struct conf *conf,
		   const struct turn_own *own, size_t count, int family)
{
	const struct turn_addr *found;
	struct turn_addr seen;

	memset(out, 0, sizeof(*out));
	if (!listened(&out->bind, &conf->stun_listen, family) &&
	    !listened(&out->bind, &conf->listen, family))
		return;
	out->on = true;
	if (is_wildcard(&out->bind)) {
		found = best(own, count, family);
		out->on = found != NULL;
		if (found)
			out->bind = *found;
	}
	out->advertise = out->bind;
	if (out->on && chosen(&seen, &conf->relay_address, family)) {
		out->advertise = seen;
		if (is_own(own, count, &seen))
			out->bind = seen;
	}
}

static int read_rules(struct cidr *out, size_t *count, const struct conf_list *list,
		      struct buf *why)
{
	for (size_t i = 0; i < list->count; i++) {
		if (i == PEERPOLICY_RULES_MAX || cidr_parse(&out[i], list->item[i]) != 0) {
			buf_printf(why, "%s is no network for the relay", list->item[i]);
			return ERR_MALFORMED;
		}
	}
	*count = list->count;
	return 0;
}

/* Whether loopback is opened by name, as for tests on one machine. */
static bool allows_loopback(const struct peerpolicy_conf *p)
{
	for (size_t i = 0; i < p->allow_count; i++) {
		if (peerpolicy_loopback(&p->allow[i].net))
			return true;
	}
	return false;
}

/* DNS, NTP, SNMP, LDAP, SSDP, memcached: no browser has its media there, and what they
 * answer is larger than what they are asked. */
static const uint16_t reflectors[] = {53, 123, 161, 389, 1900, 11211};

_Static_assert(ARRAY_LEN(reflectors) <= PEERPOLICY_PORTS_MAX, "all fit");

static bool is_loopback_only(const struct conf_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		struct conf_addr addr;

		if (conf_addr(&addr, list->item[i]) != 0 ||
		    !addr_is_loopback((struct sockaddr *)&addr.sa))
			return false;
	}
	return true;
}

/*
 * For tests and measurements: tools use channel numbers that RFC 8656 has given up, and
 * thousands of allocations from one address. No key of the configuration, for nobody
 * who serves patients wants it; and it works on loopback alone, so that it cannot have
 * been forgotten in an environment that serves them.
 */
static int lift_limits(struct turn_conf *c, const struct conf *conf, struct buf *why)
{
	if (!is_loopback_only(&conf->listen) || !is_loopback_only(&conf->stun_listen)) {
		buf_puts(why, "PARAVENT_RELAY_TEST takes the limits off the relay, for "
			 "tests on loopback; take it out of the environment, or let "
			 "listen and stun-listen be loopback");
		return ERR_FORBIDDEN;
	}
	c->rfc5766_channels = true;
	c->user_allocations = c->meeting_allocations = c->source_allocations = 65536;
	c->refusals_per_s = c->refusals_burst = c->refusals_all_per_s = 1000000;
	c->bytes_per_s = c->bytes_burst = 2000000000;
	c->port_rest_s = 1;
	log_warn("relay without limits, for tests: PARAVENT_RELAY_TEST is set");
	return 0;
}

int relayconf_build(struct turn_conf *out, const struct conf *conf,
		    const struct turn_own *own, size_t count, struct buf *why)
{
	int err;

	turn_conf_init(out);
	snprintf(out->realm, sizeof(out->realm), "%s", conf->stun_host);
	strcpy(out->software, "Paravent");
	choose(&out->v4, conf, own, count, 4);
	choose(&out->v6, conf, own, count, 6);
	if (!out->v4.on && !out->v6.on) {
		buf_puts(why, "the relay finds no address of this machine to use");
		return ERR_NOT_FOUND;
	}
	out->port_min = conf->relay_ports.min;
	out->port_max = conf->relay_ports.max;
	/* a clock that was set back meanwhile must not shut out what we made before */
	out->credential_max_s = 24 * RELAYCONF_CREDENTIAL_S;
	err = read_rules(out->peers.allow, &out->peers.allow_count,
			 &conf->relay_peer_allow, why);
	if (!err)
		err = read_rules(out->peers.deny, &out->peers.deny_count,
				 &conf->relay_peer_deny, why);
	out->peers.allow_loopback = allows_loopback(&out->peers);
	memcpy(out->peers.deny_port, reflectors, sizeof(reflectors));
	out->peers.deny_port_count = ARRAY_LEN(reflectors);
	if (!err && getenv("PARAVENT_RELAY_TEST"))
		err = lift_limits(out, conf, why);
	return err;
}

static void log_address(const struct turn_relay_addr *a, const struct turn_conf *conf)
{
	char text[ADDR_TEXT_SIZE];
	struct sockaddr_storage sa;

	if (!a->on)
		return;
	turn_addr_sockaddr(&sa, &a->advertise);
	addr_text(text, (struct sockaddr *)&sa);
	log_info("relay address=%s ports=%u-%u", text, conf->port_min, conf->port_max);
	if (rank(&a->advertise) == 2)
		log_warn("relay address=%s is reached from inside only; behind address "
			 "translation set relay-address", text);
}

/* The whole table, several rules a line. */
static void log_peers(const struct turn_conf *conf)
{
	struct buf table = BUF_INIT, line = BUF_INIT;
	char *rule, *rest;

	peerpolicy_text(&conf->peers, &table);
	for (rule = strtok_r(table.p, "\n", &rest); rule; rule = strtok_r(NULL, "\n", &rest)) {
		if (line.len > LINE_LEN) {
			log_info("relay peers %s", line.p);
			buf_reset(&line);
		}
		buf_printf(&line, "%s%s", line.len ? ", " : "", rule);
	}
	log_info("relay peers %s", line.p);
	buf_fini(&line);
	buf_fini(&table);
}

void relayconf_log(const struct turn_conf *conf)
{
	log_address(&conf->v4, conf);
	log_address(&conf->v6, conf);
	log_peers(conf);
}
