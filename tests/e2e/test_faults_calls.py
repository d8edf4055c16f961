#!/usr/bin/python3
"""Proves that a system call which fails, or at which the run is killed, never leaves half an archive or a lie about it.

strace tells which calls a small export makes to write, sync, rename, create, remove or lock; then each of them fails once,
with ENOSPC or EIO, in a run of its own, and in another run the process is killed at it. Whatever happens: the run ends
soon, with a documented exit code and one sentence; the target is absent, or whole with its signature; nothing lies about
that the manual page does not name; a file whose fsync failed is not synced again; and a second run gives the very bytes of
an undisturbed one.

Every EVERY-th point is tried for one of the errors and every third of these for both; with HOLDALL_FAULTS=all in the environment each is
tried for both. What strace cannot do, test_faults_writes.py does.
"""

import collections
import re
import sys
import unittest

sys.dont_write_bytecode = True
import disturbed  # noqa: E402
import fake  # noqa: E402
import harness  # noqa: E402
import test_faults_kill  # noqa: E402
import test_http_load  # noqa: E402

CALLS = ("write", "pwrite64", "writev", "pwritev", "fsync", "fdatasync", "ftruncate", "fallocate", "rename", "renameat", "renameat2", "openat",
         "mkdir", "mkdirat", "unlink", "unlinkat", "rmdir", "flock", "link", "linkat", "fchown", "fchmod", "symlink")
LINE = re.compile(r"[0-9]+ +([a-z0-9_]+)\((.*)\) += (-?[0-9]+|\?)(.*)")
SYNC = re.compile(r"[0-9]+ +(?:fsync|fdatasync)\([0-9]+<(.*?)>\) += (.*)")
INDEX = re.compile(r"\.holdall(/index\.sqlite(-journal)?)?$")  # SQLite syncs the directory, too
EVERY = 5


class Point(collections.namedtuple("Point", "call number what")):
    """The NUMBER-th call of that name; WHAT it was about in the run that was only watched."""

    def __str__(self):
        return f"{self.call} {self.number} ({self.what})"


def strace(log, fault=None):
    """The words before a program's own. With --seccomp-bpf only these calls are slowed down, but strace 6.1 then sends no signal."""
    quick = [] if fault and "signal=" in fault else ["--seccomp-bpf"]
    return ["strace", "-f", *quick, "-qq", "-y", "-s", "80", "-o", log, "-e", f"trace={','.join(CALLS)}", "-e", "signal=none",
            *(["-e", f"inject={fault}"] if fault else [])]


def lines_of(log):
    return log.read_text(encoding="utf-8", errors="replace").splitlines()


def points(export):
    """Every call of a watched run that changes something; opening for reading does not."""
    place = disturbed.Place(export)
    log = place.folder / "log"
    code, err = disturbed.finish(disturbed.start([*strace(log), harness.binary(), *place.words()]))
    if code != 0:
        raise AssertionError(f"the watched run ended with {code}: {err}")
    counts, found = collections.Counter(), []
    for line in lines_of(log):
        parts = LINE.fullmatch(line)
        if parts is None:
            continue
        counts[parts[1]] += 1
        if parts[1] != "openat" or "O_CREAT" in parts[2] or "O_TMPFILE" in parts[2]:
            found.append(Point(parts[1], counts[parts[1]], parts[2].replace(str(place.folder), "")[:100] + parts[4][:8]))
    place.remove()
    return found


def synced_again(told, code):
    """A file whose fsync failed may have lost what was written to it; a second fsync that succeeds would hide that.

    SQLite undoes the transaction that it could not sync, writes the old pages again and syncs these: no second try at the
    same bytes. But then the run must have failed. It passes over a directory that it could not sync."""
    failed = set()
    for line in told:
        parts = SYNC.fullmatch(line)
        if parts and parts[1] in failed and not (INDEX.search(parts[1]) and (code or parts[1].endswith(".holdall"))):
            yield f"{parts[1]} is synced again after its fsync failed"
        if parts and "EIO" in parts[2]:
            failed.add(parts[1])


def codes_of(point, error):
    """0 where the call does not matter. A full disk is told from a broken one, where it is a write that finds it full."""
    if error == "ENOSPC":
        # Of its own outputs that cannot be written it does not say more than that.
        return (0, disturbed.RETRY) if point.call in ("pwrite64", "pwritev") else (0, disturbed.RETRY, disturbed.FAILED)
    return (0, disturbed.FAILED)


