/* SPDX-License-Identifier: MIT */
/* "fcs run": a script of operations, one line in and one answer out. */
#define _GNU_SOURCE /* vasprintf() */
#include <errno.h>
#include <nettle/sha2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/errors.h"
#include "tools/fcs/commands.h"
#include "tools/fcs/script.h"

struct run {
	struct options options;
	struct file file;
	struct store store;
	int64_t clock;
};

/* ---- answers of many parts ---- */

struct list {
	char **at;
	size_t count, room;
};

/* Adds a string, which the list then owns. */
static void list_add(struct list *list, char *s)
{
	if (list->count == list->room) {
		list->room = list->room * 2 + 16;
		list->at = grow(list->at, list->room * sizeof(*list->at));
	}
	list->at[list->count++] = s;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list_sort(struct list *list)
{
	if (list->count)
		qsort(list->at, list->count, sizeof(*list->at), by_text);
}

/* Prints TITLE, how many there are, and each after SEPARATOR, and frees them. */
static void list_print(struct list *list, const char *title, char separator)
{
	printf("%s %zu", title, list->count);
	for (size_t i = 0; i < list->count; i++) {
		printf("%c%s", separator, list->at[i]);
		free(list->at[i]);
	}
	putchar('\n');
	free(list->at);
}

static char *format(const char *fmt, ...) PRINTF_LIKE(1, 2);
static char *format(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		die(STATUS_ERROR, "no memory is left for an answer");
	va_end(ap);
	return s;
}

/* LEN bytes as the language has them, in a string to free; NONE if there are none. */
static char *word(const void *bytes, uint32_t len, const char *none)
{
	return len ? hex_string(bytes, len) : format("%s", none);
}

static int add_entry(void *ctx, const struct store_view *v)
{
	char *key = hex_string(v->key, v->key_len);

	list_add(ctx,
		 format("E %s %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRId64,
			key, v->slot, v->slot_size, v->key_len, v->data_len, v->meta_len,
			v->expiry));
	free(key);
	return 0;
}

static int add_dump(void *ctx, const struct store_view *v)
{
	char *key = hex_string(v->key, v->key_len), *data = word(v->data, v->data_len, "."),
	     *meta = word(v->meta, v->meta_len, "-");

	list_add(ctx, format("D %s %s %s %" PRId64, key, data, meta, v->expiry));
	free(key);
	free(data);
	free(meta);
	return 0;
}

static int add_eldest(void *ctx, const struct store_view *v)
{
	list_add(ctx, hex_string(v->key, v->key_len));
	return 0;
}

static int add_free(void *ctx, uint32_t off, uint32_t size)
{
	list_add(ctx, format("%" PRIu32 ":%" PRIu32, off, size));
	return 0;
}

static void add_gone(void *ctx, const void *key, uint32_t key_len)
{
	list_add(ctx, hex_string(key, key_len));
}

/* ---- operations: the answer of each is printed, or its error returned ---- */

static int start(struct run *r)
{
	int err;

	if (r->store.open)
		return -EBUSY;
	err = file_open_store(&r->store, &r->file, &r->options, &r->clock);
	if (!err)
		printf("STARTED %" PRIu32 "\n", store_size(&r->store));
	return err;
}

static int stop(struct run *r)
{
	struct store_stats stats;

	if (!r->store.open)
		return -EBADF;
	store_stat(&r->store, &stats);
	store_close(&r->store);
	file_save(&r->file, stats.file_size);
	return 0;
}

static int put(struct run *r, const struct op *op)
{
	/* Without metadata there is no expiry. */
	int64_t expiry = op->meta.at ? op->number : STORE_NEVER;

	return store_put(&r->store, op->key.at, (uint32_t)op->key.len, op->value.at,
			 (uint32_t)op->value.len, op->meta.at, (uint32_t)op->meta.len, expiry);
}

static int get(struct run *r, const struct op *op)
{
	struct store_view view;
	int err = store_get(&r->store, op->key.at, (uint32_t)op->key.len, &view);
	char *data, *meta;

	if (err == -ENOENT)
		puts("NIL");
	if (err)
		return err == -ENOENT ? 0 : err;
	data = word(view.data, view.data_len, ".");
	meta = word(view.meta, view.meta_len, "-");
	printf("VAL %s %s\n", data, meta);
	free(data);
	free(meta);
	store_release(&r->store, &view);
	return 0;
}

/* What a question has as its answer: 1, 0, or an error. */
static int yes_no(int err)
{
	if (err && err != -ENOENT)
		return err;
	puts(err ? "0" : "1");
	return 0;
}

static int purge(struct run *r)
{
	struct list keys = {0};
	int removed = store_purge(&r->store, add_gone, &keys);

	if (removed < 0)
		return removed;
	list_sort(&keys);
	list_print(&keys, "PURGED", ' ');
	return 0;
}

static int entries(struct run *r)
{
	struct list lines = {0};
	const struct store_walk walk = {
		.no_data = true,
		.no_meta = true,
		.expired = true,
		.visit = add_entry,
		.ctx = &lines,
	};
	int err = store_process(&r->store, &walk);

	if (!err)
		list_print(&lines, "ENTRIES", '\n');
	return err;
}

static int dump(struct run *r)
{
	struct list lines = {0};
	const struct store_walk walk = {.expired = true, .visit = add_dump, .ctx = &lines};
	int err = store_process(&r->store, &walk);

	if (err)
		return err;
	list_sort(&lines);
	list_print(&lines, "DUMP", '\n');
	return 0;
}

static int lru(struct run *r)
{
	struct list keys = {0};
	int err = store_each_eldest(&r->store, add_eldest, &keys);

	if (!err)
		list_print(&keys, "LRU", ' ');
	return err;
}

static int free_slots(struct run *r)
{
	struct list slots = {0};
	int err = store_each_free(&r->store, add_free, &slots);

	if (!err)
		list_print(&slots, "FREE", ' ');
	return err;
}

static void stat_now(struct run *r, struct store_stats *stats)
{
	store_stat(&r->store, stats);
	if (r->file.kind != FILE_CLASSIC)
		stats->file_size = r->file.size;
	else if (!r->store.open)
		stats->file_size = r->file.file_size;
}

static int sizes(struct run *r)
{
	struct store_stats stats;

	if (!r->store.open)
		return -EBADF;
	stat_now(r, &stats);
	printf("FILESIZE %" PRIu32 " %" PRIu32 "\n", stats.end, stats.file_size);
	return 0;
}

static int sha(struct run *r)
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct store_stats stats;
	struct sha256_ctx ctx;
	char *hex;

	stat_now(r, &stats);
	sha256_init(&ctx);
	sha256_update(&ctx, stats.file_size, r->file.base);
	sha256_digest(&ctx, sizeof(digest), digest);
	hex = hex_string(digest, sizeof(digest));
	printf("SHA256 %s\n", hex);
	free(hex);
	return 0;
}

