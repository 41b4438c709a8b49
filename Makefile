# SPDX-License-Identifier: MIT
# "make help" lists what there is to make.

BOARD := vexpress-a9
# Parts of the image, as in "make STAGE=n OOM=n", which leaves out both: docs/parts.md.
STAGE := y
OOM := y
$(foreach part,STAGE OOM,$(if $(filter 1y 1n,$(words $($(part)))$($(part))),,$(error $(part)=$($(part)): expected y or n)))
LEFT_OUT := $(if $(filter n,$(STAGE)),-stage)$(if $(filter n,$(OOM)),-oom)
WITHOUT := $(LEFT_OUT:%=-without%)
# $(1): STAGE and OOM as far as they count, $(2): goals that are not for an image without them, $(3): why
not_for = $(foreach goal,$(if $(filter n,$(1)),$(filter $(2),$(MAKECMDGOALS))),$(error $(goal): $(3)))
$(call not_for,$(STAGE),flash,only an image with the boot stage starts from flash; leave STAGE=n out)
$(call not_for,$(STAGE) $(OOM),bench-% boots budgets check-% figures-% record-budgets size soak stack test,it is about the \
	image with all of its parts; leave STAGE=n and OOM=n out)
OUT := build/$(BOARD)$(WITHOUT)
HOST := build/host
VERSION := $(shell tools/version.sh)
# mkimage puts it into what it makes.
export SOURCE_DATE_EPOCH ?= $(shell tools/version.sh date)

CROSS := arm-none-eabi-
WARN := -Wall -Wextra -Wshadow -Wconversion -Wundef -Wwrite-strings -Wstrict-prototypes \
	-Wmissing-prototypes -Werror
# No debug information says where it was built. (A folder with a space in its name cannot be given to gcc here.)
WHERE := $(if $(word 2,$(CURDIR)),,-fdebug-prefix-map=$(CURDIR)=.)

# "make V=1" prints whole commands, "make -s" none.
Q := $(if $(V),,@)
SAY = $(if $(V)$(findstring s,$(firstword -$(MAKEFLAGS))),@:,@printf '  %-4s %s\n')

# Whatever rule comes first in this file.
.DEFAULT_GOAL := all

# What these goals need is installed before anything is built. Apart from that they are goals as any other:
# several of them, with -j as well, build what they share once.
JOBS := $(patsubst fcs-%,%,$(filter flash uimg memmap fcs lib install-lib fcs-armhf,$(MAKECMDGOALS)))
PACKAGES := $(if $(JOBS),packages)
.PHONY: packages
packages:
	@set -e; for job in $(JOBS); do tools/setup.sh $$job; done

# ---- the image ------------------------------------------------------------------------------

PARTS := $(if $(filter n,$(STAGE)),-DCONFIG_STAGE=0) $(if $(filter n,$(OOM)),-DCONFIG_OOM=0)
ARCH := -mcpu=cortex-a9 -mthumb -mfloat-abi=hard -mfpu=vfpv3-d16
# No sibling calls: the memblock trace names callers by return address. printf without floats. The
# unwind tables are for backtraces.
CFLAGS := -std=gnu11 $(ARCH) -O2 -g -fcallgraph-info=su -ffunction-sections -fdata-sections \
	-fno-optimize-sibling-calls -fno-partial-inlining -fno-common -funwind-tables $(WARN) \
	-Dsnprintf=sniprintf -Dvsnprintf=vsniprintf $(PARTS) $(WHERE) -I. -I$(OUT)/gen -isystem build/armhf/include
ASFLAGS := $(ARCH) -g $(PARTS) $(WHERE) -I. -DBOARD_DTB='"$(OUT)/$(BOARD).dtb"'
# The armhf libfdt was built with 4-byte enums; nothing passes one.
LDFLAGS := $(ARCH) -nostartfiles -T linker/image.ld -Wl,--gc-sections -Wl,--no-enum-size-warning \
	-Wl,--fatal-warnings -Wl,--build-id=none -Wl,-z,noexecstack
LIBS := build/armhf/libfdt.a

