/* SPDX-License-Identifier: MIT */
/*
 * Where an image may be entered: every place in a small memory against a map of it, with random
 * reservations of the tree and of Cairn; then each refusal, and the command line.
 */
#include "boot/handover.h"

#include <errno.h>
#include <sys/mman.h>

#include "boot/params_later.h"
#include "lib/clock.h"
#include "mm/loaded.h"
#include "mm/task.h"
#include "tests/unit/boot_test.h"

#define START 0x60000000U
#define GRAIN 0x10000U /* places and ranges are multiples */
#define GRAINS 512U    /* of memory */
#define ROUNDS 150U
#define TREE_ROOM 0x3000U
#define IMAGE_SIZE 0x2f000U
#define KERNEL_SIZE 0xa3000U
#define TABLE 0x100U
#define SIZE_AT 0x200U

static struct handover plan;
static char args[CMDLINE_MAX];
static uint8_t image[IMAGE_SIZE];

static void put(uint32_t at, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		image[at + i] = (uint8_t)(v >> 8 * i);
}

/* An image that unpacks KERNEL_SIZE bytes to OFFSET. */
static void make_image(uint32_t offset)
{
	const uint32_t table[] = {6, 0x5a534c4b, SIZE_AT, 0x1000, offset, 0x10000, 0};

	put(0x24, 0x016f2818);
	put(0x2c, IMAGE_SIZE);
	put(0x34, 0x45454545);
	put(0x38, TABLE);
	for (unsigned i = 0; i < ARRAY_SIZE(table); i++)
		put(TABLE + 4 * i, table[i]);
	put(SIZE_AT, KERNEL_SIZE);
}

static int plan_at(phys_addr_t at)
{
	plan.why[0] = '\0';
	return handover_plan(&plan, &boot, at, image, TREE_ROOM);
}

/* Memory of 32 MiB with Cairn in it. */
static void some_memory(void)
{
	tree_new(1, 1);
	MEMORY("/memory", START, GRAINS * GRAIN);
	make_image(0x8000);
}

/* What the tree asked for is there; what comes now is Cairn's own. */
static void own_begins(void)
{
	boot.asked_count = boot.named_count;
}

/* The last sentence, with addresses as the board shows them in either build. */
static void assert_why(const char *why)
{
	char *wide;

	while (WIDE && (wide = strstr(plan.why, "0x00000000")))
		memmove(wide + 2, wide + 10, strlen(wide + 10) + 1);
	assert_string_equal(plan.why, why);
}

static void assert_refused(phys_addr_t at, const char *why)
{
	assert_int_not_equal(plan_at(at), 0);
	assert_why(why);
}

/* ---- every place ---------------------------------------------------------------------------- */

enum { MEMORY_BIT = 1, NEEDED = 2, OWN = 4 };

static uint8_t map[GRAINS];

static void paint(uint64_t base, uint64_t size, uint8_t bits)
{
	for (uint64_t at = base; at < base + size; at += GRAIN)
		map[(at - START) / GRAIN] |= bits;
}

/* Bits that any, or all, of the bytes in [base, end) have; what is outside has none. */
static uint8_t painted(uint64_t base, uint64_t end, bool all)
{
	uint8_t bits = all ? 0xff : 0;

	for (uint64_t at = ROUND_DOWN(base, GRAIN); at < end; at += GRAIN) {
		bool inside = at >= START && at < START + (uint64_t)GRAINS * GRAIN;
		uint8_t here = inside ? map[(at - START) / GRAIN] : 0;

		bits = all ? bits & here : bits | here;
	}
	return bits;
}

static bool zone_is_good(unsigned i)
{
	const struct zimage_zone *z = &plan.zones[i];
	uint8_t bad = i == ZIMAGE_FILE ? NEEDED | OWN : NEEDED;

	return z->base == z->end || ((painted(z->base, z->end, true) & MEMORY_BIT) &&
				     !(painted(z->base, z->end, false) & bad));
}

static void check_tree_place(void)
{
	uint64_t base = plan.tree, end = base + TREE_ROOM;

	assert_int_equal(base % 4096, 0);
	assert_int_equal(painted(base, end, true), MEMORY_BIT);
	for (unsigned i = 0; i < ZIMAGE_ZONES; i++)
		assert_true(end <= plan.zones[i].base || plan.zones[i].end <= base);
}

/* A range of memory in which nothing is yet. */
static bool random_range(uint64_t *base, uint64_t *size)
{
	uint32_t first = random_below(GRAINS), count = 1 + random_below(24);

	*base = START + (uint64_t)first * GRAIN;
	*size = (uint64_t)count * GRAIN;
	return first + count <= GRAINS && painted(*base, *base + *size, false) == MEMORY_BIT;
}

