#!/usr/bin/python3
"""Proves what the command line promises beside exports: help, schemas, keys, plan, lint, events and the report.

Documents are judged by Debian's python3-jsonschema against formats/. Exit codes and refusals of an export are for
test_refused.py.
"""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import unittest

sys.dont_write_bytecode = True
import harness  # noqa: E402
from harness import COMPLETE, TROUBLED, complete, export, holdall, read_lines, scratch, schema, schema_errors, troubled  # noqa: E402

COMMANDS = ["export", "plan", "probe", "verify", "inspect", "lint", "keygen", "pubkey", "schema", "help"]
ERROR_LINE = re.compile(r'X\(\w+, \d+, "(\w+)", (\d+), "([^"]*)"\)')


def words(archive):
    """What the person wrote: prompts, titles and original names, as far as they are long enough to be searched for."""
    for category in archive.export["categories"]:
        for record in archive.records(category):
            for value in (record.get("text"), record.get("title"), *(one.get("original_name") for one in record.get("files", []))):
                if value and len(value) > 8:
                    yield value


class Help(unittest.TestCase):
    def test_every_command(self):
        overview = holdall("help")
        self.assertEqual(overview.code, 0, overview)
        for name in COMMANDS:
            with self.subTest(name):
                self.assertRegex(overview.out, rf"(?m)^ *{name}\b")
                pages = [holdall("help", name), holdall(name, "--help"), holdall(name, "-h")]
                self.assertEqual({page.code for page in pages}, {0})
                self.assertEqual(len({page.out for page in pages}), 1)
                self.assertTrue(pages[0].out.startswith(f"Usage: holdall {name}"), pages[0])

    def test_every_error(self):
        text = harness.root().joinpath("include/holdall/error.h").read_text(encoding="utf-8")
        table = ERROR_LINE.findall(text)
        self.assertGreater(len(table), 20)
        for word, status, meaning in table:
            with self.subTest(word):
                page = holdall("help", word)
                self.assertEqual(page.code, 0, page)
                self.assertIn(meaning, page.out)
                self.assertIn(status, page.out)
                if word != "ok":
                    self.assertRegex(page.out, r"\nwhat to do: [A-Z].*\.\n$")

    def test_version(self):
        self.assertRegex(holdall("--version").out, r"^holdall [0-9]+\.[0-9]+\.[0-9]+\n$")

    def test_what_is_none(self):
        for argv in ([], ["nonsense"], ["--nonsense"], ["help", "nonsense"], ["schema", "nonsense"], ["--version", "x"]):
            with self.subTest(argv):
                run = holdall(*argv)
                self.assertEqual((run.code, run.out, len(run.err.splitlines())), (2, "", 1), run)

    def test_closed_output_is_an_error(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([harness.binary(), "help"], stdout=full, stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"standard output", done.stderr)


class Schemas(unittest.TestCase):
    def test_printed_as_they_are_published(self):
        listed = holdall("schema").out.split()
        files = sorted(path.name.removesuffix(".schema.json") for path in harness.root().glob("formats/*.schema.json"))
        self.assertEqual(sorted(listed), files)
        for name in files:
            with self.subTest(name):
                printed = holdall("schema", name)
                self.assertEqual(printed.raw, harness.root().joinpath(f"formats/{name}.schema.json").read_bytes())


class Lint(unittest.TestCase):
    def test_good(self):
        run = holdall("lint", harness.service())
        self.assertEqual(run.code, 0, run)
        self.assertEqual(run.out, f"ok: {harness.service()}: no errors, 1 warning\n")
        self.assertIn("/categories/10/subject", run.err)

    def test_every_mistake_at_once(self):
        for name in ("broken", "broken-meaning"):
            with self.subTest(name):
                path = harness.root() / "fixtures" / f"{name}.json"
                due = path.with_suffix(".expected").read_text(encoding="utf-8").split("\n")[:-1]
                run = holdall("lint", path)
                self.assertEqual(run.code, 2, run)
                told = [line.split(":")[1] for line in run.err.splitlines() if line.startswith(f"{path}:")]
                self.assertEqual(sorted(told), sorted(due), run)

    def catalogue(self, change):
        """Lints the sample description over a copy of its catalogues that CHANGE altered."""
        folder = scratch("texts")
        description = json.loads(harness.service().read_text(encoding="utf-8"))
        (folder / "privacy").mkdir()
        for path in harness.fixture("privacy").glob("*.json"):
            (folder / "privacy" / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
        (folder / "service.json").write_text(json.dumps(description), encoding="utf-8")
        change(folder)
        return holdall("lint", folder / "service.json")

    def test_catalogues(self):
        def without(folder):
            path = folder / "privacy/de.json"
            catalogue = json.loads(path.read_text(encoding="utf-8"))
            del catalogue["texts"]["purposes.operate"], catalogue["texts"]["disclosures"]
            path.write_text(json.dumps(catalogue), encoding="utf-8")

        def other(folder):
            (folder / "privacy/de.json").write_text((folder / "privacy/en.json").read_text(encoding="utf-8"), encoding="utf-8")
        for change, due in ((without, ("purposes.operate", "disclosures")), (other, ("/language",)),
                            (lambda folder: (folder / "privacy/de.json").unlink(), ("cannot read", "de.json")),
                            (lambda folder: (folder / "privacy/de.json").write_text("{", encoding="utf-8"), ("de.json",))):
            run = self.catalogue(change)
            self.assertEqual(run.code, 2, run)
            for word in due:
                self.assertIn(word, run.err)
        self.assertEqual(self.catalogue(lambda folder: None).code, 0)

    def test_policy_on_unknown_fields(self):
        """`fail` makes drift an error of the run, like --fail-on-drift."""
        folder = scratch("policy")
        description = json.loads(harness.service().read_text(encoding="utf-8"))
        description["policy"]["unknown"] = "fail"
        (folder / "privacy").symlink_to(harness.fixture("privacy"))
        (folder / "store").symlink_to(harness.fixture("store"))
        (folder / "service.json").write_text(json.dumps(description), encoding="utf-8")
        for extra, place in ((["--allow-partial"], folder / "service.json"), (["--allow-partial", "--fail-on-drift"], None)):
            out = scratch("out")
            run = harness.try_export(TROUBLED, out, *extra, description=place)
            self.assertEqual((run.code, list(out.iterdir())), (1, []), run)
            self.assertIn("not known to the description", run.err)


class Plan(unittest.TestCase):
    def plan(self, *extra):
        run = holdall("plan", "-s", harness.service(), "-u", COMPLETE, *extra)
        self.assertEqual(run.code, 0, run)
        return run

    def test_document(self):
        document = json.loads(self.plan("--format", "json").out)
        self.assertEqual(schema_errors(document, schema("plan")), [])
        totals = complete().export["totals"]
        self.assertEqual(document["totals"]["records"], totals["records"]["expected"])
        self.assertEqual(document["totals"]["files"], totals["files"]["expected"])

    def test_table(self):
        table = self.plan().out
        for category in complete().export["categories"]:
            self.assertRegex(table, rf"(?m)^{category['id']} ")

    def test_dry_run_is_the_plan(self):
        folder = scratch("dry")
        run = harness.try_export(COMPLETE, folder, "--dry-run")
        self.assertEqual((run.code, list(folder.iterdir())), (0, []), run)
        self.assertEqual(run.out, self.plan("--as-of", harness.AS_OF).out)

    def test_ids_that_come_again(self):
        """The same item on two pages counts once, and that is told. An id that is none would lose items: that ends the run."""
        for numbers, code, told in (((0, 0, 0), 0, "\nrepeated: notes: 2 items with the id of an earlier one, which alone was taken\n"),
                                    ((0, 0, 1), 1, "holdall: notes: page 1: item 3: its id came before with other contents")):
            with self.subTest(numbers):
                run = self.plan_of_notes([{"n": n, "by": 7} for n in numbers])
                self.assertEqual(run.code, code, run)
                self.assertIn(told, run.out + run.err)

    def plan_of_notes(self, notes):
        """The plan of a service whose notes have for their id who wrote them."""
        folder = scratch("repeated")
        (folder / "7").mkdir()
        (folder / "7/notes.json").write_text(json.dumps(notes), encoding="utf-8")
        (folder / "service.json").write_text(json.dumps({
            "format": "holdall-service-1", "subject": {"primary": "user", "pattern": "^[0-9]+$"},
            "service": {"id": "tinbox", "name": "Tinbox",
                        "controller": {"name": "Tinbox", "email": "privacy@tinbox.example"}},
            "apis": {"store": {"kind": "file", "root": "."}},
            "categories": [{"id": "notes", "record": "record", "scope": ["access"], "subject": "/by",
                            "from": {"api": "store", "get": "/{user}/notes"}, "keep": ["/n"],
                            "map": {"id": {"from": "/by", "as": "text"}}}]}), encoding="utf-8")
        return holdall("plan", "-s", folder / "service.json", "-u", "7")

    def test_no_category(self):
        run = holdall("plan", "-s", harness.service(), "-u", COMPLETE, "--category", ",")
        self.assertEqual((run.code, run.err), (2, "holdall: --category names no category\n"), run)

    def test_directories_that_are_not_there(self):
        """Told by their names, and before anything is published."""
        folder = scratch("nowhere")
        lost = folder / "lost"
        for what, options in (("archive", ["-o", lost / "x.zip"]), ("stage", ["--stage", lost]),
                              ("report", ["--report", lost / "report.json"])):
            with self.subTest(what):
                run = harness.try_export(COMPLETE, folder, *options) if what != "archive" else holdall(
                    "export", "-s", harness.service(), "-u", COMPLETE, "-k", harness.secret_key(), *options)
                self.assertEqual(run.code, 1, run)
                self.assertIn(f"holdall: the {what}: there is no directory {lost}; make it first\n", run.err)
                self.assertEqual(list(folder.iterdir()), [])

    def test_leaves_nothing_behind(self):
        folder = scratch("tmp")
        self.assertEqual(holdall("plan", "-s", harness.service(), "-u", COMPLETE, env=harness.environment(TMPDIR=folder)).code, 0)
        self.assertEqual(list(folder.iterdir()), [])


class Events(unittest.TestCase):
    def test_fit_their_schema_and_are_counted(self):
        for archive in (complete(), troubled()):
            events = archive.events
            for number, event in enumerate(events, 1):
                self.assertEqual(schema_errors(event, schema("event")), [], event)
                self.assertEqual(event["seq"], number)
            self.assertEqual((events[0]["event"], events[-1]["event"]), ("start", "finish"))
            self.assertEqual({event["export_id"] for event in events}, {archive.export["export_id"]})

    def test_tell_what_the_archive_holds(self):
        events, exported = troubled().events, troubled().export
        listed = {event["category"]: event["records"] for event in events if event["event"] == "category"}
        self.assertEqual(listed, {one["id"]: one["records"]["expected"] for one in exported["categories"] if one["record"] != "none"})
        states = [event["state"] for event in events if event["event"] == "item"]
        files = exported["totals"]["files"]
        self.assertEqual((states.count("delivered"), states.count("missing")), (files["delivered"], files["missing"]))
        self.assertEqual({event["cause"] for event in events if event.get("state") == "missing"}, {"gone"})
        self.assertEqual((events[-1]["outcome"], events[-1]["exit_code"], events[-1]["published"]), ("partial", 3, True))

    def test_on_a_descriptor(self):
        reader, writer = os.pipe()
        archive = export(TROUBLED, "--allow-partial", "--quiet", code=3)
        folder = scratch("fd")
        run = holdall(*harness.export_arguments(TROUBLED, folder, "--allow-partial", "--events", f"fd:{writer}"),
                      pass_fds=[writer])
        os.close(writer)
        with os.fdopen(reader, "rb") as lines:
            told = [json.loads(line)["event"] for line in lines]
        self.assertEqual(run.code, 3, run)
        self.assertEqual(set(told), {event["event"] for event in archive.events})

    def silent(self, folder):
        """A run whose events nobody reads, in a pipe that is full already."""
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        os.set_blocking(writer, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writer, b"x" * 4096)
        os.set_blocking(writer, True)
        argv = [harness.binary(), *harness.export_arguments(COMPLETE, folder, "--events", f"fd:{writer}")]
        run = subprocess.Popen([os.fspath(word) for word in argv], pass_fds=[writer], env=harness.environment(),
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(writer)
        self.addCleanup(run.wait)
        self.addCleanup(run.kill)
        return run

    def test_a_reader_that_reads_nothing_stops_nothing(self):
        """A full pipe ends the events after a while, and not the export."""
        harness.keys()
        folder = scratch("full")
        self.assertEqual(self.silent(folder).wait(harness.TIMEOUT), 0)
        self.assertEqual(len(list(folder.glob("*.zip"))), 1)

    def test_a_signal_while_nobody_reads(self):
        harness.keys()
        folder = scratch("full")
        run = self.silent(folder)
        time.sleep(1)
        run.send_signal(signal.SIGINT)
        self.assertEqual(run.wait(harness.TIMEOUT), 130)
        self.assertEqual(harness.leftovers(folder), [])

    def test_a_reader_that_went_away_stops_nothing(self):
        reader, writer = os.pipe()
        os.close(reader)
        run = holdall(*harness.export_arguments(TROUBLED, scratch("gone"), "--allow-partial", "--events", f"fd:{writer}"),
                      pass_fds=[writer])
        os.close(writer)
        self.assertEqual(run.code, 3, run)


class Reports(unittest.TestCase):
    def test_fit_their_schema(self):
        for archive in (complete(), troubled()):
            self.assertEqual(schema_errors(archive.report, schema("report")), [])
            self.assertEqual(archive.report_path.stat().st_mode & 0o777, 0o600)

    def test_of_runs_that_failed(self):
        for subject, description, code, outcome in (
                ("usr_000000000000", None, 6, "no_subject"), (TROUBLED, None, 3, "partial"),
                ("usr_x2", harness.root() / "fixtures/refused/other_person/service.json", 4, "refused")):
            with self.subTest(outcome):
                folder = scratch("failed")
                run = harness.try_export(subject, folder, "--report", folder / "r.json", description=description)
                self.assertEqual(run.code, code, run)
                report = harness.read_json(folder / "r.json")
                self.assertEqual(schema_errors(report, schema("report")), [])
                self.assertEqual((report["outcome"], report["published"], report["exit_code"]), (outcome, False, code))

    def test_tag_manifest(self):
        import hashlib
        manifest = complete().tree / "tagmanifest-sha256.txt"
        self.assertEqual(complete().report["archive"]["tagmanifest_sha256"], hashlib.sha256(manifest.read_bytes()).hexdigest())
        whole = hashlib.blake2b(complete().zip.read_bytes()).hexdigest()
        self.assertEqual(complete().report["archive"]["blake2b_512"], whole)

    def test_hashed_subject(self):
        """The profile's own record has the subject for its id, and the complete account's has a file that events tell of."""
        import hashlib
        for subject, code in ((TROUBLED, 3), (COMPLETE, 0)):
            archive = export(subject, "--allow-partial", "--hash-subject", code=code)
            told = archive.report_path.read_text(encoding="utf-8") + archive.events_path.read_text(encoding="utf-8")
            self.assertNotIn(subject, told)
            self.assertIn(hashlib.sha256(subject.encode()).hexdigest(), told)


class Discretion(unittest.TestCase):
    def test_nothing_the_person_wrote(self):
        """Events, report and what is printed carry counts and opaque ids only."""
        for archive in (complete(), troubled()):
            told = "\n".join([archive.report_path.read_text(encoding="utf-8"), archive.events_path.read_text(encoding="utf-8"),
                              archive.run.out, archive.run.err])
            found = {word for word in words(archive) if word in told or json.dumps(word) in told}
            self.assertEqual(found, set())
            for file in (path for path in archive.tree.joinpath("data/media").rglob("*") if path.is_file()):
                self.assertNotIn(file.name, told)


class Stored(unittest.TestCase):
    def test_store_keeps_the_manifests(self):
        given = ("--export-id", harness.EXPORT_ID)
        plain, stored = export(COMPLETE, *given), export(COMPLETE, "--store", *given)
        for name in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
            self.assertEqual((plain.tree / name).read_bytes(), (stored.tree / name).read_bytes())
        self.assertGreater(stored.zip.stat().st_size, plain.zip.stat().st_size)
        self.assertEqual(read_lines(stored.tree / "data/missing.jsonl"), [])


if __name__ == "__main__":
    harness.main()
