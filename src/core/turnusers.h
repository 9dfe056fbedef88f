/**
 * The participants who use the relay: what each holds, and who has been forgotten.
 */
#ifndef PARAVENT_CORE_TURNUSERS_H
#define PARAVENT_CORE_TURNUSERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/map.h"
#include "core/turnlimits.h"
#include "proto/turncred.h"

struct turnuser {
	struct list allocations;	/* of struct allocation, by of_user */
	uint32_t held;			/* allocations, and ports reserved */
	/* A network test, of one who waits; what it may use comes again later. */
	uint64_t test_began_ms;
	uint64_t test_bytes;
	uint32_t test_opens;
	bool tested;
	struct list idle;		/* holds nothing, kept for the test's sake */
	size_t meeting_len;
	size_t owner_len;
	char owner[TURNCRED_USERNAME_SIZE];
};

struct turnusers {
	struct map *by_owner;
	struct list idle;
	struct map *forgotten;
	struct list forgotten_by_age;
	struct tally meetings;
};

void turnusers_init(struct turnusers *us);
void turnusers_fini(struct turnusers *us);	/* nobody holds anything any more */

struct turnuser *turnusers_find(const struct turnusers *us, const char *owner,
				size_t len);

struct turnuser *turnusers_get(struct turnusers *us, const struct turncred *cred);

/* One thing more, unless the user holds user_max or the meeting meeting_max. */
bool turnuser_take(struct turnusers *us, struct turnuser *u, uint32_t user_max,
		   uint32_t meeting_max);
void turnuser_give(struct turnusers *us, struct turnuser *u);

/* After the last give, or when nothing was taken: the user may be gone afterwards. */
void turnusers_settle(struct turnusers *us, struct turnuser *u);

/* Drops idle users whose test is over, and the forgotten whose time is up. */
void turnusers_sweep(struct turnusers *us, uint64_t now_ms, uint32_t again_s);

/* Refused until then. Times only grow from call to call. */
void turnusers_forget(struct turnusers *us, const char *owner, size_t len,
		      uint64_t until_ms);
bool turnusers_forgotten(const struct turnusers *us, const char *owner, size_t len);

#endif
