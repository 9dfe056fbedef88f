#include "app/options.h"

#include <assert.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/commands.h"
#include "base/buf.h"
#include "base/mem.h"

const char *options_conf_path(const char *named)
{
	if (named)
		return named;
	return access(OPTIONS_CONF_PATH, F_OK) == 0 ? OPTIONS_CONF_PATH : NULL;
}

int options_conf_load(struct conf *c, const char *named)
{
	struct buf errors = BUF_INIT;
	int err = conf_load(c, options_conf_path(named), &errors);

	if (err)
		fputs(errors.p, stderr);
	buf_fini(&errors);
	return err ? EXIT_FAILED : EXIT_OK;
}

void options_set(char **slot, const char *value)
{
	free(*slot);
	*slot = mem_copy(value, strlen(value));
}

/* getopt's numbers of the own options begin here. */
#define OWN 256
#define JSON (OWN + OPTIONS_OWN_MAX)

int options_read(struct options *o, int argc, char **argv, const struct options_own *own,
		 const char *help)
{
	struct option list[OPTIONS_OWN_MAX + 5] = {
		{"config", required_argument, NULL, 'c'},
		{"state-dir", required_argument, NULL, 's'},
		{"json", no_argument, NULL, JSON},
		{"help", no_argument, NULL, 'h'},
	};
	int c;

	for (int i = 0; own && own[i].name; i++) {
		assert(i < OPTIONS_OWN_MAX);
		list[4 + i] = (struct option){
			own[i].name, own[i].value ? required_argument : no_argument,
			NULL, OWN + i,
		};
	}
	memset(o, 0, sizeof(*o));
	while ((c = getopt_long(argc, argv, "c:s:h", list, NULL)) != -1) {
		if (c == 'c')
			o->path = optarg;
		else if (c == 's')
			o->state_dir = optarg;
		else if (c == JSON)
			o->json = true;
		else if (c >= OWN && own[c - OWN].value)
			*own[c - OWN].value = optarg;
		else if (c >= OWN)
			*own[c - OWN].flag = true;
		else if (c != 'h')
			return EXIT_USAGE;
		if (c == 'h') {
			fputs(help, stdout);
			return EXIT_OK;
		}
	}
	o->word = argv + optind;
	o->words = argc - optind;
	return OPTIONS_GO_ON;
}

int options_load(struct conf *c, const struct options *o)
{
	int status = options_conf_load(c, o->path);

	if (status == EXIT_OK && o->state_dir)
		options_set(&c->state_dir, o->state_dir);
	return status;
}
