#!/usr/bin/python3
"""Proves what becomes of a file when the wire, the service or its address misbehaves while it is fetched.

A file that can be had in the end is in the archive with its own bytes; one that cannot is missing with the right cause,
and the run goes on. Ranges, ETags, sizes, hashes, signed addresses that expire. Lists are for test_http_faults.py.
"""

import hashlib
import json
import shutil
import sys

sys.dont_write_bytecode = True
import fake  # noqa: E402
import harness  # noqa: E402
from fake import header  # noqa: E402
from httpcase import SLOW, Case, by_address, category, limits, rules, side_by_side, trial  # noqa: E402

FILES = ("generations", "outputs")  # their outputs state sizes and hashes
NOW = {"Retry-After": "0"}
BIG = "/out_[^/?]*$"


def quick(doc, _):
    limits(doc, stall_timeout="1s", tries=3)


def unstated(doc, server):
    """The description knows neither the size nor a hash."""
    quick(doc, server)
    media = category(doc, "profile")["media"][0]
    media.pop("size")
    category(doc, "profile").setdefault("omit", {})["/avatar/bytes"] = {"reason": "internal", "show": "none"}


def avatar(when=None, edit=quick, only=("profile",), **what):
    """A trial in which the one file of the profile goes wrong."""
    rule = {"path": "^/media/", **what, **({"when": when} if when else {})}
    return lambda: trial(rules(*([rule] if what else [])), edit=edit, only=only)


def then(*steps, edit=quick):
    """One step for each request of the file, in their order."""
    return lambda: trial(rules(*[{"path": "^/media/", **what, "when": {"nth": number}}
                                 for number, what in enumerate(steps, 1)]),
                         edit=edit, only=("profile",))


HALF = {"close": "body", "after": 2000}


class Passing(Case):
    """What happens once is tried again."""

    def mended(self, jobs, least=1):
        for name, done in side_by_side(jobs).items():
            with self.subTest(name):
                self.same(done, ("profile",))
                self.assertGreaterEqual(done.report["retries"] + len(done.asked("/media/")) - 1, least, done)

    def test_ends(self):
        self.mended({f"{word} at {stage}": avatar({"nth": 1}, **{word: stage}) for word in ("reset", "close")
                     for stage in ("request", "headers", "body")})

    def test_cuts(self):
        self.mended({
            "cut": avatar({"nth": 1}, cut=1000), "cut in a chunk": avatar({"nth": 1}, cut_chunked=1000),
            "chunks without an end": avatar({"nth": 1}, chunked=True, close="body"),
            "HTTP/1.0, cut": avatar({"nth": 1}, http="1.0", cut=1000),
            "until the end, cut": avatar({"nth": 1}, no_length=True, close="body", after=1000),
            "more promised": avatar({"nth": 1}, wrong_length=9),
        })

    def test_statuses(self):
        self.mended({status: avatar({"nth": 1}, status=status, headers=NOW) for status in (408, 425, 429, 500, 502, 503, 504)})

    def test_silence(self):
        self.mended({stage: avatar({"nth": 1}, stall=10 * SLOW, stage=stage) for stage in ("request", "headers", "body")})

    def test_framing(self):
        """All that proves a body whole: a length, the last chunk, or the size in the record."""
        self.mended({
            "chunks": avatar(chunked=True), "HTTP/1.0 with a length": avatar(http="1.0"),
            "HTTP/1.0 until the end": avatar(http="1.0", no_length=True), "until the end": avatar(no_length=True),
            "chunks, size unknown": avatar(chunked=True, edit=unstated), "a length, size unknown": avatar(edit=unstated),
        }, 0)

    def test_unproved(self):
        """Without a length, chunks, size or hash nothing proves the end: it is not accepted."""
        done = side_by_side({"once": avatar({"nth": 1}, no_length=True, edit=unstated),
                             "always": avatar(no_length=True, edit=unstated),
                             "HTTP/1.0": avatar(http="1.0", no_length=True, edit=unstated)})
        self.same(done["once"], ("profile",))
        for name in ("always", "HTTP/1.0"):
            self.lacks(done[name], [("profile", "file", "unavailable")])
            self.assertRegex(done[name].told, "nothing proves that it is whole after 3 attempts")

    def test_a_hash_proves_too(self):
        """Of files that end with their connection only the hash is known: whole ones are taken, a cut one is fetched again."""
        def hashed(doc, server):
            quick(doc, server)
            one = category(doc, "outputs")
            one["media"][0].pop("size")
            one["omit"]["/bytes"] = {"reason": "internal", "show": "none"}
        until_the_end = {"path": "^/media/", "no_length": True}
        cut = {"path": "^/media/", "no_length": True, "close": "body", "when": {"nth": [2, 30]}}
        done = trial(rules(cut, until_the_end), only=FILES, edit=hashed)
        self.assertEqual(done.code, 0, done)
        self.assertEqual(sorted(path.read_bytes() for path in (done.archive.tree / "data/media").rglob("*.*") if path.suffix != ".xmp"),
                         sorted({path.read_bytes() for path in self.stored()}))

    def stored(self):
        """The files of the outputs in the store, but for the one that is held back."""
        jobs = harness.fixture("store", "api", "v1", "users", harness.COMPLETE)
        pages = [jobs / "jobs.json", *sorted((jobs / "jobs").glob("*.json"))]
        outputs = [output for page in pages for job in harness.read_json(page)["jobs"] for output in job["outputs"]]
        media = harness.fixture("store", "media")
        return [media / output["s3_key"] for output in outputs if output.get("mod", {}).get("status") != "held"]

    def test_chaos(self):
        chaos = {"seed": 5, "chaos": {"share": 0.25, "path": "^/media/", "kinds": ["503", "reset", "cut"], "retry_after": 0}}
        done = trial(chaos, only=FILES)
        self.same(done, FILES)


