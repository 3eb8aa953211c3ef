# SPDX-License-Identifier: MIT
"""Each rule on a small tree that breaks it, and on a small tree that keeps them all."""
import os
import tempfile

import functions
import source

SPDX = "// SPDX-License-Identifier: MIT\n"
ONCE = "#pragma once\n"
TAGGED = "/* PAIR: orders a before b. */\n\tsmp_mb();\n"

# A tree that keeps every rule.
GOOD = {
    "include/types.h": SPDX + ONCE + "#include <stdint.h>\n"
                       "/* volatile VMCS asm goto: only words of a comment */\n",
    "include/asm.h": SPDX + ONCE + "#ifndef __ASSEMBLER__\nint f(void);\n#endif\n",
    "arch/x86/x86.h": SPDX + ONCE + "#include \"types.h\"\n",
    "arch/x86/vmx/vmx.c": SPDX + "#include \"arch/x86/x86.h\"\n"
                                 "static void g(void)\n{\n\tvmread();\n}\n",
    "kernel/a.c": SPDX + "static void f(void)\n{\n\t" + TAGGED + "}\n",
    "vcpu/kick.c": SPDX + "#include \"types.h\"\n"
                   "static const char *name = \"asm volatile\";\n"
                   "static int h(int n)\n{\n\tif (n)\n\t\tgoto out;\n\t" + TAGGED +
                   "out:\n\treturn n;\n}\n",
    "docs/ordering.md": "# Ordering\n\n## PAIR\n",
    "tools/script": "#!/bin/bash\n# SPDX-License-Identifier: MIT\nmktemp /tmp/x.XXXXXX\n",
}


def lines(count):
    return "\tx();\n" * count


def body(name, count):
    return f"static void {name}(void)\n{{\n{lines(count)}}}\n"


def one(path, text):
    return {path: SPDX + text}


DEEP = """\
static void deep(void)
{
	if (a) {
		if (b) {
			if (c) {
			}
		}
	}
}
"""

