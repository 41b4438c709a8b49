/* SPDX-License-Identifier: MIT */
/*
 * Nothing here may be trusted: the tree has not been checked, so a walk stays inside of what the
 * tree claims to have, and what makes no sense ends it.
 */
#include "boot/relocate.h"

#include "boot/atags.h"
#include "boot/bootdata.h"
#include "boot/tree_scan.h"

#define ALIGN 8                /* of a tree */
#define RAM_LOOKED_AT MIB(128) /* from the image on */

/* Boot data that was found, and what of it must stay. */
struct found {
	struct tree_range image;    /* as it was loaded, an appended tree included */
	struct tree_range appended; /* that tree */
	struct tree_range handed;   /* tree or ATAGs of the loader */
	struct tree_range moved;    /* the appended tree's new place */
	struct tree_range initrd;
	uint32_t tree; /* the one that counts; 0: none */
};

/* They may wrap: the differences are modulo 2^32. */
static bool overlap(const struct tree_range *a, const struct tree_range *b)
{
	return a->size && b->size && (a->base - b->base < b->size || b->base - a->base < a->size);
}

/* The bytes of a list of ATAGs at AT with its end, or 0: there is none. Sets INITRD if it has one.
 */
static uint32_t atags_bytes(uint32_t at, struct tree_range *initrd)
{
	const volatile uint32_t *words = (const volatile uint32_t *)(uintptr_t)at;
	uint32_t i = 0, size;

	if (at % 4 || (words[0] != 2 && words[0] != 5) || words[1] != ATAG_CORE)
		return 0;
	while (i < ATAGS_MAX_BYTES / 4 - 4) {
		size = words[i];
		if (size < 2 || size > ATAGS_MAX_BYTES / 4)
			break;
		if (words[i + 1] == ATAG_INITRD2 && size >= 4)
			*initrd = (struct tree_range){words[i + 2], words[i + 3]};
		i += size;
	}
	return i * 4 + 8 < ATAGS_MAX_BYTES ? i * 4 + 8 : ATAGS_MAX_BYTES;
}

/* Whether there is a tree at AT, or ATAGs OFFSET behind it; notes it. */
static bool find_handed(struct found *f, uint32_t at, uint32_t offset)
{
	struct tree_range atags = {.base = 0, .size = 0};
	uint32_t size = atags_bytes(at + offset, &atags);

	if (size) {
		f->handed = (struct tree_range){at + offset, size};
		f->initrd = atags;
		return true;
	}
	size = tree_scan_size(at);
	if (!size)
		return false;
	f->handed = (struct tree_range){at, size};
	if (!f->tree)
		f->tree = at;
	return true;
}

static void find(struct relocation *r, struct found *f)
{
	uint32_t behind = r->load + r->file_size;

	f->appended = (struct tree_range){behind, tree_scan_size(behind)};
	if (f->appended.size)
		f->tree = behind;
	r->appended_refused = tree_scan_claim(behind, &r->appended_size) && !f->tree;
	f->image = (struct tree_range){r->load, r->file_size + f->appended.size};
	if ((!r->r2 || !find_handed(f, r->r2, 0)) && r->ram_start)
		find_handed(f, r->ram_start, BOOTDATA_ATAGS_OFFSET);
	if (f->tree && !f->initrd.size)
		f->initrd = tree_scan_initrd(f->tree);
	if (overlap(&f->initrd, &f->image) || overlap(&f->initrd, &f->handed))
		f->initrd.size = 0; /* it cannot be there: what was loaded is whole */
}

/* A place for SIZE bytes behind the image, or 0: there is none within 128 MiB. */
static uint32_t find_place(const struct relocation *r, const struct found *f, uint32_t size)
{
	const struct tree_range *const taken[] = {&f->image, &f->handed, &f->moved, &f->initrd};
	struct tree_range place = {r->link + r->image_size, size};

	for (unsigned i = 0; i < sizeof(taken) / sizeof(taken[0]);) {
		if (!overlap(taken[i], &place)) {
			i++;
			continue;
		}
		if (taken[i]->size > RAM_LOOKED_AT)
			return 0;
		place.base = ROUND_UP(taken[i]->base + taken[i]->size, ALIGN);
		i = 0;
	}
	return place.base + size - r->link < RAM_LOOKED_AT ? place.base : 0;
}

/* Copies what lies at FROM to a place of its own. */
static uint32_t move(const struct relocation *r, const struct found *f,
		     const struct tree_range *from)
{
	uint32_t to = find_place(r, f, ROUND_UP(from->size, ALIGN));
	const volatile uint32_t *source = (const volatile uint32_t *)(uintptr_t)from->base;
	volatile uint32_t *target = (volatile uint32_t *)(uintptr_t)to;

	for (uint32_t i = 0; to && i < (from->size + 3) / 4; i++)
		target[i] = source[i];
	return to;
}

const char *relocate(struct relocation *r)
{
	struct tree_range image = {r->link, r->image_size};
	struct found f = {.tree = 0};

	r->problem_at = r->load;
	if ((r->load - r->link) % RELOCATE_PAGE)
		return "the image is loaded here: expected a multiple of 4 KiB";
	find(r, &f);
	r->problem_at = f.initrd.base;
	if (r->load != r->link && overlap(&f.initrd, &image))
		return "the initrd is here, where the image has to go";
	if (f.appended.size) {
		r->problem_at = f.appended.base;
		r->appended = move(r, &f, &f.appended);
		f.moved = (struct tree_range){r->appended, f.appended.size};
		if (!r->appended)
			return "the device tree is here: there is no room for it behind the image";
	}
	if (overlap(&f.handed, &image)) {
		r->problem_at = f.handed.base;
		r->r2 = move(r, &f, &f.handed);
		if (!r->r2)
			return "the boot data is here: there is no room for it behind the image";
	}
	return NULL;
}
