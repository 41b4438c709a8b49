/* SPDX-License-Identifier: MIT */
/*
 * Included in front of store/share.c for store_stress: before each atomic access, and behind each
 * store, other threads may have their turn, so that what is to be safe in between is tried there.
 */
#ifndef CAIRN_TESTS_THREADS_PAUSES_H
#define CAIRN_TESTS_THREADS_PAUSES_H

#include <stdatomic.h>

/** Now and then lets other threads go on. */
void between_accesses(void);

#undef atomic_load
#undef atomic_load_explicit
#undef atomic_store
#undef atomic_store_explicit
#define atomic_load(p) atomic_load_explicit(p, memory_order_seq_cst)
#define atomic_load_explicit(p, order) (between_accesses(), __atomic_load_n(p, order))
#define atomic_store(p, value) atomic_store_explicit(p, value, memory_order_seq_cst)
#define atomic_store_explicit(p, value, order) \
	(between_accesses(), __atomic_store_n(p, value, order), between_accesses())

#endif
