/* SPDX-License-Identifier: MIT */
#include "boot/console.h"

#include <libfdt.h>
#include <string.h>

#include "boot/cmdline.h"
#include "boot/params.h"
#include "boot/serial.h"
#include "boot/uptime.h"
#include "drivers/pl011.h"
#include "early_uart.h" /* made by the build from the board's tree */
#include "lib/dt.h"
#include "lib/log.h"
#include "lib/number.h"

#define PATH_MAX_LEN 128

static bool waits; /* interrupts come for each byte, and to read the clock */

/* What the command line asks for. */
static struct {
	char tty[24];
	struct uart early;
} wanted;

static void set_console(struct boot *b, const char *value)
{
	size_t len = value ? strcspn(value, ",") : 0;

	(void)b;
	if (!len || len >= sizeof(wanted.tty)) {
		pr_warn("console=%s: expected a port such as ttyAMA0: ignored", value ? value : "");
		return;
	}
	memcpy(wanted.tty, value, len);
	wanted.tty[len] = '\0';
}

static void set_earlycon(struct boot *b, const char *value)
{
	const char *comma = value ? strchr(value, ',') : NULL, *end;
	char name[16] = "";
	uint64_t base;

	(void)b;
	if (!value) /* the port of stdout-path: it is opened early enough */
		return;
	if (comma && (size_t)(comma - value) < sizeof(name))
		memcpy(name, value, (size_t)(comma - value));
	if (!comma || !machine_uart_driver(name) || !cmdline_size(comma + 1, &base, &end) ||
	    (*end && *end != ',') || !machine_base_usable(base)) {
		pr_warn("earlycon=%s: expected pl011,ADDRESS: ignored", value);
		return;
	}
	wanted.early.ops = machine_uart_driver(name);
	wanted.early.base = (uintptr_t)base;
	wanted.early.interrupt = -1;
}

static void set_loglevel(struct boot *b, const char *value)
{
	const char *end;
	uint64_t level;

	(void)b;
	if (!value || number_parse(value, &level, &end) || *end || level > 15)
		pr_warn("loglevel=%s: expected a number from 0 to 15: ignored", value ? value : "");
	else
		log_set_console_level((int)level);
}

static void set_quiet(struct boot *b, const char *value)
{
	(void)b;
	(void)value;
	log_set_console_level(LOG_QUIET_CONSOLE_LEVEL);
}

static const struct param console_params[] = {
	{"console", set_console},
	{"earlycon", set_earlycon},
	{"loglevel", set_loglevel},
	{"quiet", set_quiet},
};

/* The port at a path or alias, up to a ':' with its settings. */
static bool port_at(const void *fdt, const char *path, struct uart *uart)
{
	char name[PATH_MAX_LEN];
	size_t len = strcspn(path, ":");
	int node;

	if (len >= sizeof(name))
		return false;
	memcpy(name, path, len);
	name[len] = '\0';
	node = dt_find(fdt, name);
	return node >= 0 && machine_uart(fdt, node, uart) == 0;
}

static bool port_of_tty(const void *fdt, struct uart *uart)
{
	char alias[32] = "serial";

	if (!wanted.tty[0])
		return false;
	if (strncmp(wanted.tty, "ttyAMA", 6) == 0) {
		strcat(alias, wanted.tty + 6);
		if (port_at(fdt, alias, uart))
			return true;
	}
	pr_warn("console=%s: the device tree has no such port: ignored", wanted.tty);
	return false;
}

static bool port_of_stdout(const void *fdt, struct uart *uart)
{
	int chosen = fdt_path_offset(fdt, "/chosen");
	const char *path = chosen < 0 ? NULL : dt_string(fdt, chosen, "stdout-path");

	if (!path)
		return false;
	if (port_at(fdt, path, uart))
		return true;
	pr_warn("/chosen stdout-path %s: no serial port with a driver: ignored", path);
	return false;
}

/* Some clocks wrap, and the next boot is told of the last reading. */
static void read_clock(void)
{
	uptime_us();
}

static void log_to_console(void *ctx, const char *text, size_t len)
{
	(void)ctx;
	serial_write(text, len);
}

static void show_log(void)
{
	log_show(false);
}

static void use(const struct uart *uart)
{
	machine_claim(uart->base); /* earlycon= and the port that the image was built for are in
				      no tree */
	serial_open(uart);
	log_set_console(log_to_console, NULL);
}

static const struct uart built_for = {.ops = &pl011_ops, .base = EARLY_UART_BASE, .interrupt = -1};

void console_open(struct boot *b)
{
	struct uart uart;

	params_each(b, console_params, ARRAY_SIZE(console_params), NULL);
	if (port_of_tty(b->fdt, &uart) || port_of_stdout(b->fdt, &uart)) {
		use(&uart);
	} else if (wanted.early.ops) {
		use(&wanted.early);
	} else if (!machine_first_uart(b->fdt, &uart)) {
		use(&uart);
	} else {
		use(&built_for);
		pr_warn("the device tree has no serial port with a driver: the console is at "
			"0x%lx, "
			"where the image was built for",
			(unsigned long)built_for.base);
	}
}

void console_use_interrupts(void)
{
	int err = serial_use_interrupts();

	serial_when_room(show_log);
	waits = !err && machine.start_tick && !machine.start_tick(read_clock);
}

void console_for_panic(void)
{
	log_set_console_level(LOG_DEBUG + 1);
	if (serial_is_open())
		serial_alone();
	else
		use(&built_for);
}

void console_panic_text(const char *text)
{
	if (serial_is_open())
		serial_alone();
	else
		serial_open(&built_for);
	serial_write(text, strlen(text));
}

void console_drain(void *ctx)
{
	static bool told;

	(void)ctx;
	log_show(true);
	if (!serial_flush() || told)
		return;
	told = true;
	pr_warn("console: it takes no more text: what waited for it is lost");
}

_Static_assert(SERIAL_SEND_MAX / 2 > LOG_LINE_MAX + 64, "a line with its stamp and end");

bool console_takes_line(void)
{
	return serial_takes(SERIAL_SEND_MAX / 2);
}

void console_write(void *ctx, const char *text, size_t len)
{
	(void)ctx;
	log_show(true);
	serial_write(text, len);
}

/* What is lost is said once, when there is time: all that came has been read. */
static void tell_overruns(void)
{
	static bool told;

	if (told || !serial_overruns())
		return;
	told = true;
	pr_warn("console: bytes came quicker than they were taken: some were lost, in %u place%s",
		serial_overruns(), serial_overruns() == 1 ? "" : "s");
}

int console_typed(void *ctx)
{
	int byte = serial_read();

	(void)ctx;
	if (!waits)
		read_clock();
	if (byte < 0)
		tell_overruns();
	return byte;
}

static void (*idle)(void);

void console_on_idle(void (*fn)(void))
{
	idle = fn;
}

int console_read(void *ctx)
{
	int byte;

	while ((byte = console_typed(ctx)) < 0) {
		if (idle)
			idle();
		if (waits)
			serial_wait();
	}
	return byte;
}