class Ranges(Case):
    """A file that broke off goes on where it broke, when its ETag proves that it is the same; else it begins anew."""

    def test_goes_on(self):
        done = then(HALF)()
        self.same(done, ("profile",))
        first, second = done.asked("/media/")
        self.assertIsNone(header(first, "Range"))
        self.assertEqual((header(second, "Range"), second["status"]), ("bytes=2000-", 206))
        self.assertRegex(header(second, "If-Match"), '^"[0-9a-f]{32}"$')

    def test_goes_on_more_than_once(self):
        done = then(HALF, {"close": "body", "after": 700})()
        self.same(done, ("profile",))
        self.assertEqual([header(entry, "Range") for entry in done.asked("/media/")], [None, "bytes=2000-", "bytes=2700-"])

    def test_begins_anew(self):
        """No strong ETag, a 200 to the range, 412, 416: all of the object comes once more."""
        jobs = {
            "weak": then({**HALF, "media": {"etag": "weak"}}), "none": then({**HALF, "media": {"etag": "none"}}),
            "200 to a range": then(HALF, {"media": {"range": "ignore"}}), "416": then(HALF, {"media": {"range": "416"}}),
            "412": then(HALF, {"status": 412}), "changed to what it is": then({**HALF, "media": {"version": 2}}),
            "changed, If-Match ignored": then({**HALF, "media": {"version": 2}}, {"media": {"if_match": "ignore"}}),
        }
        for name, done in side_by_side(jobs).items():
            with self.subTest(name):
                self.same(done, ("profile",))
                ranges = [header(entry, "Range") for entry in done.asked("/media/")]
                if name in ("weak", "none"):
                    self.assertEqual(ranges, [None, None])
                elif name == "200 to a range":
                    self.assertEqual(ranges, [None, "bytes=2000-"])
                else:
                    self.assertEqual(ranges, [None, "bytes=2000-", None], done)

    def test_parts_that_were_not_asked_for(self):
        """Another range, another size, too little: never put together."""
        jobs = {
            "another range": then(HALF, {"media": {"range": "wrong"}}),
            "another size": then(HALF, {"media": {"range": "wrong_size"}}),
            "too little": then(HALF, {"media": {"range": "short"}}),
            "no Content-Range": then(HALF, {"drop_headers": ["Content-Range"]}),
            "strange unit": then(HALF, {"headers": {"Content-Range": "lines 2000-2100/2101"}}),
            "unknown size": then(HALF, {"headers": {"Content-Range": "bytes 2000-2100/*"}}),
            "206 to no range": then({"status": 206, "body": "x"}),
        }
        for name, done in side_by_side(jobs).items():
            with self.subTest(name):
                self.lacks(done, [("profile", "file", "changed")])
                self.assertRegex(done.told, "answers with (another part than was asked for|a part and does not say which|"
                                            "a part where the whole was asked for)")

    def test_changes_for_ever(self):
        """An object that is another one with every answer."""
        rule = [{"path": "^/media/", **HALF, "media": {"version": 2 if number % 2 else 1}, "when": {"nth": number}}
                for number in range(1, 30)]
        done = trial(rules(*rule), edit=quick, only=("profile",))
        self.lacks(done, [("profile", "file", "unavailable")])
        self.assertLess(len(done.asked("/media/")), 8)