class Case(unittest.TestCase):
    maxDiff = 10000

    def setUp(self):
        self.missed = []  # writes that a run had less of than the watched one

    def try_point(self, point, fault, codes, export=None):
        """One run with that fault, and the next; what is wrong with them. CODES is None for a run that is killed."""
        place = disturbed.Place(export or disturbed.export())
        log = place.folder / "log"
        words = strace(log, f"{point.call}:{fault}:when={point.number}")
        code, err = disturbed.finish(disturbed.start([*words, harness.binary(), *place.words()]))
        told = lines_of(log)
        log.unlink()
        happened = code == -9 if codes is None else any("(INJECTED)" in line for line in told)
        if not happened and point.call == "write" and sum(" write(" in line for line in told) < point.number:
            self.missed.append(point)
            happened = True
        if code is None:
            yield "it hangs"
        elif codes is None:
            if not happened:
                yield f"it was not killed, but ended with {code}: {err}"
            yield from place.published()
        else:
            if not happened:
                yield "the fault did not happen"
            yield from disturbed.ended(place, code, err, codes)
            yield from synced_again(told, code)
        # Who cannot lock the stage, which is empty then, does not touch it any more; who cannot remove something leaves it.
        removal = point.call in ("unlink", "unlinkat", "rmdir")
        stays = codes is None or code in disturbed.KEEPS or removal or point.call == "flock"
        yield from place.strays(stage=stays, hidden=codes is None or removal)
        if place.left():
            yield from place.second()
        place.remove()

    def check(self, found, count):
        self.assertEqual(found, [], f"{len(found)} problems in {count} runs")
        self.assertLess(len(self.missed), max(count // 10, 2), "how many lines of progress a run writes hangs on the clock, but so many?")
        print(f"{count} runs", file=sys.stderr)


class Faults(Case):
    @classmethod
    def setUpClass(cls):
        harness.need("strace")
        cls.points = points(disturbed.export())

    def test_fails(self):
        """Each call fails once: a full disk, or one that is broken."""
        points = disturbed.thinned(self.points, EVERY)
        jobs = [(point, error) for number, point in enumerate(points) for error in ("ENOSPC", "EIO")
                if disturbed.ALL or number % 3 == 0 or number % 2 == (error == "EIO") or point.call in ("fsync", "fdatasync")]
        found = disturbed.side_by_side(lambda job: self.try_point(job[0], "error=" + job[1], codes_of(*job)), jobs)
        self.check(found, len(jobs))

    def test_is_killed(self):
        """The process is killed at each call."""
        points = disturbed.thinned(self.points, EVERY)
        found = disturbed.side_by_side(lambda point: self.try_point(point, "signal=KILL", None), points)
        self.check(found, len(points))


class Order(Case):
    def test_the_archive_comes_before_the_index(self):
        """When a transaction of the index is final, all that was written to the archive has been synced: a kill would not show it, a power cut would."""
        harness.need("strace")
        unsynced, commits, covered = 0, 0, 0
        for point in points(disturbed.export()):
            if "archive-01.part" in point.what and point.call == "pwrite64":
                unsynced += 1
            elif "archive-01.part" in point.what and point.call == "fsync":
                covered, unsynced = covered + unsynced, 0
            elif "index.sqlite-journal" in point.what and point.call == "ftruncate":
                commits += 1
                self.assertEqual(unsynced, 0, f"commit {commits} speaks of bytes that are not on the disk")
        self.assertGreater(commits, 3)
        self.assertGreater(covered, 3)


class Across(Case):
    """With --stage on another file system a finished archive is copied to where it belongs."""

    def test_copying(self):
        """The calls from the first that tells of another file system on: they fail, or the run is killed there. Most are writes, of which some will do."""
        harness.need("strace")
        export = disturbed.export_across()
        if export is None:
            self.skipTest("there is no other file system that can be written to")
        last = points(export)
        first = next(number for number, point in enumerate(last) if "EXDEV" in point.what)
        last = [*disturbed.thinned([point for point in last[first:] if point.call == "pwrite64"], 12),
                *disturbed.thinned([point for point in last[first:] if point.call != "pwrite64"], EVERY)]
        jobs = [(point, f"error={error}", codes_of(point, error)) for point in last for error in ("ENOSPC", "EIO")]
        jobs += [(point, "signal=KILL", None) for point in last]
        found = disturbed.side_by_side(lambda job: self.try_point(*job, export), jobs)
        self.check(found, len(jobs))


class OverHttp(Case):
    """The same where files come over the network, and the service errs as well."""

    def test_is_killed(self):
        """Killed at each call; how often a run makes one hangs on the service, so that the last ones may not come."""
        harness.need("strace")
        server = fake.Server().__enter__()
        self.addCleanup(server.stop)
        export = disturbed.Export(test_faults_kill.description(server), test_http_load.USER, "--jobs", "6", *disturbed.LIMITED)
        server.scenario({})
        self.assertEqual(len(export.reference), 2)
        server.scenario({"seed": 1, "chaos": test_faults_kill.CHAOS})
        some = disturbed.thinned([point for point in points(export) if point.call != "write"], 24)
        found = disturbed.side_by_side(lambda point: self.try_point(point, "signal=KILL", None, export), some)
        self.check([sentence for sentence in found if "it was not killed, but ended with 0" not in sentence], len(some))


if __name__ == "__main__":
    harness.main()
