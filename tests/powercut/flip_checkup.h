/* SPDX-License-Identifier: MIT */
/* What store_check() tells of a region, beside what an open makes of it. */
#ifndef CAIRN_TESTS_POWERCUT_FLIP_CHECKUP_H
#define CAIRN_TESTS_POWERCUT_FLIP_CHECKUP_H

#include "tests/powercut/flip_check.h"

/* The records it told of: the newest of each key. */
struct flip_told {
	uint64_t seq[FLIP_KEYS];
	uint32_t off[FLIP_KEYS];
	int64_t expiry[FLIP_KEYS];
	bool foreign; /* one has a key that nobody put */
};

static inline void flip_record(void *ctx, const struct store_view *view)
{
	struct flip_told *told = ctx;
	uint32_t i = flip_key_of(view->key, view->key_len);

	if (i == FLIP_KEYS) {
		told->foreign = true;
		return;
	}
	if (view->version < told->seq[i])
		return;
	told->seq[i] = view->version;
	told->off[i] = view->slot;
	told->expiry[i] = view->expiry;
}

/* Looks at the region before it is opened; it must not be written to. */
static inline bool flip_check_up(struct flip_run *run, struct flip_told *told,
				 struct store_checkup *c)
{
	struct store_media media = {.base = flip_area, .size = run->im->size};
	bool valid = flip_copy_checks(flip_area, 0) || flip_copy_checks(flip_area, SB_COPY_B);

	memset(told, 0, sizeof(*told));
	*c = (struct store_checkup){.record = flip_record, .ctx = told};
	memcpy(run->hit, flip_area, run->im->size);
	if ((store_check(&media, c) == 0) != valid)
		return flip_failed(run, "a check does not see what an open sees", valid);
	if (memcmp(run->hit, flip_area, run->im->size) != 0)
		return flip_failed(run, "a check writes to the region", 0);
	return true;
}

/* What the check told of a region that was then opened: the same records, and a reason for each
 * slot that was put aside. */
static inline bool flip_check_told_right(const struct flip_run *run, const struct flip_told *told,
					 const struct store_checkup *c)
{
	if (told->foreign)
		return flip_failed(run, "a check tells of a key that nobody put", 0);
	if (run->walk.quarantined > c->kept_aside && c->problems == 0)
		return flip_failed(run, "a check has nothing to say on a damage", c->notes);
	for (uint32_t i = 0; i < FLIP_KEYS; i++) {
		uint8_t key[FLIP_KEY_MAX];
		const struct walker_entry *e = walker_find(&run->walk, key, flip_key(i, key));
		bool gone = told->expiry[i] > 0 && told->expiry[i] < flip_clock;

		if (e != NULL && e->off != told->off[i] && !run->im->cut)
			return flip_failed(run, "a check does not tell of an entry", i);
		if (e == NULL && told->off[i] != 0 && !gone && !run->im->cut)
			return flip_failed(run, "a check tells of an entry that is none", i);
	}
	return true;
}

/* A check of a region at rest, which RUN is of. */
static inline bool flip_check_up_at_rest(struct flip_run *run)
{
	const struct walker *walk = &run->walk;
	struct flip_told told;
	struct store_checkup c;

	if (!flip_check_up(run, &told, &c))
		return false;
	if (c.problems != 0 || c.notes != walk->quarantined || c.kept_aside != walk->quarantined ||
	    c.records != walk->entries || c.free_slots != walk->frees)
		return flip_failed(run, "a check of what is at rest tells something else",
				   c.problems);
	return flip_check_told_right(run, &told, &c);
}

#endif
