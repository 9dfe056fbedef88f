#include "proto/appointmsg.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "proto/jwtmake.h"
#include "unit.h"

#define MEETING "kXlS0P4yZTT0pYcxVnFt0A"

static char appointment[APPOINTMSG_TEXT_SIZE], person[APPOINTMSG_TEXT_SIZE];
static struct problem_fields fields;
static bool host;

static int make(const char *body)
{
	return appointmsg_make_decode(appointment, &fields, body, strlen(body));
}

static int join(const char *body)
{
	return appointmsg_join_decode(&host, person, &fields, body, strlen(body));
}

START_TEST(test_a_session_is_asked_for_as_the_seeds_do)
{
	/* their README: three ids; their code sends whole records, too */
	ck_assert_int_eq(make("{\"appointmentId\":\"apt_123\",\"doctorId\":\"doc_456\","
			      "\"patientId\":\"usr_789\"}"), 0);
	ck_assert_str_eq(appointment, "apt_123");
	ck_assert_int_eq(make("{\"appointmentId\":\"a\",\"doctorId\":{\"user\":\"x\"},"
			      "\"patientId\":\"\",\"more\":1}"), 0);
}
END_TEST

START_TEST(test_what_is_missing_is_named)
{
	/* protocol.md: 422 with errors */
	ck_assert_int_eq(make("{}"), ERR_RANGE);
	ck_assert_uint_eq(fields.count, 3);
	ck_assert_str_eq(fields.item[0].field, "appointmentId");
	ck_assert_str_eq(fields.item[1].field, "doctorId");
	ck_assert_str_eq(fields.item[2].field, "patientId");
	ck_assert_int_eq(make("{\"appointmentId\":7,\"doctorId\":1,\"patientId\":null}"),
			 ERR_RANGE);
	ck_assert_uint_eq(fields.count, 3);
	ck_assert_int_eq(make("{\"appointmentId\":\"\",\"doctorId\":\"d\","
			      "\"patientId\":\"p\"}"), ERR_RANGE);
	ck_assert_int_eq(make("{\"appointmentId\":\"a\\nb\",\"doctorId\":\"d\","
			      "\"patientId\":\"p\"}"), ERR_RANGE);
	ck_assert_int_eq(make(""), ERR_MALFORMED);
	ck_assert_int_eq(make("[]"), ERR_MALFORMED);
	ck_assert_int_eq(make("{\"appointmentId\":\"a\",\"appointmentId\":\"b\"}"),
			 ERR_MALFORMED);
}
END_TEST

START_TEST(test_who_joins_is_doctor_or_patient)
{
	/* protocol.md: { role: doctor|patient, userId } */
	ck_assert_int_eq(join("{\"role\":\"doctor\",\"userId\":\"doc_456\"}"), 0);
	ck_assert(host);
	ck_assert_str_eq(person, "doc_456");
	ck_assert_int_eq(join("{\"role\":\"patient\",\"userId\":\"usr_789\"}"), 0);
	ck_assert(!host);
	ck_assert_int_eq(join("{\"role\":\"admin\",\"userId\":\"x\"}"), ERR_RANGE);
	ck_assert_str_eq(fields.item[0].field, "role");
	ck_assert_int_eq(join("{\"role\":[\"doctor\"],\"userId\":\"x\"}"), ERR_RANGE);
	ck_assert_int_eq(join("{\"role\":\"doctor\"}"), ERR_RANGE);
	ck_assert_str_eq(fields.item[0].field, "userId");
	ck_assert_int_eq(join("{\"role\":\"doctor\",\"userId\":\"\\u202ex\"}"), ERR_RANGE);
	ck_assert_int_eq(join("{\"userId\":\"x\",\"role\":\"a long role that is none\"}"),
			 ERR_RANGE);
}
END_TEST

START_TEST(test_answers_have_their_names)
{
	/* protocol.md: { sessionId, roomName, baseUrl } and { joinUrl, expiresIn } */
	struct buf b = BUF_INIT;

	appointmsg_put_session(&b, "https://visit.example", MEETING);
	ck_assert_str_eq(b.p, "{\"sessionId\":\"" MEETING "\",\"roomName\":\"room_" MEETING
			      "\",\"baseUrl\":\"https://visit.example/join/" MEETING "\"}");
	buf_reset(&b);
	appointmsg_put_link(&b, "https://visit.example", MEETING, "a.b.c", 3600);
	ck_assert_str_eq(b.p, "{\"joinUrl\":\"https://visit.example/join/" MEETING
			      "?token=a.b.c\",\"expiresIn\":3600}");
	buf_fini(&b);
}
END_TEST

START_TEST(test_what_we_sign_we_take)
{
	/* jwtmake.h: proto/jwt.h reads them again; also with the longest of all names */
	static char none[] = "", issuer[] = "https://\"d\".example", kid[] = "k";
	static const char secret[] = "a-secret-of-at-least-thirty-two-bytes";
	struct jwtconf conf = {
		none, JWT_CAREPULSE, JWT_HS256, none, none, none, none, none, none,
	};
	const struct jwt_key key = {&conf, (const uint8_t *)secret, strlen(secret)};
	enum factdata_reason reason;
	struct jwt_person p;
	struct buf b = BUF_INIT;
	char longest[4 * JWT_PERSON_MAX + 1] = "";

	for (int i = 0; i < JWT_PERSON_MAX; i++)
		strcat(longest, "\xf0\x9f\xa9\xba");
	for (int i = 0; i < 2; i++) {
		buf_reset(&b);
		jwtmake_carepulse(&b, &key, MEETING, longest, i == 0, 1795166400);
		ck_assert_int_eq(jwt_judge(&p, &reason, &key, 1, 1795166400, b.p, b.len), 0);
		ck_assert_str_eq(p.person, longest);
		ck_assert_str_eq(p.meeting, MEETING);
		ck_assert_int_eq(p.host, i == 0);
		ck_assert_int_eq(p.expires_at, 1795166400 + 3600);
		conf.issuer = conf.audience = issuer;
		conf.key_id = kid;
	}
	buf_fini(&b);
}
END_TEST

UNIT_MAIN("appointmsg", test_a_session_is_asked_for_as_the_seeds_do,
	  test_what_is_missing_is_named, test_who_joins_is_doctor_or_patient,
	  test_answers_have_their_names, test_what_we_sign_we_take)
