"""What the tests of deliveries into buckets share: a service with large pictures, the bucket of one test, and what is asked of a delivery.

What is delivered is always held against the same export into a folder.
"""

import functools
import hashlib
import json
import os
import random
import signal
import subprocess
import time
import unittest
from datetime import datetime, timezone

import harness
import objectstores
import resumecase
from harness import AS_OF, EXPORT_ID
from storeproxy import StoreProxy, delay, status

USER = "usr_a1b2c3d4e5f6"
STEM = "shelf-export-20261101-0d5c2f4e"
NAME = f"{STEM}.zip"
PICTURES, PICTURE, PART = 5, 4_500_000, 5 * 1024 * 1024
_numbers = iter(range(1, 1000))


@functools.cache
def shelf():
    """The APIs of a service with a few large pictures: five parts of the smallest size."""
    place = harness.scratch("shelf")
    people, media = place / "api/v1/users", place / "media" / "users" / USER
    (people / USER).mkdir(parents=True)
    media.mkdir(parents=True)
    (people / f"{USER}.json").write_text(json.dumps({"id": USER}), encoding="ascii")
    facts = []
    for number in range(PICTURES):
        data = b"\x89PNG\r\n\x1a\n" + random.Random(number).randbytes(PICTURE)
        (media / f"{number}.png").write_bytes(data)
        facts.append({"id": f"pic{number}", "owner": USER, "bytes": len(data), "key": f"users/{USER}/{number}.png",
                      "sha256": hashlib.sha256(data).hexdigest(), "taken": f"2026-03-0{number + 1}T08:00:00Z"})
    (people / USER / "pictures.json").write_text(json.dumps({"data": facts}), encoding="ascii")
    return place


def description(deliver=None, root=None):
    doc = harness.read_json(resumecase.album())
    doc["service"]["id"] = "shelf"
    for api in ("core", "media"):
        doc["apis"][api]["root"] = str((root or shelf()) / ("api" if api == "core" else "media"))
    if deliver:
        doc["deliver"] = deliver
    place = harness.scratch("service")
    (place / "en.json").write_text(json.dumps(resumecase.TEXTS), encoding="ascii")
    (place / "service.json").write_text(json.dumps(doc), encoding="ascii")
    return place / "service.json"


def words(service, output, *extra):
    output = ("-o", output) if output else ()
    return ["export", "-s", service, "-u", USER, "-k", harness.secret_key(), "--as-of", AS_OF, "--export-id", EXPORT_ID, *output, *extra]


@functools.cache
def file_export(*extra):
    """{name: bytes} of the same export as files."""
    folder = harness.scratch("files")
    run = harness.holdall(*words(description(), f"{folder}/", *extra))
    if run.code != 0:
        raise AssertionError(run)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


