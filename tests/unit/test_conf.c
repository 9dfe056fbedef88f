#include "unit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "proto/conf.h"

/* Reads a text that must be good. conf_fini() the result. */
static struct conf good(const char *text)
{
	struct buf errors = BUF_INIT;
	struct conf c;
	int err = conf_parse(&c, "t.conf", text, strlen(text), &errors);

	ck_assert_msg(err == 0, "%s: %s", err_text(err), errors.p);
	ck_assert_str_eq(errors.p, "");
	buf_fini(&errors);
	return c;
}

/* Reads a text that must be refused with exactly these lines. */
static void bad(const char *text, const char *lines)
{
	struct buf errors = BUF_INIT;
	struct conf c;

	ck_assert_int_eq(conf_parse(&c, "t.conf", text, strlen(text), &errors),
			 ERR_MALFORMED);
	ck_assert_str_eq(errors.p, lines);
	buf_fini(&errors);
}

/* ... with a complaint that says these words somewhere. */
static void bad_saying(const char *text, const char *words)
{
	struct buf errors = BUF_INIT;
	struct conf c;

	ck_assert_int_eq(conf_parse(&c, "t.conf", text, strlen(text), &errors),
			 ERR_MALFORMED);
	ck_assert_msg(strstr(errors.p, words), "no \"%s\" in: %s", words, errors.p);
	buf_fini(&errors);
}

START_TEST(test_no_file_is_the_tryout)
{
	/* ecosystem.md section 7: http://localhost:8080, loopback, access open */
	struct buf errors = BUF_INIT;
	struct conf c;

	setenv("XDG_STATE_HOME", "/somewhere", 1);
	ck_assert_int_eq(conf_load(&c, NULL, &errors), 0);
	ck_assert_str_eq(c.name, "Paravent");
	ck_assert_str_eq(c.public_url, "http://localhost:8080");
	ck_assert_uint_eq(c.listen.count, 2);
	ck_assert_str_eq(c.listen.item[0], "127.0.0.1:8080");
	ck_assert_str_eq(c.listen.item[1], "[::1]:8080");
	ck_assert_uint_eq(c.stun_listen.count, 2);
	ck_assert_str_eq(c.stun_listen.item[0], "127.0.0.1:3478");
	ck_assert_str_eq(c.stun_host, "localhost");
	ck_assert_str_eq(c.state_dir, geteuid() ? "/somewhere/paravent"
						: "/var/lib/paravent");
	ck_assert(c.relay);
	ck_assert_uint_eq(c.relay_ports.min, 49152);
	ck_assert_uint_eq(c.relay_ports.max, 65535);
	ck_assert_uint_eq(c.relay_address.count, 0);
	ck_assert_uint_eq(c.relay_peer_allow.count + c.relay_peer_deny.count, 0);
	ck_assert_int_eq(c.access, CONF_ACCESS_OPEN);
	ck_assert_uint_eq(c.message_rate, 60);
	ck_assert_uint_eq(c.retain_personal_days, 90);
	ck_assert_uint_eq(c.retain_facts_days, 0);
	ck_assert_uint_eq(c.connections_per_address, 256);
	ck_assert_int_eq(c.log_level, LOG_INFO);
	ck_assert(!conf_is_https(&c));
	conf_fini(&c);

	conf_fini(&c);
}
END_TEST

