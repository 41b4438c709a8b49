/* SPDX-License-Identifier: MIT */
/* LMDB: one file, written in place, without waiting for the disk; each operation a transaction. */
#include "tests/bench/engine_file.h"

#include <lmdb.h>
#include <string.h>

#include "tests/bench/bench_store.h"

static MDB_env *env;
static MDB_dbi dbi;
static MDB_txn *reader;
static size_t map_size;

static void must(int err)
{
	if (err)
		bench_fail(mdb_strerror(err));
}

static void open_file(void)
{
	MDB_txn *txn;

	must(mdb_env_create(&env));
	must(mdb_env_set_mapsize(env, map_size));
	must(mdb_env_open(env, engine_file_name(),
			  MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOSYNC | MDB_WRITEMAP, 0600));
	must(mdb_txn_begin(env, NULL, 0, &txn));
	must(mdb_dbi_open(txn, NULL, 0, &dbi));
	must(mdb_txn_commit(txn));
	must(mdb_txn_begin(env, NULL, MDB_RDONLY, &reader));
	mdb_txn_reset(reader);
}

static void db_open(uint32_t entries, size_t bytes)
{
	map_size = (4 * (bytes + entries * 128u) + (64u << 20)) / 4096 * 4096;
	open_file();
}

static MDB_val key_of(const struct bench_key *key)
{
	return (MDB_val){BENCH_KEY_LEN, (void *)(uintptr_t)key->bytes};
}

static void db_put(const struct bench_key *key, const void *value, uint32_t len)
{
	MDB_val k = key_of(key), v = {len, (void *)(uintptr_t)value};
	MDB_txn *txn;

	must(mdb_txn_begin(env, NULL, 0, &txn));
	must(mdb_put(txn, dbi, &k, &v, 0));
	must(mdb_txn_commit(txn));
}

static uint32_t db_get(const struct bench_key *key, void *value)
{
	MDB_val k = key_of(key), v = {0};

	must(mdb_txn_renew(reader));
	if (!mdb_get(reader, dbi, &k, &v))
		memcpy(value, v.mv_data, v.mv_size);
	mdb_txn_reset(reader);
	return (uint32_t)v.mv_size;
}

static bool db_remove(const struct bench_key *key)
{
	MDB_val k = key_of(key);
	MDB_txn *txn;
	int err;

	must(mdb_txn_begin(env, NULL, 0, &txn));
	err = mdb_del(txn, dbi, &k, NULL);
	must(mdb_txn_commit(txn));
	return !err;
}

static void db_iterate(void (*visit)(const void *value, uint32_t len))
{
	MDB_cursor *cursor;
	MDB_val k, v;

	must(mdb_txn_renew(reader));
	must(mdb_cursor_open(reader, dbi, &cursor));
	while (!mdb_cursor_get(cursor, &k, &v, MDB_NEXT))
		visit(v.mv_data, (uint32_t)v.mv_size);
	mdb_cursor_close(cursor);
	mdb_txn_reset(reader);
}

static void close_file(void)
{
	mdb_txn_abort(reader);
	mdb_env_close(env);
}

/* Pages up to the last that was ever used; without HOLES those in use. */
static size_t db_spent(bool holes)
{
	MDB_envinfo info;
	MDB_stat stat;

	must(mdb_env_info(env, &info));
	must(mdb_env_stat(env, &stat));
	if (!holes)
		return stat.ms_psize *
		       (stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages);
	return stat.ms_psize * (info.me_last_pgno + 1);
}

static void db_close(void)
{
	close_file();
	engine_file_remove();
}

const struct engine engines[] = {{
					 .name = "lmdb",
					 .open = db_open,
					 .put = db_put,
					 .get = db_get,
					 .remove = db_remove,
					 .iterate = db_iterate,
					 .crash = close_file,
					 .recover = open_file,
					 .spent = db_spent,
					 .close = db_close,
				 },
				 {0}};
