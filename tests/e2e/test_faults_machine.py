#!/usr/bin/python3
"""Proves that a run copes with the machine around it: full disks, a limit for files, a folder that goes away, a clock that
jumps, signals at any moment, closed descriptors. Whatever happens: the target is absent, or whole with its signature; the
run ends soon with a documented exit code and one sentence; nothing lies about afterwards that the manual page does not name.

A full disk is a small tmpfs in a mount namespace of its own; where the kernel lets nobody make one, those tests are skipped
and say so. Full pipes for events are tried in test_cli.py, signals while a service keeps a run waiting in test_http_faults.py.
"""

import contextlib
import functools
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import unittest
from datetime import datetime

sys.dont_write_bytecode = True
import disturbed  # noqa: E402
import fake  # noqa: E402
import faultshim  # noqa: E402
import harness  # noqa: E402
import httpcase  # noqa: E402

SEED, SIGNALS = 20261101, 24 if harness.SANITIZED else 80
HOUR = 3600
GROWN = "64m"
NAMESPACE = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-r", "-m"]

# $1 folder for what is seen, $2 where the tmpfs goes, $3 its size; then the words of a run. It runs twice, the second time with room enough.
SCRIPT = """
seen=$1 small=$2 size=$3
shift 3
mount -t tmpfs -o "size=$size" none "$small" || exit 77
"$@" 2>"$seen/error.1"
echo $? >"$seen/code.1"
cp -a "$small/." "$seen/small.1"
mount -o "remount,size=$0" "$small"
"$@" 2>"$seen/error.2"
echo $? >"$seen/code.2"
cp -a "$small/." "$seen/small.2"
"""


@functools.cache
def namespaces():
    """Why there can be no small disk here, or None."""
    if shutil.which("unshare") is None:
        return "util-linux is not installed"
    place = harness.scratch("namespace")
    run = harness.command(*NAMESPACE, "mount", "-t", "tmpfs", "none", place)
    return None if run.code == 0 else f"a mount namespace is refused: {run.err.strip()}"


class Case(unittest.TestCase):
    maxDiff = 4000

    def fine(self, *problems):
        self.assertEqual([sentence for part in problems for sentence in part], [])


class Full(Case):
    """A disk that is full at some moment."""

    def setUp(self):
        if namespaces():
            self.skipTest(namespaces())

    def run_twice(self, place, small, size, *more):
        """[(exit code, standard error)] of a run with a tmpfs of that size at the folder SMALL, and of one after it has grown."""
        seen = place.folder / "seen"
        for name in ("small.1", "small.2"):
            (seen / name).mkdir(parents=True)
        words = [*NAMESPACE, "sh", "-c", SCRIPT, GROWN, seen, small, size, harness.binary(), *place.words(*more, *disturbed.RESUME)]
        code, err = disturbed.finish(disturbed.start(words))
        self.assertEqual((code, err), (0, ""))
        ended = [(int((seen / f"code.{number}").read_text()), (seen / f"error.{number}").read_text()) for number in (1, 2)]
        self.looks = [seen / "small.1", seen / "small.2"]
        return ended

    def show(self, small, number):
        """Puts what the tmpfs held after that run where the run saw it."""
        shutil.rmtree(small)
        shutil.move(self.looks[number - 1], small)

    def check(self, place, small, ended, *more):
        (first, first_err), (second, second_err) = ended
        elsewhere = small != place.out
        seen = place.folder / "seen"
        moved = seen.rename(place.folder.parent / f"{place.folder.name}-seen")
        self.looks = [moved / "small.1", moved / "small.2"]
        self.show(small, 1)
        if not elsewhere:  # what the target's folder held in between
            self.fine(disturbed.ended(place, first, first_err, (0, disturbed.RETRY)), place.strays(first in disturbed.KEEPS, False))
        self.show(small, 2)
        self.fine(disturbed.ended(place, second, second_err, (0, disturbed.FAILED) if first == 0 else (0,)))
        self.assertEqual([name for name in harness.leftovers(place.folder) if ".holdall" in name or "/." in name], [])
        return first

    def test_target_and_stage(self):
        """Both on one disk, which is full before the first file, in the middle of one, at the end, or never."""
        codes = []
        for size in ("16k", "400k", "1m", "2200k", "2500k", "8m"):
            with self.subTest(size):
                place = disturbed.Place(disturbed.export())
                codes.append(self.check(place, place.out, self.run_twice(place, place.out, size)))
        self.assertEqual((codes[:5], codes[-1]), ([disturbed.RETRY] * 5, 0))

    def test_target_alone(self):
        """The stage is on another disk, and the archive does not fit on the target's."""
        for size in ("16k", "1m", "2500k"):
            with self.subTest(size):
                place = disturbed.Place(disturbed.export())
                stage = place.folder / "stage"
                stage.mkdir()
                ended = self.run_twice(place, place.out, size, "--stage", stage)
                self.assertEqual(harness.leftovers(stage), [])
                stage.rmdir()
                self.assertEqual(self.check(place, place.out, ended), disturbed.RETRY)

    def test_stage_alone(self):
        for size in ("16k", "1m", "2500k"):
            with self.subTest(size):
                place = disturbed.Place(disturbed.export())
                stage = place.folder / "stage"
                stage.mkdir()
                ended = self.run_twice(place, stage, size, "--stage", stage)
                self.assertEqual(self.check(place, stage, ended), disturbed.RETRY)
                self.assertEqual(harness.leftovers(stage), [])


