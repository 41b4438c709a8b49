/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "tests/bench/bench_store.h"

#define SEED 20260101u
#define STEP 0x9e3779b97f4a7c15u
#define POOL 16384u     /* values begin at its multiples of 16 bytes; it stays in the cache */
#define CHECKED 100000u /* entries that are compared byte by byte, at most */
#define CHUNK 4096u     /* operations between two looks at the clock */

/* A value's version says which put it is from. */
enum version { FRESH, SAME_SIZE, OTHER_SIZE };

static struct {
	const struct engine *engine;
	uint32_t n;
	enum bench_values values;
	uint32_t *order; /* the entry of each operation */
	uint64_t sum;    /* over all that was read */
	uint8_t pool[POOL + BENCH_VALUE_MAX];
} bench;

const char *const bench_store_rows[] = {
	"put_untouched", "put",      "get",
	"get_dependent", "miss",     "iterate",
	"overwrite",     "recovery", "overwrite_other",
	"delete",        NULL,
};

static inline uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static uint64_t random_next(uint64_t *state)
{
	return mix(*state += STEP);
}

/* All that an operation needs before it is one, this and the loop, takes about 60 instructions. */
static inline void make_key(struct bench_key *key, uint32_t id)
{
	uint64_t words[2];

	words[0] = mix(mix(id + SEED) * STEP);
	words[1] = mix(mix(words[0] + STEP) * STEP);
	memcpy(key->bytes, words, sizeof(words));
	key->id = id;
}

/* The value of KEY in VERSION, and its length. Its first byte is 0. */
static inline const uint8_t *make_value(const struct bench_key *key, enum version version,
					uint32_t *len)
{
	uint32_t low = 10, high = BENCH_VALUE_MAX;
	uint32_t part, start;

	memcpy(&part, key->bytes, sizeof(part));
	memcpy(&start, key->bytes + sizeof(part), sizeof(start));
	if (bench.values == BENCH_FIXED) {
		low = version == OTHER_SIZE ? BENCH_FIXED_LEN / 2 : BENCH_FIXED_LEN;
		high = 2 * BENCH_FIXED_LEN - low;
	}
	if (version == OTHER_SIZE)
		part = (part ^ start) * 0x9e3779b1u;
	*len = low + (uint32_t)((uint64_t)part * (high - low + 1) >> 32);
	return bench.pool + (start + version * 16) % POOL / 16 * 16;
}

static void shuffle(void)
{
	static uint64_t state = SEED;

	for (uint32_t i = bench.n; i > 1; i--) {
		uint32_t j = (uint32_t)((random_next(&state) >> 32) * i >> 32);
		uint32_t entry = bench.order[i - 1];

		bench.order[i - 1] = bench.order[j];
		bench.order[j] = entry;
	}
}

void bench_store_prepare(uint32_t n, enum bench_values values)
{
	uint64_t state = SEED;

	bench.n = n;
	bench.values = values;
	bench.order = malloc(n * sizeof(*bench.order));
	if (!bench.order)
		bench_fail("there is no memory for the order of operations");
	for (uint32_t i = 0; i < sizeof(bench.pool); i++)
		bench.pool[i] = i % 16 ? (uint8_t)random_next(&state) : 0;
}

size_t bench_store_bytes(void)
{
	size_t len = bench.values == BENCH_FIXED ? BENCH_FIXED_LEN : (10 + BENCH_VALUE_MAX) / 2;

	return bench.n * (BENCH_KEY_LEN + len);
}

/* ---- rows: operations FROM to TO of the order ---- */

typedef void (*row_fn)(uint32_t from, uint32_t to);

static void put_version(uint32_t from, uint32_t to, enum version version)
{
	const struct engine *engine = bench.engine;
	const uint8_t *value;
	struct bench_key key;
	uint32_t len;

	for (uint32_t i = from; i < to; i++) {
		make_key(&key, bench.order[i]);
		value = make_value(&key, version, &len);
		engine->put(&key, value, len);
	}
}

static void put_fresh(uint32_t from, uint32_t to)
{
	put_version(from, to, FRESH);
}

static void put_same_size(uint32_t from, uint32_t to)
{
	put_version(from, to, SAME_SIZE);
}

static void put_other_size(uint32_t from, uint32_t to)
{
	put_version(from, to, OTHER_SIZE);
}

