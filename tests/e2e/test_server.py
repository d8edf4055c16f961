#!/usr/bin/python3
"""Proves that the fake service of tests/server does what its README says, so that the tests that use it prove something.

Every style of paging gives exactly the store's items; each word of a rule does on the wire what it says; credentials,
tokens, signatures, chaos, the journal and the end of the process. The clients are Python's own and bare sockets: holdall
takes no part in it.
"""

import concurrent.futures
import gzip
import hashlib
import http.client
import json
import re
import socket
import ssl
import subprocess
import sys
import time
import unittest
import urllib.parse
from email.utils import parsedate_to_datetime

sys.dont_write_bytecode = True
import fake  # noqa: E402
import harness  # noqa: E402
from fake import header  # noqa: E402
from harness import COMPLETE, TROUBLED  # noqa: E402

USER = f"/v1/users/{COMPLETE}"
LISTS = ("prompts", "uploads", "jobs", "sessions", "events", "billing", "boards")
ARRAYS = {"uploads": "uploads", "jobs": "jobs", "events": "events", "billing": "entries", "settings": "settings"}
GRAPHQL = "query Q($user: ID!, $first: Int, $after: String) { user(id: $user) { LIST(first: $first, after: $after) { nodes } } }"
LONG_NUMBER = "123456789012345678901234567890"
SHORT = 10


class Reply:
    """An answer as http.client read it."""

    def __init__(self, answer):
        self.status, self.headers, self.body = answer.status, answer.headers, answer.read()

    @property
    def document(self):
        return json.loads(self.body)


def connect(origin):
    return http.client.HTTPConnection(urllib.parse.urlsplit(origin).netloc, timeout=SHORT)


def ask(origin, target, method="GET", body=None, headers=None, connection=None):
    """One request; without a CONNECTION on one of its own."""
    used = connection or connect(origin)
    try:
        used.request(method, target, body, headers or {})
        return Reply(used.getresponse())
    finally:
        if connection is None:
            used.close()


class Wire:
    """What came over a bare socket until the end, and which end it was."""

    def __init__(self, origin, target, most=1 << 30, method="GET", seconds=SHORT):
        place = urllib.parse.urlsplit(origin)
        self.data, self.end = b"", "fin"
        try:  # a reset at the stage accept may come while it connects
            with socket.create_connection((place.hostname, place.port), timeout=seconds) as sock:
                sock.sendall(f"{method} {target} HTTP/1.1\r\nHost: {place.netloc}\r\nConnection: close\r\n\r\n".encode())
                self.receive(sock, most)
        except (ConnectionResetError, BrokenPipeError):
            self.end = "rst"
        except TimeoutError:
            self.end = "silence"

    def receive(self, sock, most):
        while len(self.data) < most:
            data = sock.recv(1 << 16)
            if not data:
                return
            self.data += data
        self.end = "enough"

    @property
    def head(self):
        return self.data.partition(b"\r\n\r\n")[0].decode("utf-8")

    @property
    def body(self):
        return self.data.partition(b"\r\n\r\n")[2]

    def header(self, name):
        found = re.search(rf"(?mi)^{name}: (.*?)\r?$", self.head)
        return found and found[1]


def rule(what=None, **more):
    return {"rules": [{**(what or {}), **more}]}


def store_items(name, user=COMPLETE):
    """The items of a list as the store's files have them, read without the server's code."""
    folder = harness.fixture("store", "api", "v1", "users", user)
    first = harness.read_json(folder / f"{name}.json")
    array = ARRAYS.get(name, "data")
    pages = sorted(folder.glob(f"{name}.*.json"), key=lambda path: int(re.search(r"\.c?([0-9]+)", path.name)[1]))
    pages += sorted(folder.glob(f"{name}/page-*.json"))
    return first[array] + [item for page in pages for item in harness.read_json(page)[array]]


class Case(unittest.TestCase):
    """Tests over one server, with a new scenario each."""

    maxDiff = 2000

    @classmethod
    def setUpClass(cls):
        cls.server = fake.Server()
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.stop)

    def setUp(self):
        self.server.scenario({})

    def get(self, target, origin=None, **options):
        return ask(origin or self.server.main, target, **options)

    def wire(self, target, what=None, most=1 << 30, **more):
        """The bytes that a rule leaves of an answer."""
        self.server.scenario(rule(what, **more))
        return Wire(self.server.main, target, most)


