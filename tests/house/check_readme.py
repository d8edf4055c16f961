#!/usr/bin/python3
"""Checks that what README.md and two pages of docs/ show really works, by doing it.

README.md: one description (```json service), at most 25 lines together with its texts, that `holdall lint` accepts and
with which an export of fixtures/minimal's store is complete, without drift. service-guide.md is walked from its first
block to its last in an empty folder: files are written, descriptions and the members put into them are linted one by
one, and commands (```console) must print what the page prints. checking.md is walked beside an archive of person 12 of
fixtures/minimal and of a set of two volumes; it is skipped, and says so, where a program that it uses is not installed.
Links between the documents must lead somewhere. Invented documents show first that it can fail. It refuses a block whose
kind it does not know, and never runs PowerShell.

In console blocks `…` stands for any text, and alone on a line for any lines.

    check_readme.py PROJECT_ROOT HOLDALL_BINARY
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True

GUIDE, CHECKING = "docs/service-guide.md", "docs/checking.md"
PROGRAMS = ("minisign", "unzip", "sha256sum", "shasum")
ARCHIVE_ID, SET_ID = "7f3a9c1e-5b1d-4c44-9a57-0d6c2f8e41b7", "91c0b6f4-3d52-4f0e-8a37-2f5c7de1a0b3"
MOST_LINES = 25
LARGE = 600_000
BLOCK = re.compile(r"^```([^\n`]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
MARK = "@@ the end of a command @@"
NAME = re.compile(r"^[a-z0-9][a-z0-9_./-]*$")


class Wrong(Exception):
    """What the documents say and is not so."""


class Place:
    """An empty folder in which holdall is run, by its name, as a reader would."""

    def __init__(self, folder, binary):
        self.folder, self.binary = Path(folder) / "try", Path(binary)
        programs = Path(folder) / "bin"
        programs.mkdir()
        self.folder.mkdir()
        (programs / "holdall").symlink_to(self.binary)
        steering = ("HOLDALL", "LC_")
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(steering)}
        self.environment.update(PATH=f"{programs}:{os.environ['PATH']}", LANG="C.UTF-8")

    def write(self, name, text):
        if not NAME.match(name) or ".." in name:
            raise Wrong(f"a file must not be called {name}")
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def shell(self, script):
        """Everything the script prints."""
        return self.run("bash", "-c", "exec 2>&1\n" + script).stdout

    def holdall(self, *arguments):
        done = self.run(str(self.binary), *arguments)
        return done.returncode, done.stdout + done.stderr

    def run(self, *command):
        return subprocess.run(command, cwd=self.folder, env=self.environment, check=False, capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=120, text=True, encoding="utf-8", errors="replace")

    def lint(self):
        code, text = self.holdall("lint", "service.json")
        if code != 0 or ": no errors, 0 warnings" not in text:
            raise Wrong(f"lint does not accept the description: {text.strip()}")


def blocks(text):
    """(line, info, body) of every fenced block."""
    return [(text.count("\n", 0, found.start()) + 1, found[1].strip(), found[2]) for found in BLOCK.finditer(text)]


# ---- walking ------------------------------------------------------------------------------------------------

def put(document, pointer, value):
    """Puts VALUE at a JSON Pointer; `-` is the place after the last element of an array."""
    *way, last = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    for part in way:
        document = document[int(part)] if isinstance(document, list) else document[part]
    if isinstance(document, dict):
        document[last] = value
    elif last == "-":
        document.append(value)
    else:
        document[int(last)] = value


def as_pattern(expected):
    """The pattern of an output, each of its lines ended, in which `…` stands for anything."""
    def pattern(line):
        return "(?:.*\n)*" if line == "…" else re.escape(line).replace("…", ".*") + "\n"

    return re.compile("".join(map(pattern, expected.strip().splitlines())))


def fits(expected, printed):
    lines = "".join(line + "\n" for line in printed.strip().splitlines())
    return as_pattern(expected).fullmatch(lines) is not None


def commands_of(body):
    """[(command, what it prints)] of a console block."""
    steps = []
    for line in body.splitlines():
        if line.startswith("$ "):
            steps.append([line[2:], []])
        elif not steps:
            raise Wrong("a console block begins with a command")
        elif steps[-1][0].endswith("\\"):
            steps[-1][0] += "\n" + line
        else:
            steps[-1][1].append(line)
    return [(command, "\n".join(lines)) for command, lines in steps]


def converse(place, body):
    """Runs the commands of a console block in one shell, and compares what each of them prints."""
    steps = commands_of(body)
    script = "".join(f"{command}\nended=$?; printf '\\n%s\\n' '{MARK}'; (exit $ended)\n" for command, _ in steps)
    printed = place.shell(script).split(f"\n{MARK}\n")
    for (command, expected), text in zip(steps, printed):
        if not fits(expected, text):
            raise Wrong(f"$ {command}\nprints\n{text.strip()}\nand not\n{expected.strip()}")


def take_description(place, description, body):
    """A whole description: the first one, or the same as was put together until here."""
    whole = json.loads(body)
    if description and whole != description:
        raise Wrong("the whole description is not what the steps before it make")
    place.write("service.json", body)
    place.lint()
    return whole


def take(place, description, info, body):
    """One block of the guide. Returns the description as it is now."""
    if info == "json service":
        return take_description(place, description, body)
    if info.startswith("json at /"):
        for pointer in info.split()[2:]:
            put(description, pointer, json.loads(body))
        place.write("service.json", json.dumps(description, indent=2, ensure_ascii=False))
        place.lint()
    elif info.startswith("json "):
        json.loads(body)
        place.write(info.removeprefix("json "), body)
    elif info.startswith("text "):
        place.write(info.removeprefix("text "), body)
    elif info == "console":
        converse(place, body)
    elif info != "powershell":
        raise Wrong(f"a block of unknown kind: '{info}'")
    return description


def walk(text, binary, needed, prepare=None):
    """Yields what goes wrong on the way through a page; the first mistake ends it. NEEDED: kinds that must be there."""
    with tempfile.TemporaryDirectory() as folder:
        place, description, line = Place(folder, binary), None, 0
        try:
            if prepare:
                prepare(place)
            for line, info, body in blocks(text):
                description = take(place, description, info, body)
        except (Wrong, ValueError, LookupError, TypeError) as error:
            yield f"line {line}: {error}"
            return
    kinds = {info for _, info, _ in blocks(text)}
    yield from (f"no block is '{kind}'" for kind in needed if kind not in kinds)


def walk_guide(text, binary):
    return walk(text, binary, ("json service", "console"))


# ---- checking ------------------------------------------------------------------------------------------------

def export_person(place, service, export_id, *extra):
    """An archive of person 12, or volumes of it."""
    code, text = place.holdall("export", "-s", str(service), "-u", "12", "-k", "holdall.key", "--as-of", "2026-11-01T00:00:00Z",
                               "--request-id", "2026-11-0042", "--export-id", export_id, "-o", "./", *extra)
    if code != 0:
        raise Wrong(f"there is no archive to check: {text.strip()}")


def prepare_set(place, root):
    """The two volumes of another export, of a service whose pictures are large enough."""
    service = place.folder.parent / "tinbox"
    shutil.copytree(root / "fixtures/minimal", service)
    people = service / "store/people/12/pictures.json"
    pictures = json.loads(people.read_text(encoding="utf-8"))
    for picture in pictures["items"]:
        path = service / f"store/pictures/12/{picture['id']}.png"
        path.write_bytes(path.read_bytes().ljust(LARGE, b"\0"))
        picture["bytes"] = LARGE
    people.write_text(json.dumps(pictures), encoding="utf-8")
    export_person(place, service / "service.json", SET_ID, "--volume-size", str(2 * LARGE))


def prepare_checking(root):
    """What makes the archives and the key that docs/checking.md is about."""
    def make(place):
        place.holdall("keygen")
        (place.folder / "holdall.pub").rename(place.folder / "tinbox.pub")
        export_person(place, root / "fixtures/minimal/service.json", ARCHIVE_ID)
        prepare_set(place, root)
    return make


def walk_checking(text, binary, root):
    lacking = [name for name in PROGRAMS if not shutil.which(name)]
    if lacking:
        print(f"skipped: {CHECKING}, for want of {', '.join(lacking)}")
        return []
    return walk(text, binary, ("console",), prepare_checking(root))


# ---- the README ----------------------------------------------------------------------------------------------

def judge_readme(text, root, binary):
    found = blocks(text)
    descriptions = [body for _, info, body in found if info == "json service"]
    texts = [(info.removeprefix("json "), body) for _, info, body in found if info.startswith("json privacy/")]
    if len(descriptions) != 1:
        yield f"{len(descriptions)} blocks are 'json service', not one"
        return
    lines = sum(body.count("\n") for body in [*descriptions, *(body for _, body in texts)])
    if lines > MOST_LINES:
        yield f"the description and its texts have {lines} lines, more than {MOST_LINES}"
    with tempfile.TemporaryDirectory() as folder:
        place = Place(folder, binary)
        try:
            for name, body in [("service.json", descriptions[0]), *texts]:
                place.write(name, body)
            place.lint()
        except Wrong as error:
            yield str(error)
            return
        yield from export_minimal(place, root)


def export_minimal(place, root):
    """Exports person 12 of the minimal store with the README's description."""
    shutil.copytree(root / "fixtures/minimal/store", place.folder / "store")
    place.holdall("keygen")
    code, text = place.holdall("export", "-s", "service.json", "-u", "12", "-k", "holdall.key", "-o", "a.zip",
                               "--fail-on-drift")
    if code != 0 or "outcome: complete" not in text:
        yield f"the description does not export fixtures/minimal/store ({code}): {text.strip()}"


