#include "app/commands.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "app/adminclient.h"
#include "app/options.h"
#include "app/secretline.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/password.h"
#include "proto/json.h"
#include "proto/signin.h"

static const char help[] =
	"usage: paravent staff add NAME [--role host,audit,admin] [--json] [-c FILE]\n"
	"       paravent staff list [--json] [-c FILE]\n"
	"       paravent staff invite NAME [--json] [-c FILE]\n"
	"       paravent staff role NAME ROLES [-c FILE]\n"
	"       paravent staff passwd|disable|enable|signout|remove NAME [-c FILE]\n\n"
	"Accounts of those who work in the practice. add and invite print a link that is\n"
	"good once, for 72 hours: whoever opens it chooses a password. A forgotten one is\n"
	"replaced in the same way.\n\n"
	"      --role ROLES    what they may do (default host):\n"
	"                      host   make, see, change and end all visits\n"
	"                      audit  read the whole log, and reports\n"
	"                      admin  all of it, and erase personal data\n"
	"      --json          print what the server says\n"
	"  -c, --config FILE   the configuration of the server that runs\n"
	"  -s, --state-dir DIR where its ledger is, if not as configured\n\n"
	"passwd asks for the new password, or reads one line of what is piped in. disable\n"
	"shuts an account and signs it out, enable opens it again; signout ends what runs.\n";

#define COMMAND "paravent staff"

static int usage(const char *what)
{
	fprintf(stderr, COMMAND ": %s\n\n%s", what, help);
	return EXIT_USAGE;
}

/* What a verb works on. */
struct task {
	const char *state_dir;
	const char *name;	/* NULL where there is none */
	const char *roles;
	bool json;
};

/* Asks the server about one account; body: NULL for none. */
static int ask(struct adminclient_answer *answer, const struct task *t, const char *method,
	       const char *verb, const char *body)
{
	struct buf path = BUF_INIT;
	int err;

	if (!signin_name_ok(t->name, strlen(t->name))) {
		fprintf(stderr, COMMAND ": a name has 1 to 32 characters of a-z, 0-9, dot, "
			"underscore and hyphen, and begins with a letter or a digit\n");
		return EXIT_FAILED;
	}
	buf_printf(&path, "/admin/staff/%s%s", t->name, verb);
	err = adminclient_ask(answer, COMMAND, t->state_dir, method, path.p, body);
	buf_fini(&path);
	return err ? EXIT_FAILED : EXIT_OK;
}

/* The same, and nothing to print. */
static int tell(const struct task *t, const char *method, const char *verb,
		const char *body)
{
	struct adminclient_answer answer;
	int status = ask(&answer, t, method, verb, body);

	if (status == EXIT_OK)
		adminclient_fini(&answer);
	return status;
}

/* A body of one or two members; wipe it. */
static void put_body(struct buf *body, const char *a, const char *a_text, const char *b,
		     const char *b_text)
{
	struct json_writer w;

	json_put_init(&w, body);
	json_put_object(&w, NULL);
	json_put_text(&w, a, a_text);
	if (b)
		json_put_text(&w, b, b_text);
	json_put_end(&w);
}

/* --- Links -------------------------------------------------------------------------- */

static int print_link(struct adminclient_answer *answer, bool json)
{
	struct json_member m[8];
	char link[1024], until[32];
	int n = json_scan(m, ARRAY_LEN(m), answer->body.p, answer->body.len);

	adminclient_text(link, sizeof(link), m, n < 0 ? 0 : n, "link");
	adminclient_text(until, sizeof(until), m, n < 0 ? 0 : n, "expiresAt");
	if (json)
		puts(answer->body.p);
	else
		printf("%s\n", link);
	if (!json)
		fprintf(stderr, "It is not shown again, is good once, and until %s.\n",
			until);
	mem_wipe(link, sizeof(link));
	mem_wipe(answer->body.p, answer->body.len);
	adminclient_fini(answer);
	return EXIT_OK;
}

static int add(const struct task *t)
{
	struct adminclient_answer answer;
	struct buf body = BUF_INIT;
	int err;

	put_body(&body, "name", t->name, "roles", t->roles);
	err = adminclient_ask(&answer, COMMAND, t->state_dir, "POST", "/admin/staff",
			      body.p);
	buf_fini(&body);
	return err ? EXIT_FAILED : print_link(&answer, t->json);
}

static int invite(const struct task *t)
{
	struct adminclient_answer answer;
	int status = ask(&answer, t, "POST", "/invite", NULL);

	return status == EXIT_OK ? print_link(&answer, t->json) : status;
}

/* --- The list ------------------------------------------------------------------------ */

