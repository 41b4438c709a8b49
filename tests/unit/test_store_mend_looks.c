/* SPDX-License-Identifier: MIT */
/* What damage in many places costs: the looks of store/mend.c at tags, counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "store/slot.h"

static uint64_t looks;

#define slot_tag_before(s, end) (looks++, slot_tag_before(s, end))
#include "store/mend.c"

#define REGION MIB(4)
#define VALUE 1000U

static uint8_t region[REGION] __attribute__((aligned(STORE_REGION_ALIGN)));
static struct store store;

/* As many records as there is room for; how many. */
static uint32_t fill(void)
{
	static uint8_t value[VALUE];
	uint32_t count = 0;

	while (!store_put(&store, &count, sizeof(count), value, sizeof(value), NULL, 0,
			  STORE_NEVER))
		count++;
	return count;
}

/* Hits tag and key of the slot at OFF, and makes its value as long as half of what follows. */
static uint32_t hit(uint32_t off)
{
	uint32_t size = be32_load(region + off + HDR_SIZE);

	be32_store(region + off + HDR_DATALEN, (store.end - off) / 2);
	be32_store(region + off + HDR_BYTES, UINT32_MAX);
	be32_store(region + off + size - TRL_TAG, 0);
	return size;
}

/* A length that was hit leads through the rest of the chain in the search for the slot's end. So
 * many of them do not, each: a region of which much was lost holds up no boot. */
static void test_lengths_that_were_hit(void **state)
{
	struct store_config config = {.media = {.base = region, .size = sizeof(region)}};
	uint32_t records, off = CHAIN_START;

	(void)state;
	assert_int_equal(store_format(&config.media, 1234), 0);
	assert_int_equal(store_open(&store, &config), 0);
	records = fill();
	for (uint32_t i = 0; i < records; i++)
		off += i % 2 ? hit(off) : be32_load(region + off + HDR_SIZE);
	store_close(&store);

	assert_int_equal(store_open(&store, &config), 0);
	assert_int_equal(store_size(&store), (records + 1) / 2);
	assert_in_range(looks, records, sizeof(region));
	store_close(&store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths_that_were_hit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
