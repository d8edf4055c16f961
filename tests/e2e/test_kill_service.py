#!/usr/bin/python3
"""Proves that an export over HTTP which is killed again and again, while the service fails too, loses and doubles nothing.

Every story is one target: runs with --resume are ended by SIGKILL at random moments of their duration, while a tenth of
all answers is refused, cut or reset; then one is left alone. At every moment nothing is published or all of it; what the
journal has as committed only grows, and no run asks for a file of it again (the service's log tells); at the end there
are the very bytes of a run that nobody disturbed. KILLS of them fall in the suite; HOLDALL_KILLS=500 in the environment
makes it so many.
"""

import os
import random
import sys
import time
import unittest
from functools import cache

sys.dont_write_bytecode = True
import harness  # noqa: E402
from resumecase import Target, album, serving  # noqa: E402

KILLS = int(os.environ.get("HOLDALL_KILLS", 8 if harness.SANITIZED else 30))
A_STORY, SEED = 6, 20261127
CHAOS = {"chaos": {"share": 0.1, "kinds": ["503", "reset", "cut"]}}
SMALL = ("--memory", "4MiB", "--jobs", "6")  # several windows, and transfers side by side


def patient(doc):
    for api in doc["apis"].values():
        api["limits"] = {"tries": 9}


@cache
def undisturbed():
    """What is published where nobody disturbs, from the folder itself, and the seconds that a run with faults takes."""
    calm = Target(album())
    run = calm.run()
    with serving() as server:
        target = Target(album(server, patient), server)
        done = target.run(*SMALL, scenario=CHAOS)
    if run.code or done.code or calm.files() != target.files():
        raise AssertionError(f"{run}\n{done}")
    return calm.files(), done.seconds


class Killed(unittest.TestCase):
    def killed(self, target, delay):
        """One run that is killed after DELAY seconds; True when it was still running."""
        have = set(target.committed()) if harness.kept(target.out) else set()
        target.server.scenario(CHAOS)
        with target.start("--resume", *SMALL) as process:
            time.sleep(delay)
            process.kill()
            out, err = process.communicate(timeout=harness.TIMEOUT)
        self.assertIn(process.returncode, (-9, 0), (out, err))
        asked = {entry["target"].partition("/media/")[2] for entry in target.server.log() if "/media/" in entry["target"]}
        self.assertEqual(asked & have, set(), "a file that a committed window covers was asked for again")
        if harness.kept(target.out):
            self.assertLessEqual(have, set(target.committed()), "what was committed once is gone")
        return process.returncode == -9

    def whole_or_nothing(self, target):
        """True when it is published; then it is all of it."""
        whole = undisturbed()[0]
        found = target.files()
        if any(name.endswith(".zip") for name in found):
            self.assertTrue(found == whole, "half an archive is published, or another one")
            return True
        self.assertLessEqual(set(found), set(whole), "something else has a name")
        return False

    def story(self, target, dice, left):
        """Kills until the archive is there or the story is long enough; how many there were, and how many hit a running process."""
        kills = hits = 0
        for _ in range(min(A_STORY, left)):
            kills += 1
            hits += self.killed(target, dice.random() * 0.8 * undisturbed()[1])
            if self.whole_or_nothing(target):
                break
        last = target.run("--resume", *SMALL, scenario=CHAOS)
        if last.code == 1:  # the archive was published by a run whose work is gone
            self.assertIn("exists already", last.run.err, last)
        else:
            self.assertEqual(last.code, 0, last)
        self.assertTrue(self.whole_or_nothing(target), last)
        self.assertEqual(harness.kept(target.out), [])
        return kills, hits

    def test_killed_again_and_again(self):
        dice, kills, hits, targets = random.Random(SEED), 0, 0, 0
        with serving() as server:
            path = album(server, patient)
            while kills < KILLS:
                more, hit = self.story(Target(path, server), dice, KILLS - kills)
                kills, hits, targets = kills + more, hits + hit, targets + 1
        print(f"{kills} kills over {targets} targets, {hits} of them while it ran", file=sys.stderr)
        self.assertGreaterEqual(hits, kills // 2, "too few runs were still running when they were killed")


if __name__ == "__main__":
    harness.main()
