/* SPDX-License-Identifier: MIT */
/*
 * What Linux's memblock.c calls when its array is full and may grow. In the benchmark it is never
 * full, so none of this runs. (What else it calls goes with the functions that nobody uses.)
 */
#include <stdbool.h>
#include <stddef.h>

bool slab_is_available(void);
void *kmalloc(size_t size, unsigned flags);
void *kzalloc_node(size_t size, unsigned flags, int node);
void kfree(const void *ptr);

/* Whether hotpluggable memory is kept free (movable_node on the command line). */
extern bool movable_node_enabled;
bool movable_node_enabled;

bool slab_is_available(void)
{
	return false;
}

void *kmalloc(size_t size, unsigned flags)
{
	(void)size;
	(void)flags;
	return NULL;
}

void kfree(const void *ptr)
{
	(void)ptr;
}
