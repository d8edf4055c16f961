#!/usr/bin/python3
"""Proves that holdall exports a service which has nothing in common with Claakit from servers that nobody here wrote.

fixtures/spokelog on json-server (filters, Link headers, offsets, page numbers, one more request for each tour),
json-graphql-server (POST, errors with status 200) and nginx (TLS with an authority of the test's own, client
certificates, ranges, ETags). What must come out is worked out here from the data that the servers were given, without the
description.
"""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
import unittest
from datetime import datetime, timezone
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import fake  # noqa: E402
import harness  # noqa: E402
import realservers  # noqa: E402
from harness import holdall, scratch, try_export  # noqa: E402
from realservers import Spokelog  # noqa: E402

FULL, OTHER, LOST = 1042, 1077, 1203
CANARY = b"NEVER-EXPORT"
MIB = 1 << 20


# ---- what is due, from the data ----------------------------------------------------------------------------

def rows(name, field, value):
    """The rows of a table of the data in which FIELD (a path) is VALUE."""
    def at(row):
        for part in field.split("/"):
            row = row[part]
        return row

    table = harness.read_json(realservers.data() / ("shop.json" if name == "orders" else "log.json"))[name]
    return [row for row in table if at(row) == value]


def utc(moment):
    """A time as archives write it."""
    text = moment.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return text.replace(".000Z", "Z")


def seconds(value):
    return utc(datetime.fromtimestamp(value, timezone.utc))


def parsed(text):
    return utc(datetime.fromisoformat(text.replace("Z", "+00:00")))


def without(row, *names):
    return {name: value for name, value in row.items() if name not in names}


def tour(row):
    return {"id": str(row["id"]), "title": row["name"], "created_at": seconds(row["start"]["at"]),
            "updated_at": parsed(row["edited"]), "extra": without(row, "id", "rider", "name", "notes", "edited", "companions") | {
                "start": without(row["start"], "at")}} | (
                    {"text": row["notes"]} if row["notes"] else {}) | ({"fields_withheld": 1} if row["companions"] else {})


def photo(row):
    return {"id": str(row["id"]), "caption": row["caption"], "original_name": row["file"]["name"],
            "created_at": seconds(row["taken"] / 1000), "width": row["px"]["w"], "height": row["px"]["h"],
            "extra": {"geo": row["geo"], "tourId": row["tourId"]}}


def track(row):
    return {"id": str(row["id"]), "original_name": row["name"], "created_at": parsed(row["meta"]["recorded"]),
            "extra": {"meta": {"device": row["meta"]["device"]}}}


def comment(row):
    return {"id": str(row["id"]), "text": row["body"], "created_at": parsed(row["posted"]), "fields_withheld": 1,
            "extra": {"hearts": row["hearts"], "tour": row["tour"]}}


def login(row):
    return {"id": str(row["id"]), "created_at": seconds(row["began"]), "ip": row["from"], "user_agent": row["agent"],
            "fields_withheld": 1}


def order(row):
    return {"id": row["id"], "kind": "invoice", "created_at": parsed(row["placed"]), "amount": repr(row["total"]),
            "currency": row["currency"], "status": row["state"].lower(), "fields_withheld": 1, "extra": {"lines": row["lines"]}}


def profile(row):
    about, contact, home = row["about"], row["contact"], row["about"]["home"]
    return {"id": str(row["id"]), "username": row["nick"], "language": row["lang"], "created_at": parsed(row["registered"]),
            "email": contact["mail"], "email_verified": contact["confirmed"], "bio": about["text"], "birth_date": about["born"],
            "country": home["country"], "plan": row["membership"]["tier"], "last_seen_at": seconds(row["lastRide"]),
            "fields_withheld": 2, "extra": {
                "about": {"home": without(home, "country")}, "ftp": row["ftp"], "shopAccount": row["shopAccount"],
                "membership": without(row["membership"], "tier"), "wheels": row["wheels"]}}


def due(person):
    """{category: [record]} of a person, without the members that say where files are."""
    rider = rows("riders", "id", person)[0]
    return {
        "profile": [profile(rider)],
        "badges": [{"id": str(row["no"]), "title": row["label"], "created_at": seconds(row["at"])} for row in rider["badges"]],
        "tours": [tour(row) for row in rows("tours", "rider", person)],
        "photos": [photo(row) for row in rows("photos", "rider", person)],
        "tracks": [track(row) for row in rows("tracks", "meta/rider", person)],
        "comments": [comment(row) for row in rows("comments", "author", person) if row["state"] != "held"],
        "logins": [login(row) for row in rows("logins", "rider", person)],
        "orders": [order(row) for row in rows("orders", "customer", rider["shopAccount"])],
        "live_position": [],
    }


