#!/usr/bin/python3
"""Proves that the keys of a store can be a category, and that a prefix of it is held against what the records name.

The stores are folders. A list is complete whatever the names and however many there are, and has nothing of a neighbour;
a sweep delivers what no record names and nothing that a record names and holds back, be that record asked for or not;
both go on where a run ended; and a description that would take in the keys of others is refused by lint.
"""

import contextlib
import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
import harness  # noqa: E402
from harness import AS_OF, EXPORT_ID, holdall, kept, published, scratch  # noqa: E402

USER = "12"
HOME = f"users/{USER}/"
TEXTS = {"format": "holdall-texts-1", "language": "en", "texts": {
    "purposes.operate": "To keep your files.", "retention.account": "As long as you have an account.",
    "rights.access": "You can ask for a copy.", "complaint.authority": "You can complain."}}


# ---- services ----------------------------------------------------------------------------------------------

def category(name, **members):
    members.setdefault("record", "media")
    return {"id": name, "title": name.capitalize(), "scope": ["access"], "origin": "provided",
            "privacy": {"purposes": ["operate"], "retention": "account"}, **members}


def listed(name="files", prefix="users/{user_id}/", **members):
    """A category whose items are the objects below a prefix."""
    return category(name, **{"from": {"api": "store", "list": prefix}, "subject": "key_prefix", "map": {"id": "/key"},
                             "media": [{"role": "file", "api": "store", "key": "/key", "size": "/size"}], **members})


def asked(name, *, detail=None, **members):
    """A category whose items the API has in one answer: id, user, key, at, hold."""
    source = {"api": "core", "get": f"/users/{{user_id}}/{name}", "items": "/items", **({"detail": detail} if detail else {})}
    return category(name, **{"from": source, "subject": "/user", "time": "/at", "map": {"id": "/id", "created_at": "/at"},
                             "withhold": [{"field": "/hold", "is": True, "reason": "legal_hold", "what": "record"}],
                             "media": [{"role": "file", "api": "store", "key": "/key"}], **members})


SWEEP = {"api": "store", "prefix": "users/{user_id}/up/"}


class Service:
    """A service of two folders: `api` has its answers, `media` its objects."""

    def __init__(self, *categories, edit=None):
        self.place = scratch("service")
        self.api, self.media = self.place / "api", self.place / "media"
        self.api.mkdir()
        self.media.mkdir()
        self.path = self.place / "service.json"
        self.doc = {
            "format": "holdall-service-1",
            "service": {"id": "drawer", "name": "Drawer", "controller": {"name": "Drawer", "email": "privacy@drawer.example"}},
            "subject": {"primary": "user_id", "pattern": "^[0-9]{1,12}$"},
            "apis": {"core": {"kind": "file", "root": "api"},
                     "store": {"kind": "file", "root": "media", "prefix": "users/{user_id}/"}},
            "privacy": {"texts": "{language}.json", "recipients": [], "sold_or_shared": False, "complaint": "authority"},
            "categories": list(categories)}
        if edit:
            edit(self.doc)
        (self.place / "en.json").write_text(json.dumps(TEXTS), encoding="ascii")
        self.path.write_text(json.dumps(self.doc), encoding="ascii")

    def put(self, *keys, data=None):
        """Objects, each with bytes of its own."""
        for key in keys:
            path = self.media / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content(key) if data is None else data)
        return self

    def answer(self, name, *items):
        """What the API answers for a category. An item is (id, key) or (id, key, more members)."""
        path = self.api / f"users/{USER}/{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"items": [
            {"id": item[0], "user": USER, "key": item[1], "at": "2026-03-01T08:00:00Z", **(item[2] if len(item) > 2 else {})}
            for item in items]}), encoding="utf-8")
        return self

    def export(self, *extra, code=0):
        return harness.export(USER, "--export-id", EXPORT_ID, *extra, code=code, description=self.path)

    def lint(self):
        return holdall("lint", self.path)


