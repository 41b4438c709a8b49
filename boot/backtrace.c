/* SPDX-License-Identifier: MIT */
#include "boot/backtrace.h"

#include "boot/layout.h"
#include "boot/mmu.h"
#include "lib/symbols.h"
#include "lib/unwind.h"
#include "mm/memblock.h"

#define FRAMES_MAX 16

/* Memory only: to read from a device may do something. */
static bool readable(uintptr_t addr)
{
	bool image = addr >= (uintptr_t)__image_start && addr < (uintptr_t)__image_end;

	return (image || memblock_is_map_memory(addr)) && mmu_mapped(addr);
}

static bool read_word(void *ctx, uint32_t addr, uint32_t *word)
{
	(void)ctx;
	if (!readable(addr))
		return false;
	*word = *(volatile uint32_t *)addr;
	return true;
}

bool backtrace_word(uintptr_t addr, uint32_t *word)
{
	uint32_t low, high;

	if (!read_word(NULL, addr & ~3U, &low))
		return false;
	*word = low;
	if (addr % 4) {
		*word = low >> 16;
		if (read_word(NULL, (addr & ~3U) + 4, &high))
			*word |= high << 16;
	}
	return true;
}

void backtrace(const uint32_t registers[16], void (*line)(const char *fmt, ...))
{
	const struct unwind_image image = {
		.text = (uint32_t)__image_start,
		.text_end = (uint32_t)__text_end,
		.index = (uint32_t)__exidx_start,
		.index_end = (uint32_t)__exidx_end,
		.read = read_word,
	};
	struct unwind u;

	unwind_begin(&u, &image, registers);
	for (unsigned i = 0; i < FRAMES_MAX; i++) {
		uint32_t pc = u.r[UNWIND_PC];
		char at[SYMBOL_TEXT_MAX];

		line("#%-2u %08lx %s%s", i, (unsigned long)pc, symbol_format(at, sizeof(at), pc),
		     u.guessed ? " ?" : "");
		if (!unwind_up(&u))
			return;
	}
	line("and so on");
}
