#!/usr/bin/python3
"""Proves that requests are signed as another signer signs them: botocore, which every S3 server must understand.

The same requests, at the same frozen time, go to botocore and to sign-tool, which lies beside the binary. botocore is given the
parameters as they are meant and encodes them itself; the tool is given a query in which they are written in one of many ways, as a
description might have them: unsorted, with small digits, with characters that need no encoding encoded, with a plus for a
blank. Where botocore drops a parameter (it keeps one of each name in a presigned URL), it signs the query that the tool made.
"""

import datetime
import hashlib
import json
import random
import string
import subprocess
import sys
import types
import unittest
from unittest import mock
from urllib.parse import parse_qsl, quote

import botocore.auth
import botocore.utils
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

sys.dont_write_bytecode = True
import harness  # noqa: E402

NOW = 1793491199
ASCII = "".join(map(chr, range(1, 128)))
HOSTILE = " +=:@()!'*%&/?#;,.~-_$[]{}\"<>\\^`|\t\n\x7fAZaz09äß漢🦊e\u0301\u202e"
KEYS = ["test.txt", "a b", "a+b", "a=b", "a:b@c", "(a)!'b'*", "100%", "%2f", "%2F/%25", "a//b", "//", "/", "a/", "./a", "../a", "a/./b",
        "a/../..", ".", "..", "ä/漢字/🦊", "e\u0301", "~tilde", "a?b#c", "a&b;c", '"<>\\^`{|}', ASCII, "\x7f", "-._~", " "]
QUERIES = [[], [("uploads", "")], [("partNumber", "2"), ("uploadId", "a+b/c==")], [("lifecycle", "")], [("prefix", ""), ("max-keys", "2")],
           [("list-type", "2"), ("prefix", "u/1/"), ("delimiter", "/"), ("encoding-type", "url"), ("continuation-token", "1/+a==")],
           [("prefix", "a b"), ("Prefix", "A"), ("a-b", "1"), ("a", "2"), ("ab", "3"), ("a.b", "4"), ("a~", "5"), ("a%", "6")],
           [("prefix", ASCII)], [(ASCII, "x")], [("x", "ä漢🦊"), ("ä", "%2f"), ("z", "%25"), ("y", "\0")],
           [("response-content-disposition", "attachment; filename=\"a'b.txt\"; filename*=UTF-8''%E4")]]
REPEATED = [[("a", "2"), ("a", "1"), ("a", ""), ("a", "2")], [("a", "-"), ("a-", ""), ("a", "="), ("a", "+"), ("a", " ")],
            [("b", "1"), ("uploads", ""), ("b", "1"), ("uploads", "")]]
HEADERS = [[], [("Range", "bytes=0-9")], [("Content-Type", "text/plain; charset=utf-8"), ("X-Amz-Meta-A", "  a \t  b  c ")],
           [("x-amz-meta-b", "2"), ("X-AMZ-META-A", "1"), ("X-Amz-Meta-B", " 3"), ("x-amz-meta-b", "1, 2")],
           [("Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg=="), ("x-amz-server-side-encryption", "AES256"), ("If-None-Match", "*")],
           [("X-Amz-Meta-Empty", ""), ("X-Amz-Meta-Blank", "  "), ("x-amz-acl", "private")]]
EMPTY = hashlib.sha256(b"").hexdigest()


class Case:
    """One request, its key and its time, as the tool reads it and as botocore wants it."""

    def __init__(self, path="/", pairs=(), headers=(), body=b"", dice=None, **changes):
        self.pairs, self.body, self.dice = list(pairs), body, dice
        self.line = {"method": "GET", "host": "bucket.claakit.example", "path": path, "query": self.write(),
                     "headers": [list(pair) for pair in headers], "payload_sha256": hashlib.sha256(body).hexdigest(),
                     "access_key": "AKIAIOSFODNN7EXAMPLE", "secret_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                     "region": "eu-central-1", "service": "s3", "now": NOW, **changes}

    def write(self):
        if self.dice is None:
            return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in self.pairs)
        mixed = self.dice.sample(self.pairs, len(self.pairs))
        return "&".join(self.write_one(name) + ("=" + self.write_one(value) if value or self.dice.random() < 0.5 else "")
                        for name, value in mixed)

    def write_one(self, text):
        return "".join(self.write_byte(byte) for byte in text.encode())

    def write_byte(self, byte):
        plain = chr(byte)
        if plain == " " and self.dice.random() < 0.5:
            return "+"
        if plain in string.ascii_letters + string.digits + "-._~/:@!$'()*,?" and self.dice.random() < 0.7:
            return plain
        return self.dice.choice(("%{:02X}", "%{:02x}")).format(byte)

    def request(self, query=None):
        """For botocore, which gets the meaning of the parameters; or QUERY as it is."""
        line = self.line
        url = f"https://{line['host']}{line['path']}" + (f"?{query}" if query else "")
        request = AWSRequest(method=line["method"], url=url, params=self.pairs if query is None else None, data=self.body)
        for name, value in line["headers"]:
            request.headers[name] = value
        signs = line["payload_sha256"] != "UNSIGNED-PAYLOAD"
        request.context["client_config"] = types.SimpleNamespace(s3={"payload_signing_enabled": signs})
        return request

    def signer(self, kind, **options):
        line = self.line
        return kind(Credentials(line["access_key"], line["secret_key"], line.get("session_token")), line["service"], line["region"],
                    **options)

    def __str__(self):
        return json.dumps(self.line)


