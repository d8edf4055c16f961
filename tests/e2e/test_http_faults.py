#!/usr/bin/python3
"""Proves what becomes of an export when the wire or the service misbehaves while lists are read.

Everything that may pass by is tried again and the archive is the same; what stays ends the run with a sentence that
says what and how often; nothing waits for longer than it must. Signals and a service that dies belong here too. Files
are for test_http_media.py.
"""

import os
import signal
import socket
import subprocess
import sys
import time

sys.dont_write_bytecode = True
import fake  # noqa: E402
import harness  # noqa: E402
import httpcase  # noqa: E402
from httpcase import SLOW, Case, limits, rules, side_by_side, trial  # noqa: E402

LIST = "/users/[^/]*/prompts"
NOW = {"Retry-After": "0"}


def quick(doc, _):
    limits(doc, stall_timeout="1s", connect_timeout="2s")


def twice(doc, _):
    limits(doc, stall_timeout="1s", tries=2)


def once(doc, _):
    limits(doc, stall_timeout="1s", tries=1)


def spoil(when=None, edit=quick, **what):
    """A trial in which lists of prompts go wrong."""
    early = "accept" in what.values()
    rule = what if early else {"path": LIST, **what}
    return lambda: trial(rules({**rule, **({"listeners": ["main"]} if early else {}), **({"when": when} if when else {})}),
                         edit=edit)


ENDS = {f"{word} at {stage}": {word: stage} for word in ("reset", "close")
        for stage in ("accept", "request", "headers", "body")}
CUTS = {
    "cut with a length": {"cut": 300}, "cut at once": {"cut": 0}, "cut in a chunk": {"cut_chunked": 300},
    "chunks without an end": {"chunked": True, "close": "body"}, "reset in a chunk": {"chunked": True, "reset": "body"},
    "HTTP/1.0, cut": {"http": "1.0", "cut": 300}, "more promised than sent": {"wrong_length": 7},
    "no length": {"no_length": True}, "HTTP/1.0 without a length": {"http": "1.0", "no_length": True},
    "HTTP/1.0 without a length, cut": {"http": "1.0", "no_length": True, "close": "body", "after": 300},
}
STATUSES = (408, 425, 429, 500, 502, 503, 504)


class Passing(Case):
    """What happens once is tried again: the archive is the same.

    libcurl itself repeats a request on a kept connection that ends before a byte of the answer came: no retry of ours.
    """

    def mended(self, jobs, retries=(1,)):
        for name, done in side_by_side(jobs).items():
            with self.subTest(name):
                self.same(done)
                self.assertIn(done.report["retries"], retries, done)

    def test_ends(self):
        self.mended({name: spoil({"nth": 1} if "accept" in name else {"nth": 2}, **what) for name, what in ENDS.items()},
                    (0, 1))

    def test_cuts(self):
        self.mended({name: spoil({"nth": 2}, **what) for name, what in CUTS.items()})

    def test_statuses(self):
        self.mended({status: spoil({"nth": 2}, status=status, headers=NOW) for status in STATUSES})

    def test_silence(self):
        self.mended({stage: spoil({"nth": 1} if stage == "accept" else {"nth": 2}, stall=8 * SLOW, stage=stage)
                     for stage in ("accept", "request", "headers", "body")})

    def test_garbage(self):
        self.mended({"not HTTP": spoil({"nth": 2}, garbage="SSH-2.0-none\r\n"), "nothing": spoil({"nth": 2}, garbage=""),
                     "half a status": spoil({"nth": 2}, garbage="HTTP/1.1 2")}, (0, 1))

    def test_the_first_request(self):
        """The one that proves the person is tried again, too."""
        self.mended({"status": lambda: trial(rules({"path": "/v1/users/[^/]*$", "status": 503, "headers": NOW,
                                                    "when": {"nth": 1}})),
                     "reset": lambda: trial(rules({"path": "/v1/users/[^/]*$", "reset": "body", "when": {"nth": 1}}))})

    def test_slow_is_not_silent(self):
        """Half a kilobyte a second for longer than the stall: it goes on."""
        done = trial(rules({"path": LIST, "trickle": 3000, "when": {"nth": 4}}), edit=quick)
        self.same(done)
        self.assertEqual(done.report["retries"], 0)

    def test_chaos(self):
        """One request in six fails somehow: the whole account arrives, the same bytes."""
        chaos = {"seed": 3, "chaos": {"share": 0.12, "kinds": ["503", "reset", "cut"], "retry_after": 0}}
        done = trial(chaos, only=None, edit=lambda doc, _: limits(doc, stall_timeout="2s"))
        self.same(done, None)
        self.assertGreater(done.report["retries"], 5)

    def test_unusual(self):
        """Chunks, trailers that contradict the headers, interim answers: nothing of these is an error."""
        lies = {"Content-Length": "3", "Retry-After": "3600", "Location": "/x", "Content-Encoding": "gzip"}
        jobs = {"chunks": spoil(chunked=True), "trailers": spoil(trailers=lies), "interim": spoil(interim=3),
                "interim and chunks": spoil(interim=1, chunked=True)}
        for name, done in side_by_side(jobs).items():
            with self.subTest(name):
                self.same(done)
                self.assertEqual(done.report["retries"], 0)


