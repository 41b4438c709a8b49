/* SPDX-License-Identifier: MIT */
#include "tools/fcs/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/errors.h"
#include "tools/fcs/commands.h"

static void print_line(const char *kind, uint32_t off, const char *fmt, va_list ap)
	PRINTF_LIKE(3, 0);
static void print_line(const char *kind, uint32_t off, const char *fmt, va_list ap)
{
	printf("%s: offset %" PRIu32 ": ", kind, off);
	vprintf(fmt, ap);
	putchar('\n');
}

void check_problem(struct check *c, uint32_t off, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print_line("problem", off, fmt, ap);
	va_end(ap);
	c->problems++;
}

void check_note(struct check *c, uint32_t off, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print_line("note", off, fmt, ap);
	va_end(ap);
	c->notes++;
}

void check_add(struct check *c, const struct check_record *r)
{
	if (c->count == c->room) {
		c->room = c->room * 2 + 64;
		c->records = grow(c->records, c->room * sizeof(*c->records));
	}
	c->records[c->count++] = *r;
}

static int compare_keys(const struct check_record *a, const struct check_record *b)
{
	int order = memcmp(a->key, b->key, a->key_len < b->key_len ? a->key_len : b->key_len);

	return order ? order : (a->key_len > b->key_len) - (a->key_len < b->key_len);
}

/* By key, and of one key the one that counts first. */
static int by_key(const void *a, const void *b)
{
	const struct check_record *x = a, *y = b;
	int order = compare_keys(x, y);

	return order ? order : (x->order < y->order) - (x->order > y->order);
}

/* Says which records are not the only ones of their key; returns how many keys there are. */
static size_t check_duplicates(struct check *c)
{
	const struct check_record *counts = NULL;
	size_t keys = 0;

	if (c->count)
		qsort(c->records, c->count, sizeof(*c->records), by_key);
	for (const struct check_record *r = c->records; r < c->records + c->count; r++) {
		if (!counts || compare_keys(counts, r)) {
			counts = r;
			keys += !r->deletes;
		} else if (counts->deletes) {
			check_note(c, r->off, "the delete at offset %" PRIu32 " is about it",
				   counts->off);
		} else if (c->file->kind == FILE_CLASSIC) {
			check_problem(c, r->off,
				      "its key has a later record at offset %" PRIu32
				      ": this slot is lost",
				      counts->off);
		} else if (r->order < counts->order) {
			check_note(c, r->off, "its key has a newer record at offset %" PRIu32,
				   counts->off);
		} else {
			check_note(c, r->off, "a copy of the record at offset %" PRIu32,
				   counts->off);
		}
	}
	return keys;
}

static int count_entry(void *ctx, const struct store_view *v)
{
	(void)v;
	++*(size_t *)ctx;
	return 0;
}

/* Opens the store as the next one will, in memory, and compares what it serves. */
static void check_open(struct check *c, struct file *f, const struct options *o, size_t keys)
{
	size_t served = 0;
	const struct store_walk walk = {.expired = true, .visit = count_entry, .ctx = &served};
	struct store store;
	int err = file_open_store(&store, f, o, NULL);

	if (err) {
		check_problem(c, 0, "the store cannot be opened: %s", error_text(err));
		return;
	}
	err = store_process(&store, &walk);
	if (err)
		check_problem(c, 0, "not all entries can be read: %s", error_text(err));
	else if (!c->problems && served != keys)
		check_problem(c, 0, "%zu entries are there, and %zu are served", keys, served);
	store_close(&store);
}

int cmd_check(const struct options *o)
{
	struct check c = {0};
	struct file f;
	size_t keys;

	file_open(&f, o->args[0], o, false);
	c.file = &f;
	if (f.kind == FILE_CLASSIC)
		check_classic(&c);
	else
		check_region(&c);
	keys = check_duplicates(&c);
	check_open(&c, &f, o, keys);
	printf("%s: entries %zu, free slots %" PRIu32 ", kept aside %" PRIu32 ", problems %" PRIu32
	       ", notes %" PRIu32 ": %s\n",
	       file_kind_name(&f), keys, c.free_slots, c.kept_aside, c.problems, c.notes,
	       c.problems     ? "damaged"
	       : c.kept_aside ? "sound but for what is kept aside"
			      : "sound");
	free(c.records);
	file_close(&f);
	return c.problems ? STATUS_NO : STATUS_OK;
}