class Pages(Case):
    """Every style gives exactly the items of the store."""

    def walk(self, prefix, path, step, first=""):
        """The items of all pages; STEP gives the items and the next address (or body) of a page."""
        items, target, connection = [], prefix + path + first, connect(self.server.main)
        for _ in range(200):
            found, target = step(ask(None, target, connection=connection))
            items += found
            if target is None:
                connection.close()
                return items
        self.fail("the list does not end")

    def by_cursor(self, base, array, after, param):
        def step(reply):
            document = reply.document
            word = document
            for name in after:
                word = word.get(name)
            return document[array], None if word is None else f"{base}?{param}={urllib.parse.quote(word, safe='')}&limit=7"
        return step

    def by_number(self, base, array, param, size_param, size, start, unit):
        at = [start]

        def step(reply):
            items = reply.document[array]
            at[0] += unit
            return items, f"{base}?{param}={at[0]}&{size_param}={size}" if len(items) == size else None
        return step

    def test_store_styles(self):
        """The lists as the store has them."""
        base = "/api" + USER
        walks = {
            "prompts": self.by_cursor(base + "/prompts", "data", ("meta", "next"), "cursor"),
            "boards": self.by_cursor(base + "/boards", "data", ("meta", "next"), "cursor"),
            "events": self.by_cursor(base + "/events", "events", ("next_page_token",), "page_token"),
            "uploads": self.by_number(base + "/uploads", "uploads", "page", "per_page", 10, 1, 1),
            "sessions": self.by_number(base + "/sessions", "data", "offset", "limit", 8, 0, 8),
            "billing": self.by_number(base + "/billing", "entries", "offset", "limit", 6, 0, 6),
        }
        for name, step in walks.items():
            with self.subTest(name):
                self.assertEqual(self.walk(base, "/" + name, step), store_items(name))

    def test_all_lists(self):
        """What has one page in the store has one page here; nobody's lists are empty."""
        for user in (COMPLETE, TROUBLED):
            for path in sorted(harness.fixture("store", "api", "v1", "users", user).glob("*.json")):
                if "." in path.stem:
                    continue
                reply = self.get(f"/api/v1/users/{user}/{path.stem}").document
                first, array = harness.read_json(path), ARRAYS.get(path.stem, "data")
                self.assertEqual((set(reply), reply[array]), (set(first), first[array]), path)

    def test_next_addresses(self):
        """Jobs and tickets by address, in all four forms."""
        for form in ("absolute", "path", "query", "api"):
            self.server.scenario({"page_form": form})

            def step(reply, base="/api" + USER + "/jobs"):
                word = reply.document["links"]["next"]
                if word is None:
                    return reply.document["jobs"], None
                starts = {"absolute": self.server.main + base + "?", "path": base + "?", "query": "?", "api": USER + "/jobs?"}
                self.assertTrue(word.startswith(starts[form]), word)
                return reply.document["jobs"], base + word[word.index("?"):]
            self.assertEqual(self.walk("/api", USER + "/jobs", step), store_items("jobs"))
        first = harness.fixture("store", "desk", "requesters", "hd_48213", "tickets.json")
        paths = (first, first.with_name("tickets") / "page-2.json")
        tickets = [ticket for path in paths for ticket in harness.read_json(path)["tickets"]]
        self.server.scenario({})
        found = self.walk("/desk", "/requesters/hd_48213/tickets", lambda reply: (
            reply.document["tickets"], path_of(reply.document["next_page"])))
        self.assertEqual(found, tickets)

    def test_named_styles(self):
        for name in LISTS:
            stored = store_items(name)
            walks = {
                "cursor": self.by_cursor(f"/api/as/cursor{USER}/{name}", "data", ("meta", "next"), "cursor"),
                "token": self.by_cursor(f"/api/as/token{USER}/{name}", "data", ("next_page_token",), "page_token"),
                "number": self.by_number(f"/api/as/number{USER}/{name}", "data", "page", "per_page", 7, 1, 1),
                "number0": self.by_number(f"/api/as/number0{USER}/{name}", "data", "page", "per_page", 7, 0, 1),
                "offset": self.by_number(f"/api/as/offset{USER}/{name}", "data", "offset", "limit", 7, 0, 7),
                "next_url": lambda reply: (reply.document["data"], path_of(reply.document["links"]["next"])),
                "link": lambda reply: (reply.document, link_of(reply)),
                "link_hard": lambda reply: (reply.document, hard_link_of(reply, f"/api/as/link_hard{USER}/{name}")),
                "header": lambda reply: (reply.document, token_of(reply, f"/api/as/header{USER}/{name}")),
            }
            firsts = {"number": "?per_page=7", "number0": "?per_page=7", "offset": "?limit=7"}
            for style, step in walks.items():
                with self.subTest(f"{style} {name}"):
                    self.assertEqual(self.walk(f"/api/as/{style}", f"{USER}/{name}", step, firsts.get(style, "?limit=7")), stored)

    def test_post(self):
        items, after = [], None
        while True:
            page = {"limit": 9} if after is None else {"limit": 9, "after": after}
            reply = self.get(f"/api/as/post{USER}/prompts", method="POST", body=json.dumps({"page": page})).document
            items += reply["data"]
            after = reply["page"]["next"]
            self.assertEqual(reply["page"]["more"], after is not None)
            if after is None:
                break
        self.assertEqual(items, store_items("prompts"))
        self.assertEqual(self.get(f"/api/as/post{USER}/prompts").status, 405)
        self.assertEqual(self.get(f"/api{USER}/prompts", method="DELETE").status, 405)

    def test_graphql(self):
        items, after = [], None
        while True:
            variables = {"user": COMPLETE, "first": 20, "after": after}
            body = json.dumps({"query": GRAPHQL.replace("LIST", "jobs"), "variables": variables})
            found = self.get("/api/graphql", method="POST", body=body).document["data"]["user"]["jobs"]
            items += found["nodes"]
            after = found["pageInfo"]["endCursor"]
            if not found["pageInfo"]["hasNextPage"]:
                break
        self.assertEqual((items, found["totalCount"]), (store_items("jobs"), 89))
        lost = json.dumps({"query": GRAPHQL.replace("LIST", "jobs"), "variables": {"user": "usr_000000000000"}})
        self.assertIn("errors", self.get("/api/graphql", method="POST", body=lost).document)

    def test_ids_and_details(self):
        prompts = store_items("prompts")
        first = self.get(f"/api/as/ids{USER}/prompts").document["data"]
        self.assertEqual(first, [{"id": item["id"]} for item in prompts[:25]])
        for place in (f"{USER}/prompts/", "/v1/prompts/"):
            self.assertEqual(self.get(f"/api{place}{prompts[3]['id']}").document, prompts[3])
            self.assertEqual(self.get(f"/api/as/ids{place}{prompts[3]['id']}").document, {"data": prompts[3]})
        person = harness.fixture("store", "api", "v1", "users", COMPLETE + ".json")
        self.assertEqual(self.get("/api" + USER).document, harness.read_json(person))
        self.assertEqual(self.get("/api/v1/users/usr_000000000000").status, 404)

    def test_numbers_keep_their_digits(self):
        text = self.get(f"/api{USER}/events").body.decode()
        self.assertIn('"seq":9007199254741000', text)

    def test_cursors_have_to_be_encoded(self):
        cursor = self.get(f"/api{USER}/prompts").document["meta"]["next"]
        self.assertEqual(self.get(f"/api{USER}/prompts?cursor={cursor}").status, 400)
        self.assertEqual(self.get(f"/api{USER}/prompts?cursor={urllib.parse.quote(cursor, safe='')}").status, 200)

    def test_generated(self):
        def step(reply):
            after = reply.document["meta"]["next"]
            return reply.document["data"], after and base + "&cursor=" + urllib.parse.quote(after, safe="")
        base = f"/gen/prompts?user={COMPLETE}&count=2500&page_size=1000&files=100&text=60"
        items = self.walk("", base, step)
        self.assertEqual([item["id"] for item in items], [f"prompts-{number}" for number in range(2500)])
        self.assertEqual({len(item["text"]) for item in items}, {60})
        self.assertEqual(len([item for item in items if "key" in item]), 25)
        data = self.get("/gen/media/" + items[100]["key"]).body
        self.assertEqual((len(data), hashlib.sha256(data).hexdigest()), (items[100]["bytes"], items[100]["sha256"]))
        self.assertEqual(self.get("/media/" + items[100]["key"]).body, data)
        self.assertEqual((self.get("/gen/users/nobody1").status, self.get("/gen/users/u1").document["id"]), (404, "u1"))
        paths = ("/gen", "/gen/", "/gen/users", "/gen/media/x")
        self.assertEqual([self.get(path).status for path in paths], [404, 404, 200, 404])

    def test_lies_about_lists(self):
        def page(path, **lies):
            self.server.scenario(rule(page=lies))
            return self.get(path).document
        path = f"/api{USER}/prompts"
        whole, first = self.get(path).document["data"], self.get(path).document["meta"]["next"]
        self.assertEqual(page(path, drop=[0, 2])["data"], whole[1:2] + whole[3:])
        self.assertEqual(page(path, again=[1])["data"], whole + whole[1:2])
        self.assertEqual(page(path, total=7)["meta"]["total"], 7)
        self.assertEqual(page(path, total_off=-1)["meta"]["total"], 91)
        self.assertEqual(page(path, next="empty")["meta"]["next"], "")
        self.assertIsNone(page(path, next="end")["meta"]["next"])
        self.assertNotIn("next", page(path, next="absent")["meta"])
        self.assertNotEqual(page(path, next="first")["meta"]["next"], first)
        second = path + "?cursor=" + urllib.parse.quote(first, safe="")
        self.assertEqual(page(second, next="repeat")["meta"]["next"], first)
        self.assertIs(page(f"/api/as/number{USER}/prompts", more=False)["has_more"], False)


