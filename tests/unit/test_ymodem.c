/* SPDX-License-Identifier: MIT */
/*
 * YMODEM against a sender that does as lrzsz's sb does, over a line that loses, doubles and changes
 * bytes both ways: what is received is the file or an error, and every transfer ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>

#include "lib/ymodem.h"

#define UNUSED __attribute__((unused))
#define FILE_MAX 300000U
#define LINE_MAX 8192U
#define SENDER_MS 5000 /* after which it sends again */
#define SENDER_TRIES 12
#define TIME_MAX (20 * 60 * 1000U) /* of the simulated clock, for any transfer */

static uint64_t rng;

static uint32_t below(uint32_t n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (uint32_t)(rng >> 32) % n;
}

/* ---- the line -------------------------------------------------------------------------------- */

static struct {
	uint8_t bytes[LINE_MAX];
	uint32_t head, tail;
	uint32_t noise; /* one byte in so many is hit; 0: none */
	uint32_t ms;
	uint32_t cut; /* so many bytes come, then no more; 0: all */
	uint32_t sent;
} line;

static void carry(uint8_t byte)
{
	assert_true(line.head - line.tail < LINE_MAX);
	line.bytes[line.head++ % LINE_MAX] = byte;
}

/* A byte on its way to either side: how often it arrives, and as what. */
static unsigned arrives(uint8_t *byte)
{
	if (!line.noise || below(line.noise))
		return 1;
	switch (below(3)) {
	case 0:
		return 0;
	case 1:
		return 2;
	default:
		*byte ^= (uint8_t)(1U << below(8));
		return 1;
	}
}

/* ---- the sender ------------------------------------------------------------------------------ */

static uint8_t file[FILE_MAX], got[FILE_MAX];

enum phase { HEADER, DATA, EOT, LAST, DONE, GAVE_UP };

static struct {
	enum phase phase;
	uint32_t size, at, len, block;
	const char *name;
	uint8_t number;
	bool asked; /* for the first block of the data, or for the last header */
	unsigned tries, cans;
	uint32_t since;
	uint32_t says;    /* the size in its header, */
	const char *text; /* or this text, if there is one */
	bool second;      /* it has another file */
	uint32_t odd;     /* the block behind this offset has a number too much; 0: none has */
} sender;

static uint8_t stray;          /* comes in front of each block of the data; 0: nothing does */
static const char *last_words; /* what the sender says when it is over */

static void send(uint8_t byte)
{
	for (unsigned n = arrives(&byte); n; n--)
		if (!line.cut || line.sent++ < line.cut)
			carry(byte);
}

static void send_block(const uint8_t *data, uint32_t len, uint32_t block, uint8_t pad)
{
	uint32_t crc = 0;

	send(block == 128 ? 0x01 : 0x02);
	send(sender.number);
	send((uint8_t)~sender.number);
	for (uint32_t i = 0; i < block; i++) {
		uint8_t byte = i < len ? data[i] : pad;

		send(byte);
		for (unsigned bit = 8; bit--;) {
			uint32_t top = (crc >> 15 ^ (uint32_t)byte >> bit) & 1;

			crc = (crc << 1 & 0xffff) ^ (top ? 0x1021 : 0);
		}
	}
	send((uint8_t)(crc >> 8));
	send((uint8_t)crc);
}

/* Says what is due, or says it again. */
static void say(void)
{
	char header[128] = "";
	int len;

	sender.since = line.ms;
	if (++sender.tries > SENDER_TRIES)
		sender.phase = GAVE_UP;
	switch (sender.phase) {
	case HEADER:
		len = snprintf(header, sizeof(header), "%s%c%u 14731 100644 0 1", sender.name, 0,
			       sender.says);
		if (sender.text)
			len = snprintf(header, sizeof(header), "%s%c%s", sender.name, 0,
				       sender.text);
		sender.number = 0;
		send_block((uint8_t *)header, (uint32_t)len, 128, 0);
		break;
	case DATA:
		sender.len = sender.size - sender.at;
		if (sender.len > sender.block)
			sender.len = sender.block;
		if (stray)
			send(stray);
		send_block(file + sender.at, sender.len, sender.block, 0x1a);
		break;
	case EOT:
		send(0x04);
		break;
	case LAST:
		sender.number = 0;
		send_block((const uint8_t *)"more", sender.second ? 4 : 0, 128, 0);
		break;
	case DONE:
	case GAVE_UP:
		break;
	}
}

