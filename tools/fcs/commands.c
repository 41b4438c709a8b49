/* SPDX-License-Identifier: MIT */
/* The commands for one entry, and those that are a few lines. */
#include "tools/fcs/commands.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/errors.h"
#include "store/format.h"
#include "tools/fcs/find.h"

#define COMPACT_STEP MIB(1)

_Noreturn void die_store(const struct store *s, const char *path, const char *what, int err)
{
	struct store_stats stats;

	store_stat(s, &stats);
	if (err == -ENOSPC || err == -E2BIG)
		die(STATUS_ERROR,
		    "%s: %s: %s: %" PRIu32 " bytes are free, and a record may have %" PRIu32, path,
		    what, error_text(err), stats.free_bytes, stats.largest);
	die(err == -EDOM || err == -ERANGE ? STATUS_USAGE : STATUS_ERROR, "%s: %s: %s", path, what,
	    error_text(err));
}

const int64_t *wall_clock(void)
{
	static int64_t ms;
	struct timespec now;

	if (!ms && !clock_gettime(CLOCK_REALTIME, &now))
		ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	return &ms;
}

struct bytes argument(const struct options *o, const char *word)
{
	struct bytes b;

	if (!o->hex)
		bytes_copy(&b, word, strlen(word));
	else if (!bytes_from_hex(&b, word))
		die(STATUS_USAGE, "%s: expected an even number of hex digits, as --hex says",
		    clip(word));
	return b;
}

/* ---- ls ---- */

static int print_entry(void *ctx, const struct store_view *v)
{
	const struct options *o = ctx;
	char *key = (o->hex ? hex_string : word_string)(v->key, v->key_len);

	printf("%10" PRIu32 " %6" PRIu32 " %14" PRId64 " %s\n", v->data_len, v->meta_len,
	       v->expiry > 0 ? v->expiry : STORE_NEVER, key);
	free(key);
	return 0;
}

int cmd_ls(const struct options *o)
{
	struct bytes prefix = argument(o, o->arg_count > 1 ? o->args[1] : "");
	const struct store_walk walk = {
		.prefix = prefix.at,
		.prefix_len = (uint32_t)prefix.len,
		.no_data = true,
		.no_meta = true,
		.visit = print_entry,
		.ctx = (void *)(uintptr_t)o,
	};
	struct store store;
	struct file f;
	int err;

	file_open(&f, o->args[0], o, false);
	file_must_open_store(&store, &f, o, wall_clock());
	err = store_process(&store, &walk);
	if (err)
		die_store(&store, f.path, "ls", err);
	store_close(&store);
	file_close(&f);
	bytes_free(&prefix);
	return STATUS_OK;
}

/* ---- get, put, del ---- */

static void print_value(const struct options *o, const struct store_view *v)
{
	char *hex;

	if (!o->hex) {
		fwrite(v->data, 1, v->data_len, stdout);
		return;
	}
	hex = hex_string(v->data, v->data_len);
	puts(hex);
	free(hex);
}

int cmd_get(const struct options *o)
{
	struct bytes key = argument(o, o->args[1]);
	struct store_view view;
	struct store store;
	struct file f;
	int err;

	file_open(&f, o->args[0], o, false);
	file_must_open_store(&store, &f, o, wall_clock());
	err = store_get(&store, key.at, (uint32_t)key.len, &view);
	if (!err) {
		print_value(o, &view);
		store_release(&store, &view);
	} else if (err != -ENOENT) {
		die_store(&store, f.path, clip(o->args[1]), err);
	}
	store_close(&store);
	file_close(&f);
	bytes_free(&key);
	return err ? STATUS_NO : STATUS_OK;
}

/* The bytes that are to be the value: of the argument, or of standard input if that is "-". */
static struct bytes value_argument(const struct options *o)
{
	struct bytes value;

	if (strcmp(o->args[2], "-") != 0)
		return argument(o, o->args[2]);
	if (!bytes_read(&value, stdin))
		die(STATUS_ERROR, "standard input: %s", strerror(errno));
	return value;
}

static struct bytes meta_argument(const struct options *o)
{
	struct bytes meta;

	if (!bytes_from_hex(&meta, o->meta ? o->meta : ""))
		die(STATUS_USAGE, "--meta %s: expected an even number of hex digits",
		    clip(o->meta));
	return meta;
}

/* Ends the program if a length does not fit in the 32 bits that the store has for it. */
static uint32_t length(const struct bytes *b, const char *what)
{
	if (b->len > UINT32_MAX)
		die(STATUS_USAGE, "the %s has %zu bytes; less than 4 GiB were expected", what,
		    b->len);
	return (uint32_t)b->len;
}