def two_at_a_time(document):
    document["apis"]["files"]["limits"] = {"concurrency": 2}


def part(document, name):
    """A category of a description."""
    return next(category for category in document["categories"] if category["id"] == name)


def sorted_by_id(records):
    return sorted(records, key=lambda record: record["id"])


def with_decimals(value):
    """As archives hold what json-server writes: numbers with a fraction are texts."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else repr(value)
    if isinstance(value, list):
        return [with_decimals(part) for part in value]
    return {name: with_decimals(part) for name, part in value.items()} if isinstance(value, dict) else value


class Running(unittest.TestCase):
    """The servers, started once for the class."""
    nginx, edit = {}, None

    @classmethod
    def setUpClass(cls):
        cls.servers = cls.enterClassContext(Spokelog(cls.edit, **cls.nginx))

    def export(self, person, *extra, code=0, edit=None, **options):
        return harness.export(str(person), *extra, code=code, description=self.servers.description(edit), **options)

    def failed(self, person, code, sentence, edit=None, **options):
        """An export that must not leave an archive, and says why."""
        out = scratch("out")
        run = try_export(str(person), out, description=self.servers.description(edit), **options)
        self.assertEqual(run.code, code, run)
        self.assertIn(sentence, run.err)
        self.assertEqual(harness.published(out), [])
        return run


class Complete(Running):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.archive = cls.export(cls, FULL, "--fail-on-drift", edit=two_at_a_time)

    def test_outcome_and_signature(self):
        self.assertEqual(self.archive.report["outcome"], "complete")
        run = holdall("verify", self.archive.zip, "-p", harness.public_key())
        self.assertEqual(run.code, 0, run)

    def test_records_are_what_the_data_say(self):
        wanted = due(FULL)
        self.assertEqual([category["id"] for category in self.archive.export["categories"]], list(wanted))
        for category in self.archive.export["categories"]:
            with self.subTest(category["id"]):
                found = [without(record, "files") for record in self.archive.records(category)]
                self.assertEqual(sorted_by_id(found), sorted_by_id(with_decimals(wanted[category["id"]])))

    def test_files_are_byte_for_byte_those_of_the_server(self):
        names = {"photos": "photos/1042/{}.png", "tracks": "tracks/1042/{}.gpx"}
        for category in self.archive.export["categories"]:
            for record in self.archive.records(category) if category["id"] in names else []:
                entry = record["files"][0]
                source = self.servers.files / names[category["id"]].format(record["id"])
                self.assertEqual(entry["sha256"], hashlib.sha256(source.read_bytes()).hexdigest())
                self.assertEqual((self.archive.tree / entry["path"]).read_bytes(), source.read_bytes())
        self.assertEqual(self.archive.export["totals"]["files"]["delivered"], 21)

    def test_nobody_else_and_no_secret_is_in_it(self):
        others = [str(row["id"]).encode() for name, field in (("tours", "rider"), ("photos", "rider"), ("tracks", "meta/rider"))
                  for person in (OTHER, LOST) for row in rows(name, field, person)]
        for path in self.archive.tree.rglob("*"):
            data = path.read_bytes() if path.is_file() else b""
            for text in (CANARY, b"rider-1077", b"C-00544", *others):
                # The only mention of somebody else is the number of pixels' bytes; texts are what counts.
                self.assertFalse(text in data and path.suffix != ".png", f"{text!r} is in {path.name}")

    def test_language_of_the_person(self):
        privacy = harness.read_json(self.archive.tree / "data" / "privacy.json")
        self.assertEqual(privacy["language"], "fr")
        self.assertIn("Connexions", [category["title"] for category in self.archive.export["categories"]])

    def test_connections_are_used_again(self):
        files = [request for request in self.servers.requests() if request["path"].startswith(("/photos/1042", "/tracks/1042"))]
        connections = {request["connection"] for request in files[:21]}
        self.assertLessEqual(len(connections), 2)  # two_at_a_time
        self.assertGreater(max(request["number"] for request in files[:21]), 5)

    def test_range_of_time(self):
        since, until = "2024-05-01T00:00:00Z", "2024-06-01T00:00:00Z"
        archive = self.export(FULL, "--since", since, "--until", until, "--category", "tours,orders")
        for category, name in zip(archive.export["categories"], ("tours", "orders")):
            wanted = {record["id"] for record in due(FULL)[name] if since <= record["created_at"] < until}
            self.assertEqual({record["id"] for record in archive.records(category)}, wanted)

    def test_somebody_with_less(self):
        archive = self.export(OTHER)
        counts = {category["id"]: category["records"]["delivered"] for category in archive.export["categories"]}
        self.assertEqual(counts, {name: len(records) for name, records in due(OTHER).items()})

    def test_nobody(self):
        self.assertEqual(self.failed(9999, 6, "riders/9999: HTTP 404").out, "outcome: no_subject\n")


class Faults(Running):
    def test_a_file_that_is_not_there(self):
        run = self.failed(LOST, 3, "nothing was published")
        self.assertRegex(run.out, r"missing: photos: photo of record \d+: gone: GET https://localhost:\d+: HTTP 404")
        archive = self.export(LOST, "--allow-partial", code=3)
        lost = [str(row["id"]) for row in rows("photos", "rider", LOST)
                if not (self.servers.files / f"photos/{LOST}/{row['id']}.png").exists()]
        missing = harness.read_lines(archive.tree / "data" / "missing.jsonl")
        self.assertEqual([(line["category"], line["cause"], [line["id"]]) for line in missing], [("photos", "gone", lost)])

    def test_an_identifier_that_the_person_lacks(self):
        """No shop account: the category is empty. Its request is not sent: this one would answer with everybody's orders."""
        def edit(document):
            orders = part(document, "orders")
            orders["subject"] = "request"
            orders["from"]["body"]["query"] = orders["from"]["body"]["query"].replace("customer: $c", "")
        for edited in (None, edit):
            archive = self.export(LOST, "--allow-partial", "--category", "orders", edit=edited)
            self.assertEqual(archive.export["totals"]["records"]["expected"], 0)

    def test_an_authority_that_nobody_trusts(self):
        stranger = fake.Authority("Another Authority")

        def edit(document):
            document["apis"]["files"]["tls"]["ca"] = str(stranger.certificate)
        run = self.failed(FULL, 1, "the connection cannot be trusted (see tls): SSL certificate problem", edit=edit)
        self.assertRegex(run.err, "^holdall: (photos|tracks): a file of record")

    def test_the_authorities_of_the_system_do_not_know_it(self):
        def edit(document):
            del document["apis"]["files"]["tls"]
        self.failed(FULL, 1, "the connection cannot be trusted", edit=edit)

    def test_files_at_an_origin_of_no_api(self):
        """Nothing says how to reach them, and the error says why."""
        def edit(document):
            del document["apis"]["files"]
        self.failed(FULL, 4, "allow_addresses does not name it; no API of the description has this origin", edit=edit)

    def test_files_at_an_origin_that_is_not_allowed(self):
        def edit(document):
            for name in ("photos", "tracks"):
                part(document, name)["media"][0]["origins"] = ["https://files.spokelog.example"]
        self.failed(FULL, 4, "leads to https://localhost", edit=edit)

    def test_an_error_with_status_200(self):
        def edit(document):
            body = part(document, "orders")["from"]["body"]
            body["query"] = body["query"].replace("placed", "plaved")
        self.failed(FULL, 1, "orders: page 1: the service answers with an error at /errors", edit=edit)

    def test_an_address_that_is_not_public(self):
        def edit(document):
            del document["apis"]["log"]["allow_addresses"]
        self.failed(FULL, 4, "the address of localhost is not public, and allow_addresses does not name it", edit=edit)

    def test_a_filter_that_the_server_does_not_know(self):
        """json-server answers such a request with everybody's rows."""
        def edit(document):
            part(document, "logins")["from"]["query"] = {"Rider": "{rider}"}
        self.failed(FULL, 4, "/rider names another subject", edit=edit)

    def test_a_page_that_leads_to_another_server(self):
        """The pages' own addresses must not be a way out of the API."""
        def edit(document):
            document["apis"]["log"]["headers"] = {"Host": "log.spokelog.example"}
        self.failed(FULL, 1, "the next page is named by an address outside the API", edit=edit)


