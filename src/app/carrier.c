#include "app/carrier.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/ifaces.h"
#include "net/relayconn.h"
#include "net/relaysock.h"
#include "net/udp.h"
#include "net/worker.h"
#include "proto/conf.h"
#include "proto/stun.h"

/* How long a connection may take to say something, and to get an allocation. */
#define SPEAK_MS 10000
#define ALLOCATE_MS 30000

/* Interfaces come and go; each has an address of ours that nobody may be relayed to. */
#define LOOK_AT_IFACES_TICKS 10

_Static_assert(TURN_HEADROOM <= BATCH_HEADROOM && TURN_TAILROOM <= BATCH_TAILROOM,
	       "what the rules frame fits a slot");

struct carrier {
	/* of the main thread */
	struct mailbox *home;
	carrier_event_fn *fn;
	void *arg;
	struct worker *worker;		/* NULL once stopped */

	/* of the worker, while it runs */
	struct batch *batch;
	struct relayconn_pool *pool;
	struct turn_server *ts;		/* NULL: STUN alone */
	struct udp *udp[CONF_LIST_MAX];
	size_t udps;
	struct list visitors;
	int64_t wall_ahead_ms;		/* of the monotonic clock */
	unsigned ticks;
	bool stale;			/* the interfaces are those of before */
	_Atomic uint64_t lost;		/* read by main */
	uint8_t reply[TURN_REPLY_MAX];
};

/* A client that came over TCP or TLS. */
struct visitor {
	struct list link;
	struct carrier *carrier;
	struct relayconn *conn;
	struct turn_tuple tuple;
	uint64_t since_ms;	/* when it came, or was last seen with an allocation */
	bool spoken, trusted;
	struct batch_late leaving;
	stream_gone_fn *gone;
	void *gone_arg;
	struct sockaddr_storage peer;
	struct letter letter;
};

/* --- Between the threads --------------------------------------------------------- */

struct news {
	struct letter letter;
	struct turn_event event;
	char id[];
};

static void read_news(void *arg, struct letter *l)
{
	struct carrier *c = arg;
	struct news *n = CONTAINER_OF(l, struct news, letter);

	c->fn(c->arg, &n->event);
	free(n);
}

static void read_gone(void *arg, struct letter *l)
{
	struct visitor *v = CONTAINER_OF(l, struct visitor, letter);

	(void)arg;
	if (v->gone)
		v->gone(v->gone_arg, (struct sockaddr *)&v->peer);
	free(v);
}

/* --- What the rules ask for -------------------------------------------------------- */

static void on_peer(void *arg, void *owner, const struct turn_addr *peer, uint8_t *data,
		    size_t len);

static int op_relay_open(void *arg, const struct turn_addr *local, void **sock)
{
	struct carrier *c = arg;
	struct relaysock *rs;
	int err = relaysock_open(&rs, worker_base(c->worker), c->batch, local, on_peer, c);

	if (!err)
		*sock = rs;
	return err;
}

static void op_relay_attach(void *arg, void *sock, struct allocation *owner)
{
	(void)arg;
	relaysock_attach(sock, owner);
}

static void op_relay_close(void *arg, void *sock)
{
	(void)arg;
	relaysock_close(sock);
}

static void op_stream_close(void *arg, void *via)
{
	struct carrier *c = arg;
	struct visitor *v = via;

	batch_at_end(c->batch, &v->leaving);
}

static void op_event(void *arg, const struct turn_event *e)
{
	struct carrier *c = arg;
	size_t len = strlen(e->id);
	struct news *n = mem_new(sizeof(*n) + len + 1);

	n->event = *e;
	memcpy(n->id, e->id, len + 1);
	n->event.id = n->id;
	mailbox_send(c->home, &n->letter, read_news);
}

static const struct turn_ops ops = {
	.relay_open = op_relay_open,
	.relay_attach = op_relay_attach,
	.relay_close = op_relay_close,
	.stream_close = op_stream_close,
	.event = op_event,
};

/* --- Packets ------------------------------------------------------------------------ */

