/* SPDX-License-Identifier: MIT */
/*
 * A key-value store in a region of RAM that is still there after a reset.
 *
 * The region holds a superblock page and an image of Infinispan's single-file store (FCS1) whose
 * slots carry a checksummed trailer; docs/SPEC.md has every byte. What was acknowledged (a call
 * returned 0) is found at the next open, wherever a reset stopped the machine; what was in flight
 * is found whole or not at all.
 *
 * The store knows a region of bytes, a clock and a barrier, nothing else. It is used by one caller
 * at a time, until store_share() lets several cores use it. Nothing but store_format() ever starts
 * an empty store.
 *
 * Lengths are bytes, times are milliseconds since 1970. Errors are negative errno values; what each
 * call returns is listed with it, and error_text() (lib/errors.h) has a sentence for each.
 */
#ifndef CAIRN_STORE_STORE_H
#define CAIRN_STORE_STORE_H

#include "lib/types.h"

#define STORE_REGION_ALIGN 4096U     /**< a region's base and size are multiples of this */
#define STORE_REGION_MIN 8192U       /**< the smallest region: the superblock page and one more */
#define STORE_REGION_MAX 0x40000000U /**< the largest: 1 GiB */
#define STORE_KEY_MAX 65535U         /**< the longest key; the shortest is 1 byte */
#define STORE_NEVER (-1)             /**< an expiry that never comes; so are all values <= 0 */
#define STORE_ABSENT 0U              /**< for store_put_if(): only if there is no such entry */
#define STORE_ENTRIES_MAX 0xfffffeU  /**< the largest max_entries */

struct store;
struct store_layout;

/** With a superblock, trailers and a commit order (docs/SPEC.md). The default. */
extern const struct store_layout store_native;

/**
 * The bytes that Infinispan's SingleFileStore writes, after each operation. No trailer, no
 * superblock, no version; free slots are joined only at open and by store_purge(). Not safe against
 * cuts, and damaged values are not noticed: open says so in a line if media has a clean(). The
 * region is the file: media.base needs no alignment, media.size is how large the file may become,
 * and config.file_size how large it is.
 */
extern const struct store_layout store_classic;

/**
 * The region and the way to it. Every write to the region is one call of the store's own door,
 * which tells the hooks here; all of them may be NULL, and are called with CTX.
 */
struct store_media {
	void *base;    /**< STORE_REGION_ALIGN-aligned, readable and writable while open */
	uint32_t size; /**< STORE_REGION_MIN..STORE_REGION_MAX, a multiple of STORE_REGION_ALIGN */
	/**
	 * Where the region lies for whoever may have to look for it (store_identify()): an open or
	 * a format writes it down. 0: what was written down stays.
	 */
	uint64_t place;

	/** [off, off + len) was just written. Each word that commits something is one such call. */
	void (*written)(void *ctx, uint32_t off, uint32_t len);
	/** Start to bring [ptr, ptr + len) to where it survives a reset (clean cache lines). */
	void (*clean)(void *ctx, const void *ptr, size_t len);
	/** Return when everything cleaned before is there (DSB). */
	void (*barrier)(void *ctx);
	/**
	 * The region is about to be written (OPEN), or will not be any more: all writes, and all
	 * calls of the hooks above and of a caller's functions by a call that writes, come between
	 * the two. Each call that may write opens it once, a format over a note twice, and closes
	 * it before it returns; none that only reads does.
	 */
	void (*window)(void *ctx, bool open);
	void *ctx;
};

/** Which entry goes when there is one more than max_entries. */
enum store_policy {
	STORE_LRU,   /**< the one that was not put or read for the longest time, as in the seed */
	STORE_SIEVE, /**< the oldest that was not read since it was last passed over */
};

/** Zero is a good default for every field but media. */
struct store_config {
	struct store_media media;
	/** Wall clock in ms since 1970; NULL: always 0, and nothing expires. */
	int64_t (*now)(void *ctx);
	/** Receives what a user should know (recovered, damage), a line without newline; may be
	 * NULL. */
	void (*report)(void *ctx, const char *line);
	void *ctx;

	const struct store_layout *layout; /**< NULL: store_native */
	uint32_t file_size;                /**< store_classic: the file's size, <= media.size */
	/**
	 * A free slot that is not the last is split for a record of at most this part of it; 0:
	 * 0.75. At most 1.
	 */
	float fragmentation;
	uint32_t max_entries;     /**< 0: as many as fit; else at most STORE_ENTRIES_MAX */
	enum store_policy policy; /**< with max_entries */
	/** Reads do not verify the checksum: quicker, and a damaged byte is served. */
	bool unchecked;
};

