#include "proto/conf.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <confuse.h>

#include "base/err.h"
#include "base/mem.h"
#include "proto/confscan.h"
#include "proto/utf8.h"

#define FILE_MAX (64 * 1024)
#define FILES_MAX 64

/* --- What each value must be -------------------------------------------------- */

/*
 * A check says what is wrong with a value and what to write instead, or NULL. Behind
 * the value's own name and quotation marks the sentence goes on: `"x" is no ...`.
 */
typedef const char *check_fn(const char *value);

static const char *const level_names[] = {
	[LOG_ERROR] = "error", [LOG_WARN] = "warning", [LOG_NOTICE] = "notice",
	[LOG_INFO] = "info",   [LOG_DEBUG] = "debug",
};

static int level_of(const char *name)
{
	size_t i;

	for (i = LOG_ERROR; i < ARRAY_LEN(level_names); i++) {
		if (strcmp(name, level_names[i]) == 0)
			return (int)i;
	}
	return ERR_UNKNOWN;
}

#define NUMBER_MAX 100000

/* Reads digits and nothing else, up to `max`; ERR_MALFORMED. */
static long number_of(const char *s, long max)
{
	long v = 0;

	if (!*s)
		return ERR_MALFORMED;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return ERR_MALFORMED;
		v = v * 10 + (*s - '0');
		if (v > max)
			return ERR_MALFORMED;
	}
	return v;
}

static const char *check_name(const char *value)
{
	size_t chars = 0;

	if (!utf8_is_valid(value, strlen(value)))
		return "is not UTF-8; save the file in that encoding";
	for (; *value; value++)
		chars += ((unsigned char)*value & 0xc0) != 0x80;
	return chars < 1 || chars > 80 ? "must have 1 to 80 characters" : NULL;
}

static const char *const access_names[] = {
	[CONF_ACCESS_OPEN] = "open", [CONF_ACCESS_STAFF] = "staff",
};

static const char *check_access(const char *value)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(access_names); i++) {
		if (strcmp(value, access_names[i]) == 0)
			return NULL;
	}
	return "is no kind of access; there are open and staff";
}

static const char *check_level(const char *value)
{
	return level_of(value) < 0 ? "is no log level; there are error, warning, "
				     "notice, info and debug"
				   : NULL;
}

static const char *check_number(const char *value)
{
	return number_of(value, NUMBER_MAX) < 0
		       ? "is no number from 0 (no limit) to 100000"
		       : NULL;
}

static const char *check_path(const char *value)
{
	return *value && *value != '/' ? "must be a whole path, from / on" : NULL;
}

static const char *check_state_dir(const char *value)
{
	return *value ? check_path(value) : "must name a folder";
}

static const char *check_addr(const char *value)
{
	struct conf_addr addr;

	return conf_addr(&addr, value) ? "is no address with a port; write it like "
					 "127.0.0.1:8080, 0.0.0.0:443 or [::]:443"
				       : NULL;
}

/* Letters, digits, dots and hyphens, or a v6 address, of which `len` are given. */
static bool host_is_valid(const char *s, size_t len)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr v6;
	size_t i;

	if (memchr(s, ':', len)) {
		if (len >= sizeof(text))
			return false;
		memcpy(text, s, len);
		text[len] = '\0';
		return inet_pton(AF_INET6, text, &v6) == 1;
	}
	for (i = 0; i < len; i++) {
		if (!isalnum((unsigned char)s[i]) && s[i] != '-' && s[i] != '.')
			return false;
		if (s[i] == '.' && (i == 0 || s[i - 1] == '.'))
			return false;
	}
	return len >= 1 && len <= 253;
}

static const char *check_switch(const char *value)
{
	return strcmp(value, "on") && strcmp(value, "off") ? "must be on or off" : NULL;
}

/* "49152-65535". The ports below 1024 are for others; a reserved pair needs two. */
static int range_of(struct conf_range *out, const char *s)
{
	char first[6];
	size_t len = strcspn(s, "-");
	long min, max;

	if (s[len] != '-' || len >= sizeof(first))
		return ERR_MALFORMED;
	memcpy(first, s, len);
	first[len] = '\0';
	min = number_of(first, UINT16_MAX);
	max = number_of(s + len + 1, UINT16_MAX);
	if (min < 1024 || max <= min)
		return ERR_MALFORMED;
	*out = (struct conf_range){(uint16_t)min, (uint16_t)max};
	return 0;
}

static const char *check_ports(const char *value)
{
	struct conf_range r;

	return range_of(&r, value) ? "is no range of ports; write it like 49152-65535, "
				     "from 1024 on" : NULL;
}

/* Reads "192.0.2.1" or "2001:db8::1", the first `len` characters; the bytes go to `ip`.
 * Returns how many there are, or ERR_MALFORMED. */
static int ip_of(uint8_t ip[16], const char *s, size_t len)
{
	char text[INET6_ADDRSTRLEN];

	if (len >= sizeof(text))
		return ERR_MALFORMED;
	memcpy(text, s, len);
	text[len] = '\0';
	if (inet_pton(AF_INET, text, ip) == 1)
		return 4;
	return inet_pton(AF_INET6, text, ip) == 1 ? 16 : ERR_MALFORMED;
}

static const char *check_ip(const char *value)
{
	uint8_t ip[16];

	return ip_of(ip, value, strlen(value)) < 0 ? "is no address; write it like "
						     "192.0.2.1, without a port" : NULL;
}

static const char *check_net(const char *value)
{
	size_t len = strcspn(value, "/");
	uint8_t ip[16];
	int bytes = ip_of(ip, value, len);
	long bits = bytes * 8, bit;

	if (bytes > 0 && value[len])
		bits = number_of(value + len + 1, bytes * 8);
	if (bytes < 0 || bits < 0)
		return "is no network; write it like 10.20.0.0/16 or 2001:db8:1::/48";
	for (bit = bits; bit < bytes * 8; bit++) {
		if (ip[bit / 8] & 0x80 >> bit % 8)
			return "has bits behind its prefix; write the network's first "
			       "address";
	}
	return NULL;
}

