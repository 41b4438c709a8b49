/* SPDX-License-Identifier: MIT */
/* ARM DDI 0406C, B3.13.3: the fault status encodings with the short-descriptor translation table.
 */
#include "boot/fault.h"

#include <stdio.h>

#define STATUS_FS4 (1u << 10) /* FS is bit 10 and bits 3 to 0 */
#define STATUS_WRITE (1u << 11)
#define STATUS_SLVERR (1u << 12) /* external aborts: the device said no; else nobody answered */

#define NO_ADDRESS 1u /* DFAR and IFAR are UNKNOWN */
#define DOMAIN 2u     /* the domain field is valid for a data abort */
#define EXTERNAL 4u

/* What the fault was met at. */
#define SECTION 0x10u
#define PAGE 0x20u
#define WALK1 0x30u
#define WALK2 0x40u
static const char *const met_at[] = {
	"",
	", section",
	", page",
	" in a table walk, first level",
	" in a table walk, second level",
};

static const struct cause {
	uint8_t status, flags;
	const char *text;
} causes[] = {
	{0x01, 0, "alignment fault"},
	{0x02, NO_ADDRESS, "debug event"},
	{0x03, SECTION, "access flag fault"},
	{0x04, 0, "fault of a cache maintenance operation"},
	{0x05, SECTION, "translation fault"},
	{0x06, PAGE | DOMAIN, "access flag fault"},
	{0x07, PAGE | DOMAIN, "translation fault"},
	{0x08, EXTERNAL, "external abort"},
	{0x09, SECTION | DOMAIN, "domain fault"},
	{0x0b, PAGE | DOMAIN, "domain fault"},
	{0x0c, WALK1 | EXTERNAL, "external abort"},
	{0x0d, SECTION | DOMAIN, "permission fault"},
	{0x0e, WALK2 | EXTERNAL | DOMAIN, "external abort"},
	{0x0f, PAGE | DOMAIN, "permission fault"},
	{0x10, 0, "conflict in the TLB"},
	{0x14, 0, "lockdown abort"},
	{0x16, EXTERNAL | NO_ADDRESS, "asynchronous external abort"},
	{0x18, NO_ADDRESS, "asynchronous parity error"},
	{0x19, 0, "parity error"},
	{0x1a, 0, "coprocessor abort"},
	{0x1c, WALK1, "parity error"},
	{0x1e, WALK2 | DOMAIN, "parity error"},
};

static const struct cause *cause_of(uint32_t status)
{
	static const struct cause unknown = {0, NO_ADDRESS, "unknown cause"};
	uint32_t fs = (status & 0xf) | (status & STATUS_FS4 ? 0x10 : 0);

	for (size_t i = 0; i < ARRAY_SIZE(causes); i++)
		if (causes[i].status == fs)
			return &causes[i];
	return &unknown;
}

bool fault_has_address(uint32_t status)
{
	return !(cause_of(status)->flags & NO_ADDRESS);
}

static const char *describe(char *text, size_t size, uint32_t status, uint32_t address, bool data)
{
	const struct cause *c = cause_of(status);
	bool write = data && (status & STATUS_WRITE);
	const char *access = !data ? "fetch" : write ? "write" : "read";
	char at[24] = "", domain[16] = "";

	if (!(c->flags & NO_ADDRESS))
		snprintf(at, sizeof(at), " %s %08lx", write ? "to" : "from",
			 (unsigned long)address);
	if (data && (c->flags & DOMAIN))
		snprintf(domain, sizeof(domain), ", domain %u", (unsigned)(status >> 4 & 0xf));
	snprintf(text, size, "%s%s: %s%s%s%s", access, at, c->text, met_at[c->flags >> 4],
		 !(c->flags & EXTERNAL)   ? ""
		 : status & STATUS_SLVERR ? " (slave error)"
					  : " (decode error)",
		 domain);
	return text;
}

const char *fault_data(char *text, size_t size, uint32_t status, uint32_t address)
{
	return describe(text, size, status, address, true);
}

const char *fault_fetch(char *text, size_t size, uint32_t status, uint32_t address)
{
	return describe(text, size, status, address, false);
}

const char *fault_instruction(char *text, size_t size, bool thumb, uint32_t word)
{
	unsigned low = word & 0xffff, high = word >> 16;

	if (!thumb)
		snprintf(text, size, "ARM instruction %08lx", (unsigned long)word);
	else if (low < 0xe800) /* A6.1: from 0b11101 on it has a second halfword */
		snprintf(text, size, "Thumb instruction %04x", low);
	else
		snprintf(text, size, "Thumb instruction %04x %04x", low, high);
	return text;
}

const char *fault_mode(uint32_t cpsr)
{
	static const char names[][4] = {
		[0x0] = "usr", [0x1] = "fiq", [0x2] = "irq", [0x3] = "svc", [0x6] = "mon",
		[0x7] = "abt", [0xa] = "hyp", [0xb] = "und", [0xf] = "sys",
	};

	return cpsr & 0x10 && names[cpsr & 0xf][0] ? names[cpsr & 0xf] : "no mode";
}
