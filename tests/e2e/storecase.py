"""What the tests of exports from object stores share: the sample account with its media in a bucket, and small descriptions of their own.

It owns descriptions and what is put into buckets. What an export should give is always the export of the same account from the
store's own files.
"""

import functools
import itertools
import json
import time
import unittest

import harness
import objectstores
import resumecase
from harness import COMPLETE, EXPORT_ID, fixture, scratch

AS_OF = "2026-11-01T00:00:00Z"
USER = "usr_a1b2c3d4e5f6"
PREFIX = f"users/{USER}/"
ODD = ["a b+c.txt", "\u00fc/\u0436\u6f22.txt", "x%2fy%2Fz.txt", "q?a=b&c#d.txt", "(p)!*'.txt", "a=b@c:d;e,f.txt", "z//d.txt", ".hidden.txt", "~tilde_-.txt",
       "quote\"<&>.txt", "back\\slash.txt", "{brace}|pipe^.txt", "e\u0301.txt", "tab\there.txt", "$dollar`tick.txt", "ends.with.dot.", "\U0001f30a.txt", "plus++.txt"]
_number = itertools.count(1)


def bucket(store, versioned=False):
    """A new bucket."""
    name = f"claakit-media-{next(_number)}"
    store.create(name, versioned=versioned)
    return name


@functools.cache
def media():
    """{key: bytes} of the sample account that is complete."""
    root = fixture("store", "media")
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file() and COMPLETE in path.as_posix()}


def fill(store, name, objects=None):
    for key, data in (objects if objects is not None else media()).items():
        store.put(name, key, data)


def api(store, name, endpoint=None, **more):
    """The section of a bucket of this store, with its keys from the environment."""
    return {"kind": "s3", "endpoint": endpoint or store.endpoint, "region": store.region, "bucket": name, "prefix": "users/{user_id}/",
            "allow_addresses": ["loopback"], "limits": {"tries": 3}, **more}


def write(doc, texts=None):
    """The path of a description, with the texts of its languages beside it."""
    place = scratch("service")
    for language, content in (texts or {}).items():
        (place / f"{language}.json").write_text(json.dumps(content), encoding="utf-8")
    (place / "service.json").write_text(json.dumps(doc), encoding="utf-8")
    return place / "service.json"


def sample(section, edit=None):
    """The sample service, with its media behind SECTION."""
    doc = harness.read_json(fixture("service.json"))
    for name in ("core", "desk"):
        doc["apis"][name]["root"] = str(fixture(doc["apis"][name]["root"]))
    doc["privacy"]["texts"] = str(fixture("privacy")) + "/{language}.json"
    doc["apis"]["media"] = section
    if edit:
        edit(doc)
    return write(doc)


def listing(section, edit=None, **more):
    """A service whose only data are the objects of a bucket, listed by prefix."""
    root = scratch("store")
    (root / "v1" / "users").mkdir(parents=True)
    (root / "v1" / "users" / f"{USER}.json").write_text(json.dumps({"id": USER}), encoding="ascii")
    doc = {
        "format": "holdall-service-1",
        "service": {"id": "shelf", "name": "Shelf", "controller": {"name": "Shelf", "email": "privacy@shelf.example"}},
        "subject": {"primary": "user_id", "pattern": "^usr_[a-z0-9]{12}$", "resolve": {"api": "core", "get": "/v1/users/{user_id}"}},
        "apis": {"core": {"kind": "file", "root": str(root)}, "media": section},
        "privacy": {"texts": "{language}.json", "recipients": [], "sold_or_shared": False, "complaint": "authority"},
        "categories": [{
            "id": "objects", "record": "media", "title": "Objects", "scope": ["access"], "origin": "provided",
            "privacy": {"purposes": ["operate"], "retention": "account"}, "subject": "key_prefix",
            "from": {"api": "media", "list": "users/{user_id}/", **more},
            "map": {"id": "/key", "created_at": "/last_modified"},
            "keep": ["/content_type", "/metadata", "/tags"],
            "omit": {"/etag": "internal", "/storage_class": "internal", "/version_id": "internal"},
            "media": [{"role": "object", "api": "media", "key": "/key", "size": "/size"}]}]}
    if edit:
        edit(doc)
    return write(doc, texts={"en": resumecase.TEXTS})


class Done:
    """One export and what it left."""

    def __init__(self, run, place):
        self.run, self.place, self.code, self.out = run, place, run.code, place / "out"
        report = place / "report.json"
        self.report = harness.read_json(report) if report.exists() else {}

    def __str__(self):
        return str(self.run)

    @property
    def sentence(self):
        lines = self.run.err.strip().splitlines()
        return lines[-1] if lines else ""

    @functools.cached_property
    def archive(self):
        return harness.Archive(self.out, self.run)

    @property
    def bytes(self):
        return self.archive.zip.read_bytes()

    @property
    def missing(self):
        """[(category, cause)] of the report."""
        return [(line["category"], line["cause"]) for line in self.report.get("missing", [])]

    @property
    def published(self):
        return harness.published(self.out)


