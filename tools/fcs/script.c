/* SPDX-License-Identifier: MIT */
#include "tools/fcs/script.h"

#include <stdlib.h>
#include <string.h>

#define BLANK " \t\r"
#define WORDS_MAX 6 /* one more than any line may have */

static const struct verb {
	const char *name;
	enum op_verb verb;
	int args_min, args_max;
	const char *expected;
} verbs[] = {
	{"clock", OP_CLOCK, 1, 1, "clock MS"},
	{"start", OP_START, 0, 0, "start"},
	{"stop", OP_STOP, 0, 0, "stop"},
	{"put", OP_PUT, 2, 4, "put KEY VALUE [META [EXPIRY]]"},
	{"get", OP_GET, 1, 1, "get KEY"},
	{"del", OP_DEL, 1, 1, "del KEY"},
	{"contains", OP_CONTAINS, 1, 1, "contains KEY"},
	{"clear", OP_CLEAR, 0, 0, "clear"},
	{"purge", OP_PURGE, 0, 0, "purge"},
	{"size", OP_SIZE, 0, 0, "size"},
	{"free", OP_FREE, 0, 0, "free"},
	{"entries", OP_ENTRIES, 0, 0, "entries"},
	{"lru", OP_LRU, 0, 0, "lru"},
	{"filesize", OP_FILESIZE, 0, 0, "filesize"},
	{"sha", OP_SHA, 0, 0, "sha"},
	{"dump", OP_DUMP, 0, 0, "dump"},
};

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

/* Splits LINE at its blanks. At most ROOM words go to WORDS; how many there are. */
static int split(char *line, char *words[], int room)
{
	int count = 0;
	char *rest;

	for (char *word = strtok_r(line, BLANK, &rest); word && count < room;
	     word = strtok_r(NULL, BLANK, &rest))
		words[count++] = word;
	return count;
}

/* "." is empty, everything else hex. */
static bool parse_bytes(struct bytes *b, const char *word, char *why, size_t room)
{
	if (bytes_from_hex(b, strcmp(word, ".") != 0 ? word : ""))
		return true;
	snprintf(why, room, "%s: expected bytes in hex, or . for none", clip(word));
	return false;
}

static bool parse_number(int64_t *number, const char *word, char *why, size_t room)
{
	if (parse_signed(word, number))
		return true;
	snprintf(why, room, "%s: expected a number of milliseconds", clip(word));
	return false;
}

static bool parse_args(struct op *op, char *args[], int count, char *why, size_t room)
{
	op->number = STORE_NEVER;
	if (op->verb == OP_CLOCK)
		return parse_number(&op->number, args[0], why, room);
	if (count > 0 && !parse_bytes(&op->key, args[0], why, room))
		return false;
	if (count > 1 && !parse_bytes(&op->value, args[1], why, room))
		return false;
	if (count > 2 && strcmp(args[2], "-") != 0 && !parse_bytes(&op->meta, args[2], why, room))
		return false;
	return count <= 3 || parse_number(&op->number, args[3], why, room);
}

bool script_parse(struct op *op, char *line, size_t len, char *why, size_t room)
{
	char *words[WORDS_MAX];
	const struct verb *verb;
	int count;

	*op = (struct op){.verb = OP_NOTHING};
	if (memchr(line, 0, len)) {
		snprintf(why, room, "a NUL byte in it");
		return false;
	}
	count = split(line, words, WORDS_MAX);
	if (!count || words[0][0] == '#')
		return true;
	verb = find_verb(words[0]);
	if (!verb) {
		snprintf(why, room, "%s: there is no such operation", clip(words[0]));
		return false;
	}
	op->verb = verb->verb;
	if (count - 1 < verb->args_min || count - 1 > verb->args_max) {
		snprintf(why, room, "expected \"%s\"", verb->expected);
		return false;
	}
	if (parse_args(op, words + 1, count - 1, why, room))
		return true;
	script_free(op);
	return false;
}

void script_free(struct op *op)
{
	bytes_free(&op->key);
	bytes_free(&op->value);
	bytes_free(&op->meta);
}

void script_options(struct options *o, unsigned allowed, const char *where, char *line)
{
	char *words[32];
	int count = split(line, words, (int)ARRAY_SIZE(words) - 1);

	words[count] = NULL;
	if (count < 2 || strcmp(words[0], "#") != 0 || strncmp(words[1], "--", 2) != 0)
		return;
	options_parse(o, allowed, where, count, words);
	if (o->arg_count)
		die(STATUS_USAGE, "%s%s: expected options only", where, clip(o->args[0]));
}
