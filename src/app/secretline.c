#include "app/secretline.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

/* One line, byte by byte: what follows is not ours. */
static int read_line(char *out, size_t cap)
{
	size_t len = 0;
	ssize_t n;
	char c;

	while ((n = read(STDIN_FILENO, &c, 1)) == 1 && c != '\n') {
		if (len + 1 >= cap)
			return ERR_TOO_BIG;
		out[len++] = c;
	}
	out[len] = '\0';
	if (n < 0)
		return errno == EINTR ? ERR_CLOSED : ERR_IO;
	return n == 0 && !len ? ERR_CLOSED : 0;
}

static void on_signal(int number)
{
	(void)number;	/* read() returns, and the terminal is put right */
}

static int ask(char *out, size_t cap, const char *what, const char *again)
{
	int err;

	fprintf(stderr, "%s%s: ", what, again);
	err = read_line(out, cap);
	fputc('\n', stderr);
	return err;
}

static int ask_twice(char *out, size_t cap, const char *what)
{
	char second[1024];
	int err = ask(out, cap, what, "");

	if (!err)
		err = ask(second, cap < sizeof(second) ? cap : sizeof(second), what,
			  " once more");
	if (!err && strcmp(out, second) != 0)
		err = ERR_CONFLICT;
	mem_wipe(second, sizeof(second));
	return err;
}

int secretline_read(char *out, size_t cap, const char *what)
{
	const struct sigaction go_on = {.sa_handler = on_signal};
	struct sigaction was_int, was_term;
	struct termios was, quiet;
	int err;

	if (tcgetattr(STDIN_FILENO, &was) != 0)
		return read_line(out, cap);	/* no terminal */
	quiet = was;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	sigaction(SIGINT, &go_on, &was_int);
	sigaction(SIGTERM, &go_on, &was_term);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	err = ask_twice(out, cap, what);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
	sigaction(SIGINT, &was_int, NULL);
	sigaction(SIGTERM, &was_term, NULL);
	return err;
}
