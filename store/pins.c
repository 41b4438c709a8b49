/* SPDX-License-Identifier: MIT */
/* An array by offset: the few views that somebody holds at a time. */
#include "store/pins.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The first pin that is not before OFF. */
static uint32_t position(const struct store_pins *p, uint32_t off)
{
	uint32_t lo = 0, hi = p->count;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (p->pins[mid].off < off)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct store_pin *pins_find(const struct store *s, uint32_t off)
{
	uint32_t i = s->pins.count ? position(&s->pins, off) : 0;

	return i < s->pins.count && s->pins.pins[i].off == off ? &s->pins.pins[i] : NULL;
}

int pins_reserve(struct store *s, uint32_t count)
{
	struct store_pins *p = &s->pins;
	uint32_t room = p->room * 2 > p->count + count ? p->room * 2 : p->count + count;
	struct store_pin *pins;

	if (count <= p->room - p->count)
		return 0;
	pins = realloc(p->pins, room * sizeof(*pins));
	if (!pins)
		return -ENOMEM;
	p->pins = pins;
	p->room = room;
	return 0;
}

int pins_add(struct store *s, uint32_t off)
{
	struct store_pin *pin = pins_find(s, off);
	struct store_pins *p = &s->pins;
	uint32_t i;

	if (pin) {
		pin->views++;
		p->views++;
		return 0;
	}
	if (pins_reserve(s, 1))
		return -ENOMEM;
	i = position(p, off);
	memmove(&p->pins[i + 1], &p->pins[i], (p->count - i) * sizeof(*p->pins));
	p->pins[i] = (struct store_pin){.off = off, .views = 1};
	p->count++;
	p->views++;
	return 0;
}

uint32_t pins_drop(struct store *s, uint32_t off, bool *passed)
{
	struct store_pin *pin = pins_find(s, off);
	struct store_pins *p = &s->pins;
	uint32_t size;

	*passed = false;
	if (!pin)
		return 0;
	p->views--;
	if (--pin->views)
		return 0;
	*passed = pin->passed;
	size = pin->size;
	if (size) {
		p->dead--;
		p->dead_bytes -= size;
	}
	p->count--;
	memmove(pin, pin + 1, (size_t)(p->pins + p->count - pin) * sizeof(*pin));
	return size;
}

bool pins_pass(struct store *s, uint32_t off)
{
	struct store_pin *pin;

	if (!pins_on(s, off))
		return false;
	pin = pins_find(s, off);
	if (pin)
		pin->passed = true;
	return true;
}

void pins_free(struct store *s)
{
	free(s->pins.pins);
	s->pins = (struct store_pins){0};
}
