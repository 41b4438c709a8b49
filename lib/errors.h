/* SPDX-License-Identifier: MIT */
/* Errors are negative errno values; each that Cairn returns has a sentence. */
#ifndef CAIRN_LIB_ERRORS_H
#define CAIRN_LIB_ERRORS_H

#include <errno.h>

/**
 * What ERR (a negative errno value, or its positive) means, as a clause without capital or full
 * stop. A value that Cairn never returns gives "unknown error". Never NULL; do not free.
 */
const char *error_text(int err);

#endif
