/* SPDX-License-Identifier: MIT */
/*
 * Damage. Regions at rest, and some that a reset left in the midst of an operation, are damaged in
 * every bit, every byte and at random places; each is opened, and compared with what had been
 * acknowledged and with where the damage lies.
 *
 * STORE_FLIPS: how many random damages. STORE_FLIP_SEED: what they and the images are made from.
 * STORE_FLIP_IMAGE, STORE_FLIP_TRIAL: only this image, only this trial of it. STORE_FLIP_DUMP: a
 * file for the first region, as before its open, that went wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/powercut/flip_checkup.h"
#include "tests/powercut/flip_forge.h"
#include "tests/powercut/flip_recut.h"

#define IMAGES 7U       /* that are at rest */
#define CUT_TRIALS 200U /* of each one that is not */
#define LOOKS 8U        /* so many damages that nothing is said of are looked at a second time */
#define USES 16U        /* and so many are used */
#define RECUTS 512U     /* one damage in so many has its open cut */
#define PUT_MOST 1024U  /* bytes that are put where something was damaged */
#define ALL UINT64_MAX

static uint64_t seed, flips, only_trial;

/* Images */

static const struct {
	const char *name;
	uint32_t size;
	enum flip_sweep sweep;
	void (*fill)(struct flip_build *b);
} at_rest[IMAGES] = {
	{"mixed", 8192, FLIP_SWEEP_ALL, flip_mixed},
	{"ends with a record", 8192, FLIP_SWEEP_USED, flip_full},
	{"ends with 40 free bytes", 8192, FLIP_SWEEP_NONE, flip_nearly_full},
	{"empty", 8192, FLIP_SWEEP_USED, flip_nothing},
	{"large values", 32768, FLIP_SWEEP_NONE, flip_large},
	{"forged slots", 8192, FLIP_SWEEP_USED, flip_forged},
	{"slots of another region", 8192, FLIP_SWEEP_NONE, flip_foreign},
};

static enum flip_sweep sweep_of(uint32_t image)
{
	return image < IMAGES ? at_rest[image].sweep : FLIP_SWEEP_NONE;
}

/* The operation that the image of a cut was taken in. */
static enum flip_op op_of(uint32_t image)
{
	return (image - IMAGES) % FLIP_OPS;
}

static void fill_image(struct flip_build *b, uint32_t image)
{
	if (image >= IMAGES) {
		flip_cut_image(b, op_of(image));
		return;
	}
	b->im->name = at_rest[image].name;
	at_rest[image].fill(b);
	store_close(&b->s);
	memcpy(b->im->bytes, flip_area, b->im->size);
	b->im->before = b->im->after;
}

/* Builds it, and opens it once without damage to see where everything is. */
static bool make_image(struct flip_image *im, struct flip_run *run, uint32_t image)
{
	static struct flip_build b;
	struct store_config config;
	struct store s;

	memset(im, 0, sizeof(*im));
	im->size = image < IMAGES ? at_rest[image].size : 8192;
	im->clock = 2000;
	flip_clock = 1000;
	b.im = im;
	b.rng = rng_seeded(seed + image);
	b.config = (struct store_config){
		.media = {.base = flip_area,
			  .size = im->size,
			  .written = flip_cut_written,
			  .barrier = flip_cut_barrier,
			  .window = flip_window,
			  .ctx = &b},
		.now = flip_now,
	};
	flip_format_and_open(&b);
	fill_image(&b, image);
	run->im = im;
	if (b.error != NULL)
		return flip_failed(run, b.error, 0);
	memcpy(flip_area, im->bytes, im->size);
	flip_hush(run);
	config = flip_config(run);
	if (store_open(&s, &config) != 0 || !walker_walk(&run->walk, flip_area, im->size))
		return flip_failed(run, "the image does not open without damage", 0);
	flip_locate(im, &run->walk);
	store_close(&s);
	if (im->cut)
		flip_totals->mended[op_of(image)] += run->lines > 0;
	return true;
}

/* What RUN found, as an image of its own: now nothing else may be found any more. */
static void settle(struct flip_image *to, const struct flip_run *run)
{
	const struct flip_image *im = run->im;

	memset(to, 0, offsetof(struct flip_image, slot));
	to->name = im->name;
	to->size = im->size;
	to->clock = im->clock;
	flip_locate(to, &run->walk);
	for (uint32_t n = 0; n < run->walk.entries; n++) {
		const struct walker_entry *e = &run->walk.entry[n];
		uint32_t i = flip_key_of(e->key, e->key_len);
		bool is_before = flip_same_entry(&im->before.value[i], e);

		to->after.value[i] = is_before ? im->before.value[i] : im->after.value[i];
	}
	to->before = to->after;
	memcpy(to->bytes, flip_area, im->size);
}

