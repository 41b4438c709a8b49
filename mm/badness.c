/* SPDX-License-Identifier: MIT */
#include "mm/badness.h"

/* Steps of oom_adj that make the whole of oom_score_adj. */
#define ADJ_STEPS (-OOM_ADJ_DISABLE)

long oom_points(uint64_t pages, int adj, uint32_t total)
{
	if (adj == OOM_SCORE_ADJ_MIN)
		return OOM_NEVER;
	return (long)pages + adj * (long)(total / 1000);
}

unsigned oom_score(long points, uint32_t total)
{
	if (points == OOM_NEVER || !total)
		return 0;
	/* A long has 32 bits on the board, and 1000 times the memory may have more. */
	return (unsigned)((1000 + (int64_t)points * 1000 / (int64_t)total) * 2 / 3);
}

/* The upper end has a value of its own: 15 of 17 steps would be 882. */
int oom_score_adj_of(int oom_adj)
{
	if (oom_adj == OOM_ADJ_MAX)
		return OOM_SCORE_ADJ_MAX;
	return oom_adj * OOM_SCORE_ADJ_MAX / ADJ_STEPS;
}

int oom_adj_of(int oom_score_adj)
{
	int oom_adj = oom_score_adj * ADJ_STEPS / OOM_SCORE_ADJ_MAX;

	return oom_adj > OOM_ADJ_MAX ? OOM_ADJ_MAX : oom_adj;
}
