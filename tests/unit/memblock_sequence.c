/* SPDX-License-Identifier: MIT */
#include "tests/unit/memblock_sequence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/memblock_model.h"

#define DEFAULT_SEED 20240229

static uint64_t random_state;

/* ---- a sequence that fails ---- */

/* Plays the N calls on the stage; what goes wrong, or NULL. */
static const char *play(const struct call *calls, size_t n)
{
	const char *wrong = NULL;

	model_reset();
	for (size_t i = 0; i < n && !wrong; i++)
		wrong = model_play(&calls[i]);
	model_release();
	return wrong;
}

/* Leaves out every call without which the rest still fails; returns how many are left. */
static size_t shrink(struct call *calls, size_t n)
{
	struct call without[SEQUENCE];
	bool shorter = true;

	while (shorter) {
		shorter = false;
		for (size_t i = n; i-- > 0;) {
			memcpy(without, calls, i * sizeof(*calls));
			memcpy(without + i, calls + i + 1, (n - i - 1) * sizeof(*calls));
			if (!play(without, n - 1))
				continue;
			memcpy(calls, without, --n * sizeof(*calls));
			shorter = true;
		}
	}
	return n;
}

/* A call with what it looks at; + means that the size goes on to PHYS_ADDR_MAX. */
static void print_call(const struct call *c)
{
	unsigned granule = model.stage.granule;

	print_error("  %s [" PRIpa ", " PRIpa "%s)", model_name(c->op), address(c->lo),
		    address(c->hi), c->beyond ? "+" : "");
	if (is_alloc(c->op))
		print_error(" size 0x%x", c->size << granule);
	if (is_alloc(c->op) || c->op == TRIM)
		print_error(" align 0x%x", c->shift == ALIGN_ZERO ? 0 : 1u << (c->shift + granule));
	print_error(" (size %u shift %u nid %d flags 0x%x)\n", c->size, c->shift, c->nid,
		    (unsigned)c->flags);
}

static void report(uint64_t seed, struct call *calls, size_t n)
{
	const struct stage *s = &model.stage;
	const char *wrong;

	n = shrink(calls, n);
	wrong = play(calls, n);
	print_error("%s; MEMBLOCK_SEED=%llu MEMBLOCK_CALLS=%d repeats it\n", wrong,
		    (unsigned long long)seed, SEQUENCE);
	print_error("granules of %u bytes from " PRIpa ", memory.max %lu, reserved.max %lu%s\n",
		    1u << s->granule, s->origin, s->memory_max, s->reserved_max,
		    s->grows ? ", arrays grow" : "");
	for (size_t i = 0; i < n; i++)
		print_call(&calls[i]);
}

/* ---- chance ---- */

unsigned below(unsigned n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned)(random_state >> 33) % n;
}

/* A border of a range: few different ones, so that ranges often meet. */
static unsigned border(void)
{
	switch (below(8)) {
	case 0:
		return below(GRANULES + 1);
	case 1:
		return GRANULES;
	default:
		return below(65) * 64;
	}
}

static enum op choose_op(void)
{
	unsigned total = 0, at;
	int op = 0;

	for (int i = 0; i < OPS; i++)
		total += model_weight((enum op)i);
	for (at = below(total); at >= model_weight((enum op)op); op++)
		at -= model_weight((enum op)op);
	/* Zeroing takes memory that is there. */
	return op == ALLOC_ZEROED && !model.stage.grows ? ALLOC_TRY : (enum op)op;
}

/* Borders in order and not both the same, for calls that take a base and a size. */
static void order(struct call *c)
{
	bool cuts = c->op == REMOVE || c->op == FREE || c->op == CAP;

	if (c->lo > c->hi) {
		unsigned lo = c->hi;

		c->hi = c->lo;
		c->lo = lo;
	}
	if (c->lo == c->hi)
		c->hi = ++c->hi > GRANULES ? GRANULES : c->hi;
	if (c->lo == c->hi)
		c->lo--;
	if (below(3) && c->hi - c->lo > 256) /* long ranges leave little to happen */
		c->hi = c->lo + 64 * (1 + below(4));
	c->beyond = !below(16) && (model.stage.at_top || cuts);
	if (c->beyond)
		c->hi = GRANULES;
}

static struct call choose_call(void)
{
	static const enum memblock_flags flags[] = {
		MEMBLOCK_NONE,
		MEMBLOCK_NONE,
		MEMBLOCK_NOMAP,
		MEMBLOCK_HOTPLUG,
		MEMBLOCK_MIRROR,
		MEMBLOCK_DRIVER_MANAGED,
		MEMBLOCK_NOMAP | MEMBLOCK_HOTPLUG,
		MEMBLOCK_NOMAP | MEMBLOCK_DRIVER_MANAGED,
	};
	struct call c = {.op = choose_op(), .lo = border(), .hi = border()};
	bool alloc = is_alloc(c.op);

	c.size = below(4) ? 1 + below(64) : 1 + below(512);
	c.shift = below(8);
	if (alloc && !below(8) && !(model.stage.at_top && model.stage.granule))
		c.shift = ALIGN_ZERO;
	if (alloc && !below(50))
		c.size = 0;
	c.nid = NUMA_NO_NODE;
#ifdef CONFIG_NUMA
	c.nid += (int)below(4);
#endif
	c.flags = flags[below(ARRAY_SIZE(flags))];
	if (c.op != LIMIT && !alloc)
		order(&c);
	return c;
}

static uint64_t number_of(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);

	return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

static void figure(const char *name, const char *what, uint64_t value, const char *unit)
{
	print_message("figure memblock_%s_%s %llu %s\n", name, what, (unsigned long long)value,
		      unit);
}

void play_random(const char *name, uint64_t calls, void (*choose_stage)(void))
{
	struct call sequence[SEQUENCE];
	uint64_t made = 0;

	calls = number_of("MEMBLOCK_CALLS", calls);
	random_state = number_of("MEMBLOCK_SEED", DEFAULT_SEED);
	random_state += !random_state; /* 0 would stay 0 */
	print_message("MEMBLOCK_SEED=%llu MEMBLOCK_CALLS=%llu\n", (unsigned long long)random_state,
		      (unsigned long long)calls);
	for (; made < calls; made += SEQUENCE) {
		uint64_t seed = random_state;

		choose_stage();
		for (size_t i = 0; i < SEQUENCE; i++)
			sequence[i] = choose_call();
		if (play(sequence, SEQUENCE)) {
			report(seed, sequence, SEQUENCE);
			fail();
		}
	}
	figure(name, "calls", made, "calls");
	figure(name, "refused", model.refused, "calls");
	figure(name, "allocated", model.allocated, "calls");
	if (!model.stage.grows)
		return;
	figure(name, "doubled", model.doubled, "arrays");
	figure(name, "skipped", model.skipped, "calls");
}