static const char *check_stun_host(const char *value)
{
	if (!*value || host_is_valid(value, strlen(value)))
		return NULL;
	return "is no host name or address; write it without a port, and names with "
	       "letters outside ASCII in their xn-- form";
}

/* The parts of "scheme://host[:port]", in place. */
struct origin {
	bool https;
	const char *host;	/* without brackets */
	size_t host_len;
	long port;		/* 0: the scheme's own */
};

static int origin_read(struct origin *o, const char *url)
{
	const char *p = url, *end;

	memset(o, 0, sizeof(*o));
	o->https = strncasecmp(p, "https://", 8) == 0;
	if (!o->https && strncasecmp(p, "http://", 7) != 0)
		return ERR_MALFORMED;
	p += o->https ? 8 : 7;
	if (*p == '[') {
		o->host = p + 1;
		end = strchr(p, ']');
		if (!end || !memchr(p, ':', (size_t)(end - p)))
			return ERR_MALFORMED;
		p = end + 1;
	} else {
		o->host = p;
		p = end = p + strcspn(p, ":/");
	}
	o->host_len = (size_t)(end - o->host);
	if (!host_is_valid(o->host, o->host_len))
		return ERR_MALFORMED;
	if (*p == ':') {
		char digits[6] = "";
		size_t len = strcspn(++p, "/");

		if (len >= sizeof(digits))
			return ERR_MALFORMED;
		memcpy(digits, p, len);
		o->port = number_of(digits, UINT16_MAX);
		if (o->port < 1)
			return ERR_MALFORMED;
		p += len;
	}
	return *p == '\0' || strcmp(p, "/") == 0 ? 0 : ERR_MALFORMED;
}

/* Whether browsers trust the host without https (W3C Secure Contexts, 3.1). */
static bool host_is_local(const struct origin *o)
{
	static const char name[] = "localhost";
	size_t len = sizeof(name) - 1;
	struct in_addr v4;
	char text[INET_ADDRSTRLEN];

	if (o->host_len >= len &&
	    strncasecmp(o->host + o->host_len - len, name, len) == 0)
		return o->host_len == len || o->host[o->host_len - len - 1] == '.';
	if (o->host_len == 3 && memcmp(o->host, "::1", 3) == 0)
		return true;
	if (o->host_len >= sizeof(text))
		return false;
	memcpy(text, o->host, o->host_len);
	text[o->host_len] = '\0';
	return inet_pton(AF_INET, text, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}

static const char *check_public_url(const char *value)
{
	struct origin o;

	if (!*value)
		return NULL;
	if (origin_read(&o, value) != 0)
		return "is no address of a site; write it like "
		       "https://visits.example.org, without a path";
	if (!o.https && !host_is_local(&o))
		return "must begin with https://, for browsers give camera and "
		       "microphone to no other page (but on localhost)";
	return NULL;
}

static const char *check_origin(const char *value)
{
	struct origin o;

	return origin_read(&o, value) ? "is no origin; write it like "
					"https://dashboard.example.org, without a path"
				      : NULL;
}

/* Spells an origin as browsers do (RFC 6454 section 6.2): lower case, no default
 * port. Gives the text. */
static char *origin_spelled(const char *url)
{
	struct buf b = BUF_INIT;
	struct origin o;
	size_t i;
	bool v6;

	if (origin_read(&o, url) != 0)
		return mem_copy("", 0);
	v6 = memchr(o.host, ':', o.host_len) != NULL;
	buf_puts(&b, o.https ? "https://" : "http://");
	if (v6)
		buf_putc(&b, '[');
	for (i = 0; i < o.host_len; i++)
		buf_putc(&b, (char)tolower((unsigned char)o.host[i]));
	if (v6)
		buf_putc(&b, ']');
	if (o.port && o.port != (o.https ? 443 : 80))
		buf_printf(&b, ":%ld", o.port);
	return buf_detach(&b);
}

/* --- The table of keys -------------------------------------------------------- */

enum kind { TEXT, ORIGIN, LIST, ORIGINS, ACCESS, LEVEL, NUMBER, SWITCH, PORTS };

struct key {
	const char *name;
	enum kind kind;
	bool at_start;		/* a change needs a restart */
	size_t offset;		/* of its member of struct conf */
	check_fn *check;
};

static const struct key keys[] = {
#define KEY(name, kind, at_start, member, check)                              \
	{name, kind, at_start, offsetof(struct conf, member), check}
	KEY("name", TEXT, true, name, check_name),
	KEY("public-url", ORIGIN, true, public_url, check_public_url),
	KEY("listen", LIST, true, listen, check_addr),
	KEY("tls-certificate", TEXT, false, tls_certificate, check_path),
	KEY("tls-key", TEXT, false, tls_key, check_path),
	KEY("stun-listen", LIST, true, stun_listen, check_addr),
	KEY("stun-host", TEXT, true, stun_host, check_stun_host),
	KEY("relay", SWITCH, true, relay, check_switch),
	KEY("relay-ports", PORTS, true, relay_ports, check_ports),
	KEY("relay-address", LIST, true, relay_address, check_ip),
	KEY("relay-peer-allow", LIST, true, relay_peer_allow, check_net),
	KEY("relay-peer-deny", LIST, true, relay_peer_deny, check_net),
	KEY("metrics-listen", LIST, true, metrics_listen, check_addr),
	KEY("access", ACCESS, true, access, check_access),
	KEY("allowed-origins", ORIGINS, false, allowed_origins, check_origin),
	KEY("embed-origin", ORIGINS, false, embed_origin, check_origin),
	KEY("trusted-proxy", LIST, true, trusted_proxy, check_net),
	KEY("call-rate", NUMBER, false, call_rate, check_number),
	KEY("connections-per-address", NUMBER, true, connections_per_address, check_number),
	KEY("message-rate", NUMBER, false, message_rate, check_number),
	KEY("retain-personal-days", NUMBER, false, retain_personal_days, check_number),
	KEY("retain-facts-days", NUMBER, false, retain_facts_days, check_number),
	KEY("state-dir", TEXT, true, state_dir, check_state_dir),
	KEY("log-level", LEVEL, false, log_level, check_level),
#undef KEY
};

static void *member(const struct conf *c, const struct key *key)
{
	return (char *)(uintptr_t)c + key->offset;
}

static bool is_list(const struct key *key)
{
	return key->kind == LIST || key->kind == ORIGINS;
}

static const struct key *key_find(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(keys); i++) {
		if (strlen(keys[i].name) == len && !memcmp(keys[i].name, name, len))
			return &keys[i];
	}
	return NULL;
}

