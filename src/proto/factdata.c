#include "proto/factdata.h"

#include <assert.h>
#include <string.h>

#include "base/b64.h"
#include "base/err.h"
#include "base/hex.h"
#include "proto/factread.h"
#include "proto/json.h"

static const char *const reasons[] = {
	NULL,
#define X(symbol, name) name,
	FACTDATA_REASONS(X)
#undef X
};

static const char *const transports[] = {
	NULL,
#define X(symbol, name) name,
	FACTDATA_TRANSPORTS(X)
#undef X
};

static const char *const vias[] = {
	NULL,
#define X(symbol, name) name,
	FACTDATA_VIAS(X)
#undef X
};

const struct word factdata_roles[] = {
#define X(symbol, bit, name) {name, bit},
	FACTDATA_ROLES(X)
#undef X
	{NULL, 0},
};

/* Members, in the order in which canonical JSON has them. */
enum {
	HAS_AT = 1 << 0,
	HAS_BY = 1 << 1,
	HAS_CLOSED = 1 << 2,
	HAS_DISABLED = 1 << 3,		/* optional */
	HAS_EXPIRES_AT = 1 << 4,	/* optional in invitation.made */
	HAS_HASH = 1 << 5,
	HAS_ID = 1 << 6,
	HAS_KEPT = 1 << 7,
	HAS_LABEL = 1 << 8,
	HAS_PASSWORD = 1 << 9,		/* optional */
	HAS_PATH = 1 << 10,		/* optional */
	HAS_PEER = 1 << 11,
	HAS_REASON = 1 << 12,
	HAS_RESUMED = 1 << 13,		/* optional */
	HAS_ROLE = 1 << 14,
	HAS_ROLES = 1 << 15,		/* optional in staff.changed */
	HAS_SCOPES = 1 << 16,
	HAS_SEQ = 1 << 17,
	HAS_STATS = 1 << 18,		/* optional */
	HAS_TRANSPORT = 1 << 19,
	HAS_VERSION = 1 << 20,
	HAS_AMOUNT = 1 << 21,		/* bytesDown, bytesUp, seconds */
	HAS_VIA = 1 << 22,		/* optional */
	HAS_EVERYWHERE = 1 << 23,	/* optional */
	HAS_AGAIN = 1 << 24,		/* optional */
	HAS_OPENS_BEFORE = 1 << 25,
};

static unsigned int members_of(enum fact_kind kind)
{
	switch (kind) {
	case FACT_SERVER_STARTED:
		return HAS_VERSION;
	case FACT_SERVER_RECOVERED:
		return HAS_CLOSED;
	case FACT_MEETING_ENDED:
	case FACT_PERSONAL_ERASED:
	case FACT_STAFF_REFUSED:
		return HAS_REASON;
	case FACT_TOKEN_REFUSED:
		return HAS_REASON | HAS_VIA;
	case FACT_INVITATION_MADE:
		return HAS_EXPIRES_AT | HAS_ID | HAS_OPENS_BEFORE | HAS_ROLE;
	case FACT_INVITATION_USED:
		return HAS_AGAIN | HAS_BY | HAS_ID;
	case FACT_GUEST_WAITING:
		return HAS_ID | HAS_RESUMED;
	case FACT_GUEST_ADMITTED:
	case FACT_GUEST_DENIED:
	case FACT_PARTICIPANT_REMOVED:
		return HAS_BY | HAS_ID;
	case FACT_GUEST_GONE:
	case FACT_PARTICIPANT_LEFT:
		return HAS_ID | HAS_REASON;
	case FACT_PARTICIPANT_JOINED:
		return HAS_ID | HAS_ROLE;
	case FACT_INVITATION_REVOKED:
	case FACT_PARTICIPANT_AWAY:
	case FACT_PARTICIPANT_BACK:
		return HAS_ID;
	case FACT_ROOM_LOCKED:
	case FACT_ROOM_UNLOCKED:
		return HAS_BY;
	case FACT_CALL_CONNECTED:
	case FACT_CALL_VERIFIED:
	case FACT_CALL_UNVERIFIED:
	case FACT_CALL_REFUSED:
	case FACT_CALL_LOST:
		return HAS_ID | HAS_PATH | HAS_PEER;
	case FACT_CALL_SUMMARY:
		return HAS_ID | HAS_PATH | HAS_PEER | HAS_STATS;
	case FACT_RELAY_OPENED:
		return HAS_ID | HAS_TRANSPORT;
	case FACT_RELAY_CLOSED:
		return HAS_AMOUNT | HAS_ID | HAS_TRANSPORT;
	case FACT_STAFF_ADDED:
		return HAS_ROLES;
	case FACT_STAFF_CHANGED:
		return HAS_DISABLED | HAS_PASSWORD | HAS_ROLES;
	case FACT_STAFF_INVITED:
		return HAS_EXPIRES_AT;
	case FACT_STAFF_SIGNED_OUT:
		return HAS_EVERYWHERE;
	case FACT_KEY_MADE:
		return HAS_HASH | HAS_LABEL | HAS_SCOPES;
	case FACT_LOG_CHECKPOINT:
		return HAS_AT | HAS_HASH | HAS_KEPT | HAS_SEQ;
	default:
		return 0;
	}
}

