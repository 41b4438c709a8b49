/* SPDX-License-Identifier: MIT */
/*
 * The selector: the fixed first program in flash. It chooses image A or B, copies it to where it
 * runs and enters it. It prints one line if all is well.
 */
#include <errno.h>

#include "boot/flash_image.h"
#include "boot/layout.h"
#include "boot/selection.h"
#include "boot/selector/nor.h"
#include "boot/selector/timer.h"
#include "drivers/cp15.h"
#include "drivers/mmio.h"
#include "drivers/pl011.h"
#include "drivers/vexpress_registers.h"
#include "early_uart.h"   /* made by the build from the board's tree */
#include "flash_layout.h" /* so is this */
#include "lib/crc32c.h"

#define GICD 0x1000 /* DDI 0407, 1.5; IHI 0048B, 4.3 */
#define GICD_CTLR (GICD + 0)
#define GICD_SGIR (GICD + 0xf00)
#define SGIR_ALL_OTHERS (1u << 24)

#define CFGCTRL_REBOOT (CFGCTRL_START | CFGCTRL_WRITE | CFGCTRL_FUNCTION(FUNCTION_REBOOT))

#define AREAS (FLASH_BASE + SELECTOR_OFFSET + SELECTOR_SIZE / SELECTION_PARTS)

/* What start.S calls, and what it has. */
void selector_main(void);
void selector_fault(uint32_t pc);
void selector_enter(uint32_t entry, uint32_t tree);

#define KEPT_IN_SRAM __attribute__((section(".kept")))

/* Another one at each start; each core that waits in SRAM answers with it when it is asked. */
volatile uint32_t core_token KEPT_IN_SRAM;
volatile uint32_t core_answers[CORES_MAX] KEPT_IN_SRAM;

static bool image_entered;

static const struct {
	uint32_t base, size;
	const char *name;
} places[FLASH_IMAGES] = {
	{FLASH_BASE + IMAGE_A_OFFSET, IMAGE_A_SIZE, "image A"},
	{FLASH_BASE + IMAGE_B_OFFSET, IMAGE_B_SIZE, "image B"},
};

static void put(const char *text)
{
	uint32_t start = timer_ticks();

	while (*text && !timer_passed(start))
		text += pl011_ops.put(EARLY_UART_BASE, text, 1);
}

static void put_line(const char *const *text)
{
	put("Selector: ");
	while (*text)
		put(*text++);
	put("\r\n");
}

/* Writes a line of strings. */
#define say(...) put_line((const char *const[]){__VA_ARGS__, NULL})

/* VALUE in hexadecimal, in TEXT. */
static const char *hex(uint32_t value, char text[9])
{
	for (int i = 0; i < 8; i++)
		text[i] = "0123456789abcdef"[value >> (28 - 4 * i) & 0xf];
	text[8] = '\0';
	return text;
}

static void reset_board(void)
{
	mmio_write(SYSREG_BASE + SYS_CFGDATA, 0);
	mmio_write(SYSREG_BASE + SYS_CFGCTRL, CFGCTRL_REBOOT);
}

/* The image's exceptions, too, until it has vectors of its own: the next try may fare better. */
void selector_fault(uint32_t pc)
{
	char at[9];

	say("exception at ", hex(pc, at),
	    image_entered ? " in the image: reset" : ": the board stays here");
	if (image_entered)
		reset_board();
}

/* Reads flash by words, from and to aligned places. */
static void copy(void *to, uint32_t from, size_t size)
{
	uint32_t *word = to;

	for (size_t i = 0; i < size / sizeof(*word); i++)
		word[i] = mmio_read(from + (uint32_t)(i * sizeof(*word)));
}

static void read_areas(void *ctx, uint32_t offset, void *to, size_t size)
{
	(void)ctx;
	copy(to, AREAS + offset, size);
}

static int program_areas(void *ctx, uint32_t offset, uint32_t word)
{
	(void)ctx;
	return nor_program(AREAS + offset, word);
}

