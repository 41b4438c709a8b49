/* SPDX-License-Identifier: MIT */
#include "boot/images.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "boot/selection.h"
#include "lib/log.h"
#include "mm/memblock.h"

#define RUNS "cairn/image"    /* entry: which image runs, as name_of() has it */
#define WANTED "boot/confirm" /* entry: what is to be confirmed by the next boot, the same */
#define NAME_SIZE 11

/* Partitions. */
#define OF_SELECTOR "selector"
static const char *const of_image[FLASH_IMAGES] = {"image-a", "image-b"};

/* An image as it lies in flash. */
struct image {
	uint32_t off;
	struct flash_image header;
	const char *problem; /* of the header; NULL: none */
};

static struct flash *flash;
static char running; /* 'A' or 'B', or 0 */
static uint32_t running_crc;
static uint32_t areas; /* where they begin; 0: there are none */

static struct selection_flash selection;

static void read_areas(void *ctx, uint32_t offset, void *to, size_t size)
{
	(void)ctx;
	flash->read(flash, areas + offset, to, (uint32_t)size);
}

static int program_areas(void *ctx, uint32_t offset, uint32_t word)
{
	(void)ctx;
	return flash_write(flash, areas + offset, &word, sizeof(word));
}

static int erase_areas(void *ctx, uint32_t offset)
{
	(void)ctx;
	return flash_erase(flash, areas + offset, selection.stride);
}

static struct selection_flash selection = {
	.read = read_areas,
	.program = program_areas,
	.erase = erase_areas,
};

static const struct flash_partition *partition(const char *name)
{
	return flash_find(flash, name, strlen(name));
}

/* Finds images and records. NULL, or what is missing. */
static const char *find_areas(void)
{
	const struct flash_partition *p;

	areas = 0;
	if (!flash)
		return "no flash was found";
	p = partition(OF_SELECTOR);
	if (!p || !partition(of_image[0]) || !partition(of_image[1]))
		return "the device tree lacks its partitions";
	selection.stride = p->size / SELECTION_PARTS;
	areas = p->off + selection.stride;
	return NULL;
}

/* Reads the header of image NUMBER, whose partition is there. */
static void look(unsigned number, struct image *image)
{
	const struct flash_partition *p = partition(of_image[number]);
	uint32_t ram = (uint32_t)memblock_start_of_DRAM();

	image->off = p->off;
	flash->read(flash, p->off, &image->header, sizeof(image->header));
	image->problem = flash_image_problem(&image->header, p->size, ram,
					     (uint32_t)(memblock_end_of_DRAM() - ram));
}

/* What is wrong with IMAGE, its bytes included; NULL: nothing. */
static const char *problem(const struct image *image)
{
	if (image->problem)
		return image->problem;
	if (flash_crc(flash, 0, image->off + (uint32_t)sizeof(image->header),
		      flash_image_bytes(&image->header)) != image->header.crc)
		return "its bytes do not match their checksum";
	return NULL;
}

/* Why the selector would leave out image NUMBER, which is IMAGE, by the record S; NULL: it would
 * not. */
static const char *left_out(const struct selection *s, unsigned number, const struct image *image)
{
	if (!image->problem && !selection_confirmed(s, number, image->header.crc) &&
	    !selection_tries_left(s, number))
		return "its tries are used up and it was not confirmed";
	return problem(image);
}

/* Confirms the image that runs. NULL, or why not. */
static const char *confirm(void)
{
	unsigned number = running == 'B';
	struct image image;

	look(number, &image);
	if (image.problem)
		return image.problem;
	if (image.header.crc != running_crc)
		return "in its place lies another image";
	return selection_confirm(&selection, number, running_crc) ? flash->problem : NULL;
}

/* Says why the image that runs is not the one that is tried first. */
static void report_other(const struct selection *s)
{
	struct image image;
	const char *why;

	look(s->preferred, &image);
	why = left_out(s, s->preferred, &image);
	pr_warn("flash: image %c was left out: %s", 'A' + (char)s->preferred,
		why ? why : "the selector found it damaged");
}

/* A name for an image that no other one has, with its NUL. */
static void name_of(unsigned number, uint32_t crc, char name[NAME_SIZE])
{
	snprintf(name, NAME_SIZE, "%c %08" PRIx32, 'A' + (char)number, crc);
}