static void say_last_words(void)
{
	while (last_words && *last_words)
		send((uint8_t)*last_words++);
	last_words = NULL;
}

static void go_on(enum phase phase)
{
	sender.phase = phase;
	sender.tries = 0;
	say();
}

static void acknowledged(void)
{
	switch (sender.phase) {
	case HEADER:
		sender.asked = false;
		sender.phase = sender.size ? DATA : EOT;
		sender.tries = 0;
		sender.number = 1;
		sender.since = line.ms;
		break;
	case DATA:
		if (!sender.asked)
			break; /* of the header, twice */
		sender.at += sender.len;
		sender.number++;
		if (sender.at == sender.odd)
			sender.number++;
		go_on(sender.at < sender.size ? DATA : EOT);
		break;
	case EOT:
		if (!sender.asked)
			break;
		sender.asked = false;
		sender.phase = LAST;
		sender.tries = 0;
		break;
	case LAST:
		sender.phase = DONE;
		say_last_words();
		break;
	case DONE:
	case GAVE_UP:
		break;
	}
}

static void hear(uint8_t byte)
{
	sender.cans = byte == 0x18 ? sender.cans + 1 : 0;
	if (sender.cans == 2) {
		sender.phase = GAVE_UP;
		say_last_words();
	}
	if (byte == 0x06)
		acknowledged();
	else if (byte == 'C' || byte == 0x15) {
		if (byte == 'C')
			sender.asked = true;
		say();
	}
}

/* ---- the receiver's side ----------------------------------------------------------------------
 */

static struct {
	char name[YMODEM_BLOCK_MAX + 1];
	uint32_t size, len;
	unsigned begun;
	int refuse, refuse_data;
} receiver;

static int get(void *ctx, uint32_t ms)
{
	assert_ptr_equal(ctx, &receiver);
	assert_true(line.ms < TIME_MAX);
	if (line.head == line.tail) {
		line.ms += ms;
		if (line.ms - sender.since >= SENDER_MS && sender.asked)
			say();
		return -ETIMEDOUT;
	}
	return line.bytes[line.tail++ % LINE_MAX];
}

static void put(void *ctx UNUSED, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint8_t byte = (uint8_t)bytes[i];

		for (unsigned n = arrives(&byte); n; n--)
			hear(byte);
	}
}

static int begin(void *ctx UNUSED, const char *name, uint32_t size)
{
	strcpy(receiver.name, name);
	receiver.size = size;
	receiver.begun++;
	return receiver.refuse;
}

static int data(void *ctx UNUSED, const uint8_t *bytes, uint32_t len)
{
	assert_true(len && len <= receiver.size - receiver.len);
	memcpy(got + receiver.len, bytes, len);
	receiver.len += len;
	return receiver.refuse_data;
}

static const struct ymodem_io io = {
	.get = get, .put = put, .begin = begin, .data = data, .ctx = &receiver};

/* A sender of SIZE bytes in blocks of BLOCK, on a line without noise. */
static void prepare(uint32_t size, uint32_t block)
{
	memset(&line, 0, sizeof(line));
	memset(&sender, 0, sizeof(sender));
	memset(&receiver, 0, sizeof(receiver));
	stray = 0;
	last_words = NULL;
	sender.name = "a file";
	sender.size = sender.says = size;
	sender.block = block;
	for (uint32_t i = 0; i < size; i++)
		file[i] = (uint8_t)below(256);
	memset(got, 0, sizeof(got));
}

static void assert_received(void)
{
	assert_string_equal(receiver.name, sender.name);
	assert_int_equal(receiver.size, sender.size);
	assert_int_equal(receiver.len, sender.size);
	assert_memory_equal(got, file, FILE_MAX);
}

/* ---- tests ------------------------------------------------------------------------------------
 */

