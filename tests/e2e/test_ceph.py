#!/usr/bin/python3
"""Proves that holdall gets on with a second real S3 server that checks version 4 signatures: Ceph's object gateway.

What is proved of Swift elsewhere, test_s3_source.py and test_deliver_s3.py, is proved here of another server, as far as the
server is what may differ: signatures, lists, versions, ranges, multipart uploads, links, and the names of refusals. That it is a
judge at all, and what it does otherwise than Amazon, is looked at with boto3.
"""

import hashlib
import random
import sys
import time
import unittest
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
import delivercase  # noqa: E402
import harness  # noqa: E402
import objectstores  # noqa: E402
import storecase  # noqa: E402
from cephstore import Ceph  # noqa: E402
from delivercase import NAME, Place, file_export  # noqa: E402
from storecase import PREFIX, api, bucket, export, fill, listing  # noqa: E402
from storegate import signed  # noqa: E402
from storeproxy import StoreProxy  # noqa: E402

MIB = 1 << 20


class TheStore(unittest.TestCase):
    """What Ceph checks and what it does its own way, without holdall."""

    @classmethod
    def setUpClass(cls):
        cls.store = objectstores.shared(Ceph)
        cls.bucket = bucket(cls.store)
        cls.store.put(cls.bucket, "k", b"0123456789")

    def answer(self, operation, client=None, **words):
        """The status and the name of the error of one operation, or None when it is done."""
        from botocore.exceptions import ClientError
        try:
            getattr(client or self.store.s3, operation)(Bucket=self.bucket, **words)
        except ClientError as error:
            return error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]
        return None

    def asked(self, **changes):
        """The same for one object, by a client that differs in this."""
        client = self.store.client(**changes)
        self.addCleanup(client.close)
        return self.answer("get_object", client, Key="k")

    def test_signatures_are_checked(self):
        self.assertEqual(self.asked(secret_key="wrong"), (403, "SignatureDoesNotMatch"))
        self.assertEqual(self.asked(access_key="nobody"), (403, "InvalidAccessKeyId"))
        self.assertEqual(self.asked(**Ceph.stranger), (403, "AccessDenied"))
        status, _, body = self.store.plain("GET", f"/{self.bucket}/k")
        self.assertEqual((status, b"AccessDenied" in body), (403, True))

    def test_what_is_not_checked(self):
        self.assertIsNone(self.asked(region="eu-nowhere-1"))
        self.assertIsNone(self.asked(token="c2Vzc2lvbg=="))

    def test_bodies_are_checked(self):
        self.assertEqual(self.answer("put_object", Key="m", Body=b"x", ContentMD5="AAAAAAAAAAAAAAAAAAAAAA=="), (400, "BadDigest"))
        code, body = self.signed("PUT", "m", 0, body=b"x", **{"x-amz-content-sha256": "0" * 64})
        self.assertEqual((code, b"XAmzContentSHA256Mismatch" in body), (400, True), body)
        self.assertIsNone(self.store.head(self.bucket, "m"))

    def signed(self, method, key, minutes, **more):
        """A request that says to be of another time, in minutes from now."""
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() + 60 * minutes))
        return signed(self.store, method, f"/{self.bucket}/{key}", stamp, **more)

    def test_times_are_checked(self):
        for minutes in (-14, 0, 14):
            self.assertEqual(self.signed("GET", "k", minutes), (200, b"0123456789"))
        for minutes in (-16, 16):
            code, body = self.signed("GET", "k", minutes)
            self.assertEqual((code, b"RequestTimeTooSkewed" in body), (403, True), body)

    def test_an_object_in_the_way(self):
        """A PUT may demand that there is none yet; Swift and s3rver do not know how."""
        code, body = self.signed("PUT", "k", 0, **{"if-none-match": "*", "content-length": "0"})
        self.assertEqual((code, b"PreconditionFailed" in body), (412, True), body)
        self.assertEqual(self.store.get(self.bucket, "k"), b"0123456789")

    def test_addresses_are_checked(self):
        address = self.store.s3.generate_presigned_url("get_object", Params={"Bucket": self.bucket, "Key": "k"}, ExpiresIn=60)
        with urllib.request.urlopen(address) as answer:
            self.assertEqual(answer.read(), b"0123456789")
        with self.assertRaises(urllib.error.HTTPError) as caught, urllib.request.urlopen(address.replace("/k?", "/other?")):
            pass
        with caught.exception as error:
            self.assertEqual((error.code, b"SignatureDoesNotMatch" in error.read()), (403, True))

    def test_conditions(self):
        etag = self.store.head(self.bucket, "k")["ETag"]
        self.assertEqual(etag, f'"{hashlib.md5(b"0123456789").hexdigest()}"')
        self.assertEqual(self.answer("get_object", Key="k", IfMatch='"0"'), (412, "PreconditionFailed"))
        self.assertEqual(self.answer("get_object", Key="k", IfNoneMatch=etag), (304, "304"))
        self.assertEqual(self.answer("get_object", Key="k", Range="bytes=100-"), (416, "InvalidRange"))

    def upload(self, key, parts, **words):
        """A multipart upload up to before its end: the words that complete it."""
        number = self.store.s3.create_multipart_upload(Bucket=self.bucket, Key=key, **words)["UploadId"]
        done = [{"PartNumber": at, "ETag": self.store.s3.upload_part(Bucket=self.bucket, Key=key, UploadId=number, PartNumber=at, Body=part)["ETag"]}
                for at, part in enumerate(parts, 1)]
        return {"Key": key, "UploadId": number, "MultipartUpload": {"Parts": done}}

    def test_small_parts_are_refused(self):
        """As S3 does it, and no other store of the tests: only the last part may be smaller than 5 MiB."""
        words = self.upload("small", [bytes(5 * MIB - 1), b"x"])
        self.assertEqual(self.answer("complete_multipart_upload", **words), (400, "EntityTooSmall"))
        self.assertIsNone(self.answer("complete_multipart_upload", **self.upload("enough", [bytes(5 * MIB), b"x"])))

    def test_tags_of_an_upload_are_lost(self):
        """S3 keeps them. A tag that came with a plain PUT is kept."""
        self.assertIsNone(self.answer("complete_multipart_upload", **self.upload("tagged", [b"x"], Tagging="keep=30")))
        self.store.put(self.bucket, "plain", b"x", Tagging="keep=30")
        sets = [self.store.s3.get_object_tagging(Bucket=self.bucket, Key=key).get("TagSet", []) for key in ("tagged", "plain")]
        self.assertEqual(sets, [[], [{"Key": "keep", "Value": "30"}]])


