/* SPDX-License-Identifier: MIT */
/* One operation of a random sequence. */
#ifndef CAIRN_TESTS_UNIT_STORE_TEST_OPS_H
#define CAIRN_TESTS_UNIT_STORE_TEST_OPS_H

#include "tests/unit/store_test_put.h"
#include "tests/unit/store_test_restart.h"
#include "tests/unit/store_test_walk.h"

static inline bool ops_tick(struct ops_world *w, const struct op *op)
{
	w->clock += op->fill % 40;
	return true;
}

/* Does it and compares everything with what must be. */
static inline bool ops_step(struct ops_world *w, const struct op *op)
{
	switch (op->kind) {
	case OP_PUT:
		return ops_put(w, op);
	case OP_PUT_IF:
		return ops_put_if(w, op);
	case OP_PUT_VIEW:
		return ops_put_view(w, op);
	case OP_GET:
		return ops_get(w, op);
	case OP_PIN:
		return ops_pin(w, op);
	case OP_RELEASE:
		return ops_release(w, op);
	case OP_READ:
		return ops_read(w, op);
	case OP_CONTAINS:
		return ops_contains(w, op);
	case OP_DELETE:
		return ops_delete(w, op);
	case OP_CLEAR:
		return ops_clear(w);
	case OP_PURGE:
		return ops_purge(w, op);
	case OP_PROCESS:
		return ops_process(w, op);
	case OP_BUSY:
		return ops_busy(w, op);
	case OP_COMPACT:
		return ops_compact(w, op);
	case OP_TICK:
		return ops_tick(w, op);
	case OP_REOPEN:
		return ops_reopen(w, op);
	case OP_CRASH:
		return ops_crash(w, op);
	case OP_COPY:
		return ops_copy(w);
	case OP_REFORMAT:
		return ops_reformat(w, op->fill);
	case OP_BAD:
		return ops_bad(w, op);
	}
	return false;
}

#endif