static int seed(void **state UNUSED)
{
	const char *wanted = getenv("YMODEM_SEED");

	rng = wanted ? strtoull(wanted, NULL, 0) : 20240229;
	print_message("YMODEM_SEED=%llu\n", (unsigned long long)rng);
	memset(file, 0, sizeof(file));
	return 0;
}

static void each_size(void **state UNUSED)
{
	const uint32_t sizes[] = {0, 1, 127, 128, 129, 1023, 1024, 1025, 32768, 65537, FILE_MAX};

	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++)
		for (uint32_t block = 128; block <= 1024; block *= 8) {
			memset(file, 0, sizeof(file));
			prepare(sizes[i], block);
			assert_int_equal(ymodem_receive(&io), 0);
			assert_received();
			assert_int_equal(sender.phase, DONE);
			assert_true(line.ms < 2000);
		}
}

/* Bytes lost, doubled and changed, one in so many. */
static void noise(void **state UNUSED)
{
	const uint32_t rates[] = {200, 1000, 5000, 20000};
	unsigned whole[ARRAY_SIZE(rates)] = {0};

	for (unsigned i = 0; i < 2000; i++) {
		unsigned rate = i % ARRAY_SIZE(rates);
		int err;

		memset(file, 0, sizeof(file));
		prepare(below(20000), below(2) ? 128 : 1024);
		line.noise = rates[rate];
		err = ymodem_receive(&io);
		if (!err)
			assert_received();
		else
			assert_true(err == -ECANCELED || err == -ETIMEDOUT || err == -EBADMSG ||
				    err == -EPROTO || err == -ENODATA || err == -EFBIG);
		whole[rate] += !err;
	}
	for (unsigned rate = 0; rate < ARRAY_SIZE(rates); rate++)
		print_message("one in %u: %u of %u files\n", rates[rate], whole[rate], 500);
	assert_true(whole[1] > 400 && whole[2] > 490 && whole[3] > 495);
}

/* The sender stops anywhere: that is noticed, and what came is in order. */
static void a_sender_that_stops(void **state UNUSED)
{
	for (uint32_t cut = 1; cut < 6000; cut += 1 + below(20)) {
		int err;

		memset(file, 0, sizeof(file));
		prepare(5000, below(2) ? 128 : 1024);
		line.cut = cut;
		err = ymodem_receive(&io);
		if (!err)
			assert_received(); /* all but the end of the batch came */
		else
			assert_true(err == -ETIMEDOUT || err == -EBADMSG);
		assert_memory_equal(got, file, receiver.len);
	}
}

/* Bytes of any kind instead of a sender. */
static void garbage(void **state UNUSED)
{
	for (unsigned i = 0; i < 300; i++) {
		prepare(0, 128);
		sender.phase = GAVE_UP;
		for (uint32_t n = below(LINE_MAX); n; n--)
			carry((uint8_t)(below(4) ? below(256) : below(5)));
		assert_true(ymodem_receive(&io) < 0);
		assert_int_equal(receiver.len, 0);
	}
}

static void nobody_sends(void **state UNUSED)
{
	prepare(0, 128);
	sender.phase = GAVE_UP;
	assert_int_equal(ymodem_receive(&io), -ETIMEDOUT);
	assert_true(line.ms >= 59000 && line.ms < 65000);
	prepare(0, 128);
	sender.phase = GAVE_UP;
	carry(0x03);
	assert_int_equal(ymodem_receive(&io), -ECANCELED);
	assert_true(line.ms < 2000);
}

/* The receiver's refusal ends the transfer, and the sender knows. */
static void what_is_refused(void **state UNUSED)
{
	prepare(5000, 1024);
	receiver.refuse = -EBUSY;
	assert_int_equal(ymodem_receive(&io), -EBUSY);
	assert_int_equal(sender.phase, GAVE_UP);
	assert_int_equal(receiver.len, 0);
	prepare(5000, 1024);
	receiver.refuse_data = -EIO;
	assert_int_equal(ymodem_receive(&io), -EIO);
	assert_int_equal(sender.phase, GAVE_UP);
	assert_int_equal(receiver.len, 1024);
}