/** A record in place: pointers into the region. */
struct store_view {
	const void *key, *data, *meta; /**< data and meta are NULL if they were not asked for */
	uint32_t key_len, data_len, meta_len;
	int64_t expiry;
	uint64_t version;         /**< another one after each put of the key; 0 in store_classic */
	uint32_t slot, slot_size; /**< where the record's slot is in the region, and its bytes */
};

struct store_stats {
	uint32_t entries;    /**< expired ones that are still there included */
	uint32_t used_bytes; /**< all other slots: of entries, and until the next open of those
				whose sizes were found damaged since this one */
	uint32_t free_bytes; /**< slots that are free */
	uint32_t largest; /**< the most bytes key, data and metadata of a put may have together now
			   */
	uint32_t free_slots;  /**< the last one included */
	uint32_t quarantined; /**< slots kept aside as damaged */
	uint32_t pinned;      /**< views that were not released */
	uint32_t boots;       /**< successful opens since the format */
	uint64_t next_seq;    /**< the number of the next record */

	uint32_t end;       /**< offset behind the last slot */
	uint32_t file_size; /**< store_classic: the file's size now */

	/**
	 * Memory outside the region. The index: at most 12 bytes an entry while it grows, 17 after
	 * deletes; with max_entries 20 and 17, and 10 more for the most entries there were. The
	 * list of free slots: at most 16 bytes each. Either may have some hundred bytes beside.
	 */
	size_t index_bytes, free_list_bytes;

	/* Since the open. */
	uint64_t puts, hits, misses, deletes;
	uint64_t expired;     /**< entries that a purge removed */
	uint64_t evicted;     /**< entries that had to go for max_entries */
	uint64_t moved_bytes; /**< copied by compaction */
};

/*
 * The rest of this block is private: it is here so that a store can be a static variable.
 */
struct store_door {
	struct store_media media;
	bool told; /* some hook is there */
	struct {
		uint32_t off, len;
	} dirty[8]; /* written since the last flush */
	uint32_t count;
};

struct store_super {
	uint32_t state, region_size, salt, generation, boots;
	uint64_t seq_limit, floor, batch_lo, batch_hi;
	uint64_t evict_new, evict_victim; /* numbers: when the one is there the other goes */
	uint32_t evict_offset;
	uint64_t place; /* store_media.place */
};

struct store_index {
	struct store_segment {
		struct store_index_slot {
			uint32_t hash; /* UINT32_MAX: empty */
			uint32_t ref;  /* offset of the record, or its node in the order */
		} * slot;
		uint32_t homes, slots; /* what lies behind the homes is spare */
		uint32_t count, most;  /* entries now, and at most */
	} * segments;
	uint32_t segment_count, segment_room;
	uint32_t half;       /* a power of two: half <= segment_count < 2 * half */
	uint32_t count;      /* entries */
	uint32_t slots;      /* of all segments */
	uint32_t split_at;   /* entries with which the next segment is split, */
	uint32_t unsplit_at; /* and below which the last split is undone */
};

struct store_order {
	struct store_order_node **segments;
	uint32_t segment_count, segment_room;
	uint32_t room, used; /* nodes; number 0 is none */
	uint32_t unused;     /* a list by their next */
	uint32_t eldest, newest, hand;
};

struct store_freelist {
	uint64_t *firsts; /* of each leaf: no key in it or a later one is below */
	struct store_free_leaf {
		uint64_t *keys; /* size << 32 | offset, in any order */
		uint32_t count, room;
	} * leaves;
	uint32_t leaf_count, leaf_room;
	uint64_t recent[8]; /* keys of the blocks freed last, in no leaf yet */
	uint32_t recents;
	uint32_t count;    /* of blocks, without the tail */
	uint32_t bytes;    /* of all of them, the tail included */
	uint32_t key_room; /* of all leaves */
	uint32_t limit;    /* where the last block ends */
	uint32_t tail_off; /* the last block of the chain if it is free, else 0 */
	uint32_t tail_size;
	bool lost; /* there was no memory to remember some block */
};

struct store_pins {
	struct store_pin {
		uint32_t off, size; /* of the slot; size 0 while its record lives */
		uint32_t views;
		bool passed; /* compaction had to leave it where it is */
	} * pins;            /* by offset */
	uint32_t count, room;
	uint32_t views;            /* of all */
	uint32_t dead, dead_bytes; /* those whose record died */
};

