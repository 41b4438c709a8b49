/* SPDX-License-Identifier: MIT */
#include "store/index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/internal.h"

#define HASH_MASK (UINT32_MAX >> 1)
#define SEGMENT_MEAN 512U     /* entries in a segment: more of them and one is split, */
#define SEGMENT_MEAN_LOW 192U /* fewer and two become one */
#define SPARE 16U             /* slots behind the last home, more than a window */
#define FIRST_HOMES 8U

/* Of an index that is made at once: a part for so much of the chain, and what it begins with. */
#define PART_BYTES 65536U
#define PARTS_MAX 256U
#define PART_ROOM 16U

/* How full a segment may become, and is made anew because it grew or shrank: % of its homes. */
struct load {
	uint8_t most, grown, shrunk;
};

/* 8 bytes by the load, at most 11.9 an entry; beside the order's 10 at most 20 together. */
static struct load load_of(const struct store *s)
{
	static const struct load alone = {88, 69, 80}, ordered = {93, 85, 89};

	return order_kept(s) ? ordered : alone;
}

/* The homes at which COUNT entries are PERCENT of them. */
static uint32_t homes_for(uint32_t count, uint32_t percent)
{
	uint32_t homes = (uint32_t)((uint64_t)count * 100 / percent);

	return homes < FIRST_HOMES ? FIRST_HOMES : homes;
}

/*
 * Fills TO with the entries of FROM whose hash has BITS under MASK. False if it would have no room
 * for one more then: a window from behind the last entry lies inside.
 */
static bool copy(struct store_segment *to, const struct store_segment *from, uint32_t mask,
		 uint32_t bits)
{
	struct store_index_slot *next = to->slot, *end = to->slot + to->slots - INDEX_WINDOW - 1;
	const struct store_index_slot *slot = from->slot, *last = slot + from->slots;
	uint32_t count = 0;

#pragma GCC unroll 8
	for (uint32_t i = 0; i < to->slots; i++)
		to->slot[i].hash = INDEX_EMPTY;
	for (; slot < last; slot++) {
		struct store_index_slot *home;

		if ((slot->hash & (mask | ~HASH_MASK)) != bits)
			continue;
		home = index_home(to, slot->hash);
		next = next < home ? home : next;
		*next++ = *slot;
		if (next >= end)
			return false;
		count++;
	}
	to->count = count;
	return true;
}

static bool make_segment(struct store_segment *seg, uint32_t homes, uint32_t spare,
			 uint32_t percent)
{
	*seg = (struct store_segment){
		.homes = homes,
		.slots = homes + spare,
		.most = (uint32_t)((uint64_t)homes * percent / 100),
	};
	seg->slot = malloc(seg->slots * sizeof(*seg->slot));
	return seg->slot;
}

/* Makes *TO a segment of the entries of FROM that have BITS under MASK, with that many homes. */
static bool fill_segment(const struct store *s, struct store_segment *to,
			 const struct store_segment *from, uint32_t homes, uint32_t mask,
			 uint32_t bits)
{
	for (uint32_t spare = SPARE; make_segment(to, homes, spare, load_of(s).most); spare *= 2) {
		if (copy(to, from, mask, bits))
			return true;
		free(to->slot);
	}
	return false;
}

static SELDOM bool resize(struct store *s, struct store_segment *seg, uint32_t homes)
{
	struct store_segment fresh;

	if (!fill_segment(s, &fresh, seg, homes, 0, 0))
		return false;
	s->index.slots += fresh.slots - seg->slots;
	free(seg->slot);
	*seg = fresh;
	return true;
}

/* Memory for ROOM segments; if there is none the list stays as it is. */
static SELDOM bool list_resize(struct store_index *ix, uint32_t room)
{
	struct store_segment *segments = realloc(ix->segments, room * sizeof(*segments));

	if (!segments)
		return false;
	ix->segments = segments;
	ix->segment_room = room;
	return true;
}

/* Room in the list of segments for one more. */
static bool list_segment(struct store_index *ix)
{
	return ix->segment_count < ix->segment_room ||
	       list_resize(ix, ix->segment_room + ix->segment_room / 2 + 1);
}

static void set_count(struct store_index *ix, uint32_t segments)
{
	ix->segment_count = segments;
	ix->split_at = segments * SEGMENT_MEAN;
	ix->unsplit_at = segments > 1 ? segments * SEGMENT_MEAN_LOW : 0;
	ix->half = 1;
	while (2 * ix->half <= segments)
		ix->half *= 2;
}

