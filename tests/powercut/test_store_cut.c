/* SPDX-License-Identifier: MIT */
/*
 * Power cuts. Workloads are recorded write by write; for each moment the states that memory may be
 * in are made, opened, and compared with what was acknowledged. Recovery itself is cut, too.
 *
 * STORE_CUT_POINTS: how many states to try at least. STORE_CUT_SEEDED: how many of a group with
 * many words are seeded. STORE_CUT_SEED: the first workload.
 * STORE_CUT_DUMP: a file for the first image, as before its open, that went wrong.
 */
#define _GNU_SOURCE /* strcasestr */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "lib/be.h"
#include "tests/powercut/store_test_steps.h"
#include "tests/powercut/store_test_subsets.h"

#define SECOND 160U /* one image in so many is cut again during its recovery */
#define EXTRA 8U    /* and one in so many is used after it */
#define ENOUGH 20U  /* workloads, the first so many, that have everything */

/* The image that is tried, and what it is compared with. */
struct trial {
	const struct workload *w;
	const struct step *step;
	bool acked;    /* nothing is in flight */
	bool second;   /* cut during the recovery of a cut */
	bool bad_word; /* a report speaks of damage */
	uint32_t told; /* a bit for each entry that the caller heard is gone */
	char line[160];
	int64_t clock;
	struct cut_memory *mem;
	struct walker walk;
	uint8_t image[CUT_REGION_MAX]; /* as before the open */
};

static uint8_t area[CUT_REGION_MAX] __attribute__((aligned(STORE_REGION_ALIGN)));
static struct cut_memory first_memory, second_memory;
static struct cut_log open_log = {.region = area};

/* Comparison */

/*
 * As WANT; or gone because it had expired, when something that purges may have run since: a
 * recovery that was cut, or a put that found no room (it purges its own key's old entry, too).
 */
static bool same_or_purged(const struct trial *t, const struct value *found,
			   const struct value *want, bool purges)
{
	return same(found, want, t->clock) ||
	       (purges && found->bytes == NULL && expired(want, t->step->clock));
}

/* How many keys are neither as before nor as after. */
static uint32_t misfits(const struct trial *t, const struct state *found)
{
	uint32_t both = 0, before = 0, after = 0;

	for (uint32_t i = 0; i < KEYS; i++) {
		const struct value *v = &found->value[i];
		bool is_after = same_or_purged(t, v, &t->step->after.value[i], t->second) ||
				(t->step->batch && !t->acked &&
				 same_or_purged(t, v, &t->step->middle.value[i], true));
		bool is_before = !t->acked && same_or_purged(t, v, &t->step->before.value[i],
							     t->second || t->step->purges);

		both += !is_after && !is_before;
		after += !is_after;
		before += !is_before;
	}
	if (t->step->whole || t->acked)
		return before < after ? before : after;
	return both;
}

/* Failures */

static void dump_image(const struct trial *t)
{
	const char *name = getenv("STORE_CUT_DUMP");
	FILE *f = name != NULL ? fopen(name, "wb") : NULL;

	if (f == NULL)
		return;
	fwrite(t->image, 1, t->w->room, f);
	fclose(f);
}

static void failed(const struct trial *t, const char *what, uint32_t off)
{
	char *to = totals->first;
	size_t room = sizeof(totals->first), n;

	if (totals->failures++ > 0)
		return;
	n = (size_t)snprintf(
		to, room,
		"workload %llu, step %llu (%s), event %llu, point %llu%s, clock %lld: "
		"%s (%u)%s%s; words:",
		(unsigned long long)totals->seed, (unsigned long long)totals->step, t->step->text,
		(unsigned long long)totals->event, (unsigned long long)totals->point,
		t->second ? " in recovery" : (t->acked ? " behind it" : ""), (long long)t->clock,
		what, off, t->line[0] != '\0' ? "; " : "", t->line);
	for (uint32_t i = 0; i < t->mem->words && n + 40 < room; i++) {
		const struct cut_word *w = &t->mem->word[i];

		n += (size_t)snprintf(to + n, room - n, " %u:%u/%u", w->at * 4, w->pick,
				      w->versions - 1);
	}
	dump_image(t);
}