class SignsAsItIs(botocore.auth.S3SigV4QueryAuth):
    """Signs a URL that has all its parameters already."""

    def _modify_request_before_signing(self, request):
        pass


def at(moment):
    """Lets botocore take MOMENT for the time."""
    when = datetime.datetime.fromtimestamp(moment, datetime.timezone.utc).replace(tzinfo=None)

    class Frozen(datetime.datetime):
        @classmethod
        def utcnow(cls):
            return when
    if hasattr(botocore.auth, "get_current_datetime"):
        return mock.patch("botocore.auth.get_current_datetime", lambda remove_tzinfo=True: when)
    return mock.patch("botocore.auth.datetime", types.SimpleNamespace(datetime=Frozen))


def ask(lines):
    """What the tool answers to each of them."""
    tool = harness.binary().with_name("sign-tool")
    done = subprocess.run([tool], input="".join(json.dumps(line) + "\n" for line in lines).encode(), capture_output=True,
                          timeout=harness.TIMEOUT, check=False)
    if done.returncode or done.stderr:
        raise AssertionError(f"sign-tool ended with {done.returncode}: {done.stderr.decode(errors='replace')}")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    if len(answers) != len(lines):
        raise AssertionError(f"{len(answers)} answers to {len(lines)} questions")
    return answers


def header_of(case):
    """What botocore puts into Authorization and X-Amz-Date."""
    kind = botocore.auth.S3SigV4Auth if case.line["service"] == "s3" else botocore.auth.SigV4Auth
    request = case.request()
    with at(case.line["now"]):
        case.signer(kind).add_auth(request)
    return {"authorization": request.headers["Authorization"], "date": request.headers["X-Amz-Date"]}


def random_text(dice, most=12):
    return "".join(dice.choice(HOSTILE + string.ascii_letters) for _ in range(dice.randint(1, most)))


def random_header(dice):
    value = "".join(dice.choice(string.printable[:95] + "   \t") for _ in range(dice.randint(0, 30)))
    return f"x-amz-meta-{dice.choice('abcABC')}", value


def random_case(dice, **changes):
    key = random_text(dice, 30)
    names = dice.sample(range(20), dice.randint(0, 8))
    pairs = [(random_text(dice) + str(name), random_text(dice, 20) if dice.random() < 0.8 else "") for name in names]
    headers = [random_header(dice) for _ in range(dice.randint(0, 4))]
    body = dice.choice([b"", dice.randbytes(20)])
    changes = {"method": dice.choice(["GET", "PUT", "POST", "HEAD", "DELETE"]), "now": dice.randint(0, 4102444800),
               "host": dice.choice(["localhost:9000", "127.0.0.1", "[::1]:8080", "b.s3.claakit.example"]),
               "region": dice.choice(["us-east-1", "garage", "eu-west-3"]), **changes}
    if dice.random() < 0.5:
        changes["session_token"] = "".join(dice.choice(string.ascii_letters + "+/=") for _ in range(dice.randint(1, 1500)))
    if dice.random() < 0.3 and changes.get("service", "s3") == "s3":
        changes["payload_sha256"] = "UNSIGNED-PAYLOAD"
    path = changes.pop("path", "/" + quote(key, safe="/~"))
    return Case(path, pairs, headers, body, dice, **changes)


