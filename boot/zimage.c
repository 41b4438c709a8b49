/* SPDX-License-Identifier: MIT */
#include "boot/zimage.h"

#include <string.h>

/* The header (Linux 6.1, arch/arm/boot/compressed/head.S): offsets of words, and their values. */
#define MAGIC_AT 0x24
#define START_AT 0x28
#define END_AT 0x2c
#define TABLE_MAGIC_AT 0x34
#define TABLE_AT 0x38
#define MAGIC 0x016f2818U
#define TABLE_MAGIC 0x45454545U

/* The table (its vmlinux.lds.S): words in it, tag, where the kernel's size is, its .bss, text
 * offset, heap of the decompressor. The last two came later. */
#define TABLE_TAG 0x5a534c4bU
#define TABLE_WORDS 4U
#define TABLE_WORDS_LATER 6U

#define SIZE_MIN 256U       /* that not even a jump, a header and a table fill */
#define SIZE_LIMIT MIB(256) /* no number of a kernel for this processor is as large */

#define PAGE_DIRECTORY 0x5000U /* below the kernel: 16 KiB, and one page more with LPAE */
#define TEXT_OFFSET_MIN 0x8000U
#define TEXT_OFFSET_RANGE 0x200000U /* where it was not told, it was at most that much more */
#define PACKED 5U                   /* times, at best */
#define HEAP 0x10000U
#define BSS_AND_STACK 0x10000U /* of the decompressor: it has some pages */
#define MOVED_BEHIND 0x1000U   /* what it leaves between the kernel and itself, at most */

static uint32_t word(const uint8_t *p, uint32_t at)
{
	uint32_t v;

	memcpy(&v, p + at, sizeof(v)); /* little-endian, as all that runs this */
	return v;
}

/* Takes the numbers of the table, if there is one. False: it lies, as when the end of the image, or
 * of the kernel in it, is not there. */
static bool read_table(struct zimage *z, const uint8_t *p)
{
	uint32_t table = word(p, TABLE_AT), size_at, words, heap = HEAP;

	if (word(p, TABLE_MAGIC_AT) != TABLE_MAGIC)
		return true;
	if (table > z->size - (TABLE_WORDS_LATER + 1) * 4 || word(p, table + 4) != TABLE_TAG)
		return false;
	words = word(p, table);
	size_at = word(p, table + 8);
	if (words < TABLE_WORDS || size_at > z->size - 4)
		return false;
	z->kernel = word(p, size_at);
	z->bss = word(p, table + 12);
	if (words >= TABLE_WORDS_LATER) {
		z->text_offset = word(p, table + 16);
		heap = word(p, table + 20);
	}
	if (z->kernel < z->size / 2 || z->text_offset < PAGE_DIRECTORY ||
	    (z->kernel | z->bss | z->text_offset | heap) >= SIZE_LIMIT)
		return false;
	z->work = BSS_AND_STACK + heap;
	if (words < TABLE_WORDS_LATER)
		z->kernel += TEXT_OFFSET_RANGE;
	return true;
}

const char *zimage_header(struct zimage *z, const void *p, phys_addr_t at, phys_addr_t room)
{
	uint32_t size;

	if (at % ZIMAGE_ALIGN)
		return "a multiple of 8 was expected";
	if (room < ZIMAGE_HEADER || word(p, MAGIC_AT) != MAGIC)
		return "there is no zImage";
	size = word(p, END_AT) - word(p, START_AT);
	*z = (struct zimage){
		.at = at,
		.size = size,
		.work = BSS_AND_STACK + HEAP,
		.text_offset = TEXT_OFFSET_MIN,
		.kernel = TEXT_OFFSET_RANGE + PACKED * size,
		.bss = size,
	};
	if (size < SIZE_MIN || size >= SIZE_LIMIT / PACKED)
		return "the zImage is damaged: its length cannot be";
	return size > room ? "the zImage is cut off" : NULL;
}

const char *zimage_read(struct zimage *z, const void *p, phys_addr_t at, phys_addr_t room)
{
	const char *why = zimage_header(z, p, at, room);

	if (why || read_table(z, p))
		return why;
	return "the zImage is cut off or damaged: its table leads nowhere";
}

/* At most PHYS_ADDR_MAX. */
static phys_addr_t sum(phys_addr_t a, uint32_t b)
{
	return b < PHYS_ADDR_MAX - a ? a + b : PHYS_ADDR_MAX;
}

static struct zimage_zone zone(phys_addr_t base, uint32_t size, const char *what)
{
	return (struct zimage_zone){base, sum(base, size), what};
}

void zimage_zones(const struct zimage *z, phys_addr_t ram, struct zimage_zone zones[ZIMAGE_ZONES])
{
	phys_addr_t kernel = sum(ram, z->text_offset), unpacked = sum(kernel, z->kernel);
	phys_addr_t tables = kernel - PAGE_DIRECTORY, end = sum(z->at, z->size);
	bool in_the_way = z->at < unpacked && sum(end, z->work) > tables;

	zones[ZIMAGE_FILE] = zone(z->at, z->size, "the zImage");
	zones[ZIMAGE_WORK] = zone(end, z->work, "its stack and heap");
	zones[ZIMAGE_KERNEL] =
		zone(tables, PAGE_DIRECTORY + z->kernel + z->bss, "the kernel that it unpacks");
	zones[ZIMAGE_MOVED] = zone(unpacked, in_the_way ? MOVED_BEHIND + z->size + z->work : 0,
				   "where it moves itself");
}
