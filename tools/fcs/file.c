/* SPDX-License-Identifier: MIT */
#include "tools/fcs/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/be.h"
#include "lib/errors.h"
#include "store/format.h"
#include "store/probe.h"
#include "tools/fcs/find.h"
#include "tools/fcs/replace.h"

/* ---- looking ---- */

/* Whether the LEN bytes at P begin as a .dat does. */
static bool is_classic(const uint8_t *p, size_t len)
{
	return len >= sizeof(uint32_t) && be32_load(p) == IMAGE_MAGIC;
}

static bool wants_dump(const struct options *o)
{
	return o->given & (OPTION_RAM_BASE | OPTION_AT);
}

/* A line for each of several regions, and the end. */
static _Noreturn void die_several(const struct file *f, const struct options *o,
				  const struct found *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		fprintf(stderr, "fcs: %s: a store of %" PRIu32 " bytes at 0x%" PRIx64 "\n", f->path,
			list[i].size, o->ram_base + list[i].offset);
	die(STATUS_ERROR, "%s: there are %zu stores in it: --at says which one", f->path, count);
}

/* Why there is no region in the SIZE bytes of the file. */
static _Noreturn void die_nothing(const struct file *f, size_t size)
{
	switch (find_probe(f->map, size)) {
	case STORE_OTHER:
		die(STATUS_ERROR, "%s: a store of a version that this program does not know",
		    f->path);
	case STORE_DAMAGED:
		die(STATUS_ERROR, "%s: both copies of the store's superblock are damaged", f->path);
	case STORE_VALID:
		die(STATUS_ERROR, "%s: the file is cut: it has %zu bytes, the store in it more",
		    f->path, size);
	case STORE_NOTHING:
		break;
	}
	die(STATUS_ERROR, "%s: neither a plain .dat, nor a region image, nor a dump with a store",
	    f->path);
}

/* Sets F->offset to that of the region that --at gives, as an address or an offset. */
static void choose(struct file *f, const struct options *o)
{
	struct store_super super;

	f->offset = o->at;
	if (o->at >= o->ram_base && o->at - o->ram_base < f->map_size)
		f->offset = o->at - o->ram_base;
	if (f->offset % STORE_REGION_ALIGN || f->offset >= f->map_size ||
	    find_super((uint8_t *)f->map + f->offset, f->map_size - f->offset, &super))
		die(STATUS_ERROR, "%s: there is no store at 0x%" PRIx64, f->path, o->at);
}

static void find_native(struct file *f, const struct options *o)
{
	struct store_super super = {0};
	struct found *list;
	size_t count;

	f->kind = wants_dump(o) ? FILE_DUMP : FILE_REGION;
	if (o->given & OPTION_AT) {
		choose(f, o);
	} else if (wants_dump(o) || find_super(f->map, f->map_size, &super)) {
		f->kind = FILE_DUMP;
		count = find_regions(f->map, f->map_size, &list);
		if (!count)
			die_nothing(f, f->map_size);
		if (count > 1)
			die_several(f, o, list, count);
		f->offset = list[0].offset;
		free(list);
	}
	f->base = (uint8_t *)f->map + f->offset;
	find_super(f->base, f->map_size - f->offset, &super);
	f->size = super.region_size;
	f->address = o->ram_base + f->offset;
}

const char *file_kind_name(const struct file *f)
{
	static const char *const names[] = {"plain .dat", "region image", "RAM dump"};

	return names[f->kind];
}

/* ---- memory ---- */

static const char *name_of(const struct file *f)
{
	return f->path ? f->path : "in memory";
}

static void *map_at(const char *name, size_t size, int flags, int fd, uint64_t place)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, (off_t)place);

	if (p == MAP_FAILED)
		die(STATUS_ERROR, "%s: cannot map %zu bytes: %s", name, size, strerror(errno));
	return p;
}

static void *map(const char *name, size_t size, int flags, int fd)
{
	return map_at(name, size, flags, fd, 0);
}

