#!/usr/bin/python3
"""Proves the stores, the proxy and the fakes that other tests stand on, with boto3 and http.client and without holdall.

Each store refuses what it is said to refuse and does what it is said to do (docs/stores.md); each disturbance of the proxy
is what its name says, and nothing else about the exchange changes; the stand-ins for AWS's credential services answer and
refuse as AWS does; nothing is left of any of them.
"""

import contextlib
import hashlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest
import urllib.error
import urllib.request
import uuid
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote, urlsplit

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import awsfakes  # noqa: E402
import harness  # noqa: E402
import storeproxy  # noqa: E402
from objectstores import Azurite, PatientSwift, S3rver, shared  # noqa: E402
from storegate import Gate, signed  # noqa: E402
from storeproxy import StoreProxy  # noqa: E402

ODD = "odd/a b+c&<ü>%41'(~)*.txt"
MIB = 1 << 20
WRONG = '"00000000000000000000000000000000"'


def fresh(store, **words):
    name = f"t-{uuid.uuid4().hex[:12]}"
    store.create(name, **words)
    return name


def upload(client, bucket, key, parts):
    """A multipart upload up to before its end: (its id, its parts as Complete wants them)."""
    number = client.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    return number, [{"PartNumber": at, "ETag": client.upload_part(Bucket=bucket, Key=key, UploadId=number, PartNumber=at, Body=part)["ETag"]}
                    for at, part in enumerate(parts, 1)]


def complete(client, bucket, key, number, parts):
    return client.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=number, MultipartUpload={"Parts": parts})


def multipart_etag(parts):
    return '"' + hashlib.md5(b"".join(hashlib.md5(part).digest() for part in parts)).hexdigest() + f'-{len(parts)}"'


class Case(unittest.TestCase):
    @contextlib.contextmanager
    def refused(self, status, code=None):
        from botocore.exceptions import ClientError
        with self.assertRaises(ClientError) as caught:
            yield
        answer = caught.exception.response
        self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], status)
        if code:
            self.assertEqual(answer["Error"]["Code"], code)

    def of(self, store, endpoint=None, **changes):
        """A client that is gone with the test."""
        client = store.client(endpoint, **changes)
        self.addCleanup(client.close)
        return client

    def read(self, client, bucket, key):
        with contextlib.closing(client.get_object(Bucket=bucket, Key=key)["Body"]) as body:
            return body.read()

    @contextlib.contextmanager
    def broken(self):
        """The connection ends before the answer does."""
        from botocore.exceptions import BotoCoreError
        with self.assertRaises((BotoCoreError, OSError, http.client.HTTPException)):
            yield


# ---- the stores --------------------------------------------------------------------------------------------

class EveryS3Store:
    """What both S3 stores must do."""

    kind = None

    def setUp(self):
        self.store = shared(self.kind)

    def test_objects(self):
        bucket = fresh(self.store)
        answer = self.store.put(bucket, ODD, b"0123456789", ContentType="image/png", Metadata={"owner": "u1"})
        self.assertEqual(answer["ETag"], f'"{hashlib.md5(b"0123456789").hexdigest()}"')
        head = self.store.head(bucket, ODD)
        self.assertEqual((head["ContentLength"], head["ContentType"], head["Metadata"]), (10, "image/png", {"owner": "u1"}))
        self.assertEqual(self.store.get(bucket, ODD), b"0123456789")
        self.assertEqual(self.store.get(bucket, ODD, Range="bytes=2-5"), b"2345")
        self.assertEqual(self.store.keys(bucket), [ODD])
        self.store.delete(bucket, ODD)
        self.assertIsNone(self.store.head(bucket, ODD))
        with self.refused(404, "NoSuchKey"):
            self.store.get(bucket, "none")
        with self.refused(404, "NoSuchBucket"):
            self.store.keys("there-is-no-such-bucket")

    def test_list_goes_on_after_a_thousand(self):
        bucket, due = fresh(self.store), [f"k/{number:04}" for number in range(1005)]
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda key: self.store.put(bucket, key, b"1"), due))
        page = self.store.s3.list_objects_v2(Bucket=bucket, Prefix="k/")
        self.assertEqual((page["KeyCount"], page["IsTruncated"]), (1000, True))
        self.assertEqual(self.store.keys(bucket, "k/"), due)
        self.assertEqual(self.store.keys(bucket, "k/000"), due[:10])

    def test_multipart(self):
        bucket, parts, client = fresh(self.store), [b"aaaaa", b"bbbbb", b"c"], self.store.s3
        number, done = upload(client, bucket, "whole", parts)
        self.assertIsNone(self.store.head(bucket, "whole"))
        etag = complete(client, bucket, "whole", number, done)["ETag"]
        self.assertEqual(etag, self.whole_etag(parts))
        self.assertEqual(self.store.get(bucket, "whole"), b"".join(parts))

    def test_presigned(self):
        bucket = fresh(self.store)
        self.store.put(bucket, "k", b"1")
        address = self.store.s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"}, ExpiresIn=60)
        with urllib.request.urlopen(address) as answer:
            self.assertEqual(answer.read(), b"1")

    def test_time(self):
        """A request that is further off than the store allows is refused."""
        bucket = fresh(self.store)
        off = getattr(self.store, "skew", storeproxy.SKEW_SECONDS) + 60
        old = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() - off))
        code, body = signed(self.store, "GET", f"/{bucket}/k", old)
        self.assertEqual((code, b"RequestTimeTooSkewed" in body), (403, True), body)


