"""What the tests of interrupted exports share: several runs over one target, each against the service in another state.

It owns the album, a service whose only list is of pictures that are large enough to be worth dividing and keeping, as a
folder and over HTTP; and runs that are stopped at a chosen request. It refuses to stop a run that has ended by itself.
"""

import atexit
import contextlib
import functools
import hashlib
import json
import os
import random
import sqlite3
import subprocess
import time
import types

import fake
import harness
import httpcase
from harness import AS_OF, EXPORT_ID

USER = "usr_a1b2c3d4e5f6"
PICTURES, LARGE, LARGE_AT = 60, 2_600_000, 30
SEED = 20261101
TEXTS = {"format": "holdall-texts-1", "language": "en",
         "texts": {"purposes.operate": "To keep your pictures.", "retention.account": "As long as you have an account.",
                   "rights.access": "You can ask for a copy.", "complaint.authority": "You can complain."}}


# ---- the album ---------------------------------------------------------------------------------------------

def picture(number):
    """Bytes that nothing compresses: 20 to 200 KB, one of them 2.6 MB."""
    dice = random.Random(SEED + number)
    return b"\x89PNG\r\n\x1a\n" + dice.randbytes(LARGE if number == LARGE_AT else dice.randrange(20_000, 200_000))


def key(number):
    return f"users/{USER}/{number:03}.png"


def facts(number):
    data = picture(number)
    return {"id": f"pic{number:03}", "owner": USER, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(),
            "key": key(number), "taken": f"2026-03-{number % 28 + 1:02}T08:00:{number % 60:02}Z"}


@functools.cache
def store():
    """The album as a folder that the fake service serves as well."""
    place = harness.scratch("album")
    people, media = place / "api/v1/users", place / "media"
    (people / USER).mkdir(parents=True)
    (place / "desk").mkdir()
    (people / f"{USER}.json").write_text(json.dumps({"id": USER, "email": "a@album.example"}), encoding="ascii")
    pictures = {"data": [facts(number) for number in range(PICTURES)]}
    (people / USER / "pictures.json").write_text(json.dumps(pictures), encoding="ascii")
    for number in range(PICTURES):
        path = media / key(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(number))
    return place


def album(server=None, edit=None, tries=1):
    """The path of the album's description; with SERVER over HTTP. EDIT(doc) changes it."""
    place = harness.scratch("service")
    common = {"kind": "http", "allow_addresses": ["loopback"], "limits": {"tries": tries}}
    api, media = ({"kind": "file", "root": str(store() / name)} for name in ("api", "media"))
    if server:
        api, media = ({**common, "url": f"{server.main}/{name}"} for name in ("api", "media"))
    doc = {
        "format": "holdall-service-1",
        "service": {"id": "album", "name": "Album", "controller": {"name": "Album", "email": "privacy@album.example"}},
        "subject": {"primary": "user_id", "pattern": "^usr_[a-z0-9]{12}$", "resolve": {"api": "core", "get": "/v1/users/{user_id}"}},
        "apis": {"core": api, "media": {**media, "prefix": "users/{user_id}/"}},
        "privacy": {"texts": "{language}.json", "recipients": [], "sold_or_shared": False, "complaint": "authority"},
        "categories": [{
            "id": "pictures", "record": "media", "title": "Pictures", "scope": ["access"], "origin": "provided",
            "privacy": {"purposes": ["operate"], "retention": "account"}, "subject": "/owner",
            "from": {"api": "core", "get": "/v1/users/{user_id}/pictures", "items": "/data", "page": None},
            "map": {"id": "/id", "created_at": "/taken"},
            "media": [{"role": "picture", "api": "media", "key": "/key", "size": "/bytes", "sha256": "/sha256"}]}]}
    if edit:
        edit(doc)
    (place / "en.json").write_text(json.dumps(TEXTS), encoding="ascii")
    (place / "service.json").write_text(json.dumps(doc), encoding="ascii")
    return place / "service.json"


@functools.cache
def _server():
    server = fake.Server(store=store()).__enter__()
    atexit.register(server.stop)
    return server


