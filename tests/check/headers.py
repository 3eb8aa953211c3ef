# SPDX-License-Identifier: MIT
"""Every header of the core compiles when it is the only thing included."""
import os
import subprocess

FLAGS = ["-std=gnu11", "-fsyntax-only", "-ffreestanding", "-mgeneral-regs-only",
         "-Wall", "-Wextra", "-Wundef", "-Werror", "-Iinclude", "-I."]


def headers_alone(tree):
    """every header compiles alone"""
    for source in tree.core(".h"):
        result = subprocess.run(
            ["gcc", *FLAGS, "-x", "c", "-include", source.path, os.devnull],
            cwd=tree.root, capture_output=True, text=True)
        if result.returncode != 0:
            first = (result.stderr.strip().splitlines() or ["no message"])[0]
            yield f"{source.path}: {first}"


RULES = (headers_alone,)
