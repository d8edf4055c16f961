#!/usr/bin/python3
"""Proves that the same input gives the same bytes, whatever the time zone, the folder, the memory and the locale.

The store is a copy of the sample store in which two outputs carry times that do not exist in Berlin and in Los
Angeles: their hours, read as local time, fall into the gap of daylight saving. Export id, as-of time and key are fixed.
--store changes the ZIP and not the manifests.
"""

import shutil
import sys
import unittest
import zipfile
from datetime import datetime, timezone
from functools import cache
from zoneinfo import ZoneInfo

sys.dont_write_bytecode = True
import harness  # noqa: E402
import zipcheck  # noqa: E402
from harness import COMPLETE, EXPORT_ID, TROUBLED  # noqa: E402

SHIFTED = {b"2026-03-29T01:30:00Z": "2026-03-29T02:30:00Z", b"2026-03-08T10:30:00Z": "2026-03-08T02:30:00Z"}
GAPS = {"Europe/Berlin": "2026-03-29T02:30:00Z", "America/Los_Angeles": "2026-03-08T02:30:00Z"}


@cache
def store():
    """A copy of the sample service with times in the gaps; the path of its description."""
    place = harness.scratch("claakit")
    shutil.copytree(harness.fixture(), place, dirs_exist_ok=True, ignore=shutil.ignore_patterns("make", "*.py"))
    jobs = [path for path in (place / "store/api").rglob("*.json") if COMPLETE in path.parts and "jobs" in str(path)]
    changed = 0
    for path in jobs:
        data = path.read_bytes()
        for old, new in SHIFTED.items():
            changed += data.count(b'"finished_at": "' + old) + data.count(b'"finished_at":"' + old)
            data = data.replace(old, new.encode())
        path.write_bytes(data)
    if changed < len(SHIFTED):
        raise AssertionError("the sample store no longer has the times that this test shifts")
    return place / "service.json"


def made(*extra, subject=COMPLETE, code=0, **options):
    """(ZIP, signature) of one export in a fresh folder."""
    folder = harness.scratch("bytes")
    run = harness.try_export(subject, folder, "--export-id", EXPORT_ID, *extra,
                             description=options.pop("description", store()), **options)
    if run.code != code:
        raise AssertionError(f"expected exit code {code}:\n{run}")
    archive = harness.only(folder.glob("*.zip"), run)
    return archive.read_bytes(), archive.with_name(archive.name + ".minisig").read_bytes()


@cache
def reference():
    return made(env=harness.environment(TZ="UTC"))


def text_of(data, name):
    """One file of an archive, without its top directory."""
    place = harness.scratch("zip") / "a.zip"
    place.write_bytes(data)
    with zipfile.ZipFile(place) as archive:
        return archive.read(next(entry for entry in archive.namelist() if entry.partition("/")[2] == name))


