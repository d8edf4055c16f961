#!/usr/bin/python3
"""Proves what a bucket may do wrong on the way: throttling, cuts, wrong bytes, wrong clocks, ended sessions, lists that lie.

The store is a real one (OpenStack Swift); a proxy of the tests stands between and disturbs what each test names. The archive is held
against an export of the same account from local files.
"""

import json
import random
import re
import sys
import threading
import unittest

sys.dont_write_bytecode = True
import harness  # noqa: E402
import objectstores  # noqa: E402
from harness import COMPLETE  # noqa: E402
from storecase import PREFIX, USER, api, bucket, export, fill, listing, local, media, sample  # noqa: E402
from storeproxy import StoreProxy, cut_response, redirect, remove_header, replace_response, set_header, status  # noqa: E402

HOUR = 3600
CANARY = "SESSION-TOKEN-CANARY-8841"


def swift():
    return objectstores.shared(objectstores.Swift)


_filled = {}


def filled(store):
    """The bucket with the sample's media: the same one for all tests."""
    if store not in _filled:
        _filled[store] = bucket(store)
        fill(store, _filled[store])
    return _filled[store]


class Faults(unittest.TestCase):
    def setUp(self):
        self.store = swift()
        self.proxy = self.enterContext(StoreProxy(self.store))

    def run_sample(self, *extra, env=None, **more):
        """The sample account through the proxy."""
        section = api(self.store, filled(self.store), endpoint=self.proxy.endpoint, **{"limits": {"tries": 4}, **more})
        return export(sample(section), *extra, store=self.store, subject=COMPLETE, env=env)

    def same(self, done):
        self.assertEqual(done.code, 0, done)
        self.assertEqual(done.bytes, local().bytes)


class Passing(Faults):
    """What passes is tried again, and the archive is the same."""

    def test_slow_down(self):
        rule = self.proxy.rule(status(503, "SlowDown"), method="GET", times=5)
        self.same(self.run_sample())
        self.assertEqual(rule.used, 5)

    def test_internal_error(self):
        rule = self.proxy.rule(status(500, "InternalError"), method="GET", times=3)
        self.same(self.run_sample())
        self.assertEqual(rule.used, 3)

    def test_request_timeout(self):
        """S3 says this with 400, which otherwise never gets better."""
        rule = self.proxy.rule(status(400, "RequestTimeout"), method="GET", times=2)
        self.same(self.run_sample())
        self.assertEqual(rule.used, 2)

    def test_cut_and_continued(self):
        """A body that breaks off goes on where it broke, and only if it is still the same object."""
        largest = max(media(), key=lambda key: len(media()[key]))
        self.proxy.rule(cut_response(30_000), path=largest.rsplit("/", 1)[1], headers={"range": "^$"}, times=1)
        self.same(self.run_sample())
        again = [entry for entry in self.proxy.log() if "range" in entry["headers"]]
        self.assertGreater(len(again), 0)
        self.assertTrue(all("if-match" in entry["headers"] for entry in again), again)

    def test_answer_lost(self):
        self.proxy.rule(cut_response(), method="GET", times=2)
        self.same(self.run_sample())

    def test_redirect_that_passes(self):
        """A redirect is not followed, since the signature is for one place; the request is made again."""
        rule = self.proxy.rule(redirect(self.store.endpoint), method="GET", times=1)
        self.same(self.run_sample())
        self.assertEqual(rule.used, 1)


