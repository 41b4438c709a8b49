/* SPDX-License-Identifier: MIT */
#include "drivers/cfi_flash.h"

#include <errno.h>
#include <libfdt.h>
#include <string.h>

#include "drivers/mmio.h"
#include "lib/clock.h"
#include "lib/log.h"

#define CHIPS 2U
#define EACH(value) ((uint32_t)(value)*0x10001U) /* the same for each chip */

/* Intel's commands. */
enum {
	WRITE_WORD = 0x40,
	CLEAR_STATUS = 0x50,
	ERASE_BLOCK = 0x20,
	SET_LOCK = 0x60,
	QUERY = 0x98,
	CONFIRM = 0xd0,
	WRITE_BUFFER = 0xe8,
	READ_ARRAY = 0xff,
};

/* The status of a chip. */
#define STATUS_READY 0x80U
#define STATUS_ERASE 0x20U
#define STATUS_PROGRAM 0x10U
#define STATUS_SEQUENCE (STATUS_ERASE | STATUS_PROGRAM)
#define STATUS_VOLTAGE 0x08U
#define STATUS_LOCKED 0x02U
#define STATUS_ERRORS (STATUS_SEQUENCE | STATUS_VOLTAGE | STATUS_LOCKED)

/* Where the query has what (JESD68, tables 1 to 4). */
enum {
	CFI_QRY = 0x10,
	CFI_SET = 0x13,
	CFI_EXTENDED = 0x15,
	CFI_WORD_TIME = 0x1f, /* typical, 2^n us; 4 behind it how many times that it is at most */
	CFI_BUFFER_TIME = 0x20,
	CFI_ERASE_TIME = 0x21, /* 2^n ms */
	CFI_MOST = 4,
	CFI_SIZE = 0x27,   /* 2^n */
	CFI_BUFFER = 0x2a, /* 2^n */
	CFI_REGIONS = 0x2c,
	CFI_REGION = 0x2d,
	CFI_END = CFI_REGION + 4 * CFI_REGIONS_MAX,
};

#define CFI_UNLOCK_ADDRESS 0x55U
#define INTEL_EXTENDED 0x0001U
#define EXTENDED_FEATURES 5U
#define FEATURE_INSTANT_LOCK 0x20U /* each block has a lock, and comes up locked */

/* QEMU's chips tell of 2048 bytes each and take as many together. Larger pieces are not quicker. */
#define BUFFER_MOST 1024U

/* For chips that do not tell theirs, and how many times what is typical for those that tell only
 * that, as a power. */
#define WORD_US 10000U
#define ERASE_US 20000000U
#define UNTOLD_MOST 3U
/* And for chips that tell more than 2^16 ms, or us. */
#define POWER_MOST 16U
#define LONGEST_US 120000000U

static struct cfi_flash *cfi_of(const struct flash *f)
{
	return (struct cfi_flash *)(uintptr_t)f;
}

static void __attribute__((noinline))
cfi_command(const struct cfi_flash *f, uint32_t at, uint32_t command)
{
	mmio_write(f->flash.base + at, EACH(command));
}

/* ---- geometry ------------------------------------------------------------------------------- */

/* LEN bytes of the query from FROM on; false: the chips differ in them, or there are no two. */
static bool read_query(const struct cfi_flash *f, uint32_t from, uint32_t len, uint8_t *bytes)
{
	for (uint32_t i = 0; i < len; i++) {
		uint32_t word = mmio_read(f->flash.base + (from + i) * FLASH_WORD);

		bytes[i] = (uint8_t)word;
		if (word != EACH(word & 0xff))
			return false;
	}
	return true;
}

static uint32_t number16(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8;
}

/* How long what takes 2^n UNIT us at TYPICAL may take at most; either 0: the chips do not tell, and
 * it is FALLBACK at least. */
static uint32_t time_limit(const uint8_t *typical, uint32_t unit, uint32_t fallback)
{
	unsigned most = typical[CFI_MOST], power = typical[0] + (most ? most : UNTOLD_MOST);
	uint32_t limit = power <= POWER_MOST ? unit << power : LONGEST_US;

	if (!typical[0] || (!most && limit < fallback))
		return fallback;
	return limit;
}

