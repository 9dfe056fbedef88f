#include "app/appointment.h"

#include <assert.h>

#include "app/answer.h"
#include "app/past.h"
#include "base/err.h"
#include "core/meetings.h"
#include "proto/calendar.h"
#include "proto/qrcode.h"

typedef void put_fn(struct answer *a, const struct meeting *m, const char *join_url);

/* Memory does not know it: it is over, or never was. */
static void on_past(void *arg, int err)
{
	answer_problem(arg, err ? err : ERR_CONFLICT,
		       err ? NULL : "This meeting is over.");
}

static void reply(const struct outlet *o, struct http_request *rq, const char *id,
		  put_fn *put)
{
	const struct meeting *m = meetings_find(o->house->meetings, id, MEETING_ID_LEN);
	struct answer *a = answer_new(o->loop, o->house, rq, 200);
	struct buf url = BUF_INIT;

	if (m) {
		buf_printf(&url, "%s/join/%s", o->house->conf->public_url, m->id);
		put(a, m, url.p);
		buf_fini(&url);
		answer_wait(a, m->last);
		return;
	}
	answer_hold(a);
	if (!past_ask(o->house, id, on_past, a))
		answer_problem(a, ERR_UNAVAILABLE, NULL);
}

static void put_calendar(struct answer *a, const struct meeting *m,
			 const char *join_url)
{
	const struct calendar_event event = {
		.id = m->id,
		.sequence = m->version,
		.cancelled = m->state == MEETING_CANCELLED,
		.title = m->title,
		.practice = a->house->conf->name,
		.join_url = join_url,
		.starts_at = m->starts_at,
		.minutes = m->minutes,
	};

	calendar_put(&a->body, &event, house_now().wall);
	a->type = "text/calendar; charset=utf-8";
	http_add_header(a->rq, "Content-Disposition",
			"attachment; filename=\"visit.ics\"");
}

void appointment_calendar(const struct outlet *o, struct http_request *rq,
			  const char *id)
{
	reply(o, rq, id, put_calendar);
}

static void put_qr(struct answer *a, const struct meeting *m, const char *join_url)
{
	int err = qrcode_svg(&a->body, join_url);

	(void)m;
	assert(!err);	/* a site's name has at most 253 characters */
	a->type = "image/svg+xml";
}

void appointment_qr(const struct outlet *o, struct http_request *rq, const char *id)
{
	reply(o, rq, id, put_qr);
}
