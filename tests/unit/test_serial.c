/* SPDX-License-Identifier: MIT */
/* The console's port: queues, interrupts and deadlines, with a port that is as slow as it likes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define CAIRN_DRIVERS_IRQ_H /* these instead */

static uint32_t masked;

static uint32_t irq_save(void);
static void irq_restore(uint32_t was);
static void irq_wait(void);

#include "boot/serial.c"

#define UNUSED __attribute__((unused))
#define INTERRUPT 37
#define FIFO 16

/* The port: what it has sent, and what is still in it. It sends a byte at each look. */
static struct {
	char sent[200000];
	size_t sent_count, fifo;
	bool stuck, slow;
	bool wants_room, wants_received, ready; /* ready: half empty since it was full */
	const char *typed;
	bool lost;
	unsigned waits, looks;
} chip;

static gic_handler_fn *handler;
static uint64_t ns;

/* Time passes, and with it the port sends; its interrupt comes, if it may. */
static void pass(void)
{
	ns += 1000;
	if (chip.fifo && !chip.stuck)
		chip.fifo--;
	if (chip.fifo <= FIFO / 2)
		chip.ready = true;
	if (!masked && handler && chip.wants_received && *chip.typed) {
		masked = 1;
		handler(NULL);
		masked = 0;
	}
	if (!masked && handler && chip.wants_room && chip.ready) {
		masked = 1;
		handler(NULL);
		masked = 0;
	}
}

static uint32_t irq_save(void)
{
	uint32_t was = masked;

	pass();
	masked = 1;
	return was;
}

static void irq_restore(uint32_t was)
{
	masked = was;
	pass();
}

static void irq_wait(void)
{
	chip.waits++;
}

static void init(uintptr_t base)
{
	assert_int_equal(base, 0x1000);
}

static size_t put(uintptr_t base UNUSED, const void *bytes, size_t len)
{
	size_t n = chip.slow ? FIFO - chip.fifo : len;

	chip.looks++;
	pass();
	if (n > len)
		n = len;
	assert_true(chip.sent_count + n <= sizeof(chip.sent));
	memcpy(chip.sent + chip.sent_count, bytes, n);
	chip.sent_count += n;
	chip.fifo += n;
	if (chip.fifo > FIFO / 2)
		chip.ready = !chip.slow;
	return n;
}

static int get(uintptr_t base UNUSED)
{
	int lost = chip.lost && *chip.typed ? UART_OVERRUN : 0;

	if (!*chip.typed)
		return -EAGAIN;
	chip.lost = false;
	return *chip.typed++ | lost;
}

static bool idle(uintptr_t base UNUSED)
{
	pass();
	return !chip.fifo;
}

static void interrupts(uintptr_t base UNUSED, bool received, bool room)
{
	chip.wants_received = received;
	chip.wants_room = room;
}

static const struct uart_ops ops = {
	.init = init, .put = put, .get = get, .idle = idle, .interrupts = interrupts};

int gic_handle(int interrupt, gic_handler_fn *fn, void *ctx UNUSED)
{
	assert_int_equal(interrupt, INTERRUPT);
	handler = fn;
	return 0;
}

static uint64_t read_ns(void)
{
	return ns;
}

static int start(void **state UNUSED)
{
	memset(&chip, 0, sizeof(chip));
	memset(&port, 0, sizeof(port));
	chip.typed = "";
	chip.slow = true;
	handler = NULL;
	masked = 1;
	clock_reset();
	clock_add(&(struct clock_counter){read_ns, 1000000000});
	serial_open(&(struct uart){&ops, 0x1000, INTERRUPT});
	return 0;
}

static int start_interrupts(void **state)
{
	start(state);
	assert_int_equal(serial_use_interrupts(), 0);
	masked = 0;
	return 0;
}

static void write_text(const char *text)
{
	serial_write(text, strlen(text));
}

static void assert_sent(const char *text)
{
	assert_int_equal(chip.sent_count, strlen(text));
	assert_memory_equal(chip.sent, text, chip.sent_count);
}

static void without_interrupts_all_is_sent_at_once(void **state UNUSED)
{
	write_text("a line that is longer than the port's own queue\n");
	assert_sent("a line that is longer than the port's own queue\r\n");
	assert_int_equal(serial_read(), -EAGAIN);
	chip.typed = "xy";
	serial_wait();
	assert_int_equal(chip.waits, 0);
	assert_int_equal(serial_read(), 'x');
	assert_int_equal(serial_read(), 'y');
	assert_int_equal(serial_read(), -EAGAIN);
	port.uart.interrupt = -ENOENT;
	assert_int_equal(serial_use_interrupts(), -ENODEV);
	write_text(".");
	assert_int_equal(chip.sent_count, 50);
}

/* Who writes waits for nothing: the rest goes out by interrupt. */
static void with_interrupts_text_goes_out_later(void **state UNUSED)
{
	char text[4001];

	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = (char)('a' + i % 26);
	text[sizeof(text) - 1] = '\0';
	write_text(text);
	assert_true(chip.sent_count <= 2 * FIFO);
	assert_true(chip.wants_room);
	while (chip.wants_room)
		pass();
	assert_sent(text);
}

