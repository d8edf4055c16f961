#!/usr/bin/python3
"""Proves that no secret leaves a run: not in the archive, not in what is told about the run, and not by the process itself.

The canary is a secret of the description. It stands somewhere in a store: then the export is refused, nothing is left,
and no file, event, report or sentence holds it. What only looks like a secret is refused where the words are not the
person's own. A process with secrets leaves no core and shows its environment to nobody.
"""

import base64
import http.server
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse
from pathlib import Path

sys.dont_write_bytecode = True
import harness  # noqa: E402
from harness import environment, holdall, leftovers, read_json, read_lines, schema, schema_errors, scratch  # noqa: E402

CANARY = 'cnry/7Qm+"x\\Z4 tail_%41vK9'
SHAPED = "AKIA" + "IOSFODNN7EXAMPLE"
SUBJECT = "usr_x2"
PLACE = "apis/vault/auth/token"
OTHER = "apis/vault/headers/X-Other"
TEXTS = {"format": "holdall-texts-1", "language": "en",
         "texts": {"rights.access": "You can ask for a copy.", "complaint.authority": "You can complain to the authority."}}


def json_escaped(text):
    return json.dumps(text)[1:-1]


def percent(text):
    return urllib.parse.quote(text, safe="")


def in_base64(text):
    return base64.b64encode(b"x" + text.encode() + b"yz").decode()


def forms(secret):
    """Every way in which a secret could stand in a text."""
    return {"plain": secret, "escaped": json_escaped(secret), "twice": json_escaped(json_escaped(secret)),
            "percent": percent(secret), "form": urllib.parse.quote_plus(secret), "base64": in_base64(secret)}


def description(token):
    """A service whose records lie in a folder, and whose API `vault` is never contacted."""
    return {
        "format": "holdall-service-1",
        "service": {"id": "guarded", "name": "Guarded", "controller": {"name": "Guarded", "email": "privacy@guarded.example"}},
        "subject": {"primary": "user_id", "pattern": "^usr_[0-9a-z]{2,12}$", "resolve": {"api": "core", "get": "/users/{user_id}"}},
        "apis": {"core": {"kind": "file", "root": "store", "prefix": "media/{user_id}/"},
                 "vault": {"kind": "http", "url": "https://vault.example/", "auth": {"type": "bearer", "token": token}}},
        "privacy": {"texts": "texts/{language}.json", "recipients": [], "sold_or_shared": False, "complaint": "authority"},
        "defaults": {"page": None, "items": "/items", "subject": "/user"},
        "categories": [
            {"id": "prompts", "record": "prompt", "title": "Prompts", "scope": ["access"], "origin": "provided",
             "from": {"api": "core", "get": "/users/{user_id}/prompts"}, "keep": ["/extra"],
             "map": {"id": "/id", "text": "/text", "created_at": "/at"}},
            {"id": "uploads", "record": "media", "title": "Uploads", "scope": ["access"], "origin": "provided",
             "from": {"api": "core", "get": "/users/{user_id}/uploads"}, "map": {"id": "/id", "created_at": "/at"},
             "media": [{"role": "upload", "api": "core", "key": "/key", "name": "/name"}]},
            {"id": "events", "record": "record", "title": "Events", "scope": ["access"], "origin": "observed",
             "from": {"api": "core", "get": "/users/{user_id}/events"}, "keep": ["/extra"],
             "map": {"id": "/id", "text": "/text", "created_at": "/at"}}]}


def record(number, **more):
    return {"id": f"r{number}", "user": SUBJECT, "text": f"text {number}", "at": "2026-05-01T10:00:00Z", **more}


class Store:
    """A folder with a description and its data; change `lists`, `texts` and `service`, then write()."""

    def __init__(self, token=None):
        self.folder = scratch("store")
        self.service = description(token or {"env": "CANARY"})
        self.texts = json.loads(json.dumps(TEXTS))
        self.lists = {"prompts": [record(1), record(2)], "events": [record(3), record(4)],
                      "uploads": [{"id": "u1", "user": SUBJECT, "key": f"media/{SUBJECT}/u1.bin", "at": "2026-05-01T10:00:00Z",
                                   "name": "mine.bin"}]}
        self.media = b"bytes of a file"

    def write(self):
        files = {"service.json": self.service, "texts/en.json": self.texts, f"store/users/{SUBJECT}.json": {"id": SUBJECT}}
        files.update({f"store/users/{SUBJECT}/{name}.json": {"items": items} for name, items in self.lists.items()})
        for name, value in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(value), encoding="utf-8")
        path = self.folder / f"store/media/{SUBJECT}/u1.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.media)
        return self.folder / "service.json"


