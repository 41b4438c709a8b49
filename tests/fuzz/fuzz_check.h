/* SPDX-License-Identifier: MIT */
/* What each fuzzer checks with. A check that fails is a crash. */
#ifndef CAIRN_TESTS_FUZZ_FUZZ_CHECK_H
#define CAIRN_TESTS_FUZZ_FUZZ_CHECK_H

#include "lib/types.h"

/** Says what does not hold, with what the fuzzer knows of how it came to that, and crashes. */
void fuzz_fail(const char *file, int line, const char *fmt, ...) PRINTF_LIKE(3, 4)
	__attribute__((noreturn));

#define CHECK(holds, ...)                                           \
	do {                                                        \
		if (!(holds))                                       \
			fuzz_fail(__FILE__, __LINE__, __VA_ARGS__); \
	} while (0)

#endif
