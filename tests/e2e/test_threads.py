#!/usr/bin/python3
"""Proves what files on their way owe each other, whichever thread fetches them.

The bytes of the archive do not depend on who was faster, on how little memory there is, or on how often a file began
anew after some of it went on already. A signal ends a run at once while a large file is read. A thread that cannot be
started ends it with a sentence.
"""

import json
import os
import signal
import subprocess
import sys
import time
import unittest

sys.dont_write_bytecode = True
import fake  # noqa: E402
import harness  # noqa: E402
from httpcase import SLOW, Case, category, rules, trial  # noqa: E402

FILES = ("uploads", "generations", "outputs")
SMALL = ("--memory", "4MiB")
SCALE = "usr_scale0000001"
MIB = 1 << 20


def scaled(files, size):
    """A service of the local store with so many files; its folder."""
    place = harness.scratch("scale") / "service"
    run = harness.command(sys.executable, harness.root() / "fixtures/scale.py", place, "--files", str(files),
                          "--size", str(size))
    if run.code != 0:
        raise AssertionError(run)
    (place / "store/media").symlink_to(".")  # where the fake service looks for files
    return place


def over_http(server, store, edit=None):
    """The same service, whose files come over HTTP while its lists stay files."""
    doc = harness.read_json(store / "service.json")
    doc["apis"]["store"]["root"] = str(store / "store")
    doc["privacy"]["texts"] = str(store / "privacy") + "/{language}.json"
    doc["apis"]["cdn"] = {"kind": "http", "url": server.main + "/media", "allow_addresses": ["loopback"],
                          "prefix": doc["apis"]["store"]["prefix"]}
    category(doc, "files")["media"][0]["api"] = "cdn"
    if edit is not None:
        edit(doc)
    path = harness.scratch("service") / "service.json"
    path.write_text(json.dumps(doc), encoding="utf-8")
    return path


def exported(path, *extra):
    """The bytes of an archive of the scaled service."""
    return harness.export(SCALE, "--export-id", harness.EXPORT_ID, *extra, description=path).zip.read_bytes()


class Order(Case):
    def test_two_kinds_of_source(self):
        """Some files come from a folder and some over HTTP, through the same window: the archive is that of the store."""
        def some(*local):
            def edit(doc, _):
                doc["apis"]["folder"] = {"kind": "file", "root": str(harness.fixture("store", "media")),
                                         "prefix": doc["apis"]["media"]["prefix"]}
                for name in local:
                    category(doc, name)["media"][0]["api"] = "folder"
            return edit
        slow = {"path": "^/media/", "stall": 0.2, "stage": "request", "when": {"each": 5}}
        for local in (("uploads",), ("outputs",)):
            for scenario in (None, rules(slow)):
                with self.subTest(local=local, slow=bool(scenario)):
                    self.same(trial(scenario, *SMALL, edit=some(*local), only=FILES), FILES)

    def test_large_files(self):
        """Files larger than all memory, from a folder and over HTTP, whole and broken off where some of each went on already."""
        store = scaled(5, 3 * MIB + 17)
        due = exported(store / "service.json")
        self.assertEqual(exported(store / "service.json", *SMALL) == due, True)
        broken = {"path": "^/media/", "close": "body", "after": 2 * MIB + 5, "when": {"nth": 1, "per": "target"}}
        anew = {**broken, "media": {"etag": "none"}}
        for name, rule in (("whole", None), ("goes on", broken), ("begins anew", anew)):
            with self.subTest(name), fake.Server({"rules": [rule] if rule else []}, store / "store") as server:
                self.assertEqual(exported(over_http(server, store), *SMALL) == due, True)
                asked = [entry for entry in server.log() if entry["target"].startswith("/media/")]
                self.assertEqual(len(asked), 10 if rule else 5)
                self.assertEqual(len([entry for entry in asked if entry["status"] == 206]), 5 if rule is broken else 0)

    def test_a_slow_first_one(self):
        """The first file comes last: the others wait in memory, and when that is full in their sockets."""
        store = scaled(12, MIB)
        due = exported(store / "service.json")
        slow = {"path": "^/media/.*/0000000", "trickle": MIB // 2}
        with fake.Server({"rules": [slow]}, store / "store") as server:
            for jobs in ((), ("--jobs", "2"), ("--jobs", "64")):
                with self.subTest(jobs):
                    self.assertEqual(exported(over_http(server, store), *SMALL, *jobs) == due, True)


class Ends(unittest.TestCase):
    def stopped(self, path, number, code):
        """A run that is stopped while its first file is on its way ends at once, and leaves nothing."""
        folder = harness.scratch("stopped")
        argv = [harness.binary(), *harness.export_arguments(SCALE, folder, description=path)]
        with subprocess.Popen([os.fspath(word) for word in argv], env=harness.environment(), stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as run:
            until = time.monotonic() + 20 * SLOW
            while not any(part.stat().st_size > 4 * MIB for part in folder.rglob("archive.part")):
                self.assertLess(time.monotonic(), until, "the run never came so far")
                self.assertIsNone(run.poll())
                time.sleep(0.01)
            begun = time.monotonic()
            run.send_signal(number)
            told = run.communicate(timeout=harness.TIMEOUT)[1].decode()
            self.assertLess(time.monotonic() - begun, 2 * SLOW)
        self.assertEqual(run.returncode, code, told)
        self.assertIsNone(harness.FINDING.search(told), told)
        self.assertIn("stopped by signal", told)
        self.assertEqual(harness.leftovers(folder), [])

    def test_signals(self):
        """From a folder a file without end in sight, over HTTP one that takes its time."""
        store = scaled(2, MIB)
        size = 64 << 30
        base = store / "store/users" / SCALE
        os.truncate(next((base / "files").rglob("0000000.bin")), size)
        listed = harness.read_json(base / "files.json")
        listed["items"][0]["size"] = size
        (base / "files.json").write_text(json.dumps(listed), encoding="utf-8")
        self.stopped(store / "service.json", signal.SIGINT, 130)
        store = scaled(1, 64 * MIB)
        with fake.Server({"rules": [{"path": "^/media/", "trickle": 12 * MIB}]}, store / "store") as server:
            self.stopped(over_http(server, store), signal.SIGTERM, 143)

    def test_no_thread(self):
        """The system gives none: the run says so and leaves nothing."""
        harness.need("strace")
        store = scaled(2, 100)
        inject = ["strace", "-f", "-o", os.devnull, "-e", "trace=clone,clone3", "-e", "inject=clone,clone3:error=EAGAIN"]
        options = os.environ.get("ASAN_OPTIONS")
        env = harness.environment(ASAN_OPTIONS=options + ":detect_leaks=0" if options else None)
        with fake.Server(store=store / "store") as server:
            for path, what in ((store / "service.json", "reading"), (over_http(server, store), "receiving")):
                with self.subTest(what):
                    folder = harness.scratch("none")
                    argv = harness.export_arguments(SCALE, folder, description=path)
                    run = harness.command(*inject, harness.binary(), *argv, env=env)
                    self.assertEqual(run.code, 1, run)
                    self.assertRegex(run.err, f"holdall: files: a file of record f0000000: no thread can be started for {what} files: ")
                    self.assertIsNone(harness.FINDING.search(run.err), run)
                    self.assertEqual(harness.leftovers(folder), [])


if __name__ == "__main__":
    harness.main()
