# SPDX-License-Identifier: MIT
"""Joins the user's terminal, or a pipe, to a machine's serial port."""
import os
import re
import termios
import time
import tty

from console import Failed, line_around, read_or_empty, wall_limit

QUIT_PREFIX, QUIT_KEY = b"\x01", b"x"  # Ctrl-A x
GRACE = 10  # seconds for the machine to power off once all is done


def interact(machine, done=None, fail=None, timeout=None, hold_until=None):
    """Joins standard input and output to the serial port until the machine ends.
    From a terminal keys go out one by one, and Ctrl-A x quits (returns False).
    Other input waits until hold_until has been seen, so that none is lost.
    Returns whether done was seen; raises Failed for fail and the time limit."""
    machine.on_serial = write_out
    keyboard, stdin = os.isatty(0), [0]
    holding = hold_until and not keyboard
    deadline = timeout and time.monotonic() + wall_limit(timeout)
    saved = termios.tcgetattr(0) if keyboard else None
    prefix = False
    try:
        if keyboard:
            tty.setraw(0)
        while not machine.ended():
            if holding and re.search(hold_until, machine.text, re.M):
                holding = False
            for _ in machine.poll(0.05, () if holding else stdin):
                data = read_or_empty(0)
                if not data:
                    stdin = []
                if keyboard:
                    data, prefix, quit_now = filter_keys(data, prefix)
                    if quit_now:
                        return False
                machine.send(data)
            wrong = re.search(fail, machine.text, re.M) if fail else None
            if wrong or machine.trouble():
                machine.collect(1.0)
                raise Failed(machine.trouble() or line_around(machine.text, wrong))
            if done and re.search(done, machine.text, re.M):
                machine.collect(GRACE)
                break
            if deadline and time.monotonic() > deadline:
                raise Failed(f"no end within {wall_limit(timeout):g} s")
        if machine.ended():
            machine.wait_end(1)  # takes the last bytes
    finally:
        if saved:
            termios.tcsetattr(0, termios.TCSADRAIN, saved)
        machine.on_serial = None
    return bool(done and re.search(done, machine.text, re.M))


def filter_keys(data, prefix):
    """Takes Ctrl-A commands out of typed bytes: (bytes to send, prefix open, quit).
    Ctrl-A Ctrl-A sends one Ctrl-A; Ctrl-A and another key sends both."""
    out = b""
    for key in (data[i:i + 1] for i in range(len(data))):
        if prefix:
            prefix = False
            if key == QUIT_KEY:
                return out, False, True
            out += key if key == QUIT_PREFIX else QUIT_PREFIX + key
        elif key == QUIT_PREFIX:
            prefix = True
        else:
            out += key
    return out, prefix, False


def write_out(data):
    while data:
        try:
            data = data[os.write(1, data):]
        except BlockingIOError:
            time.sleep(0.01)
        except BrokenPipeError:
            return              # nobody looks; the machine goes on
