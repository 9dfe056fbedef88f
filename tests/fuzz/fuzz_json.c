/*
 * What jansson takes, our scanner takes and reads alike, all that is nested in it
 * included; a walk over an array leaves nothing out; what our writer writes of a scan,
 * it reads back the same.
 */
#include <stdbool.h>
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

static void compare_all(const struct json_member *m, int count, json_t *root, char *text,
			size_t cap);

/* The member as jansson has it. */
static void compare(const struct json_member *m, json_t *v, char *text, size_t cap)
{
	struct json_member of[MEMBERS], item;
	const char *at = NULL;
	size_t items = 0;
	int64_t n;
	int count;
	ssize_t len;

	switch (m->kind) {
	case JSON_KIND_OBJECT:
		check(json_is_object(v));
		if (json_object_size(v) > MEMBERS)
			break;
		count = json_scan(of, MEMBERS, m->value, m->len);
		check(count >= 0);
		compare_all(of, count, v, text, cap);
		break;
	case JSON_KIND_ARRAY:
		check(json_is_array(v));
		while (json_item(&item, m, &at)) {
			check(items < json_array_size(v));
			compare(&item, json_array_get(v, items++), text, cap);
		}
		check(items == json_array_size(v));
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

static void compare_all(const struct json_member *m, int count, json_t *root, char *text,
			size_t cap)
{
	const char *key;
	json_t *v;

	check((size_t)count == json_object_size(root));
	json_object_foreach(root, key, v) {
		const struct json_member *found = json_find(m, count, key);

		check(found != NULL);
		compare(found, v, text, cap);
	}
}

/* How many commas are between two items; nothing else but white space may be. */
static int commas(const char *p, const char *end)
{
	int n = 0;

	for (check(p <= end); p < end; p++) {
		check(strchr(" \t\r\n,", *p) && *p);
		n += *p == ',';
	}
	return n;
}

/* An item is what a member of that value would be. */
static void scan_alone(const struct json_member *item)
{
	struct json_member back;
	struct buf b = BUF_INIT;
	struct json_writer w;

	json_put_init(&w, &b);
	json_put_object(&w, NULL);
	json_put_raw(&w, "k", item->value, item->len);
	json_put_end(&w);
	check(json_scan(&back, 1, b.p, b.len) == 1);
	check(back.kind == item->kind && back.len == item->len);
	buf_fini(&b);
}

/* The items of an array, and of the arrays in it, fill it from end to end. */
static void walk(const struct json_member *array)
{
	const char *at = NULL, *behind = array->value + 1;
	const char *last = array->value + array->len - 1;
	struct json_member item;
	bool first = true;

	for (; json_item(&item, array, &at); first = false) {
		check(!item.key && item.len > 0);
		check(commas(behind, item.value) == !first);
		behind = item.value + item.len;
		check(behind <= last);
		scan_alone(&item);
		if (item.kind == JSON_KIND_ARRAY)
			walk(&item);
	}
	check(commas(behind, last) == 0 && *last == ']');
	check(!json_item(&item, array, &at));
}

static void walk_all(const struct json_member *m, int count)
{
	const char *at = NULL;
	struct json_member item;
	int i;

	for (i = 0; i < count; i++)
		if (m[i].kind == JSON_KIND_ARRAY)
			walk(&m[i]);
		else
			check(!json_item(&item, &m[i], &at));
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
	char *unescaped = malloc(size + 1);

	check(unescaped != NULL);
	if (count >= 0) {
		write_again(m, count, size);
		walk_all(m, count);
	}
	/* jansson takes a NUL byte behind a number for white space */
	if (root && !memchr(text, '\0', size) && json_is_object(root) &&
	    depth_of(root) <= JSON_DEPTH_MAX && json_object_size(root) <= MEMBERS) {
		check(count >= 0);
		compare_all(m, count, root, unescaped, size + 1);
	}
	json_decref(root);
	free(unescaped);
	return 0;
}
