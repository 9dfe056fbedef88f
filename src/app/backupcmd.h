/**
 * What backup and restore agree on.
 */
#ifndef PARAVENT_APP_BACKUPCMD_H
#define PARAVENT_APP_BACKUPCMD_H

/* The files of a state directory besides the ledger's, and NULL: the server's key, that
 * links are made with, and the secrets of the relay. */
extern const char *const backupcmd_more[];

#endif
