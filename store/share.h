/* SPDX-License-Identifier: MIT */
/*
 * A store that several cores use: one writes at a time, and reading waits for nobody.
 *
 * What is read lies in two indexes, and readers go by the one that is shown. A writer changes the
 * other one, the hidden one, which is the store's own (s->index, s->order) between two calls of
 * share_publish(). That shows it, waits until no reader is left in the one that was shown, and
 * makes the same changes there. So nobody reads an index that changes, and what readers see changes
 * at one moment, however much it is.
 *
 * A reader pins the record it found before it leaves the index. The record of an entry that was
 * taken out is ended only after share_publish(): whoever still found it has pinned it by then, and
 * nobody finds it any more. Ending it writes words that no view reads; its bytes are used again
 * when no pin is left.
 */
#ifndef CAIRN_STORE_SHARE_H
#define CAIRN_STORE_SHARE_H

#include <stdatomic.h>

#include "lib/core_lock.h"
#include "store/store.h"

#define SHARE_TOUCHED 32U /* entries a sharer read that wait for a writer to note it */

/** What of the index and the order was changed, to be made again in the other ones. */
enum share_kind { SHARE_ADD, SHARE_REMOVE, SHARE_MOVE, SHARE_TOUCH, SHARE_CHOOSE, SHARE_CLEAR };

struct store_share {
	struct core_lock lock; /* of all that is not a read */
	struct store_sharing with;

	struct store face[2];   /* stores for readers: their index, order and end change */
	_Atomic uint32_t shown; /* which of them */

	struct share_change {
		enum share_kind kind;
		uint32_t hash, off, to;
	} * changes; /* made in the hidden one since it was the same as the shown one */
	uint32_t count, room;
	uint32_t made; /* of them, if it lags, made again already */
	/*
	 * There is no hidden one to change: there was no memory to make a batch again (LAGS, until
	 * there is), or a reader never left (STUCK). s->index is empty then.
	 */
	bool lags, stuck;
	bool again; /* changes are being made again, and are not noted again */

	struct share_reader {
		_Atomic uint32_t in;                    /* the face it is in, + 1 */
		_Atomic uint32_t pins[STORE_VIEWS + 1]; /* offsets; the last one is for no view */
		_Atomic uint32_t pinned;                /* of the pins, how many are in use */
		_Atomic uint64_t hits, misses;
		struct {
			_Atomic uint32_t hash, off;
		} touched[SHARE_TOUCHED];
		_Atomic uint32_t touches; /* ever */
		uint32_t noted;           /* of them, by a writer */
	} reader[];
};

/** Takes the lock, if the caller does not have it. 0, -ETIMEDOUT, or -ENOMEM if it lags. */
int share_enter(struct store *s);

/** Ends what share_enter() began; the last one publishes, and gives the lock. */
void share_leave(struct store *s);

/** With the lock and the window: puts what readers left behind in order before something changes.
 */
void share_settle(struct store *s);

/** Notes a change of the store's index or order. There is room: see share_reserve(). */
void share_note(struct store *s, enum share_kind kind, uint32_t hash, uint32_t off, uint32_t to);

/** Makes room for a batch of COUNT operations. 0 or -ENOMEM. */
int share_reserve(struct store *s, uint32_t count);

/**
 * Shows the changes. When it returns 0 no reader is anywhere that they are not shown. -ETIMEDOUT:
 * one never left; they are shown, but nothing may be ended or changed any more.
 */
int share_publish(struct store *s);

/**
 * Makes a pin of the store (store/pins.h) of those that sharers have on the slot at OFF, if any. 0
 * or -ENOMEM.
 */
int share_pin(struct store *s, uint32_t off);

/** Ends pins that share_pin() made and no sharer has any more, as soon as there are any, within a
 * moment: whether there were. */
bool share_wait_for_pins(struct store *s);

/**
 * entries_segment() in both indexes, so that the other one can follow. NULL: there is no memory, or
 * the store is stuck.
 */
struct store_segment *share_reserve_entry(struct store *s, uint32_t hash);

/**
 * Before the record at OFF, which has no entry any more, is ended: publishes that. 0: nobody may
 * find it any more, and who did has pinned it; or -ETIMEDOUT, as share_publish().
 */
int share_hide(struct store *s, uint32_t off);

/** The same of all records; share_pin() does not fail behind it. */
int share_hide_all(struct store *s);

/** store_get(), store_read() (without DATA_LEN: store_contains()) and store_release(). */
int share_get(struct store *s, const void *key, uint32_t key_len, struct store_view *view);
int share_read(struct store *s, const void *key, uint32_t key_len, void *data, uint32_t room,
	       uint32_t *data_len);
void share_release(struct store *s, const struct store_view *view);

/** store_size(). */
uint32_t share_size(const struct store *s);

/** Adds what the readers counted, and the second index. */
void share_stat(const struct store *s, struct store_stats *stats);

/** Frees what readers go by and all else; the store's own index stays, which may be empty. */
void share_free(struct store *s);

#endif