START_TEST(test_values_are_taken)
{
	/* paravent.conf(5): every key, comments of all three kinds, both quotes */
	struct conf c = good(
		"# a practice\n"
		"name = \"Praxis am \\\"Markt\\\"\"\t// in the square\n"
		"public-url = https://Visits.Example.org:443/\n"
		"/* two\n lines */ listen = {\"0.0.0.0:443\",\n\t\"[::]:443\"}\n"
		"tls-certificate = '/etc/paravent/tls/cert.pem'\n"
		"tls-key = /etc/paravent/tls/key.pem\n"
		"stun-listen = 192.0.2.1:3478\n"
		"stun-host = stun.example.org\n"
		"relay = off\n"
		"relay-ports = 20000-20001\n"
		"relay-address = {203.0.113.5, \"2001:db8::5\"}\n"
		"relay-peer-allow = {10.20.0.0/16, 10.1.2.3}\n"
		"relay-peer-deny = \"2001:db8:1::/48\"\n"
		"access = staff\n"
		"embed-origin = \"HTTPS://Dashboard.example:443\"\n"
		"trusted-proxy = {127.0.0.1/32, 10.1.2.3, \"2001:db8::/32\"}\n"
		"call-rate = 7\n"
		"allowed-origins = {HTTPS://dashboard.example.org, "
		"\"http://127.0.0.1:80\", \"https://[2001:DB8::1]:8443\"}\n"
		"message-rate = 0\n"
		"connections-per-address = 1000\n"
		"state-dir = /srv/paravent\n"
		"log-level = debug");

	ck_assert_str_eq(c.name, "Praxis am \"Markt\"");
	ck_assert_str_eq(c.public_url, "https://visits.example.org");
	ck_assert(conf_is_https(&c));
	ck_assert_uint_eq(c.listen.count, 2);
	ck_assert_str_eq(c.listen.item[1], "[::]:443");
	ck_assert_str_eq(c.tls_certificate, "/etc/paravent/tls/cert.pem");
	ck_assert_str_eq(c.tls_key, "/etc/paravent/tls/key.pem");
	ck_assert_uint_eq(c.stun_listen.count, 1);
	ck_assert_str_eq(c.stun_host, "stun.example.org");
	ck_assert(!c.relay);
	ck_assert_uint_eq(c.relay_ports.min, 20000);
	ck_assert_uint_eq(c.relay_ports.max, 20001);
	ck_assert_uint_eq(c.relay_address.count, 2);
	ck_assert_str_eq(c.relay_address.item[1], "2001:db8::5");
	ck_assert_uint_eq(c.relay_peer_allow.count, 2);
	ck_assert_str_eq(c.relay_peer_allow.item[0], "10.20.0.0/16");
	ck_assert_str_eq(c.relay_peer_deny.item[0], "2001:db8:1::/48");
	ck_assert_uint_eq(c.allowed_origins.count, 3);
	ck_assert_str_eq(c.allowed_origins.item[0], "https://dashboard.example.org");
	ck_assert_str_eq(c.allowed_origins.item[1], "http://127.0.0.1");
	ck_assert_str_eq(c.allowed_origins.item[2], "https://[2001:db8::1]:8443");
	ck_assert_int_eq(c.access, CONF_ACCESS_STAFF);
	ck_assert_uint_eq(c.embed_origin.count, 1);
	ck_assert_str_eq(c.embed_origin.item[0], "https://dashboard.example");
	ck_assert_uint_eq(c.trusted_proxy.count, 3);
	ck_assert_uint_eq(c.call_rate, 7);
	ck_assert_uint_eq(c.message_rate, 0);
	ck_assert_uint_eq(c.connections_per_address, 1000);
	ck_assert_str_eq(c.state_dir, "/srv/paravent");
	ck_assert_int_eq(c.log_level, LOG_DEBUG);
	conf_fini(&c);
}
END_TEST

START_TEST(test_lists_replace_and_grow)
{
	/* `=` replaces the default, `+=` adds, `{}` is none */
	struct conf c = good("stun-listen = {}\nlisten = 127.0.0.1:1\n"
			     "listen += {127.0.0.1:2, 127.0.0.1:3}\n");

	ck_assert_uint_eq(c.stun_listen.count, 0);
	ck_assert_uint_eq(c.listen.count, 3);
	ck_assert_str_eq(c.listen.item[2], "127.0.0.1:3");
	conf_fini(&c);
	bad_saying("allowed-origins = {http://a,http://a,http://a,http://a,http://a,"
		   "http://a,http://a,http://a,http://a,http://a,http://a,http://a,"
		   "http://a,http://a,http://a,http://a,http://a,http://a,http://a,"
		   "http://a,http://a,http://a,http://a,http://a,http://a,http://a,"
		   "http://a,http://a,http://a,http://a,http://a,http://a,http://a}",
		   "t.conf:1: allowed-origins: has more than 32 values");
	bad("listen = {}\n", "t.conf:1: listen: at least one address is needed\n");
}
END_TEST

START_TEST(test_defaults_follow_what_was_chosen)
{
	/* public-url from the port and the certificate, stun-host from public-url */
	struct conf c = good("listen = 127.0.0.1:9000");

	ck_assert_str_eq(c.public_url, "http://localhost:9000");
	conf_fini(&c);
	c = good("listen = [::1]:80");
	ck_assert_str_eq(c.public_url, "http://localhost");
	conf_fini(&c);
	c = good("listen = 127.0.0.1:8443\ntls-certificate = /c\ntls-key = /k");
	ck_assert_str_eq(c.public_url, "https://localhost:8443");
	conf_fini(&c);
	c = good("public-url = https://visits.example.org:8443");
	ck_assert_str_eq(c.stun_host, "visits.example.org");
	conf_fini(&c);
	bad_saying("\nlisten = 0.0.0.0:8080", "t.conf:2: listen: is open to others");
	bad_saying("listen = {127.0.0.1:1, \"[2001:db8::1]:1\"}",
		   "public-url is needed");
}
END_TEST

START_TEST(test_unknown_keys_name_their_line)
{
	/* several in one go, a suggestion where one is close, and the errors of the
	 * known keys between them; comments do not shift the lines */
	bad("# one\n/* two\nthree */\nlisen = 127.0.0.1:80\npublic_url = x\n"
	    "log-level = loud\nwebcam = {a, b}\n",
	    "t.conf:4: there is no key 'lisen'; did you mean 'listen'?\n"
	    "t.conf:5: there is no key 'public_url'; did you mean 'public-url'?\n"
	    "t.conf:7: there is no key 'webcam'\n"
	    "t.conf:6: log-level: \"loud\" is no log level; there are error, warning, "
	    "notice, info and debug\n");
}
END_TEST

