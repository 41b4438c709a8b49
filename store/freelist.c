/* SPDX-License-Identifier: MIT */
#include "store/freelist.h"

#include <stdlib.h>
#include <string.h>

#define LEAF_MAX 128U /* blocks in a leaf */
#define LEAF_LOW 64U  /* two neighbours that hold fewer together become one */
#define LEAF_STEP 16U /* a leaf's memory grows by this much, and shrinks when more is unused */
#define NO_KEY UINT64_MAX

void freelist_free(struct store *s)
{
	struct store_freelist *f = &s->free;

	for (uint32_t i = 0; i < f->leaf_count; i++)
		free(f->leaves[i].keys);
	free(f->leaves);
	*f = (struct store_freelist){0};
}

void freelist_clear(struct store *s, uint32_t limit)
{
	freelist_free(s);
	s->free.limit = limit;
}

/* The leaf in which KEY is or would be. There is one at least. */
static uint32_t leaf_of(const struct store_freelist *f, uint64_t key)
{
	uint32_t lo = 0, n = f->leaf_count;

	while (n > 1) {
		uint32_t half = n / 2;

		lo += f->leaves[lo + half].first <= key ? half : 0;
		n -= half;
	}
	return lo;
}

/* Memory for ROOM leaves; if there is none, more of them is refused and fewer is no loss. */
static bool leaves_resize(struct store_freelist *f, uint32_t room)
{
	struct store_free_leaf *leaves = realloc(f->leaves, room * sizeof(*leaves));

	if (!leaves)
		return false;
	f->leaves = leaves;
	f->leaf_room = room;
	return true;
}

/* An empty leaf at I of which no key will be below FIRST. */
static bool leaf_insert(struct store_freelist *f, uint32_t i, uint64_t first, uint32_t room)
{
	uint64_t *keys;

	if (f->leaf_count == f->leaf_room && !leaves_resize(f, f->leaf_room + f->leaf_room / 4 + 1))
		return false;
	keys = malloc(room * sizeof(*keys));
	if (!keys)
		return false;
	memmove(&f->leaves[i + 1], &f->leaves[i], (f->leaf_count - i) * sizeof(*f->leaves));
	f->leaves[i] =
		(struct store_free_leaf){.first = first, .keys = keys, .room = (uint16_t)room};
	f->leaf_count++;
	f->key_room += room;
	return true;
}

static void leaf_delete(struct store_freelist *f, uint32_t i)
{
	f->key_room -= f->leaves[i].room;
	free(f->leaves[i].keys);
	f->leaf_count--;
	memmove(&f->leaves[i], &f->leaves[i + 1], (f->leaf_count - i) * sizeof(*f->leaves));
	if (f->leaf_room > 2 * f->leaf_count + 2)
		leaves_resize(f, f->leaf_count + 1);
}

static void swap(uint64_t *a, uint64_t *b)
{
	uint64_t t = *a;

	*a = *b;
	*b = t;
}

/*
 * Sorts the keys into smaller ones and larger ones. How many are in the first part: a quarter to
 * three quarters of them, which takes half the time of finding the median.
 */
static uint32_t part(uint64_t *keys, uint32_t n)
{
	uint32_t lo = 0, hi = n - 1;

	for (;;) {
		uint64_t pivot = keys[lo + (hi - lo) / 2];
		uint32_t i = lo, j = hi;

		for (;;) {
			while (keys[i] < pivot)
				i++;
			while (keys[j] > pivot)
				j--;
			if (i >= j)
				break;
			swap(&keys[i], &keys[j]);
		}
		/* Keys differ, so the pivot is at j now. */
		if (j < n / 4)
			lo = j + 1;
		else if (j > n - n / 4)
			hi = j - 1;
		else
			return j;
	}
}

