/* SPDX-License-Identifier: MIT */
/*
 * The first program in flash: boot/selector/main.c with flash, port and registers that are made up,
 * and memory that lies where the board's does. Which image it is to be, whatever was cut, is
 * test_selection's.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <sys/mman.h>

#define CAIRN_DRIVERS_MMIO_H /* these instead */
#define CAIRN_DRIVERS_CP15_H
#define CAIRN_BOOT_SELECTOR_TIMER_H

static uint32_t mmio_read(uintptr_t address);
static void mmio_write(uintptr_t address, uint32_t value);
static uint32_t read_cbar(void);
static void dsb(void);
static uint32_t timer_ticks(void);
static int timer_passed(uint32_t start);

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wint-to-pointer-cast" /* addresses have 32 bits there */
#include "boot/selector/main.c"
#pragma GCC diagnostic pop

#define UNUSED __attribute__((unused))
#define PRIVATE 0x1e000000u
#define SECOND 1000u /* looks at the timer */
#define ENTRY (RAM_BASE + 0x10000u)
#define TREE (RAM_BASE + 0x20000u)
#define CODE_SIZE 0x1000u
#define TREE_SIZE 0x200u
#define MARK 0x123u
#define MEMORY_SIZE 0x40000u

static uint32_t flash[(IMAGE_B_OFFSET + 0x10000) / 4];
static uint8_t *const memory = (uint8_t *)(uintptr_t)RAM_BASE;

static struct {
	unsigned cores, silent; /* how many; a bit for each that does not answer */
	bool gic_on;
	uint32_t data;
	unsigned resets, begun;
	int program_error;
	bool stuck; /* the port takes nothing */
	uint32_t ticks;
	char sent[1000];
	uint32_t entry, tree;
	jmp_buf entered;
} board;

static uint32_t timer_ticks(void)
{
	return board.ticks++;
}

static int timer_passed(uint32_t start)
{
	return timer_ticks() - start >= SECOND;
}

static uint32_t read_cbar(void)
{
	return PRIVATE;
}

static void dsb(void)
{
}

static uint32_t mmio_read(uintptr_t address)
{
	if (address == PRIVATE + SCU_CONFIGURATION)
		return 0xf0 | (board.cores - 1);
	assert_true(address % 4 == 0 && address >= FLASH_BASE &&
		    address < FLASH_BASE + sizeof(flash));
	return flash[(address - FLASH_BASE) / 4];
}

/* An interrupt to all others: those that wait answer. */
static void mmio_write(uintptr_t address, uint32_t value)
{
	if (address == PRIVATE + GICD_CTLR) {
		board.gic_on = value;
	} else if (address == PRIVATE + GICD_SGIR) {
		assert_true(board.gic_on);
		assert_int_equal(value, SGIR_ALL_OTHERS);
		for (unsigned i = 1; i < board.cores; i++)
			if (!(board.silent & 1u << i))
				core_answers[i] = core_token;
	} else if (address == SYSREG_BASE + SYS_CFGDATA) {
		board.data = value;
	} else {
		assert_int_equal(address, SYSREG_BASE + SYS_CFGCTRL);
		assert_int_equal(value, CFGCTRL_REBOOT);
		assert_int_equal(board.data, 0);
		board.resets++;
	}
}

int nor_program(uintptr_t address, uint32_t word)
{
	assert_false(board.gic_on); /* the other cores have left the flash */
	if (!board.program_error)
		flash[(address - FLASH_BASE) / 4] &= word;
	return board.program_error;
}

static void init(uintptr_t base)
{
	assert_int_equal(base, EARLY_UART_BASE);
	board.begun++;
}

static size_t put_bytes(uintptr_t base, const void *bytes, size_t len)
{
	assert_int_equal(base, EARLY_UART_BASE);
	if (board.stuck)
		return 0;
	assert_true(board.begun && strlen(board.sent) + len < sizeof(board.sent));
	strncat(board.sent, bytes, len);
	return len;
}

const struct uart_ops pl011_ops = {.init = init, .put = put_bytes};

void selector_enter(uint32_t entry, uint32_t tree)
{
	board.entry = entry;
	board.tree = tree;
	longjmp(board.entered, 1);
}