class Staying(Case):
    """What does not pass ends the run; the sentence says what it was and how often it was tried."""

    def test_service(self):
        jobs, sayings = {}, {}
        for name, what in {**{name: what for name, what in ENDS.items() if "accept" not in name}, **CUTS}.items():
            jobs[name] = spoil({"from": 2}, edit=twice, **what)
        for status in STATUSES:
            jobs[status] = spoil({"from": 2}, edit=twice, status=status, headers=NOW)
            sayings[status] = f"HTTP {status} after 2 attempts$"
        sayings["no length"] = "the answer would end with its connection, so nothing proves that it is whole after 2 attempts$"
        for name, done in side_by_side(jobs).items():
            with self.subTest(name):
                self.failed(done, 5, r"^holdall: prompts: page 2: GET http://127.0.0.1:\d+/api/v1/users/\S+: "
                            + sayings.get(name, ".* after 2 attempts$"))
                self.assertIn(len(done.asked("/prompts?")), (3, 4) if "at request" in str(name) else (3,), done)

    def test_statuses_that_nobody_repeats(self):
        """Other answers are answers: they end the run at once, as what the service says."""
        codes = {400: 5, 401: 1, 403: 1, 404: 1, 405: 5, 409: 5, 410: 1, 422: 5, 501: 5, 505: 5, 599: 5, 304: 5}
        jobs = {status: spoil({"nth": 2}, status=status) for status in codes}
        for status, done in side_by_side(jobs).items():
            with self.subTest(status):
                self.failed(done, codes[status], rf"^holdall: prompts: page 2: GET \S+: HTTP {status}(: the credentials .*)?$")
                self.assertEqual(len(done.asked("/prompts?")), 2, done)

    def test_silence(self):
        """A second of nothing is enough where the description says so."""
        jobs = {stage: spoil({"from": 2}, edit=once, stall=20 * SLOW, stage=stage) for stage in ("request", "headers", "body")}
        jobs["accept"] = spoil(edit=once, stall=20 * SLOW, stage="accept")
        for stage, done in side_by_side(jobs).items():
            with self.subTest(stage):
                self.failed(done, 5, r"^holdall: (the person|prompts: page 2): GET \S+: next to nothing came for 1 seconds$")
                self.assertLess(done.seconds, 10 * SLOW)

    def test_the_report_names_nobody(self):
        """An address in an error holds identifiers: the report has their names, and with --hash-subject that of the subject."""
        def one(path, only, *extra):
            return lambda: trial(rules({"path": path, "status": 400}), *extra, only=(only,))
        done = side_by_side({"subject": one(LIST, "prompts", "--hash-subject"), "other": one("/desk/", "support"),
                             "plain": one(LIST, "prompts"), "person": one("/v1/users/[^/]*$", "prompts", "--hash-subject")})
        texts = {name: (trial_.place / "report.json").read_text() for name, trial_ in done.items()}
        self.assertIn("/api/v1/users/{user_id}/prompts?", texts["subject"])
        self.assertIn("/desk/requesters/{helpdesk_id}/tickets: HTTP 400", texts["other"])
        self.assertIn(f"/api/v1/users/{harness.COMPLETE}/prompts?", texts["plain"])
        for name in ("subject", "person"):
            self.assertNotIn(harness.COMPLETE, texts[name])
            self.assertNotIn(harness.COMPLETE, (done[name].place / "events.jsonl").read_text() if name == "subject" else "")
        self.assertNotIn("hd_48213", texts["other"])

    def test_shorter_than_promised(self):
        """A length that is too small cuts the JSON: nobody can know that there was more, but the text is broken."""
        done = spoil({"nth": 2}, wrong_length=-5)()
        self.failed(done, 1, "^holdall: prompts: page 2: ")

    def test_without_end(self):
        """Counted while it comes, and never kept."""
        def small(doc, _):
            limits(doc, page_bytes="200K", tries=2)
        jobs = {
            "chunks": spoil(endless_chunked=True, edit=small), "headers": spoil(endless_headers=True, edit=small),
            "one header": spoil(big_header=3_000_000, edit=small),
            "stated": spoil(headers={"Content-Length": "99999999999"}, edit=small),
            "the usual limit": spoil(endless_chunked=True, edit=twice),
        }
        said = {"chunks": "the answer has more than 200000 bytes, which is the limit$",
                "headers": r"the headers have more than \d+ bytes$|a header of the answer is too long$",
                "one header": "a header of the answer is too long$",
                "stated": "the answer has 99999999999 bytes, and 200000 are the limit$",
                "the usual limit": "the answer has more than 67108864 bytes, which is the limit$"}
        for name, done in side_by_side(jobs).items():
            with self.subTest(name):
                self.assertIn(done.code, (1, 5), done)
                self.failed(done, done.code, r"^holdall: prompts: GET \S+: .*(" + said[name] + ")")
                self.assertLess(done.report["memory_peak_bytes"], 400_000_000)

    def test_codings_that_nobody_asked_for(self):
        jobs = {name: spoil({"nth": 2}, **what) for name, what in
                {"gzip": {"gzip": True}, "cut": {"gzip_cut": True}, "cut early": {"gzip_cut": 12}}.items()}
        for name, done in side_by_side(jobs).items():
            with self.subTest(name):
                self.failed(done, 1, "prompts: page 2: GET .*: the answer is encoded with gzip, which nobody asked for$")

    def test_garbage(self):
        done = spoil(garbage="\u00ff\u00fe\u0000 garbage\r\n\r\n", edit=twice)()
        self.failed(done, 5, r"^holdall: prompts: GET \S+: .* after 2 attempts$")

    def test_not_json_at_all(self):
        done = spoil({"nth": 2}, body="<html><body>We are busy</body></html>")()
        self.failed(done, 1, "^holdall: prompts: page 2: ")

    def test_part_of_a_list(self):
        """206 to a request for the whole is no answer."""
        done = spoil({"nth": 2}, status=206)()
        self.failed(done, 1, "the service answers with a part where the whole was asked for$")