class Guarded(unittest.TestCase):
    def run_on(self, store, *extra, env=None, command="export", **options):
        """Runs holdall in folders of its own; returns (their parent, the run)."""
        place = scratch("run")
        for name in ("out", "stage", "tmp", "cwd"):
            (place / name).mkdir()
        env = {"CANARY": CANARY, "TMPDIR": place / "tmp", **(env or {})}
        argv = [command, "-s", store.write(), "-u", SUBJECT, "--as-of", harness.AS_OF]
        if command == "export":
            argv += ["-k", harness.secret_key(), "-o", f"{place / 'out'}/", "--stage", place / "stage", "--report",
                     place / "report.json", "--events", place / "events.jsonl"]
        return place, holdall(*argv, *extra, cwd=place / "cwd", env=environment(**env), **options)

    def silent(self, place, run, *secrets):
        """No file that is left and nothing that was printed holds one of the secrets in any form."""
        told = {"stdout": run.raw, "stderr": run.err.encode()}
        told.update({path.name: path.read_bytes() for path in place.rglob("*") if path.is_file()})
        for secret in secrets or (CANARY,):
            for form, text in forms(secret).items():
                for name, data in told.items():
                    self.assertNotIn(text[1:-3].encode(), data, f"{form} in {name}")

    def refused(self, store, *words, command="export", secrets=(), **options):
        place, run = self.run_on(store, command=command, **options)
        self.assertEqual(run.code, 4, run)
        for folder in ("out", "stage", "tmp", "cwd"):
            self.assertEqual(leftovers(place / folder), [], run)
        for word in words:
            self.assertIn(word, run.err.splitlines()[-1], run)
        self.silent(place, run, *secrets)
        if command == "export":
            report = read_json(place / "report.json")
            self.assertEqual(schema_errors(report, schema("report")), [])
            self.assertEqual((report["outcome"], report["exit_code"], report["published"]), ("refused", 4, False))
            self.assertEqual(report["error"]["code"], "secret")
            last = read_lines(place / "events.jsonl")[-1]
            self.assertEqual((last["event"], last["exit_code"]), ("finish", 4))
        return place, run

    def passes(self, store, **options):
        place, run = self.run_on(store, **options)
        self.assertEqual(run.code, 0, run)
        self.silent(place, run)
        return place, run


