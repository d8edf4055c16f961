#!/usr/bin/python3
"""Proves that an export which must not be made is not made: the right exit code, and nothing is left anywhere.

Another person's record, a key that leads elsewhere, lists that do not add up, an unknown person, a description with
mistakes, a target that is there already, a command line that says too little. Keys are for test_keys.py.
"""

import fcntl
import json
import os
import re
import shutil
import sys
import unittest

sys.dont_write_bytecode = True
import harness  # noqa: E402
from harness import COMPLETE, holdall, leftovers, read_lines, root, schema, schema_errors, scratch, try_export  # noqa: E402

CANARY = "NEVER-EXPORT"
OUTCOMES = {1: "failed", 4: "refused", 6: "no_subject"}


def table():
    """{folder: exit code} from the README of fixtures/refused."""
    text = (root() / "fixtures/refused/README.md").read_text(encoding="utf-8")
    return {name: int(code) for name, code in re.findall(r"^\| `([a-z_]+)` \|.*\| ([0-9]+) \|$", text, re.MULTILINE)}


class Stores(unittest.TestCase):
    """Every store of fixtures/refused."""

    def refused(self, name, code):
        place, stage = scratch(name), scratch("stage")
        folder = place / "out"
        folder.mkdir()
        run = try_export("usr_x2", folder, "--report", place / "report.json", "--events", place / "events.jsonl",
                         "--stage", stage, "--allow-partial", description=root() / f"fixtures/refused/{name}/service.json")
        self.assertEqual(run.code, code, run)
        self.assertEqual(leftovers(folder), [], run)
        self.assertEqual(leftovers(stage), [], run)
        return place, run

    def test_every_folder_is_in_the_table(self):
        folders = {path.parent.name for path in (root() / "fixtures/refused").glob("*/service.json")}
        self.assertEqual(set(table()), folders)
        self.assertLessEqual({"other_person", "traversal", "prefix"}, folders)

    def test_nothing_is_published(self):
        for name, code in table().items():
            with self.subTest(name):
                place, run = self.refused(name, code)
                report = harness.read_json(place / "report.json")
                self.assertEqual(schema_errors(report, schema("report")), [])
                self.assertEqual((report["outcome"], report["exit_code"], report["published"]), (OUTCOMES[code], code, False))
                last = read_lines(place / "events.jsonl")[-1]
                self.assertEqual((last["event"], last["exit_code"], last["published"]), ("finish", code, False))

    def test_the_sentence_says_where(self):
        for name in ("other_person", "no_person", "traversal", "prefix"):
            with self.subTest(name):
                _, run = self.refused(name, 4)
                line = run.err.strip().splitlines()[-1]
                self.assertRegex(line, "^holdall: (prompts|uploads|outputs|pictures|notes)")

    def test_nobody_elses_data_are_told(self):
        for name, code in table().items():
            with self.subTest(name):
                place, run = self.refused(name, code)
                told = run.out + run.err + "".join(path.read_text(encoding="utf-8") for path in place.glob("*.json*"))
                self.assertNotIn(CANARY, told)

    def test_without_a_stage_folder(self):
        for name, code in table().items():
            with self.subTest(name):
                folder = scratch(name)
                run = try_export("usr_x2", folder, description=root() / f"fixtures/refused/{name}/service.json")
                self.assertEqual((run.code, leftovers(folder)), (code, []), run)

    def test_an_earlier_archive_stays(self):
        """A refused run with --force does not take away what is there."""
        folder = scratch("earlier")
        target = folder / "mine.zip"
        target.write_bytes(b"the archive of last year")
        run = holdall("export", "-s", root() / "fixtures/refused/other_person/service.json", "-u", "usr_x2", "-k",
                      harness.secret_key(), "-o", target, "--force")
        self.assertEqual(run.code, 4, run)
        self.assertEqual((leftovers(folder), target.read_bytes()), (["mine.zip"], b"the archive of last year"))


