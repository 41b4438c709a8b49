/* SPDX-License-Identifier: MIT */
/*
 * Makes an image for flash (boot/flash_image.h) of code and tree.
 * Usage: flash-image CODE BASE TREE BASE TEXT >IMAGE
 */
#define _GNU_SOURCE /* memmem */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/flash_image.h"
#include "lib/crc32c.h"

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "flash-image: %s: %s\n", what, why);
	exit(1);
}

/* The bytes of the file NAME and zeros up to a whole number of units. */
static unsigned char *read_file(const char *name, uint32_t *size)
{
	FILE *file = fopen(name, "rb");
	unsigned char *bytes;
	long len;

	if (!file || fseek(file, 0, SEEK_END) || (len = ftell(file)) < 0 ||
	    fseek(file, 0, SEEK_SET))
		fail(name, strerror(errno));
	if (!len || len > (long)MIB(64))
		fail(name, "a file of 1 byte to 64 MiB was expected");
	*size = ROUND_UP((uint32_t)len, FLASH_IMAGE_ALIGN);
	bytes = calloc(1, *size);
	if (!bytes)
		fail(name, strerror(ENOMEM));
	if (fread(bytes, 1, (size_t)len, file) != (size_t)len)
		fail(name, "it cannot be read");
	fclose(file);
	return bytes;
}

static uint32_t address(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 16);

	if (end == text || *end || value > UINT32_MAX)
		fail(text, "an address in hexadecimal was expected");
	return (uint32_t)value;
}

/* Where in TREE the question mark is that the selector replaces, or 0. */
static uint32_t mark(const char *name, const unsigned char *tree, uint32_t size)
{
	const size_t len = strlen(FLASH_IMAGE_MARK);
	const unsigned char *at = memmem(tree, size, FLASH_IMAGE_MARK, len);

	if (!at)
		return 0;
	if (memmem(at + len, size - (size_t)(at + len - tree), FLASH_IMAGE_MARK, len))
		fail(name, FLASH_IMAGE_MARK " is in it more than once");
	return (uint32_t)(at + len - 1 - tree);
}

int main(int argc, char *argv[])
{
	struct flash_image h = {.magic = FLASH_IMAGE_MAGIC, .version = FLASH_IMAGE_VERSION};
	unsigned char *bytes[FLASH_IMAGE_PARTS];

	if (argc != 6) {
		fprintf(stderr, "usage: flash-image CODE BASE TREE BASE TEXT >IMAGE\n");
		return 2;
	}
	for (int i = 0; i < FLASH_IMAGE_PARTS; i++) {
		bytes[i] = read_file(argv[1 + 2 * i], &h.parts[i].size);
		h.parts[i].base = address(argv[2 + 2 * i]);
		h.crc = crc32c(h.crc, bytes[i], h.parts[i].size);
	}
	h.mark = mark(argv[3], bytes[FLASH_IMAGE_TREE], h.parts[FLASH_IMAGE_TREE].size);
	snprintf(h.text, sizeof(h.text), "%s", argv[5]);
	h.header_crc = crc32c(0, &h, offsetof(struct flash_image, header_crc));
	fwrite(&h, sizeof(h), 1, stdout);
	for (int i = 0; i < FLASH_IMAGE_PARTS; i++)
		fwrite(bytes[i], 1, h.parts[i].size, stdout);
	if (fflush(stdout) || ferror(stdout))
		fail("standard output", strerror(errno));
	for (int i = 0; i < FLASH_IMAGE_PARTS; i++)
		free(bytes[i]);
	return 0;
}
