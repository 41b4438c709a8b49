/* SPDX-License-Identifier: MIT */
/* What the fault status registers say, for each value that they can have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "boot/fault.h"

#define UNUSED __attribute__((unused))

#define WRITE 0x800U
#define SLAVE 0x1000U
#define DOMAIN(n) ((n) << 4)

static const struct {
	uint32_t fs; /* bit 10 and bits 3 to 0 */
	bool address, domain, external;
	const char *text;
} causes[] = {
	{0x001, true, false, false, "alignment fault"},
	{0x002, false, false, false, "debug event"},
	{0x003, true, false, false, "access flag fault, section"},
	{0x004, true, false, false, "fault of a cache maintenance operation"},
	{0x005, true, false, false, "translation fault, section"},
	{0x006, true, true, false, "access flag fault, page"},
	{0x007, true, true, false, "translation fault, page"},
	{0x008, true, false, true, "external abort"},
	{0x009, true, true, false, "domain fault, section"},
	{0x00b, true, true, false, "domain fault, page"},
	{0x00c, true, false, true, "external abort in a table walk, first level"},
	{0x00d, true, true, false, "permission fault, section"},
	{0x00e, true, true, true, "external abort in a table walk, second level"},
	{0x00f, true, true, false, "permission fault, page"},
	{0x400, true, false, false, "conflict in the TLB"},
	{0x404, true, false, false, "lockdown abort"},
	{0x406, false, false, true, "asynchronous external abort"},
	{0x408, false, false, false, "asynchronous parity error"},
	{0x409, true, false, false, "parity error"},
	{0x40a, true, false, false, "coprocessor abort"},
	{0x40c, true, false, false, "parity error in a table walk, first level"},
	{0x40e, true, true, false, "parity error in a table walk, second level"},
};

/* The index in causes[] of STATUS, or their number. */
static size_t cause_of(uint32_t status)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(causes) && causes[i].fs != (status & 0x40f))
		i++;
	return i;
}

static void expect(char *want, uint32_t status, uint32_t address, bool data)
{
	bool write = data && (status & WRITE);
	size_t i = cause_of(status);
	bool known = i < ARRAY_SIZE(causes);

	want += sprintf(want, !data ? "fetch" : write ? "write" : "read");
	if (known && causes[i].address)
		want += sprintf(want, " %s %08lx", write ? "to" : "from", (unsigned long)address);
	want += sprintf(want, ": %s", known ? causes[i].text : "unknown cause");
	if (known && causes[i].external)
		want += sprintf(want, status & SLAVE ? " (slave error)" : " (decode error)");
	if (known && causes[i].domain && data)
		sprintf(want, ", domain %u", (unsigned)(status >> 4 & 0xf));
}

static void every_status(void **state UNUSED)
{
	for (uint32_t status = 0; status < 0x2000; status++) {
		uint32_t address = status * 0x9e3779b9U;
		char want[FAULT_TEXT_MAX * 2], text[FAULT_TEXT_MAX];
		size_t i = cause_of(status);

		expect(want, status, address, true);
		assert_string_equal(fault_data(text, sizeof(text), status, address), want);
		expect(want, status, address, false);
		assert_string_equal(fault_fetch(text, sizeof(text), status, address), want);
		assert_int_equal(fault_has_address(status),
				 i < ARRAY_SIZE(causes) && causes[i].address);
	}
}

static void some_in_full(void **state UNUSED)
{
	char text[FAULT_TEXT_MAX];

	assert_string_equal(fault_data(text, sizeof(text), WRITE | 0x5, 0x10),
			    "write to 00000010: translation fault, section");
	assert_string_equal(fault_data(text, sizeof(text), WRITE | DOMAIN(1) | 0xd, 0x63f00000),
			    "write to 63f00000: permission fault, section, domain 1");
	assert_string_equal(fault_data(text, sizeof(text), SLAVE | 0x406, 0x10),
			    "read: asynchronous external abort (slave error)");
	assert_string_equal(fault_data(text, sizeof(text), WRITE | DOMAIN(15) | 0xe, ~0U),
			    "write to ffffffff: external abort in a table walk, second level "
			    "(decode error), domain 15");
	assert_string_equal(fault_fetch(text, sizeof(text), 0xf, 0x60030000),
			    "fetch from 60030000: permission fault, page");
	assert_string_equal(fault_fetch(text, sizeof(text), 0x2, 1), "fetch: debug event");
}

static void the_instruction(void **state UNUSED)
{
	char text[FAULT_TEXT_MAX];

	assert_string_equal(fault_instruction(text, sizeof(text), false, 0xe7f000f0),
			    "ARM instruction e7f000f0");
	assert_string_equal(fault_instruction(text, sizeof(text), true, 0x4770de00),
			    "Thumb instruction de00");
	assert_string_equal(fault_instruction(text, sizeof(text), true, 0x1234e7ff),
			    "Thumb instruction e7ff");
	assert_string_equal(fault_instruction(text, sizeof(text), true, 0xa000f7f0),
			    "Thumb instruction f7f0 a000");
	assert_string_equal(fault_instruction(text, sizeof(text), true, 0x0001e800),
			    "Thumb instruction e800 0001");
}

static void modes(void **state UNUSED)
{
	static const char names[] =
		"usr fiq irq svc         mon abt         hyp und             sys ";

	for (uint32_t mode = 0; mode < 0x20; mode++) {
		const char *name = names + (mode & 0xf) * 4;

		if (mode & 0x10 && *name != ' ')
			assert_memory_equal(fault_mode(0x60000180 | mode), name, 3);
		else
			assert_string_equal(fault_mode(0x60000180 | mode), "no mode");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_status),
		cmocka_unit_test(some_in_full),
		cmocka_unit_test(the_instruction),
		cmocka_unit_test(modes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
