#!/usr/bin/env python3
"""Many records and many files over HTTP: nothing is lost to faults, memory stays flat, and a dead service ends a run.

It owns a service of generated lists. The waits of the last test are holdall's own defaults, so it takes a minute.
"""

import json
import statistics
import time
import unittest
from datetime import datetime

import fake
import harness

USER = "gen1"
ID = ("--export-id", "0f9a1b2c-3d4e-4f60-8a7b-9c0d1e2f3a4b")
TEXTS = {"format": "holdall-texts-1", "language": "en",
         "texts": {"purposes.operate": "To run the service.", "retention.account": "As long as you have an account.",
                   "rights.access": "You can ask for a copy.", "complaint.authority": "You can complain."}}
MIB = 1 << 20


def notes(query, media):
    category = {
        "id": "notes", "record": "record", "title": "Notes", "scope": ["access"], "origin": "provided",
        "privacy": {"purposes": ["operate"], "retention": "account"}, "subject": "/user_id",
        "from": {"api": "gen", "get": "/notes", "query": {"user": "{user_id}", **query}, "items": "/data",
                 "page": {"style": "cursor", "param": "cursor", "next": "/meta/next", "total": "/meta/total"}},
        "map": {"id": "/id", "text": "/text", "created_at": "/created_at"}, "keep": ["/number", "/ratio", "/tags"]}
    if media:
        category["media"] = [{"role": "picture", "api": "media", "key": "/key", "size": "/bytes", "sha256": "/sha256",
                              "type": "/mime"}]
    return category


def description(server, query, media=False, limits=None):
    """A service whose only list has COUNT notes in pages; with MEDIA some of them have a picture."""
    place = harness.scratch("genie")
    common = {"kind": "http", "allow_addresses": ["loopback"], **({"limits": limits} if limits else {})}
    document = {
        "format": "holdall-service-1",
        "service": {"id": "genie", "name": "Genie", "controller": {"name": "Genie", "email": "privacy@genie.example"}},
        "subject": {"primary": "user_id", "pattern": "^[a-z0-9]{1,12}$",
                    "resolve": {"api": "gen", "get": "/users/{user_id}"}},
        "apis": {"gen": {**common, "url": server.main + "/gen"},
                 "media": {**common, "url": server.main + "/gen/media", "prefix": "gen/{user_id}/"}},
        "privacy": {"texts": "{language}.json", "recipients": [], "sold_or_shared": False, "complaint": "authority"},
        "categories": [notes(query, media)]}
    (place / "en.json").write_text(json.dumps(TEXTS), encoding="utf-8")
    (place / "service.json").write_text(json.dumps(document), encoding="utf-8")
    return place / "service.json"


def blobs(server, limits):
    """The same with thirty notes, each with a file of 200 KB or 2 MB whose size only some records state."""
    path = description(server, {"count": "30", "page_size": "100"}, True, limits)
    document = harness.read_json(path)
    one = document["categories"][0]
    one["keep"].remove("/number")
    one.update(map={**one["map"], "id": {"from": "/number", "as": "text"}}, omit={"/id": "internal"},
               media=[{"role": "picture", "api": "media", "key": "gen/{user_id}/blob/20000{id}", "size": "/bytes"}])
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


class Load(unittest.TestCase):
    def test_one_answer_in_twenty_fails(self):
        """10,000 records over 100 pages and 2,000 files: with 5 % of the answers failing the archive has the same bytes."""
        query = {"count": "10000", "page_size": "100", "files": "5"}
        chaos = {"log": False, "seed": 7,
                 "chaos": {"share": 0.05, "kinds": ["503", "reset", "cut", "stall"], "stall": 4}}
        archives = []
        for scenario in ({"log": False}, chaos):
            with fake.Server(scenario) as server:
                path = description(server, query, media=True, limits={"stall_timeout": "1s"})
                archives.append(harness.export(USER, *ID, description=path))
        calm, stormy = archives
        self.assertEqual(calm.report["retries"], 0)
        self.assertGreater(stormy.report["retries"], 60)
        totals = stormy.export["totals"]
        self.assertEqual(totals["records"]["delivered"], 10000)
        self.assertEqual(totals["files"]["delivered"], 2000)
        self.assertEqual(calm.zip.read_bytes(), stormy.zip.read_bytes())

    def test_memory(self):
        """The peak hardly grows from 20,000 records to ten times as many, and both are far below 64 MiB."""
        peaks = []
        for count in (20000, 200000):
            with fake.Server({"log": False}) as server:
                path = description(server, {"count": str(count), "page_size": "1000"})
                archive = harness.export(USER, description=path)
            self.assertEqual(archive.export["totals"]["records"]["delivered"], count)
            peaks.append(archive.report["memory_peak_bytes"])
        if not harness.SANITIZED:
            self.assertLess(peaks[1], 48 * MIB)
            self.assertLess(peaks[1] - peaks[0], 12 * MIB)

    def test_many_jobs_keep_the_order(self):
        """One transfer at a time or sixty-four: the same bytes."""
        query = {"count": "300", "page_size": "100", "files": "1"}
        with fake.Server({"log": False}) as server:
            path = description(server, query, media=True)
            found = {harness.export(USER, *ID, "--jobs", jobs, description=path).zip.read_bytes()
                     for jobs in ("1", "5", "64")}
        self.assertEqual(len(found), 1)