START_TEST(test_values_are_refused_with_advice)
{
	/* each message says what to write instead */
	bad("access = nobody",
	    "t.conf:1: access: \"nobody\" is no kind of access; there are open and "
	    "staff\n");
	bad_saying("trusted-proxy = \"10.0.0.1/8\"", "bits behind its prefix");
	bad_saying("trusted-proxy = localhost", "is no network");
	bad_saying("embed-origin = \"https://a.example/b\"", "is no origin");
	bad_saying("embed-origin = \"*\"", "is no origin");
	bad_saying("call-rate = -1", "is no number");
	bad("listen = {\"localhost:80\", \"127.0.0.1\"}\n",
	    "t.conf:1: listen: \"localhost:80\" is no address with a port; write it "
	    "like 127.0.0.1:8080, 0.0.0.0:443 or [::]:443\n"
	    "t.conf:1: listen: \"127.0.0.1\" is no address with a port; write it "
	    "like 127.0.0.1:8080, 0.0.0.0:443 or [::]:443\n");
	bad_saying("public-url = http://visits.example.org", "begin with https://");
	bad_saying("public-url = https://visits.example.org/a", "without a path");
	bad_saying("public-url = visits.example.org", "write it like");
	bad_saying("public-url = https://pr\xc3\xa4xis.example", "no address of a site");
	bad_saying("allowed-origins = \"*\"", "is no origin");
	bad_saying("stun-host = stun.example.org:3478", "without a port");
	bad_saying("relay = yes", "must be on or off");
	bad_saying("relay-ports = 49152", "no range of ports");
	bad_saying("relay-ports = 1023-2000", "no range of ports");
	bad_saying("relay-ports = 3000-3000", "no range of ports");
	bad_saying("relay-ports = 3000-65536", "no range of ports");
	bad_saying("relay-ports = 3000-4000-5000", "no range of ports");
	bad_saying("relay-address = relay.example.org", "is no address");
	bad_saying("relay-address = 203.0.113.5:3478", "without a port");
	bad_saying("relay-address = {1.1.1.1, 1.1.1.2}", "one IPv4 and one IPv6");
	bad_saying("relay-peer-allow = 10.0.0.0/33", "is no network");
	bad_saying("relay-peer-allow = 10.0.0.0/", "is no network");
	bad_saying("relay-peer-allow = 10.0.0/8", "is no network");
	bad_saying("relay-peer-deny = 10.20.0.1/16", "bits behind its prefix");
	bad_saying("relay-peer-deny = \"2001:db8::1/64\"", "bits behind its prefix");
	bad_saying("message-rate = fast", "no number");
	bad_saying("message-rate = -1", "no number");
	bad_saying("message-rate = 100001", "no number");
	bad_saying("message-rate = 99999999999999999999999", "no number");
	bad_saying("connections-per-address = many", "no number");
	bad_saying("state-dir = var", "from / on");
	bad_saying("state-dir = \"\"", "must name a folder");
	bad_saying("name = \"\"", "1 to 80 characters");
	bad_saying("name = \"\\xff\"", "UTF-8");
	bad_saying("name = \"a\\nb\"", "unprintable");
	bad_saying("tls-key = /k", "t.conf:1: tls-key: is set and tls-certificate is not");
	bad_saying("tls-certificate = /c",
		   "t.conf:1: tls-certificate: is set and tls-key is not");
	bad_saying("tls-certificate = /c\ntls-key = /k\n"
		   "public-url = http://localhost", "must begin with https://");
}
END_TEST

START_TEST(test_local_names_need_no_https)
{
	/* W3C Secure Contexts section 3.1; a name that only looks local does */
	static const char *const local[] = {
		"localhost", "LOCALHOST:8080", "a.localhost", "127.0.0.1",
		"127.9.9.9:1", "[::1]:8080",
	};
	static const char *const remote[] = {
		"notlocalhost", "localhost.example.org", "10.0.0.1", "[::2]",
		"127.0.0.1.example.org",
	};
	char text[64];
	size_t i;

	for (i = 0; i < ARRAY_LEN(local); i++) {
		struct conf c;

		snprintf(text, sizeof(text), "public-url = \"http://%s\"", local[i]);
		c = good(text);
		conf_fini(&c);
	}
	for (i = 0; i < ARRAY_LEN(remote); i++) {
		snprintf(text, sizeof(text), "public-url = \"http://%s\"", remote[i]);
		bad_saying(text, "begin with https://");
	}
}
END_TEST

START_TEST(test_slips_of_spelling_are_found_where_they_are)
{
	/* what libconfuse would skip, or tell of some other line */
	bad("name = \"Praxis\nlisten = \"127.0.0.1:80\"\n",
	    "t.conf:1: a quotation mark is opened and not closed on this line\n");
	bad("name =\nlisten = {127.0.0.1:80}\n",
	    "t.conf:1: nothing behind the =; write \"\" for no value\n");
	bad("name =", "t.conf:1: nothing behind the =; write \"\" for no value\n");
	bad("\n/* name = x\n", "t.conf:2: a comment is opened and never closed\n");
	bad("allowed-origins = *\n",
	    "t.conf:1: what holds a * must stand in quotation marks\n");
	bad("name = \"\\101\"\n", "t.conf:1: a backslash before a digit; write \\\\ for "
	    "a backslash\n");
	bad("name = \"${HOME\"\n",
	    "t.conf:1: ${ without }; write \\$ for a dollar sign\n");
	bad("name = ${HOME\n", "t.conf:1: ${ without }\n");
	bad("name = a\x01\n", "t.conf:1: an unprintable character\n");
	bad_saying("name = \"a\x01\"\n", "unprintable");
	bad_saying("name = a b\n", "t.conf:1: no such option 'b'");
	bad_saying("name Paravent\n", "t.conf:1: missing equal sign");
	bad_saying("# one\nlisten = {a\n", "t.conf:2: listen: \"a\" is no address");
	bad_saying("name += x\n", "append to non-list");
	bad_saying("}\n", "unexpected closing brace");
	bad_saying("name = a \"b\\nc\"\n", "t.conf:1: no such option 'b?c'");
	bad("server { }\n", "t.conf:1: there is no block 'server'\n");
}
END_TEST

