"""Object stores that nobody here wrote: OpenStack Swift and Azurite, which check signatures, and s3rver, which does not.

It owns their processes, free ports of 127.0.0.1, their configuration and data in a scratch folder, and a client for each
that shares nothing with holdall: Debian's boto3, and for Azure a Shared Key signed here. It refuses to skip: where a
program is not installed it says what installs it. It leaves no process behind: a store ends with its `with` block, a
shared one with the test file, and every one when this process dies, however it dies. docs/stores.md tells what each of
them checks and can do.
"""

import base64
import contextlib
import functools
import getpass
import hashlib
import hmac
import http.client
import os
import shutil
import subprocess
import time
from email.utils import formatdate
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree

import harness
from realservers import ATTEMPTS, NODE, Process, free_port

READY_SECONDS = 30
PART = 1  # the smallest part of a multipart upload that both S3 stores take, in bytes
SECRET_LENGTH = 64


@functools.cache
def shared(kind):
    """The one store of this class for a whole test file. Call it from the main thread: the kernel ends a server when
    the thread that started it ends."""
    store = kind().__enter__()
    harness.at_end(store.stop)
    return store


class Store:
    """What all stores have in common. A class of its own says which processes there are and when they answer."""

    region = "us-east-1"
    session_token = None
    secret_name = "SECRET_KEY"

    def __init__(self):
        self.processes = []

    def __enter__(self):
        for _ in range(ATTEMPTS):
            self.folder = harness.scratch(type(self).__name__.lower())
            self.port = free_port()
            self.endpoint = f"http://127.0.0.1:{self.port}"
            self.start()
            if all([process.wait() for process in self.processes]) and self.answers():
                return self
            self.stop()
        raise AssertionError(f"{type(self).__name__} did not start:\n" + "".join(
            process.log.read_text(errors="replace")[-2000:] for process in self.processes))

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if "s3" in vars(self):
            self.s3.close()
        for process in self.processes:
            process.stop()

    def answers(self):
        """Until it answers a request; False when it does not within the time."""
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end and all(process.process.poll() is None for process in self.processes):
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self.ready():
                    return True
            time.sleep(0.02)
        return False

    def ready(self):
        return self.plain("GET", "/")[0] < 500

    def plain(self, method, target, headers=None, body=None):
        """One request as it stands, signed by nobody or by the caller: (status, headers, body)."""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=READY_SECONDS)
        with contextlib.closing(link):
            link.request(method, target, body=body, headers=headers or {})
            answer = link.getresponse()
            return answer.status, answer.headers, answer.read()


# ---- stores that speak S3 ----------------------------------------------------------------------------------

class S3Store(Store):
    """A store with S3's interface; `versioned` says whether it can keep versions."""

    versioned = False

    def env(self, endpoint=True):
        """What a child process needs to use this store with credentials from its environment."""
        words = {"AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key,
                 "AWS_REGION": self.region, "AWS_DEFAULT_REGION": self.region}
        if self.session_token:
            words["AWS_SESSION_TOKEN"] = self.session_token
        if endpoint:
            words["AWS_ENDPOINT_URL_S3"] = self.endpoint
        return words

    def client(self, endpoint=None, **changes):
        """boto3's client: path-style, version 4 signatures, no retries. CHANGES: access_key, secret_key, region, token."""
        boto3, config = _boto()
        session = boto3.session.Session(changes.get("access_key", self.access_key), changes.get("secret_key", self.secret_key),
                                        changes.get("token", self.session_token), changes.get("region", self.region))
        return session.client("s3", endpoint_url=endpoint or self.endpoint, config=config)

    @functools.cached_property
    def s3(self):
        return self.client()

    def create(self, bucket, versioned=False):
        self.s3.create_bucket(Bucket=bucket)
        if versioned:
            self.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})

    def put(self, bucket, key, data, **words):
        """WORDS are boto3's: ContentType, Metadata, Tagging… What it answered, such as ETag and VersionId."""
        return self.s3.put_object(Bucket=bucket, Key=key, Body=data, **words)

    def get(self, bucket, key, **words):
        """The bytes of an object; WORDS may name a VersionId or a Range."""
        with contextlib.closing(self.s3.get_object(Bucket=bucket, Key=key, **words)["Body"]) as body:
            return body.read()

    def head(self, bucket, key, **words):
        """boto3's facts of an object, or None where there is none."""
        try:
            return self.s3.head_object(Bucket=bucket, Key=key, **words)
        except self.s3.exceptions.ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
            return None

    def keys(self, bucket, prefix=""):
        """All keys under a prefix, in the order of the listing."""
        return [entry["Key"] for entry in self._pages("list_objects_v2", "Contents", bucket, prefix)]

    def versions(self, bucket, prefix=""):
        """[(key, version, is the newest)] of what is stored, newest first within a key; no deletion marks."""
        return [(entry["Key"], entry["VersionId"], entry["IsLatest"])
                for entry in self._pages("list_object_versions", "Versions", bucket, prefix)]

    def deletions(self, bucket, prefix=""):
        """[(key, version, is the newest)] of the marks that say that an object was deleted."""
        return [(entry["Key"], entry["VersionId"], entry["IsLatest"])
                for entry in self._pages("list_object_versions", "DeleteMarkers", bucket, prefix)]

    def delete(self, bucket, key, **words):
        return self.s3.delete_object(Bucket=bucket, Key=key, **words)

    def uploads(self, bucket):
        """[(key, upload id)] of the multipart uploads that nobody has completed or aborted."""
        found = self.s3.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
        return [(entry["Key"], entry["UploadId"]) for entry in found]

    def _pages(self, operation, member, bucket, prefix):
        for page in self.s3.get_paginator(operation).paginate(Bucket=bucket, Prefix=prefix):
            yield from page.get(member, [])


