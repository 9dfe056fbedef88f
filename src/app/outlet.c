#include "app/outlet.h"

#include "base/err.h"
#include "base/log.h"

void outlet_refuse(struct http_request *rq, const struct problem_fields *fields)
{
	reply_problem(rq, problem_of(ERR_RANGE), NULL, fields);
}

void outlet_refuse_late(struct answer *a, const char *field, const char *detail)
{
	struct problem_fields fields = {.count = 0};

	problem_add(&fields, field, detail);
	a->status = problem_of(ERR_RANGE)->status;
	a->type = "application/problem+json";
	problem_put(&a->body, problem_of(ERR_RANGE), NULL, &fields);
	answer_send(a);
}

bool outlet_ask(const struct outlet *o, struct reader_job *job, struct answer *a)
{
	const int err = reader_ask(o->house->reader, job);

	if (err) {
		answer_problem(a, err, "Too many questions wait for an answer. "
			       "Try again in a moment.");
		return false;
	}
	answer_hold(a);
	return true;
}

bool outlet_failed(struct answer *a, const char *call, int err, const struct why *why)
{
	if (!err)
		return false;
	if (problem_of(err)->status == 500)
		log_error("%s failed: %s", call, why->text);
	answer_problem(a, err, err == ERR_UNAVAILABLE ?
		       "The server is about to stop. Try again in a moment." : NULL);
	return true;
}