class Limits(Case):
    def test_size_of_a_file(self):
        """No file may be larger than so many bytes (setrlimit): an error of the write, not the end of the process."""
        harness.need("prlimit")
        archive = len(disturbed.export().reference[0])
        codes = []
        for limit in (1000, 50_000, 1_000_000, 2_400_000, archive - 1, archive):
            with self.subTest(limit):
                place = disturbed.Place(disturbed.export())
                words = ["prlimit", f"--fsize={limit}:{limit}", harness.binary(), *place.words()]
                code, err = disturbed.finish(disturbed.start(words))
                codes.append(code)
                self.fine(disturbed.ended(place, code, err, (0, disturbed.FAILED)), place.strays(code in disturbed.KEEPS, False),
                          place.second() if place.left() and code else ())
        self.assertEqual(codes, [disturbed.FAILED] * 5 + [0])


class Gone(Case):
    """The folder that the archive should go to is removed, or gets another name, while files are fetched."""

    def disturb(self, change):
        with fake.Server(httpcase.rules({"path": "^/media/", "stall": 0.1, "stage": "request"})) as server:
            what = disturbed.Export(httpcase.description(server, None), harness.COMPLETE, "--category", "generations,outputs", "--jobs", "4")
            place = disturbed.Place(what)
            process = disturbed.start([harness.binary(), *place.words()])
            until = time.monotonic() + 30
            while not any("/media/" in entry["target"] for entry in server.log()) and time.monotonic() < until:
                time.sleep(0.02)
            change(place)
            code, err = disturbed.finish(process)
        self.assertEqual(code, disturbed.FAILED, err)
        self.assertRegex("\n".join(disturbed.said(err)), r"\Aholdall: .*(No such file or directory|has been moved or removed)\Z")
        return place

    def test_removed(self):
        place = self.disturb(lambda place: shutil.rmtree(place.out))
        self.assertFalse(place.out.exists())

    def test_replaced_by_an_empty_one(self):
        def change(place):
            shutil.rmtree(place.out)
            place.out.mkdir()
        self.assertEqual(harness.leftovers(self.disturb(change).out), [])

    def test_renamed(self):
        """What it wrote so far stays with the folder, under the name of the stage; nothing looks like an archive."""
        place = self.disturb(lambda place: place.out.rename(place.folder / "away"))
        self.assertFalse(place.out.exists())
        left = os.listdir(place.folder / "away")
        self.assertLessEqual(set(left), {place.stage.name}, left)


class Clock(Case):
    """The clock jumps by an hour, forward or back, before or during a wait; the run neither waits an hour nor gives up."""

    WAITS = {
        "seconds": {"status": 503, "headers": {"Retry-After": "2"}},
        "date": {"status": 503, "headers": {"Retry-After": "http-date+2"}},
        "reset": {"headers": {"X-RateLimit-Limit": "9", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "epoch+2"}},
    }

    def jump(self, rule, by, after):
        env = faultshim.environment(clock=f"{by}:{after}")
        rule = {"path": "/prompts", "when": {"nth": 2}, **rule}
        return httpcase.trial(httpcase.rules(rule), env=env)

    def test_jumps(self):
        jobs = {(name, by, after): functools.partial(self.jump, rule, by, after) for name, rule in self.WAITS.items()
                for by in (HOUR, -HOUR) for after in ((1000,) if harness.SANITIZED else (1, 1000))}
        expected = httpcase.expected(("prompts",))
        for name, done in httpcase.side_by_side(jobs).items():
            with self.subTest(name):
                self.assertEqual(done.code, 0, done)
                self.assertTrue(done.bytes == expected, f"the archive has other bytes\n{done}")
                self.assertLess(done.seconds, 12 * httpcase.SLOW, done)
                self.assertGreater(done.seconds, 1.5, "there was no wait")
                self.jumped(done.place / "events.jsonl", name[1])

    def jumped(self, events, by):
        """The run has seen the clock jump; the file's own time is the machine's."""
        last = datetime.fromisoformat(harness.read_lines(events)[-1]["time"].replace("Z", "+00:00"))
        self.assertAlmostEqual(last.timestamp() - events.stat().st_mtime, by, delta=60)


