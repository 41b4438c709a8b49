/* SPDX-License-Identifier: MIT */
/*
 * The ring holds records: a level byte, a check of four bytes, then the text with its newline. A
 * record is found from the oldest one by its newline, so no lengths are kept; dropping the oldest
 * is a step to the next.
 *
 * Positions count bytes from the first boot on, modulo 2^32; the byte at one is ring[pos % size].
 * Those that are kept differ from head by the ring's size at most. Each of them is one word and is
 * written after what it refers to, so a reset at any instruction leaves a ring that is whole. What
 * happens to the memory in between the checks tell: each covers its record and its position.
 *
 * A backlog holds the records of this boot from before the tail, at their positions modulo its
 * size. So a position says where its record is: behind the tail in the ring, before it in the
 * backlog.
 */
#include "lib/log.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "lib/be.h"
#include "lib/crc32c.h"

#define STAMP_MAX 32
#define RECORD_HEAD 5 /* bytes before the text */

#define KEPT_MAGIC 0x4c6f6731 /* another one for another layout of what is kept */

static struct {
	volatile uint32_t magic;
	volatile uint32_t head;   /* the next record comes here */
	volatile uint32_t tail;   /* the oldest record still held */
	volatile uint32_t start;  /* the first one of this boot */
	volatile uint32_t before; /* the first one of the boot before */
	char ring[LOG_RING_SIZE];
} kept KEPT;

static struct {
	bool taken_up; /* what lies in kept has been looked at */
	char *backlog; /* NULL: there is none */
	uint32_t backlog_size;
	uint32_t oldest; /* the oldest record in the backlog, or the tail */
	uint32_t shown;  /* start of the first record that no console was offered */
	uint32_t (*enter)(void);
	void (*leave)(uint32_t was);
	bool (*shown_here)(bool must);
	log_clock_fn *clock;
	log_sink_fn *sink;
	void *sink_ctx;
} now;

static _Atomic int console_level = LOG_DEFAULT_CONSOLE_LEVEL;

static uint32_t begin(void)
{
	return now.enter ? now.enter() : 0;
}

static void finish(uint32_t was)
{
	if (now.leave)
		now.leave(was);
}

static char *at(uint32_t pos)
{
	return &kept.ring[pos % LOG_RING_SIZE];
}

/* How much of the log lies behind POS. */
static uint32_t behind(uint32_t pos)
{
	return kept.head - pos;
}

/* POS, or LIMIT if that comes later. */
static uint32_t not_before(uint32_t limit, uint32_t pos)
{
	return behind(pos) > behind(limit) ? limit : pos;
}

/* The ring that a record lies in. */
struct place {
	const char *bytes;
	uint32_t size; /* a power of two */
};

static struct place place_of(uint32_t pos)
{
	if (now.backlog && behind(pos) > behind(kept.tail))
		return (struct place){now.backlog, now.backlog_size};
	return (struct place){kept.ring, LOG_RING_SIZE};
}

static const char *byte_at(struct place p, uint32_t pos)
{
	return p.bytes + (pos & (p.size - 1));
}

/* The start of the record after the one at POS; the head if that one has no end. */
static uint32_t next_record(uint32_t pos)
{
	struct place p = place_of(pos);

	if (behind(pos) <= RECORD_HEAD)
		return kept.head;
	for (pos += RECORD_HEAD; pos != kept.head; pos++)
		if (*byte_at(p, pos) == '\n')
			return pos + 1;
	return pos;
}

/* Sends the text of the record at POS, in two pieces where the ring wraps. */
static void send(uint32_t pos, log_sink_fn *sink, void *ctx)
{
	uint32_t start = pos + RECORD_HEAD, len = next_record(pos) - start;
	struct place p = place_of(pos);
	uint32_t room = p.size - start % p.size;

	/* Two cores in the ring at once (boot/shared.h: the lock was given up) leave no line whole.
	 */
	if (len > p.size)
		return;
	if (len <= room) {
		sink(ctx, byte_at(p, start), len);
	} else {
		sink(ctx, byte_at(p, start), room);
		sink(ctx, p.bytes, len - room);
	}
}

