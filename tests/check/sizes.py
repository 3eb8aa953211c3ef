# SPDX-License-Identifier: MIT
"""How large the core is, by group, and how much of it is assembly."""
AIM = 9000
ASSEMBLY_SHARE = 0.07

# Raw lines. The aim is for the groups marked True: what a reader must know.
GROUPS = (
    ("core", True, ("boot/", "arch/x86/", "kernel/", "vcpu/", "include/")),
    ("VT-x back end", True, ("arch/x86/vmx/",)),
    ("devices", False, ("vcpu/dev/",)),
    ("monitor", False, ("kernel/monitor", "vcpu/monitor")),
    ("trace", False, ("kernel/trace", "include/trace")),
    ("GDB stub", False, ("kernel/gdb", "vcpu/gdb")),
)


def group_of(path):
    """The last group that fits: the later ones are parts of the first."""
    return [name for name, _, prefixes in GROUPS if path.startswith(prefixes)][-1]


def lines_by_group(tree):
    sizes = {name: 0 for name, _, _ in GROUPS}
    for source in tree.core():
        sizes[group_of(source.path)] += len(source.lines)
    return sizes


def assembly_share(tree):
    """at most 7 % of the core is assembly"""
    total = sum(len(source.lines) for source in tree.core())
    assembly = sum(len(source.lines) for source in tree.core(".S"))
    if assembly > ASSEMBLY_SHARE * total:
        yield f"{assembly} of {total} lines"


def comment_share(tree):
    """Lines that bear a comment over lines that are not blank, licence lines apart."""
    comment = full = 0
    for source in tree.core():
        for line, words in zip(source.lines, source.comment_lines):
            if line.strip() and "SPDX" not in line:
                full += 1
                comment += bool(words.strip())
    return comment / full if full else 0


def report(tree):
    """Lines of plain facts, for the eye."""
    sizes = lines_by_group(tree)
    for name, size in sizes.items():
        if size:
            yield f"{size:6} lines {name}"
    known = sum(sizes[name] for name, counted, _ in GROUPS if counted)
    yield f"{known:6} lines for a reader to know (aim: {AIM})"
    total = sum(len(source.lines) for source in tree.core()) or 1
    assembly = sum(len(source.lines) for source in tree.core(".S"))
    yield f"{100 * assembly / total:.1f} % assembly"
    share = 100 * comment_share(tree)
    yield f"{share:.0f} % of the core's lines bear a comment (aim: 15 to 25)"


RULES = (assembly_share,)
