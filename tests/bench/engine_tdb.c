/* SPDX-License-Identifier: MIT */
/* TDB of Samba: one file, mapped, without locks and without waiting for the disk. */
#include "tests/bench/engine_file.h"

#include <fcntl.h>
#include <signal.h> /* which tdb.h needs first */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <tdb.h>
#include <unistd.h>

#include "tests/bench/bench_store.h"

static struct tdb_context *db;
static uint32_t buckets;

static void open_file(int flags)
{
	db = tdb_open(engine_file_name(), (int)buckets,
		      TDB_NOLOCK | TDB_NOSYNC | TDB_INCOMPATIBLE_HASH, O_RDWR | flags, 0600);
	if (!db)
		bench_fail("its file could not be opened");
}

static void db_open(uint32_t entries, size_t bytes)
{
	(void)bytes;
	buckets = entries | 1;
	open_file(O_CREAT);
}

static TDB_DATA key_of(const struct bench_key *key)
{
	return (TDB_DATA){(unsigned char *)(uintptr_t)key->bytes, BENCH_KEY_LEN};
}

static void db_put(const struct bench_key *key, const void *value, uint32_t len)
{
	TDB_DATA data = {(unsigned char *)(uintptr_t)value, len};

	if (tdb_store(db, key_of(key), data, TDB_REPLACE))
		bench_fail(tdb_errorstr(db));
}

struct answer {
	void *value;
	uint32_t len;
};

static int copy(TDB_DATA key, TDB_DATA data, void *into)
{
	struct answer *answer = into;

	(void)key;
	memcpy(answer->value, data.dptr, data.dsize);
	answer->len = (uint32_t)data.dsize;
	return 0;
}

static uint32_t db_get(const struct bench_key *key, void *value)
{
	struct answer answer = {.value = value};

	tdb_parse_record(db, key_of(key), copy, &answer);
	return answer.len;
}

static bool db_remove(const struct bench_key *key)
{
	return !tdb_delete(db, key_of(key));
}

static int visit_record(struct tdb_context *tdb, TDB_DATA key, TDB_DATA data, void *visit)
{
	void (**fn)(const void *value, uint32_t len) = visit;

	(void)tdb;
	(void)key;
	(*fn)(data.dptr, (uint32_t)data.dsize);
	return 0;
}

static void db_iterate(void (*visit)(const void *value, uint32_t len))
{
	if (tdb_traverse_read(db, visit_record, &visit) < 0)
		bench_fail(tdb_errorstr(db));
}

static void db_crash(void)
{
	tdb_close(db);
}

/* It finds damage, and cannot mend it. */
static void db_recover(void)
{
	open_file(0);
	if (tdb_check(db, NULL, NULL))
		bench_fail("check: its file is damaged");
}

/* The file grows by a part of itself: without HOLES what it has in advance is not counted. */
static size_t db_spent(bool holes)
{
	size_t size = tdb_map_size(db);
	char *summary, *at;
	unsigned long count, least, average = 0;

	if (holes)
		return size;
	summary = tdb_summary(db);
	at = summary ? strstr(summary, "Number of free records: ") : NULL;
	if (!at || sscanf(at,
			  "Number of free records: %lu Smallest/average/largest free records: "
			  "%lu/%lu/",
			  &count, &least, &average) < 2)
		bench_fail("its summary has no free records");
	free(summary);
	return size - count * average;
}

static void db_close(void)
{
	tdb_close(db);
	engine_file_remove();
}

const struct engine engines[] = {{
					 .name = "tdb",
					 .open = db_open,
					 .put = db_put,
					 .get = db_get,
					 .remove = db_remove,
					 .iterate = db_iterate,
					 .crash = db_crash,
					 .recover = db_recover,
					 .spent = db_spent,
					 .close = db_close,
				 },
				 {0}};
