#!/usr/bin/python3
"""Checks that man/holdall.1 and the program say the same, in both directions.

Commands, the options of each command with their letters and whether they take a value, error words with meaning and
exit status, exit codes, and the version. What the page lists as an option must also be taken by the program. Then
the page goes through groff and man with all warnings on; one that is not installed is named and skipped. Invented
pages and help texts show first that it can fail. It does not judge what the sentences say.

    check_man.py PROJECT_ROOT HOLDALL_BINARY
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

PAGE = "man/holdall.1"
HELP_COMMAND = re.compile(r"^  ([a-z]+) {2,}\S", re.MULTILINE)
HELP_OPTION = re.compile(r"^ +(?:-(\w), | {4})--([a-z-]+)(?: (\S+))?(?: {2,}|$)", re.MULTILINE)
PAGE_OPTION = re.compile(r"^\.It Fl (?:(\w) , Fl )?-([a-z-]+)(?: (Ar|Cm) .*)?$")
PAGE_WORD = re.compile(r"^\.It Sy (\w+)\n(\d+): (.*)$", re.MULTILINE)
HEADER_WORD = re.compile(r'^ *X\([A-Z_]+, \d+, "(\w+)", (\d+), "(.*)"\)', re.MULTILINE)
RENDERERS = {
    "groff": ["groff", "-mandoc", "-ww", "-Tutf8"],
    "man": ["man", "--warnings", "-l"],
}


def run(binary, *arguments):
    done = subprocess.run([binary, *arguments], capture_output=True, text=True, encoding="utf-8", check=False,
                          stdin=subprocess.DEVNULL, timeout=60)
    return done.returncode, done.stdout + done.stderr


# ---- what the program says -----------------------------------------------------------------------------------

def options_in_help(text):
    """{long name: (letter or "", takes a value)} of one command's help."""
    return {found[2]: (found[1] or "", found[3] is not None) for found in HELP_OPTION.finditer(text)}


def program(binary):
    """{command: its options} as `holdall help` and `holdall help COMMAND` tell them."""
    commands = HELP_COMMAND.findall(run(binary, "help")[1])
    return {name: options_in_help(run(binary, "help", name)[1]) for name in commands}


# ---- what the page says --------------------------------------------------------------------------------------