/* Lines from everywhere, of any length, come out in order, however long the port takes. */
static void nothing_is_lost_or_out_of_order(void **state UNUSED)
{
	static char expected[sizeof(chip.sent)];
	size_t len = 0;

	srand(1);
	for (int i = 0; i < 2000; i++) {
		char line[128];
		int n = snprintf(line, sizeof(line), "%d %.*s", i, rand() % 100,
				 "----------------------------------------------------------------"
				 "------------------------------------");

		memcpy(expected + len, line, (size_t)n);
		len += (size_t)n;
		serial_write(line, (size_t)n);
		for (int passed = rand() % 60; passed > 0; passed--)
			pass();
	}
	assert_int_equal(serial_flush(), 0);
	assert_int_equal(chip.fifo, 0);
	assert_int_equal(chip.sent_count, len);
	assert_memory_equal(chip.sent, expected, len);
}

static void what_waits_comes_first_when_alone(void **state UNUSED)
{
	write_text("0123456789012345678901234567890123456789\n");
	assert_true(chip.sent_count <= 2 * FIFO);
	serial_alone();
	assert_true(masked);
	assert_sent("0123456789012345678901234567890123456789\r\n");
	assert_false(chip.wants_room || chip.wants_received);
	chip.typed = "x";
	write_text("panic");
	assert_int_equal(*chip.typed, 'x');
	assert_sent("0123456789012345678901234567890123456789\r\npanic");
}

static unsigned rooms;

static void count_room(void)
{
	assert_true(masked);
	assert_true(serial_takes(SERIAL_SEND_MAX / 2));
	rooms++;
}

/* Who does not want to wait is told when there is room again, by the interrupt. */
static void room_is_told(void **state UNUSED)
{
	static char text[SERIAL_SEND_MAX];

	rooms = 0;
	serial_when_room(count_room);
	memset(text, 'x', sizeof(text));
	assert_true(serial_takes(SERIAL_SEND_MAX));
	serial_write(text, sizeof(text));
	assert_false(serial_takes(SERIAL_SEND_MAX / 2));
	assert_int_equal(rooms, 0);
	while (!serial_takes(SERIAL_SEND_MAX / 2))
		pass();
	while (!rooms)
		pass();
	serial_when_room(NULL);
	serial_open(&port.uart);
	assert_true(serial_takes(100 * SERIAL_SEND_MAX)); /* nobody would tell */
}

/* A port that takes nothing costs 50 ms now and then, and what waits, but it does not hang anybody.
 */
static void a_port_that_is_stuck(void **state UNUSED)
{
	static char text[SERIAL_SEND_MAX + 100];
	uint64_t began = ns;

	chip.stuck = true;
	memset(text, 'x', sizeof(text));
	serial_write(text, sizeof(text));
	assert_true(ns - began > TAKES_NOTHING_NS && ns - began < 3 * TAKES_NOTHING_NS);
	assert_int_equal(serial_flush(), -ETIMEDOUT);
	assert_true(ns - began < 5 * TAKES_NOTHING_NS);
	chip.stuck = false;
	assert_int_equal(serial_flush(), 0);
	chip.sent_count = 0;
	write_text("it takes text again\n");
	assert_int_equal(serial_flush(), 0);
	assert_sent("it takes text again\r\n");
}

static void typed_text_is_kept(void **state UNUSED)
{
	static char typed[SERIAL_RECEIVE_MAX + 101];

	for (size_t i = 0; i < sizeof(typed) - 1; i++)
		typed[i] = (char)(1 + i % 100);
	chip.typed = typed;
	pass();
	/* What there is no room for stays in the port. */
	assert_int_equal(chip.typed - typed, SERIAL_RECEIVE_MAX);
	assert_false(chip.wants_received);
	for (size_t i = 0; i < sizeof(typed) - 1; i++)
		assert_int_equal(serial_read(), 1 + i % 100);
	assert_int_equal(serial_read(), -EAGAIN);
	assert_true(chip.wants_received);
	assert_int_equal(serial_overruns(), 0);
}

static void lost_bytes_are_counted(void **state UNUSED)
{
	chip.typed = "ab";
	chip.lost = true;
	assert_int_equal(serial_read(), 'a');
	assert_int_equal(serial_read(), 'b');
	assert_int_equal(serial_overruns(), 1);
}

static void waiting(void **state UNUSED)
{
	serial_wait();
	assert_int_equal(chip.waits, 1);
	chip.typed = "k";
	serial_wait(); /* it came before the mask: there is nothing to wait for */
	assert_int_equal(chip.waits, 1);
	assert_int_equal(serial_read(), 'k');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(without_interrupts_all_is_sent_at_once, start),
		cmocka_unit_test_setup(with_interrupts_text_goes_out_later, start_interrupts),
		cmocka_unit_test_setup(nothing_is_lost_or_out_of_order, start_interrupts),
		cmocka_unit_test_setup(nothing_is_lost_or_out_of_order, start),
		cmocka_unit_test_setup(what_waits_comes_first_when_alone, start_interrupts),
		cmocka_unit_test_setup(room_is_told, start_interrupts),
		cmocka_unit_test_setup(a_port_that_is_stuck, start_interrupts),
		cmocka_unit_test_setup(a_port_that_is_stuck, start),
		cmocka_unit_test_setup(typed_text_is_kept, start_interrupts),
		cmocka_unit_test_setup(lost_bytes_are_counted, start_interrupts),
		cmocka_unit_test_setup(waiting, start_interrupts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
