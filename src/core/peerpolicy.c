#include "core/peerpolicy.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

/* One range as text can be read next to the registry; the bytes are what is compared. */
struct range {
	uint8_t ip[16];
	uint8_t bits;
	const char *text;
};

/* IANA's special-purpose registry (RFC 6890), and multicast. */
static const struct range denied_v4[] = {
	{{0}, 8, "0.0.0.0/8"},
	{{10}, 8, "10.0.0.0/8"},
	{{100, 64}, 10, "100.64.0.0/10"},
	{{127}, 8, "127.0.0.0/8"},
	{{169, 254}, 16, "169.254.0.0/16"},
	{{172, 16}, 12, "172.16.0.0/12"},
	{{192, 0, 0}, 24, "192.0.0.0/24"},
	{{192, 0, 2}, 24, "192.0.2.0/24"},
	{{192, 88, 99}, 24, "192.88.99.0/24"},
	{{192, 168}, 16, "192.168.0.0/16"},
	{{198, 18}, 15, "198.18.0.0/15"},
	{{198, 51, 100}, 24, "198.51.100.0/24"},
	{{203, 0, 113}, 24, "203.0.113.0/24"},
	{{224}, 4, "224.0.0.0/4"},
	{{240}, 4, "240.0.0.0/4"},
};

/* 2001::/23 holds Teredo. What embeds an IPv4 address is in `embedding`. */
static const struct range denied_v6[] = {
	{{0}, 128, "::/128"},
	{{[15] = 1}, 128, "::1/128"},
	{{0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}, 48, "64:ff9b:1::/48"},
	{{0x01}, 64, "100::/64"},
	{{0x20, 0x01}, 23, "2001::/23"},
	{{0x20, 0x01, 0x0d, 0xb8}, 32, "2001:db8::/32"},
	{{0x3f, 0xff}, 20, "3fff::/20"},
	{{0x5f}, 16, "5f00::/16"},
	{{0xfc}, 7, "fc00::/7"},
	{{0xfe, 0x80}, 10, "fe80::/10"},
	{{0xfe, 0xc0}, 10, "fec0::/10"},
	{{0xff}, 8, "ff00::/8"},
};

/* Prefixes behind which four bytes are an IPv4 address. */
static const struct range embedding[] = {
	{{[10] = 0xff, 0xff}, 96, "::ffff:0:0/96"},
	{{[8] = 0xff, 0xff}, 96, "::ffff:0:0:0/96"},	/* translated, RFC 7915 */
	{{0}, 96, "::/96"},
	{{0x00, 0x64, 0xff, 0x9b}, 96, "64:ff9b::/96"},
	{{0x20, 0x02}, 16, "2002::/16"},
};

/* The one that holds it, or NULL. */
static const struct range *within(const struct range *range, size_t count,
				  const uint8_t *ip)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (cidr_prefix_equal(range[i].ip, ip, range[i].bits))
			return &range[i];
	}
	return NULL;
}

/* By one of at least so many bits. */
static bool held_by(const struct cidr *cidr, size_t count, const struct turn_addr *a,
		    unsigned bits)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (cidr[i].bits >= bits && cidr_holds(&cidr[i], a))
			return true;
	}
	return false;
}

/* --- Judging ----------------------------------------------------------------- */

bool peerpolicy_loopback(const struct turn_addr *a)
{
	static const uint8_t one[16] = {[15] = 1};

	return a->family == 4 ? turn_addr_v4_bytes(a)[0] == 127 :
				memcmp(a->ip, one, sizeof(one)) == 0;
}

static bool is_near(const struct turn_own *own, const struct turn_addr *a)
{
	return own->addr.family == a->family &&
	       cidr_prefix_equal(turn_addr_bytes(&own->addr), turn_addr_bytes(a), own->bits);
}

/* The first address of a v6 network is that of its routers, and ours if we forward for
 * others (RFC 4291 section 2.6.1). */
static bool is_anycast(const struct turn_own *own, const struct turn_addr *a)
{
	unsigned i;

	if (a->family != 6 || !is_near(own, a))
		return false;
	for (i = own->bits; i < 128; i++) {
		if (a->ip[i / 8] & 0x80 >> i % 8)
			return false;
	}
	return true;
}