def path_of(address):
    """Path and query of an absolute address."""
    return None if address is None else re.sub("^http://[^/]*", "", address)


def link_of(reply):
    return next((path_of(found[1]) for found in re.finditer('<([^>]*)>; rel="next"', reply.headers["Link"])), None)


def hard_link_of(reply, base):
    found = next((re.match("<([^>]*)>", line)[1] for line in reply.headers.get_all("Link") if "REL" in line), None)
    return None if found is None else base + found


def token_of(reply, base):
    token = reply.headers["X-Next-Page-Token"]
    return None if token is None else f"{base}?page_size=7&page_token={urllib.parse.quote(token, safe='')}"


KEY = f"/media/users/{COMPLETE}/avatar-avatar.png"


class Media(Case):
    """Files, ranges, conditions, lies, signed addresses."""

    def setUp(self):
        super().setUp()
        self.data = harness.fixture("store", "media", "users", COMPLETE, "avatar-avatar.png").read_bytes()

    def spoiled(self, headers=None, **lies):
        self.server.scenario(rule(media=lies))
        return self.get(KEY, headers=headers)

    def test_whole_and_ranges(self):
        reply = self.get(KEY)
        self.assertEqual((reply.body, reply.headers["Content-Type"]), (self.data, "image/png"))
        length, tag = len(self.data), reply.headers["ETag"]
        for wanted, start, stop in (("bytes=100-", 100, length), ("bytes=0-0", 0, 1), ("bytes=-5", length - 5, length),
                                    ("bytes=5-9999999", 5, length)):
            part = self.get(KEY, headers={"Range": wanted, "If-Range": tag})
            self.assertEqual((part.status, part.body), (206, self.data[start:stop]), wanted)
            self.assertEqual(part.headers["Content-Range"], f"bytes {start}-{stop - 1}/{length}")
        for wanted in (f"bytes={length}-", "bytes=-0"):
            self.assertEqual(self.get(KEY, headers={"Range": wanted}).status, 416, wanted)
        self.assertEqual(self.get(KEY, headers={"Range": "bytes=5-", "If-Range": '"another"'}).status, 200)
        self.assertEqual(self.get(KEY, headers={"Range": "bytes=9-5"}).status, 200)
        self.assertEqual(self.get(KEY, headers={"If-Match": '"another"'}).status, 412)
        same = self.get(KEY, headers={"If-None-Match": tag})
        self.assertEqual((same.status, same.body), (304, b""))
        silent = self.get(KEY, method="HEAD")
        self.assertEqual((silent.headers["Content-Length"], silent.body), (str(length), b""))
        keys = ("none", "../api", "a//b", "%2e%2e/x")
        self.assertEqual([self.get("/media/" + key).status for key in keys], [404, 400, 400, 400])

    def test_every_file(self):
        folder, connection = harness.fixture("store", "media"), connect(self.server.main)
        paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        for path in paths:
            key = urllib.parse.quote(path.relative_to(folder).as_posix())
            self.assertEqual(ask(None, "/media/" + key, connection=connection).body, path.read_bytes(), key)
        self.assertGreater(len(paths), 100)
        connection.close()

    def test_lies(self):
        data, ranged = self.data, {"Range": "bytes=100-"}
        flipped = self.spoiled(flip=10).body
        self.assertEqual([place for place, byte in enumerate(data) if byte != flipped[place]], [10])
        self.assertEqual(self.spoiled(truncate=100).body, data[:100])
        self.assertEqual(self.spoiled(append=3).body, data + b"+++")
        other = self.spoiled(version=2)
        self.assertEqual((len(other.body), other.body[:64], other.body == data), (len(data), data[:64], False))
        self.assertNotEqual(other.headers["ETag"], self.spoiled(etag="weak").headers["ETag"][2:])
        self.assertTrue(self.spoiled(etag="weak").headers["ETag"].startswith('W/"'))
        self.assertIsNone(self.spoiled(etag="none").headers["ETag"])
        self.assertEqual(self.spoiled(etag="mine").headers["ETag"], '"mine"')
        self.assertEqual(self.spoiled({"If-Match": '"x"'}, if_match="ignore").status, 200)
        self.assertEqual(self.spoiled(ranged, range="ignore").status, 200)
        self.assertEqual(self.spoiled(ranged, range="416").status, 416)
        self.assertTrue(self.spoiled(ranged, range="wrong").headers["Content-Range"].startswith("bytes 101-"))
        self.assertTrue(self.spoiled(ranged, range="wrong_size").headers["Content-Range"].endswith(f"/{len(data) + 1}"))
        self.assertLess(len(self.spoiled(ranged, range="short").body), len(data) - 100)

    def test_noise(self):
        place = f"/gen/media/gen/{COMPLETE}/blob/300000"
        whole = self.get(place)
        self.assertEqual((len(whole.body), whole.headers["Content-Length"]), (300000, "300000"))
        self.assertEqual(self.get(place, headers={"Range": "bytes=123456-"}).body, whole.body[123456:])
        self.server.scenario(rule(media={"truncate": 1000, "etag": "weak"}))
        self.assertEqual(self.get(place).body, whole.body[:1000])

    def test_signed_addresses(self):
        secret = {"path": "^/media/", "type": "bearer", "token": "t"}
        self.server.scenario({"sign": {"ttl": 60, "origin": "other"}, "auth": [secret]})
        self.assertEqual(self.get(KEY).status, 401)
        uploads = self.get(f"/api{USER}/uploads").document["uploads"]
        self.assertTrue(uploads[0]["url"].startswith(self.server.other + "/media/users/"))
        target = path_of(uploads[0]["url"])
        self.assertEqual(len(self.get(target, self.server.other).body), uploads[0]["size"])
        self.assertEqual(self.get(target.replace("sig=", "sig=0")).status, 403)
        self.server.clock(61)
        self.assertEqual(self.get(target).document["error"]["code"], "expired")
        self.server.clock(0)
        self.assertEqual(self.get(target).status, 200)
        jobs = self.get(f"/api{USER}/jobs").document["jobs"]
        self.assertEqual({"url" in output for job in jobs for output in job["outputs"]}, {True})
        listed = self.get("/gen/pictures?count=3&files=1").document["data"]
        self.assertEqual(len(self.get(path_of(listed[2]["url"])).body), listed[2]["bytes"])

    def test_addresses_expire_by_themselves(self):
        self.server.scenario({"sign": {"ttl": 30, "tick": 20, "field": "download"}})
        target = path_of(self.get(f"/api{USER}/uploads").document["uploads"][0]["download"])
        self.assertEqual([self.get(target).status for _ in range(3)], [200, 200, 403])