SRC := $(wildcard lib/*.c drivers/*.c mm/*.c store/*.c shell/*.c boot/*.c)
ASM := $(wildcard boot/*.S)
OBJ := $(SRC:%.c=$(OUT)/%.o) $(ASM:%.S=$(OUT)/%.o)

.PHONY: all
all: $(OUT)/cairn.bin $(OUT)/$(BOARD).dtb ## the image (cairn.bin, cairn.elf) and its tree

$(OUT)/%.o: %.c | $(OUT)/gen/version.h $(OUT)/gen/early_uart.h build/armhf/libfdt.a
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CROSS)gcc $(CFLAGS) -MMD -MP -c $< -o $@

$(OUT)/%.o: %.S | $(PACKAGES)
	@mkdir -p $(@D)
	$(SAY) AS $@
	$(Q)$(CROSS)gcc $(ASFLAGS) -MMD -MP -c $< -o $@

# They run before the MMU is on: no unaligned accesses, and no loop turned into a call of memset.
$(OUT)/mm/pgtable.o $(OUT)/boot/mmu.o: CFLAGS += -mno-unaligned-access -fno-tree-loop-distribute-patterns

# What each put, get or reservation goes through is quick, but has no copies of blocks made to save jumps.
HOT := lib/crc32c boot/memmove $(addprefix mm/, memblock memblock_alloc memblock_iter memblock_query) \
	$(addprefix store/, change classic door freelist get index pins slot)
$(HOT:%=$(OUT)/%.o): CFLAGS += -freorder-blocks-algorithm=simple

# What runs once, or waits for a person, is small. Without three passes of -Os it becomes smaller: they keep in
# registers, of which there are too few, what a loop does not change; do both sides of a short "if"; and join equal
# ends of blocks by longer jumps.
SMALL := -Os -fno-move-loop-invariants -fno-if-conversion -fno-tree-tail-merge
$(filter-out $(HOT:%=$(OUT)/%.o), $(SRC:%.c=$(OUT)/%.o)): CFLAGS += $(SMALL)

# They run before the image is where it is linked to be: no constant address, no VFP, aligned accesses only.
$(addprefix $(OUT)/boot/, early.o relocate.o tree_scan.o): CFLAGS += -fPIC -mgeneral-regs-only -mno-unaligned-access \
	-fno-tree-loop-distribute-patterns

# Its loops are what counts, so that its blocks are laid out for them; none is begun twice. It must not become a
# call of itself.
$(OUT)/boot/memmove.o: CFLAGS += -freorder-blocks-algorithm=stc -fno-tree-ch -fno-tree-loop-distribute-patterns

$(OUT)/boot/tree.o: $(OUT)/$(BOARD).dtb

$(OBJ): Makefile # its flags

# Two passes: the first link places the code, its symbols become a table behind it.
$(OUT)/pass1.elf: $(OBJ) linker/image.ld
	$(SAY) LD $@
	$(Q)echo | awk -f tools/symbols.awk >$(OUT)/pass1.s
	$(Q)$(CROSS)gcc $(ARCH) -c $(OUT)/pass1.s -o $(OUT)/pass1.o
	$(Q)$(CROSS)gcc $(LDFLAGS) $(OBJ) $(OUT)/pass1.o $(LIBS) -o $@

$(OUT)/cairn.elf: $(OUT)/pass1.elf
	$(SAY) LD $@
	$(Q)$(CROSS)nm -n $< | awk -f tools/symbols.awk >$(OUT)/symbols.s
	$(Q)$(CROSS)gcc $(ARCH) -c $(OUT)/symbols.s -o $(OUT)/symbols.o
	$(Q)$(CROSS)gcc $(LDFLAGS) $(OBJ) $(OUT)/symbols.o $(LIBS) -Wl,-Map=$(OUT)/cairn.map -o $@
	@$(CROSS)nm -n $@ | awk -f tools/symbols.awk | cmp -s - $(OUT)/symbols.s || \
		{ echo "the symbol table moved the code that it names" >&2; rm -f $@; exit 1; }

$(OUT)/cairn.bin: $(OUT)/cairn.elf
	$(SAY) BIN $@
	$(Q)$(CROSS)objcopy -O binary $< $@

# The image with another command "stress", of all cores (tests/threads/board_stress.c).
STRESS := $(addprefix $(OUT)/tests/threads/, board_stress.o sharer.o sharer_many.o sharer_value.o \
	history.o)
$(OUT)/stress.elf: $(filter-out %/cmd_stress.o, $(OBJ)) $(STRESS) $(OUT)/pass1.elf
	$(SAY) LD $@
	$(Q)$(CROSS)gcc $(LDFLAGS) $(filter %.o, $^) $(OUT)/pass1.o $(LIBS) -o $@
$(OUT)/stress.bin: $(OUT)/stress.elf
	$(SAY) BIN $@
	$(Q)$(CROSS)objcopy -O binary $< $@

# For U-Boot's bootm, which puts it where it is linked to be.
$(OUT)/cairn.uimg: $(OUT)/cairn.bin
	$(SAY) IMG $@
	$(Q)at=0x$$($(CROSS)nm $(OUT)/cairn.elf | sed -n 's/ T _start$$//p') && \
	mkimage -A arm -O linux -T kernel -C none -a $$at -e $$at -n 'Cairn $(VERSION)$(WITHOUT)' -d $< $@ >/dev/null

.PHONY: uimg
uimg: $(OUT)/cairn.uimg ## cairn.uimg, for U-Boot's bootm

$(OUT)/%.dtb: dts/%.dts | $(PACKAGES)
	@mkdir -p $(@D)
	$(SAY) DTC $@
	$(Q)dtc -q -I dts -O dtb $< -o $@

$(OUT)/gen/early_uart.h: $(OUT)/$(BOARD).dtb tools/early-uart.sh
	@mkdir -p $(@D)
	$(Q)tools/early-uart.sh $< >$@

build/armhf/libfdt.a: tools/fetch-libfdt.sh | $(PACKAGES)
	$(SAY) GET $@
	$(Q)tools/fetch-libfdt.sh $(@D)
	@touch $@

# Rewritten only when the version changes, so that an unchanged tree is not built again.
.PHONY: version
version: ;
$(OUT)/gen/version.h: version
	@mkdir -p $(@D)
	@echo '#define CAIRN_VERSION "$(VERSION)$(WITHOUT)"' | cmp -s - $@ || \
		echo '#define CAIRN_VERSION "$(VERSION)$(WITHOUT)"' >$@
$(OUT)/boot/main.o: $(OUT)/gen/version.h

# ---- a payload -------------------------------------------------------------------------------

# What the tests have Cairn boot: see tests/payload.
PAYLOAD_CFLAGS := -std=gnu11 -mcpu=cortex-a9 -marm -O2 -ffreestanding -fpie -fvisibility=hidden \
	-fno-tree-loop-distribute-patterns -nostdlib $(WARN)
$(OUT)/payload.bin: tests/payload/start.S tests/payload/payload.c tests/payload/payload.ld
	@mkdir -p $(@D)
	$(SAY) BIN $@
	$(Q)$(CROSS)gcc $(PAYLOAD_CFLAGS) -Wl,-T,tests/payload/payload.ld,--build-id=none \
		$(filter-out %.ld, $^) -o $(@:.bin=.elf)
	$(Q)$(CROSS)objcopy -O binary $(@:.bin=.elf) $@

# ---- from flash -----------------------------------------------------------------------------

# The selector (boot/selector): runs in SRAM without the MMU, so without unaligned accesses and
# without the C library.
SEL := $(OUT)/selector
SEL_SRC := $(wildcard boot/selector/*.c) boot/flash_image.c boot/selection.c drivers/pl011.c lib/crc32c.c
SEL_OBJ := $(SEL)/boot/selector/start.o $(SEL_SRC:%.c=$(SEL)/%.o)
SEL_ARCH := -mcpu=cortex-a9 -mthumb -mfloat-abi=soft
SEL_CFLAGS := -std=gnu11 $(SEL_ARCH) $(SMALL) -g -fcallgraph-info=su -ffunction-sections -fdata-sections \
	-mno-unaligned-access -fno-tree-loop-distribute-patterns -fno-common $(WARN) $(WHERE) -I. -I$(OUT)/gen \
	-isystem build/armhf/include
# It is given aligned words only, and takes them as words then.
$(SEL)/lib/crc32c.o: SEL_CFLAGS += -O2 -munaligned-access

$(OUT)/gen/flash_layout.h: $(OUT)/$(BOARD).dtb tools/flash-layout.sh
	@mkdir -p $(@D)
	$(Q)tools/flash-layout.sh $< >$@
$(SEL)/%.o: %.c Makefile | $(OUT)/gen/flash_layout.h $(OUT)/gen/early_uart.h build/armhf/libfdt.a
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CROSS)gcc $(SEL_CFLAGS) -MMD -MP -c $< -o $@
$(SEL)/%.o: %.S Makefile | $(OUT)/gen/flash_layout.h
	@mkdir -p $(@D)
	$(SAY) AS $@
	$(Q)$(CROSS)gcc $(SEL_ARCH) -g $(WHERE) -I. -I$(OUT)/gen -MMD -MP -c $< -o $@
$(SEL)/selector.ld: linker/selector.ld boot/selection_parts.h $(OUT)/gen/flash_layout.h
	@mkdir -p $(@D)
	$(Q)$(CROSS)gcc -E -P -x c -I. -I$(OUT)/gen $< -o $@
$(OUT)/selector.elf: $(SEL_OBJ) $(SEL)/selector.ld
	$(SAY) LD $@
	$(Q)$(CROSS)gcc $(SEL_ARCH) -nostdlib -T $(SEL)/selector.ld -Wl,--gc-sections,--fatal-warnings \
		-Wl,--build-id=none,-z,noexecstack $(SEL_OBJ) -lgcc -o $@
$(OUT)/selector.bin: $(OUT)/selector.elf
	$(SAY) BIN $@
	$(Q)$(CROSS)objcopy -O binary $< $@
-include $(wildcard $(SEL)/*/*.d $(SEL)/*/*/*.d)

