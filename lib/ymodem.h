/* SPDX-License-Identifier: MIT */
/*
 * Receiving a file by YMODEM: blocks of 128 and 1024 bytes with CRC-16, name and size in block 0,
 * as lrzsz's sb and terminal programs send it. Knows no device: bytes come and go by calls.
 */
#ifndef CAIRN_LIB_YMODEM_H
#define CAIRN_LIB_YMODEM_H

#include "lib/types.h"

#define YMODEM_BLOCK_MAX 1024

/** What a transfer needs. CTX is handed to each call. */
struct ymodem_io {
	/** A byte that came within MS milliseconds, else a negative value. */
	int (*get)(void *ctx, uint32_t ms);
	/** Sends LEN bytes. */
	void (*put)(void *ctx, const char *bytes, size_t len);
	/** A file begins: 0, or a negative errno value that refuses it. NAME ends with a NUL. */
	int (*begin)(void *ctx, const char *name, uint32_t size);
	/** Its next LEN bytes, in order and each once: 0, or a negative errno value. */
	int (*data)(void *ctx, const uint8_t *bytes, uint32_t len);
	void *ctx;
};

/**
 * Waits for a sender, at most a minute, and receives one file; more of them are refused. Every wait
 * has an end, and after ten errors in a row the transfer is given up and the sender told so.
 * Returns 0, what begin() or data() refused with, or
 *   -ECANCELED  the sender or, before a file began, Ctrl-C ended it
 *   -ETIMEDOUT  the sender says nothing
 *   -EBADMSG    too many errors on the line
 *   -EPROTO     it sends blocks that are out of order
 *   -ENODATA    it has no file, or ends before it has sent as much as it said
 *   -EDOM       it does not say how many bytes there are, or more than 4 GiB
 *   -EFBIG      it sends more than it said
 */
int ymodem_receive(const struct ymodem_io *io);

#endif
