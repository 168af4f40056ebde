# SPDX-License-Identifier: MIT
"""Fibers for gdb, from version 13 on: see gruvi-gdb(7).

    info gruvi hubs|fibers|plugins      what there is
    gruvi bt [all|FIBER] [--group]      where fibers are
    gruvi frame [FIBER]                 go there; without FIBER: come back
    gruvi gcore [FILE]                  a core that has the stacks

What is read is the process or the core as it stands.  Nothing runs in it, and
nothing is written to it.  libgruvi says by gruvi__debug where things are
(gruvi/inspect.h), and gruvid by gruvid__debug.
"""

import contextlib
import os
import re
import struct

import gdb
import gdb.unwinder

VERSION = 1  # of gruvi__debug, GRUVI__DEBUG_VERSION
SWITCH = "gruvi__context_switch"  # what it is inlined into is of use
MOST_FRAMES = 64  # as gruvictl has them
STACK_READ = 64 * 1024  # bytes of a stack that are walked
PAGE = os.sysconf("SC_PAGESIZE")


# --- memory -----------------------------------------------------------------


def read(address, size):
    return gdb.selected_inferior().read_memory(address, size).tobytes()


def pointer_format():
    wide = gdb.lookup_type("char").pointer().sizeof == 8
    return "=Q" if wide else "=I"


def read_pointer(address):
    form = pointer_format()
    return struct.unpack(form, read(address, struct.calcsize(form)))[0]


def cut_string(data):
    return data.split(b"\0", 1)[0].decode("utf-8", "replace")


def read_string(address, most=256):
    """Text may lie in a file that a core does not have."""
    try:
        return gdb.Value(address).cast(
            gdb.lookup_type("char").pointer()).string("utf-8", "replace",
                                                      length=-1)[:most]
    except gdb.error:
        return "?"


# --- what the libraries say -------------------------------------------------


class Table:
    """gruvi__debug or gruvid__debug: where members are."""

    def __init__(self, name):
        try:
            at = int(gdb.parse_and_eval("(unsigned long)&" + name))
            self.read(at)
        except gdb.MemoryError:
            raise gdb.GdbError("%s cannot be read: is the program the one that "
                               "the core is of?" % name)

    def read(self, at):
        pointer = pointer_format()[1]
        form = "=8sII3" + pointer
        magic, version, n, fields, self.root, self.sample = struct.unpack(
            form, read(at, struct.calcsize(form)))
        if not magic.startswith(b"gruvi"):
            raise gdb.GdbError("this is not the memory of libgruvi: is the "
                               "program the one that the core is of?")
        if version != VERSION:
            raise gdb.GdbError(
                "libgruvi describes itself by version %d, and this "
                "gruvi-gdb.py knows version %d: take the one that came with "
                "the library" % (version, VERSION))
        data = read(fields, 32 * n)
        self.at = {cut_string(name): value
                   for name, value in struct.iter_unpack("=28sI", data)}
        self.registers = {name[9:]: offset for name, offset in self.at.items()
                          if name.startswith("register.")}

    def __getitem__(self, name):
        try:
            return self.at[name]
        except KeyError:
            raise gdb.GdbError("this libgruvi does not say where %s is: it is "
                               "older than this gruvi-gdb.py" % name)


def has_symbol(name):
    try:
        gdb.parse_and_eval("&" + name)
        return True
    except gdb.error:
        return False


class Object:
    """A struct of the process: a copy, and its members by their names."""

    def __init__(self, table, address, size):
        self.table = table
        self.address = address
        self.data = read(address, size)

    def unpack(self, member, form):
        return struct.unpack_from(form, self.data, self.table[member])[0]

    def pointer(self, member):
        return self.unpack(member, pointer_format())

    def u64(self, member):
        return self.unpack(member, "=Q")

    def u32(self, member):
        return self.unpack(member, "=I")

    def byte(self, member):
        return self.data[self.table[member]]

    def text(self, member):
        return cut_string(self.data[self.table[member]:])