class Content(Case):
    """Sizes and hashes that the records state."""

    def outputs(self, edit=None, when=None, **media):
        return lambda: trial(rules({"path": BIG, "media": media, "when": {"per": "target", **(when or {})}}), only=FILES,
                             edit=edit)

    def test_spoilt_once(self):
        """One more fetch mends a wrong hash, and a wrong size."""
        def once(**media):
            return lambda: trial(rules({"path": "^/media/", "media": media, "when": {"nth": 4}}), only=FILES)
        jobs = {"hash": once(flip=100), "version": once(version=2), "longer": once(append=3), "shorter": once(truncate=700)}
        for name, done in side_by_side(jobs).items():
            with self.subTest(name):
                self.same(done, FILES)

    def test_spoilt_for_ever(self):
        def always(**media):
            return lambda: trial(rules({"path": "/out_[0-3][^/]*$", "media": media}), "--allow-partial", only=FILES)
        jobs = {"hash": always(flip=100), "version": always(version=2), "longer": always(append=3),
                "shorter": always(truncate=700)}
        for name, done in side_by_side(jobs).items():
            with self.subTest(name):
                spoilt = {entry["target"] for entry in done.log if entry["fault"]}
                self.assertGreater(len(spoilt), 3)
                self.assertEqual((done.code, {cause for _, _, cause in done.missing}), (3, {"hash_mismatch"}), done)
                self.assertEqual(len(done.missing), len(spoilt), done)
                self.assertEqual({len(done.asked(target)) for target in spoilt}, {2}, done)

    def test_sizes(self):
        jobs = {"longer": avatar(media={"append": 1}), "shorter": avatar(media={"truncate": 50}),
                "empty": avatar(media={"truncate": 0}),
                "longer in chunks": avatar(media={"append": 1}, chunked=True),
                "shorter in chunks": avatar(media={"truncate": 50}, chunked=True),
                "endless": avatar(endless_chunked=True), "less promised than sent": avatar(wrong_length=-3)}
        for name, done in side_by_side(jobs).items():
            with self.subTest(name):
                self.lacks(done, [("profile", "file", "hash_mismatch")])
                self.assertRegex(done.told, r"missing: profile: avatar of record \S+: hash_mismatch: .*bytes")

    def test_size_that_is_seen_before_its_turn(self):
        """A length that does not fit, of a file that is still on its way when its turn comes: one more fetch mends it."""
        slow = {"path": "^/media/", "trickle": 300, "media": {"append": 300_000}, "when": {"nth": 3}}
        done = trial(rules({"path": "^/media/", "stall": 1, "stage": "request", "when": {"nth": 1}}, slow), only=FILES)
        self.same(done, FILES)
        self.assertEqual([entry["fault"] for entry in done.log if entry["fault"]].count("rule 1: trickle media"), 1, done)

    def test_one_file_of_two_records_that_disagree(self):
        """Each record's MD5 counts for itself, whichever of the two comes first."""
        def run(*stated):
            store = harness.scratch("shared") / "store"
            shutil.copytree(harness.fixture("store"), store)
            path = store / "api/v1/users" / harness.COMPLETE / "uploads.json"
            listed = harness.read_json(path)
            pair = listed["uploads"][:2]
            data = (store / "media/users" / harness.COMPLETE / "uploads" / pair[0]["id"]).read_bytes()
            good = hashlib.md5(data).hexdigest()
            for one, right in zip(pair, stated):
                one.update(shared=f"users/{harness.COMPLETE}/uploads/{pair[0]['id']}", size=len(data), md5=good if right else "0" * 32)
            path.write_text(json.dumps(listed), encoding="utf-8")

            def edit(doc):
                category(doc, "uploads")["media"] = [{"role": "upload", "api": "media", "key": "/shared", "size": "/size", "md5": "/md5"}]
            with fake.Server(store=store) as server:
                archive = harness.export(harness.COMPLETE, "--category", "uploads", "--allow-partial", code=0 if all(stated) else 3,
                                         description=fake.description(server, edit))
            return [line["id"] for line in archive.report["missing"]], [one["id"] for one in pair]
        for stated in ((True, False), (False, True), (True, True)):
            with self.subTest(stated):
                missing, ids = run(*stated)
                self.assertEqual(missing, [name for name, right in zip(ids, stated) if not right])

    def test_limit(self):
        """limits.object_bytes, by a stated length and while it comes."""
        def small(doc, server):
            unstated(doc, server)
            limits(doc, object_bytes="3K")
        jobs = {"stated": avatar(edit=small), "in chunks": avatar(chunked=True, edit=small),
                "without end": avatar(endless_chunked=True, edit=small)}
        for name, done in side_by_side(jobs).items():
            with self.subTest(name):
                self.lacks(done, [("profile", "file", "too_large")])
                self.assertRegex(done.told, "3000")

    def test_codings(self):
        """gzip where identity was asked for, whole or cut with a length that fits."""
        for name, done in side_by_side({"gzip": avatar(gzip=True), "cut": avatar(gzip_cut=True)}).items():
            with self.subTest(name):
                self.lacks(done, [("profile", "file", "changed")])
                self.assertIn("encoded with gzip, which nobody asked for", done.told)
                self.assertEqual({header(entry, "Accept-Encoding") for entry in done.log}, {"identity"})

    def test_headers(self):
        jobs = {"without end": avatar(endless_headers=True), "one": avatar(big_header=3_000_000)}
        for name, done in side_by_side(jobs).items():
            with self.subTest(name):
                self.lacks(done, [("profile", "file", "too_large")])