/* The first of a table. */
static bool first_segment(struct store *s)
{
	struct store_index_slot nothing = {.hash = INDEX_EMPTY};
	struct store_segment none = {.slot = &nothing};
	struct store_index *ix = &s->index;

	if (!list_segment(ix) || !fill_segment(s, &ix->segments[0], &none, FIRST_HOMES, 0, 0))
		return false;
	ix->slots = ix->segments[0].slots;
	set_count(ix, 1);
	return true;
}

/* Makes the next segment two. If there is no memory it stays as it is. */
static void split(struct store *s)
{
	struct store_index *ix = &s->index;
	uint32_t bit = ix->half, homes;
	struct store_segment *seg, low, high;

	if (!list_segment(ix))
		return;
	seg = &ix->segments[ix->segment_count - bit];
	homes = homes_for(seg->count / 2, load_of(s).grown);
	if (!fill_segment(s, &low, seg, homes, bit, 0))
		return;
	if (!fill_segment(s, &high, seg, homes, bit, bit)) {
		free(low.slot);
		return;
	}
	ix->slots += low.slots + high.slots - seg->slots;
	free(seg->slot);
	*seg = low;
	ix->segments[ix->segment_count] = high;
	set_count(ix, ix->segment_count + 1);
}

/* The entries of two segments in the order of their hashes, to fill another one from. */
static SELDOM bool merge(struct store_segment *to, const struct store_segment *a,
			 const struct store_segment *b)
{
	const struct store_index_slot *p = a->slot, *p_end = p + a->slots;
	const struct store_index_slot *q = b->slot, *q_end = q + b->slots;

	to->slots = 0;
	to->slot = malloc((a->count + b->count + 1) * sizeof(*to->slot));
	if (!to->slot)
		return false;
	while (p < p_end || q < q_end) {
		const struct store_index_slot *next;

		if (p < p_end && p->hash == INDEX_EMPTY)
			p++;
		else if (q < q_end && q->hash == INDEX_EMPTY)
			q++;
		else {
			next = q == q_end || (p < p_end && p->hash < q->hash) ? p++ : q++;
			to->slot[to->slots++] = *next;
		}
	}
	return true;
}

/* Undoes the last split. If there is no memory it stays as it is. */
static SELDOM __attribute__((noinline)) void unsplit(struct store *s)
{
	struct store_index *ix = &s->index;
	uint32_t half = ix->segment_count == ix->half ? ix->half / 2 : ix->half;
	struct store_segment *high = &ix->segments[ix->segment_count - 1];
	struct store_segment *low = high - half, all, both;
	bool filled;

	if (!merge(&all, low, high))
		return;
	filled = fill_segment(s, &both, &all, homes_for(all.slots, load_of(s).shrunk), 0, 0);
	free(all.slot);
	if (!filled)
		return;
	ix->slots += both.slots - low->slots - high->slots;
	free(low->slot);
	free(high->slot);
	*low = both;
	set_count(ix, ix->segment_count - 1);
	if (ix->segment_room > 2 * ix->segment_count)
		list_resize(ix, ix->segment_count);
}

SELDOM struct store_segment *index_make_room(struct store *s, uint32_t hash)
{
	struct store_index *ix = &s->index;
	struct store_segment *seg;

	if (!ix->segment_count && !first_segment(s))
		return NULL;
	if (ix->count >= ix->split_at)
		split(s);
	seg = index_segment(ix, hash);
	if (seg->count < seg->most)
		return seg;
	return resize(s, seg, homes_for(seg->count + 1, load_of(s).grown)) ? seg : NULL;
}

SELDOM __attribute__((noinline)) bool index_damaged(const struct store *s, uint32_t off)
{
	return !store_record(s, off) && !store_staged(s, off);
}

SELDOM struct store_index_slot *index_lookup(struct store *s, const void *key, uint32_t key_len,
					     uint32_t *off)
{
	return index_find(s, key, key_len, index_hash(s, key, key_len), off);
}

SELDOM struct store_index_slot *index_at(struct store *s, uint32_t off)
{
	const uint8_t *p = (const uint8_t *)s->door.media.base + off;
	uint32_t key_len = be32_load(p + HDR_KEYLEN);
	struct store_index_slot *slot;
	uint32_t found = 0;

	if (key_len == 0 || key_len > STORE_KEY_MAX || key_len > s->end - off - HDR_BYTES)
		return NULL;
	slot = index_lookup(s, p + HDR_BYTES, key_len, &found);
	return slot && found == off ? slot : NULL;
}

