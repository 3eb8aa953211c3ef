# SPDX-License-Identifier: MIT
"""One row of the table: make its ISO, boot it in Bochs, judge what it said."""
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
import table        # noqa: E402

NOT_A_GUEST = "boot.cfg"    # a module that is a file, but no kernel
LINES_MAX = 4               # of failed checks told in the reason


@dataclass
class Result:
    row: table.Row
    why: str        # None: passed
    text: str       # the serial output
    seconds: float
    ticks: int      # emulated time at the end, None: unknown


def make_iso(row, build, directory):
    config = os.path.join(directory, NOT_A_GUEST)
    text = subprocess.run([os.path.join(TOOLS, "grub-cfg"), row.options, *row.modules],
                          check=True, capture_output=True, text=True).stdout
    with open(config, "w", encoding="ascii") as file:
        file.write(text)
    given = dict(file.split("=", 1) for file in row.files)
    names = sorted({module.split()[0] for module in row.modules} - given.keys())
    files = [*row.files]
    files += [config if name == NOT_A_GUEST else os.path.join(build, "guest", name)
              for name in names]
    iso = os.path.join(directory, "spur.iso")
    elf = os.path.join(build, row.build + ".elf")
    subprocess.run([os.path.join(TOOLS, "iso"), iso, elf, config, *files],
                   check=True, capture_output=True, text=True)
    return iso


def missing(row, text):
    return [pattern for pattern in row.expect if not re.search(pattern, text, re.M)]


def forbidden(row, text):
    """Whole lines that may not be there."""
    never = () if row.panics else table.NEVER
    found = [match for pattern in (*never, *row.forbid)
             for match in re.finditer(pattern, text, re.M)]
    return [console.line_around(text, match)
            for match in sorted(found, key=lambda match: match.start())]


def follow(machine, row, limit):
    """Until it ends, or has said all it must, or the time is over: then why."""
    deadline = time.monotonic() + console.wall_limit(limit)
    typed = list(row.typed)
    bad_since = None
    while not machine.ended():
        machine.poll(0.05)
        if typed and re.search(typed[0][0], machine.text, re.M):
            machine.send(typed.pop(0)[1])
        if not row.ends and not missing(row, machine.text):
            return None
        if bad_since is None and forbidden(row, machine.text):
            bad_since = time.monotonic()
        # The rest of a panic, or of a guest's checks, is worth a little time.
        if bad_since and time.monotonic() > bad_since + 10:
            return "it went on"
        if machine.trouble():
            return machine.trouble()
        if time.monotonic() > deadline:
            return f"not finished within {console.wall_limit(limit):g} s"
    machine.wait_end(1)
    return None


def judge(row, text, trouble):
    """None: passed."""
    bad = forbidden(row, text)
    if bad:
        return "; ".join(bad[:LINES_MAX]) + ("; ..." if len(bad) > LINES_MAX else "")
    lacking = missing(row, text)
    if lacking:
        silence = "did not say " + " nor ".join(lacking)
        return f"{trouble}, {silence}" if trouble else silence
    return trouble


def boot(row, build, directory, together):
    """(why, text, ticks)"""
    iso = make_iso(row, build, directory)
    with bochs.Machine(iso, row.cpus, row.model, row.ips, row.memory) as machine:
        trouble = follow(machine, row, row.limit * together)
        ticks = machine.ticks()
        text = machine.text or machine.screen.text()
    return judge(row, text, trouble), text, ticks


def run(row, build, keep=None, together=1):
    """together: how many run at once, so that each is slower."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="spur-row-") as directory:
        try:
            why, text, ticks = boot(row, build, directory, together)
        except subprocess.CalledProcessError as error:
            why, text, ticks = "no ISO", (error.stderr or str(error)), None
        except OSError as error:
            why, text, ticks = str(error), "", None
    if keep:
        os.makedirs(keep, exist_ok=True)
        with open(os.path.join(keep, row.name + ".txt"), "w", encoding="latin-1") as file:
            file.write(text)
    return Result(row, why, text, time.monotonic() - start, ticks)
