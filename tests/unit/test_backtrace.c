/* SPDX-License-Identifier: MIT */
/* Where a backtrace reads, and what it prints: boot/backtrace.c on an image and stacks at the
 * board's addresses. How it gets from frame to frame is test_unwind's. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpointer-to-int-cast" /* addresses have 32 bits there */
#pragma GCC diagnostic ignored "-Wint-to-pointer-cast"
#pragma GCC diagnostic ignored "-Wconversion"
#include "boot/backtrace.c"
#pragma GCC diagnostic pop

#include "tests/unit/boot_test.h"

#define UNUSED __attribute__((unused))
#define IMAGE 0x60010000U /* a page of code and one of its tables */
#define STACK 0x60020000U /* a page of memory */
#define FUNCTION(n) (IMAGE + 0x100 * (n))
#define CALL 32U /* where in a function its call is */
#define CANTUNWIND 1U
#define POP_R4_LR 0x80a8b0b0U /* a function that has pushed both */

/* The linker puts it to IMAGE; the stack is its last page. */
static uint8_t memory[0x11000] __attribute__((section(".board"), used));
__asm__(".globl __image_start, __text_end, __exidx_start, __exidx_end, __image_end\n"
	".set __image_start, memory\n"
	".set __text_end, memory + 0x1000\n"
	".set __exidx_start, memory + 0x1000\n"
	".set __exidx_end, memory + 0x1020\n"
	".set __image_end, memory + 0x2000\n");

static uint32_t unmapped; /* a page */
static char lines[4000];

bool mmu_mapped(uintptr_t addr)
{
	return addr - unmapped >= PAGE_SIZE;
}

static void take_line(const char *fmt, ...)
{
	size_t len = strlen(lines);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(lines + len, sizeof(lines) - len, fmt, ap);
	va_end(ap);
	strcat(lines, "\n");
}

static uint32_t *at(uint32_t address)
{
	return (uint32_t *)(uintptr_t)address;
}

/* Four functions: the first one was called by nobody, the others push r4 and lr. */
static int set_up(void **state)
{
	boot_test_setup(state);
	memblock_add(STACK, PAGE_SIZE);
	memset(at(IMAGE), 0, 2 * PAGE_SIZE);
	memset(at(STACK), 0, PAGE_SIZE);
	for (uint32_t n = 0; n < 4; n++) {
		uint32_t entry = IMAGE + PAGE_SIZE + n * 8;

		*at(FUNCTION(n) + CALL) = 0xf800f000; /* BL */
		*at(entry) = (FUNCTION(n) - entry) & 0x7fffffff;
		*at(entry + 4) = n ? POP_R4_LR : CANTUNWIND;
	}
	unmapped = 0;
	lines[0] = '\0';
	return 0;
}

/* Lays down the frame of a function that FUNCTION(CALLER) called; returns where the caller's is. */
static uint32_t push(uint32_t sp, uint32_t caller)
{
	*at(sp + 4) = (FUNCTION(caller) + CALL + 4) | 1;
	return sp + 8;
}

static const char *trace(uint32_t pc, uint32_t sp)
{
	uint32_t registers[16] = {[UNWIND_SP] = sp, [UNWIND_PC] = pc};

	lines[0] = '\0';
	backtrace(registers, take_line);
	return lines;
}

static void a_chain(void **state UNUSED)
{
	uint32_t sp = push(STACK, 2);

	push(push(sp, 1), 0);
	assert_string_equal(trace(FUNCTION(3) + 16, STACK), "#0  60010310 0x60010310\n"
							    "#1  60010220 0x60010220\n"
							    "#2  60010120 0x60010120\n"
							    "#3  60010020 0x60010020\n");
}

/* By name, where the table of names knows it. */
static void names(void **state UNUSED)
{
	static const struct symbol symbols[] = {
		{IMAGE, 0}, {FUNCTION(1), 6}, {IMAGE + PAGE_SIZE, 10}};
	static const struct symbol_table table = {symbols, 3, "start\0one\0end"};

	push(STACK, 0);
	symbols_set(&table);
	assert_string_equal(trace(FUNCTION(1) + 16, STACK), "#0  60010110 one+0x10/0xf00\n"
							    "#1  60010020 start+0x20/0x100\n");
	symbols_set(NULL);
}

/* A frame that was found by looking for a return address is a guess. */
static void a_guess(void **state UNUSED)
{
	*at(STACK + 20) = (FUNCTION(0) + CALL + 4) | 1;
	assert_string_equal(trace(0x1000, STACK),
			    "#0  00001000 0x1000\n#1  60010020 0x60010020 ?\n");
}

/* A recursion that ran over has thousands: the first sixteen tell enough. */
static void more_than_are_shown(void **state UNUSED)
{
	uint32_t sp = STACK;

	for (unsigned i = 0; i < 20; i++)
		sp = push(sp, 1);
	trace(FUNCTION(1) + 16, STACK);
	assert_non_null(strstr(lines, "#15 60010120 0x60010120\nand so on\n"));
	assert_null(strstr(lines, "#16"));
	memset(at(STACK), 0, PAGE_SIZE);
	sp = STACK;
	for (unsigned i = 0; i < 14; i++)
		sp = push(sp, 1);
	push(sp, 0);
	trace(FUNCTION(1) + 16, STACK);
	assert_non_null(strstr(lines, "#15 60010020 0x60010020\n"));
	assert_null(strstr(lines, "and so on"));
}

/* A stack that is no memory, or not mapped, is not looked at. */
static void no_stack(void **state UNUSED)
{
	push(STACK, 0);
	unmapped = STACK;
	assert_string_equal(trace(FUNCTION(1) + 16, STACK), "#0  60010110 0x60010110\n");
	unmapped = 0;
	assert_string_equal(trace(FUNCTION(1) + 16, 0x10009000), "#0  60010110 0x60010110\n");
	memblock_mark_nomap(STACK, PAGE_SIZE);
	assert_string_equal(trace(FUNCTION(1) + 16, STACK), "#0  60010110 0x60010110\n");
}

static void words(void **state UNUSED)
{
	uint32_t word = 0;

	*at(STACK) = 0x11223344;
	*at(STACK + 4) = 0x55667788;
	*at(STACK + PAGE_SIZE - 4) = 0x99aabbcc;
	assert_true(backtrace_word(STACK, &word));
	assert_int_equal(word, 0x11223344);
	assert_true(backtrace_word(STACK + 2, &word));
	assert_int_equal(word, 0x77881122);
	assert_true(backtrace_word(STACK + PAGE_SIZE - 2, &word)); /* the rest is not there */
	assert_int_equal(word, 0x99aa);
	assert_false(backtrace_word(STACK + PAGE_SIZE, &word));
	assert_true(backtrace_word(IMAGE, &word));
	assert_true(backtrace_word(IMAGE + 2 * PAGE_SIZE - 4, &word));
	assert_false(backtrace_word(IMAGE + 2 * PAGE_SIZE, &word));
	assert_false(backtrace_word(IMAGE - 4, &word));
	unmapped = IMAGE;
	assert_false(backtrace_word(IMAGE, &word));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_chain, set_up),
		cmocka_unit_test_setup(names, set_up),
		cmocka_unit_test_setup(a_guess, set_up),
		cmocka_unit_test_setup(more_than_are_shown, set_up),
		cmocka_unit_test_setup(no_stack, set_up),
		cmocka_unit_test_setup(words, set_up),
	};

	if ((uintptr_t)memory != IMAGE) {
		print_error("the linker has put the image to %p\n", (void *)memory);
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