static void answer(const struct turn_tuple *client, const uint8_t *p, size_t len)
{
	if (client->transport == TURN_UDP)
		udp_send_copy(client->via, &client->local, &client->client, p, len);
	else
		relayconn_answer(((struct visitor *)client->via)->conn, p, len);
}

static void deliver(const struct turn_tuple *client, const uint8_t *p, size_t len)
{
	if (client->transport == TURN_UDP)
		udp_send(client->via, &client->local, &client->client, p, len);
	else
		relayconn_data(((struct visitor *)client->via)->conn, p, len);
}

static void act(const struct turn_verdict *v)
{
	switch (v->action) {
	case TURN_DROP:
		break;
	case TURN_REPLY:
		answer(v->client, v->bytes, v->len);
		break;
	case TURN_RELAY:
		relaysock_send(v->sock, v->to, v->bytes, v->len, v->dont_fragment);
		break;
	case TURN_DELIVER:
		deliver(v->client, v->bytes, v->len);
		break;
	}
}

static void hear(struct carrier *c, const struct turn_tuple *client, uint8_t *data,
		 size_t len)
{
	uint64_t now = batch_now_ms(c->batch);
	struct turn_verdict verdict;

	turn_client_packet(c->ts, now, (int64_t)now + c->wall_ahead_ms, client, data, len,
			   c->reply, &verdict);
	act(&verdict);
}

static void answer_binding(struct carrier *c, const struct turn_tuple *client,
			   const uint8_t *data, size_t len)
{
	struct sockaddr_storage sa;
	ssize_t n;

	turn_addr_sockaddr(&sa, &client->client);
	n = stun_answer_binding(c->reply, sizeof(c->reply), data, len,
				(struct sockaddr *)&sa);
	if (n > 0)
		answer(client, c->reply, (size_t)n);
}

static void on_datagram(void *arg, struct udp *u, const struct turn_addr *peer,
			const struct turn_addr *local, uint8_t *data, size_t len)
{
	struct carrier *c = arg;
	const struct turn_tuple client = {
		.client = *peer,
		.local = *local,
		.transport = TURN_UDP,
		.via = u,
	};

	if (c->ts)
		hear(c, &client, data, len);
	else
		answer_binding(c, &client, data, len);
}

static void on_peer(void *arg, void *owner, const struct turn_addr *peer, uint8_t *data,
		    size_t len)
{
	struct carrier *c = arg;
	struct turn_verdict verdict;

	turn_peer_packet(c->ts, batch_now_ms(c->batch), owner, peer, data, len, &verdict);
	act(&verdict);
}

/* --- Connections --------------------------------------------------------------------- */

static void visitor_free(struct visitor *v)
{
	struct carrier *c = v->carrier;

	turn_stream_gone(c->ts, batch_now_ms(c->batch), &v->tuple);
	relayconn_free(v->conn);
	list_unlink(&v->link);
	list_unlink(&v->leaving.link);
	mailbox_send(c->home, &v->letter, read_gone);
}

static void on_message(void *arg, uint8_t *data, size_t len)
{
	struct visitor *v = arg;
	struct carrier *c = v->carrier;

	v->spoken = true;
	hear(c, &v->tuple, data, len);
	if (!v->trusted && turn_is_allocated(c->ts, batch_now_ms(c->batch), &v->tuple)) {
		v->trusted = true;
		relayconn_trust(v->conn);
	}
}

static void on_closed(void *arg)
{
	visitor_free(arg);
}

static void on_leaving(struct batch_late *late)
{
	visitor_free(CONTAINER_OF(late, struct visitor, leaving));
}

static const struct relayconn_events conn_events = {
	.on_message = on_message,
	.on_closed = on_closed,
};

struct handover {
	struct letter letter;
	struct stream_parts parts;
};

