/* SPDX-License-Identifier: MIT */
/*
 * A board without memory to spare: tasks that hold as many pages as a test says, everything else
 * reserved. The clock goes on by a microsecond whenever somebody looks at it.
 */
#ifndef CAIRN_TESTS_UNIT_OOM_TEST_H
#define CAIRN_TESTS_UNIT_OOM_TEST_H

#include "mm/oom.h"
#include "tests/unit/memblock_pictures.h"

#define MEMORY_BASE ((phys_addr_t)0x60000000)
#define PATIENCE_NS 1000000u

/** What a task of these tests holds: pages of memory, the first few of them its page tables. */
struct pages {
	struct holding h;
	struct task *task;
	phys_addr_t base;
	uint32_t n, tables, promised;
	int answer;     /**< release() says so; but for 0 nothing is given back */
	unsigned asked; /**< how often release() was called, */
	bool atomic;    /**< and how the last time */
};

/** What the board did, for the test to look at. */
struct board {
	uint32_t core;         /**< who calls */
	void (*on_self)(void); /**< called once, when somebody asks that */
	unsigned selfs;        /**< and before it was asked so often */
	char log[65536];       /**< all lines, with their time stamps */
	char kept[65536];      /**< the reports, one behind the other */
	unsigned keeps;
	bool kept_atomic;
	const char *panic; /**< why the boot ended; NULL: it did not */
};
extern struct board board;

/** PAGES of memory, no tasks, SETTINGS; NULL: all 0. */
void start_board(uint32_t pages, const struct oom_settings *settings);

/** A task with ADJ that holds RSS pages of memory in *P. */
struct task *add_task(struct pages *p, const char *name, struct task *parent, uint32_t rss,
		      int adj);

/** Pages that are free. */
uint32_t free_pages(void);

/** Nobody's, as long as take_back() does not give it back: all that is free. */
void take_the_rest(void);

/** Gives back N pages of it. */
void take_back(uint32_t n);

/** oom_alloc_page(T, ATOMIC) that ends behind a panic as well: 0 then. */
phys_addr_t alloc(struct task *t, bool atomic);

/** Fails unless alloc(T) gives a page, and the tasks there are then have the names LEFT, one behind
 * the other. */
void expect_left(struct task *t, const char *left);

/** Fails unless alloc(T) ends the boot for the reason WHY. */
void expect_panic(struct task *t, const char *why);

/** Whether there is a task NAME. */
bool lives(const char *name);

/** How many lines of the log have TEXT in them. */
unsigned lines_with(const char *text);

/** Fails if the log does not have TEXT. */
#define expect_line(text) assert_true(lines_with(text) > 0)

#endif
