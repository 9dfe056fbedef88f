#include "app/invitations.h"

#include <stdio.h>

#include "app/answer.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/rnd.h"
#include "core/invitation.h"
#include "proto/invitemsg.h"
#include "proto/token.h"

static struct invitemsg shown(const struct invitation *inv, const struct meeting *m)
{
	return (struct invitemsg){
		.id = inv->id,
		.host = inv->host,
		.opens_at = invitation_opens_at(inv, m),
		.expires_at = invitation_expires_at(inv, m),
		.revoked_at = inv->revoked_at,
		.used_at = inv->used_at,
	};
}

static void reply_made(const struct outlet *o, struct http_request *rq,
		       const struct meeting *m, const struct invitation *inv,
		       uint64_t gate)
{
	struct answer *a = answer_new(o->loop, o->house, rq, 201);
	struct invitemsg made = shown(inv, m);
	char token[TOKEN_INVITATION_LEN + 1];

	token_invitation(token, o->house->key, m->id, inv->id, inv->host);
	made.token = token;
	made.base_url = o->house->conf->public_url;
	made.meeting = m->id;
	invitemsg_put(&a->body, &made);
	mem_wipe(token, sizeof(token));
	snprintf(a->location, sizeof(a->location), "/api/meetings/%s/invitations/%s",
		 m->id, inv->id);
	answer_wait(a, gate);
}

void invitations_make(const struct outlet *o, struct http_request *rq,
		      struct meeting *m, const char *actor)
{
	const struct instant now = house_now();
	const struct invitation *inv;
	uint8_t random[INVITATION_RANDOM];
	struct problem_fields fields;
	struct invitation_wish wish;
	uint64_t gate;
	int err;

	if (rq->body_len && !http_is_json(&rq->head)) {
		reply_status(rq, 415);
		return;
	}
	err = invitemsg_decode(&wish, &fields, now.wall, rq->body, rq->body_len);
	if (err) {
		reply_problem(rq, problem_of(err), NULL, &fields);
		return;
	}
	rnd_bytes(random, sizeof(random));
	err = invitation_make(&inv, &gate, m, now, &wish, random, actor);
	if (err == ERR_ENDED || err == ERR_FULL)
		answer_conflict(o->loop, o->house, rq, m->last, err == ERR_ENDED ?
				"This meeting is over already." :
				"A meeting may have 64 invitations at a time and 256 in "
				"all. Revoke one that is not needed any more, or make "
				"another meeting.");
	else if (err)
		reply_err(rq, err, NULL);
	else
		reply_made(o, rq, m, inv, gate);
}

_Static_assert(INVITATIONS_LIVE_MAX == 64 && INVITATIONS_MAX == 256,
	       "the sentence above says 64 and 256");

void invitations_list(const struct outlet *o, struct http_request *rq,
		      const struct meeting *m)
{
	struct answer *a = answer_new(o->loop, o->house, rq, 200);
	size_t i;

	buf_puts(&a->body, "{\"items\":[");
	for (i = 0; i < m->invitations; i++) {
		const struct invitemsg one = shown(&m->invitation[i], m);

		if (i)
			buf_putc(&a->body, ',');
		invitemsg_put(&a->body, &one);
	}
	buf_puts(&a->body, "],\"next\":null}");
	answer_wait(a, m->last);
}

void invitations_revoke(const struct outlet *o, struct http_request *rq,
			struct meeting *m, const char *id, const char *actor)
{
	uint64_t gate;
	int err = invitation_revoke(&gate, m, house_now(), id, actor);

	if (err)
		reply_err(rq, err, NULL);
	else
		answer_wait(answer_new(o->loop, o->house, rq, 204), gate);
}