/* Trials */

/* Whether trial N is one of the one in OF that has more done; bits and bytes of all kinds are. */
static bool chosen(uint32_t n, uint32_t of)
{
	return (n * 2654435761U >> 8) % of == 0;
}

/* Opens the region as it is now and compares; true and *S open if all is as it should be. */
static bool open_and_check(struct flip_run *run, struct store *s)
{
	struct store_config config = flip_config(run);
	int err;

	memcpy(run->hit, flip_area, run->im->size);
	err = store_open(s, &config);
	if (err != 0) {
		flip_check_refused(run, err);
		return false;
	}
	if (flip_check_opened(run, s))
		return true;
	store_close(s);
	return false;
}

/* Of a region that was just damaged. */
static bool open_damaged(struct flip_run *run, struct store *s)
{
	bool look = chosen(flip_totals->trial, LOOKS);
	struct store_checkup checkup;
	struct flip_told told;

	flip_hush(run);
	flip_find_touched(run, run->im->bytes, flip_area);
	if (look && !flip_check_up(run, &told, &checkup))
		return false;
	if (!open_and_check(run, s))
		return false;
	if (flip_check_told(run) && (!look || flip_check_told_right(run, &told, &checkup)))
		return true;
	store_close(s);
	return false;
}

/* Nothing is said by an open of what was at rest, and nothing is missing. */
static bool check_at_rest(struct flip_run *run, const struct flip_image *im, struct store *s)
{
	run->im = im;
	flip_hush(run);
	memset(run->may_go, 0, sizeof(run->may_go));
	if (!open_and_check(run, s))
		return false;
	if (run->lines == 0)
		return true;
	store_close(s);
	return flip_failed(run, "a second open has something to say", run->lines);
}

/* An entry is deleted and put again, in the place that it had. */
static bool put_again(struct flip_run *run, const struct flip_image *im, struct store *s)
{
	for (uint32_t i = 0; i < FLIP_KEYS; i++) {
		const struct flip_value *v = &im->after.value[i];
		uint8_t key[FLIP_KEY_MAX];
		uint32_t len = flip_key(i, key);

		if (v->bytes == NULL)
			continue;
		if (store_delete(s, key, len) != 0 ||
		    store_put(s, key, len, v->bytes, v->data_len, v->bytes + v->data_len,
			      v->meta_len, v->expiry) != 0)
			return flip_failed(run, "an entry cannot be deleted and put again", i);
		break;
	}
	store_close(s);
	return check_at_rest(run, im, s) && flip_check_up_at_rest(run);
}

static int note_damaged(void *ctx, const struct store_damage *damage)
{
	*(uint32_t *)ctx = damage->off;
	return 1;
}

/* What is kept aside is dropped, and then all entries are deleted: one free slot is left. */
static bool empty_it(struct flip_run *run, struct flip_image *im, struct store *s)
{
	uint32_t off;

	while (store_each_damaged(s, note_damaged, &off) == 1)
		if (store_drop(s, off) != 0)
			return flip_failed(run, "what is kept aside cannot be dropped", off);
	if (!walker_walk(&run->walk, flip_area, im->size))
		return flip_failed(run, run->walk.error, run->walk.error_off);
	for (uint32_t i = 0; i < FLIP_KEYS; i++) {
		uint8_t key[FLIP_KEY_MAX];

		if (im->after.value[i].bytes != NULL && store_delete(s, key, flip_key(i, key)) != 0)
			return flip_failed(run, "an entry cannot be deleted", i);
		im->before.value[i].bytes = im->after.value[i].bytes = NULL;
		im->found[i].size = 0;
	}
	store_close(s);
	im->clock = 0; /* what had expired would come back, too */
	if (!check_at_rest(run, im, s))
		return false;
	return (run->walk.frees == 1 && run->walk.quarantined == 0) ||
	       flip_failed(run, "the store is not empty", run->walk.frees);
}

/* A second open, sometimes with some use in between. S is the store of the first one. */
static void look_again(struct flip_run *run, struct store *s)
{
	static struct flip_image rest;

	settle(&rest, run);
	store_close(s);
	if (!check_at_rest(run, &rest, s))
		return;
	if (chosen(flip_totals->trial, USES) && put_again(run, &rest, s))
		empty_it(run, &rest, s);
	store_close(s);
}

