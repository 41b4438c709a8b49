/* SPDX-License-Identifier: MIT */
/* What must be true of a store that was opened from a damaged region. */
#ifndef CAIRN_TESTS_POWERCUT_FLIP_CHECK_H
#define CAIRN_TESTS_POWERCUT_FLIP_CHECK_H

#include "tests/powercut/flip_cut.h"
#include "tests/powercut/flip_damage.h"

#define FLIP_SAID 2048U
#define FLIP_RULES 24U
#define FLIP_NAME_SHOWN 32U /* so much of a key must be in the line that names it */

/* A rule that was broken: how often, and the first time. */
struct flip_rule {
	const char *text;
	uint64_t count;
	char first[900];
};

struct flip_totals {
	uint64_t trials, wrong, lost_untouched, failures, lost, quarantined, refused;
	uint64_t recuts;           /* states that a cut of the mending open left */
	uint64_t mended[FLIP_OPS]; /* cuts that left an open something to do */
	uint32_t image, trial;     /* where it is now */
	struct flip_rule rule[FLIP_RULES];
};

/* What an open and what follows may find, and what it said. */
struct flip_run {
	const struct flip_trial *trial;
	const struct flip_image *im; /* what was there before the damage */
	bool alone;                  /* one damage, to a region at rest */
	bool may_go[FLIP_KEYS];      /* entries that the damage touches */
	char said[FLIP_SAID];        /* lines, each ended by a newline */
	uint32_t lines;
	uint64_t seed;
	struct walker walk;
	uint8_t hit[FLIP_REGION_MAX]; /* the region right before the open */
};

static struct flip_totals *flip_totals;

static inline void flip_say(void *ctx, const char *line)
{
	struct flip_run *run = ctx;
	size_t used = strlen(run->said);

	run->lines++;
	snprintf(run->said + used, sizeof(run->said) - used, "%s\n", line);
}

/* What was said so far does not count. */
static inline void flip_hush(struct flip_run *run)
{
	run->lines = 0;
	run->said[0] = '\0';
}

static inline struct store_config flip_config(struct flip_run *run)
{
	flip_clock = run->im->clock;
	return (struct store_config){
		.media = {.base = flip_area, .size = run->im->size},
		.now = flip_now,
		.report = flip_say,
		.ctx = run,
	};
}

/* Failures */

static inline int flip_describe(const struct flip_run *run, char *to, size_t room)
{
	static const char *const how[FLIP_KINDS] = {"", " and, at once,", ", then, behind an open,",
						    " while it was open"};
	const struct flip_damage *a = &run->trial->damage[0], *b = &run->trial->damage[1];
	int n = snprintf(to, room, "%u bytes at %u (%s)%s", a->len, a->off, a->text,
			 how[run->trial->kind]);

	if (run->trial->kind == FLIP_TWICE || run->trial->kind == FLIP_AGAIN)
		n += snprintf(to + n, room - (size_t)n, " %u bytes at %u (%s)", b->len, b->off,
			      b->text != NULL ? b->text : "not yet");
	return n;
}

static inline void flip_dump(const struct flip_run *run)
{
	const char *name = getenv("STORE_FLIP_DUMP");
	FILE *f = name != NULL ? fopen(name, "wb") : NULL;

	if (f == NULL)
		return;
	fwrite(run->hit, 1, run->im->size, f);
	fclose(f);
}

/* WHAT is the rule; AT, a key or an offset. Always false. */
static inline bool flip_failed(const struct flip_run *run, const char *what, uint32_t at)
{
	struct flip_rule *rule = flip_totals->rule;
	char damage[200];

	if (flip_totals->failures++ == 0)
		flip_dump(run);
	while (rule->text != NULL && rule->text != what &&
	       rule + 1 < flip_totals->rule + FLIP_RULES)
		rule++;
	rule->text = what;
	if (rule->count++ > 0)
		return false;
	flip_describe(run, damage, sizeof(damage));
	snprintf(rule->first, sizeof(rule->first),
		 "STORE_FLIP_SEED=%llu STORE_FLIP_IMAGE=%u STORE_FLIP_TRIAL=%u: image \"%s\", %s: "
		 "%s (%u); it said: %.400s",
		 (unsigned long long)run->seed, flip_totals->image, flip_totals->trial,
		 run->im->name, damage, what, at, run->said);
	return false;
}

static inline bool flip_wrong(const struct flip_run *run, const char *what, uint32_t at)
{
	flip_totals->wrong++;
	return flip_failed(run, what, at);
}

/* What the damage touches */

/* An entry may go if no record of it is left as it was. */
static inline void flip_find_touched(struct flip_run *run, const uint8_t *was, const uint8_t *is)
{
	const struct flip_image *im = run->im;

	for (uint32_t i = 0; i < FLIP_KEYS; i++) {
		const struct flip_slot *kept = &im->kept[i], *found = &im->found[i];

		run->may_go[i] = (kept->size == 0 || !flip_untouched(kept, was, is)) &&
				 (found->size == 0 || !flip_untouched(found, was, is));
	}
}

