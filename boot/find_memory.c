/* SPDX-License-Identifier: MIT */
#include "boot/find_memory.h"

#include "boot/memory.h"
#include "boot/params.h"
#include "boot/reserve.h"
#include "lib/log.h"
#include "mm/memblock.h"

void find_memory(struct boot *b, uint64_t load)
{
	memory_scan(b, load);
	reserve_tree(b);
	reserve_find_initrd(b);
	params_memory(b);
	reserve_all(b);
	if (!memblock_phys_mem_size())
		pr_err("no memory: no node of the device tree and no mem= gives any: there is no "
		       "heap and no store");
}
