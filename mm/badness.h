/* SPDX-License-Identifier: MIT */
/*
 * The arithmetic of who is removed first when memory runs out, as in Linux 6.1: oom_badness() in
 * mm/oom_kill.c, oom_score, oom_adj and oom_score_adj in fs/proc/base.c. All divisions round
 * towards 0, and in Linux's order; so what Linux rounds away is away here as well.
 */
#ifndef CAIRN_MM_BADNESS_H
#define CAIRN_MM_BADNESS_H

#include <limits.h>

#include "lib/types.h"

#define OOM_SCORE_ADJ_MIN (-1000) /**< never a victim */
#define OOM_SCORE_ADJ_MAX 1000

/* The older scale. */
#define OOM_ADJ_DISABLE (-17) /**< never a victim */
#define OOM_ADJ_MAX 15

/** The badness of what is never a victim; all others have more. */
#define OOM_NEVER LONG_MIN

/**
 * How bad a task is that has PAGES of memory, its page tables included, with its oom_score_adj ADJ,
 * where there are TOTAL pages in all: PAGES + ADJ * (TOTAL / 1000), or OOM_NEVER at -1000. With
 * less than 1000 pages in all, no other ADJ makes a difference.
 */
long oom_points(uint64_t pages, int adj, uint32_t total);

/**
 * What /proc/PID/oom_score shows for POINTS of oom_points() with the same TOTAL: (1000 + POINTS *
 * 1000 / TOTAL) * 2 / 3, from 0 to 2000. 0 for OOM_NEVER, and where TOTAL is 0.
 */
unsigned oom_score(long points, uint32_t total);

/** The oom_score_adj that stands for OOM_ADJ, -17..15: -17 is -1000, 9 is 529, 15 is 1000. */
int oom_score_adj_of(int oom_adj);

/**
 * The oom_adj that OOM_SCORE_ADJ, -1000..1000, reads as: 529 is 8, 1000 is 15. Not the one that was
 * written in every case, since both ways round towards 0.
 */
int oom_adj_of(int oom_score_adj);

#endif
