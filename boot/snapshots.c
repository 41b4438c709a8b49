/* SPDX-License-Identifier: MIT */
#include "boot/snapshots.h"

#include <errno.h>
#include <stdio.h>

#include "boot/last_boot.h"
#include "drivers/machine.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "store/probe.h"
#include "store/snapshot.h"

static struct {
	struct store *store;
	uint64_t every, next; /* ns; every 0: never */
	uint64_t mark;        /* what the last save had seen at least, */
	bool saved;           /* if there was one */
} autosave;

/* How long ago it was saved, in the largest unit of which there are two or more. */
static void age_text(char *text, size_t size, int64_t saved)
{
	static const struct {
		const char *name;
		unsigned in_next;
	} units[] = {{"second", 60}, {"minute", 60}, {"hour", 24}, {"day", 0}};
	int64_t ms = clock_wall_ms(NULL) - saved;
	uint32_t age = (uint32_t)(ms / 1000);
	unsigned u = 0;

	if (!saved || ms < 0) {
		snprintf(text, size, "of unknown age");
		return;
	}
	for (; units[u].in_next && age / units[u].in_next >= 2; u++)
		age /= units[u].in_next;
	snprintf(text, size, "%lu %s%s old", (unsigned long)age, units[u].name,
		 age == 1 ? "" : "s");
}

/* Loads the newest snapshot. 0, or a negative errno value; then *WHY, unless there is none. */
static int load(const struct store_media *media, const char **why)
{
	const struct snapshot *newest;
	struct snapshots s;
	char age[32];
	int err;

	if (snapshots_find(&s, machine.flash))
		return -ENODATA;
	newest = snapshots_look(&s);
	for (unsigned i = 0; i < 2; i++) {
		if (s.at[i].err == -EPROTONOSUPPORT) {
			*why = "a snapshot in flash is of another version";
			return -EPROTONOSUPPORT;
		}
		if (s.at[i].err == -EBADMSG)
			pr_warn("store: the snapshot in %s is damaged: not loaded",
				s.at[i].slot->name);
	}
	if (!newest)
		return -ENODATA;
	err = snapshot_load(&s, newest, media);
	if (err) {
		*why = s.flash->problem;
		return err;
	}
	age_text(age, sizeof(age), newest->saved);
	pr_info("store: snapshot %lu loaded from %s, %s", (unsigned long)newest->number,
		newest->slot->name, age);
	return 0;
}

int snapshots_open(struct store *s, const struct store_config *config, const char **why)
{
	int err = store_open(s, config);
	bool lost = err == -EBADMSG && last_boot_was_power_off() &&
		    store_probe(&config->media) == STORE_DAMAGED;

	*why = NULL;
	if ((err != -ENODATA && !lost) || load(&config->media, why))
		return err;
	return store_open(s, config);
}

void snapshots_start(struct store *s, uint32_t seconds)
{
	autosave.store = s;
	autosave.every = seconds * NS_PER_S;
	autosave.next = clock_ns() + autosave.every;
}

int snapshots_save(char *text, size_t size)
{
	struct snapshots s;
	struct snapshot made;
	uint64_t mark;
	int err;

	if (snapshots_find(&s, machine.flash)) {
		snprintf(text, size, "expected partitions store-a and store-b in flash");
		return -ENODEV;
	}
	mark = snapshot_mark(autosave.store); /* later, another core's writes might be in it */
	err = snapshot_save(&s, autosave.store, clock_wall_ms(NULL), &made);
	if (err) {
		snprintf(text, size, "%s", s.flash->problem);
		return err;
	}
	autosave.mark = mark;
	autosave.saved = true;
	snprintf(text, size, "snapshot %lu in %s, %lu bytes", (unsigned long)made.number,
		 made.slot->name, (unsigned long)made.bytes);
	return 0;
}

void snapshots_idle(void)
{
	char text[128];
	int err;

	if (!autosave.every || clock_ns() < autosave.next)
		return;
	autosave.next = clock_ns() + autosave.every;
	if (!autosave.store->open ||
	    (autosave.saved && autosave.mark == snapshot_mark(autosave.store)))
		return;
	err = snapshots_save(text, sizeof(text));
	log_printf(err ? LOG_WARNING : LOG_DEBUG, "store: %s%s",
		   err ? "not saved: " : "saved: ", text);
}