/* Shows the next line that waits for the console, or not if it may not be now. */
static bool show_next(bool must)
{
	uint32_t pos = now.shown;
	bool wanted = *byte_at(place_of(pos), pos) - '0' < console_level;

	if (wanted && now.shown_here && !now.shown_here(must))
		return false;
	now.shown = next_record(pos);
	if (wanted)
		send(pos, now.sink, now.sink_ctx);
	return true;
}

static void show_new(bool must)
{
	while (now.sink && now.shown != kept.head && show_next(must))
		;
}

/* Makes what the boot before left the past of this one, or starts an empty ring. */
static void take_up(void)
{
	if (now.taken_up)
		return;
	if (kept.magic != KEPT_MAGIC || behind(kept.tail) > LOG_RING_SIZE)
		kept.head = kept.tail = kept.start = 0;
	kept.magic = KEPT_MAGIC;
	kept.before = not_before(kept.tail, kept.start);
	kept.start = kept.head;
	now.shown = kept.head;
	now.oldest = kept.tail;
	now.taken_up = true;
}

/* Copies the oldest record of the ring, which ends at NEXT, to the backlog. */
static void keep_back(uint32_t next)
{
	while (behind(now.oldest) > behind(next) + now.backlog_size)
		now.oldest = next_record(now.oldest);
	for (uint32_t pos = kept.tail; pos != next; pos++)
		now.backlog[pos & (now.backlog_size - 1)] = *at(pos);
}

/* Takes the oldest record out of the ring. */
static void drop_oldest(void)
{
	uint32_t next = next_record(kept.tail);

	if (now.backlog && behind(kept.tail) <= behind(kept.start))
		keep_back(next);
	else
		now.oldest = next;
	kept.tail = next;
}

/* Drops records until LEN bytes more fit; the console has them before, if that can be. */
static void make_room(uint32_t len)
{
	while (behind(kept.tail) + len > LOG_RING_SIZE) {
		if (now.sink && now.shown == kept.tail)
			show_next(true);
		drop_oldest();
	}
	kept.before = not_before(kept.tail, kept.before);
	kept.start = not_before(kept.tail, kept.start);
	now.shown = not_before(kept.tail, now.shown);
}

static void append(enum log_level level, const char *text, size_t len)
{
	char head[RECORD_HEAD] = {(char)('0' + level)};
	uint32_t pos;

	take_up();
	make_room((uint32_t)(RECORD_HEAD + len));
	pos = kept.head;
	be32_store(head + 1, crc32c(crc32c(pos, head, 1), text, len));
	for (size_t i = 0; i < RECORD_HEAD; i++)
		*at(pos++) = head[i];
	for (size_t i = 0; i < len; i++)
		*at(pos++) = text[i];
	atomic_signal_fence(memory_order_seq_cst); /* the bytes first, then what tells of them */
	kept.head = pos;
}

static void add_to_check(void *ctx, const char *text, size_t len)
{
	uint32_t *check = ctx;

	*check = crc32c(*check, text, len);
}

/* Whether the record at POS is as it was written. */
static bool is_whole(uint32_t pos)
{
	struct place p = place_of(pos);
	uint32_t check = crc32c(pos, byte_at(p, pos), 1);
	char written[4];

	if (behind(pos) <= RECORD_HEAD)
		return false;
	for (uint32_t i = 0; i < sizeof(written); i++)
		written[i] = *byte_at(p, pos + 1 + i);
	send(pos, add_to_check, &check);
	return check == be32_load(written);
}

