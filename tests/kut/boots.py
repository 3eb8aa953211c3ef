# SPDX-License-Identifier: MIT
"""Several tests as the VMs of one boot: put together, run, and each judged by itself.

A VM's time is its share of the emulator's: what passes while n of them run counts for
each as its n-th part. So a test's limit does not depend on its company, and one that
hangs takes nothing but time from the others.
"""
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

HERE = os.path.dirname(os.path.abspath(__file__))
TOOLS = os.path.join(HERE, "../../tools")
sys.path.insert(0, TOOLS)

import bochs        # noqa: E402
import console      # noqa: E402

MEMORY_MAX = 800        # MiB of RAM for the VMs of one boot
BOOT_LIMIT = 60         # wall seconds until the first VM starts
SPUR_MIB = 96           # beside the guests' RAM: Spur, GRUB's modules, tables
IPS = 50_000_000
EXIT_SKIP, EXIT_ABORT = 77, 127     # of a test, as the host's status (code * 2 + 1)


@dataclass
class Result:
    test: object
    verdict: str        # PASS, FAIL, SKIP
    seconds: float
    reason: str
    output: str


class Running:
    """A test in a boot under way."""

    def __init__(self, test, vm, limit):
        self.test, self.vm = test, vm
        self.limit = console.wall_limit(limit or test.limit)
        self.seconds = 0.0
        self.result = None      # (verdict, reason)


def together(tests):
    """The boots: lists of tests that want the same machine."""
    boots, open_boots = [], {}
    for test in tests:
        if test.alone:
            boots.append([test])
            continue
        boot = open_boots.get((test.model, test.cpus))
        if boot is None or sum(other.mem for other in boot) + test.mem > MEMORY_MAX:
            boot = open_boots[test.model, test.cpus] = []
            boots.append(boot)
        boot.append(test)
    return boots


def module_lines(running):
    test = running.test
    yield " ".join([test.file, f"vm={running.vm}", f"vcpus={test.smp}",
                    f"mem={test.mem}M", *test.words.split(), "--", test.name,
                    *test.args.split()])
    if test.env:
        yield f"{test.name}.env vm={running.vm} initrd"


def environments(boot, directory):
    """The files of those that have one."""
    for test in (running.test for running in boot if running.test.env):
        path = os.path.join(directory, test.name + ".env")
        with open(path, "w", encoding="ascii") as file:
            file.write(test.env + "\n")
        yield path


def make_iso(boot, images, build, directory):
    config = os.path.join(directory, "grub.cfg")
    lines = [line for running in boot for line in module_lines(running)]
    text = subprocess.run([os.path.join(TOOLS, "grub-cfg"), "end=exit", *lines],
                          check=True, capture_output=True, text=True).stdout
    with open(config, "w", encoding="ascii") as file:
        file.write(text)
    iso = os.path.join(directory, "spur.iso")
    files = sorted({os.path.join(images, running.test.file) for running in boot})
    files += environments(boot, directory)
    subprocess.run([os.path.join(TOOLS, "iso"), iso, os.path.join(build, "spur.elf"),
                    config, *files], check=True, capture_output=True, text=True)
    return iso


# --- judging ---

def output_of(boot, running, text):
    """What this VM printed: with others each line has its name in front."""
    if len(boot) == 1:
        return text
    head = f"[{running.vm}] "
    return "\n".join(line[len(head):] for line in text.splitlines()
                     if line.startswith(head))


def first_failures(output):
    found = re.findall(r"^(?:FAIL: .*|Unhandled .*|\S*ASSERT.*|.*assert failed.*)$",
                       output, re.M)
    return "; ".join(found[:3]) + ("; ..." if len(found) > 3 else "")


def judge_status(status, output):
    if status == 1:
        return "PASS", ""
    if status == EXIT_SKIP:
        found = re.search(r"^SKIP: (.*)$", output, re.M)
        return "SKIP", found[1] if found else "all of its checks were skipped"
    kind = "aborted" if status == EXIT_ABORT else f"status {status}"
    return "FAIL", f"{kind}: {first_failures(output)}".rstrip(": ")


def judge(boot, running, text):
    """(verdict, reason) or None: it has not ended."""
    vm = re.escape(running.vm)
    ended = re.search(rf"^vm {vm}: (ended|stopped): (.*)$", text, re.M)
    if not ended:
        return None
    code = re.fullmatch(r"debug exit (\d+)", ended[2])
    if ended[1] == "ended" and code:
        return judge_status(int(code[1]) << 1 & 0xff | 1,
                            output_of(boot, running, text))
    return "FAIL", f"its VM {ended[1]}: {ended[2]}"


def machine_trouble(machine):
    panic = re.search(r"^(?:PANIC .*|spur: cannot run guests.*)$", machine.text, re.M)
    return panic[0] if panic else machine.trouble()


# --- running ---

def share_time(boot, seconds):
    active = [running for running in boot if running.result is None]
    for running in active:
        running.seconds += seconds / len(active)
        if running.seconds > running.limit:
            running.result = "FAIL", f"not finished within {running.limit:g} s"


def look(machine, boot):
    lines = machine.text[:machine.text.rfind("\n") + 1]    # the whole ones
    for running in boot:
        if running.result is None:
            running.result = judge(boot, running, lines)
    return all(running.result for running in boot)


def follow(machine, boot):
    """Until each has a verdict. Returns what is wrong with the machine, or None."""
    deadline = time.monotonic() + console.wall_limit(BOOT_LIMIT)
    while not re.search(r"^vm \S+: (started|stopped)", machine.text, re.M):
        machine.poll(0.1)
        why = machine_trouble(machine)
        if why or machine.ended() or time.monotonic() > deadline:
            return why or "Spur did not start"
    last = time.monotonic()
    while not look(machine, boot):
        over = machine.ended()
        machine.poll(0.1)
        if over:
            machine.wait_end(1)     # its last words
        now = time.monotonic()
        share_time(boot, now - last)
        last = now
        why = machine_trouble(machine)
        if why or (over and not look(machine, boot)):
            machine.collect(5)
            look(machine, boot)
            return why or "the machine ended"
    return None


def run_boot(tests, images, build, keep=None, limit=None):
    """The results of one boot; a test that the machine's end has left without a verdict
    has the verdict None."""
    boot = [Running(test, f"t{i}", limit) for i, test in enumerate(tests)]
    memory = SPUR_MIB + sum(test.mem + 4 for test in tests)
    with tempfile.TemporaryDirectory(prefix="spur-kut-") as directory:
        iso = make_iso(boot, images, build, directory)
        cpus = tests[0].cpus or max(test.smp for test in tests)
        with bochs.Machine(iso, cpus=cpus, model=tests[0].model, ips=IPS,
                           memory=memory) as machine:
            trouble = follow(machine, boot)
            text = machine.text
    if keep:
        save(keep, boot, text)
    return [Result(running.test, *(running.result[:1] if running.result else (None,)),
                   running.seconds, running.result[1] if running.result else trouble,
                   output_of(boot, running, text)) for running in boot]


def save(keep, boot, text):
    os.makedirs(keep, exist_ok=True)
    for running in boot:
        path = os.path.join(keep, running.test.name + ".txt")
        with open(path, "w", encoding="latin-1") as file:
            file.write(output_of(boot, running, text))
    with open(os.path.join(keep, "boot-" + boot[0].test.name + ".txt"), "w",
              encoding="latin-1") as file:
        file.write(text)