class Waiting(Case):
    """Retry-After is honoured, in both forms, up to a minute."""

    def test_short(self):
        jobs = {
            "seconds": spoil({"nth": 2}, status=429, headers={"Retry-After": "2"}),
            "date": spoil({"nth": 2}, status=503, headers={"Retry-After": "http-date+3"}),
            "SlowDown": spoil({"nth": 2}, status=503, body="<Error><Code>SlowDown</Code></Error>",
                              headers={"Retry-After": "2"}),
            "clock behind": spoil({"nth": 2}, status=503, date_skew=-7200, headers={"Retry-After": "http-date-7197"}),
            "clock ahead": spoil({"nth": 2}, status=503, date_skew=7200, headers={"Retry-After": "http-date+7203"}),
        }
        for name, done in side_by_side(jobs).items():
            with self.subTest(name):
                self.same(done)
                self.assertGreater(done.seconds, 1.8)
                self.assertLess(done.seconds, 8 * SLOW)

    def test_long(self):
        """Whoever asks for more than a minute is unavailable: exit 5 at once, and the report says how long."""
        jobs = {
            "seconds": spoil({"nth": 2}, status=429, headers={"Retry-After": "3600"}),
            "date": spoil({"nth": 2}, status=503, headers={"Retry-After": "http-date+3600"}),
            "clock ahead": spoil({"nth": 2}, status=503, date_skew=7200, headers={"Retry-After": "http-date+10800"}),
        }
        for name, done in side_by_side(jobs).items():
            with self.subTest(name):
                self.failed(done, 5,
                            r"^holdall: prompts: page 2: GET \S+: HTTP (429|503), and the service asks to wait 3[56]\d\d s$")
                self.assertAlmostEqual(done.report["error"]["retry_after_s"], 3600, delta=5)
                self.assertLess(done.seconds, 5 * SLOW)
                self.assertEqual(len(done.asked("/prompts?")), 2)

    def test_nonsense(self):
        jobs = {value: spoil({"nth": 2}, status=503, headers={"Retry-After": value})
                for value in ("soon", "-5", "", "1e3", "http-date-100", "0x10", "Mon, 99 Foo 2026 00:00:00 GMT")}
        for value, done in side_by_side(jobs).items():
            with self.subTest(value):
                self.same(done)
                self.assertLess(done.seconds, 5 * SLOW)