class Known(Guarded):
    """The canary is a secret of the description."""

    def test_nothing_to_find(self):
        store = Store()
        self.passes(store)
        self.assertEqual(self.run_on(store, command="plan")[1].code, 0)

    def test_every_reference(self):
        for kind in ("env", "file", "fd"):
            with self.subTest(kind):
                store, options = Store(), {}
                if kind == "file":
                    store = Store({"file": "token.txt"})
                    (store.folder / "token.txt").write_text(CANARY + "\n", encoding="utf-8")
                elif kind == "fd":
                    end, start = os.pipe()
                    os.write(start, CANARY.encode() + b"\n")
                    os.close(start)
                    store = Store({"fd": end})
                    options = {"pass_fds": (end,)}
                store.lists["prompts"][1]["text"] = f"I wrote {CANARY} here"
                self.refused(store, "prompts: ", "record r2: /text holds the secret of " + PLACE, env={"CANARY": CANARY if kind == "env" else None},
                             **options)
                if kind == "fd":
                    os.close(end)

    def test_every_form(self):
        for name, text in forms(CANARY).items():
            with self.subTest(name):
                store = Store()
                store.lists["prompts"][0]["text"] = f"a{text}b"
                self.refused(store, "record r1: /text")
                self.refused(store, "record r1: /text", command="plan")

    def test_every_place(self):
        def spoil_extra(store):
            store.lists["events"][1]["extra"] = {"deep": [{"er": CANARY}]}

        def spoil_name(store):
            store.lists["prompts"][1]["extra"] = {"deep": {CANARY: 1}}

        def spoil_id(store):
            store.lists["prompts"][1]["id"] = CANARY

        def spoil_file_name(store):
            store.lists["uploads"][0]["name"] = CANARY + ".bin"

        def spoil_text(store):
            store.texts["texts"]["rights.access"] = f"Ask with {CANARY}"

        def spoil_controller(store):
            store.service["service"]["controller"]["name"] = CANARY

        for spoil, words in ((spoil_extra, ("events", "record r4", "/extra/deep/0/er")), (spoil_name, ("prompts", "record r2", "/extra/deep")),
                             (spoil_id, ("prompts",)), (spoil_file_name, ("data/records/uploads.jsonl",)),
                             (spoil_text, ("data/privacy.json",)), (spoil_controller, ("README.txt",))):
            with self.subTest(spoil.__name__):
                store = Store()
                spoil(store)
                self.refused(store, PLACE, *words)

    def test_name_of_a_missing_file(self):
        """What is missing goes into the archive and into the report under the id of its record."""
        store = Store()
        store.lists["uploads"][0].update(key=f"media/{SUBJECT}/gone.bin", name=CANARY)
        place, run = self.run_on(store, "--allow-partial")
        self.assertEqual((run.code, leftovers(place / "out"), leftovers(place / "stage")), (4, [], []), run)
        self.silent(place, run)

    def test_field_that_nobody_knows(self):
        """Such a field is withheld; its name would go to the report, which takes the secret out."""
        store = Store()
        store.lists["prompts"][1][CANARY] = "unknown"
        place, run = self.run_on(store)
        self.silent(place, run)
        self.assertEqual(run.code, 0, run)
        report = read_json(place / "report.json")
        self.assertEqual(schema_errors(report, schema("report")), [])
        self.assertEqual([line["pointer"] for line in report["drift"]], ["/[secret]"])
        self.assertTrue(report["published"])

    def test_sentence_that_would_hold_it(self):
        """An error of another kind is told without the secret."""
        store = Store()
        store.lists["uploads"][0]["key"] = f"media/{SUBJECT}/../{CANARY}/u1.bin"
        place, run = self.run_on(store)
        self.assertEqual(run.code, 4, run)
        self.silent(place, run)

    def test_request_that_would_hold_it(self):
        store = Store()
        place, run = self.run_on(store, "--operator", CANARY)
        self.silent(place, run)
        self.assertEqual(run.code, 0, run)
        self.assertEqual(read_json(place / "report.json")["operator"], "[secret]")

    def test_media_are_not_searched(self):
        store = Store()
        store.media = CANARY.encode()
        _, run = self.run_on(store, "--store")
        self.assertEqual(run.code, 0, run)

    def test_short_secrets_are_used_and_not_searched_for(self):
        store = Store()
        store.lists["prompts"][0]["text"] = "the word is 1234567"
        self.assertEqual(self.run_on(store, env={"CANARY": "1234567"})[1].code, 0)
        self.assertEqual(self.run_on(store, env={"CANARY": "is 12345"})[1].code, 4)

    def test_headers_and_passwords(self):
        store = Store()
        store.service["apis"]["vault"]["headers"] = {"X-Other": {"env": "OTHER"}}
        store.service["signing"] = {"key": "keys/x.key", "password": {"env": "SIGNING"}}
        for name, place in (("OTHER", OTHER), ("SIGNING", "signing/password")):
            with self.subTest(name):
                store.lists["prompts"][0]["text"] = f"of {name.lower()}: value-{name.lower()}"
                self.refused(store, place, env={"OTHER": "value-other", "SIGNING": "value-signing"}, secrets=(f"value-{name.lower()}",))

    def test_signing_key(self):
        line = harness.secret_key().read_text(encoding="ascii").splitlines()[1]
        store = Store()
        store.lists["prompts"][0]["text"] = line
        self.refused(store, "the signing key", secrets=(line,))

    def test_addresses_by_reference_are_no_secrets(self):
        store = Store()
        store.service["apis"]["vault"]["url"] = {"env": "ADDRESS"}
        store.lists["prompts"][0]["text"] = "see https://vault.example/api"
        self.assertEqual(self.run_on(store, env={"ADDRESS": "https://vault.example/api"})[1].code, 0)