/* How many letters are to be put, dropped or changed between two short words. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t row[32], i, j;

	for (j = 0; j <= b_len; j++)
		row[j] = j;
	for (i = 1; i <= a_len; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (j = 1; j <= b_len; j++) {
			size_t change = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] > row[j - 1])
				row[j] = row[j - 1];
			row[j] = row[j] + 1 < change ? row[j] + 1 : change;
		}
	}
	return row[b_len];
}

/* The i-th of the names that a place has, or NULL behind the last. */
typedef const char *names_fn(size_t i);

static const char *key_name(size_t i)
{
	return i < ARRAY_LEN(keys) ? keys[i].name : NULL;
}

/* The name that was probably meant, or NULL. */
static const char *close_to(names_fn *names, struct confscan_span word)
{
	const char *best = NULL, *name;
	size_t i, best_distance = word.len / 2 + 1, d;

	if (word.len > 24)
		return NULL;
	for (i = 0; (name = names(i)); i++) {
		d = distance(word.p, word.len, name, strlen(name));
		if (d < best_distance) {
			best = name;
			best_distance = d;
		}
	}
	return best;
}

/* --- Blocks --------------------------------------------------------------------- */

#define WEBHOOK "webhook"
#define ISSUER "issuer"

struct block_key {
	const char *name;
	bool is_list;
	check_fn *check;
};

enum { HOOK_URL, HOOK_SECRET_FILE, HOOK_CA_FILE, HOOK_KINDS, HOOK_ALLOW_PRIVATE };

static const struct block_key hook_keys[] = {
	[HOOK_URL] = {"url", false, hookconf_check_url},
	[HOOK_SECRET_FILE] = {"secret-file", false, check_path},
	[HOOK_CA_FILE] = {"ca-file", false, check_path},
	[HOOK_KINDS] = {"kinds", true, hookconf_check_kind},
	[HOOK_ALLOW_PRIVATE] = {"allow-private", false, check_switch},
};

static const char *hook_key_name(size_t i)
{
	return i < ARRAY_LEN(hook_keys) ? hook_keys[i].name : NULL;
}

enum {
	ISSUER_DIALECT, ISSUER_ALGORITHM, ISSUER_ISSUER, ISSUER_AUDIENCE, ISSUER_KEY_ID,
	ISSUER_SECRET_FILE, ISSUER_PUBLIC_KEY_FILE, ISSUER_INTERNAL_SECRET_FILE,
};

static const struct block_key issuer_keys[] = {
	[ISSUER_DIALECT] = {"dialect", false, jwtconf_check_dialect},
	[ISSUER_ALGORITHM] = {"algorithm", false, jwtconf_check_algorithm},
	[ISSUER_ISSUER] = {"issuer", false, jwtconf_check_claim},
	[ISSUER_AUDIENCE] = {"audience", false, jwtconf_check_claim},
	[ISSUER_KEY_ID] = {"key-id", false, jwtconf_check_key_id},
	[ISSUER_SECRET_FILE] = {"secret-file", false, check_path},
	[ISSUER_PUBLIC_KEY_FILE] = {"public-key-file", false, check_path},
	[ISSUER_INTERNAL_SECRET_FILE] = {"internal-secret-file", false, check_path},
};

static const char *issuer_key_name(size_t i)
{
	return i < ARRAY_LEN(issuer_keys) ? issuer_keys[i].name : NULL;
}

/* A block is `name "title" { its keys }`; each title once. */
static const struct block {
	const char *name;
	const char *key_of;	/* "key of a webhook" */
	const struct block_key *keys;
	size_t keys_count;
	names_fn *key_names;
} blocks[] = {
	{WEBHOOK, "key of a webhook", hook_keys, ARRAY_LEN(hook_keys), hook_key_name},
	{ISSUER, "key of an issuer", issuer_keys, ARRAY_LEN(issuer_keys),
	 issuer_key_name},
};

#define BLOCK_KEYS_MAX ARRAY_LEN(issuer_keys)

static const char *block_name(size_t i)
{
	return i < ARRAY_LEN(blocks) ? blocks[i].name : NULL;
}

static const struct block *block_find(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(blocks); i++) {
		if (strlen(blocks[i].name) == len && !memcmp(blocks[i].name, name, len))
			return &blocks[i];
	}
	return NULL;
}

static const struct block_key *block_key_find(const struct block *b, const char *name,
					      size_t len)
{
	for (size_t i = 0; i < b->keys_count; i++) {
		if (strlen(b->keys[i].name) == len && !memcmp(b->keys[i].name, name, len))
			return &b->keys[i];
	}
	return NULL;
}

/* --- Defaults ----------------------------------------------------------------- */

static void text_set(char **slot, const char *value)
{
	char *copy = mem_copy(value, strlen(value));

	free(*slot);
	*slot = copy;
}

static void list_clear(struct conf_list *l)
{
	while (l->count)
		free(l->item[--l->count]);
	free(l->item);
	l->item = NULL;
}

/* Takes `item`. */
static void list_add(struct conf_list *l, char *item)
{
	l->item = mem_resize(l->item, (l->count + 1) * sizeof(*l->item));
	l->item[l->count++] = item;
}

static char *default_state_dir(void)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	struct buf b = BUF_INIT;

	if (geteuid() == 0)
		buf_puts(&b, "/var/lib/paravent");
	else if (state && *state == '/')
		buf_printf(&b, "%s/paravent", state);
	else if (home && *home == '/')
		buf_printf(&b, "%s/.local/state/paravent", home);
	return buf_detach(&b);
}