class Causes(Case):
    """What stays is missing, with its cause, and everything else is there."""

    def test_statuses(self):
        causes = {404: "gone", 410: "gone", 401: None, 403: "forbidden", 400: "unavailable", 500: "unavailable",
                  503: "unavailable"}
        jobs = {status: avatar(status=status, headers=NOW) for status in causes}
        for status, done in side_by_side(jobs).items():
            with self.subTest(status):
                if causes[status] is None:
                    self.failed(done, 1, "^holdall: profile: a file of record .*HTTP 401")
                    continue
                self.lacks(done, [("profile", "file", causes[status])])
                line = done.report["missing"][0]
                tries = 3 if status >= 500 else 1
                self.assertEqual((line["http"], line["attempts"], len(done.asked("/media/"))), (status, tries, tries), done)
                self.assertRegex(done.told,
                                 rf"missing: profile: avatar of record \S+: {causes[status]}: GET http://[0-9.:]+: HTTP {status}")
                self.assertNotIn("avatar-avatar", done.told + (done.place / "report.json").read_text())

    def test_some(self):
        """Two of the files are gone: the others are as they are in the store."""
        done = trial(rules({"path": "^/media/", "status": 404, "when": {"nth": [3, 9]}}), "--allow-partial", only=("uploads",))
        self.lacks(done, [("uploads", "file", "gone")] * 2)
        counts = done.archive.export["totals"]["files"]
        self.assertEqual((counts["expected"], counts["delivered"], counts["missing"]), (17, 15, 2))
        store = {path.read_bytes()
                 for path in harness.fixture("store", "media", "users", harness.COMPLETE, "uploads").iterdir()}
        self.assertLessEqual({path.read_bytes() for path in (done.archive.tree / "data/media").rglob("*.*") if path.suffix != ".xmp"}, store)