START_TEST(test_webhooks_are_blocks)
{
	/* paravent.conf(5): a block for each, by its name */
	struct conf c = good(
		"name = Praxis\n"
		"webhook \"dashboard\" {\n"
		"\turl = \"https://dashboard.example.org/visits?k=1\" # here\n"
		"\tsecret-file = /etc/paravent/hook.secret\n"
		"\tca-file = /etc/paravent/ca.pem\n"
		"\tkinds = {\"meeting.*\",\n\t\tcall.lost}\n"
		"\tallow-private = on\n"
		"}\n"
		"log-level = debug\n"
		"webhook two { url = http://localhost:99/x secret-file = '/s' }\n");
	struct hookconf *h = c.webhooks;

	ck_assert_int_eq(c.log_level, LOG_DEBUG);
	ck_assert_uint_eq(c.webhooks_count, 2);
	ck_assert_str_eq(h->name, "dashboard");
	ck_assert_str_eq(h->url, "https://dashboard.example.org/visits?k=1");
	ck_assert_str_eq(h->secret_file, "/etc/paravent/hook.secret");
	ck_assert_str_eq(h->ca_file, "/etc/paravent/ca.pem");
	ck_assert_uint_eq(h->kinds_count, 2);
	ck_assert_str_eq(h->kinds[0], "meeting.*");
	ck_assert_str_eq(h->kinds[1], "call.lost");
	ck_assert(h->allow_private);
	h++;
	ck_assert_str_eq(h->name, "two");
	ck_assert_str_eq(h->ca_file, "");
	ck_assert_uint_eq(h->kinds_count, 0);
	ck_assert(!h->allow_private);
	conf_fini(&c);
}
END_TEST

#define HOOK "webhook \"a\" { url = https://a.example/ secret-file = /s "

START_TEST(test_later_webhooks_take_the_place)
{
	/* conf.h: what is read later wins, and takes nothing over from before */
	struct conf c = good(HOOK "kinds = \"call.*\" }\nwebhook \"b\" "
			     "{ url = https://b.example/ secret-file = /b }\n"
			     "webhook \"a\" { url = https://c.example/ "
			     "secret-file = /c }");

	ck_assert_uint_eq(c.webhooks_count, 2);
	ck_assert_str_eq(c.webhooks[0].url, "https://c.example/");
	ck_assert_uint_eq(c.webhooks[0].kinds_count, 0);
	ck_assert_str_eq(c.webhooks[1].name, "b");
	conf_fini(&c);
}
END_TEST

START_TEST(test_webhooks_print_as_they_were)
{
	/* conf_print(): reads back the same */
	struct conf c = good(HOOK "kinds = {\"call.*\", meeting.created} "
			     "allow-private = on ca-file = '/x \"$y' }"), again;
	struct buf text = BUF_INIT, twice = BUF_INIT;

	conf_print(&c, &text);
	again = good(text.p);
	ck_assert_str_eq(again.webhooks[0].ca_file, "/x \"$y");
	ck_assert(again.webhooks[0].allow_private);
	conf_print(&again, &twice);
	ck_assert_str_eq(text.p, twice.p);
	conf_fini(&c);
	conf_fini(&again);
	buf_fini(&text);
	buf_fini(&twice);
}
END_TEST

#define ISSUER "issuer \"a\" { dialect = native algorithm = HS256 issuer = i "  \
	       "audience = p secret-file = /s "

START_TEST(test_issuers_are_blocks)
{
	/* paravent.conf(5), ISSUERS: one key is one dialect, algorithm, issuer, audience */
	struct conf c = good(
		"issuer \"dashboard\" {\n"
		"  dialect = native\n"
		"  algorithm = ES256\n"
		"  issuer = \"https://dashboard.example.org\"\n"
		"  audience = paravent\n"
		"  key-id = \"2026-11\"\n"
		"  public-key-file = /etc/paravent/dashboard.pem\n"
		"}\n"
		"issuer seeds { dialect = carepulse algorithm = HS256 "
		"secret-file = /s internal-secret-file = '/i' }\n");
	struct jwtconf *i = c.issuers;
	struct buf text = BUF_INIT;
	struct conf again;

	ck_assert_uint_eq(c.issuers_count, 2);
	ck_assert_str_eq(i[0].name, "dashboard");
	ck_assert_int_eq(i[0].dialect, JWT_NATIVE);
	ck_assert_int_eq(i[0].algorithm, JWT_ES256);
	ck_assert_str_eq(i[0].issuer, "https://dashboard.example.org");
	ck_assert_str_eq(i[0].audience, "paravent");
	ck_assert_str_eq(i[0].key_id, "2026-11");
	ck_assert_str_eq(i[0].public_key_file, "/etc/paravent/dashboard.pem");
	ck_assert_str_eq(i[0].secret_file, "");
	ck_assert_int_eq(i[1].dialect, JWT_CAREPULSE);
	ck_assert_str_eq(i[1].issuer, "");
	ck_assert_str_eq(i[1].internal_secret_file, "/i");

	/* and print as they were */
	conf_print(&c, &text);
	again = good(text.p);
	ck_assert_uint_eq(again.issuers_count, 2);
	ck_assert_str_eq(again.issuers[0].key_id, "2026-11");
	ck_assert_str_eq(again.issuers[1].internal_secret_file, "/i");
	buf_fini(&text);
	conf_fini(&again);
	conf_fini(&c);
}
END_TEST