static void save_and_close(struct store *s, struct file *f)
{
	struct store_stats stats;

	store_stat(s, &stats);
	store_close(s);
	file_save(f, stats.file_size);
	file_close(f);
}

int cmd_put(const struct options *o)
{
	struct bytes key = argument(o, o->args[1]), value = value_argument(o),
		     meta = meta_argument(o);
	struct store store;
	struct file f;
	int err;

	file_open(&f, o->args[0], o, true);
	file_must_open_store(&store, &f, o, wall_clock());
	err = store_put(&store, key.at, length(&key, "key"), value.at, length(&value, "value"),
			meta.at, length(&meta, "metadata"), o->expires);
	if (err)
		die_store(&store, f.path, "put", err);
	save_and_close(&store, &f);
	bytes_free(&key);
	bytes_free(&value);
	bytes_free(&meta);
	return STATUS_OK;
}

int cmd_del(const struct options *o)
{
	struct bytes key = argument(o, o->args[1]);
	struct store store;
	struct file f;
	int err;

	file_open(&f, o->args[0], o, true);
	file_must_open_store(&store, &f, o, wall_clock());
	err = store_delete(&store, key.at, length(&key, "key"));
	if (err && err != -ENOENT)
		die_store(&store, f.path, "del", err);
	save_and_close(&store, &f);
	bytes_free(&key);
	return err ? STATUS_NO : STATUS_OK;
}

/* ---- compact, info ---- */

int cmd_compact(const struct options *o)
{
	struct store_stats before, after;
	struct store store;
	struct file f;
	int more;

	file_open(&f, o->args[0], o, true);
	file_must_open_store(&store, &f, o, wall_clock());
	store_stat(&store, &before);
	do
		more = store_compact(&store, COMPACT_STEP);
	while (more > 0);
	if (more < 0)
		die_store(&store, f.path, "compact", more);
	store_stat(&store, &after);
	printf("%" PRIu64 " bytes moved; ", after.moved_bytes);
	if (f.kind == FILE_CLASSIC)
		printf("the file had %" PRIu32 " bytes and has %" PRIu32 "\n", f.file_size,
		       after.file_size);
	else
		printf("free slots: %" PRIu32 " before, %" PRIu32 " now; a record may have %" PRIu32
		       " bytes\n",
		       before.free_slots, after.free_slots, after.largest);
	save_and_close(&store, &f);
	return STATUS_OK;
}

static void print_super(const struct file *f)
{
	struct store_super super = {0};

	if (f->kind == FILE_DUMP)
		printf("at:          0x%" PRIx64 "\n", f->address);
	find_super(f->base, f->size, &super);
	printf("size:        %" PRIu32 "\n"
	       "version:     %u\n"
	       "salt:        0x%08" PRIx32 "\n"
	       "boots:       %" PRIu32 "\n",
	       super.region_size, SB_VERSION_VALUE, super.salt, super.boots);
}

/* The report of a panic that no boot has made an entry of so far. */
static void print_note(const struct file *f)
{
	const struct store_media media = {.base = f->base, .size = f->size};
	uint32_t len;
	const char *text = store_note(&media, &len);

	if (!text)
		return;
	printf("panic:\n");
	for (const char *end = text + len, *line = text; line < end;) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		size_t n = (size_t)((newline ? newline : end) - line);
		char *word = word_string(line, n);

		printf("  %s\n", word);
		free(word);
		line += n + 1;
	}
}

int cmd_info(const struct options *o)
{
	struct store_stats stats;
	struct store store;
	struct file f;

	file_open(&f, o->args[0], o, false);
	printf("kind:        %s\n", file_kind_name(&f));
	if (f.kind == FILE_CLASSIC)
		printf("size:        %" PRIu32 "\n", f.file_size);
	else
		print_super(&f); /* as it is in the file: an open counts one more boot */
	file_must_open_store(&store, &f, o, NULL);
	store_stat(&store, &stats);
	printf("entries:     %" PRIu32 "\n"
	       "used:        %" PRIu32 "\n"
	       "free:        %" PRIu32 "\n"
	       "free slots:  %" PRIu32 "\n"
	       "kept aside:  %" PRIu32 "\n",
	       stats.entries, stats.used_bytes, stats.free_bytes, stats.free_slots,
	       stats.quarantined);
	if (f.kind != FILE_CLASSIC)
		printf("largest:     %" PRIu32 "\n"
		       "next number: %" PRIu64 "\n",
		       stats.largest, stats.next_seq);
	if (f.kind != FILE_CLASSIC)
		print_note(&f);
	store_close(&store);
	file_close(&f);
	return STATUS_OK;
}
