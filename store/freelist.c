/* SPDX-License-Identifier: MIT */
#include "store/freelist.h"

#include <stdlib.h>
#include <string.h>

#define LEAF_MOST 1024U /* blocks in a leaf */
#define LEAF_LOOK 32U   /* blocks in a leaf that is looked through, and one for each of so many */
#define LEAF_EACH 128U  /* leaves: then the list of leaves takes no longer to move than they do */
#define LEAF_LOW 24U    /* two neighbours that hold fewer together become one */
#define LEAF_STEP 4U    /* a leaf has room for at least so many more when it is made anew */
#define SAMPLE 7U
#define NO_KEY UINT64_MAX

void freelist_free(struct store *s)
{
	struct store_freelist *f = &s->free;

	for (uint32_t i = 0; i < f->leaf_count; i++)
		free(f->leaves[i].keys);
	free(f->leaves);
	free(f->firsts);
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
	const uint64_t *first = f->firsts;

	for (size_t n = f->leaf_count, half; n > 1; n -= half) {
		half = n / 2;
		first += first[half] <= key ? half : 0;
	}
	return (uint32_t)(first - f->firsts);
}

/* Memory for ROOM leaves; if there is none, more of them is refused and fewer is no loss. */
static bool leaves_resize(struct store_freelist *f, uint32_t room)
{
	uint64_t *firsts = realloc(f->firsts, room * sizeof(*firsts));
	struct store_free_leaf *leaves;

	if (!firsts)
		return false;
	f->firsts = firsts;
	leaves = realloc(f->leaves, room * sizeof(*leaves));
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
	memmove(&f->firsts[i + 1], &f->firsts[i], (f->leaf_count - i) * sizeof(*f->firsts));
	f->leaves[i] = (struct store_free_leaf){.keys = keys, .room = room};
	f->firsts[i] = first;
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
	memmove(&f->firsts[i], &f->firsts[i + 1], (f->leaf_count - i) * sizeof(*f->firsts));
	if (f->leaf_room > f->leaf_count + f->leaf_count / 2 + 2)
		leaves_resize(f, f->leaf_count + 1);
}

static void swap(uint64_t *a, uint64_t *b)
{
	uint64_t t = *a;

	*a = *b;
	*b = t;
}

/* The median of a few keys, from all over them: in whatever order they came, about the middle. */
static uint64_t pivot_of(const uint64_t *keys, uint32_t n)
{
	uint64_t sample[SAMPLE] = {0};

	for (uint32_t i = 0; i < SAMPLE; i++) {
		uint64_t key = keys[(n - 1) * i / (SAMPLE - 1)];
		uint32_t k = i;

		for (; k && sample[k - 1] > key; k--)
			sample[k] = sample[k - 1];
		sample[k] = key;
	}
	return sample[SAMPLE / 2];
}

/*
 * Sorts the keys into smaller ones and larger ones. How many are in the first part: a quarter to
 * three quarters of them, which takes half the time of finding the median.
 */
