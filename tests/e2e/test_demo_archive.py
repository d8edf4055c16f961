#!/usr/bin/python3
"""Proves that programs which nobody here wrote accept the complete account's archive, and that its frame is right.

minisign checks both signatures, sha256sum both manifests; unzip, 7z, bsdtar, Python and Java read the ZIP; the checkers
written from RFC 8493 and from the ZIP profile find nothing; files unpacked anywhere on earth carry the right instant.
What the documents in the archive say is for test_demo_contents.py.
"""

import os
import re
import subprocess
import sys
import unittest
import zipfile

sys.dont_write_bytecode = True
import bagcheck  # noqa: E402
import harness  # noqa: E402
import zipcheck  # noqa: E402
from harness import command, complete, need, seconds  # noqa: E402

UNLISTED = ["tagmanifest-sha256.txt.minisig"]
ZONES = ["Asia/Tokyo", "America/Los_Angeles"]


def comment_of(signature):
    return signature.read_text(encoding="utf-8").splitlines()[2].removeprefix("trusted comment: ")


class Case(unittest.TestCase):
    def accepted(self, *argv, **options):
        """Runs a program that must end with 0."""
        need(argv[0])
        run = command(*argv, **options)
        self.assertEqual(run.code, 0, run)
        return run


class Published(Case):
    def test_one_archive_and_its_signature(self):
        archive = complete()
        self.assertRegex(archive.stem, r"^claakit-export-20261101-[0-9a-f]{8}$")
        self.assertEqual(harness.leftovers(archive.folder), [archive.zip.name, archive.signature.name])
        self.assertIn(archive.zip.name, archive.run.out)

    def test_nobody_else_can_read_it(self):
        self.assertEqual(complete().zip.stat().st_mode & 0o777, 0o600)

    def test_stem_is_that_of_the_export(self):
        archive = complete()
        self.assertEqual(archive.stem[-8:], archive.export["export_id"][:8])
        self.assertEqual(archive.export["as_of"], harness.AS_OF)


class Signatures(Case):
    def test_minisign_accepts_both(self):
        archive = complete()
        for path in (archive.zip, archive.tree / "tagmanifest-sha256.txt"):
            self.accepted("minisign", "-Vm", path, "-P", harness.public_text())
            self.accepted("minisign", "-Vm", path, "-p", harness.public_key())

    def test_minisign_refuses_another_key(self):
        need("minisign")
        other = harness.public_text(harness.new_keys("other") / "holdall.pub")
        for path in (complete().zip, complete().tree / "tagmanifest-sha256.txt"):
            self.assertNotEqual(command("minisign", "-Vm", path, "-P", other).code, 0)

    def test_trusted_comments(self):
        archive = complete()
        start = f"holdall-export-1 export={archive.export['export_id']} as_of={harness.AS_OF} file="
        self.assertEqual(comment_of(archive.signature), start + archive.zip.name)
        self.assertEqual(comment_of(archive.tree / "tagmanifest-sha256.txt.minisig"), start + "tagmanifest-sha256.txt")

    def test_copy_of_the_key(self):
        self.assertEqual(harness.public_text(complete().tree / "signing-key.pub"), harness.public_text())


