/* SPDX-License-Identifier: MIT */
/*
 * What Linux's memblock.[ch] take from the rest of a kernel, for a board without one, where the
 * headers of Linux's tools folder do not compile. It is included before anything else; the headers
 * that memblock includes by name are empty files then. What only runs when the kernel's own
 * allocators take over is declared and not there: the linker drops the functions that call it.
 */
#ifndef CAIRN_BENCH_LINUX_H
#define CAIRN_BENCH_LINUX_H

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "lib/types.h"

typedef uint32_t u32;
typedef uint64_t u64;
typedef unsigned gfp_t;
typedef int atomic_long_t;

struct page {
	char unused;
};
struct zone {
	atomic_long_t managed_pages;
};
typedef struct pglist_data {
	struct zone node_zones[1];
} pg_data_t;

#define MAX_NR_ZONES 1
#define MAX_ORDER 11
#define MAX_NUMNODES 1
#define NUMA_NO_NODE (-1)
#define SMP_CACHE_BYTES 64
#define GFP_KERNEL 0
#define GFP_NOWAIT 0

/* Where code and data go, what is exported, hints to the compiler. */
#define __init
#define __initdata
#define __meminit
#define __meminitdata
#define __refdata
#define EXPORT_SYMBOL(name)
#define early_param(name, fn)
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define IS_ENABLED(option) 0
#define _RET_IP_ ((unsigned long)(uintptr_t)__builtin_return_address(0))

/* Arithmetic. */
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define min_t(type, a, b) min((type)(a), (type)(b))
#define max_t(type, a, b) max((type)(a), (type)(b))
#define clamp(v, lo, hi) min(max(v, lo), hi)
#define round_down(v, a) ROUND_DOWN(v, a)
#define round_up(v, a) ROUND_UP(v, a)
#define ALIGN(v, a) ROUND_UP(v, a)
#define PAGE_ALIGN(v) ROUND_UP(v, PAGE_SIZE)
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define PFN_UP(v) ((unsigned long)(((v) + PAGE_SIZE - 1) >> PAGE_SHIFT))
#define PFN_DOWN(v) ((unsigned long)((v) >> PAGE_SHIFT))
#define PFN_PHYS(v) ((phys_addr_t)(v) << PAGE_SHIFT)
#define __ffs(v) ((unsigned long)__builtin_ctzl(v))

/* Physical and virtual addresses are the same. */
#define __pa(v) ((phys_addr_t)(uintptr_t)(v))
#define __va(v) ((void *)(uintptr_t)(v))
#define phys_to_virt(v) __va(v)

/* Complaints stay quiet; what they look at is still looked at. */
#define WARN_ON(condition) unlikely(condition)
#define WARN_ON_ONCE(condition) unlikely(condition)
#define WARN_ONCE(condition, ...) unlikely(condition)
#define BUG_ON(condition) ((void)(unlikely(condition) ? (__builtin_trap(), 0) : 0))
#define pr_err(...) ((void)0)
#define pr_info(...) ((void)0)
#define pr_warn(...) ((void)0)
#define pr_warn_ratelimited(...) ((void)0)
#define panic(...) __builtin_trap()
#define dump_stack() ((void)0)
#define kmemleak_alloc_phys(phys, size, gfp) ((void)0)
#define kmemleak_free_part_phys(phys, size) ((void)0)

/* Not called in the benchmark: see linux_env.c for those that the linker wants all the same. */
extern bool movable_node_enabled;
#define movable_node_is_enabled() movable_node_enabled
#define mirrored_kernelcore false
bool slab_is_available(void);
void *kmalloc(size_t size, gfp_t flags);
void *kzalloc_node(size_t size, gfp_t flags, int node);
void kfree(const void *ptr);
void memblock_free_pages(struct page *page, unsigned long pfn, unsigned order);
void reserve_bootmem_region(phys_addr_t start, phys_addr_t end);
void totalram_pages_add(long count);
void totalram_pages_inc(void);
void atomic_long_set(atomic_long_t *v, long i);
struct page *pfn_to_page(unsigned long pfn);
struct pglist_data *first_online_pgdat(void);
#define for_each_online_pgdat(p) for ((p) = first_online_pgdat(); (p); (p) = NULL)

#endif
