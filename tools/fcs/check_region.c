/* SPDX-License-Identifier: MIT */
#include "lib/errors.h"
#include "tools/fcs/check.h"

static void on_line(void *ctx, bool problem, uint32_t off, const char *text)
{
	if (problem)
		check_problem(ctx, off, "%s", text);
	else
		check_note(ctx, off, "%s", text);
}

static void add(struct check *c, const struct store_view *v, bool deletes)
{
	const struct check_record r = {
		.key = v->key,
		.key_len = v->key_len,
		.off = v->slot,
		.size = v->slot_size,
		.deletes = deletes,
		.order = v->version,
	};

	check_add(c, &r);
}

static void on_record(void *ctx, const struct store_view *v)
{
	add(ctx, v, false);
}

static void on_deleted(void *ctx, const struct store_view *v)
{
	add(ctx, v, true);
}

void check_region(struct check *c)
{
	const struct store_media media = {.base = c->file->base, .size = c->file->size};
	struct store_checkup checkup = {
		.line = on_line, .record = on_record, .deleted = on_deleted, .ctx = c};
	int err = store_check(&media, &checkup);

	if (err)
		check_problem(c, 0, "%s", error_text(err));
	c->free_slots = checkup.free_slots;
	c->kept_aside = checkup.kept_aside;
}
