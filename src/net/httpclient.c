#include "net/httpclient.h"

#include <assert.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "base/err.h"
#include "base/list.h"
#include "base/mem.h"

#define HEAD_MAX (16 * 1024)

struct httpclient {
	struct event_base *base;
	httpclient_policy_fn *may_connect;
	void *policy_arg;
	CURLM *multi;
	CURL *easy;
	struct event *timer;
	struct list sockets;		/* that libcurl wants watched */

	/* the request that runs, if one does */
	bool busy;
	struct curl_slist *headers;
	httpclient_done_fn *done;
	void *done_arg;
	size_t head, body;		/* bytes of the answer that came */
	bool cut;
	bool refused, tried;		/* some address was */
};

/* --- The loop, as libcurl wants it ---------------------------------------------- */

struct watched {
	struct list link;
	struct event *ev;
	short what;
};

static void finish(struct httpclient *c);

static void on_socket(evutil_socket_t fd, short what, void *arg)
{
	struct httpclient *c = arg;
	int flags = (what & EV_READ ? CURL_CSELECT_IN : 0) |
		    (what & EV_WRITE ? CURL_CSELECT_OUT : 0);
	int running;

	curl_multi_socket_action(c->multi, (curl_socket_t)fd, flags, &running);
	finish(c);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct httpclient *c = arg;
	int running;

	(void)fd;
	(void)what;
	curl_multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	finish(c);
}

static void forget(struct httpclient *c, curl_socket_t fd, struct watched *w)
{
	curl_multi_assign(c->multi, fd, NULL);
	list_unlink(&w->link);
	event_free(w->ev);
	free(w);
}

static int watch(CURL *easy, curl_socket_t fd, int poll, void *arg, void *assigned)
{
	struct httpclient *c = arg;
	struct watched *w = assigned;
	short what = EV_PERSIST;

	(void)easy;
	if (poll == CURL_POLL_REMOVE) {
		if (w)
			forget(c, fd, w);
		return 0;
	}
	what |= poll & CURL_POLL_IN ? EV_READ : 0;
	what |= poll & CURL_POLL_OUT ? EV_WRITE : 0;
	if (!w) {
		w = mem_new(sizeof(*w));
		list_init(&w->link);
		list_append(&c->sockets, &w->link);
		curl_multi_assign(c->multi, fd, w);
	} else if (w->what == what) {
		return 0;
	} else {
		event_free(w->ev);
	}
	w->what = what;
	w->ev = event_new(c->base, fd, what, on_socket, c);
	event_add(w->ev, NULL);
	return 0;
}

static int set_timer(CURLM *multi, long ms, void *arg)
{
	struct httpclient *c = arg;
	const struct timeval when = {ms / 1000, ms % 1000 * 1000};

	(void)multi;
	if (ms < 0)
		event_del(c->timer);
	else
		event_add(c->timer, &when);
	return 0;
}

/* --- What libcurl asks meanwhile ------------------------------------------------ */

/* Each address that the name has led to comes by here. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose,
				 struct curl_sockaddr *sa)
{
	struct httpclient *c = arg;

	if (purpose != CURLSOCKTYPE_IPCXN ||
	    (c->may_connect && !c->may_connect(c->policy_arg, &sa->addr))) {
		c->refused = true;
		return CURL_SOCKET_BAD;
	}
	c->tried = true;
	return socket(sa->family, sa->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
		      sa->protocol);
}

/* Who sends head without end would fill our memory with it. */
static size_t on_head(char *data, size_t size, size_t count, void *arg)
{
	struct httpclient *c = arg;

	(void)data;
	c->head += size * count;
	return c->head > HEAD_MAX ? 0 : size * count;
}

/* The status says all that we need to know. */
static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
	struct httpclient *c = arg;

	(void)data;
	c->body += size * count;
	c->cut = c->body > HTTPCLIENT_BODY_MAX;
	return c->cut ? 0 : size * count;
}

/* --- A request ------------------------------------------------------------------ */

/* X(code of libcurl, our error, sentence) */
#define ENDS(X)                                                               \
	X(CURLE_OK, 0, "")                                                    \
	X(CURLE_COULDNT_RESOLVE_HOST, ERR_NOT_FOUND,                          \
	  "the name of its host cannot be looked up")                         \
	X(CURLE_COULDNT_CONNECT, ERR_UNAVAILABLE, "nobody answers there")     \
	X(CURLE_OPERATION_TIMEDOUT, ERR_AGAIN, "it takes too long")           \
	X(CURLE_PEER_FAILED_VERIFICATION, ERR_UNAUTHORIZED,                   \
	  "its certificate is not to be trusted")                             \
	X(CURLE_SSL_CACERT_BADFILE, ERR_UNAUTHORIZED,                         \
	  "the file of authorities cannot be read")                           \
	X(CURLE_SSL_CONNECT_ERROR, ERR_IO, "TLS with it does not work")       \
	X(CURLE_GOT_NOTHING, ERR_CLOSED, "it closed without an answer")       \
	X(CURLE_PARTIAL_FILE, ERR_CLOSED, "it closed within its answer")      \
	X(CURLE_RECV_ERROR, ERR_CLOSED, "it broke the connection")            \
	X(CURLE_SEND_ERROR, ERR_CLOSED, "it broke the connection")            \
	X(CURLE_UNSUPPORTED_PROTOCOL, ERR_MALFORMED, "its answer is no HTTP") \
	X(CURLE_WEIRD_SERVER_REPLY, ERR_MALFORMED, "its answer is no HTTP")   \
	X(CURLE_WRITE_ERROR, ERR_MALFORMED, "its answer has a head without end")