class Certificates(unittest.TestCase):
    """nginx lets nobody in without a certificate that another authority made."""

    def test_client_certificate(self):
        clients = fake.Authority("Clients Example")
        certificate, key = clients.client()

        def show(document):
            document["apis"]["files"]["tls"] |= {"certificate": str(certificate), "key": {"file": str(key)}}
        with Spokelog(client_ca=clients.certificate) as servers:
            self.assertEqual(harness.export(str(FULL), description=servers.description(show)).report["outcome"], "complete")
            self.assertEqual({request["client"] for request in servers.requests()}, {"CN=client"})
            run = try_export(str(FULL), scratch("out"), "--category", "photos", description=servers.description())
            self.assertEqual(run.code, 3, run)
            self.assertIn("HTTP 400", run.out)


class Passwords(unittest.TestCase):
    """json-server behind nginx, which asks for a user name and a password."""

    def test_basic(self):
        with Spokelog(location="location /api/ { auth_basic log; auth_basic_user_file FOLDER/passwords;"
                               " proxy_pass http://localhost:8701/; }") as servers:
            servers.allow("exporter", "open sesame")

            def edit(document):
                document["apis"]["log"] = document["apis"]["files"] | {
                    "url": servers.origins["files"] + "/api",
                    "auth": {"type": "basic", "username": "exporter", "password": {"env": "SPOKELOG_PASSWORD"}}}
                document["categories"] = [part(document, name) for name in ("profile", "badges", "logins")]
            for password, code in (("open sesame", 0), ("open barley", 1)):
                run = try_export(str(FULL), scratch("out"), description=servers.description(edit),
                                 env=harness.environment(SPOKELOG_PASSWORD=password))
                self.assertEqual(run.code, code, run)
                self.assertNotIn(password, run.err + run.out)
            self.assertIn("HTTP 401", run.err)
            keys = {request["key"] for request in servers.requests(lambda told: told[-1]["status"] == 401)}
            self.assertEqual(keys, {realservers.basic("exporter", password) for password in ("open sesame", "open barley")})