class Place:
    """A bucket of its own for one test, the description that delivers there, and a stage."""

    def __init__(self, store, endpoint=None, **deliver):
        self.store, self.bucket = store, f"out-{next(_numbers)}"
        store.create(self.bucket)
        self.folder, self.stage = harness.scratch("run"), harness.scratch("stage")
        self.deliver = {"kind": "s3", "endpoint": endpoint or store.endpoint, "region": store.region, "bucket": self.bucket,
                        "allow_addresses": ["loopback"], "limits": {"tries": 3}, "part_size": PART, **deliver}
        self.report, self.events = self.folder / "report.json", self.folder / "events.jsonl"

    @functools.cached_property
    def service(self):
        return description(self.deliver)

    def argv(self, *extra, output=None, service=None):
        return words(service or self.service, output, "--stage", self.stage, "--report", self.report, "--events", self.events, *extra)

    def environment(self, **changes):
        return harness.environment(**{**self.store.env(endpoint=False), **changes})

    def export(self, *extra, output=None, service=None, env=None):
        self.run = harness.holdall(*self.argv(*extra, output=output, service=service), env=self.environment(**(env or {})))
        return self.run

    def start(self, *extra):
        return subprocess.Popen([os.fspath(word) for word in (harness.binary(), *self.argv(*extra))], env=self.environment(),
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def keys(self):
        return self.store.keys(self.bucket)

    def uploads(self):
        return self.store.uploads(self.bucket)

    def document(self):
        return harness.read_json(self.report)

    def fetched(self):
        """How many files this run fetched."""
        return len([1 for event in harness.read_lines(self.events) if event["event"] == "item"])


class Case(unittest.TestCase):
    """Tests on one store, unless they name another one."""

    kind = objectstores.Swift

    @property
    def store(self):
        return objectstores.shared(self.kind)

    def place(self, rules=(), store=None, **deliver):
        """A place behind a proxy with these rules: (action, words)."""
        self.proxy = StoreProxy(store or self.store).__enter__()
        self.addCleanup(self.proxy.stop)
        for action, match in rules:
            self.proxy.rule(action, **match)
        return Place(store or self.store, self.proxy.endpoint, **deliver)

    def assert_whole(self, place, files=None, prefix="", run=None):
        files = file_export() if files is None else files
        self.assertEqual((run or place.run).code, 0, run or place.run)
        self.assertEqual(place.keys(), sorted(prefix + name for name in files))
        for name, data in files.items():
            self.assertTrue(place.store.get(place.bucket, prefix + name) == data, f"{name} has other bytes than the file")
        self.assertEqual(harness.leftovers(place.stage), [])
        if place.store.versioned:
            self.assertEqual(place.uploads(), [], "nothing is left of any upload")

    def assert_nothing(self, place, code, kept=False):
        self.assertEqual(place.run.code, code, place.run)
        self.assertEqual(place.keys(), [])
        self.assertEqual(len(harness.kept(place.stage)), int(kept), place.run)
        self.assertNotIn("link: ", place.run.out)

    def parts(self):
        """How often each part went through the proxy and was taken."""
        numbers = [entry["query"].split("partNumber=")[1].split("&")[0] for entry in self.proxy.asked(method="PUT", query="partNumber=")
                   if entry["status"] == 200]
        return sorted(map(int, numbers))

    def same(self, store):
        """A delivery is what a file would be, with the headers that make a browser keep it; the place."""
        place = Place(store, prefix="exports/")
        place.export("-q")
        self.assert_whole(place, prefix="exports/")
        head = store.head(place.bucket, f"exports/{NAME}")
        self.assertEqual((head["ContentType"], head["ContentDisposition"]), ("application/zip", f'attachment; filename="{NAME}"'))
        self.assertIn(f"archive: s3://{place.bucket}/exports/{NAME}", place.run.out.splitlines())
        return place

    def link_of(self, run):
        return next(line.removeprefix("link: ") for line in run.out.splitlines() if line.startswith("link: "))

    def end_of(self, run):
        text = next(line.removeprefix("link valid until: ") for line in run.out.splitlines() if line.startswith("link valid until: "))
        return datetime.strptime(text.split(" ")[0], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)

    def curl(self, link):
        """What anybody gets who has the link: (status, content type and disposition, bytes)."""
        harness.need("curl")
        path = harness.scratch("download") / "x"
        run = harness.command("curl", "-sS", "-o", path, "-w", "%{http_code} %{content_type}\n%header{content-disposition}", link)
        code, _, rest = run.out.partition(" ")
        return int(code), rest, path.read_bytes() if path.exists() else b""

    def ends(self, store):
        """A link is refused after the end that it was said to have."""
        place = Place(store, link_lifetime="3s")
        place.export()
        end, link = self.end_of(place.run), self.link_of(place.run)
        time.sleep(max(0, (end - datetime.now(timezone.utc)).total_seconds()) + 1.2)
        code, _, data = self.curl(link)
        self.assertEqual((code, b"AccessDenied" in data), (403, True), data)

    def refused(self, place, code, *sentences, **given):
        """It ends with this code and these sentences before anything is fetched."""
        place.export(**given)
        self.assertEqual(place.run.code, code, place.run)
        for sentence in sentences:
            self.assertIn(sentence, place.run.err)
        if place.events.exists():
            self.assertEqual(place.fetched(), 0)
        self.assertEqual(harness.leftovers(place.stage), [])

    def wait_for_parts(self, process, count):
        end = time.monotonic() + 60
        while len(self.parts()) < count:
            self.assertIsNone(process.poll(), process.communicate() if process.poll() is not None else "")
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)

    def interrupted(self, number, *extra):
        """A run that is ended by a signal while its last part is held back."""
        place = self.place([(delay(20), {"method": "PUT", "query": "partNumber=5", "times": 1})])
        process = place.start(*extra)
        self.wait_for_parts(process, 4)
        begun = time.monotonic()
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
        self.assertLess(time.monotonic() - begun, 3)
        return place, process.returncode, out.decode(), err.decode()

    def gone_on_with(self):
        """After a kill the upload goes on with the parts that are there."""
        place, code, _, _ = self.interrupted(signal.SIGKILL)
        self.assertEqual(code, -signal.SIGKILL)
        self.assertEqual((place.keys(), len(place.uploads())), ([], 1))
        self.assertEqual(place.export().code, 1, "not without --resume")
        place.export("--resume")
        self.assert_whole(place)
        self.assertEqual([self.parts().count(number) for number in range(1, 6)], [1, 1, 1, 1, 1], "no part was sent twice")
        self.assertEqual(place.fetched(), 0)

    def given_up(self):
        """An upload that is refused in the middle leaves nothing, and can be done again without fetching anything."""
        place = self.place([(status(400, "EntityTooLarge"), {"method": "PUT", "query": "partNumber=4", "times": 1})])
        place.export()
        self.assert_nothing(place, 2, kept=True)
        self.assertEqual(place.uploads(), [])
        place.export("--resume")
        self.assert_whole(place)
        self.assertEqual(place.fetched(), 0)