struct store_share; /* store/share.h */

struct store_batch {
	struct store_batch_op {
		uint32_t off, size; /* of the staged record's slot */
		uint32_t hash, key_len;
		int64_t expiry;
		bool del;
		bool entered; /* the commit made an entry of it already */
		uint32_t old; /* the record of its key that the commit ends, or 0 */
	} * ops;
	uint32_t count, room;
	uint64_t first; /* no number of the batch is below it */
	bool open;
};

struct store_marks {
	uint32_t *off; /* the first slot known to begin in each part of the chain */
	uint32_t count;
};

/** An open store. Read it through the calls below. */
struct store {
	struct store_config config;
	const struct store_layout *layout;
	struct store_door door;
	struct store_super super;
	struct store_index index;
	struct store_order order;
	struct store_freelist free;
	struct store_pins pins;
	struct store_marks marks;
	struct store_batch batch;
	struct store_share *share;   /* NULL: it is used by one */
	struct store_stats counters; /* only what is counted "since the open" */
	uint64_t next_seq;
	uint32_t start, end; /* the chain of slots */
	uint32_t limit;      /* where it may end at most */
	uint32_t file_size;
	uint32_t packed;       /* compaction has nothing to do below this offset, */
	uint32_t passed;       /* but had to leave this one as it was, */
	uint32_t passed_slots; /* with so many free slots */
	uint32_t quarantined, quarantined_bytes;
	uint32_t shadowed;    /* records whose key has another one (store_classic) */
	uint32_t walks;       /* under way: nothing may be written */
	int64_t first_expiry; /* no entry expires before */
	bool open, read_only;
	bool plain; /* open, and all that a read has to do is to find the record: no order is kept,
		       and no checksum verified */
};

#define STORE_NOTE_MAX 1908U /**< bytes of text in a note; what is longer is cut */

/**
 * Writes TEXT into a place of its own in the superblock's page, over the note that may be there.
 * Whatever the store was doing: of it only the region is looked at, no memory is allocated, and no
 * entry is touched. Cut anywhere, there is the whole note or none. 0, or -ENODATA: no store
 * (STORE_VALID, store/probe.h) is there, and nothing was written.
 */
int store_note_write(const struct store_media *media, const char *text, uint32_t len);

/** The note of the store in the region, *LEN bytes of it in place; NULL: there is none. */
const char *store_note(const struct store_media *media, uint32_t *len);

/** Forgets the note, if a store is there; store_format() does so, too. */
void store_note_clear(const struct store_media *media);

/**
 * Opens the store in config->media: recovers it (a reset may have stopped anything at any point),
 * rebuilds the index in malloc'ed memory, purges expired entries and, with max_entries, removes the
 * eldest ones beyond it (their order is that of the region). Copies *CONFIG. Never formats. With
 * store_classic an empty file becomes an empty store, and nothing is purged or removed, as in the
 * seed; of a file that is cut or whose lengths are damaged what can be read is served, and every
 * call that would write returns -EROFS.
 *
 * 0, or: -EINVAL (a field of *CONFIG is out of its range), -ENODATA (STORE_NOTHING),
 * -EPROTONOSUPPORT (STORE_OTHER), -EBADMSG (STORE_DAMAGED, or what is written there is not kept),
 * -ENOSPC (the store in the region is larger than the region), -ENOMEM (index; or with max_entries
 * there are more than STORE_ENTRIES_MAX already). After an error *S is closed and nothing was
 * written, but after -ENOMEM perhaps what recovery had completed by then; the reason of
 * -EPROTONOSUPPORT, -EBADMSG and -ENOSPC is a line to config->report.
 *
 * Damage never keeps a store closed as long as one of the superblock's copies is sound: what it hit
 * is kept aside, and a line to config->report names it.
 */
int store_open(struct store *s, const struct store_config *config);

/**
 * Makes an empty store (store_native) in the region, whatever is in it, without opening it. SALT
 * should differ from one format to the next (a clock will do): it keeps records from before out of
 * the new store. Cut anywhere, the next open finds the old store, the new one, or STORE_NOTHING. 0
 * or -EINVAL.
 */
int store_format(const struct store_media *media, uint32_t salt);

/**
 * Releases the index; views that are still pinned become invalid. A batch is aborted. Everything
 * acknowledged is in the region already. No effect if not open.
 */
