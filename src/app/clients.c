#include "app/clients.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "proto/cidr.h"

struct clients {
	const struct conf *conf;
	struct cidr proxy[CONF_LIST_MAX];
	size_t proxies;
	struct addresses *addresses;
};

struct clients *clients_new(const struct conf *conf)
{
	struct clients *c = mem_new(sizeof(*c));
	size_t i;

	c->conf = conf;
	for (i = 0; i < conf->trusted_proxy.count; i++) {
		/* the configuration has been checked */
		if (cidr_parse(&c->proxy[c->proxies], conf->trusted_proxy.item[i]) == 0)
			c->proxies++;
	}
	c->addresses = addresses_new(ADDRESSES_MAX);
	return c;
}

void clients_free(struct clients *c)
{
	if (!c)
		return;
	addresses_free(c->addresses);
	free(c);
}

bool clients_are_hidden(const struct conf *conf)
{
	return conf_is_https(conf) && !*conf->tls_certificate && !conf->trusted_proxy.count;
}

static bool is_loopback(const struct turn_addr *a)
{
	static const uint8_t six[sizeof(a->ip)] = {[sizeof(a->ip) - 1] = 1};

	return a->family == 4 ? a->ip[12] == 127 : memcmp(a->ip, six, sizeof(six)) == 0;
}

void clients_find(struct client *out, const struct clients *c,
		  const struct http_request *rq)
{
	const struct sockaddr *peer = http_peer(rq);

	turn_addr_of(&out->addr, peer);
	out->addr.port = 0;
	out->proto = http_is_tls(rq) ? FORWARDED_HTTPS : FORWARDED_UNSAID;
	out->here = is_loopback(&out->addr);
	out->limited = !out->here;
	if (!forwarded_is_trusted(&out->addr, c->proxy, c->proxies))
		return;
	out->limited = true;
	forwarded_for(&out->addr, &rq->head, c->proxy, c->proxies);
	out->here = is_loopback(&out->addr);
	if (out->proto == FORWARDED_UNSAID)
		out->proto = forwarded_proto(&rq->head);
}

/* False where there is no limit. */
static bool rule_of(struct bucket_rule *out, const struct clients *c,
		    enum address_kind kind)
{
	switch (kind) {
	case ADDRESS_JOINS:
		*out = (struct bucket_rule){.per_second = 5, .burst = 60};
		return true;
	case ADDRESS_MISSES:
		*out = (struct bucket_rule){.per_second = 1, .burst = 2000};
		return true;
	case ADDRESS_CALLS:
	default:
		*out = (struct bucket_rule){.per_second = c->conf->call_rate,
					    .burst = c->conf->call_rate * 10};
		return c->conf->call_rate > 0;
	}
}

bool clients_take(struct clients *c, const struct client *who, enum address_kind kind)
{
	uint8_t key[TURN_ADDR_KEY_SIZE];
	struct bucket_rule rule;

	if (!who->limited || !rule_of(&rule, c, kind))
		return true;
	turn_addr_key(key, &who->addr);
	return addresses_take(c->addresses, key, sizeof(key), kind, &rule,
			      clock_mono_ms());
}

bool clients_may(const struct clients *c, const struct client *who,
		 enum address_kind kind)
{
	uint8_t key[TURN_ADDR_KEY_SIZE];
	struct bucket_rule rule;

	if (!who->limited || !rule_of(&rule, c, kind))
		return true;
	turn_addr_key(key, &who->addr);
	return addresses_has(c->addresses, key, sizeof(key), kind, &rule,
			     clock_mono_ms());
}

const struct cidr *clients_proxies(const struct clients *c, size_t *count)
{
	*count = c->proxies;
	return c->proxy;
}
