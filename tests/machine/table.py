# SPDX-License-Identifier: MIT
"""The table of in-machine runs: each row one boot of Spur, and what must come of it.

A row is judged by the serial port. All regexes of expect must match somewhere
(^ and $ are ends of lines), none of forbid may. A row ends when the machine ends
by itself; ends=False: when all of expect has come, since its guest goes on for ever.
"""
from dataclasses import dataclass, replace

NEVER = (r"\bPANIC\b", r"^(\S+: )?panic: ", r"^(\[\S+\] )?not ok\b",
         r"exit that cannot happen", r"^RACE: ")
ALL_ENDED = r"^spur: all VMs have ended$"


@dataclass(frozen=True)
class Row:
    name: str
    expect: tuple
    modules: tuple = ()             # "FILE words...": GRUB's module lines
    forbid: tuple = ()              # beyond NEVER
    build: str = "spur"             # build/NAME.elf: spur, or a debug build (Makefile)
    options: str = "end=exit"       # Spur's command line
    cpus: int = 1
    model: str = "corei7_skylake_x"
    ips: int = 5_000_000
    memory: int = 256               # MiB
    typed: tuple = ()               # (regex, text): wait for one, type the other
    ends: bool = True
    panics: bool = False            # what NEVER names is what the row is about
    files: tuple = ()               # "NAME=PATH": modules that are no test guests
    limit: float = 25               # wall seconds, one row at a time on an idle host


# --- a guest that gives its own verdict ---

def ended(vm="a", why="debug exit 0"):
    return rf"^vm {vm}: ended: {why}$"


def stopped(vm="a", why=""):
    return rf"^vm {vm}: stopped: .*{why}"


def guest(name, vcpus=1, vm="a", words="", mem="16M"):
    return f"{name}.elf vm={vm} vcpus={vcpus} mem={mem} {words}".rstrip()


def alone(name, vcpus=1, words="", row=None, **more):
    """One guest in one VM, that checks itself."""
    return Row(row or name, modules=(guest(name, vcpus, words=words),),
               expect=(ended(), ALL_ENDED), **more)


def beside(name, expect, ends=True, row=None, **more):
    """A guest up to no good as VM bad, and one that must finish as VM good; one pCPU."""
    return Row(row or name, modules=(guest(name, vm="bad"), guest("hello", vm="good")),
               expect=(ended("good"), *expect), ends=ends, **more)


# --- the tables ---

def cpus_online(count):
    return Row(f"online-{count}", cpus=count, modules=(guest("hello"),),
               expect=(rf"^spur: {count} of {count} CPUs online$", ended(), ALL_ENDED))


def model(name, expect, vcpus=2):
    return Row(f"model-{name}", model=name, cpus=2, expect=expect,
               modules=(guest("ipi", vcpus),))


def refuses(name, why):
    return Row(f"refuses-{name}", model=name, modules=(guest("hello"),),
               expect=(why, r"^spur: stopped$"), forbid=(r"^vm a: started",))


RUNS = (ended(), ALL_ENDED)