class Names(unittest.TestCase):
    def test_of_a_file_that_leads_elsewhere(self):
        """What a person called a file stands in no sentence, also where its key is refused."""
        place = scratch("names") / "minimal"
        shutil.copytree(root() / "fixtures/minimal", place)
        document = harness.read_json(place / "service.json")
        pictures = next(one for one in document["categories"] if one["id"] == "pictures")
        pictures["media"][0]["key"] = "/key"
        path = place / "store/people/12/pictures.json"
        page = harness.read_json(path)
        for item in page["items"]:
            item["key"] = f"pictures/12/./{CANARY}.png"
        for target, value in ((place / "service.json", document), (path, page)):
            target.write_text(json.dumps(value), encoding="utf-8")
        out = place / "out"
        out.mkdir()
        run = try_export("12", out, "--report", place / "report.json", description=place / "service.json")
        self.assertEqual((run.code, leftovers(out)), (4, []), run)
        self.assertIn("the file leads out of the store", run.err)
        self.assertNotIn(CANARY, run.out + run.err + (place / "report.json").read_text(encoding="utf-8"))


class Persons(unittest.TestCase):
    def test_unknown(self):
        folder = scratch("unknown")
        run = try_export("usr_000000000000", folder, "--allow-partial")
        self.assertEqual((run.code, leftovers(folder)), (6, []), run)
        self.assertEqual(holdall("plan", "-s", harness.service(), "-u", "usr_000000000000").code, 6)

    def test_id_that_begins_another(self):
        """`1` begins `12`, which begins `123`: each is somebody else."""
        service = root() / "fixtures/minimal/service.json"
        folder = scratch("minimal")
        self.assertEqual(try_export("1", folder, description=service).code, 6)
        run = try_export("12", folder, description=service)
        self.assertEqual(run.code, 0, run)
        archive = harness.Archive(folder, run)
        store = root() / "fixtures/minimal/store"
        notes = {record["text"] for category in archive.export["categories"] if category["id"] == "notes"
                 for record in archive.records(category)}
        self.assertEqual(notes, {item["text"] for page in (store / "people/12").glob("notes*.json")
                                 for item in harness.read_json(page)["items"]})
        media = {path.read_bytes() for path in (archive.tree / "data/media").rglob("*.png")}
        self.assertEqual(media, {path.read_bytes() for path in (store / "pictures/12").iterdir()})

    def test_ids_that_are_none(self):
        """What does not match the description's pattern never reaches a path."""
        for subject in ("", "usr_7K2M9X4QP1ZA", f"{COMPLETE}\n", f"../{COMPLETE}", f"{COMPLETE}/../{harness.TROUBLED}", "*",
                        "x" * 100000):
            with self.subTest(subject=subject[:40]):
                folder = scratch("none")
                run = try_export(subject, folder)
                self.assertEqual((run.code, leftovers(folder)), (2, []), run)


class Descriptions(unittest.TestCase):
    def places(self, run, name):
        """The JSON Pointers that were printed for a description."""
        return {match[1] for match in re.finditer(rf"^(?:\S*/)?{re.escape(name)}:(/[^ ]*|): ", run.err, re.MULTILINE)}

    def test_every_mistake_at_once(self):
        for name in ("broken", "broken-meaning"):
            path = root() / f"fixtures/{name}.json"
            expected = set(path.with_suffix(".expected").read_text(encoding="utf-8").split())
            self.assertGreater(len(expected), 10)
            folder = scratch(name)
            for run in (holdall("lint", path), try_export(COMPLETE, folder, description=path),
                        holdall("plan", "-s", path, "-u", COMPLETE)):
                with self.subTest(name=name, command=run.argv[1]):
                    self.assertEqual(run.code, 2, run)
                    self.assertEqual(self.places(run, path.name), expected, run)
            self.assertEqual(leftovers(folder), [])

    def test_what_is_no_description(self):
        place = scratch("no")
        for name, data in {"empty.json": b"", "cut.json": b'{"format":', "list.json": b"[]", "latin.json": b'{"a":"\xff"}',
                           "twice.json": b'{"format":"holdall-service-1","format":"holdall-service-1"}',
                           "bom.json": b"\xef\xbb\xbf{}", "deep.json": b"[" * 100000}.items():
            with self.subTest(name):
                (place / name).write_bytes(data)
                run = holdall("lint", place / name)
                self.assertEqual(run.code, 2, run)
                self.assertIn(name, run.err)

    def test_not_there(self):
        run = try_export(COMPLETE, scratch("x"), description=scratch("x") / "gone.json")
        self.assertIn(run.code, (1, 2), run)
        self.assertIn("gone.json", run.err)