class References(Guarded):
    """A reference that leads nowhere is an error once it is needed; the sentence names its place and no value."""

    def fails(self, token, *words, **options):
        store = Store(token)
        store.service["subject"]["resolve"]["api"] = "vault"
        place, run = self.run_on(store, **options)
        self.assertEqual((run.code, leftovers(place / "out")), (2, []), run)
        for word in ("'vault'", "token", *words):
            self.assertIn(word, run.err, run)
        self.silent(place, run)

    def test_variables(self):
        self.fails({"env": "CANARY"}, "empty", env={"CANARY": ""})
        self.fails({"env": "CANARY"}, "CANARY is not set", env={"CANARY": None})
        self.fails({"env": "CANARY"}, "65536", env={"CANARY": CANARY * 4000})

    def test_files(self):
        self.fails({"file": "gone.txt"}, "gone.txt")
        self.fails({"file": "/dev/zero"}, "65536")

    def test_descriptors(self):
        self.fails({"fd": 77}, "descriptor 77")
        with tempfile.TemporaryFile() as file:
            for data, word in ((b"", "empty"), (b"\n", "empty"), (b"a\0b" * 8, "NUL"), (b"x" * 70000, "65536")):
                file.truncate(0)
                file.seek(0)
                file.write(data)
                file.seek(0)
                os.set_inheritable(file.fileno(), True)
                with self.subTest(data=data[:4]):
                    self.fails({"fd": file.fileno()}, word, pass_fds=(file.fileno(),))

    def test_unneeded_ones_are_passed_over(self):
        for token in ({"env": "NOWHERE"}, {"file": "gone"}, {"fd": 78}):
            with self.subTest(token=token):
                self.passes(Store(token))

    def test_one_descriptor_for_two(self):
        """It gives its bytes once, and both references get them."""
        end, start = os.pipe()
        os.write(start, b"value-of-both\n")
        os.close(start)
        store = Store({"fd": end})
        store.service["apis"]["second"] = {"kind": "file", "root": {"fd": end}}
        store.lists["prompts"][0]["text"] = "value-of-both"
        self.refused(store, PLACE, secrets=("value-of-both",), pass_fds=(end,))
        os.close(end)


class Api(http.server.BaseHTTPRequestHandler):
    """An API that gives out a token and tells it again, like every credential that it gets, in a prompt."""
    token = "tkn-fetched-8Jx2/Qq="

    def answer(self, value):
        data = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer({"access_token": self.token, "expires_in": 3600, "token_type": "bearer"})

    def do_GET(self):
        told = self.headers["Authorization"].partition(" ")[2]
        person = self.path == f"/users/{SUBJECT}"
        self.answer({"id": SUBJECT} if person else {"items": [record(1, text=f"you sent {told}, did you not")]})

    def log_message(self, *words):
        pass