/* What JSON numbers hold exactly (RFC 8259 section 6): 9 PB. */
#define AMOUNT_MAX ((INT64_C(1) << 53) - 1)

static int64_t amount(uint64_t bytes)
{
	return bytes < AMOUNT_MAX ? (int64_t)bytes : AMOUNT_MAX;
}

static void put_id(struct json_writer *w, const char *key, const char *id)
{
	assert(strlen(id) == SIGMSG_ID_LEN);
	json_put_text(w, key, id);
}

static void put_hash(struct json_writer *w, const char *key, const uint8_t *hash)
{
	char hex[2 * FACT_HASH_SIZE + 1];

	hex_encode(hex, hash, FACT_HASH_SIZE);
	json_put_text(w, key, hex);
}

static void put_words(struct json_writer *w, const char *key, const struct word *all,
		      unsigned int set)
{
	struct buf b = BUF_INIT;

	words_put(&b, all, set);
	assert(b.len);
	json_put_string(w, key, b.p, b.len);
	buf_fini(&b);
}

void factdata_put(struct fact *f, const struct factdata *d)
{
	const unsigned int has = members_of(f->kind);
	struct buf b = BUF_INIT;
	struct json_writer w;

	json_put_init_sorted(&w, &b);
	json_put_object(&w, NULL);
	if (has & HAS_AGAIN && d->again)
		json_put_bool(&w, "again", true);
	if (has & HAS_AT)
		json_put_time(&w, "at", d->at);
	if (has & HAS_BY)
		put_id(&w, "by", d->by);
	if (has & HAS_AMOUNT) {
		json_put_int(&w, "bytesDown", amount(d->bytes_down));
		json_put_int(&w, "bytesUp", amount(d->bytes_up));
	}
	if (has & HAS_CLOSED)
		json_put_int(&w, "closed", d->closed);
	if (has & HAS_DISABLED && d->has_disabled)
		json_put_bool(&w, "disabled", d->disabled);
	if (has & HAS_EVERYWHERE && d->everywhere)
		json_put_bool(&w, "everywhere", true);
	if (has & HAS_EXPIRES_AT &&
	    (d->expires_at || f->kind != FACT_INVITATION_MADE))
		json_put_time(&w, "expiresAt", d->expires_at);
	if (has & HAS_HASH)
		put_hash(&w, "hash", d->hash);
	if (has & HAS_ID)
		put_id(&w, "id", d->id);
	if (has & HAS_KEPT)
		put_hash(&w, "kept", d->kept);
	if (has & HAS_LABEL)
		json_put_text(&w, "label", d->label);
	if (has & HAS_OPENS_BEFORE)
		json_put_int(&w, "opensBefore", d->opens_before);
	if (has & HAS_PASSWORD && d->password)
		json_put_bool(&w, "password", true);
	if (has & HAS_PATH && d->path)
		json_put_text(&w, "path", sigmsg_path_name(d->path));
	if (has & HAS_PEER)
		put_id(&w, "peer", d->peer);
	if (has & HAS_REASON) {
		assert(d->reason);
		json_put_text(&w, "reason", reasons[d->reason]);
	}
	if (has & HAS_RESUMED && d->resumed)
		json_put_bool(&w, "resumed", true);
	if (has & HAS_ROLE)
		json_put_text(&w, "role", d->host ? "host" : "guest");
	if (has & HAS_ROLES && (d->roles || f->kind == FACT_STAFF_ADDED))
		put_words(&w, "roles", factdata_roles, d->roles);
	if (has & HAS_SCOPES)
		put_words(&w, "scopes", apikey_scopes, d->scopes);
	if (has & HAS_AMOUNT)
		json_put_int(&w, "seconds", d->seconds);
	if (has & HAS_SEQ)
		json_put_int(&w, "seq", amount(d->seq));
	if (has & HAS_STATS && d->stats_len)
		json_put_raw(&w, "stats", d->stats, d->stats_len);
	if (has & HAS_TRANSPORT) {
		assert(d->transport);
		json_put_text(&w, "transport", transports[d->transport]);
	}
	if (has & HAS_VERSION)
		json_put_text(&w, "version", d->version);
	if (has & HAS_VIA && d->via)
		json_put_text(&w, "via", vias[d->via]);
	json_put_end(&w);
	factread_keep(f->data, FACT_DATA_MAX, &f->data_len, &b);
}