BOOT = (
    *(cpus_online(count) for count in (1, 2, 3, 4, 8)),
    model("corei7_skylake_x", (r"^spur: VT-x, EPT with 1 GiB pages, VPID", *RUNS)),
    model("corei3_cnl", RUNS),
    model("corei7_sandy_bridge_2600k", (r"^spur: xAPIC", *RUNS)),
    model("corei7_icelake_u", RUNS),
    refuses("core2_penryn_t9600", r"^spur: cannot run guests here: VT-x lacks: .*EPT"),
    refuses("ryzen", r"^spur: cannot run guests here: this CPU has no VT-x"),
    Row("refuses-pentium", model="pentium", modules=(guest("hello"),), ends=False,
        expect=(r"^spur: this CPU has no 64-bit mode",)),
    Row("no-guest", expect=(r"^spur: no guest module: add a line", r"^spur: stopped$")),
    Row("bad-lines", cpus=2,
        modules=(guest("hello", vm="zero", vcpus=0),
                 guest("hello", vm="word", words="turbo=on"),
                 "boot.cfg vm=text mem=16M", guest("hello", vm="cpu", words="cpus=40"),
                 guest("hello", vm="small", mem="1M"), guest("hello", vm="good")),
        expect=(r"module 0 \(vm zero\): vcpus=0: must be a number from 1 to 64",
                r"module 1 \(vm word\): turbo=on: unknown option",
                r"^vm text: stopped: not started: neither a Linux bzImage",
                r"^vm cpu: stopped: not started: none of the CPUs in cpus= is online",
                r"module 4 \(vm small\): mem=1M: must be a size",
                ended("good"), ALL_ENDED),
        forbid=(r"^vm (zero|word|text|cpu|small): started",)),
    Row("bad-first", cpus=2,
        modules=(guest("hello", vm="cpu", words="cpus=40"),
                 guest("hello", vm="big", mem="4G"),
                 guest("hello", vm="good", mem="100M")),
        expect=(stopped("cpu", "none of the CPUs"), stopped("big", "not enough memory"),
                ended("good"), ALL_ENDED)),
    Row("silent-ap", cpus=3, options="end=exit hold-ap=1", modules=(guest("hello"),),
        expect=(r"^spur: cpu with APIC ID 1 does not answer, left out$",
                r"^spur: 2 of 3 CPUs online$", ended(), ALL_ENDED)),
    *(Row(f"refuses-{row}", options=f"end=exit msr={msr}", modules=(guest("hello"),),
          expect=(rf"^spur: cannot run guests here: {why}", r"^spur: stopped$"))
      for row, msr, why in (
          ("locked", "3a:1", r"VT-x is locked off by the firmware \(IA32_FEATURE"),
          ("no-secondary", "48e:7fffffff00000000",
           "VT-x lacks: activate secondary controls"),
          ("no-ept", "48b:fffffffd00000000", "VT-x lacks: enable EPT"),
          ("no-unrestricted", "48b:ffffff7f00000000", "VT-x lacks: unrestricted guest"),
          ("no-invept", "48c:0000060106014041", "VT-x lacks: INVEPT"))),
    Row("bad-option", options="end=exit nonsense", modules=(guest("hello"),),
        expect=(r'^spur: command line: "nonsense" is not known', ended(), ALL_ENDED)),
)

