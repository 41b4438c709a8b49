/* SPDX-License-Identifier: MIT */
/*
 * Snapshots of a store in flash: what is left when the power goes (docs/SPEC.md, "Snapshots in
 * flash").
 *
 * There are two slots, partitions store-a and store-b. A save goes to the one that does not hold
 * the newest snapshot that is whole, and its header comes last; so wherever the power goes there is
 * the old one or the new one. Errors are negative errno values, with a sentence in flash->problem.
 */
#ifndef CAIRN_STORE_SNAPSHOT_H
#define CAIRN_STORE_SNAPSHOT_H

#include "lib/flash.h"
#include "store/store.h"

/** What is in a slot. */
struct snapshot {
	const struct flash_partition *slot;
	/** 0: a snapshot that is whole, and then what follows; -ENODATA: none; -EBADMSG: a damaged
	 * one; -EPROTONOSUPPORT: one of another version. */
	int err;
	uint32_t number; /**< later ones have higher numbers, modulo 2^32 */
	uint32_t bytes;  /**< of the region that are in it */
	uint32_t region; /**< bytes of the store's region */
	int64_t saved;   /**< when, in ms since 1970; 0: unknown */
	uint32_t crc;    /**< of the bytes */
};

struct snapshots {
	struct flash *flash;
	struct snapshot at[2];
};

/** Finds the slots in FLASH, which may be NULL. 0, or -ENODEV: it has not two of them, apart. */
int snapshots_find(struct snapshots *s, struct flash *flash);

/** Looks at both slots, all of their bytes. The newest snapshot that is whole, or NULL. */
const struct snapshot *snapshots_look(struct snapshots *s);

/**
 * Saves STORE, which is open and stays so. Nobody writes to it until that is done: what comes from
 * within gives -EBUSY, and other cores that share it wait as for a walk. NOW is the time for
 * whoever loads it. 0 and *MADE, or: -EBADF, -EBUSY (within a walk or a batch), -EROFS, -ENOTSUP
 * (store_classic), -EPROTONOSUPPORT (a slot holds one of another version: left alone), -ENOSPC
 * (more is used than a slot has room for), -EINVAL (slots are not whole erase blocks), -EIO or
 * -ETIMEDOUT (what the flash said). After an error the newest snapshot is the one it was.
 */
int snapshot_save(struct snapshots *s, struct store *store, int64_t now, struct snapshot *made);

/**
 * Writes snapshot FROM, which is whole, to the region MEDIA, whatever is there; nothing is opened.
 * Cut anywhere, the region holds no trace of a store, or all of this one. 0, or -ENOSPC: its
 * store's region is larger, and nothing was written.
 */
int snapshot_load(struct snapshots *s, const struct snapshot *from,
		  const struct store_media *media);

/** A number that is another one after each change of an open store's entries, or of the store. */
uint64_t snapshot_mark(const struct store *store);

#endif
