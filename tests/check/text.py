# SPDX-License-Identifier: MIT
"""Rules on lines, words and files."""
import re
import statistics

LONGEST_LINE = 90
LONGEST_FILE = 500
MEDIAN_FILE = 150
LICENCE = "SPDX-License-Identifier: MIT"
CODE_FILES = (".c", ".h", ".S", ".ld", ".py", ".sh")

FORBIDDEN = re.compile(r"\b(TODO|FIXME|XXX)\b|#\s*if\s+0\b")
CONDITIONAL = re.compile(r"^\s*#\s*(if|ifdef|ifndef|elif)\b\s*(.*)")
VOLATILE = re.compile(r"\bvolatile\b")
ASM_VOLATILE = re.compile(r"\b(__asm__|asm)\s+volatile\b")
MAY_VOLATILE = ("include/atomic.h", "arch/x86/x86.h")


def is_code(source):
    script = not source.path.endswith(CODE_FILES) and source.text.startswith("#!")
    return source.path.endswith(CODE_FILES) or script


def licence_line(tree):
    """every source begins with its SPDX line"""
    for source in tree.sources.values():
        if is_code(source) and not any(LICENCE in line for line in source.lines[:2]):
            yield f"{source.path}: no '{LICENCE}' in its first two lines"


def line_width(tree):
    """no line of a source is wider than 90 columns, with tabs of 8"""
    for source in tree.sources.values():
        if not is_code(source):
            continue
        for number, line in enumerate(source.lines, 1):
            width = len(line.expandtabs(8))
            if width > LONGEST_LINE:
                yield f"{source.path}:{number}: {width} columns"


def line_ends(tree):
    """no blanks at a line's end, and each file ends with one newline"""
    for source in tree.sources.values():
        if not is_code(source):
            continue
        for number, line in enumerate(source.lines, 1):
            if line != line.rstrip():
                yield f"{source.path}:{number}: blank at the end"
        if source.text and not re.search(r"(^|[^\n])\n\Z", source.text):
            yield f"{source.path}: does not end with exactly one newline"


def file_length(tree):
    """no source is longer than 500 lines, and half of the core's not than 150"""
    for source in tree.sources.values():
        if is_code(source) and len(source.lines) > LONGEST_FILE:
            yield f"{source.path}: {len(source.lines)} lines"
    lengths = [len(source.lines) for source in tree.core()]
    if lengths and statistics.median(lengths) > MEDIAN_FILE:
        yield f"the core's median is {statistics.median(lengths):g} lines"


def forbidden_words(tree):
    """no notes to self and no code that is switched off"""
    for source in tree.sources.values():
        if source.path.startswith("tests/check/"):
            continue
        for number, line in enumerate(source.lines, 1):
            match = FORBIDDEN.search(line)
            if match:
                yield f"{source.path}:{number}: {match[0]}"


def conditionals(tree):
    """no #if in the core but for __ASSEMBLER__ in headers"""
    for source in tree.core(".c", ".h"):
        for number, line in enumerate(source.code_lines, 1):
            match = CONDITIONAL.match(line)
            if match and (source.path.endswith(".c") or "__ASSEMBLER__" not in match[2]):
                yield f"{source.path}:{number}: {line.strip()}"


def volatile(tree):
    """volatile only in atomic.h and in the accessors of ports and device memory"""
    for source in tree.core(".c", ".h"):
        if source.path in MAY_VOLATILE:
            continue
        for number, line in enumerate(source.code_lines, 1):
            if VOLATILE.search(ASM_VOLATILE.sub("", line)):
                yield f"{source.path}:{number}: volatile"


RULES = (licence_line, line_width, line_ends, file_length, forbidden_words, conditionals,
         volatile)
