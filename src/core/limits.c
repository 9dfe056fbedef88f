#include "core/limits.h"

bool bucket_take(struct bucket *b, const struct bucket_rule *rule, uint64_t now_ms,
		 uint32_t amount)
{
	/* one token a second is one thousandth in a millisecond */
	const uint64_t elapsed = now_ms > b->at ? now_ms - b->at : 0;
	uint64_t spent = 0;

	if (elapsed < b->spent && elapsed * rule->per_second < b->spent)
		spent = b->spent - elapsed * rule->per_second;
	b->at = now_ms;
	b->spent = spent;
	if (spent + (uint64_t)amount * 1000 > (uint64_t)rule->burst * 1000)
		return false;
	b->spent = spent + (uint64_t)amount * 1000;
	return true;
}

void bucket_give(struct bucket *b, uint32_t amount)
{
	const uint64_t back = (uint64_t)amount * 1000;

	b->spent -= back < b->spent ? back : b->spent;
}

bool traffic_take(struct traffic *t, uint64_t now_ms, size_t message_len,
		  uint32_t per_second)
{
	const struct bucket_rule messages = {per_second, per_second * 5};
	static const struct bucket_rule bytes = {128 * 1024, 1024 * 1024};

	if (!per_second)
		return true;
	if (message_len > bytes.burst)
		return false;
	return bucket_take(&t->messages, &messages, now_ms, 1) &&
	       bucket_take(&t->bytes, &bytes, now_ms, (uint32_t)message_len);
}

bool strike_take(struct bucket *strikes, uint64_t now_ms)
{
	static const struct bucket_rule rule = {1, 15};

	return bucket_take(strikes, &rule, now_ms, 1);
}

bool knock_take(struct bucket *knocks, uint64_t now_ms)
{
	static const struct bucket_rule rule = {2, 60};

	return bucket_take(knocks, &rule, now_ms, 1);
}

bool resume_take(struct bucket *resumes, uint64_t now_ms)
{
	static const struct bucket_rule rule = {1, 20};

	return bucket_take(resumes, &rule, now_ms, 1);
}

bool report_take(struct bucket *reports, uint64_t now_ms)
{
	static const struct bucket_rule rule = {1, 100};

	return bucket_take(reports, &rule, now_ms, 1);
}
