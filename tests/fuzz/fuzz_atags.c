/* SPDX-License-Identifier: MIT */
/* The input is an ATAG list, over the fixed tree. Behind its end the list starts again, so that
 * long ones and those without an end are near. */
#include "tests/fuzz/fuzz_boot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_put(data, size, true);
	fuzz_boot(fuzz_hash(data, size));
	return 0;
}
