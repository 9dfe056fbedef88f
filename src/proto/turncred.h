/**
 * Time-limited credentials: who may use the relay, without a list of users.
 *
 *     username = <unix time of expiry> ":" <id>
 *     password = base64(HMAC-SHA1(secret, username))
 *     key      = MD5 or SHA-256 of username ":" realm ":" password
 *
 * The id is "<meeting>.<seat>.<class>": short opaque names without a dot, and `p` for a
 * participant or `w` for one who waits and may only test the network. Nobody but us can
 * make a password, so what the username says about itself is ours. An id that does not
 * end in ".w" is a participant's: tools of the operator, who knows the secret, use any.
 * A username is readable on the wire: never a name of a person in it.
 */
#ifndef PARAVENT_PROTO_TURNCRED_H
#define PARAVENT_PROTO_TURNCRED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TURNCRED_USERNAME_SIZE 128	/* with the NUL */
#define TURNCRED_PASSWORD_SIZE 29	/* with the NUL */
#define TURNCRED_KEY_MAX 32

/* New passwords are made with the first; those of the second still fit. */
struct turncred_secrets {
	char current[128];		/* text, NUL-terminated */
	char previous[128];		/* empty: none */
};

/* What a username says; points into it. */
struct turncred {
	const char *username;
	size_t username_len;
	uint64_t expires_s;		/* unix time */
	const char *id;
	size_t id_len;
	size_t owner_len;		/* of the id: without its class */
	size_t meeting_len;		/* of the id: up to the first dot, or all */
	bool weak;			/* of one who waits */
};

/**
 * Writes a username and its password. id: without a NUL, colon or control character.
 * Returns 0 or ERR_TOO_BIG.
 */
int turncred_make(char username[TURNCRED_USERNAME_SIZE],
		  char password[TURNCRED_PASSWORD_SIZE], const char *secret,
		  uint64_t expires_s, const char *id);

void turncred_password(char password[TURNCRED_PASSWORD_SIZE], const char *secret,
		       const void *username, size_t len);

/**
 * Reads a username: digits only (at most 19), a colon, an id of printable ASCII.
 * Returns 0 or ERR_MALFORMED. `out` borrows.
 */
int turncred_parse(struct turncred *out, const void *username, size_t len);

enum turncred_algorithm { TURNCRED_MD5 = 1, TURNCRED_SHA256 = 2 };

/* The long-term key (RFC 8489 sections 9.2.2 and 18.5.1). Returns 16 or 32. */
size_t turncred_key(uint8_t key[TURNCRED_KEY_MAX], enum turncred_algorithm algorithm,
		    const void *username, size_t username_len, const char *realm,
		    const char *password);

#endif
