/* SPDX-License-Identifier: MIT */
/*
 * The search goes through the stamps of a register in order and keeps every state that the register
 * may be in: what it holds, and which of the calls that have begun and not ended took effect
 * already. When a call ends it must have taken effect, so for each state in which it has not, all
 * orders are tried in which others that are under way, and at last it, do. If no state is left,
 * nothing explains that call's answer. There are few states, since few calls are under way.
 */
#include "tests/threads/history.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNDER_WAY_MAX 32U

static _Atomic uint32_t stamps;

uint32_t history_stamp(void)
{
	return atomic_fetch_add(&stamps, 1) + 1;
}

bool history_reserve(struct history_log *log, size_t count)
{
	struct history_event *events = realloc(log->events, count * sizeof(*events));

	if (!events)
		return false;
	log->events = events;
	log->room = count;
	return true;
}

void history_add(struct history_log *log, struct history_event event)
{
	if (log->count == log->room && !history_reserve(log, log->room * 2 + 64)) {
		log->full = true;
		return;
	}
	event.core = log->core;
	log->events[log->count++] = event;
}

void history_free(struct history_log *log)
{
	free(log->events);
	*log = (struct history_log){.core = log->core};
}

/* ---- the search ---- */

/* What a register may be like. */
struct state {
	uint32_t done; /* a bit for each call under way that took effect */
	uint32_t value, expiry, time;
};

/* States, each once: a table by their hash, with numbers of the list and 1. */
struct states {
	struct state *list;
	uint32_t *table;
	uint32_t count, room; /* a power of two; the table is twice as large */
};

struct search {
	const struct history_event **events; /* of the register, by start */
	size_t count;
	const struct history_event **ends; /* the same by end */
	const struct history_event *under_way[UNDER_WAY_MAX];
	struct history_rules rules;
	struct states now, next, tried;
	bool no_memory;
};

static uint32_t hash_of(const struct state *s)
{
	uint32_t h = s->done * 0x9e3779b1U ^ s->value * 0x85ebca6bU ^ s->expiry * 0xc2b2ae35U ^
		     s->time * 0x27d4eb2fU;

	return h ^ h >> 15;
}

/* The place of S in the table, or the empty one where it belongs. */
static uint32_t *place_of(const struct states *set, const struct state *s)
{
	uint32_t at = hash_of(s);

	for (;; at++) {
		uint32_t *place = &set->table[at & (set->room * 2 - 1)];
		const struct state *there = &set->list[*place - (*place != 0)];

		if (!*place || (there->done == s->done && there->value == s->value &&
				there->expiry == s->expiry && there->time == s->time))
			return place;
	}
}

static void empty(struct states *set)
{
	if (set->room)
		memset(set->table, 0, set->room * 2 * sizeof(*set->table));
	set->count = 0;
}

static bool grow(struct states *set)
{
	uint32_t room = set->room ? set->room * 2 : 64;
	struct state *list = realloc(set->list, room * sizeof(*list));
	uint32_t *table = list ? realloc(set->table, (size_t)room * 2 * sizeof(*table)) : NULL;

	if (list)
		set->list = list;
	if (!table)
		return false;
	set->table = table;
	set->room = room;
	memset(table, 0, (size_t)room * 2 * sizeof(*table));
	for (uint32_t i = 0; i < set->count; i++)
		*place_of(set, &list[i]) = i + 1;
	return true;
}

static void include(struct search *search, struct states *set, const struct state *s)
{
	uint32_t *place;

	if (set->count == set->room && !grow(set)) {
		search->no_memory = true;
		return;
	}
	place = place_of(set, s);
	if (*place)
		return;
	set->list[set->count++] = *s;
	*place = set->count;
}

static bool expired(const struct state *s, uint32_t time)
{
	return s->expiry && s->expiry < time;
}

/* What part PART of S holds at TIME. */
static uint32_t held(const struct state *s, uint8_t part, uint32_t time)
{
	return expired(s, time) || (part && s->value >> (part - 1) & 1) ? 0 : s->value;
}

static bool only_reads(const struct history_event *e)
{
	return e->kind == HISTORY_READ || e->kind == HISTORY_SEEN || e->kind == HISTORY_OTHER;
}

/* Whether E, which changes nothing, is answered by S as it is. */
static bool answered(const struct history_event *e, const struct state *s)
{
	uint32_t time = e->since && e->since < s->time ? e->since : s->time;
	uint32_t here = held(s, e->part, time);

	if (e->kind == HISTORY_READ && !e->value)
		return !held(s, e->part, s->time);
	if (e->kind == HISTORY_READ)
		return here == e->value;
	return here && (e->kind == HISTORY_SEEN || here != e->was);
}