/* What does not depend on anything else that was chosen. */
static void set_defaults(struct conf *c)
{
	size_t i;

	memset(c, 0, sizeof(*c));
	for (i = 0; i < ARRAY_LEN(keys); i++) {
		if (keys[i].kind == TEXT || keys[i].kind == ORIGIN)
			text_set(member(c, &keys[i]), "");
	}
	text_set(&c->name, "Paravent");
	free(c->state_dir);
	c->state_dir = default_state_dir();
	c->listen_default = c->stun_default = c->state_default = true;
	c->metrics_default = true;
	list_add(&c->listen, mem_copy("127.0.0.1:8080", 14));
	list_add(&c->listen, mem_copy("[::1]:8080", 10));
	list_add(&c->stun_listen, mem_copy("127.0.0.1:3478", 14));
	list_add(&c->stun_listen, mem_copy("[::1]:3478", 10));
	list_add(&c->metrics_listen, mem_copy("127.0.0.1:9464", 14));
	c->relay = true;
	c->relay_ports = (struct conf_range){49152, 65535};
	c->access_default = true;
	c->call_rate = 50;
	c->connections_per_address = 256;
	c->message_rate = 60;
	c->retain_personal_days = 90;
	c->log_level = LOG_INFO;
}

static bool is_loopback(const struct conf_addr *a)
{
	const struct sockaddr_in *sin = (const struct sockaddr_in *)&a->sa;
	const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)&a->sa;

	if (a->sa.ss_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&sin6->sin6_addr);
	return ntohl(sin->sin_addr.s_addr) >> 24 == 127;
}

/* Nobody can reach us but those who use this machine: a try-out. */
static bool is_private(const struct conf *c)
{
	struct conf_addr addr;
	struct origin o;
	size_t i;

	for (i = 0; i < c->listen.count; i++) {
		if (conf_addr(&addr, c->listen.item[i]) != 0 || !is_loopback(&addr))
			return false;
	}
	return origin_read(&o, c->public_url) == 0 && host_is_local(&o);
}

/* What follows from the rest where it was not chosen. */
static void derive(struct conf *c)
{
	struct buf b = BUF_INIT;
	struct conf_addr addr;
	struct origin o;

	if (!*c->public_url)
		c->url_follows = true;
	if (c->url_follows && c->listen.count &&
	    conf_addr(&addr, c->listen.item[0]) == 0) {
		buf_printf(&b, "http%s://localhost:%u", *c->tls_certificate ? "s" : "",
			   conf_addr_port(&addr));
		free(c->public_url);
		c->public_url = origin_spelled(b.p);
	}
	if (!*c->stun_host && origin_read(&o, c->public_url) == 0) {
		free(c->stun_host);
		c->stun_host = mem_copy(o.host, o.host_len);
	}
	if (c->access_default)
		c->access = is_private(c) ? CONF_ACCESS_OPEN : CONF_ACCESS_STAFF;
	buf_fini(&b);
}

void conf_set_listen(struct conf *c, const char *const *where, size_t count)
{
	size_t i;

	list_clear(&c->listen);
	c->listen_default = false;
	for (i = 0; i < count; i++)
		list_add(&c->listen, mem_copy(where[i], strlen(where[i])));
	derive(c);
}

void conf_fini(struct conf *c)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(keys); i++) {
		void *m = member(c, &keys[i]);

		if (is_list(&keys[i]))
			list_clear(m);
		else if (keys[i].kind == TEXT || keys[i].kind == ORIGIN)
			free(*(char **)m);
	}
	while (c->webhooks_count)
		hookconf_fini(&c->webhooks[--c->webhooks_count]);
	free(c->webhooks);
	while (c->issuers_count)
		jwtconf_fini(&c->issuers[--c->issuers_count]);
	free(c->issuers);
	memset(c, 0, sizeof(*c));
}

/* --- Reading ------------------------------------------------------------------ */

/*
 * Where the callbacks of libconfuse leave what they find: it hands them nothing of
 * ours. Set while one file is being read.
 */
static _Thread_local struct buf *complaints;

/* What one reading builds up: libconfuse's values, and where each was set last. */
struct reader {
	cfg_t *cfg;
	char *place[ARRAY_LEN(keys)];	/* "file:line"; NULL: nowhere */
};

static void on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	char text[256], *p;

	vsnprintf(text, sizeof(text), fmt, ap);
	/* it may quote a value in which "\n" was a line's end: one mistake, one line */
	for (p = text; *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	}
	buf_printf(complaints, "%s:%d: %s\n", cfg->filename, cfg->line, text);
}

static void complain(const char *where, unsigned line, const char *key,
		     const char *value, const char *sentence)
{
	buf_printf(complaints, "%s:%u: %s: \"%.80s\" %s\n", where, line, key, value,
		   sentence);
}

static bool has_control(const char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return true;
	}
	return false;
}

static void judge(const cfg_t *cfg, const cfg_opt_t *opt, const char *value,
		  check_fn *check)
{
	const char *sentence;

	if (has_control(value)) {
		buf_printf(complaints, "%s:%d: %s: the value has an unprintable "
			   "character\n", cfg->filename, cfg->line, opt->name);
	} else {
		sentence = check(value);
		if (sentence)
			complain(cfg->filename, (unsigned)cfg->line, opt->name, value,
				 sentence);
	}
}

/* Called once for each value; refusing is ours, so that the reading goes on. */
static int on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	judge(cfg, opt, value, key_find(opt->name, strlen(opt->name))->check);
	*(const char **)result = value;
	return 0;
}

static int on_block_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	const struct block *b = block_find(cfg->name, strlen(cfg->name));

	judge(cfg, opt, value, block_key_find(b, opt->name, strlen(opt->name))->check);
	*(const char **)result = value;
	return 0;
}

static void put_block_opts(cfg_opt_t *out, const struct block *b)
{
	cfg_opt_t end = CFG_END();
	size_t i;

	for (i = 0; i < b->keys_count; i++) {
		cfg_opt_t one = CFG_STR_CB(b->keys[i].name, NULL, CFGF_NODEFAULT,
					   on_block_value);
		cfg_opt_t list = CFG_STR_LIST_CB(b->keys[i].name, NULL, CFGF_NODEFAULT,
						 on_block_value);

		out[i] = b->keys[i].is_list ? list : one;
	}
	out[i] = end;
}

