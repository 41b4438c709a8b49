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

/* Whether what the header H says of itself can be, in ROOM bytes. */
static bool possible(const struct flash_image *h, uint32_t room)
{
	uint32_t code = h->parts[FLASH_IMAGE_CODE].base, tree = h->parts[FLASH_IMAGE_TREE].base;
	uint32_t code_size = h->parts[FLASH_IMAGE_CODE].size;
	uint32_t tree_size = h->parts[FLASH_IMAGE_TREE].size;

	return room >= sizeof(*h) && code_size <= room - sizeof(*h) &&
	       tree_size <= room - sizeof(*h) - code_size &&
	       (code + code_size <= tree || tree + tree_size <= code) && h->mark < tree_size &&
	       !h->text[FLASH_IMAGE_TEXT - 1];
}

const char *flash_image_problem(const struct flash_image *h, uint32_t room, uint32_t ram,
				uint32_t ram_size)
{
	if (h->magic != FLASH_IMAGE_MAGIC)
		return "there is none";
	if (h->header_crc != crc32c(0, h, offsetof(struct flash_image, header_crc)))
		return "its header does not match its checksum";
	if (h->version != FLASH_IMAGE_VERSION)
		return "its header has another version than is known here";
	for (unsigned i = 0; i < FLASH_IMAGE_PARTS; i++)
		if (!in_ram(h->parts[i].base, h->parts[i].size, ram, ram_size))
			return "it belongs where this board has no RAM";
	return possible(h, room) ? NULL : "its header contradicts itself or is for a larger place";
}

uint32_t flash_image_bytes(const struct flash_image *h)
{
	return h->parts[FLASH_IMAGE_CODE].size + h->parts[FLASH_IMAGE_TREE].size;
}
