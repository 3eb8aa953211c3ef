# SPDX-License-Identifier: MIT
"""What tools/bochs-run and tools/qemu-run have in common: options and judgement."""
import argparse
import signal
import sys
import time

import terminal
from console import Failed

ENDED = r"^spur: all VMs have ended"
PANIC = r"^(\S+: )?(panic|PANIC)[: ]|^spur: stopped"


def parser(description):
    """The options of both; the caller adds its machine's own."""
    options = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--iso", required=True)
    options.add_argument("--cpus", type=int, default=1)
    options.add_argument("--mem", type=int, default=512, help="MiB")
    options.add_argument("--serial", help="file for a copy of the serial output")
    options.add_argument("--expect", default=ENDED, help="regex of success")
    options.add_argument("--fail", default=PANIC, help="regex of failure")
    options.add_argument("--timeout", type=float,
                         help="wall seconds (120; no limit if interactive)")
    options.add_argument("--must-end", action="store_true",
                         help="after --expect the machine must also end by itself")
    options.add_argument("--input", nargs=2, action="append", default=[],
                         metavar=("REGEX", "TEXT"), help="wait for REGEX, then send TEXT")
    options.add_argument("--interactive", action="store_true",
                         help="join the terminal to the serial port; Ctrl-A x quits")
    options.add_argument("--hold-until", metavar="REGEX",
                         help="with piped standard input: when to begin sending it")
    return options


def judge(machine, args):
    """Raises Failed unless all went as asked."""
    limit = args.timeout or 120
    for pattern, text in args.input:
        machine.expect(pattern, limit, args.fail)
        machine.send(text.encode("latin-1").decode("unicode_escape"))
    machine.expect(args.expect, limit, args.fail)
    machine.collect(0.2)
    if args.must_end:
        machine.wait_end(10)


def interactive(machine, args):
    if terminal.interact(machine, args.expect, args.fail, args.timeout, args.hold_until):
        return
    if not machine.ended():
        sys.exit("\nrun: left with Ctrl-A x")
    raise Failed("the machine ended before " + repr(args.expect))


def run(machine, args):
    """Runs a started machine to its end; returns the exit status."""
    signal.signal(signal.SIGTERM, lambda *unused: sys.exit(143))
    start = time.monotonic()
    with machine:
        try:
            (interactive if args.interactive else judge)(machine, args)
        except Failed as failure:
            print(f"\nrun: FAILED after {time.monotonic() - start:.1f} s: {failure}")
            if not args.interactive:
                print("--- serial\n" + machine.last_lines())
            print(machine.diagnosis())
            return 1
        if not args.interactive:
            print(machine.last_lines(3))
            print(f"run: passed in {time.monotonic() - start:.1f} s")
        return 0
