/* SPDX-License-Identifier: MIT */
/*
 * The open of a damaged region, cut: behind each of its writes, and with any of the words lost that
 * no flush has made certain. What the next open makes of that must be as good as what the first
 * one would have come to.
 */
#ifndef CAIRN_TESTS_POWERCUT_FLIP_RECUT_H
#define CAIRN_TESTS_POWERCUT_FLIP_RECUT_H

#include "tests/powercut/flip_check.h"
#include "tests/powercut/store_test_subsets.h"

struct flip_recut {
	struct flip_run *run;
	struct cut_log log;
	struct cut_search search;
	uint8_t damaged[CUT_REGION_MAX];
	uint32_t entries, aside; /* that the open which is not cut came to; bytes */
	bool good;
};

/* Opens the region as it is now and looks at everything; the store is closed again. */
static inline bool flip_recut_open(struct flip_recut *cut, struct store_config *config)
{
	struct flip_run *run = cut->run;
	struct store s;
	bool good;
	int err;

	memcpy(run->hit, flip_area, run->im->size);
	err = store_open(&s, config);
	if (err != 0)
		return flip_failed(run, "an open behind a cut one failed", (uint32_t)-err);
	good = flip_check_opened(run, &s);
	store_close(&s);
	return good;
}

/* One state that memory may be in. */
static inline void flip_recut_try(void *ctx)
{
	struct flip_recut *cut = ctx;
	struct store_config config = flip_config(cut->run);
	const struct walker *walk = &cut->run->walk;

	if (!cut->good)
		return;
	flip_totals->recuts++;
	cut->good = flip_recut_open(cut, &config);
	if (cut->good && (walk->entries != cut->entries || walk->quarantined_bytes != cut->aside))
		cut->good = flip_failed(
			cut->run,
			"an open behind a cut one keeps other bytes aside or finds others",
			walk->quarantined_bytes);
}

static inline void flip_recut_replay(struct flip_recut *cut)
{
	static struct cut_memory mem;

	cut_start(&mem, cut->damaged, cut->run->im->size);
	for (size_t n = 0; n < cut->log.events && cut->good; n++) {
		const struct cut_event *e = &cut->log.event[n];

		if (e->kind == CUT_BARRIER && mem.words > 0)
			cut_try_moment(&mem, &cut->search);
		cut_follow(&mem, &cut->log, e);
		if (e->kind == CUT_WRITE)
			cut_try_stop(&mem, &cut->search);
	}
}

/*
 * Records the open of the region, which was just damaged, and cuts it, if it has something to
 * mend. The region is left as it was. False: something is wrong.
 */
static inline bool flip_recut(struct flip_run *run)
{
	static struct flip_recut cut;
	struct store_config config = flip_config(run);

	cut.run = run;
	cut.good = true;
	cut.log.region = flip_area;
	cut.log.events = cut.log.used = 0;
	cut.search = (struct cut_search){
		.all = 64,
		.lines = 4,
		.samples = 16,
		.rng = rng_seeded(run->seed + flip_totals->trial),
		.image = flip_area,
		.try_image = flip_recut_try,
		.ctx = &cut,
	};
	cut_watch(&config.media, &cut.log);
	memcpy(cut.damaged, flip_area, run->im->size);
	flip_hush(run);
	flip_find_touched(run, run->im->bytes, flip_area);
	cut.good = flip_recut_open(&cut, &config);
	cut.entries = run->walk.entries;
	cut.aside = run->walk.quarantined_bytes;
	if (run->lines > 0)
		flip_recut_replay(&cut);
	memcpy(flip_area, cut.damaged, run->im->size);
	return cut.good;
}

#endif