def section(page, title):
    """The lines between .Sh TITLE and the next section."""
    found = re.search(rf"^\.Sh {title}\n(.*?)(?=^\.Sh |\Z)", page, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def options_in_page(text):
    """As options_in_help, of one command's part of the page; a line of options that cannot be read is an error."""
    options = {}
    for line in text.splitlines():
        found = PAGE_OPTION.match(line)
        if found:
            options[found[2]] = (found[1] or "", found[3] is not None)
        elif line.startswith(".It Fl"):
            raise ValueError(f"cannot read the line: {line}")
    return options


def page_commands(page):
    """{command: its options} of the section COMMANDS."""
    parts = re.split(r"^\.Ss (\w+)\n", section(page, "COMMANDS"), flags=re.MULTILINE)
    return {name: options_in_page(text) for name, text in zip(parts[1::2], parts[2::2])}


def page_synopsis(page):
    return set(re.findall(r"^\.Nm\n\.Cm (\w+)$", section(page, "SYNOPSIS"), re.MULTILINE))


def page_words(page):
    """[(error word, exit status, meaning)]"""
    return PAGE_WORD.findall(section(page, "DIAGNOSTICS"))


def page_exit_codes(page):
    return {int(code) for code in re.findall(r"^\.It (\d+)$", section(page, "EXIT STATUS"), re.MULTILINE)}


# ---- comparing -----------------------------------------------------------------------------------------------

def compare_sets(what, said, written):
    """Yields what only one side has. SAID is the program's, WRITTEN the page's."""
    for one in sorted(said - written):
        yield f"{what} {one} is not in the page"
    for one in sorted(written - said):
        yield f"{what} {one} is in the page only"


def compare_commands(said, written):
    yield from compare_sets("the command", set(said), set(written))
    for name in sorted(set(said) & set(written)):
        yield from compare_sets(f"{name}: the option", set(said[name]), set(written[name]))
        for option in sorted(set(said[name]) & set(written[name])):
            one, other = said[name][option], written[name][option]
            if one != other:
                yield f"{name}: the option {option} is {one} in the help and {other} in the page"


def compare_words(header, page):
    """Error words with exit status and meaning, and the exit codes that they make."""
    said = {f"{word} ({status}: {meaning})" for word, status, meaning in HEADER_WORD.findall(header)}
    written = {f"{word} ({status}: {meaning})" for word, status, meaning in page_words(page)}
    codes = {int(status) for _, status, _ in HEADER_WORD.findall(header)}
    yield from compare_sets("the error word", said, written)
    yield from compare_sets("the exit code", codes, page_exit_codes(page))


def compare_program(binary, page):
    said = program(binary)
    if not said:
        yield "the program lists no command"
    yield from compare_commands(said, page_commands(page))
    yield from compare_sets("SYNOPSIS: the command", set(said), page_synopsis(page))
    version = run(binary, "--version")[1].strip()
    if f'.Os "{version}"\n' not in page:
        yield f"the page is not of the version {version}"


def try_options(binary, page):
    """Yields each option of the page that the program does not take, given as the page says and followed by --help."""
    for name, options in page_commands(page).items():
        for option, (letter, value) in options.items():
            for spelled in [f"--{option}"] + ([f"-{letter}"] if letter else []):
                arguments = (["1"] if value else []) + (["--help"] if option != "help" else [])
                code, text = run(binary, name, spelled, *arguments)
                if code != 0 or not text.startswith(f"Usage: holdall {name}"):
                    yield f"{name}: the program does not take {spelled} as the page has it: {text.strip()[:200]}"


def try_words(binary, page):
    for word, status, meaning in page_words(page):
        expected = f"{word}: {meaning}\nexit status: {status}\n"
        code, text = run(binary, "help", word)
        if code != 0 or not text.startswith(expected):
            yield f"'holdall help {word}' does not say what the page says"


def render(path):
    """Yields what groff and man warn of; says which of them is not there."""
    for name, command in RENDERERS.items():
        if not shutil.which(name):
            print(f"skipped: {name} is not installed")
            continue
        done = subprocess.run([*command, str(path)], capture_output=True, text=True, encoding="utf-8", errors="replace",
                              check=False, stdin=subprocess.DEVNULL, timeout=60)
        if done.returncode != 0 or done.stderr.strip() or "holdall" not in done.stdout:
            yield f"{name} ends with {done.returncode}: {done.stderr.strip() or 'no text'}"


# ---- showing that it can fail --------------------------------------------------------------------------------

GOOD_HELP = ("Usage: holdall a\n\n  -o, --out FILE   where\n      --quick      fast\n                   indeed\n"
             "  -h, --help       this\n")
GOOD_PAGE = (".Sh COMMANDS\n.Ss a\n.It Fl o , Fl -out Ar file\n.It Fl -quick\n.It Fl h , Fl -help\n"
             ".Sh EXIT STATUS\n.It 0\n.Sh DIAGNOSTICS\n.It Sy ok\n0: no error\n")
GOOD_HEADER = '    X(OK, 0, "ok", 0, "no error")   \\\n'
# Each change of the page must be found.
BAD = [
    ("an option too few", ".It Fl -quick\n", ""),
    ("an option too many", ".It Fl -quick\n", ".It Fl -quick\n.It Fl -slow\n"),
    ("another letter", "Fl o , ", "Fl O , "),
    ("no letter", "Fl o , ", ""),
    ("a value where there is none", "-quick\n", "-quick Ar n\n"),
    ("no value where there is one", " Ar file", ""),
    ("another command", ".Ss a", ".Ss b"),
    ("another exit code", ".It 0\n", ".It 9\n"),
    ("another meaning", "0: no error", "0: none"),
    ("another status of a word", "0: no error", "1: no error"),
]


def judge(page):
    said = {"a": options_in_help(GOOD_HELP)}
    return [*compare_commands(said, page_commands(page)), *compare_words(GOOD_HEADER, page)]


def self_test():
    if judge(GOOD_PAGE):
        yield f"self-test: a good page is refused: {judge(GOOD_PAGE)}"
    for name, old, new in BAD:
        if GOOD_PAGE.count(old) != 1 or not judge(GOOD_PAGE.replace(old, new)):
            yield f"self-test: goes unnoticed: {name}"


def main(arguments):
    if len(arguments) != 2:
        print(__doc__.strip().splitlines()[-1].strip(), file=sys.stderr)
        return 2
    root, binary = Path(arguments[0]).resolve(), str(Path(arguments[1]).resolve())
    path = root / PAGE
    page = path.read_text(encoding="utf-8")
    header = (root / "include/holdall/error.h").read_text(encoding="utf-8")
    wrong = [*self_test(), *compare_program(binary, page), *compare_words(header, page), *try_options(binary, page),
             *try_words(binary, page), *render(path)]
    for text in wrong:
        print(f"{PAGE}: {text}")
    print(f"check_man: {len(page_commands(page))} commands, {sum(map(len, page_commands(page).values()))} options, "
          f"{len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
