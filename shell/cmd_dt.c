/* SPDX-License-Identifier: MIT */
/* Shows the device tree, a node at a time, in the words of its source. */
#include <libfdt.h>
#include <string.h>

#include "lib/be.h"
#include "lib/dt.h"
#include "shell/command.h"

#define SHOWN_MAX 256 /* bytes of one property; a multiple of 4 */

/* Whether the bytes can be meant as strings: each printable and not empty, the last one ended. */
static bool are_strings(const char *data, size_t len)
{
	if (len == 0 || data[len - 1] != '\0')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (data[i] == '\0' ? i == 0 || data[i - 1] == '\0'
				    : data[i] < ' ' || data[i] > '~')
			return false;
	}
	return true;
}

static void show_quoted(struct shell_env *env, const char *text, size_t len)
{
	shell_printf(env, "\"");
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"')
			shell_printf(env, "\\\"");
		else
			shell_escaped(env, &text[i], 1);
	}
	shell_printf(env, "\"");
}

/* DATA may end within a string. */
static void show_strings(struct shell_env *env, const char *data, size_t len)
{
	for (size_t start = 0; start < len;) {
		size_t end = start;

		while (end < len && data[end])
			end++;
		if (start)
			shell_printf(env, ", ");
		show_quoted(env, data + start, end - start);
		start = end + 1;
	}
}

static void show_cells(struct shell_env *env, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i += 4)
		shell_printf(env, "%s0x%" PRIx32, i ? " " : "<", be32_load(data + i));
	shell_printf(env, ">");
}

static void show_bytes(struct shell_env *env, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		shell_printf(env, "%s%02x", i ? " " : "[", (unsigned char)data[i]);
	shell_printf(env, "]");
}

static void show_property(struct shell_env *env, const char *name, const char *data, size_t len)
{
	size_t shown = len > SHOWN_MAX ? SHOWN_MAX : len;

	shell_printf(env, "\t");
	shell_word(env, name);
	if (len)
		shell_printf(env, " = ");
	if (are_strings(data, len))
		show_strings(env, data, shown);
	else if (len && len % 4 == 0)
		show_cells(env, data, shown);
	else if (len)
		show_bytes(env, data, shown);
	shell_printf(env, ";");
	if (shown < len)
		shell_printf(env, " /* %lu more bytes */", (unsigned long)(len - shown));
	shell_printf(env, "\n");
}

static void show_node(struct shell_env *env, const void *fdt, int node)
{
	int at, len;

	shell_word(env, node ? fdt_get_name(fdt, node, NULL) : "/");
	shell_printf(env, " {\n");
	fdt_for_each_property_offset (at, fdt, node) {
		const char *name, *data = fdt_getprop_by_offset(fdt, at, &name, &len);

		if (data)
			show_property(env, name, data, (size_t)len);
	}
	fdt_for_each_subnode (at, fdt, node) {
		shell_printf(env, "\t");
		shell_word(env, fdt_get_name(fdt, at, NULL));
		shell_printf(env, " { ... };\n");
	}
	shell_printf(env, "};\n");
}

int cmd_dt(struct shell_env *env, int argc, char *argv[])
{
	const char *path = argc == 2 ? argv[1] : "/";
	int node;

	if (!env->fdt) {
		shell_printf(env, "dt: there is no device tree\n");
		return -1;
	}
	node = *path ? dt_find(env->fdt, path) : -FDT_ERR_BADPATH;
	if (node < 0) {
		shell_printf(env, "dt: there is no node \"");
		shell_word(env, path);
		shell_printf(env, "\": a path from / on or an alias was expected\n");
		return -1;
	}
	show_node(env, env->fdt, node);
	return 0;
}
