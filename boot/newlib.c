/* SPDX-License-Identifier: MIT */
/*
 * What libraries that were compiled for a system call when something is wrong. In newlib's place:
 * its own raise signals and write to files, and there are neither. Memory comes from mm/heap.c.
 */
#include <stdint.h>
#include <stdlib.h>

#include "boot/exception.h"

/* Debian's libfdt keeps this word behind its arrays; the zeros end a string that runs over. */
extern const uintptr_t __stack_chk_guard;
const uintptr_t __stack_chk_guard = 0x00ff0a00;

_Noreturn void __stack_chk_fail(void);

_Noreturn void __stack_chk_fail(void)
{
	panic("a function of a library has overrun its stack frame");
}

_Noreturn void abort(void)
{
	panic("a library has called abort()");
}