/* One image */

static void report(void *ctx, const char *line)
{
	struct trial *t = ctx;

	if (strcasestr(line, "damage") == NULL && strcasestr(line, "quarantin") == NULL)
		return;
	t->bad_word = true;
	snprintf(t->line, sizeof(t->line), "%s", line);
}

static struct store_config trial_config(struct trial *t, struct cut_log *log)
{
	struct store_config config = {
		.media = {.base = area, .size = t->w->room},
		.now = now,
		.report = report,
		.ctx = t,
	};

	if (log != NULL)
		cut_watch(&config.media, log);
	config.max_entries = t->step->max_entries;
	config.policy = t->step->policy;
	clock_now = t->clock;
	return config;
}

/* Damage from before the cut stays where it is until the next format or drop; a cut makes none. */
static bool kept_aside(const struct trial *t, uint32_t slots)
{
	const struct step *step = t->step;
	uint32_t after = step->format ? 0 : step->kept_aside - step->drop;

	return slots == after || (!t->acked && slots == step->kept_aside);
}

static bool check_counters(const struct trial *t, const struct walker *walk, const struct store *s)
{
	const struct step *step = t->step;
	struct store_stats st;
	/* This open is one boot more; what is cut may have counted or not. */
	uint32_t least = step->boots + 1 + (step->open && t->acked);
	uint32_t most = step->boots + 1 + step->open + t->second;
	uint32_t leaked;

	store_stat(s, &st);
	leaked = walk->end - CHAIN_START - st.used_bytes - st.free_bytes - walk->quarantined_bytes;
	totals->leaked += leaked;
	if (leaked != 0 || st.used_bytes != walk->live_bytes)
		failed(t, "bytes leaked", leaked);
	else if (st.quarantined != walk->quarantined || !kept_aside(t, st.quarantined))
		failed(t, "slots are quarantined", st.quarantined);
	else if (st.entries != walk->entries)
		failed(t, "stat counts other entries than there are", st.entries);
	else if (!step->format && (st.boots < least || st.boots > most))
		failed(t, "the boot count is wrong", st.boots);
	else if (st.next_seq <= walk->max_seq || (!step->format && st.next_seq < step->next_seq))
		failed(t, "numbers come again", (uint32_t)st.next_seq);
	else
		return true;
	return false;
}

static bool check_gets(const struct trial *t, const struct walker *walk, struct store *s)
{
	struct store_view view;

	for (uint32_t i = 0; i < walk->entries; i++) {
		const struct walker_entry *e = &walk->entry[i];

		if (store_get(s, e->key, e->key_len, &view) != 0 || view.data != e->data) {
			failed(t, "an entry is not found", e->off);
			return false;
		}
		store_release(s, &view);
	}
	return true;
}

/* What the caller heard is gone never comes back. */
static bool check_told(const struct trial *t, const struct state *found)
{
	for (uint32_t i = 0; i < KEYS; i++)
		if ((t->told >> i & 1) != 0 && found->value[i].bytes != NULL) {
			failed(t, "an entry came back that the listener was told of", i);
			return false;
		}
	return true;
}

/* The store is as large as it was or as it should become. */
static bool walk_trial(const struct trial *t, struct walker *walk)
{
	const struct step *step = t->step;
	uint32_t size = be32_load(area + SB_REGION_SIZE);

	if (size != step->size && (t->acked || size != step->size_before))
		size = step->size;
	return walker_walk(walk, area, size);
}

static bool check_opened(struct trial *t, struct store *s, struct state *found)
{
	struct walker *walk = &t->walk;
	uint32_t lost;

	if (t->bad_word)
		failed(t, "a report speaks of damage", 0);
	else if (!walk_trial(t, walk))
		failed(t, walk->error, walk->error_off);
	else if (!found_state(walk, found))
		failed(t, "there is a key that nobody put", 0);
	else if (check_counters(t, walk, s) && check_gets(t, walk, s) && check_told(t, found)) {
		lost = misfits(t, found);
		totals->lost += lost;
		if (lost > 0)
			failed(t, "keys are neither old nor new", lost);
		return lost == 0;
	}
	return false;
}

