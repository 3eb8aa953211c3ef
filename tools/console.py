# SPDX-License-Identifier: MIT
"""The serial console of a machine that runs in a child process.

A Machine has a process, a file descriptor that carries its serial port both
ways, and perhaps others that only have to be drained. bochs.py and qemu.py
start one; what can be done with it then is here and the same for both.
"""
import os
import re
import select
import signal
import time

SEND_CHUNK, SEND_PAUSE = 16, 0.01      # bytes and seconds: no guest loses any


def wall_limit(seconds):
    """A limit in wall seconds; SPUR_SLOW=2 doubles each on a slow or busy host."""
    return seconds * float(os.environ.get("SPUR_SLOW", "1"))


class Failed(Exception):
    """What was waited for cannot come any more; the text says why."""


class Machine:
    def __init__(self):
        self.process = None
        self.serial = None      # file descriptor, or None before it is connected
        self.drains = {}        # file descriptor -> function that takes its bytes
        self.text = ""          # all that came over the serial port, without CR
        self.seen = 0           # how much of it expect() has consumed
        self.on_serial = None   # called with each piece of serial bytes
        self.outgoing = b""
        self.next_send = 0.0
        self.log_file = None

    # To be supplied by the kind of machine.
    def connect(self):
        """Called while serial is None: sets it once the machine has its port open."""

    def clean_up(self):
        pass

    def diagnosis(self):
        """What else is known about a machine that failed: a string."""
        return ""

    def trouble(self):
        """Why nothing more can come, where the kind of machine can tell; else None."""
        return None

    # Moving bytes.
    def poll(self, seconds=0.05, extra=()):
        """Moves what there is to move; returns those of extra that have input."""
        if self.serial is None:
            self.connect()
        watched = list(self.drains) + list(extra)
        if self.serial is not None:
            watched.append(self.serial)
        sending = bool(self.outgoing) and self.serial is not None
        if sending:
            seconds = min(seconds, SEND_PAUSE)
        ready, _, _ = select.select(watched, [], [], seconds)
        for fd in ready:
            if fd == self.serial:
                self._receive()
            elif fd in self.drains:
                self._drain(fd)
        if sending and self.serial is not None and time.monotonic() >= self.next_send:
            self._send_some()
        return [fd for fd in ready if fd in extra]

    def _receive(self):
        data = read_or_empty(self.serial)
        if not data:
            os.close(self.serial)
            self.serial = None
            return
        if self.log_file:
            self.log_file.write(data)
            self.log_file.flush()
        if self.on_serial:
            self.on_serial(data)
        self.text += data.decode("latin-1").replace("\r", "")

    def _drain(self, fd):
        data = read_or_empty(fd)
        if data:
            self.drains[fd](data)
        else:
            del self.drains[fd]
            os.close(fd)

    def _send_some(self):
        try:
            sent = os.write(self.serial, self.outgoing[:SEND_CHUNK])
        except OSError:
            sent = len(self.outgoing)
        self.outgoing = self.outgoing[sent:]
        self.next_send = time.monotonic() + SEND_PAUSE

    # What tests use.
    def send(self, text):
        """Queues text for the machine's serial input; it goes out while others wait."""
        self.outgoing += text.encode("latin-1") if isinstance(text, str) else text

    def ended(self):
        return self.process.poll() is not None

    def expect(self, pattern, timeout, fail=None):
        """Waits for pattern in what was not consumed yet; returns the match.
        Raises Failed at the time limit, if the machine ends, or if fail matches."""
        wanted, bad = re.compile(pattern, re.M), re.compile(fail, re.M) if fail else None
        deadline = time.monotonic() + wall_limit(timeout)
        while True:
            over = self.ended()
            self.poll(0 if over else 0.05)
            while over and self.serial is not None:
                self.poll(0.01)
            found = wanted.search(self.text, self.seen)
            if found:
                self.seen = found.end()
                return found
            wrong = bad.search(self.text, self.seen) if bad else None
            if wrong:
                self.collect(1.0)  # the rest of a panic
                raise Failed("the machine said: " + line_around(self.text, wrong))
            trouble = self.trouble()
            if over:
                raise Failed(f"the machine ended before {pattern!r}")
            if trouble:
                raise Failed(trouble)
            if time.monotonic() > deadline:
                raise Failed(f"no {pattern!r} within {wall_limit(timeout):g} s")

    def collect(self, seconds):
        """Takes what comes for some time, or until the machine ends."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self.ended():
            self.poll(0.05)

    def wait_end(self, timeout):
        """Waits for the machine's own end. Raises Failed at the time limit."""
        deadline = time.monotonic() + wall_limit(timeout)
        while not self.ended():
            self.poll(0.05)
            if time.monotonic() > deadline:
                raise Failed(f"the machine did not end within {wall_limit(timeout):g} s")
        while self.serial is not None:
            self.poll(0.01)

    def stop(self):
        """Ends the machine if it still runs, and removes its files. Can be repeated."""
        if self.process and not self.ended():
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()
        if self.serial is not None:
            os.close(self.serial)
            self.serial = None
        for fd in self.drains:
            os.close(fd)
        self.drains = {}
        if self.log_file:
            self.log_file.close()
            self.log_file = None
        self.clean_up()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.stop()

    def last_lines(self, count=30):
        return "\n".join(self.text.splitlines()[-count:])


def read_or_empty(fd):
    """Up to 4 KiB; empty at the end, which for a pty is an error number."""
    try:
        return os.read(fd, 4096)
    except OSError:
        return b""


def line_around(text, match):
    start = text.rfind("\n", 0, match.start()) + 1
    end = text.find("\n", match.start())
    return text[start:end if end >= 0 else len(text)].strip()