/* Whether E may take effect in S, which is then what it is behind it. */
static bool apply(const struct history_event *e, struct state *s)
{
	bool removes = e->kind == HISTORY_TAKE || e->kind == HISTORY_CLEAR;

	if (only_reads(e))
		return answered(e, s);
	if (e->kind == HISTORY_SWAP && held(s, e->part, s->time) != e->was)
		return false;
	if (e->kind == HISTORY_TAKE && !s->value)
		return false;
	if (e->kind == HISTORY_TIME) {
		s->time = e->value;
		return true;
	}
	s->value = removes ? 0 : e->value;
	s->expiry = removes ? 0 : e->expiry;
	return true;
}

/* Lets every read that S explains take effect: that changes nothing for others, and need not be
 * left for later. */
static void read_all(const struct search *search, struct state *s)
{
	for (uint32_t i = 0; i < UNDER_WAY_MAX; i++) {
		const struct history_event *e = search->under_way[i];

		if (e && only_reads(e) && apply(e, s))
			s->done |= 1u << i;
	}
}

static void swap_sets(struct search *search)
{
	struct states now = search->now;

	search->now = search->next;
	search->next = now;
}

/* A call begins; false: too many are under way. */
static bool begin(struct search *search, const struct history_event *e)
{
	uint32_t i = 0;

	while (i < UNDER_WAY_MAX && search->under_way[i])
		i++;
	if (i == UNDER_WAY_MAX)
		return false;
	search->under_way[i] = e;
	if (!only_reads(e))
		return true;
	empty(&search->next);
	for (uint32_t n = 0; n < search->now.count; n++) {
		struct state s = search->now.list[n];

		read_all(search, &s);
		include(search, &search->next, &s);
	}
	swap_sets(search);
	return true;
}

/* Call I takes effect in S, if it may, which becomes one more to go on from; LAST is the call
 * that ends. */
static void take_effect(struct search *search, struct state s, uint32_t i, uint32_t last)
{
	if (s.done & 1u << i || !apply(search->under_way[i], &s))
		return;
	s.done |= 1u << i;
	read_all(search, &s);
	if (s.done & 1u << last) {
		s.done &= ~(1u << last);
		include(search, &search->next, &s);
	} else {
		include(search, &search->tried, &s);
	}
}

/* A call ends; false: no state is left. */
static bool end(struct search *search, const struct history_event *e)
{
	struct states *tried = &search->tried;
	uint32_t last = 0;

	while (search->under_way[last] != e)
		last++;
	empty(&search->next);
	empty(tried);
	for (uint32_t n = 0; n < search->now.count; n++) {
		struct state s = search->now.list[n];
		bool done = s.done & 1u << last;

		s.done &= ~(1u << last);
		include(search, done ? &search->next : tried, &s);
	}
	for (uint32_t n = 0; n < tried->count; n++) {
		struct state lost = tried->list[n];

		for (uint32_t i = 0; i < UNDER_WAY_MAX; i++)
			if (search->under_way[i])
				take_effect(search, tried->list[n], i, last);
		if (!search->rules.evicts || !lost.value)
			continue;
		lost.value = lost.expiry = 0;
		include(search, tried, &lost);
		for (uint32_t i = 0; i < UNDER_WAY_MAX; i++)
			if (search->under_way[i])
				take_effect(search, lost, i, last);
	}
	search->under_way[last] = NULL;
	swap_sets(search);
	return search->now.count;
}

/* What goes wrong first, or NULL. */
static const char *walk(struct search *search, const struct history_event **at)
{
	const struct state nothing = {0};
	size_t begun = 0;

	memset(search->under_way, 0, sizeof(search->under_way));
	empty(&search->now);
	include(search, &search->now, &nothing);
	for (size_t ended = 0; ended < search->count; ended++) {
		*at = search->ends[ended];
		while (begun < search->count && search->events[begun]->start < (*at)->end)
			if (!begin(search, search->events[begun++]))
				return "more calls are under way than can be looked at";
		if ((*at)->end == HISTORY_PENDING)
			return NULL;
		if (search->no_memory)
			return "there is no memory to check it";
		if (!end(search, *at))
			return "nothing that others did explains what it answered";
	}
	return NULL;
}

/* ---- all registers ---- */

static int by_key_and_start(const void *a, const void *b)
{
	const struct history_event *l = *(const struct history_event *const *)a;
	const struct history_event *r = *(const struct history_event *const *)b;

	if (l->key != r->key)
		return l->key < r->key ? -1 : 1;
	return (l->start > r->start) - (l->start < r->start);
}