class Fiber(Object):
    def __init__(self, process, address, hub):
        table = process.table
        super().__init__(table, address, table["fiber.size"])
        self.process = process
        self.hub = hub
        self.id = self.u64("fiber.id")
        self.is_root = self.byte("fiber.kind") == table["kind.root"]
        self.is_hub = self.byte("fiber.kind") == table["kind.hub"]
        self.name = self.find_name()

    def find_name(self):
        if self.is_root:
            return "Root"
        if self.is_hub:
            return "Hub"
        at, mask = self.process.named
        if self.data[at] & mask:
            return self.text("fiber.name")
        return "Fiber-%d" % self.id

    @property
    def runs(self):
        return self.hub.running == self.address

    @property
    def state(self):
        state = self.byte("fiber.state")
        if self.runs or state == self.table["state.running"]:
            return "runs"
        return "waits" if state == self.table["state.waiting"] else "ready"

    @property
    def waits(self):
        if self.state != "waits":
            return ""
        return self.process.text(self.pointer("fiber.waiting_for"))

    @property
    def waited(self):
        """In seconds."""
        if self.state != "waits":
            return 0.0
        ticks = self.hub.u32("hub.tick") - self.u32("fiber.parked_at")
        return (ticks & 0xffffffff) * self.table["tick"] / 1e9

    @property
    def registers(self):
        """What it has saved: names of gdb, and numbers.  They are read again,
        because the process may have gone on."""
        form = pointer_format()
        data = read(self.address, self.table["fiber.size"])
        return {name: struct.unpack_from(form, data, offset)[0]
                for name, offset in self.table.registers.items()}

    def register(self, *names):
        for name in names:
            if name in self.table.registers:
                return self.pointer_at(self.table.registers[name])
        return 0

    def pointer_at(self, offset):
        return struct.unpack_from(pointer_format(), self.data, offset)[0]

    @property
    def pc(self):
        return self.register("rip", "pc")

    @property
    def sp(self):
        return self.register("rsp", "sp")

    @property
    def fp(self):
        return self.register("rbp", "x29")

    @property
    def has_begun(self):
        return self.is_root or self.pointer("fiber.begun") not in (
            0, self.address)

    @property
    def low(self):
        """The bounds of its stack; both 0: it is a thread's own."""
        if self.is_root:
            return 0
        return self.process.stack_low(self.high) if self.is_hub \
            else self.pointer("fiber.stack.low")

    @property
    def high(self):
        if self.is_root:
            return 0
        return self.hub.pointer("hub.stack") if self.is_hub else self.address

    @property
    def used(self):
        """Bytes of its stack, or 0."""
        if self.is_root or self.is_hub or self.runs:
            return 0
        return self.address - self.sp if self.low <= self.sp else 0

    @property
    def plugin(self):
        group = self.pointer("fiber.group")
        return self.process.plugin_of_group(group) if group else None

    def walk(self):
        """Addresses, the innermost first, by frame pointers as gruvictl has
        them: where it goes on, and then calls."""
        if self.runs:
            return tuple(self.hub.in_thread(lambda f: f.pc()))
        if not self.has_begun:
            return (self.pointer("fiber.target"),)
        found = [self.pc]
        low = self.sp
        size = STACK_READ if self.is_root else min(self.high - low, STACK_READ)
        try:
            stack = read(low, size)
        except gdb.MemoryError:
            stack = read_readable(low, size)
        walk_frames(found, stack, low, self.fp)
        return tuple(found)

    def title(self):
        words = self.name
        if self.plugin:
            words += " of %s, generation %d" % (self.plugin.name,
                                                self.plugin.generation)
        words += ", hub %d: %s" % (self.hub.number, self.state)
        if self.runs and self.hub.thread:
            words += " in thread %d" % self.hub.thread.num
        if self.waits:
            words += " for %s, %s" % (self.waits, period(self.waited))
        if self.used:
            words += "; stack used %s" % size_text(self.used)
        return words


def read_readable(low, size):
    """Up to the first page that cannot be read."""
    data = b""
    while len(data) < size:
        try:
            data += read(low + len(data), PAGE - (low + len(data)) % PAGE)
        except gdb.MemoryError:
            break
    return data


def walk_frames(found, stack, low, fp):
    """Nothing is believed: a frame lies on the stack, above the one before."""
    size = struct.calcsize(pointer_format())
    form = "=2" + pointer_format()[1]
    at = fp - low
    least = 0
    while at % size == 0 and least <= at <= len(stack) - 2 * size:
        above, caller = struct.unpack_from(form, stack, at)
        caller = without_signature(caller)
        if caller == 0 or len(found) == MOST_FRAMES:
            return
        found.append(caller - 1)
        least = at + 2 * size
        at = above - low


def without_signature(address):
    """aarch64 signs return addresses, in bits that no address of a process
    has; x86-64 has none of these either."""
    return address & ((1 << 48) - 1)


