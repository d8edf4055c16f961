#!/usr/bin/python3
"""Proves that `holdall verify` judges nothing that it could not read or hold: whatever fails, a bad archive is not called good, nor a good one bad.

The archives are a ZIP with its detached signature, the directory that it was unpacked to, the same in each profile, and a ZIP of which one byte of a
medium is another. strace tells which calls a run makes about one, and about the file that its index spills into; then some of them fail in runs of their own.
faultshim.c denies allocations. Whatever happens: the report of an undisturbed run, or exit code 1 with the verdict "unreadable" and the cause, or one sentence that names it.
As everywhere, what libcrypto and regcomp do without memory is excused, where they crash alone as well.
"""

import functools
import json
import re
import sys
import unittest

sys.dont_write_bytecode = True
import disturbed  # noqa: E402
import harness  # noqa: E402
import readers  # noqa: E402
from harness import complete, scratch  # noqa: E402

SMALL = "small "  # the same of an account with two pictures: a run takes a quarter of the allocations


def flipped(archive):
    """The archive with another byte in its largest picture, and without a detached signature, so that it must be read to be seen."""
    medium = max((archive.tree / "data").rglob("*.png"), key=lambda path: path.stat().st_size)
    raw, data = bytearray(archive.zip.read_bytes()), medium.read_bytes()
    at = raw.index(data) + len(data) // 2
    raw[at] ^= 1
    path = scratch("flipped") / archive.zip.name
    path.write_bytes(raw)
    return path


def cases(archive):
    """What is verified: the place, the words, and the exit code of a calm run."""
    key, bad = ("-p", harness.public_key()), flipped(archive)
    return {"zip": (archive.zip, key, 0),
            "folder": (archive.tree, key, 0),
            "flipped": (bad, key, 1),
            "any zip": (archive.zip, ("--profile", "zip"), 0),
            "any zip, flipped": (bad, ("--profile", "zip"), 1),
            "bag": (archive.tree, ("--profile", "bagit"), 0),
            "zipped bag": (archive.zip, ("--profile", "bagit"), 0),
            "zipped bag, flipped": (bad, ("--profile", "bagit"), 1)}


@functools.cache
def asked():
    small = harness.export("123", description=harness.root() / "fixtures/minimal/service.json")
    return cases(complete()) | {SMALL + what: case for what, case in cases(small).items()}


def words(what):
    place, more, _ = asked()[what]
    return ["verify", place, *more, "--format", "json"]


@functools.cache
def calm(what):
    """The report of an undisturbed run, by which the others are judged; it is what it is meant to be."""
    done = readers.run([harness.binary(), *words(what)], harness.environment())
    verdict = json.loads(done.stdout)["results"][0]["verdict"]
    if done.returncode != asked()[what][2] or verdict != ("invalid" if asked()[what][2] else "valid"):
        raise AssertionError(done)
    return done


def judge(what, done, cause):
    """What is wrong with a finished run."""
    err = done.stderr.decode("utf-8", "replace")
    if disturbed.crashed(done.returncode, err):
        yield f"it crashed: {err[-2000:]}"
    elif (done.returncode, done.stdout) != (calm(what).returncode, calm(what).stdout):
        yield from unread(done, err, cause)


def unread(done, err, cause):
    """A run that did not judge: its report says so, or there is none and a sentence says why."""
    try:
        result = json.loads(done.stdout)["results"][0] if done.stdout else None
    except ValueError:
        yield f"half a report: {done.stdout[:200]}"
        return
    told = err + json.dumps(result)
    if done.returncode != 1 or (result and result["verdict"] != "unreadable"):
        yield f"exit code {done.returncode}, {result and (result['verdict'], result['findings'])}: {err!r}"
    elif not result and not re.fullmatch(r"holdall: [^\n]*\n", err):
        yield f"it does not say why there is no report: {err!r}"
    elif not re.search(cause, told):
        yield f"it does not name the cause: {told!r}"


class Calls(unittest.TestCase):
    """A call about a file fails."""

    def fail(self, chosen, place, error, cause):
        """How many runs could not judge. PLACE: what the names of the files have that the calls are about."""
        problems, tried, failed = [], 0, 0
        for what in chosen:
            done, points = readers.calls_about(words(what), place or asked()[what][0])
            self.assertEqual((done.returncode, done.stdout), (calm(what).returncode, calm(what).stdout))
            for call, number in points:
                done, _ = readers.with_fault(words(what), f"{call}:error={error}:when={number}")
                tried, failed = tried + 1, failed + (done.stdout != calm(what).stdout)
                problems += [f"{what}, {call} {number}: {one}" for one in judge(what, done, cause)]
        print(f"{failed} of {tried} runs could not judge", file=sys.stderr)
        self.assertEqual(problems, [])
        return failed

    def test_archive(self):
        self.assertGreater(self.fail([what for what in asked() if not what.startswith(SMALL)], None, "EIO", "Input/output error"), 30)

    def test_temporary_index(self):
        """What does not fit into the memory of SQLite lies in a file without a name; SQLite has its own words."""
        for error, cause in (("EIO", "disk I/O error|unable to open"), ("ENOSPC", "is full|unable to open|disk I/O error")):
            with self.subTest(error):
                self.assertGreater(self.fail(("zip", "flipped", "zipped bag"), "etilqs_", error, cause), 5)


class Memory(unittest.TestCase):
    def deny(self, what, keeps, number):
        done, problems = readers.with_denied(words(what), number, keeps, functools.partial(judge, what), "failed")
        self.failed += done.stdout != calm(what).stdout
        return problems

    def test_allocations(self):
        points, self.failed = [], 0
        for what in (what for what in asked() if what.startswith(SMALL)):
            done, keeps, numbers = readers.allocations(words(what))
            self.assertEqual(done.returncode, calm(what).returncode, done)
            points += [(what, keeps, number) for number in numbers]
        found = disturbed.side_by_side(lambda point: self.deny(*point), points)
        print(f"{self.failed} of {len(points)} runs could not judge", file=sys.stderr)
        self.assertEqual(found, [], f"{len(found)} problems")
        self.assertGreater(self.failed, len(points) // 4)


if __name__ == "__main__":
    harness.main()