static void leave_out(unsigned image, const char *why)
{
	say(places[image].name, ": ", why, ": it is left out");
}

static bool look(void *ctx, unsigned image, uint32_t *crc)
{
	struct flash_image *headers = ctx, *h = &headers[image];
	const char *problem;

	copy(h, places[image].base, sizeof(*h));
	problem = flash_image_problem(h, places[image].size, RAM_BASE, RAM_SIZE);
	if (problem) {
		leave_out(image, problem);
		return false;
	}
	*crc = h->crc;
	return true;
}

static bool load(void *ctx, unsigned image)
{
	const struct flash_image *headers = ctx, *h = &headers[image];
	uint32_t from = places[image].base + sizeof(*h), crc = 0;

	for (unsigned i = 0; i < FLASH_IMAGE_PARTS; i++) {
		void *to = (void *)(uintptr_t)h->parts[i].base;

		copy(to, from, h->parts[i].size);
		from += h->parts[i].size;
		crc = crc32c(crc, to, h->parts[i].size);
	}
	if (crc == h->crc)
		return true;
	leave_out(image, "its bytes do not match their checksum");
	return false;
}

static void used_up(void *ctx, unsigned image)
{
	(void)ctx;
	leave_out(image, "its tries are used up and it was not confirmed");
}

static void not_counted(void *ctx, unsigned image, int err)
{
	(void)ctx;
	say(places[image].name, ": its try is not counted: ",
	    err == -ETIMEDOUT ? "the flash does not answer"
	    : err == -EACCES  ? "the flash is locked"
			      : "the flash cannot be written");
}

static void again(void *ctx, unsigned image)
{
	(void)ctx;
	say(places[image].name, ": nothing else is left: it is tried again");
}

/* Waits until the other cores have left the flash, which cannot be read while it is programmed. */
static void settle_cores(void)
{
	uint32_t private = read_cbar(), start = timer_ticks();
	unsigned count = (mmio_read(private + SCU_CONFIGURATION) & 3) + 1;
	char number[2] = "";

	core_token++;
	dsb();
	mmio_write(private + GICD_CTLR, 1);
	mmio_write(private + GICD_SGIR, SGIR_ALL_OTHERS);
	for (unsigned i = 1; i < count; i++) {
		while (core_answers[i] != core_token && !timer_passed(start))
			;
		number[0] = (char)('0' + i);
		if (core_answers[i] != core_token)
			say("core ", number, " does not answer: is it held in reset?");
	}
	mmio_write(private + GICD_CTLR, 0);
}

static void enter(const struct flash_image *h, unsigned image, unsigned try)
{
	char number[2] = "";
	uint32_t tree = h->parts[FLASH_IMAGE_TREE].base;

	_Static_assert(SELECTION_TRIES == 3, "as the text says");
	number[0] = (char)('0' + try);
	say(places[image].name, ", ", h->text, try ? ", try " : "", try ? number : "",
	    try ? " of 3" : "");
	if (h->mark)
		*(volatile char *)(tree + h->mark) = (char)('A' + image);
	image_entered = true;
	dsb();
	selector_enter(h->parts[FLASH_IMAGE_CODE].base, tree);
}

/* Enters an image; returns if there is none. */
static void choose(void)
{
	struct flash_image headers[FLASH_IMAGES];
	const struct selector selector = {
		.flash = {.ctx = headers,
			  .stride = SELECTOR_SIZE / SELECTION_PARTS,
			  .read = read_areas,
			  .program = program_areas},
		.look = look,
		.load = load,
		.used_up = used_up,
		.not_counted = not_counted,
		.again = again,
		.turn = core_token,
	};
	unsigned try;
	int image;

	image = selection_choose(&selector, &try);
	if (image >= 0)
		enter(&headers[image], (unsigned)image, try);
}

void selector_main(void)
{
	pl011_ops.init(EARLY_UART_BASE);
	settle_cores();
	choose();
	say("neither image can be started: the board stays here (docs/board.md has ways out)");
}
