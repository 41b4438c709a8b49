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

#define UART ((volatile uint32_t *)0x10009000) /* PL011: data, and at [6] flags */
#define UART_FULL 0x20
#define SYS_CFGCTRL (*(volatile uint32_t *)0x100000a4)
#define RESET 0xc0900000
#define POWER_OFF 0xc0800000

#define RAM 0x60000000U
#define STORE (RAM + MIB(255)) /* every boot has to find it there */
#define HEAP_SIZE KIB(256)

extern char image_start[], image_end[]; /* boots.ld */
void barrier(void *ctx);                /* start.S */
static char *heap, *heap_end;           /* what malloc has not got yet */

static void print(const char *text)
{
	while (*text)
		if (!(UART[6] & UART_FULL))
			*UART = (uint8_t)*text++;
}

/* Where newlib's malloc has its memory from. */
void *_sbrk(ptrdiff_t more)
{
	if (more > heap_end - heap)
		return (void *)-1;
	heap += more;
	return heap - more;
}

static int count_boot(unsigned *boots)
{
	static struct store store;
	const struct store_config config = {
		.media = {.base = (void *)STORE, .size = MIB(1), .barrier = barrier}};
	uint32_t len;
	int err = store_open(&store, &config);

	if (err == -ENODATA && !store_format(&config.media, 1)) /* RAM after power-on */
		err = store_open(&store, &config);
	if (err)
		return err;
	store_read(&store, "boots", 5, boots, sizeof(*boots), &len); /* else it stays 0 */
	++*boots;
	return store_put(&store, "boots", 5, boots, sizeof(*boots), NULL, 0, STORE_NEVER);
}

int main(void)
{
	unsigned boots = 0;
	char line[80];
	int err;

	memblock_add(RAM, MIB(256));
	memblock_reserve((uintptr_t)image_start, (uintptr_t)image_end - (uintptr_t)image_start);
	memblock_reserve(STORE, MIB(1));
	heap = memblock_alloc(HEAP_SIZE, 8);
	heap_end = heap ? heap + HEAP_SIZE : NULL;
	err = count_boot(&boots);
	sniprintf(line, sizeof(line), "boot %u: %s, %u KiB reserved\r\n", boots,
		  err ? error_text(err) : "counted", (unsigned)memblock_reserved_size() / 1024);
	print(line);
	SYS_CFGCTRL = !err && boots < 3 ? RESET : POWER_OFF;
}