/* The largest put that fits; all entries deleted; and none of them is there at the next open. */
static void check_emptied(struct trial *t, struct store *s, const struct walker *walk)
{
	static const uint8_t bytes[CUT_REGION_MAX];
	struct store_stats st;
	uint8_t key[128];

	store_stat(s, &st);
	if (st.largest > 0 &&
	    (store_put(s, "Z", 1, bytes, st.largest - 1, NULL, 0, STORE_NEVER) != 0 ||
	     store_delete(s, "Z", 1) != 0))
		failed(t, "the largest put is refused", st.largest);
	for (uint32_t i = 0; i < walk->entries; i++) {
		uint32_t len = walk->entry[i].key_len;

		memcpy(key, walk->entry[i].key, len);
		if (store_delete(s, key, len) != 0)
			failed(t, "an entry cannot be deleted", i);
	}
	store_close(s);
}

static void check_use(struct trial *t, struct store *s, const struct state *found)
{
	static struct walker again;
	struct store_config config = trial_config(t, NULL);
	struct state state;

	config.max_entries = 0; /* nothing has to go for what is put */
	store_close(s);
	if (store_open(s, &config) != 0 || !walk_trial(t, &again) || !found_state(&again, &state) ||
	    memcmp(&state, found, sizeof(state)) != 0) {
		failed(t, "a second open finds something else", 0);
		return;
	}
	check_emptied(t, s, &t->walk);
	clock_now = 0; /* what had expired would come back, too */
	if (store_open(s, &config) != 0 || !walk_trial(t, &again))
		failed(t, "the emptied store does not open", again.error_off);
	else if (again.entries != 0 || again.frees > 1 + again.quarantined)
		failed(t, "the emptied store is not empty", again.entries);
	if (t->bad_word)
		failed(t, "a report speaks of damage", 1);
	store_close(s);
}

static void cut_again(struct trial *t);

/* A store that is not there is right when its first format was in flight, and is left alone. */
static void check_refused(struct trial *t, int err)
{
	if (err != -ENODATA || !t->step->fresh || t->acked || t->second)
		failed(t, "open failed", (uint32_t)-err);
	else if (memcmp(area, t->image, t->w->room) != 0)
		failed(t, "a region without a store was written to", 0);
}

/* Which entries are too many at an open depends on which of them have expired. */
static bool open_counts(const struct step *step)
{
	return step->open && step->max_entries > 0;
}

static void try_image(void *ctx)
{
	struct trial *t = ctx;
	uint64_t n = ++totals->points;
	bool again = !t->second && n % SECOND == 0, good;
	struct store_config config;
	struct state found;
	struct store s;
	int err;

	totals->point++;
	totals->second += t->second;
	t->clock = n / 3 % 2 == 0 || open_counts(t->step) ? t->step->clock : 0;
	t->bad_word = false;
	t->line[0] = '\0';
	memcpy(t->image, area, t->w->room);
	if (again)
		open_log.events = open_log.used = 0;
	config = trial_config(t, again ? &open_log : NULL);
	err = store_open(&s, &config);
	if (err != 0) {
		check_refused(t, err);
		return;
	}
	open_log.off = true;
	good = check_opened(t, &s, &found);
	if (good && n % EXTRA == 0 && !again)
		check_use(t, &s, &found);
	else
		store_close(&s);
	open_log.off = false;
	if (good && again)
		cut_again(t);
}

/* The writes of an open that went well, cut like those of the workload. */
static void cut_again(struct trial *t)
{
	static struct trial second;
	struct cut_search search = {
		.all = 64,
		.lines = 6,
		.samples = 16,
		.rng = rng_seeded(totals->points),
		.image = area,
		.try_image = try_image,
		.ctx = &second,
	};

	second.w = t->w;
	second.step = t->step;
	second.acked = t->acked;
	second.told = t->told;
	second.second = true;
	second.mem = &second_memory;
	cut_start(&second_memory, t->image, t->w->room);
	for (size_t i = 0; i < open_log.events; i++) {
		const struct cut_event *e = &open_log.event[i];

		if (e->kind == CUT_BARRIER)
			cut_try_moment(&second_memory, &search);
		cut_follow(&second_memory, &open_log, e);
	}
	if (second_memory.words != 0)
		failed(t, "an open left words unflushed", second_memory.words);
}

