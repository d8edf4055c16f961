#!/usr/bin/python3
"""Proves that `holdall clean` removes unfinished work and nothing else, and none that a run is at or that is too young.

The work is that of the troubled account, of which a file is lost: its runs end with exit code 3 and keep what they have.
"""

import fcntl
import os
import re
import signal
import sys
import time
import unittest

sys.dont_write_bytecode = True
import harness  # noqa: E402
from harness import TROUBLED, holdall, kept, leftovers, scratch, try_export  # noqa: E402
from httpcase import rules  # noqa: E402
from resumecase import Target, album, key, serving, snapshot, wait_for  # noqa: E402

IDS = [f"{number}d5c2f4e-8f7b-4a53-9d1c-6b1f6f1b7a10" for number in range(3)]
DAY = 24 * 60 * 60
TOLD = r" \((\d+) bytes, last written (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\)"


def unfinished(folder, *ids, stage=None):
    """Leaves the work of one export for each id; their directories."""
    for one in ids or IDS[:1]:
        run = try_export(TROUBLED, folder, "--export-id", one, *(("--stage", stage) if stage else ()))
        if run.code != 3 or "unfinished:" not in run.out:
            raise AssertionError(run)
    return kept(stage or folder)


def age(work, days):
    """Makes it as if nobody had written to it for so many days."""
    then = time.time() - days * DAY
    for path in work.iterdir():
        os.utime(path, (then, then))