/* Whether a superblock copy at AT is one that counts. */
static inline bool flip_copy_checks(const uint8_t *region, uint32_t at)
{
	return be32_load(region + at + SB_MAGIC) == SB_MAGIC_VALUE &&
	       be32_load(region + at + SB_VERSION) == SB_VERSION_VALUE &&
	       be32_load(region + at + SB_CRC) == walker_crc(0, region + at, SB_CRC);
}

/* An open that failed: only when there is no superblock, with a line, and nothing is changed. */
static inline bool flip_check_refused(const struct flip_run *run, int err)
{
	bool traces = be32_load(run->hit + IMAGE_OFFSET) == IMAGE_MAGIC ||
		      be32_load(run->hit + SB_MAGIC) == SB_MAGIC_VALUE ||
		      be32_load(run->hit + SB_COPY_B + SB_MAGIC) == SB_MAGIC_VALUE;

	flip_totals->refused++;
	if (flip_copy_checks(run->hit, 0) || flip_copy_checks(run->hit, SB_COPY_B))
		return flip_failed(run, "open failed though there is a superblock", (uint32_t)-err);
	if (err != (traces ? -EBADMSG : -ENODATA) && err != -EPROTONOSUPPORT)
		return flip_failed(run, "open failed for another reason than it should",
				   (uint32_t)-err);
	if (traces && run->lines == 0)
		return flip_failed(run, "open failed without a line", (uint32_t)-err);
	if (memcmp(run->hit, flip_area, run->im->size) != 0)
		return flip_failed(run, "a region that was refused was written to", 0);
	return true;
}

/* What is served */

static inline bool flip_check_value(const struct flip_run *run, uint32_t i,
				    const struct walker_entry *e)
{
	const struct flip_image *im = run->im;
	const struct flip_value *before = &im->before.value[i], *after = &im->after.value[i];

	if (!flip_same_entry(before, e) && !flip_same_entry(after, e))
		return flip_wrong(run,
				  before->bytes == NULL && after->bytes == NULL
					  ? "a deleted entry came back"
					  : "an entry has a value that it had not",
				  i);
	if (e->expiry > 0 && e->expiry < flip_clock)
		return flip_wrong(run, "an expired entry was not purged", i);
	return true;
}

static inline bool flip_check_entries(struct flip_run *run,
				      const struct walker_entry *at[FLIP_KEYS])
{
	memset(at, 0, FLIP_KEYS * sizeof(at[0]));
	for (uint32_t n = 0; n < run->walk.entries; n++) {
		const struct walker_entry *e = &run->walk.entry[n];
		uint32_t i = flip_key_of(e->key, e->key_len);

		if (i == FLIP_KEYS)
			return flip_wrong(run, "there is a key that nobody put", e->off);
		if (!flip_check_value(run, i, e))
			return false;
		at[i] = e;
	}
	return true;
}

/* A get of each key answers as the walk says. */
static inline bool flip_check_gets(struct flip_run *run, struct store *s,
				   const struct walker_entry *const at[FLIP_KEYS])
{
	for (uint32_t i = 0; i < FLIP_KEYS; i++) {
		uint8_t key[FLIP_KEY_MAX];
		struct store_view view;
		int err = store_get(s, key, flip_key(i, key), &view);

		if (err != (at[i] != NULL ? 0 : -ENOENT))
			return flip_failed(run, "a get does not answer as it should", i);
		if (err != 0)
			continue;
		store_release(s, &view);
		if (view.slot != at[i]->off || view.data_len != at[i]->data_len ||
		    view.meta_len != at[i]->meta_len || view.data != at[i]->data ||
		    view.meta != at[i]->meta || view.expiry != at[i]->expiry)
			return flip_wrong(run, "a get serves something else than was put", i);
	}
	return true;
}

/* What is lost */

/* The slot that OFF is in, by sizes, or 0. */
static inline uint32_t flip_slot_around(const struct flip_run *run, uint32_t off)
{
	uint32_t at = CHAIN_START, size;

	for (;; at += size) {
		size = be32_load(flip_area + at + HDR_SIZE);
		if (at + size > off)
			return at;
		if (at + size >= run->walk.end)
			return 0;
	}
}

static inline bool flip_aside(uint32_t slot)
{
	return be32_load(flip_area + slot + HDR_KEYLEN) == KEYLEN_QMARK;
}

/*
 * Whether the damage has left what tells the key of a record: its bytes, one of the two lengths,
 * and one of the two words that say where the slot ends and begins.
 */
static inline bool flip_key_readable(const struct flip_run *run, const struct flip_slot *slot)
{
	const uint8_t *was = run->im->bytes + slot->off, *is = run->hit + slot->off;
	uint32_t w0 = slot->size - TRL_W0, tag = slot->size - TRL_TAG;

	return memcmp(was + HDR_BYTES, is + HDR_BYTES, slot->key_len) == 0 &&
	       (memcmp(was + HDR_KEYLEN, is + HDR_KEYLEN, 4) == 0 ||
		memcmp(was + w0, is + w0, 4) == 0) &&
	       (memcmp(was + HDR_SIZE, is + HDR_SIZE, 4) == 0 ||
		memcmp(was + tag, is + tag, 4) == 0);
}

