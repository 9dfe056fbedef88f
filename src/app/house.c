#include "app/house.h"

#include <assert.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/issuers.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rnd.h"
#include "net/file.h"
#include "proto/factdata.h"

#define KEY_FILE "server.key"

/* Reads the server's key, or makes it: 32 random bytes that only we can read. */
static int load_key(uint8_t key[TOKEN_KEY_SIZE], const char *state_dir, struct why *why)
{
	struct buf path = BUF_INIT, data = BUF_INIT;
	int err;

	buf_printf(&path, "%s/" KEY_FILE, state_dir);
	err = file_read(&data, path.p, TOKEN_KEY_SIZE);
	if (err == ERR_NOT_FOUND) {
		rnd_bytes(key, TOKEN_KEY_SIZE);
		err = file_create_private(path.p, key, TOKEN_KEY_SIZE);
		if (err)
			why_set(why, err, "%s cannot be made: %s", path.p, err_text(err));
	} else if (err || data.len != TOKEN_KEY_SIZE) {
		err = why_set(why, err ? err : ERR_CORRUPT,
			      "%s is not the %d bytes it was made with; put back a copy, "
			      "or remove it and lose the links made so far",
			      path.p, TOKEN_KEY_SIZE);
	} else {
		memcpy(key, data.p, TOKEN_KEY_SIZE);
	}
	mem_wipe(data.p, data.len);
	buf_fini(&data);
	buf_fini(&path);
	return err;
}

/* What this turn of the loop has decided is one commit. */
static void on_turn_end(evutil_socket_t fd, short what, void *arg)
{
	struct house *h = arg;

	(void)fd;
	(void)what;
	ledger_write(h->ledger);
}

int house_new(struct house **out, const struct conf *conf, struct event_base *base,
	      struct issuers *issuers, struct why *why)
{
	struct house *h = mem_new(sizeof(*h));
	int err;

	h->conf = conf;
	h->issuers = issuers;
	h->metrics.since = clock_wall_ms();
	h->turn_ends = event_new(base, -1, 0, on_turn_end, h);
	err = ledger_open(&h->ledger, conf->state_dir, why);
	if (!err)
		err = load_key(h->key, conf->state_dir, why);
	if (err) {
		house_free(h);
		return err;
	}
	*out = h;
	return 0;
}

void house_shut(struct house *h)
{
	if (!h)
		return;
	/* what the ledger is done with may still ask the reader, and be refused */
	if (h->reader)
		reader_stop(h->reader);
	if (h->ledger)
		ledger_stop(h->ledger);
}

void house_free(struct house *h)
{
	if (!h)
		return;
	house_shut(h);
	reader_close(h->reader);
	event_free(h->turn_ends);
	ledger_close(h->ledger);
	meetings_free(h->meetings);
	keyset_free(h->keys);
	issuers_free(h->issuers);
	staffset_free(h->staff);
	sessionset_free(h->sessions);
	mem_wipe(h->key, sizeof(h->key));
	free(h);
}

static int replay(void *arg, const struct fact *f)
{
	struct house *h = arg;
	int err;

	h->replayed_at = f->at;
	if (strcmp(f->stream, "server") == 0) {
		h->server_version = f->version;
		h->was_running = f->kind != FACT_SERVER_STOPPED;
		return 0;
	}
	err = keyset_apply(h->keys, f);
	if (!err)
		err = staffset_apply(h->staff, f);
	return err ? err : meetings_apply(h->meetings, f);
}

uint64_t house_server_fact(struct house *h, enum fact_kind kind,
			   const struct factdata *d)
{
	struct fact f = {.kind = kind, .version = ++h->server_version};

	strcpy(f.stream, "server");
	strcpy(f.actor, "server");
	factdata_put(&f, d);
	return house_fact(h, &f);
}

uint64_t house_staff_fact(struct house *h, const char *name, enum fact_kind kind,
			  const struct factdata *d, const char *actor)
{
	struct fact f;
	uint64_t gate;
	int err = staffset_tell(&f, h->staff, clock_wall_ms(), name, kind, d, actor);

	assert(!err);
	gate = house_fact(h, &f);
	staffset_apply(h->staff, &f);
	return gate;
}

int house_load(struct house *h, const struct room_port *port, const char *version,
	       struct why *why)
{
	struct factdata d = {.host = false};
	int err;

