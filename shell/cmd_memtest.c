/* SPDX-License-Identifier: MIT */
/* A test of the memory that nobody uses. What is tested is reserved meanwhile. */
#include <errno.h>

#include "mm/memblock.h"
#include "mm/memory_lock.h"
#include "mm/memtest.h"
#include "shell/command.h"

#define ALIGN 64 /* whole cache lines are tested, so that no neighbour's is dropped */
#define FAULTS_SHOWN 16

/* One run of the command. */
struct tester {
	struct shell_env *env;
	uint32_t faults;
	uint64_t tested;
	bool stopped;
};

static void write_words(void *ctx, phys_addr_t addr, const uint32_t *words, size_t count)
{
	volatile uint32_t *to = (volatile uint32_t *)(uintptr_t)addr;
	struct tester *t = ctx;

	for (size_t i = 0; i < count; i++)
		to[i] = words[i];
	if (t->env->flush)
		t->env->flush((const void *)(uintptr_t)addr, count * sizeof(*words));
}

static void read_words(void *ctx, phys_addr_t addr, uint32_t *words, size_t count)
{
	const volatile uint32_t *from = (const volatile uint32_t *)(uintptr_t)addr;
	struct tester *t = ctx;

	if (t->env->flush)
		t->env->flush((const void *)(uintptr_t)addr, count * sizeof(*words));
	for (size_t i = 0; i < count; i++)
		words[i] = from[i];
}

static void show_fault(void *ctx, const struct memtest_fault *f)
{
	struct tester *t = ctx;

	if (t->faults++ < FAULTS_SHOWN)
		shell_printf(t->env,
			     PRIpa ": %s: wrote %08" PRIx32 ", read %08" PRIx32 ", bits %08" PRIx32
				   "\n",
			     f->addr, f->test, f->written, f->read, f->written ^ f->read);
}

static bool key_hit(void *ctx)
{
	struct tester *t = ctx;

	t->stopped |= t->env->typed(t->env->ctx) >= 0;
	return t->stopped;
}

/*
 * Reserves the first free range that ends above AT, as far as whole lines go. 0, -ENOENT: none is
 * left, or -1 after a line.
 */
static int take_next(struct shell_env *env, phys_addr_t at, phys_addr_t *base, phys_addr_t *size)
{
	phys_addr_t start, end;
	int err = -ENOENT;
	uint64_t i;

	if (!shell_lock_memory(env, "memtest"))
		return -1;
	for_each_free_mem_range (i, NUMA_NO_NODE, MEMBLOCK_NONE, &start, &end, NULL) {
		start = ROUND_UP(start > at ? start : at, ALIGN);
		end = ROUND_DOWN(end, ALIGN);
		if (start && start < end) {
			*base = start;
			*size = end - start;
			err = memblock_reserve(start, end - start);
			if (err)
				err = shell_failed(env, "memtest", err);
			break;
		}
	}
	memory_unlock();
	return err;
}

static void test_range(struct tester *t, phys_addr_t base, phys_addr_t size)
{
	const struct memtest test = {
		.ctx = t,
		.write = write_words,
		.read = read_words,
		.fault = show_fault,
		.stop = key_hit,
	};

	shell_printf(t->env, "testing " PRIpa "-" PRIpa "\n", base, base + size - 1);
	if (memtest_run(&test, base, size) != -ECANCELED)
		t->tested += size;
	shell_give_back_memory(t->env, "memtest", base, size);
}

static bool take_named(struct shell_env *env, char *argv[], phys_addr_t *base, phys_addr_t *size)
{
	uint64_t addr, len;
	int err;

	if (!shell_number(env, "ADDR", argv[1], ALIGN, PHYS_ADDR_MAX - ALIGN, &addr) ||
	    !shell_number(env, "SIZE", argv[2], ALIGN, PHYS_ADDR_MAX - addr, &len))
		return false;
	if (addr % ALIGN || len % ALIGN) {
		shell_printf(env, "ADDR and SIZE: multiples of %u were expected\n", ALIGN);
		return false;
	}
	*base = (phys_addr_t)addr;
	*size = (phys_addr_t)len;
	err = shell_take_memory(*base, *size);
	if (err)
		shell_not_taken(env, "memtest", *base, *size, err);
	return !err;
}

int cmd_memtest(struct shell_env *env, int argc, char *argv[])
{
	struct tester t = {.env = env};
	phys_addr_t base, size, next = PAGE_SIZE; /* the first page is mapped nowhere */
	int err = 0;

	if (argc == 2)
		return COMMAND_USAGE;
	if (argc == 3) {
		if (!take_named(env, argv, &base, &size))
			return -1;
		test_range(&t, base, size);
	} else {
		for (; !t.stopped && !(err = take_next(env, next, &base, &size));
		     next = base + size)
			test_range(&t, base, size);
	}
	shell_printf(env, "memtest: %llu kB tested, %lu faults%s\n",
		     (unsigned long long)t.tested / 1024, (unsigned long)t.faults,
		     t.stopped ? ", stopped by a key" : "");
	return t.faults || t.stopped || (err && err != -ENOENT) ? -1 : 0;
}