class Manifests(Case):
    def test_sha256sum(self):
        for name in ("tagmanifest-sha256.txt", "manifest-sha256.txt"):
            run = self.accepted("sha256sum", "--strict", "-c", name, cwd=complete().tree)
            self.assertGreaterEqual(run.out.count(": OK\n"), 5, run)

    def test_bag(self):
        self.assertEqual(bagcheck.check(complete().tree, every_tag_file=True, unlisted=UNLISTED), [])

    def test_lines_are_sorted_and_plain(self):
        for name in ("tagmanifest-sha256.txt", "manifest-sha256.txt"):
            lines = (complete().tree / name).read_bytes().splitlines(keepends=True)
            self.assertEqual(lines, sorted(lines, key=lambda line: line[66:]))
            for line in lines:
                self.assertRegex(line, rb"\A[0-9a-f]{64}  [A-Za-z0-9._/-]+\n\Z")

    def test_bagit_txt(self):
        self.assertEqual((complete().tree / "bagit.txt").read_bytes(),
                         b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")

    def test_bag_info(self):
        payload = [path for path in (complete().tree / "data").rglob("*") if path.is_file()]
        octets = sum(path.stat().st_size for path in payload)
        controller = harness.read_json(harness.service())["service"]["controller"]
        self.assertEqual((complete().tree / "bag-info.txt").read_text(encoding="utf-8").splitlines(), [
            "Bagging-Date: 2026-11-01", f"Contact-Email: {controller['email']}",
            f"External-Identifier: urn:uuid:{complete().export['export_id']}",
            f"Payload-Oxum: {octets}.{len(payload)}", f"Source-Organization: {controller['name']}"])

    def test_readme(self):
        text = (complete().tree / "README.txt").read_text(encoding="utf-8")
        controller = harness.read_json(harness.service())["service"]["controller"]
        for word in ("minisign -Vm", "sha256sum", "data/", "export.json", controller["email"], controller["name"]):
            self.assertIn(word, text)
        self.assertNotIn("\r", text)


class Zip(Case):
    def names(self):
        return [info.filename for info in zipfile.ZipFile(complete().zip).infolist()]

    def test_profile(self):
        self.assertEqual(zipcheck.check(complete().zip), [])

    def test_unzip(self):
        self.assertIn("No errors detected", self.accepted("unzip", "-t", complete().zip).out)

    def test_7z(self):
        self.assertIn("Everything is Ok", self.accepted("7z", "t", complete().zip).out)

    def test_python(self):
        self.assertIsNone(zipfile.ZipFile(complete().zip).testzip())

    def test_jar(self):
        run = self.accepted("jar", "tf", complete().zip)
        self.assertEqual(run.out.splitlines(), self.names())

    def test_bsdtar(self):
        place = harness.scratch("bsdtar")
        self.accepted("bsdtar", "-xf", complete().zip, "-C", place)
        self.accepted("diff", "-r", place / complete().stem, complete().tree)
        self.assertEqual(self.accepted("bsdtar", "-tf", complete().zip).out.splitlines(), self.names())

    def test_nothing_executable_unpacked(self):
        modes = {path.stat().st_mode & 0o777 for path in complete().tree.rglob("*") if path.is_file()}
        self.assertEqual(modes, {0o644})

    def test_order_of_media_is_archive_order(self):
        inside = [name.partition("/")[2] for name in self.names()]
        media = [path for path in inside if path.startswith("data/media/") and not path.endswith(".xmp")]
        listed = [file["path"] for category in complete().export["categories"] for record in complete().records(category)
                  for file in record.get("files", []) if "path" in file]
        self.assertEqual(media, list(dict.fromkeys(listed)))


class Times(Case):
    """Every file's modification time after unpacking, as the records have it."""

    def expected(self):
        """{path: instant} of every file: media and their sidecars have the record's time, everything else as_of."""
        times = {path.relative_to(complete().tree).as_posix(): seconds(harness.AS_OF)
                 for path in complete().tree.rglob("*") if path.is_file()}
        self.dated = 0
        for category in complete().export["categories"]:
            for record in complete().records(category):
                for file in record.get("files", []):
                    if "path" in file and "created_at" in record:
                        times.update({file[name]: seconds(record["created_at"]) for name in ("path", "sidecar") if name in file})
                        self.dated += 1
        return times

    def check(self, unpack):
        expected = self.expected()
        self.assertGreaterEqual(self.dated, 50)
        for zone in ZONES:
            place = harness.scratch("zone")
            self.accepted(*unpack(place), cwd=place, env=harness.environment(TZ=zone))
            found = {path: int(os.stat(place / complete().stem / path).st_mtime) for path in expected}
            self.assertEqual(found, expected, zone)

    def test_unzip(self):
        self.check(lambda place: ["unzip", "-q", complete().zip, "-d", place])

    def test_7z(self):
        self.check(lambda place: ["7z", "x", "-bd", "-y", f"-o{place}", complete().zip])

    def test_names_carry_the_date_in_utc(self):
        dated = 0
        for category in complete().export["categories"]:
            for record in complete().records(category):
                for file in record.get("files", []):
                    if "path" in file and "created_at" in record:
                        year, month, day = re.match("(....)-(..)-(..)", record["created_at"]).groups()
                        folder = f"data/media/{file['role']}/{year}/{month}/{year}{month}{day}-"
                        self.assertTrue(file["path"].startswith(folder), (file["path"], record["created_at"]))
                        dated += 1
        self.assertGreaterEqual(dated, 50)


class Elsewhere(Case):
    def test_nothing_of_this_machine(self):
        """No path, no host name and no user of the exporting machine stands in a text of the archive."""
        words = [os.uname().nodename, str(harness.root()), str(complete().folder), "/tmp/", "store/media"]
        for path in complete().tree.rglob("*"):
            if path.is_file() and "media" not in path.relative_to(complete().tree).parts:
                text = path.read_text(encoding="utf-8")
                for word in words:
                    self.assertFalse(len(word) > 3 and word in text, f"{path.name} holds {word}")

    def test_verify_accepts_it(self):
        run = harness.holdall("verify", complete().zip, "-p", harness.public_key())
        self.assertEqual(run.code, 0, run)

    def test_piped_through_a_stream_reader(self):
        """bsdtar from a pipe sees local headers only: they must do without the central directory."""
        need("bsdtar")
        place = harness.scratch("pipe")
        with open(complete().zip, "rb") as stream:
            done = subprocess.run(["bsdtar", "-xf", "-", "-C", place], stdin=stream, check=False,
                                  timeout=harness.TIMEOUT, env=harness.environment())
        self.assertEqual(done.returncode, 0)
        self.accepted("diff", "-r", place / complete().stem, complete().tree)


if __name__ == "__main__":
    harness.main()