@functools.cache
def _boto():
    """boto3 and how its clients are to be; imported late, because it takes half a second."""
    try:
        import boto3
        from botocore.config import Config
    except ImportError as error:
        raise AssertionError("boto3 is not installed; ./dev setup test installs it") from error
    return boto3, Config(signature_version="s3v4", s3={"addressing_style": "path"}, retries={"total_max_attempts": 1},
                         proxies={}, connect_timeout=10, read_timeout=60)


def program(name):
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if found is None:
        raise AssertionError(f"{name} is not installed; ./dev setup test installs it")
    return found


def node(path):
    """The words that run a program from npm."""
    script = harness.root() / NODE / path
    if not script.is_file():
        raise AssertionError(f"{path} is not installed; ./dev setup test installs it")
    return [program("node"), script]


SWIFT_SERVERS = ("account", "container", "object")

# One replica of everything on one device, in four partitions.
SWIFT_RINGS = """
import sys
from array import array
from swift.common.ring import RingData
for word in sys.argv[2:]:
    name, port = word.split(":")
    place = {"ip": "127.0.0.1", "port": int(port)}
    device = {"id": 0, "region": 1, "zone": 1, "weight": 1.0, "device": "d1", "meta": "", **place,
              "replication_ip": place["ip"], "replication_port": place["port"]}
    RingData([array("H", [0] * 4)], [device], 30).save(f"{sys.argv[1]}/{name}.ring.gz")
"""

# Puts keys into the list of a bucket without their objects: a hundred thousand of them in seconds.
SWIFT_KEYS = """
import sys
from pathlib import Path
from swift.common.utils import Timestamp
from swift.container.backend import ContainerBroker
folder, bucket = sys.argv[1:3]
when = Timestamp.now().internal
rows = [{"name": name, "created_at": when, "size": 1, "content_type": "text/plain", "etag": "0" * 32, "deleted": 0,
         "ctype_timestamp": when, "meta_timestamp": when, "storage_policy_index": 0} for name in sys.stdin.read().split("\\0")]
for path in Path(folder).glob("node/d1/containers/*/*/*/*.db"):
    broker = ContainerBroker(str(path))
    if broker.get_info()["container"] == bucket:
        broker.merge_items(rows)
        sys.exit()
sys.exit(f"there is no bucket {bucket}")
"""

SWIFT_COMMON = """
[swift-hash]
swift_hash_path_suffix = holdall
swift_hash_path_prefix = tests
[storage-policy:0]
name = one
default = yes
"""

# No worker processes: each server is the one process that this one started, and dies with it.
SWIFT_DEFAULT = """
[DEFAULT]
swift_dir = {folder}
devices = {folder}/node
mount_check = false
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
user = {user}
log_level = CRITICAL
log_address = {folder}/no-log
disable_fallocate = true
"""

SWIFT_STORAGE = SWIFT_DEFAULT + """
[pipeline:main]
pipeline = {name}-server
[app:{name}-server]
use = egg:swift#{name}
fallocate_reserve = 0
"""