/* Where the smallest key is that is not below LEAST; leaf->count if there is none. */
static uint32_t smallest(const struct store_free_leaf *leaf, uint64_t least)
{
	uint64_t best =
		NO_KEY - least + 1; /* differences to smaller keys wrap, and are beyond it */
	uint32_t at = leaf->count;

	if (!least)
		best = NO_KEY;
	for (uint32_t i = 0; i < leaf->count; i++) {
		uint64_t ahead = leaf->keys[i] - least;

		if (ahead < best) {
			best = ahead;
			at = i;
		}
	}
	return at;
}

static uint64_t largest(const struct store_free_leaf *leaf)
{
	uint64_t best = 0;

	for (uint32_t i = 0; i < leaf->count; i++)
		if (leaf->keys[i] > best)
			best = leaf->keys[i];
	return best;
}

/* Gives the leaf memory for ROOM keys; if there is none for a larger leaf it stays as it is. */
static bool leaf_resize(struct store_freelist *f, struct store_free_leaf *leaf, uint32_t room)
{
	uint64_t *keys = realloc(leaf->keys, room * sizeof(*keys));

	if (!keys)
		return false;
	f->key_room += room - leaf->room;
	leaf->keys = keys;
	leaf->room = (uint16_t)room;
	return true;
}

/* Makes the full leaf I two. */
static bool split(struct store_freelist *f, uint32_t i)
{
	uint32_t first = part(f->leaves[i].keys, LEAF_MAX), second = LEAF_MAX - first;

	if (!leaf_insert(f, i + 1, f->leaves[i].keys[first], second + LEAF_STEP))
		return false;
	memcpy(f->leaves[i + 1].keys, f->leaves[i].keys + first, second * sizeof(uint64_t));
	f->leaves[i].count = (uint16_t)first;
	f->leaves[i + 1].count = (uint16_t)second;
	leaf_resize(f, &f->leaves[i], first + LEAF_STEP);
	return true;
}

/* The leaf for KEY, with room for it; NULL if there is no memory. */
static struct store_free_leaf *leaf_for(struct store_freelist *f, uint64_t key)
{
	struct store_free_leaf *leaf;
	uint32_t i;

	if (!f->leaf_count && !leaf_insert(f, 0, 0, LEAF_STEP / 4))
		return NULL;
	i = leaf_of(f, key);
	if (f->leaves[i].count == LEAF_MAX) {
		if (!split(f, i))
			return NULL;
		i = leaf_of(f, key);
	}
	leaf = &f->leaves[i];
	if (leaf->count == leaf->room &&
	    !leaf_resize(f, leaf,
			 leaf->room + (leaf->room < LEAF_STEP ? LEAF_STEP / 4 : LEAF_STEP)))
		return NULL;
	return leaf;
}

void freelist_settle(struct store *s)
{
	struct store_freelist *f = &s->free;
	struct store_free_leaf *leaf = f->recent ? leaf_for(f, f->recent) : NULL;

	if (leaf) {
		leaf->keys[leaf->count++] = f->recent;
	} else if (f->recent) {
		f->lost = true;
		f->count--;
		f->bytes -= (uint32_t)(f->recent >> 32);
	}
	f->recent = 0;
}

/* Makes the leaf I and the one behind it one. */
static void merge(struct store_freelist *f, uint32_t i)
{
	struct store_free_leaf *leaf = &f->leaves[i], *next = &f->leaves[i + 1];
	uint32_t sum = (uint32_t)leaf->count + next->count;

	if (leaf->room < sum && !leaf_resize(f, leaf, sum + LEAF_STEP / 4))
		return;
	memcpy(leaf->keys + leaf->count, next->keys, next->count * sizeof(uint64_t));
	leaf->count = (uint16_t)sum;
	leaf_delete(f, i + 1);
}

/* After a key left the leaf I. */
static void slim(struct store_freelist *f, uint32_t i)
{
	struct store_free_leaf *leaf = &f->leaves[i];

	if (f->leaf_count == 1 && leaf->room <= LEAF_STEP)
		return;
	if (!leaf->count)
		leaf_delete(f, i);
	else if (i + 1 < f->leaf_count && leaf->count + f->leaves[i + 1].count < LEAF_LOW)
		merge(f, i);
	else if (i && leaf->count + f->leaves[i - 1].count < LEAF_LOW)
		merge(f, i - 1);
	else if (leaf->room > leaf->count + LEAF_STEP + LEAF_STEP / 4)
		leaf_resize(f, leaf, leaf->count + LEAF_STEP / 4);
}

