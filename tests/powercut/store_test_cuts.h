/* SPDX-License-Identifier: MIT */
/*
 * What memory may hold when the power goes: the writes, line cleanings and barriers of a run are
 * recorded, and replayed into every state that memory may be in.
 *
 * A word (4 aligned bytes) is written at once. A write is certain to be kept behind a barrier
 * before which its cache line was cleaned; until then the word may hold it, or anything it held
 * since the last such barrier, whatever the other words hold. Which of these states are tried:
 * store_test_subsets.h.
 */
#ifndef CAIRN_TESTS_POWERCUT_STORE_TEST_CUTS_H
#define CAIRN_TESTS_POWERCUT_STORE_TEST_CUTS_H

#include "tests/unit/store_test_util.h"

#define CUT_REGION_MAX 16384U
#define CUT_WORDS (CUT_REGION_MAX / 4)
#define CUT_VERSIONS 6U
#define CUT_LINE 32U

enum cut_kind {
	CUT_WRITE,
	CUT_CLEAN,
	CUT_BARRIER,
	CUT_STEP,  /* step OFF begins */
	CUT_DONE,  /* and is acknowledged */
	CUT_IMAGE, /* the whole region is such and kept */
	CUT_TOLD,  /* the caller heard that entry OFF is gone */
};

struct cut_event {
	enum cut_kind kind;
	uint32_t off, len;
	size_t at; /* in the log's bytes */
};

struct cut_log {
	const uint8_t *region;
	bool off;  /* nothing is recorded */
	bool open; /* the window, outside of which nothing is written */
	struct cut_event *event;
	uint8_t *bytes;
	size_t events, event_room, used, room;
};

/* Ends the test if the window is not OPEN, or not closed, when WHAT comes. */
static inline void cut_check_window(const struct cut_log *log, bool open, const char *what)
{
	if (log->open == open)
		return;
	fprintf(stderr, "%s while the window was %s\n", what, log->open ? "open" : "closed");
	exit(EXIT_FAILURE);
}

static inline void cut_record(struct cut_log *log, enum cut_kind kind, uint32_t off, uint32_t len)
{
	bool with_bytes = kind == CUT_WRITE || kind == CUT_IMAGE;

	if (kind == CUT_STEP || kind == CUT_DONE)
		cut_check_window(log, false, "a call began or ended");
	if (log->off)
		return;
	if (log->events == log->event_room) {
		log->event_room = log->event_room * 2 + 1024;
		log->event = realloc(log->event, log->event_room * sizeof(*log->event));
	}
	log->event[log->events++] = (struct cut_event){kind, off, len, log->used};
	if (!with_bytes)
		return;
	if (log->used + len > log->room) {
		log->room = (log->used + len) * 2;
		log->bytes = realloc(log->bytes, log->room);
	}
	memcpy(log->bytes + log->used, log->region + off, len);
	log->used += len;
}

static inline void cut_window(void *ctx, bool open)
{
	struct cut_log *log = ctx;

	cut_check_window(log, !open, open ? "it was opened" : "it was closed");
	log->open = open;
}

static inline void cut_written(void *ctx, uint32_t off, uint32_t len)
{
	cut_check_window(ctx, true, "a write");
	cut_record(ctx, CUT_WRITE, off, len);
}

static inline void cut_clean(void *ctx, const void *ptr, size_t len)
{
	struct cut_log *log = ctx;

	cut_check_window(log, true, "a cleaning");
	cut_record(log, CUT_CLEAN, (uint32_t)((const uint8_t *)ptr - log->region), (uint32_t)len);
}

static inline void cut_barrier(void *ctx)
{
	cut_check_window(ctx, true, "a barrier");
	cut_record(ctx, CUT_BARRIER, 0, 0);
}

/* What MEDIA's region sees goes to LOG. */
static inline void cut_watch(struct store_media *media, struct cut_log *log)
{
	media->written = cut_written;
	media->clean = cut_clean;
	media->barrier = cut_barrier;
	media->window = cut_window;
	media->ctx = log;
	log->open = false;
}

