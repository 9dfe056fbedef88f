/**
 * The secrets that the server hands out and need not store: each is an HMAC of what it
 * opens under the server's own key, so a restart knows them again and no database
 * holds them.
 *
 *   host token   opens a meeting as its host        HMAC("host" | meeting)
 *   invitation   opens it for one person            HMAC("<role> invitation" | meeting | id)
 *   resume       gives a seat back                  HMAC("resume" | meeting | seat)
 *   session      is the meeting of an appointment   HMAC("session" | appointment)
 *
 * (HMAC-SHA256, RFC 2104, cut to 128 bits; RFC 2104 section 5 allows half.)
 */
#ifndef PARAVENT_PROTO_TOKEN_H
#define PARAVENT_PROTO_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/sigmsg.h"

#define TOKEN_KEY_SIZE 32	/* of the server's key, random */
#define TOKEN_LEN 22		/* characters of base64url */
#define TOKEN_INVITATION_LEN (SIGMSG_ID_LEN + TOKEN_LEN)
#define TOKEN_RESUME_LEN (SIGMSG_ID_LEN + TOKEN_LEN)

/* The host's token of a meeting. */
void token_host(char out[TOKEN_LEN + 1], const uint8_t key[TOKEN_KEY_SIZE],
		const char *meeting);

/* Whether `s` is the meeting's host token; constant time. */
bool token_is_host(const uint8_t key[TOKEN_KEY_SIZE], const char *meeting,
		   const char *s, size_t len);

/* The token of an invitation: its id (SIGMSG_ID_LEN characters), then the proof. */
void token_invitation(char out[TOKEN_INVITATION_LEN + 1],
		      const uint8_t key[TOKEN_KEY_SIZE], const char *meeting,
		      const char *id, bool host);

/* Whether `s` is the token of that very invitation; constant time. */
bool token_is_invitation(const uint8_t key[TOKEN_KEY_SIZE], const char *meeting,
			 const char *id, bool host, const char *s, size_t len);

/* The id of the meeting that an appointment of another system has: 22 characters, as
 * long as the server's key lives. appointment: any text. */
void token_session(char out[TOKEN_LEN + 1], const uint8_t key[TOKEN_KEY_SIZE],
		   const char *appointment);

/* The resume secret of a seat: its id, then the proof. */
void token_resume(char out[TOKEN_RESUME_LEN + 1], const uint8_t key[TOKEN_KEY_SIZE],
		  const char *meeting, const char *seat);

/**
 * Reads and proves a resume secret. Returns 0 and the seat's id, or ERR_UNAUTHORIZED;
 * constant time for secrets of the right length.
 */
int token_resume_open(char seat[SIGMSG_ID_LEN + 1], const uint8_t key[TOKEN_KEY_SIZE],
		      const char *meeting, const char *s, size_t len);

#endif
