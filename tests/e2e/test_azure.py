#!/usr/bin/python3
"""Proves that files come out of Azure Blob Storage as they were put in, with account keys and with shared access signatures.

Azurite is the server, which nobody here wrote and which checks signatures. The sample account whose media lie there gives
the bytes of an export of the local store; blobs with odd names come by name; what the service refuses ends the run or is
named as missing, as it concerns all blobs or one; no key and no signature stands in anything that a run writes.
"""

import base64
import contextlib
import hashlib
import hmac
import http.client
import http.server
import json
import sys
import threading
import unittest
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from urllib.parse import unquote, urlencode

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import harness  # noqa: E402
import objectstores  # noqa: E402
from harness import COMPLETE, EXPORT_ID, scratch  # noqa: E402

CONTAINER = "media"
LISTED = "listed"
MANY = 1100  # more than a page
NEIGHBOUR = COMPLETE + "x"
SAS_VERSION = "2021-12-02"
CANARY = "QXp1cmUtc2FzLWNhbmFyeS10aGF0LW5vLW91dHB1dC1oYXM="
# What people call their files, below the person's prefix.
ODD_NAMES = ["plain.bin", "with blank.bin", "percent %41%2f.bin", "plus+equals=and&.bin", "what?#fragment.bin", "ünïcode 画像.bin",
             "quote'\"<tag>.bin", "semi;colon:at@.bin", "tilde~(brackets)!*.bin", "a//b.bin", "back\\slash.bin", "deep/er/still.bin",
             "dot.", "..two.bin", "e\u0301 combining.bin"]


def azure():
    return objectstores.shared(objectstores.Azurite)


# ---- signatures ------------------------------------------------------------------------------------------------

