#!/usr/bin/python3
"""Proves where access keys for S3 come from, for every place that a description can name, and how long they are used.

Each test lets aws-tool open a section's credentials and take steps: what it prints is the key, or the error that a run
would end with. The right place gives the right key, in the right order of requests; a wrong one gives a sentence that
says what is wrong, and never a secret. Whatever a service does, it passes for nothing that a store says of an object.
Addresses that a token must not go to are not contacted. The fixed addresses are tried in a network of their own.
"""

import contextlib
import json
import os
import sys
import time
import unittest

sys.dont_write_bytecode = True
import awsfakes  # noqa: E402
import harness  # noqa: E402

SECRET, SESSION, TOKEN = "CANARY/secret+key=1", "CANARY-session-token-1==", "CANARY.bearer-token"
LOCAL = {"allow_addresses": ["loopback"], "limits": {"tries": 2}}
ROLE = awsfakes.ROLE_ARN
SERVICES = {"container": awsfakes.ContainerCredentials, "web_identity": awsfakes.WebIdentity, "instance": awsfakes.InstanceMetadata}


def given(number=1, seconds=3600):
    return awsfakes.credentials(f"AKID{number}", f"CANARY/secret+key={number}", f"CANARY-session-token-{number}==", seconds)


def tool(credentials, *steps, section=None, env=None, region="eu-west-1", directory="", wrap=()):
    """(the lines that it prints, the run)."""
    section = {**LOCAL, **(section or {})}
    if credentials is not None:
        section["credentials"] = credentials
    text = json.dumps({"section": section, "region": region, "directory": str(directory), "steps": steps or ["ready"]})
    clean = {name: None for name in os.environ if name.startswith("AWS_")}
    run = harness.command(*wrap, harness.binary().parent / "aws-tool", stdin=text.encode(),
                          env=harness.environment(**{**clean, **(env or {})}))
    if harness.FINDING.search(run.err) or run.code not in (0, 1):
        raise AssertionError(f"it crashed, or a sanitizer found something:\n{run}")
    return [json.loads(line) for line in run.out.splitlines()], run


@contextlib.contextmanager
def service(kind, **options):
    """A fake that gives canaries, and what the description says to get there."""
    with SERVICES[kind](**options) as fake:
        fake.give(given())
        yield fake, {"type": kind, **described(kind, fake)}


def described(kind, fake):
    if kind == "container":
        return {"url": fake.endpoint + fake.path}
    if kind == "web_identity":
        return {"url": fake.endpoint, "role_arn": ROLE, "token": {"env": "THE_TOKEN"}}
    return {"url": fake.endpoint}


ENV = {"THE_TOKEN": "eyJhbGciOiJub25lIn0.e30.", "AWS_EC2_METADATA_DISABLED": "true"}


class Case(unittest.TestCase):
    maxDiff = None

    def key(self, credentials, number=1, **options):
        """It gives this key. Returns the run."""
        lines, run = tool(credentials, **options)
        self.assertEqual(run.code, 0, run)
        self.assertEqual((lines[0].get("access_key"), lines[0].get("secret_key"), lines[0].get("session_token")),
                         (f"AKID{number}", f"CANARY/secret+key={number}", f"CANARY-session-token-{number}=="), run)
        return run

    def refused(self, code, sentence, credentials, **options):
        """It ends with this error and says this; no secret stands in it."""
        lines, run = tool(credentials, **options)
        last = lines[-1]
        self.assertEqual(last.get("error"), code, run)
        self.assertRegex(last["text"], sentence, run)
        for secret in ("CANARY", ENV["THE_TOKEN"], "c2VjcmV0", "c2Vzc2lvbi"):
            self.assertNotIn(secret, run.out + run.err, run)
        return run

    def asked(self, fake):
        return [(entry["method"], entry["path"]) for entry in fake.log()]