static void read_id(struct factread *r, const char *key, char out[SIGMSG_ID_SIZE])
{
	size_t len = factread_text(r, key, out, SIGMSG_ID_SIZE, true);

	r->bad |= len != SIGMSG_ID_LEN || !b64_alphabet(out, len);
}

static enum factdata_reason read_reason(struct factread *r)
{
	char word[16];
	unsigned int i;

	factread_text(r, "reason", word, sizeof(word), true);
	for (i = 1; i < REASON_COUNT; i++)
		if (!r->bad && strcmp(reasons[i], word) == 0)
			return (enum factdata_reason)i;
	r->bad = true;
	return REASON_NONE;
}

static enum factdata_transport read_transport(struct factread *r)
{
	char word[8];
	unsigned int i;

	factread_text(r, "transport", word, sizeof(word), true);
	for (i = 1; i < TRANSPORT_COUNT; i++)
		if (!r->bad && strcmp(transports[i], word) == 0)
			return (enum factdata_transport)i;
	r->bad = true;
	return TRANSPORT_NONE;
}

static enum factdata_via read_via(struct factread *r)
{
	char word[8];
	unsigned int i;

	if (!factread_has(r, "via"))
		return VIA_NONE;
	factread_text(r, "via", word, sizeof(word), true);
	for (i = 1; i < VIA_COUNT; i++)
		if (!r->bad && strcmp(vias[i], word) == 0)
			return (enum factdata_via)i;
	r->bad = true;
	return VIA_NONE;
}

static enum sigmsg_path read_path(struct factread *r)
{
	enum sigmsg_path path;
	char word[16];
	size_t len = factread_text(r, "path", word, sizeof(word), false);

	path = sigmsg_path_of(word, len);
	r->bad |= len && path == SIGMSG_NO_PATH;
	return path;
}

static void read_stats(struct factread *r, struct factdata *out)
{
	const struct json_member *m = json_find(r->m, r->count, "stats");

	if (!m)
		return;
	if (m->kind != JSON_KIND_OBJECT || m->len > SIGMSG_STATS_MAX) {
		r->bad = true;
		return;
	}
	memcpy(out->stats, m->value, m->len);
	out->stats[m->len] = '\0';
	out->stats_len = m->len;
}

static void read_hash(struct factread *r, const char *key, uint8_t out[FACT_HASH_SIZE])
{
	char hex[2 * FACT_HASH_SIZE + 1];
	size_t len = factread_text(r, key, hex, sizeof(hex), true);

	r->bad |= hex_decode(out, FACT_HASH_SIZE, hex, len) != 0;
}

