/**
 * What the subcommands share on their command line: which configuration holds.
 */
#ifndef PARAVENT_APP_OPTIONS_H
#define PARAVENT_APP_OPTIONS_H

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

#endif