SELDOM struct store_index_slot *index_search(struct store *s, uint32_t off)
{
	for (uint32_t i = 0; i < s->index.segment_count; i++) {
		struct store_segment *seg = &s->index.segments[i];

		for (uint32_t k = 0; k < seg->slots; k++)
			if (seg->slot[k].hash != INDEX_EMPTY &&
			    index_offset(s, &seg->slot[k]) == off)
				return &seg->slot[k];
	}
	return NULL;
}

/* Makes a segment that lost entries smaller, in place: none of them moves away from the start. */
static void shrink(struct store *s, struct store_segment *seg)
{
	struct load load = load_of(s);
	uint32_t homes = homes_for(seg->count, load.shrunk), least;
	struct store_segment to = {
		.slot = seg->slot,
		.homes = homes,
		.slots = homes + SPARE,
		.count = seg->count,
		.most = (uint32_t)((uint64_t)homes * load.most / 100),
	};
	const struct store_index_slot *from = seg->slot, *end = from + seg->slots;
	struct store_index_slot *next = to.slot, *home;

	for (; from < end; from++) {
		if (from->hash == INDEX_EMPTY)
			continue;
		for (home = index_home(&to, from->hash); next < home; next++)
			next->hash = INDEX_EMPTY;
		*next++ = *from;
	}
	/* A window from behind the last one lies inside. */
	least = (uint32_t)(next - to.slot) + INDEX_WINDOW + 2;
	if (to.slots < least)
		to.slots = least;
	for (end = to.slot + to.slots; next < end; next++)
		next->hash = INDEX_EMPTY;
	s->index.slots -= seg->slots - to.slots;
	next = realloc(to.slot, to.slots * sizeof(*next));
	if (next)
		to.slot = next;
	*seg = to;
}

/* Takes no more memory than there may be, after an entry left SEG. */
static __attribute__((noinline)) void tighten(struct store *s, struct store_segment *seg)
{
	if (seg->count * 2 < seg->homes && seg->homes > FIRST_HOMES)
		shrink(s, seg);
	if (s->index.count < s->index.unsplit_at)
		unsplit(s);
}

void index_remove(struct store *s, struct store_segment *seg, struct store_index_slot *slot)
{
	uint64_t homes = seg->homes, next_home = (uint64_t)(slot - seg->slot + 1)
						 << INDEX_HASH_BITS;

	/* What lies behind moves up, until something is at home there or nothing is. */
	for (; slot[1].hash != INDEX_EMPTY && slot[1].hash * homes < next_home; slot++) {
		*slot = slot[1];
		next_home += 1ULL << INDEX_HASH_BITS;
	}
	slot->hash = INDEX_EMPTY;
	s->index.count--;
	seg->count--;
	if (seg->count * 2 < homes || s->index.count < s->index.unsplit_at)
		tighten(s, seg);
}

/* ---- the index of a store that is being opened ---- */

SELDOM int index_bulk_begin(struct index_bulk *b, uint32_t bytes)
{
	uint32_t parts = 1;

	while (parts < PARTS_MAX && (uint64_t)parts * PART_BYTES < bytes)
		parts *= 2;
	*b = (struct index_bulk){.mask = parts - 1};
	b->parts = malloc(parts * sizeof(*b->parts));
	if (!b->parts)
		return -ENOMEM;
	memset(b->parts, 0, parts * sizeof(*b->parts));
	return 0;
}

int index_part_extend(struct index_part *part)
{
	uint32_t room = part->room + part->room / 2 + PART_ROOM;
	struct store_index_slot *slot = realloc(part->slot, room * sizeof(*slot));

	if (!slot)
		return -ENOMEM;
	part->slot = slot;
	part->room = room;
	return 0;
}

SELDOM void index_bulk_free(struct index_bulk *b)
{
	if (!b->parts)
		return;
	for (uint32_t i = 0; i <= b->mask; i++)
		free(b->parts[i].slot);
	free(b->parts);
	b->parts = NULL;
}

/* As many segments as COUNT entries want, each with `homes` the entries that it is going to have.
 */
static bool plan_segments(struct store_index *ix, const struct index_bulk *b)
{
	uint32_t segments = 1;

	while ((uint64_t)segments * SEGMENT_MEAN <= b->count)
		segments *= 2;
	if (!list_resize(ix, segments))
		return false;
	memset(ix->segments, 0, segments * sizeof(*ix->segments));
	set_count(ix, segments);
	for (uint32_t i = 0; i <= b->mask; i++)
		for (uint32_t k = 0; k < b->parts[i].count; k++)
			ix->segments[b->parts[i].slot[k].hash & (segments - 1)].homes++;
	return true;
}

