#include "app/commands.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/logtail.h"
#include "app/options.h"
#include "app/progress.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/mem.h"
#include "proto/json.h"
#include "store/export.h"
#include "store/verify.h"

static const char help[] =
	"usage: paravent log verify [--head SEQ:HASH] [--json]\n"
	"       paravent log head   [--json]\n"
	"       paravent log export [--format=jsonl|csv] [--from FROM] [--to TO]\n"
	"       paravent log tail   [-n COUNT] [-f]\n\n"
	"verify walks the whole ledger and names the first fact that does not fit.\n"
	"head   prints the last fact as SEQ:HASH: keep it where nobody can change it,\n"
	"       and a later verify finds whether the end was cut off or written anew.\n"
	"export prints facts, one JSON object a line or as CSV; tail the last of them.\n"
	"All work while the server runs.\n\n"
	"  -c, --config FILE      the server's configuration\n"
	"  -s, --state-dir DIR    where the ledger is, if not as configured\n"
	"      --head SEQ:HASH    what an earlier head or verify printed\n"
	"      --format=FORMAT    jsonl (the default) or csv\n"
	"      --from, --to WHICH a part, both ends included: numbers of facts, or times\n"
	"                         such as 2026-11-20T09:30:00Z\n"
	"  -n, --lines COUNT      so many of the last facts (default 10)\n"
	"  -f, --follow           and then each new one, until it is interrupted\n"
	"      --json             for programs\n";

struct log_options {
	const char *path, *state_dir, *head, *from, *to;
	enum export_format format;
	uint64_t lines;
	bool follow, json;
};

static int usage(const char *what)
{
	fprintf(stderr, "paravent log: %s\n'paravent log --help' says more.\n", what);
	return EXIT_USAGE;
}

static int failed(const struct why *why)
{
	fprintf(stderr, "paravent log: %s\n", why->text);
	return EXIT_FAILED;
}

/* A number of the command line; false when it is none. */
static bool read_number(uint64_t *out, const char *s)
{
	char *end;

	errno = 0;
	*out = strtoull(s, &end, 10);
	return *s >= '0' && *s <= '9' && !*end && !errno;
}

/* "12:<64 hex digits>" */
static bool read_head(struct chain_head *head, const char *s)
{
	const char *colon = strchr(s, ':');
	char number[24];

	if (!colon || (size_t)(colon - s) >= sizeof(number))
		return false;
	memcpy(number, s, (size_t)(colon - s));
	number[colon - s] = '\0';
	head->at = 0;
	return read_number(&head->seq, number) &&
	       hex_decode(head->hash, sizeof(head->hash), colon + 1,
			  strlen(colon + 1)) == 0;
}

/* {"seq":..,"hash":".."}, opened */
static void put_head(struct json_writer *w, const char *key, const struct chain_head *h)
{
	char hex[2 * FACT_HASH_SIZE + 1];

	hex_encode(hex, h->hash, sizeof(h->hash));
	json_put_object(w, key);
	json_put_int(w, "seq", (int64_t)h->seq);
	json_put_text(w, "hash", hex);
}

static void print_head(const char *before, const struct chain_head *h)
{
	char hex[2 * FACT_HASH_SIZE + 1];

	hex_encode(hex, h->hash, sizeof(h->hash));
	printf("%s%" PRIu64 ":%s\n", before, h->seq, hex);
}

/* Of the facts before a cut, how many are there. */
static uint64_t kept(const struct verify *v)
{
	return v->facts - (v->head.seq - v->cut.head.seq);
}

static void print_verify_json(const struct verify *v, int err, const struct why *why)
{
	struct buf text = BUF_INIT;
	struct json_writer w;

	json_put_init(&w, &text);
	json_put_object(&w, NULL);
	json_put_bool(&w, "ok", !err);
	if (err) {
		json_put_text(&w, "error", err == ERR_CORRUPT ? "damaged" :
			      err == ERR_RANGE ? "head-cut" : "unreadable");
		json_put_text(&w, "detail", why->text);
	}
	json_put_int(&w, "facts", (int64_t)v->facts);
	put_head(&w, "head", &v->head);
	json_put_end(&w);
	if (v->cut.fact) {
		json_put_object(&w, "cut");
		json_put_int(&w, "seq", (int64_t)v->cut.head.seq);
		json_put_int(&w, "checkpoint", (int64_t)v->cut.fact);
		if (!err)
			json_put_int(&w, "kept", (int64_t)kept(v));
		json_put_end(&w);
	}
	json_put_end(&w);
	puts(text.p);
	buf_fini(&text);
}

static void print_verify(const struct verify *v)
{
	printf("the ledger verifies, %" PRIu64 " facts\n", v->facts);
	if (v->cut.fact)
		printf("cut up to fact %" PRIu64 " by fact %" PRIu64 ", %" PRIu64
		       " kept before it\n", v->cut.head.seq, v->cut.fact, kept(v));
	print_head("head ", &v->head);
}

static int verify(const char *state_dir, const struct log_options *o)
{
	struct chain_head expected;
	struct progress progress;
	struct why why = {.text = ""};
	struct verify found;
	int err;

	if (o->head && !read_head(&expected, o->head))
		return usage("--head wants SEQ:HASH as head and verify print it");
	progress_init(&progress, "verifying");
	err = ledger_verify(state_dir, o->head ? &expected : NULL, progress_step,
			    &progress, &found, &why);
	progress_end(&progress);
	if (o->json)
		print_verify_json(&found, err, &why);
	else if (!err)
		print_verify(&found);
	else if (err == ERR_CORRUPT)
		fprintf(stderr, "the ledger does not verify: %s\n", why.text);
	else
		failed(&why);
	return err ? EXIT_FAILED : EXIT_OK;
}

