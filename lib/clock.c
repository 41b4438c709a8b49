/* SPDX-License-Identifier: MIT */
#include "lib/clock.h"

#include <stdatomic.h>

#define SHIFT 24 /* of the factor from ticks to ns, which has 32 bits */

/*
 * A rate is believed when the readings at both ends of the measurement together took less than this
 * part of it: 15 in a million.
 */
#define PRECISION 65536

#define LONGEST_NS (UINT64_MAX >> SHIFT) /* 18 minutes; then it begins again */

#define CALL_NS 10
#define CALLS_A_LOOK 1024     /* of deadline_passed_lazily() */
#define LOOKS_UNCHANGED 10000 /* no counter is so slow that it shows the same so often in a row */

struct source {
	uint64_t (*read)(void);
	uint64_t ticks, ns;   /* a moment, by the counter and by the clock */
	uint32_t ns_per_tick; /* << SHIFT */
};

static struct source sources[2];
static struct source *_Atomic used;

/* While this is true the other source is the one of unknown rate, since when in its .ticks and .ns.
 */
static atomic_bool measuring;
static uint64_t blur; /* ticks that reading both took at that moment */

static int64_t (*wall_seconds)(void);

/* The product is more than 64 bits after minutes, so in two halves. */
static uint64_t scaled(uint64_t ticks, uint32_t ns_per_tick)
{
	return ((ticks >> 32) * ns_per_tick << (32 - SHIFT)) +
	       ((uint64_t)(uint32_t)ticks * ns_per_tick >> SHIFT);
}

static uint64_t ns_of(const struct source *s)
{
	return s->ns + scaled(s->read() - s->ticks, s->ns_per_tick);
}

static struct source *other(void)
{
	return used == &sources[0] ? &sources[1] : &sources[0];
}

static void begin_measuring(struct source *s, uint64_t ticks, uint64_t ns, uint64_t took)
{
	s->ticks = ticks;
	s->ns = ns;
	blur = took;
}

/* Begins again if that gets a better start, ends it if it has become good enough. */
static void measure(struct source *s)
{
	uint64_t before = s->read(), ns = ns_of(used), took = s->read() - before;
	uint64_t ticks = before - s->ticks, rate;

	if (took < blur || ns - s->ns > LONGEST_NS) {
		begin_measuring(s, before, ns, took);
		return;
	}
	if ((blur + took + 2) * PRECISION > ticks) /* a tick at each end that had just begun */
		return;
	measuring = false;
	rate = (((ns - s->ns) << SHIFT) + ticks / 2) / ticks;
	if (!rate || rate > UINT32_MAX)
		return;
	s->ns_per_tick = (uint32_t)rate;
	s->ticks = before;
	s->ns = ns;
	used = s;
}

/* Nobody waits for another core that is at it. */
static void try_to_measure(void)
{
	static atomic_flag busy = ATOMIC_FLAG_INIT;

	if (atomic_flag_test_and_set(&busy))
		return;
	if (measuring)
		measure(other());
	atomic_flag_clear(&busy);
}

bool clock_add(const struct clock_counter *counter)
{
	struct source *s = other();
	uint64_t ticks, ns;

	if (counter->hz ? counter->hz < CLOCK_HZ_MIN : !used)
		return false;
	measuring = false;
	s->read = counter->read;
	ticks = s->read();
	ns = used ? ns_of(used) : 0;
	begin_measuring(s, ticks, ns, s->read() - ticks);
	if (counter->hz) {
		s->ns_per_tick = (uint32_t)(((NS_PER_S << SHIFT) + counter->hz / 2) / counter->hz);
		used = s;
	} else {
		measuring = true;
	}
	return true;
}

uint64_t clock_ns(void)
{
	if (!used)
		return 0;
	if (measuring)
		try_to_measure();
	return ns_of(used);
}

uint64_t clock_extend(_Atomic uint64_t *seen, uint32_t (*read)(void))
{
	uint64_t was = *seen; /* before the counter is read: what it reads is later */
	uint64_t is = was + (uint32_t)(read() - (uint32_t)was);

	/* Who comes too late here has been overtaken, and what it would note is older. */
	atomic_compare_exchange_strong(seen, &was, is);
	return is;
}

struct deadline deadline_after(uint64_t ns)
{
	uint64_t now = clock_ns();

	return (struct deadline){.ns = ns < UINT64_MAX - now ? now + ns : UINT64_MAX,
				 .counted = !used};
}

/* Whether the clock is past D, which counts by itself from when that one stands still. */
static bool look(struct deadline *d)
{
	uint64_t ns = clock_ns();

	if (ns >= d->ns)
		return true;
	if (ns != d->seen) {
		d->seen = ns;
		d->unchanged = 0;
	} else if (++d->unchanged == LOOKS_UNCHANGED) {
		d->ns -= ns;
		d->counted = true;
	}
	return false;
}

bool deadline_passed(struct deadline *d)
{
	if (!d->counted)
		return look(d);
	d->ns -= d->ns < CALL_NS ? d->ns : CALL_NS;
	return !d->ns;
}

bool deadline_passed_lazily(struct deadline *d)
{
	return (d->counted || ++d->calls % CALLS_A_LOOK == 0) && deadline_passed(d);
}

void clock_set_wall(int64_t (*seconds)(void))
{
	wall_seconds = seconds;
}

bool clock_has_wall(void)
{
	return wall_seconds != NULL;
}

int64_t clock_wall_ms(void *ctx)
{
	(void)ctx;
	return wall_seconds ? wall_seconds() * 1000 : 0;
}

void clock_reset(void)
{
	used = NULL;
	measuring = false;
	wall_seconds = NULL;
}