void store_close(struct store *s);

#define STORE_SHARERS_MAX 8U /**< cores that may share a store */
#define STORE_VIEWS 16U      /**< views that each of them may have at a time */

/** Who shares a store. */
struct store_sharing {
	uint32_t sharers; /**< 1..STORE_SHARERS_MAX cores (or threads) */
	/** The number of the core that calls, below SHARERS, and no other's. */
	uint32_t (*self)(void *ctx);
	void *ctx;
	/**
	 * How long a call waits for those before it, not 0; and for a reader to leave the index,
	 * where its core may be interrupted: one that does not run for so long ends all writing.
	 */
	uint64_t patience_ns;
};

/**
 * From now on SHARING->sharers cores may call the store at the same time, each call of this header
 * but store_close(), before which they must have ended theirs, and those that take a store_media.
 * None of them calls it from what may interrupt it in a call.
 *
 * store_get(), _read(), _contains(), _release() and _size() never wait for another core (one that
 * is overtaken by a whole write begins again), and what they find was there at one moment during
 * the call: a key that is there all along is always found, and a put is found only when a reset
 * would not lose it any more. All other calls come one after the other, first come, first served,
 * and fail without having done anything: with -ETIMEDOUT after the patience, with -ENOMEM while
 * there is no memory to change both indexes. A batch and a walk keep the others waiting from their
 * begin to their end, and all of a batch appears at one moment.
 * The functions of config are called by one core at a time, but `now`, like malloc(), by any.
 *
 * Otherwise than alone: a view is released by the core that got it, and each may have STORE_VIEWS
 * at a time (then -ENOMEM); that an entry was read counts for the order in which entries go from
 * the next write on, and then the last 32 reads of each core do; reads of damaged entries are not
 * reported, only refused; and the index takes twice the memory. What a call that returns -ETIMEDOUT
 * because a core never came back from a read (it stopped) had removed or cleared is gone for all,
 * but a reset may bring it back; from then on every call but reads returns -ETIMEDOUT.
 *
 * 0, -EBADF, -EINVAL (a field of *SHARING), -ENOTSUP (store_classic), -EBUSY (within a walk or a
 * batch, while a view is pinned, or it is shared already), -EROFS or -ENOMEM.
 */
int store_share(struct store *s, const struct store_sharing *sharing);

/**
 * Writes KEY = DATA with META (of Infinispan; may be empty), replacing an entry of that key, which
 * is there until the new one is. What is written may lie in the region if it is part of a pinned
 * view. EXPIRY: see STORE_NEVER. With max_entries a new key may make another entry go.
 *
 * If no free slot is large enough, expired entries are purged and the store is compacted first. An
 * entry that is replaced needs its room until the new one is there.
 *
 * 0, or with the entries unchanged (but for expired ones): -EBADF (not open), -EDOM (key_len
 * not 1..STORE_KEY_MAX), -ERANGE (a length is 2^31 or more, that is negative in the format, or all
 * three together are), -E2BIG (no region of this size could hold it), -ENOSPC (there is no room;
 * store_stat() has how many bytes are free and how large a record would fit), -ENOMEM (index),
 * -EOVERFLOW (all numbers up to 2^48 but the last few are used), -EBUSY (within a
 * walk or a batch), -EROFS (a damaged file in store_classic: see store_open()).
 */
int store_put(struct store *s, const void *key, uint32_t key_len, const void *data,
	      uint32_t data_len, const void *meta, uint32_t meta_len, int64_t expiry);

/**
 * store_put() if KEY's entry still has VERSION (of the view that was read), or with STORE_ABSENT if
 * there is none (an expired one counts as none). Also: -EEXIST (STORE_ABSENT, but there is one),
 * -ENOENT (there is none with any version), -ESTALE (it has another version), -EBADMSG (it is
 * damaged), -ENOTSUP (a version in store_classic, which has none).
 */
int store_put_if(struct store *s, uint64_t version, const void *key, uint32_t key_len,
		 const void *data, uint32_t data_len, const void *meta, uint32_t meta_len,
		 int64_t expiry);

/**
 * Finds KEY. 0 and *VIEW, pinned: its bytes stay as they are, whatever is written, until
 * store_release(), which must follow. Or -ENOENT (none, or expired), -EBADMSG (its bytes no longer
 * match its checksum: never served), -EBADF, -EDOM (as for store_put()), -ENOMEM (to remember the
 * pin).
 */
int store_get(struct store *s, const void *key, uint32_t key_len, struct store_view *view);