def content(key):
    return f"This is what lies at {key}.\n".encode()


def records(archive, name):
    """The records of a category, as the archive has them."""
    return archive.records(next(one for one in archive.export["categories"] if one["id"] == name))


def files(archive, name):
    """{id: bytes of its one file, or the cause of its absence} of a category."""
    found = {}
    for record in records(archive, name):
        (file,) = record["files"]
        found[record["id"]] = (archive.tree / file["path"]).read_bytes() if "path" in file else file.get("missing", file.get("withheld"))
    return found


def counts(archive, name):
    one = next(one for one in archive.export["categories"] if one["id"] == name)
    return one["records"], one["files"]


def whole(keys):
    return {key: content(key) for key in keys}


# ---- lists -------------------------------------------------------------------------------------------------

class Lists(unittest.TestCase):
    def test_a_category_of_keys(self):
        service = Service(listed()).put(HOME + "a.txt", HOME + "b/c.txt", "users/123/theirs.txt", "users/1/theirs.txt", "users/12.txt")
        self.assertEqual(service.lint().code, 0, service.lint())
        archive = service.export()
        self.assertEqual(files(archive, "files"), whole([HOME + "a.txt", HOME + "b/c.txt"]))
        self.assertEqual(counts(archive, "files")[1]["missing"], 0)

    def test_neighbours_that_begin_alike(self):
        """1, 12 and 123 have what is theirs, each alone."""
        service = Service(listed()).put(*(f"users/{user}/{user}.txt" for user in ("1", "12", "123", "1234")))
        for user in ("1", "12", "123", "1234"):
            archive = harness.export(user, description=service.path)
            self.assertEqual(files(archive, "files"), whole([f"users/{user}/{user}.txt"]))

    def test_nothing_there(self):
        archive = Service(listed()).put("users/123/theirs.txt").export()
        self.assertEqual(records(archive, "files"), [])

    def test_three_pages(self):
        """2,500 keys, most of them in one folder and some in folders beside, below and around it, in the order of their bytes."""
        keys = [HOME + f"many/{number:04}.txt" for number in range(2100)]
        keys += [HOME + f"many/{number:04}/x.txt" for number in range(150)]
        keys += [HOME + f"many{end}{number}" for number in range(100) for end in ("-", ".", "0")[:2]]
        keys += [HOME + f"{number}/deep/er/{number}" for number in range(50)]
        self.assertEqual(len(keys), 2500)
        service = Service(listed(media=[]), edit=lambda doc: doc["categories"][0].update(omit={"/size": "internal"}))
        service.put(*keys, "users/123/theirs.txt")
        archive = service.export()
        self.assertEqual([record["id"] for record in records(archive, "files")], sorted(keys, key=str.encode))

    def test_page_after_page(self):
        """Exactly one page, and one key more."""
        for number in (1000, 1001, 2000):
            with self.subTest(number):
                service = Service(listed(media=[], omit={"/size": "internal"})).put(*(HOME + f"{n:04}" for n in range(number)))
                self.assertEqual(len(records(service.export(), "files")), number)

    def test_empty_folders_are_no_end(self):
        """A thousand folders without a file stand before the files."""
        service = Service(listed(media=[], omit={"/size": "internal"})).put(HOME + "z.txt", HOME + "zz/z.txt")
        for number in range(2300):
            (service.media / HOME / f"{number:04}/x").mkdir(parents=True)
        self.assertEqual([record["id"] for record in records(service.export(), "files")], [HOME + "z.txt", HOME + "zz/z.txt"])

    def test_odd_names(self):
        names = ["two words.txt", " begins and ends ", ".hidden", "..dots", "...", "100%.txt", "%2e%2e", "%2F", "q?a=b&c#d", "plus+minus",
                 "Ünïcödé/é.txt", "e\u0301.txt", "日本語.txt", "\u202egpj.exe", "quote\"'`$(x).txt", "back\\slash", "tab\there", "new\nline",
                 "\x01\x1b[31m", "star*", "{user_id}", "-rf", "~", "a:b", "CON", "x" * 255]
        keys = [HOME + name for name in names]
        self.assertEqual(files(Service(listed(map={"id": {"from": "/key", "as": "text"}})).put(*keys[:-1]).export(), "files"),
                         whole(keys[:-1]))

    def test_what_is_no_file(self):
        """Links, pipes and empty folders are not listed, and nothing is reached over a link."""
        service = Service(listed()).put(HOME + "a.txt", "users/123/theirs.txt")
        outside = scratch("outside")
        (outside / "secret.txt").write_text("not yours", encoding="ascii")
        home = service.media / HOME
        (home / "link").symlink_to(outside / "secret.txt")
        (home / "folder").symlink_to(outside)
        (home / "neighbour").symlink_to("../123")
        (home / "empty").mkdir()
        os.mkfifo(home / "pipe")
        self.assertEqual(files(service.export(), "files"), whole([HOME + "a.txt"]))

    def test_a_prefix_that_is_a_link(self):
        service = Service(listed()).put("users/123/theirs.txt")
        (service.media / "users/12").symlink_to("123")
        run = harness.try_export(USER, scratch("out"), description=service.path)
        self.assertEqual(run.code, 4, run)

    def test_a_name_that_is_no_text(self):
        """It cannot be left out without a word, and no key can name it."""
        service = Service(listed()).put(HOME + "a.txt")
        with open(os.fsencode(service.media / HOME) + b"/\xff\xfe.txt", "wb") as file:
            file.write(b"x")
        folder = scratch("out")
        run = harness.try_export(USER, folder, description=service.path)
        self.assertEqual((run.code, published(folder)), (1, []), run)
        self.assertIn("no UTF-8", run.err)

    def test_part_of_a_name(self):
        """A prefix may end inside a name, behind the identifier's delimiter."""
        service = Service(listed(prefix="users/{user_id}/up")).put(HOME + "up/a", HOME + "upper", HOME + "down", HOME + "u/p")
        self.assertEqual(files(service.export(), "files"), whole([HOME + "up/a", HOME + "upper"]))

    def test_a_key_that_no_file_has(self):
        """An object store may have it: here it is missing, with a name and a cause."""
        service = Service(asked("notes")).put(HOME + "a").answer("notes", ("n1", HOME + "a"), ("n2", HOME + "/b"), ("n3", HOME + "c/"))
        archive = service.export("--allow-partial", code=3)
        self.assertEqual(files(archive, "notes"), {"n1": content(HOME + "a"), "n2": "gone", "n3": "gone"})

    def test_plan_and_probe(self):
        service = Service(listed()).put(HOME + "a.txt", HOME + "b.txt")
        plan = holdall("plan", "-s", service.path, "-u", USER, "--format", "json")
        self.assertEqual(plan.code, 0, plan)
        (one,) = json.loads(plan.out)["categories"]
        self.assertEqual((one["records"], one["files"]), (2, 2), plan)
        probe = holdall("probe", "-s", service.path, "-u", USER, "--format", "json")
        self.assertEqual(probe.code, 0, probe)
        self.assertEqual(json.loads(probe.out)["categories"][0]["items"], 2, probe)

    def test_it_goes_on_at_its_page(self):
        """Killed behind its first page: what that had is known, though a file of it is gone meanwhile."""
        harness.need("strace")
        keys = [HOME + f"{number:04}" for number in range(2500)]
        service = Service(listed()).put(*keys, data=b"x")
        target = Target(service)
        target.killed("page", 0.7)
        (service.media / keys[5]).unlink()
        run = target.run("--resume", "--allow-partial")
        self.assertEqual(run.code, 3, run)
        (line,) = harness.read_json(target.report)["missing"]
        self.assertEqual((line["id"], line["cause"]), (keys[5], "gone"))
        self.assertNotIn("repeated", run.out)


