# SPDX-License-Identifier: MIT
"""
Commands and pretty-printers for gdb (docs/gdb.md): what Cairn holds, of a board that stands still.

    gdb-multiarch -x tools/gdb/cairn.py build/vexpress-a9/cairn.elf

Memory is read and nothing else: no code runs on the board and no byte changes, so this works wherever it was
stopped. Types come from the program's debug information; the bytes of the store's region and of the log's
records are those of docs/SPEC.md and lib/log.c.
"""

import datetime
import struct
from collections import namedtuple

import gdb
import gdb.printing
import gdb.types

# The store's region (docs/SPEC.md).
MAGIC, VERSION, FORMATTING = 0x4341524E, 1, 0x464F524D
COPIES, COPY_SIZE, COPY = (0, 2048), 128, struct.Struct(">7I4x6QI32xQI")
REGION_MAX = 1 << 30
REGION_MIN, START = 8192, 4100
HEADER, TRAILER = struct.Struct(">IIIIq"), struct.Struct(">IIII")
SEALED = struct.Struct(">IIIIIIqII")
SLOT_MIN = HEADER.size + TRAILER.size
TAG, FREE, STAGED, STAGED_DELETE, ASIDE = 0x5A7AC0DE, 0x46524545, 0x00535447, 0x53444C00, 0xA5D3962C

LOG_MAGIC = 0x4C6F6731  # lib/log.c
LOG_HEAD = 5  # bytes before a record's text

HOLDINGS_MAX = 64  # of one task, and more than there are

Copy = namedtuple("Copy", "magic version state size salt generation boots limit floor batch_low batch_high "
                  "evict_new evict_victim evict_offset place checksum")
Slot = namedtuple("Slot", "off size state key data meta expiry number")


def crc_table():
    """Of CRC-32C, a byte at a time."""
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


CRC = crc_table()


