/* SPDX-License-Identifier: MIT */
/*
 * The ring holds records: one level byte, then the text with its newline. A record is found from
 * the oldest one by its newline, so no lengths are kept; dropping the oldest is a step to the next.
 */
#include "lib/log.h"

#include <stdio.h>
#include <string.h>

#define STAMP_MAX 32

static struct {
	char ring[LOG_RING_SIZE];
	uint64_t head;  /* bytes ever written; the next byte goes to ring[head % size] */
	uint64_t tail;  /* start of the oldest record still held */
	uint64_t shown; /* start of the first record that no console was offered */
	log_clock_fn *clock;
	log_sink_fn *sink;
	void *sink_ctx;
} ring;

static int console_level = LOG_DEFAULT_CONSOLE_LEVEL;

static char *at(uint64_t pos)
{
	return &ring.ring[pos % LOG_RING_SIZE];
}

/* The start of the record after the one at POS. */
static uint64_t next_record(uint64_t pos)
{
	while (*at(pos) != '\n')
		pos++;
	return pos + 1;
}

static void append(enum log_level level, const char *text, size_t len)
{
	while (ring.head + 1 + len - ring.tail > LOG_RING_SIZE)
		ring.tail = next_record(ring.tail);
	if (ring.shown < ring.tail)
		ring.shown = ring.tail;
	*at(ring.head++) = (char)('0' + level);
	for (size_t i = 0; i < len; i++)
		*at(ring.head++) = text[i];
}

/* Sends the text of the record at POS, in two pieces where the ring wraps. */
static void send(uint64_t pos, log_sink_fn *sink, void *ctx)
{
	uint64_t start = pos + 1, end = next_record(pos);
	size_t len = (size_t)(end - start), room = LOG_RING_SIZE - (size_t)(start % LOG_RING_SIZE);

	if (len <= room) {
		sink(ctx, at(start), len);
	} else {
		sink(ctx, at(start), room);
		sink(ctx, ring.ring, len - room);
	}
}

static void show_new(void)
{
	while (ring.sink && ring.shown < ring.head) {
		uint64_t pos = ring.shown;

		ring.shown = next_record(pos);
		if (*at(pos) - '0' < console_level)
			send(pos, ring.sink, ring.sink_ctx);
	}
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
	uint64_t us = ring.clock ? ring.clock() : 0;
	size_t n;

	if (vsnprintf(text, sizeof(text), fmt, ap) >= (int)sizeof(text))
		memcpy(text + sizeof(text) - 4, "...", 4);
	n = (size_t)snprintf(line, STAMP_MAX, "[%5lu.%06lu] ", (unsigned long)(us / 1000000),
			     (unsigned long)(us % 1000000));
	n += escape(line + n, sizeof(line) - 1 - n, text);
	line[n++] = '\n';
	append(level, line, n);
	show_new();
}

void log_printf(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_vprintf(level, fmt, ap);
	va_end(ap);
}

void log_set_clock(log_clock_fn *clock)
{
	ring.clock = clock;
}

void log_set_console(log_sink_fn *sink, void *ctx)
{
	ring.sink = sink;
	ring.sink_ctx = ctx;
	show_new();
}

bool log_has_console(void)
{
	return ring.sink != NULL;
}

int log_set_console_level(int level)
{
	int before = console_level;

	console_level = level;
	return before;
}

void log_dump(log_sink_fn *sink, void *ctx)
{
	for (uint64_t pos = ring.tail; pos < ring.head; pos = next_record(pos))
		send(pos, sink, ctx);
}

void log_reset(void)
{
	memset(&ring, 0, sizeof(ring));
	console_level = LOG_DEFAULT_CONSOLE_LEVEL;
}
