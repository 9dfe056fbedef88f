/**
 * What the subcommands share on their command line: which configuration holds, and how
 * options are read.
 */
#ifndef PARAVENT_APP_OPTIONS_H
#define PARAVENT_APP_OPTIONS_H

#include <stdbool.h>

#include "proto/conf.h"

#define OPTIONS_CONF_PATH "/etc/paravent/paravent.conf"

/**
 * The file that holds when none was named: OPTIONS_CONF_PATH where it exists, else
 * NULL, which means the defaults.
 */
const char *options_conf_path(const char *named);

/* Loads it; mistakes go to stderr. Returns an exit status. */
int options_conf_load(struct conf *c, const char *named);

/* Puts one value in the place of a string of the configuration. */
void options_set(char **slot, const char *value);

/* What all commands that work on a state directory understand, and the words that are
 * left. */
struct options {
	const char *path;		/* -c, --config; NULL: not given */
	const char *state_dir;		/* -s, --state-dir; NULL: not given */
	bool json;			/* --json */
	char **word;			/* and NULL behind the last */
	int words;
};

/* A long option of one command alone: with a value, or a flag. */
struct options_own {
	const char *name;		/* NULL ends the list */
	const char **value;
	bool *flag;
};

#define OPTIONS_OWN_MAX 4
#define OPTIONS_GO_ON (-1)

/**
 * Reads options and words in any order.
 *
 * own:  NULL for none.
 * help: is printed for --help.
 *
 * Returns OPTIONS_GO_ON, or the exit status with which the command is at its end.
 */
int options_read(struct options *o, int argc, char **argv, const struct options_own *own,
		 const char *help);

/* Loads the configuration and puts --state-dir into it. Returns an exit status. */
int options_load(struct conf *c, const struct options *o);

#endif
