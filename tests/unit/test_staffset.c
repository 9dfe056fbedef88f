#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "core/staffset.h"

#define NOW INT64_C(1795166400000)

static struct staffset *s;
static struct fact f;

static int add(const char *name, unsigned int roles)
{
	int err = staffset_add(&f, s, NOW, name, strlen(name), roles, "admin");

	return err ? err : staffset_apply(s, &f);
}

static int tell(const char *name, enum fact_kind kind, const struct factdata *d)
{
	static const struct factdata none;
	int err = staffset_tell(&f, s, NOW + 1, name, kind, d ? d : &none, NULL);

	return err ? err : staffset_apply(s, &f);
}

static const struct staffset_person *find(const char *name)
{
	return staffset_find(s, name, strlen(name));
}

START_TEST(test_people_come_change_and_go)
{
	/* staffset.h: as the facts tell; a name that comes back goes on in its stream */
	struct factdata d = {.roles = ROLE_AUDIT | ROLE_HOST};

	s = staffset_new();
	ck_assert_ptr_null(find("anna"));
	ck_assert_int_eq(tell("anna", FACT_STAFF_REMOVED, NULL), ERR_NOT_FOUND);
	ck_assert_int_eq(add("anna", ROLE_HOST), 0);
	ck_assert_str_eq(f.stream, "staff/anna");
	ck_assert_str_eq(f.actor, "admin");
	ck_assert_str_eq(f.data, "{\"roles\":\"host\"}");
	ck_assert_uint_eq(find("anna")->roles, ROLE_HOST);
	ck_assert_int_eq(find("anna")->added_at, NOW);
	ck_assert_int_eq(add("anna", ROLE_HOST), ERR_DUPLICATE);
	ck_assert_int_eq(tell("anna", FACT_STAFF_CHANGED, &d), 0);
	ck_assert_str_eq(f.actor, "staff:anna");
	ck_assert_uint_eq(find("anna")->roles, ROLE_AUDIT | ROLE_HOST);
	d = (struct factdata){.has_disabled = true, .disabled = true};
	ck_assert_int_eq(tell("anna", FACT_STAFF_CHANGED, &d), 0);
	ck_assert(find("anna")->disabled);
	ck_assert_uint_eq(find("anna")->roles, ROLE_AUDIT | ROLE_HOST);
	ck_assert_int_eq(tell("anna", FACT_STAFF_REMOVED, NULL), 0);
	ck_assert_ptr_null(find("anna"));
	ck_assert_uint_eq(staffset_count(s), 0);
	ck_assert_int_eq(add("anna", ROLE_ADMIN), 0);
	ck_assert_uint_eq(f.version, 5);
	ck_assert(!find("anna")->disabled);
	staffset_free(s);
}
END_TEST

START_TEST(test_what_ends_sessions_is_counted)
{
	/* staffset.h: generation: password, everywhere, disabled, removed; nothing else */
	const struct staffset_person *p;
	struct factdata d = {.password = true};
	unsigned int was;

	s = staffset_new();
	add("anna", ROLE_HOST);
	p = find("anna");
	was = p->generation;
	tell("anna", FACT_STAFF_SIGNED_IN, NULL);
	tell("anna", FACT_STAFF_SIGNED_OUT, NULL);
	tell("anna", FACT_STAFF_REFUSED, &(struct factdata){.reason = REASON_PASSWORD});
	tell("anna", FACT_STAFF_INVITED, &(struct factdata){.expires_at = NOW + 9000});
	tell("anna", FACT_STAFF_CHANGED, &(struct factdata){.roles = ROLE_ADMIN});
	ck_assert_uint_eq(p->generation, was);
	ck_assert_int_eq(p->invited_until, NOW + 9000);
	tell("anna", FACT_STAFF_CHANGED, &d);
	ck_assert_uint_eq(p->generation, was + 1);
	ck_assert_int_eq(p->invited_until, 0);
	tell("anna", FACT_STAFF_SIGNED_OUT, &(struct factdata){.everywhere = true});
	ck_assert_uint_eq(p->generation, was + 2);
	d = (struct factdata){.has_disabled = true, .disabled = true};
	tell("anna", FACT_STAFF_CHANGED, &d);
	ck_assert_uint_eq(p->generation, was + 3);
	d.disabled = false;
	tell("anna", FACT_STAFF_CHANGED, &d);
	ck_assert_uint_eq(p->generation, was + 3);
	tell("anna", FACT_STAFF_REMOVED, NULL);
	add("anna", ROLE_HOST);
	ck_assert_uint_eq(find("anna")->generation, was + 4);
	staffset_free(s);
}
END_TEST

START_TEST(test_a_replay_may_leave_out_what_changes_nothing)
{
	/* staffset.h, ledger.h: versions with gaps, but never backwards */
	s = staffset_new();
	add("anna", ROLE_HOST);
	staffset_tell(&f, s, NOW, "anna", FACT_STAFF_SIGNED_IN, &(struct factdata){.host = 0},
		      NULL);
	f.version = 700;
	ck_assert_int_eq(staffset_apply(s, &f), 0);
	ck_assert_int_eq(staffset_apply(s, &f), ERR_CONFLICT);
	f.version = 699;
	ck_assert_int_eq(staffset_apply(s, &f), ERR_CONFLICT);
	tell("anna", FACT_STAFF_REMOVED, NULL);
	ck_assert_uint_eq(f.version, 701);
	/* what cannot be */
	f.version++;
	ck_assert_int_eq(staffset_apply(s, &f), ERR_CORRUPT);
	strcpy(f.stream, "staff/Anna");
	ck_assert_int_eq(staffset_apply(s, &f), ERR_CORRUPT);
	strcpy(f.stream, "staff/");
	ck_assert_int_eq(staffset_apply(s, &f), ERR_CORRUPT);
	strcpy(f.stream, "key/AAAAAAAA");
	ck_assert_int_eq(staffset_apply(s, &f), 0);
	staffset_free(s);
}
END_TEST

START_TEST(test_all_are_listed_by_name_and_bounded)
{
	/* staffset.h: by name; STAFFSET_MAX people */
	char name[16];

	s = staffset_new();
	add("c", ROLE_HOST);
	add("a", ROLE_HOST);
	add("b", ROLE_HOST);
	ck_assert_str_eq(staffset_at(s, 0)->name, "a");
	ck_assert_str_eq(staffset_at(s, 2)->name, "c");
	ck_assert_ptr_null(staffset_at(s, 3));
	tell("b", FACT_STAFF_REMOVED, NULL);
	ck_assert_str_eq(staffset_at(s, 1)->name, "c");
	for (int i = 2; i < STAFFSET_MAX; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		ck_assert_int_eq(add(name, ROLE_HOST), 0);
	}
	ck_assert_int_eq(add("b", ROLE_HOST), ERR_FULL);
	ck_assert_int_eq(add("A", ROLE_HOST), ERR_RANGE);
	ck_assert_int_eq(add("d", 0), ERR_RANGE);
	staffset_free(s);
}
END_TEST

UNIT_MAIN("staffset", test_people_come_change_and_go,
	  test_what_ends_sessions_is_counted,
	  test_a_replay_may_leave_out_what_changes_nothing,
	  test_all_are_listed_by_name_and_bounded)
