/* SPDX-License-Identifier: MIT */
/*
 * Handing the machine over: boot/payload.c with its planning as it is, in memory that lies where
 * the board's does. What the payload would get is what leave_to() is called with.
 */
#define _GNU_SOURCE /* memmem */

#include <errno.h>
#include <sys/mman.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion" /* addresses have 32 bits there */
#include "boot/payload.c"
#pragma GCC diagnostic pop

#include "tests/unit/boot_test.h"

#define UNUSED __attribute__((unused))
#define START 0x60000000U
#define SIZE MIB(32)
#define MAPPED MIB(160)
#define AT (START + MIB(20)) /* where the image is */
#define IMAGE_SIZE 0x5000U
#define KERNEL_SIZE 0x20000U
#define REGION_SIZE 8192U

struct machine machine;

static uint8_t *const memory = (uint8_t *)(uintptr_t)START;
static uint8_t flash_bytes[0x8000];
static struct flash flash;
static struct store store;
static uint8_t region[REGION_SIZE] __attribute__((aligned(STORE_REGION_ALIGN)));
static const struct store_config config = {.media = {.base = region, .size = REGION_SIZE}};

static struct {
	char order[100];
	uint32_t entry, number, tree;
	const char *may_not, *does_not; /* leave: the cores */
	int typed_after;                /* looks; negative: never */
	uint64_t ns;
	jmp_buf left;
} board;

static void note(const char *what)
{
	strcat(board.order, what);
}

void console_drain(void *ctx)
{
	assert_null(ctx);
	note("drain ");
}

void serial_alone(void)
{
	note("alone ");
}

static void stop_tick(void)
{
	note("tick ");
}

void gic_quiesce(void)
{
	note("gic ");
}

const char *cores_may_leave(void)
{
	note("may ");
	return board.may_not;
}

const char *cores_leave(void)
{
	note("cores ");
	return board.does_not;
}

void leave_to(uint32_t entry, uint32_t number, uint32_t tree)
{
	note("left");
	board.entry = entry;
	board.number = number;
	board.tree = tree;
	longjmp(board.left, 1);
}

int console_typed(void *ctx)
{
	assert_null(ctx);
	return board.typed_after-- == 0 ? 'x' : -EAGAIN;
}

static uint64_t get_ns(void)
{
	return board.ns += 10 * NS_PER_MS;
}

static void read_bytes(const struct flash *f UNUSED, uint32_t off, void *data, uint32_t len)
{
	memcpy(data, flash_bytes + off, len);
}

static void put_word(uint8_t *at, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(v >> 8 * i);
}

/* An image that unpacks KERNEL_SIZE bytes to the start of the RAM. */
static void make_image(uint8_t *at)
{
	const uint32_t table[] = {6, 0x5a534c4b, 0x200, 0x1000, 0x8000, 0x1000, 0};

	memset(at, 0, 0x400);
	memset(at + 0x400, 0xee, IMAGE_SIZE - 0x400);
	put_word(at + 0x24, 0x016f2818);
	put_word(at + 0x2c, IMAGE_SIZE);
	put_word(at + 0x34, 0x45454545);
	put_word(at + 0x38, 0x100);
	for (unsigned i = 0; i < ARRAY_SIZE(table); i++)
		put_word(at + 0x100 + 4 * i, table[i]);
	put_word(at + 0x200, KERNEL_SIZE);
}

static int power_on(void **state)
{
	boot_test_setup(state);
	memset(&board, 0, sizeof(board));
	board.typed_after = -1;
	machine = (struct machine){.stop_tick = stop_tick};
	clock_reset();
	clock_add(&(struct clock_counter){get_ns, 1000000000});
	memset(memory, 0, SIZE);
	memset(region, 0, sizeof(region));
	make_image(memory + (AT - START));
	tree_new(1, 1);
	MEMORY("/memory", START, SIZE);
	tree_string("/chosen", "bootargs", "of the tree");
	return store_format(&config.media, 1) || store_open(&store, &config);
}