class Cut(unittest.TestCase):
    """One film of some MiB, sent slowly, and what happens to nginx meanwhile."""
    SIZE, RATE = 6 * MIB, "2m"

    def add_film(self, log, files):
        film = os.urandom(self.SIZE)
        (files / "photos" / "film.png").write_bytes(film)
        self.sha256 = hashlib.sha256(film).hexdigest()
        log["photos"] = [row for row in log["photos"] if row["rider"] == FULL][:1]
        log["photos"][0]["file"] |= {"href": realservers.ORIGINS["files"] + "/photos/film.png", "bytes": self.SIZE, "sha256": self.sha256}

    def interrupted(self, servers, act, *extra):
        """An export of that film during which ACT(nginx) happens. Returns (exit code, folder, output)."""
        out, nginx = scratch("out"), servers.processes["files"]
        argv = harness.export_arguments(str(FULL), out, "--category", "photos", *extra, description=servers.description())
        with subprocess.Popen([harness.binary(), *argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.STDOUT, env=harness.environment()) as process:
            end = time.monotonic() + harness.TIMEOUT
            while nginx.has_read() < MIB and process.poll() is None and time.monotonic() < end:
                time.sleep(0.02)
            act(nginx)
            printed = process.communicate(timeout=harness.TIMEOUT)[0]
        return process.returncode, out, printed

    def test_a_worker_that_dies(self):
        """The rest is asked for with a range and the ETag, and the file is whole."""
        with Spokelog(self.add_film, server=f"limit_rate {self.RATE};") as servers:
            code, out, printed = self.interrupted(
                servers, lambda nginx: [os.kill(worker, signal.SIGKILL) for worker in nginx.children()])
            self.assertEqual(code, 0, printed)
            last = servers.requests(lambda told: told[-1]["status"] == 206)[-1]
            self.assertEqual((last["path"], last["status"]), ("/photos/film.png", 206))
            self.assertRegex(last["range"], "^bytes=[1-9][0-9]+-$")
            self.assertRegex(last["if_match"], '^"')
            archive = harness.Archive(out, None)
            entry = archive.records(archive.export["categories"][0])[0]["files"][0]
            self.assertEqual((entry["size"], entry["sha256"]), (self.SIZE, self.sha256))

    def test_a_server_that_goes_away(self):
        with Spokelog(self.add_film, server=f"limit_rate {self.RATE};") as servers:
            code, out, printed = self.interrupted(servers, lambda nginx: nginx.kill())
            self.assertEqual(code, 3, printed)
            self.assertIn("unavailable", printed)
            self.assertEqual((harness.published(out), len(harness.kept(out))), ([], 1))


if __name__ == "__main__":
    harness.main()