class Hub(Object):
    def __init__(self, process, address, number):
        table = process.table
        super().__init__(table, address, process.hub_size)
        self.process = process
        self.number = number
        self.tid = self.u32("hub.tid")
        self.thread = find_thread(self.tid)
        self.running = 0
        try:
            self.running = read_pointer(self.pointer("hub.thread") +
                                        table["thread.current"])
        except gdb.MemoryError:  # the thread has gone
            pass

    def look_closely(self):
        """In the middle of a switch the fiber that is current is not the one
        on whose stack the thread is: that one has not saved its registers."""
        if self.thread is None or not self.running:
            return
        with selected_thread(self.thread):
            sp = int(gdb.newest_frame().read_register("sp")) & (2 ** 64 - 1)
        now = Fiber(self.process, self.running, self)
        if not now.is_root and not now.low <= sp < now.high:
            self.running = next((f.address for f in self.fibers()
                                 if f.low <= sp < f.high), self.running)

    def in_thread(self, function):
        """A value for each frame of its thread."""
        if self.thread is None:
            return []
        with selected_thread(self.thread):
            return [function(f) for f in frames_from(gdb.newest_frame())]

    def fibers(self):
        yield Fiber(self.process, self.pointer("hub.root"), self)
        yield Fiber(self.process, self.address + self.table["hub.fiber"], self)
        head = self.address + self.table["hub.fibers"]
        others = (self.address + self.table["hub.visit.at"],
                  self.address + self.table["hub.visit.end"])
        left = self.pointer("hub.live") + 8
        link = read_pointer(head)
        while link != head:
            left -= 1
            if left < 0:
                raise gdb.GdbError("the list of hub %d's fibers is broken" %
                                   self.number)
            if link in others:
                link = read_pointer(link)
                continue
            fiber = self.fiber_of(link)
            yield fiber
            link = fiber.pointer("fiber.all_link")


    def fiber_of(self, link):
        try:
            fiber = Fiber(self.process, link - self.table["fiber.all_link"],
                          self)
            if fiber.pointer("fiber.hub") == self.address:
                return fiber
        except gdb.MemoryError:
            pass
        if connection_type() == "core":
            raise gdb.GdbError(
                "this core has no stacks of fibers: gcore of gdb leaves them "
                "out. Take a core of the kernel, or of \"gruvi gcore\"")
        raise gdb.GdbError("the list of hub %d's fibers is broken" %
                           self.number)


class Plugin:
    def __init__(self, table, address):
        def pointer(member):
            return read_pointer(address + table[member])

        def number(member, form):
            data = read(address + table[member], struct.calcsize(form))
            return struct.unpack(form, data)[0]

        self.address = address
        self.name = read_string(pointer("plugin.name"))
        self.generation = number("plugin.generation", "=Q")
        self.state = self.find_state(table, number)
        module = pointer("plugin.module")
        self.module = read_string(module + table["module.name"])
        self.hubs = []
        self.fibers = self.connections = 0
        for i in range(pointer("plugin.n_shards")):
            shard = pointer("plugin.shards") + i * table["shard.size"]
            hub = read_pointer(shard + table["shard.hub"])
            self.hubs.append(struct.unpack(
                "=I", read(hub + table["hub.number"], 4))[0])
            self.fibers += read_pointer(shard + table["shard.fibers.now"])
            self.connections += read_pointer(shard + table["shard.open"])

    @staticmethod
    def find_state(table, number):
        state = number("plugin.state", "=I")
        for name in "abandoned", "stopped":
            if state == table["state." + name]:
                return name
        if number("plugin.draining", "=B"):
            return "draining"
        if state == table["state.started"] and \
                number("plugin.role", "=I") != table["role.next"]:
            return "serving"
        return "starting"