# The tree in flash, and what its command line says; the selector puts A or B for the question mark.
FLASH_DTB ?= $(OUT)/$(BOARD).dtb
FLASH_BOOTARGS ?= cairn.panic=reset
FLASH_IMAGE_SRC := tools/flash/image.c lib/crc32c.c
$(HOST)/flash-image: $(FLASH_IMAGE_SRC) boot/flash_image.h | $(PACKAGES)
	@mkdir -p $(@D)
	$(SAY) LD $@
	$(Q)gcc -std=gnu11 -O2 -g $(WARN) $(WHERE) -I. $(FLASH_IMAGE_SRC) -o $@
$(OUT)/gen/flash_tree: version # rewritten only when either is another one
	@mkdir -p $(@D)
	@echo '$(FLASH_DTB): $(FLASH_BOOTARGS)' | cmp -s - $@ || \
		echo '$(FLASH_DTB): $(FLASH_BOOTARGS)' >$@
$(OUT)/flash.dtb: $(FLASH_DTB) $(OUT)/$(BOARD).dtb $(OUT)/gen/flash_tree tools/flash-tree.sh
	$(Q)tools/flash-tree.sh $(FLASH_DTB) $(OUT)/$(BOARD).dtb $@ '$(FLASH_BOOTARGS) cairn.image=?'
# The tree lies behind the image, as a tree would that was appended to it.
$(OUT)/cairn.img: $(OUT)/cairn.bin $(OUT)/cairn.elf $(OUT)/flash.dtb $(HOST)/flash-image
	$(SAY) IMG $@
	$(Q)place() { $(CROSS)nm $(OUT)/cairn.elf | sed -n "s/ . $$1$$//p"; }; \
	$(HOST)/flash-image $(OUT)/cairn.bin $$(place __image_start) $(OUT)/flash.dtb \
		$$(place __image_end) "Cairn $(VERSION)$(WITHOUT)" >$@
$(OUT)/flash.img: tools/make-flash.sh $(OUT)/gen/flash_layout.h $(OUT)/selector.bin $(OUT)/cairn.img
	$(SAY) IMG $@
	$(Q)tools/make-flash.sh $(OUT)/gen/flash_layout.h $@ $(OUT)/selector.bin $(OUT)/cairn.img $(OUT)/cairn.img

.PHONY: flash
flash: $(OUT)/flash.img ## build/vexpress-a9/flash.img: the flash with selector and images (docs/board.md)

# ---- host tests -----------------------------------------------------------------------------

