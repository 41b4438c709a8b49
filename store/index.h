/* SPDX-License-Identifier: MIT */
/* Where each key's record is: an open-addressing table outside the region, rebuilt at open. */
#ifndef CAIRN_STORE_INDEX_H
#define CAIRN_STORE_INDEX_H

#include "store/store.h"

/** The hash of a key in this store (salted). */
uint32_t index_hash(const struct store *s, const void *key, uint32_t key_len);

/** Makes room for one more entry, so that the next index_insert() cannot fail. 0 or -ENOMEM. */
int index_reserve(struct store *s);

/** The slot of the record with KEY, or NULL. Valid until the index changes. */
struct store_index_slot *index_find(struct store *s, const void *key, uint32_t key_len,
				    uint32_t hash);

/** Adds a record that is not in it. */
void index_insert(struct store *s, uint32_t hash, uint32_t off);

/** Takes the entry at SLOT out. */
void index_remove(struct store *s, struct store_index_slot *slot);

/** Frees the table. */
void index_free(struct store *s);

#endif