static void print_person(const struct json_member *m, int n)
{
	char name[SIGNIN_NAME_SIZE], roles[32], disabled[8], added[32], invited[32],
		sessions[16];

	adminclient_text(name, sizeof(name), m, n, "name");
	adminclient_text(roles, sizeof(roles), m, n, "roles");
	adminclient_text(disabled, sizeof(disabled), m, n, "disabled");
	adminclient_text(added, sizeof(added), m, n, "addedAt");
	adminclient_text(invited, sizeof(invited), m, n, "invitedUntil");
	adminclient_text(sessions, sizeof(sessions), m, n, "sessions");
	printf("%-20s  %-16s  %.10s  %8s  %s\n", name, roles, added, sessions,
	       strcmp(disabled, "true") == 0 ? "disabled" : *invited ? "invited" : "");
}

static int list(const struct task *t)
{
	struct adminclient_answer answer;
	int status = EXIT_OK;

	if (adminclient_ask(&answer, COMMAND, t->state_dir, "GET", "/admin/staff", NULL))
		return EXIT_FAILED;
	if (t->json) {
		puts(answer.body.p);
	} else {
		printf("%-20s  %-16s  %-10s  %8s  %s\n", "NAME", "ROLES", "ADDED",
		       "SESSIONS", "STATE");
		if (!adminclient_items(&answer, print_person))
			status = EXIT_FAILED;
	}
	adminclient_fini(&answer);
	return status;
}

/* --- Changes --------------------------------------------------------------------------- */

static const char *not_read(int err)
{
	switch (err) {
	case ERR_TOO_BIG:
		return "a password has at most 511 bytes";
	case ERR_CONFLICT:
		return "the two are not the same; nothing was changed";
	case ERR_CLOSED:
		return "no password was given; nothing was changed";
	default:
		return "stdin cannot be read";
	}
}

static int passwd(const struct task *t)
{
	char password[PASSWORD_BYTES_MAX + 2];
	struct buf body = BUF_INIT;
	const char *wrong;
	int status = EXIT_FAILED, err;

	err = secretline_read(password, sizeof(password), "New password");
	wrong = err ? not_read(err) : signin_password_wrong(password, strlen(password));
	if (wrong) {
		fprintf(stderr, COMMAND ": %s%s\n", err ? "" : "a password ", wrong);
	} else {
		put_body(&body, "password", password, NULL, NULL);
		status = tell(t, "POST", "/password", body.p);
	}
	mem_wipe(password, sizeof(password));
	mem_wipe(body.p, body.len);
	buf_fini(&body);
	return status;
}

static int role(const struct task *t)
{
	struct buf body = BUF_INIT;
	int status;

	put_body(&body, "roles", t->roles, NULL, NULL);
	status = tell(t, "POST", "/roles", body.p);
	buf_fini(&body);
	return status;
}

static int disable(const struct task *t)
{
	return tell(t, "POST", "/disable", NULL);
}

static int enable(const struct task *t)
{
	return tell(t, "POST", "/enable", NULL);
}

static int sign_out(const struct task *t)
{
	return tell(t, "POST", "/signout", NULL);
}

static int remove_one(const struct task *t)
{
	return tell(t, "DELETE", "", NULL);
}

static const struct {
	const char *name;
	int words;		/* with the verb itself */
	int (*run)(const struct task *t);
} verbs[] = {
	{"add", 2, add}, {"list", 1, list}, {"invite", 2, invite}, {"role", 3, role},
	{"passwd", 2, passwd}, {"disable", 2, disable}, {"enable", 2, enable},
	{"signout", 2, sign_out}, {"remove", 2, remove_one},
};

int cmd_staff(int argc, char **argv)
{
	struct task task = {.roles = "host"};
	const struct options_own own[] = {
		{.name = "role", .value = &task.roles},
		{.name = NULL},
	};
	struct options o;
	struct conf conf;
	size_t i = 0;
	int status = options_read(&o, argc, argv, own, help);

	if (status != OPTIONS_GO_ON)
		return status;
	while (i < ARRAY_LEN(verbs) &&
	       !(o.words == verbs[i].words && strcmp(o.word[0], verbs[i].name) == 0))
		i++;
	if (i == ARRAY_LEN(verbs))
		return usage("say add NAME, list, invite NAME, role NAME ROLES, or one of "
			     "passwd, disable, enable, signout and remove with a NAME");
	status = options_load(&conf, &o);
	if (status != EXIT_OK)
		return status;
	task.state_dir = conf.state_dir;
	task.name = o.words > 1 ? o.word[1] : NULL;
	task.json = o.json;
	if (o.words > 2)
		task.roles = o.word[2];
	status = verbs[i].run(&task);
	conf_fini(&conf);
	return status;
}