class Credentials(Guarded):
    """What a run makes of its secrets, or gets for them, is one too."""

    def setUp(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.address = f"http://127.0.0.1:{server.server_port}"

    def refused_with(self, auth, place, secret):
        store = Store()
        store.service["apis"] = {"core": {"kind": "http", "url": self.address, "allow_addresses": ["loopback"], "auth": auth}}
        store.service["categories"] = store.service["categories"][:1]
        self.refused(store, "prompts", "record r1: /text holds the secret of " + place, secrets=(secret,))

    def test_fetched_token(self):
        self.refused_with({"type": "oauth2_client_credentials", "token_url": self.address + "/token", "client_id": "holdall",
                           "client_secret": {"env": "CANARY"}}, "apis/core/auth/access_token", Api.token)

    def test_name_and_password(self):
        pair = base64.b64encode(f"holdall:{CANARY}".encode()).decode()
        self.refused_with({"type": "basic", "username": "holdall", "password": {"env": "CANARY"}}, "apis/core/auth/", pair)

    def test_bearer(self):
        self.refused_with({"type": "bearer", "token": {"env": "CANARY"}}, "apis/core/auth/token", CANARY)


class Shaped(Guarded):
    """What looks like a secret, whoever's it is."""

    def test_own_words_pass(self):
        store = Store()
        store.lists["prompts"][0].update(text=f"why does {SHAPED} not work?", extra={SHAPED: SHAPED})
        store.lists["uploads"][0]["name"] = SHAPED
        self.passes(store)

    def test_other_words_do_not(self):
        for more in ({"text": f"login with {SHAPED}"}, {"extra": {"a": [{"b": SHAPED}]}}, {"extra": {SHAPED: 1}}, {"id": SHAPED}):
            with self.subTest(more=more):
                store = Store()
                store.lists["events"][1].update(more)
                self.refused(store, "events", "an AWS access key", secrets=(SHAPED,))

    def test_origin_that_is_not_stated(self):
        store = Store()
        del store.service["categories"][0]["origin"]
        store.lists["prompts"][0]["text"] = SHAPED
        self.refused(store, "record r1: /text looks like an AWS access key", secrets=(SHAPED,))


class Lint(Guarded):
    def lint(self, store):
        run = holdall("lint", store.write())
        return run.code, run.err, run

    def test_secret_in_a_description(self):
        store = Store()
        store.service["categories"][0]["from"]["query"] = {"key": SHAPED}
        code, told, run = self.lint(store)
        self.assertEqual(code, 2, run)
        self.assertIn("/categories/0/from/query/key: it looks like an AWS access key", told)
        self.assertNotIn(SHAPED, told)

    def test_plain_text_where_a_secret_stands(self):
        store = Store()
        store.service["apis"]["vault"]["headers"] = {"X-Api-Key": "0815", "X-Client": "holdall"}
        store.service["subject"]["resolve"]["query"] = {"token": "4711", "user": "{user_id}"}
        code, told, run = self.lint(store)
        self.assertEqual(code, 0, run)
        self.assertEqual([line.split(": ")[1].rpartition("service.json:")[2] for line in told.splitlines()],
                         ["/apis/vault/headers/X-Api-Key", "/subject/resolve/query/token"], run)


class Process(unittest.TestCase):
    """A run that waits for a descriptor is looked at from outside."""

    def start(self, folder, **options):
        end, writer = os.pipe()
        store = Store({"fd": end})
        shutil.copytree(store.write().parent, folder / "service", dirs_exist_ok=True)
        for path in [folder, *folder.rglob("*")]:
            path.chmod(0o755)
        binary = folder / "holdall-under-test"
        shutil.copy(harness.binary(), binary)
        process = subprocess.Popen([binary, "plan", "-s", folder / "service/service.json", "-u", SUBJECT], cwd=folder / "cwd",
                                   env=environment(CANARY=CANARY), pass_fds=(end,), stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, **options)
        self.addCleanup(self.stop, process, end, writer)
        self.wait_for_read(process)
        return process

    def wait_for_read(self, process):
        """Until it sleeps in its read: then main has done its set-up."""
        for _ in range(1000):
            state = Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
            if state == "S" and b"holdall" in Path(f"/proc/{process.pid}/cmdline").read_bytes():
                time.sleep(0.05)
                return
            time.sleep(0.01)
        self.fail("it does not wait for its secret")

    def stop(self, process, *ends):
        process.kill()
        process.wait()
        for end in ends:
            os.close(end)

    def folder(self):
        """Outside of this file's temporary folder, which is for its owner alone."""
        folder = Path(tempfile.mkdtemp(prefix="holdall-secrets-"))
        self.addCleanup(shutil.rmtree, folder)
        (folder / "cwd").mkdir()
        return folder

    def test_no_core(self):
        folder = self.folder()
        most = resource.getrlimit(resource.RLIMIT_CORE)[1]
        process = self.start(folder, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (most, most)))
        limits = Path(f"/proc/{process.pid}/limits").read_text(encoding="ascii")
        self.assertRegex(limits, r"Max core file size +0 +0 ")
        process.send_signal(signal.SIGSEGV)
        self.assertNotEqual(process.wait(timeout=60), 0)
        self.assertEqual(leftovers(folder / "cwd"), [])

    @unittest.skipIf(harness.SANITIZED, "a sanitizer has to trace the process, so there it can be traced")
    def test_nobody_reads_its_environment(self):
        """Nobody but root: /proc gives the files of such a process to root."""
        is_root = os.geteuid() == 0
        user = 65534 if is_root else os.geteuid()
        process = self.start(self.folder(), **({"user": user, "group": user, "extra_groups": []} if is_root else {}))
        self.assertIn(f"Uid:\t{user}\t", Path(f"/proc/{process.pid}/status").read_text(encoding="ascii"))
        self.assertEqual(os.stat(f"/proc/{process.pid}/environ").st_uid, 0)
        read = ["cat", f"/proc/{process.pid}/environ"]
        done = subprocess.run(read, capture_output=True, check=False, **({"user": user} if is_root else {}))
        self.assertNotEqual(done.returncode, 0)
        self.assertNotIn(CANARY.encode(), done.stdout)

    def test_arguments_hold_no_secret(self):
        process = self.start(self.folder())
        self.assertNotIn(CANARY.encode(), Path(f"/proc/{process.pid}/cmdline").read_bytes())

    def test_a_signal_ends_the_wait(self):
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            with self.subTest(number=number):
                process = self.start(self.folder())
                process.send_signal(number)
                self.assertEqual(process.wait(timeout=60), code)


if __name__ == "__main__":
    harness.main()