static int power_off(void **state)
{
	store_close(&store);
	return boot_test_teardown(state);
}

/* The boot up to the point where a payload can be entered. */
static void come_up(const char *cmdline)
{
	boot_scan_and_reserve(cmdline);
	boot.asked_count = boot.named_count;
	board.order[0] = '\0';
}

/* Why the machine was not left; NULL: it was. */
static const char *leave_for(const char *where)
{
	static const char *why;

	why = NULL;
	if (!setjmp(board.left)) {
		why = payload_boot(&boot, &store, where);
		assert_non_null(why);
	}
	return why;
}

static const char *tree_text(const char *path, const char *name)
{
	const void *tree = (const void *)(uintptr_t)board.tree;
	int node;

	assert_int_equal(fdt_check_header(tree), 0);
	node = fdt_path_offset(tree, path);
	assert_true(node >= 0);
	return fdt_getprop(tree, node, name, NULL);
}

static uint64_t number_in_chosen(const char *name)
{
	const void *tree = (const void *)(uintptr_t)board.tree;
	int len;
	const void *bytes = fdt_getprop(tree, fdt_path_offset(tree, "/chosen"), name, &len);

	assert_non_null(bytes);
	return dt_number(bytes, len / 4);
}

static void at_an_address(void **state UNUSED)
{
	come_up("quiet cairn.init=\"ls\" root=/dev/ram");
	boot.machine_number = 0x8e0;
	assert_null(leave_for("0x61400000"));
	assert_string_equal(board.order, "may cores drain alone tick gic left");
	assert_int_equal(board.entry, AT);
	assert_int_equal(board.number, 0x8e0);
	assert_string_equal(tree_text("/chosen", "bootargs"), "quiet root=/dev/ram");
	assert_said("boot: command line: quiet root=/dev/ram");
	assert_said("boot: zImage at ");
	assert_not_said("too high in memory");
}

/* Linux goes by the tree: where a loader gave no number there is one that is no board's. */
static void without_a_number_or_a_tick(void **state UNUSED)
{
	come_up("");
	machine.stop_tick = NULL;
	assert_null(leave_for("0x61400000"));
	assert_string_equal(board.order, "may cores drain alone gic left");
	assert_int_equal(board.number, 0xffffffff);
}

static void where_from(void **state UNUSED)
{
	come_up("");
	assert_string_equal(leave_for(NULL), "where from? There is no cairn.boot= either");
	assert_string_equal(leave_for("somewhere"), "an address was expected, or flash");
	assert_string_equal(board.order, "");
	boot.payload = (struct payload_place){PAYLOAD_AT, AT};
	assert_null(leave_for(NULL));
	assert_int_equal(board.entry, AT);
}

/* Nothing is written before it is known that it can be. */
static void other_cores_in_the_way(void **state UNUSED)
{
	come_up("");
	board.may_not = "another core is at work";
	assert_string_equal(leave_for("0x61400000"), "another core is at work");
	assert_string_equal(board.order, "may ");
	board.may_not = NULL;
	board.does_not = "another core did not leave: reset the board";
	assert_string_equal(leave_for("0x61400000"), "another core did not leave: reset the board");
	assert_string_equal(board.order, "may may cores ");
}

static void no_image_there(void **state UNUSED)
{
	const char *why;

	come_up("");
	why = leave_for("0x61500000");
	if (!why || !strstr(why, "no zImage"))
		fail_msg("why: %s", why);
	assert_string_equal(board.order, "may ");
}

static void a_command_line_in_the_store(void **state UNUSED)
{
	come_up("console=ttyAMA1");
	assert_int_equal(store_put(&store, "boot/args", 9, "init=/bin/sh", 12, NULL, 0, -1), 0);
	assert_null(leave_for("0x61400000"));
	assert_string_equal(tree_text("/chosen", "bootargs"), "init=/bin/sh");
	assert_int_equal(store.pins.count, 0);
	store_close(&store);
	assert_null(leave_for("0x61400000"));
	assert_string_equal(tree_text("/chosen", "bootargs"), "console=ttyAMA1");
}

