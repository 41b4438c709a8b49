/* SPDX-License-Identifier: MIT */
/*
 * Both queues are changed with interrupts masked, by the interrupt or by who writes and reads. They
 * count bytes modulo 2^32; the one at a position is at that position modulo the queue's size.
 */
#include "boot/serial.h"

#include <errno.h>
#include <string.h>

#include "drivers/gic.h"
#include "drivers/irq.h"
#include "lib/clock.h"

#define TAKES_NOTHING_NS 50000000 /* 16 bytes at 9600 baud are 17 ms */

static struct {
	struct uart uart;
	bool by_interrupt;
	bool alone; /* nobody will read any more: as little as possible is done */
	struct {
		uint32_t head, tail;
	} sent, received;
	unsigned overruns;
	void (*when_room)(void);
} port;

/* Not to be cleared by a boot: nothing is read that was not written before. */
static char send_queue[SERIAL_SEND_MAX] KEPT;
static uint8_t receive_queue[SERIAL_RECEIVE_MAX] KEPT;

static bool all_sent(void)
{
	return port.sent.head == port.sent.tail;
}

static uint32_t receive_room(void)
{
	return SERIAL_RECEIVE_MAX - (port.received.head - port.received.tail);
}

static void receive(void)
{
	while (receive_room()) {
		int byte = port.uart.ops->get(port.uart.base);

		if (byte < 0)
			return;
		port.overruns += !!(byte & UART_OVERRUN);
		receive_queue[port.received.head++ % SERIAL_RECEIVE_MAX] = (uint8_t)byte;
	}
}

/* No more than the port certainly holds: an interrupt must not last as long as the queue is. */
static void send(void)
{
	uint32_t from = port.sent.tail % SERIAL_SEND_MAX, len = port.sent.head - port.sent.tail;

	if (len > SERIAL_SEND_MAX - from)
		len = SERIAL_SEND_MAX - from;
	if (len > UART_FIFO)
		len = UART_FIFO;
	port.sent.tail += (uint32_t)port.uart.ops->put(port.uart.base, send_queue + from, len);
}

/* Asks for what is of use: where nothing can be put received bytes stay in the port, which may tell
 * the sender to wait. */
static void ask(void)
{
	if (port.by_interrupt)
		port.uart.ops->interrupts(port.uart.base, receive_room(), !all_sent());
}

static void serve(void *ctx)
{
	(void)ctx;
	if (!port.alone)
		receive();
	send();
	ask();
}

bool serial_takes(size_t len)
{
	return !port.by_interrupt || port.sent.head - port.sent.tail + len <= SERIAL_SEND_MAX;
}

void serial_when_room(void (*fn)(void))
{
	port.when_room = fn;
}

static void interrupt(void *ctx)
{
	serve(ctx);
	if (port.when_room && serial_takes(SERIAL_SEND_MAX / 2))
		port.when_room();
}

/* Serves the port until its queue has room for LEN more bytes; else drops what is in it. */
static int make_room(uint32_t len)
{
	struct deadline takes = deadline_after(TAKES_NOTHING_NS);

	while (port.sent.head - port.sent.tail + len > SERIAL_SEND_MAX) {
		uint32_t before = port.sent.tail;

		serve(NULL);
		if (port.sent.tail != before) {
			takes = deadline_after(TAKES_NOTHING_NS);
		} else if (deadline_passed(&takes)) {
			port.sent.tail = port.sent.head;
			return -ETIMEDOUT;
		}
	}
	return 0;
}

static void append(const char *text, size_t len)
{
	while (len) {
		uint32_t at = port.sent.head % SERIAL_SEND_MAX;
		size_t room = port.sent.tail + SERIAL_SEND_MAX - port.sent.head;
		size_t n = SERIAL_SEND_MAX - at; /* up to where the queue's memory ends */

		if (!room) {
			make_room(UART_FIFO);
			continue;
		}
		n = n < room ? n : room;
		n = n < len ? n : len;
		memcpy(send_queue + at, text, n);
		port.sent.head += (uint32_t)n;
		text += n;
		len -= n;
	}
}

void serial_open(const struct uart *uart)
{
	port.uart = *uart;
	port.by_interrupt = false;
	port.sent.tail = port.sent.head;
	uart->ops->init(uart->base);
	uart->ops->interrupts(uart->base, false, false);
}

bool serial_is_open(void)
{
	return port.uart.ops != NULL;
}

int serial_use_interrupts(void)
{
	int err = port.uart.interrupt < 0 ? -ENODEV : 0;

	if (!err)
		err = gic_handle(port.uart.interrupt, interrupt, NULL);
	port.by_interrupt = !err;
	ask();
	return err;
}

void serial_alone(void)
{
	irq_save();
	if (port.by_interrupt)
		port.uart.ops->interrupts(port.uart.base, false, false);
	port.by_interrupt = false;
	port.alone = true;
	make_room(SERIAL_SEND_MAX);
}

void serial_write(const char *text, size_t len)
{
	uint32_t was = irq_save();

	while (len) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;

		append(text, n);
		if (end) {
			append("\r\n", 2);
			n++;
		}
		text += n;
		len -= n;
	}
	if (port.by_interrupt) {
		send(); /* the interrupt comes when room is made: there must have been none */
		ask();
	} else {
		make_room(SERIAL_SEND_MAX);
	}
	irq_restore(was);
}

int serial_flush(void)
{
	uint32_t was = irq_save();
	struct deadline leaves;
	int err = make_room(SERIAL_SEND_MAX);

	leaves = deadline_after(TAKES_NOTHING_NS);
	while (!err && !port.uart.ops->idle(port.uart.base))
		if (deadline_passed(&leaves))
			err = -ETIMEDOUT;
	irq_restore(was);
	return err;
}

int serial_read(void)
{
	uint32_t was = irq_save();
	int byte = -EAGAIN;

	if (!port.by_interrupt)
		receive();
	if (port.received.head != port.received.tail) {
		byte = receive_queue[port.received.tail % SERIAL_RECEIVE_MAX];
		port.received.tail++;
		if (receive_room() == 1)
			ask();
	}
	irq_restore(was);
	return byte;
}

void serial_wait(void)
{
	uint32_t was = irq_save();

	if (port.by_interrupt && port.received.head == port.received.tail)
		irq_wait();
	irq_restore(was);
}

unsigned serial_overruns(void)
{
	return port.overruns;
}
