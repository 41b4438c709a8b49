/* SPDX-License-Identifier: MIT */
#include "boot/oom_report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "boot/log_tail.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "mm/oom.h"
#include "mm/task.h"

#define ENTRY "cairn/oom"
#define LOG_SHARE 16 /* the part of the region that the log may take: one in so many */

/* Behind the lock of the tasks; others only look whether one waits. */
static struct {
	volatile bool waits;
	bool atomic;
	size_t len;
	char text[OOM_REPORT_MAX];
} kept;

void oom_report_keep(const char *report, size_t len, bool atomic)
{
	kept.len = len;
	memcpy(kept.text, report, len);
	kept.atomic = atomic;
	kept.waits = true;
}

bool oom_report_is_atomic(void)
{
	return kept.waits && kept.atomic;
}

/* Memory for the report and as much of the log as there is room for: *ROOM bytes in all. */
static char *make_buffer(const struct store *s, size_t *room)
{
	size_t log = s->config.media.size / LOG_SHARE;
	char *buffer;

	do {
		*room = kept.len + log;
		buffer = malloc(*room);
		log /= 2;
	} while (!buffer && log);
	return buffer;
}

/* Takes the report that waits, in memory that is the caller's; NULL: there is none for it. */
static char *take(const struct store *s, size_t *len, size_t *room)
{
	char *buffer = make_buffer(s, room);

	if (buffer) {
		memcpy(buffer, kept.text, kept.len);
		*len = kept.len;
	}
	kept.waits = false;
	return buffer;
}

static int write(struct store *s)
{
	size_t len = 0, room = 0;
	char *text;
	int err = task_lock();

	if (err)
		return err;
	text = take(s, &len, &room);
	task_unlock();
	if (!text)
		return -ENOMEM;
	len += log_tail(log_dump, text + len, room - len);
	err = store_put(s, ENTRY, strlen(ENTRY), text, (uint32_t)len, NULL, 0, STORE_NEVER);
	free(text);
	return err;
}

void oom_report_write(struct store *s)
{
	int err;

	if (!kept.waits || !s->open)
		return;
	err = write(s);
	if (err)
		pr_warn(ENTRY ": not written: %s", error_text(err));
}