/* Fills in the erase blocks; whether they are as many bytes as the chips have. */
static bool take_regions(struct cfi_flash *f, uint8_t *query)
{
	uint64_t size = 0;

	f->region_count = query[CFI_REGIONS];
	if (!f->region_count || f->region_count > CFI_REGIONS_MAX ||
	    !read_query(f, CFI_REGION, 4 * f->region_count, query + CFI_REGION))
		return false;
	for (unsigned i = 0; i < f->region_count; i++) {
		const uint8_t *p = query + CFI_REGION + 4 * i;
		uint32_t units = number16(p + 2); /* of 256 bytes, and 0 is half of one */

		f->regions[i].count = number16(p) + 1;
		f->regions[i].size = CHIPS * (units ? units * 256 : 128);
		size += (uint64_t)f->regions[i].count * f->regions[i].size;
	}
	return size == f->flash.size;
}

static void take_times(struct cfi_flash *f, const uint8_t *query)
{
	uint32_t power = number16(query + CFI_BUFFER);

	f->buffer = !power ? 0 : power < 16 ? CHIPS << power : BUFFER_MOST;
	if (f->buffer > BUFFER_MOST)
		f->buffer = BUFFER_MOST;
	f->program_us = time_limit(query + (power ? CFI_BUFFER_TIME : CFI_WORD_TIME), 1, WORD_US);
	f->erase_us = time_limit(query + CFI_ERASE_TIME, 1000, ERASE_US);
}

#define NO_CHIPS "expected two equal 16-bit CFI chips"

static int no_flash(struct cfi_flash *f, const char *why, unsigned found)
{
	cfi_command(f, 0, READ_ARRAY);
	return flash_failed(&f->flash, -ENODEV, why, found);
}

static int take_query(struct cfi_flash *f, uint32_t room)
{
	uint8_t query[CFI_END], features;
	uint32_t power, extended;

	if (!read_query(f, CFI_QRY, CFI_REGION - CFI_QRY, query + CFI_QRY) ||
	    memcmp(query + CFI_QRY, "QRY", 3) != 0)
		return no_flash(f, NO_CHIPS, 0);
	if (number16(query + CFI_SET) != INTEL_EXTENDED)
		return no_flash(f, "expected Intel's command set 1, found 0x%x",
				number16(query + CFI_SET));
	power = query[CFI_SIZE];
	if (power > 30 || CHIPS << power > room)
		return no_flash(f, "chips of 2^%u bytes: larger than reg", power);
	f->flash.size = CHIPS << power;
	if (!take_regions(f, query))
		return no_flash(
			f, "expected up to 4 kinds of erase blocks, of all its bytes: found %u",
			f->region_count);
	take_times(f, query);
	extended = number16(query + CFI_EXTENDED) + EXTENDED_FEATURES;
	f->locked = extended > EXTENDED_FEATURES && extended < f->flash.size / FLASH_WORD &&
		    read_query(f, extended, 1, &features) && features & FEATURE_INSTANT_LOCK;
	cfi_command(f, 0, READ_ARRAY);
	return 0;
}

static uint32_t block(const struct flash *flash, uint32_t off, uint32_t *len)
{
	const struct cfi_flash *f = cfi_of(flash);
	uint32_t start = 0, bytes = 0;
	unsigned i = 0;

	for (; i < f->region_count; i++, start += bytes) {
		bytes = f->regions[i].count * f->regions[i].size;
		if (off - start < bytes)
			break;
	}
	*len = f->regions[i].size;
	return off - (off - start) % *len;
}

/* ---- what takes time ------------------------------------------------------------------------ */

static const char *status_text(uint32_t status)
{
	if (status & STATUS_VOLTAGE)
		return "no voltage to program with";
	if (status & STATUS_LOCKED)
		return "the block is locked";
	if ((status & STATUS_SEQUENCE) == STATUS_SEQUENCE)
		return "it did not understand the commands";
	return status & STATUS_ERASE ? "the block was not erased" : "a bit was not programmed";
}

