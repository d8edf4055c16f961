#!/usr/bin/python3
"""Proves that memory which runs out at any moment ends a run cleanly: exit code 1 and a sentence about memory, or success.

faultshim.c denies the N-th allocation of a small export, whoever asks for it: holdall, jansson, SQLite, libzip, OpenSSL or
the C library. A run never crashes, hangs, loses memory, publishes an archive with other bytes than those of an undisturbed
run, or takes what it has no memory for as something that is missing or wrong.

Libraries of Debian 12 break this, and are excused where the denied allocation was theirs, and for nothing else: glibc's
regcomp frees memory twice (also with the fix of CVE-2025-8058) and loses some; libcrypto 3.0 crashes when its own
initialisation gets no memory, loses some of its tables, and does not always say why a hash failed. That they crash without
holdall too is tried before a crash is excused.

The first DENSE allocations are tried one by one, then every EVERY-th; HOLDALL_FAULTS=all tries each. With sanitizers, which
look for lost memory more closely, fewer are tried.
"""

import random
import sys
import unittest

sys.dont_write_bytecode = True
import disturbed  # noqa: E402
import faultshim  # noqa: E402
import harness  # noqa: E402
import scale  # noqa: E402
from readers import Denied  # noqa: E402

DENSE, EVERY = (20, 1499) if harness.SANITIZED else (60, 293)


def tiny():
    """An account with two files, which is enough to come along everywhere."""
    place = harness.scratch("tiny")
    base = place / "store" / "users" / scale.SUBJECT
    (base / "files").mkdir(parents=True)
    scale.put(base.parent / f"{scale.SUBJECT}.json", {"id": scale.SUBJECT, "name": "Scale Sample"})
    items = []
    for number, size in enumerate((100, 5000)):
        (base / "files" / f"{number}.bin").write_bytes(random.Random(number).randbytes(size))
        items.append({"id": f"f{number}", "user": scale.SUBJECT, "title": f"File {number}", "at": 1735689600,
                      "key": f"users/{scale.SUBJECT}/files/{number}.bin", "size": size})
    scale.write_pages(base, items, len(items))
    scale.put(place / "service.json", scale.description(False))
    scale.put(place / "privacy" / "en.json", scale.texts())
    return disturbed.Export(place / "service.json", scale.SUBJECT, *disturbed.LIMITED)


def environment(place, number):
    """With sanitizers there is no trace: to make one takes memory that is never given back."""
    trace = {} if harness.SANITIZED else {"trace": place.folder / "trace"}
    return faultshim.environment(place.folder / "told", alloc=number, **trace)


class Memory(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.export, cls.excused = tiny(), []
        place = disturbed.Place(cls.export)
        told = place.folder / "told"
        code, err = disturbed.finish(disturbed.start([harness.binary(), *place.words()], environment(place, 0)))
        if code != 0:
            raise AssertionError(f"the watched run ended with {code}: {err}")
        cls.calm = faultshim.Told(told)
        assert cls.export.reference

    def deny(self, number):
        """What is wrong with a run whose NUMBER-th allocation is denied."""
        place = disturbed.Place(self.export)
        code, err = disturbed.finish(disturbed.start([harness.binary(), *place.words()], environment(place, number)))
        denied = Denied(place.folder / "trace", err)
        if code is None:
            yield "it hangs"
        elif disturbed.crashed(code, err) and denied.may_crash:
            self.excused.append(number)
            yield from place.published()
        else:
            yield from self.judge(place, code, err, denied)
        place.remove()

    def judge(self, place, code, err, denied):
        told = place.folder / "told"
        yield from (f"{problem} [{denied}]" for problem in disturbed.ended(place, code, err, (0, disturbed.FAILED)))
        if code == disturbed.FAILED and "memory" not in err and not (err.endswith(" failed\n") and (denied.libcrypto or harness.SANITIZED)):
            yield f"it does not speak of memory: {err.strip()} [{denied}]"
        lost = faultshim.Told(told).live - self.calm.live if told.exists() else 0
        excused = denied.libcrypto or denied.regcomp or harness.SANITIZED  # which has its own way
        if lost > disturbed.SPARE and not excused:
            yield f"it lost {lost} blocks [{denied}]"
        for path in (told, place.folder / "trace"):
            path.unlink(missing_ok=True)
        yield from place.strays(stage=code in disturbed.KEEPS, hidden=False)

    def test_every_allocation(self):
        last = self.calm.allocations
        points = range(1, last + 1) if disturbed.ALL else [*range(1, DENSE + 1), *range(DENSE + EVERY, last + 1, EVERY)]
        found = disturbed.side_by_side(self.deny, points)
        print(f"{len(points)} of {last} allocations; {len(self.excused)} crashes in libraries: {self.excused}", file=sys.stderr)
        self.assertEqual(found, [], f"{len(found)} problems in {len(points)} runs")
        self.assertLessEqual(len(self.excused), len(points) // 20, "too much is excused")


if __name__ == "__main__":
    harness.main()