GUESTS = (
    alone("hello"),
    alone("sipi", vcpus=4, cpus=2),
    alone("ipi", vcpus=4, cpus=4, row="ipi-4"),
    alone("ipi", vcpus=4, row="ipi-4-on-1"),
    alone("timer"),
    alone("timer", words="x2apic=off", row="timer-xapic"),
    alone("pveoi"),
    alone("pveoi", words="x2apic=off", row="pveoi-xapic"),
    alone("pveoi", words="pv-eoi=off -- off", row="pveoi-off"),
    alone("pveoi", words="kvm=off -- off", row="pveoi-bare"),
    alone("hlt", vcpus=2, cpus=2),
    alone("hlt", vcpus=2, row="hlt-on-1"),
    beside("triple", (stopped("bad", "triple fault"), ALL_ENDED)),
    alone("stray", row="stray-port"),
    Row("stray-memory",
        modules=(guest("stray", vm="bad", words="-- memory"), guest("hello", vm="good")),
        expect=(ended("good"),
                stopped("bad", "guest-physical c8000000, where nothing is"), ALL_ENDED)),
    beside("loop", (r"^\[bad\] loop: for ever$",), ends=False),
    Row("loop-off", ends=False,
        modules=(guest("loop", vm="bad", words="-- off"), guest("hello", vm="good")),
        expect=(ended("good"), r"^\[bad\] loop: for ever$")),
    alone("cpuid", vcpus=2),
    alone("cpuid", words="kvm=off x2apic=off -- bare", row="cpuid-bare"),
    alone("msr"),
    *(Row(f"asleep-{cpus}", cpus=cpus, modules=(guest("asleep", vcpus=3),),
          expect=(r"^asleep: now$",
                  ended(why="all vCPUs are halted with interrupts off"), ALL_ENDED))
      for cpus in (1, 2)),
    alone("cr"),
    beside("acdb", (r"^\[bad\] acdb: #AC$",), ends=False, row="ac-loop"),
    Row("db-loop",
        modules=(guest("acdb", vm="bad", words="-- db"), guest("hello", vm="good")),
        expect=(ended("good"), r"^\[bad\] acdb: #DB$"), ends=False),
    Row("state", cpus=2,
        modules=(guest("state", vm="one", words="cpus=0 -- 1"),
                 guest("state", vm="two", words="cpus=0 -- 2")),
        expect=(ended("one"), ended("two"), ALL_ENDED)),
    alone("nmi"),
    alone("inject"),
    alone("debug"),
    alone("pic", words="pic=on"),
    alone("strio"),
    alone("uart", typed=((r"^uart: type three$", "abc"),
                         (r"^uart: type a line$", "Spur 16550\n"))),
    alone("ioapic"),
    # Typed: b's console and its input, pause and statistics, a's console again.
    Row("consoles", limit=60,
        modules=(guest("uart"), guest("uart", vm="b"), guest("loop", vm="c")),
        typed=((r"^\[b\] uart: type three$", "\x14l\x142abc"),
               (r"^uart: type a line$", "\x14P\x14l\x14P\x14s"),
               (r"^spur: kicks of all VMs: ", "Spur 16550\n"),
               (r"^vm b: ended", "\x141abc"),
               (r"(?s)console of a$.*^uart: type a line$", "Spur 16550\n"),
               (r"^vm a: ended", "\x143\x14E")),
        expect=(r"^spur: 1 a: runs, 1 vCPU, 16 MiB, 0 resets, has the input$",
                r"^spur: 2 b: paused, .* has the input and the line$",
                r"^spur: b/vcpu0: \d+ entries", r"^spur:   exits:.* \d+ port",
                ended("b"), ended("a"), r"^vm c: ended: by the monitor$", ALL_ENDED)),
    Row("monitor", modules=(guest("loop"), guest("hello", vm="b", words="start=off")),
        typed=((r"^\[a\] loop: for ever$", "\x14n\x14R"),
               (r"^vm b: ended", "\x14R\x14p\x14R"),
               (r"^vm a: restarted", "\x14a"),
               (r"^spur: all consoles", "\x14?\x14E")),
        expect=(r"^spur: console of b$", r"^vm b: started", r"^spur: console of a$",
                r"^vm a: restarted \(by the monitor, 1\)$", r"^spur: Ctrl-T a: all",
                r"^vm a: ended: by the monitor$", ALL_ENDED)),
    Row("reset", cpus=2, modules=(guest("reset", vcpus=3), guest("hello", vm="b"),
                                  guest("triple", vm="c", words="reset=end"),
                                  guest("reset", vm="d", words="reset=end")),
        expect=(*(rf"^vm a: restarted \(reset, {n}\)$" for n in range(1, 6)),
                ended("a", "power-off"), ended("b"), stopped("c", "triple fault"),
                ended("d", "reset"), ALL_ENDED)),
    Row("reset-triple",
        modules=(guest("reset", words="triple=reset -- triple"),),
        expect=(r"^vm a: restarted \(triple fault, 5\)$", ended("a", "power-off"),
                ALL_ENDED)),
    *(Row("virtio" + row, cpus=cpus, modules=(
        "virtio.elf image=disk",
        guest("virtio", vcpus, words="vcon=on net=lan disk=disk:cow"),
        guest("hello", vm="good")), expect=(
            ended(), ended("good"), ALL_ENDED,
            r"^vm a: virtio 2 \(disk\): needs reset: a chain is too long"))
      for row, vcpus, cpus in (("", 1, 1), ("-resets", 2, 2))),
    Row("virtio-flood", ends=False, cpus=2, limit=60, modules=(
        guest("virtio", vm="echo", words="net=lan cpus=0 -- echo"),
        guest("virtio", vm="ping", words="net=lan cpus=1 -- ping"),
        guest("virtio", vm="flood", words="net=lan cpus=1 -- flood")), expect=(
            ended("ping"), r"^\[flood\] virtio: flood goes on$")),
    Row("bench", modules=(guest("bench"),),
        expect=(r"^bench cpuid \d+$", ended(), ALL_ENDED)),
)