class TestSwift(EveryS3Store, Case):
    kind = PatientSwift  # one Swift for the whole file, and one test needs this one
    whole_etag = staticmethod(multipart_etag)

    def test_wrong_keys(self):
        bucket = fresh(self.store)
        self.store.put(bucket, "k", b"1")
        for wrong in ({"secret_key": "wrong"}, {"access_key": "test:nobody"}):
            client = self.of(self.store, **wrong)
            with self.refused(403, "SignatureDoesNotMatch"):
                client.get_object(Bucket=bucket, Key="k")
            with self.refused(403, "SignatureDoesNotMatch"):
                client.put_object(Bucket=bucket, Key="k", Body=b"2")
            address = client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"}, ExpiresIn=60)
            with self.assertRaises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(address)
            self.assertEqual(caught.exception.code, 403)
            caught.exception.close()
        with self.refused(403, "AccessDenied"):
            self.of(self.store, **self.store.stranger).get_object(Bucket=bucket, Key="k")
        self.assertEqual(self.store.plain("GET", f"/{bucket}/k")[0], 400)
        self.assertEqual(self.store.get(bucket, "k"), b"1")

    def test_hashes_and_conditions(self):
        import base64
        bucket = fresh(self.store)
        with self.refused(400, "BadDigest"):
            self.store.put(bucket, "k", b"1", ContentMD5=base64.b64encode(bytes(16)).decode())
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        code, body = signed(self.store, "PUT", f"/{bucket}/k", stamp, **{"x-amz-content-sha256": "0" * 64, "content-length": "0"})
        self.assertEqual((code, b"BadDigest" in body), (400, True), body)
        self.assertIsNone(self.store.head(bucket, "k"))
        self.store.put(bucket, "k", b"1")
        with self.refused(412, "PreconditionFailed"):
            self.store.get(bucket, "k", IfMatch=WRONG)

    def test_multipart_is_guarded(self):
        bucket, client = fresh(self.store), self.store.s3
        number, done = upload(client, bucket, "k", [b"aa", b"b"])
        self.assertEqual(self.store.uploads(bucket), [("k", number)])
        self.assertEqual([part["Size"] for part in client.list_parts(Bucket=bucket, Key="k", UploadId=number)["Parts"]], [2, 1])
        with self.refused(400, "InvalidPart"):
            complete(client, bucket, "k", number, [done[0] | {"ETag": WRONG}, done[1]])
        client.abort_multipart_upload(Bucket=bucket, Key="k", UploadId=number)
        with self.refused(404, "NoSuchUpload"):
            complete(client, bucket, "k", number, done)
        self.assertEqual((self.store.uploads(bucket), self.store.keys(bucket)), ([], []))

    def test_versions(self):
        bucket = fresh(self.store, versioned=True)
        first, second = (self.store.put(bucket, "k", data)["VersionId"] for data in (b"one", b"two"))
        self.assertEqual(self.store.versions(bucket), [("k", second, True), ("k", first, False)])
        self.store.delete(bucket, "k")
        self.assertEqual(self.store.keys(bucket), [])
        self.assertEqual([key for key, _, newest in self.store.deletions(bucket) if newest], ["k"])
        self.assertEqual(self.store.get(bucket, "k", VersionId=first), b"one")