class Credentials(Case):
    """Who may ask."""

    def statuses(self, auth, *headers):
        self.server.scenario({"auth": [auth]})
        return [self.get("/api" + USER, headers=each).status for each in headers]

    def test_fixed(self):
        bearer = {"path": "^/api/", "type": "bearer", "token": "t"}
        self.assertEqual(self.statuses(bearer, {}, {"Authorization": "Bearer t"}), [401, 200])
        self.assertEqual(self.get("/desk/requesters/hd_48213/tickets").status, 200)
        self.assertEqual(self.get("/api" + USER).headers["WWW-Authenticate"].split()[0], "Bearer")
        named = {"type": "header", "name": "X-Api-Key", "value": "k", "status": 403}
        self.assertEqual(self.statuses(named, {}, {"x-api-key": "k"}), [403, 200])
        basic = {"type": "basic", "username": "u", "password": "p"}
        self.assertEqual(self.statuses(basic, {}, {"Authorization": "Basic dTpw"}), [401, 200])
        self.assertEqual(self.statuses({"type": "bearer", "token": "t", "listeners": ["other"]}, {}), [200])

    def token(self, secret="s&1", **form):
        form = {"grant_type": "client_credentials", "client_id": "c", "client_secret": secret, **form}
        return self.get("/oauth/token", method="POST", body=urllib.parse.urlencode(form))

    def test_oauth2(self):
        auth = {"path": "^/api/", "type": "oauth2", "client_id": "c", "client_secret": "s&1", "uses": 2, "expires_in": 50,
                "refuse_after": 3}
        self.assertEqual(self.statuses(auth, {}), [401])
        self.assertEqual(self.token("wrong").document["error"], "invalid_client")
        self.assertEqual(self.token(grant_type="password").document["error"], "unsupported_grant_type")
        self.assertEqual(self.token(scope="x").document["error"], "invalid_scope")

        def use(token):
            return self.get("/api" + USER, headers={"Authorization": f"Bearer {token}"}).status
        first = self.token().document
        self.assertEqual((first["token_type"], first["expires_in"]), ("Bearer", 50))
        self.assertEqual([use(first["access_token"]) for _ in range(3)], [200, 200, 401])
        second = self.token().document["access_token"]
        self.server.clock(51)
        self.assertEqual(use(second), 401)
        self.server.clock(0)
        self.assertEqual(use(second), 200)
        self.server.expire()
        self.assertEqual(use(second), 401)
        self.assertNotEqual(self.token().document["access_token"], second)
        self.assertEqual(self.token().document["error"], "unauthorized_client")
        self.server.reset()
        self.assertEqual(self.token().status, 200)

    def test_client_authentication(self):
        auth = {"type": "oauth2", "client_id": "c", "client_secret": "s&1", "client_auth": "basic"}
        self.server.scenario({"auth": [auth]})
        self.assertEqual(self.token().status, 401)
        secret = {"Authorization": "Basic YzpzJTI2MQ=="}  # c:s%261
        reply = self.get("/oauth/token", method="POST", body="grant_type=client_credentials", headers=secret)
        self.assertEqual((reply.status, reply.headers["Cache-Control"]), (200, "no-store"))


