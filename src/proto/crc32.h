/**
 * CRC-32 (ISO 3309), the sum behind FINGERPRINT. Firefox signs each packet of its media
 * with one, so it is on the relay's fast path.
 */
#ifndef PARAVENT_PROTO_CRC32_H
#define PARAVENT_PROTO_CRC32_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc32(const void *p, size_t len);

#endif
