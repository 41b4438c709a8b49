/* SPDX-License-Identifier: MIT */
/*
 * A firmware that is not Cairn: it counts its boots in a store that a reset leaves alone, resets
 * the board twice, and switches it off (docs/library.md).
 */
#include <errno.h>
#include <stdio.h>

#include "lib/errors.h"
#include "mm/memblock.h"
#include "store/store.h"

#define UART ((volatile uint32_t *)0x10009000)    /* PL011: data, and flags at [6] */
#define SYS_CFG ((volatile uint32_t *)0x100000a0) /* data, and control at [1] */
#define UART_FULL 0x20
#define RESET 0xc0900000
#define POWER_OFF 0xc0800000

#define RAM 0x60000000U
#define RAM_SIZE MIB(256)
#define STORE (RAM + RAM_SIZE - MIB(1)) /* every boot has to find it there */
#define HEAP_SIZE KIB(256)

extern char image_start[], image_end[]; /* boots.ld */
void *_sbrk(ptrdiff_t more);

static void print(const char *text)
{
	for (; *text; *UART = (uint8_t)*text++)
		while (UART[6] & UART_FULL)
			;
}

/* Where newlib's malloc has its memory from: a block of memblock's. */
void *_sbrk(ptrdiff_t more)
{
	static char *heap;
	static ptrdiff_t used;

	if (!heap)
		heap = memblock_alloc(HEAP_SIZE, 8);
	if (!heap || more > (ptrdiff_t)HEAP_SIZE - used) {
		errno = ENOMEM;
		return (void *)-1;
	}
	used += more;
	return heap + used - more;
}

/* RAM is mapped without caches (start.S): when this is over, what was written is there. */
static void barrier(void *ctx)
{
	(void)ctx;
	__asm__ volatile("dsb" ::: "memory");
}

static int count_boot(uint32_t *boots)
{
	static struct store store;
	struct store_config config = {
		.media = {.base = (void *)STORE, .size = MIB(1), .barrier = barrier}};
	uint32_t len;
	int err = store_open(&store, &config);

	if (err == -ENODATA) { /* RAM after power-on */
		store_format(&config.media, 1);
		err = store_open(&store, &config);
	}
	if (err)
		return err;
	store_read(&store, "boots", 5, boots, sizeof(*boots), &len); /* else it stays 0 */
	++*boots;
	return store_put(&store, "boots", 5, boots, sizeof(*boots), NULL, 0, STORE_NEVER);
}

int main(void)
{
	uint32_t boots = 0;
	char line[80];
	int err;

	memblock_add(RAM, RAM_SIZE);
	memblock_reserve((uintptr_t)image_start, (uintptr_t)image_end - (uintptr_t)image_start);
	memblock_reserve(STORE, MIB(1));
	err = count_boot(&boots);
	sniprintf(line, sizeof(line), "boot %lu: %s, %lu KiB reserved\r\n", (unsigned long)boots,
		  err ? error_text(err) : "counted",
		  (unsigned long)memblock_reserved_size() / 1024);
	print(line);
	SYS_CFG[0] = 0;
	SYS_CFG[1] = !err && boots < 3 ? RESET : POWER_OFF;
	for (;;)
		;
}