class Wrong(Faults):
    """Bytes that are not what the store states are not taken."""

    def test_other_bytes_once(self):
        """The ETag is the MD5 of an object that was put whole: what differs is fetched once more."""
        self.proxy.rule(set_header(ETag='"00000000000000000000000000000000"'), method="GET", times=1)
        self.same(self.run_sample())

    def test_other_bytes_always(self):
        key = min(media())
        self.proxy.rule(set_header(ETag='"00000000000000000000000000000000"'), path=key.rsplit("/", 1)[1], times=None)
        done = self.run_sample()
        self.assertEqual((done.code, [cause for _, cause in done.missing]), (3, ["hash_mismatch"]), done)

    def test_etag_that_is_none(self):
        """A store whose ETags only look like MD5s is said to be one."""
        self.proxy.rule(set_header(ETag='"00000000000000000000000000000000"'), method="GET", times=None)
        self.same(self.run_sample(etag_is_md5=False))

    def test_checksums(self):
        """x-amz-checksum-sha256 and -crc32c count where they are stated."""
        for name, value in (("x_amz_checksum_sha256", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="), ("x_amz_checksum_crc32c", "AAAAAA==")):
            with self.subTest(name):
                self.proxy.clear()
                self.proxy.rule(set_header(**{name: value}), path=min(media()).rsplit("/", 1)[1], times=None)
                done = self.run_sample()
                self.assertEqual((done.code, [cause for _, cause in done.missing]), (3, ["hash_mismatch"]), done)

    def test_checksums_of_parts_say_nothing(self):
        self.proxy.rule(set_header(x_amz_checksum_sha256="47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=-3"), method="GET", times=None)
        self.same(self.run_sample())

    def test_encoded_as_it_lies_there(self):
        """What an object says of the encoding that it was stored with does not change its bytes."""
        self.proxy.rule(set_header(Content_Encoding="gzip"), method="GET", times=None)
        self.same(self.run_sample())

    def test_archived(self):
        """An object in a vault is missing by that name."""
        self.proxy.rule(status(403, "InvalidObjectState"), path=min(media()).rsplit("/", 1)[1], times=None)
        done = self.run_sample()
        self.assertEqual((done.code, done.published, [cause for _, cause in done.missing]), (3, [], ["archived"]), done)
        self.assertNotIn(min(media()), done.run.err + json.dumps(done.report))
        self.assertIn("'holdall clean' and run again", " ".join(harness.holdall("help", "archived").out.split()))


class Clocks(unittest.TestCase):
    """The clock of the store counts, whatever ours says."""

    def test_skewed(self):
        store = objectstores.shared(objectstores.PatientSwift)
        for hours in (-30, 30):
            with self.subTest(hours), StoreProxy(store) as proxy:
                proxy.date(hours * HOUR)
                done = export(sample(api(store, filled(store), endpoint=proxy.endpoint)), store=store, subject=COMPLETE)
                self.assertEqual((done.code, done.bytes == local().bytes), (0, True), done)
                refused = [entry for entry in proxy.log() if entry["status"] == 403]
                self.assertLess(len(refused), len(proxy.log()) / 2, "it did not learn")
                self.assertGreater(len(refused), 0)


class Sessions(Faults):
    """Keys that end while a run is under way."""

    def profile(self, secret, token):
        path = self.place / "credentials"
        path.write_text(f"[export]\naws_access_key_id = {self.store.access_key}\naws_secret_access_key = {secret}\naws_session_token = {token}\n",
                        encoding="ascii")
        return {"type": "shared_file", "path": str(path), "profile": "export"}

    def setUp(self):
        super().setUp()
        self.place = harness.scratch("aws")

    def test_rotated(self):
        """The file has another key by the time the first one is refused as expired: it is read again, and the run goes on."""
        credentials = self.profile("testing", "FIRST-TOKEN")
        self.proxy.rule(status(400, "ExpiredToken"), headers={"x-amz-security-token": "FIRST"}, times=None, after=40)
        section = api(self.store, filled(self.store), endpoint=self.proxy.endpoint, credentials=credentials)
        description = sample(section)
        thread = threading.Thread(target=lambda: (self.wait_for(3), self.profile("testing", "SECOND-TOKEN")), daemon=True)
        thread.start()
        done = export(description, subject=COMPLETE)
        thread.join()
        self.same(done)
        tokens = {entry["headers"].get("x-amz-security-token") for entry in self.proxy.log()}
        self.assertEqual(tokens, {"FIRST-TOKEN", "SECOND-TOKEN"})

    def wait_for(self, count):
        while len(self.proxy.log()) < count:
            self.proxy.pause(0.002)

    def test_ended_while_asking_for_metadata(self):
        """The answer to a HEAD cannot say that the session has ended: S3 says 400, and another key is looked for."""
        name = bucket(self.store)
        fill(self.store, name, {PREFIX + "a.txt": b"a"})
        credentials = self.profile("testing", "FIRST-TOKEN")
        rule = self.proxy.rule(status(400, body=b""), method="HEAD", headers={"x-amz-security-token": "FIRST"}, times=None)
        thread = threading.Thread(target=lambda: (self.wait_for(1), self.profile("testing", "SECOND-TOKEN")), daemon=True)
        thread.start()
        section = api(self.store, name, endpoint=self.proxy.endpoint, credentials=credentials)
        done = export(listing(section, **{"with": ["metadata"]}))
        thread.join()
        self.assertEqual((done.code, rule.used > 0), (0, True), done)

    def test_ended(self):
        """No other key is to be had: the run ends, says so, and keeps its state."""
        self.proxy.rule(status(400, "ExpiredToken"), method="GET", times=None, after=3)
        done = self.run_sample(env={"AWS_SESSION_TOKEN": CANARY})
        self.assertEqual((done.code, done.published, done.report["error"]["code"], done.report["resumable"]), (1, [], "denied", True), done)
        self.assertNotIn(CANARY, done.run.out + done.run.err + json.dumps(done.report))
        self.assertIn("expired", done.sentence)

    def test_token_goes_nowhere_else(self):
        """Not even where the store redirects to."""
        with StoreProxy(self.store) as other:
            self.proxy.rule(redirect(other.endpoint), method="GET", times=None)
            done = self.run_sample(env={"AWS_SESSION_TOKEN": CANARY}, limits={"tries": 1})
            self.assertNotEqual(done.code, 0, done)
            self.assertEqual(other.log(), [])


class Ranges(Faults):
    """A large object comes in ranges side by side, and is one object all the same."""

    SIZE = 20_000_000
    KEY = PREFIX + "large.bin"

    @classmethod
    def setUpClass(cls):
        cls.data = random.Random(7).randbytes(cls.SIZE)
        cls.bucket = bucket(swift())
        swift().put(cls.bucket, cls.KEY, cls.data)

    def fetched(self, code=0, cause=None):
        done = export(listing(api(self.store, self.bucket, endpoint=self.proxy.endpoint, limits={"tries": 4})), store=self.store)
        self.assertEqual((done.code, [one for _, one in done.missing]), (code, [cause] if cause else []), done)
        if code == 0:
            record, = done.archive.records(done.archive.export["categories"][0])
            self.assertEqual((done.archive.tree / record["files"][0]["path"]).read_bytes(), self.data)
        return done

    def ranges(self):
        """[(first, last)] of what was asked for, and the ETags that were demanded with it."""
        asked = [entry["headers"] for entry in self.proxy.asked(method="GET", path="large.bin")]
        return [tuple(map(int, re.findall(r"\d+", one["range"]))) for one in asked if "range" in one], {one.get("if-match") for one in asked}

    def test_side_by_side(self):
        """Every byte is asked for once, by the ETag of the first answer, and several ranges at a time."""
        self.fetched()
        ranges, etags = self.ranges()
        self.assertEqual(sum(last - first + 1 for first, last in ranges), self.SIZE)
        self.assertEqual((min(ranges)[0], max(ranges)[1], len(etags)), (0, self.SIZE - 1, 2))
        self.assertGreater(len({entry["connection"] for entry in self.proxy.asked(path="large.bin")}), 2)

    def test_cut(self):
        """A range that breaks off goes on where it broke."""
        self.proxy.rule(cut_response(700_000), path="large.bin", times=2, after=1)
        self.fetched()
        ranges, _ = self.ranges()
        self.assertTrue(any(first % 1_048_576 for first, _ in ranges), ranges)

    def test_throttled(self):
        rule = self.proxy.rule(status(503, "SlowDown"), path="large.bin", times=3, after=2)
        self.fetched()
        self.assertEqual(rule.used, 3)

    def test_another_object_in_between(self):
        """A range of another object is not taken; what stands there then is fetched as a whole."""
        self.proxy.rule(status(412, "PreconditionFailed"), path="large.bin", times=1, after=2)
        self.fetched()
        self.assertIn(None, [entry["headers"].get("range") for entry in self.proxy.asked(path="large.bin")])

    def test_store_without_conditions(self):
        """A store may give a range of another object whatever ETag was demanded: its own ETag tells, and the whole is fetched."""
        self.proxy.rule(set_header(ETag='"another"'), path="large.bin", headers={"if-match": "."}, times=None)
        self.fetched()
        self.assertIn(None, [entry["headers"].get("range") for entry in self.proxy.asked(path="large.bin")])

    def test_store_without_ranges(self):
        """A store that answers with the whole object is asked for the whole."""
        self.proxy.rule(replace_response(200, b"whatever", forward=False, ETag='"0"'), path="large.bin", times=1)
        self.fetched()

    def test_without_etag(self):
        """Nothing holds the ranges together: the object comes as a whole."""
        self.proxy.rule(remove_header("ETag"), path="large.bin", times=None)
        self.fetched()
        self.assertIn(None, [entry["headers"].get("range") for entry in self.proxy.asked(path="large.bin")])

    def test_wrong_bytes(self):
        """The MD5 holds for the whole, also where the ranges came one by one."""
        self.proxy.rule(set_header(ETag='"00000000000000000000000000000000"'), path="large.bin", times=None)
        self.fetched(3, "hash_mismatch")

    def test_range_gone(self):
        self.proxy.rule(status(404, "NoSuchKey"), path="large.bin", times=None, after=4)
        self.fetched(3, "gone")


class Lists(Faults):
    """A list that does not add up, or lists what is not the person's, is no list."""

    def answer(self, keys, more="", count=None, truncated=False, prefix=PREFIX):
        contents = "".join(f"<Contents><Key>{key}</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified><ETag>\"0\"</ETag><Size>1</Size></Contents>"
                           for key in keys)
        count = len(keys) if count is None else count
        return replace_response(200, ("<?xml version='1.0' encoding='UTF-8'?><ListBucketResult><Prefix>" + prefix + f"</Prefix><KeyCount>{count}</KeyCount>"
                                      f"<IsTruncated>{str(truncated).lower()}</IsTruncated>{more}{contents}</ListBucketResult>").encode(), forward=False)

    def refused(self, action, code, word, times=None):
        self.proxy.rule(action, query="list-type=2", times=times)
        done = export(listing(api(self.store, filled(self.store), endpoint=self.proxy.endpoint), edit=lambda doc: doc["categories"][0].pop("media")),
                      store=self.store)
        self.assertEqual((done.code, done.published, done.report["error"]["code"]), (code, [], word), done)
        self.assertNotIn("usr_neighbour", done.run.err + json.dumps(done.report))

    def test_key_of_somebody_else(self):
        self.refused(self.answer([f"{PREFIX}a", "users/usr_neighbour/b"]), 4, "subject")

    def test_key_of_a_neighbour(self):
        self.refused(self.answer([f"users/{USER}4/b"]), 4, "subject")

    def test_truncated_without_token(self):
        self.refused(self.answer([f"{PREFIX}a"], truncated=True), 1, "pages")

    def test_same_token_again(self):
        self.refused(self.answer([f"{PREFIX}a"], more="<NextContinuationToken>again</NextContinuationToken>", truncated=True), 1, "pages")

    def test_many_empty_pages(self):
        """A store may look through thousands of keys that are none any more: as long as each page names another one, the list goes on."""
        for number in range(30):
            self.proxy.rule(self.answer([], more=f"<NextContinuationToken>{number}</NextContinuationToken>", truncated=True), query="list-type=2")
        self.proxy.rule(self.answer([f"{PREFIX}a"]), query="list-type=2")
        done = export(listing(api(self.store, filled(self.store), endpoint=self.proxy.endpoint), edit=lambda doc: doc["categories"][0].pop("media")),
                      store=self.store)
        self.assertEqual((done.code, done.archive.export["categories"][0]["records"]["delivered"]), (0, 1), done)

    def test_count_that_is_none(self):
        self.refused(self.answer([f"{PREFIX}a"], count=2), 1, "pages")

    def test_no_xml(self):
        self.refused(replace_response(200, b"<html><body>It works!</body>", forward=False), 1, "format")

    def test_other_xml(self):
        """What is well-formed and no list is not taken for an empty one, and neither is a list that does not say whether it is whole."""
        for text in (b"<html><body>It works!</body></html>", b"<Error><Code>InternalError</Code></Error>",
                     b"<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>",
                     b"<ListBucketResult><KeyCount>0</KeyCount><IsTruncated>perhaps</IsTruncated></ListBucketResult>"):
            with self.subTest(text):
                self.proxy.clear()
                self.refused(replace_response(200, text, forward=False), 1, "format")

    def test_version_without_time(self):
        """Whether it was current at the time cannot be known: it is not passed over."""
        text = (f"<ListVersionsResult><IsTruncated>false</IsTruncated><Version><Key>{PREFIX}a</Key><VersionId>1</VersionId><Size>1</Size></Version>"
                "</ListVersionsResult>").encode()
        self.proxy.rule(replace_response(200, text, forward=False), query="versions", times=None)
        done = export(listing(api(self.store, filled(self.store), endpoint=self.proxy.endpoint, versions="as_of")), store=self.store)
        self.assertEqual((done.code, done.published, done.report["error"]["code"]), (1, [], "format"), done)

    def test_tags_that_are_none(self):
        """Another answer does not say that an object has no tags."""
        self.proxy.rule(replace_response(200, b"<html><body>It works!</body></html>", forward=False), query="tagging", times=None)
        name = bucket(self.store)
        fill(self.store, name, {PREFIX + "a.txt": b"a"})
        done = export(listing(api(self.store, name, endpoint=self.proxy.endpoint), **{"with": ["tags"]}), store=self.store)
        self.assertEqual((done.code, done.published, done.report["error"]["code"]), (1, [], "format"), done)

    def test_entities(self):
        bomb = b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'>]><ListBucketResult><Prefix>&a;</Prefix></ListBucketResult>"
        self.refused(replace_response(200, bomb, forward=False), 1, "format")

    def test_throttled_while_listing(self):
        """A list is tried again, and complete."""
        rule = self.proxy.rule(status(503, "SlowDown"), query="list-type=2", times=2)
        name = bucket(self.store)
        self.store.fill(name, [f"{PREFIX}{number:04}" for number in range(1500)])
        done = export(listing(api(self.store, name, endpoint=self.proxy.endpoint), edit=lambda doc: doc["categories"][0].pop("media")), store=self.store)
        self.assertEqual((done.code, done.archive.export["categories"][0]["records"]["delivered"], rule.used), (0, 1500, 2), done)


if __name__ == "__main__":
    harness.main()