/* Confirms the image called NAME. 0, -ENOENT: it is not in flash, or another error after a line. */
static int confirm_named(const char *name)
{
	struct image image;
	char its[NAME_SIZE];

	for (unsigned i = 0; i < FLASH_IMAGES; i++) {
		look(i, &image);
		name_of(i, image.header.crc, its);
		if (image.problem || strcmp(its, name) != 0)
			continue;
		if (selection_confirm(&selection, i, image.header.crc)) {
			pr_warn(WANTED ": %s", flash->problem);
			return -EIO;
		}
		pr_info("flash: image %c, confirmed by " WANTED, *name);
		return 0;
	}
	return -ENOENT;
}

/* What runs behind Cairn cannot write flash, but entries: confirms what such a one asks for. */
static void confirm_wanted(struct store *s)
{
	char name[NAME_SIZE] = "";
	uint32_t len;
	int err = store_read(s, WANTED, strlen(WANTED), name, NAME_SIZE - 1, &len);

	if (err && err != -EMSGSIZE)
		return;
	err = confirm_named(name);
	if (err == -ENOENT)
		pr_warn(WANTED ": it is no image in flash: removed");
	if (!err || err == -ENOENT)
		store_delete(s, WANTED, strlen(WANTED));
}

/* Leaves the name of the image that runs, if one does, in the store. */
static void put_name(struct store *s)
{
	char name[NAME_SIZE];

	name_of(running == 'B', running_crc, name);
	if (!running || store_put(s, RUNS, strlen(RUNS), name, NAME_SIZE - 1, NULL, 0, STORE_NEVER))
		store_delete(s, RUNS,
			     strlen(RUNS)); /* another boot's would be taken for this one's */
}

/* Confirms the image that runs, of which FOUND is the record. A word for it, or NULL: *WHY not. */
static const char *settle(const struct boot *b, const struct selection_found *found, bool well,
			  const char **why)
{
	if (selection_confirmed(&found->record, running == 'B', running_crc))
		return "confirmed";
	*why = !well                 ? "the store is not open"
	       : b->confirm_manually ? "\"boot confirm\" does it"
				     : confirm();
	return *why ? NULL : "confirmed now";
}

void images_came_up(const struct boot *b, struct flash *f, struct store *s)
{
	struct selection_found found;
	const char *why, *state = NULL;
	struct image image;

	flash = f;
	running = b->image;
	why = find_areas();
	if (!why) {
		look(running == 'B', &image);
		running_crc = image.header.crc;
		if (s->open) {
			confirm_wanted(s);
			put_name(s);
		}
	}
	if (!running)
		return;
	if (!why) {
		selection_find(&selection, &found);
		if (found.record.preferred != (running == 'B'))
			report_other(&found.record);
		state = settle(b, &found, s->open || b->store_place == STORE_PLACE_NONE, &why);
	}
	log_printf(state ? LOG_INFO : LOG_WARNING, "flash: image %c, %s%s", running,
		   state ? state : "not confirmed: ", state ? "" : why);
}

static bool describe(unsigned number, char *text, size_t size)
{
	struct selection_found found;
	char state[32] = "confirmed";
	struct image image;
	const char *why;

	if (!areas || number >= FLASH_IMAGES)
		return false;
	selection_find(&selection, &found);
	look(number, &image);
	if (image.problem || !selection_confirmed(&found.record, number, image.header.crc))
		snprintf(state, sizeof(state), "%u of %u tries left",
			 selection_tries_left(&found.record, number), SELECTION_TRIES);
	why = left_out(&found.record, number, &image);
	snprintf(text, size, "%s%s%s%s%s%s", image.problem ? "" : image.header.text,
		 image.problem ? "" : ", ", why ? "left out: " : state, why ? why : "",
		 running == (char)('A' + number) ? ", runs" : "",
		 found.record.preferred == number ? ", is tried first" : "");
	return true;
}

static const char *confirm_for_shell(void)
{
	if (!areas)
		return find_areas();
	return running ? confirm() : "no image of the flash runs";
}

static const char *select_for_shell(unsigned number)
{
	struct image image;
	const char *why;

	if (!areas)
		return find_areas();
	look(number, &image);
	why = problem(&image);
	if (why)
		return why;
	return selection_select(&selection, number) ? flash->problem : NULL;
}

static bool starts_board(const char *name)
{
	return !strcmp(name, OF_SELECTOR) || (running && !strcmp(name, of_image[running == 'B']));
}

const struct shell_images images_for_shell = {
	.describe = describe,
	.confirm = confirm_for_shell,
	.select = select_for_shell,
	.starts_board = starts_board,
};
