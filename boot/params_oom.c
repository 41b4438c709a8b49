/* SPDX-License-Identifier: MIT */
#include "boot/params_oom.h"

#include <string.h>

#include "boot/cmdline.h"
#include "boot/params_later.h"
#include "lib/log.h"
#include "mm/overcommit.h"

#define LOG_BUF_LEN_MAX 0x40000000ULL

void params_oom_defaults(struct boot *b)
{
	b->oom.oom_dump_tasks = true;
	b->overcommit_ratio = OVERCOMMIT_RATIO;
}

static void set_bool(const char *name, const char *value, bool *to)
{
	uint32_t number = *to;

	params_number(name, "0 or 1", value, 1, &number);
	*to = number;
}

void params_overcommit(struct boot *b, const char *value)
{
	params_number("overcommit", "0, 1 or 2", value, OVERCOMMIT_NEVER, &b->overcommit);
}

void params_overcommit_ratio(struct boot *b, const char *value)
{
	params_number("overcommit_ratio", "percent from 0 to 1000", value, OVERCOMMIT_RATIO_MAX,
		      &b->overcommit_ratio);
}

void params_panic_on_oom(struct boot *b, const char *value)
{
	uint32_t number = b->oom.panic_on_oom;

	params_number("panic_on_oom", "0, 1 or 2", value, 2, &number);
	b->oom.panic_on_oom = number;
}

void params_oom_kill_allocating_task(struct boot *b, const char *value)
{
	set_bool("oom_kill_allocating_task", value, &b->oom.oom_kill_allocating_task);
}

void params_oom_dump_tasks(struct boot *b, const char *value)
{
	set_bool("oom_dump_tasks", value, &b->oom.oom_dump_tasks);
}

void params_log_buf_len(struct boot *b, const char *value)
{
	uint32_t power = 1;
	const char *end;
	uint64_t size;

	if (!value || !cmdline_size(value, &size, &end) || *end || !size ||
	    size > LOG_BUF_LEN_MAX) {
		pr_warn("log_buf_len=%s: expected a size such as 1M, at most 1G: ignored",
			value ? value : "");
		return;
	}
	while (power < size)
		power *= 2;
	b->log_buf_len = power;
}

void params_store_entries(struct boot *b, const char *value)
{
	params_number("store_entries", "a number from 0 to 16777214", value, STORE_ENTRIES_MAX,
		      &b->store_entries);
}

void params_store_policy(struct boot *b, const char *value)
{
	if (value && !strcmp(value, "lru"))
		b->store_policy = STORE_LRU;
	else if (value && !strcmp(value, "sieve"))
		b->store_policy = STORE_SIEVE;
	else
		pr_warn("cairn.store_policy=%s: expected lru or sieve: ignored",
			value ? value : "");
}
