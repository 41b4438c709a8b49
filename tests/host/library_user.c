/* SPDX-License-Identifier: MIT */
/*
 * A program that has the two libraries as installed and nothing else of the tree. Functions of its
 * own have names that functions inside the libraries have, too: neither may take the other's.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/errors.h"
#include "lib/log.h"
#include "mm/memblock_dump.h"
#include "store/snapshot.h"

#define MEMORY MIB(1)
#define REGION KIB(64)

static _Alignas(STORE_REGION_ALIGN) char memory[MEMORY];

uint32_t crc32c(uint32_t crc, const void *data, size_t len);
int lock_take(void *lock);
void index_free(void *index);

uint32_t crc32c(uint32_t crc, const void *data, size_t len)
{
	(void)crc;
	(void)data;
	(void)len;
	abort();
}

int lock_take(void *lock)
{
	(void)lock;
	abort();
}

void index_free(void *index)
{
	(void)index;
	abort();
}

static void show(void *ctx, const char *text, size_t len)
{
	(void)ctx;
	fwrite(text, 1, len, stdout);
}

/* Opens the store, formats it if there is none, and counts one more. */
static int count(const struct store_config *config)
{
	struct store store;
	uint32_t n = 0, len;
	int err = store_open(&store, config);

	if (err == -ENODATA && !store_format(&config->media, 1))
		err = store_open(&store, config);
	if (err)
		return err;
	store_read(&store, "n", 1, &n, sizeof(n), &len);
	n++;
	err = store_put(&store, "n", 1, &n, sizeof(n), NULL, 0, STORE_NEVER);
	printf("opened %u times\n", n);
	store_close(&store);
	return err;
}

int main(void)
{
	struct store_config config = {.media.size = REGION};
	struct snapshots snapshots;
	int err = 0;

	log_set_console(show, NULL);
	memblock_trace_start();
	memblock_add((uintptr_t)memory, MEMORY);
	config.media.base = memblock_alloc(REGION, STORE_REGION_ALIGN);
	if (config.media.base != memory + MEMORY - REGION)
		return 1;
	memblock_dump_all();
	for (int i = 0; i < 3 && !err; i++)
		err = count(&config);
	printf("then: %s\n", error_text(err ? err : snapshots_find(&snapshots, NULL)));
	return err != 0;
}
