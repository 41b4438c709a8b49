/* SPDX-License-Identifier: MIT */
#include "boot/last_boot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/log_tail.h"
#include "boot/reset_cause.h"
#include "boot/uptime.h"
#include "drivers/machine.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "lib/number.h"

#define BOOTS "cairn/boots"
#define RESET "cairn/reset"
#define UPTIME "cairn/uptime"
#define LOG "cairn/log"
#define PANIC "cairn/panic"

#define LOG_SHARE 8  /* the part of the region that a log may take: one in so many */
#define COUNT_MAX 24 /* bytes of a count as text */

static struct {
	enum reset_cause cause;
	bool has_uptime;
	char uptime[24];
} last;

void last_boot_look(void)
{
	uint32_t ms;

	last.cause = reset_cause_take();
	last.has_uptime = uptime_of_last_boot(&ms);
	if (last.has_uptime)
		snprintf(last.uptime, sizeof(last.uptime), "%lu.%03lu s", (unsigned long)ms / 1000,
			 (unsigned long)ms % 1000);
	pr_info("Last reset: %s%s%s", reset_cause_text(last.cause),
		last.has_uptime ? ", after " : "", last.uptime);
}

bool last_boot_was_power_off(void)
{
	return last.cause == RESET_POWER;
}

int last_boot_reset(void)
{
	int err;

	reset_cause_leave(RESET_COMMAND);
	err = machine_reset();
	reset_cause_leave(RESET_WARM);
	return err;
}

/* The entries of one boot: how many could not be written, and why the last of them. */
struct entries {
	struct store *store;
	unsigned failed;
	int err;
};

static void failed(struct entries *e, int err)
{
	e->failed++;
	e->err = err;
}

static void put(struct entries *e, const char *key, const void *data, size_t len)
{
	uint32_t key_len = (uint32_t)strlen(key);
	int err = store_put(e->store, key, key_len, data, (uint32_t)len, NULL, 0, STORE_NEVER);

	/* A former value would be taken for that of this boot, and may be what is in the way. */
	if (err && !store_delete(e->store, key, key_len))
		err = store_put(e->store, key, key_len, data, (uint32_t)len, NULL, 0, STORE_NEVER);
	if (err)
		failed(e, err);
}

static void put_text(struct entries *e, const char *key, const char *text)
{
	put(e, key, text, strlen(text));
}

static void forget(struct entries *e, const char *key)
{
	store_delete(e->store, key, (uint32_t)strlen(key));
}

/* Writes BOOTS to TEXT as it stands in the store; returns the length. */
static uint32_t boots_text(char text[COUNT_MAX], uint64_t boots)
{
	return (uint32_t)snprintf(text, COUNT_MAX, "%llu", (unsigned long long)boots);
}

static void put_boots(struct entries *e)
{
	char text[COUNT_MAX] = "", same[COUNT_MAX];
	const char *end;
	uint64_t boots = 0;
	uint32_t len;
	int err = store_read(e->store, BOOTS, strlen(BOOTS), text, sizeof(text) - 1, &len);

	if (!err)
		err = number_parse(text, &boots, &end);
	if (err != -ENOENT && (err || boots_text(same, boots) != len || strcmp(same, text))) {
		pr_warn(BOOTS ": it is not the number that was expected: the count starts again");
		boots = 0;
	}
	boots_text(text, boots + 1);
	put_text(e, BOOTS, text);
}

static void put_log(struct entries *e)
{
	size_t len = log_length(log_dump_before), most = e->store->config.media.size / LOG_SHARE;
	char *text;

	if (!len) {
		forget(e, LOG);
		return;
	}
	if (len > most)
		len = most;
	text = malloc(len);
	if (text) {
		put(e, LOG, text, log_tail(log_dump_before, text, len));
	} else {
		forget(e, LOG);
		failed(e, -ENOMEM);
	}
	free(text);
}

static void show_lines(const char *text, const char *end)
{
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		int len = (int)((newline ? newline : end) - text);

		pr_warn(PANIC ": %.*s", len, text);
		text += len + 1;
	}
}

/* The report that a panic left stays where it is until it is an entry. */
static void put_panic(struct entries *e)
{
	const struct store_media *media = &e->store->config.media;
	unsigned failed_before = e->failed;
	uint32_t len;
	const char *text = store_note(media, &len);

	if (!text)
		return;
	show_lines(text, text + len);
	put(e, PANIC, text, len);
	if (e->failed == failed_before)
		store_note_clear(media);
}

void last_boot_write(struct store *s)
{
	struct entries e = {.store = s};

	if (!s->open)
		return;
	put_boots(&e);
	put_text(&e, RESET, reset_cause_text(last.cause));
	if (last.has_uptime)
		put_text(&e, UPTIME, last.uptime);
	else
		forget(&e, UPTIME);
	put_log(&e);
	put_panic(&e);
	if (e.failed)
		pr_warn("cairn/: %u of the last boot's entries could not be written: %s", e.failed,
			error_text(e.err));
}