static void random_reservations(void)
{
	uint64_t base, size;

	memset(map, MEMORY_BIT, sizeof(map));
	paint(boot.image_base, boot.image_size, OWN);
	for (unsigned i = 0; i < random_below(6); i++) {
		if (!random_range(&base, &size))
			continue;
		if (random_below(2)) {
			boot_reserve(&boot, (phys_addr_t)base, (phys_addr_t)size, "initrd");
		} else {
			memblock_mark_nomap((phys_addr_t)base, (phys_addr_t)size);
			boot_note(&boot, (phys_addr_t)base, (phys_addr_t)size, "node", true);
		}
		paint(base, size, NEEDED);
	}
	own_begins();
	for (unsigned i = 0; i < random_below(3); i++) {
		if (!random_range(&base, &size))
			continue;
		boot_reserve(&boot, (phys_addr_t)base, (phys_addr_t)size, "heap");
		paint(base, size, OWN);
	}
}

static void test_every_place(void **state)
{
	unsigned good = 0, refused = 0;

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		boot_test_again();
		some_memory();
		make_image(random_below(2) ? 0x8000 : 0x208000);
		boot_scan_and_reserve("");
		random_reservations();
		for (phys_addr_t at = START; at < START + GRAINS * GRAIN; at += GRAIN) {
			int err = plan_at(at);
			bool all_good = true;

			if (!(painted(at, at + 1, false) & MEMORY_BIT))
				continue;
			zimage_zones(&plan.image, START, plan.zones);
			for (unsigned i = 0; i < ZIMAGE_ZONES; i++)
				all_good &= zone_is_good(i);
			if (!err)
				check_tree_place();
			/* There is nearly always room for a tree. */
			if (err && all_good)
				assert_non_null(strstr(plan.why, "the device tree: no "));
			else
				assert_int_equal(!err, all_good);
			good += !err;
			refused += !!err;
		}
	}
	printf("boot: an image at %u places, refused at %u\n", good, refused);
	assert_true(good > 1000 && refused > 1000);
}

/* ---- one by one ------------------------------------------------------------------------------ */

static void test_refusals(void **state)
{
	(void)state;
	some_memory();
	boot_scan_and_reserve("initrd=0x61000000,0x1234");
	memblock_mark_nomap(0x60800000, 0x100000);
	boot_note(&boot, 0x60800000, 0x100000, "store", true);
	own_begins();
	boot_reserve(&boot, 0x61f00000, 0x100000, "heap");
	memblock_reserve(0x61e00000, 0x1000);

	assert_refused(0x5fff0000, "0x5fff0000: no memory, or not to be mapped");
	assert_refused(0x60800000, "0x60800000: no memory, or not to be mapped");
	assert_refused(0x60200004, "0x60200004: a multiple of 8 was expected");
	assert_refused(0x607f0000, "0x607f0000: the zImage is cut off");
	assert_refused(0x60ff0000, "the zImage, 0x60ff0000-0x6101efff, overlaps initrd");
	assert_refused(0x60020000, "the zImage, 0x60020000-0x6004efff, overlaps image");
	assert_refused(0x61ef0000, "the zImage, 0x61ef0000-0x61f1efff, overlaps heap");
	assert_refused(0x61dff000,
		       "the zImage, 0x61dff000-0x61e2dfff, overlaps something reserved");
	assert_refused(0x61ffff00, "0x61ffff00: the zImage is cut off");
	make_image(0x208000);
	put(SIZE_AT, 0x600000);
	assert_refused(0x61800000, "the kernel that it unpacks, 0x60203000-0x60808fff, overlaps "
				   "what is no memory");
	put(SIZE_AT, 0xbd0000);
	put(0x24, 0);
	assert_refused(0x61800000, "0x61800000: there is no zImage");
	assert_int_equal(plan_at(0x61800000), -EINVAL);
}

/* Over the memory of Cairn the kernel may come, not the image itself. */
static void test_over_cairn(void **state)
{
	(void)state;
	some_memory();
	boot_scan_and_reserve("");
	own_begins();
	boot_reserve(&boot, 0x60110000, 0x10000, "heap");
	assert_int_equal(plan_at(0x61000000), 0);
	assert_int_equal(plan.ram, START);
	assert_true(plan.zones[ZIMAGE_KERNEL].base < LOAD);
	/* But not over what the tree has there. */
	boot_test_again();
	some_memory();
	tree_memreserve(LOAD, 0x1000);
	boot_scan_and_reserve("");
	own_begins();
	assert_refused(0x61000000,
		       "the kernel that it unpacks, 0x60003000-0x600abfff, overlaps memreserve");
}

