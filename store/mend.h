/* SPDX-License-Identifier: MIT */
/*
 * The chain of slots where damage broke it: sizes and tags that no cut leaves. Every slot says its
 * size twice, at its start and at its end, so one of the two is lost without loss; where both are,
 * the slots around the damage tell where it ends. The rules are in docs/SPEC.md, "Damage".
 */
#ifndef CAIRN_STORE_MEND_H
#define CAIRN_STORE_MEND_H

#include "store/slot.h"
#include "store/store.h"

/** What is to be written to make one broken place whole: one to three slots, [start, end). */
struct mend {
	uint32_t start, end;
	uint32_t left;   /**< size of the first slot by its header; 0: that says nothing */
	uint32_t right;  /**< size of the last slot by its tag; 0: that says nothing */
	uint32_t middle; /**< what is left between them: a slot to be kept aside, of that size */
};

/** What is known of the damage while a walk goes through the chain once; all 0 at first. */
struct mend_state {
	uint32_t back;    /**< slots that agree lead back to here from the chain's end */
	uint32_t planned; /**< the end of the last place that was planned */
	uint32_t refused; /**< the `back` before which there is no slot whose header was hit */
	uint32_t sound;   /**< like `back`, but they were not followed beyond the broken place */
	uint64_t budget;  /**< bytes whose checksums may still be worked out */
	uint64_t looks;   /**< bytes in which the ends of slots may still be looked for */
};

/**
 * How to make the chain whole from OFF, where slot_fit() says it is broken, up to m->end; ST knows
 * the places before it. Only reads. m->start may lie before OFF: what was taken for slots between
 * the two is inside of one whose size was hit. All places together cost some walks of the chain,
 * some hundred looks each, and the checksums of four times its bytes at most.
 */
void mend_plan(const struct store *s, struct mend_state *st, uint32_t off, struct mend *m);

/**
 * Writes what mend_plan() found. Cut anywhere, it can be planned and done again; if several places
 * were hit, more of what lies between them may be kept aside then.
 */
void mend_write(struct store *s, const struct mend *m);

/** One line that says what is wrong there, and WHAT is done about it ("mended"). */
void mend_report(const struct store *s, const struct mend *m, const char *what);

#endif
