/* SPDX-License-Identifier: MIT */
/*
 * "fcs repair": an open mends what it can and keeps the rest aside; that is dropped here, after it
 * was saved if somebody wants that. Without --yes it all happens in a copy that nobody else sees.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/errors.h"
#include "tools/fcs/commands.h"
#include "tools/fcs/json.h"
#include "tools/fcs/replace.h"

struct repair {
	const struct options *o;
	const struct file *file;
	uint32_t *drop; /* offsets, to be freed */
	size_t count, room;
};

static void PRINTF_LIKE(2, 3) say(const struct file *f, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "fcs: %s: ", f->path);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

static void on_line(void *ctx, bool problem, uint32_t off, const char *text)
{
	say(ctx, "%s: offset %" PRIu32 ": %s", problem ? "problem" : "note", off, text);
}

/* A line for each finding; whether there are any. */
static bool look(struct file *f)
{
	const struct store_media media = {.base = f->base, .size = f->size};
	struct store_checkup c = {.line = on_line, .ctx = f};
	int err = store_check(&media, &c);

	if (err)
		die(STATUS_ERROR, "%s: %s", f->path, error_text(err));
	return c.problems || c.notes;
}

/* The bytes of the slot go to a file of their own, and what they say of the record to stdout. */
static void save(const struct repair *r, const struct store_damage *d)
{
	size_t room = strlen(r->o->save) + sizeof("/slot-4294967295.bin");
	char *path = grow(NULL, room);

	snprintf(path, room, "%s/slot-%" PRIu32 ".bin", r->o->save, d->off);
	write_new_file(path, r->file->base + d->off, d->size);
	free(path);
	if (d->view.key_len)
		json_print(stdout, &d->view);
}

static int take_down(void *ctx, const struct store_damage *d)
{
	const char *what = "would be dropped";
	struct repair *r = ctx;

	if (r->count == r->room) {
		r->room = r->room * 2 + 64;
		r->drop = grow(r->drop, r->room * sizeof(*r->drop));
	}
	r->drop[r->count++] = d->off;
	if (r->o->yes && r->o->save)
		save(r, d);
	if (r->o->yes)
		what = r->o->save ? "saved, and dropped" : "dropped";
	if (d->view.key_len)
		say(r->file,
		    "offset %" PRIu32 ": a slot of %" PRIu32 " bytes, key %s, value of %" PRIu32
		    " bytes: %s",
		    d->off, d->size, d->key, d->view.data_len, what);
	else
		say(r->file, "offset %" PRIu32 ": a slot of %" PRIu32 " bytes, key %s: %s", d->off,
		    d->size, d->key, what);
	return 0;
}

/* Everything is saved before anything is dropped. */
static void drop_all(struct store *s, struct repair *r)
{
	int err = store_each_damaged(s, take_down, r);

	if (fflush(stdout))
		die(STATUS_ERROR, "standard output: %s", strerror(errno));
	for (size_t i = 0; i < r->count && !err; i++)
		err = store_drop(s, r->drop[i]);
	if (err)
		die_store(s, r->file->path, "repair", err);
}

static void make_folder(const char *path)
{
	if (mkdir(path, 0777) && errno != EEXIST)
		die(STATUS_ERROR, "--save %s: %s", path, strerror(errno));
}

/* Recovers and drops, in the file or in a copy. The status. */
static int repair(struct file *f, const struct options *o)
{
	struct repair r = {.o = o, .file = f};
	int status = STATUS_NO;
	struct store store;

	if (o->yes && o->save)
		make_folder(o->save);
	file_must_open_store(&store, f, o, NULL);
	drop_all(&store, &r);
	if (!o->yes)
		say(f, "nothing is changed without --yes");
	else if (look(f))
		say(f, "this is left");
	else
		status = STATUS_OK;
	if (!status)
		say(f, "repaired; entries %" PRIu32 ", slots dropped %zu", store_size(&store),
		    r.count);
	store_close(&store);
	file_save(f, f->file_size);
	free(r.drop);
	return status;
}

int cmd_repair(const struct options *o)
{
	int status = STATUS_OK;
	struct file f;

	file_open(&f, o->args[0], o, o->yes);
	if (f.kind == FILE_CLASSIC)
		die(STATUS_ERROR,
		    "%s: a plain .dat has no checksums to repair it by; export --fcs1 makes one of "
		    "what can be read",
		    f.path);
	if (look(&f))
		status = repair(&f, o);
	else
		say(&f, "there is nothing to repair");
	file_close(&f);
	return status;
}
