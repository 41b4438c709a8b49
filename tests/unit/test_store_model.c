/* SPDX-License-Identifier: MIT */
/*
 * The store against a plain array, with a walk over all bytes after each operation.
 *
 * STORE_SEED and STORE_OPS (or two arguments) choose the first seed and the number of operations.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/store_test_sequence.h"

#define SEQUENCE 2000U

static uint64_t first_seed = 1;
static uint64_t total_ops = 200000;

static void run_sequence(uint64_t seed, uint32_t count)
{
	static const uint32_t pages[] = {2, 2, 2, 2, 3, 4, 4, 6, 8, 16};
	struct rng r = rng_seeded(~seed);
	struct ops ops = {
		.seed = seed,
		.region_size = pages[rng_below(&r, ARRAY_SIZE(pages))] * 4096U,
		.hooks = rng_below(&r, 4) != 0,
		.unchecked = rng_below(&r, 6) == 0,
		.shared = rng_below(&r, 3) == 0,
		.count = count,
		.op = malloc(count * sizeof(struct op)),
		.said = shared_memory(OPS_SAID),
	};
	const char *end;

	for (uint32_t i = 0; i < count; i++)
		ops.op[i] = ops_draw(&r);
	end = in_child(ops_run, &ops, 120, false);
	if (*end != '\0') {
		print_error("STORE_SEED=%llu STORE_OPS=%u: %s; %s\n", (unsigned long long)seed,
			    count, ops.said, end);
		ops_shrink(&ops, end);
		end = in_child(ops_run, &ops, 120, false);
		print_error("shrunk: %s; %s\n", ops.said, end);
		ops_print(&ops);
	}
	munmap(ops.said, OPS_SAID);
	free(ops.op);
	assert_string_equal(end, "");
}

static void test_random_sequences(void **state)
{
	uint64_t left = total_ops, seed = first_seed;

	(void)state;
	print_message("seeds from %llu\n", (unsigned long long)seed);
	for (; left > 0; seed++) {
		uint32_t count = left < SEQUENCE ? (uint32_t)left : SEQUENCE;

		run_sequence(seed, count);
		left -= count;
	}
	print_message("figure store_model_operations %llu operations\n",
		      (unsigned long long)total_ops);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_sequences),
	};

	first_seed = argc > 1 ? strtoull(argv[1], NULL, 0) : env_number("STORE_SEED", first_seed);
	total_ops = argc > 2 ? strtoull(argv[2], NULL, 0) : env_number("STORE_OPS", total_ops);
	return cmocka_run_group_tests_name("store model", tests, NULL, NULL);
}
