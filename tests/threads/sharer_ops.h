/* SPDX-License-Identifier: MIT */
/* What the sharers' files have in common: private to them. */
#ifndef CAIRN_TESTS_THREADS_SHARER_OPS_H
#define CAIRN_TESTS_THREADS_SHARER_OPS_H

#include "tests/threads/sharer.h"

/** Notes what is wrong, if nothing was before; false. */
bool sharer_wrong(struct sharer *sharer, const char *fmt, ...) PRINTF_LIKE(2, 3);

/** The same for a CALL that answered ERR. */
bool sharer_failed(struct sharer *sharer, const char *call, int err);

/** A call that writes did nothing, and answered ERR: whether it may. */
bool sharer_refused(struct sharer *sharer, const char *call, int err);

/** sharer_refused() for one that needs room in the region. */
bool sharer_no_room(struct sharer *sharer, const char *call, int err);

/** Notes EVENT, which ends now. */
void sharer_note(struct sharer *sharer, enum history_kind kind, uint32_t key,
		 struct history_event event);

/** Notes a read of VALUE. */
void sharer_note_read(struct sharer *sharer, struct history_event event, uint32_t key,
		      uint32_t value);

/** The world's time. */
uint32_t sharer_time(struct sharer_world *world);

/** One of the keys. */
uint32_t sharer_any_key(struct sharer *sharer);

/** A number for a value that nobody had before. */
uint32_t sharer_new_number(struct sharer *sharer);

/** An expiry that is near, far or none, for a history. */
uint32_t sharer_new_expiry(struct sharer *sharer);

/** The same for the store. */
int64_t sharer_expiry_of(uint32_t expiry);

/** Writes a group in a batch. */
bool sharer_group(struct sharer *sharer);
/** Puts and deletes of some keys in a batch. */
bool sharer_batch(struct sharer *sharer);
/** Visits everything. */
bool sharer_walk(struct sharer *sharer);
/** Removes what is expired. */
bool sharer_purge(struct sharer *sharer);
/** Compacts a little or all. */
bool sharer_compact(struct sharer *sharer);
/** Asks how much there is. */
bool sharer_stat(struct sharer *sharer);
/** Removes everything. */
bool sharer_clear(struct sharer *sharer);
/** Lets the clock go on. */
bool sharer_time_on(struct sharer *sharer);

#endif
