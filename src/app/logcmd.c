#include "app/commands.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/options.h"
#include "store/export.h"
#include "store/verify.h"

static const char help[] =
	"usage: paravent log verify [-c FILE] [--head SEQ:HASH]\n"
	"       paravent log export [-c FILE] [--format=jsonl] [--from SEQ] [--to SEQ]\n\n"
	"verify walks the whole ledger and names the first row that does not fit.\n"
	"export prints it, one JSON object per line. Both work while the server runs.\n\n"
	"  -c, --config FILE     the server's configuration\n"
	"  -s, --state-dir DIR   where the ledger is, if not as configured\n"
	"      --head SEQ:HASH   what an earlier verify printed: finds a cut tail\n"
	"      --from, --to SEQ  a part of it, both ends included\n";

struct log_options {
	const char *path, *state_dir, *head;
	uint64_t from, to;
};

/* A seq of the command line; false when it is no number. */
static int read_seq(uint64_t *out, const char *s)
{
	char *end;

	errno = 0;
	*out = strtoull(s, &end, 10);
	return *s >= '0' && *s <= '9' && !*end && !errno;
}

/* "12:<64 hex digits>" */
static int read_head(struct chain_head *head, const char *s)
{
	const char *colon = strchr(s, ':');
	char number[24];
	size_t i;

	if (!colon || (size_t)(colon - s) >= sizeof(number) ||
	    strlen(colon + 1) != 2 * FACT_HASH_SIZE)
		return 0;
	memcpy(number, s, (size_t)(colon - s));
	number[colon - s] = '\0';
	if (!read_seq(&head->seq, number))
		return 0;
	for (i = 0; i < FACT_HASH_SIZE; i++) {
		unsigned int byte;

		if (sscanf(colon + 1 + 2 * i, "%2x", &byte) != 1)
			return 0;
		head->hash[i] = (uint8_t)byte;
	}
	return 1;
}

static int verify(const char *state_dir, const struct log_options *o)
{
	struct chain_head expected, head = {.seq = 0};
	struct why why = {.text = ""};
	size_t i;

	if (o->head && !read_head(&expected, o->head)) {
		fprintf(stderr, "paravent log: --head wants SEQ:HASH as verify prints it\n");
		return EXIT_USAGE;
	}
	if (ledger_verify(state_dir, o->head ? &expected : NULL, &head, &why) != 0) {
		fprintf(stderr, "the ledger does not verify: %s\n", why.text);
		return EXIT_FAILED;
	}
	printf("the ledger verifies, %" PRIu64 " facts\nhead %" PRIu64 ":", head.seq,
	       head.seq);
	for (i = 0; i < FACT_HASH_SIZE; i++)
		printf("%02x", head.hash[i]);
	putchar('\n');
	return EXIT_OK;
}

static int export(const char *state_dir, const struct log_options *o)
{
	struct why why = {.text = ""};

	if (ledger_export(state_dir, o->from, o->to, stdout, &why) != 0 ||
	    fflush(stdout) != 0) {
		fprintf(stderr, "paravent log: %s\n",
			why.text[0] ? why.text : strerror(errno));
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

static int usage(const char *what)
{
	fprintf(stderr, "paravent log: %s\n\n%s", what, help);
	return EXIT_USAGE;
}

int cmd_log(int argc, char **argv)
{
	enum { HEAD = 256, FROM, TO, FORMAT };
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"state-dir", required_argument, NULL, 's'},
		{"head", required_argument, NULL, HEAD},
		{"from", required_argument, NULL, FROM},
		{"to", required_argument, NULL, TO},
		{"format", required_argument, NULL, FORMAT},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct log_options o = {.from = 1, .to = UINT64_MAX};
	const char *verb;
	struct conf conf;
	int status, c;

	while ((c = getopt_long(argc, argv, "c:s:h", options, NULL)) != -1) {
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
			if (!read_seq(&o.from, optarg))
				return usage("--from wants a number");
			break;
		case TO:
			if (!read_seq(&o.to, optarg))
				return usage("--to wants a number");
			break;
		case FORMAT:
			if (strcmp(optarg, "jsonl") != 0)
				return usage("the one format is jsonl");
			break;
		case 'h':
			fputs(help, stdout);
			return EXIT_OK;
		default:
			return EXIT_USAGE;
		}
	}
	if (optind + 1 != argc)
		return usage("say verify or export");
	verb = argv[optind];
	if (strcmp(verb, "verify") != 0 && strcmp(verb, "export") != 0)
		return usage("say verify or export");
	status = options_conf_load(&conf, o.path);
	if (status != EXIT_OK)
		return status;
	if (o.state_dir)
		options_set(&conf.state_dir, o.state_dir);
	status = strcmp(verb, "verify") == 0 ? verify(conf.state_dir, &o)
					     : export(conf.state_dir, &o);
	conf_fini(&conf);
	return status;
}