START_TEST(test_mistakes_in_issuers_are_told)
{
	/* conf.h: one line for each mistake, with what to do */
	bad("issuer \"a\" {\ndialect = livekit\nalgorithm = none\nsecret_file = x\n}\n",
	    "t.conf:4: there is no key of an issuer 'secret_file'; did you mean "
	    "'secret-file'?\n"
	    "t.conf:2: dialect: \"livekit\" is no dialect; there are native, jitsi and "
	    "carepulse\n"
	    "t.conf:3: algorithm: \"none\" is no algorithm; there are HS256, RS256 and "
	    "ES256\n");
	bad_saying("issuer \"a\" { }\n", "t.conf:1: issuer \"a\" needs a dialect");
	bad_saying("issuer \"a\" { dialect = jitsi }\n", "needs an algorithm");
	bad_saying("issuer \"a\" { dialect = jitsi algorithm = HS256 }\n",
		   "needs an issuer");
	bad_saying("issuer \"a\" { dialect = jitsi algorithm = HS256 issuer = x }\n",
		   "needs an audience");
	bad_saying("issuer \"a\" { dialect = carepulse algorithm = HS256 }\n",
		   "needs a secret-file for HS256; make one with: openssl rand -hex 32");
	bad_saying("issuer \"a\" { dialect = carepulse algorithm = RS256 "
		   "secret-file = /s }\n", "needs a public-key-file");
	bad_saying(ISSUER "public-key-file = /p }\n", "HS256 takes the first");
	bad_saying(ISSUER "internal-secret-file = /i }\n", "is for dialect = carepulse");
	bad_saying("issuer \"a\" { dialect = carepulse algorithm = ES256 "
		   "public-key-file = /p internal-secret-file = /i }\n",
		   "with algorithm = HS256");
	bad_saying("issuer \"a\" { dialect = carepulse algorithm = HS256 secret-file = /s "
		   "internal-secret-file = /i }\n"
		   "issuer \"b\" { dialect = carepulse algorithm = HS256 secret-file = /s "
		   "internal-secret-file = /i }\n",
		   "t.conf:2: issuer \"b\" has an internal-secret-file as another");
	bad_saying(ISSUER "key-id = \"a/b\" }\n", "is no key id");
	bad_saying(ISSUER "key-id = 12345678901234567890123456789012345678901234567890"
			  "123456789012345 }\n", "is no key id");
	bad_saying("issuer \"a\" { secret-file = s }\n", "must be a whole path");
	bad_saying("issuer \"a b\" { }\n", "is no name");
	bad_saying("isuer \"a\" { }\n", "did you mean 'issuer'?");
	bad_saying(ISSUER "url = x }\n", "there is no key of an issuer 'url'");
}
END_TEST

START_TEST(test_issuers_are_eight_at_most)
{
	/* jwtconf.h: each token that names none of their keys is tried with all */
	struct buf b = BUF_INIT;

	for (int i = 0; i < JWTCONF_MAX + 1; i++)
		buf_printf(&b, "issuer \"i%d\" { dialect = native algorithm = HS256 "
			   "issuer = i audience = a secret-file = /s }\n", i);
	bad_saying(b.p, "there are more than 8 issuers");
	buf_fini(&b);
}
END_TEST