def inside(name, expect=(r"^\d+ passed, 0 failed$",), row=None, options=None,
           build="tests", **more):
    """A test that is linked into the test build."""
    return Row(row or name, expect=expect, build=build,
               options=options or f"test={name} seed=1 end=exit", **more)


def victim(way, vcpus=1, weight=100, **more):
    """A guest that counts, beside one that takes a pCPU in this way."""
    return inside("victim", row=f"victim-{way}-{vcpus}", cpus=2, limit=60, **more,
                  expect=(r"^ok victim: \d+ % of its share$", r"^\d+ passed, 0 failed$"),
                  modules=(guest("count", vm="good", words="cpus=0"),
                           guest("hostile", vcpus, vm="bad",
                                 words=f"cpus=0 weight={weight} start=off -- {way}")))


def crashes(name, *expect, **more):
    """A test whose panic is what must be seen, and seen to be complete."""
    return inside(name, expect=(*expect, r"^spur: stopped after a panic$"), panics=True,
                  **more)


GIVEBACK = (guest("reset", vcpus=4), guest("hello", vm="b", words="cpus=1", mem="37M"),
            guest("reset", vm="c", words="-- many", mem="2M"))

INSIDE = (
    inside("storm", cpus=4, limit=240, modules=(guest("storm", vcpus=6),)),
    inside("storm", row="storm-seed2", cpus=4, ips=2_000_000, limit=240,
           options="test=storm seed=2 end=exit", modules=(guest("storm", vcpus=8),)),
    inside("reading", cpus=4, limit=120, modules=(guest("storm", vcpus=4),)),
    # At these speeds a vCPU asked without pause once kept its pCPU for ever.
    *(inside("reading", row=f"reading-{mhz}M", cpus=4, limit=120, ips=mhz * 1_000_000,
             modules=(guest("storm", vcpus=4),)) for mhz in (3, 7)),
    inside("lone", cpus=2, modules=(guest("spin", words="cpus=0"),)),
    inside("fair", cpus=2, limit=120, modules=tuple(
        guest("count", vm=f"w{i}", words=f"cpus=0 weight={weight}")
        for i, weight in enumerate((100, 200, 50, 100)))),
    *(victim(way) for way in ("spin", "cpuid", "port", "mmio", "msr", "output", "tables",
                              "self", "nobody", "reset", "late-reset")),
    victim("timer"),
    *(victim(way, vcpus=8) for way in ("spin", "others", "nmi", "relay", "timer")),
    victim("spin", vcpus=3, weight=50),
    inside("key", cpus=2, typed=((r"^all spin, type now", "key"),),
           modules=(guest("loop", words="cpus=0"),
                    guest("loop", vm="b", words="cpus=1"))),
    inside("stretch", row="stretch-64", modules=(guest("sipi", vcpus=64, mem="32M"),)),
    inside("stretch", modules=(guest("hello"), guest("ipi", vcpus=2, vm="b"))),
    inside("isolation", cpus=2,
           modules=(guest("loop"), guest("loop", vm="b", mem="20M"))),
    inside("mutual", cpus=2, modules=(guest("loop", words="cpus=0"),
                                      guest("loop", vm="b", words="cpus=1"))),
    inside("giveback", cpus=3, limit=60, modules=GIVEBACK),
    inside("shortage", cpus=2, modules=(guest("hello", vcpus=3, mem="2M"),)),
    inside("moves", cpus=4, modules=(guest("monotonic"),)),
    inside("moves", row="moves-skewed", cpus=4,
           options="test=moves skew=1000000 end=exit", modules=(guest("monotonic"),),
           expect=(r"^spur: cpu3's TSC is off by (29|30)\d{5} cycles, corrected$",
                   r"^monotonic: 0 steps back", r"^\d+ passed, 0 failed$")),
    crashes("panic", r"^PANIC cpu3: assertion failed: answer == 42",
            r"fail_an_assertion\+0x", r"^cpu0: stopped at", r"^cpu1: stopped at",
            r"^cpu2: stopped at", r"^an NMI does not end the dump$", cpus=4),
    crashes("fatal", r"^PANIC cpu1: unexpected exception 14", r"^rax [0-9a-f]{16} rbx",
            r"fatal_turn\+0x", r"^cpu0: stopped at", cpus=2),
    crashes("overflow", r"^PANIC cpu1: unexpected exception 8", r"recurse\S*\+0x",
            r"^cpu0: stopped at", cpus=2),
    crashes("overflow", r"^PANIC cpu0: unexpected exception 8", row="overflow-boot-cpu"),
    crashes("silent", r"^PANIC cpu0: cpu1 does not answer a kick",
            r"^cpu1: stopped at silent_turn", cpus=2),
    crashes("nmi", r"^nmi: \d+ NMI exits", r"^PANIC cpu1: on purpose",
            r"^cpu0: stopped at", row="stop-all-after-nmi", cpus=2,
            modules=(guest("spin", words="cpus=0"),)),
)