static const struct {
	CURLcode code;
	int err;
	const char *sentence;
} ends[] = {
#define X(code, err, sentence) {code, err, sentence},
	ENDS(X)
#undef X
};

static struct httpclient_end end_of(const struct httpclient *c, CURLcode code)
{
	struct httpclient_end end = {.err = ERR_IO, .sentence = "sending to it failed"};
	long status = 0;
	size_t i;

	for (i = 0; i < ARRAY_LEN(ends); i++) {
		if (ends[i].code == code) {
			end.err = ends[i].err;
			end.sentence = ends[i].sentence;
		}
	}
	if (c->cut) {
		end.err = ERR_TOO_BIG;
		end.sentence = "its answer is very long";
	} else if (code == CURLE_COULDNT_CONNECT && c->refused && !c->tried) {
		end.err = ERR_FORBIDDEN;
		end.sentence = "its address is not of the public internet";
	}
	if (!end.err || c->cut) {
		curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
		end.status = (int)status;
	}
	return end;
}

static void let_go(struct httpclient *c)
{
	curl_multi_remove_handle(c->multi, c->easy);
	curl_slist_free_all(c->headers);
	c->headers = NULL;
	c->busy = false;
}

static void finish(struct httpclient *c)
{
	struct httpclient_end end;
	CURLMsg *msg;
	int left;

	msg = curl_multi_info_read(c->multi, &left);
	if (!msg || msg->msg != CURLMSG_DONE)
		return;
	end = end_of(c, msg->data.result);
	let_go(c);
	c->done(c->done_arg, &end);	/* may free us */
}

void httpclient_post(struct httpclient *c, const char *const *headers, size_t count,
		     const void *body, size_t len, httpclient_done_fn *done, void *arg)
{
	assert(!c->busy);
	c->busy = true;
	c->done = done;
	c->done_arg = arg;
	c->head = c->body = 0;
	c->cut = c->refused = c->tried = false;
	/* a body of ours is small: nobody needs to be asked whether it may come */
	c->headers = curl_slist_append(NULL, "Expect:");
	for (size_t i = 0; c->headers && i < count; i++) {
		struct curl_slist *more = curl_slist_append(c->headers, headers[i]);

		if (!more)
			abort();	/* no memory */
		c->headers = more;
	}
	curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, c->headers);
	curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
	curl_multi_add_handle(c->multi, c->easy);
}

void httpclient_cancel(struct httpclient *c)
{
	if (c->busy)
		let_go(c);
}

bool httpclient_busy(const struct httpclient *c)
{
	return c->busy;
}

/* --- The client ----------------------------------------------------------------- */

/*
 * To read the system's file of all authorities takes longer than everybody in a visit
 * should wait for; in the folder of the same each is found when it is needed.
 */
static void trust(struct httpclient *c, const char *ca_file)
{
	const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);

	if (*ca_file) {
		curl_easy_setopt(c->easy, CURLOPT_CAINFO, ca_file);
		curl_easy_setopt(c->easy, CURLOPT_CAPATH, NULL);
	} else if (info->age >= CURLVERSION_SEVENTH && info->capath) {
		curl_easy_setopt(c->easy, CURLOPT_CAINFO, NULL);
		curl_easy_setopt(c->easy, CURLOPT_CAPATH, info->capath);
	}
}

static void set_up(struct httpclient *c, const struct httpclient_plan *plan)
{
	CURL *easy = c->easy;

	curl_easy_setopt(easy, CURLOPT_URL, plan->url);
	curl_easy_setopt(easy, CURLOPT_POST, 1L);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "Paravent");
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)HTTPCLIENT_CONNECT_MS);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)HTTPCLIENT_WHOLE_MS);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* a name server that is silent would hold the loop until its last try, when we
	 * give up before; the thread that asks it ends by itself */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, c);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_head);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, c);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, c);
	trust(c, plan->ca_file);
}

struct httpclient *httpclient_new(struct event_base *base,
				  const struct httpclient_plan *plan)
{
	static bool ready;
	struct httpclient *c = mem_new(sizeof(*c));

	if (!ready && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		abort();	/* no memory */
	ready = true;
	c->base = base;
	c->may_connect = plan->may_connect;
	c->policy_arg = plan->policy_arg;
	list_init(&c->sockets);
	c->timer = event_new(base, -1, 0, on_timer, c);
	c->multi = curl_multi_init();
	c->easy = curl_easy_init();
	if (!c->multi || !c->easy)
		abort();	/* no memory */
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, watch);
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, 1L);
	set_up(c, plan);
	return c;
}

void httpclient_free(struct httpclient *c)
{
	if (!c)
		return;
	httpclient_cancel(c);
	/* the connection that was kept is closed here, and its event with it */
	curl_multi_cleanup(c->multi);
	curl_easy_cleanup(c->easy);
	LIST_EACH_SAFE(it, &c->sockets) {
		struct watched *w = CONTAINER_OF(it, struct watched, link);

		event_free(w->ev);
		free(w);
	}
	event_free(c->timer);
	free(c);
}
