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
import harness  # noqa: E402
import readers  # noqa: E402
from harness import complete, scratch  # noqa: E402
from readers import run  # noqa: E402

UNWRITABLE = rb"\A(holdall: ([^\n]*: )?standard output cannot be written[^\n]*\n){1,2}\Z"  # where it stopped, and again at the end
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

    def test_reads(self):
        problems, tried, failed = [], 0, 0
        for what, place in (("entry", complete().zip), ("entry", complete().tree), ("record", complete().tree), ("overview", complete().zip)):
            words = ["inspect", place, *asked()[what][0]]
            calm_run, points = readers.calls_about(words, place)
            self.assertEqual(calm_run.returncode, 0, calm_run)
            for call, number in points:
                done, _ = readers.with_fault(words, f"{call}:error=EIO:when={number}")
                tried, failed = tried + 1, failed + (done.returncode == 1)
                problems += [f"{what} of {place.name}, {call} {number}: {one}" for one in judge(what, done, "Input/output error")]
        print(f"{failed} of {tried} runs failed", file=sys.stderr)
        self.assertEqual(problems, [])
        self.assertGreater(failed, 20)

    def test_into_a_file(self):
        folder = scratch("out")
        words = ["inspect", complete().zip, *asked()["entry"][0], "-o", folder / "x"]
        _, points = readers.calls_about(words, complete().zip)
        for call, number in points[::4] + points[-1:]:
            (folder / "x").unlink(missing_ok=True)
            done, _ = readers.with_fault(words, f"{call}:error=EIO:when={number}")
            self.assertEqual((done.returncode, harness.leftovers(folder)), (1, []), (call, number, done))
            self.assertIn(b"Input/output error", done.stderr)


class Memory(unittest.TestCase):
    def words(self, what):
        return ["inspect", complete().zip, *asked()[what][0]]

    def deny(self, what, keeps, number):
        return readers.with_denied(self.words(what), number, keeps, functools.partial(judge, what), "failed$")[1]

    def test_allocations(self):
        points = []
        for what in ("entry", "record", "list"):
            done, keeps, numbers = readers.allocations(self.words(what))
            self.assertEqual(done.returncode, 0, done)
            points += [(what, keeps, number) for number in numbers]
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
