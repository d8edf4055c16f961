"""What every end-to-end test needs: running holdall, temporary folders, one key pair, exports of the sample accounts.

It owns the command line of a test file (HOLDALL_BINARY PROJECT_ROOT), its exit code and its temporary folder. It
refuses to run without a binary, to call a file in which no test ran a success, and to overlook a sanitizer's finding:
such a finding in any run of holdall fails the test that started it. A file whose tests were all skipped ends with 77
and says why.
"""

import atexit
import contextlib
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from datetime import datetime
from pathlib import Path

AS_OF = "2026-11-01T00:00:00Z"
EXPORT_ID = "0d5c2f4e-8f7b-4a53-9d1c-6b1f6f1b7a10"
COMPLETE = "usr_7k2m9x4qp1za"
TROUBLED = "usr_3f8t5w0rb6dn"
SANITIZED = "ASAN_OPTIONS" in os.environ
TIMEOUT = 120 * (4 if SANITIZED else 1)
SPARE = str(1 << 20)  # bytes of freed memory that glibc keeps: to give them back and get them again is a third of a short run's time
QUARANTINE = "quarantine_size_mb=8"  # of freed memory, before it is used again: with 256 MiB most of a run's time goes into fresh pages
FINDING = re.compile(r"ERROR: \w+Sanitizer|runtime error:|WARNING: \w+Sanitizer")
SKIP = 77


class Run:
    """One finished run of a program: the command, its exit code, and what it printed."""

    def __init__(self, argv, done):
        self.argv = [str(word) for word in argv]
        self.code = done.returncode
        self.raw = done.stdout
        self.out = done.stdout.decode("utf-8", "surrogateescape")
        self.err = done.stderr.decode("utf-8", "surrogateescape")

    def __str__(self):
        return (f"$ {' '.join(self.argv)}\nexit code {self.code}\n"
                f"--- stdout\n{self.out[-4000:]}\n--- stderr\n{self.err[-4000:]}")


class _State:
    """What main() sets before the tests run."""
    binary = None
    root = None
    folder = None
    ends = contextlib.ExitStack()


def stand(root, folder):
    """For what is no test file: the project's folder, and one for everything temporary."""
    _State.root, _State.folder = Path(root), Path(folder)


def at_end(what):
    """Calls WHAT after the last test: while the scratch folder is still there, so that nobody writes into it while it is removed.
    Where there are no tests, when the process ends."""
    _State.ends.callback(what)


atexit.register(_State.ends.close)


def binary():
    return _State.binary


def root():
    """The project's folder."""
    return _State.root


def fixture(*parts):
    return root().joinpath("fixtures", "claakit", *parts)


def service():
    """The description of the sample service."""
    return fixture("service.json")


def scratch(name="t"):
    """A new empty folder, gone when the test file ends."""
    return Path(tempfile.mkdtemp(prefix=name + "-", dir=_State.folder))


def environment(**changes):
    """This process's environment without what would steer holdall; None removes a variable."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(("HOLDALL", "LC_", "MESON")) and name not in ("TZ", "LANG", "LANGUAGE")}
    kept.update(LANG="C.UTF-8", NO_COLOR="1", HOME=str(_State.folder), MALLOC_TOP_PAD_=SPARE)
    for name, value in changes.items():
        if value is None:
            kept.pop(name, None)
        else:
            kept[name] = str(value)
    if "ASAN_OPTIONS" in kept:
        kept["ASAN_OPTIONS"] += ":" + QUARANTINE
    return kept


def command(*argv, cwd=None, env=None, stdin=b"", timeout=TIMEOUT, **popen):
    """Runs any program to its end and returns a Run; it never raises because of an exit code."""
    done = subprocess.run([os.fspath(word) for word in argv], cwd=cwd or _State.folder, env=env or environment(),
                          input=stdin, capture_output=True, timeout=timeout, check=False, **popen)
    return Run(argv, done)


def holdall(*argv, **options):
    """Runs holdall. A sanitizer's finding or death by a signal is an error wherever it happens."""
    run = command(binary(), *argv, **options)
    if FINDING.search(run.err) or run.code < 0 or run.code in (132, 134, 135, 136, 139):
        raise AssertionError(f"holdall crashed, or a sanitizer found something:\n{run}")
    return run


# ---- keys --------------------------------------------------------------------------------------------------

def new_keys(name="keys"):
    """A fresh key pair by `holdall keygen`: the folder with holdall.key and holdall.pub."""
    folder = scratch(name)
    run = holdall("keygen", "-o", folder)
    if run.code != 0:
        raise AssertionError(f"keygen failed:\n{run}")
    return folder


@functools.cache
def keys():
    """The key pair of this test file."""
    return new_keys()


def secret_key():
    return keys() / "holdall.key"


def public_key():
    return keys() / "holdall.pub"


def public_text(pub=None):
    """The base64 line of a public key file."""
    return Path(pub or public_key()).read_text(encoding="ascii").splitlines()[1]


# ---- exports -----------------------------------------------------------------------------------------------

class Archive:
    """A published archive and everything its run left: paths, report and events."""

    def __init__(self, folder, run):
        self.folder, self.run = folder, run
        self.zip = only(folder.glob("*.zip"), run)
        self.signature = self.zip.with_name(self.zip.name + ".minisig")
        self.stem = self.zip.stem
        self.report_path = folder.parent / "report.json"
        self.events_path = folder.parent / "events.jsonl"

    @functools.cached_property
    def tree(self):
        """The top directory of the unpacked archive, unpacked once by unzip."""
        place = scratch("tree")
        run = command("unzip", "-q", self.zip, "-d", place)
        if run.code != 0:
            raise AssertionError(f"unzip failed:\n{run}")
        return place / self.stem

    @functools.cached_property
    def report(self):
        return read_json(self.report_path)

    @functools.cached_property
    def export(self):
        return read_json(self.tree / "data" / "export.json")

    @functools.cached_property
    def events(self):
        return read_lines(self.events_path)

    def records(self, category):
        """The records of one category (an object of export.json) as objects, in their order."""
        return [record for shard in category["shards"] for record in read_lines(self.tree / shard["path"])]