class Process:
    """All that there is, as it is now: made for each command."""

    def __init__(self, closely=True):
        if not gdb.selected_inferior().threads():
            raise gdb.GdbError("there is no process: start one, attach to it, "
                               "or load a core")
        if not has_symbol("gruvi__debug"):
            raise gdb.GdbError("this process has no libgruvi, or one that does "
                               "not describe itself (gruvi__debug)")
        self.table = Table("gruvi__debug")
        self.daemon = Table("gruvid__debug") if has_symbol("gruvid__debug") \
            else None
        self.texts = {}
        self.plugins_at = {}
        self.groups = {}
        sample = read(self.table.sample, self.table["fiber.size"])
        self.named = next((i, b) for i, b in enumerate(sample) if b)
        self.hub_size = max(
            value for name, value in self.table.at.items()
            if name.startswith("hub.")) + 16
        self.hubs = self.find_hubs()
        for hub in self.hubs if closely else []:
            hub.look_closely()

    def find_hubs(self):
        numbers = self.daemon_numbers()
        hubs = []
        link = read_pointer(self.table.root)
        while link != self.table.root:
            if len(hubs) > 4096:
                raise gdb.GdbError("the list of hubs is broken")
            address = link - self.table["hub.hubs_link"]
            hubs.append(Hub(self, address, numbers.get(address,
                                                       len(hubs) + 1)))
            link = hubs[-1].pointer("hub.hubs_link")
        return sorted(hubs, key=lambda hub: hub.number)

    def daemon_numbers(self):
        """gruvid gives its hubs numbers."""
        table = self.daemon
        instances = self.instances()
        if not instances:
            return {}
        hubs = read_pointer(instances + table["instances.hubs"])
        at = read_pointer(hubs + table["hubs.at"])
        n = struct.unpack("=I", read(hubs + table["hubs.n"], 4))[0]
        numbers = {}
        for i in range(n):
            hub = at + i * table["hub.size"]
            numbers[read_pointer(hub + table["hub.hub"])] = i + 1
        return numbers

    def instances(self):
        return read_pointer(self.daemon.root) if self.daemon else 0

    def text(self, address):
        if address not in self.texts:
            self.texts[address] = read_string(address) if address else ""
        return self.texts[address]

    def stack_low(self, stack):
        """Of the record at the end of a stack, which begins with it."""
        return read_pointer(stack)

    def plugins(self):
        instances = self.instances()
        if not instances:
            return []
        at = read_pointer(instances + self.daemon["instances.at"])
        n = read_pointer(instances + self.daemon["instances.n"])
        size = struct.calcsize(pointer_format())
        return [self.plugin(read_pointer(at + i * size)) for i in range(n)]

    def plugin(self, address):
        if address not in self.plugins_at:
            self.plugins_at[address] = Plugin(self.daemon, address)
        return self.plugins_at[address]

    def plugin_of_group(self, group):
        """gruvid keeps a shard of a plugin in each group."""
        if not self.instances():
            return None
        if group not in self.groups:
            shard = read_pointer(group + self.table["group.keeper"])
            self.groups[group] = self.plugin(read_pointer(
                shard + self.daemon["shard.plugin"])) if shard else None
        return self.groups[group]

    def fibers(self, plugin=None):
        if plugin is not None and \
                plugin not in [p.name for p in self.plugins()]:
            raise gdb.GdbError("there is no plugin called %s" % plugin)
        for hub in self.hubs:
            for fiber in hub.fibers():
                if plugin is None or (fiber.plugin and
                                      fiber.plugin.name == plugin):
                    yield fiber

    def hub_here(self):
        """Of the selected thread, or None."""
        here = gdb.selected_thread().ptid
        return next((hub for hub in self.hubs
                     if hub.thread is not None and hub.thread.ptid == here),
                    None)

    def current(self):
        """The fiber that the selected thread runs, or None."""
        hub = self.hub_here()
        return Fiber(self, hub.running, hub) if hub and hub.running else None

    def find(self, text):
        """A fiber by its name, or by an expression that is its address."""
        named = [f for f in self.fibers() if f.name == text]
        if len(named) > 1:
            here = self.hub_here()
            own = [f for f in named if f.hub is here]
            named = own if len(own) == 1 else named
        if len(named) > 1:
            raise gdb.GdbError("%d fibers are called %s: give an address, as "
                               "\"info gruvi fibers\" has it" %
                               (len(named), text))
        if named:
            return named[0]
        try:
            address = int(gdb.parse_and_eval("(unsigned long)(%s)" % text))
        except gdb.error:
            raise gdb.GdbError("there is no fiber called %s" % text)
        for fiber in self.fibers():
            if fiber.address == address:
                return fiber
        raise gdb.GdbError("there is no fiber at 0x%x: it has ended, or it "
                           "never was one" % address)


def connection_type():
    """"native", "core", "remote" and the like."""
    connection = gdb.selected_inferior().connection
    return connection.type if connection is not None else None


# --- threads and frames -----------------------------------------------------


def find_thread(tid):
    for thread in gdb.selected_inferior().threads():
        if tid != 0 and tid in thread.ptid[1:]:
            return thread
    return None


@contextlib.contextmanager
def restored():
    """The thread and the frame that are selected now are so again."""
    thread = gdb.selected_thread()
    level = gdb.selected_frame().level()
    fiber = Selection.fiber, Selection.thread
    try:
        yield
    finally:
        thread.switch()
        if fiber != (Selection.fiber, Selection.thread):
            look_at(*fiber)
        frame = gdb.newest_frame()
        for _ in range(level):
            frame = frame.older() or frame
        frame.select()


@contextlib.contextmanager
def selected_thread(thread):
    """What the thread itself does, also where a fiber is in its place."""
    with restored():
        thread.switch()
        look_away()
        yield