static void reader_init(struct reader *r)
{
	cfg_opt_t opts[ARRAY_LEN(keys) + ARRAY_LEN(blocks) + 1];
	cfg_opt_t in_block[ARRAY_LEN(blocks)][BLOCK_KEYS_MAX + 1];
	cfg_opt_t end = CFG_END();
	size_t i, k;

	memset(r, 0, sizeof(*r));
	for (i = 0; i < ARRAY_LEN(keys); i++) {
		cfg_opt_t one = CFG_STR_CB(keys[i].name, NULL, CFGF_NODEFAULT, on_value);
		cfg_opt_t list = CFG_STR_LIST_CB(keys[i].name, NULL, CFGF_NODEFAULT,
						 on_value);

		opts[i] = is_list(&keys[i]) ? list : one;
	}
	for (k = 0; k < ARRAY_LEN(blocks); k++) {
		put_block_opts(in_block[k], &blocks[k]);
		opts[i++] = (cfg_opt_t)CFG_SEC(blocks[k].name, in_block[k],
					       CFGF_MULTI | CFGF_TITLE);
	}
	opts[i] = end;
	r->cfg = cfg_init(opts, CFGF_NONE);
	if (!r->cfg)
		abort();	/* no memory */
	cfg_set_error_function(r->cfg, on_error);
}

static void reader_fini(struct reader *r)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(keys); i++)
		free(r->place[i]);
	cfg_free(r->cfg);
}

static void remember_place(struct reader *r, const struct key *key, const char *name,
			   unsigned line)
{
	struct buf b = BUF_INIT;

	buf_printf(&b, "%s:%u", name, line);
	free(r->place[key - keys]);
	r->place[key - keys] = buf_detach(&b);
}

/* "there is no key 'x'" */
static void complain_of_word(const char *name, unsigned line, const char *what,
			     struct confscan_span word, names_fn *names)
{
	const char *meant = close_to(names, word);

	buf_printf(complaints, "%s:%u: there is no %s '%.*s'", name, line, what,
		   word.len < 80 ? (int)word.len : 80, word.p);
	if (meant)
		buf_printf(complaints, "; did you mean '%s'?", meant);
	buf_putc(complaints, '\n');
}

/* Whether the block that opens here is one that libconfuse can read. */
static bool opens_well(const char *name, const struct confscan_item *item)
{
	const struct block *b = block_find(item->block.p, item->block.len);
	char *title;
	const char *sentence;

	if (!b) {
		complain_of_word(name, item->line, "block", item->block, block_name);
		return false;
	}
	title = mem_copy(item->title.p ? item->title.p : "", item->title.len);
	sentence = hookconf_check_name(title);
	if (sentence)
		complain(name, item->line, b->name, title, sentence);
	free(title);
	return !sentence;
}

/* Notes where a key was set. False when there is no such key. */
static bool note_key(struct reader *r, const char *name, const struct confscan_item *item)
{
	const struct block *b;
	const struct key *key;

	if (item->block.p) {
		b = block_find(item->block.p, item->block.len);
		/* what is wrong with the block has been told */
		if (!b || block_key_find(b, item->key.p, item->key.len))
			return true;
		complain_of_word(name, item->line, b->key_of, item->key, b->key_names);
		return false;
	}
	key = key_find(item->key.p, item->key.len);
	if (key)
		remember_place(r, key, name, item->line);
	else
		complain_of_word(name, item->line, "key", item->key, key_name);
	return key;
}

/* Reads one text over what was read. text: written to; complaints tell the rest. */
static void read_text(struct reader *r, const char *name, char *text, size_t len)
{
	cfg_t *cfg = r->cfg;
	struct confscan scan;
	struct confscan_item item;
	bool mistakes = false, unknown = false;
	size_t told;
	FILE *f;

	confscan_init(&scan, text, len);
	while (confscan_next(&scan, &item)) {
		if (item.mistake) {
			buf_printf(complaints, "%s:%u: %s\n", name, item.line,
				   item.mistake);
			mistakes = true;
		} else if (item.key.p) {
			unknown |= !note_key(r, name, &item);
		} else {
			mistakes |= !opens_well(name, &item);
		}
	}
	if (mistakes || !len)
		return;
	f = fmemopen(text, len, "r");
	if (!f)
		abort();	/* no memory */
	free(cfg->filename);
	cfg->filename = strdup(name);
	/* unknown keys have been told; without any, libconfuse is to be strict */
	cfg->flags = unknown ? CFGF_IGNORE_UNKNOWN : CFGF_NONE;
	told = complaints->len;
	if (cfg_parse_fp(cfg, f) != CFG_SUCCESS && complaints->len == told)
		buf_printf(complaints, "%s:%d: not understood\n", name, cfg->line);
	fclose(f);
}

static int read_file(struct reader *r, const char *path)
{
	char *text = mem_new(FILE_MAX + 1);
	FILE *f = fopen(path, "r");
	size_t len = 0;
	int err = 0;

	if (!f) {
		err = errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
		buf_printf(complaints, "%s: %s\n", path, strerror(errno));
	} else {
		len = fread(text, 1, FILE_MAX + 1, f);
		if (ferror(f)) {
			err = ERR_IO;
			buf_printf(complaints, "%s: %s\n", path, strerror(errno));
		} else if (len > FILE_MAX) {
			err = ERR_MALFORMED;
			buf_printf(complaints, "%s: larger than %d KiB\n", path,
				   FILE_MAX / 1024);
		}
		fclose(f);
	}
	if (!err)
		read_text(r, path, text, len);
	free(text);
	return err;
}

static int ends_in_conf(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return entry->d_name[0] != '.' && dot && strcmp(dot, ".conf") == 0;
}