def racing(name, expect=(r"^\d+ passed, 0 failed$",), **more):
    """A test inside the build with the race detector; it must have looked."""
    return inside(name, expect=(*expect, r"^race detector: \d{3,} accesses held up$"),
                  row=f"race-{name}", build="race", **more)


RACE = (
    racing("race", cpus=2, panics=True,
           expect=(r"^RACE: two CPUs at once, and one of them writes:",
                   r"^RACE:   cpu0: plain read, 4 bytes at",
                   r"^RACE: .* read_plain\+0x.*(\n.*)?\nRACE: .* plain_turn\+0x",
                   r"^RACE:   cpu1: marked write, 4 bytes at",
                   r"^RACE: .* load_marked\+0x.*\nRACE: .* loader_turn\+0x",
                   r"^\d+ passed, 0 failed$")),
    racing("marked", cpus=2),
    racing("storm", cpus=4, limit=400, modules=(guest("storm", vcpus=6),)),
    racing("bounce", cpus=3, limit=90, modules=(guest("loop", words="cpus=0 -- exits"),)),
    racing("giveback", cpus=3, limit=120, modules=GIVEBACK),
    racing("reading", cpus=4, limit=200, modules=(guest("storm", vcpus=4),)),
    racing("lone", cpus=2, limit=100, modules=(guest("spin", words="cpus=0"),)),
    racing("fair", cpus=2, limit=200, modules=tuple(
        guest("count", vm=f"w{i}", words=f"cpus=0 weight={weight}")
        for i, weight in enumerate((100, 200, 50, 100)))),
    racing("mutual", cpus=2, limit=240,
           modules=(guest("loop", words="cpus=0"),
                    guest("loop", vm="b", words="cpus=1"))),
)



def hostile(seed, cpus, vms=8, lives=6, row=None):
    """Fuzzing guests beside innocent ones, one of these on each of the first pCPUs."""
    fuzz = tuple(guest("fuzz", vm=f"f{n}", vcpus=2, mem="12M",
                       words="triple=reset vcon=on net=lan disk=d:cow -- virtio=3 "
                             f"lives={lives} ops=4000 seed={seed * 100 + n}")
                 for n in range(vms))
    innocent = tuple(guest("innocent", vm=f"i{n}", mem="4M", words=f"cpus={n}")
                     for n in range(min(cpus, 2)))
    return inside("hostile", row=row or f"hostile-{seed}", cpus=cpus, memory=384,
                  options=f"test=hostile seed={seed} end=exit", limit=90 * cpus,
                  modules=(*fuzz, "hello.elf image=d", *innocent),
                  expect=(r"^ok hostile exits: \d{4,} exits", r"^\d+ passed, 0 failed$",
                          *(ended(f"i{n}") for n in range(len(innocent)))))


