/* SPDX-License-Identifier: MIT */
#include "boot/store_open.h"

#include <errno.h>
#include <stdio.h>

#include "boot/cores.h"
#include "boot/exception.h"
#include "boot/layout.h"
#include "boot/map.h"
#include "boot/mmu.h"
#include "boot/snapshots.h"
#include "drivers/cp15.h"
#include "drivers/machine.h"
#include "lib/clock.h"
#include "lib/config.h"
#include "lib/errors.h"
#include "lib/log.h"

#define PATIENCE_NS (10 * NS_PER_S)

static void clean_lines(void *ctx, const void *ptr, size_t len)
{
	(void)ctx;
	clean_dcache(ptr, len);
}

static void barrier(void *ctx)
{
	(void)ctx;
	dsb();
}

static void report(void *ctx, const char *line)
{
	(void)ctx;
	pr_warn("store: %s", line);
}

uint32_t store_salt(void)
{
	uint32_t ticks = machine.ticks ? machine.ticks() : 0;

	return (uint32_t)(clock_wall_ms(NULL) / 1000) * 0x9e3779b1U ^ ticks * 0x85ebca6bU;
}

static void refuse(struct boot *b, const char *why)
{
	snprintf(b->store_problem, sizeof(b->store_problem), "%s", why);
	pr_err("store: " PRIpa "+" PRIpa ": %s", b->store_base, b->store_size, why);
}

static uint32_t sharer(void *ctx)
{
	(void)ctx;
	return this_core();
}

void store_share_with_cores(struct store *s)
{
	static const struct store_sharing sharing = {
		.sharers = CORES_MAX, .self = sharer, .patience_ns = PATIENCE_NS};
	int err = cores_alone() ? 0 : store_share(s, &sharing);

	if (err)
		pr_warn("store: not shared: %s: only core 0 may use it", error_text(err));
}

/* Opens the store of CONFIG, or makes one where there is none, which *FRESH says. False after lines
 * that say why not. */
static bool open_or_make(struct boot *b, struct store *s, const struct store_config *config,
			 bool *fresh)
{
	const char *why = NULL;
	int err = CONFIG_STAGE ? snapshots_open(s, config, &why) : store_open(s, config);

	if (why) {
		refuse(b, why);
		pr_err("store: it stays closed; \"store format\" starts afresh");
		return false;
	}
	*fresh = err == -ENODATA;
	if (*fresh && !store_format(&config->media, store_salt()))
		err = store_open(s, config);
	if (*fresh && err == -ENODATA) {
		refuse(b, "its memory does not keep what is written there: is it RAM?");
		return false;
	}
	if (!err)
		return true;
	refuse(b, error_text(err));
	pr_err("store: it stays closed and as it is%s",
	       err == -ENOMEM || err == -ENOSPC
		       ? ", for a boot with more memory or another cairn.store="
		       : "; \"store format --yes\" starts afresh");
	return false;
}

/* Tells the log and a later panic's report which store this is. */
static void announce(const struct boot *b, const struct store *s, bool fresh, const char *version)
{
	struct store_stats stats;
	char about[64];

	store_stat(s, &stats);
	snprintf(about, sizeof(about), "%s, boot %lu", version, (unsigned long)stats.boots);
	panic_keep(&s->config.media, about);
	if (fresh)
		pr_info("store: new, %lu bytes free at " PRIpa, (unsigned long)stats.free_bytes,
			b->store_base);
	else
		pr_info("store: recovered %lu entries, %lu bytes free at " PRIpa ", boot %lu",
			(unsigned long)stats.entries, (unsigned long)stats.free_bytes,
			b->store_base, (unsigned long)stats.boots);
}

void store_open_region(struct boot *b, struct store *s, struct store_config *config,
		       const char *version)
{
	bool fresh;

	if (b->store_place == STORE_PLACE_NONE)
		return;
	*config = (struct store_config){
		.media = {.base = (void *)(uintptr_t)b->store_base,
			  .size = (uint32_t)b->store_size,
			  .place = b->store_base,
			  .clean = clean_lines,
			  .barrier = barrier,
			  .window = map_guards_store(b) ? mmu_store_window : NULL},
		.now = clock_has_wall() ? clock_wall_ms : NULL,
		.report = report,
		.max_entries = b->store_entries,
		.policy = b->store_policy,
	};
	if (b->store_problem[0])
		return; /* another one is somewhere else: store_search() */
	panic_keep(&config->media, version);
	if (!open_or_make(b, s, config, &fresh))
		return;
	announce(b, s, fresh, version);
	store_share_with_cores(s);
}
