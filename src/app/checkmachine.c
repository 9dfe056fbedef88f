#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "app/adminclient.h"
#include "app/checkup.h"
#include "app/lastbackup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "net/tls.h"
#include "proto/json.h"
#include "store/verify.h"

#define MB (1024ULL * 1024)
#define ROOM_WRONG (100 * MB)
#define ROOM_DOUBTFUL (1024 * MB)
#define DAY_MS INT64_C(86400000)
#define CERTIFICATE_DOUBTFUL_DAYS 14
#define BACKUP_DOUBTFUL_DAYS 3
/* Clocks of two machines, and a leap second. */
#define FUTURE_MS 60000

/* --- Telling ------------------------------------------------------------------------- */

void checkup_good(const char *what, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printf("%s: ", what);
	vprintf(fmt, ap);
	puts("");
	va_end(ap);
}

void checkup_doubt(struct checkup *c, const char *what, const char *fmt, ...)
{
	va_list ap;

	c->doubtful++;
	va_start(ap, fmt);
	printf("%s: warning: ", what);
	vprintf(fmt, ap);
	puts("");
	va_end(ap);
}

void checkup_wrong(struct checkup *c, const char *what, const char *fmt, ...)
{
	va_list ap;

	c->wrong++;
	va_start(ap, fmt);
	fprintf(stderr, "%s: ", what);
	vfprintf(stderr, fmt, ap);
	fputs("\n", stderr);
	va_end(ap);
}

/* --- The certificate ------------------------------------------------------------------ */

/* Where a certificate must be good for: the host of public_url, without brackets. */
static void judge_certificate(struct checkup *c, const struct conf *conf,
			      const struct tls *tls)
{
	const char *host = strstr(conf->public_url, "://") + 3;
	size_t len = *host == '[' ? strcspn(++host, "]") : strcspn(host, ":");
	int days = tls_days_left(tls, clock_wall_ms());

	if (days < 0)
		checkup_wrong(c, conf->tls_certificate, "the certificate has ended; renew "
			      "it");
	else if (days < CERTIFICATE_DOUBTFUL_DAYS)
		checkup_doubt(c, "certificate", "%d days left; renew it, and see why nobody "
			      "did", days);
	else
		checkup_good("certificate", "%d days left", days);
	if (!tls_is_for(tls, host, len))
		checkup_doubt(c, "certificate", "it is not for %.*s, and browsers will "
			      "refuse it; get one for that name", (int)len, host);
}

void checkup_certificate(struct checkup *c, const struct conf *conf)
{
	struct buf why = BUF_INIT;
	struct tls *tls;

	if (!conf->tls_certificate[0])
		return;
	if (tls_new(&tls, conf->tls_certificate, conf->tls_key, &why) != 0) {
		checkup_wrong(c, "tls", "%s", why.p);
	} else {
		judge_certificate(c, conf, tls);
		tls_free(tls);
	}
	buf_fini(&why);
}

/* --- Disk and clock ------------------------------------------------------------------- */

static void check_disk(struct checkup *c, const char *state_dir)
{
	struct statvfs fs;
	unsigned long long room;

	if (statvfs(state_dir, &fs) != 0) {
		checkup_doubt(c, "disk", "%s: %s", state_dir, strerror(errno));
		return;
	}
	room = (unsigned long long)fs.f_bavail * fs.f_frsize;
	if (room < ROOM_WRONG)
		checkup_wrong(c, "disk", "%llu MB left for %s; without room no visit begins",
			      room / MB, state_dir);
	else if (room < ROOM_DOUBTFUL)
		checkup_doubt(c, "disk", "%llu MB left for %s; make room", room / MB,
			      state_dir);
	else
		checkup_good("disk", "%.1f GB left", (double)room / 1e9);
}

static void check_clock(struct checkup *c, int64_t last_fact_at)
{
	struct timex t = {.modes = 0};

	if (last_fact_at > clock_wall_ms() + FUTURE_MS)
		checkup_wrong(c, "clock", "the log has facts of the future; set the clock "
			      "right, then start the server");
	else if (adjtimex(&t) == TIME_ERROR || t.status & STA_UNSYNC)
		checkup_doubt(c, "clock", "nobody keeps it right, and tokens end by it; "
			      "install chrony or systemd-timesyncd");
	else
		checkup_good("clock", "kept right");
}

/* --- The ledger ----------------------------------------------------------------------- */

static void check_backup(struct checkup *c, const char *state_dir)
{
	char when[CLOCK_RFC3339_SIZE];
	int64_t at = lastbackup_read(state_dir);

	if (!at) {
		checkup_doubt(c, "backup", "none is known of; paravent backup makes one");
		return;
	}
	clock_rfc3339(when, at);
	if (clock_wall_ms() - at > BACKUP_DOUBTFUL_DAYS * DAY_MS)
		checkup_doubt(c, "backup", "the last is of %s; see why: systemctl status "
			      "paravent-backup", when);
	else
		checkup_good("backup", "the last is of %s", when);
}

void checkup_machine(struct checkup *c, const struct conf *conf)
{
	struct chain_head head = {.at = 0};
	struct why why = {.text = ""};
	struct buf path = BUF_INIT;

	buf_printf(&path, "%s/ledger.db", conf->state_dir);
	/* before the first start there is nothing to look at but the clock */
	if (access(path.p, F_OK) == 0) {
		if (ledger_head(conf->state_dir, &head, &why) != 0)
			checkup_wrong(c, "log", "%s", why.text);
		else
			checkup_good("log", "%llu facts; paravent log verify looks at each",
				     (unsigned long long)head.seq);
		check_backup(c, conf->state_dir);
		check_disk(c, conf->state_dir);
	} else if (errno == EACCES) {
		checkup_doubt(c, "log", "%s: %s; run this as root", path.p, strerror(errno));
	}
	check_clock(c, head.at);
	buf_fini(&path);
}

/* --- The server ----------------------------------------------------------------------- */

bool checkup_server(struct checkup *c, const struct conf *conf)
{
	struct adminclient_answer answer;
	struct json_member m[40];
	struct buf path = BUF_INIT;
	char text[16], trouble[512];
	bool is_there;
	int n;

	buf_printf(&path, "%s/admin.sock", conf->state_dir);
	is_there = access(path.p, F_OK) == 0;
	buf_fini(&path);
	if (!is_there)
		return false;
	if (adminclient_ask(&answer, "server", conf->state_dir, "GET", "/admin/status",
			    NULL) != 0) {
		c->wrong++;	/* it has been said why */
		return false;
	}
	n = json_scan(m, ARRAY_LEN(m), answer.body.p, answer.body.len);
	adminclient_text(text, sizeof(text), m, n, "writable");
	adminclient_text(trouble, sizeof(trouble), m, n, "trouble");
	if (strcmp(text, "true") != 0)
		checkup_wrong(c, "server", "it runs, but its log takes nothing: %s", trouble);
	else
		checkup_good("server", "it runs");
	adminclient_text(text, sizeof(text), m, n, "draining");
	if (strcmp(text, "true") == 0)
		checkup_doubt(c, "server", "no visit begins; restart it, or: paravent drain "
			      "--off");
	adminclient_fini(&answer);
	return true;
}
