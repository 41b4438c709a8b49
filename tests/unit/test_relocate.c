/* SPDX-License-Identifier: MIT */
/*
 * Where the image and its boot data go before they can run: in memory that really lies at the
 * board's addresses, every page for the image with every page for what the loader hands over.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>
#include <libfdt.h>

#include "boot/relocate.h"
#include "boot/tree_scan.h"

#define UNUSED __attribute__((unused))
#define RAM 0x60000000U
#define RAM_SIZE 0x70000U
#define LINK (RAM + 0x10000)
#define FILE_SIZE 0x8ff8U
#define IMAGE_SIZE 0x14000U
#define PAGES 48U /* from the start of RAM on are tried, for everything */
#define BLOB_MAX 0x20000U
#define LIST_MAX 16384U  /* bytes of ATAGs */
#define EDGE 0x68000000U /* behind this address nothing is mapped */

static uint8_t noise[RAM_SIZE];  /* each word is another one */
static uint8_t before[RAM_SIZE]; /* memory as the loader leaves it */
static uint64_t rng = 88172645463325252ULL;

static uint8_t *at(uint32_t address)
{
	return (uint8_t *)(uintptr_t)address;
}

static uint32_t below(uint32_t n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (uint32_t)(rng >> 32) % n;
}

static int map_ram(void **state UNUSED)
{
	const int how = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
	uint32_t starts[] = {RAM, EDGE - RAM_SIZE};

	for (unsigned i = 0; i < ARRAY_SIZE(starts); i++) {
		void *ram = mmap(at(starts[i]), RAM_SIZE, PROT_READ | PROT_WRITE, how, -1, 0);

		assert_ptr_equal(ram, at(starts[i]));
	}
	for (uint32_t i = 0; i < RAM_SIZE; i += 4) {
		uint32_t word = (RAM + i) * 2654435761U;

		memcpy(noise + i, &word, 4);
	}
	return 0;
}

/* ---- what a loader hands over ---------------------------------------------------------------- */

/* A tree of SIZE bytes, or of what it needs if that is more, that names what it is given. */
static uint32_t make_tree(void *to, uint32_t size, struct tree_range initrd)
{
	static char room[BLOB_MAX];

	assert_int_equal(fdt_create(room, sizeof(room)), 0);
	fdt_finish_reservemap(room);
	fdt_begin_node(room, "");
	fdt_property_u32(room, "#address-cells", 1);
	fdt_property_u32(room, "#size-cells", 1);
	fdt_begin_node(room, "reserved-memory");
	fdt_begin_node(room, "later");
	fdt_property_u32(room, "size", 4096);
	fdt_end_node(room);
	fdt_end_node(room);
	fdt_begin_node(room, "chosen");
	fdt_property_string(room, "linux,initrd", "not this one");
	if (initrd.size) {
		fdt_property_u32(room, "linux,initrd-start", initrd.base);
		fdt_property_u64(room, "linux,initrd-end", (uint64_t)initrd.base + initrd.size);
	}
	fdt_end_node(room);
	fdt_end_node(room);
	assert_int_equal(fdt_finish(room), 0);
	if (size > fdt_totalsize(room))
		assert_int_equal(fdt_open_into(room, room, (int)size), 0);
	memcpy(to, room, fdt_totalsize(room));
	return fdt_totalsize(room);
}

static uint32_t make_atags(void *to, uint32_t size, struct tree_range initrd)
{
	const uint32_t head[] = {2, 0x54410001, 4, 0x54420005, initrd.base, initrd.size};
	const uint32_t text[] = {size / 4 - 8, 0x54410009};

	memset(to, 0x55, size);
	memcpy(to, head, sizeof(head));
	memcpy((char *)to + sizeof(head), text, sizeof(text));
	memset((char *)to + size - 8, 0, 8);
	return size;
}

/* ---- one load -------------------------------------------------------------------------------- */

enum kind { NOTHING, TREE, ATAGS };

/* What lies where. The sizes of the two blobs are filled in. */
struct load {
	struct relocation r;
	enum kind kind;
	struct tree_range appended, handed, initrd;
};

static bool apart(const struct tree_range *a, const struct tree_range *b)
{
	return !a->size || !b->size || a->base + a->size <= b->base || b->base + b->size <= a->base;
}

static bool in_ram(const struct tree_range *r)
{
	return !r->size || (r->base >= RAM && r->base + r->size <= RAM + RAM_SIZE);
}