class Target:
    """A place for an export that is interrupted, and for the one that goes on."""

    def __init__(self, service):
        self.service, self.place = service, scratch("target")
        self.out, self.report = self.place / "out", self.place / "report.json"
        self.out.mkdir()

    def words(self, *extra):
        return [os.fspath(word) for word in
                (harness.binary(), "export", "-s", self.service.path, "-u", USER, "-k", harness.secret_key(), "-o", f"{self.out}/",
                 "--as-of", AS_OF, "--export-id", EXPORT_ID, "--report", self.report, *extra)]

    def run(self, *extra):
        return holdall(*self.words(*extra)[1:])

    def killed(self, what, delay, later=0):
        """A run whose folders are read slowly, and that is killed LATER seconds after its journal said that WHAT is listed: a "page" or "all"."""
        slow = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=getdents64", "-e", "signal=none",
                "-e", f"inject=getdents64:delay_enter={int(delay * 1e6)}"]
        with subprocess.Popen([*slow, *self.words()], env=harness.environment(), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            self.wait(process, what)
            time.sleep(later)
            for child in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split():
                os.kill(int(child), signal.SIGKILL)
            process.communicate(timeout=harness.TIMEOUT)
        if published(self.out):
            raise AssertionError("it was published before it could be killed")

    def wait(self, process, what):
        end = time.monotonic() + harness.TIMEOUT
        while True:
            if process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"it has not listed anything:\n{process.communicate()}")
            if self.is_committed(what):
                return
            time.sleep(0.05)

    def is_committed(self, what):
        found = list(self.out.glob("*.holdall/index.sqlite"))
        if not found:
            return False
        copy = scratch("index")
        for path in found[0].parent.glob("index.sqlite*"):
            try:
                (copy / path.name).write_bytes(path.read_bytes())
            except FileNotFoundError:
                return False
        with contextlib.closing(sqlite3.connect(copy / "index.sqlite")) as base:
            try:
                return base.execute(f"SELECT 1 FROM listed WHERE {'whole' if what == 'all' else 'position IS NOT NULL'}").fetchone() is not None
            except sqlite3.Error:
                return False


