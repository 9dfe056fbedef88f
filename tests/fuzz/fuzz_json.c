/*
 * What jansson takes, our scanner takes and reads alike; what our writer writes of a
 * scan, it reads back the same.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/err.h"
#include "proto/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MEMBERS 64

static void check(int holds)
{
	if (!holds)
		abort();
}

static int depth_of(const json_t *v)
{
	const char *key;
	json_t *child;
	size_t i;
	int deepest = 0, d;

	if (json_is_object(v)) {
		json_object_foreach((json_t *)(uintptr_t)v, key, child)
			if ((d = depth_of(child)) > deepest)
				deepest = d;
	} else if (json_is_array(v)) {
		json_array_foreach(v, i, child)
			if ((d = depth_of(child)) > deepest)
				deepest = d;
	} else {
		return 0;
	}
	return deepest + 1;
}

/* The member as jansson has it. */
static void compare(const struct json_member *m, const json_t *v, char *text, size_t cap)
{
	int64_t n;
	ssize_t len;

	switch (m->kind) {
	case JSON_KIND_OBJECT:
		check(json_is_object(v));
		break;
	case JSON_KIND_ARRAY:
		check(json_is_array(v));
		break;
	case JSON_KIND_STRING:
		check(json_is_string(v));
		len = json_get_string(m, text, cap);
		check(len >= 0 && (size_t)len == json_string_length(v));
		check(memcmp(text, json_string_value(v), (size_t)len) == 0);
		check(json_get_string(m, text, (size_t)len) == ERR_NO_SPACE);
		break;
	case JSON_KIND_NUMBER:
		check(json_is_number(v));
		check(json_is_integer(v) == (json_get_int(m, &n) == 0));
		check(!json_is_integer(v) || n == json_integer_value(v));
		break;
	case JSON_KIND_TRUE:
		check(json_is_true(v));
		break;
	case JSON_KIND_FALSE:
		check(json_is_false(v));
		break;
	case JSON_KIND_NULL:
		check(json_is_null(v));
		break;
	}
}

static void compare_all(const struct json_member *m, int count, json_t *root, size_t size)
{
	char *text = malloc(size + 1);
	const char *key;
	json_t *v;

	check(text != NULL);
	check((size_t)count == json_object_size(root));
	json_object_foreach(root, key, v) {
		const struct json_member *found = json_find(m, count, key);

		check(found != NULL);
		compare(found, v, text, size + 1);
	}
	free(text);
}

/* Writes the members again and reads them back. */
static void write_again(const struct json_member *m, int count, size_t size)
{
	struct json_member back[MEMBERS];
	struct buf b = BUF_INIT;
	struct json_writer w;
	char *text = malloc(size + 1), key[16];
	ssize_t len;
	int i;

	check(text != NULL);
	json_put_init(&w, &b);
	json_put_object(&w, NULL);
	for (i = 0; i < count; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		len = json_get_string(&m[i], text, size + 1);
		if (len >= 0)
			json_put_string(&w, key, text, (size_t)len);
		else
			json_put_raw(&w, key, m[i].value, m[i].len);
	}
	json_put_end(&w);
	check(json_scan(back, MEMBERS, b.p, b.len) == count);
	for (i = 0; i < count; i++) {
		char *again = malloc(size + 1);

		check(again && back[i].kind == m[i].kind);
		len = json_get_string(&m[i], text, size + 1);
		check(json_get_string(&back[i], again, size + 1) == len);
		check(len < 0 || memcmp(text, again, (size_t)len) == 0);
		free(again);
	}
	free(text);
	buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_member m[MEMBERS];
	const char *text = (const char *)data;
	int count = json_scan(m, MEMBERS, text, size);
	json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);

	if (count >= 0)
		write_again(m, count, size);
	/* jansson takes a NUL byte behind a number for white space */
	if (root && !memchr(text, '\0', size) && json_is_object(root) &&
	    depth_of(root) <= JSON_DEPTH_MAX && json_object_size(root) <= MEMBERS) {
		check(count >= 0);
		compare_all(m, count, root, size);
	}
	json_decref(root);
	return 0;
}
