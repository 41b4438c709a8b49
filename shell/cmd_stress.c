/* SPDX-License-Identifier: MIT */
/*
 * A load whose traces can be checked to the last entry (docs/shell.md has the sequence).
 *
 * Step N is one call of the store, and what it does follows from N alone. So the entries after step
 * N follow from N as well, and N follows from the entries: the highest number in them is that of
 * the last put, and only a delete can have come after it, of another key than that put.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/errors.h"
#include "lib/number.h"
#include "shell/command.h"

#define PREFIX "stress/"
#define KEYS 16U
#define KEY_LEN (sizeof(PREFIX "00") - 1)
#define TEXT_MAX 4096 /* bytes of a value behind its number */
#define VALUE_MAX (20 + 1 + TEXT_MAX)

struct step {
	bool put; /* else: delete */
	uint32_t key, text_len;
};

static uint32_t scramble(uint64_t number)
{
	return (uint32_t)number * 2654435761U;
}

static uint32_t put_key(uint64_t number)
{
	return (scramble(number) >> 16) % KEYS;
}

static struct step step_of(uint64_t number)
{
	uint32_t mixed = scramble(number);

	if (number % 4 == 0)
		return (struct step){.key = (put_key(number - 1) + 1 + (mixed >> 16) % (KEYS - 1)) %
					    KEYS};
	return (struct step){.put = true,
			     .key = put_key(number),
			     .text_len = mixed >> 8 & (number % 16 == 5 ? TEXT_MAX - 1 : 255)};
}

static void make_key(char key[KEY_LEN + 1], uint32_t index)
{
	snprintf(key, KEY_LEN + 1, PREFIX "%02u", (unsigned)index % KEYS);
}

static char value[VALUE_MAX + 1]; /* of one command at a time */

/* Makes the value of step NUMBER: the number, a space, and letters that hardly another one has. */
static uint32_t make_value(uint64_t number)
{
	uint32_t state = scramble(number), text = step_of(number).text_len;
	char *to = value + snprintf(value, VALUE_MAX, "%llu ", (unsigned long long)number);

	for (uint32_t i = 0; i < text; i++) {
		state = state * 1664525 + 1013904223;
		*to++ = (char)('a' + (state >> 24) % 26);
	}
	return (uint32_t)(to - value);
}

/* What the entries tell. */
struct verdict {
	struct shell_env *env;
	uint64_t reached; /* the step after which the entries should be these */
	uint32_t wrong;   /* entries that are not as they should be */
};

/*
 * Finds the highest number of all entries, below the one that no other can follow. A value without
 * a number is one that check_key() finds wrong.
 */
static int look_at(void *ctx, const struct store_view *view)
{
	struct verdict *v = ctx;
	char text[21] = "", key[KEY_LEN + 1];
	const char *end;
	uint64_t number;
	uint32_t i = 0;

	do
		make_key(key, i);
	while ((view->key_len != KEY_LEN || memcmp(view->key, key, KEY_LEN)) && ++i < KEYS);
	if (i == KEYS) {
		v->wrong++;
		shell_printf(v->env, "stress: ");
		shell_escaped(v->env, view->key, view->key_len);
		shell_printf(v->env, " is not of this sequence\n");
		return 0;
	}
	memcpy(text, view->data, view->data_len < 20 ? view->data_len : 20);
	if (!number_parse(text, &number, &end) && number < UINT64_MAX && number > v->reached)
		v->reached = number;
	return 0;
}

/* Compares the entry of key INDEX with what step LAST, the last one for that key, should have left.
 */
static void check_key(struct verdict *v, uint32_t index, uint64_t last)
{
	bool put = step_of(last).put;
	uint32_t len = make_value(last);
	struct store_view view;
	char key[KEY_LEN + 1];
	int err;

	make_key(key, index);
	err = store_get(v->env->store, key, KEY_LEN, &view);
	if (err == -ENOENT && !put)
		return;
	if (!err) {
		bool same = put && view.data_len == len && !memcmp(view.data, value, len);

		store_release(v->env->store, &view);
		if (same)
			return;
	}
	v->wrong++;
	shell_printf(v->env, "stress: %s should %s number %llu: %s\n", key,
		     put ? "hold" : "be gone since", (unsigned long long)last,
		     err ? error_text(err) : "it holds something else");
}

static void check_keys(struct verdict *v)
{
	uint32_t left = (1U << KEYS) - 1;

	for (uint64_t n = v->reached; left; n--) {
		uint32_t keys =
			n ? 1U << step_of(n).key & left : left; /* before 1 there was none */

		for (uint32_t i = 0; i < KEYS; i++)
			if (keys & 1U << i)
				check_key(v, i, n);
		left &= ~keys;
	}
}

/* Finds out how far an earlier run came, and whether its entries are as they should be. */
static int verify(struct shell_env *env, struct verdict *v)
{
	struct store_walk walk = {
		.prefix = PREFIX, .prefix_len = sizeof(PREFIX) - 1, .visit = look_at, .ctx = v};
	struct step next;
	char key[KEY_LEN + 1];
	int err;

	*v = (struct verdict){.env = env};
	err = store_process(env->store, &walk);
	if (err)
		return shell_failed(env, "stress", err);
	next = step_of(v->reached + 1);
	make_key(key, next.key);
	if (!next.put && store_contains(env->store, key, KEY_LEN) == -ENOENT)
		v->reached++;
	check_keys(v);
	if (!v->wrong) {
		shell_printf(env, "stress: verified up to %llu, nothing missing\n",
			     (unsigned long long)v->reached);
		return 0;
	}
	shell_printf(env,
		     "stress: verified up to %llu, %" PRIu32 " %s wrong; it starts again when "
		     "nothing is left under " PREFIX "\n",
		     (unsigned long long)v->reached, v->wrong,
		     v->wrong == 1 ? "entry is" : "entries are");
	return -1;
}

static int take_step(struct shell_env *env, uint64_t number)
{
	struct step step = step_of(number);
	char key[KEY_LEN + 1];
	int err;

	make_key(key, step.key);
	if (step.put)
		return store_put(env->store, key, KEY_LEN, value, make_value(number), NULL, 0,
				 STORE_NEVER);
	err = store_delete(env->store, key, KEY_LEN);
	return err == -ENOENT ? 0 : err;
}

/* Whether somebody hit a key. A newline may still belong to the line that started the command. */
static bool is_to_stop(struct shell_env *env)
{
	int byte = env->typed ? env->typed(env->ctx) : -1;

	return byte >= 0 && byte != '\n';
}

int cmd_stress(struct shell_env *env, int argc, char *argv[])
{
	bool only_check = argc == 2 && !strcmp(argv[1], "check");
	uint64_t steps = UINT64_MAX;
	struct verdict v;

	if (argc == 2 && !only_check && !shell_number(env, "N", argv[1], 1, UINT64_MAX, &steps))
		return -1;
	if (!shell_need_store(env, argv[0]) || verify(env, &v))
		return -1;
	if (only_check)
		return 0;
	for (uint64_t n = v.reached + 1; steps && !is_to_stop(env); n++, steps--) {
		int err = take_step(env, n);

		if (err) {
			shell_printf(env, "stress: number %llu: %s\n", (unsigned long long)n,
				     error_text(err));
			return -1;
		}
		shell_printf(env, "%llu\n", (unsigned long long)n);
		if (env->drain)
			env->drain(env->ctx);
	}
	return 0;
}
