#!/usr/bin/python3
"""Proves that `holdall inspect` never calls something whole that it could not read, hold or write.

strace tells which calls it makes about an archive, a ZIP and a directory; then some of them fail with EIO in runs of their own. faultshim.c denies
allocations. Standard output is full, closed, or a pipe that nobody reads. Whatever happens: exit code 0 with all that was asked for, or exit code 1,
one sentence that names the cause, and no byte that is not of the file; a file of -o is whole or not there. As everywhere, what glibc's regcomp and
libcrypto do without memory is excused, where they crash alone as well.
"""

import functools
import json
import os
import re
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
import disturbed  # noqa: E402
import faultshim  # noqa: E402
import harness  # noqa: E402
from harness import complete, scratch  # noqa: E402
from test_faults_memory import Denied  # noqa: E402

UNWRITABLE = rb"\A(holdall: ([^\n]*: )?standard output cannot be written[^\n]*\n){1,2}\Z"  # where it stopped, and again at the end
CALLS = ("read", "pread64", "openat", "fstat", "newfstatat", "lseek", "getdents64")
LINE = re.compile(r"[0-9]+ +([a-z0-9]+)\((.*)\) += (-?[0-9]+|\?)(.*)")
READS = 2 if harness.SANITIZED else 4  # of each call, besides the first and the last one
DENSE, ALLOCATIONS = (5, 8) if harness.SANITIZED else (20, 40)
LARGE = 100_000  # more than standard output takes at once


@functools.cache
def asked():
    """What is asked for, each with what has to come: the words, and the bytes or None."""
    archive = complete()
    files = {path.stat().st_size: path for path in archive.tree.rglob("*") if path.is_file()}
    medium = files[max(size for size, path in files.items() if "media" in path.parts)]
    record = archive.records(next(one for one in archive.export["categories"] if one["id"] == "prompts"))[-1]
    assert medium.stat().st_size > LARGE
    return {"entry": (("--entry", medium.relative_to(archive.tree).as_posix()), medium.read_bytes()),
            "text": (("--entry", "README.txt"), (archive.tree / "README.txt").read_bytes()),
            "record": (("--record", f"prompts/{record['id']}"), record),
            "list": (("--entries", "--format", "json"), None),
            "overview": (("--format", "json"), None)}


def is_whole(what, raw):
    """Whether RAW is all that was asked for."""
    due = asked()[what][1]
    if isinstance(due, bytes):
        return raw == due
    try:
        got = json.loads(raw)
    except ValueError:
        return False
    return got == due if due else got == json.loads(calm(what).stdout)


@functools.cache
def calm(what):
    return subprocess.run([harness.binary(), "inspect", complete().zip, *asked()[what][0]], capture_output=True, check=True)


def run(words, env):
    return subprocess.run([os.fspath(word) for word in words], env=env, capture_output=True, check=False, timeout=disturbed.SECONDS)


def judge(what, done, cause):
    """What is wrong with a finished run."""
    err = done.stderr.decode("utf-8", "replace")
    if disturbed.crashed(done.returncode, err):
        yield f"it crashed: {err[-2000:]}"
    elif done.returncode == 0:
        if not is_whole(what, done.stdout):
            yield "it claims success, and that is not what was asked for"
    elif done.returncode != 1 or not re.fullmatch(r"holdall: [^\n]*\n", err):
        yield f"exit code {done.returncode}: {err!r}"
    elif not re.search(cause, err):
        yield f"it does not name the cause: {err!r}"
    elif isinstance(asked()[what][1], bytes) and not asked()[what][1].startswith(done.stdout):
        yield "there are bytes that are not of the file"