class Targets(unittest.TestCase):
    def setUp(self):
        self.folder = scratch("target")
        self.target = self.folder / "mine.zip"

    def export(self, *extra, target=None):
        return holdall("export", "-s", harness.service(), "-u", COMPLETE, "-k", harness.secret_key(), "-o", target or self.target,
                       "--as-of", harness.AS_OF, *extra)

    def test_existing_archive_is_untouched(self):
        self.target.write_bytes(b"mine")
        signature = self.folder / "mine.zip.minisig"
        signature.write_bytes(b"mine too")
        before = [(path.stat().st_mtime_ns, path.read_bytes()) for path in (self.target, signature)]
        run = self.export()
        self.assertEqual(run.code, 1, run)
        self.assertIn("--force", run.err)
        self.assertEqual([(path.stat().st_mtime_ns, path.read_bytes()) for path in (self.target, signature)], before)
        self.assertEqual(leftovers(self.folder), ["mine.zip", "mine.zip.minisig"])

    def test_force_replaces_it(self):
        self.target.write_bytes(b"mine")
        run = self.export("--force")
        self.assertEqual(run.code, 0, run)
        self.assertEqual(self.target.read_bytes()[:2], b"PK")
        self.assertEqual(leftovers(self.folder), ["mine.zip", "mine.zip.minisig"])

    def test_signature_without_its_archive_is_replaced(self):
        (self.folder / "mine.zip.minisig").write_bytes(b"of a run that died")
        run = self.export()
        self.assertEqual(run.code, 0, run)
        self.assertNotEqual((self.folder / "mine.zip.minisig").read_bytes(), b"of a run that died")

    def test_without_a_detached_signature(self):
        run = self.export("--no-detached")
        self.assertEqual((run.code, leftovers(self.folder)), (0, ["mine.zip"]), run)

    def test_signature_of_the_archive_before(self):
        """It does not belong to the new one, beside which it would make every check fail."""
        self.export()
        run = self.export("--force", "--no-detached")
        self.assertEqual((run.code, leftovers(self.folder)), (0, ["mine.zip"]), run)
        check = holdall("verify", self.target, "-p", harness.public_key())
        self.assertEqual(check.code, 0, check)

    def test_report_that_cannot_be_written(self):
        """Said before anything is published: exit code 1 promises that nothing is."""
        for place in (self.folder / "gone" / "report.json", self.folder):
            run = self.export("--report", place)
            self.assertEqual((run.code, leftovers(self.folder)), (1, []), run)
            self.assertRegex(run.err, "the report: (cannot |there is no directory )")

    def test_report_of_a_run_that_found_another_at_work(self):
        stage = self.folder / "mine.zip.holdall"
        stage.mkdir()
        held = os.open(stage, os.O_RDONLY)
        self.addCleanup(os.close, held)
        fcntl.flock(held, fcntl.LOCK_EX)
        report = scratch("busy") / "report.json"
        run = self.export("--report", report)
        self.assertEqual(run.code, 1, run)
        self.assertEqual(harness.read_json(report)["error"]["code"], "busy")

    def test_symbolic_link_is_not_followed(self):
        """The target may not lead elsewhere: what the link points at is somebody's file."""
        other = scratch("other") / "precious"
        other.write_bytes(b"precious")
        self.target.symlink_to(other)
        run = self.export()
        self.assertEqual((run.code, other.read_bytes(), self.target.is_symlink()), (1, b"precious", True), run)

    def test_folder_that_is_not_there(self):
        run = self.export(target=self.folder / "gone" / "mine.zip")
        self.assertEqual(run.code, 1, run)
        self.assertIn("gone", run.err)

    @unittest.skipIf(os.geteuid() == 0, "root may write everywhere")
    def test_folder_that_cannot_be_written(self):
        self.folder.chmod(0o500)
        run = self.export()
        self.folder.chmod(0o700)
        self.assertEqual((run.code, leftovers(self.folder)), (1, []), run)