def frames_from(frame):
    n = 0
    while frame is not None and n < MOST_FRAMES:
        yield frame
        n += 1
        try:
            frame = frame.older()
        except gdb.error:
            return


class Selection:
    """The parked fiber that gdb looks at, in the place of what a thread does:
    the caller of frame 0 is where the fiber goes on."""

    fiber = None
    thread = None  # its ptid


class Unwinder(gdb.unwinder.Unwinder):
    def __init__(self):
        super().__init__("gruvi")

    def __call__(self, pending):
        fiber = Selection.fiber
        if fiber is None or pending.level() != 0 or \
                gdb.selected_thread().ptid != Selection.thread:
            return None
        # A stack grows down: frame 0 has to lie below its caller.
        sp = fiber.sp - 16
        info = pending.create_unwind_info(FrameId(sp, fiber.pc))
        for name, number in fiber.registers.items():
            kind = pending.read_register(name).type
            info.add_saved_register(name, gdb.Value(number).cast(kind))
        return info


class FrameId:
    def __init__(self, sp, pc):
        self.sp = gdb.Value(sp)
        self.pc = gdb.Value(pc)


class HideThread:
    """Backtraces of a fiber do not show what the thread does."""

    name = "gruvi"
    priority = 1000
    enabled = True

    def filter(self, frames):
        thread = gdb.selected_thread()
        if Selection.fiber is None or thread is None or \
                thread.ptid != Selection.thread:
            return frames
        return (f for f in frames if f.inferior_frame().level() > 0 and
                f.inferior_frame().name() != SWITCH)


def look_at(fiber, thread):
    Selection.fiber = fiber
    Selection.thread = thread
    gdb.invalidate_cached_frames()


def look_away(_event=None):
    if Selection.fiber is not None:
        look_at(None, None)


def enter(fiber):
    """Select the call that a parked fiber waits in, as gruvictl shows it."""
    if fiber.hub.thread is not None:
        fiber.hub.thread.switch()
    if not fiber.table.registers:
        raise gdb.GdbError("the registers of this processor are not known")
    look_at(fiber, gdb.selected_thread().ptid)
    frame = gdb.newest_frame().older()
    if frame is None:
        look_away()
        raise gdb.GdbError("gdb cannot go to fiber %s" % fiber.name)
    cut_frames([Frame(f) for f in frames_from(frame)])[0].frame.select()


@contextlib.contextmanager
def entered(fiber):
    with restored():
        enter(fiber)
        yield gdb.newest_frame().older()


# --- stacks as text ---------------------------------------------------------


def module_name(pc):
    name = gdb.solib_name(pc) or gdb.current_progspace().filename or "?"
    return os.path.basename(name)


class Frame:
    def __init__(self, frame):
        self.frame = frame
        self.module = module_name(frame.pc())
        function = frame.name()
        sal = frame.find_sal()
        if function is None:
            self.text = "0x%x (%s)" % (frame.pc(), self.module)
        elif sal.symtab is None:
            self.text = "%s (%s)" % (function, self.module)
        else:
            self.text = "%s at %s:%d (%s)" % (function, sal.symtab.filename,
                                              sal.line, self.module)

    @property
    def is_of_libgruvi(self):
        return self.module.startswith("libgruvi.so")


def cut_frames(frames):
    """As gruvictl does: how libgruvi parks and starts a fiber is of no use
    here; of its frames only the call that waits is shown."""
    first = next((i for i, f in enumerate(frames) if not f.is_of_libgruvi),
                 None)
    if first is None:
        return frames
    last = max(i for i, f in enumerate(frames) if not f.is_of_libgruvi)
    return frames[max(first - 1, 0):last + 1]


class Stacks:
    """The text of each different stack is made once."""

    def __init__(self):
        self.known = {}

    def text(self, fiber, addresses):
        if addresses not in self.known:
            self.known[addresses] = self.make(fiber, addresses)
        return self.known[addresses]

    @staticmethod
    def make(fiber, addresses):
        if fiber.runs:
            frames = fiber.hub.in_thread(Frame)
            if not frames:
                return ["    (gdb does not know its thread)"]
        elif not fiber.table.registers:
            return ["    (registers of this processor are not known)"]
        elif not fiber.has_begun:
            return ["    it has not begun: it will run " +
                    function_at(addresses[0])]
        else:
            with entered(fiber) as frame:
                frames = [Frame(f) for f in frames_from(frame)]
        return ["    " + f.text for f in cut_frames(frames)]


