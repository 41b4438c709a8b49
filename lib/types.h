/* SPDX-License-Identifier: MIT */
/*
 * Types and small arithmetic that every layer uses.
 *
 * phys_addr_t is 32 bits wide on the board and, with CONFIG_PHYS_ADDR_T_64BIT, 64 bits in the host
 * builds. Addresses are half-open [base, end) everywhere in the code; only the memblock trace
 * prints inclusive ends, because Linux does. Sizes are bytes.
 */
#ifndef CAIRN_LIB_TYPES_H
#define CAIRN_LIB_TYPES_H

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef PRIx64
#define PRIx64 "llx" /* newlib's <inttypes.h> leaves it out; there uint64_t is a long long */
#endif

#ifdef CONFIG_PHYS_ADDR_T_64BIT
typedef uint64_t phys_addr_t;
/** printf conversion of a phys_addr_t, zero-padded to its width as Linux's %pa prints it. */
#define PRIpa "0x%016" PRIx64
#else
typedef uint32_t phys_addr_t;
#define PRIpa "0x%08" PRIx32
#endif

#ifndef PHYS_ADDR_MAX
#define PHYS_ADDR_MAX (~(phys_addr_t)0)
#endif

#ifndef PAGE_SHIFT
#define PAGE_SHIFT 12
#endif
#ifndef PAGE_SIZE
#define PAGE_SIZE 4096UL
#endif

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#endif

#define KIB(n) ((n)*1024U)
#define MIB(n) KIB((n)*1024U)

/** For what is small or called from one hot place, and slow when it is not part of it. */
#define ALWAYS_INLINE inline __attribute__((always_inline))

/**
 * For what is seldom called and lies beside what is called all the time: it is to be small. On the
 * definition, so that no caller is compiled for a call that never comes; on the prototype where the
 * caller, which is in another file, is to be: its own way is the one past the call then.
 */
#define SELDOM __attribute__((cold))

/** Has the compiler check the arguments of a printf-like function against its format. */
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

/**
 * A variable that a warm reset keeps: no boot loads or clears it (linker/image.ld). What it holds
 * at the first use is anything, and must be checked.
 */
#define KEPT __attribute__((section(".noinit")))

/** Rounds V down to a multiple of the power of two A. Cannot wrap. */
#define ROUND_DOWN(v, a) ((v) & ~((__typeof__(v))(a)-1))

/** Rounds V up to a multiple of the power of two A. Wraps to 0 above the type's last multiple. */
#define ROUND_UP(v, a) ROUND_DOWN((v) + ((__typeof__(v))(a)-1), a)

#endif