	h->meetings = meetings_new(port, h->conf->public_url, h->conf->name);
	h->keys = keyset_new();
	h->staff = staffset_new();
	h->sessions = sessionset_new();
	why->text[0] = '\0';
	err = ledger_replay_live(h->ledger, replay, h, why);
	h->replayed_at = 0;
	if (err && !why->text[0])
		why_set(why, err, "a fact does not fit those before it: %s",
			err_text(err));
	if (!err) {
		err = ledger_start(h->ledger);
		if (err)
			why_set(why, err, "the ledger's thread cannot be started");
	}
	if (!err)
		err = reader_open(&h->reader, h->conf->state_dir, why);
	if (err)
		return err;
	gate_init(&h->gate, ledger_durable(h->ledger));
	h->loading = true;
	d.closed = (uint32_t)meetings_recover(h->meetings, house_now());
	if (h->was_running)
		house_server_fact(h, FACT_SERVER_RECOVERED, &d);
	strncpy(d.version, version, sizeof(d.version) - 1);
	house_server_fact(h, FACT_SERVER_STARTED, &d);
	h->loading = false;
	log_info("ledger opened facts=%llu meetings=%zu closed=%u",
		 (unsigned long long)ledger_last(h->ledger),
		 meetings_count(h->meetings), d.closed);
	return 0;
}

void house_stop(struct house *h)
{
	const struct factdata none = {.host = false};

	house_server_fact(h, FACT_SERVER_STOPPED, &none);
	house_shut(h);
}

/* While we load nobody is served yet, so the disk may be waited for: there can be more
 * stories to close than the queue takes. False when it does not move for a minute. */
static bool wait_for_ledger(struct house *h)
{
	struct pollfd fd = {.fd = ledger_fd(h->ledger), .events = POLLIN};

	ledger_write(h->ledger);
	if (ledger_broken(h->ledger) || poll(&fd, 1, 60000) <= 0)
		return false;
	ledger_clear(h->ledger);
	return true;
}

uint64_t house_fact(struct house *h, struct fact *f)
{
	uint64_t seq;

	/* behind all that this turn of the loop has still to serve */
	ledger_gather(h->ledger);
	event_active(h->turn_ends, EV_TIMEOUT, 0);
	seq = ledger_append(h->ledger, f);
	while (!seq && h->loading && wait_for_ledger(h))
		seq = ledger_append(h->ledger, f);
	if (!seq) {
		/*
		 * Memory has it and the log never will: the ledger is broken, or the
		 * disk has been refusing for so long that thousands of facts wait. End,
		 * and start anew from what is on disk. Calls go on without us.
		 */
		log_error("ledger %s, a fact is lost kind=%s: ending",
			  ledger_broken(h->ledger) ? "broken" : "full",
			  fact_kind_name(f->kind));
		exit(EXIT_FAILURE);
	}
	metrics_fact(&h->metrics, f, clock_mono_us());
	return seq;
}

bool house_ledger_moved(struct house *h)
{
	ledger_clear(h->ledger);
	metrics_durable(&h->metrics, ledger_durable(h->ledger), clock_mono_us());
	gate_open(&h->gate, ledger_durable(h->ledger));
	return !ledger_broken(h->ledger);
}

bool house_ready(const struct house *h)
{
	return ledger_writable(h->ledger) && !h->stopping && !h->draining;
}

struct instant house_now(void)
{
	const struct instant now = {clock_wall_ms(), clock_mono_ms()};

	return now;
}

static bool same(const char *a, size_t a_len, const char *b)
{
	return strlen(b) == a_len && memcmp(a, b, a_len) == 0;
}

/*
 * "http://host" where host is what the browser itself asked for, and one of the names
 * that only this machine has. Any other name in Host proves nothing: a foreign page
 * can have its own name point at us (DNS rebinding).
 */
static bool same_local_host(const char *origin, size_t len, const char *host,
			    size_t host_len)
{
	static const char scheme[] = "http://";
	static const char *const local[] = {"localhost", "127.0.0.1", "[::1]"};
	const size_t n = sizeof(scheme) - 1;
	size_t i;

	if (!host_len || len != n + host_len || memcmp(origin, scheme, n) != 0 ||
	    memcmp(origin + n, host, host_len) != 0)
		return false;
	for (i = 0; i < ARRAY_LEN(local); i++) {
		const size_t l = strlen(local[i]);

		if (host_len >= l && memcmp(host, local[i], l) == 0 &&
		    (host_len == l || host[l] == ':'))
			return true;
	}
	return false;
}

bool house_origin_is_ours(const struct house *h, const char *origin, size_t origin_len,
			  const char *host, size_t host_len)
{
	return origin && (same_local_host(origin, origin_len, host, host_len) ||
			  same(origin, origin_len, h->conf->public_url));
}

bool house_origin_ok(const struct house *h, const char *origin, size_t origin_len,
		     const char *host, size_t host_len)
{
	size_t i;

	if (!origin || house_origin_is_ours(h, origin, origin_len, host, host_len))
		return true;
	for (i = 0; i < h->conf->allowed_origins.count; i++) {
		if (same(origin, origin_len, h->conf->allowed_origins.item[i]))
			return true;
	}
	return false;
}