/* A word that memory may hold more than one value of. */
struct cut_word {
	uint32_t at, versions;
	uint32_t cleaned;             /* the version that the next barrier makes certain */
	uint32_t pick;                /* the version in the image that is tried */
	uint32_t line;                /* which of the lines that are not certain, while one tries */
	uint32_t value[CUT_VERSIONS]; /* the first is certain, the last is what the program sees */
};

struct cut_memory {
	uint32_t size;             /* bytes */
	uint32_t kept[CUT_WORDS];  /* certain */
	uint32_t where[CUT_WORDS]; /* index in word[] and 1, or 0 */
	uint32_t words;
	struct cut_word word[CUT_WORDS]; /* in the order of their first write */
};

static inline void cut_start(struct cut_memory *mem, const void *image, uint32_t size)
{
	mem->size = size;
	mem->words = 0;
	memcpy(mem->kept, image, size);
	memset(mem->where, 0, sizeof(mem->where));
}

static inline void cut_set_word(struct cut_memory *mem, uint32_t at, uint32_t value)
{
	struct cut_word *w;

	if (mem->where[at] == 0) {
		if (mem->kept[at] == value)
			return;
		mem->word[mem->words] = (struct cut_word){.at = at, .versions = 1};
		mem->word[mem->words].value[0] = mem->kept[at];
		mem->where[at] = ++mem->words;
	}
	w = &mem->word[mem->where[at] - 1];
	if (w->value[w->versions - 1] == value)
		return;
	if (w->versions == CUT_VERSIONS) {
		w->versions--; /* too many to try: leave one out */
		if (w->cleaned == w->versions)
			w->cleaned = 0;
	}
	w->value[w->versions++] = value;
}

static inline void cut_write(struct cut_memory *mem, uint32_t off, const uint8_t *bytes,
			     uint32_t len)
{
	for (uint32_t at = off / 4; at * 4 < off + len; at++) {
		uint32_t from = at * 4 > off ? at * 4 : off;
		uint32_t to = at * 4 + 4 < off + len ? at * 4 + 4 : off + len;
		const struct cut_word *w = &mem->word[mem->where[at] - (mem->where[at] != 0)];
		uint32_t value = mem->where[at] != 0 ? w->value[w->versions - 1] : mem->kept[at];

		memcpy((uint8_t *)&value + (from - at * 4), bytes + (from - off), to - from);
		cut_set_word(mem, at, value);
	}
}

static inline void cut_clean_lines(struct cut_memory *mem, uint32_t off, uint32_t len)
{
	uint32_t from = off / CUT_LINE * CUT_LINE / 4;
	uint32_t to = (off + len + CUT_LINE - 1) / CUT_LINE * CUT_LINE / 4;

	for (uint32_t i = 0; i < mem->words; i++)
		if (mem->word[i].at >= from && mem->word[i].at < to)
			mem->word[i].cleaned = mem->word[i].versions - 1;
}

static inline void cut_settle(struct cut_memory *mem)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < mem->words; i++) {
		struct cut_word w = mem->word[i];

		mem->kept[w.at] = w.value[w.cleaned];
		w.versions -= w.cleaned;
		memmove(w.value, w.value + w.cleaned, w.versions * sizeof(w.value[0]));
		w.cleaned = 0;
		mem->where[w.at] = w.versions > 1 ? n + 1 : 0;
		if (w.versions > 1)
			mem->word[n++] = w;
	}
	mem->words = n;
}

/* Follows a write, cleaning, barrier or image; the other events mean nothing to memory. */
static inline void cut_follow(struct cut_memory *mem, const struct cut_log *log,
			      const struct cut_event *e)
{
	switch (e->kind) {
	case CUT_WRITE:
		cut_write(mem, e->off, log->bytes + e->at, e->len);
		break;
	case CUT_CLEAN:
		cut_clean_lines(mem, e->off, e->len);
		break;
	case CUT_BARRIER:
		cut_settle(mem);
		break;
	case CUT_IMAGE:
		cut_start(mem, log->bytes + e->at, e->len);
		break;
	case CUT_STEP:
	case CUT_DONE:
	case CUT_TOLD:
		break;
	}
}

#endif