/* All moments of a recorded workload. */
static void cut_workload(const struct workload *w)
{
	static struct trial t;
	struct cut_search search = {
		.all = 1U << 12,
		.lines = 12,
		.samples = (uint32_t)env_number("STORE_CUT_SEEDED", 240),
		.rng = rng_seeded(w->seed),
		.image = area,
		.try_image = try_image,
		.ctx = &t,
	};

	t.w = w;
	t.mem = &first_memory;
	for (size_t i = 0; i < w->log.events && totals->failures < 100; i++) {
		const struct cut_event *e = &w->log.event[i];

		totals->event = i;
		if (e->kind == CUT_STEP) {
			t.step = &w->step[e->off];
			totals->step = e->off;
			t.told = 0;
		}
		if (e->kind == CUT_TOLD)
			t.told |= 1U << e->off;
		t.acked = e->kind == CUT_DONE;
		if (e->kind == CUT_BARRIER || e->kind == CUT_DONE)
			cut_try_moment(&first_memory, &search);
		if (t.acked && first_memory.words != 0)
			failed(&t, "acknowledged with words unflushed", first_memory.words);
		cut_follow(&first_memory, &w->log, e);
		if (e->kind == CUT_WRITE)
			cut_try_stop(&first_memory, &search);
	}
}

/* The workload is not freed: this runs in a child of its own. */
static bool run_workload(void *ctx)
{
	struct workload *w = new_workload(*(const uint64_t *)ctx);
	uint32_t half = STEPS / 2;

	do_format(w, true);
	do_open(w);
	while (w->steps < half / 3 && totals->failures == 0)
		do_random(w);
	if (w->seed % 3 == 2)
		damage_one(w);
	while (w->steps < half && totals->failures == 0)
		do_random(w);
	do_format(w, false);
	do_open(w);
	if (w->seed <= 2)
		near_the_limit(w);
	while (w->steps < STEPS && totals->failures == 0)
		do_random(w);
	store_close(&w->s);
	if (totals->failures == 0)
		cut_workload(w);
	return true;
}

/* What the workloads consisted of; with ALL nothing may be missing. */
static void check_seen(bool all)
{
	for (uint32_t i = 0; i < SEEN_KINDS; i++)
		print_message("%8llu %s\n", (unsigned long long)totals->seen[i], seen_names[i]);
	for (uint32_t i = 0; i < SEEN_KINDS && all; i++)
		if (totals->seen[i] == 0)
			fail_msg("no workload had this: %s", seen_names[i]);
}

static void test_power_cuts(void **state)
{
	uint64_t target = env_number("STORE_CUT_POINTS", 2000000);
	uint64_t first = env_number("STORE_CUT_SEED", 1), seed = first;

	(void)state;
	totals = shared_memory(sizeof(*totals));
	for (; totals->points < target && totals->failures == 0; seed++) {
		const char *end;

		totals->seed = seed;
		totals->point = 0;
		end = in_child(run_workload, &seed, 120, false);
		if (*end != '\0')
			fail_msg("workload %llu, step %llu, event %llu, point %llu: %s",
				 (unsigned long long)seed, (unsigned long long)totals->step,
				 (unsigned long long)totals->event,
				 (unsigned long long)totals->point, end);
	}
	print_message("figure powercut_points %llu points\n", (unsigned long long)totals->points);
	print_message("figure powercut_in_recovery %llu points\n",
		      (unsigned long long)totals->second);
	print_message("figure powercut_lost %llu entries\n", (unsigned long long)totals->lost);
	print_message("figure powercut_leaked_bytes %llu bytes\n",
		      (unsigned long long)totals->leaked);
	if (totals->failures != 0)
		fail_msg("%llu failures, the first: %s", (unsigned long long)totals->failures,
			 totals->first);
	check_seen(first == 1 && seed > ENOUGH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_power_cuts),
	};

	return cmocka_run_group_tests_name("store cut", tests, NULL, NULL);
}