INJECTED = (
    inside("entries", cpus=2, limit=60,
           modules=(guest("spin", words="cpus=0"),
                    guest("loop", vm="b", words="cpus=0 -- exits")),
           expect=(r"^vm a: stopped: vcpu0: guest state is not valid for entry, at rip",
                   r"^vm a: stopped: vcpu0: entry with invalid control fields, at rip",
                   r"^vm a: stopped: vcpu0: entry with invalid host-state fields, at",
                   r"^17 passed, 0 failed$")),
    crashes("held", r"^PANIC cpu[13]: cpu2 does not answer a kick$",
            r"^cpu2: stopped at held_turn", cpus=4, limit=60,
            forbid=(r"(?s)PANIC.*PANIC", r"did not stop")),
    crashes("mce", r"^PANIC cpu1: unexpected exception 18$", r"mce_turn\+0x",
            r"^cpu0: stopped at", cpus=2, forbid=(r"(?s)PANIC.*PANIC",)),
    crashes("step", r"^ok NMI before the entry: \d{3} NMIs at as many boundaries, 0 else",
            r"^ok NMI before the idle HLT: \d{3} NMIs at as many boundaries, 0 else",
            r"^PANIC cpu1: on purpose", r"^cpu0: stopped at", cpus=2, limit=60,
            forbid=(r"^not ok",), modules=(guest("spin", words="cpus=0"),)),
)

def schedule(seed, row=None):
    """A short storm; the seed decides on the machine, the delays and the IPIs' faults."""
    vcpus, cpus = 3 + seed % 6, 2 + seed % 4
    return inside("schedule", row=row or f"schedule-{seed}", cpus=cpus, limit=120,
                  ips=(5_000_000, 1_000_000, 20_000_000, 2_000_000, 50_000_000)[seed % 5],
                  options=f"test=schedule seed={seed} end=exit",
                  modules=(guest("storm", vcpus=max(4, vcpus)),))


SCHEDULES = (
    *(schedule(seed) for seed in (1, 2, 3, 4)),
    crashes("lost", r"^PANIC cpu1: cpu0 does not answer a kick$", r"^cpu0: stopped at",
            cpus=2, forbid=(r"^not ok",), modules=(guest("spin", words="cpus=0"),)),
)

HOSTILE = (hostile(1, 1, row="hostile"), hostile(2, 2, vms=6, row="hostile-2-cpus"))

UBSAN = (
    *(crashes(test, rf"^PANIC cpu1: undefined behaviour at \S+d\.c:\d+:\d+: {what}$",
              rf"\b{test}_turn\S*\+0x", row=f"ubsan-{test}", build="ubsan", cpus=2)
      for test, what in (("shift", r"'int' 1 shifted by 33"),
                         ("bounds", r"index 33 is outside 's32 \[4\]'"),
                         ("add", r"33 \+ 2147483647 does not fit 'int'"))),
    crashes("smash", r"^PANIC cpu1: the stack of smash is smashed$", row="ubsan-smash",
            build="ubsan", cpus=2),
    *(replace(row, name=f"ubsan-{row.name}", build="ubsan")
      for row in (*BOOT, *GUESTS, *INSIDE)
      if row.name in ("online-8", "bad-lines", "ipi-4", "cpuid", "msr", "state", "inject",
                      "strio", "uart", "ioapic", "reset", "reading", "key", "giveback")),
)

LOCKS = (
    crashes("lock-order", r"^PANIC cpu1: locks in two orders: take_both\(\), with that "
            r"of take_both\(\) held; but once take_both\(\)", r"order_turn\+0x", cpus=2),
    crashes("lock-irqs", r"^PANIC cpu1: take_both\(\) takes a lock with interrupts on$",
            r"irqs_turn\+0x", cpus=2),
    crashes("locked-wait", r"^PANIC cpu1: assertion failed: !this_cpu\(\)->locks_held",
            r"locked_wait_turn\+0x", cpus=2),
    crashes("inside-wait", r"^PANIC cpu\d: assertion failed: !own \|\|",
            r"wait_inside\+0x", cpus=2, modules=(guest("loop"),)),
)

ROWS = BOOT + GUESTS + INSIDE + LOCKS + SCHEDULES + INJECTED + HOSTILE + RACE + UBSAN