@contextlib.contextmanager
def serving(scenario=None):
    """The fake service of the album, the same one for all tests of a file."""
    _server().scenario(scenario or {})
    yield _server()


# ---- runs --------------------------------------------------------------------------------------------------

class Target:
    """A place for one export, and the runs over it. SERVER is None where the service is a folder."""

    def __init__(self, path, server=None, subject=USER, only=(), output=None, ids=True):
        self.path, self.server, self.subject, self.key = path, server, subject, harness.secret_key()
        self.chosen = ["--category", ",".join(only)] if only else []
        self.fixed = ["--export-id", EXPORT_ID, "--as-of", AS_OF] if ids else []
        self.place = harness.scratch("target")
        self.out = self.place / "out"
        self.out.mkdir()
        self.output = self.out / output if output else f"{self.out}/"

    def words(self, *extra):
        return ["export", "-s", self.path, "-u", self.subject, "-k", self.key, "-o", self.output, *self.fixed,
                "--report", self.place / "report.json", *self.chosen, *extra]

    def run(self, *extra, scenario=None):
        """One run to its end, against the service with this scenario, or as it should be."""
        if self.server:
            self.server.scenario(scenario or {})
        begin = time.monotonic()
        return self._trial(harness.holdall(*self.words(*extra)), begin)

    def _trial(self, run, begin):
        """The run with its own report, which the next one replaces."""
        done = httpcase.Trial(run, self.place, time.monotonic() - begin, self.server or types.SimpleNamespace(log=list, origins={}))
        if (self.place / "report.json").exists():
            done.report = harness.read_json(self.place / "report.json")
            (self.place / "report.json").unlink()
        return done

    def start(self, *extra, wrapper=()):
        argv = [*wrapper, harness.binary(), *self.words(*extra)]
        return subprocess.Popen([os.fspath(word) for word in argv], env=harness.environment(), cwd=self.place,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def stopped(self, number, path, *extra, scenario, times=1):
        """A run that gets signal NUMBER once the service has been asked TIMES times for PATH, which must not be answered."""
        self.server.scenario(scenario)
        begin = time.monotonic()
        with self.start(*extra) as process:
            wait_for(process, self.server, path, times)
            time.sleep(1.5 if harness.SANITIZED else 0.4)  # what came before is packed a little later than it is received
            process.send_signal(number)
            out, err = process.communicate(timeout=harness.TIMEOUT)
        return self._trial(harness.Run(process.args, subprocess.CompletedProcess(process.args, process.returncode, out, err)), begin)

    def work(self):
        """The one directory of unfinished work."""
        return harness.only(harness.kept(self.out), "unfinished work")

    def files(self):
        """{name: bytes} of what is published."""
        return {name: (self.out / name).read_bytes() for name in harness.published(self.out)}

    def committed(self):
        """The keys of the files that the journal has as delivered, as whoever goes on will find it."""
        copy = harness.scratch("index")
        for path in self.work().glob("index.sqlite*"):
            (copy / path.name).write_bytes(path.read_bytes())
        with contextlib.closing(sqlite3.connect(copy / "index.sqlite")) as base:
            if not base.execute("SELECT 1 FROM sqlite_schema WHERE name='outcome'").fetchone():
                return []  # killed before there were tables
            return [row[0] for row in base.execute(
                "SELECT i.place FROM outcome o JOIN item i ON i.row=o.item WHERE o.state=1"
                " AND o.entry<=(SELECT coalesce(max(seq),0) FROM entry) ORDER BY i.row")]


def wait_for(process, server, path, times=1):
    """Until the service has been asked TIMES times for PATH."""
    end = time.monotonic() + harness.TIMEOUT
    while sum(path in entry["target"] for entry in server.log()) < times:
        if process.poll() is not None or time.monotonic() > end:
            raise AssertionError(f"it has not asked for {path}:\n{process.communicate()}")
        time.sleep(0.02)


def snapshot(folder):
    """{path: (bytes, or None of a folder)} of everything in a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
            for path in sorted(folder.rglob("*"))}