# ---- sweeps ------------------------------------------------------------------------------------------------

class Sweeps(unittest.TestCase):
    def test_what_no_record_names(self):
        service = Service(asked("notes", sweep=SWEEP)).answer("notes", ("n1", HOME + "up/a.txt"))
        service.put(HOME + "up/a.txt", HOME + "up/sub/lost.txt", HOME + "up/b.txt", HOME + "elsewhere.txt", "users/123/up/theirs.txt")
        self.assertEqual(service.lint().code, 0, service.lint())
        archive = service.export()
        self.assertEqual(files(archive, "notes"), {
            "n1": content(HOME + "up/a.txt"), "b.txt": content(HOME + "up/b.txt"), "sub/lost.txt": content(HOME + "up/sub/lost.txt")})
        lost = next(record for record in records(archive, "notes") if record["id"] == "sub/lost.txt")
        self.assertEqual((lost["original_name"], lost["files"][0]["role"], "created_at" in lost), ("lost.txt", "file", False))
        self.assertEqual(counts(archive, "notes")[0]["expected"], 3)
        verified = holdall("verify", "-p", harness.public_key(), archive.zip)
        self.assertEqual(verified.code, 0, verified)
        self.assertEqual(harness.schema_errors(lost, harness.schema("record"), "#/$defs/media"), [])

    def test_what_a_record_names_and_nobody_has(self):
        service = Service(asked("notes", sweep=SWEEP)).answer("notes", ("n1", HOME + "up/a.txt"), ("n2", HOME + "up/gone.txt"))
        service.put(HOME + "up/a.txt")
        archive = service.export("--allow-partial", code=3)
        self.assertEqual(files(archive, "notes"), {"n1": content(HOME + "up/a.txt"), "n2": "gone"})

    def test_the_type_says_what_a_record_has(self):
        """A type without an original name has none; the role is the sweep's own."""
        service = Service(asked("notes", record="record", media=[], sweep={**SWEEP, "role": "found"}, omit={"/key": "internal"}))
        service.answer("notes").put(HOME + "up/b.txt")
        (record,) = records(service.export(), "notes")
        self.assertEqual((set(record), record["files"][0]["role"]), ({"id", "files"}, "found"))

    def test_ids_that_are_taken(self):
        """A record may be called like the object that no record names; and a key may be longer than an id."""
        long = "x" * 200 + "/" + "y" * 200
        service = Service(asked("notes", sweep=SWEEP)).answer("notes", ("b.txt", HOME + "up/a.txt"))
        service.put(HOME + "up/a.txt", HOME + "up/b.txt", HOME + "up/" + long)
        self.assertEqual(files(service.export(), "notes"), {
            "b.txt": content(HOME + "up/a.txt"), HOME + "up/b.txt": content(HOME + "up/b.txt"),
            "sha256:" + hashlib.sha256((HOME + "up/" + long).encode()).hexdigest(): content(HOME + "up/" + long)})

    def test_what_is_held_back(self):
        """The object of a record that is withheld stays withheld."""
        service = Service(asked("notes", sweep=SWEEP)).put(HOME + "up/a.txt", HOME + "up/held.txt")
        service.answer("notes", ("n1", HOME + "up/a.txt"), ("n2", HOME + "up/held.txt", {"hold": True}))
        archive = service.export()
        self.assertEqual(files(archive, "notes"), {"n1": content(HOME + "up/a.txt")})
        self.assertEqual([one["withheld"] for one in counts(archive, "notes")], [1, 1])

    def test_what_is_out_of_range(self):
        """Neither in the archive nor an object without an owner; one without an owner and a time is in."""
        service = Service(asked("notes", sweep=SWEEP)).put(HOME + "up/a.txt", HOME + "up/old.txt", HOME + "up/b.txt")
        service.answer("notes", ("n1", HOME + "up/a.txt"), ("n2", HOME + "up/old.txt", {"at": "2020-01-01T00:00:00Z"}))
        archive = service.export("--since", "2026-01-01T00:00:00Z")
        self.assertEqual(files(archive, "notes"), {"n1": content(HOME + "up/a.txt"), "b.txt": content(HOME + "up/b.txt")})

    def two(self, **members):
        other = asked("letters", **members)
        service = Service(asked("notes", sweep=SWEEP), other).answer("notes", ("n1", HOME + "up/a.txt"))
        service.answer("letters", ("l1", HOME + "up/letter.txt"), ("l2", HOME + "up/held.txt", {"hold": True}))
        return service.put(HOME + "up/a.txt", HOME + "up/letter.txt", HOME + "up/held.txt", HOME + "up/b.txt")

    def test_what_another_category_names(self):
        archive = self.two().export()
        self.assertEqual(set(files(archive, "notes")), {"n1", "b.txt"})
        self.assertEqual(files(archive, "letters"), {"l1": content(HOME + "up/letter.txt")})

    def test_what_a_category_names_that_nobody_asked_for(self):
        """It is listed all the same, so that what it names and holds back is no object without an owner."""
        template = [{"role": "file", "api": "store", "key": "users/{user_id}/up/{id}.txt"}]
        for members in ({}, {"scope": ["portability"]}, {"time": "/at", "map": {"id": "/id"}}):
            with self.subTest(members):
                archive = self.two(**members).export("--category", "notes")
                self.assertEqual(set(files(archive, "notes")), {"n1", "b.txt"})
                self.assertEqual([one["id"] for one in archive.export["categories"]], ["notes"])
        service = Service(asked("notes", sweep=SWEEP), asked("letters", media=template, omit={"/key": "internal"}))
        service.answer("notes").answer("letters", ("held", "x", {"hold": True})).put(HOME + "up/held.txt", HOME + "up/b.txt")
        self.assertEqual(set(files(service.export("--category", "notes"), "notes")), {"b.txt"})

    def test_without_a_sweep_nobody_else_is_asked(self):
        """Where the swept category is not asked for, the others are not listed for it."""
        service = self.two()
        (service.api / f"users/{USER}/notes.json").unlink()
        self.assertEqual(set(files(service.export("--category", "letters"), "letters")), {"l1"})

    def test_a_list_owns_its_keys(self):
        service = Service(asked("notes", sweep=SWEEP), listed("papers", "users/{user_id}/up/papers/"))
        service.answer("notes").put(HOME + "up/papers/p.txt", HOME + "up/b.txt")
        for extra in ((), ("--category", "notes")):
            self.assertEqual(set(files(service.export(*extra), "notes")), {"b.txt"})

    def test_nested_items_own_theirs(self):
        service = Service(asked("notes", sweep=SWEEP), category(
            "parts", **{"from": {"each": "notes", "items": "/parts"}, "subject": "parent", "map": {"id": "/id"},
                        "media": [{"role": "part", "api": "store", "key": "/key"}]}))
        service.answer("notes", ("n1", HOME + "up/a.txt", {"at": "2020-01-01T00:00:00Z", "parts": [{"id": "p", "key": HOME + "up/p.txt"}]}))
        service.put(HOME + "up/a.txt", HOME + "up/p.txt", HOME + "up/b.txt")
        for extra in (("--category", "notes"), ("--category", "notes", "--since", "2026-01-01T00:00:00Z")):
            self.assertNotIn("p.txt", files(service.export(*extra), "notes"))

    def test_the_time_of_the_item_around(self):
        """A nested item whose time is its parent's is in or out with it, and owns its object all the same."""
        parts = category("parts", **{"from": {"each": "notes", "items": "/parts"}, "subject": "parent", "map": {"id": "/id"}, "time": "^/at",
                                     "media": [{"role": "part", "api": "store", "key": "/key"}]})
        service = Service(asked("notes", sweep=SWEEP), parts)
        service.answer("notes", ("n1", HOME + "up/a.txt", {"at": "2020-01-01T00:00:00Z", "parts": [{"id": "p1", "key": HOME + "up/p1.txt"}]}),
                       ("n2", HOME + "up/b.txt", {"parts": [{"id": "p2", "key": HOME + "up/p2.txt"}]}))
        service.put(*(HOME + f"up/{name}.txt" for name in ("a", "b", "p1", "p2")))
        archive = service.export("--since", "2026-01-01T00:00:00Z", "--fail-on-drift")
        self.assertEqual((set(files(archive, "notes")), set(files(archive, "parts"))), ({"n2"}, {"p2"}))

    def test_two_sweeps_of_one_prefix(self):
        """Each object comes once."""
        service = Service(asked("notes", sweep=SWEEP), asked("letters", sweep={**SWEEP, "prefix": "users/{user_id}/"}))
        service.answer("notes").answer("letters").put(HOME + "up/b.txt", HOME + "c.txt")
        archive = service.export()
        self.assertEqual((set(files(archive, "notes")), set(files(archive, "letters"))), ({"b.txt"}, {"c.txt"}))

    def test_a_record_of_others_that_cannot_be_read(self):
        """It has no line, as nobody asked for it; but what could be its object is not delivered."""
        for hold, expected in ((True, 3), (False, 0)):
            with self.subTest(hold):
                service = Service(asked("notes", sweep=SWEEP), asked("letters", detail="/letters/{id}", **({} if hold else {"withhold": []})))
                service.answer("notes").answer("letters", ("l1", "x")).put(HOME + "up/b.txt")
                archive = service.export("--category", "notes", "--allow-partial", code=expected)
                self.assertEqual(set(files(archive, "notes")), set() if hold else {"b.txt"})
                self.assertEqual([line["id"] for line in archive.report["missing"]], ["b.txt"] if hold else [])

    def doubtful(self, hold):
        """A record cannot be read; had it been, it might have held back its object."""
        members = {} if hold else {"withhold": []}
        service = Service(asked("notes", detail="/notes/{id}", sweep=SWEEP, **members)).answer("notes", ("n1", HOME + "up/a.txt"))
        return service.put(HOME + "up/a.txt").export("--allow-partial", code=3)

    def test_a_record_that_cannot_be_read(self):
        archive = self.doubtful(hold=True)
        self.assertEqual(records(archive, "notes"), [])
        self.assertEqual([(line["id"], line["cause"]) for line in archive.report["missing"]], [("n1", "gone"), ("a.txt", "unavailable")])
        self.assertEqual(set(files(self.doubtful(hold=False), "notes")), {"a.txt"})

    def test_plan_counts_them_and_probe_does_not(self):
        service = Service(asked("notes", sweep=SWEEP)).answer("notes", ("n1", HOME + "up/a.txt")).put(HOME + "up/a.txt", HOME + "up/b.txt")
        plan = holdall("plan", "-s", service.path, "-u", USER, "--format", "json")
        (one,) = json.loads(plan.out)["categories"]
        self.assertEqual((one["records"], one["files"]), (2, 2), plan)
        probe = holdall("probe", "-s", service.path, "-u", USER, "--format", "json")
        self.assertEqual(json.loads(probe.out)["categories"][0]["items"], 1, probe)

    def test_events_and_report(self):
        """The category is told once, with what the sweep found."""
        service = Service(asked("notes", sweep=SWEEP), asked("letters")).answer("notes").answer("letters").put(HOME + "up/b.txt")
        archive = service.export()
        told = [(event["category"], event["records"]) for event in archive.events if event["event"] == "category"]
        self.assertEqual(sorted(told), [("letters", 0), ("notes", 1)])
        for event in archive.events:
            self.assertEqual(harness.schema_errors(event, harness.schema("event")), [])

    def test_thousands(self):
        keys = [HOME + f"up/{number:04}" for number in range(2300)]
        service = Service(asked("notes", sweep=SWEEP)).answer("notes", ("n1", keys[1500])).put(*keys, data=b"x")
        archive = service.export()
        self.assertEqual({record["id"] for record in records(archive, "notes")}, {"n1", *(key[-4:] for key in keys)} - {"1500"})

    def test_one_that_is_interrupted_begins_anew(self):
        harness.need("strace")
        keys = [HOME + f"up/{number:04}" for number in range(2300)]
        service = Service(asked("notes", sweep=SWEEP)).answer("notes", ("n1", keys[1500])).put(*keys, data=b"x")
        target = Target(service)
        target.killed("all", 0.25, later=1.6)
        run = target.run("--resume")
        self.assertEqual((run.code, kept(target.out)), (0, []), run)
        self.assertNotIn("repeated", run.out)
        calm = service.export()
        self.assertEqual(harness.only(target.out.glob("*.zip"), run).read_bytes(), calm.zip.read_bytes())


