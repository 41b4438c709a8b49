/* SPDX-License-Identifier: MIT */
/* What the tests of snapshots share: a store, chips with two slots, and what a store holds. */
#ifndef CAIRN_TESTS_SNAPSHOT_TEST_H
#define CAIRN_TESTS_SNAPSHOT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/crc32c.h"
#include "store/snapshot.h"
#include "tests/unit/cfi_sim.h"
#include "tests/unit/walker.h"

#define UNUSED __attribute__((unused))
#define REGION 8192U
#define LARGE 16384U
#define BLOCK 2048U
#define SLOT (10U * BLOCK)
#define SLOT_A (2U * BLOCK)
#define SLOT_B (SLOT_A + SLOT)
#define DATA 4096U /* in a slot */

static const struct sim_geometry small_chips = {
	.command_set = 1,
	.power = 15,
	.buffer = 7,
	.locks = true,
	.region_count = 1,
	.regions = {{32, BLOCK / 2}},
};

static struct cfi_flash chips;
static struct snapshots snapshots;
static struct store store;
static uint8_t region[LARGE] __attribute__((aligned(STORE_REGION_ALIGN)));
static struct store_config config = {.media = {.base = region, .size = REGION}};

/* The driver as after a boot, with the partitions as the tree has them. */
static inline void boot_flash(void)
{
	sim_power_on();
	assert_int_equal(cfi_flash_probe(&chips, SIM_BASE, SIM_ROOM), 0);
	chips.flash.partitions[0] = (struct flash_partition){"store-a", SLOT_A, SLOT};
	chips.flash.partitions[1] = (struct flash_partition){"store-b", SLOT_B, SLOT};
	chips.flash.partition_count = 2;
	assert_int_equal(snapshots_find(&snapshots, &chips.flash), 0);
}

static inline void put(const char *key, const char *value)
{
	assert_int_equal(store_put(&store, key, (uint32_t)strlen(key), value,
				   (uint32_t)strlen(value), NULL, 0, STORE_NEVER),
			 0);
}

/* A new store with two entries. */
static inline int new_store(void **state UNUSED)
{
	store_close(&store);
	config.media.size = REGION;
	memset(region, 0, sizeof(region));
	assert_int_equal(store_format(&config.media, 7), 0);
	assert_int_equal(store_open(&store, &config), 0);
	put("first", "value 1");
	put("second", "value 2");
	sim_start(&small_chips);
	boot_flash();
	return 0;
}

static inline int close_store(void **state UNUSED)
{
	store_close(&store);
	return 0;
}

static inline int add_entry(void *ctx, const struct store_view *view)
{
	uint32_t *sum = ctx;

	*sum += crc32c(crc32c(view->key_len, view->key, view->key_len), view->data, view->data_len);
	return 0;
}

/* A number that tells what the open store holds. */
static inline uint32_t contents(void)
{
	uint32_t sum = 0;

	assert_int_equal(store_iterate(&store, add_entry, &sum), 0);
	return sum;
}

static inline void save(uint32_t number, uint32_t slot)
{
	struct snapshot made;

	assert_int_equal(snapshot_save(&snapshots, &store, 1234, &made), 0);
	assert_int_equal(made.number, number);
	assert_int_equal(made.slot->off, slot);
	assert_true(sim_readable());
}

/* What the power leaves of RAM. */
static inline void fill_with_noise(uint32_t seed)
{
	for (size_t i = 0; i < sizeof(region); i++)
		region[i] = (uint8_t)((seed = seed * 1103515245U + 12345U) >> 16);
}

/* Loads the newest snapshot, saved at that time, into what is left of the region, and opens it. */
static inline void load_saved_at(uint32_t number, int64_t saved)
{
	static struct walker walker;
	const struct snapshot *newest = snapshots_look(&snapshots);

	assert_non_null(newest);
	assert_int_equal(newest->number, number);
	assert_int_equal(newest->saved, saved);
	store_close(&store);
	assert_int_equal(snapshot_load(&snapshots, newest, &config.media), 0);
	assert_int_equal(store_open(&store, &config), 0);
	if (!walker_walk(&walker, region, newest->region))
		fail_msg("at 0x%x: %s", walker.error_off, walker.error);
}

/* The same of one by save(). */
static inline void load_newest(uint32_t number)
{
	load_saved_at(number, 1234);
}

#endif
