/* SPDX-License-Identifier: MIT */
/* The memory under newlib's malloc: one range, given once by memblock. */
#ifndef CAIRN_MM_HEAP_H
#define CAIRN_MM_HEAP_H

#include "lib/types.h"

/**
 * The first SIZE free bytes in memblock's direction, at a multiple of ALIGN, that are memory
 * indeed: each page keeps what is written to it, as those that mem= claimed beyond the end may not.
 * 0: there are none. Reserves nothing.
 */
phys_addr_t heap_find(size_t size, phys_addr_t align);

/**
 * Reserves SIZE bytes from memblock for malloc, or the largest power-of-two part of it that there
 * is room for, down to one page. Memory that does not keep what is written to it (mem= may have
 * claimed more than there is) is passed over. Until then, and if this fails, _sbrk() refuses and
 * malloc() returns NULL. Returns the size given, or -ENOMEM.
 */
long heap_init(size_t size);

/** Bytes of the heap that malloc has taken; 0 before heap_init(). */
size_t heap_used(void);

/** The heap's size in bytes; 0 before heap_init(). */
size_t heap_size(void);

/** The heap's address; 0 before heap_init(). */
phys_addr_t heap_base(void);

#endif
