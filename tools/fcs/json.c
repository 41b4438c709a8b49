/* SPDX-License-Identifier: MIT */
#include "tools/fcs/json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "tools/fcs/options.h"

/* ---- out ---- */

/* Takes VALUE into OBJECT; what jansson cannot do is for want of memory. */
static void set(json_t *object, const char *name, json_t *value)
{
	if (json_object_set_new(object, name, value))
		die(STATUS_ERROR, "no memory is left for an entry as JSON");
}

/* NAME as text, or NAME_HEX as digits. */
static void set_bytes(json_t *object, const char *name, const char *name_hex, const void *bytes,
		      uint32_t len)
{
	char *hex;

	if (is_text(bytes, len)) {
		set(object, name, json_stringn(len ? bytes : "", len));
		return;
	}
	hex = hex_string(bytes, len);
	set(object, name_hex, json_string(hex));
	free(hex);
}

void json_print(FILE *f, const struct store_view *v)
{
	json_t *object = json_object();

	set_bytes(object, "key", "key_hex", v->key, v->key_len);
	set_bytes(object, "value", "value_hex", v->data, v->data_len);
	set_bytes(object, "meta", "meta_hex", v->meta, v->meta_len);
	set(object, "expiry", json_integer(v->expiry));
	if (v->version)
		set(object, "seq", json_integer((json_int_t)v->version));
	if (json_dumpf(object, f, JSON_COMPACT) || putc('\n', f) == EOF)
		die(STATUS_ERROR, "standard output: it cannot be written");
	json_decref(object);
}

/* ---- in ---- */

/* Reads member NAME, which is what *B is (HEX: as digits); false if it may not be. */
static bool read_bytes(struct bytes *b, const json_t *value, bool hex)
{
	if (b->at || !json_is_string(value)) /* it is there twice, or no string */
		return false;
	if (hex)
		return strlen(json_string_value(value)) == json_string_length(value) &&
		       bytes_from_hex(b, json_string_value(value));
	bytes_copy(b, json_string_value(value), json_string_length(value));
	return true;
}

/* Reads one member of the object; false if it may not be there like this. */
static bool read_member(struct record *r, const char *name, const json_t *value)
{
	const struct {
		const char *name, *name_hex;
		struct bytes *bytes;
	} strings[] = {
		{"key", "key_hex", &r->key},
		{"value", "value_hex", &r->value},
		{"meta", "meta_hex", &r->meta},
	};

	for (size_t i = 0; i < ARRAY_SIZE(strings); i++) {
		if (!strcmp(name, strings[i].name))
			return read_bytes(strings[i].bytes, value, false);
		if (!strcmp(name, strings[i].name_hex))
			return read_bytes(strings[i].bytes, value, true);
	}
	if (!strcmp(name, "expiry"))
		r->expiry = json_integer_value(value);
	else if (strcmp(name, "seq") != 0) /* it gets a new one */
		return false;
	return json_is_integer(value);
}

/* Whether the lengths are some that a record may have, whatever store it goes to. */
static bool check_lengths(const struct record *r, char *why, size_t room)
{
	if (!r->key.len || r->key.len > STORE_KEY_MAX)
		snprintf(why, room, "a key of %zu bytes: expected 1 to %u", r->key.len,
			 STORE_KEY_MAX);
	else if (r->key.len + r->value.len + r->meta.len > INT32_MAX)
		snprintf(why, room, "key, value and metadata of more than %d bytes", INT32_MAX);
	else
		return true;
	return false;
}

static bool read_object(struct record *r, json_t *object, char *why, size_t room)
{
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value)
	{
		if (read_member(r, name, value))
			continue;
		snprintf(why, room,
			 "\"%s\": not a member of an entry, not of its type, or not "
			 "its only one",
			 clip(name));
		return false;
	}
	if (r->key.at && r->value.at)
		return check_lengths(r, why, room);
	snprintf(why, room, "expected both a key and a value");
	return false;
}

bool json_parse(struct record *r, const char *line, size_t len, char *why, size_t room)
{
	json_error_t error;
	json_t *object = json_loadb(line, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	bool ok = false;

	*r = (struct record){.expiry = STORE_NEVER};
	if (!object)
		snprintf(why, room, "no JSON: %s", clip(error.text));
	else if (!json_is_object(object))
		snprintf(why, room, "expected a JSON object");
	else
		ok = read_object(r, object, why, room);
	json_decref(object);
	if (!ok)
		json_free(r);
	return ok;
}

void json_free(struct record *r)
{
	bytes_free(&r->key);
	bytes_free(&r->value);
	bytes_free(&r->meta);
}