/* By bytes, so that the order does not hang on somebody's locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_folder(struct reader *r, const char *path)
{
	char *copy = mem_copy(path, strlen(path));
	struct buf folder = BUF_INIT, file = BUF_INIT;
	struct dirent **entry = NULL;
	int i, n, err = 0;

	buf_printf(&folder, "%s/conf.d", dirname(copy));
	n = scandir(folder.p, &entry, ends_in_conf, by_name);
	if (n < 0 && errno != ENOENT) {
		err = ERR_IO;
		buf_printf(complaints, "%s: %s\n", folder.p, strerror(errno));
	} else if (n > FILES_MAX) {
		err = ERR_MALFORMED;
		buf_printf(complaints, "%s: more than %d files\n", folder.p, FILES_MAX);
	}
	for (i = 0; i < n; i++) {
		if (!err) {
			buf_reset(&file);
			buf_printf(&file, "%s/%s", folder.p, entry[i]->d_name);
			err = read_file(r, file.p);
		}
		free(entry[i]);
	}
	free(entry);
	free(copy);
	buf_fini(&file);
	buf_fini(&folder);
	return err;
}

/* Takes over what was chosen for one key. */
static void take(struct conf *c, const struct key *key, cfg_opt_t *opt)
{
	struct conf_list *list = member(c, key);
	const char *value = is_list(key) ? NULL : cfg_opt_getstr(opt);
	unsigned i;

	switch (key->kind) {
	case TEXT:
		text_set(member(c, key), value);
		break;
	case ORIGIN:
		free(*(char **)member(c, key));
		*(char **)member(c, key) = origin_spelled(value);
		break;
	case LIST:
	case ORIGINS:
		list_clear(list);
		for (i = 0; i < cfg_opt_size(opt); i++) {
			value = cfg_opt_getnstr(opt, i);
			list_add(list, key->kind == LIST ?
					       mem_copy(value, strlen(value)) :
					       origin_spelled(value));
		}
		break;
	case ACCESS:
		c->access = strcmp(value, access_names[CONF_ACCESS_OPEN]) == 0 ?
				    CONF_ACCESS_OPEN : CONF_ACCESS_STAFF;
		c->access_default = false;
		break;
	case LEVEL:
		c->log_level = (enum log_level)level_of(value);
		break;
	case NUMBER:
		*(unsigned *)member(c, key) = (unsigned)number_of(value, NUMBER_MAX);
		break;
	case SWITCH:
		*(bool *)member(c, key) = strcmp(value, "on") == 0;
		break;
	case PORTS:
		range_of(member(c, key), value);
		break;
	}
	if (list == &c->listen)
		c->listen_default = false;
	else if (list == &c->stun_listen)
		c->stun_default = false;
	else if (list == &c->metrics_listen)
		c->metrics_default = false;
	else if (member(c, key) == &c->state_dir)
		c->state_default = false;
}

static char *block_text(cfg_t *block, const struct block_key *key)
{
	const char *value = cfg_getstr(block, key->name);

	return mem_copy(value ? value : "", value ? strlen(value) : 0);
}

static void take_webhook(struct hookconf *out, cfg_t *block)
{
	const char *private = cfg_getstr(block, hook_keys[HOOK_ALLOW_PRIVATE].name);
	cfg_opt_t *kinds = cfg_getopt(block, hook_keys[HOOK_KINDS].name);
	const char *name = cfg_title(block);
	unsigned i, count = kinds->flags & CFGF_MODIFIED ? cfg_opt_size(kinds) : 0;

	*out = (struct hookconf){
		.name = mem_copy(name, strlen(name)),
		.url = block_text(block, &hook_keys[HOOK_URL]),
		.secret_file = block_text(block, &hook_keys[HOOK_SECRET_FILE]),
		.ca_file = block_text(block, &hook_keys[HOOK_CA_FILE]),
		.kinds = count ? mem_new(count * sizeof(*out->kinds)) : NULL,
		.kinds_count = count,
		.allow_private = private && strcmp(private, "on") == 0,
	};
	for (i = 0; i < count; i++) {
		const char *kind = cfg_opt_getnstr(kinds, i);

		out->kinds[i] = mem_copy(kind, strlen(kind));
	}
}

/* A later block of the same name has taken the place of the one before. */
static void take_webhooks(const struct reader *r, struct conf *c)
{
	unsigned i, count = cfg_size(r->cfg, WEBHOOK);

	if (count > CONF_WEBHOOKS_MAX) {
		buf_printf(complaints, "paravent: there are more than %d webhooks\n",
			   CONF_WEBHOOKS_MAX);
		return;
	}
	c->webhooks = count ? mem_new(count * sizeof(*c->webhooks)) : NULL;
	for (i = 0; i < count; i++) {
		cfg_t *block = cfg_getnsec(r->cfg, WEBHOOK, i);
		struct hookconf *h = &c->webhooks[c->webhooks_count++];
		const char *sentence;

		take_webhook(h, block);
		sentence = h->kinds_count > HOOKCONF_KINDS_MAX
				   ? "has more than 32 kinds"
				   : hookconf_check_together(h);
		if (sentence)
			buf_printf(complaints, "%s:%d: " WEBHOOK " \"%s\" %s\n",
				   block->filename, block->line, h->name, sentence);
	}
}

_Static_assert(HOOKCONF_KINDS_MAX == 32, "the sentence above says 32");

/* Dialect and algorithm are "" where they were not chosen. Returns what is wrong. */
static const char *take_issuer(struct jwtconf *out, cfg_t *block)
{
	const char *dialect = cfg_getstr(block, issuer_keys[ISSUER_DIALECT].name);
	const char *algorithm = cfg_getstr(block, issuer_keys[ISSUER_ALGORITHM].name);
	const char *name = cfg_title(block);

	*out = (struct jwtconf){
		.name = mem_copy(name, strlen(name)),
		.issuer = block_text(block, &issuer_keys[ISSUER_ISSUER]),
		.audience = block_text(block, &issuer_keys[ISSUER_AUDIENCE]),
		.key_id = block_text(block, &issuer_keys[ISSUER_KEY_ID]),
		.secret_file = block_text(block, &issuer_keys[ISSUER_SECRET_FILE]),
		.public_key_file = block_text(block, &issuer_keys[ISSUER_PUBLIC_KEY_FILE]),
		.internal_secret_file =
			block_text(block, &issuer_keys[ISSUER_INTERNAL_SECRET_FILE]),
	};
	if (!dialect)
		return "needs a dialect: native, jitsi or carepulse";
	if (!algorithm)
		return "needs an algorithm: HS256, RS256 or ES256";
	out->dialect = jwtconf_dialect_of(dialect);
	out->algorithm = jwtconf_algorithm_of(algorithm);
	return jwtconf_check_together(out);
}