class Signals(Case):
    """SIGINT and SIGTERM at moments spread over the whole run."""

    def stop(self, point):
        number, delay = point
        place = disturbed.Place(disturbed.export())
        process = disturbed.start([harness.binary(), *place.words()])
        time.sleep(delay)
        process.send_signal(number)
        code, err = disturbed.finish(process)
        if code == -number:  # it came before the program could see to it
            yield from place.strays(False, False)
        else:
            yield from disturbed.ended(place, code, err, (0, 128 + number))
            yield from place.strays(code in disturbed.KEEPS, False)
        if code == 128 + number:
            self.stopped += 1
            if place.target.exists():
                yield "it was stopped, and there is an archive"
        if place.left() and code:
            yield from place.second()
        place.remove()

    def test_at_any_moment(self):
        self.stopped = 0
        times = []
        for _ in range(3):
            place = disturbed.Place(disturbed.export())
            begin = time.monotonic()
            self.assertEqual(harness.holdall(*place.words()).code, 0)
            times.append(time.monotonic() - begin)
        dice = random.Random(SEED)
        points = [((signal.SIGINT, signal.SIGTERM)[number % 2], (number + dice.random()) * sorted(times)[1] / SIGNALS)
                  for number in range(SIGNALS)]
        self.fine(disturbed.side_by_side(self.stop, points))
        print(f"{self.stopped} of {SIGNALS} runs were stopped", file=sys.stderr)
        self.assertGreater(self.stopped, SIGNALS // 8)


class Descriptors(Case):
    """Standard descriptors that are closed, full, or a pipe that nobody reads."""

    def check(self, how, code, *more):
        """A run by the shell with such redirections; its exit code, and that its archive is whole all the same."""
        place = disturbed.Place(disturbed.export())
        words = ["sh", "-c", f'exec "$@" {how}', "sh", harness.binary(), *place.words(*more)]
        process = subprocess.run([os.fspath(word) for word in words], env=harness.environment(), capture_output=True, check=False,
                                 timeout=disturbed.SECONDS)
        self.assertEqual(process.returncode, code, process.stderr)
        self.fine(place.published(), place.strays(False, False))
        self.assertTrue(place.target.exists())
        events = harness.read_lines(place.events)
        self.assertEqual((events[0]["event"], events[-1]["event"]), ("start", "finish"))
        self.assertEqual(harness.read_json(place.report)["exit_code"], 0)
        return process.stderr.decode()

    def test_closed(self):
        """What should be printed there goes nowhere, least of all into a file of the run."""
        self.assertEqual(self.check("<&-", 0), "")
        self.assertEqual(self.check("2>&-", 0), "")
        self.assertRegex(self.check(">&-", 1), r"\Aholdall: standard output cannot be written.*\n\Z")
        self.assertEqual(self.check("<&- >&- 2>&-", 1), "")

    def test_closed_while_something_is_said(self):
        """The findings about a description are for standard error, and not for the events, which get the lowest free descriptor."""
        events = harness.scratch("events") / "events.jsonl"
        words = ["sh", "-c", 'exec "$@" 2>&-', "sh", harness.binary(), "export", "-s", harness.root() / "fixtures" / "broken.json", "-u", "x",
                 "-k", harness.secret_key(), "--events", events]
        self.assertEqual(harness.command(*words).code, 2)
        self.assertEqual(events.read_bytes(), b"")

    def test_full(self):
        self.assertRegex(self.check(">/dev/full", 1), r"\Aholdall: standard output cannot be written.*\n\Z")
        self.assertEqual(self.check("2>/dev/full", 0), "")

    def test_nobody_reads(self):
        """A pipe of which the other end is closed: no SIGPIPE, but an error."""
        place = disturbed.Place(disturbed.export())
        reader, writer = os.pipe()
        os.close(reader)
        with contextlib.closing(os.fdopen(writer, "wb", buffering=0)) as pipe:
            process = subprocess.run([harness.binary(), *place.words()], env=harness.environment(), stdout=pipe, stderr=subprocess.PIPE,
                                     check=False, timeout=disturbed.SECONDS)
        self.assertEqual(process.returncode, 1)
        self.assertRegex(process.stderr, rb"\Aholdall: standard output cannot be written.*\n\Z")
        self.fine(place.published(), place.strays(False, False))
        self.assertTrue(place.target.exists())


if __name__ == "__main__":
    harness.main()