class TestS3rver(EveryS3Store, Case):
    kind = S3rver

    @staticmethod
    def whole_etag(parts):
        return f'"{hashlib.md5(b"".join(parts)).hexdigest()}"'

    def test_what_it_checks_of_keys(self):
        """So that nobody takes it for a judge of signatures, or finds out too late that it has become one."""
        bucket = fresh(self.store)
        self.store.put(bucket, "k", b"1")
        with self.refused(403, "InvalidAccessKeyId"):
            self.of(self.store, access_key="nobody").get_object(Bucket=bucket, Key="k")
        self.assertEqual(self.read(self.of(self.store, secret_key="wrong"), bucket, "k"), b"1")


class TestAzurite(unittest.TestCase):
    def setUp(self):
        self.store = shared(Azurite)
        self.container = fresh(self.store)

    def test_objects_and_lists(self):
        self.store.put(self.container, ODD, b"0123456789", x_ms_blob_content_type="image/png", x_ms_meta_owner="u1")
        for number in range(5):
            self.store.put(self.container, f"l/{number}", b"1")
        self.assertEqual(self.store.get(self.container, ODD), b"0123456789")
        status, headers, body = self.store.ask("GET", f"/{self.container}/{ODD}", headers={"Range": "bytes=2-5"})
        self.assertEqual((status, body, headers["content-type"], headers["x-ms-meta-owner"]), (206, b"2345", "image/png", "u1"))
        self.assertEqual(self.store.keys(self.container, "l/", at_once=2), [f"l/{number}" for number in range(5)])
        self.assertEqual(self.store.keys(self.container)[-1], ODD)

    def test_wrong_keys(self):
        self.store.put(self.container, "k", b"1")
        place = f"/{self.container}/k"
        wrong = self.store.second["secret"]
        for status, headers, _ in (self.store.ask("GET", place, secret=wrong), self.store.plain("GET", f"/{self.store.account}{place}")):
            self.assertEqual((status, headers["x-ms-error-code"]), (403, "AuthorizationFailure"))
        self.assertEqual(self.store.ask("GET", place, **self.store.second)[1]["x-ms-error-code"], "ContainerNotFound")
        status, headers, _ = self.store.ask("GET", place, headers={"If-Match": '"0x1"'})
        self.assertEqual((status, headers["x-ms-error-code"]), (412, "ConditionNotMet"))


class TestNothingIsLeft(unittest.TestCase):
    def test_servers_end_with_whoever_started_them(self):
        """Also when that process is killed."""
        code = ("import sys, time; sys.path.insert(0, sys.argv[1]); import harness, objectstores as o\n"
                "harness.stand(sys.argv[2], sys.argv[3])\n"
                "stores = [kind().__enter__() for kind in (o.Swift, o.S3rver, o.Azurite)]\n"
                "print(*(process.process.pid for store in stores for process in store.processes), flush=True)\n"
                "time.sleep(60)\n")
        argv = [sys.executable, "-c", code, Path(__file__).parent, harness.root(), harness.scratch()]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
            pids = [int(word) for word in process.stdout.readline().split()]
            self.assertEqual(len(pids), 7)
            self.assertTrue(all(Path(f"/proc/{pid}").exists() for pid in pids))
            process.send_signal(signal.SIGKILL)
        end = time.monotonic() + 5
        while any(alive(pid) for pid in pids) and time.monotonic() < end:
            time.sleep(0.05)
        self.assertEqual([pid for pid in pids if alive(pid)], [])