/* Takes the key at K out of the leaf I. */
static void take_key(struct store_freelist *f, uint32_t i, uint32_t k)
{
	struct store_free_leaf *leaf = &f->leaves[i];

	leaf->keys[k] = leaf->keys[--leaf->count];
	slim(f, i);
}

/* Counts a block that was taken out. */
static void taken(struct store_freelist *f, uint64_t key)
{
	f->count--;
	f->bytes -= (uint32_t)(key >> 32);
}

void freelist_remove(struct store *s, uint32_t off, uint32_t size)
{
	struct store_freelist *f = &s->free;
	uint64_t key = freelist_key(size, off);
	uint32_t i, k = 0;

	if (off && f->tail_off == off) {
		freelist_set_tail(s, 0, 0);
		return;
	}
	if (f->recent == key) {
		f->recent = 0;
		taken(f, key);
		return;
	}
	if (!f->leaf_count)
		return;
	i = leaf_of(f, key);
	while (k < f->leaves[i].count && f->leaves[i].keys[k] != key)
		k++;
	if (k == f->leaves[i].count)
		return;
	take_key(f, i, k);
	taken(f, key);
}

uint32_t freelist_take_inner(struct store *s, uint32_t size, uint32_t *got)
{
	struct store_freelist *f = &s->free;
	uint64_t least = freelist_key(size, 0), best = f->recent >= least ? f->recent : NO_KEY;
	uint32_t i = f->count > (f->recent != 0) ? leaf_of(f, least) : f->leaf_count, k = 0;

	/* It is in the leaf for LEAST, or it is the smallest one of the next; or it is the recent
	 * one. */
	for (; i < f->leaf_count; i++) {
		k = smallest(&f->leaves[i], least);
		if (k < f->leaves[i].count)
			break;
	}
	if (i < f->leaf_count && f->leaves[i].keys[k] < best) {
		best = f->leaves[i].keys[k];
		take_key(f, i, k);
	} else if (best != NO_KEY) {
		f->recent = 0;
	} else {
		return 0;
	}
	taken(f, best);
	*got = (uint32_t)(best >> 32);
	return (uint32_t)best;
}

uint32_t freelist_largest(const struct store *s)
{
	const struct store_freelist *f = &s->free;
	uint32_t size = (uint32_t)(f->recent >> 32), other = 0;

	if (f->leaf_count)
		other = (uint32_t)(largest(&f->leaves[f->leaf_count - 1]) >> 32);
	if (other > size)
		size = other;
	return f->tail_size > size ? f->tail_size : size;
}

int freelist_each(struct store *s, int (*fn)(void *ctx, uint32_t off, uint32_t size), void *ctx)
{
	const struct store_freelist *f = &s->free;
	int stop = 0;

	freelist_settle(s);
	for (uint32_t i = 0; i < f->leaf_count && !stop; i++) {
		const struct store_free_leaf *leaf = &f->leaves[i];
		uint32_t k = smallest(leaf, 0);

		for (; k < leaf->count && !stop; k = smallest(leaf, leaf->keys[k] + 1))
			stop = fn(ctx, (uint32_t)leaf->keys[k], (uint32_t)(leaf->keys[k] >> 32));
	}
	return stop || !freelist_tail(s) ? stop : fn(ctx, f->tail_off, f->tail_size);
}

uint32_t freelist_tail(const struct store *s)
{
	return s->free.tail_off < s->end ? s->free.tail_size : 0;
}

size_t freelist_bytes(const struct store *s)
{
	return s->free.key_room * sizeof(uint64_t) +
	       s->free.leaf_room * sizeof(struct store_free_leaf);
}
