# SPDX-License-Identifier: MIT
"""What each test of the suite's x86 list needs of its VM.

The list is ours, from what the images are known to need; the images come from
elsewhere. One that no row names is run as a test of its own name, with the defaults.
Tests of one boot share its machine, so "model" and "cpus" group them; "alone" is for
those that run long or would disturb others.
"""
from dataclasses import dataclass

SKYLAKE, TIGERLAKE, SANDY = "corei7_skylake_x", "tigerlake", "corei7_sandy_bridge_2600k"


@dataclass(frozen=True)
class Test:
    name: str
    image: str = ""         # of DIR/IMAGE.flat; empty: as the test
    smp: int = 1            # vCPUs
    args: str = ""          # the guest's command line, behind the program's name
    mem: int = 128          # MiB
    words: str = ""         # more of Spur's module line
    env: str = ""           # the suite's environment file, a module of the image
    model: str = SKYLAKE    # of the emulated processor
    cpus: int = 0           # of the machine; 0: as many as its VM with most has vCPUs
    alone: bool = False     # no other VM in its boot
    limit: int = 60         # wall seconds of its own share of the machine

    @property
    def file(self):
        return (self.image or self.name) + ".flat"


def vmexit(arg, smp=1):
    """It measures until 2^30 TSC cycles have passed, which they do for all at once, and
    soonest where there is only one CPU to emulate."""
    return Test("vmexit_" + arg.replace("toggle_", "").replace("inl_from", "inl"),
                "vmexit", smp, arg, mem=32, cpus=1, limit=120)


TESTS = (
    Test("dummy"),
    Test("setjmp"),
    Test("smptest", smp=2),
    Test("smptest3", "smptest", smp=3),
    Test("memory"),
    Test("xsave"),
    Test("tsc"),
    Test("tsc_adjust"),
    Test("eventinj"),
    Test("idt_test"),
    Test("smap"),
    Test("umip", model=TIGERLAKE),
    Test("pku", model=TIGERLAKE),
    Test("pks", model=TIGERLAKE),
    Test("cet", model=TIGERLAKE),
    # SYSCALL in 32-bit code is AMD's: the image leaves that out on an Intel processor if
    # it is told that there is no test device.
    Test("syscall", env="TEST_DEVICE=0"),
    Test("hypercall"),
    Test("msr"),
    Test("msr64", "msr"),
    Test("debug"),
    Test("la57"),
    Test("lam"),
    Test("rdpru"),
    Test("tsx-ctrl"),
    Test("cmpxchg8b"),
    Test("realmode", words="pic=on"),
    Test("hpet_read", "hpet_read_test", smp=3),
    Test("kvmclock_test", smp=2),
    Test("ioapic", smp=4),
    Test("x2apic", "apic", smp=2, limit=300),
    Test("xapic", "apic", smp=2, words="x2apic=off", alone=True, limit=1200),
    Test("emulator"),
    Test("pcid-enabled", "pcid"),
    Test("pcid-disabled", "pcid", model=SANDY),
    Test("rmap_chain", limit=120),
    Test("access", "access_test", alone=True, limit=900),
    Test("sieve", alone=True, limit=600),
    Test("asyncpf"),
    *(vmexit(arg) for arg in (
        "cpuid", "vmcall", "mov_from_cr8", "mov_to_cr8", "inl_from_pmtimer",
        "ple_round_robin", "tscdeadline", "tscdeadline_immed")),
    *(vmexit(arg, smp=2) for arg in ("ipi", "ipi_halt", "toggle_cr0_wp",
                                     "toggle_cr4_pge")),
)