SWIFT_PROXY = SWIFT_DEFAULT + """
[pipeline:main]
pipeline = catch_errors gatekeeper cache listing_formats bulk s3api tempauth copy slo dlo versioned_writes symlink proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
[filter:s3api]
use = egg:swift#s3api
location = {region}
min_segment_size = 1
max_upload_part_num = 10000
allowable_clock_skew = {skew}
storage_domain = localhost
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
user_test_stranger = stranger
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_object_versioning = true
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:{memcached}
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:bulk]
use = egg:swift#bulk
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
[filter:symlink]
use = egg:swift#symlink
"""


class Swift(S3Store):
    """OpenStack Swift from Debian with its S3 interface: signatures 2 and 4, multipart, versions.

    `stranger` is a pair of keys that are right and may do nothing."""

    access_key, secret_key = "test:tester", "testing"
    stranger = {"access_key": "test:stranger", "secret_key": "stranger"}
    versioned = True
    skew = 15 * 60  # seconds by which a request's time may differ from the server's

    def start(self):
        ports = {name: free_port() for name in (*SWIFT_SERVERS, "memcached")}
        self.configure(ports)
        argv = {name: [program(f"swift-{name}-server"), self.folder / f"{name}.conf"] for name in (*SWIFT_SERVERS, "proxy")}
        argv["memcached"] = [program("memcached"), "-l", "127.0.0.1", "-p", str(ports["memcached"]), "-U", "0", "-m", "64",
                             "-u", getpass.getuser()]
        self.processes = [Process(name, words, ports.get(name, self.port), self.folder, SWIFT_DIR=self.folder)
                          for name, words in argv.items()]

    def configure(self, ports):
        (self.folder / "node" / "d1").mkdir(parents=True)
        (self.folder / "swift.conf").write_text(SWIFT_COMMON, encoding="ascii")
        facts = {"folder": self.folder, "user": getpass.getuser(), "region": self.region, "memcached": ports["memcached"]}
        for name in SWIFT_SERVERS:
            text = SWIFT_STORAGE.format(name=name, port=ports[name], **facts)
            (self.folder / f"{name}.conf").write_text(text, encoding="ascii")
        text = SWIFT_PROXY.format(port=self.port, skew=self.skew, **facts)
        (self.folder / "proxy.conf").write_text(text, encoding="ascii")
        done = subprocess.run(["/usr/bin/python3", "-c", SWIFT_RINGS, self.folder, *(f"{n}:{ports[n]}" for n in SWIFT_SERVERS)],
                              env=harness.environment(SWIFT_DIR=self.folder), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(f"Swift's rings could not be made; ./dev setup test installs Swift:\n{done.stderr}")


    def fill(self, bucket, keys):
        """Lists KEYS in a bucket, of which only the list exists: what one page after the other gives, and nothing to fetch."""
        done = subprocess.run(["/usr/bin/python3", "-c", SWIFT_KEYS, self.folder, bucket], input="\0".join(keys),
                              env=harness.environment(SWIFT_DIR=self.folder), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(f"the list could not be filled:\n{done.stderr}")


class PatientSwift(Swift):
    """The same with no opinion about a request's time: for a proxy that moves the clock of the store."""

    skew = 10 * 365 * 24 * 60 * 60


class S3rver(S3Store):
    """s3rver from npm: another dialect of the interface. It asks who comes, and when; it checks NO version 4 signature."""

    access_key = secret_key = "S3RVER"

    def start(self):
        program_name, script = node("s3rver/bin/s3rver.js")
        # Its continuation tokens are made with DES, which OpenSSL 3 keeps with what is outdated.
        words = [program_name, "--openssl-legacy-provider", script, "-d", self.folder / "data", "-a", "127.0.0.1", "-p", str(self.port),
                 "--silent", "--no-vhost-buckets"]
        self.processes = [Process("s3rver", words, self.port, self.folder)]


# ---- Azure -------------------------------------------------------------------------------------------------

AZURE_VERSION = "2021-12-02"
SIGNED_HEADERS = ("content-encoding", "content-language", "content-length", "content-md5", "content-type", "date",
                  "if-modified-since", "if-match", "if-none-match", "if-unmodified-since", "range")


def shared_key(account, secret, method, path, query, headers):
    """The value of Authorization: Shared Key of Azure's blob service. PATH is encoded, QUERY is not.

    Azurite has the account in the path as well, so it stands in the canonical resource twice."""
    low = {name.lower(): str(value).strip() for name, value in headers.items()}
    if low.get("content-length") == "0":
        low["content-length"] = ""
    own = "".join(f"{name}:{low[name]}\n" for name in sorted(low) if name.startswith("x-ms-"))
    resource = f"/{account}{path}" + "".join(f"\n{name.lower()}:{query[name]}" for name in sorted(query))
    text = "\n".join([method, *(low.get(name, "") for name in SIGNED_HEADERS)]) + "\n" + own + resource
    mark = hmac.new(base64.b64decode(secret), text.encode("utf-8"), hashlib.sha256).digest()
    return f"SharedKey {account}:{base64.b64encode(mark).decode('ascii')}"


class AzureError(Exception):
    """What Azure refused; `status` and `code` are its own."""

    def __init__(self, status, headers, body):
        self.status, self.code, self.body = status, headers.get("x-ms-error-code"), body
        super().__init__(f"{status} {self.code}: {body[:300]!r}")


class Azurite(Store):
    """Azurite's blob service from npm, of the account `devstoreaccount1` with its well-known key and of `second`."""

    access_key = "devstoreaccount1"
    secret_key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
    second = {"account": "second", "secret": base64.b64encode(b"2" * SECRET_LENGTH).decode("ascii")}

    def start(self):
        self.account, self.root = self.access_key, self.endpoint
        self.endpoint = f"{self.root}/{self.account}"
        words = [*node("azurite/dist/src/blob/main.js"), "--blobHost", "127.0.0.1", "--blobPort", str(self.port),
                 "--location", self.folder, "--silent", "--disableProductStyleUrl"]
        accounts = f"{self.account}:{self.secret_key};{self.second['account']}:{self.second['secret']}"
        self.processes = [Process("azurite", words, self.port, self.folder, AZURITE_ACCOUNTS=accounts)]

    def env(self):
        return {"AZURE_STORAGE_ACCOUNT": self.account, "AZURE_STORAGE_KEY": self.secret_key}

    def ask(self, method, path, query=None, headers=None, body=b"", account=None, secret=None, endpoint=None):
        """One signed request of PATH (not encoded, below the account): (status, headers, body); nothing is refused here."""
        account, query = account or self.account, query or {}
        headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": AZURE_VERSION, "Content-Length": len(body), **(headers or {})}
        target = f"/{account}{quote(path)}"
        headers["Authorization"] = shared_key(account, secret or self.secret_key, method, target, query, headers)
        words = "&".join(f"{quote(name)}={quote(str(value), safe='')}" for name, value in query.items())
        link = http.client.HTTPConnection(urlsplit(endpoint or self.root).netloc, timeout=READY_SECONDS)
        with contextlib.closing(link):
            link.request(method, target + ("?" + words if words else ""), body=body or None, headers={k: str(v) for k, v in headers.items()})
            answer = link.getresponse()
            return answer.status, answer.headers, answer.read()

    def done(self, *args, **words):
        """The same, and an AzureError of everything but success."""
        status, headers, body = self.ask(*args, **words)
        if status >= 300:
            raise AzureError(status, headers, body)
        return headers, body

    def create(self, container):
        self.done("PUT", f"/{container}", {"restype": "container"})

    def put(self, container, name, data, **headers):
        """HEADERS are Azure's, with _ for -: x_ms_blob_content_type, x_ms_meta_owner… The answer's headers."""
        more = {word.replace("_", "-"): value for word, value in headers.items()}
        return self.done("PUT", f"/{container}/{name}", headers={"x-ms-blob-type": "BlockBlob", **more}, body=data)[0]

    def get(self, container, name, **query):
        return self.done("GET", f"/{container}/{name}", query)[1]

    def keys(self, container, prefix="", at_once=5000):
        """All names under a prefix, in the order of the listing."""
        names, marker = [], ""
        while True:
            query = {"restype": "container", "comp": "list", "prefix": prefix, "maxresults": at_once}
            if marker:
                query["marker"] = marker
            tree = ElementTree.fromstring(self.done("GET", f"/{container}", query)[1])
            names += [name.text for name in tree.iterfind("Blobs/Blob/Name")]
            marker = tree.findtext("NextMarker")
            if not marker:
                return names

    def delete(self, container, name):
        self.done("DELETE", f"/{container}/{name}")