static inline bool flip_is_named(const struct flip_run *run, uint32_t i)
{
	uint8_t key[FLIP_KEY_MAX];
	uint32_t len = flip_key(i, key);
	char quoted[FLIP_KEY_MAX + 2];

	if (len > FLIP_NAME_SHOWN)
		len = FLIP_NAME_SHOWN;
	snprintf(quoted, sizeof(quoted), "\"%.*s", (int)len, (const char *)key);
	return strstr(run->said, quoted) != NULL;
}

/* Whether key I was put or removed by the operation that was cut: then it may be gone. */
static inline bool flip_in_flight(const struct flip_image *im, uint32_t i)
{
	const struct flip_value *before = &im->before.value[i], *after = &im->after.value[i];

	return before->bytes == NULL || flip_expired(before) || after->bytes == NULL;
}

/* Key I is not there any more: whether it had to go, and is kept aside and told of. */
static inline bool flip_check_lost(struct flip_run *run, uint32_t i)
{
	const struct flip_slot *slot = &run->im->found[i];
	uint32_t around;

	if (run->im->cut && flip_in_flight(run->im, i))
		return true;
	flip_totals->lost++;
	if (!run->may_go[i]) {
		flip_totals->lost_untouched++;
		return flip_failed(run, "an entry is lost that the damage did not touch", i);
	}
	if (run->im->cut)
		return true;
	around = flip_slot_around(run, slot->off);
	if (!flip_aside(around))
		return flip_failed(run, "the slot of a lost entry is not kept aside", i);
	if (run->alone && flip_key_readable(run, slot) && !flip_is_named(run, i))
		return flip_failed(run, "a lost entry is not named", i);
	return true;
}

static inline bool flip_check_losses(struct flip_run *run,
				     const struct walker_entry *const at[FLIP_KEYS])
{
	for (uint32_t i = 0; i < FLIP_KEYS; i++)
		if (run->im->found[i].size != 0 && at[i] == NULL && !flip_check_lost(run, i))
			return false;
	return true;
}

/* Whether the damage has changed a byte of a slot that [start, end) is of. */
static inline bool flip_is_damaged(const struct flip_run *run, uint32_t start, uint32_t end)
{
	const struct flip_image *im = run->im;

	for (uint32_t n = 0; n < im->slots; n++) {
		uint32_t from = im->slot[n];
		uint32_t to = n + 1 < im->slots ? im->slot[n + 1] : run->walk.end;

		if (from < end && start < to &&
		    memcmp(im->bytes + from, run->hit + from, to - from) != 0)
			return true;
	}
	return false;
}

/* Only what was damaged is put aside, and there is a line on it. */
static inline bool flip_check_aside(const struct flip_run *run)
{
	uint32_t size;

	for (uint32_t off = CHAIN_START; off < run->walk.end; off += size) {
		size = be32_load(flip_area + off + HDR_SIZE);
		if (!flip_aside(off) ||
		    be32_load(run->im->bytes + off + HDR_KEYLEN) == KEYLEN_QMARK)
			continue;
		if (!flip_is_damaged(run, off, off + size))
			return flip_failed(run, "a slot is kept aside that is not damaged", off);
		if (run->lines == 0)
			return flip_failed(run, "a slot is kept aside without a line", off);
	}
	return true;
}

/* Damage to a record is never passed over in silence, whether it could be mended or not. */
static inline bool flip_check_told(const struct flip_run *run)
{
	const struct flip_image *im = run->im;

	if (run->lines > 0)
		return true;
	for (uint32_t i = 0; i < FLIP_KEYS; i++)
		if (im->found[i].size != 0 && !im->cut &&
		    !flip_untouched(&im->found[i], im->bytes, run->hit))
			return flip_failed(run, "a damaged record is not told of", i);
	return true;
}

static inline bool flip_check_stat(const struct flip_run *run, const struct store *s)
{
	const struct walker *walk = &run->walk;
	struct store_stats st;

	store_stat(s, &st);
	flip_totals->quarantined += st.quarantined;
	if (st.quarantined != walk->quarantined)
		return flip_failed(run, "stat counts other damaged slots", st.quarantined);
	if (st.entries != walk->entries || st.used_bytes != walk->live_bytes ||
	    st.free_bytes != walk->free_bytes || st.free_slots != walk->frees)
		return flip_failed(run, "stat does not count what there is", st.used_bytes);
	if (st.next_seq <= walk->max_seq)
		return flip_failed(run, "numbers come again", (uint32_t)st.next_seq);
	return true;
}

/* Everything, of a store that was just opened from run->hit. */
static inline bool flip_check_opened(struct flip_run *run, struct store *s)
{
	const struct walker_entry *at[FLIP_KEYS];

	if (!walker_walk(&run->walk, flip_area, run->im->size))
		return flip_failed(run, run->walk.error, run->walk.error_off);
	return flip_check_entries(run, at) && flip_check_gets(run, s, at) &&
	       flip_check_losses(run, at) && flip_check_aside(run) && flip_check_stat(run, s);
}

#endif
