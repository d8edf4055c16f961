#!/usr/bin/python3
"""Proves how requests say who sends them: every kind of credential, tokens that end, and secrets that stay secret.

The right credential gives the same archive; a wrong one ends the run with exit code 1 and says so; one that is not
there ends it with 2 before anything is contacted. No secret stands in anything that a run leaves.
"""

import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
import fake  # noqa: E402
import harness  # noqa: E402
from fake import header  # noqa: E402
from httpcase import SLOW, Case, category, limits, only_ids, rules, side_by_side, trial  # noqa: E402

SECRET = "CANARY-s3cret/+=&%?\u00e9"
PLAIN = "CANARY-plain"
ENV = {"THE_SECRET": PLAIN}
FROM_ENV = {"env": "THE_SECRET"}
GUARDED = "^/(api|desk|media)/"
OAUTH = {"client_id": "the client", "client_secret": PLAIN}


def asks(auth, more=None):
    """An edit: every API proves itself so; `token_url` is put in where it is None."""
    def edit(doc, server):
        for api in doc["apis"].values():
            api["auth"] = {name: server.main + "/oauth/token" if value is None else value for name, value in auth.items()}
        if more is not None:
            more(doc, server)
    return edit


def oauth(**given):
    return {"type": "oauth2_client_credentials", "token_url": None, "client_id": OAUTH["client_id"], "client_secret": FROM_ENV,
            **given}


def run(auth, rule, env=None, only=("prompts",), more=None, faults=(), **changes):
    guard = {"path": GUARDED, **rule}
    return trial(rules(*faults, auth=[guard], **changes), "-v", edit=asks(auth, more), only=only,
                 env=harness.environment(**(env or ENV)))


class Auth(Case):
    def no_secret(self, done, *secrets):
        """None of these stands in what the run printed or left."""
        left = done.told.encode() + b"".join(path.read_bytes() for path in done.place.rglob("*") if path.is_file())
        for secret in (PLAIN, "CANARY", *secrets):
            self.assertNotIn(secret.encode(), left, done)


