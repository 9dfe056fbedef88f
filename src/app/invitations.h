/**
 * The personal links of a meeting over HTTP (doc/protocol.md, "Meetings"): who calls
 * has been found to be its host, or an API key that may.
 */
#ifndef PARAVENT_APP_INVITATIONS_H
#define PARAVENT_APP_INVITATIONS_H

#include "app/outlet.h"
#include "core/meeting.h"
#include "net/httpconn.h"

/* POST .../invitations: 201 with the token, which is never shown again. */
void invitations_make(const struct outlet *o, struct http_request *rq,
		      struct meeting *m, const char *actor);

/* GET .../invitations: all that were made, without their tokens. */
void invitations_list(const struct outlet *o, struct http_request *rq,
		      const struct meeting *m);

/* DELETE .../invitations/{invitationId}. id: any text. */
void invitations_revoke(const struct outlet *o, struct http_request *rq,
			struct meeting *m, const char *id, const char *actor);

#endif
