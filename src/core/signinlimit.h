/**
 * How often somebody may try to sign in.
 *
 * - One address at one account: five tries, then after each a pause that doubles, from
 *   two seconds to fifteen minutes.
 * - One address, whatever the accounts: 30 tries, then one in two seconds.
 * - One account, from all addresses: 30 tries, then each is judged two seconds late; but
 *   it is judged, so nobody can shut out an account from elsewhere.
 *
 * A try counts when it is made and is given back when it was right. What is remembered is
 * bounded; the one that rested for the longest is forgotten first, and an hour forgets all.
 * A try that is refused is not remembered, so that nobody can fill the memory with them.
 */
#ifndef PARAVENT_CORE_SIGNINLIMIT_H
#define PARAVENT_CORE_SIGNINLIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIGNINLIMIT_MAX 4096	/* of each of the three */
#define SIGNINLIMIT_LATE_MS 2000

struct signinlimit;

struct signinlimit *signinlimit_new(void);
void signinlimit_free(struct signinlimit *s);	/* accepts NULL */

/**
 * Somebody tries.
 *
 * address: whom to count as one (net/addr.h), at most 16 bytes.
 * name:    as it was typed, whether there is such an account or not.
 * wait_ms: when 0 is returned, how much later the try is to be judged; else for
 *          Retry-After.
 *
 * Returns 0 or ERR_TOO_FAST.
 */
int signinlimit_try(struct signinlimit *s, uint64_t now_ms, const void *address,
		    size_t address_len, const char *name, uint64_t *wait_ms);

/* Whether this address has tried in vain since it was right last, within the hour: where
 * there is not room for all to wait, others come first. */
bool signinlimit_suspects(const struct signinlimit *s, uint64_t now_ms,
			  const void *address, size_t address_len);

/* That try was right: it never was one, and the five are there again. */
void signinlimit_right(struct signinlimit *s, const void *address, size_t address_len,
		       const char *name);

/* It could not be judged, and does not count. */
void signinlimit_unjudged(struct signinlimit *s, const void *address, size_t address_len,
			  const char *name);

#endif