START_TEST(test_mistakes_in_webhooks_are_told)
{
	/* paravent check: all mistakes, with their lines */
	bad("webhook \"a\" {\nurl = ftp://x/\nkind = {\"visit.*\"}\n"
	    "kinds = {meeting.created, \"visit.*\"}\n}\nnam = x\n",
	    "t.conf:3: there is no key of a webhook 'kind'; did you mean 'kinds'?\n"
	    "t.conf:6: there is no key 'nam'; did you mean 'name'?\n"
	    "t.conf:2: url: \"ftp://x/\" is no address to send to; write it like "
	    "https://dashboard.example.org/visits, without a name or password in it\n"
	    "t.conf:4: kinds: \"visit.*\" is no kind of fact; there are such as "
	    "meeting.created, or meeting.* for all that begin so\n");
	bad("webhok \"a\" { url = x }\n",
	    "t.conf:1: there is no block 'webhok'; did you mean 'webhook'?\n");
	bad("webhook { url = x }\n", "t.conf:1: webhook: \"\" is no name; write up to 40 "
	    "letters, digits, - and _\n");
	bad("webhook \"a b\" { }\n", "t.conf:1: webhook: \"a b\" is no name; write up to "
	    "40 letters, digits, - and _\n");
	bad("webhook \"a\" { }\n", "t.conf:1: webhook \"a\" needs a url\n");
	bad("webhook \"a\" {\nurl = https://a\n}\n", "t.conf:3: webhook \"a\" needs a "
	    "secret-file; make one with: openssl rand -hex 32\n");
	bad_saying("webhook \"a\" { url = http://a secret-file = /s }",
		   "needs https:// in its url");
	bad_saying(HOOK "allow-private = yes }", "must be on or off");
	bad_saying(HOOK "secret-file = s }", "must be a whole path");
	bad(HOOK "\n\n", "t.conf:1: a block is opened here and never closed\n");
	bad(HOOK "\n" HOOK "}\n}\n",
	    "t.conf:2: a block within a block; is a } missing?\n");
	bad("webhook \"a\"\n{ }\n", "t.conf:2: a { that opens nothing; its name stands "
	    "before it on the same line\n");
	bad_saying("url = https://a\n", "there is no key 'url'");
	bad_saying(HOOK "name = x }\n", "there is no key of a webhook 'name'");
	bad_saying("webhook = x\n", "there is no key 'webhook'");
	bad_saying(HOOK "url }\n", "t.conf:1: missing equal sign");
}
END_TEST

START_TEST(test_one_bad_file_does_not_spoil_the_next)
{
	/* the lexer of libconfuse remembers; a reload after a mistake must not */
	static const char *const texts[] = {
		"name = \"x", "name = 'x", "/* x", "name = \"\\", "name = \"\\777\"",
		"name = '\\", "listen = {\"a", "# x", "name = \"${x", "\"", "'",
		"webhook {", "webhook \"x\" { url = \"a", "webhook \"x", HOOK,
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(texts); i++) {
		struct buf errors = BUF_INIT;
		struct conf c;

		if (conf_parse(&c, "t", texts[i], strlen(texts[i]), &errors) == 0)
			conf_fini(&c);
		buf_fini(&errors);
		c = good("name = Praxis");
		ck_assert_str_eq(c.name, "Praxis");
		conf_fini(&c);
	}
}
END_TEST

START_TEST(test_files_of_windows_are_read)
{
	/* a byte order mark and carriage returns */
	struct conf c = good("\xef\xbb\xbfname = A\r\nlog-level = error\r\n");

	ck_assert_str_eq(c.name, "A");
	ck_assert_int_eq(c.log_level, LOG_ERROR);
	conf_fini(&c);
}
END_TEST

START_TEST(test_print_reads_back_the_same)
{
	/* `paravent check --print` gives a file that means the same */
	struct conf a = good("name = 'a\"b\\c${d}$'\nstun-listen = {}\n"
			     "log-level = notice\nmessage-rate = 7\nrelay = off\n"
			     "relay-ports = 5000-6000\nrelay-peer-allow = ::1/128\n"
			     "allowed-origins = {https://a.example}"), b;
	struct buf one = BUF_INIT, two = BUF_INIT;

	ck_assert_str_eq(a.name, "a\"b\\c${d}$");
	conf_print(&a, &one);
	b = good(one.p);
	conf_print(&b, &two);
	ck_assert_str_eq(one.p, two.p);
	ck_assert_str_eq(b.name, a.name);
	ck_assert(!b.relay);
	ck_assert_uint_eq(b.relay_ports.max, 6000);
	conf_fini(&a);
	conf_fini(&b);
	buf_fini(&one);
	buf_fini(&two);
}
END_TEST

START_TEST(test_changes_that_need_a_restart_are_named)
{
	/* the rest is taken over by SIGHUP, certificates too */
	struct conf a = good("listen = 127.0.0.1:1\nname = a");
	struct conf b = good("listen = 127.0.0.1:2\nname = a\nstate-dir = /b\n"
			     "public-url = http://localhost:1\nlog-level = debug\n"
			     "message-rate = 1");
	struct conf plain = good("public-url = https://a.example");
	struct conf tls = good("public-url = https://a.example\n"
			       "tls-certificate = /c\ntls-key = /k");
	struct conf renewed = good("public-url = https://a.example\n"
				   "tls-certificate = /d\ntls-key = /l");
	struct buf out = BUF_INIT;

	ck_assert_uint_eq(conf_changed_needs_restart(&a, &a, &out), 0);
	ck_assert_uint_eq(conf_changed_needs_restart(&a, &b, &out), 2);
	ck_assert_str_eq(out.p, "listen, state-dir");
	buf_reset(&out);
	ck_assert_uint_eq(conf_changed_needs_restart(&tls, &renewed, &out), 0);
	ck_assert_uint_eq(conf_changed_needs_restart(&plain, &tls, &out), 1);
	ck_assert_str_eq(out.p, "tls-certificate");
	buf_fini(&out);
	conf_fini(&a);
	conf_fini(&b);
	conf_fini(&plain);
	conf_fini(&tls);
	conf_fini(&renewed);
}
END_TEST