TEXT = "/gen/users/u1"
BIG = "/gen/media/gen/u1/blob/100000"


class Rules(Case):
    """Each word of a rule, seen on the wire."""

    def test_status(self):
        self.server.scenario(rule(path="^/api/", status=429, headers={"Retry-After": "http-date+5", "RateLimit-Remaining": "0",
                                                                      "RateLimit-Reset": "epoch+7", "X-Two": ["a", "b"]}))
        reply = self.get("/api" + USER)
        self.assertEqual((reply.status, reply.headers["RateLimit-Remaining"]), (429, "0"))
        self.assertEqual(reply.headers.get_all("X-Two"), ["a", "b"])
        self.assertAlmostEqual(parsedate_to_datetime(reply.headers["Retry-After"]).timestamp(), time.time() + 5, delta=3)
        self.assertAlmostEqual(int(reply.headers["RateLimit-Reset"]), time.time() + 7, delta=3)
        self.assertEqual(self.get(TEXT).status, 200)
        self.server.scenario(rule(status=503, body="<Error><Code>SlowDown</Code></Error>"))
        reply = self.get(TEXT)
        self.assertEqual((reply.status, reply.headers["Content-Type"], reply.body[:7]), (503, "application/xml", b"<Error>"))
        self.server.scenario(rule(body={"a": 1}))
        self.assertEqual((self.get(TEXT).status, self.get(TEXT).document), (200, {"a": 1}))
        self.server.scenario(rule(status=599))
        self.assertEqual((self.get(TEXT).status, self.get(TEXT).document["error"]["code"]), (599, "fault"))

    def counted(self, when, times=6, **more):
        self.server.scenario(rule(status=503, when=when, **more))
        return "".join("x" if self.get(TEXT).status == 503 else "." for _ in range(times))

    def test_when(self):
        self.assertEqual(self.counted({"nth": 2}), ".x....")
        self.assertEqual(self.counted({"nth": [1, 3]}), "x.x...")
        self.assertEqual(self.counted({"from": 3}), "..xxxx")
        self.assertEqual(self.counted({"until": 2}), "xx....")
        self.assertEqual(self.counted({"from": 2, "until": 3}), ".xx...")
        self.assertEqual(self.counted({"each": 3}), "..x..x")
        self.assertEqual(self.counted({"nth": 1}, path="^/other"), "......")
        self.assertEqual(self.counted({"nth": 1}, method="POST"), "......")
        self.assertEqual(self.counted({"nth": 1}, listeners=["other"]), "......")
        self.assertEqual(self.counted({"nth": 1}, listeners=["main"], method=["GET", "HEAD"]), "x.....")

    def test_counted_by_target(self):
        self.server.scenario(rule(status=503, when={"nth": 1, "per": "target"}))
        found = [self.get(f"/gen/users/u{number}").status for _ in range(2) for number in range(4)]
        self.assertEqual(found, [503] * 4 + [200] * 4)

    def test_headers_of_the_request(self):
        self.server.scenario({"rules": [{"status": 500, "when": {"token": "old"}}, {"status": 501, "when": {"token": ""}},
                                        {"status": 502, "when": {"header": {"Range": "^bytes=[1-9]"}}}]})
        bearer = {"Authorization": "Bearer old"}, {}, {"Authorization": "Bearer new"}, {"Authorization": "x", "Range": "bytes=5-"}
        self.assertEqual([self.get(TEXT, headers=each).status for each in bearer], [500, 501, 200, 502])

    def test_the_first_rule_that_fires(self):
        self.server.scenario({"rules": [{"status": 501, "when": {"nth": 1}}, {"status": 502, "when": {"nth": [1, 2]}}]})
        self.assertEqual([self.get(TEXT).status for _ in range(3)], [501, 502, 200])

    def test_ends(self):
        """reset and close at each stage."""
        for word, end in (("reset", "rst"), ("close", "fin")):
            for stage in ("accept", "request"):
                wire = self.wire_on_other(BIG, {word: stage})
                self.assertEqual((wire.data, wire.end), (b"", end), (word, stage))
            wire = self.wire(BIG, {word: "headers"})
            self.assertEqual((wire.data[:12], b"\r\n\r\n" in wire.data, wire.end), (b"HTTP/1.1 200", False, end))
            wire = self.wire(BIG, {word: "body", "after": 1000})
            self.assertEqual((len(wire.body), wire.header("Content-Length"), wire.end), (1000, "100000", end))
            self.assertEqual(len(self.wire(BIG, {word: "body"}).body), 50000)

    def wire_on_other(self, target, what):
        """The same where /control is not, as the stage accept concerns whole connections."""
        self.server.scenario(rule(what, listeners=["other"]))
        return Wire(self.server.other, target)

    def test_accept_counts_connections(self):
        self.server.scenario(rule(reset="accept", listeners=["other"], when={"nth": 1}))
        self.assertEqual([Wire(self.server.other, TEXT).end for _ in range(2)], ["rst", "fin"])

    def test_control_is_never_spoiled(self):
        self.server.scenario(rule(reset="accept"))
        self.assertEqual((Wire(self.server.main, TEXT).end, self.server.log()), ("rst", []))
        self.server.scenario(rule(status=503))
        self.assertEqual(self.get("/control/counts").status, 200)
        self.assertEqual(ask(self.server.origins["control"], TEXT).status, 404)

    def test_cut(self):
        wire = self.wire(BIG, cut=300)
        self.assertEqual((len(wire.body), wire.header("Content-Length"), wire.end), (300, "100000", "fin"))
        wire = self.wire(BIG, cut_chunked=300)
        self.assertEqual((wire.header("Transfer-Encoding"), wire.header("Content-Length"), wire.end), ("chunked", None, "fin"))
        self.assertEqual((wire.body[:7], len(wire.body)), (b"186a0\r\n", 307))

    def test_framing(self):
        whole = self.get(BIG).body
        wire = self.wire(BIG, no_length=True)
        self.assertEqual((wire.body, wire.header("Content-Length"), wire.header("Transfer-Encoding")), (whole, None, None))
        self.server.scenario(rule(chunked=True))
        reply = self.get(BIG)
        self.assertEqual((reply.body, reply.headers["Transfer-Encoding"]), (whole, "chunked"))
        wire = self.wire(BIG, http="1.0")
        self.assertEqual((wire.data[:12], wire.body), (b"HTTP/1.0 200", whole))
        for delta in (5, -5):
            wire = self.wire(BIG, wrong_length=delta)
            self.assertEqual((wire.header("Content-Length"), wire.body), (str(100000 + delta), whole))
        wire = self.wire(TEXT, interim=2, trailers={"X-End": "1"})
        self.assertEqual((wire.data.count(b"HTTP/1.1 103 "), wire.data.count(b"HTTP/1.1 200 ")), (2, 1))
        self.assertTrue(wire.data.endswith(b"\r\n0\r\nX-End: 1\r\n\r\n"))
        self.assertEqual(self.wire(TEXT, endless_chunked=True, most=1 << 22).end, "enough")
        wire = self.wire(TEXT, endless_headers=True, most=1 << 22)
        self.assertEqual((wire.end, b"\r\n\r\n" in wire.data), ("enough", False))
        self.assertEqual(len(self.wire(TEXT, big_header=70000).header("X-Big")), 70000)
        self.assertEqual(self.wire(TEXT, garbage="\u00ffSSH-2.0\r\n").data, b"\xffSSH-2.0\r\n")

    def test_silence(self):
        self.server.scenario(rule(stall=0.4, stage="accept", listeners=["other"]))
        self.assertGreater(self.seconds(self.server.other), 0.39)
        for stage in ("request", "headers", "body"):
            self.server.scenario(rule(stall=0.4, stage=stage))
            self.assertGreater(self.seconds(self.server.main), 0.39, stage)
        self.server.scenario(rule(stall=30, after=1000))
        wire = Wire(self.server.main, BIG, seconds=0.3)
        self.assertEqual((len(wire.body), wire.end), (1000, "silence"))

    def seconds(self, origin):
        begin = time.monotonic()
        self.assertEqual(len(ask(origin, BIG).body), 100000)
        return time.monotonic() - begin

    def test_trickle(self):
        self.server.scenario(rule(trickle=200000))
        self.assertTrue(0.45 < self.seconds(self.server.main) < 3)

    def test_gzip(self):
        whole = self.get(TEXT).body
        self.server.scenario(rule(gzip=True))
        reply = self.get(TEXT)
        self.assertEqual((reply.headers["Content-Encoding"], gzip.decompress(reply.body)), ("gzip", whole))
        for cut in (True, 12):
            self.server.scenario(rule(gzip_cut=cut))
            reply = self.get(TEXT)
            self.assertEqual(reply.headers["Content-Length"], str(len(reply.body)))
            self.assertRaises(EOFError, gzip.decompress, reply.body)

    def test_redirects(self):
        def place(**to):
            self.server.scenario(rule(path="^/gen/", redirect=to))
            reply = self.get("/gen/users/u1?a=1")
            return reply.status, reply.headers["Location"]
        self.assertEqual(place(to="other"), (302, self.server.other + "/gen/users/u1?a=1"))
        self.assertEqual(place(to="forbidden", path="/x{path}", status=307), (307, self.server.forbidden + "/x/gen/users/u1"))
        self.assertEqual(place(to="https://x.example{path}?{query}&n={n}"), (302, "https://x.example/gen/users/u1?a=1&n=1"))
        self.server.scenario({"rules": [{"path": "^/media/", "listeners": ["main"], "redirect": {"to": "other", "signed": True}}],
                              "auth": [{"listeners": ["other"], "type": "bearer", "token": "t"}]})
        target = path_of(self.get(KEY).headers["Location"])
        self.assertEqual((self.get(target, self.server.other).status, self.get(KEY, self.server.other).status), (200, 401))
        self.server.scenario(rule(location="//\u00e9 broken", status=301))
        self.assertEqual(Wire(self.server.main, TEXT).header("Location"), "//\u00e9 broken")

    def test_headers(self):
        more = {"Content-Type": "text/html", "X-A": "1"}
        self.server.scenario(rule(date_skew=-3600, headers=more, drop_headers=["Content-Length"]))
        wire = Wire(self.server.main, TEXT)
        self.assertAlmostEqual(parsedate_to_datetime(wire.header("Date")).timestamp(), time.time() - 3600, delta=3)
        self.assertEqual([wire.header(name) for name in (*more, "Content-Length")], ["text/html", "1", None])

    def test_edits(self):
        path = f"/api{USER}/uploads"
        self.server.scenario({"edits": [
            {"path": "/uploads$", "put": "/uploads/0/caption", "value": "other"}, {"put": "/uploads/0/size", "raw": LONG_NUMBER},
            {"put": "/uploads/1/caption", "raw": '"\\ud800"'}, {"put": "/uploads/2/caption", "nested": 3000},
            {"remove": "/uploads/3/id"}, {"put": "/uploads/99/caption", "value": "nowhere"},
            {"repeat": "/uploads/4/id", "value": "twice"}]})
        text = self.get(path).body.decode()
        deep = "[" * 3000 + "]" * 3000
        for piece in ('"caption":"other"', '"size":' + LONG_NUMBER, '"caption":"\\ud800"', deep, '"id":"twice"'):
            self.assertIn(piece, text)
        self.assertEqual(len(re.findall('"id":"upl_', text)), 9)
        self.server.scenario(rule(when={"nth": 1}, edits=[{"put": "/data/0/text", "value": "changed"}]))
        found = [self.get("/gen/prompts?count=2").document["data"][0]["text"] for _ in range(2)]
        self.assertEqual(found, ["changed", "a lake at dusk 0"])


