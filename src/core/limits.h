/**
 * How much one connection may ask: token buckets, with the time as an argument.
 */
#ifndef PARAVENT_CORE_LIMITS_H
#define PARAVENT_CORE_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed, it is full. */
struct bucket {
	uint64_t at;		/* ms: when `spent` was last brought up to date */
	uint64_t spent;		/* thousandths of a token */
};

struct bucket_rule {
	uint32_t per_second, burst;
};

/* Takes `amount` tokens, or none and says false when there are not so many. */
bool bucket_take(struct bucket *b, const struct bucket_rule *rule, uint64_t now_ms,
		 uint32_t amount);

/* Gives back what was taken; it never holds more than its burst. */
void bucket_give(struct bucket *b, uint32_t amount);

/* What one signaling connection sends: zeroed at its start. */
struct traffic {
	struct bucket messages;
	struct bucket bytes;		/* 128 KiB a second, burst 1 MiB */
};

/**
 * per_second: messages; five times as many in a burst. 0: no limit at all.
 *
 * False: close 4429.
 */
bool traffic_take(struct traffic *t, uint64_t now_ms, size_t message_len,
		  uint32_t per_second);

/* False with the sixteenth strike; one is forgiven each second. */
bool strike_take(struct bucket *strikes, uint64_t now_ms);

/*
 * How often people come to one door, and one person comes back to the own seat; each is
 * a fact on disk. 60 at once and 2 a second, 20 at once and 1 a second. False: 4429.
 */
bool knock_take(struct bucket *knocks, uint64_t now_ms);
bool resume_take(struct bucket *resumes, uint64_t now_ms);

/* Each report becomes a fact: 100 at once, then one a second; more are dropped. */
bool report_take(struct bucket *reports, uint64_t now_ms);

#endif
