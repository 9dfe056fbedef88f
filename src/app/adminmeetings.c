#include "app/adminmeetings.h"

#include <stdlib.h>

#include "app/answer.h"
#include "base/mem.h"
#include "base/rnd.h"

struct adminmeetings {
	struct loop *loop;
	struct house *house;
};

static void meetings_make(void *arg, struct http_request *rq, const char *name)
{
	struct adminmeetings *am = arg;
	uint8_t random[MEETING_RANDOM];
	char token[TOKEN_LEN + 1];
	struct meeting_plan plan;
	struct meeting *m;
	struct answer *a;
	uint64_t gate;
	int err;

	(void)name;
	plan_init(&plan);
	rnd_bytes(random, sizeof(random));
	err = meetings_schedule(&m, &gate, am->house->meetings, house_now(), &plan,
				random, "admin");
	if (err) {
		reply_err(rq, err, NULL);
		return;
	}
	a = answer_new(am->loop, am->house, rq, 201);
	token_host(token, am->house->key, m->id);
	meeting_json(m, &a->body, true, token);
	mem_wipe(token, sizeof(token));
	answer_wait(a, gate);
}

static const struct admin_route routes[] = {
	{HTTP_POST, "/admin/meetings", meetings_make},
};

struct adminmeetings *adminmeetings_new(struct loop *l, struct house *h,
					struct admin *a)
{
	struct adminmeetings *am = mem_new(sizeof(*am));

	am->loop = l;
	am->house = h;
	admin_serve(a, routes, ARRAY_LEN(routes), am);
	return am;
}

void adminmeetings_free(struct adminmeetings *am)
{
	free(am);
}