class Fixed(Auth):
    """none, bearer, basic, header."""

    kinds = {
        "bearer": ({"type": "bearer", "token": FROM_ENV}, {"type": "bearer", "token": PLAIN}),
        "basic": ({"type": "basic", "username": "somebody", "password": FROM_ENV},
                  {"type": "basic", "username": "somebody", "password": PLAIN}),
        "basic, name from the environment": ({"type": "basic", "username": {"env": "NAME"}, "password": FROM_ENV},
                                             {"type": "basic", "username": "n\u00e4me", "password": PLAIN}),
        "header": ({"type": "header", "name": "X-Api-Key", "value": FROM_ENV},
                   {"type": "header", "name": "x-api-key", "value": PLAIN}),
    }
    env = {**ENV, "NAME": "n\u00e4me"}

    def test_right(self):
        jobs = {name: lambda words=words: run(*words, env=self.env, only=("prompts", "support", "uploads"))
                for name, words in self.kinds.items()}
        for name, done in side_by_side(jobs).items():
            with self.subTest(name):
                self.same(done, ("prompts", "support", "uploads"))
                self.assertEqual({entry["status"] for entry in done.log}, {200})
                self.no_secret(done)

    def test_wrong(self):
        """Exit code 1, one request, and a sentence that says what it is about."""
        jobs = {name: lambda words=words: run(*words, env={**self.env, "THE_SECRET": "CANARY-wrong"})
                for name, words in self.kinds.items()}
        jobs["none"] = lambda: run({"type": "none"}, {"type": "bearer", "token": PLAIN})
        jobs["403"] = lambda: run({"type": "bearer", "token": FROM_ENV}, {"type": "bearer", "token": "x", "status": 403})
        for name, done in side_by_side(jobs).items():
            with self.subTest(name):
                self.failed(done, 1, r"^holdall: the person: GET \S+: HTTP 40[13](: the credentials are missing or not accepted [(]see auth[)])?$")
                self.assertEqual(done.report["error"]["code"], "forbidden" if name == "403" else "denied")
                self.assertEqual(len(done.log), 1)
                self.no_secret(done)

    def test_refused_later(self):
        """The credential is withdrawn in the middle of a list, or of the files."""
        guard = {"type": "bearer", "token": PLAIN}
        auth = {"type": "bearer", "token": FROM_ENV}
        jobs = {"list": lambda: run(auth, guard, faults=[{"path": "/prompts", "status": 401, "when": {"from": 3}}]),
                "files": lambda: run(auth, guard, only=("uploads",),
                                     faults=[{"path": "/media/", "status": 401, "when": {"from": 5}}])}
        done = side_by_side(jobs)
        self.failed(done["list"], 1, r"^holdall: prompts: page 3: GET \S+: HTTP 401: the credentials")
        self.failed(done["files"], 1, r"^holdall: uploads: a file of record \S+: GET \S+: HTTP 401: the credentials")

    def test_where_secrets_come_from(self):
        """A file with and without a newline at its end; the environment; texts with every character that a header takes."""
        place = harness.scratch("secrets")
        files = {"line": PLAIN + "\n", "bare": PLAIN}
        for name, text in files.items():
            (place / name).write_text(text)
        jobs = {name: lambda name=name: run({"type": "bearer", "token": {"file": str(place / name)}},
                                            {"type": "bearer", "token": PLAIN})
                for name in files}
        for name, done in side_by_side(jobs).items():
            with self.subTest(name):
                self.same(done)
        odd = "CANARY !\"#$%&'()*+,-./:;<=>?@[]^_`{|}~"
        self.same(run({"type": "bearer", "token": FROM_ENV}, {"type": "bearer", "token": odd}, env={"THE_SECRET": odd}))

    def test_not_there(self):
        """Exit code 2, and nothing was contacted."""
        place = harness.scratch("secrets")
        (place / "empty").write_bytes(b"")
        (place / "lines").write_bytes(b"one\ntwo\n")
        (place / "binary").write_bytes(b"a\0b")
        bearer = {"type": "bearer", "token": PLAIN}
        said = {
            "no variable": ({"type": "bearer", "token": FROM_ENV}, {"THE_SECRET": None}, "THE_SECRET"),
            "no file": ({"type": "bearer", "token": {"file": "gone.txt"}}, ENV, "gone.txt"),
            "a line break": ({"type": "bearer", "token": FROM_ENV}, {"THE_SECRET": "CANARY\r\nX-Evil: 1"},
                             "line break|control"),
            "lines of a file": ({"type": "bearer", "token": {"file": str(place / "lines")}}, ENV, "line break|control"),
            "colon in a name": ({"type": "basic", "username": "a:b", "password": FROM_ENV}, ENV, "colon"),
            "no password": ({"type": "basic", "username": "a", "password": FROM_ENV}, {"THE_SECRET": None}, "THE_SECRET"),
            "no client secret": (oauth(), {"THE_SECRET": None}, "THE_SECRET"),
            "no value": ({"type": "header", "name": "X", "value": FROM_ENV}, {"THE_SECRET": None}, "THE_SECRET"),
        }
        jobs = {name: lambda words=words: run(words[0], bearer, env=words[1]) for name, words in said.items()}
        for name, done in side_by_side(jobs).items():
            with self.subTest(name):
                self.assertEqual((done.code, done.log), (2, []), done)
                self.assertRegex(done.sentence, said[name][2])
                self.assertEqual(harness.published(done.place / "out"), [])
                self.assertNotIn("CANARY", done.told)

    def test_headers_of_the_description(self):
        """They go with every request; a text and a secret; what the program sets itself is not doubled."""
        def more(doc, _):
            for api in doc["apis"].values():
                api["headers"] = {"X-Tenant": "seven", "X-Secret": FROM_ENV, "User-Agent": "our exporter",
                                  "Accept-Language": "en"}
        done = run({"type": "none"}, {"type": "header", "name": "X-Secret", "value": PLAIN}, more=more, only=("uploads",))
        self.same(done, ("uploads",))
        for entry in done.log:
            self.assertEqual((header(entry, "X-Tenant"), header(entry, "Accept-Language")), ("seven", "en"))
            self.assertEqual([value for name, value in entry["headers"] if name.lower() == "user-agent"], ["our exporter"])
        self.no_secret(done)