/* A second damage, to the region that the open after the first one has left. */
static void damage_again(struct flip_run *run, struct flip_trial *trial, struct store *s)
{
	static struct flip_image rest;

	settle(&rest, run);
	store_close(s);
	run->im = &rest;
	trial->damage[1] = flip_random_damage(&trial->rng, &rest);
	flip_apply(flip_area, &trial->damage[1]);
	if (open_damaged(run, s))
		look_again(run, s);
}

/* While it is open */

/* A get serves what was put, or says that it is damaged; which only what was touched may be. */
static bool check_served(struct flip_run *run, struct store *s, uint32_t i)
{
	const struct flip_value *v = &run->im->after.value[i];
	uint8_t key[FLIP_KEY_MAX];
	struct store_view view;
	int err = store_get(s, key, flip_key(i, key), &view);

	if (v->bytes == NULL)
		return err == -ENOENT || flip_wrong(run, "a get finds what is not there", i);
	if (err == -EBADMSG && run->may_go[i])
		return true;
	if (err != 0)
		return flip_failed(run, "a get does not find an entry", i);
	store_release(s, &view);
	return flip_same(v, view.data, view.data_len, view.meta, view.meta_len, view.expiry) ||
	       flip_wrong(run, "a get serves what was not put", i);
}

static bool check_all_served(struct flip_run *run, struct store *s)
{
	for (uint32_t i = 0; i < FLIP_KEYS; i++)
		if (!check_served(run, s, i))
			return false;
	return true;
}

static int visit(void *ctx, const struct store_view *view)
{
	struct flip_run *run = ctx;
	uint32_t i = flip_key_of(view->key, view->key_len);

	if (i < FLIP_KEYS && flip_same(&run->im->after.value[i], view->data, view->data_len,
				       view->meta, view->meta_len, view->expiry))
		return 0;
	flip_wrong(run, "a walk shows what was not put", i);
	return 1;
}

/* So many bytes of data that a record of KEY_LEN fills some free slot, often; else a few. */
static uint32_t filling(const struct walker *walk, struct rng *r, uint32_t key_len)
{
	uint32_t n = rng_below(r, walk->frees + 1), least = HDR_BYTES + key_len + TRL_BYTES;
	uint32_t size = n < walk->frees ? walk->free[n].size : 0;

	return size >= least && size - least <= PUT_MOST ? size - least : rng_below(r, 50);
}

/* A put and a delete of keys that may be damaged. RUN->im is then what must be there. */
static bool write_in_use(struct flip_run *run, struct flip_image *im, struct store *s,
			 struct rng *r)
{
	static const uint8_t bytes[PUT_MOST] = "what is put behind a damage";
	uint32_t put = rng_below(r, FLIP_KEYS), gone = rng_below(r, FLIP_KEYS);
	uint8_t key[FLIP_KEY_MAX];
	uint32_t len = flip_key(put, key);
	struct flip_value v = {bytes, filling(&run->walk, r, len), 0, STORE_NEVER};
	int err = store_put(s, key, len, bytes, v.data_len, NULL, 0, v.expiry);

	if (err != 0 && err != -ENOSPC)
		return flip_failed(run, "a put behind a damage failed", (uint32_t)-err);
	if (err == 0) {
		im->before.value[put] = im->after.value[put] = v;
		run->may_go[put] = false;
	}
	err = store_delete(s, key, flip_key(gone, key));
	if (err != (im->after.value[gone].bytes != NULL ? 0 : -ENOENT) &&
	    (err != -EBADMSG || !run->may_go[gone]))
		return flip_failed(run, "a delete behind a damage failed", (uint32_t)-err);
	im->before.value[gone].bytes = im->after.value[gone].bytes = NULL;
	im->found[gone].size = 0;
	return true;
}

static void run_in_use(struct flip_run *run, struct flip_trial *trial)
{
	static struct flip_image rest;
	bool good;
	struct store s;
	int err;

	if (!open_damaged(run, &s))
		return;
	settle(&rest, run);
	run->im = &rest;
	flip_hush(run);
	trial->damage[0] = flip_random_damage(&trial->rng, &rest);
	flip_apply(flip_area, &trial->damage[0]);
	flip_find_touched(run, rest.bytes, flip_area);
	good = check_all_served(run, &s);
	err = good ? store_iterate(&s, visit, run) : 0;
	if (err != 0 && err != -EBADMSG)
		good = false;
	good = good && write_in_use(run, &rest, &s, &trial->rng) && check_all_served(run, &s);
	store_close(&s);
	if (good && open_and_check(run, &s))
		look_again(run, &s);
}