class Rates(Case):
    """A service that says how much it still takes is believed; one that says nothing of use is not waited for."""

    def run_with(self, headers, when=None):
        return lambda: trial(rules({"path": LIST, "headers": headers, "when": when or {"nth": 2}}))

    def test_waits(self):
        jobs = {"draft": self.run_with({"RateLimit-Remaining": "0", "RateLimit-Reset": "2"}),
                "usual": self.run_with({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "epoch+3"}),
                "structured": self.run_with({"RateLimit": "limit=10, remaining=0, reset=2"})}
        for name, done in side_by_side(jobs).items():
            with self.subTest(name):
                self.same(done)
                self.assertGreater(done.seconds, 1.5)
                self.assertLess(done.seconds, 6 * SLOW)
                self.assertEqual(done.report["retries"], 0)

    def test_does_not_wait(self):
        every = {"from": 1}
        jobs = {"some left": self.run_with({"RateLimit-Remaining": "7", "RateLimit-Reset": "50"}, every),
                "no reset": self.run_with({"RateLimit-Remaining": "0"}, every),
                "nonsense": self.run_with({"RateLimit": "???", "X-RateLimit-Reset": "x"}, every),
                "past": self.run_with({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "epoch-100"}, every)}
        for name, done in side_by_side(jobs).items():
            with self.subTest(name):
                self.same(done)
                self.assertLess(done.seconds, 4 * SLOW)


