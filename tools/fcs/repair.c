/* SPDX-License-Identifier: MIT */
/*
 * "fcs repair": an open mends what it can and keeps the rest aside, which is dropped then. It is
 * tried out first, in a copy that nobody else sees: without --yes that is all, and with --save what
 * is to be dropped is saved from there. So whatever goes wrong up to then, the file is as it was.
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
	struct file *file;
	struct store_damage *found; /* slots to be dropped; to be freed */
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

/* ---- trying it out ---- */

static const char *unchanged; /* the file that is as it was, whatever ends the program */

static void say_unchanged(void)
{
	if (unchanged)
		fprintf(stderr, "fcs: %s: nothing was changed\n", unchanged);
}

static int remember(void *ctx, const struct store_damage *d)
{
	struct repair *r = ctx;

	if (r->count == r->room) {
		r->room = r->room * 2 + 64;
		r->found = grow(r->found, r->room * sizeof(*r->found));
	}
	r->found[r->count++] = *d;
	return 0;
}

static void say_slot(const struct repair *r, const struct store_damage *d, const char *what)
{
	if (d->view.key_len)
		say(r->file,
		    "offset %" PRIu32 ": a slot of %" PRIu32 " bytes, key %s, value of %" PRIu32
		    " bytes: %s",
		    d->off, d->size, d->key, d->view.data_len, what);
	else
		say(r->file, "offset %" PRIu32 ": a slot of %" PRIu32 " bytes, key %s: %s", d->off,
		    d->size, d->key, what);
}

/* The name of the file that the slot's bytes go to, to be freed. */
static char *place_of(const struct repair *r, const struct store_damage *d)
{
	size_t room = strlen(r->o->save) + sizeof("/slot-4294967295.bin");
	char *path = grow(NULL, room);

	snprintf(path, room, "%s/slot-%" PRIu32 ".bin", r->o->save, d->off);
	return path;
}

/* That a slot was saved already is as good: whoever tries again need not clear the folder. */
static void save(const struct repair *r, const struct file *copy, const struct store_damage *d)
{
	const uint8_t *bytes = copy->base + d->off;
	char *path = place_of(r, d);

	if (!file_has(path, bytes, d->size))
		write_new_file(path, bytes, d->size);
	if (d->view.key_len)
		json_print(stdout, &d->view);
	say_slot(r, d, "saved");
	free(path);
}

/* Ends the program before anything is saved if a slot's file is there with other bytes. */
static void check_folder(const struct repair *r, const struct file *copy)
{
	struct stat st;

	if (mkdir(r->o->save, 0777) && errno != EEXIST)
		die(STATUS_ERROR, "--save %s: %s", r->o->save, strerror(errno));
	if (stat(r->o->save, &st) || !S_ISDIR(st.st_mode))
		die(STATUS_ERROR, "--save %s: it is there, and no folder", r->o->save);
	for (size_t i = 0; i < r->count; i++) {
		const struct store_damage *d = &r->found[i];
		char *path = place_of(r, d);

		if (!stat(path, &st) && !file_has(path, copy->base + d->off, d->size))
			die(STATUS_ERROR,
			    "%s: it is there already with other bytes, and stays so: --save needs "
			    "another folder",
			    path);
		free(path);
	}
}

/* The bytes of each slot go to a file of their own, and what they say of the record to stdout. */
static void save_all(const struct repair *r, const struct file *copy)
{
	check_folder(r, copy);
	for (size_t i = 0; i < r->count; i++)
		save(r, copy, &r->found[i]);
	if (ferror(stdout) | fflush(stdout))
		die(STATUS_ERROR, "standard output: %s", strerror(errno));
}

/* Finds the slots that are to be dropped, and shows or saves them. */
static void try_out(struct repair *r)
{
	struct store store;
	struct file copy;
	int err;

	file_copy(&copy, r->file, r->o->yes);
	file_must_open_store(&store, &copy, r->o, NULL);
	err = store_each_damaged(&store, remember, r);
	if (err)
		die_store(&store, copy.path, "repair", err);
	for (size_t i = 0; i < r->count && !r->o->yes; i++)
		say_slot(r, &r->found[i], "would be dropped");
	if (r->o->yes && r->o->save)
		save_all(r, &copy);
	store_close(&store);
	file_close(&copy);
}

/* ---- doing it ---- */

static int do_it(const struct repair *r)
{
	struct store store;
	uint32_t entries;
	bool left;

	file_must_open_store(&store, r->file, r->o, NULL);
	for (size_t i = 0; i < r->count; i++) {
		int err = store_drop(&store, r->found[i].off);

		if (err)
			die_store(&store, r->file->path, "repair", err);
		say_slot(r, &r->found[i], "dropped");
	}
	entries = store_size(&store);
	store_close(&store);
	left = look(r->file);
	file_save(r->file, r->file->file_size);
	if (left)
		say(r->file, "this is left");
	else
		say(r->file, "repaired; entries %" PRIu32 ", slots dropped %zu", entries, r->count);
	return left ? STATUS_NO : STATUS_OK;
}

static int repair(struct file *f, const struct options *o)
{
	struct repair r = {.o = o, .file = f};
	int status = STATUS_NO;

	unchanged = f->path;
	atexit(say_unchanged);
	try_out(&r);
	unchanged = NULL;
	if (o->yes)
		status = do_it(&r);
	else
		say(f, "nothing is changed without --yes");
	free(r.found);
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