/* Back to where reads give what is in the flash; 0, or what the STATUS of a chip says. */
static int finish(struct cfi_flash *f, uint32_t at, const char *what, uint32_t status)
{
	cfi_command(f, at, CLEAR_STATUS);
	cfi_command(f, at, READ_ARRAY);
	for (unsigned chip = 0; chip < CHIPS; chip++, status >>= 16)
		if (status & STATUS_ERRORS)
			return flash_failed(&f->flash, -EIO,
					    "%s at 0x%lx: chip %u: %s (status 0x%02x)", what,
					    (unsigned long)at, chip, status_text(status),
					    (unsigned)(status & 0xff));
	return 0;
}

/* Waits until both chips are ready and gives their *STATUS; after an error they are finished. */
static int wait(struct cfi_flash *f, uint32_t at, uint32_t us, const char *what, uint32_t *status)
{
	struct deadline deadline = deadline_after(us * 1000ULL);
	bool late = false;

	do {
		*status = mmio_read(f->flash.base + at);
		if ((*status & EACH(STATUS_READY)) == EACH(STATUS_READY))
			return 0;
		if (late)
			break;
		late = deadline_passed(&deadline); /* then it is looked at once more */
	} while (true);
	finish(f, at, what, 0);
	return flash_failed(&f->flash, -ETIMEDOUT, "%s at 0x%lx: chip %u is not done after %lu ms",
			    what, (unsigned long)at, *status & STATUS_READY ? 1U : 0U,
			    (unsigned long)us / 1000);
}

static int confirm(struct cfi_flash *f, uint32_t at, uint32_t us, const char *what)
{
	uint32_t status;
	int err;

	cfi_command(f, at, CONFIRM);
	err = wait(f, at, us, what, &status);
	return err ? err : finish(f, at, what, status);
}

static int unlock(struct cfi_flash *f, uint32_t at)
{
	if (!f->locked)
		return 0;
	cfi_command(f, at, SET_LOCK);
	return confirm(f, at, f->program_us, "unlocking");
}

static int erase(struct flash *flash, uint32_t off)
{
	struct cfi_flash *f = cfi_of(flash);
	int err = unlock(f, off);

	if (err)
		return err;
	cfi_command(f, off, CLEAR_STATUS);
	cfi_command(f, off, ERASE_BLOCK);
	return confirm(f, off, f->erase_us, "erase");
}

static uint32_t word_of(const uint8_t *data)
{
	uint32_t word;

	memcpy(&word, data, sizeof(word));
	return word;
}

/* Programs LEN bytes at OFF: as many as the buffer takes, and within one aligned part of its size.
 * The chips may be told any address of the block; QEMU's want one of that part. */
static int program_buffer(struct cfi_flash *f, uint32_t off, const uint8_t *data, uint32_t len)
{
	uint32_t status;
	int err;

	cfi_command(f, off, CLEAR_STATUS);
	cfi_command(f, off, WRITE_BUFFER);
	err = wait(f, off, f->program_us, "program", &status);
	if (err)
		return err;
	cfi_command(f, off, len / FLASH_WORD - 1);
	for (uint32_t i = 0; i < len; i += FLASH_WORD)
		mmio_write(f->flash.base + off + i, word_of(data + i));
	return confirm(f, off, f->program_us, "program");
}

static int program_word(struct cfi_flash *f, uint32_t off, const uint8_t *data)
{
	uint32_t status;
	int err;

	cfi_command(f, off, CLEAR_STATUS);
	cfi_command(f, off, WRITE_WORD);
	mmio_write(f->flash.base + off, word_of(data));
	err = wait(f, off, f->program_us, "program", &status);
	return err ? err : finish(f, off, "program", status);
}

static int program(struct flash *flash, uint32_t off, const void *data, uint32_t len)
{
	struct cfi_flash *f = cfi_of(flash);
	uint32_t unlocked = UINT32_MAX, size, n;
	const uint8_t *from = data;
	int err = 0;

	for (; len && !err; off += n, from += n, len -= n) {
		uint32_t at = block(flash, off, &size);

		n = f->buffer ? f->buffer - off % f->buffer : FLASH_WORD;
		size -= off - at; /* what is left of the block */
		n = n < size ? n : size;
		n = n < len ? n : len;
		if (at != unlocked)
			err = unlock(f, at);
		unlocked = at;
		if (!err)
			err = f->buffer ? program_buffer(f, off, from, n)
					: program_word(f, off, from);
	}
	return err;
}