/* What each image has in flash; TEXT is its version. */
static void make_image(uint32_t at, const char *text, uint32_t mark)
{
	uint8_t *bytes = (uint8_t *)flash + at;
	struct flash_image h = {.magic = FLASH_IMAGE_MAGIC,
				.version = FLASH_IMAGE_VERSION,
				.parts = {{ENTRY, CODE_SIZE}, {TREE, TREE_SIZE}},
				.mark = mark};

	for (uint32_t i = 0; i < CODE_SIZE + TREE_SIZE; i++)
		bytes[sizeof(h) + i] = (uint8_t)(i * 7 + i / CODE_SIZE + (uint8_t)*text);
	snprintf(h.text, sizeof(h.text), "%s", text);
	h.crc = crc32c(0, bytes + sizeof(h), CODE_SIZE + TREE_SIZE);
	h.header_crc = crc32c(0, &h, offsetof(struct flash_image, header_crc));
	memcpy(bytes, &h, sizeof(h));
}

static int power_on(void **state UNUSED)
{
	memset(&board, 0, sizeof(board));
	board.cores = 4;
	memset(flash, 0xff, sizeof(flash));
	memset(memory, 0, MEMORY_SIZE);
	make_image(IMAGE_A_OFFSET, "one", MARK);
	make_image(IMAGE_B_OFFSET, "two", MARK);
	image_entered = false;
	memset((void *)core_answers, 0, sizeof(core_answers));
	core_token = 41;
	return 0;
}

/* A start of the board: whether an image was entered, and all that came on the port. */
static bool start(void)
{
	board.sent[0] = '\0';
	board.begun = 0;
	image_entered = false;
	if (setjmp(board.entered))
		return true;
	selector_main();
	return false;
}

static void an_image_is_entered(void **state UNUSED)
{
	uint8_t *bytes = (uint8_t *)flash + IMAGE_A_OFFSET + sizeof(struct flash_image);

	assert_true(start());
	assert_string_equal(board.sent, "Selector: image A, one, try 1 of 3\r\n");
	assert_int_equal(board.entry, ENTRY);
	assert_int_equal(board.tree, TREE);
	assert_memory_equal(memory + 0x10000, bytes, CODE_SIZE);
	assert_int_equal(memory[0x20000 + MARK], 'A');
	memory[0x20000 + MARK] = bytes[CODE_SIZE + MARK];
	assert_memory_equal(memory + 0x20000, bytes + CODE_SIZE, TREE_SIZE);
	assert_int_equal(core_token, 42);
	assert_false(board.gic_on);
}

static void the_other_one(void **state UNUSED)
{
	flash[(IMAGE_A_OFFSET + 200) / 4] ^= 1;
	make_image(IMAGE_B_OFFSET, "two", 0); /* and its tree has no place for a letter */
	assert_true(start());
	assert_string_equal(
		board.sent,
		"Selector: image A: its bytes do not match their checksum: it is left out\r\n"
		"Selector: image B, two, try 1 of 3\r\n");
	assert_memory_equal(memory + 0x20000,
			    (uint8_t *)flash + IMAGE_B_OFFSET + sizeof(struct flash_image) +
				    CODE_SIZE,
			    TREE_SIZE);
}

static void neither(void **state UNUSED)
{
	static const char last[] = "Selector: neither image can be started: the board stays here "
				   "(docs/board.md has ways out)\r\n";

	flash[IMAGE_A_OFFSET / 4] = 0xffffffff;
	flash[IMAGE_B_OFFSET / 4 + 3] ^= 1;
	assert_false(start());
	assert_ptr_equal(strstr(board.sent, "Selector: image A: there is none: it is left out\r\n"),
			 board.sent);
	assert_non_null(strstr(board.sent,
			       "\nSelector: image B: its header does not match its checksum: it is "
			       "left out\r\n"));
	assert_string_equal(board.sent + strlen(board.sent) - strlen(last), last);
	assert_false(image_entered);
}

