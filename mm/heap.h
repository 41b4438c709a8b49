/* SPDX-License-Identifier: MIT */
/*
 * The memory under newlib's malloc: one range of memblock's. What malloc does not use of its end
 * can be given back, and is taken again when malloc needs it, if nobody else has it by then.
 *
 * From when other cores run, all of this takes memory_lock() by itself: malloc must not be called
 * with it.
 */
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

/** The bytes that are reserved for the heap now; 0 before heap_init(). */
size_t heap_size(void);

/**
 * How many whole pages behind what malloc has taken are reserved for it, without KEEP of them.
 * Without memory_lock() another core may move both ends meanwhile: then it is off by that much,
 * but never more than is or was held.
 */
uint32_t heap_unused(uint32_t keep);

/**
 * Frees the pages behind what malloc has taken in memblock but for the first KEEP; before that,
 * with TRIM, malloc gives up what it does not need of its end. Returns how many pages these were; 0
 * also if memory_lock() cannot be had, or memblock's list has no room for the hole that would be
 * left. Not with memory_lock(), and with TRIM not within malloc.
 */
uint32_t heap_give_back(bool trim, uint32_t keep);

/** The heap's address; 0 before heap_init(). */
phys_addr_t heap_base(void);

#endif