class Addresses(Case):
    """Media by the address that the service hands out."""

    def outputs(self, doc, server):
        by_address(doc, "outputs", server)

    def test_same_archive(self):
        def elsewhere(*more):
            def edit(doc, server):
                doc["apis"]["cdn"] = {"kind": "http", "url": server.other, "allow_addresses": ["loopback"]}
                by_address(doc, "uploads", server, *more, server.other)
            return edit
        jobs = {
            "outputs": (FILES, lambda doc, server: by_address(doc, "outputs", server), {}),
            "uploads": (("uploads",), lambda doc, server: by_address(doc, "uploads", server), {}),
            "another origin": (("uploads",), elsewhere(), {"origin": "other"}),
            "one of several origins": (("uploads",), elsewhere("https://cdn.example"), {"origin": "other"}),
        }
        runs = {name: lambda only=only, edit=edit, sign=sign: trial({"sign": {"ttl": 600, **sign}}, only=only, edit=edit)
                for name, (only, edit, sign) in jobs.items()}
        for name, done in side_by_side(runs).items():
            with self.subTest(name):
                self.same(done, jobs[name][0])

    def test_origin_that_is_not_allowed(self):
        """The address leads elsewhere: the whole export is refused, and nothing was asked there."""
        done = trial({"sign": {"origin": "other"}}, only=("uploads",), edit=lambda doc,
                     server: by_address(doc, "uploads", server))
        self.failed(done, 4, r"^holdall: uploads: page 1: item 1: .*http://127.0.0.1:\d+")
        self.assertEqual(done.asked(listener="other"), [])
        self.assertNotIn("sig=", done.told)

    def test_another_origin_the_next_time(self):
        """An item that is asked for again may have an address elsewhere: the API of that origin says how it is reached."""
        name = "upl_0qwawcwb3zk7"

        def edit(doc, server):
            for api in doc["apis"].values():
                api["allow_addresses"] = ["127.0.0.1/32"]
            doc["apis"]["mirror"] = {"kind": "http", "url": server.forbidden + "/media", "allow_addresses": ["127.0.0.2/32"]}
            by_address(doc, "uploads", server, server.main, server.forbidden)

        def scenario(server):
            moved = {"put": "/uploads/2/url", "value": f"{server.forbidden}/media/users/{harness.COMPLETE}/uploads/{name}"}
            return rules({"path": f"/media/.*{name}", "listeners": ["main"], "status": 403},
                         {"path": "/uploads[?]per_page=10$", "edits": [moved], "when": {"nth": 2}}, sign={"ttl": 600})
        done = trial(scenario, only=("uploads",), edit=edit)
        self.same(done, ("uploads",))
        self.assertEqual([entry["status"] for entry in done.asked(name, listener="forbidden")], [200])

    def expiring(self, only, edit, **sign):
        return lambda: trial({"sign": sign}, only=only, edit=edit)

    def test_expired_addresses_are_asked_for_again(self):
        """Each answer moves the clock on, so that most addresses are too old when their turn comes."""
        def one_by_one(name):
            def edit(doc, server):
                by_address(doc, name, server)
                limits(doc, concurrency=4)
            return edit

        def details(doc, server):
            one_by_one("uploads")(doc, server)
            asked = category(doc, "uploads")["from"]
            asked.update(get="/as/ids" + asked["get"], items="/data",
                         page={"style": "cursor", "param": "cursor", "next": "/meta/next"},
                         detail={"get": "/as/ids/v1/users/{user_id}/uploads/{id}", "item": "/data"})
        jobs = {
            "a list": (("uploads",), self.expiring(("uploads",), one_by_one("uploads"), ttl=40, tick=4)),
            "nested": (FILES, self.expiring(FILES, one_by_one("outputs"), ttl=60, tick=2)),
            "details": (("uploads",), self.expiring(("uploads",), details, ttl=40, tick=4)),
        }
        for name, done in side_by_side({name: job for name, (_, job) in jobs.items()}).items():
            with self.subTest(name):
                self.same(done, jobs[name][0])
                self.assertGreater(len([entry for entry in done.asked("/media/") if entry["status"] == 403]), 0, done)

    def test_twins_whose_address_ends(self):
        """Two records with one address share a file, whether or not it has to be asked for again meanwhile."""
        store = harness.scratch("twins") / "store"
        shutil.copytree(harness.fixture("store"), store)
        path = store / "api/v1/users" / harness.COMPLETE / "jobs.json"
        listed = harness.read_json(path)
        pair = [job["outputs"] for job in listed["jobs"] if len(job["outputs"]) > 1][-1]
        pair[1].update({name: pair[0][name] for name in ("s3_key", "bytes", "sha256", "mime")})
        path.write_text(json.dumps(listed), encoding="utf-8")

        def run(**sign):
            with fake.Server({"sign": sign}, store) as server:
                def edit(doc):
                    by_address(doc, "outputs", server)
                    limits(doc, concurrency=4)
                archive = harness.export(harness.COMPLETE, "--category", "generations,outputs", "--export-id", harness.EXPORT_ID,
                                         description=fake.description(server, edit))
                return archive, server.log()
        lasting, ended = run(ttl=600), run(ttl=60, tick=15)
        self.assertGreater(len([entry for entry in ended[1] if entry["status"] == 403]), 0)
        files = [record["files"][0]["path"] for record in ended[0].records(ended[0].export["categories"][1])
                 if record["id"] in (pair[0]["id"], pair[1]["id"])]
        self.assertEqual((len(files), len(set(files))), (2, 1))
        self.assertEqual(lasting[0].zip.read_bytes() == ended[0].zip.read_bytes(), True, "the archives differ")

    def test_never_works(self):
        """An address that is too old when it comes: asked for again, then missing."""
        done = trial({"sign": {"ttl": -5}}, "--allow-partial", only=("uploads",), edit=lambda doc,
                     server: by_address(doc, "uploads", server))
        self.assertEqual((done.code, set(done.missing), len(done.missing)), (3, {("uploads", "file", "forbidden")}, 17), done)
        self.assertLess(len(done.log), 200)

    def test_strange_addresses(self):
        """What is no address of an allowed origin ends the run; an item without one has no file."""
        def put(value, code, sentence):
            edits = [{"path": "/uploads[?]per_page=10$", "put": "/uploads/2/url", "value": value}]
            return (lambda: trial({"sign": {"ttl": 600}, "edits": edits}, "--allow-partial", only=("uploads",),
                                  edit=lambda doc, server: by_address(doc, "uploads", server))), code, sentence
        bad = "uploads: page 1: item 3: "
        said = {
            "file": put("file:///etc/hostname", 4, bad), "ftp": put("ftp://127.0.0.1/x", 4, bad),
            "relative": put("/media/x", 4, bad),
            "user name": put("http://someone@127.0.0.1/x", 4, bad), "blank": put("http://127.0.0.1 /x", 4, bad),
            "script": put("javascript:alert(1)", 4, bad), "empty": put("", 4, bad),
            "port 0": put("http://127.0.0.1:0/", 4, bad),
            "no port": put("http://127.0.0.1/x", 4, bad), "number": put(7, None, None), "null": put(None, 0, None),
        }
        for name, done in side_by_side({name: job for name, (job, _, _) in said.items()}).items():
            with self.subTest(name):
                _, code, sentence = said[name]
                if sentence:
                    self.failed(done, code, sentence)
                elif code is None:
                    self.assertIn(done.code, (1, 4), done)
                else:
                    self.assertEqual((done.code, done.archive.export["totals"]["files"]["expected"]), (code, 16), done)

    def test_canary(self):
        """Signatures are bearer secrets: whatever goes wrong, they stand in nothing that the run leaves."""
        edit = lambda doc, server: (by_address(doc, "uploads", server), limits(doc, tries=2))  # noqa: E731
        jobs = {name: lambda rule=rule: trial(rules({"path": "^/media/", **rule}, sign={"ttl": 600}), "-v", "--allow-partial",
                                              only=("uploads",), edit=edit)
                for name, rule in {"fine": {"headers": {"X-Nothing": "CANARY-1"}}, "404": {"status": 404, "when": {"nth": 3}},
                                   "500": {"status": 500, "when": {"from": 15}},
                                   "redirect": {"location": "http://127.0.0.1:1/?t=CANARY-2", "when": {"nth": 3}},
                                   "cut": {"cut": 10, "when": {"from": 15}}}.items()}
        for name, done in side_by_side(jobs).items():
            with self.subTest(name):
                left = done.told.encode() + b"".join(path.read_bytes() for path in done.place.rglob("*") if path.is_file())
                if done.code in (0, 3):
                    left += b"".join(path.read_bytes() for path in done.archive.tree.rglob("*") if path.is_file())
                self.assertGreater(len(done.asked("sig=")), 3)
                for secret in (b"sig=", b"CANARY"):
                    self.assertNotIn(secret, left)


if __name__ == "__main__":
    harness.main()
