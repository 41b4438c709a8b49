/* SPDX-License-Identifier: MIT */
/*
 * NOR flash. What is erased or written has to lie in a partition: the one that is named, or, if
 * only a number is given, the one for what a person has to keep there. And the board starts from
 * two of them, which are left alone. --force takes both away.
 */
#include <string.h>

#include "lib/flash.h"
#include "shell/command.h"

#define NUMBERED "payload" /* the partition for addresses without a name */
#define SOURCE_STEP 4096   /* what is mapped is whole pages */

struct place {
	uint32_t off, len;
	const struct flash_partition *in; /* NULL: there is none */
};

static int failed(struct shell_env *env, const char *what)
{
	shell_printf(env, "flash %s: %s\n", what, env->flash->problem);
	return -1;
}

/* ---- info ----------------------------------------------------------------------------------- */

/* A line for each run of blocks of one size. */
static void show_blocks(struct shell_env *env)
{
	const struct flash *f = env->flash;
	uint32_t off = 0, len, next;

	while (off < f->size) {
		uint32_t start = off, count = 0;

		f->block(f, off, &len);
		do {
			count++;
			off += len;
			if (off < f->size)
				f->block(f, off, &next);
		} while (off < f->size && next == len);
		shell_printf(env, "0x%08" PRIx32 "-0x%08" PRIx32 " %5" PRIu32 " blocks of %lu\n",
			     start, off - 1, count, (unsigned long)len);
	}
}

static int info(struct shell_env *env)
{
	const struct flash *f = env->flash;

	shell_printf(env, "flash: %lu bytes at 0x%08lx\n", (unsigned long)f->size,
		     (unsigned long)f->base);
	show_blocks(env);
	for (unsigned i = 0; i < f->partition_count; i++) {
		const struct flash_partition *p = &f->partitions[i];

		shell_printf(env, "0x%08" PRIx32 "-0x%08" PRIx32 " %12lu bytes", p->off,
			     p->off + p->size - 1, (unsigned long)p->size);
		shell_text_line(env, "  ", p->name);
	}
	return 0;
}

/* ---- ranges --------------------------------------------------------------------------------- */

/* Reads WORD, which is NUMBER, PARTITION or PARTITION+NUMBER. */
static bool get_offset(struct shell_env *env, const char *word, struct place *p)
{
	const struct flash *f = env->flash;
	size_t name = strcspn(word, "+");
	uint64_t value = 0;

	if (*word >= '0' && *word <= '9') {
		p->in = flash_find(f, NUMBERED, strlen(NUMBERED));
		if (!shell_number(env, "ADDR", word, 0, f->size - 1, &value))
			return false;
		p->off = (uint32_t)value;
		return true;
	}
	p->in = flash_find(f, word, name);
	if (!p->in) {
		shell_printf(env, "flash: there is no partition \"");
		shell_word(env, word);
		shell_printf(env, "\": flash info lists those that there are\n");
		return false;
	}
	if (word[name] && !shell_number(env, "ADDR", word + name + 1, 0, p->in->size - 1, &value))
		return false;
	p->off = p->in->off + (uint32_t)value;
	return true;
}

static bool get_place(struct shell_env *env, const char *addr, const char *len, struct place *p)
{
	uint64_t value;

	if (!get_offset(env, addr, p) ||
	    !shell_number(env, "LEN", len, 1, env->flash->size - p->off, &value))
		return false;
	p->len = (uint32_t)value;
	return true;
}

static bool may_change(struct shell_env *env, const char *what, const struct place *p, bool force)
{
	bool inside = p->in && p->off >= p->in->off && p->off - p->in->off <= p->in->size &&
		      p->len <= p->in->size - (p->off - p->in->off);

	if (force || (inside && !(env->images && env->images->starts_board(p->in->name))))
		return true;
	shell_printf(env, "flash %s: not done: ", what);
	if (inside)
		shell_printf(env, "the board starts from ");
	else
		shell_printf(env, "0x%lx+0x%lx is not all in partition ", (unsigned long)p->off,
			     (unsigned long)p->len);
	shell_word(env, p->in ? p->in->name : NUMBERED);
	shell_printf(env, ": --force does it\n");
	return false;
}

/* ---- the rest ------------------------------------------------------------------------------- */

static int show(struct shell_env *env, char *argv[])
{
	uint32_t words[SHELL_ROW];
	struct place p;

	if (!get_place(env, argv[2], argv[3], &p))
		return -1;
	p.len += p.off % FLASH_WORD; /* whole words are shown */
	p.off -= p.off % FLASH_WORD;
	p.len = ROUND_UP(p.len, FLASH_WORD);
	for (uint32_t n; p.len; p.off += n, p.len -= n) {
		n = p.len < sizeof(words) ? p.len : (uint32_t)sizeof(words);
		if (flash_read(env->flash, p.off, words, n))
			return failed(env, "read");
		shell_row(env, p.off, words, (int)(n / FLASH_WORD));
	}
	return 0;
}

static int erase(struct shell_env *env, char *argv[], bool force)
{
	struct place p;

	if (!get_place(env, argv[2], argv[3], &p) || !may_change(env, "erase", &p, force))
		return -1;
	if (flash_erase(env->flash, p.off, p.len))
		return failed(env, "erase");
	shell_printf(env, "flash erase: %lu bytes\n", (unsigned long)p.len);
	return 0;
}

static bool readable(struct shell_env *env, uintptr_t src, uint32_t len)
{
	int err = env->may_access(src + len - 1, false);

	for (uint32_t done = 0; !err && done < len; done += SOURCE_STEP)
		err = env->may_access(src + done, false);
	if (err)
		shell_failed(env, "flash write: SRC", err);
	return !err;
}

static int write(struct shell_env *env, char *argv[], bool force)
{
	uint64_t src;
	struct place p;

	if (!get_place(env, argv[2], argv[4], &p) ||
	    !shell_number(env, "SRC", argv[3], 0, UINTPTR_MAX - p.len, &src) ||
	    !may_change(env, "write", &p, force) || !readable(env, (uintptr_t)src, p.len))
		return -1;
	if (flash_write(env->flash, p.off, (const void *)(uintptr_t)src, p.len))
		return failed(env, "write");
	shell_printf(env, "flash write: %lu bytes\n", (unsigned long)p.len);
	return 0;
}

int cmd_flash(struct shell_env *env, int argc, char *argv[])
{
	bool force = !strcmp(argv[argc - 1], "--force");

	argc -= force;
	if (!env->flash) {
		shell_printf(env, "flash: there is none in the device tree\n");
		return -1;
	}
	if (argc == 2 && !force && !strcmp(argv[1], "info"))
		return info(env);
	if (argc == 4 && !force && !strcmp(argv[1], "read"))
		return show(env, argv);
	if (argc == 4 && !strcmp(argv[1], "erase"))
		return erase(env, argv, force);
	if (argc == 5 && !strcmp(argv[1], "write"))
		return write(env, argv, force);
	return COMMAND_USAGE;
}