/* Makes a segment that was planned, or is full before all of its entries are in: room for one. */
static __attribute__((noinline)) bool open_segment(struct store *s, struct store_segment *seg)
{
	struct store_index_slot nothing = {.hash = INDEX_EMPTY};
	struct store_segment none = {.slot = &nothing};
	uint32_t homes;

	if (seg->slot)
		return resize(s, seg, homes_for(seg->count + 1, load_of(s).grown));
	homes = homes_for(seg->homes, load_of(s).shrunk);
	if (!fill_segment(s, seg, &none, homes, 0, 0))
		return false;
	s->index.slots += seg->slots;
	return true;
}

/* The entry from SLOT on that has X's hash and key, or NULL. */
static SELDOM __attribute__((noinline)) struct store_index_slot *
same_key(const struct store *s, struct store_index_slot *slot, const struct store_index_slot *x)
{
	const uint8_t *p = (const uint8_t *)s->door.media.base + index_offset(s, x);
	uint32_t key_len = be32_load(p + HDR_KEYLEN);

	for (; slot->hash == x->hash; slot++)
		if (slot_has_key(s, index_offset(s, slot), p + HDR_BYTES, key_len))
			return slot;
	return NULL;
}

/* Adds X to its segment, or settles which of two with its key counts; true if there were two. */
static bool bulk_insert(struct store *s, struct store_segment *seg, struct store_index_slot x,
			index_newer_fn newer)
{
	struct index_place at = {seg, index_first(seg, x.hash)};
	struct store_index_slot *old = at.slot->hash == x.hash ? same_key(s, at.slot, &x) : NULL;
	uint32_t loser = x.ref;

	if (!old) {
		index_insert(s, at, x.hash, x.ref);
		return false;
	}
	if (!newer || newer(s, index_offset(s, &x), index_offset(s, old))) {
		loser = old->ref;
		old->ref = x.ref;
	}
	if (order_kept(s))
		order_remove(s, loser);
	return true;
}

/* Adds all of a part; *LOST grows by those that do not count. */
static bool bulk_insert_part(struct store *s, const struct index_part *part, index_newer_fn newer,
			     uint32_t *lost)
{
	for (uint32_t i = 0; i < part->count; i++) {
		struct store_index_slot x = part->slot[i];
		struct store_segment *seg = &s->index.segments[x.hash & (s->index.half - 1)];

		if (seg->count >= seg->most && !open_segment(s, seg))
			return false;
		*lost += bulk_insert(s, seg, x, newer);
	}
	return true;
}

int index_bulk_end(struct store *s, struct index_bulk *b, index_newer_fn newer, uint32_t *lost)
{
	bool enough = !b->count || plan_segments(&s->index, b);

	*lost = 0;
	for (uint32_t i = 0; enough && i <= b->mask; i++) {
		enough = bulk_insert_part(s, &b->parts[i], newer, lost);
		free(b->parts[i].slot);
		b->parts[i].slot = NULL;
	}
	for (uint32_t i = 0; enough && i < s->index.segment_count; i++)
		enough = s->index.segments[i].slot || open_segment(s, &s->index.segments[i]);
	index_bulk_free(b);
	return enough ? 0 : -ENOMEM;
}

SELDOM int index_copy(struct store_index *to, const struct store_index *from)
{
	size_t bytes = from->segment_count * sizeof(*from->segments);

	if (!from->segment_count)
		return 0;
	*to = *from;
	to->segment_room = from->segment_count;
	to->segment_count = 0;
	to->segments = malloc(bytes);
	if (!to->segments)
		return -ENOMEM;
	for (; to->segment_count < from->segment_count; to->segment_count++) {
		struct store_segment *seg = &to->segments[to->segment_count];

		*seg = from->segments[to->segment_count];
		seg->slot = malloc(seg->slots * sizeof(*seg->slot));
		if (!seg->slot)
			return -ENOMEM;
		memcpy(seg->slot, from->segments[to->segment_count].slot,
		       seg->slots * sizeof(*seg->slot));
	}
	return 0;
}

SELDOM void index_free(struct store *s)
{
	for (uint32_t i = 0; i < s->index.segment_count; i++)
		free(s->index.segments[i].slot);
	free(s->index.segments);
	s->index = (struct store_index){0};
}

size_t index_bytes(const struct store *s)
{
	return s->index.slots * sizeof(struct store_index_slot) +
	       s->index.segment_room * sizeof(struct store_segment);
}
