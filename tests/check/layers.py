# SPDX-License-Identifier: MIT
"""Rules on who may know whom."""
import os
import re

# Folder -> folders whose headers it may include.
MAY_INCLUDE = {
    "include": {"include"},
    "arch": {"include", "arch"},
    "kernel": {"include", "arch", "kernel"},
    "vcpu": {"include", "arch", "kernel", "vcpu"},
    "boot": {"include", "arch", "kernel", "vcpu", "boot"},
}
VMX = "arch/x86/vmx/"
FREESTANDING = {"stdarg.h", "stdbool.h", "stddef.h", "stdint.h"}

# These compile on the host as they are, under the checkers: plain C over atomic.h.
PURE = ("vcpu/kick.c", "vcpu/request.c", "vcpu/entry_gate.c", "include/gate.h",
        "include/atomic.h")
NO_ASSEMBLY = ("vcpu/", "kernel/sched.c")

VMX_WORD = re.compile(
    r"\b(\w*(vmcs|VMCS|eptp|EPTP)\w*|vmread|vmwrite|vmxon|vmxoff|vmlaunch|vmresume|"
    r"vmclear|vmptrld|invept|invvpid)\b")
ASSEMBLY = re.compile(r"\b(__asm__|asm)\b")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def includes(source):
    """(line number, kind, name) of each include; names are strings, so from the text."""
    for number, line in enumerate(source.lines, 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match[1], match[2]


def resolve(tree, source, name):
    """The file an include means: beside the file, from the top, or in include/."""
    for folder in (os.path.dirname(source.path), "", "include"):
        path = os.path.normpath(os.path.join(folder, name))
        if path in tree.sources:
            return path
    return None


def include_direction(tree):
    """each folder includes only what is below it, and the VMX headers stay in vmx/"""
    for source in tree.core():
        own = source.path.split("/")[0]
        for number, kind, name in includes(source):
            where = f"{source.path}:{number}"
            if kind == "<":
                if name not in FREESTANDING:
                    yield f"{where}: <{name}> is not a freestanding header"
                continue
            path = resolve(tree, source, name)
            if path is None:
                yield f"{where}: there is no {name}"
            elif path.split("/")[0] not in MAY_INCLUDE[own]:
                yield f"{where}: {own}/ may not include {path}"
            elif path.startswith(VMX) and not source.path.startswith(VMX):
                yield f"{where}: {path} is for {VMX} alone"


def vmx_words(tree):
    """nothing outside arch/x86/vmx/ names a VMCS, an EPTP or a VMX instruction"""
    for source in tree.core():
        if source.path.startswith(VMX):
            continue
        for number, line in enumerate(source.code_lines, 1):
            match = VMX_WORD.search(line)
            if match:
                yield f"{source.path}:{number}: {match[0]}"


def no_assembly(tree):
    """vcpu/ and kernel/sched.c are C without assembly"""
    for source in tree.core():
        if not source.path.startswith(NO_ASSEMBLY):
            continue
        if source.path.endswith(".S"):
            yield f"{source.path}: an assembly file"
            continue
        for number, line in enumerate(source.code_lines, 1):
            if ASSEMBLY.search(line):
                yield f"{source.path}:{number}: assembly"


def pure_sources(tree):
    """the kick's sources reach no header of arch/, so no privileged instruction"""
    for start in PURE:
        if start not in tree.sources:
            continue
        seen, todo = {start}, [(start, start)]
        while todo:
            path, chain = todo.pop()
            if path.startswith("arch/"):
                yield f"{start}: reaches {chain}"
                continue
            for _, kind, name in includes(tree.sources[path]):
                target = resolve(tree, tree.sources[path], name) if kind == '"' else None
                if target and target not in seen:
                    seen.add(target)
                    todo.append((target, chain + " -> " + target))


RULES = (include_direction, vmx_words, no_assembly, pure_sources)
