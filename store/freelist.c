/* SPDX-License-Identifier: MIT */
#include "store/freelist.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 16U

void freelist_clear(struct store *s)
{
	s->free.count = 0;
	s->free.bytes = 0;
	s->free.tail_off = 0;
	s->free.tail_size = 0;
}

void freelist_free(struct store *s)
{
	free(s->free.slots);
	s->free = (struct store_freelist){0};
}

/* The first entry that is not before (size, off). */
static uint32_t position(const struct store_freelist *f, uint32_t size, uint32_t off)
{
	uint32_t lo = 0, hi = f->count;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (f->slots[mid].size < size ||
		    (f->slots[mid].size == size && f->slots[mid].off < off))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static bool make_room(struct store_freelist *f)
{
	uint32_t room = f->room ? f->room * 2 : FIRST_ROOM;
	struct store_free_slot *slots;

	if (f->count < f->room)
		return true;
	slots = realloc(f->slots, room * sizeof(*slots));
	if (!slots)
		return false;
	f->slots = slots;
	f->room = room;
	return true;
}

void freelist_add(struct store *s, uint32_t off, uint32_t size)
{
	struct store_freelist *f = &s->free;
	uint32_t i;

	if (off + size == s->end) {
		f->tail_off = off;
		f->tail_size = size;
		f->bytes += size;
		return;
	}
	if (!make_room(f))
		return;
	i = position(f, size, off);
	memmove(&f->slots[i + 1], &f->slots[i], (f->count - i) * sizeof(*f->slots));
	f->slots[i] = (struct store_free_slot){.size = size, .off = off};
	f->count++;
	f->bytes += size;
}

void freelist_remove(struct store *s, uint32_t off, uint32_t size)
{
	struct store_freelist *f = &s->free;
	uint32_t i;

	if (f->tail_off == off) {
		f->tail_off = 0;
		f->tail_size = 0;
		f->bytes -= size;
		return;
	}
	i = position(f, size, off);
	if (i == f->count || f->slots[i].off != off || f->slots[i].size != size)
		return;
	f->count--;
	memmove(&f->slots[i], &f->slots[i + 1], (f->count - i) * sizeof(*f->slots));
	f->bytes -= size;
}

uint32_t freelist_best(const struct store *s, uint32_t size, uint32_t *got)
{
	const struct store_freelist *f = &s->free;
	uint32_t i = position(f, size, 0);

	if (i < f->count) {
		*got = f->slots[i].size;
		return f->slots[i].off;
	}
	*got = f->tail_size;
	return f->tail_size >= size ? f->tail_off : 0;
}

uint32_t freelist_largest(const struct store *s)
{
	const struct store_freelist *f = &s->free;
	uint32_t largest = f->count ? f->slots[f->count - 1].size : 0;

	return f->tail_size > largest ? f->tail_size : largest;
}
