# SPDX-License-Identifier: MIT
"""Every fence says which story it belongs to, and docs/ordering.md tells the story."""
import re

FENCE = re.compile(r"\b(smp_mb|smp_wmb|smp_rmb|smp_store_release|smp_load_acquire)\b")
TAG = re.compile(r"\b([A-Z][A-Z0-9_]{2,}):(?!:)")
HEADING = re.compile(r"^## ([A-Z][A-Z0-9_]{2,})\b", re.M)
DEFINITIONS = ("include/atomic.h",)
STORIES = "docs/ordering.md"
LINES_ABOVE = 4


def fence_sites(tree):
    """(source, line number from 0) of each use of a fence."""
    for source in tree.core(".c", ".h"):
        if source.path in DEFINITIONS:
            continue
        for number, line in enumerate(source.code_lines):
            if FENCE.search(line):
                yield source, number


def tags_near(source, number):
    """Tags in the comments on a line and the few lines above it, nearest first."""
    lines = source.comment_lines[max(0, number - LINES_ABOVE):number + 1]
    return [tag for line in reversed(lines) for tag in TAG.findall(line)]


def headings(tree):
    stories = tree.sources.get(STORIES)
    return set(HEADING.findall(stories.text)) if stories else set()


def tag_counts(tree):
    """How many comments of the core name each tag that some fence names."""
    near = [tags_near(source, number) for source, number in fence_sites(tree)]
    tags = {found[0] for found in near if found}
    counts = dict.fromkeys(tags, 0)
    for source in tree.core(".c", ".h", ".S"):
        for tag in TAG.findall(source.comments):
            if tag in counts:
                counts[tag] += 1
    return counts


def fence_tags(tree):
    """each fence has its tag in a comment beside it or at most 4 lines above"""
    for source, number in fence_sites(tree):
        if not tags_near(source, number):
            fence = FENCE.search(source.code_lines[number])
            yield f"{source.path}:{number + 1}: {fence[0]}"


def fence_pairs(tree):
    """each tag stands at two places or more: a barrier alone orders nothing"""
    for tag, count in sorted(tag_counts(tree).items()):
        if count < 2:
            yield f"{tag}: {count} site"


def fence_stories(tree):
    """each tag has its heading in docs/ordering.md, and each heading a fence"""
    counts, told = tag_counts(tree), headings(tree)
    for tag in sorted(set(counts) - told):
        yield f"{STORIES}: no '## {tag}'"
    for tag in sorted(told - set(counts)):
        yield f"{STORIES}: '## {tag}' is the tag of no fence"


RULES = (fence_tags, fence_pairs, fence_stories)