# (rule, files over those of GOOD, text that a complaint must contain)
BAD = [
    ("include_direction",
     one("kernel/b.c", '#include "vcpu/v.h"\n') | one("vcpu/v.h", ONCE),
     "kernel/b.c:2: kernel/ may not include vcpu/v.h"),
    ("include_direction",
     one("arch/x86/b.c", '#include "kernel/k.h"\n') | one("kernel/k.h", ONCE),
     "arch/ may not include"),
    ("include_direction",
     one("include/b.h", '#include "arch/x86/x86.h"\n'),
     "include/ may not"),
    ("include_direction",
     one("vcpu/b.c", '#include "arch/x86/vmx/v.h"\n') | one("arch/x86/vmx/v.h", ONCE),
     "is for arch/x86/vmx/ alone"),
    ("include_direction", one("vcpu/b.c", '#include "no.h"\n'), "there is no no.h"),
    ("include_direction", one("vcpu/b.c", "#include <stdio.h>\n"), "not a freestanding"),
    ("vmx_words", one("vcpu/b.c", "int a = vmcs_read(0);\n"), "b.c:2: vmcs"),
    ("vmx_words", one("include/b.h", "u64 guest_eptp;\n"), "guest_eptp"),
    ("vmx_words", one("arch/x86/b.h", "#define VMCS_X 1\n"), "VMCS_X"),
    ("no_assembly", one("vcpu/b.c", "/* a */ __asm__(\"\");\n"), "vcpu/b.c:2"),
    ("no_assembly", one("kernel/sched.c", "asm(\"\");\n"), "kernel/sched.c:2"),
    ("no_assembly", one("vcpu/b.S", "nop\n"), "vcpu/b.S"),
    ("pure_sources",
     one("vcpu/request.c", '#include "vcpu/r.h"\n') |
     one("vcpu/r.h", '#include "arch/x86/x86.h"\n'),
     "vcpu/r.h -> arch/x86/x86.h"),
    ("licence_line", {"kernel/b.c": "int a;\n"}, "kernel/b.c"),
    ("licence_line", {"tools/s": "#!/bin/sh\ntrue\n"}, "tools/s"),
    ("line_width", one("kernel/b.c", "\t" + "x" * 83 + "\n"), "kernel/b.c:2: 91 columns"),
    ("line_ends", one("kernel/b.c", "int a; \n"), "kernel/b.c:2: blank"),
    ("line_ends", one("kernel/b.c", "int a;"), "exactly one newline"),
    ("file_length", one("tests/b.c", lines(500)), "tests/b.c: 501 lines"),
    ("file_length",
     {f"kernel/{n}.c": SPDX + lines(180) for n in range(20)},
     "median is 181"),
    ("forbidden_words", one("kernel/b.c", "int a; // TODO: more\n"), "kernel/b.c:2"),
    ("forbidden_words", one("tests/b.c", "#if 0\n"), "tests/b.c:2"),
    ("forbidden_words", {"docs/b.md": "FIXME\n"}, "docs/b.md:1"),
    ("conditionals", one("kernel/b.c", "#ifdef DEBUG\n#endif\n"), "#ifdef DEBUG"),
    ("conditionals", one("kernel/b.h", "#if DEBUG\n#endif\n"), "#if DEBUG"),
    ("conditionals", one("kernel/b.c", "#ifndef __ASSEMBLER__\n#endif\n"), "b.c:2"),
    ("volatile", one("kernel/b.c", "static volatile int flag;\n"), "kernel/b.c:2"),
    ("function_length", one("kernel/b.c", body("long_one", 58)), "long_one has 61 lines"),
    ("function_length",
     one("kernel/b.c", "".join(body(f"f{n}", 12) for n in range(4))),
     "the median is 15"),
    ("function_length", one("kernel/b.c", body("a", 40) + body("b", 40)), "nine of ten"),
    ("function_length", {functions.EXCEPTIONS_FILE: "kernel/a.c f why\n"}, "needs no"),
    ("function_length",
     {functions.EXCEPTIONS_FILE: "".join(f"kernel/a.c f{n} why\n" for n in range(4))},
     "4 exceptions, not 3"),
    ("brace_depth", one("kernel/b.c", DEEP), "kernel/b.c:2: deep"),
    ("static_share",
     one("kernel/b.c", "".join(f"void p{n}(void)\n{{\n}}\n" for n in range(9))),
     "3 of 12, 25 %"),
    ("goto_forward",
     one("kernel/b.c", "static void back(void)\n{\nagain:\n\tgoto again;\n}\n"),
     "back jumps back to again"),
    ("goto_forward",
     one("kernel/b.c", "static void two(void)\n{\n\tgoto a;\n\tgoto b;\na:\nb:\n}\n"),
     "two jumps to more than one label"),
    ("fence_tags", one("kernel/b.c", "void f(void) { smp_wmb(); }\n"), "b.c:2: smp_wmb"),
    ("fence_tags", one("kernel/b.c", "/* PAIR: far */\n\n\n\n\nsmp_mb();\n"), "b.c:7"),
    ("fence_tags", one("vcpu/b.c", "/* Pairs with f(). */\nsmp_mb();\n"), "vcpu/b.c:3"),
    ("fence_pairs", one("kernel/b.c", "/* ALONE: why */\nsmp_mb();\n"), "ALONE: 1 site"),
    ("fence_stories", one("kernel/b.c", "/* ALONE: why */\nsmp_mb();\n"), "## ALONE"),
    ("fence_stories", {"docs/ordering.md": "## PAIR\n## GONE\n"}, "'## GONE' is the tag"),
    ("headers_alone", one("kernel/b.h", "u64 needs_types;\n"), "kernel/b.h"),
    ("assembly_share", one("arch/x86/b.S", "nop\n" * 20), "21 of "),
]


def complaints(rule, files):
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            full = os.path.join(root, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8") as file:
                file.write(text)
        return list(rule(source.Tree(root)))


def run(rules):
    """Prints what is not as it should be; returns (passed, failed)."""
    results = []

    def result(good, what, faults):
        if not good:
            print("not ok self-test: " + what)
            print("".join(f"    {fault}\n" for fault in faults), end="")
        results.append(good)

    for rule in rules:
        faults = complaints(rule, GOOD)
        result(not faults, f"{rule.__name__} lets a good tree pass", faults)
        result(any(name == rule.__name__ for name, _, _ in BAD),
               f"{rule.__name__} has a bad sample", [])
    by_name = {rule.__name__: rule for rule in rules}
    for name, files, expected in BAD:
        faults = complaints(by_name[name], GOOD | files)
        found = any(expected in fault for fault in faults)
        result(found, f"{name} finds: {expected}", faults)
    failed = len(results) - sum(results)
    if not failed:
        print(f"ok self-test: all {len(results)} samples are judged as they should be")
    return sum(results), failed