static void get(uint32_t from, uint32_t to)
{
	const struct engine *engine = bench.engine;
	uint8_t value[BENCH_VALUE_MAX];
	struct bench_key key;
	uint64_t sum = 0;

	for (uint32_t i = from; i < to; i++) {
		make_key(&key, bench.order[i]);
		sum += engine->get(&key, value);
		sum += value[1];
	}
	bench.sum += sum;
}

/* Which entry is next is not known before a byte of this one is there: it is 0, always. */
static void get_dependent(uint32_t from, uint32_t to)
{
	const struct engine *engine = bench.engine;
	uint8_t value[BENCH_VALUE_MAX];
	struct bench_key key;
	uint64_t sum = 0;

	for (uint32_t i = from; i < to; i += 1u + value[0]) {
		make_key(&key, bench.order[i]);
		sum += engine->get(&key, value);
		sum += value[1];
	}
	bench.sum += sum;
}

static void miss(uint32_t from, uint32_t to)
{
	const struct engine *engine = bench.engine;
	uint8_t value[BENCH_VALUE_MAX];
	struct bench_key key;
	uint64_t sum = 0;

	for (uint32_t i = from; i < to; i++) {
		make_key(&key, bench.n + bench.order[i]);
		sum += engine->get(&key, value);
	}
	bench.sum += sum;
}

static void delete (uint32_t from, uint32_t to)
{
	const struct engine *engine = bench.engine;
	struct bench_key key;
	uint64_t sum = 0;

	for (uint32_t i = from; i < to; i++) {
		make_key(&key, bench.order[i]);
		sum += engine->remove(&key);
	}
	bench.sum += sum;
}

static void visit(const void *value, uint32_t len)
{
	bench.sum += len + ((const uint8_t *)value)[1];
}

static void iterate(uint32_t from, uint32_t to)
{
	(void)from;
	(void)to;
	bench.engine->iterate(visit);
}

static void recover(uint32_t from, uint32_t to)
{
	(void)from;
	(void)to;
	bench.engine->recover();
}

/* ---- checks ---- */

/* What reading every entry sums up to. */
static uint64_t expected_sum(enum version version)
{
	struct bench_key key;
	const uint8_t *value;
	uint64_t sum = 0;
	uint32_t len;

	for (uint32_t i = 0; i < bench.n; i++) {
		make_key(&key, i);
		value = make_value(&key, version, &len);
		sum += len + value[1];
	}
	return sum;
}

static void expect_sum(uint64_t sum, const char *complaint)
{
	if (bench.sum != sum)
		bench_fail(complaint);
	bench.sum = 0;
}

/*
 * Compares every byte of an entry in so many: the first DONE of the order have VERSION, the others
 * BEFORE. Returns the bytes of all keys and values.
 */
static size_t check(enum version version, uint32_t done, enum version before)
{
	uint32_t every = bench.n / CHECKED + 1, len;
	uint8_t found[BENCH_VALUE_MAX];
	const uint8_t *value;
	struct bench_key key;
	size_t bytes = 0;

	for (uint32_t i = 0; i < bench.n; i++) {
		make_key(&key, bench.order[i]);
		value = make_value(&key, i < done ? version : before, &len);
		bytes += BENCH_KEY_LEN + len;
		if (i % every)
			continue;
		if (bench.engine->get(&key, found) != len || memcmp(found, value, len) != 0)
			bench_fail("an entry does not have the value that was put");
	}
	return bytes;
}

/* ---- the cycle ---- */

static struct engine_cost cost_now(void)
{
	return bench.engine->cost ? bench.engine->cost() : (struct engine_cost){0};
}

/* Measures ROW up to the chunk after which ENOUGH (may be NULL) says so; how many were done. */
static uint32_t measure_until(bool (*enough)(void), const struct bench_meter *meter,
			      const char *row, row_fn run)
{
	uint32_t chunk = enough && bench.n > CHUNK ? CHUNK : bench.n;
	struct engine_cost before = cost_now(), after;
	uint32_t done = 0;

	meter->begin();
	do {
		uint32_t to = bench.n - done < chunk ? bench.n : done + chunk;

		run(done, to);
		done = to;
	} while (done < bench.n && !(enough && enough()));
	after = cost_now();
	after.barriers -= before.barriers;
	after.lines -= before.lines;
	meter->end(row, done, after);
	return done;
}

static void measure(const struct bench_meter *meter, const char *row, row_fn run)
{
	measure_until(NULL, meter, row, run);
}

