# SPDX-License-Identifier: MIT
"""Runs an ISO in Bochs, with no window, the serial port in hand (console.py).

    with bochs.Machine("spur.iso", cpus=4) as machine:
        machine.expect("ready", timeout=20)
        machine.send("help\\n")

The serial port is a TCP connection that Bochs opens to us (com1 mode
socket-client): both ways, every byte as it is, the last ones too, and since we
listen on a port the system gave us, many machines can run at once. (A file loses
the last bytes, a pty's line discipline changes them, a server in Bochs needs a
port known to be free.) The text screen is drawn on a pty that we always drain.
"""
import fcntl
import os
import pty
import re
import shutil
import socket
import subprocess
import tempfile
import termios
import time
import tty

import console
import screen
from console import Failed  # noqa: F401  (part of this module's interface)

MODEL, IPS, MEMORY = "corei7_skylake_x", 5_000_000, 512

CONFIG = """\
cpu: count={cpus}, model={model}, ips={ips}, reset_on_triple_fault=0
memory: guest={memory}, host={memory}
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
boot: cdrom
ata0-master: type=cdrom, path="{iso}", status=inserted
com1: enabled=1, mode=socket-client, dev=localhost:{port}
display_library: term
clock: sync={sync}, time0={time0}
panic: action=fatal
error: action=report
info: action=ignore
debug: action=ignore
log: "{directory}/log"
"""


class Machine(console.Machine):
    def __init__(self, iso, cpus=1, model=MODEL, ips=IPS, memory=MEMORY, serial_log=None,
                 options=(), sync="none", time0="946681200", max_ticks=None):
        """options: more bochsrc lines. max_ticks: emulated time after which it ends.
        With the sync and time0 given here, the same ISO gives the same run."""
        super().__init__()
        self.directory = tempfile.mkdtemp(prefix="spur-bochs-")
        self.screen = screen.Screen()
        self.output = ""        # what Bochs itself says
        self.log = ""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setblocking(False)
        if serial_log:
            self.log_file = open(serial_log, "wb")
        config = CONFIG.format(cpus=cpus, model=model, ips=ips, memory=memory, sync=sync,
                               time0=time0, iso=os.path.abspath(iso),
                               directory=self.directory,
                               port=self.listener.getsockname()[1])
        self._write("bochsrc", config + "".join(line + "\n" for line in options))
        # Debian's Bochs is its debugger: these are the commands it starts with.
        stop = f"sba {max_ticks}\n" if max_ticks else ""
        self._write("commands", stop + "c\nq\n")
        self._start()

    def _write(self, name, text):
        with open(os.path.join(self.directory, name), "w", encoding="ascii") as file:
            file.write(text)

    def _start(self):
        # As the terminal of its own session the pty also ends Bochs when we die.
        # An idle processor makes Bochs wait up to 1 ms for standard input: not /dev/null.
        master, slave = pty.openpty()
        self.process = subprocess.Popen(
            ["bochs", "-q", "-f", "bochsrc", "-rc", "commands"], cwd=self.directory,
            stdin=subprocess.DEVNULL, stdout=slave, stderr=slave, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(1, termios.TIOCSCTTY, 0),
            env={**os.environ, "TERM": screen.TERM, "LC_ALL": "C",
                 "LINES": str(screen.ROWS), "COLUMNS": str(screen.COLUMNS)})
        os.close(slave)
        self.drains[master] = self._take_output

    def _take_output(self, data):
        """The debugger build draws the screen on a second pty, which it names."""
        self.output += data.decode("latin-1")
        named = re.search(r'connected to screen "([^"]+)"', self.output)
        if named and len(self.drains) == 1:
            fd = os.open(named[1], os.O_RDWR | os.O_NOCTTY)
            tty.setraw(fd)
            self.drains[fd] = self.screen.feed

    def connect(self):
        try:
            connection, _ = self.listener.accept()
        except BlockingIOError:
            return
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.serial = connection.detach()

    def clean_up(self):
        self.listener.close()
        if os.path.isdir(self.directory):
            self.log = self._read_log()
            shutil.rmtree(self.directory)

    def _read_log(self):
        try:
            with open(os.path.join(self.directory, "log"), encoding="latin-1") as file:
                return file.read()
        except OSError:
            return self.log

    def expect_screen(self, pattern, timeout):
        """Waits until the text screen, not the serial port, shows pattern."""
        deadline = time.monotonic() + console.wall_limit(timeout)
        while not re.search(pattern, self.screen.text(), re.M):
            self.poll()
            if self.ended() or time.monotonic() > deadline:
                raise Failed(f"no {pattern!r} on the screen")

    def trouble(self):
        """GRUB's errors are on the screen alone, and then it waits for a key."""
        shown = "" if self.text else self.screen.text()
        if not re.search(r"Press any key to continue|GNU GRUB +version", shown):
            return None
        errors = re.findall(r"error: .*", shown)
        return "GRUB did not boot it: " + (errors[0] if errors else "see its screen")

    def ticks(self):
        """Emulated time at the end: one tick is one instruction with one CPU.
        None unless the machine ended by a panic (the shutdown port is one)."""
        stamps = re.findall(r"^(\d+)\S*\[\S* *\] >>PANIC<<", self._read_log(), re.M)
        return int(stamps[-1]) if stamps else None

    def diagnosis(self):
        lines = self._read_log().splitlines()
        reasons = [line for line in lines if ">>PANIC<<" in line] or lines[-5:]
        return "--- screen\n" + self.screen.text() + "\n--- Bochs\n" + "\n".join(reasons)
