/* SPDX-License-Identifier: MIT */
/* What each parameter of the command line does. */
#ifndef CAIRN_BOOT_PARAMS_H
#define CAIRN_BOOT_PARAMS_H

#include "boot/boot.h"

struct param {
	const char *name;
	/** VALUE is what follows '='; NULL if there is none. It does not outlive the call. NULL:
	 * nothing. */
	void (*set)(struct boot *b, const char *value);
};

/**
 * Takes the parameters of b->cmdline in order and calls what the COUNT entries at TABLE have for
 * each, or UNKNOWN, which may be NULL.
 */
void params_each(struct boot *b, const struct param *table, size_t count,
		 void (*unknown)(const char *name));

/** What has to be known before anything can go wrong: cairn.semihosting and cairn.panic. */
void params_early(struct boot *b);

/** Memory, reservations and everything else but the console. Unknown cairn. parameters are a line.
 */
void params_memory(struct boot *b);

#endif