def alive(pid):
    """Whether it runs; one that ended and that nobody has waited for does not."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rsplit(")", 1)[1].split()[0] != "Z"
    return False


# ---- the proxy ---------------------------------------------------------------------------------------------

class TestProxy(Case):
    def setUp(self):
        self.store = shared(PatientSwift)
        self.bucket = fresh(self.store)
        self.store.put(self.bucket, "k", b"0123456789")
        self.proxy = self.enterContext(StoreProxy(self.store))
        self.client = self.of(self.store, self.proxy.endpoint)

    def get(self, key="k", **words):
        with contextlib.closing(self.client.get_object(Bucket=self.bucket, Key=key, **words)["Body"]) as body:
            return body.read()

    def put(self, key="new", data=b"12345"):
        return self.client.put_object(Bucket=self.bucket, Key=key, Body=data)

    def test_passes_everything_on(self):
        """Keys and queries that a careless proxy would encode anew; signatures hold; the connection is kept."""
        self.put(ODD, b"1")
        self.assertEqual(self.get(ODD), b"1")
        listed = self.client.list_objects_v2(Bucket=self.bucket, Prefix=ODD, EncodingType="url")
        self.assertEqual(len(listed["Contents"]), 1)
        number, done = upload(self.client, self.bucket, "m", [b"aa", b"b"])
        complete(self.client, self.bucket, "m", number, done)
        self.assertEqual(self.get("m"), b"aab")
        with self.refused(403, "SignatureDoesNotMatch"):
            self.of(self.store, self.proxy.endpoint, secret_key="wrong").get_object(Bucket=self.bucket, Key="k")
        with self.refused(404):
            self.client.head_object(Bucket=self.bucket, Key="none")
        log = self.proxy.log()
        self.assertEqual((log[0]["method"], log[0]["path"], log[0]["bytes"]), ("PUT", f"/{self.bucket}/{quote(ODD, safe='/~')}", 1))
        self.assertEqual(len({entry["connection"] for entry in log}), 2)
        self.assertEqual([entry["status"] for entry in log], [entry["store_status"] for entry in log])
        self.assertEqual(self.proxy.count(method="PUT", query="partNumber="), 2)

    def test_other_stores(self):
        for store in (shared(S3rver), shared(Azurite)):
            with self.subTest(type(store).__name__), StoreProxy(store) as proxy:
                bucket = fresh(store)
                store.put(bucket, ODD, b"1")
                if isinstance(store, Azurite):
                    self.assertEqual(store.ask("GET", f"/{bucket}/{ODD}", endpoint=proxy.root)[2], b"1")
                else:
                    self.assertEqual(self.read(self.of(store, proxy.endpoint), bucket, ODD), b"1")
                self.assertEqual(proxy.count(method="GET"), 1)

    def test_holds_no_body(self):
        """128 MiB each way, with far less than that in memory."""
        import resource
        size = 128 * MIB
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.proxy.port)) as link:
            address = self.client.generate_presigned_url("put_object", Params={"Bucket": self.bucket, "Key": "big"}, ExpiresIn=60)
            pieces = (bytes(MIB) for _ in range(size // MIB))
            link.request("PUT", address.split(str(self.proxy.port), 1)[1], body=pieces, headers={"Content-Length": str(size)})
            self.assertEqual(link.getresponse().read(), b"")
        body, total = self.client.get_object(Bucket=self.bucket, Key="big")["Body"], 0
        while piece := body.read(MIB):
            total += len(piece)
        self.assertEqual(total, size)
        self.assertEqual([entry["bytes"] + entry["sent"] for entry in self.proxy.log()], [size, size])
        self.assertLess(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, 32 * 1024)

    def test_status(self):
        rule = self.proxy.rule(storeproxy.status(503, "SlowDown", retry_after="1"), method="PUT", path="/new$", times=2, after=1)
        self.put()
        for _ in range(2):
            with self.refused(503, "SlowDown"):
                self.put(data=b"other")
        self.assertEqual(self.get("new"), b"12345")
        self.put(data=b"last")
        self.assertEqual((self.get("new"), rule.used, rule.seen), (b"last", 2, 4))
        self.assertEqual([entry["store_status"] for entry in self.proxy.asked(method="PUT")], [200, None, None, 200])
        self.proxy.rule(storeproxy.status(500, read_body=False), method="PUT")
        with contextlib.suppress(Exception):
            self.put("huge", bytes(8 * MIB))
        self.assertLess(self.proxy.log()[-1]["bytes"], 8 * MIB)
        self.assertNotIn("huge", self.store.keys(self.bucket))

    def test_redirect(self):
        self.proxy.rule(storeproxy.redirect(self.store.endpoint), method="GET", path="/k$")
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.proxy.port)) as link:
            link.request("GET", f"/{self.bucket}/k?x=1")
            answer = link.getresponse()
            self.assertIn(b"<Code>TemporaryRedirect</Code>", answer.read())
        self.assertEqual((answer.status, answer.headers["location"]), (307, f"{self.store.endpoint}/{self.bucket}/k?x=1"))

    def test_cut_request(self):
        self.proxy.rule(storeproxy.cut_request(1000), method="PUT")
        with self.broken():
            self.put("cut", bytes(MIB))
        time.sleep(0.2)
        self.assertNotIn("cut", self.store.keys(self.bucket))
        self.put("cut", b"1")
        self.assertEqual(self.get("cut"), b"1")

    def test_cut_response(self):
        self.proxy.rule(storeproxy.cut_response(4), method="GET")
        with self.broken():
            self.get()
        self.assertEqual(self.proxy.log()[-1]["status"], 200)
        self.proxy.rule(storeproxy.cut_response(), method="PUT")
        with self.broken():
            self.put("done", b"1")
        entry = self.proxy.log()[-1]
        self.assertEqual((entry["status"], entry["store_status"], self.store.get(self.bucket, "done")), (None, 200, b"1"))

    def test_replace_response(self):
        """The end of an upload that answers 200 with an error: done, and not done."""
        error = b"   \n" + storeproxy.error_xml("InternalError", "We encountered an internal error. Please try again.")
        for forward in (True, False):
            with self.subTest(forward=forward):
                key = f"k{forward}"
                number, done = upload(self.client, self.bucket, key, [b"aa", b"b"])
                self.proxy.rule(storeproxy.replace_response(200, error, forward), method="POST", query="uploadId=")
                answer = self.ended(key, number, done)
                self.assertEqual((answer.status, answer.data), (200, error))
                self.assertEqual(self.store.head(self.bucket, key) is not None, forward)

    def ended(self, key, number, parts):
        """The raw answer to the end of an upload; boto3 would have an opinion about it."""
        import urllib3
        inner = "".join(f"<Part><PartNumber>{part['PartNumber']}</PartNumber><ETag>{part['ETag']}</ETag></Part>" for part in parts)
        body = f"<CompleteMultipartUpload>{inner}</CompleteMultipartUpload>".encode()
        address = self.client.generate_presigned_url(
            "complete_multipart_upload", Params={"Bucket": self.bucket, "Key": key, "UploadId": number}, ExpiresIn=60)
        with urllib3.PoolManager(retries=False) as pool:
            return pool.request("POST", address, body=body, headers={"content-type": "application/xml"})

    def test_leading_blanks(self):
        for declared in (False, True):
            with self.subTest(declared=declared):
                number, done = upload(self.client, self.bucket, f"b{declared}", [b"aa", b"b"])
                self.proxy.rule(storeproxy.leading_blanks(5, 0.05, declared), method="POST", query="uploadId=")
                begin = time.monotonic()
                answer = self.ended(f"b{declared}", number, done)
                self.assertGreater(time.monotonic() - begin, 0.2)
                start = b'<?xml version="1.0" encoding="UTF-8"?>     ' if declared else b"     <?xml"
                self.assertTrue(answer.data.startswith(start), answer.data)
                self.assertEqual(answer.data.count(b"<?xml"), 1)
                self.assertIn(b"</CompleteMultipartUploadResult>", answer.data)

    def test_headers(self):
        self.proxy.rule(storeproxy.remove_header("ETag", "x-amz-id-2"), method="GET")
        self.proxy.rule(storeproxy.set_header(ETag=WRONG), method="HEAD")
        answer = self.client.get_object(Bucket=self.bucket, Key="k")
        self.assertEqual((answer.get("ETag"), answer["Body"].read()), (None, b"0123456789"))
        self.assertEqual(self.client.head_object(Bucket=self.bucket, Key="k")["ETag"], WRONG)

    def test_delay(self):
        for answer in (False, True):
            self.proxy.rule(storeproxy.delay(0.3, answer), method="GET")
            begin = time.monotonic()
            self.get()
            self.assertGreater(time.monotonic() - begin, 0.3)

    def test_shield(self):
        self.proxy.rule(storeproxy.passed(), path="/k$", times=None)
        self.proxy.rule(storeproxy.status(500), times=None)
        self.assertEqual(self.get(), b"0123456789")
        with self.refused(500):
            self.get("other")

    def test_waits_for_leave(self):
        """Expect: 100-continue is the store's to answer; a refusal comes without the body."""
        for wrong, due in (("", b"HTTP/1.1 100"), ("wrong", b"HTTP/1.1 403")):
            client = self.of(self.store, self.proxy.endpoint, secret_key=wrong or self.store.secret_key)
            address = client.generate_presigned_url("put_object", Params={"Bucket": self.bucket, "Key": "e"}, ExpiresIn=60)
            target = address.split(str(self.proxy.port), 1)[1]
            with socket.create_connection(("127.0.0.1", self.proxy.port), 10) as link:
                link.sendall(f"PUT {target} HTTP/1.1\r\nHost: 127.0.0.1:{self.proxy.port}\r\nContent-Length: 1\r\n"
                             "Expect: 100-continue\r\n\r\n".encode())
                got = link.recv(4096)
                self.assertTrue(got.startswith(due), got)
                if not wrong:
                    link.sendall(b"1")
                    self.assertTrue(link.recv(4096).startswith(b"HTTP/1.1 200"))

    def test_clock(self):
        self.proxy.date(3600)
        with self.refused(403, "RequestTimeTooSkewed"):
            self.get()
        later = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() + 3600))
        self.assertEqual(signed(self.store, "GET", f"/{self.bucket}/k", later, self.proxy.endpoint), (200, b"0123456789"))
        self.proxy.date(None)
        self.assertEqual(self.get(), b"0123456789")

    def test_gate(self):
        """Temporary keys, which the store behind it does not know."""
        given, gate = awsfakes.credentials(), Gate("eu-central-1")
        gate.admit(given)
        words = {"access_key": given["access_key"], "secret_key": given["secret_key"], "token": given["token"], "region": "eu-central-1"}
        with StoreProxy(self.store, gate) as proxy:
            good = self.of(self.store, proxy.endpoint, **words)
            good.put_object(Bucket=self.bucket, Key=ODD, Body=b"1", Metadata={"owner": "u 1"})
            self.assertEqual(good.list_objects_v2(Bucket=self.bucket, Prefix="odd/")["Contents"][0]["Key"], ODD)
            self.assertEqual(self.read(good, self.bucket, ODD), b"1")
            for changes, status, code in (({"secret_key": "wrong"}, 403, "SignatureDoesNotMatch"), ({"token": None}, 400, "InvalidToken"),
                                          ({"access_key": "nobody"}, 403, "InvalidAccessKeyId"), ({"token": "other"}, 400, "InvalidToken")):
                with self.subTest(code), self.refused(status, code):
                    self.of(self.store, proxy.endpoint, **(words | changes)).get_object(Bucket=self.bucket, Key=ODD)
            gate.expire(given)
            with self.refused(400, "ExpiredToken"):
                good.get_object(Bucket=self.bucket, Key=ODD)

    def test_stop_ends_what_waits(self):
        self.proxy.rule(storeproxy.delay(60), method="GET")
        errors = []

        def ask():
            try:
                self.get()
            except Exception as error:  # pylint: disable=broad-except
                errors.append(error)

        thread = threading.Thread(target=ask)
        thread.start()
        while not self.proxy.count(method="GET"):
            time.sleep(0.01)
        self.proxy.stop()
        thread.join(5)
        self.assertFalse(thread.is_alive())