/* Whether the open of a region with a superblock, damaged by trial N, is cut. */
static bool is_recut(const struct flip_image *im, uint32_t n)
{
	return chosen(n, RECUTS) && im->size <= CUT_REGION_MAX &&
	       (flip_copy_checks(flip_area, 0) || flip_copy_checks(flip_area, SB_COPY_B));
}

static void run_trial(struct flip_run *run, const struct flip_image *im, uint32_t image, uint32_t n)
{
	struct flip_trial trial = flip_trial(im, sweep_of(image), seed + image, n);
	struct store s;

	flip_totals->trials++;
	flip_totals->trial = n;
	run->im = im;
	run->trial = &trial;
	run->alone = !im->cut && trial.kind == FLIP_ONCE;
	memcpy(flip_area, im->bytes, im->size);
	if (trial.kind == FLIP_IN_USE) {
		run_in_use(run, &trial);
		return;
	}
	flip_apply(flip_area, &trial.damage[0]);
	if (trial.kind == FLIP_TWICE)
		flip_apply(flip_area, &trial.damage[1]);
	if (is_recut(im, n) && !flip_recut(run))
		return;
	if (!open_damaged(run, &s))
		return;
	if (trial.kind == FLIP_AGAIN)
		damage_again(run, &trial, &s);
	else if (run->lines > 0 || chosen(n, LOOKS))
		look_again(run, &s);
	else
		store_close(&s);
}

static bool run_image(void *ctx)
{
	static struct flip_image im;
	static struct flip_run run;
	static const struct flip_trial none;
	uint32_t image = *(const uint32_t *)ctx, trials;

	run.seed = seed;
	run.trial = &none;
	if (!make_image(&im, &run, image))
		return true;
	trials = image < IMAGES ? flip_fixed(&im, sweep_of(image)) + (uint32_t)(flips / 8)
				: CUT_TRIALS;
	for (uint32_t n = 0; n < trials; n++) {
		if (only_trial != ALL && n != only_trial)
			continue;
		if (n % 1024 == 0)
			alarm(60);
		run_trial(&run, &im, image, n);
	}
	return true;
}

static void run_images(void)
{
	uint64_t only = env_number("STORE_FLIP_IMAGE", ALL);
	uint32_t images = IMAGES + (uint32_t)(flips / 4 / CUT_TRIALS);

	if (only != ALL && only >= images)
		images = (uint32_t)only + 1;
	for (uint32_t i = 0; i < images; i++) {
		const char *end;

		if (only != ALL && i != only)
			continue;
		flip_totals->image = i;
		end = in_child(run_image, &i, 60, false);
		if (*end != '\0')
			fail_msg("STORE_FLIP_SEED=%llu STORE_FLIP_IMAGE=%u STORE_FLIP_TRIAL=%u: %s",
				 (unsigned long long)seed, i, flip_totals->trial, end);
	}
}

static void print_figure(const char *name, uint64_t n, const char *unit)
{
	print_message("figure %s %llu %s\n", name, (unsigned long long)n, unit);
}

static void test_damage(void **state)
{
	bool all = getenv("STORE_FLIP_IMAGE") == NULL && flips >= 50000;

	(void)state;
	flip_totals = shared_memory(sizeof(*flip_totals));
	run_images();
	print_figure("bitflips", flip_totals->trials, "flips");
	print_figure("bitflips_wrong", flip_totals->wrong, "flips");
	print_figure("bitflips_lost", flip_totals->lost, "entries");
	print_figure("bitflips_lost_untouched", flip_totals->lost_untouched, "entries");
	print_figure("bitflips_refused", flip_totals->refused, "flips");
	print_figure("bitflips_recut", flip_totals->recuts, "points");
	for (uint32_t i = 0; i < FLIP_RULES && flip_totals->rule[i].text != NULL; i++)
		print_message("%llu times: %s\n", (unsigned long long)flip_totals->rule[i].count,
			      flip_totals->rule[i].first);
	for (uint32_t i = 0; i < FLIP_OPS && all; i++)
		if (flip_totals->mended[i] == 0)
			fail_msg("no image was that of %s", flip_op_names[i]);
	if (all && flip_totals->recuts == 0)
		fail_msg("no open of a damaged region was cut");
	if (flip_totals->failures != 0)
		fail_msg("%llu failures", (unsigned long long)flip_totals->failures);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_damage),
	};

	seed = env_number("STORE_FLIP_SEED", 1);
	flips = env_number("STORE_FLIPS", 100000);
	only_trial = env_number("STORE_FLIP_TRIAL", ALL);
	return cmocka_run_group_tests_name("store flip", tests, NULL, NULL);
}
