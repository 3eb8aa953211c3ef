# SPDX-License-Identifier: MIT
"""The tree as the rules see it: files, lines, code without comments, functions."""
import os
import re
import shutil
import subprocess

CORE = ("boot/", "arch/", "kernel/", "vcpu/", "include/")
# A comment, a string or a character.
TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.S)
SKIPPED = {".git", "build", "__pycache__"}


class Source:
    """One text file. code is its text with comments and strings blanked out, so that
    lines and columns stay; comments is the other half: only the comments' text."""

    def __init__(self, path, text):
        self.path, self.text = path, text
        self.lines = text.splitlines()
        self.code, self.comments = split_c(text) if self.is_c() else (text, "")
        self.code_lines = self.code.splitlines()
        self.comment_lines = self.comments.splitlines()

    def is_c(self):
        return self.path.endswith((".c", ".h", ".S", ".ld"))

    def is_core(self):
        return self.path.startswith(CORE) and self.path.endswith((".c", ".h", ".S"))


def split_c(text):
    """(code, comments): both as long as text, with blanks for what is not theirs."""
    code, comments, at = [], [], 0
    for match in TOKEN.finditer(text):
        between = text[at:match.start()]
        piece = match.group()
        code.append(between)
        comments.append(blank(between))
        is_comment = piece.startswith("/")
        quoted = piece[0] + blank(piece[1:-1]) + piece[-1]
        code.append(blank(piece) if is_comment else quoted)
        comments.append(piece if is_comment else blank(piece))
        at = match.end()
    return "".join(code) + text[at:], "".join(comments) + blank(text[at:])


def blank(text):
    return re.sub(r"[^\n\t]", " ", text)


class Function:
    def __init__(self, name, path, first, last, static):
        self.name, self.path, self.static = name, path, static
        self.first, self.last = first, last

    def length(self):
        return self.last - self.first + 1


class Tree:
    def __init__(self, root):
        self.root = root
        self.sources = {}
        for path in sorted(text_files(root)):
            full = os.path.join(root, path)
            with open(full, encoding="utf-8", errors="replace") as file:
                self.sources[path] = Source(path, file.read())
        self._functions = None

    def core(self, *endings):
        return [source for source in self.sources.values()
                if source.is_core() and (not endings or source.path.endswith(endings))]

    def functions(self):
        """Every C function of the core with a body, as ctags sees them."""
        if self._functions is None:
            paths = [source.path for source in self.core(".c", ".h")]
            self._functions = ctags(self.root, paths) if paths else []
        return self._functions


def listed_by_git(root):
    """What git would commit; None in a folder without git, or on a machine without it."""
    if not os.path.exists(os.path.join(root, ".git")) or not shutil.which("git"):
        return None
    listed = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard"],
                            capture_output=True, text=True)
    return listed.stdout.splitlines() if listed.returncode == 0 else None


def text_files(root):
    """What git would commit, or where it cannot be asked everything."""
    paths = listed_by_git(root)
    if paths is None:
        paths = [os.path.relpath(os.path.join(folder, name), root)
                 for folder, folders, names in os.walk(root)
                 if not SKIPPED & set(os.path.relpath(folder, root).split(os.sep))
                 for name in names]
    return [path for path in paths if not SKIPPED & set(path.split("/"))
            and is_text(os.path.join(root, path))]


def is_text(path):
    if not os.path.isfile(path):
        return False
    with open(path, "rb") as file:
        return b"\0" not in file.read(4096)


def ctags(root, paths):
    result = subprocess.run(
        ["ctags", "-f", "-", "--languages=C", "--langmap=C:.c.h", "--kinds-C=f",
         "--fields=+ne", "--fields-C=+{properties}", "-I", "__attribute__+", *paths],
        cwd=root, capture_output=True, text=True, check=True)
    functions = []
    for line in result.stdout.splitlines():
        name, path = line.split("\t")[:2]
        first = re.search(r"\tline:(\d+)", line)
        last = re.search(r"\tend:(\d+)", line)
        static = re.search(r"\tproperties:\S*\bstatic\b", line)
        if first and last:
            functions.append(
                Function(name, path, int(first[1]), int(last[1]), bool(static)))
    return functions
