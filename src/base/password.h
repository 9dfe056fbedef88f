/**
 * Passwords as they are kept: yescrypt by libcrypt (crypt(5)), slow and hungry for memory
 * on purpose: about 50 ms and 16 MB a try. So never on the loop's thread.
 */
#ifndef PARAVENT_BASE_PASSWORD_H
#define PARAVENT_BASE_PASSWORD_H

#include <stdbool.h>

#define PASSWORD_MIN 10		/* characters (code points) of a new one */
#define PASSWORD_MAX 256
#define PASSWORD_BYTES_MAX 511	/* what libcrypt takes */
#define PASSWORD_HASH_SIZE 128	/* "$y$j9T$<salt>$<hash>" and NUL; yescrypt needs 74 */

/**
 * Hashes a password under a new salt.
 *
 * password: any bytes but NUL, at most PASSWORD_BYTES_MAX; borrowed, not wiped.
 *
 * A libcrypt without yescrypt is a broken machine and ends the process.
 */
void password_hash(char out[PASSWORD_HASH_SIZE], const char *password);

/**
 * Whether the password is the one of the hash.
 *
 * hash: of password_hash(); NULL or "" for nobody's: then the answer is no, in the same
 *       time, so that who measures does not learn which accounts there are.
 */
bool password_is(const char *hash, const char *password);

#endif
