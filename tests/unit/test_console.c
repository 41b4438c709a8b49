/* SPDX-License-Identifier: MIT */
/* Which port the console is, and what becomes of text and of bytes that come: boot/console.c on
 * ports that are made up. */
#include <errno.h>

#include "boot/console.c"

#include "tests/unit/boot_test.h"

#define UNUSED __attribute__((unused))
#define PORT(n) (0x10009000u + (n)*0x1000u) /* of the node serial@n */
#define ELSEWHERE 0x1c090000u

struct machine machine;
const struct uart_ops pl011_ops = {.compatible = "arm,pl011"};

static struct {
	uintptr_t open, claimed; /* of a port */
	unsigned opened, alone, waits, reads, idles;
	bool interrupts, stuck, takes;
	unsigned overruns;
	const char *typed;
	char sent[2000];
	void (*when_room)(void);
	void (*tick)(void);
	int tick_error;
} port;

void serial_open(const struct uart *uart)
{
	assert_ptr_equal(uart->ops, &pl011_ops);
	port.open = uart->base;
	port.opened++;
}

bool serial_is_open(void)
{
	return port.open;
}

void serial_write(const char *text, size_t len)
{
	assert_true(port.open);
	assert_true(strlen(port.sent) + len < sizeof(port.sent));
	strncat(port.sent, text, len);
}

int serial_flush(void)
{
	return port.stuck ? -ETIMEDOUT : 0;
}

void serial_alone(void)
{
	assert_true(port.open);
	port.alone++;
}

bool serial_takes(size_t len)
{
	assert_int_equal(len, SERIAL_SEND_MAX / 2);
	return port.takes;
}

int serial_use_interrupts(void)
{
	return port.interrupts ? 0 : -ENODEV;
}

void serial_when_room(void (*fn)(void))
{
	port.when_room = fn;
}

int serial_read(void)
{
	return *port.typed ? *port.typed++ : -EAGAIN;
}

void serial_wait(void)
{
	port.waits++;
	port.typed = "w"; /* or it would wait for ever */
}

unsigned serial_overruns(void)
{
	return port.overruns;
}

uint64_t uptime_us(void)
{
	port.reads++;
	return 0;
}

const struct uart_ops *machine_uart_driver(const char *name)
{
	return strcmp(name, "pl011") ? NULL : &pl011_ops;
}

bool machine_base_usable(uint64_t base)
{
	return base % 4 == 0 && base < UINT32_MAX;
}

bool machine_claim(uint64_t base)
{
	port.claimed = (uintptr_t)base;
	return true;
}

int machine_uart(const void *fdt, int node, struct uart *uart)
{
	const char *name = fdt_get_name(fdt, node, NULL);

	if (strncmp(name, "serial@", 7))
		return -ENODEV;
	*uart = (struct uart){&pl011_ops, PORT((unsigned)(name[7] - '0')), 37};
	return 0;
}

int machine_first_uart(const void *fdt, struct uart *uart)
{
	int node = fdt_path_offset(fdt, "/serial@0");

	return node < 0 ? -ENODEV : machine_uart(fdt, node, uart);
}

static int start_tick(void (*fn)(void))
{
	port.tick = fn;
	return port.tick_error;
}

static int power_on(void **state)
{
	boot_test_setup(state);
	log_set_console(NULL, NULL);
	log_set_console_level(LOG_DEFAULT_CONSOLE_LEVEL);
	memset(&port, 0, sizeof(port));
	memset(&wanted, 0, sizeof(wanted));
	memset(&machine, 0, sizeof(machine));
	port.typed = "";
	waits = false;
	idle = NULL;
	tree_node("/chosen");
	return 0;
}

/* A tree with two ports and a device that is none. */
static void two_ports(void)
{
	tree_node("/serial@0");
	tree_node("/serial@1");
	tree_node("/timer@2");
	tree_string("/aliases", "serial0", "/serial@0");
	tree_string("/aliases", "serial1", "/serial@1");
	tree_string("/aliases", "serial2", "/timer@2");
}

static void open_with(const char *cmdline)
{
	boot.fdt = tree_done();
	snprintf(boot.cmdline, sizeof(boot.cmdline), "%s", cmdline);
	memset(&wanted, 0, sizeof(wanted));
	port.open = 0;
	port.sent[0] = '\0';
	console_open(&boot);
	assert_int_equal(port.claimed, port.open);
	log_set_console(NULL, NULL);
}

/* Whether the console now has a line that ends in TEXT. */
static bool shows(const char *text)
{
	char line[300];

	snprintf(line, sizeof(line), "] %s\n", text);
	return strstr(port.sent, line) != NULL;
}