/* Three tries for each, then what there is is tried all the same. */
static void tries(void **state UNUSED)
{
	static const char *const lines[] = {"Selector: image A, one, try 1 of 3\r\n",
					    "Selector: image A, one, try 2 of 3\r\n",
					    "Selector: image A, one, try 3 of 3\r\n",
					    "Selector: image A: its tries are used up and it was "
					    "not confirmed: it is left out\r\n"
					    "Selector: image B, two, try 1 of 3\r\n"};
	uint8_t last = 0;

	for (size_t i = 0; i < 4; i++) {
		assert_true(start());
		assert_string_equal(board.sent, lines[i]);
	}
	assert_true(start());
	assert_true(start());
	for (unsigned i = 0; i < 4; i++) { /* by turns */
		assert_true(start());
		assert_non_null(
			strstr(board.sent, ": nothing else is left: it is tried again\r\n"));
		assert_true(memory[0x20000 + MARK] != last);
		last = memory[0x20000 + MARK];
	}
}

/* An image that came up before has no number behind it. */
static void a_confirmed_one(void **state UNUSED)
{
	const struct flash_image *h = (struct flash_image *)((uint8_t *)flash + IMAGE_A_OFFSET);
	struct selection_found found;
	const struct selection_flash f = {.stride = SELECTOR_SIZE / SELECTION_PARTS,
					  .read = read_areas,
					  .program = program_areas};

	assert_true(start());
	selection_find(&f, &found);
	assert_int_equal(program_areas(NULL, found.offset + offsetof(struct selection, confirmed),
				       selection_mark(h->crc)),
			 0);
	assert_true(start());
	assert_string_equal(board.sent, "Selector: image A, one\r\n");
}

static void a_try_that_is_not_counted(void **state UNUSED)
{
	static const struct {
		int err;
		const char *why;
	} cases[] = {{-ETIMEDOUT, "the flash does not answer"},
		     {-EACCES, "the flash is locked"},
		     {-EIO, "the flash cannot be written"}};
	char line[200];

	for (size_t i = 0; i < 3; i++) {
		board.program_error = cases[i].err;
		assert_true(start());
		snprintf(line, sizeof(line),
			 "Selector: image A: its try is not counted: %s\r\nSelector: image A, "
			 "one\r\n",
			 cases[i].why);
		assert_string_equal(board.sent, line);
	}
}

static void a_core_that_does_not_answer(void **state UNUSED)
{
	board.silent = 1u << 2;
	assert_true(start());
	assert_string_equal(board.sent, "Selector: core 2 does not answer: is it held in reset?\r\n"
					"Selector: image A, one, try 1 of 3\r\n");
	assert_true(board.ticks >= SECOND);
	board.cores = 1;
	assert_true(start());
	assert_string_equal(board.sent, "Selector: image A, one, try 2 of 3\r\n");
}

/* Before an image runs somebody has to look at it; behind that the next try may fare better. */
static void exceptions(void **state UNUSED)
{
	board.begun = 1;
	selector_fault(0x000012ab);
	assert_string_equal(board.sent,
			    "Selector: exception at 000012ab: the board stays here\r\n");
	assert_int_equal(board.resets, 0);
	assert_true(start());
	board.sent[0] = '\0';
	selector_fault(0xfedc9876);
	assert_string_equal(board.sent, "Selector: exception at fedc9876 in the image: reset\r\n");
	assert_int_equal(board.resets, 1);
}

/* Nobody waits for text for ever. */
static void a_port_that_takes_nothing(void **state UNUSED)
{
	board.stuck = true;
	assert_true(start());
	assert_string_equal(board.sent, "");
	assert_int_equal(board.entry, ENTRY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_image_is_entered, power_on),
		cmocka_unit_test_setup(the_other_one, power_on),
		cmocka_unit_test_setup(neither, power_on),
		cmocka_unit_test_setup(tries, power_on),
		cmocka_unit_test_setup(a_confirmed_one, power_on),
		cmocka_unit_test_setup(a_try_that_is_not_counted, power_on),
		cmocka_unit_test_setup(a_core_that_does_not_answer, power_on),
		cmocka_unit_test_setup(exceptions, power_on),
		cmocka_unit_test_setup(a_port_that_takes_nothing, power_on),
	};

	if (mmap(memory, MEMORY_SIZE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != memory) {
		print_error("no memory at %p\n", (void *)memory);
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