class Whole(Case):
    """Chaos, the journal, many connections, TLS, the process."""

    def falls(self, seed, order=1):
        """What became of each attempt."""
        self.server.scenario({"seed": seed, "chaos": {"share": 0.3, "kinds": ["503", "reset", "cut", "stall"], "stall": 0}})
        targets = [f"/gen/users/u{number}" for number in range(60)][::order]
        for target in targets * 2:
            Wire(self.server.main, target)
        return sorted((entry["target"], entry["fault"] or "") for entry in self.server.log())

    def test_chaos_is_the_same_in_every_run(self):
        first = self.falls(7)
        self.assertEqual(first, self.falls(7, -1))
        self.assertNotEqual(first, self.falls(8))
        kinds = {fault for _, fault in first}
        self.assertEqual(kinds, {"", "chaos: 503", "chaos: reset", "chaos: cut", "chaos: stall"})
        self.assertTrue(15 < len([fault for _, fault in first if fault]) < 60)

    def test_journal(self):
        self.server.scenario(rule(path="u2", status=503))
        connection = connect(self.server.main)
        ask(None, "/gen/users/u1", connection=connection, headers={"X-Two": "b", "A": "c"})
        ask(None, "/gen/users/u2", connection=connection, method="POST", body="e" * 5000)
        ask(self.server.other, "/gen/users/u1")
        connection.close()
        first, second, third = self.server.log()
        members = ("n", "listener", "method", "status", "fault")
        self.assertEqual([[entry[name] for name in members] for entry in (first, second, third)],
                         [[1, "main", "GET", 200, None], [2, "main", "POST", 503, "rule 0: status"],
                          [3, "other", "GET", 200, None]])
        self.assertEqual((header(first, "x-two"), [name for name, _ in first["headers"]][-2:]), ("b", ["X-Two", "A"]))
        self.assertEqual((len(second["body"]), first["bytes"]), (4096, len(self.get("/gen/users/u1").body)))
        self.assertEqual([entry["active"] for entry in (first, second, third)], [1, 1, 1])
        self.assertEqual(self.server.counts(), {"/gen/users/u1": 3, "/gen/users/u2": 1})
        self.assertEqual([entry["n"] for entry in self.server.log(after=3)], [4])
        self.assertEqual(len(self.server.log(listener="other")), 1)
        self.server.reset()
        self.assertEqual((self.server.log(), self.server.counts()), ([], {}))
        self.server.scenario({"log": False})
        self.get("/gen/users/u1")
        self.assertEqual(self.server.log(), [])

    def test_many_connections(self):
        """64 at once, all open at the same time, many requests on each."""
        self.server.scenario({"log": False})
        open_now = [connect(self.server.main) for _ in range(64)]
        for connection in open_now:
            connection.connect()

        def use(number):
            targets = [f"/gen/media/gen/u1/pictures/{number * 20 + turn}.png" for turn in range(20)]
            return [ask(None, target, connection=open_now[number]).status for target in targets]
        with concurrent.futures.ThreadPoolExecutor(64) as pool:
            self.assertEqual(list(pool.map(use, range(64))), [[200] * 20] * 64)
        for connection in open_now:
            connection.close()

    def test_absolute_targets(self):
        """As a proxy is asked."""
        self.assertEqual(self.get("http://claakit.example/gen/users/u1?x=1").document["id"], "u1")
        self.assertEqual(self.server.log()[0]["target"], "http://claakit.example/gen/users/u1?x=1")

    def test_bodies_in_chunks_and_pipelines(self):
        place = urllib.parse.urlsplit(self.server.main)
        with socket.create_connection((place.hostname, place.port), timeout=SHORT) as sock:
            sock.sendall(b"POST /gen/users/a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                         b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: 1\r\n\r\n"
                         b"GET /gen/users/b HTTP/1.1\r\nConnection: close\r\n\r\n")
            data = b"".join(iter(lambda: sock.recv(1 << 16), b""))
        self.assertEqual(data.count(b"HTTP/1.1 200 OK"), 2)
        self.assertEqual([entry["body"] for entry in self.server.log()], ["abcde", ""])
        with socket.create_connection((place.hostname, place.port), timeout=SHORT) as sock:
            sock.sendall(b"what is this\r\n\r\n")
            self.assertEqual(sock.recv(1 << 16)[:12], b"HTTP/1.1 400")

    def test_loopback_6(self):
        if self.server.main6 is None:
            self.skipTest("there is no IPv6 loopback")
        self.assertEqual(self.get(TEXT, self.server.main6).status, 200)

    def test_tls(self):
        authority = fake.Authority()
        self.server.scenario({"tls": authority.scenario()})
        context = ssl.create_default_context(cafile=authority.certificate)
        self.assertEqual(self.securely(context), 200)
        self.assertRaises(ssl.SSLError, self.securely, ssl.create_default_context())
        self.server.scenario({"tls": authority.scenario(client_ca=authority.certificate)})
        with self.assertRaises((ssl.SSLError, ConnectionError, http.client.RemoteDisconnected)):
            self.securely(context)
        context.load_cert_chain(*authority.client())
        self.assertEqual(self.securely(context), 200)
        self.server.scenario({"tls": authority.scenario(names=["DNS:other.example"])})
        self.assertRaises(ssl.SSLCertVerificationError, self.securely, context)

    def securely(self, context):
        connection = http.client.HTTPSConnection(urllib.parse.urlsplit(self.server.tls).netloc, timeout=SHORT, context=context)
        try:
            return ask(None, TEXT, connection=connection).status
        finally:
            connection.close()

    def test_description(self):
        path = fake.description(self.server, lambda doc: doc["apis"]["core"].update(url=self.server.other + "/api"))
        doc = harness.read_json(path)
        self.assertEqual(doc["apis"]["core"]["url"], self.server.other + "/api")
        self.assertEqual(doc["apis"]["media"]["prefix"], "users/{user_id}/")
        self.assertTrue(doc["privacy"]["texts"].endswith("/privacy/{language}.json"))


