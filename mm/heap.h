/* SPDX-License-Identifier: MIT */
/* The memory under newlib's malloc: one range, given once by memblock. */
#ifndef CAIRN_MM_HEAP_H
#define CAIRN_MM_HEAP_H

#include "lib/types.h"

/**
 * Reserves SIZE bytes from memblock for malloc, or the largest power-of-two part of it that there
 * is room for, down to one page. Until then, and if this fails, _sbrk() refuses and malloc()
 * returns NULL. Returns the size given, or -ENOMEM.
 */
long heap_init(size_t size);

/** Bytes of the heap that malloc has taken, the heap's size and its address; all 0 before heap_init(). */
size_t heap_used(void);
phys_addr_t heap_base(void);
size_t heap_size(void);

#endif
