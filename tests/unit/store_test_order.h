/* SPDX-License-Identifier: MIT */
/*
 * In which order entries have to go for max_entries, in an array: what the list of the store must
 * say after each call. Entries are told by their number, 0 to ORDER_KEYS - 1.
 */
#ifndef CAIRN_TESTS_UNIT_STORE_TEST_ORDER_H
#define CAIRN_TESTS_UNIT_STORE_TEST_ORDER_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "store/store.h"

#define ORDER_KEYS 40U

struct order {
	uint32_t max; /* 0: no order is kept */
	enum store_policy policy;
	uint32_t count, entry[ORDER_KEYS]; /* the eldest first */
	bool visited[ORDER_KEYS];          /* SIEVE: read since the hand passed, by number */
	uint32_t hand;                     /* SIEVE: where in entry[] it looks next */
};

static inline void order_start(struct order *o, uint32_t max, enum store_policy policy)
{
	*o = (struct order){.max = max, .policy = policy};
}

static inline uint32_t order_find(const struct order *o, uint32_t n)
{
	uint32_t at = 0;

	while (at < o->count && o->entry[at] != n)
		at++;
	return at;
}

/* The hand moves on to the next newer entry, from the newest to the eldest. */
static inline void order_remove(struct order *o, uint32_t n)
{
	uint32_t at = order_find(o, n);

	if (at == o->count)
		return;
	o->count--;
	memmove(o->entry + at, o->entry + at + 1, (o->count - at) * sizeof(o->entry[0]));
	o->hand -= o->hand > at;
	if (o->hand == o->count)
		o->hand = 0;
}

static inline void order_add(struct order *o, uint32_t n)
{
	if (o->max == 0)
		return;
	o->visited[n] = false;
	o->entry[o->count++] = n;
}

/* A read, or a put of what is there. */
static inline void order_use(struct order *o, uint32_t n)
{
	if (o->max == 0)
		return;
	if (o->policy == STORE_LRU) {
		order_remove(o, n);
		order_add(o, n);
	}
	o->visited[n] = true;
}

static inline uint32_t order_evict(struct order *o)
{
	uint32_t n;

	while (o->policy == STORE_SIEVE && o->visited[o->entry[o->hand]]) {
		o->visited[o->entry[o->hand]] = false;
		o->hand = (o->hand + 1) % o->count;
	}
	n = o->entry[o->policy == STORE_SIEVE ? o->hand : 0];
	order_remove(o, n);
	return n;
}

#endif
