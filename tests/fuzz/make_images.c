/* SPDX-License-Identifier: MIT */
/*
 * make_images OUT FILE.txt...: writes an input of fuzz_image to OUT/FILE for each FILE.txt, with
 * the image that the store itself leaves after what the text says, a line each:
 *
 *   pages N                  of the region (2 if it is not said), before any other line
 *   classic N                a file of the seed's store instead, of at most N bytes
 *   set NAME N               flags, entries, size, part: a byte of the input's head (fuzz_image.h);
 *                            spared: of the first eight slots
 *   steps N...               what is done with it
 *   put KEY LEN [META [EXPIRY]]
 *   del KEY
 *   clear, compact
 *   cut N LINE               LINE, of which only the first N writes get into the image
 *   word OFFSET N            a word of the image, afterwards
 *
 * and # begins a comment.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/be.h"
#include "store/format.h"
#include "tests/fuzz/fuzz_image.h"

#define ROOM (8U * STORE_REGION_ALIGN)
#define WORDS 64

static _Alignas(STORE_REGION_ALIGN) uint8_t region[ROOM];
static uint8_t head[IMAGE_HEAD], cut_image[ROOM];
static struct store store;
static struct store_config config;
static uint32_t writes_left;
static bool cutting;

static const char *file_name;

static void fail(const char *what, const char *line)
{
	fprintf(stderr, "make_images: %s: %s: %s\n", file_name, what, line);
	exit(1);
}

static uint32_t number(const char *text)
{
	char *end;
	unsigned long value = text ? strtoul(text, &end, 0) : 0;

	if (!text || *end != '\0' || value > UINT32_MAX)
		fail("no number", text ? text : "(nothing)");
	return (uint32_t)value;
}

static void written(void *ctx, uint32_t off, uint32_t len)
{
	(void)ctx;
	(void)off;
	(void)len;
	if (cutting && writes_left && --writes_left == 0)
		memcpy(cut_image, region, ROOM);
}

static void open_store(uint32_t size)
{
	config.media.base = region;
	config.media.size = size;
	config.media.written = written;
	if (!config.layout && store_format(&config.media, 1))
		fail("cannot be formatted", "pages");
	if (store_open(&store, &config))
		fail("cannot be opened", "pages, classic");
}

static void do_put(char *const *word)
{
	static uint8_t bytes[ROOM];
	uint32_t len = number(word[2]), meta = word[3] ? number(word[3]) : 0;
	int64_t expiry = word[3] && word[4] ? number(word[4]) : STORE_NEVER;

	if (len > ROOM || meta > ROOM)
		fail("too long", word[1]);
	memset(bytes, word[1][0], sizeof(bytes));
	if (store_put(&store, word[1], (uint32_t)strlen(word[1]), bytes, len, bytes, meta, expiry))
		fail("put is refused", word[1]);
}

static void set_head(const char *name, uint8_t value)
{
	static const char *const names[] = {
		[IMAGE_FLAGS] = "flags", [IMAGE_ENTRIES] = "entries",   [IMAGE_SIZE] = "size",
		[IMAGE_PART] = "part",   [IMAGE_SPARED + 3] = "spared",
	};

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i] && strcmp(name, names[i]) == 0) {
			head[i] = value;
			return;
		}
	fail("no such byte", name);
}

static void configure(char *const *word)
{
	if (strcmp(word[0], "pages") == 0) {
		head[IMAGE_SIZE] = (uint8_t)(number(word[1]) - 2);
		open_store(number(word[1]) * STORE_REGION_ALIGN);
	} else if (strcmp(word[0], "classic") == 0) {
		config.layout = &store_classic;
		head[IMAGE_FLAGS] |= IMAGE_CLASSIC;
		open_store(number(word[1]));
	} else if (strcmp(word[0], "set") == 0 && word[1]) {
		set_head(word[1], (uint8_t)number(word[2]));
	} else if (strcmp(word[0], "steps") == 0) {
		for (unsigned i = 1; word[i] && IMAGE_STEPS + i <= IMAGE_HEAD; i++)
			head[IMAGE_STEPS + i - 1] = (uint8_t)number(word[i]);
	} else {
		fail("no such line", word[0]);
	}
}

static void execute(char *const *word)
{
	int err = 0;

	if (strcmp(word[0], "put") == 0 && word[1])
		do_put(word);
	else if (strcmp(word[0], "del") == 0 && word[1])
		err = store_delete(&store, word[1], (uint32_t)strlen(word[1]));
	else if (strcmp(word[0], "clear") == 0)
		err = store_clear(&store);
	else if (strcmp(word[0], "compact") == 0)
		err = store_compact(&store, UINT32_MAX) < 0;
	else if (strcmp(word[0], "cut") == 0 && word[1] && word[2]) {
		writes_left = number(word[1]);
		cutting = true;
		execute(word + 2);
		if (writes_left)
			fail("there are fewer writes", word[2]);
	} else
		configure(word);
	if (err)
		fail("refused", word[0]);
}

static void write_image(const char *to)
{
	struct store_stats stats;
	uint32_t size;
	FILE *out = fopen(to, "wb");

	store_stat(&store, &stats);
	size = config.layout ? stats.file_size : config.media.size;
	if (!out || fwrite(head, 1, sizeof(head), out) != sizeof(head) ||
	    fwrite(cutting ? cut_image : region, 1, size, out) != size || fclose(out))
		fail("cannot be written", to);
}

static void make_image(FILE *in)
{
	char line[512], *word[WORDS + 1];

	while (fgets(line, sizeof(line), in)) {
		unsigned n = 0;

		for (char *w = strtok(line, " \t\n"); w && *w != '#'; w = strtok(NULL, " \t\n"))
			if (n < WORDS)
				word[n++] = w;
		word[n] = NULL;
		if (!n)
			continue;
		if (strcmp(word[0], "word") == 0 && n == 3 && number(word[1]) <= ROOM - 4)
			be32_store((cutting ? cut_image : region) + number(word[1]),
				   number(word[2]));
		else
			execute(word);
	}
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: make_images OUT FILE.txt...\n");
		return 2;
	}
	for (int i = 2; i < argc; i++) {
		const char *slash = strrchr(argv[i], '/'), *name = slash ? slash + 1 : argv[i];
		char to[4096];
		FILE *in = fopen(argv[i], "r");

		file_name = argv[i];
		if (!in)
			fail("cannot be read", strerror(errno));
		memset(region, 0, sizeof(region));
		memset(head, 0, sizeof(head));
		head[IMAGE_FLAGS] = IMAGE_SEAL_SUPER | IMAGE_SEAL_CHAIN | IMAGE_SEAL_RECORD;
		config = (struct store_config){0};
		cutting = false;
		make_image(in);
		snprintf(to, sizeof(to), "%s/%.*s", argv[1], (int)strcspn(name, "."), name);
		write_image(to);
		store_close(&store);
		fclose(in);
	}
	return 0;
}