/** Ends the pin of a view from store_get(), which was open since. The view is invalid then. */
void store_release(struct store *s, const struct store_view *view);

/**
 * Copies the data of KEY to the ROOM bytes at DATA; *DATA_LEN is its length. 0, or as store_get()
 * (but -ENOMEM), or -EMSGSIZE: it is longer than ROOM, nothing was copied.
 */
int store_read(struct store *s, const void *key, uint32_t key_len, void *data, uint32_t room,
	       uint32_t *data_len);

/** Whether KEY is there: 0, or as store_get() (but -ENOMEM). */
int store_contains(struct store *s, const void *key, uint32_t key_len);

/**
 * Removes KEY. 0, -ENOENT (none; an expired one is removed and counts), -EBADF, -EDOM, -EBUSY
 * (within a walk or a batch), -EROFS, or -EBADMSG: its bytes no longer match its checksum; it is
 * not served again, but its slot stays out of use.
 */
int store_delete(struct store *s, const void *key, uint32_t key_len);

/**
 * Begins a batch: puts and deletes of several keys that are done together, or not at all, wherever
 * a reset cuts. Until store_batch_commit() or store_batch_abort() nobody sees any of it, reads give
 * what was there before, and every other call that writes gives -EBUSY. 0, or -EBADF, -EBUSY
 * (within a walk or a batch), -EROFS or -ENOTSUP (store_classic, which knows no order of writes).
 */
int store_batch_begin(struct store *s);

/**
 * store_put() as part of the batch; of two operations on one key the later one counts. It takes its
 * room now, and the old record keeps its own until the commit. Errors as store_put(), and -EINVAL
 * (no batch was begun); the batch is as before then, and may go on.
 */
int store_batch_put(struct store *s, const void *key, uint32_t key_len, const void *data,
		    uint32_t data_len, const void *meta, uint32_t meta_len, int64_t expiry);

/**
 * store_delete() as part of the batch. It takes room too, a slot for the key, until the commit. 0,
 * -ENOENT (there is no such entry, by the batch so far), or as store_batch_put().
 */
int store_batch_delete(struct store *s, const void *key, uint32_t key_len);

/**
 * Makes everything of the batch happen, and ends it. With max_entries the entries beyond it go
 * after that, one by one. 0, or nothing happened and the batch is still there: -EBADF, -EINVAL (no
 * batch was begun), -EBUSY (within a walk), -ENOMEM (index).
 */
int store_batch_commit(struct store *s);

/** Ends the batch, and nothing of it happened. No effect if none was begun, or within a walk. */
void store_batch_abort(struct store *s);

/**
 * Removes every entry at once: cut anywhere, all are there or none is. 0, -EBADF, -EROFS, -EBUSY
 * (within a walk or a batch; in store_classic also while a view is pinned) or -EBADMSG (the chain
 * of slots is broken: nothing was removed).
 */
int store_clear(struct store *s);

/** How many entries there are, expired ones included; 0 if not open. */
uint32_t store_size(const struct store *s);

/**
 * Removes expired entries, one by one, and calls GONE (may be NULL) with the key of each when it is
 * gone for good: at most once for an entry, whatever a reset cuts. GONE must not call the store.
 * Joins free slots in store_classic. How many were removed, or -EBADF, -EBUSY, -EROFS, or
 * -EBADMSG (the chain of slots is broken: those before are removed).
 */
int store_purge(struct store *s, void (*gone)(void *ctx, const void *key, uint32_t key_len),
		void *ctx);

/**
 * Removes up to MOST entries, one by one: those that would have to go next for max_entries, by its
 * policy. For whoever needs the memory that index and order take. How many went, 0 also without
 * max_entries; or -EBADF, -EBUSY, -EROFS.
 */
int store_shed(struct store *s, uint32_t most);

/** What store_process() visits, and how. Zero is a good default for every field but visit. */
struct store_walk {
	const void *prefix; /**< only keys that begin with it */
	uint32_t prefix_len;
	/** Only keys that it returns true for; NULL: all. Called before anything but the key is
	 * read, so a key that it gets may be damaged. */
	bool (*wanted)(void *ctx, const void *key, uint32_t key_len);
	bool no_data, no_meta; /**< leave it out of the view */
	bool expired;          /**< also entries that are expired */
	/** Gets each entry; the view is valid during the call. Other than 0 ends the walk. */
	int (*visit)(void *ctx, const struct store_view *view);
	void *ctx;
};

