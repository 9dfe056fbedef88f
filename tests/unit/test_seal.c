#include <string.h>

#include "store/seal.h"

#include "unit.h"

static const char text[] = "{\"title\":\"About the knee\"}";
#define TEXT_LEN (sizeof(text) - 1)

static const uint8_t key[SEAL_KEY_SIZE] = "0123456789abcdef0123456789abcde";

static struct fact_row place(const char *stream, uint64_t version, const char *kind)
{
	return (struct fact_row){
		.stream = stream, .stream_len = strlen(stream), .version = version,
		.kind = kind, .kind_len = strlen(kind),
	};
}

/* Whether what was sealed for meeting/a, 1, meeting.created opens here. */
static bool opens(const uint8_t *sealed, const uint8_t *with, const char *stream,
		  uint64_t version, const char *kind)
{
	struct fact_row row = place(stream, version, kind);
	char out[TEXT_LEN];
	bool opened;

	row.sealed = sealed;
	row.sealed_len = TEXT_LEN + SEAL_OVERHEAD;
	opened = seal_open(out, with, &row);
	if (opened)
		ck_assert_mem_eq(out, text, TEXT_LEN);
	else
		for (size_t i = 0; i < sizeof(out); i++)
			ck_assert_int_eq(out[i], 0);
	return opened;
}

START_TEST(test_what_is_sealed_opens_in_its_place_only)
{
	/* seal.h: bound to stream, version and kind, and to the key */
	const struct fact_row row = place("meeting/a", 1, "meeting.created");
	uint8_t sealed[TEXT_LEN + SEAL_OVERHEAD], wrong[SEAL_KEY_SIZE];

	seal_shut(sealed, key, &row, text, TEXT_LEN);
	ck_assert(opens(sealed, key, "meeting/a", 1, "meeting.created"));
	ck_assert(!opens(sealed, key, "meeting/b", 1, "meeting.created"));
	ck_assert(!opens(sealed, key, "meeting/a", 2, "meeting.created"));
	ck_assert(!opens(sealed, key, "meeting/a", 1, "meeting.changed"));
	ck_assert(!opens(sealed, key, "meeting", 1, "/ameeting.created"));
	memcpy(wrong, key, sizeof(wrong));
	wrong[31] ^= 1;
	ck_assert(!opens(sealed, wrong, "meeting/a", 1, "meeting.created"));
}
END_TEST

START_TEST(test_a_seed_holds_the_same_keys_for_ever)
{
	/* seal.h: HMAC-SHA256 of eight bytes, big end first; computed with python3 */
	static const uint8_t want[SEAL_KEY_SIZE] = {
		0x37, 0xd8, 0x7d, 0x67, 0xed, 0x14, 0x90, 0xc9,
		0x13, 0x44, 0xb1, 0xf4, 0x86, 0xb3, 0xc3, 0xcc,
		0x85, 0x37, 0xa3, 0xfe, 0xa9, 0x16, 0xad, 0x42,
		0x4f, 0x2c, 0x5f, 0xed, 0xa4, 0xeb, 0x8f, 0x43,
	};
	uint8_t got[SEAL_KEY_SIZE];

	seal_derive(got, key, 4711);
	ck_assert_mem_eq(got, want, sizeof(want));
	seal_derive(got, key, 4712);
	ck_assert_mem_ne(got, want, sizeof(want));
}
END_TEST

START_TEST(test_each_bit_of_a_seal_counts)
{
	/* seal.h: nonce, ciphertext and tag are all authenticated */
	const struct fact_row row = place("meeting/a", 1, "meeting.created");
	uint8_t sealed[TEXT_LEN + SEAL_OVERHEAD];

	seal_shut(sealed, key, &row, text, TEXT_LEN);
	for (size_t i = 0; i < 8 * sizeof(sealed); i++) {
		sealed[i / 8] ^= (uint8_t)(1 << (i % 8));
		ck_assert(!opens(sealed, key, "meeting/a", 1, "meeting.created"));
		sealed[i / 8] ^= (uint8_t)(1 << (i % 8));
	}
	ck_assert(opens(sealed, key, "meeting/a", 1, "meeting.created"));
}
END_TEST

START_TEST(test_no_two_seals_are_alike)
{
	/* seal.h: the nonce is random */
	const struct fact_row row = place("meeting/a", 1, "meeting.created");
	uint8_t a[TEXT_LEN + SEAL_OVERHEAD], b[TEXT_LEN + SEAL_OVERHEAD];

	seal_shut(a, key, &row, text, TEXT_LEN);
	seal_shut(b, key, &row, text, TEXT_LEN);
	ck_assert_mem_ne(a, b, 12);
	ck_assert_mem_ne(a + 12, b + 12, TEXT_LEN);
}
END_TEST

START_TEST(test_a_seal_cut_short_does_not_open)
{
	/* seal.h: shorter than nonce and tag is no seal; names of any length are safe */
	struct fact_row row = place("meeting/a", 1, "meeting.created");
	uint8_t sealed[SEAL_OVERHEAD];
	char name[2000], out[1];

	seal_shut(sealed, key, &row, "", 0);
	row.sealed = sealed;
	for (row.sealed_len = 0; row.sealed_len < SEAL_OVERHEAD; row.sealed_len++)
		ck_assert(!seal_open(out, key, &row));
	ck_assert(seal_open(out, key, &row));
	memset(name, 'x', sizeof(name));
	row.stream = name;
	row.stream_len = sizeof(name);
	ck_assert(!seal_open(out, key, &row));
}
END_TEST

UNIT_MAIN("seal", test_what_is_sealed_opens_in_its_place_only,
	  test_each_bit_of_a_seal_counts,
	  test_a_seed_holds_the_same_keys_for_ever, test_no_two_seals_are_alike,
	  test_a_seal_cut_short_does_not_open)
