/* SPDX-License-Identifier: MIT */
#include "boot/flash_image.h"

#include "lib/crc32c.h"

_Static_assert(sizeof(struct flash_image) == 128, "the header has 128 bytes in flash");

/* Whether [base, base + size) is aligned and in [ram, ram + ram_size). */
static bool in_ram(uint32_t base, uint32_t size, uint32_t ram, uint32_t ram_size)
{
	return size && base % FLASH_IMAGE_ALIGN == 0 && size % FLASH_IMAGE_ALIGN == 0 &&
	       base >= ram && base - ram <= ram_size && size <= ram_size - (base - ram);
}

static bool apart(uint32_t a, uint32_t a_size, uint32_t b, uint32_t b_size)
{
	return a + a_size <= b || b + b_size <= a;
}

static const char *places_problem(const struct flash_image *h, uint32_t ram, uint32_t ram_size)
{
	for (unsigned i = 0; i < FLASH_IMAGE_PARTS; i++)
		if (!in_ram(h->parts[i].base, h->parts[i].size, ram, ram_size))
			return "it belongs where this board has no RAM";
	if (!apart(h->parts[0].base, h->parts[0].size, h->parts[1].base, h->parts[1].size))
		return "its tree belongs where its code does";
	return NULL;
}

const char *flash_image_problem(const struct flash_image *h, uint32_t room, uint32_t ram,
				uint32_t ram_size)
{
	const char *problem;

	if (h->magic != FLASH_IMAGE_MAGIC)
		return "there is none";
	if (h->header_crc != crc32c(0, h, offsetof(struct flash_image, header_crc)))
		return "its header does not match its checksum";
	if (h->version != FLASH_IMAGE_VERSION)
		return "its header has another version than the one known";
	problem = places_problem(h, ram, ram_size);
	if (problem)
		return problem;
	if (h->mark >= h->parts[FLASH_IMAGE_TREE].size || h->text[FLASH_IMAGE_TEXT - 1])
		return "its header contradicts itself";
	if (h->parts[FLASH_IMAGE_CODE].size > room - sizeof(*h) ||
	    h->parts[FLASH_IMAGE_TREE].size > room - sizeof(*h) - h->parts[FLASH_IMAGE_CODE].size)
		return "it is longer than its place";
	return NULL;
}

uint32_t flash_image_bytes(const struct flash_image *h)
{
	return h->parts[FLASH_IMAGE_CODE].size + h->parts[FLASH_IMAGE_TREE].size;
}