/* Lays out the load in memory; false: a loader could not have done that. */
static bool lay_out(struct load *l)
{
	static char tree[BLOB_MAX], handed[BLOB_MAX];
	struct tree_range image = {l->r.load, FILE_SIZE};
	const struct tree_range *all[] = {&image, &l->appended, &l->handed, &l->initrd};

	l->r = (struct relocation){.load = l->r.load,
				   .link = LINK,
				   .file_size = FILE_SIZE,
				   .image_size = IMAGE_SIZE,
				   .ram_start = RAM};
	l->appended.base = l->r.load + FILE_SIZE;
	if (l->appended.size)
		l->appended.size = make_tree(tree, l->appended.size, l->initrd);
	if (l->kind == TREE)
		l->handed.size = make_tree(handed, l->handed.size, l->initrd);
	if (l->kind == ATAGS)
		l->handed.size = make_atags(handed, l->handed.size, l->initrd);
	if (l->kind == NOTHING)
		l->handed.size = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(all); i++) {
		if (!in_ram(all[i]))
			return false;
		for (unsigned k = 0; k < i; k++)
			if (!apart(all[i], all[k]))
				return false;
	}
	memcpy(at(RAM), noise, RAM_SIZE);
	memset(at(RAM), 0, 0x200); /* neither tree nor ATAGs unless put there */
	memset(at(l->appended.base), 0, 8);
	memcpy(at(l->appended.base), tree, l->appended.size);
	if (l->handed.size)
		memcpy(at(l->handed.base), handed, l->handed.size);
	l->r.r2 = l->handed.size ? l->handed.base : 0;
	memcpy(before, at(RAM), RAM_SIZE);
	return true;
}

/* SIZE bytes are at NOW that were at WAS. */
static void assert_same(uint32_t now, uint32_t was, uint32_t size)
{
	if (size && memcmp(at(now), before + (was - RAM), size))
		fail_msg("0x%x bytes from 0x%x are not what they were at 0x%x", size, now, was);
}

/* What entry.S does when relocate() is through: the image moves, .bss and stacks are used. */
static void start_image(const struct load *l)
{
	memmove(at(LINK), at(l->r.load), FILE_SIZE);
	memset(at(LINK + FILE_SIZE), 0xbb, IMAGE_SIZE - FILE_SIZE);
}

/* Nothing of the boot data is lost, and it lies where nothing else is. */
static void check_load(struct load *l)
{
	const struct tree_range image = {LINK, IMAGE_SIZE};
	struct tree_range tree, handed;

	start_image(l);
	assert_same(LINK, l->r.load, FILE_SIZE);
	tree = (struct tree_range){l->r.appended, l->appended.size};
	handed = (struct tree_range){l->r.r2, l->handed.size};
	if (l->appended.size) {
		assert_same(tree.base, l->appended.base, tree.size);
		assert_int_equal(l->r.appended_size, tree.size);
		assert_int_equal(tree.base % 8, 0);
	} else {
		assert_int_equal(l->r.appended, 0);
	}
	assert_false(l->r.appended_refused);
	if (l->handed.size) {
		assert_same(handed.base, l->handed.base, handed.size);
		assert_int_equal(handed.base == l->handed.base, apart(&l->handed, &image));
	}
	assert_true(apart(&tree, &image) && apart(&handed, &image) && apart(&tree, &handed));
	if (apart(&l->initrd, &image))
		assert_same(l->initrd.base, l->initrd.base, l->initrd.size);
}

static bool initrd_counts(const struct load *l)
{
	return l->initrd.size && (l->kind != NOTHING || l->appended.size);
}

static void run(struct load *l)
{
	const struct tree_range image = {LINK, IMAGE_SIZE};
	const char *problem = relocate(&l->r);

	if (l->r.load != LINK && initrd_counts(l) && !apart(&l->initrd, &image)) {
		assert_non_null(problem);
		assert_non_null(strstr(problem, "initrd"));
		assert_int_equal(l->r.problem_at, l->initrd.base);
		assert_memory_equal(at(RAM), before, RAM_SIZE);
		return;
	}
	if (problem)
		fail_msg("load 0x%x: 0x%x: %s", l->r.load, l->r.problem_at, problem);
	check_load(l);
}

/* ---- tests ------------------------------------------------------------------------------------
 */

/* Every page for the image, every page for a tree or a list, with and without an appended tree. */
static void every_page(void **state UNUSED)
{
	unsigned loads = 0, moved = 0;

	for (uint32_t i = 0; i < PAGES * PAGES * 9; i++) {
		struct load l = {
			.r.load = RAM + i % PAGES * 4096,
			.kind = (enum kind)(i / PAGES / PAGES % 3),
			.appended.size = (const uint32_t[]){0, 1, 0x10000}[i / PAGES / PAGES / 3],
			.handed = {RAM + i / PAGES % PAGES * 4096 + (i & 1 ? 8 : 0), 0x1808},
		};

		if (l.kind == NOTHING && i / PAGES % PAGES)
			continue;
		if (!lay_out(&l))
			continue;
		run(&l);
		loads++;
		moved += l.r.r2 != l.handed.base;
	}
	assert_true(loads > 10000 && moved > 1000);
}