static void by_the_command_line(void **state UNUSED)
{
	two_ports();
	tree_string("/chosen", "stdout-path", "serial0:115200n8");
	open_with("console=ttyAMA1,115200");
	assert_int_equal(port.open, PORT(1));
	open_with("console=ttyAMA0 console=ttyAMA1"); /* the last one counts */
	assert_int_equal(port.open, PORT(1));
	assert_string_equal(port.sent, "");
}

/* What cannot be is a line, and the next way is gone. */
static void by_the_tree(void **state UNUSED)
{
	static const struct {
		const char *cmdline, *line;
	} cases[] = {
		{"", NULL},
		{"console=ttyAMA7", "console=ttyAMA7: the device tree has no such port: ignored"},
		{"console=ttyAMA2", "console=ttyAMA2: the device tree has no such port: ignored"},
		{"console=ttyS0", "console=ttyS0: the device tree has no such port: ignored"},
		{"console", "console=: expected a port such as ttyAMA0: ignored"},
		{"console=,115200", "console=,115200: expected a port such as ttyAMA0: ignored"},
		{"console=ttyAMA7890123456789012x",
		 "console=ttyAMA7890123456789012x: the device tree has no such port: ignored"},
		{"console=ttyAMA7890123456789012xx",
		 "console=ttyAMA7890123456789012xx: expected a port such as ttyAMA0: ignored"},
	};

	two_ports();
	tree_string("/chosen", "stdout-path", "/serial@1:115200n8");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		open_with(cases[i].cmdline);
		assert_int_equal(port.open, PORT(1));
		assert_true(!cases[i].line || shows(cases[i].line));
	}
}

static void a_path_that_leads_to_no_port(void **state UNUSED)
{
	char path[PATH_MAX_LEN + 2];

	two_ports();
	tree_string("/chosen", "stdout-path", "/timer@2");
	open_with("");
	assert_int_equal(port.open, PORT(0));
	assert_true(shows("/chosen stdout-path /timer@2: no serial port with a driver: ignored"));
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	tree_string("/chosen", "stdout-path", path);
	open_with("");
	assert_int_equal(port.open, PORT(0));
	tree_string("/chosen", "stdout-path", "nothing");
	open_with("");
	assert_int_equal(port.open, PORT(0));
}

/* What comes before the tree has a console, but behind what the tree says of it. */
static void the_early_one(void **state UNUSED)
{
	two_ports();
	open_with("earlycon=pl011,0x1c090000");
	assert_int_equal(port.open, ELSEWHERE);
	open_with("earlycon=pl011,0x1c090000,115200n8");
	assert_int_equal(port.open, ELSEWHERE);
	open_with("earlycon=pl011,0x1c090000 console=ttyAMA1");
	assert_int_equal(port.open, PORT(1));
	open_with("earlycon");
	assert_int_equal(port.open, PORT(0));
	assert_string_equal(port.sent, "");
}

static void no_early_one(void **state UNUSED)
{
	static const char *const values[] = {"pl011",
					     "pl011,",
					     "pl011,here",
					     "pl011,0x1c090000n8",
					     "pl011,0x1c090002",
					     "uart8250,0x1c090000",
					     "a-name-that-is-too-long,0x1c090000",
					     ""};
	char cmdline[100], line[200];

	two_ports();
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		snprintf(cmdline, sizeof(cmdline), "earlycon=%s", values[i]);
		open_with(cmdline);
		assert_int_equal(port.open, PORT(0));
		snprintf(line, sizeof(line), "%s: expected pl011,ADDRESS: ignored", cmdline);
		assert_true(shows(line));
	}
}

/* Nothing tells where it is: the port that the image was built for, with a line there. */
static void a_tree_without_ports(void **state UNUSED)
{
	char line[200];

	open_with("");
	assert_int_equal(port.open, EARLY_UART_BASE);
	snprintf(line, sizeof(line),
		 "the device tree has no serial port with a driver: the console is at 0x%lx, where "
		 "the image was "
		 "built for",
		 (unsigned long)EARLY_UART_BASE);
	assert_true(shows(line));
}

/* All that was logged before comes out, as far as its level is shown. */
static void levels(void **state UNUSED)
{
	static const struct {
		const char *cmdline;
		int level;
		const char *line;
	} cases[] = {
		{"", 7, NULL},
		{"quiet", 4, NULL},
		{"loglevel=0", 0, NULL},
		{"loglevel=15", 15, NULL},
		{"quiet loglevel=6", 6, NULL},
		{"loglevel=16", 7, "loglevel=16: expected a number from 0 to 15: ignored"},
		{"loglevel=-1", 7, "loglevel=-1: expected a number from 0 to 15: ignored"},
		{"loglevel=7x", 7, "loglevel=7x: expected a number from 0 to 15: ignored"},
		{"loglevel", 7, "loglevel=: expected a number from 0 to 15: ignored"},
	};

	two_ports();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		log_set_console_level(LOG_DEFAULT_CONSOLE_LEVEL);
		open_with(cases[i].cmdline);
		assert_int_equal(log_set_console_level(7), cases[i].level);
		assert_true(!cases[i].line || shows(cases[i].line));
	}
}

