/* SPDX-License-Identifier: MIT */
/* What is made for several cores, used by several threads under ThreadSanitizer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/core_lock.h"
#include "lib/job.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "mm/memblock.h"
#include "mm/memory_lock.h"
#include "mm/oom.h"

#define THREADS 4
#define ROUNDS 500
#define LONG_NS 1000000000000u /* longer than any test takes */

static pthread_t threads[THREADS];

static void run_all(void *(*fn)(void *number))
{
	for (uintptr_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, fn, (void *)i), 0);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

/* ---- the lock ---- */

static struct lock lock;
static unsigned counter; /* under the lock */
static _Atomic unsigned refused;

static void *count_up(void *number)
{
	(void)number;
	for (unsigned i = 0; i < ROUNDS; i++) {
		if (lock_take(&lock, LONG_NS))
			return NULL;
		counter++;
		lock_give(&lock);
	}
	return NULL;
}

static void one_at_a_time(void **state)
{
	(void)state;
	run_all(count_up);
	assert_int_equal(counter, THREADS * ROUNDS);
}

/* Some wait for no time at all: their tickets are given back, while others wait behind them. */
static void *count_in_a_hurry(void *number)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		if (lock_take(&lock, (uintptr_t)number % 2 ? 0 : LONG_NS)) {
			refused++;
			continue;
		}
		counter++;
		lock_give(&lock);
	}
	return NULL;
}

static void tickets_given_back(void **state)
{
	(void)state;
	counter = 0;
	run_all(count_in_a_hurry);
	assert_int_equal(counter + refused, THREADS * ROUNDS);
	assert_true(counter >= THREADS / 2 * ROUNDS);
	assert_int_equal(lock_take(&lock, 0), 0);
	lock_give(&lock);
}

/* One thread: more tickets given back than there are, behind one owner. */
static void late(void **state)
{
	(void)state;
	assert_int_equal(lock_take(&lock, 0), 0);
	for (unsigned i = 0; i < 3 * LOCK_TICKETS; i++)
		assert_int_equal(lock_take(&lock, 0), -ETIMEDOUT);
	lock_give(&lock);
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(lock_take(&lock, 0), 0);
		if (i % 3 == 0)
			assert_int_equal(lock_take(&lock, 0), -ETIMEDOUT);
		lock_give(&lock);
	}
}

/* ---- the lock that knows its owner ---- */

static struct core_lock core_lock;

static void count_deep(uint32_t number, unsigned depth)
{
	if (core_lock_take(&core_lock, number, LONG_NS))
		return;
	counter++;
	if (depth)
		count_deep(number, depth - 1);
	core_lock_give(&core_lock);
}

static void *count_deeper(void *number)
{
	for (unsigned i = 0; i < ROUNDS; i++)
		count_deep((uint32_t)(uintptr_t)number, i % 4);
	return NULL;
}

static void taken_again_by_its_owner(void **state)
{
	(void)state;
	counter = 0;
	run_all(count_deeper);
	assert_int_equal(counter, THREADS * ROUNDS / 4 * (1 + 2 + 3 + 4));
	assert_int_equal(core_lock_take(&core_lock, 0, 0), 0);
	assert_int_equal(core_lock_take(&core_lock, 0, 0), 0);
	assert_int_equal(core_lock_take(&core_lock, 1, 0), -ETIMEDOUT);
	core_lock_give(&core_lock);
	assert_int_equal(core_lock_take(&core_lock, 1, 0), -ETIMEDOUT);
	core_lock_give(&core_lock);
	assert_int_equal(core_lock_take(&core_lock, 1, 0), 0);
	core_lock_give(&core_lock);
}

/* ---- the log: each thread is a core, and number 0 has the console ---- */

#define LINES 2000 /* of each: more than the ring holds in all */

static _Thread_local uint32_t self;
static struct core_lock log_lock;
static _Atomic uint64_t time_us;
static _Atomic bool to_show;
static char shown[THREADS * LINES * 64];
static size_t shown_len;
static char dumped[2 * LOG_RING_SIZE];
static size_t dumped_len;

static uint32_t enter_log(void)
{
	assert_int_equal(core_lock_take(&log_lock, self, LONG_NS), 0);
	return self;
}

static void leave_log(uint32_t was)
{
	assert_int_equal(was, self);
	core_lock_give(&log_lock);
}

static bool shown_here(bool must)
{
	(void)must;
	if (self)
		atomic_store(&to_show, true);
	return !self;
}

static uint64_t next_us(void)
{
	return atomic_fetch_add(&time_us, 1);
}

static void show(void *ctx, const char *text, size_t len)
{
	(void)ctx;
	assert_int_equal(self, 0);
	assert_true(shown_len + len < sizeof(shown));
	memcpy(shown + shown_len, text, len);
	shown_len += len;
}

static void keep(void *ctx, const char *text, size_t len)
{
	(void)ctx;
	assert_true(dumped_len + len < sizeof(dumped));
	memcpy(dumped + dumped_len, text, len);
	dumped_len += len;
}