/* One that is there and cannot be read or used has no stand-in. */
static void a_command_line_that_is_none(void **state UNUSED)
{
	const char *why;
	char *at;

	come_up("");
	assert_int_equal(store_put(&store, "boot/args", 9, "a\0b", 3, NULL, 0, -1), 0);
	why = leave_for("0x61400000");
	if (!why || !strstr(why, "boot/args"))
		fail_msg("why: %s", why);
	at = memmem(region, sizeof(region), "a\0b", 3);
	assert_non_null(at);
	*at ^= 1;
	why = leave_for("0x61400000");
	if (!why || strncmp(why, "the entry boot/args: ", 21) != 0)
		fail_msg("why: %s", why);
	assert_non_null(strstr(why, error_text(-EBADMSG)));
}

static void the_initrd_and_the_store(void **state UNUSED)
{
	const uint32_t *cells;
	const void *tree;
	int node;

	come_up("initrd=0x61000000,0x1000");
	boot.store_place = STORE_PLACE_CMDLINE;
	boot.store_base = START + MIB(30);
	boot.store_size = MIB(1);
	assert_null(leave_for("0x61400000"));
	assert_int_equal(number_in_chosen("linux,initrd-start"), 0x61000000);
	assert_int_equal(number_in_chosen("linux,initrd-end"), 0x61001000);
	tree = (const void *)(uintptr_t)board.tree;
	node = fdt_node_offset_by_compatible(tree, -1, "cairn,store");
	assert_true(node >= 0);
	cells = fdt_getprop(tree, node, "reg", NULL);
	assert_int_equal(fdt32_to_cpu(cells[0]), START + MIB(30));
	assert_int_equal(fdt32_to_cpu(cells[1]), MIB(1));
}

/* A place that was refused is no store's. */
static void no_store(void **state UNUSED)
{
	come_up("");
	boot.store_place = STORE_PLACE_NONE;
	boot.store_base = START + MIB(30);
	boot.store_size = MIB(1);
	assert_null(leave_for("0x61400000"));
	assert_true(fdt_node_offset_by_compatible((const void *)(uintptr_t)board.tree, -1,
						  "cairn,store") < 0);
}

/* The store keeps the node that gave it its place. */
static void the_store_of_the_tree(void **state UNUSED)
{
	const void *tree;
	int node, count = 0;

	tree_reserved_memory();
	PAIRS("/reserved-memory/keep@61e00000", "reg", START + MIB(30), MIB(1));
	tree_string("/reserved-memory/keep@61e00000", "compatible", "cairn,store");
	come_up("");
	boot.store_place = STORE_PLACE_TREE;
	boot.store_base = START + MIB(30);
	boot.store_size = MIB(1);
	node = fdt_path_offset(boot.fdt, "/reserved-memory/keep@61e00000");
	boot.store_node = fdt_get_name(boot.fdt, node, NULL);
	assert_null(leave_for("0x61400000"));
	tree = (const void *)(uintptr_t)board.tree;
	for (node = -1; (node = fdt_node_offset_by_compatible(tree, node, "cairn,store")) >= 0;
	     count++)
		assert_non_null(fdt_getprop(tree, node, "no-map", NULL));
	assert_int_equal(count, 1);
}

static void a_tree_that_linux_could_not_read(void **state UNUSED)
{
	tree_node("/reserved-memory"); /* without cells and ranges */
	come_up("");
	boot.store_place = STORE_PLACE_CMDLINE;
	boot.store_base = START + MIB(30);
	boot.store_size = MIB(1);
	assert_string_equal(
		leave_for("0x61400000"),
		"the device tree: its cells or its /reserved-memory are not as Linux demands");
	assert_string_equal(board.order, "may ");
}

