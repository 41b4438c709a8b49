/* SPDX-License-Identifier: MIT */
/* What the files of the store share beside slots, index and free list. */
#ifndef CAIRN_STORE_INTERNAL_H
#define CAIRN_STORE_INTERNAL_H

#include "store/store.h"

/** Sends a line to config->report, if there is one. */
void store_report(const struct store *s, const char *fmt, ...) PRINTF_LIKE(2, 3);

/** Whether a record with this EXPIRY is dead at NOW. Equal is alive. */
bool store_expired(int64_t expiry, int64_t now);

/** Sets the superblock's seq_limit ahead of next_seq (at most 2^48) and writes it. */
void store_raise_limit(struct store *s);

/**
 * Brings the chain of a region whose superblock is in s->super to a legal, quiescent state and
 * fills index and free list. 0, -EBADMSG (chain broken: nothing was written), -EPROTONOSUPPORT (a
 * batch was cut after its commit) or -ENOMEM.
 */
int store_recover(struct store *s);

/** Joins all neighbouring free blocks of the chain and lists them anew. Ends the group before it.
 */
void store_join_all(struct store *s);

/** Writes the image's magic and one free block over the whole chain. */
void store_format_image(struct store_door *d, uint32_t region_size);

#endif
