/*
 * Makes a large ledger, as years of a practice would leave it behind:
 *
 *	bigledger DIR [MEETINGS] [LIVE]
 *
 * MEETINGS visits (100,000) of ten facts each, one third with something personal, of
 * which LIVE (1,000) are not over: half of them still to come, half under way. Plus
 * accounts that sign in, and the server's own facts. Written as the ledger's thread does
 * it, but in larger groups and over five years.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/b64.h"
#include "base/mem.h"
#include "base/rnd.h"
#include "proto/factdata.h"
#include "store/append.h"
#include "store/db.h"
#include "store/schema.h"

#define AT_A_TIME 50		/* visits that go on together */
#define STAFF 20
#define DAY_MS INT64_C(86400000)
#define START INT64_C(1600000000000)	/* 2020-09-13 */
#define PACE_MS 150000		/* from fact to fact: five years for a million */
#define GROUP 20000

struct visit {
	char stream[FACT_STREAM_SIZE];
	char host[SIGMSG_ID_SIZE], guest[SIGMSG_ID_SIZE];
	uint32_t version;
	uint32_t last;			/* how far it goes */
};

static sqlite3 *db;
static struct keyring *keys;
static struct append *append;
static uint64_t seq;
static struct why why;

static void must(int err)
{
	if (!err)
		return;
	fprintf(stderr, "bigledger: %s\n", why.text);
	exit(1);
}

static void open_ledger(const char *dir)
{
	struct chain_cut begin;
	uint64_t last;

	must(schema_open(&db, dir, &schema_ledger, DB_WRITE, &why));
	must(db_exec(db, "PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 1000",
		     &why));
	must(keyring_open(&keys, dir, db, DB_WRITE, &why));
	must(chain_last(&last, db, &why));
	if (last) {
		fprintf(stderr, "bigledger: %s has a ledger already\n", dir);
		exit(1);
	}
	must(chain_cut(&begin, db, &why));
	must(append_new(&append, db, keys, &begin.head, &why));
	append_yield(append, false);
	must(append_begin(append, &why));
}

static void close_ledger(void)
{
	must(append_commit(append, &why));
	append_free(append);
	must(keyring_empty(keys, &why));
	keyring_close(keys);
	must(db_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)", &why));
	db_close(db);
}

static void put(const struct fact *f)
{
	struct fact_row row = {
		.seq = ++seq, .at = START + (int64_t)seq * PACE_MS, .version = f->version,
		.stream = f->stream, .stream_len = strlen(f->stream),
		.kind = fact_kind_name(f->kind), .actor = f->actor,
		.actor_len = strlen(f->actor), .data = f->data, .data_len = f->data_len,
	};

	row.kind_len = strlen(row.kind);
	must(append_fact(append, f->kind, &row, f->personal, f->personal_len, &why));
	if (seq % GROUP == 0) {
		must(append_commit(append, &why));
		must(append_begin(append, &why));
	}
}

static void random_id(char *out, size_t bytes)
{
	uint8_t random[16];

	rnd_bytes(random, bytes);
	b64_encode(out, random, bytes);
}

static void create(struct fact *f, unsigned int n)
{
	struct meeting_plan plan;

	plan_init(&plan);
	plan.starts_at = START + (int64_t)(n / 40) * DAY_MS + n % 40 * INT64_C(900000);
	if (n % 3 == 0) {
		snprintf(plan.title, sizeof(plan.title), "Talk %u about nothing", n);
		strcpy(plan.host_name, "Dr. Somebody");
	}
	factdata_put_plan(f, &plan);
}

/* The next fact of a visit; false at its end. */
static bool go_on(struct visit *v, unsigned int n)
{
	static const enum fact_kind kinds[] = {
		FACT_MEETING_CREATED, FACT_MEETING_OPENED, FACT_PARTICIPANT_JOINED,
		FACT_GUEST_WAITING, FACT_GUEST_ADMITTED, FACT_PARTICIPANT_JOINED,
		FACT_CALL_CONNECTED, FACT_MEETING_ENDED, FACT_PARTICIPANT_LEFT,
		FACT_PARTICIPANT_LEFT,
	};
	const uint32_t at = v->version;
	struct fact f = {.kind = kinds[at], .version = at + 1};
	struct factdata d = {.host = at == 2, .path = at == 6 ? SIGMSG_DIRECT :
			     SIGMSG_NO_PATH};

	strcpy(f.stream, v->stream);
	snprintf(f.actor, sizeof(f.actor), at ? "participant:%s" : "open", v->host);
	d.reason = at == 7 ? REASON_HOST : REASON_ENDED;
	memcpy(d.id, at == 2 || at == 6 || at == 8 ? v->host : v->guest, sizeof(d.id));
	memcpy(d.by, v->host, sizeof(d.by));
	memcpy(d.peer, v->guest, sizeof(d.peer));
	if (at == 0)
		create(&f, n);
	else
		factdata_put(&f, &d);
	put(&f);
	return ++v->version < v->last;
}

static void begin(struct visit *v, unsigned int n, unsigned int meetings,
		  unsigned int live)
{
	strcpy(v->stream, "meeting/");
	random_id(v->stream + 8, 16);
	random_id(v->host, 12);
	random_id(v->guest, 12);
	v->version = 0;
	v->last = 10;
	/* those that are not over were made all along */
	if (live && n % (meetings / live) == 0)
		v->last = n / (meetings / live) % 2 ? 1 : 7;
}

/* Somebody signs in; the first time the account is made. */
static void sign_in(unsigned int n)
{
	static uint32_t version[STAFF];
	const unsigned int who = n % STAFF;
	struct fact f = {.version = ++version[who]};
	const struct factdata d = {.roles = ROLE_HOST};

	f.kind = f.version == 1 ? FACT_STAFF_ADDED : FACT_STAFF_SIGNED_IN;
	snprintf(f.stream, sizeof(f.stream), "staff/doctor%u", who);
	strcpy(f.actor, f.stream);
	factdata_put(&f, &d);
	put(&f);
}

static void server(enum fact_kind kind, uint32_t version)
{
	struct fact f = {.kind = kind, .version = version};
	const struct factdata d = {.version = "0"};

	strcpy(f.stream, "server");
	strcpy(f.actor, "server");
	factdata_put(&f, &d);
	put(&f);
}

int main(int argc, char **argv)
{
	const unsigned int meetings = argc > 2 ? (unsigned int)atoi(argv[2]) : 100000;
	const unsigned int live = argc > 3 ? (unsigned int)atoi(argv[3]) : 1000;
	struct visit visit[AT_A_TIME] = {{.version = 0}};
	unsigned int i, begun = 0, done = 0;

	if (argc < 2 || live > meetings) {
		fprintf(stderr, "usage: bigledger DIR [MEETINGS] [LIVE]\n");
		return 2;
	}
	open_ledger(argv[1]);
	server(FACT_SERVER_STARTED, 1);
	while (done < meetings) {
		for (i = 0; i < AT_A_TIME && done < meetings; i++) {
			struct visit *v = &visit[i];

			if (v->version == v->last) {
				if (begun == meetings)
					continue;
				begin(v, begun++, meetings, live);
			}
			if (!go_on(v, begun) && ++done % 16 == 0)
				sign_in(done / 16);
		}
	}
	server(FACT_SERVER_STOPPED, 2);
	close_ledger();
	printf("%llu facts of %u meetings\n", (unsigned long long)seq, meetings);
	return 0;
}
