/* SPDX-License-Identifier: MIT */
/*
 * Built to run at any address, and with the data caches off: addresses of the image's parts, which
 * the linker knows, are those where they lie now.
 */
#pragma GCC visibility push(hidden)
#include "boot/early.h"

#include "boot/layout.h"
#include "boot/relocate.h"
#include "drivers/pl011.h"
#pragma GCC visibility pop
#include "early_uart.h" /* made by the build from the board's tree */

#define TAKES_NOTHING 1000000 /* looks at a port that has no room: it has stopped */

static void say(const char *text, size_t len)
{
	for (unsigned looks = 0; len && looks < TAKES_NOTHING; looks++) {
		size_t sent = pl011_put(EARLY_UART_BASE, text, len);

		text += sent;
		len -= sent;
	}
}

static void say_text(const char *text)
{
	size_t len = 0;

	while (text[len])
		len++;
	say(text, len);
}

static void say_address(uint32_t value)
{
	for (int shift = 28; shift >= 0; shift -= 4) {
		unsigned digit = value >> shift & 15;
		char c = (char)(digit < 10 ? '0' + digit : 'a' - 10 + digit);

		say(&c, 1);
	}
}

bool early_start(uint32_t r1, uint32_t r2, uint32_t link)
{
	uintptr_t load = (uintptr_t)__image_start;
	struct relocation r = {
		.load = load,
		.link = link,
		.file_size = (uintptr_t)__image_file_end - load,
		.image_size = (uintptr_t)__image_end - load,
		.ram_start = RAM_OF(link),
		.r2 = r2,
	};
	const char *problem = relocate(&r);

	boot_registers.r1 = r1;
	boot_registers.r2 = r.r2;
	boot_registers.appended = r.appended;
	boot_registers.appended_refused = r.appended_refused;
	boot_registers.appended_size = r.appended_size;
	if (!problem)
		return true;
	pl011_init(EARLY_UART_BASE);
	say_text("Cairn does not start: 0x");
	say_address(r.problem_at);
	say_text(": ");
	say_text(problem);
	say_text("\r\n");
	return false;
}
