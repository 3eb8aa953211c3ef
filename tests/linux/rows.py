# SPDX-License-Identifier: MIT
"""What the rows with SMP Linux have in common: options, files, complaints, output."""
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOOLS = os.path.join(HERE, "../../tools")
sys.path.insert(0, os.path.join(HERE, "../machine"))

IPS = 10_000_000
OPTIONS = ("console=ttyS0 quiet cryptomgr.notests=1 "
           "initcall_blacklist=load_system_certificate_list mitigations=off nokaslr")
COMPLAINTS = (r"soft lockup", r"LOCKUP", r"rcu.*(stall|detected)", r"blocked for more",
              r"clocksource.*unstable", r"Kernel panic", r"segfault")
PROGRAMS = ("clock", "load", "vector")


def files(folder, script):
    return (f"vmlinuz={folder}/run/kernel/vmlinuz",
            f"initrd={folder}/linux-{script}/initrd")


def prepare(build, script):
    """The initramfs: busybox and the script, and behind it another with the programs."""
    work = os.path.join(build, "linux-" + script)
    initrd, bin_dir = os.path.join(work, "initrd"), os.path.join(work, "programs/bin")
    os.makedirs(bin_dir, exist_ok=True)
    subprocess.run([os.path.join(TOOLS, "fetch-kernel"), f"{build}/run/kernel"],
                   check=True)
    for name in PROGRAMS:
        subprocess.run(["gcc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-s",
                        "-static", "-pthread", "-o", os.path.join(bin_dir, name),
                        os.path.join(HERE, "guest", name + ".c")], check=True)
    subprocess.run([os.path.join(TOOLS, "initramfs"), initrd,
                    os.path.join(HERE, "guest", script + ".sh")], check=True)
    with open(initrd, "ab") as out:
        subprocess.run([os.path.join(TOOLS, "mkcpio"), os.path.dirname(bin_dir)],
                       check=True, stdout=out)


def say(result, show=None):
    """A line, and the end of the output if it failed; show: lines to see anyway."""
    print(f"{'not ok' if result.why else 'ok'} {result.row.name}"
          f"{': ' + result.why if result.why else ''} ({result.seconds:.1f} s)")
    lines = result.text.splitlines()
    if result.why:
        lines = lines[-40:]
    else:
        lines = [line for line in lines if show and re.search(show, line)]
    print("".join(f"    {line}\n" for line in lines), end="", flush=True)