def only(found, run):
    found = list(found)
    if len(found) != 1:
        raise AssertionError(f"expected one archive, found {[path.name for path in found]}:\n{run}")
    return found[0]


def export_arguments(subject, folder, *extra, description=None, key=None):
    return ["export", "-s", description or service(), "-u", subject, "-k", key or secret_key(), "-o", f"{folder}/",
            "--as-of", AS_OF, *extra]


def try_export(subject, folder, *extra, description=None, key=None, **options):
    """Runs an export into FOLDER; any exit code will do."""
    return holdall(*export_arguments(subject, folder, *extra, description=description, key=key), **options)


def export(subject, *extra, code=0, **options):
    """Exports an account into a fresh folder, with report and events beside it; any other exit code is an error."""
    place = scratch("export")
    folder = place / "out"
    folder.mkdir()
    run = try_export(subject, folder, "--report", place / "report.json", "--events", place / "events.jsonl",
                     *extra, **options)
    if run.code != code:
        raise AssertionError(f"expected exit code {code}:\n{run}")
    return Archive(folder, run)


@functools.cache
def complete():
    """The complete account's archive, made once a test file."""
    return export(COMPLETE)


@functools.cache
def troubled():
    """The troubled account's archive, made once a test file."""
    return export(TROUBLED, "--allow-partial", code=3)


KEPT = re.compile(r"archive-\d{2,3}\.(part|minisig)|\.archive-\d{2,3}\.minisig\.\w{6}|index\.sqlite(-journal)?")


def kept(folder):
    """The directories of unfinished work in FOLDER. Each is closed to others, and holds what it may hold and nothing else."""
    found = sorted(path for path in Path(folder).iterdir() if path.name.endswith(".holdall"))
    for path in found:
        names = leftovers(path)
        if path.stat().st_mode & 0o777 != 0o700 or "index.sqlite" not in names or not all(KEPT.fullmatch(name) for name in names):
            raise AssertionError(f"{path.name} is no closed directory of unfinished work: {names}")
    return found


def published(folder):
    """What stands in FOLDER beside unfinished work, as sorted names."""
    work = kept(folder)
    return sorted(path.name for path in Path(folder).iterdir() if path not in work)


def leftovers(folder):
    """Everything that stands in a folder, as sorted names; nothing may stand there after a refused export."""
    return sorted(path.relative_to(folder).as_posix() for path in Path(folder).rglob("*"))


# ---- JSON --------------------------------------------------------------------------------------------------

def read_json(path):
    return json.loads(Path(path).read_text(encoding="utf-8"))


def seconds(when):
    """Whole seconds since 1970 of a time of a record, rounded down as a ZIP entry has it."""
    return int(datetime.fromisoformat(when.replace("Z", "+00:00")).timestamp() // 1)


def read_lines(path):
    """JSON Lines: one object a line, each ended by a newline and by nothing else."""
    data = Path(path).read_bytes()
    if data and not data.endswith(b"\n"):
        raise AssertionError(f"{path} does not end with a newline")
    return [json.loads(line) for line in data.split(b"\n")[:-1]]


def schema(name):
    return read_json(root() / "formats" / f"{name}.schema.json")


def schema_errors(document, where, ref=None):
    """What jsonschema has against DOCUMENT under a schema, or under the definition REF (`#/$defs/x`) in it."""
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}"
            for error in _validator(json.dumps(where), ref).iter_errors(document)]


@functools.lru_cache(maxsize=64)
def _validator(text, ref):
    import jsonschema
    whole = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(whole)
    if ref is not None:
        whole = {"$schema": whole.get("$schema"), "$defs": whole["$defs"], "$ref": ref}
    return jsonschema.Draft202012Validator(whole)


def strings_in(value):
    """Every string inside a JSON value; not the keys."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from strings_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from strings_in(part)


# ---- the test file itself ----------------------------------------------------------------------------------

def need(*programs):
    """Skips the test when a program that it needs is not there."""
    for program in programs:
        if shutil.which(program) is None:
            raise unittest.SkipTest(f"{program} is not installed")


def _finish(result):
    """The exit code: a file with no passed test is no success."""
    if not result.wasSuccessful():
        return 1
    if result.testsRun == 0 and not result.skipped:
        print("no test ran", file=sys.stderr)
        return 1
    if result.testsRun <= len(result.skipped):
        for test, reason in result.skipped:
            print(f"skipped: {test}: {reason}")
        return SKIP
    return 0


def main():
    """Runs the tests of the calling file: FILE HOLDALL_BINARY PROJECT_ROOT [TEST NAME…]."""
    if len(sys.argv) < 3:
        print(f"usage: {sys.argv[0]} HOLDALL_BINARY PROJECT_ROOT [TEST…]", file=sys.stderr)
        sys.exit(1)
    _State.binary, _State.root = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    if not os.access(_State.binary, os.X_OK) or not _State.binary.is_file():
        print(f"there is no program {_State.binary}", file=sys.stderr)
        sys.exit(1)
    with tempfile.TemporaryDirectory(prefix="holdall-e2e-") as folder, _State.ends:
        _State.folder = Path(folder)
        program = unittest.main(argv=[sys.argv[0], *sys.argv[3:]], exit=False, verbosity=2)
        code = _finish(program.result)
    sys.exit(code)