static void read_handover(void *arg, struct letter *l)
{
	struct handover *h = CONTAINER_OF(l, struct handover, letter);
	struct visitor *v = mem_new(sizeof(*v));
	struct carrier *c = arg;
	struct sockaddr_storage local;
	socklen_t len = sizeof(local);

	v->carrier = c;
	v->since_ms = batch_now_ms(c->batch);
	v->gone = h->parts.gone;
	v->gone_arg = h->parts.gone_arg;
	v->peer = h->parts.peer;
	v->leaving.fn = on_leaving;
	list_init(&v->leaving.link);
	list_init(&v->link);
	list_append(&c->visitors, &v->link);
	v->tuple.transport = h->parts.ssl ? TURN_TLS : TURN_TCP;
	v->tuple.via = v;
	turn_addr_of(&v->tuple.client, (struct sockaddr *)&h->parts.peer);
	/* where it is gone already it is closed in a moment, whatever its address was */
	if (getsockname(h->parts.fd, (struct sockaddr *)&local, &len) == 0)
		turn_addr_of(&v->tuple.local, (struct sockaddr *)&local);
	v->conn = relayconn_new(c->pool, &h->parts, &conn_events, v);
	free(h);
}

/* --- Time ------------------------------------------------------------------------------ */

static void look_at_visitors(struct carrier *c, uint64_t now)
{
	LIST_EACH_SAFE(it, &c->visitors) {
		struct visitor *v = CONTAINER_OF(it, struct visitor, link);

		if (turn_is_allocated(c->ts, now, &v->tuple))
			v->since_ms = now;
		else if (now - v->since_ms > (v->spoken ? ALLOCATE_MS : SPEAK_MS))
			visitor_free(v);
	}
}

static int look_at_ifaces(struct carrier *c)
{
	struct turn_own own[PEERPOLICY_OWN_MAX];
	ssize_t count = ifaces_list(own, ARRAY_LEN(own));

	if (count < 0)
		return (int)count;
	return turn_set_own(c->ts, own, (size_t)count);
}

/* Said once, not every time. */
static void look_at_ifaces_again(struct carrier *c)
{
	int err = look_at_ifaces(c);

	if (err && !c->stale)
		log_warn("relay interfaces not known again: %s; the addresses of before "
			 "hold", err_text(err));
	c->stale = err != 0;
}

static void look_at_clock(struct carrier *c)
{
	c->wall_ahead_ms = clock_wall_ms() - (int64_t)clock_mono_ms();
}

static void look_at_sockets(struct carrier *c)
{
	uint64_t lost = 0;

	for (size_t i = 0; i < c->udps; i++)
		lost += udp_lost(c->udp[i]);
	atomic_store_explicit(&c->lost, lost, memory_order_relaxed);
}

static void on_second(void *arg)
{
	struct carrier *c = arg;
	uint64_t now = batch_now_ms(c->batch);

	look_at_clock(c);
	look_at_sockets(c);
	if (!c->ts)
		return;
	turn_tick(c->ts, now);
	look_at_visitors(c, now);
	if (++c->ticks % LOOK_AT_IFACES_TICKS == 0)
		look_at_ifaces_again(c);
}

/* --- Letters from main ------------------------------------------------------------------ */

static void give_parts(void *arg, struct stream_parts *parts)
{
	struct carrier *c = arg;
	struct handover *h = mem_new(sizeof(*h));

	h->parts = *parts;
	worker_send(c->worker, &h->letter, read_handover);
}

void carrier_adopt(struct carrier *c, struct stream *s)
{
	stream_release(s, give_parts, c);
}

struct forgotten {
	struct letter letter;
	size_t len;
	char id[];
};

static void read_forgotten(void *arg, struct letter *l)
{
	struct forgotten *f = CONTAINER_OF(l, struct forgotten, letter);
	struct carrier *c = arg;

	if (c->ts)
		turn_forget(c->ts, batch_now_ms(c->batch), f->id, f->len);
	free(f);
}

void carrier_forget(struct carrier *c, const char *id, size_t len)
{
	struct forgotten *f;

	if (!c->worker)
		return;
	f = mem_new(sizeof(*f) + len);
	f->len = len;
	memcpy(f->id, id, len);
	worker_send(c->worker, &f->letter, read_forgotten);
}

struct rotation {
	struct letter letter;
	struct turncred_secrets secrets;
};

static void read_rotation(void *arg, struct letter *l)
{
	struct rotation *r = CONTAINER_OF(l, struct rotation, letter);
	struct carrier *c = arg;

	turn_set_secrets(c->ts, &r->secrets);
	mem_wipe(r, sizeof(*r));
	free(r);
}

