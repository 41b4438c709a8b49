/* SPDX-License-Identifier: MIT */
/* Free memory that a command uses for itself, reserved meanwhile. */
#include "lib/errors.h"
#include "mm/memblock.h"
#include "mm/memory_lock.h"
#include "shell/command.h"

int shell_take_memory(phys_addr_t base, phys_addr_t size)
{
	int err = memory_lock();

	if (err)
		return err;
	if (!size || size > PHYS_ADDR_MAX - base || !memblock_is_region_memory(base, size) ||
	    !memblock_is_map_memory(base))
		err = -EFAULT;
	else if (memblock_is_region_reserved(base, size))
		err = -EBUSY;
	else
		err = memblock_reserve(base, size);
	memory_unlock();
	return err;
}

void shell_give_back_memory(struct shell_env *env, const char *name, phys_addr_t base,
			    phys_addr_t size)
{
	if (!shell_lock_memory(env, name)) /* it stays reserved */
		return;
	memblock_phys_free(base, size);
	memory_unlock();
}

void shell_not_taken(struct shell_env *env, const char *name, phys_addr_t base, phys_addr_t size,
		     int err)
{
	const char *who = err == -EBUSY && env->holder ? env->holder(base, size) : NULL;
	const char *why = err == -EFAULT  ? "no memory, or not to be mapped"
			  : err == -EBUSY ? "in use"
					  : error_text(err);

	if (err == -ETIMEDOUT) {
		shell_lists_in_use(env, name);
		return;
	}
	shell_printf(env, "%s: not " PRIpa "-" PRIpa ": %s", name, base, base + size - 1, why);
	shell_text_line(env, who ? ": " : "", who);
}
