/* SPDX-License-Identifier: MIT */
/* What is handed to relocate() and comes back from it, and the one line of an image that cannot
 * start. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion" /* addresses have 32 bits there */
#include "boot/early.c"
#pragma GCC diagnostic pop

#define UNUSED __attribute__((unused))

static char image[3 * PAGE_SIZE] __attribute__((used));
__asm__(".globl __image_start, __image_file_end, __image_end\n"
	".set __image_start, image\n"
	".set __image_file_end, image + 0x1100\n"
	".set __image_end, image + 0x3000\n");
struct boot_registers boot_registers;

static struct relocation given, result;
static const char *problem;

static struct {
	char sent[200];
	unsigned begun, looks;
	size_t takes; /* bytes at a time */
} port;

const char *relocate(struct relocation *r)
{
	given = *r;
	*r = result;
	return problem;
}

void pl011_init(uintptr_t base)
{
	assert_int_equal(base, EARLY_UART_BASE);
	port.begun++;
}

size_t pl011_put(uintptr_t base, const void *bytes, size_t len)
{
	size_t n = len < port.takes ? len : port.takes;

	assert_int_equal(base, EARLY_UART_BASE);
	assert_int_equal(port.begun, 1);
	assert_true(strlen(port.sent) + n < sizeof(port.sent));
	strncat(port.sent, bytes, n);
	port.looks++;
	return n;
}

static int power_on(void **state UNUSED)
{
	memset(&port, 0, sizeof(port));
	memset(&boot_registers, 0xa5, sizeof(boot_registers));
	result = (struct relocation){.r2 = 0x61000000,
				     .appended = 0x62000000,
				     .appended_refused = true,
				     .appended_size = 77,
				     .problem_at = 0x6000abcd};
	problem = NULL;
	port.takes = 3;
	return 0;
}

static void it_starts(void **state UNUSED)
{
	assert_true(early_start(0x8e0, 0x60000100, 0x6c010000));
	assert_int_equal(given.load, (uint32_t)(uintptr_t)image);
	assert_int_equal(given.link, 0x6c010000);
	assert_int_equal(given.file_size, 0x1100);
	assert_int_equal(given.image_size, 0x3000);
	assert_int_equal(given.ram_start, 0x68000000);
	assert_int_equal(given.r2, 0x60000100);
	assert_int_equal(boot_registers.r1, 0x8e0);
	assert_int_equal(boot_registers.r2, 0x61000000);
	assert_int_equal(boot_registers.appended, 0x62000000);
	assert_int_equal(boot_registers.appended_refused, 1);
	assert_int_equal(boot_registers.appended_size, 77);
	assert_int_equal(port.begun, 0);
}

static void it_does_not(void **state UNUSED)
{
	problem = "there is no room";
	assert_false(early_start(0, 0, 0x60010000));
	assert_string_equal(port.sent, "Cairn does not start: 0x6000abcd: there is no room\r\n");
}

/* A port that takes nothing any more ends the wait, not the core. */
static void the_port_has_stopped(void **state UNUSED)
{
	problem = "there is no room";
	port.takes = 0;
	assert_false(early_start(0, 0, 0x60010000));
	assert_true(port.looks > TAKES_NOTHING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(it_starts, power_on),
		cmocka_unit_test_setup(it_does_not, power_on),
		cmocka_unit_test_setup(the_port_has_stopped, power_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