static void report_bytes(const struct bench_meter *meter, bool churned, size_t payload)
{
	const struct engine *engine = bench.engine;
	double n = bench.n;

	if (!meter->bytes || !engine->spent)
		return;
	meter->bytes(churned ? "churned" : "fresh",
		     ((double)engine->spent(churned) - (double)payload) / n);
	if (engine->outside)
		meter->bytes(churned ? "churned_outside" : "fresh_outside",
			     (double)engine->outside() / n);
}

static void rows_of_reading(const struct bench_meter *meter)
{
	uint64_t sum = expected_sum(FRESH);

	shuffle();
	measure(meter, "get", get);
	expect_sum(sum, "get: not the values that were put");
	shuffle();
	measure(meter, "get_dependent", get_dependent);
	expect_sum(sum, "get: not the values that were put");
	shuffle();
	measure(meter, "miss", miss);
	expect_sum(0, "miss: a key was found that was never put");
	measure(meter, "iterate", iterate);
	expect_sum(sum, "iterate: not the values that were put");
}

static void rows_of_writing(const struct bench_meter *meter)
{
	uint32_t done;

	shuffle();
	measure(meter, "overwrite", put_same_size);
	if (bench.engine->crash) {
		bench.engine->crash();
		measure(meter, "recovery", recover);
	}
	check(SAME_SIZE, bench.n, FRESH);
	shuffle();
	done = measure_until(meter->enough, meter, "overwrite_other", put_other_size);
	report_bytes(meter, true, check(OTHER_SIZE, done, SAME_SIZE));
}

static void fill_order(void)
{
	for (uint32_t i = 0; i < bench.n; i++)
		bench.order[i] = i;
}

void bench_store_cycle(const struct engine *engine, const struct bench_meter *meter)
{
	bench.engine = engine;
	bench.sum = 0;
	fill_order();
	bench.engine->open(bench.n, bench_store_bytes());
	measure(meter, "put", put_fresh);
	report_bytes(meter, false, check(FRESH, bench.n, FRESH));
	rows_of_reading(meter);
	rows_of_writing(meter);
	shuffle();
	measure(meter, "delete", delete);
	expect_sum(bench.n, "delete: an entry was not there");
	bench.engine->iterate(visit);
	expect_sum(0, "delete: an entry is still there");
	bench.engine->close();
}

void bench_store_first_puts(const struct engine *engine, const struct bench_meter *meter)
{
	bench.engine = engine;
	fill_order();
	engine->open(bench.n, bench_store_bytes());
	measure(meter, "put_untouched", put_fresh);
	engine->close();
}

static void put_nothing(const struct bench_key *key, const void *value, uint32_t len)
{
	(void)key;
	(void)value;
	(void)len;
}

static uint32_t get_nothing(const struct bench_key *key, void *value)
{
	(void)key;
	memset(value, 0, 2);
	return 0;
}

static bool remove_nothing(const struct bench_key *key)
{
	(void)key;
	return false;
}

void bench_store_loop(const struct bench_meter *meter)
{
	static const struct engine nothing = {
		.put = put_nothing, .get = get_nothing, .remove = remove_nothing};

	bench.engine = &nothing;
	fill_order();
	measure(meter, "put", put_fresh);
	measure(meter, "get", get);
	measure(meter, "get_dependent", get_dependent);
	measure(meter, "miss", miss);
	measure(meter, "overwrite", put_same_size);
	measure(meter, "overwrite_other", put_other_size);
	measure(meter, "delete", delete);
}

uint32_t bench_store_longest_put(const struct engine *engine, uint32_t (*clock)(void))
{
	uint32_t *lesser = malloc(bench.n * sizeof(*lesser));
	uint32_t longest = 0;

	if (!lesser)
		bench_fail("there is no memory for the times of all puts");
	bench.engine = engine;
	fill_order();
	memset(lesser, 0xff, bench.n * sizeof(*lesser));
	for (int store = 0; store < 2; store++) {
		bench.engine->open(bench.n, bench_store_bytes());
		for (uint32_t i = 0; i < bench.n; i++) {
			uint32_t began = clock(), took;

			put_fresh(i, i + 1);
			took = clock() - began;
			if (took < lesser[i])
				lesser[i] = took;
		}
		bench.engine->close();
	}
	for (uint32_t i = 0; i < bench.n; i++)
		if (lesser[i] > longest)
			longest = lesser[i];
	free(lesser);
	return longest;
}