def judge_links(root):
    """Links from README.md and docs/ to files that are not there."""
    for path in [root / "README.md", *sorted((root / "docs").glob("*.md"))]:
        for target in LINK.findall(path.read_text(encoding="utf-8")):
            if not re.match(r"[a-z]+:", target) and not (path.parent / target).exists():
                yield f"{path.relative_to(root)}: the link to {target} leads nowhere"


# ---- showing that it can fail --------------------------------------------------------------------------------

SMALL = """{ "format": "holdall-service-1",
  "service": { "id": "tin", "name": "Tin", "controller": { "name": "Tin", "email": "a@tin.example" } },
  "subject": { "primary": "user_id", "pattern": "^[0-9]+$" }, "apis": { "files": { "kind": "file", "root": "store" } },
  "categories": [ { "id": "a", "record": "none", "reason": "not_collected", "scope": ["access"] } ] }
"""
GOOD_GUIDE = (f"```json service\n{SMALL}```\n```json at /service/name\n\"Tan\"\n```\n"
              "```console\n$ holdall lint service.json\nok: …\n$ false\n$ echo $?\n1\n```\n")
BAD_GUIDES = [
    ("a broken description", '"holdall-service-1"', '"holdall-service-0"'),
    ("a member that does not fit", '"Tan"', "7"),
    ("an output that is not printed", "ok: …", "fine: …"),
    ("an output left out", "ok: …\n", ""),
    ("another exit code", "\n1\n", "\n0\n"),
    ("no command", "console", "text"),
    ("an unknown kind of block", "console", "sh"),
    ("a file outside the folder", "```console", "```json ../a.json\n{}\n```\n```console"),
]
BAD_READMES = [
    ("no description", "# tin\n"),
    ("two descriptions", f"```json service\n{SMALL}```\n" * 2),
    ("a broken description", "```json service\n{}\n```\n"),
    ("a description that is too long", "```json service\n" + SMALL + "\n" * MOST_LINES + "```\n"),
    ("a description that nobody can be exported with", f"```json service\n{SMALL}```\n".replace("[0-9]", "[a-z]")),
]