/* Memory that is zero, and there when it is used. */
static void map_memory(struct file *f, uint32_t size)
{
	f->map_size = f->size = size;
	f->base = f->map = map(name_of(f), size, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
}

/* How large a .dat of SIZE bytes may become. */
static uint32_t classic_room(const struct options *o, size_t size)
{
	return o->given & OPTION_SIZE && o->size >= size ? o->size : STORE_REGION_MAX;
}

/* Replaces the mapping of the file by a copy that can grow. */
static void load_classic(struct file *f, const struct options *o)
{
	void *old = f->map;
	size_t size = f->map_size;

	f->kind = FILE_CLASSIC;
	if (size > STORE_REGION_MAX)
		die(STATUS_ERROR, "%s: it has %zu bytes; a .dat of at most %u was expected",
		    f->path, size, STORE_REGION_MAX);
	map_memory(f, classic_room(o, size));
	f->file_size = (uint32_t)size;
	if (!size)
		return;
	memcpy(f->base, old, size);
	munmap(old, size);
}

/*
 * Makes sure that all of the region has its place on the disk. A page that has none, of a new file
 * or in a hole of an old one, would be the end of the program when it is written to on a full disk.
 */
static void reserve_region(const struct file *f)
{
	int err = posix_fallocate(f->fd, (off_t)f->offset, f->size);

	if (err)
		die(STATUS_ERROR, "%s: no room for the %" PRIu32 " bytes of its region: %s",
		    f->path, f->size, strerror(err));
}

/* ---- open and close ---- */

static void lock(struct file *f)
{
	if (!flock(f->fd, (f->change ? LOCK_EX : LOCK_SH) | LOCK_NB))
		return;
	die(STATUS_ERROR, "%s: %s", f->path,
	    errno == EWOULDBLOCK ? "another fcs is at work on it" : strerror(errno));
}

/* Opens and locks the file that has the name now: another fcs may have replaced it meanwhile. */
static void open_locked(struct file *f, struct stat *st)
{
	struct stat now;

	for (;;) {
		/* O_NONBLOCK: a pipe is refused at once, and not when its other end is there. */
		f->fd = open(f->path, (f->change ? O_RDWR : O_RDONLY) | O_NONBLOCK);
		if (f->fd < 0 || fstat(f->fd, st))
			die(STATUS_ERROR, "%s: %s", f->path, strerror(errno));
		if (!S_ISREG(st->st_mode))
			die(STATUS_ERROR, "%s: not a regular file", f->path);
		lock(f);
		if (!stat(f->path, &now) && now.st_ino == st->st_ino && now.st_dev == st->st_dev)
			return;
		close(f->fd);
	}
}

/*
 * Opens the region at o->phys, which is as large as its superblock says. O_SYNC: it is not to stay
 * in caches, from which a reset would lose it.
 */
static void open_physical(struct file *f, const struct options *o)
{
	struct store_super super;

	f->is_memory = true;
	f->place = f->address = o->phys;
	f->kind = FILE_REGION;
	f->fd = open(f->path, (f->change ? O_RDWR : O_RDONLY) | O_SYNC);
	if (f->fd < 0)
		die(STATUS_ERROR, "%s: %s", f->path, strerror(errno));
	lock(f);
	f->map = map_at(f->path, STORE_REGION_MIN, MAP_PRIVATE, f->fd, f->place);
	if (find_super(f->map, STORE_REGION_MAX, &super))
		die(STATUS_ERROR, "%s: there is no store at 0x%" PRIx64, f->path, f->place);
	munmap(f->map, STORE_REGION_MIN);
	f->map_size = f->size = super.region_size;
	f->map =
		map_at(f->path, f->map_size, f->change ? MAP_SHARED : MAP_PRIVATE, f->fd, f->place);
	f->base = f->map;
}

void file_open(struct file *f, const char *path, const struct options *o, bool change)
{
	struct stat st;

	*f = (struct file){.path = path, .change = change, .fd = -1};
	if (o->given & OPTION_PHYS) {
		open_physical(f, o);
		return;
	}
	open_locked(f, &st);
	f->target = resolve_path(path);
	f->mode = st.st_mode & 0777;
	f->map_size = (size_t)st.st_size;
	if (f->map_size)
		f->map = map(path, f->map_size, change ? MAP_SHARED : MAP_PRIVATE, f->fd);
	if (!wants_dump(o) && is_classic(f->map, f->map_size))
		load_classic(f, o);
	else if (o->classic && find_probe(f->map, f->map_size) != STORE_NOTHING)
		die(STATUS_ERROR, "%s: it is a region image, no plain .dat as --classic says",
		    path);
	else if (o->classic)
		load_classic(f, o);
	else if (f->map_size)
		find_native(f, o);
	else
		die(STATUS_ERROR, "%s: it is empty: a store was expected", path);
	if (change && f->kind != FILE_CLASSIC)
		reserve_region(f);
}

void file_copy(struct file *copy, const struct file *f, bool quiet)
{
	*copy = (struct file){
		.path = f->path,
		.kind = f->kind,
		.size = f->size,
		.offset = f->offset,
		.address = f->address,
		.quiet = quiet,
		.fd = -1,
		.map = map_at(f->path, f->map_size, MAP_PRIVATE, f->fd, f->place),
		.map_size = f->map_size,
	};
	copy->base = (uint8_t *)copy->map + copy->offset;
}

/* The file of a new region, which is all zero, under a name of its own. */
static void map_new(struct file *f, uint32_t size)
{
	f->fd = temp_open(f->target, f->mode, &f->temp);
	lock(f);
	f->map_size = f->size = size;
	reserve_region(f);
	f->base = f->map = map(f->path, size, MAP_SHARED, f->fd);
}

static void format(struct file *f)
{
	const struct store_media media = {.base = f->base, .size = f->size};
	uint32_t salt = 0;

	if (getrandom(&salt, sizeof(salt), 0) != sizeof(salt) || store_format(&media, salt))
		die(STATUS_ERROR, "%s: it cannot be formatted", name_of(f));
}

void file_new(struct file *f, const char *path, const struct options *o)
{
	*f = (struct file){.path = path, .change = true, .fd = -1};
	f->kind = o->classic ? FILE_CLASSIC : FILE_REGION;
	f->mode = default_mode();
	f->target = path ? resolve_path(path) : NULL;
	if (o->classic) {
		map_memory(f, classic_room(o, 0));
		return;
	}
	if (path)
		map_new(f, o->size);
	else
		map_memory(f, o->size);
	format(f);
}

void file_open_or_new(struct file *f, const char *path, const struct options *o)
{
	if (path && !access(path, F_OK))
		file_open(f, path, o, true);
	else
		file_new(f, path, o);
}

/* A file that is replaced keeps its owner and group, if the user may give it to them. */
static void keep_owner(const struct file *f, int old)
{
	struct stat st;

	if (fstat(old, &st) || fchown(f->fd, st.st_uid, st.st_gid))
		fprintf(stderr, "fcs: %s: it does not keep its owner and group: %s\n", f->path,
			strerror(errno));
}

/*
 * The new file takes the place of the old one, and a lock of its own. The old lock goes last: until
 * the new name is there another fcs must not begin with the old file.
 */
static void save_classic(struct file *f)
{
	char *temp;
	int old = f->fd;

	f->fd = temp_open(f->target, f->mode, &temp);
	lock(f);
	if (old >= 0)
		keep_owner(f, old);
	temp_write(f->fd, f->base, f->file_size, f->path);
	temp_finish(f->fd, &temp, f->target, old >= 0);
	if (old >= 0)
		close(old);
}

void file_save(struct file *f, uint32_t file_size)
{
	f->file_size = file_size;
	if (!f->path || !f->change || f->is_memory)
		return;
	if (f->kind == FILE_CLASSIC) {
		save_classic(f);
		return;
	}
	if (msync(f->map, f->map_size, MS_SYNC))
		die(STATUS_ERROR, "%s: %s", f->path, strerror(errno));
	if (f->temp)
		temp_finish(f->fd, &f->temp, f->target, false);
}

void file_close(struct file *f)
{
	if (f->map)
		munmap(f->map, f->map_size);
	if (f->fd >= 0)
		close(f->fd);
	temp_drop(&f->temp);
	free(f->target);
	*f = (struct file){.fd = -1};
}

bool file_holds_store(const char *path, const struct options *o)
{
	struct found *list;
	bool holds = false;
	struct stat st;
	uint8_t *p;
	int fd;

	if (stat(path, &st))
		die(STATUS_ERROR, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return false; /* not even opened: a close would discard what is in a pipe */
	fd = open(path, O_RDONLY);
	if (fd < 0 || fstat(fd, &st))
		die(STATUS_ERROR, "%s: %s", path, strerror(errno));
	if (st.st_size) {
		p = map(path, (size_t)st.st_size, MAP_PRIVATE, fd);
		holds = o->classic || wants_dump(o) || is_classic(p, (size_t)st.st_size) ||
			find_probe(p, (uint64_t)st.st_size) != STORE_NOTHING;
		if (!holds) {
			holds = find_regions(p, (uint64_t)st.st_size, &list) > 0;
			free(list);
		}
		munmap(p, (size_t)st.st_size);
	}
	close(fd);
	return holds;
}

/* ---- the store in it ---- */

/* The store tells what it has done; of a region that is only read, to what it has done it. */
static void report(void *ctx, const char *line)
{
	const struct file *f = ctx;
	bool in_copy = f->kind != FILE_CLASSIC && !f->change;

	if (!f->quiet)
		fprintf(stderr, "fcs: %s: %s%s\n", name_of(f), in_copy ? "in a copy: " : "", line);
}

/* A process that is killed has made all its writes up to there in their order; that is enough. */
static void barrier(void *ctx)
{
	(void)ctx;
	atomic_thread_fence(memory_order_seq_cst);
}

static int64_t now(void *ctx)
{
	const struct file *f = ctx;

	return *f->clock;
}

int file_open_store(struct store *s, struct file *f, const struct options *o, const int64_t *clock)
{
	struct store_config config = {
		.media = {.base = f->base, .size = f->size, .barrier = barrier},
		.now = clock ? now : NULL,
		.report = report,
		.ctx = f,
		.layout = f->kind == FILE_CLASSIC ? &store_classic : &store_native,
		.file_size = f->file_size,
		.fragmentation = o->frag,
		.max_entries = o->max_entries,
		.policy = o->policy,
	};

	f->clock = clock;
	return store_open(s, &config);
}

void file_must_open_store(struct store *s, struct file *f, const struct options *o,
			  const int64_t *clock)
{
	int err = file_open_store(s, f, o, clock);

	if (err)
		die(STATUS_ERROR, "%s: the store cannot be opened: %s", name_of(f),
		    error_text(err));
}