# ---- AWS's credential services -----------------------------------------------------------------------------

def ask(address, method="GET", body=None, **headers):
    place = urlsplit(address)
    with contextlib.closing(http.client.HTTPConnection(place.netloc, timeout=10)) as link:
        link.request(method, place.path + ("?" + place.query if place.query else ""), body,
                     {name.replace("_", "-"): value for name, value in headers.items()})
        answer = link.getresponse()
        return answer.status, answer.read()


class TestFakes(unittest.TestCase):
    """botocore's own providers get credentials from them; what is wrong is refused."""

    def setUp(self):
        warnings.simplefilter("ignore", ResourceWarning)  # these providers leave their connections to the collector

    def provided(self, make):
        """What botocore finds; a process of its own would be the same, more slowly."""
        found = make().load()
        frozen = found.get_frozen_credentials()
        return frozen.access_key, frozen.secret_key, frozen.token

    def due(self):
        given = awsfakes.credentials()
        return given["access_key"], given["secret_key"], given["token"]

    def test_container(self):
        from botocore.credentials import ContainerProvider
        with awsfakes.ContainerCredentials("the-token") as service:
            self.assertEqual(self.provided(lambda: ContainerProvider(service.env())), self.due())
            address = service.endpoint + service.path
            self.assertEqual(ask(address)[0], 401)
            self.assertEqual(ask(service.endpoint + "/other", Authorization="the-token")[0], 404)
            self.assertEqual([entry["status"] for entry in service.log()], [200, 401, 404])

    def test_failures(self):
        with awsfakes.ContainerCredentials() as service:
            address = service.endpoint + service.path
            for how, due in (("500", (500, b"it went wrong\n")), ("404", (404, b"it went wrong\n")), ("empty", (200, b"{}"))):
                service.fail(how, times=1)
                self.assertEqual(ask(address), due)
            service.fail("garbage", times=1)
            self.assertTrue(ask(address)[1].startswith(b"<<<"))
            service.fail("cut", times=1)
            with self.assertRaises((http.client.HTTPException, OSError)):
                ask(address)
            service.give(awsfakes.credentials(access_key="ASIAOTHER", seconds=None))
            status, body = ask(address)
            self.assertEqual((status, b"ASIAOTHER" in body, b"Expiration" in body), (200, True, False))

    def test_web_identity(self):
        with awsfakes.WebIdentity() as service:
            import boto3
            sts = boto3.client("sts", region_name="us-east-1", endpoint_url=service.endpoint, aws_access_key_id="a", aws_secret_access_key="b")
            words = {"RoleArn": service.role, "RoleSessionName": "holdall"}
            found = sts.assume_role_with_web_identity(**words, WebIdentityToken=service.token)["Credentials"]
            self.assertEqual((found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"]), self.due())
            with self.assertRaises(sts.exceptions.InvalidIdentityTokenException):
                sts.assume_role_with_web_identity(**words, WebIdentityToken="other")
            query = f"/?Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleSessionName=h&RoleArn={quote(service.role)}"
            self.assertEqual(ask(service.endpoint + query + f"&WebIdentityToken={service.token}")[0], 200)
            self.assertEqual(ask(service.endpoint + query)[0], 400)

    def test_instance(self):
        from botocore.credentials import InstanceMetadataProvider
        from botocore.utils import InstanceMetadataFetcher
        with awsfakes.InstanceMetadata() as service:
            fetcher = InstanceMetadataFetcher(config={"ec2_metadata_service_endpoint": service.endpoint + "/"})
            self.assertEqual(self.provided(lambda: InstanceMetadataProvider(fetcher)), self.due())
            self.assertEqual([entry["method"] for entry in service.log()], ["PUT", "GET", "GET"])
            self.assertEqual(ask(service.endpoint + service.base)[0], 401)
            self.assertEqual(ask(service.endpoint + "/latest/api/token", "PUT")[0], 400)


if __name__ == "__main__":
    os.environ["AWS_EC2_METADATA_DISABLED"] = "false"
    harness.main()
