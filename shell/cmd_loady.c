/* SPDX-License-Identifier: MIT */
/* A file that comes by YMODEM over the console, to memory that nobody uses, and stays there. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/errors.h"
#include "lib/ymodem.h"
#include "mm/loaded.h"
#include "shell/command.h"

#define NAME_MAX_SHOWN 64

/* One run of the command. Nothing is said while the sender listens. */
struct loading {
	struct shell_env *env;
	phys_addr_t base, size; /* what is reserved for the file */
	int refused;            /* why that could not be */
	uint32_t came;
	char name[NAME_MAX_SHOWN];
};

static int get(void *ctx, uint32_t ms)
{
	struct deadline end = deadline_after(ms * NS_PER_MS);
	struct loading *l = ctx;
	int byte;

	do {
		byte = l->env->typed(l->env->ctx);
	} while (byte < 0 && !deadline_passed(&end));
	return byte;
}

static void put(void *ctx, const char *bytes, size_t len)
{
	struct loading *l = ctx;

	l->env->write(l->env->ctx, bytes, len);
}

static int begin(void *ctx, const char *name, uint32_t size)
{
	struct loading *l = ctx;

	snprintf(l->name, sizeof(l->name), "%s", name);
	l->size = size;
	l->refused = loaded_drop();
	if (!l->refused && size)
		l->refused = shell_take_memory(l->base, size);
	return l->refused;
}

static int data(void *ctx, const uint8_t *bytes, uint32_t len)
{
	struct loading *l = ctx;

	memcpy((void *)((uintptr_t)l->base + l->came), bytes, len);
	l->came += len;
	return 0;
}

static const char *reason(int err)
{
	switch (err) {
	case -ECANCELED:
		return "cancelled";
	case -ETIMEDOUT:
		return "no sender answers";
	case -EPROTO:
		return "the sender's blocks are out of order";
	case -EDOM:
		return "the sender does not say how long the file is";
	case -ENODATA:
	case -EFBIG:
		return "the file is not as long as the sender said";
	default:
		return error_text(err);
	}
}

/* Whether a file may begin at BASE: its memory is free, or was a former one's. If not, says why. */
static bool may_begin(struct shell_env *env, phys_addr_t base)
{
	phys_addr_t old, size = loaded_range(&old);
	int err;

	if (base >= old && base - old < size)
		return true;
	err = shell_take_memory(base, 1);
	if (err) {
		shell_not_taken(env, "loady", base, 1, err);
		return false;
	}
	shell_give_back_memory(env, "loady", base, 1);
	return true;
}

int cmd_loady(struct shell_env *env, int argc, char *argv[])
{
	struct loading l = {.env = env};
	const struct ymodem_io io = {
		.get = get, .put = put, .begin = begin, .data = data, .ctx = &l};
	int err, unkept = 0;
	uint64_t base;

	(void)argc;
	if (!shell_number(env, "ADDR", argv[1], 1, PHYS_ADDR_MAX, &base))
		return -1;
	l.base = (phys_addr_t)base;
	if (!may_begin(env, l.base))
		return -1;
	shell_printf(env, "loady: send one file by YMODEM; Ctrl-C ends the wait\n");
	err = ymodem_receive(&io);
	shell_printf(env, "\n");
	if (l.refused) {
		shell_not_taken(env, "loady", l.base, l.size, l.refused);
		return -1;
	}
	if (!err && l.size)
		unkept = loaded_keep(l.base, l.size);
	if ((err || unkept) && l.size)
		shell_give_back_memory(env, "loady", l.base, l.size);
	shell_printf(env, "loady: %s%s%lu bytes at " PRIpa, err ? reason(err) : "", err ? ": " : "",
		     (unsigned long)l.came, l.base);
	shell_text_line(env, ": ", l.name);
	if (unkept)
		shell_printf(env, "loady: its memory is free again: no task " LOADED_TASK ": %s\n",
			     error_text(unkept));
	return err || unkept ? -1 : 0;
}
