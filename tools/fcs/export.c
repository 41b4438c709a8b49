/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "lib/be.h"
#include "store/format.h"
#include "tools/fcs/commands.h"
#include "tools/fcs/json.h"
#include "tools/fcs/replace.h"

/*
 * A plain .dat out of an image: its magic, and its slots up to the free one at the end. What holds
 * no record that is served is an empty free slot there, which the Java class may use.
 */
struct plain {
	const uint8_t *base;
	uint8_t *out;   /* zero where nothing was copied to */
	uint32_t image; /* where the image begins */
	uint32_t at;    /* and where the next slot */
	uint32_t tail;  /* the last slot if it is free, else the end */
	uint32_t end;
};

/* What is at OFF goes here. */
static uint8_t *place(const struct plain *p, uint32_t off)
{
	return p->out + (off - p->image);
}

/* Makes all slots before OFF free ones; the store was opened, so their sizes are right. */
static void free_up_to(struct plain *p, uint32_t off)
{
	uint32_t size;

	for (; p->at < off; p->at += size) {
		size = be32_load(p->base + p->at + HDR_SIZE);
		if (size < HDR_BYTES || size > off - p->at)
			die(STATUS_ERROR, "the chain of slots is broken at offset %" PRIu32, p->at);
		be32_store(place(p, p->at) + HDR_SIZE, size);
		be64_store(place(p, p->at) + HDR_EXPIRY, (uint64_t)STORE_NEVER);
	}
}

static int copy_slot(void *ctx, const struct store_view *v)
{
	struct plain *p = ctx;

	free_up_to(p, v->slot);
	memcpy(place(p, v->slot), p->base + v->slot, v->slot_size);
	p->at = v->slot + v->slot_size;
	return 0;
}

static int find_tail(void *ctx, uint32_t off, uint32_t size)
{
	struct plain *p = ctx;

	if (off + size == p->end)
		p->tail = off;
	return 0;
}

static void export_plain(struct store *s, const struct file *f, const char *path)
{
	struct plain p = {.base = f->base, .image = f->kind == FILE_CLASSIC ? 0 : IMAGE_OFFSET};
	const struct store_walk walk = {
		.no_data = true,
		.no_meta = true,
		.expired = true,
		.visit = copy_slot,
		.ctx = &p,
	};
	struct store_stats stats;
	int err;

	store_stat(s, &stats);
	p.end = p.tail = stats.end;
	p.at = p.image + sizeof(uint32_t);
	p.out = calloc(1, p.end);
	if (!p.out)
		die(STATUS_ERROR, "no memory is left for %" PRIu32 " bytes", p.end);
	be32_store(p.out, IMAGE_MAGIC);
	err = store_each_free(s, find_tail, &p);
	if (!err)
		err = store_process(s, &walk);
	if (err)
		die_store(s, f->path, "export", err);
	free_up_to(&p, p.tail);
	write_whole_file(path, p.out, p.tail - p.image);
	free(p.out);
}

static int print_line(void *ctx, const struct store_view *v)
{
	json_print(ctx, v);
	return 0;
}

int cmd_export(const struct options *o)
{
	const struct store_walk walk = {.expired = true, .visit = print_line, .ctx = stdout};
	struct store store;
	struct file f;
	int err = 0;

	if (o->fcs1 && same_file(o->fcs1, o->args[0]))
		die(STATUS_USAGE, "--fcs1 %s: this is %s, which it would overwrite", o->fcs1,
		    o->args[0]);
	file_open(&f, o->args[0], o, false);
	file_must_open_store(&store, &f, o, NULL);
	if (o->fcs1)
		export_plain(&store, &f, o->fcs1);
	else
		err = store_process(&store, &walk);
	if (err)
		die_store(&store, f.path, "export", err);
	store_close(&store);
	file_close(&f);
	return STATUS_OK;
}
