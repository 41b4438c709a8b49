/* SPDX-License-Identifier: MIT */
/*
 * Which memory tree, ATAGs and mem= ask for, told once more in the plainest way and compared with
 * what the boot made of it: address by address, at every edge that either of the two has.
 */
#include <libfdt.h>
#include <string.h>

#include "tests/fuzz/fuzz_boot.h"
#include "tests/fuzz/fuzz_dt.h"

#define RANGES_MAX 1024 /* an input with more of them is not compared */
#define EDGES_MAX 64    /* of these ranges the edges are compared */
#define WHITE " \t\n\v\f\r"

struct range {
	uint64_t base, end;
};

/* The memory that one source asks for. */
struct wanted {
	struct range ranges[RANGES_MAX];
	unsigned count;
	bool too_many;
	bool hotpluggable; /* any of them, in a tree */
	bool seen;         /* there is a mem= that counts */
};

static struct wanted tree_memory, mem_params;

/* ---- memory --------------------------------------------------------------------------------- */

static bool holds_page(uint64_t base, uint64_t end)
{
	return base <= UINT64_MAX - PAGE_SIZE &&
	       (base + PAGE_SIZE - 1) / PAGE_SIZE < end / PAGE_SIZE;
}

/* Adds the whole pages of [base, end). */
static void add_pages(struct wanted *w, uint64_t base, uint64_t end)
{
	if (!holds_page(base, end))
		return;
	w->too_many |= w->count == RANGES_MAX;
	if (w->count < RANGES_MAX)
		w->ranges[w->count++] =
			(struct range){(base + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE,
				       end / PAGE_SIZE * PAGE_SIZE};
}

static void add_atags(const struct boot *b)
{
	for (unsigned i = 0; i < b->atags.mem_count; i++)
		add_pages(&tree_memory, b->atags.mem[i].start,
			  (uint64_t)b->atags.mem[i].start + b->atags.mem[i].size);
}

static void add_node(const void *fdt, int node, const char *name, unsigned ac, unsigned sc)
{
	int len;
	const uint8_t *p = fdt_getprop(fdt, node, name, &len);

	for (; p && len >= (int)(4 * (ac + sc)); p += 4 * (ac + sc), len -= (int)(4 * (ac + sc)))
		add_pages(&tree_memory, fuzz_cells(p, ac),
			  fuzz_sum(fuzz_cells(p, ac), fuzz_cells(p + 4 * ac, sc)));
}

/* The ATAGs' memory stands for the reg of the first memory node, or alone if there is none. */
static void read_tree(const struct boot *b)
{
	bool atags = b->atags.mem_count > 0;
	unsigned ac, sc;
	int node = -1;

	tree_memory = (struct wanted){.count = 0};
	if (fuzz_cell_counts(b->fdt, 0, &ac, &sc))
		node = fdt_first_subnode(b->fdt, 0);
	for (; node >= 0; node = fdt_next_subnode(b->fdt, node)) {
		int len;
		const char *type = fdt_getprop(b->fdt, node, "device_type", &len);

		if (!type || len < 1 || type[len - 1] || strcmp(type, "memory") != 0 ||
		    !fuzz_is_enabled(b->fdt, node))
			continue;
		tree_memory.hotpluggable |= fdt_getprop(b->fdt, node, "hotpluggable", NULL) != NULL;
		if (fdt_getprop(b->fdt, node, "linux,usable-memory", NULL))
			add_node(b->fdt, node, "linux,usable-memory", ac, sc);
		else if (atags)
			add_atags(b);
		else
			add_node(b->fdt, node, "reg", ac, sc);
		atags = false;
	}
	if (atags)
		add_atags(b);
}

static bool in_ranges(const struct wanted *w, uint64_t addr)
{
	for (unsigned i = 0; i < w->count; i++)
		if (w->ranges[i].base <= addr && addr < w->ranges[i].end)
			return true;
	return false;
}

/* Whether the whole page that holds ADDR lies above the start of RAM. */
static bool above_start(const struct boot *b, uint64_t addr)
{
	return addr / PAGE_SIZE * PAGE_SIZE >= b->ram_start;
}

/* /chosen's usable ranges, which must be whole pairs: the first caps memory, the second adds. */
static int usable_ranges(const struct boot *b, struct range usable[2])
{
	int chosen = fdt_path_offset(b->fdt, "/chosen"), len = 0, count = 0;
	const uint8_t *p =
		chosen < 0 ? NULL : fdt_getprop(b->fdt, chosen, "linux,usable-memory-range", &len);
	unsigned ac, sc;

	if (!p || !fuzz_cell_counts(b->fdt, 0, &ac, &sc) || len % (int)(4 * (ac + sc)))
		return 0;
	for (; count < 2 && len > 0; count++, len -= (int)(4 * (ac + sc)), p += 4 * (ac + sc)) {
		uint64_t base = fuzz_cells(p, ac);

		usable[count] = (struct range){base, fuzz_sum(base, fuzz_cells(p + 4 * ac, sc))};
		if (base >= PHYS_ADDR_MAX)
			usable[count].end = base; /* beyond what memory can be: ignored */
	}
	return count;
}

static bool tree_has(const struct boot *b, uint64_t addr)
{
	struct range usable[2];
	int count = usable_ranges(b, usable);
	bool has = in_ranges(&tree_memory, addr) && above_start(b, addr);

	if (count > 0 && usable[0].base < usable[0].end)
		has = has && addr >= usable[0].base && addr < usable[0].end;
	return has || (count > 1 && addr >= usable[1].base && addr < usable[1].end);
}

/* ---- mem= ----------------------------------------------------------------------------------- */

static unsigned digit(char c)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	const char *d = c ? strchr(digits, c) : NULL;

	return !d ? 16 : d - digits < 16 ? (unsigned)(d - digits) : (unsigned)(d - digits - 6);
}

