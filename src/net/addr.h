/**
 * Socket addresses as text and as keys for counting.
 */
#ifndef PARAVENT_NET_ADDR_H
#define PARAVENT_NET_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define ADDR_TEXT_SIZE 56	/* "[v6]:port" and NUL */

/* "192.0.2.1" or "2001:db8::1"; a v4 address inside v6 reads as v4. */
void addr_text(char out[ADDR_TEXT_SIZE], const struct sockaddr *sa);

/* "192.0.2.1:443" or "[2001:db8::1]:443"; a v4 address inside v6 reads as v4. */
void addr_text_port(char out[ADDR_TEXT_SIZE], const struct sockaddr *sa);

bool addr_is_loopback(const struct sockaddr *sa);

#define ADDR_KEY_SIZE 9

/**
 * Whom to count as one: a v4 address (also inside v6), or the /64 of a v6 address,
 * which is what one customer holds. Returns the key's length.
 */
size_t addr_key(uint8_t key[ADDR_KEY_SIZE], const struct sockaddr *sa);

#endif
