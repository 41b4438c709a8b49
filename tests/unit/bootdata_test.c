/* SPDX-License-Identifier: MIT */
#include "tests/unit/bootdata_test.h"

#include <sanitizer/asan_interface.h>

struct held held[HELD_MAX];
static unsigned held_count;

struct bootdata_places places;

static void map(uintptr_t base, size_t size)
{
	for (struct held *h = held; h < held + held_count; h++) {
		if (base < (uintptr_t)h->base || base >= (uintptr_t)h->base + h->size)
			continue;
		h->mapped = true;
		ASAN_UNPOISON_MEMORY_REGION(h->base, h->size);
		assert_true(size > 0);
	}
}

char *hold_at(size_t offset, const void *bytes, size_t size)
{
	struct held *h = &held[held_count++];

	assert_true(held_count <= HELD_MAX && size >= FIRST_WORDS);
	*h = (struct held){.base = malloc(offset + size), .size = offset + size};
	assert_non_null(h->base);
	memset(h->base, 0, offset);
	memcpy(h->base + offset, bytes, size);
	ASAN_POISON_MEMORY_REGION(h->base + offset + FIRST_WORDS, size - FIRST_WORDS);
	return h->base + offset;
}

uintptr_t hold(const void *bytes, size_t size)
{
	return (uintptr_t)hold_at(0, bytes, size);
}

static void release_all(void)
{
	for (struct held *h = held; h < held + held_count; h++) {
		ASAN_UNPOISON_MEMORY_REGION(h->base, h->size);
		free(h->base);
	}
	held_count = 0;
}

uint32_t linked_in[64];

void start(void)
{
	release_all();
	boot_test_again();
	places = (struct bootdata_places){.linked_in = linked_in, .map = map};
}

int bootdata_test_setup(void **state)
{
	boot_test_setup(state);
	assert_int_equal(fdt_create_empty_tree(linked_in, sizeof(linked_in)), 0);
	start();
	return 0;
}

int bootdata_test_teardown(void **state)
{
	release_all();
	return boot_test_teardown(state);
}

const void *make_tree(const char *bootargs)
{
	tree_new(1, 1);
	MEMORY("/memory", 0x60000000, 0x10000000);
	if (bootargs)
		tree_string("/chosen", "bootargs", bootargs);
	return tree_done();
}

uintptr_t hold_tree(const char *bootargs)
{
	const void *tree = make_tree(bootargs);

	return hold(tree, fdt_totalsize(tree));
}

size_t make_atags(uint32_t *words)
{
	static const uint32_t list[] = {2, 0x54410001, 4,          0x54410002, 0x400000, 0x60000000,
					3, 0x54410009, 0x67617461, 0,          0};
	_Static_assert(sizeof(list) == 44, "tags");

	memcpy(words, list, sizeof(list)); /* the text is "atag" */
	return sizeof(list);
}

uintptr_t hold_atags(void)
{
	uint32_t words[16];

	return hold(words, make_atags(words));
}

uintptr_t hold_ram(size_t offset, const void *bytes, size_t size)
{
	return (uintptr_t)hold_at(offset, bytes, size) - offset;
}

void find(void)
{
	boot.fdt = NULL;
	bootdata_find(&boot, &places);
	assert_non_null(boot.fdt);
	assert_int_equal(fdt_check_header(boot.fdt), 0);
}

void expect_tree(const void *fdt, const char *source, const char *cmdline)
{
	assert_ptr_equal(boot.fdt, fdt);
	assert_string_equal(boot.fdt_source, source);
	if (fdt == (const void *)linked_in) {
		assert_int_equal(boot.fdt_size, 0);
	} else {
		assert_int_equal(boot.fdt_base, (phys_addr_t)(uintptr_t)fdt);
		assert_int_equal(boot.fdt_size, fdt_totalsize(fdt));
	}
	assert_string_equal(boot.cmdline, cmdline);
	assert_said("device tree: ");
}

void expect_linked_in(const char *cmdline)
{
	expect_tree(linked_in, "linked into the image", cmdline);
}

void expect_atags(void)
{
	assert_true(boot.atags.present);
	assert_int_equal(boot.atags.mem_count, 1);
	assert_int_equal(boot.atags.mem[0].start, 0x60000000);
	assert_int_equal(boot.atags.mem[0].size, 0x400000);
	assert_string_equal(boot.cmdline_source, "ATAGs");
	assert_line("ATAGs: memory from ATAGs, command line from ATAGs, initrd from the tree");
}