static void put_into_flash(void)
{
	flash = (struct flash){
		.size = sizeof(flash_bytes), .read = read_bytes, .partition_count = 1};
	flash.partitions[0] = (struct flash_partition){"payload", 0x1000, 0x6000};
	memset(flash_bytes, 0xff, sizeof(flash_bytes));
	make_image(flash_bytes + 0x1000);
	machine.flash = &flash;
}

static void from_flash(void **state UNUSED)
{
	put_into_flash();
	come_up("");
	assert_null(leave_for("flash"));
	assert_true(board.entry >= START && board.entry + IMAGE_SIZE <= START + SIZE);
	assert_memory_equal(memory + (board.entry - START), flash_bytes + 0x1000, IMAGE_SIZE);
}

static void not_from_flash(void **state UNUSED)
{
	static const char no_partition[] = "flash: the device tree names no partition \"payload\"";
	const char *why;

	come_up("");
	assert_string_equal(leave_for("flash"), no_partition);
	put_into_flash();
	flash.partitions[0].name = "payload2";
	assert_string_equal(leave_for("flash"), no_partition);
	flash.partitions[0].name = "payload";
	flash_bytes[0x1000 + 0x24] = 0;
	why = leave_for("flash");
	if (!why || !strstr(why, "no zImage"))
		fail_msg("why: %s", why);
	make_image(flash_bytes + 0x1000);
	flash.partitions[0].off = sizeof(flash_bytes) - 16;
	why = leave_for("flash");
	assert_ptr_equal(why, flash.problem);
	flash.partitions[0].off = 0x1000;
	flash.size = 0x1000 + IMAGE_SIZE - 1; /* the header is there, and not the whole image */
	why = leave_for("flash");
	assert_ptr_equal(why, flash.problem);
}

/* The image takes the RAM to begin at a multiple of 128 MiB. */
static void too_high_in_memory(void **state UNUSED)
{
	tree_new(1, 1);
	MEMORY("/memory", START, MAPPED);
	come_up("");
	make_image(memory + MIB(148));
	assert_null(leave_for("0x69400000"));
	assert_int_equal(board.entry, START + MIB(148));
	assert_said("boot: too high in memory for Linux to use what lies below ");
}

/* It waits for a key; then it goes, or says why not. */
static void by_itself(void **state UNUSED)
{
	come_up("");
	payload_boot_by_itself(&boot, &store);
	assert_string_equal(board.order, "");
	assert_int_equal(log_count_holding("boot: "), 0);
	boot.payload = (struct payload_place){PAYLOAD_AT, AT};
	boot.payload_delay = 2;
	board.typed_after = 3;
	payload_boot_by_itself(&boot, &store);
	assert_line("boot: in 2 seconds, unless a key is hit");
	assert_line("boot: a key was hit: it is left out");
	assert_string_equal(board.order, "");
	board.typed_after = -1;
	board.ns = 0;
	board.may_not = "another core is at work";
	payload_boot_by_itself(&boot, &store);
	assert_line("boot: another core is at work");
	assert_true(board.ns >= 2 * NS_PER_S);
	board.may_not = NULL;
	boot.payload_delay = 0;
	if (!setjmp(board.left)) {
		payload_boot_by_itself(&boot, &store);
		fail();
	}
	assert_int_equal(board.entry, AT);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, power_on, power_off)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(at_an_address),
		TEST(without_a_number_or_a_tick),
		TEST(where_from),
		TEST(other_cores_in_the_way),
		TEST(no_image_there),
		TEST(a_command_line_in_the_store),
		TEST(a_command_line_that_is_none),
		TEST(the_initrd_and_the_store),
		TEST(no_store),
		TEST(the_store_of_the_tree),
		TEST(a_tree_that_linux_could_not_read),
		TEST(from_flash),
		TEST(not_from_flash),
		TEST(too_high_in_memory),
		TEST(by_itself),
	};

	if (mmap(memory, MAPPED, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != memory) {
		print_error("no memory at %p\n", (void *)memory);
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
