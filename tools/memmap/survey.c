/* SPDX-License-Identifier: MIT */
#include "tools/memmap/survey.h"

#include <string.h>

#include "boot/boot.h"
#include "boot/bootdata.h"
#include "boot/find_memory.h"
#include "boot/layout.h"
#include "boot/store_region.h"
#include "lib/log.h"
#include "lib/symbols.h"
#include "mm/memblock.h"
#include "mm/memblock_dump.h"

#ifdef CONFIG_PHYS_ADDR_T_64BIT
#define SURVEY survey_64
#else
#define SURVEY survey_32
#endif

static void take_text(void *ctx, const char *text, size_t len)
{
	text_add(ctx, text, len);
}

static void take_holder(void *ctx, const struct boot_reservation *r)
{
	struct map *map = ctx;

	map_add(&map->holders, r->base, r->size, 0, r->name);
}

static void copy_list(struct map_list *to, const struct memblock_type *from)
{
	for (unsigned long i = 0; i < from->cnt; i++) {
		const struct memblock_region *r = &from->regions[i];

		if (r->size) /* an empty list has one region of size 0 */
			map_add(to, r->base, r->size, (unsigned)r->flags, NULL);
	}
}

/* Where the board would put a store of the default size, memmap puts the one of --store, or none.
 */
static void place_store(struct boot *b, const struct options *o, struct map *map)
{
	if (b->store_place == STORE_PLACE_DEFAULT) {
		if (!o->store)
			return;
		store_region_param(b, o->store);
	} else {
		map->store_unused = o->store != NULL;
	}
	store_region_place(b);
	if (b->store_place != STORE_PLACE_NONE) {
		map->store_base = b->store_base;
		map->store_size = b->store_size;
	}
}

/* No region covers the last byte of the address space. */
static phys_addr_t image_size(const struct options *o)
{
	uint64_t most = PHYS_ADDR_MAX - o->image_base;

	return (phys_addr_t)(o->image_size < most ? o->image_size : most);
}

void SURVEY(const struct input *in, const struct options *o, struct map *map)
{
	static struct boot b;

	b = (struct boot){
		.fdt = in->fdt,
		.fdt_base = (phys_addr_t)o->dtb_at,
		.fdt_size = o->has_dtb_at ? in->fdt_size : 0,
		.image_base = (phys_addr_t)o->image_base,
		.image_size = image_size(o),
		.noted = take_holder,
		.noted_ctx = map,
	};
	symbols_set(&image_symbols);
	memblock_complain_to_log();
	log_set_console_level(LOG_DEBUG + 1);
	log_set_console(take_text, &map->log);
	if (in->atags)
		atags_parse(in->atags, in->atags_size, &b.atags);
	bootdata_take_cmdline(&b);
	text_add(&map->cmdline, b.cmdline, strlen(b.cmdline));
	if (o->trace)
		memblock_trace_start();
	find_memory(&b, o->load);
	place_store(&b, o, map);
	log_set_console(take_text, &map->dump);
	memblock_dump_all();
	map->ram_start = b.ram_start;
	copy_list(&map->memory, &memblock.memory);
	copy_list(&map->reserved, &memblock.reserved);
	map_name(map);
}