def crc32c(crc, data):
    """Goes on from CRC, 0 at first, as crc32c() of lib/crc32c.h does."""
    crc ^= 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ CRC[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def fail(text):
    raise gdb.GdbError(text)


def say(text):
    gdb.write(text + "\n")


def evaluate(expression):
    """The value of an expression; a sentence if it has none."""
    try:
        return gdb.parse_and_eval(expression)
    except gdb.error as error:
        return fail(f"{expression} has no value: {error}. Is Cairn's ELF file the program that gdb has, and is a board "
                    "there?")


def address_of(expression):
    """The address that an expression gives."""
    value = evaluate(expression)
    if value.type.strip_typedefs().code not in (gdb.TYPE_CODE_INT, gdb.TYPE_CODE_PTR):
        fail(f"{expression} is a {value.type}: an address was expected")
    try:
        return int(value)
    except gdb.error as error:
        return fail(f"{expression} cannot be read: {error}")


def read(address, length):
    """Bytes of memory; a sentence if they cannot be read."""
    try:
        return gdb.selected_inferior().read_memory(address, length).tobytes()
    except gdb.MemoryError:
        return fail(f"0x{address:x}: {length} bytes cannot be read: no memory is there, or none is mapped")
    except gdb.error as error:
        return fail(f"0x{address:x}: {length} bytes cannot be read: {error}")


def bytes_text(count):
    return f"{count} byte" if count == 1 else f"{count} bytes"


def size_text(size):
    """A size as the boot prints it: in the largest unit that it is a multiple of."""
    for unit, shift in (("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if size and size % (1 << shift) == 0:
            return f"{size >> shift} {unit}"
    return bytes_text(size)


def escape(data):
    """Bytes as the shell shows them: printable ASCII, a backslash as two, all else as \\xNN."""
    return "".join("\\\\" if byte == 0x5C else chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}" for byte in data)


def unescape(text):
    """The bytes that escape() shows as TEXT."""
    return text.encode("utf-8").decode("unicode_escape").encode("latin-1")


class Command(gdb.Command):
    """A command that shows something: its words complete, and whatever cannot be read is one line."""

    WORDS = ()

    def __init__(self, name):
        super().__init__(name, gdb.COMMAND_DATA)
        self.name = name

    def complete(self, text, word):
        return [known for known in self.WORDS if known.startswith(word)]

    def invoke(self, argument, from_tty):
        try:
            self.show(argument.strip())
        except gdb.error as error:
            fail(f"{self.name}: {error}")


# ---- memblock -----------------------------------------------------------------------------------


def regions(kind):
    """The regions of a struct memblock_type."""
    return [kind["regions"][index] for index in range(min(int(kind["cnt"]), int(kind["max"])))]


def span(region):
    """[first-last] as the trace has it, and the bytes: text of both, in the width of an address."""
    digits = 2 * region["base"].type.sizeof
    base, size, wrap = int(region["base"]), int(region["size"]), 1 << 4 * digits
    return f"[0x{base:0{digits}x}-0x{(base + size - 1) % wrap:0{digits}x}]", f"0x{size:0{digits}x}"


def node_text(region):
    """Its node, if regions have one."""
    if not gdb.types.has_field(region.type.strip_typedefs(), "nid") or int(region["nid"]) < 0:
        return ""
    return f" on node {int(region['nid'])}"


def list_regions(kind):
    """As Linux's /sys/kernel/debug/memblock; an empty list has none."""
    for number, region in enumerate(regions(kind)):
        if int(region["size"]):
            first, last = span(region)[0][1:-1].split("-")
            say(f"{number:4}: {first}..{last}")


class Memblock(Command):
    """Shows what memblock holds, as the shell's memblock does.

    cairn memblock            both lists, as Linux's dump has them
    cairn memblock memory     one list, as Linux's /sys/kernel/debug/memblock has it
    cairn memblock reserved"""

    WORDS = ("memory", "reserved")

    def show(self, argument):
        memblock = evaluate("memblock")
        if argument in self.WORDS:
            list_regions(memblock[argument])
        elif argument:
            fail(f'cairn memblock: "{argument}" is no list: memory or reserved was expected')
        else:
            self.dump(memblock)

    @staticmethod
    def dump(memblock):
        kinds = [(name, memblock[name]) for name in ("memory", "reserved")]
        digits = 2 * kinds[0][1]["total_size"].type.sizeof
        sizes = " ".join(f"{name} size = 0x{int(kind['total_size']):0{digits}x}" for name, kind in kinds)
        say(f"MEMBLOCK configuration:\n {sizes}")
        for name, kind in kinds:
            say(f" {name}.cnt  = 0x{int(kind['cnt']):x}")
            for number, region in enumerate(regions(kind)):
                place, size = span(region)
                say(f" {name}[0x{number:x}]\t{place}, {size} bytes{node_text(region)} "
                    f"flags: 0x{int(region['flags']):x}")


# ---- the store ----------------------------------------------------------------------------------


class Region:
    """A store's region by its bytes alone: whether the store is open, or sound, does not matter."""

    def __init__(self, base):
        self.base = base
        copies = [copy for copy in map(self.copy, COPIES) if copy]
        if not copies:
            fail(f"0x{base:x}: no superblock of version {VERSION} that checks lies there: no store, a damaged one, or "
                 "one of another version")
        self.super = copies[0]
        if len(copies) == 2 and 0 < (copies[1].generation - copies[0].generation) % 2**32 < 2**31:
            self.super = copies[1]
        self.end = START + (self.super.size - START) // 8 * 8
        self.problems = []

    def read(self, off, length):
        return read(self.base + off, length)

    def copy(self, off):
        """The copy of the superblock at OFF, or None if it does not count."""
        data = self.read(off, COPY_SIZE)
        copy = Copy._make(COPY.unpack(data))
        sound = copy.magic == MAGIC and copy.version == VERSION and copy.checksum == crc32c(0, data[:-4])
        return copy if sound and REGION_MIN <= copy.size <= REGION_MAX else None

    def legal(self, off, size):
        """Whether a slot at OFF may have SIZE bytes."""
        return size % 8 == 0 and size >= SLOT_MIN and (
            off + size == self.end or off + size + SLOT_MIN <= self.end)

    def tag(self, end):
        """The size that the tag before END gives."""
        return int.from_bytes(self.read(end - 4, 4), "big") ^ TAG

    def slots(self):
        """Every slot by offset. Where the chain is broken it ends, which is one of the problems then."""
        off = START
        if self.super.state == FORMATTING:
            self.problems.append("a format is under way: there is no slot yet")
            return
        while off < self.end:
            size, shown = HEADER.unpack(self.read(off, HEADER.size))[:2]
            if not self.legal(off, size):
                self.problems.append(f"offset 0x{off:x}: a slot cannot have 0x{size:x} bytes, so what is behind it is "
                                     "not shown")
                return
            slot = self.slot(off, size)
            if self.tag(off + size) != size:
                slot = self.unfinished(slot, shown)
            yield slot
            off += slot.size

    def unfinished(self, slot, shown):
        """What the next open takes a slot for whose size and tag differ: a split or a join was under way."""
        first = at = end = slot.off + slot.size
        while not shown and at > slot.off and self.legal(at - self.tag(at), self.tag(at)):
            first, at = at, at - self.tag(at)
        if at == end:
            self.problems.append(f"offset 0x{slot.off:x}: the slot's two sizes differ, so it is damaged")
        elif at == slot.off:  # the tags lead back exactly
            split = self.slot(slot.off, first - slot.off)
            if split.state not in ("free", "damaged"):
                return split
        return slot

    def slot(self, off, size):
        """The slot of SIZE bytes at OFF, its state by the table of docs/SPEC.md."""
        _, shown, data_len, meta_len, expiry = HEADER.unpack(self.read(off, HEADER.size))
        trailer = TRAILER.unpack(self.read(off + size - TRAILER.size, TRAILER.size))
        length, number = trailer[0] >> 16, (trailer[0] & 0xFFFF) << 32 | trailer[1]
        if shown == ASIDE:
            return Slot(off, size, "kept aside", b"", b"", b"", expiry, number)
        if trailer[2] == FREE:
            return Slot(off, size, "free", b"", b"", b"", expiry, number)
        total = length + data_len + meta_len
        state = "damaged"
        content = b""
        if length and total <= size - SLOT_MIN:
            content = self.read(off + HEADER.size, total)
            fields = SEALED.pack(self.super.salt, off, size, length, data_len, meta_len, expiry, *trailer[:2])
            crc = crc32c(crc32c(0, fields), content)
            states = {crc: "live", crc ^ STAGED: "staged put", crc ^ STAGED_DELETE: "staged delete"}
            state = states.get(trailer[2], state)
        if state == "damaged":
            return Slot(off, size, state, b"", b"", b"", expiry, number)
        return Slot(off, size, state, content[:length], content[length:length + data_len],
                    content[length + data_len:], expiry, number)

    def entries(self, slots):
        """The slots of SLOTS whose records a next open would serve, by offset: {key: slot}."""
        sb = self.super
        batch = range(sb.batch_low, sb.batch_high + 1)
        numbers = {slot.number for slot in slots if slot.state == "live"}
        evicted = sb.evict_victim if sb.evict_new < sb.limit and sb.evict_new in numbers else None
        deleted = {slot.key: slot.number for slot in slots if slot.state == "staged delete" and slot.number in batch}
        found = {}
        for slot in slots:
            if slot.state != "live" and not (slot.state == "staged put" and slot.number in batch):
                continue
            before = found.get(slot.key)
            if not sb.floor < slot.number < sb.limit or slot.number == evicted or \
                    slot.number < deleted.get(slot.key, 0) or (before and before.number >= slot.number):
                continue
            found.pop(slot.key, None)  # so that the order is that of the region
            found[slot.key] = slot
        return found


def expiry_text(expiry):
    """When an entry ends."""
    if expiry <= 0:
        return ""
    try:
        moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(milliseconds=expiry)
        return f"  expires {moment:%Y-%m-%d %H:%M:%S} UTC"
    except OverflowError:
        return f"  expires {expiry} ms after 1970"


class Store(Command):
    """Shows the entries of a store, by the bytes of its region.

    cairn store               keys, with the sizes of their values, as the shell's ls does
    cairn store slots         every slot of the region: offset, bytes, state, what is in it
    cairn store get KEY       a value; bytes as ls shows them
    cairn store ... -at ADDR  of the region at ADDR, an expression, not of the image's own store

    Expired entries are shown, too. Nothing is written, and nothing runs on the board."""

    WORDS = ("slots", "get", "-at")

    def show(self, argument):
        what, at, place = f" {argument} ".partition(" -at ")  # quotes in an expression are its own
        words = gdb.string_to_argv(what.strip())
        if not at:
            place = "'boot/main.c'::store_config.media.base"
        if not (words in ([], ["slots"]) or (len(words) == 2 and words[0] == "get")) or not place.strip():
            fail("cairn store: expected slots, get KEY or nothing, and perhaps -at ADDR: see help cairn store")
        base = address_of(place.strip())
        if not base:
            fail("cairn store: the image has no store, or is not that far yet: -at ADDR says where one lies")
        region = Region(base)
        slots = list(region.slots())
        if not words:
            self.list(region, slots)
        elif words[0] == "slots":
            self.show_slots(region, slots)
        else:
            self.show_value(region, slots, words[1])
        for problem in region.problems:
            say(problem)

    @staticmethod
    def list(region, slots):
        entries = region.entries(slots)
        for key, slot in entries.items():
            say(f"{escape(key)}  {bytes_text(len(slot.data))}{expiry_text(slot.expiry)}")
        total = sum(len(slot.data) for slot in entries.values())
        free = [slot.size for slot in slots if slot.state == "free"]
        odd = sum(slot.state in ("kept aside", "damaged") for slot in slots)
        say(f"{len(entries)} entr{'y' if len(entries) == 1 else 'ies'}, {bytes_text(total)}")
        say(f"region 0x{region.base:x}, {bytes_text(region.super.size)}: {sum(free)} free in {len(free)} slots, "
            f"{odd} damaged, opened {region.super.boots} times")

    @staticmethod
    def show_slots(region, slots):
        served = {slot.off for slot in region.entries(slots).values()}
        for slot in slots:
            text = f"0x{slot.off:08x} {slot.size:10}  {slot.state}"
            if slot.key:
                text += f'  "{escape(slot.key)}" {bytes_text(len(slot.data))}, number {slot.number}'
                text += "" if slot.off in served or slot.state == "staged delete" else ", not served"
            say(text)

    @staticmethod
    def show_value(region, slots, word):
        try:
            key = unescape(word)
        except (UnicodeDecodeError, UnicodeEncodeError):
            fail(f"cairn store: {word} is no key as ls shows it: bytes that are not ASCII are \\xNN")
        slot = region.entries(slots).get(key)
        if not slot:
            fail(f"cairn store: no such key: {word}")
        say(escape(slot.data))


# ---- the log ------------------------------------------------------------------------------------


class Ring:
    """The log's ring: positions count bytes from its begin on, modulo 2^32."""

    def __init__(self):
        kept = evaluate("'lib/log.c'::kept")
        self.magic, self.head, self.tail, self.start, self.before = (
            int(kept[name]) for name in ("magic", "head", "tail", "start", "before"))
        self.size = kept["ring"].type.sizeof
        if self.magic != LOG_MAGIC or self.behind(self.tail) > self.size:
            fail("cairn log: there is no ring yet: this boot has logged nothing")
        self.bytes = read(int(kept["ring"].address), self.size)
        if not evaluate("'lib/log.c'::now.taken_up"):  # all of it is of boots before
            self.before, self.start = self.start, self.head

    def behind(self, position):
        """How much of the ring lies behind a position."""
        return (self.head - position) % 2**32

    def piece(self, position, length):
        """Bytes from a position on, where the ring wraps, too."""
        at = position % self.size
        return (self.bytes[at:] + self.bytes[:at])[:length]

    def lines(self, position, end, whole_only):
        """The text of the records from POSITION up to END; with WHOLE_ONLY of those that check."""
        if self.behind(position) > self.behind(self.tail):
            position = self.tail
        while self.behind(position) > self.behind(end):
            record = self.piece(position, self.behind(position))
            length = record.find(b"\n", LOG_HEAD) + 1 or len(record)
            check = crc32c(crc32c(position, record[:1]), record[LOG_HEAD:length])
            if not whole_only or check == int.from_bytes(record[1:LOG_HEAD], "big"):
                yield record[LOG_HEAD:length].decode("latin-1")
            position = (position + length) % 2**32


class Log(Command):
    """Shows the log.

    cairn log           of this boot, as the shell's dmesg does
    cairn log before    of the boot before, as far as the ring still has it"""

    WORDS = ("before",)

    def show(self, argument):
        if argument not in ("", "before"):
            fail(f'cairn log: "{argument}" is no log: before or nothing was expected')
        ring = Ring()
        if argument:
            lines = ring.lines(ring.before, ring.start, True)
        else:
            lines = ring.lines(ring.start, ring.head, False)
        for line in lines:
            gdb.write(line)


# ---- tasks --------------------------------------------------------------------------------------


def holdings(task):
    """What a task holds, as a list of values."""
    found, holding = [], task["holdings"]
    while int(holding):
        if len(found) == HOLDINGS_MAX:
            fail(f"cairn tasks: {task['name'].string()} holds more than {HOLDINGS_MAX} things: its list is damaged")
        found.append(holding.dereference())
        holding = holding["next"]
    return found


def holding_text(holding):
    """What a holding is: an arena's size, or the function that counts it."""
    count = int(holding["count"]) & ~1  # the Thumb bit
    block, where = gdb.block_for_pc(count), gdb.find_pc_line(count).symtab
    if not block or not block.function or not where:
        return f"what no function of Cairn counts (0x{count:08x}): its list is damaged"
    if where.filename == "mm/arena.c":  # which an image may lack, with its types
        arena = holding.address.cast(gdb.lookup_type("struct arena").pointer()).dereference()
        promised, held, tables = (4 * int(arena[name]) for name in ("pages", "held", "tables"))
        return f"arena at 0x{int(arena['base']):08x}: {promised} kB promised, {held} kB held, {tables} kB of tables"
    return f"what {block.function.name}() in {where.filename} counts"


class Tasks(Command):
    """Shows the tasks that have memory to give up when it runs out, and what each holds.

    An arena's size is what the shell's oom tasks has for it. Other memory is counted by a function, which
    does not run here: it is named."""

    def show(self, argument):
        if argument:
            fail(f'cairn tasks: "{argument}": nothing was expected')
        if not gdb.lookup_static_symbol("tasks"):
            fail("cairn tasks: gdb's program has none: it is not Cairn, or Cairn without both of its parts (docs/parts.md)")
        table = evaluate("'mm/task.c'::tasks")
        unkillable = int(evaluate("TASK_UNKILLABLE"))
        tasks = [table[number] for number in range(table.type.range()[1] + 1)]
        say("  pid  ppid  oom_score_adj  name")
        for task in sorted((task for task in tasks if int(task["pid"])), key=lambda task: int(task["pid"])):
            parent = int(task["parent"]["pid"]) if int(task["parent"]) else 0
            mark = ""
            if task["dying"]:
                mark = " (being removed)"
            elif int(task["flags"]) & unkillable:
                mark = " (never removed)"
            say(f"{int(task['pid']):5} {parent:5} {int(task['oom_score_adj']):14}  {task['name'].string()}{mark}")
            for holding in holdings(task):
                say(f"{'':28}{holding_text(holding)}")


# ---- pretty-printers ----------------------------------------------------------------------------


class RegionPrinter:
    """struct memblock_region: [0x60000000-0x9fffffff] 1 GiB MEMBLOCK_NONE"""

    def __init__(self, value):
        self.value = value

    def to_string(self):
        value = self.value
        return f"{span(value)[0]} {size_text(int(value['size']))}{node_text(value)} {value['flags']}"


class TypePrinter:
    """struct memblock_type: how much of what, then its regions."""

    def __init__(self, value):
        self.value = value

    def to_string(self):
        value = self.value
        return f"{value['name'].string()}: {size_text(int(value['total_size']))}, " \
            f"{int(value['cnt'])} of {int(value['max'])} regions"

    def children(self):
        return ((f"[{number}]", region) for number, region in enumerate(regions(self.value)))


class ViewPrinter:
    """struct store_view: the key, what the record has, where its slot is."""

    def __init__(self, value):
        self.value = value

    def to_string(self):
        value = self.value
        if not int(value["key"]):
            return "no record"
        text = f'"{escape(read(int(value["key"]), int(value["key_len"])))}" {bytes_text(int(value["data_len"]))}'
        if int(value["meta_len"]):
            text += f" and {bytes_text(int(value['meta_len']))} of metadata"
        return f"{text}{expiry_text(int(value['expiry']))}, number {int(value['version'])}, " \
            f"slot at offset 0x{int(value['slot']):x}, {bytes_text(int(value['slot_size']))}"


def printers():
    found = gdb.printing.RegexpCollectionPrettyPrinter("cairn")
    found.add_printer("memblock_region", "^memblock_region$", RegionPrinter)
    found.add_printer("memblock_type", "^memblock_type$", TypePrinter)
    found.add_printer("store_view", "^store_view$", ViewPrinter)
    return found


class Cairn(gdb.Command):
    """What Cairn holds: its memory, its store, its log, its tasks. Memory is read, and nothing runs on the board."""

    def __init__(self):
        super().__init__("cairn", gdb.COMMAND_DATA, prefix=True)


Cairn()
Memblock("cairn memblock")
Store("cairn store")
Log("cairn log")
Tasks("cairn tasks")
gdb.printing.register_pretty_printer(None, printers(), replace=True)