/* Without an interrupt, or a tick of the clock, bytes are looked for without a rest. */
static void with_and_without_interrupts(void **state UNUSED)
{
	static const struct {
		bool interrupts, tick;
		int tick_error;
		bool waits;
	} cases[] = {{true, true, 0, true},
		     {false, true, 0, false},
		     {true, false, 0, false},
		     {true, true, -ENOSPC, false}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		port.interrupts = cases[i].interrupts;
		machine.start_tick = cases[i].tick ? start_tick : NULL;
		port.tick_error = cases[i].tick_error;
		port.reads = 0;
		console_use_interrupts();
		assert_int_equal(waits, cases[i].waits);
		console_typed(NULL);
		assert_int_equal(port.reads, !cases[i].waits); /* then the tick reads the clock */
	}
	port.reads = 0;
	port.tick();
	assert_int_equal(port.reads, 1);
}

static void count_idle(void)
{
	if (++port.idles == 3)
		port.typed = "x";
}

static void bytes_that_come(void **state UNUSED)
{
	port.typed = "ab";
	assert_int_equal(console_read(NULL), 'a');
	assert_int_equal(console_typed(NULL), 'b');
	assert_int_equal(console_typed(NULL), -EAGAIN);
	console_on_idle(count_idle);
	assert_int_equal(console_read(NULL), 'x');
	assert_int_equal(port.idles, 3);
	assert_int_equal(port.waits, 0);
	console_on_idle(NULL);
	waits = true;
	assert_int_equal(console_read(NULL), 'w');
	assert_int_equal(port.waits, 1);
}

/* Said once, and not while there is something to read. */
static void bytes_that_were_lost(void **state UNUSED)
{
	static const char line[] =
		"console: bytes came quicker than they were taken: some were lost, in 1 place";

	port.overruns = 1;
	port.typed = "a";
	log_set_console(log_to_console, NULL);
	port.open = PORT(0);
	console_typed(NULL);
	assert_false(shows(line));
	console_typed(NULL);
	assert_true(shows(line));
	port.sent[0] = '\0';
	port.overruns = 2;
	console_typed(NULL);
	assert_string_equal(port.sent, "");
}

/* As another core, or an interrupt, that leaves the console to core 0. */
static bool only_what_must(bool must)
{
	return must;
}

/* What the shell writes comes behind what was logged before. */
static void the_order_of_text(void **state UNUSED)
{
	two_ports();
	boot.fdt = tree_done();
	console_open(&boot);
	log_set_shown(only_what_must);
	pr_warn("logged");
	assert_string_equal(port.sent, "");
	console_write(NULL, "written", 7);
	assert_non_null(strstr(port.sent, "logged\nwritten"));
	log_set_shown(NULL);
	console_use_interrupts();
	assert_non_null(port.when_room);
	port.when_room(); /* nothing waits */
	port.takes = true;
	assert_true(console_takes_line());
	port.takes = false;
	assert_false(console_takes_line());
	console_drain(NULL);
	assert_false(shows("console: it takes no more text: what waited for it is lost"));
	port.stuck = true;
	console_drain(NULL);
	assert_true(shows("console: it takes no more text: what waited for it is lost"));
	port.sent[0] = '\0';
	console_drain(NULL); /* it is said once */
	assert_string_equal(port.sent, "");
}

/* With a console that is open, and with none; everything is shown then. */
static void a_panic(void **state UNUSED)
{
	pr_debug("before");
	console_for_panic();
	assert_int_equal(port.open, EARLY_UART_BASE);
	assert_int_equal(port.alone, 0);
	assert_true(shows("before"));
	console_for_panic();
	assert_int_equal(port.opened, 1);
	assert_int_equal(port.alone, 1);
	port.sent[0] = '\0';
	console_panic_text("past the log\n");
	assert_string_equal(port.sent, "past the log\n");
	assert_int_equal(port.alone, 2);
	port.open = 0;
	console_panic_text("again\n");
	assert_int_equal(port.open, EARLY_UART_BASE);
	assert_string_equal(port.sent, "past the log\nagain\n");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, power_on, boot_test_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(by_the_command_line),
		TEST(by_the_tree),
		TEST(a_path_that_leads_to_no_port),
		TEST(the_early_one),
		TEST(no_early_one),
		TEST(a_tree_without_ports),
		TEST(levels),
		TEST(with_and_without_interrupts),
		TEST(bytes_that_come),
		TEST(bytes_that_were_lost),
		TEST(the_order_of_text),
		TEST(a_panic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
