/* SPDX-License-Identifier: MIT */
#include "lib/dt.h"

#include <errno.h>
#include <limits.h>
#include <libfdt.h>
#include <string.h>

#include "lib/be.h"

uint64_t dt_number(const void *p, int cells)
{
	return cells == 2 ? be64_load(p) : cells == 1 ? be32_load(p) : 0;
}

void dt_pair(const void *p, int ac, int sc, uint64_t *address, uint64_t *size)
{
	*address = dt_number(p, ac);
	*size = dt_number((const uint8_t *)p + 4 * ac, sc);
}

static int cell_count(const void *fdt, int node, const char *name, int none)
{
	int len;
	const void *p = fdt_getprop(fdt, node, name, &len);

	return !p ? none : len == 4 && be32_load(p) <= INT_MAX ? (int)be32_load(p) : -1;
}

int dt_cells(const void *fdt, int node, int *address_cells, int *size_cells)
{
	*address_cells = cell_count(fdt, node, "#address-cells", 1);
	*size_cells = cell_count(fdt, node, "#size-cells", 1);
	return *address_cells < 1 || *address_cells > 2 || *size_cells < 1 || *size_cells > 2
		       ? -EINVAL
		       : 0;
}

bool dt_available(const void *fdt, int node)
{
	int len;
	const char *status = fdt_getprop(fdt, node, "status", &len);

	/* The first string counts; one without its NUL is neither of the two. */
	return !status || (len >= 5 && memcmp(status, "okay", 5) == 0) ||
	       (len >= 3 && memcmp(status, "ok", 3) == 0);
}

const char *dt_string(const void *fdt, int node, const char *name)
{
	int len;
	const char *s = fdt_getprop(fdt, node, name, &len);

	return s && len > 0 && s[len - 1] == '\0' ? s : NULL;
}

/* The node at PATH seen from NODE, or a negative libfdt error. */
static int walk(const void *fdt, int node, const char *path)
{
	while (node >= 0) {
		size_t len;

		path += strspn(path, "/");
		if (!*path)
			break;
		len = strcspn(path, "/");
		node = fdt_subnode_offset_namelen(fdt, node, path, (int)len);
		path += len;
	}
	return node;
}

/* libfdt follows an alias to an alias, up to 1.7.0 to itself if the tree says so. */
int dt_find(const void *fdt, const char *path)
{
	size_t alias = strcspn(path, "/");
	const char *target;
	int len;

	if (alias == 0)
		return walk(fdt, 0, path);
	target = fdt_getprop_namelen(fdt, walk(fdt, 0, "/aliases"), path, (int)alias, &len);
	if (!target || len < 1 || target[0] != '/' || target[len - 1] != '\0')
		return -FDT_ERR_NOTFOUND;
	return walk(fdt, walk(fdt, 0, target), path + alias);
}

bool dt_next(const void *fdt, struct dt_path *path)
{
	int depth = path->depth - 1, node = depth < 0 ? 0 : path->nodes[depth];

	if (depth < 0)
		depth = 0;
	else
		do
			node = fdt_next_node(fdt, node, &depth);
		while (node >= 0 && depth >= DT_DEPTH_MAX);
	if (node < 0 || depth < 0)
		return false;
	path->nodes[depth] = node;
	path->depth = depth + 1;
	return true;
}

int dt_path_to(const void *fdt, int node, struct dt_path *path)
{
	path->depth = 0;
	while (dt_next(fdt, path))
		if (dt_node(path) == node)
			return 0;
	return -EINVAL;
}

/* The cell counts of a bus; false if they are not 1 or 2 (PCI has 3 and is left alone). */
static bool bus_cells(const void *fdt, int node, int *ac, int *sc)
{
	*ac = cell_count(fdt, node, "#address-cells", 1);
	*sc = cell_count(fdt, node, "#size-cells", 1);
	return *ac >= 1 && *ac <= 2 && *sc >= 0 && *sc <= 2;
}

/* Takes *ADDRESS from the bus BUS to the bus it lies on, PARENT. */
static int translate_once(const void *fdt, int bus, int parent, uint64_t *address)
{
	int len, ac, sc, pac, psc;
	const uint8_t *p = fdt_getprop(fdt, bus, "ranges", &len);

	if (!p || !bus_cells(fdt, bus, &ac, &sc) || !bus_cells(fdt, parent, &pac, &psc))
		return -EINVAL;
	if (len == 0)
		return 0;
	for (; len >= 4 * (ac + pac + sc); len -= 4 * (ac + pac + sc)) {
		uint64_t child = dt_number(p, ac);
		uint64_t above = dt_number(p + 4 * ac, pac);
		uint64_t size = dt_number(p + 4 * (ac + pac), sc);

		if (*address >= child && *address - child < size) {
			*address = above + (*address - child);
			return 0;
		}
		p += 4 * (ac + pac + sc);
	}
	return -EINVAL;
}

/* The N-th address in the reg of PATH's node, and its size if it is to be SIZED, and how many cells
 * each has; NULL: there is none. */
static const uint8_t *reg_at(const void *fdt, const struct dt_path *path, int n, bool sized,
			     int *ac, int *sc)
{
	int len;
	const uint8_t *reg = fdt_getprop(fdt, dt_node(path), "reg", &len);

	if (path->depth < 2 || !reg || !bus_cells(fdt, path->nodes[path->depth - 2], ac, sc) ||
	    len < 4 * (n * (*ac + *sc) + *ac + (sized ? *sc : 0)))
		return NULL;
	return reg + 4 * n * (*ac + *sc);
}

int dt_reg_address(const void *fdt, const struct dt_path *path, int n, uint64_t *address)
{
	int ac, sc;
	const uint8_t *reg = reg_at(fdt, path, n, false, &ac, &sc);

	if (!reg)
		return -EINVAL;
	*address = dt_number(reg, ac);
	for (int i = path->depth - 2; i > 0; i--) {
		int err = translate_once(fdt, path->nodes[i], path->nodes[i - 1], address);

		if (err)
			return err;
	}
	return 0;
}

int dt_reg_size(const void *fdt, const struct dt_path *path, int n, uint64_t *size)
{
	int ac, sc;
	const uint8_t *reg = reg_at(fdt, path, n, true, &ac, &sc);

	if (!reg || !sc)
		return -EINVAL;
	*size = dt_number(reg + 4 * ac, sc);
	return 0;
}

const void *dt_inherited(const void *fdt, const struct dt_path *path, const char *name, int *len)
{
	const void *p = NULL;

	for (int i = path->depth; !p && i > 0; i--)
		p = fdt_getprop(fdt, path->nodes[i - 1], name, len);
	return p;
}
