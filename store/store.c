/* SPDX-License-Identifier: MIT */
/* The store as a whole: open, close, and what is done with all of it. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "store/door.h"
#include "store/entries.h"
#include "store/freelist.h"
#include "store/internal.h"
#include "store/marks.h"
#include "store/pins.h"

/* FCS1's default: how much of a free block a record must need to get all of it. */
#define FRAGMENTATION 0.75F

SELDOM void store_report(const struct store *s, const char *fmt, ...)
{
	char line[256];
	va_list ap;

	if (!s->config.report)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	s->config.report(s->config.ctx, line);
}

static bool config_usable(const struct store *s)
{
	const struct store_config *c = &s->config;

	return s->layout->usable(&c->media) && c->file_size <= c->media.size &&
	       c->fragmentation > 0.0F && c->fragmentation <= 1.0F &&
	       c->max_entries <= STORE_ENTRIES_MAX && c->policy <= STORE_SIEVE;
}

SELDOM int store_open(struct store *s, const struct store_config *config)
{
	int err;

	*s = (struct store){.config = *config, .door = door_to(&config->media)};
	s->layout = config->layout ? config->layout : &store_native;
	if (s->config.fragmentation == 0.0F)
		s->config.fragmentation = FRAGMENTATION;
	if (!config_usable(s))
		return -EINVAL;
	s->first_expiry = INT64_MAX;
	door_open(&s->door);
	err = s->layout->open(s);
	door_close(&s->door);
	s->passed = s->limit;
	s->open = true;
	s->plain = !order_kept(s) && (!s->layout->verify || s->config.unchecked);
	if (err)
		store_close(s);
	return err;
}

SELDOM void store_close(struct store *s)
{
	if (!s->open)
		return;
	if (s->share)
		share_free(s); /* a batch may be another sharer's */
	store_batch_abort(s);
	entries_free(s);
	freelist_free(s);
	pins_free(s);
	marks_free(s);
	s->open = false;
	s->plain = false;
}

SELDOM int store_clear(struct store *s)
{
	int err = store_begin(s);

	if (err)
		return err;
	err = s->layout->clear(s);
	if (!err)
		s->shadowed = 0;
	store_end(s);
	return err;
}

uint32_t store_size(const struct store *s)
{
	if (!s->open)
		return 0;
	return s->share ? share_size(s) : s->index.count;
}

SELDOM int store_compact(struct store *s, uint32_t max_bytes)
{
	int err = store_begin(s);

	if (err)
		return err;
	err = s->layout->compact(s, max_bytes);
	store_end(s);
	return err;
}

int store_each_free(struct store *s, int (*fn)(void *ctx, uint32_t off, uint32_t size), void *ctx)
{
	int err = store_enter(s);

	if (err)
		return err;
	err = freelist_each(s, fn, ctx);
	store_leave(s);
	return err;
}
