#include "app/commands.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "app/adminclient.h"
#include "app/options.h"
#include "base/buf.h"
#include "base/mem.h"
#include "proto/apikey.h"

static const char help[] =
	"usage: paravent key add LABEL [--scope create,read,audit] [--json] [-c FILE]\n"
	"       paravent key list [--json] [-c FILE]\n"
	"       paravent key revoke ID [-c FILE]\n\n"
	"API keys of other systems, such as the clinic's own. A key is shown once, when\n"
	"it is made, and opens nothing any more from the moment it is revoked.\n\n"
	"      --scope SCOPES  what it may do (default create,read):\n"
	"                      create  make, change and end meetings\n"
	"                      read    read meetings, their events and reports\n"
	"                      audit   read the whole log\n"
	"      --json          print what the server says\n"
	"  -c, --config FILE   the configuration of the server that runs\n"
	"  -s, --state-dir DIR where its ledger is, if not as configured\n";

#define COMMAND "paravent key"

static int usage(const char *what)
{
	fprintf(stderr, COMMAND ": %s\n\n%s", what, help);
	return EXIT_USAGE;
}

static int ask(struct adminclient_answer *answer, const char *state_dir,
	       const char *method, const char *path, const char *body)
{
	return adminclient_ask(answer, COMMAND, state_dir, method, path, body)
		       ? EXIT_FAILED : EXIT_OK;
}

/* --- add ------------------------------------------------------------------------ */

static int print_made(const struct adminclient_answer *answer)
{
	char id[APIKEY_ID_SIZE], key[APIKEY_LEN + 1];
	struct json_member m[8];
	int n = json_scan(m, ARRAY_LEN(m), answer->body.p, answer->body.len);

	if (n < 0)
		return EXIT_FAILED;
	adminclient_text(id, sizeof(id), m, n, "id");
	adminclient_text(key, sizeof(key), m, n, "key");
	printf("id   %s\nkey  %s\n", id, key);
	mem_wipe(key, sizeof(key));
	fputs("It is not shown again. Send it as: Authorization: Bearer KEY\n", stderr);
	return EXIT_OK;
}

static int add(const char *state_dir, const char *label, const char *scopes, bool json)
{
	struct adminclient_answer answer;
	struct buf body = BUF_INIT;
	struct json_writer w;
	int status;

	json_put_init(&w, &body);
	json_put_object(&w, NULL);
	json_put_text(&w, "label", label);
	json_put_text(&w, "scopes", scopes);
	json_put_end(&w);
	status = ask(&answer, state_dir, "POST", "/admin/keys", body.p);
	buf_fini(&body);
	if (status != EXIT_OK)
		return status;
	if (json)
		puts(answer.body.p);
	else
		status = print_made(&answer);
	mem_wipe(answer.body.p, answer.body.len);
	adminclient_fini(&answer);
	return status;
}

/* --- list, revoke --------------------------------------------------------------- */

static void print_key(const struct json_member *m, int n)
{
	char id[APIKEY_ID_SIZE], label[APIKEY_LABEL_SIZE], scopes[32], made[32],
		revoked[32], used[32];

	adminclient_text(id, sizeof(id), m, n, "id");
	adminclient_text(label, sizeof(label), m, n, "label");
	adminclient_text(scopes, sizeof(scopes), m, n, "scopes");
	adminclient_text(made, sizeof(made), m, n, "madeAt");
	adminclient_text(revoked, sizeof(revoked), m, n, "revokedAt");
	adminclient_text(used, sizeof(used), m, n, "usedAt");
	printf("%-8s  %-17s  %.10s  %-10.10s  %-10.10s  %s\n", id, scopes, made,
	       *revoked ? revoked : "-", *used ? used : "-", label);
}

static int list(const char *state_dir, bool json)
{
	struct adminclient_answer answer;
	int status = ask(&answer, state_dir, "GET", "/admin/keys", NULL);

	if (status != EXIT_OK)
		return status;
	if (json) {
		puts(answer.body.p);
	} else {
		printf("%-8s  %-17s  %-10s  %-10s  %-10s  %s\n", "ID", "SCOPES", "MADE",
		       "REVOKED", "USED", "LABEL");
		status = adminclient_items(&answer, print_key) ? EXIT_OK : EXIT_FAILED;
	}
	adminclient_fini(&answer);
	return status;
}

static int revoke(const char *state_dir, const char *id)
{
	struct adminclient_answer answer;
	struct buf path = BUF_INIT;
	int status;

	if (!apikey_id_ok(id, strlen(id))) {
		fputs(COMMAND ": an id has 8 characters, see paravent key list\n",
		      stderr);
		return EXIT_FAILED;
	}
	buf_printf(&path, "/admin/keys/%s", id);
	status = ask(&answer, state_dir, "DELETE", path.p, NULL);
	if (status == EXIT_OK)
		adminclient_fini(&answer);
	buf_fini(&path);
	return status;
}

int cmd_key(int argc, char **argv)
{
	const char *scopes = "create,read", *verb;
	const struct options_own own[] = {
		{.name = "scope", .value = &scopes},
		{.name = NULL},
	};
	struct options o;
	struct conf conf;
	int status = options_read(&o, argc, argv, own, help);

	if (status != OPTIONS_GO_ON)
		return status;
	verb = o.words ? o.word[0] : "";
	if (!(o.words == 2 &&
	      (strcmp(verb, "add") == 0 || strcmp(verb, "revoke") == 0)) &&
	    !(o.words == 1 && strcmp(verb, "list") == 0))
		return usage("say add LABEL, list or revoke ID");
	status = options_load(&conf, &o);
	if (status != EXIT_OK)
		return status;
	if (*verb == 'a')
		status = add(conf.state_dir, o.word[1], scopes, o.json);
	else if (*verb == 'l')
		status = list(conf.state_dir, o.json);
	else
		status = revoke(conf.state_dir, o.word[1]);
	conf_fini(&conf);
	return status;
}
