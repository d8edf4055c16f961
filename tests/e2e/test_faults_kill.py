#!/usr/bin/python3
"""Proves that an export over HTTP which is killed at any moment, while the service errs as well, loses and doubles nothing.

The service answers one request in eight with 503, a reset, a body that is cut off, or silence; other requests in each
trial. A run over it is ended by SIGKILL at a random moment of the time that a whole one takes (the seed is fixed), and then
run again. The target is absent or whole after the first, and always whole after the second, with the bytes of an export
from a service that never erred. The service's journal tells which files the second run asked for again: none that a window
covers which the first one had committed.

    test_faults_kill.py HOLDALL_BINARY PROJECT_ROOT      KILLS trials
    HOLDALL_FAULTS=all test_faults_kill.py …             MANY of them; `./dev bench kill` does this
"""

import concurrent.futures
import contextlib
import json
import queue
import random
import sys
import time
import unittest

sys.dont_write_bytecode = True
import disturbed  # noqa: E402
import fake  # noqa: E402
import harness  # noqa: E402
import test_http_load  # noqa: E402

SEED, KILLS, MANY = 20261101, 60, 500
SIDE_BY_SIDE = 6
FILES = 60  # ten of 20 KB, the others of 200 KB: five windows of the least memory
FRONT = 3  # entries before the first file
CHAOS = {"share": 0.12, "kinds": ["503", "reset", "cut", "stall"], "stall": 0.2}
LIMITS = {"stall_timeout": "1s", "tries": 10}


def description(server):
    """A service whose notes each have a file, of which the archive's order is the list's."""
    path = test_http_load.description(server, {"count": str(FILES), "page_size": "20"}, True, LIMITS)
    document = harness.read_json(path)
    notes = document["categories"][0]
    notes["keep"].remove("/number")
    notes.update(map={**notes["map"], "id": {"from": "/number", "as": "text"}}, omit={"/id": "internal"},
                 media=[{"role": "picture", "api": "media", "key": "gen/{user_id}/blob/2000{id}"}])
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


class Stand:
    """A server and the export from it."""

    def __init__(self):
        self.server = fake.Server().__enter__()
        self.export = disturbed.Export(description(self.server), test_http_load.USER, "--jobs", "6", *disturbed.LIMITED)

    def calm(self):
        """Sees to it that the undisturbed bytes are known before anything errs."""
        self.server.scenario({})
        return self.export.reference

    def err(self, seed):
        self.server.scenario({"seed": seed, "chaos": CHAOS})

    def asked(self, after=0):
        """The numbers of the files that were asked for, once each time, and the number of the last request."""
        log = self.server.log(after)
        return [entry["target"].rsplit("/", 1)[-1] for entry in log if "/blob/" in entry["target"]], max([after, *(entry["n"] for entry in log)])


def committed(events):
    """How many files the committed windows hold, by the events of a run that may have ended in the middle of a line."""
    lines = events.read_bytes().split(b"\n")[:-1] if events.exists() else []
    told = [json.loads(line) for line in lines]
    entries = max([event["entries"] for event in told if event["event"] == "commit"], default=0)
    return min(max(entries - FRONT, 0), FILES)


class Trial:
    """One run that is killed, and the next."""

    def __init__(self, stand, number, delay):
        self.problems = []
        place = disturbed.Place(stand.export)
        stand.err(number)
        process = disturbed.start([harness.binary(), *place.words()])
        time.sleep(delay)
        process.kill()
        code, err = disturbed.finish(process)
        self.killed, self.whole = code == -9, place.target.exists()
        if code not in (0, -9):
            self.problems.append(f"it ended with {code}: {err}")
        self.problems += [*place.published(), *place.strays(stage=self.killed, hidden=self.killed)]
        self.covered = committed(place.events) if self.killed else FILES
        first, last = stand.asked()
        self.first = len(set(first))
        self.problems += place.second() if place.left() or self.killed else []
        second, _ = stand.asked(last)
        self.again = len(set(first) & set(second))
        if not self.whole and len(set(second)) > FILES - self.covered:
            self.problems.append(f"{self.covered} files were committed, and the second run asked for {len(set(second))} of {FILES}")
        place.remove()


class Killed(unittest.TestCase):
    maxDiff = 10000

    def stands(self, count):
        """Servers, each with the undisturbed bytes, which must be the same from all."""
        self.idle, found = queue.SimpleQueue(), set()
        for _ in range(count):
            stand = Stand()
            self.addCleanup(stand.server.stop)
            found.add(stand.calm())
            self.idle.put(stand)
        self.assertEqual(len(found), 1)

    def whole(self, seed):
        """The seconds that a disturbed run takes which nobody kills."""
        with self.stand() as stand:
            stand.err(seed)
            place = disturbed.Place(stand.export)
            begin = time.monotonic()
            run = harness.holdall(*place.words(), timeout=disturbed.SECONDS)
            seconds = time.monotonic() - begin
            self.assertEqual((run.code, list(place.published())), (0, []), run)
            place.remove()
        return seconds

    @contextlib.contextmanager
    def stand(self):
        stand = self.idle.get()
        try:
            yield stand
        finally:
            self.idle.put(stand)

    def attempt(self, point):
        with self.stand() as stand:
            return Trial(stand, *point)

    def trials(self, count):
        """They are killed at moments of the time that a whole run takes, of which as many go on beside it."""
        dice = random.Random(SEED)
        with concurrent.futures.ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            seconds = sorted(pool.map(self.whole, range(SEED, SEED + SIDE_BY_SIDE)))[SIDE_BY_SIDE // 2]
            moments = [(number + dice.random()) * seconds / count for number in range(count)]
            dice.shuffle(moments)
            return list(pool.map(self.attempt, enumerate(moments)))

    def test_always_the_same_bytes(self):
        self.stands(SIDE_BY_SIDE)
        count = MANY if disturbed.ALL else KILLS
        trials = self.trials(count)
        killed = [trial for trial in trials if trial.killed]
        first, covered, again = (sum(getattr(trial, name) for trial in killed) for name in ("first", "covered", "again"))
        print(f"{len(killed)} of {count} runs were killed, {sum(trial.whole for trial in killed)} with a whole archive; of {first} files "
              f"that they had asked for, {covered} were committed and {again} asked for again", file=sys.stderr)
        self.assertEqual([f"{number}: {problem}" for number, trial in enumerate(trials) for problem in trial.problems], [])
        self.assertGreater(len(killed), count // 4, "too few runs were still running when they were killed")
        self.assertGreater(covered, 0, "no run came so far that something was committed")


if __name__ == "__main__":
    harness.main()