BAD = (
    {"ruels": []}, {"rules": {}}, {"rules": [{}]}, {"rules": [{"status": 503, "wehn": {}}]}, {"rules": [{"status": "503"}]},
    {"rules": [{"status": 503, "path": "("}]}, {"rules": [{"status": 503, "when": {"nth": "1"}}]},
    {"rules": [{"status": 503, "page": 1}]}, {"rules": [{"status": 503, "listeners": ["mian"]}]}, {"rules": [{"reset": "end"}]},
    {"rules": [{"reset": "accept", "path": "x"}]}, {"rules": [{"stage": "body"}]}, {"rules": [{"status": 503, "after": 1}]},
    {"rules": [{"page": {"nxt": "end"}}]}, {"rules": [{"page": {"next": "never"}}]}, {"rules": [{"media": {"flop": 1}}]},
    {"rules": [{"redirect": {"path": "/"}}]}, {"rules": [{"redirect": {"to": "https://x.example", "signed": True}}]},
    {"page_form": "odd"}, {"chaos": {"kinds": ["fire"]}}, {"chaos": {"shares": 1}}, {"auth": [{"type": "bearer"}]},
    {"auth": [{"type": "guess"}]}, {"auth": [{"type": "basic", "token": "t"}]}, {"edits": [{"put": "/a"}]},
    {"auth": [{"type": "bearer", "token": "t", "path": "("}]}, {"edits": [{"remove": "a"}]},
    {"edits": [{"put": "/a", "remove": "/a", "value": 1}]}, {"sign": {"til": 1}}, {"sign": {"origin": "x"}},
    {"tls": {"certificate": "none.pem", "key": "none.key"}}, {"seed": "x"}, {"log": 1}, [],
)