class Source(storecase.Case):
    """Records and media that come from it."""

    kind = Ceph

    def test_same_bytes_as_local(self):
        self.same(self.store)

    def test_virtual_host(self):
        self.same(self.store, endpoint=f"http://localhost:{self.store.port}", path_style=False)

    def test_odd_keys_listed_and_fetched(self):
        self.odd(self.store)

    def test_several_pages(self):
        """All of 1,100 keys, which come in two pages, and none twice."""
        name, keys = bucket(self.store), [f"{PREFIX}{number:05}" for number in range(1100)]
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda key: self.store.put(name, key, b"x"), keys))
        with StoreProxy(self.store) as proxy:
            done = export(listing(api(self.store, name, endpoint=proxy.endpoint), edit=lambda doc: doc["categories"][0].pop("media")),
                          store=self.store)
            self.assertEqual(len(proxy.asked(method="GET", query="continuation-token=")), 1)
        self.assertEqual(done.code, 0, done)
        self.assertEqual([record["id"] for record in done.archive.records(done.archive.export["categories"][0])], keys)

    def test_metadata_and_type(self):
        self.metadata(self.store)

    def test_tags(self):
        name = bucket(self.store)
        self.store.put(name, PREFIX + "a.txt", b"a", Tagging="album=summer&year=2026")
        self.store.put(name, PREFIX + "b.txt", b"b")
        done = export(listing(api(self.store, name), **{"with": ["tags"]}), store=self.store)
        self.assertEqual(done.code, 0, done)
        extras = [record["extra"] for record in done.archive.records(done.archive.export["categories"][0])]
        self.assertEqual(extras, [{"tags": {"album": "summer", "year": "2026"}}, {"tags": {}}])

    def test_list_as_it_was(self):
        self.list_as_it_was(self.store)

    def test_a_large_object_in_ranges(self):
        name, data = bucket(self.store), random.Random(1).randbytes(40 * MIB)
        fill(self.store, name, {PREFIX + "large.bin": data})
        with StoreProxy(self.store) as proxy:
            done = export(listing(api(self.store, name, endpoint=proxy.endpoint)), store=self.store)
            ranges = [entry["headers"].get("range") for entry in proxy.asked(method="GET", path="large.bin$")]
        self.assertEqual(done.code, 0, done)
        record, = done.archive.records(done.archive.export["categories"][0])
        self.assertTrue((done.archive.tree / record["files"][0]["path"]).read_bytes() == data)
        self.assertGreater(len(set(ranges) - {None}), 2, ranges)

    def test_wrong_secret(self):
        self.refused(1, "denied", "SignatureDoesNotMatch", "secret key", env={"AWS_SECRET_ACCESS_KEY": "wrong-secret"})

    def test_unknown_key(self):
        self.refused(1, "denied", "InvalidAccessKeyId", env={"AWS_ACCESS_KEY_ID": "NOBODY"})

    def test_no_rights(self):
        self.refused(1, "forbidden", "AccessDenied", env={"AWS_ACCESS_KEY_ID": Ceph.stranger["access_key"],
                                                          "AWS_SECRET_ACCESS_KEY": Ceph.stranger["secret_key"]})


class Delivery(delivercase.Case):
    """Archives that go there."""

    kind = Ceph

    def test_the_bytes_of_a_file(self):
        self.same(self.store)

    def test_tags_are_set_once_more(self):
        """Ceph drops the tags that an upload is begun with: holdall looks, and sets them."""
        tags = {"kind": "personal & data", "keep": "30"}
        place = Place(self.store, tags=tags)
        place.export()
        self.assert_whole(place)
        kept = self.store.s3.get_object_tagging(Bucket=place.bucket, Key=NAME)["TagSet"]
        self.assertEqual({tag["Key"]: tag["Value"] for tag in kept}, tags)
        self.assertNotIn("tags: bucket", place.run.out + place.run.err)

    def test_a_link_gives_the_archive(self):
        place = Place(self.store, link_lifetime="2h")
        place.export()
        self.assert_whole(place)
        code, kind, data = self.curl(self.link_of(place.run))
        self.assertEqual((code, kind.splitlines()[0], data == file_export()[NAME]), (200, "application/zip", True))

    def test_a_link_ends_when_it_is_said_to(self):
        self.ends(self.store)

    def test_parts_are_given_up(self):
        self.given_up()

    def test_killed(self):
        self.gone_on_with()

    def test_a_wrong_secret(self):
        self.refused(Place(self.store), 1, "SignatureDoesNotMatch", env={"AWS_SECRET_ACCESS_KEY": "wrong-secret-of-a-test"})


if __name__ == "__main__":
    harness.main()
