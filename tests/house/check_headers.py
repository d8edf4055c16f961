#!/usr/bin/python3
"""Checks that each public header stands alone: include/holdall/*.h, one by one, as C17 and as C++17.

Every header is included twice by an otherwise empty file and must pass -Wall -Wextra -Wpedantic -Werror. It runs
the compilers in CC and CXX (gcc and g++ by default), writes no file into the tree, and fails when there is no
header. Invented headers that must not pass show first that it can fail.

    check_headers.py [ROOT]     ROOT is the project's folder
"""

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

LANGUAGES = {
    "C17": ("CC", "gcc", ["-x", "c", "-std=c17", "-Wstrict-prototypes"]),
    "C++17": ("CXX", "g++", ["-x", "c++", "-std=c++17"]),
}
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]

GOOD = "#ifndef A_H\n#define A_H\n#include <stddef.h>\nstruct a { size_t n; };\n#endif\n"
# Each must be refused in the languages named.
BAD = [
    ("a missing include", "#pragma once\nstruct a { size_t n; };\n", {"C17", "C++17"}),
    ("no guard", "struct a { int n; };\n", {"C17", "C++17"}),
    ("a C++ keyword", "#pragma once\nint ha_f(int class);\n", {"C++17"}),
    ("a prototype without (void)", "#pragma once\nint ha_f();\n", {"C17"}),
    ("a GNU extension", "#pragma once\nstruct a { int n; int none[0]; };\n", {"C17", "C++17"}),
]


def compile_alone(folder, header, language):
    """What the compiler says against the header; None when it passes."""
    variable, usual, flags = LANGUAGES[language]
    compiler = shlex.split(os.environ.get(variable) or usual)
    source = f"#include <{header}>\n#include <{header}>\n"
    run = subprocess.run(
        [*compiler, *flags, *WARNINGS, "-I", str(folder), "-"], input=source, capture_output=True, text=True, check=False
    )
    return None if run.returncode == 0 else run.stderr


def refused_in(text):
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "a.h").write_text(text, encoding="utf-8")
        return {language for language in LANGUAGES if compile_alone(folder, "a.h", language) is not None}


def self_test():
    """The names of what went wrong, and how many were tried."""
    wrong = ["a good header is refused"] if refused_in(GOOD) else []
    wrong += [f"goes unnoticed: {name}" for name, text, where in BAD if refused_in(text) != where]
    return wrong, 1 + len(BAD)


def check_all(include):
    """How many passed and failed among the public headers under include/."""
    passed = failed = 0
    for header in sorted((include / "holdall").rglob("*.h")):
        name = header.relative_to(include).as_posix()
        for language in LANGUAGES:
            problem = compile_alone(include, name, language)
            if problem is None:
                passed += 1
                continue
            failed += 1
            print(f"include/{name} does not compile alone as {language}:\n{problem}")
    return passed, failed


def main(arguments):
    root = Path(arguments[0] if arguments else Path(__file__).resolve().parents[2])
    wrong, tried = self_test()
    for text in wrong:
        print(f"self-test: {text}")
    passed, failed = check_all(root / "include")
    if passed + failed == 0:
        print("there is no public header to check")
        failed += 1
    print(f"{passed + tried - len(wrong)} passed, {failed + len(wrong)} failed")
    return 1 if failed or wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
