#include "app/stund.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "net/udp.h"
#include "proto/stun.h"

struct stund {
	struct udp *socket[CONF_LIST_MAX];
	size_t count;
};

static size_t on_datagram(void *arg, const struct sockaddr *peer, const uint8_t *data,
			  size_t len, uint8_t *reply)
{
	ssize_t n = stun_answer_binding(reply, UDP_REPLY_MAX, data, len, peer);

	(void)arg;
	return n > 0 ? (size_t)n : 0;
}

int stund_new(struct stund **out, struct loop *l, const struct conf *conf,
	      struct buf *why)
{
	struct stund *d = mem_new(sizeof(*d));
	int err = 0, missing = 0;
	size_t i;

	for (i = 0; !err && i < conf->stun_listen.count; i++) {
		struct conf_addr addr;

		err = conf_addr(&addr, conf->stun_listen.item[i]);
		if (!err)
			err = udp_new(&d->socket[d->count], l,
				      (struct sockaddr *)&addr.sa, addr.len,
				      on_datagram, d, why);
		if (!err) {
			d->count++;
		} else if (err == ERR_NOT_FOUND && conf->stun_default) {
			missing = err;
			err = 0;
		}
	}
	/* a machine without IPv6 is served without it */
	if (!err && !d->count)
		err = missing;
	if (err) {
		stund_free(d);
		return err;
	}
	buf_reset(why);
	*out = d;
	return 0;
}

void stund_free(struct stund *d)
{
	if (!d)
		return;
	while (d->count)
		udp_free(d->socket[--d->count]);
	free(d);
}

void stund_put_ice_servers(struct buf *out, const struct conf *conf)
{
	struct conf_addr addr;

	if (!conf->stun_listen.count ||
	    conf_addr(&addr, conf->stun_listen.item[0]) != 0) {
		buf_puts(out, "[]");
		return;
	}
	/* a literal v6 address goes in brackets (RFC 7064) */
	buf_printf(out, strchr(conf->stun_host, ':') && conf->stun_host[0] != '[' ?
				"[{\"urls\":[\"stun:[%s]:%u\"]}]" :
				"[{\"urls\":[\"stun:%s:%u\"]}]",
		   conf->stun_host, conf_addr_port(&addr));
}