static void take_issuers(const struct reader *r, struct conf *c)
{
	unsigned i, count = cfg_size(r->cfg, ISSUER), internal = 0;

	if (count > JWTCONF_MAX) {
		buf_printf(complaints, "paravent: there are more than %d issuers\n",
			   JWTCONF_MAX);
		return;
	}
	c->issuers = count ? mem_new(count * sizeof(*c->issuers)) : NULL;
	for (i = 0; i < count; i++) {
		cfg_t *block = cfg_getnsec(r->cfg, ISSUER, i);
		struct jwtconf *issuer = &c->issuers[c->issuers_count++];
		const char *sentence = take_issuer(issuer, block);

		/* who calls says which sessions are his by that secret alone */
		if (!sentence && *issuer->internal_secret_file && internal++)
			sentence = "has an internal-secret-file as another one has; "
				   "only one may";
		if (sentence)
			buf_printf(complaints, "%s:%d: " ISSUER " \"%s\" %s\n",
				   block->filename, block->line, issuer->name, sentence);
	}
}

/* "file:line: key: ", with the place where the key was set, if it was. */
static void complain_at(const struct reader *r, const char *name, const char *sentence)
{
	const struct key *key = key_find(name, strlen(name));
	const char *place = r->place[key - keys];

	buf_printf(complaints, "%s: %s: %s\n", place ? place : "paravent", name,
		   sentence);
}

/* Links to localhost would be of no use to those who reach us from elsewhere. */
static void check_reachable(const struct reader *r, const struct conf *c)
{
	struct conf_addr addr;
	size_t i;

	for (i = 0; !*c->public_url && i < c->listen.count; i++) {
		if (conf_addr(&addr, c->listen.item[i]) == 0 && !is_loopback(&addr)) {
			complain_at(r, "listen", "is open to others, so public-url is "
				    "needed: what patients open, like "
				    "https://visits.example.org");
			return;
		}
	}
}

/* Each family has one address that peers see. */
static void check_relay_address(const struct reader *r, const struct conf *c)
{
	size_t i, v6 = 0;

	for (i = 0; i < c->relay_address.count; i++)
		v6 += strchr(c->relay_address.item[i], ':') != NULL;
	if (v6 > 1 || c->relay_address.count - v6 > 1)
		complain_at(r, "relay-address", "may have one IPv4 and one IPv6 address");
}

/* What only shows when all is read: values that do not go together. */
static void check_together(const struct reader *r, const struct conf *c)
{
	size_t i;

	if (!c->listen.count)
		complain_at(r, "listen", "at least one address is needed");
	if (!*c->state_dir)
		complain_at(r, "state-dir", "there is no home folder to put it in; "
			    "set it");
	if (*c->tls_certificate && !*c->tls_key)
		complain_at(r, "tls-certificate", "is set and tls-key is not; set both "
			    "or none");
	if (*c->tls_key && !*c->tls_certificate)
		complain_at(r, "tls-key", "is set and tls-certificate is not; set both "
			    "or none");
	if (*c->tls_certificate && !conf_is_https(c))
		complain_at(r, "public-url", "must begin with https://, for there is a "
			    "tls-certificate");
	check_relay_address(r, c);
	for (i = 0; i < ARRAY_LEN(keys); i++) {
		const struct conf_list *l = member(c, &keys[i]);

		if (is_list(&keys[i]) && l->count > CONF_LIST_MAX)
			complain_at(r, keys[i].name, "has more than 32 values");
	}
}

_Static_assert(CONF_LIST_MAX == 32, "the sentence above says 32");

/* From what was read to a struct conf. */
static int reader_end(const struct reader *r, struct conf *c, int err)
{
	struct conf draft;
	size_t i;

	set_defaults(&draft);
	for (i = 0; !complaints->len && i < ARRAY_LEN(keys); i++) {
		cfg_opt_t *opt = cfg_getopt(r->cfg, keys[i].name);

		if (opt->flags & CFGF_MODIFIED)
			take(&draft, &keys[i], opt);
	}
	if (!complaints->len) {
		take_webhooks(r, &draft);
		take_issuers(r, &draft);
	}
	if (!complaints->len)
		check_reachable(r, &draft);
	derive(&draft);
	if (!complaints->len)
		check_together(r, &draft);
	if (!err && complaints->len)
		err = ERR_MALFORMED;
	if (err)
		conf_fini(&draft);
	else
		*c = draft;
	return err;
}

/* Runs one reading; what went wrong is appended to `errors`. */
static int load(struct conf *c, const char *name, const char *text, size_t len,
		struct buf *errors)
{
	struct buf found = BUF_INIT;
	struct reader r;
	char *copy;
	int err = 0;

	complaints = &found;
	reader_init(&r);
	if (text) {
		copy = mem_copy(text, len);
		read_text(&r, name, copy, len);
		free(copy);
	} else if (name) {
		err = read_file(&r, name);
		if (!err)
			err = read_folder(&r, name);
	}
	err = reader_end(&r, c, err);
	reader_fini(&r);
	complaints = NULL;
	buf_put(errors, found.p, found.len);
	buf_fini(&found);
	return err;
}

int conf_load(struct conf *c, const char *path, struct buf *errors)
{
	return load(c, path, NULL, 0, errors);
}

int conf_parse(struct conf *c, const char *name, const char *text, size_t len,
	       struct buf *errors)
{
	return load(c, name, text, len, errors);
}

/* --- Writing and comparing ---------------------------------------------------- */

static void put_quoted(struct buf *out, const char *value)
{
	buf_putc(out, '"');
	for (; *value; value++) {
		if (strchr("\"\\$", *value))
			buf_putc(out, '\\');
		buf_putc(out, *value);
	}
	buf_putc(out, '"');
}