static uint32_t part(uint64_t *keys, uint32_t n)
{
	uint32_t lo = 0, hi = n - 1;

	for (;;) {
		uint64_t pivot = pivot_of(keys + lo, hi - lo + 1);
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

/* Where the smallest of N keys is that is not below LEAST (not 0); N if there is none. */
static uint32_t smallest(const uint64_t *keys, uint32_t n, uint64_t least)
{
	uint64_t best = -least; /* differences to smaller keys wrap, and are not below it */
	uint32_t at = n;

	for (uint32_t i = 0; i < n; i++) {
		uint64_t ahead = keys[i] - least;

		at = ahead < best ? i : at;
		best = ahead < best ? ahead : best;
	}
	return at;
}

static uint64_t largest(const uint64_t *keys, uint32_t n)
{
	uint64_t best = 0;

	while (n--)
		if (keys[n] > best)
			best = keys[n];
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
	leaf->room = room;
	return true;
}

/* Makes the leaf I two. */
static bool split(struct store_freelist *f, uint32_t i)
{
	uint32_t first = part(f->leaves[i].keys, f->leaves[i].count);
	uint32_t second = f->leaves[i].count - first;

	if (!leaf_insert(f, i + 1, f->leaves[i].keys[first], second + LEAF_STEP))
		return false;
	memcpy(f->leaves[i + 1].keys, f->leaves[i].keys + first, second * sizeof(uint64_t));
	f->leaves[i].count = first;
	f->leaves[i + 1].count = second;
	leaf_resize(f, &f->leaves[i], first + LEAF_STEP);
	return true;
}

/* The leaf I, or one that it is split into: the one for KEY, small enough to be looked through. */
static uint32_t narrow(struct store_freelist *f, uint32_t i, uint64_t key)
{
	while (f->leaves[i].count > LEAF_LOOK + f->leaf_count / LEAF_EACH && split(f, i))
		i += f->firsts[i + 1] <= key;
	return i;
}

/* The leaf for KEY, with room for it; NULL if there is no memory. */
static struct store_free_leaf *leaf_for(struct store_freelist *f, uint64_t key)
{
	struct store_free_leaf *leaf;
	uint32_t i;

	if (!f->leaf_count && !leaf_insert(f, 0, 0, LEAF_STEP))
		return NULL;
	i = leaf_of(f, key);
	if (f->leaves[i].count == LEAF_MOST) {
		if (!split(f, i))
			return NULL;
		i = leaf_of(f, key);
	}
	leaf = &f->leaves[i];
	if (leaf->count == leaf->room &&
	    !leaf_resize(f, leaf, leaf->room + LEAF_STEP + leaf->room / 8))
		return NULL;
	return leaf;
}

void freelist_settle(struct store *s)
{
	struct store_freelist *f = &s->free;

	for (uint32_t i = 0; i < f->recents; i++) {
		struct store_free_leaf *leaf = leaf_for(f, f->recent[i]);

		if (leaf) {
			leaf->keys[leaf->count++] = f->recent[i];
		} else {
			f->lost = true;
			f->count--;
			f->bytes -= (uint32_t)(f->recent[i] >> 32);
		}
	}
	f->recents = 0;
}

/* Makes the leaf I and the one behind it one. */
static void merge(struct store_freelist *f, uint32_t i)
{
	struct store_free_leaf *leaf = &f->leaves[i], *next = &f->leaves[i + 1];
	uint32_t sum = leaf->count + next->count;

	if (leaf->room < sum && !leaf_resize(f, leaf, sum + LEAF_STEP))
		return;
	memcpy(leaf->keys + leaf->count, next->keys, next->count * sizeof(uint64_t));
	leaf->count = sum;
	leaf_delete(f, i + 1);
}

/* After a key left the leaf I. */
static void slim(struct store_freelist *f, uint32_t i)
{
	struct store_free_leaf *leaf = &f->leaves[i];

	if (f->leaf_count == 1 && leaf->room <= LEAF_LOW)
		return;
	if (!leaf->count)
		leaf_delete(f, i);
	else if (i + 1 < f->leaf_count && leaf->count + f->leaves[i + 1].count < LEAF_LOW)
		merge(f, i);
	else if (i && leaf->count + f->leaves[i - 1].count < LEAF_LOW)
		merge(f, i - 1);
	else if (leaf->room > leaf->count + LEAF_STEP + leaf->count / 4)
		leaf_resize(f, leaf, leaf->count + LEAF_STEP);
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
	for (uint32_t r = 0; r < f->recents; r++) {
		if (f->recent[r] == key) {
			f->recent[r] = f->recent[--f->recents];
			taken(f, key);
			return;
		}
	}
	if (!f->leaf_count)
		return;
	i = narrow(f, leaf_of(f, key), key);
	while (k < f->leaves[i].count && f->leaves[i].keys[k] != key)
		k++;
	if (k == f->leaves[i].count)
		return;
	take_key(f, i, k);
	taken(f, key);
}

/* Takes out the smallest key that is not below LEAST if it is below END, and returns it; else END.
 */
static __attribute__((noinline)) uint64_t take_from_leaves(struct store_freelist *f, uint64_t least,
							   uint64_t end)
{
	uint32_t i = leaf_of(f, least), k = 0;
	uint64_t key;

	/* It is in the leaf for LEAST, or it is the smallest one of the next. */
	for (; i < f->leaf_count; i++) {
		i = narrow(f, i, least);
		k = smallest(f->leaves[i].keys, f->leaves[i].count, least);
		if (k < f->leaves[i].count)
			break;
	}
	if (i == f->leaf_count || f->leaves[i].keys[k] > end)
		return end;
	key = f->leaves[i].keys[k];
	take_key(f, i, k);
	return key;
}

uint32_t freelist_take_inner(struct store *s, uint32_t size, uint32_t *got)
{
	struct store_freelist *f = &s->free;
	uint64_t least = freelist_key(size, 0);
	uint32_t r = smallest(f->recent, f->recents, least);
	uint64_t recent = r < f->recents ? f->recent[r] : NO_KEY, best = recent;

	if (f->count > f->recents)
		best = take_from_leaves(f, least, recent);
	if (best == NO_KEY)
		return 0;
	if (best == recent)
		f->recent[r] = f->recent[--f->recents];
	taken(f, best);
	*got = (uint32_t)(best >> 32);
	return (uint32_t)best;
}

SELDOM uint32_t freelist_largest(const struct store *s)
{
	const struct store_freelist *f = &s->free;
	uint64_t best = largest(f->recent, f->recents), other = 0;

	if (f->leaf_count) {
		const struct store_free_leaf *last = &f->leaves[f->leaf_count - 1];

		other = largest(last->keys, last->count);
	}
	best = (best > other ? best : other) >> 32;
	return f->tail_size > best ? f->tail_size : (uint32_t)best;
}

SELDOM int freelist_each(struct store *s, int (*fn)(void *ctx, uint32_t off, uint32_t size),
			 void *ctx)
{
	struct store_freelist *f = &s->free;
	int stop = 0;

	freelist_settle(s);
	for (uint32_t i = 0; i < f->leaf_count && !stop; i++) {
		struct store_free_leaf leaf;
		uint64_t key = 0;
		uint32_t k;

		narrow(f, i, 0);
		leaf = f->leaves[i];
		while (!stop && (k = smallest(leaf.keys, leaf.count, key + 1)) < leaf.count) {
			key = leaf.keys[k];
			stop = fn(ctx, (uint32_t)key, (uint32_t)(key >> 32));
		}
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