class Reads(unittest.TestCase):
    """A call about the archive fails with EIO."""

    def strace(self, words, fault=None):
        log = scratch("strace") / "log"
        line = ["strace", "-f", "--seccomp-bpf", "-qq", "-y", "-o", log, "-e", f"trace={','.join(CALLS)}", "-e", "signal=none",
                *(["-e", f"inject={fault}"] if fault else []), harness.binary(), "inspect", *words]
        env = harness.environment(ASAN_OPTIONS="detect_leaks=0:abort_on_error=1") if harness.SANITIZED else harness.environment()
        return run(line, env), log.read_text(encoding="utf-8", errors="replace").splitlines()

    def points(self, words, place):
        """(call, number) of calls about the archive: the first and the last of each name, and some between them."""
        done, lines = self.strace(words)
        self.assertEqual(done.returncode, 0, done)
        counts, found = {}, {}
        for line in lines:
            parts = LINE.fullmatch(line)
            if parts:
                counts[parts[1]] = counts.get(parts[1], 0) + 1
                if str(place) in parts[2] + parts[4]:
                    found.setdefault(parts[1], []).append(counts[parts[1]])
        for call, numbers in found.items():
            step = max(1, len(numbers) // READS)
            yield from ((call, number) for number in sorted({*numbers[::step], numbers[-1]}))

    def test_reads(self):
        problems, tried, failed = [], 0, 0
        for what, place in (("entry", complete().zip), ("entry", complete().tree), ("record", complete().tree), ("overview", complete().zip)):
            words = [place, *asked()[what][0]]
            for call, number in self.points(words, place):
                done, _ = self.strace(words, f"{call}:error=EIO:when={number}")
                tried, failed = tried + 1, failed + (done.returncode == 1)
                problems += [f"{what} of {place.name}, {call} {number}: {one}" for one in judge(what, done, "Input/output error")]
        print(f"{failed} of {tried} runs failed", file=sys.stderr)
        self.assertEqual(problems, [])
        self.assertGreater(failed, 20)

    def test_into_a_file(self):
        folder = scratch("out")
        words = [complete().zip, *asked()["entry"][0], "-o", folder / "x"]
        points = list(self.points(words, complete().zip))
        for call, number in points[::4] + points[-1:]:
            (folder / "x").unlink(missing_ok=True)
            done, _ = self.strace(words, f"{call}:error=EIO:when={number}")
            self.assertEqual((done.returncode, harness.leftovers(folder)), (1, []), (call, number, done))
            self.assertIn(b"Input/output error", done.stderr)


class Memory(unittest.TestCase):
    def deny(self, what, number):
        place = scratch("memory")
        trace = {} if harness.SANITIZED else {"trace": place / "trace"}
        env = faultshim.environment(place / "told", alloc=number, **trace)
        done = run([harness.binary(), "inspect", complete().zip, *asked()[what][0]], env)
        err = done.stderr.decode("utf-8", "replace")
        denied = Denied(place / "trace", err)
        if disturbed.crashed(done.returncode, err) and denied.may_crash:
            return
        cause = "memory|failed$" if denied.libcrypto or harness.SANITIZED else "memory"
        yield from (f"{what}, allocation {number}: {one} [{denied}]" for one in judge(what, done, cause))

    def test_allocations(self):
        points = []
        for what in ("entry", "record", "list"):
            told = scratch("told") / "told"
            done = run([harness.binary(), "inspect", complete().zip, *asked()[what][0]], faultshim.environment(told, alloc=0))
            self.assertEqual(done.returncode, 0, done)
            last = faultshim.Told(told).allocations
            step = max(1, (last - DENSE) // ALLOCATIONS)
            points += [(what, number) for number in [*range(1, DENSE), *range(DENSE, last + 1, step), last]]
        found = disturbed.side_by_side(lambda point: self.deny(*point), points)
        print(f"{len(points)} allocations", file=sys.stderr)
        self.assertEqual(found, [], f"{len(found)} problems")


class Output(unittest.TestCase):
    """What cannot be written is an error, however little it is."""

    def refused(self, how):
        for what, (words, _) in asked().items():
            for text in (False, True):
                if text and "json" not in words:
                    continue
                chosen = [word for word in words if not text or word not in ("--format", "json")]
                with self.subTest(f"{what} {'as text' if text else ''}"):
                    done = run(["sh", "-c", f'exec "$@" {how}', "sh", harness.binary(), "inspect", complete().zip, *chosen], harness.environment())
                    self.assertEqual((done.returncode, done.stdout), (1, b""), done)
                    self.assertRegex(done.stderr, UNWRITABLE)

    def test_full(self):
        self.refused(">/dev/full")

    def test_closed(self):
        self.refused(">&-")

    def test_nobody_reads(self):
        for what, (words, _) in asked().items():
            with self.subTest(what):
                reader, writer = os.pipe()
                os.close(reader)
                done = subprocess.run([harness.binary(), "inspect", complete().zip, *words], env=harness.environment(), stdout=writer,
                                      stderr=subprocess.PIPE, check=False, timeout=disturbed.SECONDS)
                os.close(writer)
                self.assertEqual(done.returncode, 1, done)
                self.assertRegex(done.stderr, UNWRITABLE)


if __name__ == "__main__":
    harness.main()
