/* SPDX-License-Identifier: MIT */
#include "boot/params.h"

#include <string.h>

#include "boot/cmdline.h"
#include "boot/layout.h"
#include "boot/memory.h"
#include "boot/params_later.h"
#include "boot/params_oom.h"
#include "boot/reserve.h"
#include "boot/store_region.h"
#include "lib/config.h"
#include "lib/log.h"
#include "lib/number.h"
#include "mm/memblock_dump.h"

#define OWN_PREFIX "cairn."

static void set_semihosting(struct boot *b, const char *value)
{
	b->exit_on_panic = !value || strcmp(value, "1") == 0;
	if (value && strcmp(value, "0") != 0 && !b->exit_on_panic)
		pr_warn("cairn.semihosting=%s: expected 0 or 1: 0", value);
}

static void set_panic(struct boot *b, const char *value)
{
	bool reset = value && strcmp(value, "reset") == 0;

	if (!reset && (!value || strcmp(value, "halt") != 0)) {
		pr_warn("cairn.panic=%s: expected reset or halt: ignored", value ? value : "");
		return;
	}
	b->reset_on_panic = reset;
	b->halt_on_panic = !reset;
}

/* Linux looks for the word anywhere in the value. newlib's strstr() is 1 KiB. */
static bool says_debug(const char *value)
{
	static const char word[] = "debug";

	while (*value && strncmp(value, word, strlen(word)) != 0)
		value++;
	return *value;
}

static void set_memblock(struct boot *b, const char *value)
{
	(void)b;
	if (value && says_debug(value))
		memblock_trace_start();
	else
		pr_warn("memblock=%s: expected debug: ignored", value ? value : "");
}

static void set_init(struct boot *b, const char *value)
{
	if (!value || strlen(value) >= sizeof(b->init))
		pr_warn("cairn.init=: expected commands, in quotes, at most %u characters: ignored",
			BOOT_INIT_MAX - 1);
	else
		strcpy(b->init, value);
}

static void set_cores(struct boot *b, const char *value)
{
	const char *end;
	uint64_t count;

	if (!value || number_parse(value, &count, &end) || *end || !count || count > CORES_MAX)
		pr_warn("cairn.cores=%s: expected a number from 1 to %u: ignored",
			value ? value : "", CORES_MAX);
	else
		b->cores_max = (unsigned)count;
}

static const struct param memory_params[] = {
	{"mem", memory_param},
	{"memblock", set_memblock},
	{"initrd", reserve_initrd_param},
	{"initrdmem", reserve_initrd_param},
	{"cairn.store", store_region_param},
	{"cairn.init", set_init},
	{"cairn.cores", set_cores},
#if CONFIG_STAGE
	{"cairn.autosave", params_autosave},
	{"cairn.boot", params_boot},
	{"cairn.bootdelay", params_boot_delay},
	{"cairn.image", params_image},
	{"cairn.confirm", params_confirm},
#endif
#if CONFIG_OOM
	{"cairn.overcommit", params_overcommit},
	{"cairn.overcommit_ratio", params_overcommit_ratio},
	{"cairn.panic_on_oom", params_panic_on_oom},
	{"cairn.oom_kill_allocating_task", params_oom_kill_allocating_task},
	{"cairn.oom_dump_tasks", params_oom_dump_tasks},
	{"cairn.store_entries", params_store_entries},
	{"cairn.store_policy", params_store_policy},
	{"log_buf_len", params_log_buf_len},
#endif
	{"cairn.semihosting", NULL}, /* taken early */
	{"cairn.panic", NULL},
};

static const struct param early_params[] = {
	{"cairn.semihosting", set_semihosting},
	{"cairn.panic", set_panic},
};

static const struct param *find(const struct param *table, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (cmdline_same_name(table[i].name, name))
			return &table[i];
	return NULL;
}

void params_each(struct boot *b, const struct param *table, size_t count,
		 void (*unknown)(const char *name))
{
	char copy[CMDLINE_MAX], *pos = strcpy(copy, b->cmdline);
	struct cmdline_param p;

	while (cmdline_next(&pos, &p)) {
		const struct param *known = find(table, count, p.name);

		if (known && known->set)
			known->set(b, p.value);
		else if (!known && unknown)
			unknown(p.name);
	}
}

static void complain_about_own(const char *name)
{
	if (strncmp(name, OWN_PREFIX, strlen(OWN_PREFIX)) == 0)
		pr_warn("command line: %s is no parameter of this image: ignored", name);
}

void params_early(struct boot *b)
{
	params_each(b, early_params, ARRAY_SIZE(early_params), NULL);
}

void params_memory(struct boot *b)
{
	b->payload_delay = PAYLOAD_DELAY;
	if (CONFIG_OOM)
		params_oom_defaults(b);
	params_each(b, memory_params, ARRAY_SIZE(memory_params), complain_about_own);
}