void carrier_set_secrets(struct carrier *c, const struct turncred_secrets *secrets)
{
	struct rotation *r;

	if (!c->worker || !c->ts)
		return;
	r = mem_new(sizeof(*r));
	r->secrets = *secrets;
	worker_send(c->worker, &r->letter, read_rotation);
}

static void read_drain(void *arg, struct letter *l)
{
	struct carrier *c = arg;

	turn_drain(c->ts);
	free(l);
}

void carrier_drain(struct carrier *c)
{
	if (c->worker && c->ts)
		worker_send(c->worker, mem_new(sizeof(struct letter)), read_drain);
}

/* --- Life -------------------------------------------------------------------------------- */

struct carrier *carrier_new(struct event_base *base, carrier_event_fn *fn, void *arg)
{
	struct carrier *c = mem_new(sizeof(*c));

	c->fn = fn;
	c->arg = arg;
	c->home = mailbox_new(base, c);
	c->worker = worker_new(on_second, c);
	c->batch = batch_new(worker_base(c->worker));
	c->pool = relayconn_pool_new(worker_base(c->worker), c->batch);
	list_init(&c->visitors);
	return c;
}

void carrier_stop(struct carrier *c)
{
	if (!c->worker)
		return;
	worker_stop(c->worker);
	/* from here on everything is ours */
	while (!list_empty(&c->visitors))
		visitor_free(CONTAINER_OF(c->visitors.next, struct visitor, link));
	if (c->ts)
		turn_server_free(c->ts, clock_mono_ms());
	c->ts = NULL;
	while (c->udps)
		udp_free(c->udp[--c->udps]);
	relayconn_pool_free(c->pool);
	batch_free(c->batch);
	worker_free(c->worker);
	c->worker = NULL;
	mailbox_read(c->home);
}

void carrier_free(struct carrier *c)
{
	if (!c)
		return;
	carrier_stop(c);
	mailbox_free(c->home);
	free(c);
}

int carrier_listen(struct carrier *c, const struct sockaddr *sa, socklen_t sa_len,
		   struct buf *why)
{
	int err;

	if (c->udps == ARRAY_LEN(c->udp))
		return ERR_FULL;
	err = udp_new(&c->udp[c->udps], worker_base(c->worker), c->batch, sa, sa_len,
		      on_datagram, c, why);
	if (!err)
		c->udps++;
	return err;
}

int carrier_start(struct carrier *c, const struct turn_conf *conf,
		  const struct turncred_secrets *secrets, struct buf *why)
{
	int err = 0;

	look_at_clock(c);
	if (conf)
		err = turn_server_new(&c->ts, conf, secrets, &ops, c);
	if (err) {
		buf_puts(why, "the relay's settings do not hold together");
		return err;
	}
	if (c->ts)
		err = look_at_ifaces(c);
	if (err) {
		buf_puts(why, err == ERR_FULL ?
			 "this machine has more addresses than the relay can keep apart" :
			 "the relay may not ask for this machine's addresses (AF_NETLINK)");
		return err;
	}
	/* setsockopt() doubles what it is given */
	if (c->udps && udp_buffer(c->udp[0]) < 2 * UDP_BUFFER_WANTED)
		log_notice("relay buffer=%d wanted=%d: set net.core.rmem_max=%d",
			   udp_buffer(c->udp[0]), 2 * UDP_BUFFER_WANTED,
			   UDP_BUFFER_WANTED);
	err = worker_start(c->worker, "relay");
	if (err)
		buf_puts(why, "the relay's thread cannot be started");
	return err;
}

void carrier_counts(const struct carrier *c, struct carrier_counts *out)
{
	memset(out, 0, sizeof(*out));
	if (c->ts)
		turn_counts_read(c->ts, out->turn);
	if (c->worker)
		batch_counts(c->batch, &out->batch);
	out->lost = atomic_load_explicit(&c->lost, memory_order_relaxed);
}

uint16_t carrier_port(const struct carrier *c)
{
	return c->udps ? udp_port(c->udp[0]) : 0;
}