def sas(permissions, minutes=60, resource="c", container=CONTAINER, blob="", secret=None):
    """A service SAS for a container or for one blob of it, as Azure's documentation makes it for this version."""
    store = azure()
    end = (datetime.now(timezone.utc) + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")
    place = f"/blob/{store.account}/{container}" + (f"/{blob}" if resource == "b" else "")
    fields = [permissions, "", end, place, "", "", "", SAS_VERSION, resource, "", "", "", "", "", "", ""]
    mark = hmac.new(base64.b64decode(secret or store.secret_key), "\n".join(fields).encode("utf-8"), hashlib.sha256).digest()
    return urlencode({"sp": permissions, "se": end, "sv": SAS_VERSION, "sr": resource, "sig": base64.b64encode(mark).decode("ascii")})


def by_key(secret=None, account=None):
    """Credentials of a description, and the environment that they name."""
    return ({"type": "shared_key", "account": account or azure().account, "key": {"env": "AZURE_KEY"}},
            {"AZURE_KEY": secret or azure().secret_key})


def by_sas(token):
    return {"type": "sas", "token": {"env": "AZURE_SAS"}}, {"AZURE_SAS": token}


# ---- descriptions and runs -------------------------------------------------------------------------------------

def description(credentials, edit=None, **api):
    """The sample service's description with its media in the container."""
    doc = harness.read_json(harness.service())
    for name in ("core", "desk"):
        doc["apis"][name]["root"] = str(harness.fixture("store", {"core": "api"}.get(name, name)))
    doc["apis"]["media"] = {"kind": "azure", "endpoint": azure().endpoint, "container": CONTAINER, "prefix": "users/{user_id}/",
                            "credentials": credentials, "allow_addresses": ["loopback"], **api}
    doc["privacy"]["texts"] = str(harness.fixture("privacy")) + "/{language}.json"
    if edit:
        edit(doc)
    path = scratch("service") / "service.json"
    path.write_text(json.dumps(doc), encoding="utf-8")
    return path


class Trial:
    """One export, and all that it wrote."""

    def __init__(self, credentials, *extra, only=None, edit=None, **api):
        spec, words = credentials
        self.place = scratch("trial")
        (self.place / "out").mkdir()
        chosen = ["--category", only] if only else []
        self.run = harness.try_export(
            COMPLETE, self.place / "out", "--export-id", EXPORT_ID, "--report", self.place / "report.json", "--events",
            self.place / "events.jsonl", *chosen, *extra, description=description(spec, edit, **api), env=harness.environment(**words))
        self.code = self.run.code

    def __str__(self):
        return str(self.run)

    @property
    def report(self):
        return harness.read_json(self.place / "report.json")

    @property
    def missing(self):
        return [(line["category"], line["kind"], line["cause"]) for line in self.report.get("missing", [])]

    @property
    def archive(self):
        return harness.Archive(self.place / "out", self.run)

    def written(self):
        """Every byte that the run left anywhere, unpacked and packed."""
        data = [self.run.raw, self.run.err.encode("utf-8", "surrogateescape")]
        data += [path.read_bytes() for path in self.place.rglob("*") if path.is_file()]
        if list((self.place / "out").glob("*.zip")):
            data += [path.read_bytes() for path in self.archive.tree.rglob("*") if path.is_file()]
        return b"\n".join(data)


def local():
    """The archive's bytes as an export of the local store makes it."""
    return harness.export(COMPLETE, "--export-id", EXPORT_ID).zip.read_bytes()


def setUpModule():
    """The media of the sample account lie in one container, and what is listed in another."""
    azure().create(CONTAINER)
    root = harness.fixture("store", "media")
    for path in sorted(root.rglob("*")):
        if path.is_file():
            azure().put(CONTAINER, path.relative_to(root).as_posix(), path.read_bytes())
    azure().create(LISTED)
    for at in range(MANY):
        azure().put(LISTED, f"users/{COMPLETE}/many/{at:04}.txt", b"x" * (at % 7))
    for name in ("own.txt", "many/0003.txt"):
        azure().put(LISTED, f"users/{NEIGHBOUR}/{name}", b"NEVER-EXPORT")
    azure().put(LISTED, f"users/{COMPLETE}/told.png", b"told", x_ms_blob_content_type="image/png", x_ms_meta_Prompt="a <fox> & co",
                x_ms_tags="kind=good%20one&n=1")
    azure().put(LISTED, f"users/{COMPLETE}/ünïcode & <b>.txt", b"")


class SampleAccount(unittest.TestCase):
    """The sample account is the same, wherever its media lie."""

    def same(self, trial):
        self.assertEqual(trial.code, 0, trial)
        self.assertEqual(trial.archive.zip.read_bytes() == local(), True, f"the archive has other bytes\n{trial}")

    def test_by_account_key(self):
        self.same(Trial(by_key()))

    def test_by_signature_of_the_container(self):
        self.same(Trial(by_sas(sas("r"))))

    def test_by_signature_with_a_question_mark(self):
        self.same(Trial(by_sas("?" + sas("rl"))))


def keyed(names, record=None):
    """An edit: one category `odd` whose items name these blobs of the person."""
    def edit(doc):
        root = scratch("odd")
        items = [{"id": f"odd_{at:02}", "owner": COMPLETE, "key": f"users/{COMPLETE}/{name}"} for at, name in enumerate(names)]
        (root / "odd.json").write_text(json.dumps({"items": items}), encoding="utf-8")
        doc["apis"]["odd"] = {"kind": "file", "root": str(root)}
        doc["categories"].append(category(doc, "odd", {"api": "odd", "get": "/odd", "page": None, "items": "/items"}, "/owner",
                                          {"id": "/id", **(record or {})}, media=True))
    return edit


def category(doc, name, source, subject, members, media, **more):
    one = {"id": name, "title": name, "record": "record", "scope": ["access"], "origin": "provided",
           "privacy": doc["categories"][0]["privacy"], "from": source, "subject": subject, "map": members, **more}
    if media:
        one["media"] = [{"role": "file", "api": "media", "key": "/key"}]
    return one


class Names(unittest.TestCase):
    """Blobs come by their names, whatever stands in them."""

    def test_odd_names(self):
        bodies = {name: f"body of {name}".encode() for name in ODD_NAMES}
        for name, body in bodies.items():
            azure().put(CONTAINER, f"users/{COMPLETE}/{name}", body)
        for credentials in (by_key(), by_sas(sas("r"))):
            trial = Trial(credentials, only="odd", edit=keyed(ODD_NAMES))
            self.assertEqual(trial.code, 0, trial)
            found = [path.read_bytes() for path in trial.archive.tree.rglob("*") if path.is_file()]
            self.assertEqual([name for name, body in bodies.items() if body not in found], [], trial)

    def test_a_name_that_leads_elsewhere_ends_the_run(self):
        for name in ("../usr_other/a.bin", "a/./b.bin", ".."):
            trial = Trial(by_key(), only="odd", edit=keyed([name]))
            self.assertEqual((trial.code, harness.published(trial.place / "out")), (4, []), trial)


# ---- lists -----------------------------------------------------------------------------------------------------

def listing(**more):
    """An edit: one category `blobs` of the blobs below the person's prefix, as the list tells of them."""
    def edit(doc):
        known = {name: f"/{name}" for name in ("size", "etag", "storage_class", "content_type", "metadata", "tags")}
        doc["categories"].append(category(
            doc, "blobs", {"api": "media", "list": "users/{user_id}/", **more}, "key_prefix",
            {"id": "/key", "created_at": "/last_modified"}, media=False, keep=list(known.values())))
    return edit


class Lists(unittest.TestCase):
    """Blobs are listed by prefix: all of them, none of a neighbour's, with what is known of them."""

    def listed(self, credentials, **more):
        trial = Trial(credentials, only="blobs", edit=listing(**more), container=LISTED)
        self.assertEqual(trial.code, 0, trial)
        self.assertNotIn(b"NEVER-EXPORT", trial.written())
        one = next(one for one in trial.archive.export["categories"] if one["id"] == "blobs")
        return {record["id"]: record for record in trial.archive.records(one)}

    def test_all_of_them_and_none_of_a_neighbour(self):
        due = set(azure().keys(LISTED, f"users/{COMPLETE}/"))
        self.assertEqual(len(due), MANY + 2)
        for credentials in (by_key(), by_sas(sas("l", container=LISTED))):
            self.assertEqual(set(self.listed(credentials)), due)

    def test_metadata_and_tags(self):
        found = self.listed(by_key(), **{"with": ["metadata", "tags"]})
        told, plain = (found[f"users/{COMPLETE}/{name}"]["extra"] for name in ("told.png", "many/0006.txt"))
        self.assertEqual((told["metadata"], told["tags"]), ({"prompt": "a <fox> & co"}, {"kind": "good one", "n": "1"}))
        self.assertEqual((told["size"], told["content_type"], told["storage_class"]), (4, "image/png", "Hot"))
        self.assertEqual((plain["size"], plain["metadata"], plain["tags"]), (6, {}, {}))

    def test_listed_blobs_are_fetched(self):
        def edit(doc):
            listing()(doc)
            doc["categories"][-1]["media"] = [{"role": "file", "api": "media", "key": "/key", "size": "/size"}]
            doc["categories"][-1]["keep"].remove("/size")
        trial = Trial(by_key(), only="blobs", edit=edit, container=LISTED)
        self.assertEqual(trial.code, 0, trial)
        one = next(one for one in trial.archive.export["categories"] if one["id"] == "blobs")
        sizes = {record["id"].rsplit("/", 1)[1]: [file["size"] for file in record["files"]] for record in trial.archive.records(one)}
        self.assertEqual(len(sizes), MANY + 2, trial)
        self.assertEqual((sizes["0006.txt"], sizes["told.png"]), ([6], [4]), trial)

    def test_a_signature_that_may_not_list(self):
        trial = Trial(by_sas(sas("r", container=LISTED)), only="blobs", edit=listing(), container=LISTED)
        self.assertEqual((trial.code, harness.published(trial.place / "out")), (1, []), trial)
        self.assertRegex(trial.run.err, r"HTTP 403 \(AuthorizationPermissionMismatch\): the credentials do not permit this")


# ---- refusals --------------------------------------------------------------------------------------------------

class Refusals(unittest.TestCase):
    """What concerns all blobs ends the run with a sentence; what concerns one is named as missing."""

    def denied(self, credentials, sentence, code=1, **api):
        trial = Trial(credentials, only="uploads", **api)
        self.assertEqual((trial.code, harness.published(trial.place / "out")), (code, []), trial)
        self.assertRegex(trial.run.err.strip().splitlines()[-1], sentence, trial)
        self.assertNotIn(f"users/{COMPLETE}/uploads", trial.run.err)
        return trial

    def test_wrong_key(self):
        trial = self.denied(by_key(base64.b64encode(CANARY.encode()).decode()), r"HTTP 403 \(AuthorizationFailure\): the credentials")
        self.assertNotIn(base64.b64encode(CANARY.encode()), trial.written())

    def test_wrong_account(self):
        self.denied(by_key(account="second"), r"HTTP 40[34] \(\w+\)")

    def test_wrong_signature(self):
        trial = self.denied(by_sas(sas("r", secret=azure().second["secret"])), r"HTTP 403 \(AuthorizationFailure\): the credentials")
        self.assertNotIn(b"sig=", trial.written())

    def test_expired_signature(self):
        self.denied(by_sas(sas("r", minutes=-5)), r"HTTP 403 \(\w+\): the shared access signature ended at 20\S+Z; a new one is needed")

    def test_no_credentials(self):
        self.denied(({"type": "none"}, {}), r"HTTP 40[134] \(\w+\): ")

    def test_missing_container(self):
        self.denied(by_key(), r"HTTP 404 \(ContainerNotFound\): there is no such container", container="nowhere")

    def test_a_blob_that_is_not_there_is_gone(self):
        azure().put(CONTAINER, f"users/{COMPLETE}/here.bin", b"here")
        trial = Trial(by_key(), only="odd", edit=keyed(["here.bin", "nowhere.bin"]))
        self.assertEqual((trial.code, trial.missing), (3, [("odd", "file", "gone")]), trial)
        self.assertNotIn("nowhere.bin", trial.run.err)

    def test_a_signature_that_may_not_read(self):
        trial = Trial(by_sas(sas("l")), only="uploads")
        self.assertEqual((trial.code, {cause for _, _, cause in trial.missing}), (3, {"forbidden"}), trial)

    def test_credentials_that_are_none_are_found_out_before(self):
        for credentials, sentence in [(by_key("not base64!"), "credentials.key: it is no base64"),
                                      (by_key(account="Not An Account"), "credentials.account: an account's name"),
                                      (by_sas("sp=r&se=2026-01-01"), "credentials.token: it has no parameter sig"),
                                      (by_sas("https://a.example/?sig=" + CANARY), "credentials.token: it is no query"),
                                      (by_sas("sp=r sig=" + CANARY), "credentials.token: it is no query")]:
            trial = self.denied(credentials, sentence, code=2)
            self.assertNotIn(CANARY.encode(), trial.written())

    def test_a_container_that_cannot_be(self):
        self.denied(by_key(), "container: a container's name", code=2, container="Not/One")

    def test_what_lint_refuses(self):
        for credentials, api, sentence in [
                (by_key()[0], {"versions": "as_of"}, "kind 'azure' gives what stands there when it is asked"),
                ({"type": "managed_identity"}, {}, "/apis/media/credentials/type")]:
            run = harness.holdall("lint", description(credentials, **api))
            self.assertNotEqual(run.code, 0, run)
            self.assertIn(sentence, run.out + run.err, run)


class Secrets(unittest.TestCase):
    """A signature stands in nothing that a run writes."""

    def test_a_good_signature(self):
        token = sas("rl")
        mark = token.split("sig=")[1]
        trial = Trial(by_sas(token), "--verbose", only="uploads")
        self.assertEqual(trial.code, 0, trial)
        for form in (mark, unquote(mark), base64.b64encode(unquote(mark).encode()).decode()):
            self.assertNotIn(form.encode(), trial.written())

    def test_a_bad_one(self):
        token = sas("r").split("sig=")[0] + "sig=" + CANARY
        for edit, only in ((None, "uploads"), (listing(), "blobs")):
            trial = Trial(by_sas(token), only=only, edit=edit)
            self.assertEqual(trial.code, 1, trial)
            self.assertNotIn(CANARY.encode(), trial.written())


# ---- faults ----------------------------------------------------------------------------------------------------

class Between:
    """A proxy before Azurite that signs nothing: what it does to an answer is its one fault. `log` has (target, headers, status)."""

    def __init__(self, fault):
        self.fault, self.log, between = fault, [], self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                between.answer(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}/{azure().account}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, handler):
        kept = {name: value for name, value in handler.headers.items() if name.lower() not in ("host", "connection")}
        link = http.client.HTTPConnection("127.0.0.1", azure().port)
        with contextlib.closing(link):
            link.request("GET", handler.path, headers=kept)
            got = link.getresponse()
            status, headers, body = got.status, dict(got.getheaders()), got.read()
        status, headers, body, send = self.fault(handler, status, headers, body)
        self.log.append((handler.path, dict(handler.headers), status))
        handler.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in ("transfer-encoding", "content-length", "connection", "keep-alive"):
                handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[:send])
        handler.close_connection = send is not None


