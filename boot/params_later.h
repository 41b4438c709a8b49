/* SPDX-License-Identifier: MIT */
/* Parameters for what Cairn does when it is up: confirming its image, saving by itself, handing the
 * machine over. */
#ifndef CAIRN_BOOT_PARAMS_LATER_H
#define CAIRN_BOOT_PARAMS_LATER_H

#include "boot/boot.h"

/**
 * Reads VALUE, that of the parameter cairn.NAME, as a number from 0 to MAX into *NUMBER. If it is
 * none *NUMBER stays, and a line says that EXPECTED was. VALUE may be NULL.
 */
void params_number(const char *name, const char *expected, const char *value, uint32_t max,
		   uint32_t *number);

/** cairn.autosave=SECONDS */
void params_autosave(struct boot *b, const char *value);

/** cairn.boot=ADDR|flash */
void params_boot(struct boot *b, const char *value);

/** cairn.bootdelay=SECONDS */
void params_boot_delay(struct boot *b, const char *value);

/** cairn.image=A|B, or what is there if no selector replaced it */
void params_image(struct boot *b, const char *value);

/** cairn.confirm=manual */
void params_confirm(struct boot *b, const char *value);

/** Reads TEXT, an address or "flash", as the place of a payload. False if it is neither. */
bool params_payload(const char *text, struct payload_place *place);

#endif