class Headers(unittest.TestCase):
    """The signature in a header."""

    def same(self, cases):
        for case, answer in zip(cases, ask([case.line for case in cases])):
            self.assertEqual(answer, header_of(case), case)

    def test_keys(self):
        self.same([Case("/bucket/" + quote(key, safe="/~")) for key in KEYS] + [Case("/" + quote(key, safe="/~")) for key in KEYS])

    def test_queries(self):
        dice = random.Random(1)
        for pairs in QUERIES + REPEATED:
            self.same([Case(pairs=pairs)] + [Case(pairs=pairs, dice=dice) for _ in range(20)])

    def test_headers(self):
        self.same([Case("/a", headers=headers, **more) for headers in HEADERS for more in ({}, {"session_token": "a+/b=="})])

    def test_payloads(self):
        self.same([Case("/a", body=b"x" * 1000, method="PUT"), Case("/a", method="PUT", payload_sha256="UNSIGNED-PAYLOAD"),
                   Case("/a", body=b"{}", method="POST", service="sts")])

    def test_random(self):
        dice = random.Random(2)
        self.same([random_case(dice) for _ in range(600)])

    def test_another_service(self):
        dice = random.Random(3)
        paths = ["/", "/a/b/", "/a%20b", "/%C3%A4", "/a%2Fb", "/.a/b..", "/a+b:c@d"]
        self.same([Case(path, service="sts") for path in paths])
        self.same([random_case(dice, path=dice.choice(paths), service="sts") for _ in range(200)])

    def test_times(self):
        self.same([Case(now=moment) for moment in (0, 1, 951782399, 951782400, 1709164800, 4102444799)])

    def test_a_fault_would_show(self):
        for name, value in (("secret_key", "other"), ("path", "/b"), ("query", "b=1"), ("method", "PUT"), ("host", "b.example"),
                            ("payload_sha256", EMPTY[::-1]), ("now", NOW + 1), ("region", "x"), ("session_token", "x")):
            case = Case("/a", pairs=[("a", "1")])
            due = header_of(case)
            case.line[name] = value
            self.assertNotEqual(ask([case.line])[0], due, name)


class Urls(unittest.TestCase):
    """The signature in the query."""

    def same(self, cases, repeated=False):
        for case, answer in zip(cases, ask([case.line for case in cases])):
            query, _, signature = answer["query"].rpartition("&X-Amz-Signature=")
            self.check_signature(case, query, signature)
            if not repeated:
                self.check_url(case, answer["query"])

    def check_signature(self, case, query, signature):
        """botocore signs the query that was made, as it is, alike."""
        case.body = b""
        request = case.request(query)
        with at(case.line["now"]):
            case.signer(SignsAsItIs).add_auth(request)
        self.assertEqual(request.url.rpartition("&X-Amz-Signature=")[2], signature, case)

    def check_url(self, case, query):
        """The URL that botocore makes means the same."""
        case.pairs = dict(case.pairs)
        request = case.request()
        with at(case.line["now"]):
            case.signer(botocore.auth.S3SigV4QueryAuth, expires=case.line["seconds"]).add_auth(request)
        due = request.url.partition("?")[2]
        self.assertEqual(sorted(parse_qsl(query, True, True)), sorted(parse_qsl(due, True, True)), case)
        self.assertEqual(sorted(query.split("&")), sorted(due.split("&")), case)

    def test_keys(self):
        self.same([Case("/" + quote(key, safe="/~"), seconds=60) for key in KEYS])

    def test_queries(self):
        dice = random.Random(4)
        for pairs in QUERIES:
            self.same([Case(pairs=pairs, seconds=1)] + [Case(pairs=pairs, dice=dice, seconds=1) for _ in range(20)])
        for pairs in REPEATED:
            self.same([Case(pairs=pairs, dice=dice, seconds=1) for _ in range(20)], repeated=True)

    def test_headers(self):
        self.same([Case("/a", headers=headers, seconds=604800, **more) for headers in HEADERS
                   for more in ({}, {"session_token": "a+/b=="})])

    def test_random(self):
        dice = random.Random(5)
        self.same([random_case(dice, seconds=dice.randint(1, 604800)) for _ in range(600)])

    def test_life_is_bounded(self):
        for seconds in (-1, 604801):
            self.assertEqual(ask([Case(seconds=seconds).line]), [{"error": "config"}])


class Encoding(unittest.TestCase):
    """Percent-encoding by itself."""

    def test_same(self):
        dice = random.Random(6)
        texts = KEYS + [ASCII[::-1], HOSTILE] + [random_text(dice, 40) for _ in range(200)]
        for slash in (False, True):
            answers = ask([{"encode": text, "keep_slash": slash} for text in texts])
            due = [{"encoded": botocore.utils.percent_encode(text, safe="/-._~" if slash else "-._~")} for text in texts]
            self.assertEqual(answers, due)


if __name__ == "__main__":
    harness.main()