class Process(unittest.TestCase):
    """Beginning and end."""

    def program(self, *words):
        program = harness.root() / "tests" / "server" / "server.py"
        return [sys.executable, str(program), "--store", str(harness.fixture("store")), *words]

    def start(self):
        process = subprocess.Popen(self.program(), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process, json.loads(process.stdout.readline())["origins"]

    def test_ends(self):
        process, origins = self.start()
        self.assertEqual(set(origins) - {"main6"}, {"main", "other", "forbidden", "tls", "control"})
        process.stdin.close()
        self.assertEqual(process.wait(SHORT), 0)
        process, _ = self.start()
        process.terminate()
        self.assertEqual(process.wait(SHORT), 0)
        process.stdin.close()
        process, origins = self.start()
        ask(origins["main"], "/control/stop", method="POST")
        self.assertEqual(process.wait(SHORT), 0)
        process.stdin.close()

    def test_ends_while_it_sends(self):
        with fake.Server(rule(stall=60)) as server:
            self.assertEqual(Wire(server.main, BIG, seconds=0.2).end, "silence")
            begin = time.monotonic()
        self.assertLess(time.monotonic() - begin, 3)
        self.assertEqual(server.process.returncode, 0)

    def test_bad_scenarios(self):
        with fake.Server() as server:
            for bad in BAD:
                with self.subTest(bad), self.assertRaises(ValueError):
                    server.scenario(bad)
            self.assertEqual(ask(server.main, TEXT).status, 200)
        path = harness.scratch() / "bad.json"
        for text in (json.dumps(BAD[0]), "{"):
            path.write_text(text)
            run = harness.command(*self.program("--scenario", path))
            self.assertEqual((run.code, run.out, run.err.count("\n")), (2, "", 1), run)
        self.assertEqual(harness.command(*self.program("--scenario", path.with_name("none"))).code, 2)
        run = harness.command(*self.program("--scenario", "-"), stdin=b'{"seed": 1}\n')
        self.assertEqual(run.code, 0, run)


if __name__ == "__main__":
    harness.main()