# What does not touch the CPU or a device is built for the host as it is.
HOST_SRC := $(wildcard lib/*.c mm/*.c store/*.c shell/*.c) $(addprefix boot/, atags.c bootdata.c \
	cmdline.c cmdline_drop.c fault.c final_tree.c find_memory.c flash_image.c handover.c images.c map.c \
	memory.c params.c params_later.c params_oom.c relocate.c reserve.c reserved_memory.c selection.c selection_write.c \
	store_region.c store_search.c summary.c tree_scan.c zimage.c)
HOST_CFLAGS := -std=gnu11 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fsanitize-sections=.noinit -fno-omit-frame-pointer $(WARN) -I. -I$(OUT)/gen
TESTS := $(notdir $(basename $(wildcard $(addsuffix /test_*.c, $(addprefix tests/, unit powercut threads)))))
# Damage and histories are the same in either width.
TESTS_32 := $(filter-out test_store_flip test_store_pieces test_store_sweep test_history \
	test_store_moments test_store_shared test_store_shared_cut test_snapshot_cut, $(TESTS))
TEST_HELPERS := $(filter-out tests/unit/test_%, $(wildcard tests/unit/*.c)) \
	$(addprefix tests/threads/, history.c sharer.c sharer_many.c sharer_value.c)

# After a save this one does what another core might, and after a write what old flash might.
LINK_test_snapshots := -Wl,--wrap=snapshot_save,--wrap=flash_write

# The addresses in these fit into 32 bits, as on the board.
LINK_test_mmu := -no-pie
LINK_test_page_fault := -no-pie
LINK_test_boot_store_open := -no-pie -Wl,--wrap=store_format
LINK_test_backtrace := -no-pie -Wl,--section-start=.board=0x60010000

# The allocations of these go through the test, which lets some fail.
NOMEM := $(addprefix test_store_, nomem replicas share_limits share_views)
LINK_test_boot_oom_report := -Wl,--wrap=malloc
$(foreach t,$(NOMEM),$(eval LINK_$(t) := -Wl,--wrap=malloc,--wrap=realloc))

# $(1): folder, $(2): the folder below tests/ of its programs
define host_tests
$(patsubst tests/$(2)/%.c,$(1)/%,$(wildcard tests/$(2)/test_*.c)): $(1)/test_%: \
		$(1)/tests/$(2)/test_%.o $(1)/libcairn.a
	$$(SAY) LD $$@
	$$(Q)gcc $$(HOST_CFLAGS) $$(filter %.o,$$^) $$(filter %.a,$$^) -lcmocka -lfdt $$(LINK_$$(@F)) -o $$@

endef

# $(1): folder, $(2): flags for the width of phys_addr_t, $(3): sources of the library. The arrays of
# test_memblock_grow* begin with four regions: what knows that is built once more for them, and linked first.
define host_build
$(1)/%.o: %.c
	@mkdir -p $$(@D)
	$$(SAY) CC $$@
	$$(Q)gcc $$(HOST_CFLAGS) $(2) -MMD -MP -c $$< -o $$@
$(1)/libcairn.a: $(3:%.c=$(1)/%.o)
	@rm -f $$@
	$$(SAY) AR $$@
	$$(Q)ar rcs $$@ $$^
$(foreach d,unit powercut threads,$(call host_tests,$(1),$(d)))
$(1)/test_memblock_grow $(1)/test_memblock_grow_place: $(1)/small/mm/memblock.o $(1)/small/mm/memblock_slots.o
$(addprefix $(1)/tests/unit/test_, console.o early.o selector.o): | $(OUT)/gen/early_uart.h $(OUT)/gen/flash_layout.h
$(1)/small/%.o: %.c
	@mkdir -p $$(@D)
	$$(SAY) CC $$@
	$$(Q)gcc $$(HOST_CFLAGS) $(2) -DINIT_MEMBLOCK_REGIONS=4 -MMD -MP -c $$< -o $$@
endef
$(eval $(call host_build,$(HOST),-DCONFIG_PHYS_ADDR_T_64BIT,$(HOST_SRC) $(TEST_HELPERS)))
$(eval $(call host_build,build/host32,,$(HOST_SRC) $(TEST_HELPERS)))

# memblock with nodes, and its tests only.
NUMA := -DCONFIG_PHYS_ADDR_T_64BIT -DCONFIG_NUMA -DMAX_NUMNODES=16
NUMA_SRC := $(filter lib/% mm/%, $(HOST_SRC)) $(filter tests/unit/memblock_%, $(TEST_HELPERS))
NUMA_TESTS := $(filter test_memblock%, $(TESTS))
$(eval $(call host_build,build/host-numa,$(NUMA),$(NUMA_SRC)))

# Coverage (docs/testing.md): the same tests without sanitizers and optimisation, with fewer random calls. Those that do
# the same at each bit or moment are left out, and those that are of other folders. What a test tries in a child counts:
# there _exit() would lose it.
COV := build/host-coverage
COV_TESTS := $(filter-out test_store_flip test_store_moments test_store_shared_cut test_snapshot_cut \
	test_history test_unwind test_ymodem test_shell_stress, $(TESTS))
COV_PROGRAMS := $(COV_TESTS:%=$(COV)/%) $(NUMA_TESTS:%=$(COV)-numa/%)
$(COV)%: HOST_CFLAGS := -std=gnu11 -O0 -g --coverage -fprofile-update=atomic -D_exit=exit $(WARN) -I. -I$(OUT)/gen
$(eval $(call host_build,$(COV),-DCONFIG_PHYS_ADDR_T_64BIT,$(HOST_SRC) $(TEST_HELPERS)))
$(eval $(call host_build,$(COV)-numa,$(NUMA),$(NUMA_SRC)))

.PHONY: coverage
coverage: $(COV_PROGRAMS) ## line and branch coverage of mm/, store/ and boot/ by the host tests; fails below its goals
	STORE_OPS=5000 STORE_MANY=6000 STORE_FLIPS=2000 STORE_CUT_POINTS=20000 MEMBLOCK_CALLS=20000 \
	tools/coverage.sh $(COV) $(COV_PROGRAMS)

# ---- threads ----------------------------------------------------------------------------------------

# memblock without the dump, which needs the log.
MEMBLOCK_SRC := $(filter-out mm/memblock_dump.c, $(wildcard mm/memblock*.c))

# What several cores use, by threads of the host.
THREAD_CFLAGS := -std=gnu11 -O2 -g -fsanitize=thread $(WARN) -I. -DCONFIG_PHYS_ADDR_T_64BIT
THREAD_SRC := lib/lock.c lib/core_lock.c lib/job.c lib/clock.c lib/log.c lib/crc32c.c mm/memory_lock.c $(MEMBLOCK_SRC) \
	mm/badness.c mm/oom.c mm/task.c

build/threads/%.o: %.c
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)gcc $(THREAD_CFLAGS) -MMD -MP -c $< -o $@
$(HOST)/threads: build/threads/tests/threads/threads.o $(THREAD_SRC:%.c=build/threads/%.o)
	@mkdir -p $(@D)
	$(SAY) LD $@
	$(Q)gcc $(THREAD_CFLAGS) $^ -lcmocka -o $@

# What notes the calls must not order them for ThreadSanitizer.
build/threads/tests/threads/history.o: THREAD_CFLAGS := $(filter-out -fsanitize=thread, $(THREAD_CFLAGS))
build/threads/store/share.o build/threads/store/share_read.o: THREAD_CFLAGS += -include tests/threads/pauses.h
STRESS_SRC := $(wildcard store/*.c) $(addprefix lib/, lock.c core_lock.c clock.c crc32c.c errors.c flash.c) \
	$(addprefix tests/threads/, history.c sharer.c sharer_many.c sharer_value.c \
	store_stress.c) tests/unit/walker.c
$(HOST)/store_stress: $(STRESS_SRC:%.c=build/threads/%.o)
	@mkdir -p $(@D)
	$(SAY) LD $@
	$(Q)gcc $(THREAD_CFLAGS) $^ -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free -lcmocka -o $@
-include $(wildcard build/threads/*/*.d build/threads/*/*/*.d)

.PHONY: check-threads
check-threads: $(HOST)/threads $(HOST)/store_stress ## locks, jobs, the log, memblock and the store with threads, under ThreadSanitizer
	$(HOST)/threads
	$(HOST)/store_stress

# ---- memmap ---------------------------------------------------------------------------------

