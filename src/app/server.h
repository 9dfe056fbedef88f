/**
 * The running server: builds everything the configuration asks for, turns the loop,
 * and takes it down again in order.
 */
#ifndef PARAVENT_APP_SERVER_H
#define PARAVENT_APP_SERVER_H

#include "proto/conf.h"

/**
 * Serves until SIGTERM or SIGINT.
 *
 * conf: borrowed; what SIGHUP may change changes in it.
 * path: the file to read again at SIGHUP; NULL: none.
 *
 * Returns an exit status; what was wrong has been said on stderr.
 */
int server_run(struct conf *conf, const char *path);

#endif
