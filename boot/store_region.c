/* SPDX-License-Identifier: MIT */
#include "boot/store_region.h"

#include <stdarg.h>
#include <stdio.h>

#include "boot/cmdline.h"
#include "lib/log.h"
#include "mm/memblock.h"
#include "store/store.h"

static void PRINTF_LIKE(2, 3) refuse(struct boot *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(b->store_problem, sizeof(b->store_problem), fmt, ap);
	va_end(ap);
	b->store_place = STORE_PLACE_NONE;
}

void store_region_param(struct boot *b, const char *value)
{
	uint64_t size, base = 0;
	const char *end = value;
	bool ok = value && cmdline_size(value, &size, &end), at = ok && *end == '@';

	b->store_problem[0] = '\0';
	if (at)
		ok = cmdline_size(end + 1, &base, &end);
	if (!ok || *end) {
		refuse(b, "cairn.store=%.40s: expected SIZE[@ADDR] such as 1M@0x9ff00000",
		       value ? value : "");
	} else if (!size) {
		refuse(b, "cairn.store=0 asks for none");
	} else if (size > STORE_REGION_MAX || base > PHYS_ADDR_MAX) {
		refuse(b,
		       "cairn.store=%.40s: a store has at most %u bytes, below the end of the "
		       "address space",
		       value, STORE_REGION_MAX);
	} else {
		b->store_place = STORE_PLACE_CMDLINE;
		b->store_at = at;
		b->store_base = (phys_addr_t)base;
		b->store_size = (phys_addr_t)size;
	}
}

void store_region_from_tree(struct boot *b, phys_addr_t base, phys_addr_t size, const char *name,
			    const char *why)
{
	if (b->store_place == STORE_PLACE_TREE) {
		boot_complain(
			b, LOG_WARNING,
			"reserved-memory: %s: there is one cairn,store already: this one is only "
			"reserved",
			name);
		return;
	}
	if (b->store_place == STORE_PLACE_CMDLINE)
		pr_warn("cairn.store= is not used: the device tree has a cairn,store node, %s",
			name);
	b->store_place = STORE_PLACE_TREE;
	b->store_node = name;
	b->store_base = base;
	b->store_size = size;
	b->store_problem[0] = '\0';
	if (why)
		snprintf(b->store_problem, sizeof(b->store_problem), "its node %.60s %s", name,
			 why);
}

void store_region_check(struct boot *b, phys_addr_t base, phys_addr_t size, const char *name)
{
	if (b->store_place == STORE_PLACE_TREE && !b->store_problem[0] &&
	    (base < b->store_base ? b->store_base - base < size
				  : base - b->store_base < b->store_size))
		snprintf(b->store_problem, sizeof(b->store_problem), "its node overlaps %.60s",
			 name);
}

bool store_region_taken(phys_addr_t base, phys_addr_t size)
{
	const struct memblock_region *r;

	for_each_mem_region (r) {
		if (r->flags & MEMBLOCK_NOMAP &&
		    (base < r->base ? r->base - base < size : base - r->base < r->size))
			return true;
	}
	return memblock_is_region_reserved(base, size);
}

/* Whether place and size can be a region at all. */
static bool check_shape(struct boot *b)
{
	if (b->store_base % STORE_REGION_ALIGN || b->store_size % STORE_REGION_ALIGN) {
		refuse(b, PRIpa "+" PRIpa ": expected multiples of %u", b->store_base,
		       b->store_size, STORE_REGION_ALIGN);
		return false;
	}
	if (b->store_size < STORE_REGION_MIN || b->store_size > STORE_REGION_MAX) {
		refuse(b, "it has %lu bytes, expected %u to %u", (unsigned long)b->store_size,
		       STORE_REGION_MIN, STORE_REGION_MAX);
		return false;
	}
	return true;
}

static void place_from_tree(struct boot *b)
{
	if (b->store_problem[0])
		b->store_place = STORE_PLACE_NONE;
	else if (check_shape(b) && !memblock_is_region_memory(b->store_base, b->store_size))
		refuse(b, "its node's " PRIpa "+" PRIpa " is not in memory", b->store_base,
		       b->store_size);
}

static void place_at(struct boot *b)
{
	if (!check_shape(b))
		return;
	if (!memblock_is_region_memory(b->store_base, b->store_size))
		refuse(b, "cairn.store=: " PRIpa "+" PRIpa " is not in memory", b->store_base,
		       b->store_size);
	else if (store_region_taken(b->store_base, b->store_size))
		refuse(b, "cairn.store=: " PRIpa "+" PRIpa " overlaps what is reserved already",
		       b->store_base, b->store_size);
	else
		boot_reserve(b, b->store_base, b->store_size, "store");
}

/* A multiple of 1 MiB is aligned to it: whole sections can be protected as one. */
void store_region_allocate(struct boot *b)
{
	phys_addr_t align = b->store_size % MIB(1) ? STORE_REGION_ALIGN : MIB(1);

	if (!check_shape(b))
		return;
	b->store_base = memblock_phys_alloc(b->store_size, align);
	if (!b->store_base && align > STORE_REGION_ALIGN)
		b->store_base = memblock_phys_alloc(b->store_size, STORE_REGION_ALIGN);
	if (b->store_base)
		boot_note(b, b->store_base, b->store_size, "store", false);
	else
		refuse(b, "no room for %lu bytes in free memory", (unsigned long)b->store_size);
}

void store_region_place(struct boot *b)
{
	switch (b->store_place) {
	case STORE_PLACE_TREE:
		place_from_tree(b);
		break;
	case STORE_PLACE_CMDLINE:
		if (b->store_at)
			place_at(b);
		else
			store_region_allocate(b);
		break;
	case STORE_PLACE_DEFAULT:
		b->store_size = STORE_DEFAULT_SIZE;
		store_region_allocate(b);
		break;
	case STORE_PLACE_NONE:
		break;
	}
	if (b->store_place == STORE_PLACE_NONE)
		pr_warn("store: %s: the store stays closed", b->store_problem);
}
