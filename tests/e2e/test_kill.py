#!/usr/bin/python3
"""Proves that an export which is killed at any moment leaves no half archive, and nothing that a run with --resume does not go on from.

Fifty runs over one target are ended by SIGKILL, at moments spread evenly over the measured duration of one run; the
seed is fixed. After each the target is absent, or it is the whole archive with its signature. Every tenth time, and at
the end, a run that nobody kills goes on with what lies around and makes the same bytes as one that nobody disturbed.
"""

import random
import subprocess
import sys
import time
import unittest
from functools import cache

sys.dont_write_bytecode = True
import harness  # noqa: E402
from harness import COMPLETE, EXPORT_ID, environment, holdall, leftovers, scratch  # noqa: E402

KILLS, SEED, OTHER_ID = 50, 20261101, "11111111-1111-4111-8111-111111111111"


def arguments(target, *extra, export_id=EXPORT_ID):
    return ["export", "-s", harness.service(), "-u", COMPLETE, "-k", harness.secret_key(), "-o", target, "--as-of", harness.AS_OF,
            "--export-id", export_id, "--resume", *extra]


@cache
def undisturbed(export_id=EXPORT_ID):
    """(ZIP, signature, seconds) of a run that nobody disturbs; the seconds are the median of three."""
    times = []
    for _ in range(3):
        target = scratch("calm") / "mine.zip"
        begin = time.monotonic()
        run = holdall(*arguments(target, export_id=export_id))
        times.append(time.monotonic() - begin)
        if run.code != 0:
            raise AssertionError(run)
    return target.read_bytes(), target.with_name("mine.zip.minisig").read_bytes(), sorted(times)[1]


def moments(count, duration):
    """Delays in random order, one in each of COUNT equal parts of the duration."""
    dice = random.Random(SEED)
    delays = [(number + dice.random()) * duration / count for number in range(count)]
    dice.shuffle(delays)
    return delays


def killed(delay, argv):
    """Starts holdall and kills it; True when it was still running, else its exit code must be 0."""
    with subprocess.Popen([str(word) for word in (harness.binary(), *argv)], env=environment(), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        time.sleep(delay)
        process.kill()
        out, err = process.communicate(timeout=harness.TIMEOUT)
        if process.returncode == -9:
            return True
        if process.returncode != 0:
            raise AssertionError(f"a run over leftovers ended with {process.returncode}:\n{out.decode()}\n{err.decode()}")
        return False


class Killed(unittest.TestCase):
    def setUp(self):
        self.folder = scratch("kill")
        self.target = self.folder / "mine.zip"
        self.signature = self.folder / "mine.zip.minisig"

    def whole(self):
        """What stands at the target is the whole archive, its signature is there, and verify agrees."""
        archive, signature, _ = undisturbed()
        self.assertTrue(self.target.read_bytes() == archive, "half an archive is at the target")
        self.assertEqual(self.signature.read_bytes(), signature)
        run = holdall("verify", self.target, "-p", harness.public_key())
        self.assertEqual(run.code, 0, run)

    def ordinary_run(self):
        """A run over the leftovers succeeds, gives the same bytes, and clears up."""
        run = holdall(*arguments(self.target))
        self.assertEqual(run.code, 0, run)
        self.whole()
        self.assertEqual(leftovers(self.folder), [self.target.name, self.signature.name])
        self.target.unlink()

    def test_target_is_absent_or_complete(self):
        running = complete = 0
        for number, delay in enumerate(moments(KILLS, undisturbed()[2]), 1):
            running += killed(delay, arguments(self.target))
            if self.target.exists():
                self.whole()
                self.target.unlink()
                complete += 1
            if number % 10 == 0:
                self.ordinary_run()
        print(f"killed while running: {running} of {KILLS}; complete all the same: {complete}", file=sys.stderr)
        self.assertGreaterEqual(running, KILLS // 2, "too few runs were still running when they were killed")

    def test_what_is_left_is_nobody_elses_to_read(self):
        """Unfinished work is the person's data too."""
        seen = 0
        for delay in moments(12, undisturbed()[2]):
            self.target.unlink(missing_ok=True)
            killed(delay, arguments(self.target))
            for path in self.folder.rglob("*"):
                if path.is_file() and not path.is_symlink():
                    closed = any(parent.stat().st_mode & 0o077 == 0 for parent in path.parents if self.folder in parent.parents)
                    self.assertTrue(closed or path.stat().st_mode & 0o077 == 0, f"{path.name}: {path.stat().st_mode:o}")
                    seen += 1
        self.assertGreater(seen, 0)

    def test_an_archive_that_is_replaced(self):
        """With --force over an older archive: the old one or the new one, whole, at every moment."""
        old, new = undisturbed(OTHER_ID)[0], undisturbed()[0]
        self.assertNotEqual(old, new)
        for delay in moments(15, undisturbed()[2]):
            self.target.write_bytes(old)
            killed(delay, arguments(self.target, "--force"))
            found = self.target.read_bytes()
            self.assertTrue(found in (old, new), "neither the old nor the new one")


if __name__ == "__main__":
    harness.main()