static void *log_lines(void *number)
{
	self = (uint32_t)(uintptr_t)number;
	for (unsigned i = 0; i < LINES; i++) {
		log_printf(LOG_INFO, "core %u line %u", (unsigned)self, i);
		if (self)
			continue;
		if (atomic_exchange(&to_show, false))
			log_show(false);
		if (i % 100 == 0) {
			dumped_len = 0;
			log_dump(keep, NULL);
		}
	}
	return NULL;
}

/* Each line of TEXT is whole, the stamps go up, and the lines of a core are in order. How many. */
static unsigned check_lines(char *text, size_t len)
{
	unsigned next[THREADS] = {0}, count = 0;
	unsigned long us, last_us = 0;

	text[len] = '\0';
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), count++) {
		unsigned core, number;
		int end = 0;

		assert_int_equal(
			sscanf(line, "[    0.%6lu] core %u line %u%n", &us, &core, &number, &end),
			3);
		assert_int_equal(line[end], '\0');
		assert_in_range(core, 0, THREADS - 1);
		assert_true(number >= next[core]);
		next[core] = number + 1;
		assert_true(us > last_us);
		last_us = us;
	}
	return count;
}

static void lines_of_all(void **state)
{
	(void)state;
	log_reset();
	log_set_console(show, NULL);
	log_printf(LOG_DEBUG, "%s", ""); /* one core alone: the tables of the checksum are made */
	log_reset();
	time_us = 1;
	log_set_clock(next_us);
	log_set_guard(enter_log, leave_log);
	log_set_shown(shown_here);
	log_set_console(show, NULL);
	run_all(log_lines);
	log_show(true);
	assert_in_range(check_lines(dumped, dumped_len), LINES / 100, LOG_RING_SIZE);
	assert_in_range(check_lines(shown, shown_len), LINES, THREADS * LINES);
	dumped_len = 0;
	log_dump(keep, NULL);
	assert_true(check_lines(dumped, dumped_len) > LOG_RING_SIZE / 64);
	log_reset();
}

/* ---- jobs ---- */

static struct job job;
static _Atomic bool over;
static unsigned done; /* by jobs */

static long work(void *arg)
{
	done++;
	return *(long *)arg + 1;
}

static void *run_jobs(void *unused)
{
	job_open(&job);
	while (!atomic_load(&over))
		job_run(&job);
	return unused;
}

static void jobs(void **state)
{
	pthread_t runner;
	long value = 0, result = 0;

	(void)state;
	assert_int_equal(job_give(&job, work, &value), -ENODEV);
	assert_int_equal(pthread_create(&runner, NULL, run_jobs, NULL), 0);
	while (!job_is_open(&job))
		;
	for (value = 0; value < ROUNDS; value++) {
		assert_int_equal(job_give(&job, work, &value), 0);
		assert_int_equal(job_give(&job, work, &value), -EBUSY);
		while (job_result(&job, &result))
			;
		assert_int_equal(result, value + 1);
	}
	assert_int_equal(job_give(&job, work, &value), 0);
	job_forget(&job);
	while (job_give(&job, work, &value))
		;
	while (job_result(&job, &result))
		;
	atomic_store(&over, true);
	assert_int_equal(pthread_join(runner, NULL), 0);
	assert_in_range(done, ROUNDS + 1, ROUNDS + 2);
}

/* One thread: what is forgotten before it ran does not run, and leaves its place. */
static void a_job_that_nobody_wants(void **state)
{
	struct job own = {0};
	long value = 1, result = 0;

	(void)state;
	done = 0;
	job_open(&own);
	assert_int_equal(job_give(&own, work, &value), 0);
	job_forget(&own);
	assert_int_equal(job_give(&own, work, &value), -EBUSY);
	assert_true(job_run(&own));
	assert_int_equal(done, 0);
	assert_int_equal(job_give(&own, work, &value), 0);
	assert_true(job_run(&own));
	job_forget(&own); /* done, and the result not taken */
	assert_int_equal(done, 1);
	assert_int_equal(job_result(&own, &result), -EAGAIN);
	assert_int_equal(job_give(&own, work, &value), 0);
}

/* ---- memblock ---- */

#define ARENA MIB(4)
static unsigned char arena[ARENA] __attribute__((aligned(4096)));
static _Atomic unsigned torn;

/* Allocates, fills, looks whether it is still filled, frees. */
static void *allocate(void *number)
{
	uint32_t random = (uint32_t)(uintptr_t)number + 1;

	for (unsigned i = 0; i < ROUNDS; i++) {
		uint32_t size = (random = random * 1664525 + 1013904223) % 5000 + 1;
		unsigned char *block = NULL;

		if (!memory_lock()) {
			block = memblock_alloc_raw(size, 0);
			memory_unlock();
		}
		if (!block)
			continue;
		memset(block, (int)(uintptr_t)number, size);
		for (uint32_t at = 0; at < size; at++)
			torn += block[at] != (unsigned char)(uintptr_t)number;
		if (!memory_lock()) {
			memblock_free(block, size);
			memory_unlock();
		}
	}
	return NULL;
}