static void test_initrd_that_cannot_be(void **state)
{
	(void)state;
	some_memory();
	boot_scan_and_reserve("initrd=0x10000000,0x1000");
	own_begins();
	assert_refused(0x61000000, "the initrd that was named could not be used: see the log");
}

/* Beyond the first 128 MiB it takes that for the start of RAM, if there is memory. */
static void test_start_of_ram(void **state)
{
	(void)state;
	tree_new(1, 1);
	MEMORY("/memory", 0x60100000, 0xff00000, 0x70000000, 0x10000000);
	make_image(0x8000);
	boot_scan_and_reserve("");
	own_begins();
	assert_int_equal(plan_at(0x61000000), 0);
	assert_int_equal(plan.ram, 0x60200000);
	assert_int_equal(plan_at(0x69000000), 0);
	assert_int_equal(plan.ram, 0x68000000);
	assert_int_equal(plan_at(0x71000000), 0);
	assert_int_equal(plan.ram, 0x70000000);
	assert_true(plan.tree > 0x70000000);
}

static void test_room_for_the_tree(void **state)
{
	(void)state;
	some_memory();
	boot_scan_and_reserve("");
	own_begins();
	assert_int_equal(handover_plan(&plan, &boot, 0x61000000, image, 0x180000), 0);
	assert_int_equal(plan.tree % 0x100000, 0);
	assert_int_not_equal(handover_plan(&plan, &boot, 0x61000000, image, 0x200001), 0);
	assert_why("the device tree: no 2097153 bytes are free within "
		   "256 MiB from 0x60000000");
	boot_reserve(&boot, 0x60200000, 0xe00000, "initrd");
	boot_reserve(&boot, 0x61100000, 0xf00000, "initrd");
	assert_int_not_equal(handover_plan(&plan, &boot, 0x61000000, image, 0xf1000), 0);
	assert_why("the device tree: no 987136 bytes are free within "
		   "256 MiB from 0x60000000");
}

/* When not all reservations have names, each may be needed. */
static void test_more_than_have_names(void **state)
{
	(void)state;
	some_memory();
	for (unsigned i = 0; i < BOOT_NAMED_MAX; i++)
		tree_memreserve(0x61f00000 + i * 0x2000, 0x1000);
	boot_scan_and_reserve("");
	own_begins();
	assert_refused(0x61000000, "the kernel that it unpacks, 0x60003000-0x600abfff, overlaps "
				   "something reserved");
}

static uint32_t core0(void)
{
	return 0;
}

/* An image that was loaded is held for it; somebody else's memory next to it is not. */
static void test_image_that_was_loaded(void **state)
{
	static const struct task_env tasks = {.self = core0, .patience_ns = NS_PER_MS};
	void *const memory = (void *)(uintptr_t)0x61000000;

	(void)state;
	assert_ptr_equal(mmap(memory, PAGE_SIZE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0),
			 memory);
	tasks_start(&tasks);
	some_memory();
	boot_scan_and_reserve("");
	own_begins();
	assert_int_equal(memblock_reserve(0x61000000, IMAGE_SIZE), 0);
	assert_refused(0x61000000,
		       "the zImage, 0x61000000-0x6102efff, overlaps something reserved");
	assert_int_equal(loaded_keep(0x61000000, IMAGE_SIZE), 0);
	assert_int_equal(plan_at(0x61000000), 0);
	assert_int_equal(memblock_reserve(0x6102f000, 0x1000), 0);
	assert_int_equal(plan_at(0x61000000), 0);
	assert_refused(0x61001000,
		       "the zImage, 0x61001000-0x6102ffff, overlaps something reserved");
	assert_int_equal(loaded_drop(), 0);
	assert_int_equal(munmap(memory, PAGE_SIZE), 0);
}

/* ---- the command line ----------------------------------------------------------------------- */