/* Anything anywhere, an initrd included. */
static void at_random(void **state UNUSED)
{
	const char *seed = getenv("RELOCATE_SEED");
	unsigned loads = 0;

	rng = seed ? strtoull(seed, NULL, 0) : rng;
	print_message("RELOCATE_SEED=%llu\n", (unsigned long long)rng);
	for (unsigned i = 0; i < 30000; i++) {
		struct load l = {
			.r.load = RAM + below(PAGES) * 4096,
			.kind = (enum kind)below(3),
			.appended.size = below(2) ? 0 : below(0x10000),
			.handed = {RAM + 0x200 + below(0x6000) * 8, 0x100 + below(0x400) * 8},
			.initrd = {RAM + 0x200 + below(PAGES * 4096), below(3) ? below(0x8000) : 0},
		};

		if (!l.appended.size && l.kind == NOTHING)
			l.initrd.size = 0; /* nobody tells of it */
		if (!lay_out(&l))
			continue;
		run(&l);
		loads++;
	}
	assert_true(loads > 2000);
}

static void an_odd_address_is_refused(void **state UNUSED)
{
	for (uint32_t off = 4; off < 4096; off += 4) {
		struct load l = {.r.load = RAM + 0x30000 + off};

		assert_true(lay_out(&l));
		assert_non_null(strstr(relocate(&l.r), "multiple of 4 KiB"));
		assert_memory_equal(at(RAM), before, RAM_SIZE);
		assert_int_equal(l.r.problem_at, l.r.load);
	}
}

/* Behind the image is an initrd, up to where a tree may go or far beyond. */
static void without_room_it_is_refused(void **state UNUSED)
{
	const uint32_t sizes[] = {0x7fec000, 0x8000000, 0x9ffdbfff};

	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct load l = {.r.load = LINK, .appended.size = 1};

		assert_true(lay_out(&l));
		make_tree(at(l.appended.base), 0, (struct tree_range){LINK + IMAGE_SIZE, sizes[i]});
		assert_non_null(strstr(relocate(&l.r), "no room"));
		assert_int_equal(l.r.problem_at, LINK + FILE_SIZE);
	}
}

/* An initrd that has a part of what was loaded, which is whole, is a lie. */
static void what_cannot_be_is_no_obstacle(void **state UNUSED)
{
	struct load l = {.r.load = RAM + 0x30000, .appended.size = 1};

	assert_true(lay_out(&l));
	make_tree(at(l.appended.base), 0, (struct tree_range){RAM, 0x7ffff000});
	assert_null(relocate(&l.r));
	assert_int_equal(l.r.appended, LINK + IMAGE_SIZE);
}

/* Its claim is told to whoever has a console. */
static void a_claim_that_cannot_be_is_no_tree(void **state UNUSED)
{
	const uint32_t claims[] = {0, 1, 39, TREE_SCAN_MAX + 1, 0xffffffff};

	for (unsigned i = 0; i < ARRAY_SIZE(claims); i++) {
		uint32_t head[] = {cpu_to_fdt32(0xd00dfeed), cpu_to_fdt32(claims[i])};
		struct load l = {.r.load = RAM + 0x30000};

		assert_true(lay_out(&l));
		memcpy(at(l.appended.base), head, sizeof(head));
		assert_null(relocate(&l.r));
		assert_true(l.r.appended_refused && !l.r.appended);
		assert_int_equal(l.r.appended_size, claims[i]);
	}
}

/* Without r2 what lies at the start of RAM counts; it may reach into the image's place. */
static void at_the_start_of_ram(void **state UNUSED)
{
	struct load l = {.r.load = RAM + 0x40000, .kind = TREE, .handed = {RAM, 0x10008}};

	assert_true(lay_out(&l));
	l.r.r2 = 0;
	run(&l);
	assert_int_equal(l.r.r2, LINK + IMAGE_SIZE);
	l = (struct load){.r.load = RAM + 0x30000,
			  .kind = ATAGS,
			  .handed = {RAM + 0x100, 0x80},
			  .initrd = {LINK, 0x1000}};
	assert_true(lay_out(&l));
	l.r.r2 = 0;
	assert_non_null(strstr(relocate(&l.r), "initrd"));
}