def export(description, *extra, store=None, env=None, subject=USER, as_of=AS_OF):
    """Runs one export, with the keys of STORE in its environment unless ENV says otherwise; any exit code will do."""
    place = scratch("export")
    (place / "out").mkdir()
    words = store.env(endpoint=False) if store else {}
    run = harness.holdall("export", "-s", description, "-u", subject, "-k", harness.secret_key(), "-o", f"{place}/out/", "--export-id", EXPORT_ID,
                          "--as-of", as_of, "--report", place / "report.json", "--events", place / "events.jsonl", *extra,
                          env=harness.environment(**{**words, **(env or {})}))
    return Done(run, place)


@functools.cache
def local():
    """The export of the sample account from the store's own files, with the same ids."""
    done = export(harness.service(), subject=COMPLETE)
    if done.code != 0:
        raise AssertionError(done)
    return done


def now():
    """The time as the interface takes it, a second from each neighbour's."""
    time.sleep(1.1)
    text = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    time.sleep(1.1)
    return text


def history(store):
    """A bucket with an object that changed, one that came later, and one that was deleted; and the time between."""
    name = bucket(store, versioned=True)
    fill(store, name, {PREFIX + "changed.txt": b"before", PREFIX + "deleted.txt": b"it was here", PREFIX + "same.txt": b"same"})
    then = now()
    fill(store, name, {PREFIX + "changed.txt": b"after it", PREFIX + "new.txt": b"later"})
    store.delete(name, PREFIX + "deleted.txt")
    return name, then


def with_version(doc):
    doc["categories"][0]["media"][0]["version"] = "/version_id"
    del doc["categories"][0]["omit"]["/version_id"]
    del doc["categories"][0]["keep"]


class Case(unittest.TestCase):
    """Tests on one store, unless they name another one."""

    kind = objectstores.Swift

    @property
    def store(self):
        return objectstores.shared(self.kind)

    def same(self, store, **more):
        """The sample account with its media in a bucket gives the archive that it gives from files."""
        name = bucket(store)
        fill(store, name)
        done = export(sample(api(store, name, **more)), store=store, subject=COMPLETE)
        self.assertEqual(done.code, 0, done)
        self.assertEqual(done.bytes, local().bytes)

    def objects(self, store, keys):
        name = bucket(store)
        fill(store, name, {PREFIX + key: f"bytes of {key}".encode() for key in keys})
        return name

    def odd(self, store):
        """Each is listed, signed, fetched, and has its own bytes."""
        done = export(listing(api(store, self.objects(store, ODD))), store=store)
        self.assertEqual((done.code, done.missing), (0, []), done)
        records = done.archive.records(done.archive.export["categories"][0])
        got = {record["id"]: (done.archive.tree / record["files"][0]["path"]).read_bytes().decode() for record in records}
        self.assertEqual(got, {PREFIX + key: f"bytes of {key}" for key in ODD})

    def metadata(self, store):
        """What the store keeps beside the bytes becomes fields of the record, where the description asks for it."""
        name = bucket(store)
        store.put(name, PREFIX + "a.png", b"\x89PNG\r\n\x1a\n", ContentType="image/png", Metadata={"Prompt": "a boat at dawn", "seed": "42"})
        store.put(name, PREFIX + "b.txt", b"b", ContentType="text/plain")
        done = export(listing(api(store, name), **{"with": ["metadata"]}), store=store)
        self.assertEqual(done.code, 0, done)
        extras = [record["extra"] for record in done.archive.records(done.archive.export["categories"][0])]
        self.assertEqual(extras, [{"content_type": "image/png", "metadata": {"prompt": "a boat at dawn", "seed": "42"}},
                                  {"content_type": "text/plain", "metadata": {}}])

    def list_as_it_was(self, store):
        """A list gives the versions that were current at the time of the export, or the newest ones."""
        name, then = history(store)
        contents = {}
        for versions in ("as_of", "latest"):
            done = export(listing(api(store, name, versions=versions), edit=with_version), store=store, as_of=then)
            self.assertEqual(done.code, 0, done)
            contents[versions] = {record["id"].removeprefix(PREFIX): (done.archive.tree / record["files"][0]["path"]).read_bytes()
                                  for record in done.archive.records(done.archive.export["categories"][0])}
        self.assertEqual(contents["as_of"], {"changed.txt": b"before", "deleted.txt": b"it was here", "same.txt": b"same"})
        self.assertEqual(contents["latest"], {"changed.txt": b"after it", "new.txt": b"later", "same.txt": b"same"})

    def refused(self, code, word, *parts, env=None, store=None, **more):
        """An export of one object is refused with this exit code and error, and a sentence with these parts."""
        store = store or self.store
        name = more.pop("bucket", None) or bucket(store)
        if store.head(name, PREFIX + "a.txt") is None:
            fill(store, name, {PREFIX + "a.txt": b"a"})
        done = export(listing(api(store, more.pop("named", name), **more)), store=store, env=env)
        self.assertEqual((done.code, done.published), (code, []), done)
        if done.report:
            self.assertEqual(done.report["error"]["code"], word, done)
        for part in parts:
            self.assertIn(part, done.sentence, done)
        self.assertNotIn("testing", done.run.out + done.run.err)


__all__ = ["AS_OF", "PREFIX", "USER", "Case", "Done", "api", "bucket", "export", "fill", "history", "listing", "local", "media", "now", "sample", "write"]
