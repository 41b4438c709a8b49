/* SPDX-License-Identifier: MIT */
/*
 * Random sequences of memblock calls against a map with one byte per granule.
 *
 * The window of the map is 4096 pages, or 4096 bytes, at the bottom, in the middle or at the top of
 * the address space; the arrays have 4 to 16 entries and stay as they are, so that they are full
 * most of the time. In test_memblock_grow.c they grow.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/memblock_model.h"
#include "tests/unit/memblock_sequence.h"

static void choose_stage(void)
{
	struct stage *s = &model.stage;
	phys_addr_t window;

	s->granule = below(3) ? PAGE_SHIFT : 0;
	window = (phys_addr_t)GRANULES << s->granule;
	s->memory_max = 4 + below(13);
	s->reserved_max = 4 + below(13);
	s->at_top = false;
	switch (below(3)) {
	case 0: /* in bytes: half of it page 0 */
		s->origin = s->granule ? 0 : PAGE_SIZE / 2;
		break;
	case 1:
		s->origin = 0x60000000;
		break;
	default:
		s->origin = (phys_addr_t)(0 - window);
		s->at_top = true;
	}
}

static void random_calls(void **state)
{
	(void)state;
	play_random("random", 1000000, choose_stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_calls),
	};

	return cmocka_run_group_tests_name("memblock random", tests, NULL, NULL);
}