# The boot on the desk (docs/memmap.md). Its sources are built twice, and of the 32-bit build only
# survey_32() is seen by the rest; names for the trace come from a table as in the image.
MEMMAP_SRC := $(wildcard tools/memmap/*.c)
MEMMAP_BOOT := $(filter lib/% mm/% boot/%, $(HOST_SRC))
MEMMAP_CFLAGS := -std=gnu11 -O2 -g -fno-pie -fno-optimize-sibling-calls -fno-partial-inlining \
	$(WARN) $(WHERE) -I.
HOST_POINTER := $(if $(filter 32,$(shell getconf LONG_BIT)),.long,.quad)
MEMMAP_LDFLAGS := -no-pie -Wl,--defsym,__text_end=etext

# $(1): folder, $(2): flags for the width of phys_addr_t
define memmap_build
$(1)/%.o: %.c | $(PACKAGES)
	@mkdir -p $$(@D)
	$$(SAY) CC $$@
	$$(Q)gcc $(MEMMAP_CFLAGS) $(2) -MMD -MP -c $$< -o $$@
$(1)/libcairn.a: $(MEMMAP_BOOT:%.c=$(1)/%.o)
	@rm -f $$@
	$$(SAY) AR $$@
	$$(Q)ar rcs $$@ $$^
endef

# $(1): program, $(2) and $(3): folders of the builds with 64 and 32 bits, $(4): flags
define memmap_link
$(3)/survey_32.o: $(3)/tools/memmap/survey.o $(3)/libcairn.a
	$$(Q)ld -r $$^ -o $$@
	$$(Q)objcopy --keep-global-symbol=survey_32 $$@
$(1): $(MEMMAP_SRC:%.c=$(2)/%.o) $(3)/survey_32.o $(2)/libcairn.a tools/symbols.awk
	@mkdir -p $$(@D)
	$$(SAY) LD $$@
	$$(Q)echo | awk -f tools/symbols.awk -v pointer=$(HOST_POINTER) >$$@.s
	$$(Q)gcc -c $$@.s -o $$@.names
	$$(Q)gcc $(4) $(MEMMAP_LDFLAGS) $$(filter %.o %.a, $$^) $$@.names -lfdt -o $$@
	$$(Q)nm -n $$@ | awk -f tools/symbols.awk -v pointer=$(HOST_POINTER) >$$@.s
	$$(Q)gcc -c $$@.s -o $$@.names
	$$(Q)gcc $(4) $(MEMMAP_LDFLAGS) $$(filter %.o %.a, $$^) $$@.names -lfdt -o $$@
	@nm -n $$@ | awk -f tools/symbols.awk -v pointer=$(HOST_POINTER) | cmp -s - $$@.s || \
		{ echo "the symbol table moved the code that it names" >&2; rm -f $$@; exit 1; }
endef
$(eval $(call memmap_build,build/memmap/64,-DCONFIG_PHYS_ADDR_T_64BIT))
$(eval $(call memmap_build,build/memmap/32,))
$(eval $(call memmap_link,$(HOST)/memmap,build/memmap/64,build/memmap/32,$(MEMMAP_CFLAGS)))
$(eval $(call memmap_link,$(HOST)/memmap-asan,$(HOST),build/host32,$(HOST_CFLAGS)))

-include $(wildcard build/memmap/*/*/*.d build/memmap/*/*/*/*.d)

.PHONY: memmap
memmap: $(HOST)/memmap ## the memory map of a device tree, on the desk: build/host/memmap

.PHONY: check-memmap
check-memmap: $(HOST)/memmap $(HOST)/memmap-asan ## tests of memmap
	/usr/bin/python3 -m pytest -q -n 2 tests/host/test_memmap*.py tests/host/test_check_dtbs.py tests/host/test_make.py \
		tests/host/test_budgets.py tests/host/test_stack.py

.PHONY: check-dtbs
check-dtbs: $(HOST)/memmap-asan ## memmap on every .dtb below the folder DTBS
	tools/check-dtbs.py $< $(or $(DTBS),$(error DTBS=FOLDER says where the trees are))

# ---- fcs ------------------------------------------------------------------------------------

# A store in a file (docs/fcs.md), by the store's sources as they are.
FCS_SRC := $(filter-out lib/dt.c, $(wildcard tools/fcs/*.c lib/*.c store/*.c)) boot/cmdline.c
FCS_LIBS := -ljansson -lnettle

build/fcs/%.o: %.c | $(PACKAGES)
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)gcc -std=gnu11 -O2 -g $(WARN) $(WHERE) -I. -MMD -MP -c $< -o $@
$(HOST)/fcs: $(FCS_SRC:%.c=build/fcs/%.o)
	@mkdir -p $(@D)
	$(SAY) LD $@
	$(Q)gcc $^ $(FCS_LIBS) -o $@
$(HOST)/fcs-asan: $(FCS_SRC:%.c=$(HOST)/%.o)
	@mkdir -p $(@D)
	$(SAY) LD $@
	$(Q)gcc $(HOST_CFLAGS) $^ $(FCS_LIBS) -o $@

-include $(wildcard build/fcs/*/*.d build/fcs/*/*/*.d)

.PHONY: fcs
fcs: $(HOST)/fcs ## a store in a file, on the desk: build/host/fcs

.PHONY: check-fcs
check-fcs: $(HOST)/fcs-asan ## tests of fcs, and the vectors of the Java class
	/usr/bin/python3 -m pytest -q -n 2 tests/host/test_fcs*.py

# ---- as a library ---------------------------------------------------------------------------

# docs/library.md. An archive's members are parts; of each only what its headers declare is seen from outside,
# so that no name of its insides meets one of the program's. The target's objects are those of the image.
LIB := build/lib
PREFIX := /usr/local
LIB_STORE_SRC := $(wildcard store/*.c) $(addprefix lib/, clock.c core_lock.c crc32c.c errors.c flash.c lock.c)
LIB_STORE_H := store/store.h store/probe.h store/snapshot.h lib/clock.h lib/errors.h lib/flash.h
LIB_MEMBLOCK_H := mm/memblock.h
LIB_DUMP_SRC := mm/memblock_dump.c lib/crc32c.c lib/log.c lib/symbols.c
LIB_DUMP_H := mm/memblock_dump.h lib/log.h lib/symbols.h
LIB_HEADERS := lib/types.h $(LIB_STORE_H) $(LIB_MEMBLOCK_H) $(LIB_DUMP_H)
LIB_HOST_DEFINES := -DCONFIG_PHYS_ADDR_T_64BIT

$(LIB)/host/%.o: %.c Makefile | $(PACKAGES)
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)gcc -std=gnu11 -O2 -g -ffunction-sections -fdata-sections $(WARN) $(WHERE) -I. $(LIB_HOST_DEFINES) -MMD -MP -c $< -o $@

# $(1): folder, $(2): part, $(3): its objects, $(4): its headers, $(5): what the tools' names begin with
define lib_part
$(1)/$(2).o: $(3) $(4) tools/public-names.sh
	@mkdir -p $$(@D)
	$$(SAY) LD $$@
	$$(Q)tools/public-names.sh $(4) >$$(@:.o=.names)
	$$(Q)$(5)ld -r $(3) -o $$@
	$$(Q)$(5)objcopy --keep-global-symbols=$$(@:.o=.names) $$@

endef
# $(1): folder, $(2): folder of the objects, $(3): what the tools' names begin with
define lib_build
$(call lib_part,$(1),store,$(LIB_STORE_SRC:%.c=$(2)/%.o),$(LIB_STORE_H),$(3))
$(call lib_part,$(1),memblock,$(MEMBLOCK_SRC:%.c=$(2)/%.o),$(LIB_MEMBLOCK_H),$(3))
$(call lib_part,$(1),memblock_dump,$(LIB_DUMP_SRC:%.c=$(2)/%.o),$(LIB_DUMP_H),$(3))
$(1)/libcairn-store.a: $(1)/store.o
$(1)/libmemblock.a: $(1)/memblock.o $(1)/memblock_dump.o
$(1)/%.a:
	@rm -f $$@
	$$(SAY) AR $$@
	$$(Q)$(3)ar rcs $$@ $$^
endef
$(eval $(call lib_build,$(LIB)/host,$(LIB)/host))
$(eval $(call lib_build,$(LIB)/$(CROSS:-=),$(OUT),$(CROSS)))
-include $(wildcard $(LIB)/host/*/*.d)

LIBRARIES := $(foreach d,host $(CROSS:-=),$(LIB)/$(d)/libcairn-store.a $(LIB)/$(d)/libmemblock.a)
.PHONY: lib
lib: $(LIBRARIES) ## libcairn-store.a, libmemblock.a for host and target (docs/library.md)

.PHONY: install-lib
install-lib: lib ## installs both with headers and pkg-config files below PREFIX (/usr/local), DESTDIR in front of it
	$(Q)tools/install-lib.sh $(LIB)/host '$(DESTDIR)' '$(PREFIX)' '$(VERSION)' '$(LIB_HOST_DEFINES)' '' $(LIB_HEADERS)
	$(Q)tools/install-lib.sh $(LIB)/$(CROSS:-=) '$(DESTDIR)' '$(PREFIX)/$(CROSS:-=)' '$(VERSION)' '' '$(ARCH)' $(LIB_HEADERS)