START_TEST(test_addresses_are_numbers)
{
	/* nothing is looked up; every row names its family and port */
	static const struct {
		const char *text;
		int family;
		uint16_t port;
	} row[] = {
		{"127.0.0.1:8080", AF_INET, 8080},
		{"0.0.0.0:1", AF_INET, 1},
		{"[::]:65535", AF_INET6, 65535},
		{"[2001:db8::1]:443", AF_INET6, 443},
		{"[::ffff:192.0.2.1]:443", AF_INET6, 443},
		{"", 0, 0}, {":", 0, 0}, {":80", 0, 0}, {"127.0.0.1", 0, 0},
		{"127.0.0.1:", 0, 0}, {"127.0.0.1:0", 0, 0},
		{"127.0.0.1:65536", 0, 0}, {"127.0.0.1:+1", 0, 0},
		{"127.0.0.1: 1", 0, 0}, {"127.0.0.1:1 ", 0, 0},
		{"127.1:80", 0, 0}, {"localhost:80", 0, 0}, {"*:80", 0, 0},
		{"::1:80", 0, 0}, {"[::1]", 0, 0}, {"[::1]80", 0, 0},
		{"[127.0.0.1]:80", 0, 0}, {"[]:80", 0, 0}, {"[:80", 0, 0},
		{"[::1:80", 0, 0}, {"[fe80::1%lo]:80", 0, 0},
		{"1111111111111111111111111111111111111111111111111:80", 0, 0},
	};
	struct conf_addr addr;
	size_t i;

	for (i = 0; i < ARRAY_LEN(row); i++) {
		int err = conf_addr(&addr, row[i].text);

		ck_assert_msg(err == (row[i].family ? 0 : ERR_MALFORMED), "%s",
			      row[i].text);
		if (err)
			continue;
		ck_assert_int_eq(addr.sa.ss_family, row[i].family);
		ck_assert_uint_eq(conf_addr_port(&addr), row[i].port);
	}
}
END_TEST

/* --- Files -------------------------------------------------------------------- */

static char folder[64];