class SameBytes(unittest.TestCase):
    def same(self, *extra, **options):
        archive, signature = made(*extra, **options)
        self.assertTrue(archive == reference()[0], "the archives differ")
        self.assertEqual(signature, reference()[1])

    def test_again(self):
        self.same()

    def test_berlin_with_little_memory(self):
        """Also from the description's own folder, by its relative path."""
        self.same("--memory", "8M", env=harness.environment(TZ="Europe/Berlin"), cwd=store().parent, description="service.json")

    def test_los_angeles_with_much_memory(self):
        self.same("--memory", "512M", env=harness.environment(TZ="America/Los_Angeles"), cwd=harness.scratch("elsewhere"))

    def test_far_away(self):
        """A zone with a date of its own, a strict umask, another locale and another home."""
        self.same(env=harness.environment(TZ="Pacific/Kiritimati", LC_ALL="C", HOME="/nonexistent"), umask=0o077)

    def test_another_stage(self):
        self.same("--stage", harness.scratch("stage"))

    def test_another_copy_of_the_store(self):
        """Other inodes, other times and other places of the files."""
        place = harness.scratch("copy")
        shutil.copytree(store().parent, place, dirs_exist_ok=True)
        self.same(description=place / "service.json")

    def test_report_and_events_change_nothing(self):
        place = harness.scratch("told")
        self.same("--report", place / "report.json", "--events", place / "events.jsonl", "--operator", "somebody")

    def test_name_of_the_target_changes_nothing(self):
        folder = harness.scratch("named")
        run = harness.holdall("export", "-s", store(), "-u", COMPLETE, "-k", harness.secret_key(), "-o", folder / "mine.zip",
                              "--as-of", harness.AS_OF, "--export-id", EXPORT_ID)
        self.assertEqual(run.code, 0, run)
        self.assertTrue((folder / "mine.zip").read_bytes() == reference()[0], "the archives differ")
        self.assertEqual((folder / "mine.zip.minisig").read_bytes(), reference()[1])

    def test_partial_archives_too(self):
        one = made("--allow-partial", subject=TROUBLED, code=3, env=harness.environment(TZ="Europe/Berlin"))
        two = made("--allow-partial", "--memory", "8M", subject=TROUBLED, code=3, env=harness.environment(TZ="Asia/Kolkata"))
        self.assertTrue(one == two, "the archives differ")

    def test_same_request_same_export(self):
        """Without --export-id, a request id gives the same export id each time, and another request another one."""
        def identity(request):
            folder = harness.scratch("request")
            run = harness.try_export(COMPLETE, folder, "--request-id", request, description=store())
            self.assertEqual(run.code, 0, run)
            return harness.only(folder.glob("*.zip"), run).read_bytes()
        self.assertTrue(identity("req-1") == identity("req-1"), "the archives differ")
        self.assertNotEqual(text_of(identity("req-2"), "bag-info.txt"), text_of(identity("req-1"), "bag-info.txt"))


class Store(unittest.TestCase):
    def test_manifests_are_identical(self):
        archive, signature = made("--store")
        self.assertNotEqual(archive, reference()[0])
        self.assertNotEqual(signature, reference()[1])
        for name in ("manifest-sha256.txt", "tagmanifest-sha256.txt", "tagmanifest-sha256.txt.minisig"):
            self.assertEqual(text_of(archive, name), text_of(reference()[0], name), name)

    def test_profile(self):
        self.assertEqual(zipcheck.check_bytes(made("--store")[0], store=True), [])


class Gaps(unittest.TestCase):
    """The store holds what the tests above claim, and its archive has the right times all the same."""

    def test_times_do_not_exist_there(self):
        for zone, text in GAPS.items():
            when = datetime.fromisoformat(text.replace("Z", ""))
            local = when.replace(tzinfo=ZoneInfo(zone)).astimezone(timezone.utc).astimezone(ZoneInfo(zone))
            self.assertNotEqual(local.replace(tzinfo=None), when, zone)

    def test_they_are_in_the_archive(self):
        lines = text_of(reference()[0], "data/records/outputs.jsonl")
        for text in GAPS.values():
            self.assertIn(f'"created_at":"{text}"'.encode(), lines)

    def test_headers_are_right_in_each_zone(self):
        """zipcheck compares the DOS time, taken as UTC, with the extended one."""
        for zone in GAPS:
            self.assertEqual(zipcheck.check_bytes(made(env=harness.environment(TZ=zone))[0]), [], zone)


class Different(unittest.TestCase):
    """What should make a difference does; else the comparisons above would be empty."""

    def test_other_inputs(self):
        before = reference()
        for extra in (["--export-id", "11111111-1111-4111-8111-111111111111"], ["--as-of", "2026-11-01T00:00:02Z"],
                      ["--language", "de"], ["--scope", "portability"], ["--category", "prompts"]):
            with self.subTest(extra=extra):
                folder = harness.scratch("other")
                run = harness.holdall("export", "-s", store(), "-u", COMPLETE, "-k", harness.secret_key(), "-o", f"{folder}/",
                                      *(["--export-id", EXPORT_ID] if "--export-id" not in extra else []),
                                      *(["--as-of", harness.AS_OF] if "--as-of" not in extra else []), *extra)
                self.assertEqual(run.code, 0, run)
                self.assertNotEqual(harness.only(folder.glob("*.zip"), run).read_bytes(), before[0])

    def test_other_key(self):
        other = harness.new_keys("other") / "holdall.key"
        self.assertNotEqual(made(key=other), reference())


if __name__ == "__main__":
    harness.main()
