/* SPDX-License-Identifier: MIT */
/*
 * Says on the console of a vexpress-a9 what it was entered with, overwrites what it says it
 * unpacks, has the other cores come, prints the tree in hex digits, and resets the board. Runs
 * without MMU and libraries.
 */
#include <stdint.h>

#define UART 0x10009000U
#define UART_FLAGS 0x18
#define UART_FULL (1U << 5)
#define UART_BUSY (1U << 3)
#define UART_MASK 0x38

#define SYS_FLAGS 0x10000030U
#define SYS_CFGDATA 0x100000a0U
#define SYS_CFGCTRL 0x100000a4U
#define SYS_CFG_REBOOT 0xc0900000U

#define SCU_CONFIGURATION 0x1e000004U
#define TIMER_CONTROL 0x1e000208U
#define GICD_CTLR 0x1e001000U
#define GICD_ISENABLER 0x1e001100U
#define GICD_SGIR 0x1e001f00U
#define ALL_OTHERS (1U << 24)
#define GIC_WORDS 3 /* of 32 interrupts */

#define KERNEL_OFFSET 0x8000U /* as start.S says */
#define KERNEL_SIZE 0x100000U
#define RAM_MASK 0xf8000000U

#define PATIENCE 20000000U

/* As start.S lays them down. */
struct seen {
	uint32_t r[3], cpsr, sctlr, actlr;
};
struct other {
	volatile uint32_t here, cpsr, sctlr, actlr;
};

void report(const struct seen *seen, const struct other *others, uint32_t second);

static volatile uint32_t *reg(uint32_t address)
{
	return (volatile uint32_t *)address;
}

static void put(char c)
{
	while (*reg(UART + UART_FLAGS) & UART_FULL)
		;
	*reg(UART) = (uint8_t)c;
}

static void text(const char *s)
{
	for (; *s; s++)
		put(*s);
}

static void hex(uint32_t v, unsigned digits)
{
	while (digits--) {
		uint32_t d = v >> 4 * digits & 15;

		put((char)(d < 10 ? '0' + d : 'a' + d - 10));
	}
}

static void value(const char *name, uint32_t v)
{
	text(" ");
	text(name);
	text("=");
	hex(v, 8);
}

static void line(const char *what)
{
	text("\r\npayload: ");
	text(what);
}

static void report_devices(void)
{
	line("devices");
	value("uart", *reg(UART + UART_MASK));
	value("timer", *reg(TIMER_CONTROL));
	value("flags", *reg(SYS_FLAGS));
	value("gicd", *reg(GICD_CTLR));
	for (uint32_t i = 0; i < GIC_WORDS; i++)
		value("enabled", *reg(GICD_ISENABLER + i * 4));
}

/* Nothing of Cairn may be needed any more, by any core. */
static void overwrite(void)
{
	uint32_t kernel = ((uint32_t)report & RAM_MASK) + KERNEL_OFFSET;

	for (uint32_t at = kernel; at < kernel + KERNEL_SIZE; at += 4)
		*reg(at) = 0xffffffff; /* no instruction */
}

/* SECOND is where they begin. */
static void report_others(const struct other *others, uint32_t second)
{
	uint32_t last = *reg(SCU_CONFIGURATION) & 3;

	*reg(SYS_FLAGS) = second;
	__asm__ volatile("dsb" ::: "memory");
	*reg(GICD_SGIR) = ALL_OTHERS;
	for (uint32_t i = 1; i <= last; i++) {
		for (uint32_t n = 0; n < PATIENCE && !others[i].here; n++)
			;
		line(others[i].here ? "core here" : "core missing");
		value("number", i);
		value("cpsr", others[i].cpsr);
		value("sctlr", others[i].sctlr);
		value("actlr", others[i].actlr);
	}
}

static void report_tree(const uint32_t *tree)
{
	uint32_t words = (__builtin_bswap32(tree[1]) + 3) / 4;

	line("tree ");
	if (tree[0] == __builtin_bswap32(0xd00dfeed))
		for (uint32_t i = 0; i < words; i++)
			hex(__builtin_bswap32(tree[i]), 8);
}

void report(const struct seen *seen, const struct other *others, uint32_t second)
{
	line("entered");
	value("r0", seen->r[0]);
	value("r1", seen->r[1]);
	value("r2", seen->r[2]);
	value("cpsr", seen->cpsr);
	value("sctlr", seen->sctlr);
	value("actlr", seen->actlr);
	report_devices();
	overwrite();
	report_others(others, second);
	report_tree((const uint32_t *)seen->r[2]);
	line("end\r\n");
	while (*reg(UART + UART_FLAGS) & UART_BUSY)
		;
	*reg(SYS_CFGDATA) = 0;
	*reg(SYS_CFGCTRL) = SYS_CFG_REBOOT;
}