static void put_value(struct buf *out, const struct conf *c, const struct key *key)
{
	const struct conf_list *l = member(c, key);
	size_t i;

	switch (key->kind) {
	case TEXT:
	case ORIGIN:
		put_quoted(out, *(char **)member(c, key));
		break;
	case LIST:
	case ORIGINS:
		buf_putc(out, '{');
		for (i = 0; i < l->count; i++) {
			buf_puts(out, i ? ", " : "");
			put_quoted(out, l->item[i]);
		}
		buf_putc(out, '}');
		break;
	case ACCESS:
		buf_puts(out, access_names[c->access]);
		break;
	case LEVEL:
		buf_puts(out, level_names[c->log_level]);
		break;
	case NUMBER:
		buf_printf(out, "%u", *(unsigned *)member(c, key));
		break;
	case SWITCH:
		buf_puts(out, *(const bool *)member(c, key) ? "on" : "off");
		break;
	case PORTS:
		buf_printf(out, "%u-%u", ((const struct conf_range *)l)->min,
			   ((const struct conf_range *)l)->max);
		break;
	}
}

static void put_webhook(struct buf *out, const struct hookconf *h)
{
	size_t i;

	buf_printf(out, WEBHOOK " \"%s\" {\n\turl = ", h->name);
	put_quoted(out, h->url);
	buf_puts(out, "\n\tsecret-file = ");
	put_quoted(out, h->secret_file);
	buf_puts(out, "\n\tca-file = ");
	put_quoted(out, h->ca_file);
	buf_puts(out, "\n\tkinds = {");
	for (i = 0; i < h->kinds_count; i++) {
		buf_puts(out, i ? ", " : "");
		put_quoted(out, h->kinds[i]);
	}
	buf_printf(out, "}\n\tallow-private = %s\n}\n", h->allow_private ? "on" : "off");
}

/* One line of a block; what is empty was not chosen. */
static void put_chosen(struct buf *out, const struct block_key *key, const char *value)
{
	if (!*value)
		return;
	buf_printf(out, "\t%s = ", key->name);
	put_quoted(out, value);
	buf_putc(out, '\n');
}

static void put_issuer(struct buf *out, const struct jwtconf *c)
{
	buf_printf(out, ISSUER " \"%s\" {\n\tdialect = %s\n\talgorithm = %s\n", c->name,
		   jwtconf_dialect_name(c->dialect),
		   jwtconf_algorithm_name(c->algorithm));
	put_chosen(out, &issuer_keys[ISSUER_ISSUER], c->issuer);
	put_chosen(out, &issuer_keys[ISSUER_AUDIENCE], c->audience);
	put_chosen(out, &issuer_keys[ISSUER_KEY_ID], c->key_id);
	put_chosen(out, &issuer_keys[ISSUER_SECRET_FILE], c->secret_file);
	put_chosen(out, &issuer_keys[ISSUER_PUBLIC_KEY_FILE], c->public_key_file);
	put_chosen(out, &issuer_keys[ISSUER_INTERNAL_SECRET_FILE],
		   c->internal_secret_file);
	buf_puts(out, "}\n");
}

void conf_print(const struct conf *c, struct buf *out)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(keys); i++) {
		buf_printf(out, "%s = ", keys[i].name);
		put_value(out, c, &keys[i]);
		buf_putc(out, '\n');
	}
	for (i = 0; i < c->webhooks_count; i++)
		put_webhook(out, &c->webhooks[i]);
	for (i = 0; i < c->issuers_count; i++)
		put_issuer(out, &c->issuers[i]);
}

static bool differ(const struct conf *a, const struct conf *b, const struct key *key)
{
	struct buf x = BUF_INIT, y = BUF_INIT;
	bool differs;

	put_value(&x, a, key);
	put_value(&y, b, key);
	differs = strcmp(x.p, y.p) != 0;
	buf_fini(&x);
	buf_fini(&y);
	return differs;
}

size_t conf_changed_needs_restart(const struct conf *a, const struct conf *b,
				  struct buf *out)
{
	size_t i, n = 0;

	for (i = 0; i < ARRAY_LEN(keys); i++) {
		bool at_start = keys[i].at_start;

		/* another certificate is taken over at once; with or without is not */
		if (member(a, &keys[i]) == &a->tls_certificate)
			at_start = !*a->tls_certificate != !*b->tls_certificate;
		if (at_start && differ(a, b, &keys[i]))
			buf_printf(out, "%s%s", n++ ? ", " : "", keys[i].name);
	}
	return n;
}

/* --- Addresses ---------------------------------------------------------------- */

int conf_addr(struct conf_addr *out, const char *s)
{
	const char *colon = strrchr(s, ':');
	struct sockaddr_in *sin = (struct sockaddr_in *)&out->sa;
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&out->sa;
	char host[INET6_ADDRSTRLEN];
	bool v6 = *s == '[';
	size_t len;
	long port;

	memset(out, 0, sizeof(*out));
	if (!colon || (v6 && (colon == s || colon[-1] != ']')))
		return ERR_MALFORMED;
	port = number_of(colon + 1, UINT16_MAX);
	len = (size_t)(colon - s) - (v6 ? 2 : 0);
	if (port < 1 || len >= sizeof(host))
		return ERR_MALFORMED;
	memcpy(host, s + (v6 ? 1 : 0), len);
	host[len] = '\0';
	if (v6 && inet_pton(AF_INET6, host, &sin6->sin6_addr) == 1) {
		sin6->sin6_family = AF_INET6;
		sin6->sin6_port = htons((uint16_t)port);
		out->len = sizeof(*sin6);
		return 0;
	}
	if (!v6 && inet_pton(AF_INET, host, &sin->sin_addr) == 1) {
		sin->sin_family = AF_INET;
		sin->sin_port = htons((uint16_t)port);
		out->len = sizeof(*sin);
		return 0;
	}
	return ERR_MALFORMED;
}

uint16_t conf_addr_port(const struct conf_addr *a)
{
	return ntohs(a->sa.ss_family == AF_INET6 ?
			     ((const struct sockaddr_in6 *)&a->sa)->sin6_port :
			     ((const struct sockaddr_in *)&a->sa)->sin_port);
}

const char *conf_access_name(enum conf_access access)
{
	return access_names[access];
}

bool conf_is_https(const struct conf *c)
{
	return strncmp(c->public_url, "https://", 8) == 0;
}