/* By whole words: flash is device memory, of which nothing else may be read. */
static void read(const struct flash *flash, uint32_t off, void *data, uint32_t len)
{
	const struct cfi_flash *f = cfi_of(flash);
	uint8_t *to = data;

	for (uint32_t n; len; off += n, to += n, len -= n) {
		uint32_t skip = off % FLASH_WORD, word = mmio_read(f->flash.base + off - skip);

		n = FLASH_WORD - skip < len ? FLASH_WORD - skip : len;
		memcpy(to, (uint8_t *)&word + skip, n);
	}
}

int cfi_flash_probe(struct cfi_flash *f, uintptr_t base, uint32_t room)
{
	*f = (struct cfi_flash){
		.flash = {.base = base,
			  .block = block,
			  .erase = erase,
			  .program = program,
			  .read = read},
	};
	if (room < CFI_END * FLASH_WORD || base % FLASH_WORD)
		return flash_failed(&f->flash, -ENODEV, NO_CHIPS);
	cfi_command(f, 0, READ_ARRAY);
	cfi_command(f, CFI_UNLOCK_ADDRESS * FLASH_WORD, QUERY);
	return take_query(f, room);
}

/* ---- the tree ------------------------------------------------------------------------------- */

/* The first child of NODE that has the partitions, or a negative value. */
static int partitions_node(const void *fdt, int node)
{
	int child;

	fdt_for_each_subnode (child, fdt, node) {
		if (fdt_node_check_compatible(fdt, child, "fixed-partitions") == 0)
			break;
	}
	return child;
}

/* Reads the partition at NODE, a child of PARENT; false: it is not in the flash. */
static bool read_partition(const struct flash *f, const void *fdt, int parent, int node,
			   struct flash_partition *p)
{
	int len, ac, sc;
	const uint8_t *reg = fdt_getprop(fdt, node, "reg", &len);
	uint64_t off, size;

	p->name = dt_string(fdt, node, "label");
	if (!p->name)
		p->name = fdt_get_name(fdt, node, NULL);
	if (!reg || dt_cells(fdt, parent, &ac, &sc) || len < 4 * (ac + sc))
		return false;
	off = dt_number(reg, ac);
	size = dt_number(reg + 4 * ac, sc);
	p->off = (uint32_t)off;
	p->size = (uint32_t)size;
	return off <= f->size && size && size <= f->size - off;
}

void cfi_flash_partitions(struct flash *f, const void *fdt, int node)
{
	int parent = partitions_node(fdt, node), child;
	struct flash_partition p;

	if (parent < 0)
		return;
	fdt_for_each_subnode (child, fdt, parent) {
		bool inside = read_partition(f, fdt, parent, child, &p);

		if (inside && f->partition_count < FLASH_PARTITIONS_MAX)
			f->partitions[f->partition_count++] = p;
		else
			pr_warn("flash: partition %s: expected at most %u, in its 0x%lx bytes: "
				"left out",
				p.name, FLASH_PARTITIONS_MAX, (unsigned long)f->size);
	}
}

void cfi_flash_bind(const struct device *device)
{
	static struct cfi_flash found;
	const void *fdt = device->fdt;
	int node = dt_node(&device->path);
	uint64_t room;

	if (dt_reg_size(fdt, &device->path, 0, &room))
		room = 0;
	if (room > UINTPTR_MAX - device->base)
		room = UINTPTR_MAX - device->base;
	if (cfi_flash_probe(&found, device->base, (uint32_t)room)) {
		pr_warn("%s: %s: the device is left out", fdt_get_name(fdt, node, NULL),
			found.flash.problem);
		return;
	}
	if (machine.claim)
		machine.claim(device->base, found.flash.size);
	cfi_flash_partitions(&found.flash, fdt, node);
	machine.flash = &found.flash;
}
