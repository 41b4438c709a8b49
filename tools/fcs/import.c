/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/fcs/commands.h"
#include "tools/fcs/json.h"
#include "tools/fcs/replace.h"

struct target {
	struct options options;
	struct file file;
	struct store store;
	uint32_t count; /* entries that are in it */
	bool in_place;  /* they are in the file at once */
};

static void target_open(struct target *t, const struct options *o)
{
	*t = (struct target){.options = *o};
	/* These are about what is read. */
	t->options.given &= ~(unsigned)(OPTION_RAM_BASE | OPTION_AT);
	t->options.ram_base = 0;
	file_open_or_new(&t->file, o->args[0], &t->options);
	t->in_place = t->file.kind != FILE_CLASSIC && !t->file.temp;
	file_must_open_store(&t->store, &t->file, &t->options, NULL);
}

static void target_close(struct target *t)
{
	struct store_stats stats;

	store_stat(&t->store, &stats);
	store_close(&t->store);
	file_save(&t->file, stats.file_size);
	file_close(&t->file);
	printf("imported: %" PRIu32 "\n", t->count);
}

/* Ends the program after entry number COUNT + 1 was refused with ERR. */
static _Noreturn void die_refused(const struct target *t, int err)
{
	char what[sizeof("entry 4294967295")];

	if (t->in_place)
		fprintf(stderr, "fcs: %s: the first %" PRIu32 " entries are in it\n", t->file.path,
			t->count);
	else
		fprintf(stderr, "fcs: %s: it stays as it was\n", t->file.path);
	snprintf(what, sizeof(what), "entry %" PRIu32, t->count + 1);
	die_store(&t->store, t->file.path, what, err);
}

/* ---- another store ---- */

static int take_view(void *ctx, const struct store_view *v)
{
	struct target *t = ctx;
	int err = store_put(&t->store, v->key, v->key_len, v->data, v->data_len, v->meta,
			    v->meta_len, v->expiry);

	if (err)
		die_refused(t, err);
	t->count++;
	return 0;
}

static void import_store(const struct options *o, const char *path)
{
	struct target t;
	const struct store_walk walk = {.expired = true, .visit = take_view, .ctx = &t};
	struct options from = *o;
	struct store store;
	struct file f;
	int err;

	from.classic = false;
	file_open(&f, path, &from, false);
	file_must_open_store(&store, &f, &from, NULL);
	target_open(&t, o);
	err = store_process(&store, &walk);
	if (err)
		die_store(&store, path, "import", err);
	target_close(&t);
	store_close(&store);
	file_close(&f);
}

/* ---- JSON lines ---- */

struct lines {
	FILE *f;
	const char *name;
	char *line;
	size_t room, number;
};

/* The next line that is not empty, to *R; false at the end. A bad one ends the program. */
static bool next_record(struct lines *l, struct record *r)
{
	char why[256];
	ssize_t len;

	do {
		len = getline(&l->line, &l->room, l->f);
		l->number++;
	} while (len >= 0 && l->line[strspn(l->line, " \t\r\n")] == '\0');
	if (len < 0 && ferror(l->f))
		die(STATUS_ERROR, "%s: %s", l->name, strerror(errno));
	if (len >= 0 && !json_parse(r, l->line, (size_t)len, why, sizeof(why)))
		die(STATUS_USAGE, "%s:%zu: %s: nothing is imported", l->name, l->number, why);
	return len >= 0;
}

/* What is in a pipe is copied to a file, so that it can be read twice. */
static FILE *seekable(FILE *f, const char *name)
{
	char buffer[BUFSIZ];
	struct stat st;
	FILE *copy;
	size_t n;

	if (!fstat(fileno(f), &st) && S_ISREG(st.st_mode))
		return f;
	copy = tmpfile();
	if (!copy)
		die(STATUS_ERROR, "%s: no file to keep it in: %s", name, strerror(errno));
	while ((n = fread(buffer, 1, sizeof(buffer), f)) > 0)
		if (fwrite(buffer, 1, n, copy) != n)
			break;
	if (ferror(f) | ferror(copy) | fflush(copy))
		die(STATUS_ERROR, "%s: it cannot be kept: %s", name, strerror(errno));
	rewind(copy);
	if (f != stdin)
		fclose(f);
	return copy;
}

static void take_record(struct target *t, struct record *r)
{
	int err = store_put(&t->store, r->key.at, (uint32_t)r->key.len, r->value.at,
			    (uint32_t)r->value.len, r->meta.at, (uint32_t)r->meta.len, r->expiry);

	if (err)
		die_refused(t, err);
	t->count++;
}

static void import_lines(const struct options *o, const char *path)
{
	bool standard = !strcmp(path, "-");
	struct lines l = {.f = standard ? stdin : fopen(path, "r"),
			  .name = standard ? "standard input" : path};
	struct record record;
	struct target t;

	if (!l.f)
		die(STATUS_ERROR, "%s: %s", path, strerror(errno));
	l.f = seekable(l.f, l.name);
	while (next_record(&l, &record))
		json_free(&record);
	rewind(l.f);
	target_open(&t, o);
	while (next_record(&l, &record)) {
		take_record(&t, &record);
		json_free(&record);
	}
	target_close(&t);
	free(l.line);
	if (l.f != stdin)
		fclose(l.f);
}

int cmd_import(const struct options *o)
{
	const char *from = o->arg_count > 1 ? o->args[1] : "-";
	struct options looks = *o;

	if (!strcmp(from, "-")) {
		import_lines(o, from);
		return STATUS_OK;
	}
	if (same_file(o->args[0], from))
		die(STATUS_USAGE, "%s: this is %s: a store is imported into another one", from,
		    o->args[0]);
	looks.classic = false;
	if (file_holds_store(from, &looks))
		import_store(o, from);
	else
		import_lines(o, from);
	return STATUS_OK;
}