def function_at(pc):
    block = gdb.block_for_pc(pc)
    while block is not None and block.function is None:
        block = block.superblock
    if block is not None:
        return block.function.print_name
    symbol = gdb.execute("info symbol 0x%x" % pc, to_string=True)
    return "0x%x" % pc if symbol.startswith("No symbol") else symbol.split()[0]


class Group:
    def __init__(self, fiber):
        self.first = fiber
        self.n = 0
        self.longest = 0.0
        self.used = 0

    def add(self, fiber):
        self.n += 1
        self.longest = max(self.longest, fiber.waited)
        self.used = max(self.used, fiber.used)

    def title(self):
        many = self.n > 1
        first = self.first
        words = "%d fiber%s" % (self.n, "s" if many else "")
        if first.plugin:
            words += " of %s, generation %d" % (first.plugin.name,
                                                first.plugin.generation)
        words += ": " + first.state
        if first.waits:
            words += " for %s, %s%s" % (first.waits, "up to " if many else "",
                                        period(self.longest))
        if self.used:
            words += "; stack used %s" % size_text(self.used)
        return words + ("; the first is " if many else "; ") + first.name


def group_fibers(fibers):
    """Those that are alike, as gruvictl does it: [(group, addresses)]."""
    groups = {}
    for fiber in fibers:
        addresses = fiber.walk()
        plugin = fiber.plugin.address if fiber.plugin else 0
        key = plugin, fiber.state, fiber.waits, addresses
        if key not in groups:
            groups[key] = Group(fiber), addresses
        groups[key][0].add(fiber)
    return sorted(groups.values(), key=lambda g: (-g[0].n, g[0].first.id))