class Clean(unittest.TestCase):
    def told(self, run, *lines, code=0):
        """Exit code and lines, each a word and a directory."""
        found = [re.sub(TOLD + "$", "", line) for line in run.out.splitlines()]
        self.assertEqual((run.code, sorted(found)), (code, sorted(f"{word}: {path}" for word, path in lines)), run)

    def test_a_directory(self):
        """All work in it goes; archives and everything else stay."""
        folder = scratch()
        archive = harness.export(harness.COMPLETE)
        (folder / "mine.zip").write_bytes(archive.zip.read_bytes())
        before = snapshot(folder)
        work = unfinished(folder, *IDS)
        (folder / "notes.holdall").write_text("a file of that name", encoding="ascii")
        run = holdall("clean", folder)
        self.told(run, *(("removed", path) for path in work))
        self.assertEqual(snapshot(folder), before | {"notes.holdall": b"a file of that name"})

    def test_here(self):
        """The current directory, when none is given."""
        folder = scratch()
        (work,) = unfinished(folder)
        self.told(holdall("clean", cwd=folder), ("removed", f"./{work.name}"))
        self.assertEqual(leftovers(folder), [])

    def test_one(self):
        """By its directory, as a shell completes it too, and by the archive that it was to become; others stay."""
        for spell in (str, lambda path: f"{path}/", lambda path: f"{path}///", lambda path: str(path).removesuffix(".holdall")):
            folder = scratch()
            one, two = unfinished(folder, *IDS[:2])
            self.told(holdall("clean", spell(one)), ("removed", one))
            self.assertEqual(kept(folder), [two])

    def test_several(self):
        first, second = scratch(), scratch()
        paths = [*unfinished(first), *unfinished(second, *IDS[:2])]
        self.told(holdall("clean", paths[0], second), *(("removed", path) for path in paths))
        self.assertEqual(leftovers(first) + leftovers(second), [])

    def test_stage(self):
        folder, stage = scratch(), scratch()
        work = unfinished(folder, *IDS[:2], stage=stage)
        self.told(holdall("clean", stage), *(("removed", path) for path in work))
        self.assertEqual(leftovers(folder) + leftovers(stage), [])

    def test_dry_run(self):
        """Size and time as they are; nothing is changed."""
        folder = scratch()
        (work,) = unfinished(folder)
        age(work, 3)
        before = snapshot(folder)
        for option in ("-n", "--dry-run"):
            run = holdall("clean", option, folder)
            self.told(run, ("found", work))
            size, when = re.search(TOLD + "\n$", run.out).groups()
            self.assertEqual(int(size), sum(path.stat().st_size for path in work.iterdir()))
            self.assertEqual(when, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(max(path.stat().st_mtime for path in work.iterdir()))))
        self.assertEqual(snapshot(folder), before)

    def test_older_than(self):
        folder = scratch()
        old, young, fresh = unfinished(folder, *IDS)
        age(old, 9)
        age(young, 6)
        run = holdall("clean", "--older-than", "7", folder)
        self.told(run, ("removed", old), ("kept, too young", young), ("kept, too young", fresh))
        self.told(holdall("clean", "--older-than=0", "-n", folder), ("found", young), ("found", fresh))
        age(young, 60)
        os.utime(young / "index.sqlite")
        self.told(holdall("clean", "--older-than", "7", young), ("kept, too young", young))
        self.assertEqual(kept(folder), [young, fresh])

    def test_wrong_days(self):
        for text in ("x", "7 ", "-1", "1.5", "7d", "1000000"):
            run = holdall("clean", f"--older-than={text}", scratch())
            self.assertEqual((run.code, run.out), (2, ""), run)
            self.assertIn(f"--older-than: '{text}' is no number of days", run.err)

    def test_a_run_is_at_it(self):
        """What is locked stays, by whatever name it is given, and the run ends as it should."""
        with serving() as server:
            target = Target(album(server), server)
            server.scenario(rules({"path": key(40), "stall": 600, "stage": "request"}))
            with target.start() as process:
                wait_for(process, server, key(40))
                (work,) = kept(target.out)
                for path in (target.out, work, str(work).removesuffix(".holdall")):
                    self.told(holdall("clean", path), ("kept, a run works in it", work))
                self.assertEqual(len(kept(target.out)), 1)
                process.send_signal(signal.SIGTERM)
                process.communicate(timeout=harness.TIMEOUT)
            self.assertEqual(process.returncode, 143)
            self.assertEqual(target.run("--resume").code, 0)

    def test_what_is_not_ours_stays(self):
        """Files of others in such a directory, and with them the directory."""
        folder = scratch()
        (work,) = unfinished(folder)
        (work / "letter.txt").write_text("mine", encoding="ascii")
        (work / "archive-copies").mkdir()
        self.told(holdall("clean", folder), ("removed", work))
        self.assertEqual(leftovers(work), ["archive-copies", "letter.txt"])

    def test_where_nothing_is(self):
        run = holdall("clean", scratch())
        self.assertEqual((run.code, run.out), (0, "no unfinished work\n"), run)
        folder = scratch()
        (folder / "index.txt").write_text("mine", encoding="ascii")
        self.assertEqual((holdall("clean", folder).code, leftovers(folder)), (0, ["index.txt"]))

    def test_no_such_place(self):
        """It is told, and the others are done all the same."""
        folder = scratch()
        (work,) = unfinished(folder)
        missing = folder / "none.zip"
        run = holdall("clean", missing, work)
        self.told(run, ("removed", work), code=1)
        self.assertIn(f"there is no directory {missing}, and no unfinished work for it", run.err)

    def test_a_link_is_not_followed(self):
        folder, elsewhere = scratch(), scratch()
        (work,) = unfinished(elsewhere)
        (folder / "a.zip.holdall").symlink_to(work)
        before = snapshot(elsewhere)
        run = holdall("clean", folder)
        self.assertNotIn("removed", run.out, run)
        self.assertEqual(snapshot(elsewhere), before)

    def test_links_in_it_are_removed_and_not_followed(self):
        folder, elsewhere = scratch(), scratch()
        (work,) = unfinished(folder)
        (elsewhere / "precious").write_text("mine", encoding="ascii")
        (work / "archive-77.part").symlink_to(elsewhere / "precious")
        self.told(holdall("clean", folder), ("removed", work))
        self.assertEqual((leftovers(folder), leftovers(elsewhere)), ([], ["precious"]))

    def test_after_it(self):
        """The next run begins anew, with nothing in its way."""
        folder = scratch()
        unfinished(folder)
        self.assertEqual(try_export(TROUBLED, folder, "--export-id", IDS[0]).code, 1)
        holdall("clean", folder)
        run = try_export(TROUBLED, folder, "--export-id", IDS[0], "--allow-partial")
        self.assertEqual((run.code, len(list(folder.glob("*.zip")))), (3, 1), run)

    def test_somebody_elses_lock(self):
        """Anybody who holds the directory keeps it, not only a run of this program."""
        folder = scratch()
        (work,) = unfinished(folder)
        descriptor = os.open(work, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            self.told(holdall("clean", folder), ("kept, a run works in it", work))
        finally:
            os.close(descriptor)
        self.told(holdall("clean", folder), ("removed", work))


if __name__ == "__main__":
    harness.main()
