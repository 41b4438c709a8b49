/* SPDX-License-Identifier: MIT */
/*
 * The selector's partition: parts of one size, the first one for its code, an area of records in
 * each of the rest. Numbers only: the selector's linker script reads them, too.
 */
#ifndef CAIRN_BOOT_SELECTION_PARTS_H
#define CAIRN_BOOT_SELECTION_PARTS_H

#define SELECTION_AREAS 4
#define SELECTION_PARTS (1 + SELECTION_AREAS)

#endif
