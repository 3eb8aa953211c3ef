# SPDX-License-Identifier: MIT
"""Rules on the core's C functions."""
import os
import re
import statistics

MEDIAN, NINE_OF_TEN, LONGEST = 12, 34, 60
DEEP, DEEP_SHARE = 4, 0.02  # a function's own braces are depth 1
STATIC_SHARE = 0.60
EXCEPTIONS, EXCEPTIONS_FILE = 3, "tests/check/long-functions"


def exceptions(tree):
    """Lines "path function reason" of the file of exceptions."""
    path = os.path.join(tree.root, EXCEPTIONS_FILE)
    if not os.path.exists(path):
        return set()
    with open(path, encoding="utf-8") as file:
        lines = [line.split() for line in file if not line.startswith("#")]
    return {(words[0], words[1]) for words in lines if words}


def percentile(numbers, share):
    return sorted(numbers)[min(len(numbers) - 1, int(len(numbers) * share))]


def function_length(tree):
    """functions are short: median 12, nine of ten within 34, none over 60 lines"""
    functions = tree.functions()
    if not functions:
        return
    lengths = [function.length() for function in functions]
    if statistics.median(lengths) > MEDIAN:
        yield f"the median is {statistics.median(lengths):g} lines, not {MEDIAN}"
    if percentile(lengths, 0.9) > NINE_OF_TEN:
        long = percentile(lengths, 0.9)
        yield f"nine of ten are within {long} lines, not {NINE_OF_TEN}"
    listed = exceptions(tree)
    if len(listed) > EXCEPTIONS:
        yield f"{EXCEPTIONS_FILE}: {len(listed)} exceptions, not {EXCEPTIONS}"
    known = {(function.path, function.name): function for function in functions}
    for path, name in sorted(listed):
        if (path, name) not in known or known[path, name].length() <= LONGEST:
            yield f"{EXCEPTIONS_FILE}: {path} {name} needs no exception"
    for function in functions:
        if function.length() > LONGEST and (function.path, function.name) not in listed:
            yield (f"{function.path}:{function.first}: {function.name} has "
                   f"{function.length()} lines")


def depth(tree, function):
    """How deep braces nest in a function, its own counting one."""
    lines = tree.sources[function.path].code_lines[function.first - 1:function.last]
    deepest = now = 0
    for char in "".join(lines):
        now += (char == "{") - (char == "}")
        deepest = max(deepest, now)
    return deepest


def brace_depth(tree):
    """at most 2 % of the functions nest braces 4 deep"""
    functions = tree.functions()
    deep = [function for function in functions if depth(tree, function) >= DEEP]
    if len(deep) > DEEP_SHARE * len(functions):
        yield f"{len(deep)} of {len(functions)} functions"
        for function in deep:
            yield f"{function.path}:{function.first}: {function.name}"


def static_share(tree):
    """at least 60 % of the functions are static"""
    functions = tree.functions()
    static = sum(function.static for function in functions)
    if functions and static < STATIC_SHARE * len(functions):
        yield f"{static} of {len(functions)}, {100 * static / len(functions):.0f} %"


def goto_forward(tree):
    """goto goes forward, to one label in a function"""
    for function in tree.functions():
        lines = tree.sources[function.path].code_lines[function.first - 1:function.last]
        targets = [(number, label) for number, line in enumerate(lines)
                   for label in re.findall(r"\bgoto\s+(\w+)\s*;", line)]
        where = f"{function.path}:{function.first}: {function.name}"
        if len({label for _, label in targets}) > 1:
            yield f"{where} jumps to more than one label"
        for number, label in targets:
            if not any(re.match(rf"\s*{label}\s*:", line) for line in lines[number:]):
                yield f"{where} jumps back to {label}"


RULES = (function_length, brace_depth, static_share, goto_forward)