class Places(unittest.TestCase):
    def test_files_asked_for_again(self):
        """
        Files of 2 MB fill the memory of those that wait for their turn, and their flow stops. One that is asked for once more, because its
        size is another one than its record has, gets its place all the same, although one request is all that is allowed at a time.
        """
        wrong = {"path": "/gen/notes", "put": "/data/3/bytes", "value": 5}
        for limits, jobs in (({"concurrency": 1}, "16"), ({"concurrency": 3}, "16"), ({}, "2")):
            with self.subTest(limits=limits), fake.Server({"edits": [wrong]}) as server:
                path = blobs(server, limits)
                archive = harness.export(USER, "--memory", "4MiB", "--jobs", jobs, "--allow-partial", code=3, description=path)
                told = [(line["id"], line["cause"]) for line in archive.report["missing"]]
                self.assertEqual(told, [("3", "hash_mismatch")])
                self.assertEqual(archive.export["totals"]["files"]["delivered"], 29)


class Width(unittest.TestCase):
    """How many requests for files are under way at the same time, as the service counts them."""

    def run_with(self, rule, *extra, count=240):
        """Numbers of requests under way, one for each request of a file: [(active, status)]; each answer takes a fifth of a second."""
        rules = [{"path": "/gen/media/", **rule}] if rule else []
        with fake.Server({"rules": [*rules, {"path": "/gen/media/", "stall": 0.2, "stage": "request"}]}) as server:
            path = description(server, {"count": str(count), "page_size": "1000", "files": "1"}, True, {"tries": 20})
            archive = harness.export(USER, *ID, *extra, description=path)
            self.assertEqual(archive.export["totals"]["files"]["delivered"], count)
            return [(entry["active"], entry["status"]) for entry in server.log() if "/gen/media/" in entry["target"]]

    def test_it_grows(self):
        asked = [active for active, _ in self.run_with(None)]
        self.assertLessEqual(max(asked[:8]), 8)
        self.assertGreaterEqual(max(asked[-60:-20]), 12, asked)

    def test_it_shrinks(self):
        """A service that refuses some has half as many at a time at once, and one that goes on refusing has next to none."""
        for status in (429, 503):
            with self.subTest(status):
                asked = self.run_with({"status": status, "headers": {"Retry-After": "0"}, "when": {"from": 150, "until": 160}})
                refused = [number for number, (_, code) in enumerate(asked) if code == status]
                before = max(active for active, _ in asked[:refused[0]])
                behind = [active for active, _ in asked[refused[-1] + 10:refused[-1] + 25]]
                self.assertLessEqual(max(behind), before * 3 / 4, asked)
        asked = self.run_with({"status": 429, "headers": {"Retry-After": "0"}, "when": {"from": 50, "each": 3}}, count=100)
        self.assertLessEqual(statistics.mean(active for active, _ in asked[-30:]), 3, asked)

    def test_it_is_fixed(self):
        """With --jobs it is as given, whatever the service says. Those that wait for another attempt keep their places."""
        asked = [active for active, _ in self.run_with({"status": 429, "headers": {"Retry-After": "0"}, "when": {"each": 10}},
                                                       "--jobs", "20", count=120)]
        self.assertLessEqual(max(asked), 20, asked)
        self.assertGreaterEqual(min(max(asked[:30]), max(asked[-60:])), 16, asked)


class Dead(unittest.TestCase):
    def end_of(self, scenario, query, *extra, media=False):
        """Exit code, sentence and seconds of a run with default settings against a service that is dead in this way."""
        with fake.Server(scenario) as server:
            path = description(server, query, media=media)
            begun = time.monotonic()
            run = harness.try_export(USER, harness.scratch("dead"), *extra, description=path)
            return run, time.monotonic() - begun

    def test_files_are_refused(self):
        """Lists answer, files do not: the run ends at once instead of trying 500 files five times each."""
        run, seconds = self.end_of({"rules": [{"path": "/gen/media/", "close": "request"}]},
                                   {"count": "500", "page_size": "100", "files": "1"}, media=True)
        self.assertEqual(run.code, 5, run)
        self.assertIn("notes: a file of record notes-", run.err)
        self.assertLess(seconds, 60)

    def test_silence(self):
        """A service that takes connections and never answers ends the run within 90 seconds; the events go on meanwhile."""
        events = harness.scratch("events") / "events.jsonl"
        run, seconds = self.end_of({"rules": [{"path": "/gen/notes", "stall": 3600, "stage": "request"}]},
                                   {"count": "10", "page_size": "10"}, "--events", events)
        self.assertEqual(run.code, 5, run)
        self.assertIn("notes: GET http://127.0.0.1:", run.err)
        self.assertIn("after 2 attempts", run.err)
        self.assertLess(seconds, 90)
        told = harness.read_lines(events)
        times = [datetime.fromisoformat(event["time"].replace("Z", "+00:00")) for event in told]
        self.assertLess(max((later - former).total_seconds() for former, later in zip(times, times[1:])), 10)
        self.assertEqual([event["attempt"] for event in told if event["event"] == "retry"], [1])


if __name__ == "__main__":
    harness.main()