class CommandLine(unittest.TestCase):
    """What is wrong is a usage error: exit code 2, one line that names it, nothing contacted and nothing written."""

    def wrong(self, word, *options, base=True, command="export"):
        folder = scratch("usage")
        given = ["-s", harness.service(), "-u", COMPLETE, "-k", harness.secret_key(), "-o", f"{folder}/"] if base else []
        run = holdall(command, *given, *options, cwd=folder)
        self.assertEqual(run.code, 2, run)
        self.assertEqual(leftovers(folder), [])
        self.assertIn(word, run.err, run)
        self.assertLessEqual(len(run.err.splitlines()), 2, run)
        self.assertEqual(run.out, "")

    def test_options_that_are_none(self):
        self.wrong("--frobnicate", "--frobnicate")
        self.wrong("-Z", "-Z")
        self.wrong("--memory", "--memory")
        self.wrong("surplus", "surplus")

    def test_values_that_are_none(self):
        for option, value in (("--memory", "lots"), ("--memory", "0"), ("--memory", "-1"), ("--as-of", "yesterday"),
                              ("--as-of", "2026-02-30T00:00:00Z"), ("--since", "2026"), ("--until", "soon"),
                              ("--scope", "everything"), ("--category", "nonsense"), ("--category", "prompts,nonsense"),
                              ("--export-id", "7"), ("--language", "not a tag"), ("--requested-at", "now")):
            with self.subTest(option=option, value=value):
                self.wrong(value.rpartition(",")[2], option, value)

    def test_what_is_missing(self):
        key, service = ["-k", harness.secret_key()], ["-s", harness.service()]
        self.wrong("-s", "-u", COMPLETE, *key, base=False)
        self.wrong("-u", *service, *key, base=False)
        self.wrong("key", *service, "-u", COMPLETE, base=False)

    def test_two_subjects(self):
        request = scratch("request") / "request.json"
        request.write_text('{"format":"holdall-request-1","subject":"usr_3f8t5w0rb6dn"}', encoding="utf-8")
        self.wrong("request", "--request", request)

    def test_since_after_until(self):
        self.wrong("--until", "--since", "2026-02-01T00:00:00Z", "--until", "2026-01-01T00:00:00Z")


class Requests(unittest.TestCase):
    """--request keeps the subject out of the process list."""

    def request(self, text, *extra, **options):
        folder = scratch("request")
        (folder / "request.json").write_text(text, encoding="utf-8")
        run = holdall("export", "-s", harness.service(), "--request", folder / "request.json", "-k", harness.secret_key(), "-o",
                      f"{folder}/", *extra, **options)
        return folder, run

    def test_good(self):
        text = (f'{{"format":"holdall-request-1","subject":"{harness.TROUBLED}","request_id":"req-9","scope":"portability",'
                f'"requested_at":"2026-10-30T08:00:00Z","as_of":"{harness.AS_OF}","operator":"desk 4"}}')
        folder, run = self.request(text, "--allow-partial")
        self.assertEqual(run.code, 3, run)
        export = harness.Archive(folder, run).export
        self.assertEqual((export["subject"]["id"], export["scope"], export["as_of"]), (harness.TROUBLED, "portability", harness.AS_OF))
        self.assertEqual(export["request"], {"id": "req-9", "requested_at": "2026-10-30T08:00:00Z"})
        self.assertTrue(all("portability" in category["scope"] for category in export["categories"]))

    def test_from_standard_input(self):
        folder = scratch("stdin")
        text = f'{{"format":"holdall-request-1","subject":"{COMPLETE}"}}'
        run = holdall("export", "-s", harness.service(), "--request", "-", "-k", harness.secret_key(), "-o", f"{folder}/",
                      stdin=text.encode())
        self.assertEqual(run.code, 0, run)
        self.assertEqual(harness.Archive(folder, run).export["subject"]["id"], COMPLETE)

    def test_bad(self):
        for text in ("", "[]", '{"format":"holdall-request-2","subject":"x"}', '{"format":"holdall-request-1"}',
                     f'{{"format":"holdall-request-1","subject":"{COMPLETE}","surprise":1}}'):
            with self.subTest(text=text):
                folder, run = self.request(text)
                self.assertEqual((run.code, leftovers(folder)), (2, ["request.json"]), run)


if __name__ == "__main__":
    harness.main()