static const char *in_folder(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void put_file(const char *name, const char *text)
{
	FILE *f = fopen(in_folder(name), "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static void folder_new(void)
{
	snprintf(folder, sizeof(folder), "test_conf.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(mkdir(in_folder("conf.d"), 0700), 0);
}

static void folder_free(void)
{
	static const char *const names[] = {
		"paravent.conf", "conf.d/10-a.conf", "conf.d/50-b.conf",
		"conf.d/.hidden.conf", "conf.d/60-c.conf~", "conf.d",
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++)
		remove(in_folder(names[i]));
	remove(folder);
}

START_TEST(test_conf_d_is_read_in_order)
{
	/* ecosystem.md section 2.1: 10-setup.conf, 50-local.conf; the later wins */
	struct buf errors = BUF_INIT;
	struct conf c;

	folder_new();
	put_file("paravent.conf", "name = main\nlog-level = error\n");
	put_file("conf.d/50-b.conf", "name = fifty\n");
	put_file("conf.d/10-a.conf", "name = ten\nlog-level = debug\n"
		 "allowed-origins += {https://a.example}\n");
	put_file("conf.d/.hidden.conf", "no such key = 1\n");
	put_file("conf.d/60-c.conf~", "no such key = 1\n");
	ck_assert_int_eq(conf_load(&c, in_folder("paravent.conf"), &errors), 0);
	ck_assert_str_eq(c.name, "fifty");
	ck_assert_int_eq(c.log_level, LOG_DEBUG);
	ck_assert_uint_eq(c.allowed_origins.count, 1);
	conf_fini(&c);

	/* mistakes of several files in one go, each with its name */
	put_file("conf.d/10-a.conf", "\nnam = ten\n");
	put_file("conf.d/50-b.conf", "name = \"\n");
	ck_assert_int_eq(conf_load(&c, in_folder("paravent.conf"), &errors),
			 ERR_MALFORMED);
	ck_assert_ptr_nonnull(strstr(errors.p, "/conf.d/10-a.conf:2: there is no key"));
	ck_assert_ptr_nonnull(strstr(errors.p, "/conf.d/50-b.conf:1: a quotation mark"));
	buf_fini(&errors);
	folder_free();
}
END_TEST

START_TEST(test_missing_file_is_an_error)
{
	/* who names a file means it; conf.d may be missing */
	struct buf errors = BUF_INIT;
	struct conf c;

	folder_new();
	ck_assert_int_eq(conf_load(&c, in_folder("paravent.conf"), &errors),
			 ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(errors.p, "paravent.conf: No such file"));
	buf_reset(&errors);
	ck_assert_int_eq(conf_load(&c, folder, &errors), ERR_IO);
	put_file("paravent.conf", "");
	remove(in_folder("conf.d"));
	ck_assert_int_eq(conf_load(&c, in_folder("paravent.conf"), &errors), 0);
	conf_fini(&c);
	buf_fini(&errors);
	folder_free();
}
END_TEST

START_TEST(test_file_has_a_limit)
{
	/* bounded before allocated: 64 KiB are enough for anybody's configuration */
	char *text = mem_new(64 * 1024 + 2);
	struct buf errors = BUF_INIT;
	struct conf c;

	folder_new();
	memset(text, '\n', 64 * 1024 + 1);
	put_file("paravent.conf", text + 1);
	ck_assert_int_eq(conf_load(&c, in_folder("paravent.conf"), &errors), 0);
	conf_fini(&c);
	put_file("paravent.conf", text);
	ck_assert_int_eq(conf_load(&c, in_folder("paravent.conf"), &errors),
			 ERR_MALFORMED);
	ck_assert_ptr_nonnull(strstr(errors.p, "larger than 64 KiB"));
	buf_fini(&errors);
	free(text);
	folder_free();
}
END_TEST

START_TEST(test_the_url_follows_the_command_line)
{
	/* conf.h: a public-url that nobody chose follows --listen; a chosen one stays */
	static const char *const where[] = {"127.0.0.1:9000", "[::1]:9001"};
	struct conf c = good("log-level = error");

	conf_set_listen(&c, where, 2);
	ck_assert_uint_eq(c.listen.count, 2);
	ck_assert_str_eq(c.listen.item[1], "[::1]:9001");
	ck_assert_str_eq(c.public_url, "http://localhost:9000");
	conf_fini(&c);

	c = good("public-url = https://visits.example.org");
	conf_set_listen(&c, where, 2);
	ck_assert_str_eq(c.public_url, "https://visits.example.org");
	conf_fini(&c);
}
END_TEST

START_TEST(test_access_is_open_to_this_machine_alone)
{
	/* paravent.conf(5): open where all of listen and public-url is loopback */
	static const char *const open[] = {
		"", "listen = {127.0.0.2:80, \"[::1]:80\"}",
		"public-url = http://localhost:8080",
		"access = open\nlisten = 0.0.0.0:80\npublic-url = https://a.example",
	};
	static const char *const staff[] = {
		"public-url = https://a.example", "access = staff",
		"listen = 0.0.0.0:80\npublic-url = http://localhost",
		"listen = {127.0.0.1:80, 192.0.2.1:80}\npublic-url = http://localhost",
	};
	struct conf c;

	for (size_t i = 0; i < sizeof(open) / sizeof(*open); i++) {
		c = good(open[i]);
		ck_assert_msg(c.access == CONF_ACCESS_OPEN, "%s", open[i]);
		conf_fini(&c);
	}
	for (size_t i = 0; i < sizeof(staff) / sizeof(*staff); i++) {
		c = good(staff[i]);
		ck_assert_msg(c.access == CONF_ACCESS_STAFF, "%s", staff[i]);
		conf_fini(&c);
	}
	/* the command line opens it to others */
	c = good("");
	conf_set_listen(&c, (const char *const[]){"0.0.0.0:8080"}, 1);
	ck_assert_int_eq(c.access, CONF_ACCESS_STAFF);
	conf_fini(&c);
	c = good("access = open");
	conf_set_listen(&c, (const char *const[]){"0.0.0.0:8080"}, 1);
	ck_assert_int_eq(c.access, CONF_ACCESS_OPEN);
	conf_fini(&c);
}
END_TEST

START_TEST(test_what_nobody_chose_is_known)
{
	/* A default may give way to what the machine is like; a choice may not. */
	struct buf errors = BUF_INIT;
	struct conf c;

	ck_assert_int_eq(conf_load(&c, NULL, &errors), 0);
	ck_assert(c.listen_default && c.stun_default && c.state_default);
	conf_set_listen(&c, (const char *const[]){"[::1]:8080"}, 1);
	ck_assert(!c.listen_default);
	conf_fini(&c);
	/* even when the choice is the same */
	c = good("listen = {\"127.0.0.1:8080\", \"[::1]:8080\"}");
	ck_assert(!c.listen_default && c.stun_default && c.state_default);
	conf_fini(&c);
	c = good("stun-listen = {}\nstate-dir = /x");
	ck_assert(c.listen_default && !c.stun_default && !c.state_default);
	conf_fini(&c);
	buf_fini(&errors);
}
END_TEST

UNIT_MAIN("conf", test_the_url_follows_the_command_line,
	  test_no_file_is_the_tryout, test_values_are_taken,
	  test_lists_replace_and_grow, test_defaults_follow_what_was_chosen,
	  test_unknown_keys_name_their_line, test_values_are_refused_with_advice,
	  test_local_names_need_no_https,
	  test_slips_of_spelling_are_found_where_they_are,
	  test_webhooks_are_blocks, test_later_webhooks_take_the_place,
	  test_webhooks_print_as_they_were, test_mistakes_in_webhooks_are_told,
	  test_issuers_are_blocks, test_mistakes_in_issuers_are_told,
	  test_issuers_are_eight_at_most,
	  test_one_bad_file_does_not_spoil_the_next, test_files_of_windows_are_read,
	  test_print_reads_back_the_same, test_changes_that_need_a_restart_are_named,
	  test_addresses_are_numbers, test_conf_d_is_read_in_order,
	  test_missing_file_is_an_error, test_file_has_a_limit,
	  test_access_is_open_to_this_machine_alone,
	  test_what_nobody_chose_is_known)