/* Trees with anything in them, at the end of what is mapped: nothing behind them is read. */
static void a_broken_tree_is_left_in_time(void **state UNUSED)
{
	static char good[BLOB_MAX];
	const struct tree_range some = {LINK + IMAGE_SIZE, 0x2000};
	uint32_t size = make_tree(good, 0, some);
	unsigned named = 0;

	for (unsigned i = 0; i < 100000; i++) {
		uint32_t cut = 40 + below(size - 39), start = EDGE - ROUND_UP(cut, 4U);

		memcpy(at(start), good, cut);
		for (unsigned n = below(4); n; n--)
			at(start)[8 + below(cut - 8)] = (uint8_t)(below(3) ? below(256) : 0xff);
		cut = cpu_to_fdt32(cut);
		memcpy(at(start + 4), &cut, 4);
		assert_int_not_equal(tree_scan_size(start), 0);
		named += tree_scan_initrd(start).size != 0;
	}
	assert_true(named > 100);
}

/* Tags without an end, up to the end of what is mapped: not more is read than a list may have. */
static void a_list_without_an_end(void **state UNUSED)
{
	const uint32_t start[] = {2, 0x54410001}, next[] = {2, 0x54410009};
	struct load l = {.r.load = RAM + 0x30000};

	assert_true(lay_out(&l));
	for (uint32_t address = EDGE - LIST_MAX; address < EDGE; address += sizeof(next))
		memcpy(at(address), next, sizeof(next));
	memcpy(at(EDGE - LIST_MAX), start, sizeof(start));
	l.r.r2 = EDGE - LIST_MAX;
	assert_null(relocate(&l.r));
	assert_int_equal(l.r.r2, EDGE - LIST_MAX);
}

/* A tag that cannot be ends the list: what is behind it is none of the list, what is before it is.
 */
static void a_tag_of_an_impossible_size(void **state UNUSED)
{
	const uint32_t sizes[] = {0, 1, LIST_MAX / 4 + 1, 0x3ffffffb, 0xffffffff};
	const uint32_t places[] = {LINK - 0x200, LINK};

	for (unsigned i = 0; i < 2 * ARRAY_SIZE(sizes); i++) {
		const uint32_t list[] = {5, 0x54410001, 1, 4096, 0, sizes[i / 2], 0x54410009};
		struct load l = {.r.load = RAM + 0x30000};

		assert_true(lay_out(&l));
		l.r.r2 = places[i % 2];
		memcpy(at(l.r.r2), list, sizeof(list));
		assert_null(relocate(&l.r));
		assert_int_equal(l.r.r2, i % 2 ? LINK + IMAGE_SIZE : places[0]);
		assert_memory_equal(at(l.r.r2), list, sizeof(list));
	}
}

/* The last property of a tree at the end of what is mapped says that it has more than is there. */
static void a_property_that_is_longer_than_its_tree(void **state UNUSED)
{
	struct {
		uint32_t head[10];
		char strings[2][20];
		uint32_t root[2], chosen;
		char name[8];
		uint32_t start[4], end[4];
	} tree = {
		.head = {0xd00dfeed, sizeof(tree), 80, 40},
		.strings = {"linux,initrd-start", "linux,initrd-end"},
		.root = {1, 0},
		.chosen = 1,
		.name = "chosen",
		.start = {3, 4, 0, 0x1000},
		.end = {3, 4, 20, 0x3000},
	};
	uint32_t *words = (uint32_t *)at(EDGE - sizeof(tree));

	_Static_assert(offsetof(typeof(tree), root) == 80, "as the header says");
	for (uint32_t len = 4; len <= 8; len += 4) {
		tree.end[1] = len;
		tree.end[3] = len == 4 ? 0x3000 : 0;
		memcpy(words, &tree, sizeof(tree));
		for (size_t i = 0; i < sizeof(tree) / 4; i++)
			if (i < 10 || (i >= 20 && i < 23) || i >= 25)
				words[i] = cpu_to_fdt32(words[i]);
		assert_int_equal(tree_scan_initrd(EDGE - sizeof(tree)).size, len == 4 ? 0x2000 : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_page),
		cmocka_unit_test(at_random),
		cmocka_unit_test(an_odd_address_is_refused),
		cmocka_unit_test(without_room_it_is_refused),
		cmocka_unit_test(what_cannot_be_is_no_obstacle),
		cmocka_unit_test(a_claim_that_cannot_be_is_no_tree),
		cmocka_unit_test(at_the_start_of_ram),
		cmocka_unit_test(a_broken_tree_is_left_in_time),
		cmocka_unit_test(a_list_without_an_end),
		cmocka_unit_test(a_tag_of_an_impossible_size),
		cmocka_unit_test(a_property_that_is_longer_than_its_tree),
	};

	return cmocka_run_group_tests(tests, map_ram, NULL);
}