static int size(struct run *r)
{
	if (!r->store.open)
		return -EBADF;
	printf("SIZE %" PRIu32 "\n", store_size(&r->store));
	return 0;
}

/* For an operation that is either done or not. */
static int ok(int err, const char *answer)
{
	if (!err)
		puts(answer);
	return err;
}

static int execute(struct run *r, const struct op *op)
{
	uint32_t key_len = (uint32_t)op->key.len;

	switch (op->verb) {
	case OP_NOTHING:
		return 0;
	case OP_CLOCK:
		r->clock = op->number;
		return ok(0, "OK");
	case OP_START:
		return start(r);
	case OP_STOP:
		return ok(stop(r), "STOPPED");
	case OP_PUT:
		return ok(put(r, op), "OK");
	case OP_GET:
		return get(r, op);
	case OP_DEL:
		return yes_no(store_delete(&r->store, op->key.at, key_len));
	case OP_CONTAINS:
		return yes_no(store_contains(&r->store, op->key.at, key_len));
	case OP_CLEAR:
		return ok(store_clear(&r->store), "OK");
	case OP_PURGE:
		return purge(r);
	case OP_SIZE:
		return size(r);
	case OP_FREE:
		return free_slots(r);
	case OP_ENTRIES:
		return entries(r);
	case OP_LRU:
		return lru(r);
	case OP_FILESIZE:
		return sizes(r);
	case OP_SHA:
		return sha(r);
	case OP_DUMP:
		return dump(r);
	}
	return -EINVAL;
}