static int head(const char *state_dir, const struct log_options *o)
{
	struct buf text = BUF_INIT;
	struct why why = {.text = ""};
	struct json_writer w;
	struct chain_head h;

	if (ledger_head(state_dir, &h, &why) != 0)
		return failed(&why);
	if (o->json) {
		json_put_init(&w, &text);
		put_head(&w, NULL, &h);
		if (h.seq)
			json_put_time(&w, "at", h.at);
		json_put_end(&w);
		puts(text.p);
	} else {
		print_head("", &h);
	}
	buf_fini(&text);
	return EXIT_OK;
}

/* A fact's number or a time. Returns 0, ERR_MALFORMED, or what export_find() does. */
static int read_place(uint64_t *seq, struct export *x, const char *s, bool to,
		      struct why *why)
{
	int64_t at;
	int err;

	if (read_number(seq, s))
		return 0;
	if (clock_rfc3339_parse(&at, s, strlen(s)))
		return why_set(why, ERR_MALFORMED, "'%s' is neither the number of a fact "
			       "nor a time such as 2026-11-20T09:30:00Z", s);
	err = export_find(x, to ? at + 1 : at, seq, why);
	if (!err && to)		/* the last one that is not younger */
		*seq -= *seq > 0;
	return err;
}

static int export(struct export *x, const struct log_options *o, struct why *why)
{
	uint64_t from = 0, to = UINT64_MAX;
	int err = 0;

	if (o->from)
		err = read_place(&from, x, o->from, false, why);
	if (o->to && !err)
		err = read_place(&to, x, o->to, true, why);
	if (!err)
		err = export_head(x, stdout, why);
	return err ? err : export_write(x, from, to, stdout, why);
}

/* export and tail: a reader who has seen enough is no failure. */
static int print(const char *state_dir, const struct log_options *o, bool tail)
{
	struct export *x;
	struct why why = {.text = ""};
	int err;

	signal(SIGPIPE, SIG_IGN);
	err = export_open(&x, state_dir, tail ? EXPORT_JSONL : o->format, &why);
	if (err)
		return failed(&why);
	err = tail ? logtail(x, o->lines, o->follow, &why) : export(x, o, &why);
	export_close(x);
	if (err == ERR_MALFORMED)
		return usage(why.text);
	return err && err != ERR_CLOSED ? failed(&why) : EXIT_OK;
}

static int export_all(const char *state_dir, const struct log_options *o)
{
	return print(state_dir, o, false);
}

static int tail(const char *state_dir, const struct log_options *o)
{
	return print(state_dir, o, true);
}

static const struct {
	const char *name;
	int (*run)(const char *state_dir, const struct log_options *o);
} verbs[] = {
	{"verify", verify},
	{"head", head},
	{"export", export_all},
	{"tail", tail},
};

static int run(const char *verb, const struct log_options *o)
{
	struct conf conf;
	size_t i;
	int status;

	for (i = 0; i < ARRAY_LEN(verbs); i++)
		if (strcmp(verbs[i].name, verb) == 0)
			break;
	if (i == ARRAY_LEN(verbs))
		return usage("say verify, head, export or tail");
	status = options_conf_load(&conf, o->path);
	if (status != EXIT_OK)
		return status;
	if (o->state_dir)
		options_set(&conf.state_dir, o->state_dir);
	status = verbs[i].run(conf.state_dir, o);
	conf_fini(&conf);
	return status;
}

int cmd_log(int argc, char **argv)
{
	enum { HEAD = 256, FROM, TO, FORMAT, JSON };
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"state-dir", required_argument, NULL, 's'},
		{"head", required_argument, NULL, HEAD},
		{"from", required_argument, NULL, FROM},
		{"to", required_argument, NULL, TO},
		{"format", required_argument, NULL, FORMAT},
		{"lines", required_argument, NULL, 'n'},
		{"follow", no_argument, NULL, 'f'},
		{"json", no_argument, NULL, JSON},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct log_options o = {.lines = 10};
	int c;

	while ((c = getopt_long(argc, argv, "c:s:n:fh", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			o.path = optarg;
			break;
		case 's':
			o.state_dir = optarg;
			break;
		case HEAD:
			o.head = optarg;
			break;
		case FROM:
			o.from = optarg;
			break;
		case TO:
			o.to = optarg;
			break;
		case FORMAT:
			if (strcmp(optarg, "jsonl") != 0 && strcmp(optarg, "csv") != 0)
				return usage("the formats are jsonl and csv");
			o.format = optarg[0] == 'c' ? EXPORT_CSV : EXPORT_JSONL;
			break;
		case 'n':
			if (!read_number(&o.lines, optarg))
				return usage("--lines wants a number");
			break;
		case 'f':
			o.follow = true;
			break;
		case JSON:
			o.json = true;
			break;
		case 'h':
			fputs(help, stdout);
			return EXIT_OK;
		default:
			return EXIT_USAGE;
		}
	}
	if (optind + 1 != argc)
		return usage("say verify, head, export or tail");
	return run(argv[optind], &o);
}
