#!/usr/bin/python3
"""Checks the marks of the house that a compiler does not see.

C files of src/ and include/: length (a warning above 500 lines, a failure above 700), a comment block at the head
of every .c that says what the file owns, nothing that prints or ends the process outside src/cli. All code: no
tabs, no blanks at the end of a line, a newline at the end of the file, no notes to oneself. All files that git
knows or would add: no path of somebody's machine. It does not judge layout: clang-format does.

    check_style.py [ROOT]       ROOT is the project's folder
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
import ctext  # noqa: E402

LONG, TOO_LONG = 500, 700
HEAD_LETTERS = 20

CODE_SUFFIXES = {".c", ".h", ".py", ".sh"}
CODE_NAMES = {"meson.build", "meson_options.txt", "dev", ".ci/run", "build-dev.ini"}

# Written in pieces, so that this file does not contain what it looks for.
MARKERS = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|X" + r"XX)\b")
PLACES = re.compile(rb"(?<![\w./~-])/(?:wo" + rb"rk|tmp/(?:stu" + rb"dio|pl" + rb"an))(?![\w-])")
LOUD = re.compile(
    r"(?<![\w.])(?<!->)(?:printf|vprintf|puts|putchar|perror|exit|_exit|_Exit|quick_exit|abort)\s*\("
    r"|(?<![\w.])(?<!->)(?:stdout|stderr)\b"
)
LICENCE_LINE = re.compile(r"SPDX-License-Identifier:.*|Copyright.*")


def is_ours(path):
    """Whether the path is C code of the product."""
    return path.startswith(("src/", "include/")) and path.endswith((".c", ".h"))


def is_code(path):
    name = path.rsplit("/", 1)[-1]
    return Path(path).suffix in CODE_SUFFIXES or name in CODE_NAMES or path in CODE_NAMES


def known_files(root):
    """Every file that git tracks or would add; without git, every file outside the build folders."""
    listed = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z", "-co", "--exclude-standard"], capture_output=True, check=False
    )
    if listed.returncode == 0:
        return sorted({name.decode("utf-8", "surrogateescape") for name in listed.stdout.split(b"\0") if name})
    found = (path.relative_to(root) for path in Path(root).rglob("*"))
    return sorted(path.as_posix() for path in found if not re.match(r"\.git$|build(-.*)?$|.*\.pyc$", path.parts[0]))


def length_of(text):
    return text.count("\n")


def head_of(text):
    """The words of the comments that open a file, without licence lines."""
    words, rest = [], text.lstrip()
    while rest.startswith(("/*", "//")):
        comment = ctext.TOKEN.match(rest)[0]
        words.append(LICENCE_LINE.sub("", comment))
        rest = rest[len(comment):].lstrip()
    return " ".join(words)


def check_product(path, text):
    """Yields what is wrong with a C file of the product."""
    lines = length_of(text)
    if lines > TOO_LONG:
        yield f"{path}: {lines} lines, more than {TOO_LONG}"
    if path.endswith(".c") and sum(map(str.isalpha, head_of(text))) < HEAD_LETTERS:
        yield f"{path}:1: no comment block at the head says what the file owns"
    if not path.startswith("src/cli/"):
        for number, line in enumerate(ctext.blank(text, strings=True).split("\n"), 1):
            loud = LOUD.search(line)
            if loud:
                yield f"{path}:{number}: the library never prints and never exits: {loud[0].rstrip('( ')}"


def check_code(path, text):
    """Yields what is wrong with any code of ours."""
    for number, line in enumerate(text.split("\n"), 1):
        if "\t" in line:
            yield f"{path}:{number}: a tab"
        if line != line.rstrip():
            yield f"{path}:{number}: blanks at the end of the line"
        if MARKERS.search(line):
            yield f"{path}:{number}: a note to oneself: {line.strip()}"
    if text and not text.endswith("\n"):
        yield f"{path}: no newline at the end"


def check_places(path, data):
    """Yields every path of a machine in a text file."""
    if b"\0" in data[:8192]:
        return
    for number, line in enumerate(data.split(b"\n"), 1):
        if PLACES.search(line):
            yield f"{path}:{number}: a path of somebody's machine"


def check_file(path, data):
    found = list(check_places(path, data))
    if is_code(path):
        text = data.decode("utf-8", "replace")
        if "\ufffd" in text:
            found.append(f"{path}: not UTF-8")
        found += check_code(path, text)
        if is_ours(path):
            found += check_product(path, text)
    return found


def warn(path, data):
    if is_ours(path) and LONG < length_of(data.decode("utf-8", "replace")) <= TOO_LONG:
        print(f"warning: {path} is longer than {LONG} lines")


# ---- the check checked ----------------------------------------------------------------------------------------

HEAD = "/* Owns an invented thing and nothing beside it. */\n"
CLEAN = [
    ("src/io/a.c", HEAD + '/* never printf() */\nchar *s = "exit(1)";\nint f(void) { return snprintf(s, 1, "x"); }\n'),
    ("src/io/b.c", HEAD + "void f(struct ha_sink *s) { s->ops->abort(s); limit_abort(s); o.exit(1); }\n"),
    ("src/io/c.c", HEAD + 'char name[] = "part-XX' + 'XXXX";\n'),
    ("src/io/d.c", "/* SPDX-License-Identifier: Apache-2.0 */\n" + HEAD),
    ("src/cli/main.c", HEAD + "int main(void) { printf(s); exit(0); }\n"),
    ("src/io/long.c", HEAD + "\n" * (TOO_LONG - 1)),
    ("README.md", "see https://example.org/wo" + "rk/x and ./wo" + "rk  \n"),
]
# Path, text, and a piece of the one thing that must be said.
BROKEN = [
    ("src/io/a.c", HEAD + "\n" * TOO_LONG, "more than"),
    ("src/io/a.c", "int x;\n" + HEAD, "no comment block"),
    ("src/io/a.c", "/* SPDX-License-Identifier: Apache-2.0 */\nint x;\n", "no comment block"),
    ("src/io/a.c", HEAD + 'void f(void) { printf("x"); }\n', "never prints"),
    ("src/io/a.c", HEAD + "void f(void) { fputs(s, stderr); }\n", "never prints"),
    ("src/io/a.c", HEAD + "void f(void) { exit (1); }\n", "never exits"),
    ("src/io/a.c", HEAD + "void f(void) { abort(); }\n", "never exits"),
    ("src/io/a.h", "static inline void f(void) { _exit(1); }\n", "never exits"),
    ("src/io/a.c", HEAD + "\tint x;\n", "a tab"),
    ("src/io/a.c", HEAD + "int x; \n", "blanks at the end"),
    ("src/io/a.c", HEAD + "int x;", "no newline"),
    ("src/io/a.c", HEAD + "/* TO" + "DO: later */\n", "a note to oneself"),
    ("tests/a.py", "# X" + "XX\n", "a note to oneself"),
    ("docs/a.md", "in /wo" + "rk/main it is\n", "somebody's machine"),
    ("fixtures/a.json", '{"x": "/tmp/stu' + 'dio/y"}\n', "somebody's machine"),
]


def self_test():
    """The names of what went wrong, and how many were tried."""
    wrong = [f"blamed for nothing: {path}" for path, text in CLEAN if check_file(path, text.encode())]
    for path, text, words in BROKEN:
        found = check_file(path, text.encode())
        if len(found) != 1 or words not in found[0]:
            wrong.append(f"goes unnoticed in {path}: {words}")
    return wrong, len(CLEAN) + len(BROKEN)


def finds_files_without_git():
    with tempfile.TemporaryDirectory() as root:
        for name in ("src/a.c", "build/b.c"):
            Path(root, name).parent.mkdir()
            Path(root, name).write_text("x")
        return [path for path in known_files(root) if path.endswith(".c")] == ["src/a.c"]


def main(arguments):
    root = Path(arguments[0] if arguments else Path(__file__).resolve().parents[2])
    wrong, tried = self_test()
    if not finds_files_without_git():
        wrong.append("files are not found without git")
    for text in wrong:
        print(f"self-test: {text}")
    passed, failed, ours = tried + 1 - len(wrong), len(wrong), 0
    for path in known_files(root):
        if not (root / path).is_file() or (root / path).is_symlink():
            continue
        data = (root / path).read_bytes()
        warn(path, data)
        found = check_file(path, data)
        ours += is_ours(path)
        passed, failed = passed + (not found), failed + bool(found)
        print("".join(f"{text}\n" for text in found), end="")
    if ours == 0:
        print("there is no source file to check")
        failed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