class Faults(unittest.TestCase):
    """A clock that is wrong, a body that breaks off, bytes that are spoilt: the export is the same, or says what is missing."""

    LARGE = bytes(range(256)) * 4096

    def setUp(self):
        azure().put(CONTAINER, f"users/{COMPLETE}/large.bin", self.LARGE)

    def fetched(self, fault, code=0):
        with Between(fault) as between:
            trial = Trial(by_key(), only="odd", edit=keyed(["large.bin"]), endpoint=between.endpoint)
        self.assertEqual(trial.code, code, trial)
        if code == 0:
            self.assertIn(self.LARGE, [path.read_bytes() for path in trial.archive.tree.rglob("*") if path.is_file()])
        return trial, between

    def test_a_clock_that_is_ahead_is_learned(self):
        refused = threading.Barrier(2)

        def fault(handler, status, headers, body):
            theirs = datetime.now(timezone.utc) + timedelta(hours=2)
            told = parsedate_to_datetime(handler.headers["x-ms-date"])
            headers["Date"] = format_datetime(theirs, usegmt=True)
            if abs(theirs - told) < timedelta(minutes=15):
                return status, headers, body, None
            refused.wait(10)  # both are on their way before one of them learns
            return 403, {"Date": headers["Date"], "x-ms-error-code": "AuthenticationFailed"}, b"", None
        azure().put(CONTAINER, f"users/{COMPLETE}/second.bin", self.LARGE[::-1])
        with Between(fault) as between:
            trial = Trial(by_key(), "--jobs", "2", only="odd", edit=keyed(["large.bin", "second.bin"]), endpoint=between.endpoint)
        self.assertEqual(trial.code, 0, trial)
        self.assertEqual(sorted(status for _, _, status in between.log), [200, 200, 403, 403])

    def test_a_body_that_breaks_off_goes_on_under_a_signature_of_its_own(self):
        def fault(handler, status, headers, body):
            return status, headers, body, None if "Range" in handler.headers else len(body) // 2
        _, between = self.fetched(fault)
        (_, _, first), (_, asked, second) = between.log
        self.assertEqual((first, second), (200, 206))
        self.assertEqual((asked["Range"][:6], asked["If-Match"][:1]), ("bytes=", '"'))

    def test_a_blob_that_was_put_encoded(self):
        """Its bytes come as they lie there, whatever its header says of them; what is encoded on its way, without a strong ETag, is not taken."""
        self.fetched(lambda _, status, headers, body: (status, headers | {"Content-Encoding": "gzip"}, body, None))
        trial, _ = self.fetched(lambda _, status, headers, body: (status, {"Content-Encoding": "gzip", "ETag": 'W/"1"'}, body, None), code=3)
        self.assertEqual(trial.missing, [("odd", "file", "changed")], trial)

    def test_spoilt_bytes_are_found_out(self):
        spoilt = []

        def once(_, status, headers, body):
            self.assertIn("content-md5", [name.lower() for name in headers])
            spoilt.append(1)
            return status, headers, b"!" + body[1:] if len(spoilt) == 1 else body, None
        self.fetched(once)
        self.assertEqual(len(spoilt), 2)

    def test_bytes_that_stay_spoilt_are_missing(self):
        trial, _ = self.fetched(lambda _, status, headers, body: (status, headers, b"!" + body[1:], None), code=3)
        self.assertEqual(trial.missing, [("odd", "file", "hash_mismatch")], trial)

    def test_a_refusal_without_azures_words_is_not_gone(self):
        trial, _ = self.fetched(lambda *_: (404, {}, b"<html>no</html>", None), code=3)
        self.assertEqual(trial.missing, [("odd", "file", "unavailable")], trial)

    def test_an_archived_blob_is_named(self):
        def fault(*_):
            return 409, {}, b"\xef\xbb\xbf<?xml version='1.0'?><Error><Code>BlobArchived</Code><Message>" + CANARY.encode() + b"</Message></Error>", None
        trial, _ = self.fetched(fault, code=3)
        self.assertEqual(trial.missing, [("odd", "file", "archived")], trial)
        self.assertNotIn(CANARY.encode(), trial.written())

    def test_a_busy_service_is_asked_again(self):
        calls = []

        def fault(_, status, headers, body):
            calls.append(1)
            return (503, {"x-ms-error-code": "ServerBusy"}, b"", None) if len(calls) == 1 else (status, headers, body, None)
        self.fetched(fault)
        self.assertEqual(len(calls), 2)

    def test_a_redirect_is_not_followed(self):
        def fault(*_):
            return 307, {"Location": f"{azure().endpoint}/{CONTAINER}/other"}, b"", None
        trial, between = self.fetched(fault, code=3)
        self.assertEqual(len(between.log), 1, trial)

    def test_a_list_with_a_blob_of_somebody_else(self):
        def fault(_, status, headers, body):
            return status, headers, body.replace(f"users/{COMPLETE}/many/0003".encode(), f"users/{NEIGHBOUR}/0003".encode()), None
        with Between(fault) as between:
            trial = Trial(by_key(), only="blobs", edit=listing(), container=LISTED, endpoint=between.endpoint)
        self.assertEqual((trial.code, harness.published(trial.place / "out")), (4, []), trial)
        self.assertNotIn(NEIGHBOUR.encode(), trial.written())


if __name__ == "__main__":
    harness.main()
