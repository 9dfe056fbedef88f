#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/checkup.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/addr.h"
#include "net/dial.h"
#include "net/probe.h"

#define ANSWER_MAX 65536

/*
 * From here and not from a patient's network: some routers do not let a machine reach
 * itself by its public address, so silence is a doubt and no proof.
 */
#define FROM_HERE "from this machine; look at DNS, firewall and router, and try from outside"

/* The page in clear, as in a try-out. */
static void check_plain_page(struct checkup *c, const struct conf *conf,
			     const struct probe_address *at, const char *where)
{
	struct buf question = BUF_INIT, answer = BUF_INIT, why = BUF_INIT;

	buf_printf(&question, "GET /healthz HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
		   strstr(conf->public_url, "://") + 3);
	if (dial_ask(&answer, (const struct sockaddr *)&at->sa, at->len, &question,
		     ANSWER_MAX, &why) != 0)
		checkup_doubt(c, "page", "%s: %s", where, why.p);
	else if (strncmp(answer.p, "HTTP/1.1 200 ", 13) != 0)
		checkup_doubt(c, "page", "%s: somebody else answers there: %.*s", where,
			      (int)strcspn(answer.p, "\r\n"), answer.p);
	else
		checkup_good("page", "%s is this server", where);
	buf_fini(&question);
	buf_fini(&answer);
	buf_fini(&why);
}

/* The page through the public name: that it is we who answer shows the certificate. */
static void check_page(struct checkup *c, const struct conf *conf,
		       const struct probe_address *at, const char *where)
{
	if (probe_tcp(at) != 0) {
		checkup_doubt(c, "page", "%s is not reached " FROM_HERE, where);
	} else if (!conf_is_https(conf)) {
		check_plain_page(c, conf, at, where);
	} else if (!*conf->tls_certificate) {	/* a proxy's is not ours to judge */
		checkup_good("page", "%s answers", where);
	} else if (probe_tls(at, conf->tls_certificate) != 0) {
		checkup_doubt(c, "page", "%s shows another certificate than %s; is it an "
			      "old one, to be reloaded, or another server?", where,
			      conf->tls_certificate);
	} else {
		checkup_good("page", "%s is this server", where);
	}
}

static void check_stun(struct checkup *c, const struct probe_address *at,
		       const char *where, bool tcp)
{
	const char *way = tcp ? "TCP" : "UDP";

	if (probe_stun(at, tcp) == 0)
		checkup_good("relay", "%s answers by %s", where, way);
	else
		checkup_doubt(c, "relay", "%s does not answer by %s " FROM_HERE, where, way);
}

/* The host and port that browsers are told for one purpose. */
struct place {
	const char *what, *host;
	size_t len;
	uint16_t port;
};

/* Returns how many addresses it has; none is told. */
static int find(struct probe_address out[PROBE_ADDRESSES_MAX], struct checkup *c,
		const struct place *p)
{
	int n = probe_find(out, p->host, p->len, p->port);

	if (n <= 0)
		checkup_doubt(c, p->what, "the name %.*s has no address; patients cannot "
			      "find it either, unless they ask another DNS", (int)p->len,
			      p->host);
	return n;
}

static struct place page_place(const struct conf *conf)
{
	const char *p = strstr(conf->public_url, "://") + 3, *end;
	struct place place = {.what = "page", .host = p};

	if (*p == '[') {
		place.host = ++p;
		place.len = strcspn(p, "]");
		end = p + place.len + 1;
	} else {
		place.len = strcspn(p, ":");
		end = p + place.len;
	}
	place.port = (uint16_t)(*end == ':' ? strtoul(end + 1, NULL, 10) :
				conf_is_https(conf) ? 443 : 80);
	return place;
}

void checkup_reach(struct checkup *c, const struct conf *conf)
{
	struct probe_address at[PROBE_ADDRESSES_MAX];
	struct place page = page_place(conf), stun = {
		.what = "relay", .host = conf->stun_host, .len = strlen(conf->stun_host),
	};
	char where[ADDR_TEXT_SIZE];
	struct conf_addr addr;
	int i, n = find(at, c, &page);

	for (i = 0; i < n; i++) {
		addr_text_port(where, (struct sockaddr *)&at[i].sa);
		check_page(c, conf, &at[i], where);
	}
	if (!conf->stun_listen.count || conf_addr(&addr, conf->stun_listen.item[0]) != 0)
		return;
	stun.port = conf_addr_port(&addr);
	n = find(at, c, &stun);
	for (i = 0; i < n; i++) {
		addr_text_port(where, (struct sockaddr *)&at[i].sa);
		check_stun(c, &at[i], where, false);
		if (conf->relay)
			check_stun(c, &at[i], where, true);
	}
}