# A firmware that has nothing of this tree but what is installed.
.PHONY: example
example: ## examples/boots, a firmware that uses both libraries: build/example/boots.elf
	$(Q)$(MAKE) --no-print-directory -s install-lib DESTDIR= PREFIX=$(CURDIR)/$(LIB)/installed
	@mkdir -p build/example
	$(Q)$(MAKE) --no-print-directory -s -C examples/boots PREFIX=$(CURDIR)/$(LIB)/installed OUT=$(CURDIR)/build/example

.PHONY: check-lib
check-lib: lib ## tests of the libraries as they are installed
	/usr/bin/python3 -m pytest -q -n 2 tests/host/test_library.py

.PHONY: check-gdb
check-gdb: $(LIB)/host/libcairn-store.a ## what gdb's commands show of a store's region
	/usr/bin/python3 -m pytest -q tests/host/test_gdb_regions.py

# ---- beside Linux ---------------------------------------------------------------------------

# fcs for the board's own Linux: one file that needs no other.
ARMHF := arm-linux-gnueabihf-
ARMHF_LIBS := build/armhf-libs/usr
FCS_ARMHF_CFLAGS := -std=gnu11 -O2 -g -D_FILE_OFFSET_BITS=64 $(WARN) $(WHERE) -I. \
	-isystem $(ARMHF_LIBS)/include -isystem $(ARMHF_LIBS)/include/arm-linux-gnueabihf

build/armhf-libs/fetched: tools/fetch-armhf.sh | $(PACKAGES)
	$(SAY) GET $(@D)
	$(Q)tools/fetch-armhf.sh $(@D) libjansson-dev nettle-dev
	@touch $@
build/fcs-armhf/%.o: %.c build/armhf-libs/fetched
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(ARMHF)gcc $(FCS_ARMHF_CFLAGS) -MMD -MP -c $< -o $@
build/fcs-armhf/fcs: $(FCS_SRC:%.c=build/fcs-armhf/%.o)
	$(SAY) LD $@
	$(Q)$(ARMHF)gcc -static $^ -L$(ARMHF_LIBS)/lib/arm-linux-gnueabihf $(FCS_LIBS) -o $@
build/fcs-armhf/init: tests/payload/init.c
	@mkdir -p $(@D)
	$(SAY) LD $@
	$(Q)$(ARMHF)gcc -std=gnu11 -O2 $(WARN) -static $< -o $@
