/* SPDX-License-Identifier: MIT */
/*
 * What the tables map of random memory, devices, boot data, a store and an image, page by page
 * against an array that is filled by the rules in boot/map.h and nothing else.
 */
#include "boot/map.h"
#include "tests/unit/boot_test.h"

#define ROUNDS 400U
#define PAGES 2048U /* of the window in which all of it lies */
#define BASE 0x60000000U
#define LEAVES 64U
#define SOME 6U

static uint32_t tables[PGTABLE_BYTES(LEAVES) / 4];
static uint8_t model[PAGES];
static struct map_range image[SOME];
static struct map map;

/* A range in the window; whole pages, or any bytes, or whole sections. */
static struct map_range random_range(uint32_t grain, uint32_t most)
{
	uint32_t first = random_below(PAGES * 4096 / grain), room = PAGES * 4096 / grain - first;
	uint32_t count = 1 + random_below(most / grain);

	return (struct map_range){.base = BASE + first * grain,
				  .size = (count < room ? count : room) * grain};
}

/* The pages that hold a byte of R become ATTR. */
static void model_range(const struct map_range *r, uint8_t attr)
{
	for (uint32_t p = 0; p < PAGES; p++) {
		uint32_t page = BASE + p * 4096U;

		if (r->size && r->base < page + 4096 && page < r->base + r->size)
			model[p] = attr;
	}
}

static void random_memory(void)
{
	for (unsigned i = 0; i < 1 + random_below(SOME); i++) {
		struct map_range r = random_range(random_below(2) ? 4096 : 16, MIB(3));

		memblock_add(r.base, r.size);
	}
	for (unsigned i = 0; i < random_below(4); i++) {
		struct map_range r = random_range(random_below(2) ? 4096 : 16, MIB(1));

		memblock_mark_nomap(r.base, r.size);
	}
}

static void model_memory(void)
{
	const struct memblock_region *r;

	for_each_mem_region (r) {
		struct map_range range = {.base = (uint32_t)r->base, .size = (uint32_t)r->size};

		if (!(r->flags & MEMBLOCK_NOMAP))
			model_range(&range, PGTABLE_RAM);
	}
}

static void random_map(void)
{
	const enum pgtable_attr attrs[] = {PGTABLE_TEXT, PGTABLE_CONST, PGTABLE_RAM,
					   PGTABLE_UNCACHED, PGTABLE_FAULT};
	struct map_range tree = random_range(16, 65536);
	struct map_range region = random_range(random_below(2) ? MIB(1) : 4096, MIB(2));
	uint32_t at = BASE + 0x10000;

	memset(&map, 0, sizeof(map));
	map.boot = &boot;
	map.device_count = random_below(SOME);
	for (unsigned i = 0; i < map.device_count; i++)
		map.devices[i] = random_range(16, 8192);
	boot.fdt_base = tree.base;
	boot.fdt_size = random_below(3) ? tree.size : 0;
	boot.store_place = random_below(4) ? STORE_PLACE_DEFAULT : STORE_PLACE_NONE;
	boot.store_base = region.base;
	boot.store_size = region.size;
	map.image = image;
	map.image_count = random_below(SOME);
	for (unsigned i = 0; i < map.image_count; i++) {
		image[i] = (struct map_range){at, 4096 * (1 + random_below(200)),
					      attrs[random_below(ARRAY_SIZE(attrs))]};
		at += image[i].size;
	}
}

static void model_map(void)
{
	struct map_range tree = {.base = (uint32_t)boot.fdt_base, .size = boot.fdt_size};
	struct map_range region = {.base = (uint32_t)boot.store_base,
				   .size = (uint32_t)boot.store_size};
	bool whole = (region.base | region.size) % MIB(1) == 0;

	memset(model, PGTABLE_FAULT, sizeof(model));
	for (unsigned i = 0; i < map.device_count; i++)
		model_range(&map.devices[i], PGTABLE_DEVICE);
	model_memory();
	model_range(&tree, PGTABLE_RAM);
	if (boot.store_place != STORE_PLACE_NONE)
		model_range(&region, whole ? PGTABLE_GUARDED : PGTABLE_RAM);
	for (unsigned i = 0; i < map.image_count; i++) {
		for (uint32_t p = 0; whole && p < PAGES; p++) /* an image in a guarded section */
			if (image[i].base / MIB(1) <= (BASE + p * 4096) / MIB(1) &&
			    (image[i].base + image[i].size - 1) / MIB(1) >=
				    (BASE + p * 4096) / MIB(1) &&
			    model[p] == PGTABLE_GUARDED)
				model[p] = PGTABLE_CONST;
		model_range(&image[i], image[i].attr);
	}
}

static void test_random_maps(void **state)
{
	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct pgtable pt;

		boot_test_again();
		random_memory();
		random_map();
		assert_true(map_leaves(&map) <= LEAVES);
		pgtable_init(&pt, tables, 0x9fff0000, map_leaves(&map));
		assert_int_equal(map_build(&pt, &map), 0);
		model_map();
		for (uint32_t p = 0; p < PAGES; p++)
			if (pgtable_attr(&pt, BASE + p * 4096) != model[p])
				fail_msg("round %u: 0x%08x is %d, expected %d", round,
					 BASE + p * 4096, pgtable_attr(&pt, BASE + p * 4096),
					 model[p]);
	}
}

/* Page 0 is a fault even if it is memory, and the last page is mapped. */
static void test_ends_of_the_space(void **state)
{
	struct pgtable pt;

	(void)state;
	memset(&map, 0, sizeof(map));
	map.boot = &boot;
	boot.store_place = STORE_PLACE_NONE;
	memblock_add(0, MIB(1));
	memblock_add(0xffe00000, 0x1ff000);
	pgtable_init(&pt, tables, 0x9fff0000, map_leaves(&map));
	assert_int_equal(map_build(&pt, &map), 0);
	assert_int_equal(pgtable_attr(&pt, 0), PGTABLE_FAULT);
	assert_int_equal(pgtable_attr(&pt, 4096), PGTABLE_RAM);
	assert_int_equal(pgtable_attr(&pt, 0xffffe000), PGTABLE_RAM);
	assert_int_equal(pgtable_attr(&pt, 0xfffff000), PGTABLE_FAULT);
	assert_int_equal(map_device(&pt, &(struct map_range){.base = 0xfffff800, .size = 0x800}),
			 0);
	assert_int_equal(pgtable_attr(&pt, 0xffffffff), PGTABLE_DEVICE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOOT_TEST(test_random_maps),
		BOOT_TEST(test_ends_of_the_space),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