/* A size as Linux reads it; false if it is none. *TEXT is behind it then. */
static bool read_size(const char **text, uint64_t *size)
{
	const char *p = *text, *suffix;
	bool hex = p[0] == '0' && (p[1] == 'x' || p[1] == 'X') && digit(p[2]) < 16;
	unsigned base = hex ? 16 : p[0] == '0' ? 8 : 10;
	unsigned __int128 v = 0;

	p += hex ? 2 : 0;
	if (digit(*p) >= base)
		return false;
	for (; digit(*p) < base; p++)
		v = v > UINT64_MAX ? v : v * base + digit(*p);
	suffix = *p ? strchr("kmgtpeKMGTPE", *p) : NULL;
	if (suffix && v <= UINT64_MAX)
		v <<= 10 * ((suffix - "kmgtpeKMGTPE") % 6 + 1);
	*text = p + (suffix != NULL);
	*size = (uint64_t)v;
	return v <= UINT64_MAX;
}

/* The value of mem=. */
static void add_mem(const struct boot *b, const char *value)
{
	uint64_t size, start = b->ram_start, end;

	if (!read_size(&value, &size))
		return;
	if (*value == '@' && (value++, !read_size(&value, &start)))
		return;
	end = fuzz_sum(start, size);
	if (!holds_page(start, end))
		return;
	mem_params.seen = true;
	if (start <= PHYS_ADDR_MAX && end > PHYS_ADDR_MAX)
		end = PHYS_ADDR_MAX;
	add_pages(&mem_params, start, end);
}

/* The end of the word at TEXT: white space that is not between quotes. */
static const char *word_end(const char *text)
{
	bool quoted = false;

	for (; *text && (quoted || !strchr(WHITE, *text)); text++)
		quoted ^= *text == '"';
	return text;
}

/* Takes each mem= before a word that is "--", either of which may stand in quotes. */
static void read_params(const struct boot *b)
{
	const char *text = b->cmdline, *end;

	mem_params = (struct wanted){.count = 0};
	for (; text += strspn(text, WHITE), *text; text = end) {
		bool quoted = *text == '"';
		char word[CMDLINE_MAX];
		size_t len;

		end = word_end(text);
		text += quoted;
		len = (size_t)(end - text);
		memcpy(word, text, len);
		len -= quoted && len && word[len - 1] == '"';
		word[len] = '\0';
		if (strcmp(word, "--") == 0)
			return;
		if (strncmp(word, "mem=", 4) == 0)
			add_mem(b, word + 4 + (word[4] == '"'));
	}
}

/* ---- the comparison ------------------------------------------------------------------------- */

static bool is_wanted(const struct boot *b, uint64_t addr)
{
	return mem_params.seen ? in_ranges(&mem_params, addr) && above_start(b, addr)
			       : tree_has(b, addr);
}

/* Compares one address; unless EXACT memory may be missing, because the list was full. */
static void compare(const struct boot *b, uint64_t addr, bool exact)
{
	bool is, wanted;

	if (addr >= PHYS_ADDR_MAX) /* the last byte is never memory */
		return;
	is = fuzz_covers(&memblock.memory, addr, addr + 1);
	wanted = is_wanted(b, addr);
	CHECK(is == wanted || (wanted && !exact), "0x%" PRIx64 " is%s memory, but should%s", addr,
	      is ? "" : " no", wanted ? "" : " not");
}

static void compare_edges(const struct boot *b, uint64_t base, uint64_t end, bool exact)
{
	compare(b, base - 1, exact);
	compare(b, base, exact);
	compare(b, end - 1, exact);
	compare(b, end, exact);
}

static void compare_ranges(const struct boot *b, const struct wanted *w, bool exact)
{
	for (unsigned i = 0; i < w->count && i < EDGES_MAX; i++)
		compare_edges(b, w->ranges[i].base, w->ranges[i].end, exact);
}

void fuzz_check_memory(const struct boot *b)
{
	struct range usable[2];
	unsigned sources;
	bool exact;

	read_tree(b);
	read_params(b);
	CHECK(b->mem_seen == mem_params.seen, "mem= counts %d, expected %d", b->mem_seen,
	      mem_params.seen);
	if (tree_memory.too_many || mem_params.too_many)
		return;
	sources = tree_memory.count + mem_params.count + (unsigned)usable_ranges(b, usable);
	/* A hotpluggable range can make five regions of three, and is marked before it is cut. */
	exact = sources <= (tree_memory.hotpluggable ? 3 : INIT_MEMBLOCK_REGIONS - 1);
	compare(b, b->ram_start, exact);
	compare(b, b->ram_start - 1, exact);
	compare_ranges(b, &tree_memory, exact);
	compare_ranges(b, &mem_params, exact);
	for (unsigned long i = 0; i < memblock.memory.cnt; i++)
		compare_edges(b, memblock.memory.regions[i].base,
			      fuzz_end(&memblock.memory.regions[i]), exact);
}
