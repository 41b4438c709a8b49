/* SPDX-License-Identifier: MIT */
#include "lib/ymodem.h"

#include <errno.h>
#include <string.h>

#define CTRL_C 0x03
#define SOH 0x01 /* a block of 128 bytes */
#define STX 0x02 /* a block of 1024 bytes */
#define EOT 0x04
#define CAN 0x18
#define ACK "\x06"
#define NAK "\x15"
#define START "C" /* send a file, with CRC-16 */
#define CANCEL "\x18\x18\x18\x18\x18\x18\x18\x18\b\b\b\b\b\b\b\b"

#define BYTE_MS 1000  /* between the bytes of a block */
#define START_MS 1000 /* between two requests to start */
#define STARTS_MAX 60
#define BLOCK_MS 10000 /* for a block to begin */
#define QUIET_MS 200   /* a sender that says nothing for so long waits for an answer */
#define NOISE_MAX 4096 /* bytes between two blocks */
#define TRIES_MAX 10

#define BLOCK 0 /* what a sender says */
#define END 1

struct receiver {
	const struct ymodem_io *io;
	uint32_t size, received;
	uint32_t len; /* of the block */
	uint8_t number;
	uint8_t block[YMODEM_BLOCK_MAX + 2]; /* its CRC behind it */
	bool began;
};

static int get(const struct receiver *r, uint32_t ms)
{
	return r->io->get(r->io->ctx, ms);
}

static void put(const struct receiver *r, const char *text)
{
	r->io->put(r->io->ctx, text, strlen(text));
}

/* Waits until nothing more comes for MS. */
static void drain(const struct receiver *r, uint32_t ms)
{
	for (unsigned n = 0; n < NOISE_MAX && get(r, ms) >= 0; n++)
		;
}

/* CRC-16 with polynomial 0x1021, from 0: with the CRC at the end it is 0. */
static uint16_t crc16(const uint8_t *bytes, uint32_t len)
{
	uint32_t crc = 0;

	for (uint32_t i = 0; i < len; i++) {
		crc ^= (uint32_t)bytes[i] << 8;
		for (int bit = 0; bit < 8; bit++)
			crc = crc << 1 ^ (crc & 0x8000 ? 0x1021 : 0);
	}
	return (uint16_t)crc;
}

/* The rest of a block of LEN bytes. BLOCK or -EBADMSG. */
static int hear_block(struct receiver *r, uint32_t len)
{
	int number = get(r, BYTE_MS), inverted = get(r, BYTE_MS);

	r->len = len;
	for (uint32_t i = 0; i < len + 2; i++) {
		int byte = get(r, BYTE_MS);

		if (byte < 0)
			return -EBADMSG;
		r->block[i] = (uint8_t)byte;
	}
	r->number = (uint8_t)number;
	return (number ^ inverted) == 0xff && !crc16(r->block, len + 2) ? BLOCK : -EBADMSG;
}

/* What the sender says within MS: BLOCK, END, or a negative errno value. */
static int hear(struct receiver *r, uint32_t ms)
{
	for (unsigned noise = 0; noise < NOISE_MAX; noise++) {
		int byte = get(r, ms);

		if (byte < 0)
			return -ETIMEDOUT;
		if (byte == SOH || byte == STX)
			return hear_block(r, byte == SOH ? 128 : YMODEM_BLOCK_MAX);
		if (byte == EOT)
			return END;
		if ((byte == CAN && get(r, BYTE_MS) == CAN) || (byte == CTRL_C && !r->began))
			return -ECANCELED;
	}
	return -EBADMSG;
}

/* Says FIRST, and AGAIN after each silence or damage, until something is understood. */
static int ask(struct receiver *r, const char *first, const char *again, unsigned tries,
	       uint32_t ms)
{
	int said = -ETIMEDOUT;

	put(r, first);
	while (tries--) {
		said = hear(r, ms);
		if (said != -ETIMEDOUT && said != -EBADMSG)
			break;
		if (said == -EBADMSG)
			drain(r, QUIET_MS);
		if (tries)
			put(r, again);
	}
	return said;
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* Block 0: a name, NUL, then the size in decimal, and more that does not matter; no name: no file.
 */
static int begin_file(struct receiver *r)
{
	const uint8_t *p = r->block;
	uint32_t size = 0;

	r->block[r->len] = '\0';
	if (!*p)
		return -ENODATA;
	while (*p)
		p++;
	if (p == r->block + r->len || !is_digit(p[1]))
		return -EDOM;
	while (is_digit(*++p)) {
		if (size > (UINT32_MAX - 9) / 10)
			return -EDOM;
		size = size * 10 + (*p - (uint32_t)'0');
	}
	r->size = size;
	r->began = true;
	return r->io->begin(r->io->ctx, (const char *)r->block, r->size);
}

static int take_data(struct receiver *r)
{
	uint32_t len = r->size - r->received;

	if (!len)
		return -EFBIG;
	if (len > r->len)
		len = r->len;
	r->received += len;
	return r->io->data(r->io->ctx, r->block, len);
}

/* The blocks behind block 0, up to the end that is said twice: one may be noise. */
static int receive_data(struct receiver *r)
{
	const char *answer = ACK START, *again = START; /* until block 1 is there */
	unsigned stuck = 0;
	uint8_t next = 1;
	bool ended = false;

	while (stuck++ < TRIES_MAX) {
		int err, said = ask(r, answer, again, TRIES_MAX, BLOCK_MS);

		if (said < 0)
			return said;
		if (said == END && ended)
			return 0;
		ended = said == END;
		if (ended) {
			answer = NAK;
			continue;
		}
		if (r->number == next) {
			err = take_data(r);
			if (err)
				return err;
			next++;
			stuck = 0;
		} else if (r->number != (uint8_t)(next - 1)) {
			return -EPROTO;
		}
		answer = r->received ? ACK : ACK START;
		again = r->received ? NAK : START;
	}
	return -EBADMSG;
}

/* Ends the batch. The file is there, whatever comes of that. */
static void end_batch(struct receiver *r)
{
	for (unsigned i = 0; i < TRIES_MAX; i++) {
		int said = ask(r, ACK START, START, 3, START_MS);

		if (said < 0)
			return;
		if (said == BLOCK) {
			put(r, r->block[0] ? CANCEL : ACK);
			return;
		}
	}
}

static int receive(struct receiver *r)
{
	int said;

	for (unsigned i = 0; i < TRIES_MAX; i++) {
		said = ask(r, START, START, STARTS_MAX, START_MS);
		if (said < 0)
			return said;
		if (said == BLOCK && !r->number)
			break;
		drain(r, QUIET_MS); /* the end of another transfer */
	}
	if (said == END || r->number)
		return -EPROTO;
	said = begin_file(r);
	if (!said)
		said = receive_data(r);
	if (!said && r->received < r->size)
		said = -ENODATA;
	return said;
}

int ymodem_receive(const struct ymodem_io *io)
{
	struct receiver r = {.io = io};
	int err = receive(&r);

	if (!err)
		end_batch(&r);
	else
		put(&r, CANCEL);
	drain(&r, err ? BYTE_MS : QUIET_MS); /* it is not typed text */
	return err;
}