/* A block that is left out is no damage that is asked for again: the file would have a hole. */
static void a_block_is_left_out(void **state UNUSED)
{
	prepare(5000, 1024);
	sender.odd = 2048;
	assert_int_equal(ymodem_receive(&io), -EPROTO);
	assert_int_equal(sender.phase, GAVE_UP);
	assert_int_equal(receiver.len, 2048);
	assert_memory_equal(got, file, 2048);
}

/* Whoever begins in the midst of a transfer, or with its end, is not understood. */
static void no_begin(void **state UNUSED)
{
	for (int i = 0; i < 2; i++) {
		prepare(100, 128);
		sender.phase = i ? EOT : DATA;
		sender.number = 7;
		assert_int_equal(ymodem_receive(&io), -EPROTO);
		assert_int_equal(receiver.begun, 0);
	}
}

/* Ctrl-C ends the wait for a sender; within a file it is a byte as any other. */
static void ctrl_c(void **state UNUSED)
{
	prepare(5000, 1024);
	stray = 0x03;
	assert_int_equal(ymodem_receive(&io), 0);
	assert_received();
}

/* What comes behind the end is not left for the shell, whether it went well or not. */
static void nothing_is_left(void **state UNUSED)
{
	for (int refuse = 0; refuse < 2; refuse++) {
		prepare(5000, 1024);
		receiver.refuse_data = refuse ? -EIO : 0;
		last_words = "OO\rflash erase payload 4096\r";
		assert_int_equal(ymodem_receive(&io), receiver.refuse_data);
		assert_null(last_words);
		assert_int_equal(line.head, line.tail);
	}
}

static void sizes_that_are_no_number(void **state UNUSED)
{
	static const char *const texts[] = {
		"",           "x1",         "-1",          " 5",
		"4294967296", "4294967300", "42949672960", "99999999999999999999999999"};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		prepare(5000, 1024);
		sender.text = texts[i];
		assert_int_equal(ymodem_receive(&io), -EDOM);
		assert_int_equal(receiver.begun, 0);
		assert_int_equal(sender.phase, GAVE_UP);
	}
}

static void sizes_that_are_not_so(void **state UNUSED)
{
	prepare(5000, 1024);
	sender.says = 5001;
	assert_int_equal(ymodem_receive(&io), 0); /* the last block is filled up: who can tell */
	prepare(5000, 1024);
	sender.says = 6000;
	assert_int_equal(ymodem_receive(&io), -ENODATA);
	prepare(5000, 1024);
	sender.says = 4096;
	assert_int_equal(ymodem_receive(&io), -EFBIG);
	assert_int_equal(sender.phase, GAVE_UP);
	prepare(5000, 1024);
	sender.says = 4097;
	assert_int_equal(ymodem_receive(&io), 0); /* filled up to the block, as it should be */
	assert_int_equal(receiver.len, 4097);
}

static void headers(void **state UNUSED)
{
	prepare(10, 128);
	sender.name = "";
	assert_int_equal(ymodem_receive(&io), -ENODATA);
	prepare(10, 128);
	sender.name =
		"a very long name that leaves no room for a size in a block of one hundred and "
		"twenty-eight bytes, which some senders would make larger";
	assert_int_equal(ymodem_receive(&io), -EDOM);
	assert_int_equal(receiver.begun, 0);
	prepare(10, 128);
	sender.second = true;
	assert_int_equal(ymodem_receive(&io), 0);
	assert_int_equal(sender.phase, GAVE_UP);
	assert_int_equal(receiver.begun, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_size),
		cmocka_unit_test(noise),
		cmocka_unit_test(a_sender_that_stops),
		cmocka_unit_test(garbage),
		cmocka_unit_test(nobody_sends),
		cmocka_unit_test(what_is_refused),
		cmocka_unit_test(a_block_is_left_out),
		cmocka_unit_test(no_begin),
		cmocka_unit_test(ctrl_c),
		cmocka_unit_test(nothing_is_left),
		cmocka_unit_test(sizes_that_are_no_number),
		cmocka_unit_test(sizes_that_are_not_so),
		cmocka_unit_test(headers),
	};

	return cmocka_run_group_tests(tests, seed, NULL);
}