/**
 * Visits entries in the order of the region; such with a bad checksum are reported and left out.
 * What visit returned if it was not 0, else 0, or -EBADF or -EBADMSG (the chain of slots is broken
 * from there on). The callbacks may read from the store but not write to it.
 */
int store_process(struct store *s, const struct store_walk *walk);

/** store_process() of everything that is not expired. */
int store_iterate(struct store *s, int (*visit)(void *ctx, const struct store_view *view),
		  void *ctx);

/**
 * Moves records towards the start of the region, so that free slots become one, by about MAX_BYTES:
 * it stops behind the record that reaches them, or when it has looked at that many bytes' worth of
 * headers. Pinned records and slots that are kept aside stay where they are. Cut anywhere, every
 * entry is there. 1: there is more to do; 0: not for now; -EBADF, -EROFS, -EBUSY (within a
 * walk or a batch) or -EBADMSG (the chain of slots is broken).
 */
int store_compact(struct store *s, uint32_t max_bytes);

/** store_check(): what is wanted of it, and what it found. Zero is a good default. */
struct store_checkup {
	/** Gets a line for each finding: a problem is what no reset leaves, a note what the next
	 * open puts in order. May be NULL. */
	void (*line)(void *ctx, bool problem, uint32_t off, const char *text);
	/** Gets each record that an open would serve, unless there is a newer one of its key. May
	 * be NULL. */
	void (*record)(void *ctx, const struct store_view *view);
	/** Gets each delete of a batch that an open would still do, of records of its key with
	 * lower numbers. May be NULL. */
	void (*deleted)(void *ctx, const struct store_view *view);
	void *ctx;

	uint32_t problems, notes;
	uint32_t records, free_slots, kept_aside;
	uint32_t evicted; /* private: offset of a record that an eviction cut in the midst means */
};

/**
 * Looks at all of a region of store_native: superblock, chain, tags, checksums, states. Nothing is
 * written, no memory is needed, and the store may be open meanwhile. 0, whatever was found; or
 * there is nothing to look at: -EINVAL, -ENODATA, -EPROTONOSUPPORT, -EBADMSG, -ENOSPC, as
 * store_open().
 */
int store_check(const struct store_media *media, struct store_checkup *c);

/** A slot that is kept aside as damaged. What is told of the record may be wrong: it is damaged. */
struct store_damage {
	uint32_t off, size;     /**< of the slot; its bytes are at media.base + off */
	struct store_view view; /**< key, data, metadata where the header has lengths that fit in
				   the slot, else all lengths are 0 */
	char key[36]; /**< for a line: the key in quotes, cut and made printable, or a word */
};

/**
 * Calls FN with each slot that is kept aside, by offset, until it returns other than 0. What FN
 * returned, or 0, -EBADF or -EBADMSG (the chain of slots is broken from there on). FN must not call
 * the store.
 */
int store_each_damaged(struct store *s, int (*fn)(void *ctx, const struct store_damage *d),
		       void *ctx);

/**
 * Gives the slot at OFF, which is kept aside, back as a free one; what it held is gone for good. 0,
 * -ENOENT (there is none at OFF), -EBADF or -EBUSY (within a walk or a batch, or a view of it is
 * not released).
 */
int store_drop(struct store *s, uint32_t off);

/**
 * Makes the store as large as REGION_SIZE, a multiple of STORE_REGION_ALIGN and at most media.size;
 * cut anywhere, it has the old size or the new one. What lies in the new part of the region is
 * overwritten. 0 (also if it has that size), -EBADF, -EROFS, -EBUSY (within a walk or a batch),
 * -EINVAL (no such size, or less than it has) or -ENOTSUP (store_classic, whose file grows by
 * itself).
 */
int store_grow(struct store *s, uint32_t region_size);

/** Calls FN with each entry, the eldest first, until it returns other than 0; without max_entries
 * with none. What FN returned, or 0 or -EBADF. FN must not call the store. */
int store_each_eldest(struct store *s, int (*fn)(void *ctx, const struct store_view *view),
		      void *ctx);

/** Calls FN with each free slot by size, then offset; in store_native the last of the region comes
 * last. As store_each_eldest(). */
int store_each_free(struct store *s, int (*fn)(void *ctx, uint32_t off, uint32_t size), void *ctx);

/** Fills *STATS. 0, or after an error, as -EBADF, all of it is zero. */
int store_stat(const struct store *s, struct store_stats *stats);

#endif
