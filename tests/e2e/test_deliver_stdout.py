#!/usr/bin/python3
"""Proves what `-o -` does: standard output is the archive that a file would be, byte for byte, and nothing else, and it is
called published only when all of it was taken. Where it cannot be sent, nothing is, and what was built is kept.
"""

import json
import os
import pty
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
import harness  # noqa: E402
import resumecase  # noqa: E402
from harness import AS_OF, COMPLETE, EXPORT_ID, TROUBLED  # noqa: E402


ALBUM = {"subject": resumecase.USER, "service": resumecase.album}


def words(stage, *extra, subject=COMPLETE, output="-", service=harness.service):
    stage = ("--stage", stage) if stage else ()
    return ["export", "-s", service(), "-u", subject, "-k", harness.secret_key(), "-o", output, "--as-of", AS_OF,
            "--export-id", EXPORT_ID, *stage, *extra]


def argv(*args, **words_):
    return [os.fspath(word) for word in (harness.binary(), *words(*args, **words_))]


class StandardOutput(unittest.TestCase):
    def setUp(self):
        self.stage = harness.scratch("stage")

    def run_it(self, *extra, **given):
        return harness.holdall(*words(self.stage, *extra, **given))

    def test_the_archive_of_a_file_and_nothing_else(self):
        folder = harness.scratch("files")
        done = harness.holdall(*words(None, output=f"{folder}/"))
        self.assertEqual(done.code, 0, done)
        path = harness.only(folder.glob("*.zip"), done)
        run = self.run_it("--report", self.stage / "report.json")
        self.assertEqual(run.code, 0, run)
        self.assertEqual(run.raw, path.read_bytes())
        self.assertEqual(harness.leftovers(self.stage), ["report.json"], "the stage is empty after success")
        for line in ("outcome: complete", "archive: -"):
            self.assertIn(line, run.err.splitlines())

    def test_the_report_says_so(self):
        report = self.stage / "report.json"
        run = self.run_it("--report", report)
        document = harness.read_json(report)
        self.assertEqual(harness.schema_errors(document, harness.schema("report")), [])
        self.assertEqual((document["published"], document["archive"]["path"]), (True, "-"))
        self.assertEqual(document["archive"]["size"], len(run.raw))
        self.assertNotIn("signature_path", document["archive"])

    def test_what_comes_out_is_valid(self):
        run = self.run_it("-q")
        place = harness.scratch("copy") / "export.zip"
        place.write_bytes(run.raw)
        verified = harness.holdall("verify", place, "-p", harness.public_key())
        self.assertEqual(verified.code, 0, verified)

    def test_a_partial_archive_is_sent_when_it_may_be(self):
        run = self.run_it(subject=TROUBLED)
        self.assertEqual((run.code, run.raw), (3, b""), run)
        run = self.run_it("--resume", "--allow-partial", subject=TROUBLED)
        self.assertEqual((run.code, run.raw[:2]), (3, b"PK"), run)
        self.assertEqual(harness.leftovers(self.stage), [])

    def test_refused_before_anything(self):
        folder = harness.scratch("none")
        run = harness.holdall(*words(None), cwd=folder)
        self.assertEqual((run.code, run.raw), (2, b""), run)
        self.assertIn("--stage", run.err)
        self.assertEqual(harness.leftovers(folder), [])
        run = self.run_it("--events", "fd:1")
        self.assertEqual(run.code, 2, run)
        self.assertNotIn(b"PK", run.raw)

    def test_no_archive_on_a_terminal(self):
        master, slave = pty.openpty()
        done = subprocess.run(argv(self.stage), env=harness.environment(), stdout=slave, stderr=subprocess.PIPE, check=False)
        os.close(slave)
        os.close(master)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"terminal", done.stderr)
        self.assertEqual(harness.leftovers(self.stage), [])

    def test_no_set_of_volumes(self):
        events = harness.scratch("events") / "events.jsonl"
        run = self.run_it("--volume-size", "3M", "--events", events, **ALBUM)
        self.assertEqual((run.code, run.raw), (2, b""), run)
        self.assertIn("--volume-size", run.err)
        self.assertNotIn("item", {event["event"] for event in harness.read_lines(events)}, "nothing was fetched")

    def test_a_set_that_is_kept_is_not_lost(self):
        folder, sized = harness.scratch("files"), ("--volume-size", "6M")
        (folder / f"album-export-20261101-{EXPORT_ID[:8]}-part01.zip").write_bytes(b"in the way")
        run = harness.holdall(*words(self.stage, *sized, output=f"{folder}/", **ALBUM))
        self.assertEqual((run.code, len(harness.kept(self.stage))), (1, 1), run)
        run = self.run_it(*sized, "--resume", **ALBUM)
        self.assertEqual((run.code, run.raw, len(harness.kept(self.stage))), (2, b"", 1), run)
        self.assertIn("several volumes", run.err)
        run = harness.holdall(*words(self.stage, *sized, "--resume", "--force", output=f"{folder}/", **ALBUM))
        self.assertEqual((run.code, len(list(folder.glob("*.zip")))), (0, 3), run)

    def test_a_reader_that_leaves(self):
        """Kept, and sent whole by the next run, without building it again."""
        whole = self.run_it().raw
        process = subprocess.Popen(argv(self.stage), env=harness.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.read(1000)
        process.stdout.close()
        errors = process.stderr.read().decode()
        process.stderr.close()
        self.assertEqual(process.wait(), 1, errors)
        self.assertIn("stopped after", errors)
        self.assertIn("unfinished: ", errors)
        self.assertNotIn("archive: -", errors)
        self.assertEqual(len(harness.kept(self.stage)), 1)
        run = self.run_it("--resume")
        self.assertEqual((run.code, run.raw == whole), (0, True), run)
        self.assertEqual(harness.leftovers(self.stage), [])

    def test_a_full_disk(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(argv(self.stage), env=harness.environment(), stdout=full, stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertEqual(len(harness.kept(self.stage)), 1)

    def test_a_closed_output(self):
        done = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", *argv(self.stage)], env=harness.environment(),
                              stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(harness.leftovers(self.stage), [], "no file of the run took the place of standard output")

    def test_a_signal_while_nobody_reads(self):
        process = subprocess.Popen(argv(self.stage), env=harness.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.read(10)
        time.sleep(0.3)
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(10), 130)
        self.assertLess(time.monotonic() - begun, 3)
        process.stdout.close()
        process.stderr.close()
        self.assertEqual(len(harness.kept(self.stage)), 1)

    def test_kept_work_may_go_to_a_file_with_its_signature(self):
        with open("/dev/full", "wb") as full:
            subprocess.run(argv(self.stage), env=harness.environment(), stdout=full, stderr=subprocess.DEVNULL, check=False)
        folder = harness.scratch("files")
        run = harness.holdall(*words(self.stage, "--resume", output=f"{folder}/"))
        self.assertEqual(run.code, 0, run)
        path = harness.only(folder.glob("*.zip"), run)
        self.assertTrue(Path(f"{path}.minisig").is_file())


class Folder(unittest.TestCase):
    """`deliver` of kind file, when -o says nothing."""

    def test_the_folder_of_the_description(self):
        place = harness.scratch("described")
        document = harness.read_json(harness.service())
        document["deliver"] = {"kind": "file", "path": "out"}
        document["apis"] = {name: {**api, "root": str(harness.fixture(api["root"]))} for name, api in document["apis"].items()}
        for path in harness.service().parent.iterdir():
            if not (place / path.name).exists():
                (place / path.name).symlink_to(path)
        (place / "service.json").unlink()
        (place / "service.json").write_text(json.dumps(document), encoding="utf-8")
        argv_ = ["export", "-s", place / "service.json", "-u", COMPLETE, "-k", harness.secret_key(), "--as-of", AS_OF]
        run = harness.holdall(*argv_)
        self.assertEqual(run.code, 1, run)
        self.assertIn("out", run.err)
        (place / "out").mkdir()
        run = harness.holdall(*argv_)
        self.assertEqual(run.code, 0, run)
        self.assertEqual(len(list((place / "out").glob("*.zip"))), 1)
        elsewhere = harness.scratch("elsewhere")
        run = harness.holdall(*argv_, "-o", f"{elsewhere}/")
        self.assertEqual((run.code, len(list(elsewhere.glob("*.zip")))), (0, 1), run)


if __name__ == "__main__":
    harness.main()