/* Copies FROM to TO with control characters written as \xNN; returns the length. */
static size_t escape(char *to, size_t room, const char *from)
{
	size_t n = 0;

	for (; *from; from++) {
		unsigned char c = (unsigned char)*from;

		if (n + 5 > room)
			break;
		if ((c < ' ' && c != '\t') || c == 0x7f)
			n += (size_t)snprintf(to + n, room - n, "\\x%02x", c);
		else
			to[n++] = (char)c;
	}
	if (*from)
		memcpy(to + n - 3, "...", 3);
	return n;
}

void log_vprintf(enum log_level level, const char *fmt, va_list ap)
{
	char text[LOG_LINE_MAX], line[STAMP_MAX + LOG_LINE_MAX];
	uint32_t was;
	uint64_t us;
	size_t n;

	if (vsnprintf(text, sizeof(text), fmt, ap) >= (int)sizeof(text))
		memcpy(text + sizeof(text) - 4, "...", 4);
	was = begin(); /* already here, so that stamps and lines have one order */
	us = now.clock ? now.clock() : 0;
	n = (size_t)snprintf(line, STAMP_MAX, "[%5lu.%06lu] ", (unsigned long)(us / 1000000),
			     (unsigned long)(us % 1000000));
	n += escape(line + n, sizeof(line) - 1 - n, text);
	line[n++] = '\n';
	append(level, line, n);
	show_new(false);
	finish(was);
}

void log_printf(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_vprintf(level, fmt, ap);
	va_end(ap);
}

void log_set_guard(uint32_t (*enter)(void), void (*leave)(uint32_t was))
{
	now.enter = enter;
	now.leave = leave;
}

void log_set_shown(bool (*here)(bool must))
{
	now.shown_here = here;
}

void log_show(bool all)
{
	uint32_t was = begin(), end = kept.head;

	while (now.sink && behind(now.shown) > behind(end) && show_next(all)) {
		finish(was); /* who has a line to log need not wait for the end */
		was = begin();
	}
	finish(was);
}

void log_set_clock(log_clock_fn *clock)
{
	now.clock = clock;
}

void log_set_console(log_sink_fn *sink, void *ctx)
{
	uint32_t was = begin();

	take_up();
	now.sink = sink;
	now.sink_ctx = ctx;
	show_new(false);
	finish(was);
}

bool log_has_console(void)
{
	return now.sink != NULL;
}

int log_set_console_level(int level)
{
	int before = console_level;

	log_show(true); /* by the level that they were logged at */
	console_level = level;
	return before;
}

/*
 * Sends the records from POS up to END, or those whose check holds only. Records that are dropped
 * while the sink is busy are left out.
 */
static void dump(uint32_t pos, uint32_t end, bool whole_only, log_sink_fn *sink, void *ctx)
{
	uint32_t was = begin();

	pos = not_before(now.oldest, pos);
	while (behind(pos) > behind(end)) {
		if (!whole_only || is_whole(pos))
			send(pos, sink, ctx);
		pos = next_record(pos);
		finish(was); /* who has a line to log need not wait for the end */
		was = begin();
		pos = not_before(now.oldest, pos);
	}
	finish(was);
}

void log_dump(log_sink_fn *sink, void *ctx)
{
	uint32_t was = begin();
	uint32_t from, end;

	take_up();
	from = now.oldest != kept.tail ? now.oldest : kept.start;
	end = kept.head;
	finish(was);
	dump(from, end, false, sink, ctx);
}

void log_dump_before(log_sink_fn *sink, void *ctx)
{
	uint32_t was = begin();
	uint32_t from, end;

	take_up();
	from = kept.before;
	end = kept.start;
	finish(was);
	dump(from, end, true, sink, ctx);
}

void log_backlog(void *memory, uint32_t size)
{
	uint32_t was = begin();

	take_up();
	now.backlog = memory;
	now.backlog_size = size;
	now.oldest = kept.tail;
	finish(was);
}

void log_reset(void)
{
	memset(&kept, 0, sizeof(kept));
	memset(&now, 0, sizeof(now));
	console_level = LOG_DEFAULT_CONSOLE_LEVEL;
}
