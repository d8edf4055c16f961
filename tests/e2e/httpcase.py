"""What the tests of exports over HTTP share: one export from a fake service, and what is said about it.

It owns the trials: a server with a scenario, a description that points at it, one run of holdall, and everything that
the run left. It refuses to let trials disturb each other: each has a server for itself, so that they can run side by side.
What an export should give is always an export of the same account from the store's own files.
"""

import atexit
import concurrent.futures
import contextlib
import functools
import queue
import threading
import time
import unittest

import fake
import harness
from harness import COMPLETE, EXPORT_ID

SIDE_BY_SIDE = 12
SLOW = 4 if harness.SANITIZED else 1
USER = f"/v1/users/{COMPLETE}"
LOCK = threading.Lock()
CURSOR = {"style": "cursor", "param": "cursor", "size_param": "limit", "size": 7, "next": "/meta/next", "total": "/meta/total"}


class Trial:
    """A finished export: the run, what it left, and what the service saw."""

    def __init__(self, run, place, seconds, server):
        self.run, self.place, self.seconds = run, place, seconds
        self.code, self.told = run.code, run.out + run.err
        self.log = server.log()
        self.origins = dict(server.origins)

    def __str__(self):
        asked = "\n".join(f"{entry['listener']} {entry['method']} {entry['target']} {entry['status']} {entry['fault']}"
                          for entry in self.log[-40:])
        return f"{self.run}\n--- asked, in {self.seconds:.1f} s\n{asked}"

    @property
    def sentence(self):
        """The last line on standard error: what went wrong."""
        lines = self.run.err.strip().splitlines()
        return lines[-1] if lines else ""

    @functools.cached_property
    def report(self):
        return harness.read_json(self.place / "report.json")

    @functools.cached_property
    def archive(self):
        return harness.Archive(self.place / "out", self.run)

    @property
    def bytes(self):
        return self.archive.zip.read_bytes()

    @property
    def missing(self):
        """[(category, kind, cause)] of the report."""
        return [(line["category"], line["kind"], line["cause"]) for line in self.report.get("missing", [])]

    def asked(self, path="", **wanted):
        """The entries of the service's log whose target holds PATH."""
        return [entry for entry in self.log if path in entry["target"]
                and all(entry[name] == value for name, value in wanted.items())]


# ---- descriptions ------------------------------------------------------------------------------------------

def limits(doc, **given):
    """The limits of every API."""
    for api in doc["apis"].values():
        api.setdefault("limits", {}).update(given)


def category(doc, name):
    return next(one for one in doc["categories"] if one["id"] == name)


def by_address(doc, name, server, *origins, **more):
    """The category's files come by the address that the service signs, in place of the key."""
    one = category(doc, name)
    media = one["media"][0]
    key = media.pop("key")
    media.pop("api")
    media.update(url="/url", origins=list(origins) or [server.main], **more)
    if key.startswith("/"):
        one.setdefault("omit", {})[key] = {"reason": "internal", "show": "none"}


def posted(doc, _):
    """Prompts by POST."""
    asked = category(doc, "prompts")["from"]
    asked["post"] = "/as/post" + asked.pop("get")
    asked.pop("query")
    asked["body"] = {"filter": {"user": "{user_id}", "as_of": "{as_of}", "note": "{not_a_variable} { }"}, "page": {}}
    asked["page"] = {"style": "cursor", "param": "/page/after", "next": "/page/next", "more": "/page/more",
                     "total": "/page/total", "size_param": "/page/limit", "size": 9}


def only_ids(doc, _):
    """Prompts by a list of ids, and one more request for each."""
    asked = category(doc, "prompts")["from"]
    asked["get"] = "/as/ids" + asked["get"]
    asked["page"] = CURSOR | {"size": 25}
    asked["detail"] = {"get": "/as/ids/v1/users/{user_id}/prompts/{id}", "item": "/data"}


# ---- runs --------------------------------------------------------------------------------------------------

def description(server, edit, origin=None):
    def both(doc):
        if edit is not None:
            edit(doc, server)
    return fake.description(server, both, origin)


def arguments(place, path, only, subject, extra):
    chosen = ["--category", ",".join(only)] if only else []
    (place / "out").mkdir()
    return harness.export_arguments(subject, place / "out", "--export-id", EXPORT_ID, "--report", place / "report.json",
                                    "--events", place / "events.jsonl", *chosen, *extra, description=path)


IDLE = queue.LifoQueue()  # servers that no trial has now


@contextlib.contextmanager
def service(scenario=None):
    """A server with this scenario, which may be made of it; started where none is idle."""
    try:
        server = IDLE.get_nowait()
    except queue.Empty:
        server = fake.Server().__enter__()
        atexit.register(server.stop)
    try:
        server.scenario((scenario(server) if callable(scenario) else scenario) or {})
        yield server
    finally:
        IDLE.put(server)


def trial(scenario=None, *extra, edit=None, only=("prompts",), subject=COMPLETE, env=None, origin=None):
    """One export. SCENARIO is an object, or makes one of the server; EDIT(doc, server) changes the description."""
    with service(scenario) as server:
        place = harness.scratch("trial")
        words = arguments(place, description(server, edit, origin and getattr(server, origin)), only, subject, extra)
        begin = time.monotonic()
        run = harness.holdall(*words, env=env)
        return Trial(run, place, time.monotonic() - begin, server)


def rules(*given, **scenario):
    return {"rules": list(given), **scenario}


def side_by_side(jobs):
    """{name: result} of {name: function without arguments}, several at a time."""
    harness.keys()
    with concurrent.futures.ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        futures = {name: pool.submit(job) for name, job in jobs.items()}
        return {name: future.result() for name, future in futures.items()}


@functools.cache
def _expected(only, subject, extra):
    place = harness.scratch("local")
    run = harness.holdall(*arguments(place, None, only, subject, extra))
    if run.code not in (0, 3):
        raise AssertionError(f"the export of the store itself failed:\n{run}")
    return harness.Archive(place / "out", run).zip.read_bytes()


def expected(only=("prompts",), subject=COMPLETE, extra=()):
    """The archive's bytes as an export of the store's files makes it."""
    with LOCK:
        return _expected(only and tuple(only), subject, tuple(extra))


class Case(unittest.TestCase):
    """Tests of exports over HTTP."""

    maxDiff = 2000

    def same(self, trial, only=("prompts",), **options):
        """Complete, and byte for byte what the store's files give."""
        self.assertEqual(trial.code, 0, trial)
        self.assertEqual(trial.bytes == expected(only, **options), True, f"the archive has other bytes\n{trial}")

    def failed(self, trial, code, sentence):
        """Ended with CODE, published nothing, left at most what it says, and said SENTENCE (a regular expression)."""
        self.assertEqual(trial.code, code, trial)
        self.assertEqual(harness.published(trial.place / "out"), [], trial)
        work = harness.kept(trial.place / "out")
        self.assertEqual((trial.report["resumable"], "--resume goes on with it" in trial.run.out), (bool(work), bool(work)), trial)
        if code == 4:
            self.assertEqual(work, [], trial)
        self.assertRegex(trial.sentence, sentence, trial)
        self.assertEqual((trial.report["exit_code"], trial.report["published"]), (code, False), trial)
        self.assertEqual(harness.schema_errors(trial.report, harness.schema("report")), [], trial)

    def lacks(self, trial, missing, code=3):
        """Ended because exactly these are missing: [(category, kind, cause)]."""
        self.assertEqual((trial.code, trial.missing), (code, missing), trial)
        self.assertEqual(harness.schema_errors(trial.report, harness.schema("report")), [], trial)