def self_test(root, binary):
    for problem in walk_guide(GOOD_GUIDE, binary):
        yield f"self-test: a good guide is refused: {problem}"
    for name, old, new in BAD_GUIDES:
        if GOOD_GUIDE.count(old) != 1 or not list(walk_guide(GOOD_GUIDE.replace(old, new), binary)):
            yield f"self-test: goes unnoticed: {name}"
    for name, text in BAD_READMES:
        if not list(judge_readme(text, root, binary)):
            yield f"self-test: goes unnoticed: {name}"


def main(arguments):
    if len(arguments) != 2:
        print(__doc__.strip().splitlines()[-1].strip(), file=sys.stderr)
        return 2
    root, binary = Path(arguments[0]).resolve(), Path(arguments[1]).resolve()
    pages = {name: root.joinpath(name).read_text(encoding="utf-8") for name in ("README.md", GUIDE, CHECKING)}
    wrong = [*self_test(root, binary),
             *(f"README.md: {problem}" for problem in judge_readme(pages["README.md"], root, binary)),
             *(f"{GUIDE}: {problem}" for problem in walk_guide(pages[GUIDE], binary)),
             *(f"{CHECKING}: {problem}" for problem in walk_checking(pages[CHECKING], binary, root)),
             *judge_links(root)]
    for problem in wrong:
        print(problem)
    print(f"check_readme: {sum(len(blocks(text)) for text in pages.values())} blocks, {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