def period(seconds):
    if seconds < 120:
        return "%.1fs" % seconds
    if seconds < 7200:
        return "%dm%02ds" % (seconds // 60, seconds % 60)
    return "%dh%02dm" % (seconds // 3600, seconds % 3600 // 60)


def size_text(size):
    return "%d" % size if size < 10000 else "%dK" % (size // 1024)


def print_table(titles, rows):
    """Numbers to the right."""
    rows = [[str(cell) for cell in row] for row in rows]
    number = [all(re.fullmatch(r"[\d.]*[a-zK]?", row[i]) for row in rows)
              for i in range(len(titles))]
    widths = [max(len(row[i]) for row in [titles] + rows)
              for i in range(len(titles))]
    for row in [titles] + rows:
        cells = [cell.rjust(w) if right else cell.ljust(w)
                 for cell, w, right in zip(row, widths, number)]
        gdb.write("  ".join(cells).rstrip() + "\n")


# --- commands ---------------------------------------------------------------


class Prefix(gdb.Command):
    """What Gruvi's fibers do; gruvi-gdb(7)."""

    def __init__(self, name):
        super().__init__(name, gdb.COMMAND_STACK, gdb.COMPLETE_NONE, True)


class Command(gdb.Command):
    name = None

    def __init__(self):
        super().__init__(self.name, gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        self.run(Process() if self.needs_process else None,
                 gdb.string_to_argv(argument))

    needs_process = True

    def usage(self):
        raise gdb.GdbError("usage: " + self.__doc__.splitlines()[0])


class InfoHubs(Command):
    """info gruvi hubs
The hubs: their threads, and how many fibers they have.  "*" is the selected
thread's."""

    name = "info gruvi hubs"

    def run(self, process, argv):
        if argv:
            self.usage()
        here = process.hub_here()
        rows = []
        for hub in process.hubs:
            runs = Fiber(process, hub.running, hub).name if hub.running else ""
            rows.append(("*" if hub is here else "", hub.number,
                         hub.thread.num if hub.thread else "-", hub.tid,
                         hub.pointer("hub.live"), hub.u64("hub.next_id"),
                         hub.u64("hub.turns"), runs, hex(hub.address)))
        print_table(("", "HUB", "THREAD", "TID", "FIBERS", "SPAWNED", "TURNS",
                     "RUNS", "ADDRESS"), rows)


class InfoFibers(Command):
    """info gruvi fibers [--plugin NAME]
All fibers, and what they wait for."""

    name = "info gruvi fibers"

    def run(self, process, argv):
        if argv and (len(argv) != 2 or argv[0] != "--plugin"):
            self.usage()
        plugins = process.instances() != 0
        rows = []
        for f in process.fibers(argv[1] if argv else None):
            row = [hex(f.address), f.name]
            if plugins:
                row += [f.plugin.name, f.plugin.generation] if f.plugin \
                    else ["", ""]
            rows.append(row + [f.hub.number, f.state, f.waits,
                               period(f.waited) if f.waits else "",
                               size_text(f.used) if f.used else ""])
        titles = ["ADDRESS", "FIBER"]
        titles += ["PLUGIN", "GEN"] if plugins else []
        print_table(titles + ["HUB", "STATE", "WAITS FOR", "FOR",
                              "STACK USED"], rows)


class InfoPlugins(Command):
    """info gruvi plugins
The plugins of gruvid, each generation of them."""

    name = "info gruvi plugins"

    def run(self, process, argv):
        if argv:
            self.usage()
        if not process.daemon:
            raise gdb.GdbError("this process is not a gruvid: it has no "
                               "plugins")
        print_table(("PLUGIN", "GEN", "STATE", "MODULE", "FIBERS",
                     "CONNECTIONS", "HUBS", "ADDRESS"),
                    [(p.name, p.generation, p.state, p.module, p.fibers,
                      p.connections, ",".join(map(str, p.hubs)),
                      hex(p.address)) for p in process.plugins()])


class Backtrace(Command):
    """gruvi bt [all|FIBER] [--group] [--plugin NAME]
Where a fiber is, or all are; without FIBER the selected one.  FIBER is a name
or an address.  --group shows once what many fibers do."""

    name = "gruvi bt"

    def run(self, process, argv):
        group = "--group" in argv
        plugin = None
        argv = [word for word in argv if word != "--group"]
        if "--plugin" in argv:
            i = argv.index("--plugin")
            if len(argv) < i + 2:
                self.usage()
            plugin = argv[i + 1]
            del argv[i:i + 2]
        if argv in ([], ["all"]) and (argv or group or plugin):
            self.show_all(process, plugin, group)
        elif group or plugin:
            self.usage()
        else:
            self.show_one(process, " ".join(argv))

    @staticmethod
    def show_all(process, plugin, group):
        stacks = Stacks()
        fibers = process.fibers(plugin)
        if group:
            todo = group_fibers(fibers)
        else:
            todo = ((f, f.walk()) for f in fibers)
        between = ""
        for what, addresses in todo:
            gdb.write(between + what.title() + "\n")
            fiber = what.first if group else what
            gdb.write("\n".join(stacks.text(fiber, addresses)) + "\n")
            between = "\n"

    @staticmethod
    def show_one(process, text):
        fiber = process.find(text) if text else \
            Selection.fiber or process.current()
        if fiber is None:
            raise gdb.GdbError("the selected thread runs no fiber")
        gdb.write(fiber.title() + "\n")
        if fiber.runs and fiber.hub.thread is not None:
            with selected_thread(fiber.hub.thread):
                gdb.execute("backtrace")
        elif fiber.runs or not fiber.has_begun:
            gdb.write("\n".join(Stacks.make(fiber, fiber.walk())) + "\n")
        else:
            with entered(fiber):
                gdb.execute("backtrace")


class SelectFrame(Command):
    """gruvi frame [FIBER]
Go to a parked fiber: "up", "info locals", "backtrace" and the like are about
it then.  Without FIBER come back to the thread, before the process is stepped.
When it goes on, gdb comes back by itself."""

    name = "gruvi frame"

    def run(self, process, argv):
        look_away()
        if not argv:
            gdb.execute("frame 0")
            return
        fiber = process.find(" ".join(argv))
        if not fiber.runs and not fiber.has_begun:
            raise gdb.GdbError("fiber %s has not begun: it will run %s" %
                               (fiber.name, function_at(fiber.walk()[0])))
        gdb.write(fiber.title() + "\n")
        if fiber.runs:
            if fiber.hub.thread is not None:
                fiber.hub.thread.switch()
            gdb.newest_frame().select()
        else:
            enter(fiber)
        gdb.execute("frame")


# --- cores ------------------------------------------------------------------


class Core:
    """An ELF core that gdb has written, of this kind of machine."""

    def __init__(self, path):
        self.file = open(path, "r+b")
        head = self.file.read(64)
        if head[:5] != b"\x7fELF\x02":
            raise gdb.GdbError("%s is no core of 64 bits" % path)
        offset, = struct.unpack_from("=Q", head, 32)
        size, n = struct.unpack_from("=HH", head, 54)
        if n == 0xffff:  # the number is in the first section's head
            sections, = struct.unpack_from("=Q", head, 40)
            self.file.seek(sections + 44)
            n, = struct.unpack("=I", self.file.read(4))
        self.file.seek(offset)
        data = self.file.read(size * n)
        self.segments = []  # (address, offset in the file, size)
        for at in range(0, size * n, size):
            kind, _, offset, address, _, length = struct.unpack_from(
                "=IIQQQQ", data, at)
            if kind == 1 and length > 0:
                self.segments.append((address, offset, length))

    def segment_of(self, address):
        for segment in self.segments:
            if segment[0] <= address < segment[0] + segment[2]:
                return segment
        return None


def pages_in_memory(pid, address, size):
    """Addresses of the pages of a mapping that hold something, by
    proc_pid_pagemap(5)."""
    with open("/proc/%d/pagemap" % pid, "rb", 0) as pagemap:
        pagemap.seek(address // PAGE * 8)
        entries = pagemap.read(size // PAGE * 8)
    for i, (entry,) in enumerate(struct.iter_unpack("=Q", entries)):
        if entry >> 62:
            yield address + i * PAGE


def copy_pages(pid, core, segment):
    address, offset, size = segment
    with open("/proc/%d/mem" % pid, "rb", 0) as memory:
        for page in pages_in_memory(pid, address, size):
            try:
                memory.seek(page)
                data = memory.read(PAGE)
            except OSError:  # a guard
                continue
            core.file.seek(offset + page - address)
            core.file.write(data)


class Gcore(Command):
    """gruvi gcore [FILE]
As gcore, and with the stacks of fibers: gdb's own leaves out a mapping that has
guards."""

    name = "gruvi gcore"

    def run(self, process, argv):
        inferior = gdb.selected_inferior()
        if len(argv) > 1:
            self.usage()
        path = argv[0] if argv else "core.%d" % inferior.pid
        if not os.path.exists("/proc/%d/mem" % inferior.pid) or \
                connection_type() != "native":
            raise gdb.GdbError("only of a process that runs on this machine")
        try:
            gdb.execute("gcore " + path, to_string=True)
        except gdb.error as error:
            raise gdb.GdbError(str(error))
        core = Core(path)
        found = set()
        missing = 0
        for fiber in process.fibers():
            segment = core.segment_of(fiber.high - 1) if fiber.high else None
            missing += fiber.high != 0 and segment is None
            found.add(segment)
        for segment in found - {None}:
            copy_pages(inferior.pid, core, segment)
        core.file.close()
        if missing:
            raise gdb.GdbError("%s has no room for the stacks of %d fibers" %
                               (path, missing))
        gdb.write("Saved corefile %s, with the stacks of all fibers\n" % path)


# --- values -----------------------------------------------------------------


class Handle:
    """gruvi_fiber_t *, gruvi_hub_t *, gruvid_plugin_t *: what they are."""

    def __init__(self, kind, address):
        self.kind = kind
        self.address = address

    def to_string(self):
        try:
            return "0x%x (%s)" % (self.address, self.describe(
                Process(closely=False)))
        except (gdb.error, gdb.GdbError, StopIteration):
            return "0x%x" % self.address

    def describe(self, process):
        if self.kind == "gruvi_hub":
            return "hub %d" % next(h.number for h in process.hubs
                                   if h.address == self.address)
        if self.kind == "gruvid_plugin":
            plugin = next(p for p in process.plugins()
                          if p.address == self.address)
            return "%s, generation %d" % (plugin.name, plugin.generation)
        hub = read_pointer(self.address + process.table["fiber.hub"])
        hub = next(h for h in process.hubs if h.address == hub)
        fiber = Fiber(process, self.address, hub)
        return "%s %s" % (fiber.name, fiber.state) + \
            (" for " + fiber.waits if fiber.waits else "")


def find_printer(value):
    kind = value.type.strip_typedefs()
    if kind.code != gdb.TYPE_CODE_PTR:
        return None
    name = kind.target().strip_typedefs().name
    if name in ("gruvi_fiber", "gruvi_hub", "gruvid_plugin") and \
            not value.is_optimized_out and int(value) != 0:
        return Handle(name, int(value))
    return None


find_printer.name = "gruvi"
find_printer.enabled = True


def register():
    """Also where it was done before: another process has loaded the library."""
    if not hasattr(gdb.PendingFrame, "level"):
        raise gdb.GdbError("gruvi-gdb.py needs gdb 13 or newer")
    Prefix("info gruvi")
    Prefix("gruvi")
    for command in (InfoHubs, InfoFibers, InfoPlugins, Backtrace, SelectFrame,
                    Gcore):
        command()
    gdb.unwinder.register_unwinder(None, Unwinder(), replace=True)
    gdb.frame_filters["gruvi"] = HideThread()
    gdb.pretty_printers[:] = [p for p in gdb.pretty_printers
                              if getattr(p, "name", "") != "gruvi"]
    gdb.pretty_printers.append(find_printer)
    gdb.events.cont.connect(look_away)


register()