static void test_args(void **state)
{
	char text[CMDLINE_MAX + 1];

	(void)state;
	strcpy(boot.cmdline, "a cairn.x cairn.init=\"b; c\" d=\"e f\"  cairn_g -- cairn.h  i");
	assert_int_equal(handover_args(&plan, &boot, NULL, 0, args), 0);
	assert_string_equal(args, "a d=\"e f\" cairn_g -- cairn.h  i");
	assert_int_equal(handover_args(&plan, &boot, "cairn.x y\nz", 9, args), 0);
	assert_string_equal(args, "cairn.x y");
	assert_int_equal(handover_args(&plan, &boot, "", 0, args), 0);
	assert_string_equal(args, "");
	assert_int_not_equal(handover_args(&plan, &boot, "y\nz", 3, args), 0);
	assert_why("the entry boot/args is no text");
	assert_int_not_equal(handover_args(&plan, &boot, "y\x7fz", 3, args), 0);
	assert_int_not_equal(handover_args(&plan, &boot, "y\xe4z", 3, args), 0);
	assert_int_equal(handover_args(&plan, &boot, " ~", 2, args), 0);
	memset(text, 'x', sizeof(text));
	assert_int_equal(handover_args(&plan, &boot, text, CMDLINE_MAX - 1, args), 0);
	assert_int_equal(strlen(args), CMDLINE_MAX - 1);
	assert_int_not_equal(handover_args(&plan, &boot, text, CMDLINE_MAX, args), 0);
	assert_why("the entry boot/args has 1024 bytes, at most 1023 were expected");
}

/* A copy of what is in flash: high in the first 128 MiB, or anywhere. */
static void test_place_for_a_copy(void **state)
{
	phys_addr_t at;

	(void)state;
	tree_new(1, 1);
	MEMORY("/memory", 0x60000000, 0x20000000);
	make_image(0x8000);
	boot_scan_and_reserve("");
	own_begins();
	at = handover_place(&plan, image, IMAGE_SIZE);
	assert_int_equal(at % 0x10000, 0);
	assert_true(at + IMAGE_SIZE <= 0x68000000 && at + IMAGE_SIZE > 0x67f00000);
	assert_int_equal(plan_at(at), 0);
	assert_int_equal(plan.ram, START);
	boot_reserve(&boot, 0x60110000, 0x7ef0000, "initrd");
	at = handover_place(&plan, image, IMAGE_SIZE);
	assert_true(at > 0x7ff00000);
	assert_int_equal(handover_place(&plan, image, IMAGE_SIZE - 1), 0);
	assert_why("flash: the zImage is cut off");
	boot_reserve(&boot, 0x68000000, 0x18000000, "initrd");
	assert_int_equal(handover_place(&plan, image, IMAGE_SIZE), 0);
	assert_why("flash: no memory is free for it");
	memset(image, 0xff, ZIMAGE_HEADER);
	assert_int_equal(handover_place(&plan, image, IMAGE_SIZE), 0);
	assert_why("flash: there is no zImage");
}

static void test_params(void **state)
{
	struct payload_place place;

	(void)state;
	boot_params("");
	assert_int_equal(boot.payload.kind, PAYLOAD_NONE);
	assert_int_equal(boot.payload_delay, 3);
	boot_params("cairn.boot=0x62000000 cairn.bootdelay=0");
	assert_int_equal(boot.payload.kind, PAYLOAD_AT);
	assert_int_equal(boot.payload.at, 0x62000000);
	assert_int_equal(boot.payload_delay, 0);
	assert_quiet();
	boot_test_again();
	boot_params("cairn.boot cairn.boot=x cairn.bootdelay cairn.bootdelay=3601 "
		    "cairn.bootdelay=1s");
	assert_int_equal(boot.payload.kind, PAYLOAD_NONE);
	assert_int_equal(boot.payload_delay, 3);
	assert_said("cairn.boot=: expected an address, or flash: ignored");
	assert_said("cairn.boot=x: expected an address, or flash: ignored");
	assert_said("cairn.bootdelay=: expected seconds from 0 to 3600: ignored");
	assert_said("cairn.bootdelay=3601: expected seconds from 0 to 3600: ignored");
	assert_said("cairn.bootdelay=1s: expected seconds from 0 to 3600: ignored");
	assert_true(params_payload("flash", &place));
	assert_int_equal(place.kind, PAYLOAD_FLASH);
	assert_true(params_payload("98M", &place));
	assert_int_equal(place.at, 98 << 20);
	assert_false(params_payload("1 ", &place));
	assert_false(params_payload("0x1000000000000000", &place) && !WIDE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOOT_TEST(test_every_place),
		BOOT_TEST(test_refusals),
		BOOT_TEST(test_over_cairn),
		BOOT_TEST(test_initrd_that_cannot_be),
		BOOT_TEST(test_start_of_ram),
		BOOT_TEST(test_room_for_the_tree),
		BOOT_TEST(test_more_than_have_names),
		BOOT_TEST(test_image_that_was_loaded),
		BOOT_TEST(test_args),
		BOOT_TEST(test_params),
		BOOT_TEST(test_place_for_a_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