# ---- lint --------------------------------------------------------------------------------------------------

class Lint(unittest.TestCase):
    def refused(self, where, sentence, *categories, edit=None):
        run = Service(*categories, edit=edit).lint()
        self.assertEqual(run.code, 2, run)
        self.assertIn(f"{where}: ", run.out + run.err)
        self.assertIn(sentence, run.out + run.err)

    def test_prefixes(self):
        table = {"users/{user_id}": "must stand behind it", "users/{user_id}x/": "must stand behind it", "users/": "no identifier",
                 "other/{user_id}/": "begin it with users/{user_id}/", "users/{nobody}/": "no identifier of the subject",
                 "users/{as_of}/": "no identifier"}
        for prefix, sentence in table.items():
            with self.subTest(prefix):
                self.refused("/categories/0/from/list", sentence, listed(prefix=prefix))
                self.refused("/categories/0/sweep/prefix", sentence, asked("notes", sweep={**SWEEP, "prefix": prefix}))

    def test_prefix_of_an_api(self):
        """It alone keeps the keys of records to the person's: users/12 would take in users/123."""
        def edit(doc):
            doc["apis"]["store"]["prefix"] = "users/{user_id}"
        self.refused("/apis/store/prefix", "must stand behind it", asked("notes"), edit=edit)

    def test_another_delimiter(self):
        """It is taken with a warning."""
        def edit(doc):
            doc["apis"]["store"]["prefix"] = "u_{user_id}_"
        run = Service(listed(prefix="u_{user_id}_"), edit=edit).lint()
        self.assertEqual(run.code, 0, run)
        self.assertIn("it separates persons only where no identifier can have it inside", run.out + run.err)

    def test_what_a_list_does_not_have(self):
        for name, value in {"page": {"style": "none"}, "items": "/x", "query": {"a": "b"}, "detail": "/x/{id}", "error": "/e", "on_404": "empty"}.items():
            with self.subTest(name):
                one = listed()
                one["from"][name] = value
                self.refused(f"/categories/0/from/{name}", "beside \"list\" it has no meaning", one)

    def test_how_a_list_is_bound(self):
        for subject in ("/owner", "request"):
            self.refused("/categories/0/subject", "say \"key_prefix\"", listed(subject=subject))
        self.refused("/categories/0/subject", "only the objects of a \"list\"", asked("notes", subject="key_prefix"))

    def test_a_kind_that_lists_nothing(self):
        def edit(doc):
            doc["apis"]["store"] = {"kind": "http", "url": "https://store.drawer.example", "prefix": "users/{user_id}/"}
        self.refused("/categories/0/from/api", "kind 'http' cannot list keys", listed(), edit=edit)
        self.refused("/categories/0/sweep/api", "kind 'http' cannot list keys", asked("notes", sweep=SWEEP), edit=edit)

    def test_with(self):
        one = listed()
        one["from"]["with"] = ["metadata", "tags"]
        self.assertEqual(Service(one).lint().code, 0)
        one["from"]["with"] = ["owner"]
        self.refused("/categories/0/from/with/0", "", one)
        other = asked("notes")
        other["from"]["with"] = ["tags"]
        self.refused("/categories/0/from", "list", other)

    def test_versions(self):
        self.refused("/categories/0/media/0", "kind 'file' knows no versions",
                     asked("notes", media=[{"role": "file", "api": "store", "key": "/key", "version": "/v"}]))

    def test_a_sweep_without_a_role(self):
        self.refused("/categories/0/sweep", "\"role\" is missing", asked("notes", media=[], sweep=SWEEP))
        self.refused("/categories/0/sweep/role", "no file can be called so", asked("notes", sweep={**SWEEP, "role": "con"}))

    def test_a_range_that_the_service_judges(self):
        """What it leaves out of a list would be objects without an owner."""
        other = asked("letters")
        del other["time"]
        other["from"]["query"] = {"after": "{since}"}
        self.refused("/categories/1", "give it a \"time\"", asked("notes", sweep=SWEEP), other)
        other["time"] = "/at"
        inside = category("parts", **{"from": {"each": "letters", "items": "/parts"}, "subject": "parent", "map": {"id": "/id"}})
        self.refused("/categories/2", "give it a \"time\"", asked("notes", sweep=SWEEP), other, inside)
        self.assertEqual(Service(asked("notes", sweep=SWEEP), other).lint().code, 0)


if __name__ == "__main__":
    harness.main()