static unsigned int read_words(struct factread *r, const char *key,
			       const struct word *all)
{
	char text[64];
	size_t len = factread_text(r, key, text, sizeof(text), true);
	unsigned int set = 0;

	r->bad |= words_get(&set, all, text, len) != 0;
	return set;
}

static void read_roles(struct factread *r, struct factdata *out, enum fact_kind kind)
{
	if (kind == FACT_STAFF_ADDED || factread_has(r, "roles"))
		out->roles = read_words(r, "roles", factdata_roles);
}

static bool read_host(struct factread *r)
{
	char word[8];
	bool host;

	factread_text(r, "role", word, sizeof(word), true);
	host = !r->bad && strcmp(word, "host") == 0;
	r->bad |= !host && strcmp(word, "guest") != 0;
	return host;
}

int factdata_get(struct factdata *out, const struct fact *f)
{
	const unsigned int has = members_of(f->kind);
	struct factread r;

	memset(out, 0, sizeof(*out));
	factread_object(&r, f->data, f->data_len);
	if (has & HAS_AGAIN)
		out->again = factread_bool(&r, "again", false);
	if (has & HAS_AT)
		out->at = factread_time(&r, "at");
	if (has & HAS_BY)
		read_id(&r, "by", out->by);
	if (has & HAS_CLOSED)
		out->closed = (uint32_t)factread_int(&r, "closed", 0, UINT32_MAX);
	if (has & HAS_DISABLED) {
		out->has_disabled = factread_has(&r, "disabled");
		out->disabled = factread_bool(&r, "disabled", false);
	}
	if (has & HAS_EVERYWHERE)
		out->everywhere = factread_bool(&r, "everywhere", false);
	if (has & HAS_EXPIRES_AT &&
	    (factread_has(&r, "expiresAt") || f->kind != FACT_INVITATION_MADE))
		out->expires_at = factread_time(&r, "expiresAt");
	if (has & HAS_HASH)
		read_hash(&r, "hash", out->hash);
	if (has & HAS_ID)
		read_id(&r, "id", out->id);
	if (has & HAS_KEPT)
		read_hash(&r, "kept", out->kept);
	if (has & HAS_LABEL)
		r.bad |= !factread_text(&r, "label", out->label, sizeof(out->label),
					true);
	if (has & HAS_OPENS_BEFORE)
		out->opens_before = (uint32_t)factread_int(&r, "opensBefore", 0,
							   UINT32_MAX);
	if (has & HAS_PASSWORD)
		out->password = factread_bool(&r, "password", false);
	if (has & HAS_PATH)
		out->path = read_path(&r);
	if (has & HAS_PEER)
		read_id(&r, "peer", out->peer);
	if (has & HAS_REASON)
		out->reason = read_reason(&r);
	if (has & HAS_RESUMED)
		out->resumed = factread_bool(&r, "resumed", false);
	if (has & HAS_ROLE)
		out->host = read_host(&r);
	if (has & HAS_ROLES)
		read_roles(&r, out, f->kind);
	if (has & HAS_SCOPES)
		out->scopes = read_words(&r, "scopes", apikey_scopes);
	if (has & HAS_SEQ)
		out->seq = (uint64_t)factread_int(&r, "seq", 1, AMOUNT_MAX);
	if (has & HAS_AMOUNT) {
		out->bytes_down = (uint64_t)factread_int(&r, "bytesDown", 0, AMOUNT_MAX);
		out->bytes_up = (uint64_t)factread_int(&r, "bytesUp", 0, AMOUNT_MAX);
		out->seconds = (uint32_t)factread_int(&r, "seconds", 0, UINT32_MAX);
	}
	if (has & HAS_STATS)
		read_stats(&r, out);
	if (has & HAS_TRANSPORT)
		out->transport = read_transport(&r);
	if (has & HAS_VIA)
		out->via = read_via(&r);
	if (has & HAS_VERSION)
		factread_text(&r, "version", out->version, sizeof(out->version), true);
	return r.bad ? ERR_CORRUPT : 0;
}
