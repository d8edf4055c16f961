#!/usr/bin/python3
"""Proves that an export of the sample accounts is what it claims, by programs that holdall has no part in.

The complete account gives a signed bag that public tools accept; the troubled one is named as partial and published
only on request; what is not the person's is refused; the same input gives the same bytes.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

sys.dont_write_bytecode = True
BINARY, ROOT = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
import bagcheck  # noqa: E402

SERVICE = ROOT / "fixtures/claakit/service.json"
COMPLETE, TROUBLED = "usr_7k2m9x4qp1za", "usr_3f8t5w0rb6dn"
REFUSED = {"other_person": 4, "no_person": 4, "traversal": 4, "prefix": 4, "loop": 1, "empty_cursor": 1, "lost_page": 1,
           "short_total": 1}


def run(*argv, cwd=None, env=None):
    done = subprocess.run([str(word) for word in argv], capture_output=True, text=True, timeout=240, cwd=cwd,
                          env={**os.environ, **(env or {})})
    return done.returncode, done.stdout, done.stderr


class Exports(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="holdall-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder)
        code, _, err = run(BINARY, "keygen", "-o", self.folder)
        self.assertEqual(code, 0, err)
        self.key, self.pub = self.folder / "holdall.key", self.folder / "holdall.pub"

    def export(self, subject, *options, service=SERVICE, out="out", **how):
        target = self.folder / out
        target.mkdir(exist_ok=True)
        result = run(BINARY, "export", "-s", service, "-u", subject, "-k", self.key, "-o", target, "--as-of",
                     "2026-11-01T00:00:00Z", "--export-id", "0d5c2f4e-8f7b-4a53-9d1c-6b1f6f1b7a10", *options, **how)
        return result, sorted(target.glob("*.zip"))

    def must(self, *argv, **how):
        code, out, err = run(*argv, **how)
        self.assertEqual(code, 0, f"{argv}: {out}{err}")
        return out

    def test_public_tools_accept_the_complete_account(self):
        (code, out, err), archives = self.export(COMPLETE)
        self.assertEqual(code, 0, out + err)
        self.assertEqual(out.splitlines()[-1], f"archive: {archives[0]}")
        self.must("minisign", "-Vm", archives[0], "-p", self.pub)
        self.must("unzip", "-t", archives[0])
        self.must("7z", "t", archives[0])
        self.must("unzip", "-q", archives[0], "-d", self.folder / "x")
        bag = self.folder / "x" / archives[0].stem
        self.must("minisign", "-Vm", "tagmanifest-sha256.txt", "-p", self.pub, cwd=bag)
        self.must("sha256sum", "--strict", "--quiet", "-c", "tagmanifest-sha256.txt", cwd=bag)
        self.must("sha256sum", "--strict", "--quiet", "-c", "manifest-sha256.txt", cwd=bag)
        self.must(sys.executable, bagcheck.__file__, bag)

    def test_counts_reconcile_and_media_are_the_stores(self):
        _, archives = self.export(COMPLETE)
        with zipfile.ZipFile(archives[0]) as archive:
            self.assertIsNone(archive.testzip())
            top = archives[0].stem + "/"
            export = json.loads(archive.read(top + "data/export.json"))
            self.assertEqual(export["outcome"], "complete")
            stored = {hashlib.sha256(path.read_bytes()).hexdigest()
                      for path in (SERVICE.parent / "store/media/users" / COMPLETE).rglob("*") if path.is_file()}
            for category in export["categories"]:
                for counts in (category["records"], category["files"]):
                    self.assertEqual(counts["expected"], counts["delivered"] + counts["missing"] + counts["withheld"])
                lines = [json.loads(line) for shard in category["shards"]
                         for line in archive.read(top + shard["path"]).splitlines()]
                self.assertEqual(len(lines), category["records"]["delivered"])
                for file in (file for line in lines for file in line.get("files", []) if "path" in file):
                    data = archive.read(top + file["path"])
                    self.assertEqual(hashlib.sha256(data).hexdigest(), file["sha256"])
                    self.assertIn(file["sha256"], stored)

    def test_what_is_missing_is_named_and_published_only_on_request(self):
        report = self.folder / "report.json"
        (code, _, err), archives = self.export(TROUBLED, "--report", report)
        self.assertEqual((code, archives), (3, []), err)
        self.assertFalse(json.loads(report.read_text())["published"])
        (code, out, _), archives = self.export(TROUBLED, "--allow-partial", "--report", report)
        self.assertEqual((code, len(archives)), (3, 1))
        told = json.loads(report.read_text())
        self.assertEqual([line["cause"] for line in told["missing"]], ["gone"])
        self.assertTrue(any(line["reason"] == "credential" for line in told["withheld"]))
        self.assertTrue(told["drift"])
        with zipfile.ZipFile(archives[0]) as archive:
            top = archives[0].stem + "/data/"
            self.assertEqual(json.loads(archive.read(top + "missing.jsonl"))["id"], told["missing"][0]["id"])
            self.assertEqual(json.loads(archive.read(top + "export.json"))["outcome"], "partial")
        for kind in ("missing: ", "withheld: ", "drift: "):
            self.assertIn(kind, out)

    def test_what_does_not_add_up_publishes_nothing(self):
        for name, wanted in REFUSED.items():
            with self.subTest(name):
                (code, out, err), _ = self.export("usr_x2", service=ROOT / "fixtures/refused" / name / "service.json", out=name)
                self.assertEqual(code, wanted, err)
                self.assertEqual(list((self.folder / name).iterdir()), [], "something was left behind")
                self.assertNotIn("NEVER-EXPORT", out + err)

    def test_unknown_person_and_broken_description(self):
        (code, _, _), archives = self.export("usr_000000000000")
        self.assertEqual((code, archives), (6, []))
        code, _, err = run(BINARY, "lint", ROOT / "fixtures/broken.json")
        self.assertEqual(code, 2)
        for pointer in (ROOT / "fixtures/broken.expected").read_text().split():
            self.assertIn(f"broken.json:{pointer}: ", err)

    def test_same_input_same_bytes(self):
        hashes = set()
        for number, (zone, memory) in enumerate([("Europe/Berlin", "8M"), ("America/Los_Angeles", "512M")]):
            elsewhere = self.folder / str(number)
            elsewhere.mkdir()
            (code, _, err), archives = self.export(COMPLETE, "--memory", memory, out=f"out{number}", cwd=elsewhere,
                                                   env={"TZ": zone})
            self.assertEqual(code, 0, err)
            hashes.add(hashlib.sha256(archives[0].read_bytes()).hexdigest())
        self.assertEqual(len(hashes), 1)

    def test_an_existing_archive_stays(self):
        _, archives = self.export(COMPLETE)
        before = archives[0].read_bytes()
        (code, _, err), _ = self.export(COMPLETE)
        self.assertEqual(code, 1)
        self.assertIn("--force", err)
        self.assertEqual(archives[0].read_bytes(), before)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