static void allocations(void **state)
{
	(void)state;
	assert_int_equal(memblock_add((phys_addr_t)(uintptr_t)arena, ARENA), 0);
	memory_lock_start(LONG_NS);
	run_all(allocate);
	assert_int_equal(torn, 0);
	assert_int_equal(memblock_reserved_size(), 0);
	assert_int_equal(memblock.reserved.cnt, 1);
}

/* ---- out of memory ---- */

#define PAGES 128 /* fewer than memblock's array can hold, taken one by one */

/* What a thread holds, and whether somebody wants it back. */
static struct owner {
	struct holding h;
	struct task *task;
	phys_addr_t pages[PAGES];
	uint32_t n;
	bool slow, told;
} owners[THREADS];

static _Atomic bool taken[PAGES];
static _Atomic unsigned removals, twice;
static _Thread_local uint32_t this_thread;

static uint32_t this_core(void)
{
	return this_thread;
}

static void count_pages(const struct holding *h, struct task_use *use)
{
	use->rss += ((const struct owner *)h)->n;
}

static void give_pages_back(struct owner *o)
{
	if (memory_lock())
		return;
	for (; o->n; o->n--) {
		phys_addr_t page = o->pages[o->n - 1];

		twice += !atomic_exchange(&taken[(page - (uintptr_t)arena) / PAGE_SIZE], false);
		torn += memblock_phys_free(page, PAGE_SIZE) != 0;
	}
	memory_unlock();
}

/* Half of the tasks give back by themselves what they have, the next time that they look. */
static int release_pages(struct holding *h, bool atomic)
{
	struct owner *o = (struct owner *)h;

	(void)atomic;
	removals++;
	o->told = true;
	if (o->slow)
		return -EAGAIN;
	give_pages_back(o);
	o->task = NULL;
	return 0;
}

/* What was taken from O comes back, and O is a task again if there is room for one. */
static void begin_anew(struct owner *o, const char *name)
{
	if (o->told && o->task) {
		give_pages_back(o);
		task_drop(o->task, &o->h);
		o->task = NULL;
	}
	if (!o->task && !task_create(name, NULL, 0, &o->task)) {
		o->told = false;
		task_hold(o->task, &o->h);
	}
}

/* Takes pages, again and again until it is told to go. */
static void *take_pages(void *number)
{
	struct owner *o = &owners[(uintptr_t)number];
	const char name[] = {(char)('0' + (int)(uintptr_t)number), '\0'};

	this_thread = (uint32_t)(uintptr_t)number;
	for (unsigned i = 0; i < ROUNDS * 20 && !task_lock(); i++) {
		phys_addr_t page;

		begin_anew(o, name);
		page = oom_alloc_page(o->task, i % 2);
		if (page) {
			twice += atomic_exchange(&taken[(page - (uintptr_t)arena) / PAGE_SIZE],
						 true);
			o->pages[o->n++] = page;
		}
		task_unlock();
	}
	if (!task_lock()) {
		begin_anew(o, name);
		o->slow = false; /* nobody looks any more */
		task_unlock();
	}
	return NULL;
}

static void panicked(const char *why)
{
	fprintf(stderr, "%s\n", why);
	abort();
}

/* No page is given to two, and in the end all of them are back. */
static void out_of_memory(void **state)
{
	static const struct task_env tasks = {.self = this_core, .patience_ns = LONG_NS};
	static const struct oom_env env = {.panic = panicked, .patience_ns = LONG_NS};

	(void)state;
	assert_int_equal(memblock_add((phys_addr_t)(uintptr_t)arena, ARENA), 0);
	memblock_set_current_limit((phys_addr_t)(uintptr_t)arena + PAGES * PAGE_SIZE);
	memory_lock_start(LONG_NS);
	log_reset();
	tasks_start(&tasks);
	oom_start(&env, &(struct oom_settings){.oom_dump_tasks = true});
	for (unsigned i = 0; i < THREADS; i++) {
		owners[i].h = (struct holding){.count = count_pages, .release = release_pages};
		owners[i].slow = i % 2;
	}
	run_all(take_pages);
	assert_int_equal(twice + torn, 0);
	assert_true(removals > THREADS);
	for (unsigned i = 0; i < THREADS; i++)
		give_pages_back(&owners[i]);
	assert_int_equal(memblock_reserved_size(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_at_a_time),
		cmocka_unit_test(tickets_given_back),
		cmocka_unit_test(late),
		cmocka_unit_test(taken_again_by_its_owner),
		cmocka_unit_test(lines_of_all),
		cmocka_unit_test(jobs),
		cmocka_unit_test(a_job_that_nobody_wants),
		cmocka_unit_test(allocations),
		cmocka_unit_test(out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
