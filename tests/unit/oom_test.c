/* SPDX-License-Identifier: MIT */
#include "tests/unit/oom_test.h"

#include <string.h>

#include "lib/clock.h"
#include "lib/log.h"

struct board board;

static phys_addr_t rest_base;
static uint64_t now_ns;
static jmp_buf behind_panic;

static uint64_t read_clock(void)
{
	return now_ns += 1000;
}

static uint32_t self(void)
{
	void (*hook)(void) = board.on_self;

	if (hook && !board.selfs--) {
		board.on_self = NULL;
		hook();
	}
	return board.core;
}

static void end(const char *why)
{
	board.panic = why;
	longjmp(behind_panic, 1);
}

static void append(char *to, size_t room, const char *text, size_t len)
{
	size_t used = strlen(to);

	assert_true(len < room - used);
	memcpy(to + used, text, len);
	to[used + len] = '\0';
}

static void take_log(void *ctx UNUSED, const char *text, size_t len)
{
	append(board.log, sizeof(board.log), text, len);
}

static void keep(const char *report, size_t len, bool atomic)
{
	append(board.kept, sizeof(board.kept), report, len);
	board.keeps++;
	board.kept_atomic = atomic;
}

void start_board(uint32_t pages, const struct oom_settings *settings)
{
	static const struct clock_counter counter = {.read = read_clock, .hz = 1000000000};
	static const struct task_env tasks = {.self = self, .patience_ns = PATIENCE_NS};
	static const struct oom_env env = {.panic = end, .keep = keep, .patience_ns = PATIENCE_NS};
	static const struct oom_settings none;

	memset(&board, 0, sizeof(board));
	reset();
	assert_int_equal(memblock_add(MEMORY_BASE, PG(pages)), 0);
	clock_reset();
	assert_true(clock_add(&counter));
	log_reset();
	log_set_console(take_log, NULL);
	log_set_console_level(LOG_DEBUG + 1);
	tasks_start(&tasks);
	oom_start(&env, settings ? settings : &none);
}

static void count(const struct holding *h, struct task_use *use)
{
	const struct pages *p = (const struct pages *)h;

	use->total_vm += p->promised;
	use->rss += p->n - p->tables;
	use->pgtables += p->tables;
}

static int release(struct holding *h, bool atomic)
{
	struct pages *p = (struct pages *)h;

	p->asked++;
	p->atomic = atomic;
	if (p->answer)
		return p->answer;
	assert_int_equal(memblock_phys_free(p->base, PG(p->n)), 0);
	p->n = p->tables = 0;
	return 0;
}

struct task *add_task(struct pages *p, const char *name, struct task *parent, uint32_t rss, int adj)
{
	assert_int_equal(task_create(name, parent, 0, &p->task), 0);
	p->task->oom_score_adj = adj;
	*p = (struct pages){.h = {.count = count, .release = release}, .task = p->task, .n = rss};
	p->promised = 2 * rss;
	p->base = rss ? memblock_phys_alloc(PG(rss), PAGE_SIZE) : 0;
	assert_true(!rss || p->base);
	task_hold(p->task, &p->h);
	return p->task;
}

uint32_t free_pages(void)
{
	struct task_pages pages;

	assert_int_equal(task_count_pages(&pages), 0);
	return pages.unused;
}

void take_the_rest(void)
{
	uint32_t n = free_pages();

	rest_base = n ? memblock_phys_alloc(PG(n), PAGE_SIZE) : 0;
	assert_true(!n || rest_base);
	assert_int_equal(free_pages(), 0);
}

void take_back(uint32_t n)
{
	assert_int_equal(memblock_phys_free(rest_base, PG(n)), 0);
	rest_base += PG(n);
}

phys_addr_t alloc(struct task *t, bool atomic)
{
	if (setjmp(behind_panic))
		return 0;
	return oom_alloc_page(t, atomic);
}

bool lives(const char *name)
{
	return task_find(name) != NULL;
}

unsigned lines_with(const char *text)
{
	unsigned n = 0;

	for (const char *at = board.log; (at = strstr(at, text)) != NULL; at++)
		n++;
	return n;
}

void expect_left(struct task *t, const char *left)
{
	char names[TASKS_MAX * TASK_NAME_MAX] = "";
	phys_addr_t page = alloc(t, false);

	assert_null(board.panic);
	assert_true(page && page % PAGE_SIZE == 0 && memblock_is_region_reserved(page, PAGE_SIZE));
	for (t = NULL; (t = task_next(t)) != NULL;)
		strcat(names, t->name);
	assert_string_equal(names, left);
}

void expect_panic(struct task *t, const char *why)
{
	assert_int_equal(alloc(t, false), 0);
	assert_non_null(board.panic);
	assert_string_equal(board.panic, why);
}