static bool is_own(const struct peerpolicy *p, const struct turn_addr *a)
{
	size_t i;

	for (i = 0; i < p->own_count; i++) {
		if (turn_addr_same_ip(&p->own[i].addr, a) || is_anycast(&p->own[i], a))
			return true;
	}
	return false;
}

/* In a network that we stand in. */
static bool is_neighbour(const struct peerpolicy *p, const struct turn_addr *a)
{
	size_t i;

	for (i = 0; i < p->own_count; i++) {
		/* less is no network, but an interface that takes everything */
		if (p->own[i].bits >= (a->family == 4 ? 8 : 16) &&
		    is_near(&p->own[i], a))
			return true;
	}
	return false;
}

static const struct range *special(const struct turn_addr *a)
{
	return a->family == 4 ? within(denied_v4, ARRAY_LEN(denied_v4), turn_addr_bytes(a)) :
				within(denied_v6, ARRAY_LEN(denied_v6), a->ip);
}

enum peer_verdict peerpolicy_host(const struct peerpolicy *p, const struct turn_addr *a)
{
	const struct range *range = special(a);
	bool neighbour = is_neighbour(p, a);

	if (is_own(p, a))
		return PEER_OWN;
	if (p->conf.allow_loopback && peerpolicy_loopback(a))
		return PEER_ALLOWED;
	/*
	 * Before `allow`: whoever opens a network means its hosts, and not what some
	 * gateway makes of another network's. The v4 address inside need not be judged:
	 * allowed or not, this form of it is refused.
	 */
	if (a->family == 6 && within(embedding, ARRAY_LEN(embedding), a->ip))
		return PEER_FORBIDDEN;
	/* whoever opens 0.0.0.0/0 does not think of 127.0.0.53 and 169.254.169.254 */
	if (held_by(p->conf.allow, p->conf.allow_count, a, range ? range->bits : neighbour))
		return PEER_ALLOWED;
	if (range || neighbour || held_by(p->conf.deny, p->conf.deny_count, a, 0))
		return PEER_FORBIDDEN;
	return PEER_ALLOWED;
}

bool peerpolicy_port(const struct peerpolicy *p, uint16_t port)
{
	size_t i;

	for (i = 0; i < p->conf.deny_port_count; i++) {
		if (p->conf.deny_port[i] == port)
			return false;
	}
	return port != 0;
}

bool peerpolicy_client(const struct turn_addr *a)
{
	static const uint8_t teredo[] = {0x20, 0x01, 0, 0}, six_to_four[] = {0x20, 0x02};

	return a->family == 4 || (!cidr_prefix_equal(a->ip, teredo, 32) &&
				  !cidr_prefix_equal(a->ip, six_to_four, 16));
}

/* --- The table as text ------------------------------------------------------- */

static void put_cidrs(struct buf *out, const char *verb, const struct cidr *cidr,
		      size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		char host[TURN_ADDR_TEXT_SIZE];

		turn_addr_text(host, &cidr[i].net);
		buf_printf(out, "%s %s/%u\n", verb, host, cidr[i].bits);
	}
}

static void put_ranges(struct buf *out, const struct range *range, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		buf_printf(out, "deny %s\n", range[i].text);
}

void peerpolicy_text(const struct peerpolicy_conf *conf, struct buf *out)
{
	size_t i;

	if (conf->allow_loopback)
		buf_puts(out, "allow loopback (for tests)\n");
	put_ranges(out, embedding, ARRAY_LEN(embedding));
	put_cidrs(out, "allow", conf->allow, conf->allow_count);
	put_cidrs(out, "deny", conf->deny, conf->deny_count);
	buf_puts(out, "deny networks of own addresses\n");
	put_ranges(out, denied_v4, ARRAY_LEN(denied_v4));
	put_ranges(out, denied_v6, ARRAY_LEN(denied_v6));
	buf_puts(out, "deny port 0\n");
	for (i = 0; i < conf->deny_port_count; i++)
		buf_printf(out, "deny port %u\n", conf->deny_port[i]);
}
