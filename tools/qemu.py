# SPDX-License-Identifier: MIT
"""Runs an ISO in QEMU, with no window, the serial port in hand (console.py).

With KVM it needs a host that lets guests have VT-x (tools/has-nested-kvm). Without,
QEMU's own processor has no VT-x: good for boot, ACPI and the refusal message.
"""
import socket
import subprocess

import console
from console import Failed  # noqa: F401  (part of this module's interface)

MEMORY = 512


class Machine(console.Machine):
    def __init__(self, iso, cpus=1, cpu=None, kvm=False, memory=MEMORY, serial_log=None,
                 options=()):
        """cpu: QEMU's name of a model. options: more words of QEMU's command line."""
        super().__init__()
        if serial_log:
            self.log_file = open(serial_log, "wb")
        cpu = cpu or ("host,migratable=off,+invtsc" if kvm else "max")
        ours, theirs = socket.socketpair()
        self.process = subprocess.Popen(
            ["qemu-system-x86_64", "-machine", "pc,accel=" + ("kvm" if kvm else "tcg"),
             "-cpu", cpu, "-smp", str(cpus), "-m", str(memory), "-nodefaults",
             "-display", "none", "-vga", "std", "-serial", "stdio", "-no-reboot",
             "-cdrom", iso, "-boot", "d", *options],
            stdin=theirs, stdout=theirs, stderr=subprocess.PIPE, start_new_session=True)
        theirs.close()
        self.serial = ours.detach()
        self.errors = ""
        self.drains[self.process.stderr.fileno()] = self._take_errors

    def _take_errors(self, data):
        self.errors += data.decode("latin-1")

    def diagnosis(self):
        return "--- QEMU\n" + self.errors