/* The answer to an operation that failed. */
static void print_error(const struct run *r, const struct op *op, int err)
{
	struct store_stats stats;

	store_stat(&r->store, &stats);
	if (err == -EBADF)
		puts("ERR the store is not started");
	else if (err == -EBUSY && op->verb == OP_START)
		puts("ERR the store is started already");
	else if (err == -ENOSPC && op->verb == OP_PUT)
		printf("ERR %s: %" PRIu32 " bytes are free, and a record may have %" PRIu32 "\n",
		       error_text(err), stats.free_bytes, stats.largest);
	else
		printf("ERR %s\n", error_text(err));
}

/* ---- the script ---- */

struct script {
	FILE *f;
	const char *name;
	char *line;
	size_t room, number;
	char why[256]; /* what is wrong with the line; empty: nothing */
};

/* The next line without its newline; -1 at the end. */
static ssize_t next_line(struct script *s)
{
	ssize_t len = getline(&s->line, &s->room, s->f);

	if (len < 0 && ferror(s->f))
		die(STATUS_ERROR, "%s: %s", s->name, strerror(errno));
	if (len > 0 && s->line[len - 1] == '\n')
		s->line[--len] = '\0';
	s->number++;
	return len;
}

/* Reads the next line to *OP; false at the end, and at a bad one. */
static bool next_op(struct script *s, struct op *op)
{
	ssize_t len = next_line(s);

	return len >= 0 && script_parse(op, s->line, (size_t)len, s->why, sizeof(s->why));
}

static void die_if_bad(const struct script *s)
{
	if (s->why[0])
		die(STATUS_USAGE, "%s:%zu: %s", s->name, s->number, s->why);
}

/* Reads all of a script before anything is done; a pipe or a terminal is taken as it comes. */
static void check_script(struct script *s)
{
	struct stat st;
	struct op op;

	if (fstat(fileno(s->f), &st) || !S_ISREG(st.st_mode))
		return;
	while (next_op(s, &op))
		script_free(&op);
	die_if_bad(s);
	rewind(s->f);
	s->number = 0;
}

static void open_script(struct script *s, const char *path)
{
	bool standard = !strcmp(path, "-");

	*s = (struct script){.f = standard ? stdin : fopen(path, "r"),
			     .name = standard ? "standard input" : path};
	if (!s->f)
		die(STATUS_ERROR, "%s: %s", path, strerror(errno));
}

/*
 * The first line may bring options: those of the command line, of which there are ARGC, go over
 * them. Then the file is opened, and the line is one like any other.
 */
static bool first_op(struct script *s, struct run *r, struct op *op, int argc, char *argv[])
{
	ssize_t len = next_line(s);
	char *copy, *where;

	options_init(&r->options);
	if (len > 0) {
		copy = format("%s", s->line);
		where = format("%s:1: ", s->name);
		script_options(&r->options, RUN_LINE_OPTIONS, where, copy);
		free(where);
		free(copy);
	}
	options_parse(&r->options, RUN_OPTIONS, "", argc, argv);
	file_open_or_new(&r->file, r->options.file, &r->options);
	if (r->file.kind != FILE_CLASSIC)
		file_save(&r->file, 0); /* what is answered from now on is in the file */
	return len >= 0 && script_parse(op, s->line, (size_t)len, s->why, sizeof(s->why));
}

int cmd_run(struct options *o, int argc, char *argv[])
{
	struct run r = {0};
	struct script s;
	bool more;
	struct op op;
	int err;

	open_script(&s, o->args[0]);
	check_script(&s);
	for (more = first_op(&s, &r, &op, argc, argv); more; more = next_op(&s, &op)) {
		err = execute(&r, &op);
		if (err)
			print_error(&r, &op, err);
		script_free(&op);
		fflush(stdout);
	}
	stop(&r);
	die_if_bad(&s);
	file_close(&r.file);
	free(s.line);
	if (s.f != stdin)
		fclose(s.f);
	return STATUS_OK;
}