class Standing(Case):
    """Keys that stand somewhere: in the environment, behind the description's references, in a file."""

    def test_environment(self):
        env = {"AWS_ACCESS_KEY_ID": "AKID1", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": SESSION}
        for word in (None, "environment"):
            self.key(word, env=env)
        self.refused("config", "^the access key: the environment variable AWS_SECRET_ACCESS_KEY is not set: set it, or let credentials say",
                     None, env={**env, "AWS_SECRET_ACCESS_KEY": None})

    def test_no_other_place_is_tried(self):
        """The environment lacks a key: then the file and the services that could have one are left alone."""
        place = harness.scratch("file")
        (place / "credentials").write_text(f"[default]\naws_access_key_id = AKID1\naws_secret_access_key = {SECRET}\n")
        with service("container") as (fake, _):
            self.refused("config", "AWS_ACCESS_KEY_ID is not set", None,
                         env={**fake.env(), "AWS_SHARED_CREDENTIALS_FILE": place / "credentials"})
            self.assertEqual(self.asked(fake), [])

    def test_none(self):
        lines, run = tool("none", env={"AWS_ACCESS_KEY_ID": "AKID1", "AWS_SECRET_ACCESS_KEY": SECRET})
        self.assertEqual((lines, run.code), ([{}], 0), run)

    def test_static(self):
        place = harness.scratch("static")
        (place / "secret").write_text(SECRET + "\n")
        env = {"THE_ID": "AKID1", "THE_SESSION": SESSION}
        spec = {"type": "static", "access_key_id": {"env": "THE_ID"}, "secret_access_key": {"file": "secret"},
                "session_token": {"env": "THE_SESSION"}}
        self.key(spec, directory=place, env=env)
        lines, run = tool(spec, {"known": SECRET}, {"known": SESSION}, {"known": "AKID1"}, "renew", directory=place, env=env)
        self.assertEqual([line.get("known") for line in lines[:3]],
                         ["apis/store/credentials/secret_access_key", "apis/store/credentials/session_token", None], run)
        self.assertEqual(lines[3]["renewed"], False)
        self.assertRegex(lines[3]["text"], "^the key from the description has expired: give another one there, or let")
        self.refused("config", "credentials.session_token: the environment variable THE_SESSION is not set", spec, directory=place,
                     env={**env, "THE_SESSION": None})
        self.refused("config", "the session token holds a line break", spec, directory=place, env={**env, "THE_SESSION": SESSION + "\n"})

    def test_shared_file(self):
        """A relative path begins at the description; another profile is another key; a file that is rotated is read again."""
        place = harness.scratch("file")
        profile = "[one]\naws_access_key_id = AKID{0}\naws_secret_access_key = CANARY/secret+key={0}\naws_session_token = CANARY-session-token-{0}==\n"
        (place / "keys").write_text(profile.format(1) + profile.format(2).replace("one", "two"))
        spec = {"type": "shared_file", "path": "keys", "profile": {"env": "THE_PROFILE"}}
        for name, number in (("one", 1), ("two", 2)):
            self.key(spec, number, directory=place, env={"THE_PROFILE": name})
        lines, run = tool({**spec, "profile": "one"}, "ready", {"write": [str(place / "keys"), profile.format(3)]}, "ready", "renew",
                          "ready", {"known": SECRET}, {"known": "CANARY/secret+key=3"}, directory=place)
        self.assertEqual([line.get("access_key") for line in lines], ["AKID1", "AKID1", None, "AKID3", None, None], run)
        self.assertEqual(lines[2], {"renewed": True}, run)
        self.assertTrue(lines[4].get("known") and lines[5].get("known"), run)
        self.refused("config", r"^the access key: \S+/keys has no profile \[none\]$", {**spec, "profile": "none"}, directory=place)
        self.refused("config", r"^the access key: cannot read \S+/nowhere: ", {**spec, "path": "nowhere", "profile": "one"}, directory=place)
        (place / "keys").write_text("[one]\ncredential_process = /bin/echo CANARY\n")
        self.refused("config", r"the profile \[one\] of \S+/keys says with credential_process how to come by a key, which is not supported",
                     {**spec, "profile": "one"}, directory=place)


class Container(Case):
    def test_description(self):
        """The description's address, with its token and with none: what the environment has is for another place."""
        with service("container", token=TOKEN) as (fake, spec):
            env = {"MINE": TOKEN, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "CANARY-other", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/x"}
            self.key({**spec, "token": {"env": "MINE"}}, env=env)
            self.refused("denied", "HTTP 401: the token is missing or not accepted$", spec, env=env)
            self.assertEqual([entry["headers"].get("authorization") for entry in fake.log()], [TOKEN, None])

    def test_description_needs_its_address_allowed(self):
        with service("container") as (fake, spec):
            self.refused("address", "allow_addresses does not name it", spec, section={"allow_addresses": ["private"]})
            self.assertEqual(self.asked(fake), [])

    def test_environment(self):
        """No range need be allowed for where such a service is, and no proxy leads there."""
        away = {"allow_addresses": ["private"], "proxy": "http://127.0.0.1:9"}
        with service("container", token=TOKEN) as (fake, _):
            self.key("container", env=fake.env(), section=away)
            self.key({"type": "container"}, env={"AWS_CONTAINER_CREDENTIALS_FULL_URI": fake.endpoint.replace("127.0.0.1", "localhost") + fake.path,
                                                 "AWS_CONTAINER_AUTHORIZATION_TOKEN": TOKEN}, section=away)
            self.assertEqual(self.asked(fake), [("GET", fake.path)] * 2)

    def test_token_file(self):
        """It goes before the token beside it, and is read again at each fetch."""
        path = harness.scratch("token") / "token"
        path.write_text(TOKEN)
        with service("container") as (fake, _):
            env = {**fake.env(path), "AWS_CONTAINER_AUTHORIZATION_TOKEN": "CANARY-other"}
            lines, run = tool("container", "ready", {"write": [str(path), "CANARY-second\n"]}, {"pass": 31}, "renew", {"known": TOKEN},
                              {"known": "CANARY-second"}, {"known": SECRET}, {"known": "AKID1"}, env=env)
            self.assertEqual([entry["headers"].get("authorization") for entry in fake.log()], [TOKEN, "CANARY-second"], run)
            self.assertEqual([line.get("known") for line in lines[-4:]],
                             ["apis/store/credentials/token"] * 2 + ["apis/store/credentials/secret_access_key", None], run)
            self.assertIn("there is no other one yet", lines[1]["text"])
            for text, sentence in (("", "holds no token"), ("CANARY\nX: y", "holds a line break"), (None, "cannot read")):
                path.unlink() if text is None else path.write_text(text)
                self.refused("config", sentence, "container", env=env)
            self.assertEqual(len(fake.log()), 2)

    def test_foreign_addresses(self):
        """In the open a token goes to this machine and to the known services alone: no other place is contacted."""
        begin = time.monotonic()
        for host in ("store.example", "10.0.0.1", "169.254.169.254", "169.254.170.3", "[fd00:ec2::24]", "127.0.0.1.store.example",
                     "localhost.store.example", "0.0.0.0", "[::]"):
            with self.subTest(host):
                self.refused("address", "AWS_CONTAINER_CREDENTIALS_FULL_URI: .* is neither this machine nor a known service of containers",
                             "container", env={"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://{host}/key"},
                             section={"allow_addresses": ["private", "link_local", "loopback"]})
        for text in ("https://store.example/key", "http://169.254.170.23/v1/credentials", "http://[fd00:ec2::23]/v1/credentials", "http://[::1]:1/"):
            _, run = tool("container", {"pass": 1}, env={"AWS_CONTAINER_CREDENTIALS_FULL_URI": text})
            self.assertEqual(run.code, 0, run)
        for text in ("http://169.254.170.2@store.example/", "ftp://127.0.0.1/", "CANARY"):
            self.refused("config", "^the access key: AWS_CONTAINER_CREDENTIALS_FULL_URI: ", "container",
                         env={"AWS_CONTAINER_CREDENTIALS_FULL_URI": text})
        self.refused("config", "RELATIVE_URI does not begin with a slash", "container",
                     env={"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "@store.example/"})
        self.refused("config", "neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor AWS_CONTAINER_CREDENTIALS_FULL_URI is set", "container")
        self.assertLess(time.monotonic() - begin, 10 if not harness.SANITIZED else 60)

    def test_its_path_is_not_told(self):
        with service("container") as (fake, _):
            fake.fail("404")
            run = self.refused("format", "the container's service: GET http://127.0.0.1:[0-9]+: HTTP 404", "container", env=fake.env())
            self.assertNotIn("/v2/", run.out)


class WebIdentity(Case):
    def test_description(self):
        with service("web_identity") as (fake, spec):
            self.key({**spec, "session_name": "a.session"}, env=ENV)
            entry, = fake.log()
            self.assertEqual((entry["method"], entry["path"], entry["query"]), ("POST", "/", {}))
            self.assertEqual(entry["form"], {"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleArn": ROLE,
                                             "RoleSessionName": "a.session", "WebIdentityToken": ENV["THE_TOKEN"]})
            self.assertEqual(entry["headers"]["content-type"], "application/x-www-form-urlencoded")
            self.assertNotIn("authorization", entry["headers"])

    def test_environment(self):
        """The token's file is read again at each fetch; a session without a name has ours."""
        path = harness.scratch("token") / "token"
        path.write_text("first & +/=%\n")
        with service("web_identity") as (fake, _):
            env = {"AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": path}
            fake.token = "first & +/=%"
            lines, run = tool({"type": "web_identity", "url": fake.endpoint}, "ready", {"write": [str(path), "second-token"]},
                              {"pass": 31}, "renew", {"known": "first & +/=%"}, {"known": "second-token"}, env=env)
            self.assertEqual(lines[0].get("access_key"), "AKID1", run)
            self.assertEqual([(entry["form"]["WebIdentityToken"], entry["form"]["RoleSessionName"]) for entry in fake.log()],
                             [("first & +/=%", "holdall"), ("second-token", "holdall")])
            self.assertIn("HTTP 400: InvalidIdentityToken", lines[1]["text"])
            self.assertEqual([line.get("known") for line in lines[-2:]], ["apis/store/credentials/token"] * 2, run)
            self.refused("config", "neither credentials.role_arn nor AWS_ROLE_ARN says which role", {"type": "web_identity", "url": fake.endpoint})
            self.refused("config", "nor AWS_WEB_IDENTITY_TOKEN_FILE says where the identity's token is",
                         {"type": "web_identity", "url": fake.endpoint}, env={"AWS_ROLE_ARN": ROLE})
            self.assertEqual(len(fake.log()), 2)

    def test_address(self):
        """Without one it is the region's, as a proxy is told; what is no region makes none."""
        spec = {"type": "web_identity", "role_arn": ROLE, "token": {"env": "THE_TOKEN"}}
        for region, host in (("eu-west-1", "sts.eu-west-1.amazonaws.com:443"), ("cn-north-1", "sts.cn-north-1.amazonaws.com.cn:443")):
            with awsfakes.InstanceMetadata() as proxy:
                asked = []
                proxy.server.RequestHandlerClass = type("Proxy", (awsfakes.Handler,), {
                    "do_CONNECT": lambda handler: (asked.append(handler.path), handler.send_error(403))})
                self.refused("unavailable", "the token service: POST https://sts", spec, region=region, env=ENV,
                             section={"proxy": proxy.endpoint, "limits": {"tries": 1}})
                self.assertEqual(asked, [host])
        for region in ("", "eu.evil", "EU", "a/b", "x" * 64):
            self.refused("config", "the region is no name of a region of AWS: credentials.url can say", spec, region=region, env=ENV)

    def test_refusals(self):
        """The service's word is told; one that says that it passes is tried again."""
        with service("web_identity") as (fake, spec):
            self.refused("denied", "the token service: POST .*: HTTP 400: InvalidIdentityToken$", spec, env={"THE_TOKEN": "CANARY-wrong"})
            self.refused("denied", "HTTP 403: AccessDenied$", {**spec, "role_arn": "another"}, env=ENV)
            self.assertEqual(len(fake.log()), 2)
            answers = [fake.refused("IDPCommunicationError", "CANARY"), fake.refused("ThrottlingException", "CANARY")]
            usual = fake.answer
            fake.answer = lambda entry: answers.pop() if answers else usual(entry)
            self.key(spec, env=ENV, section={"limits": {"tries": 3}})
            fake.answer = lambda entry: fake.refused("CANARY <&> no word", "x")
            self.refused("denied", "HTTP 400$", spec, env=ENV)
            fake.answer = lambda entry: fake.refused("IDPCommunicationError", "CANARY")
            self.refused("unavailable", "HTTP 400: IDPCommunicationError after 2 attempts$", spec, env=ENV)


class Instance(Case):
    def test_requests(self):
        """A token by PUT, the role's name, its key: in this order, and with the token."""
        with service("instance") as (fake, spec):
            self.key(spec)
            self.assertEqual(self.asked(fake), [("PUT", "/latest/api/token"), ("GET", fake.base), ("GET", fake.base + fake.role)])
            put, *rest = fake.log()
            self.assertEqual((put["headers"]["x-aws-ec2-metadata-token-ttl-seconds"], put["headers"].get("content-length")), ("21600", "0"))
            self.assertEqual({entry["headers"]["x-aws-ec2-metadata-token"] for entry in rest}, set(fake.tokens))

    def test_role(self):
        """A role that the description names is not asked for."""
        with service("instance", role="an=odd+role,@.name") as (fake, spec):
            self.key({**spec, "role": fake.role})
            self.assertEqual(len(fake.log()), 2)
            self.refused("format", "HTTP 404", {**spec, "role": "another"})
            self.refused("config", "credentials.role is no name of a role", {**spec, "role": "a/b"})

    def test_token_is_hidden(self):
        with service("instance") as (fake, spec):
            fake.give_token = lambda entry: (200, "text/plain", fake.tokens.setdefault("CANARY-token", time.monotonic() + 60) and "CANARY-token")
            lines, run = tool(spec, "ready", {"known": "CANARY-token"}, {"known": SESSION})
            self.assertEqual([line.get("known") for line in lines[1:]],
                             ["apis/store/credentials/token", "apis/store/credentials/session_token"], run)

    def test_first_version_is_never_asked(self):
        """Without a token there is no GET, whatever the PUT was answered with."""
        for status, code in (("403", "denied"), ("404", "format"), ("405", "unavailable"), ("400", "denied"), ("401", "denied"), ("503", "unavailable")):
            with self.subTest(status), service("instance") as (fake, spec):
                fake.fail(status, path="token")
                self.refused(code, f"the instance's service: PUT .*: HTTP {status}", spec)
                self.assertEqual({entry["method"] for entry in fake.log()}, {"PUT"})
        for text in ("", "CANARY two words", "CANARY\nline", "x" * 5000, "CANARY\0"):
            with self.subTest(text[:20]), service("instance") as (fake, spec):
                fake.give_token = lambda entry, text=text: (200, "text/plain", text)
                self.refused("format", "the instance's service: ", spec)
                self.assertEqual({entry["method"] for entry in fake.log()}, {"PUT"})

    def test_token_refused(self):
        with service("instance") as (fake, spec):
            fake.give_token = lambda entry: (200, "text/plain", "CANARY-not-one-of-mine")
            self.refused("denied", "HTTP 401", spec)

    def test_no_role(self):
        with service("instance", role="") as (_, spec):
            self.refused("denied", "the machine has no role", spec)
        for name in ("<html>", "a b", "../../user-data", "x" * 65):
            with self.subTest(name), service("instance", role=name) as (fake, spec):
                self.refused("format", "what it gives is no name of a role", spec)
                self.assertEqual(len(fake.log()), 2)

    def test_address(self):
        """A reference may lead to anything: what is no address, or has a query, is none."""
        for text in ("", "http://127.0.0.1/?a=CANARY", "127.0.0.1", "http://a:CANARY@127.0.0.1/"):
            with self.subTest(text):
                self.refused("config", "^the access key: credentials.url: ", {"type": "instance", "url": {"env": "THE_URL"}}, env={"THE_URL": text})

    def test_code(self):
        for code, sentence in (("AssumeRoleUnauthorizedAccess", "gives none: AssumeRoleUnauthorizedAccess$"), ("CANARY no word", "its Code is no word$")):
            with service("instance") as (fake, spec):
                fake.document = lambda code=code: json.dumps({"Code": code, "Message": "CANARY"})
                self.refused("denied", sentence, spec)

    def test_nobody_there(self):
        """It is given up soon."""
        with service("instance") as (fake, spec):
            pass
        begin = time.monotonic()
        self.refused("unavailable", "the instance's service: PUT .* after 3 attempts", spec, section={"limits": {}})
        self.assertLess(time.monotonic() - begin, 8)


class Troubled(Case):
    """What all services may do, each of them."""

    def each(self):
        for kind in SERVICES:
            with self.subTest(kind), service(kind) as (fake, spec):
                yield kind, fake, spec

    def test_passing(self):
        for _, fake, spec in self.each():
            fake.fail("500", times=1)
            self.key(spec, env=ENV)
            fake.fail("cut", times=1)
            self.key(spec, env=ENV)

    def test_statuses(self):
        statuses = (("400", "denied"), ("401", "denied"), ("403", "denied"), ("404", "format"), ("410", "format"), ("418", "unavailable"), ("500", "unavailable"))
        for status, code in statuses:
            for kind in SERVICES:
                with self.subTest(f"{kind} {status}"), service(kind) as (fake, spec):
                    fake.fail(status)
                    self.refused(code, f"^the access key: the .*service: .*HTTP {status}", spec, env=ENV)

    def test_answers(self):
        for how in ("garbage", "empty", "huge"):
            for kind in SERVICES:
                with self.subTest(f"{kind} {how}"), service(kind) as (fake, spec):
                    fake.fail(how, path="" if kind != "instance" else fake.role)
                    self.refused("format", "^the access key: the .*service: ", spec, env=ENV)

    def test_members(self):
        """A key that lacks something, ends at no time, or would break a header."""
        wrong = ({"access_key": ""}, {"secret_key": ""}, {"secret_key": None}, {"access_key": "AKID\nX: y"}, {"token": "CANARY\r\nX: y"})
        for change in wrong:
            for kind in SERVICES:
                with self.subTest(f"{kind} {change}"), service(kind) as (fake, spec):
                    fake.give({**given(), **change})
                    self.refused("format", "^the access key: ", spec, env=ENV)
        for _, fake, spec in self.each():
            fake.expiration = lambda: "CANARY tomorrow"
            self.refused("format", "the answer's Expiration is no time$", spec, env=ENV)

    def test_redirects(self):
        """None is followed: not to another place, which would get the token, and not within its own."""
        for kind in SERVICES:
            for status in (301, 302, 307, 308):
                with self.subTest(f"{kind} {status}"), service(kind) as (fake, spec), service("container") as (other, _):
                    for target in (other.endpoint + other.path, "/elsewhere"):
                        def send(handler, *_, status=status, target=target):
                            handler.send_response(status)
                            handler.send_header("Location", target)
                            handler.send_header("Content-Length", "0")
                            handler.end_headers()
                        fake.send = send
                        before = len(fake.log())
                        self.refused("unavailable", f"HTTP {status}: a redirect, which is not followed$", {**spec, **({"token": {"env": "THE_TOKEN"}} if kind == "container" else {})}, env=ENV)
                        self.assertEqual((len(fake.log()) - before, other.log()), (1, []))

    def test_whatever_the_clocks_say(self):
        """A key that ends in the past is used: the clock here may be wrong, and the store knows. It is not asked for again at once."""
        for _, fake, spec in self.each():
            fake.give(given(seconds=-86400))
            lines, run = tool(spec, "ready", "ready", "renew", env=ENV)
            self.assertEqual([line.get("number") for line in lines], [1, 1, None], run)
            self.assertRegex(lines[2]["text"], "gave only just now is refused as expired: the clocks may differ$")
            self.assertEqual(len(fake.log()), 3 if "instance" in spec["type"] else 1)


class Life(Case):
    """How long a fetched key is used. Seconds of the tool's clock pass at once."""

    def numbers(self, lines):
        return [line.get("number", line.get("error")) for line in lines if "pass" not in line]

    def test_one_fetch(self):
        with service("container") as (fake, spec):
            lines, run = tool(spec, *["ready", {"pass": 1000}] * 3)
            self.assertEqual(self.numbers(lines), [1, 1, 1], run)
            self.assertEqual(len(fake.log()), 1)

    def test_nothing_is_asked_before_it_is_needed(self):
        for kind in SERVICES:
            with service(kind) as (fake, spec):
                _, run = tool(spec, {"pass": 1}, env=ENV)
                self.assertEqual((run.code, fake.log()), (0, []), run)

    def test_another_before_the_end(self):
        """The same key once more has the same number; another one has the next."""
        with service("container") as (fake, spec):
            keys = [given(1), given(1), given(2, None)]
            usual = fake.answer
            fake.answer = lambda entry: (fake.give(keys.pop(0)), usual(entry))[1]
            lines, run = tool(spec, "ready", {"pass": 3200}, "ready", {"pass": 150}, "ready", "ready", {"pass": 31}, "ready", {"pass": 10**6}, "ready")
            self.assertEqual(self.numbers(lines), [1, 1, 1, 1, 2, 2], run)
            self.assertNotIn("expires", lines[-1])
            self.assertEqual(len(fake.log()), 3)

    def test_failing_early(self):
        """The old key is used to its end, and then there is none; a while passes between two tries."""
        with service("container") as (fake, spec):
            usual, count = fake.answer, []
            fake.answer = lambda entry: (count.append(1), usual(entry) if len(count) == 1 else (404, "text/plain", ""))[1]
            lines, run = tool(spec, "ready", {"pass": 3400}, "ready", "ready", {"pass": 31}, "ready", {"pass": 200}, "ready", "ready", "renew")
            self.assertEqual(self.numbers(lines), [1, 1, 1, 1, "format", "format", "format"], run)
            self.assertEqual(len(fake.log()), 4)
            self.assertEqual({line["text"] for line in lines[4:]}, {lines[-1]["text"]})

    def test_renew(self):
        for kind in SERVICES:
            with self.subTest(kind), service(kind) as (fake, spec):
                keys = [given(1), given(2)]
                fake.expiration = lambda: awsfakes.stamp(3600)
                place = "document" if kind == "instance" else "answer"
                usual = getattr(fake, place)
                setattr(fake, place, lambda *entry: (fake.give(keys.pop(0)), usual(*entry))[1])
                lines, run = tool(spec, "ready", {"pass": 31}, "renew", "ready", env=ENV)
                self.assertEqual((lines[1], lines[2].get("access_key"), lines[2].get("number")), ({"renewed": True}, "AKID2", 2), run)

    def test_first_failure_is_told_again(self):
        """So that each of many requests does not wait for the same refusal."""
        with service("container") as (fake, spec):
            fake.fail("404")
            lines, run = tool(spec, "ready", "ready", {"pass": 31}, "ready")
            self.assertEqual(self.numbers(lines), ["format"] * 3, run)
            self.assertEqual(len(fake.log()), 2)


FIXED = """
import fcntl, os, socket, struct, sys, threading
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import awsfakes
def interface(name, rest):
    return struct.pack("16s", name.encode()) + rest.ljust(24, bytes(1))
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
    fcntl.ioctl(control, 0x8914, interface("lo", struct.pack("H", 0x41)))
    for number, address in enumerate(("169.254.170.2", "169.254.169.254"), 1):
        fcntl.ioctl(control, 0x8916, interface(f"lo:{number}", struct.pack("HH4s", socket.AF_INET, 0, socket.inet_aton(address))))
open_server = awsfakes.http.server.ThreadingHTTPServer
awsfakes.http.server.ThreadingHTTPServer = lambda place, handler: open_server((address, 80), handler)
fakes = []
for address, fake in (("169.254.170.2", awsfakes.ContainerCredentials()), ("169.254.169.254", awsfakes.InstanceMetadata())):
    fake.__enter__().give(awsfakes.credentials("AKID1", "CANARY/secret+key=1", "CANARY-session-token-1=="))
    fakes.append(fake)
code = os.spawnv(os.P_WAIT, sys.argv[2], sys.argv[2:])
print([len(fake.log()) for fake in fakes], file=sys.stderr)
sys.exit(code)
"""


class Fixed(Case):
    """The addresses that AWS has given these services, in a network of the test's own."""

    def test_addresses(self):
        harness.need("unshare")
        wrap = ("unshare", "-rn", sys.executable, "-c", FIXED, harness.root() / "tests" / "e2e")
        if harness.command(*wrap, "/bin/true").code != 0:
            self.skipTest("this machine gives nobody a network of their own")
        away = {"allow_addresses": ["private"], "proxy": "http://127.0.0.1:9"}
        run = self.key("container", wrap=wrap, section=away,
                       env={"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": awsfakes.ContainerCredentials.path,
                            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9/"})
        self.assertIn("[1, 0]", run.err)
        run = self.key("container", wrap=wrap, section=away,
                       env={"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.2" + awsfakes.ContainerCredentials.path})
        self.assertIn("[1, 0]", run.err)
        run = self.key("instance", wrap=wrap, section=away)
        self.assertIn("[0, 3]", run.err)


if __name__ == "__main__":
    harness.main()