-include $(wildcard build/fcs-armhf/*/*.d build/fcs-armhf/*/*/*.d)

.PHONY: fcs-armhf
fcs-armhf: build/fcs-armhf/fcs ## fcs for Linux on the board, static: build/fcs-armhf/fcs

.PHONY: check-boot-linux
check-boot-linux: ## boots Debian's Linux by Cairn, and fcs in it (fetches 40 MB once)
	@tools/setup.sh test
	@tools/setup.sh armhf
	tools/fetch-armhf.sh build/linux-armhf linux-image-armmp
	$(MAKE) --no-print-directory build/fcs-armhf/fcs build/fcs-armhf/init
	/usr/bin/python3 -m pytest -q tests/qemu/boot_linux.py

.SECONDARY:
.DELETE_ON_ERROR:

DEPS := $(OBJ:.o=.d) $(STRESS:.o=.d) $(MEMBLOCK_SMALL:.o=.d) $(wildcard build/host*/*/*.d build/host*/*/*/*.d)
-include $(DEPS)

.PHONY: unit
unit: $(TESTS:%=$(HOST)/%) $(TESTS_32:%=build/host32/%) $(NUMA_TESTS:%=build/host-numa/%) ## host unit tests, under ASan and UBSan
	FIGURES=$(HOST)/figures tools/run-unit.sh $(TESTS:%=$(HOST)/%)
	STORE_CUT_POINTS=100000 STORE_OPS=50000 tools/run-unit.sh $(TESTS_32:%=build/host32/%)
	MEMBLOCK_CALLS=300000 tools/run-unit.sh $(NUMA_TESTS:%=build/host-numa/%)

.PHONY: soak
SOAK := $(HOST)/test_memblock_random build/host32/test_memblock_random
STORE_SOAK := $(HOST)/test_store_model build/host32/test_store_model
soak: $(HOST)/test_store_flip
soak: STORE_FLIPS := 20000000
soak: MEMBLOCK_CALLS := 100000000
soak: STORE_OPS := 50000000
soak: STORE_CUT_POINTS := 100000000
soak: export STORE_CUT_SEEDED := 10000
soak: RETENTION_RESETS := 200
soak: STORE_STRESS := 1000000
soak: $(HOST)/store_stress $(HOST)/test_store_shared_cut $(SOAK) $(SOAK:%random=%grow) $(STORE_SOAK) $(STORE_SOAK:%model=%cut) ## random memblock and store calls, cuts, damages and resets of the board, for long: MEMBLOCK_CALLS, STORE_OPS, STORE_CUT_POINTS, STORE_FLIPS, STORE_STRESS, RETENTION_RESETS
	STORE_FLIPS=$(STORE_FLIPS) tools/run-unit.sh $(HOST)/test_store_flip
	MEMBLOCK_CALLS=$(MEMBLOCK_CALLS) tools/run-unit.sh $(SOAK)
	MEMBLOCK_CALLS=$$(($(MEMBLOCK_CALLS) / 10)) tools/run-unit.sh $(SOAK:%random=%grow)
	STORE_OPS=$(STORE_OPS) tools/run-unit.sh $(STORE_SOAK)
	STORE_CUT_POINTS=$(STORE_CUT_POINTS) tools/run-unit.sh $(STORE_SOAK:%model=%cut)
	STORE_OPS=$(STORE_STRESS) tools/run-unit.sh $(HOST)/store_stress
	STORE_CUT_POINTS=$(STORE_STRESS) tools/run-unit.sh $(HOST)/test_store_shared_cut
	RETENTION_RESETS=$(RETENTION_RESETS) /usr/bin/python3 -m pytest -q tests/qemu/test_retention.py

.PHONY: mutate-store
mutate-store: ## breaks each rule of the store's protocol and shows that a test fails
	tools/mutate-store.py $(MUTANTS)

# ---- fuzzers ------------------------------------------------------------------------------------

FUZZ_SRC := $(filter-out boot/images.c boot/store_search.c, $(filter lib/% mm/% boot/%, $(HOST_SRC)))
FUZZ_COMMON := fuzz_boot fuzz_handed fuzz_memory fuzz_reserved fuzz_lists fuzz_dt fixed
FUZZERS := tree atags cmdline
# Of the store, which knows no phys_addr_t: one width.
FUZZ_STORE_SRC := $(wildcard store/*.c) lib/crc32c.c lib/errors.c lib/flash.c lib/lock.c lib/core_lock.c lib/clock.c
FUZZ_STORE_COMMON := fuzz/fuzz_store unit/walker
STORE_FUZZERS := image ops
# Arrays of 16 regions, so that full ones are near.
FUZZ_CFLAGS := -std=gnu11 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer $(WARN) -I. -DINIT_MEMBLOCK_REGIONS=16
FUZZ_SECONDS := 600

# $(1): folder, $(2): what follows a program's name, $(3): flags for the width of phys_addr_t.
# Only what is under test guides the fuzzer: tests/fuzz is not instrumented for it.
define fuzz_build
$(1)/tests/%.o: tests/%.c
	@mkdir -p $$(@D)
	$$(SAY) CC $$@
	$$(Q)clang $(FUZZ_CFLAGS) $(3) -MMD -MP -c $$< -o $$@
$(1)/tests/fuzz/fixed.o: tests/fuzz/fixed.S build/fuzz/fixed.dtb
	@mkdir -p $$(@D)
	$$(Q)clang -DFIXED_DTB='"build/fuzz/fixed.dtb"' -c $$< -o $$@
$(1)/%.o: %.c
	@mkdir -p $$(@D)
	$$(SAY) CC $$@
	$$(Q)clang $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link $(3) -MMD -MP -c $$< -o $$@
build/fuzz/fuzz_%$(2): $(1)/tests/fuzz/fuzz_%.o $(FUZZ_COMMON:%=$(1)/tests/fuzz/%.o) \
		$(FUZZ_SRC:%.c=$(1)/%.o)
	$$(SAY) LD $$@
	$$(Q)clang $(FUZZ_CFLAGS) -fsanitize=fuzzer $$^ -lfdt -o $$@
endef
$(eval $(call fuzz_build,build/fuzz/obj,,-DCONFIG_PHYS_ADDR_T_64BIT))
$(eval $(call fuzz_build,build/fuzz/obj32,32,))
build/fuzz/fuzz_ops: $(patsubst %.c,build/fuzz/obj/%.o,$(wildcard tests/fuzz/ops_*.c))
build/fuzz/fuzz_image: $(patsubst %.c,build/fuzz/obj/%.o,$(wildcard tests/fuzz/image_*.c))
$(STORE_FUZZERS:%=build/fuzz/fuzz_%): build/fuzz/fuzz_%: build/fuzz/obj/tests/fuzz/fuzz_%.o \
		$(FUZZ_STORE_COMMON:%=build/fuzz/obj/tests/%.o) $(FUZZ_STORE_SRC:%.c=build/fuzz/obj/%.o)
	$(SAY) LD $@
	$(Q)clang $(FUZZ_CFLAGS) -fsanitize=fuzzer $^ -o $@
FUZZ_PROGRAMS := $(foreach f,$(FUZZERS),build/fuzz/fuzz_$(f) build/fuzz/fuzz_$(f)32) \
	$(STORE_FUZZERS:%=build/fuzz/fuzz_%)
-include $(wildcard build/fuzz/obj*/*/*.d build/fuzz/obj*/*/*/*.d)

build/fuzz/fixed.dtb: tests/fuzz/fixed.dts
	@mkdir -p $(@D)
	$(Q)dtc -q -I dts -O dtb $< -o $@

build/fuzz/seeds: tests/fuzz/make-seeds.py $(wildcard tests/fuzz/seeds/*/* tests/dts/* dts/*)
	$(Q)/usr/bin/python3 $< $@

build/fuzz/make_images: build/fuzz/obj/tests/fuzz/make_images.o $(FUZZ_STORE_SRC:%.c=build/fuzz/obj/%.o)
	$(SAY) LD $@
	$(Q)clang $(FUZZ_CFLAGS) $^ -o $@
build/fuzz/images: build/fuzz/make_images $(wildcard tests/fuzz/seeds/image/*)
	@rm -rf $@ && mkdir -p $@
	$(Q)build/fuzz/make_images $@ $(filter %.txt, $^)

.PHONY: fuzz
fuzz: $(FUZZ_PROGRAMS) build/fuzz/seeds build/fuzz/images ## runs FUZZ=tree, atags, cmdline, image or ops for FUZZ_SECONDS (600)
	tools/run-fuzz.sh keep $(FUZZ_SECONDS) $(FUZZ)

.PHONY: fuzz-ci
fuzz-ci: $(FUZZ_PROGRAMS) build/fuzz/seeds build/fuzz/images ## each fuzzer for 30 seconds
	tools/run-fuzz.sh fresh 30 $(FUZZERS) $(STORE_FUZZERS)

.PHONY: boots
boots: all $(HOST)/memmap-asan ## boots of the real image in QEMU
	/usr/bin/python3 -m pytest -q -n 2 tests/qemu

# $(1): parts that are left out, $(2): what is tested of that image
without = LEFT_OUT='$(1)' /usr/bin/python3 -m pytest -q -n 2 $(patsubst %,tests/qemu/test_%.py,parts $(2))
.PHONY: check-parts
check-parts: all $(HOST)/memmap-asan ## boots of the images that parts are left out of (docs/parts.md)
	$(call without,stage,arena)
	$(call without,oom,loady)
	$(call without,stage oom,cores exceptions interrupts pgtable store_cores)

.PHONY: check-docs
check-docs: all lib $(OUT)/flash.img $(HOST)/memmap $(HOST)/fcs ## runs every command of README.md and docs/, follows every link
	/usr/bin/python3 -m pytest -q -n 2 tests/docs

.PHONY: setup
setup: ## installs the packages that are missing
	@tools/setup.sh test

.PHONY: check
check: ## include direction, comments on prototypes, the list of mutants, formatting, static analysis
	tools/check-includes.sh
	tools/check-prototypes.sh
	tools/mutate-store.py --check
	tools/check-format.sh
	tools/check-static.sh

.PHONY: test
test: setup ## installs what is missing, builds, runs every test
	$(MAKE) --no-print-directory check
	$(MAKE) --no-print-directory -j2 check-memmap
	$(MAKE) --no-print-directory -j2 check-fcs
	$(MAKE) --no-print-directory check-threads
	$(MAKE) --no-print-directory -j2 all unit
	$(MAKE) --no-print-directory -j2 coverage
	$(MAKE) --no-print-directory budgets
	$(MAKE) --no-print-directory -j2 check-lib
	$(MAKE) --no-print-directory check-gdb
	$(MAKE) --no-print-directory check-docs
	$(MAKE) --no-print-directory -j2 check-reproducible
	$(MAKE) --no-print-directory -j2 fuzz-ci
	$(MAKE) --no-print-directory check-parts
	$(MAKE) --no-print-directory boots

.PHONY: check-linux
check-linux: ## Linux's own tests of memblock against ours (fetches 138 MB once)
	@tools/setup.sh linux
	tools/check-linux.sh

# ---- benchmarks -----------------------------------------------------------------------------

# The board's benchmark image is the image without boot/main.c, and with another memblock or ours.
.PHONY: bench-memblock
bench-memblock: ## memblock beside Linux's, host and board (fetches 138 MB once)
	@tools/setup.sh bench
	$(MAKE) --no-print-directory all
	@$(MEMBLOCK_BOARD) tools/bench-memblock.sh

# How the two scripts build their images.
MEMBLOCK_BOARD = BOARD_CC='$(CROSS)gcc $(CFLAGS)' BOARD_LINK='$(CROSS)gcc $(LDFLAGS)' \
	BOARD_OBJ='$(filter-out %/boot/main.o $(OUT)/mm/memblock%, $(OBJ)) $(OUT)/pass1.o $(LIBS)'
STORE_BOARD = BOARD_CC='$(CROSS)gcc $(CFLAGS)' BOARD_LINK='$(CROSS)gcc $(LDFLAGS)' \
	BOARD_OBJ='$(filter-out %/boot/main.o, $(OBJ)) $(OUT)/pass1.o $(LIBS)'

# ARGS: a part of it, see tools/bench-store.sh.
.PHONY: bench-store
bench-store: ## the store beside khash, GHashTable, uthash, TDB, LMDB; and on the board
	@tools/setup.sh bench
	$(MAKE) --no-print-directory all
	@$(STORE_BOARD) tools/bench-store.sh $(ARGS)

.PHONY: bench-boot
bench-boot: ## instructions from the entry to the prompt, and the parts that cost most; fails beyond a budget
	@tools/setup.sh budgets
	$(MAKE) --no-print-directory figures-boot
	@tools/check-budgets.py boot

# ---- to hand on -----------------------------------------------------------------------------

DIST := build/cairn-$(VERSION).tar.gz
.PHONY: $(DIST) # what it depends on is every file
$(DIST):
	$(SAY) TAR $@
	$(Q)tools/make-dist.sh $@

.PHONY: dist
dist: $(DIST) ## build/cairn-VERSION.tar.gz: the sources, to be built without git

# What a board or its user is given; and the image with its names, for gdb.
REPRODUCIBLE := $(addprefix $(OUT)/, cairn.bin cairn.elf $(BOARD).dtb cairn.uimg flash.img selector.elf) \
	$(addprefix $(HOST)/, memmap fcs flash-image) $(LIBRARIES)
.PHONY: check-reproducible
check-reproducible: $(DIST) $(REPRODUCIBLE) ## the tarball builds the same bytes, in another folder and without git
	tools/check-reproducible.sh $^

# ---- to use ---------------------------------------------------------------------------------

.PHONY: run
run: ## boots the image in QEMU, to a prompt
	./qemu-run.sh $(if $(filter n,$(STAGE)),--without stage) $(if $(filter n,$(OOM)),--without oom)

.PHONY: size
size: ## how large image, selector, memblock are; fails beyond a budget
	@tools/setup.sh budgets
	$(MAKE) --no-print-directory figures-size
	@tools/check-budgets.py size

# What is measured, for tools/check-budgets.py: the image, and those without a part of it.
NO_STAGE := build/$(BOARD)-without-stage
NO_OOM := build/$(BOARD)-without-oom
BASE := build/$(BOARD)-without-stage-oom
.PHONY: figures-size
figures-size: all $(OUT)/size/cairn.map $(OUT)/selector.bin
	@$(MAKE) --no-print-directory -s -j2 STAGE=n all
	@$(MAKE) --no-print-directory -s -j2 OOM=n all
	@$(MAKE) --no-print-directory -s -j2 STAGE=n OOM=n all
	@mkdir -p build/figures
	@{ set -e; \
	tools/image-size.sh $(OUT) $(BASE) stage=$(NO_STAGE) oom=$(NO_OOM); \
	echo "figure selector_bytes $$(stat -c %s $(OUT)/selector.bin) bytes"; \
	tools/memblock-size.sh $(OUT)/size/cairn.map $(MEMBLOCK_SMALL); } >build/figures/size
.PHONY: figures-boot
figures-boot: all
	@mkdir -p build/figures
	@tools/bench-boot.sh >build/figures/boot

.PHONY: figures-stack
figures-stack: all $(OUT)/selector.elf
	@mkdir -p build/figures
	@{ set -e; \
	tools/stack/depth.py tests/stack/image $(OUT)/cairn.elf $(OBJ); \
	tools/stack/depth.py tests/stack/selector $(OUT)/selector.elf $(SEL_OBJ); } >build/figures/stack

.PHONY: figures-store
figures-store: all
	@mkdir -p build/figures
	@{ set -e; tools/bench-store.sh insn cairn; tools/bench-store.sh parts; $(STORE_BOARD) tools/bench-store.sh board; } \
		>build/figures/store

.PHONY: figures-lists
figures-lists: all
	@mkdir -p build/figures
	@$(MEMBLOCK_BOARD) tools/bench-memblock.sh cairn >build/figures/lists

BUDGETS := size stack boot lists store
.PHONY: stack
stack: ## how deep each stack can become, and the calls that lead there; fails beyond a budget
	@tools/setup.sh budgets
	$(MAKE) --no-print-directory figures-stack
	@tools/check-budgets.py stack

.PHONY: budgets
budgets: ## everything that has a budget in tests/budgets
	@tools/setup.sh budgets
	$(MAKE) --no-print-directory -j1 $(BUDGETS:%=figures-%)
	@for group in $(BUDGETS); do tools/check-budgets.py $$group || exit 1; done
.PHONY: record-budgets
record-budgets: ## writes what is measured now into tests/budgets, for later ones to be compared with
	@tools/setup.sh budgets
	$(MAKE) --no-print-directory -j1 $(BUDGETS:%=figures-%)
	@for group in $(BUDGETS); do tools/check-budgets.py --record $$group || exit 1; done

# memblock for the smallest image, linked with the rest as it is; its slots are part of arenas.
MEMBLOCK := $(filter-out mm/memblock_slots.c, $(wildcard mm/memblock*.c))
MEMBLOCK_SMALL := $(MEMBLOCK:%.c=$(OUT)/size/%.o)
$(OUT)/size/%.o: %.c | $(OUT)/gen/version.h
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CROSS)gcc $(CFLAGS) $(SMALL) -MMD -MP -c $< -o $@
$(OUT)/size/cairn.map: $(OUT)/pass1.elf $(MEMBLOCK_SMALL) linker/image.ld
	$(SAY) LD $(@:.map=.elf)
	$(Q)$(CROSS)gcc $(LDFLAGS) $(filter-out $(MEMBLOCK:%.c=$(OUT)/%.o),$(OBJ)) $(MEMBLOCK_SMALL) \
		$(OUT)/pass1.o $(LIBS) -Wl,-Map=$@ -o $(@:.map=.elf)

.PHONY: format
format: ## formats the C sources
	clang-format -i $$(tools/list-files.sh | grep '\.[ch]$$')

.PHONY: clean
clean: ## removes build/
	rm -rf build

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | sort | expand -t 12