static int by_start(const void *a, const void *b)
{
	const struct history_event *l = *(const struct history_event *const *)a;
	const struct history_event *r = *(const struct history_event *const *)b;

	return (l->start > r->start) - (l->start < r->start);
}

static int by_end(const void *a, const void *b)
{
	const struct history_event *l = *(const struct history_event *const *)a;
	const struct history_event *r = *(const struct history_event *const *)b;

	return (l->end > r->end) - (l->end < r->end);
}

/* All events by key, those of every register last; NULL: there is no memory. */
static const struct history_event **sorted(const struct history_log *logs, size_t count, size_t *n)
{
	const struct history_event **all;

	*n = 0;
	for (size_t i = 0; i < count; i++)
		*n += logs[i].count;
	all = malloc((*n + 1) * sizeof(*all));
	if (!all)
		return NULL;
	*n = 0;
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < logs[i].count; k++)
			all[(*n)++] = &logs[i].events[k];
	qsort(all, *n, sizeof(*all), by_key_and_start);
	return all;
}

/* Checks each register of the N events ALL, sorted(); search has room for all of them. */
static bool check_all(struct search *search, const struct history_event **all, size_t n,
		      struct history_fault *fault)
{
	size_t everywhere = n;

	while (everywhere && all[everywhere - 1]->key == HISTORY_EVERY)
		everywhere--;
	for (size_t from = 0, to; from < everywhere; from = to) {
		const struct history_event *at = NULL;

		for (to = from; to < everywhere && all[to]->key == all[from]->key; to++)
			search->events[to - from] = all[to];
		search->count = to - from;
		for (size_t i = everywhere; i < n; i++)
			search->events[search->count++] = all[i];
		qsort(search->events, search->count, sizeof(*search->events), by_start);
		memcpy(search->ends, search->events, search->count * sizeof(*search->ends));
		qsort(search->ends, search->count, sizeof(*search->ends), by_end);
		fault->what = walk(search, &at);
		if (!fault->what)
			continue;
		fault->key = all[from]->key;
		fault->event = *at;
		return false;
	}
	return true;
}

static void free_states(struct states *set)
{
	free(set->list);
	free(set->table);
}

bool history_explained(const struct history_log *logs, size_t count, struct history_rules rules,
		       struct history_fault *fault)
{
	struct search search = {.rules = rules};
	const struct history_event **all;
	bool explained = false;
	size_t n;

	*fault = (struct history_fault){.what = "there is no memory to check it"};
	for (size_t i = 0; i < count; i++)
		if (logs[i].full)
			return false;
	all = sorted(logs, count, &n);
	search.events = malloc((n + 1) * sizeof(*search.events));
	search.ends = malloc((n + 1) * sizeof(*search.ends));
	if (all && search.events && search.ends && grow(&search.now) && grow(&search.next) &&
	    grow(&search.tried))
		explained = check_all(&search, all, n, fault);
	free_states(&search.now);
	free_states(&search.next);
	free_states(&search.tried);
	free(search.ends);
	free(search.events);
	free(all);
	return explained;
}

/* ---- what it looks like ---- */

static void print_event(const struct history_event *e, void (*print)(const char *line))
{
	static const char *const names[] = {
		[HISTORY_READ] = "read",   [HISTORY_SEEN] = "seen", [HISTORY_OTHER] = "other",
		[HISTORY_PUT] = "put",     [HISTORY_SWAP] = "swap", [HISTORY_TAKE] = "take",
		[HISTORY_CLEAR] = "clear", [HISTORY_TIME] = "time",
	};
	char line[160];

	snprintf(line, sizeof(line),
		 "  core %u: %s %#" PRIx32 " (was %#" PRIx32 ", expiry %" PRIu32
		 ", part %u) from %" PRIu32 " to %" PRIu32,
		 (unsigned)e->core, names[e->kind], e->value, e->was, e->expiry, (unsigned)e->part,
		 e->start, e->end);
	print(line);
}

void history_tell(const struct history_log *logs, size_t count, const struct history_fault *fault,
		  size_t most, void (*print)(const char *line))
{
	const struct history_event **all;
	size_t n, kept = 0;

	all = sorted(logs, count, &n);
	if (!all)
		return;
	for (size_t i = 0; i < n; i++)
		if ((all[i]->key == fault->key || all[i]->key == HISTORY_EVERY) &&
		    all[i]->start <= fault->event.end)
			all[kept++] = all[i];
	qsort(all, kept, sizeof(*all), by_start);
	for (size_t i = kept > most ? kept - most : 0; i < kept; i++)
		print_event(all[i], print);
	free(all);
}