class Dead(Case):
    """A dead service ends the run soon, and so does whoever wants it stopped."""

    def start(self, server, *extra, edit=quick, only=("prompts",), events=None):
        place = harness.scratch("stopped")
        words = httpcase.arguments(place, httpcase.description(server, edit), only, harness.COMPLETE, extra)
        process = subprocess.Popen([os.fspath(harness.binary()), *map(os.fspath, words)], env=harness.environment(),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return place, process

    def end(self, process, seconds):
        """(exit code, standard error, seconds that it took)"""
        begin = time.monotonic()
        out, err = process.communicate(timeout=seconds)
        text = err.decode()
        self.assertIsNone(harness.FINDING.search(text), text)
        return process.returncode, text, time.monotonic() - begin

    def wait_for(self, server, path):
        until = time.monotonic() + 20 * SLOW
        while not any(path in entry["target"] for entry in server.log()):
            self.assertLess(time.monotonic(), until, "the run never came so far")
            time.sleep(0.02)

    def stopped(self, number, code, path, rule, only):
        slow = lambda doc, _: limits(doc, stall_timeout="60s")  # noqa: E731
        with fake.Server(rules(rule)) as server:
            place, process = self.start(server, edit=slow, only=only)
            self.wait_for(server, path)
            time.sleep(0.2)
            process.send_signal(number)
            found, text, seconds = self.end(process, 30 * SLOW)
            self.assertEqual(found, code, text)
            self.assertLess(seconds, 2 * SLOW)
            self.assertIn("stopped by signal", text)
            self.assertEqual(harness.published(place / "out"), [])
            self.assertEqual(harness.read_json(place / "report.json")["exit_code"], code)

    def test_signals(self):
        lists = {"path": LIST, "stall": 60, "when": {"from": 2}}
        files = {"path": "^/media/", "stall": 60, "when": {"from": 5}}
        jobs = {}
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            jobs[f"listing {code}"] = (number, code, "cursor=", lists, ("prompts",))
            jobs[f"fetching {code}"] = (number, code, "/media/", files, ("uploads",))
            jobs[f"the person {code}"] = (number, code, "/v1/users", {"path": "/v1/users", "stall": 60, "stage": "request"},
                                          ("prompts",))
            jobs[f"waiting {code}"] = (number, code, "cursor=",
                                       {"path": LIST, "status": 503, "headers": {"Retry-After": "50"}, "when": {"from": 2}},
                                       ("prompts",))
        for name, words in jobs.items():
            with self.subTest(name):
                self.stopped(*words)

    def test_dead(self):
        """Nobody listens; nobody answers; every file fails for ever: each ends in bounded time, with 5."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]

        def elsewhere(doc, _):
            limits(doc, tries=4)
            for api in doc["apis"].values():
                api["url"] = f"http://127.0.0.1:{port}/api"

        def thrice(doc, _):
            limits(doc, stall_timeout="1s", tries=3)
        files = ("generations", "outputs")
        said = {
            "refused": (lambda: trial(edit=elsewhere),
                        rf"^holdall: the person: GET http://127.0.0.1:{port}/\S+: .*[Cc]onnect.* after 4 attempts$"),
            "silent": (lambda: trial(rules({"stall": 60, "stage": "request"}), edit=thrice),
                       r"^holdall: the person: GET \S+: .* after 3 attempts$"),
            "every file": (lambda: trial(rules({"path": "^/media/", "status": 503}), "--allow-partial", only=files, edit=quick),
                           "^holdall: outputs: a file of record .*HTTP 503"),
        }
        for name, done in side_by_side({name: job for name, (job, _) in said.items()}).items():
            with self.subTest(name):
                self.failed(done, 5, said[name][1])
                self.assertLess(done.seconds, 25 * SLOW)
                self.assertLess(len(done.log), 200)

    def test_dies_in_mid_run(self):
        """The server is gone while files are fetched: it ends with 5, not with a list of hundred missing files."""
        with fake.Server(rules({"path": "^/media/", "stall": 0.05, "stage": "request"})) as server:
            place, process = self.start(server, "--allow-partial", only=("generations", "outputs"))
            self.wait_for(server, "/media/")
            server.process.kill()
            code, text, seconds = self.end(process, 100 * SLOW)
        self.assertEqual(code, 5, text)
        self.assertLess(seconds, 25 * SLOW)
        self.assertEqual((harness.published(place / "out"), len(harness.kept(place / "out"))), ([], 1))
        self.assertRegex(text, "holdall: outputs: a file of record")


if __name__ == "__main__":
    harness.main()