class Tokens(Auth):
    """OAuth 2 client credentials."""

    def issued(self, done):
        return done.asked("/oauth/token")

    def test_right(self):
        kinds = {
            "basic": (oauth(), {}), "said so": (oauth(client_auth="basic"), {"client_auth": "basic"}),
            "body": (oauth(client_auth="body"), {"client_auth": "body"}),
            "scope and audience": (oauth(scope="read:all write&x", audience="https://api.example/?a=b"),
                                   {"scope": "read:all write&x", "audience": "https://api.example/?a=b"}),
        }
        jobs = {name: lambda words=words: run(words[0], {"type": "oauth2", **OAUTH, **words[1]})
                for name, words in kinds.items()}
        for name, done in side_by_side(jobs).items():
            with self.subTest(name):
                self.same(done)
                self.assertEqual(len(self.issued(done)), 1)
                self.assertEqual(header(self.issued(done)[0], "Content-Type"), "application/x-www-form-urlencoded")
                self.assertEqual("client_secret" in self.issued(done)[0]["body"], name == "body")
                self.no_secret(done, "tok-")

    def test_secrets_are_encoded(self):
        for how in ("basic", "body"):
            with self.subTest(how):
                guard = {"type": "oauth2", "client_id": "c:&=+ \u00e9", "client_secret": SECRET, "client_auth": how}
                done = run(oauth(client_auth=how, client_id="c:&=+ \u00e9"), guard, env={"THE_SECRET": SECRET})
                self.same(done)
                self.no_secret(done, SECRET)

    def test_one_api_one_token(self):
        """Each API has its own; files use it side by side without asking for more."""
        done = run(oauth(), {"type": "oauth2", **OAUTH}, only=("uploads", "support"))
        self.same(done, ("uploads", "support"))
        self.assertEqual(len(self.issued(done)), 3)

    def test_ends_in_mid_run(self):
        """Refreshed exactly once for each end, though many requests fail at the same time."""
        guard = {"type": "oauth2", **OAUTH}
        jobs = {
            "list": (("prompts",), lambda: run(oauth(), {**guard, "uses": 3}), 2),
            "details": (("prompts",), lambda: run(oauth(), {**guard, "uses": 60}, more=only_ids), 2),
            "files": (("uploads",), lambda: run(oauth(), {**guard, "uses": 8, "path": "^/media/"}, only=("uploads",)), None),
            "files, one after the other": (("uploads",),
                                           lambda: run(oauth(), {**guard, "uses": 4, "path": "^/media/"}, only=("uploads",),
                                                                     more=lambda doc, _: limits(doc, concurrency=1)), 6),
        }
        for name, done in side_by_side({name: job for name, (_, job, _) in jobs.items()}).items():
            with self.subTest(name):
                self.same(done, jobs[name][0])
                if jobs[name][2] is not None:
                    self.assertEqual(len(self.issued(done)), jobs[name][2], done)
                self.assertGreater(len([entry for entry in done.log if entry["status"] == 401]), 0)
                self.assertEqual(done.report["retries"], 0)

    def test_ends_by_the_clock(self):
        """Each file moves the service's clock on, so that tokens are too old before the time that they said."""
        def more(doc, _):
            category(doc, "uploads")["omit"] = {"/url": {"reason": "internal", "show": "none"}}
            limits(doc, concurrency=2)
        guard = {"type": "oauth2", **OAUTH, "expires_in": 100}
        done = run(oauth(), guard, only=("uploads",), more=more, sign={"ttl": 600, "tick": 20})
        self.same(done, ("uploads",))
        # One token for the lists. 17 files take 340 s, so 3 or 4 more; one more where two requests carry an old one.
        self.assertIn(len(self.issued(done)), (4, 5, 6), done)

    def test_no_new_token(self):
        """The token endpoint is down when a new token is needed: try again later (5), whatever the service said to the old one."""
        def more(doc, _):
            limits(doc, tries=2)
        for only, uses, tokens in (("prompts", 3, 2), ("uploads", 8, 3)):
            with self.subTest(only):
                down = {"path": "/oauth/token", "status": 503, "when": {"from": tokens}}
                done = run(oauth(), {"type": "oauth2", **OAUTH, "uses": uses}, only=(only,), more=more, faults=(down,))
                self.failed(done, 5, r"the token: POST http://[^ ]+: HTTP 503 after 2 attempts")

    def test_refused_files(self):
        """Each file is answered with 403 although the token is good: one more token is tried, not one for each file."""
        done = trial(rules({"path": "^/media/", "status": 403}, auth=[{"path": GUARDED, "type": "oauth2", **OAUTH}]),
                     edit=asks(oauth()), only=("uploads",), env=harness.environment(**ENV))
        self.lacks(done, [("uploads", "file", "forbidden")] * 17)
        self.assertEqual(len(self.issued(done)), 3)

    def test_no_token_for_the_next_file(self):
        """The next file cannot even begin: that is no fault of the one at work, which has a good token, and nothing waits for ever."""
        def edit(doc, server):
            doc["apis"]["media"]["auth"] = {**oauth(), "token_url": server.main + "/oauth/token"}
            limits(doc, tries=2, concurrency=2)
        # A token of 3 seconds is renewed after 1.5, and the service's clock, which counts whole seconds, takes it for 2 at least.
        media = {"path": "^/media/", "stage": "request"}
        done = trial(rules({"path": "/oauth/token", "status": 503, "headers": {"Retry-After": "0"}, "when": {"nth": [2, 3]}},
                           {**media, "stall": 2.5, "when": {"nth": 1}}, {**media, "stall": 1.7, "when": {"nth": 2}},
                           auth=[{"path": "^/media/", "type": "oauth2", **OAUTH, "expires_in": 3}]),
                     "--allow-partial", "--jobs", "2", edit=edit, only=("uploads",), env=harness.environment(**ENV))
        self.lacks(done, [("uploads", "file", "unavailable")])
        self.assertRegex(done.report["missing"][0]["detail"], "^the token: POST ")
        first = done.archive.records(done.archive.export["categories"][0])[0]
        self.assertIn("path", first["files"][0], done)

    def test_short_lives(self):
        """A token that ends by the clock: it is asked for before that, not after every request."""
        done = run(oauth(), {"type": "oauth2", **OAUTH, "expires_in": 31}, more=lambda doc,
                   _: limits(doc, requests_per_second=3))
        self.same(done)
        self.assertIn(len(self.issued(done)), (1, 2, 3), done)
        brief = run(oauth(), {"type": "oauth2", **OAUTH, "expires_in": 1})
        self.same(brief)
        self.assertLessEqual(len(self.issued(brief)), len(brief.log) // 2 + 1)

    def test_refused(self):
        guard = {"type": "oauth2", **OAUTH}
        jobs = {
            "wrong secret": (lambda: run(oauth(), guard, env={"THE_SECRET": "CANARY-wrong"}),
                             r"the token: POST \S+/oauth/token: HTTP 401"),
            "wrong scope": (lambda: run(oauth(scope="other"), guard), r"the token: POST \S+/oauth/token: HTTP 400"),
            "wrong place": (lambda: run(oauth(client_auth="body"), {**guard, "client_auth": "basic"}),
                            r"the token: POST \S+/oauth/token: HTTP 401"),
            "no more tokens": (lambda: run(oauth(), {**guard, "uses": 3, "refuse_after": 1}),
                               r"prompts: page \d: GET \S+: HTTP 401, and the token: .*HTTP 400"),
            "tokens that do not work": (lambda: run(oauth(), {**guard, "uses": 0}), r"the person: GET \S+: HTTP 401"),
        }
        for name, done in side_by_side({name: job for name, (job, _) in jobs.items()}).items():
            with self.subTest(name):
                self.failed(done, 1,
                            r"^holdall: " + (jobs[name][1] if jobs[name][1].startswith(("the person: GET", "prompts"))
                                             else "the person: " + jobs[name][1]))
                self.assertLess(len(done.log), 12, done)
                self.no_secret(done, "tok-")

    def test_stopped_while_waiting(self):
        """A signal ends the wait for a new token like any other: it is no refusal by the service."""
        scenario = rules({"path": "^/oauth/", "stall": 60, "stage": "request", "when": {"nth": 2}},
                         {"path": "/prompts", "status": 401, "when": {"nth": 2}}, auth=[{"path": GUARDED, "type": "oauth2", **OAUTH}])
        with fake.Server(scenario) as server:
            path = fake.description(server, lambda doc: asks(oauth())(doc, server))
            folder = harness.scratch("stopped")
            words = harness.export_arguments(harness.COMPLETE, folder, "--category", "prompts", description=path)
            with subprocess.Popen([harness.binary(), *map(str, words)], env=harness.environment(**ENV), stderr=subprocess.PIPE) as run:
                time.sleep(2 * SLOW)
                run.send_signal(signal.SIGINT)
                told = run.communicate(timeout=20)[1].decode()
        self.assertEqual((run.returncode, harness.published(folder)), (130, []), told)
        self.assertIn("stopped by signal 2", told)

    def test_certificate_stays_at_home(self):
        """The client's certificate is for the origin of the API: an endpoint for tokens elsewhere does not see it."""
        authority = fake.Authority()
        certificate, key = authority.client()

        def edit(doc, server):
            asks(oauth(token_url=server.tls + "/oauth/token"))(doc, server)
            for api in doc["apis"].values():
                api["tls"] = {"ca": str(authority.certificate), "certificate": str(certificate), "key": {"file": str(key)}}
            limits(doc, tries=1)

        def endpoint(client_ca):
            return trial({"tls": authority.scenario(client_ca=client_ca), "auth": [{"path": GUARDED, "type": "oauth2", **OAUTH}]},
                         edit=edit, env=harness.environment(**ENV))
        self.same(endpoint(None))
        done = endpoint(authority.certificate)
        self.failed(done, 5, r"the token: POST https://\S+/oauth/token: ")
        self.assertEqual(self.issued(done), [], done)

    def test_slow_endpoint(self):
        """While a new token is waited for, nobody listens to the files on their way: that is no stall of theirs."""
        faults = [{"path": "^/oauth/", "stall": 60, "stage": "request", "when": {"nth": 3}},
                  {"path": "^/media/", "trickle": 20000, "when": {"nth": 1}},
                  {"path": "^/media/", "status": 401, "when": {"nth": 2}}]
        done = run(oauth(), {"type": "oauth2", **OAUTH}, only=("uploads",), faults=faults,
                   more=lambda doc, _: limits(doc, stall_timeout="2s"))
        self.same(done, ("uploads",))
        slow = next(entry["target"] for entry in done.asked("/media/", status=200) if entry["fault"])
        self.assertEqual([entry["status"] for entry in done.asked(slow)], [200], done)

    def test_endpoint_in_trouble(self):
        guard = {"type": "oauth2", **OAUTH}

        def faulty(**what):
            return lambda: run(oauth(), guard, faults=[{"path": "^/oauth/", **what}], more=lambda doc,
                               _: limits(doc, tries=2, stall_timeout="1s"))
        passing = {"503": faulty(status=503, headers={"Retry-After": "0"}, when={"nth": 1}),
                   "reset": faulty(reset="body", when={"nth": 1}),
                   "cut": faulty(cut=10, when={"nth": 1})}
        for name, done in side_by_side(passing).items():
            with self.subTest(name):
                self.same(done)
                self.assertEqual(len(self.issued(done)), 2)
        staying = {
            "503": (faulty(status=503, headers={"Retry-After": "0"}), 5, "HTTP 503 after 2 attempts"),
            "reset": (faulty(reset="request"), 5, "after 2 attempts"),
            "silent": (faulty(stall=30, stage="request"), 5, "after 2 attempts"),
            "long wait": (faulty(status=429, headers={"Retry-After": "7200"}), 5, "asks to wait 7200 s$"),
            "no JSON": (faulty(body="<html>log in</html>"), 1, "the answer: invalid token"),
            "cut JSON": (faulty(body='{"access_token":"CANARY-token", "x": CANARY'), 1, "the answer: .*invalid token"),
            "no token": (faulty(body={"token_type": "Bearer"}), 1, "no access_token"),
            "empty token": (faulty(body={"access_token": ""}), 1, "no access_token"),
            "line break": (faulty(body={"access_token": "CANARY\r\nX: 1"}), 1, "access_token"),
            "number": (faulty(body={"access_token": 5}), 1, "no access_token"), "404": (faulty(status=404), 1, "HTTP 404"),
            "redirect": (faulty(redirect={"to": "other"}), 5, "HTTP 302 to a POST request"),
            "endless": (faulty(endless_chunked=True), 1, "limit"),
            "page of a firewall": (faulty(status=403, body="<html>no</html>"), 1, "HTTP 403"),
        }
        for name, done in side_by_side({name: job for name, (job, _, _) in staying.items()}).items():
            with self.subTest(name):
                self.failed(done, staying[name][1], "^holdall: the person: the token: .*" + staying[name][2])
                self.assertEqual(done.asked(listener="other"), [])
                self.assertEqual(done.asked("/v1/"), [])
                self.no_secret(done, "tok-")


if __name__ == "__main__":
    harness.main()
