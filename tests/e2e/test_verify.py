#!/usr/bin/python3
"""Proves that `holdall verify` accepts what export makes and refuses everything else, with the right rule.

First without signing again: any change breaks the chain. Then with manifests and signature made anew by minisign, so that
only the check of the contents can refuse. Each change must be found under its rule, and where the chain is intact under no
other one. Hostile ZIPs have a test of their own.
"""

import json
import shutil
import sys
import unittest

sys.dont_write_bytecode = True
import harness  # noqa: E402
from bagforge import MANIFEST, SIGNATURE, TAGMANIFEST, Forged  # noqa: E402
from harness import COMPLETE, TROUBLED, complete, holdall, public_key, scratch, troubled  # noqa: E402


def verify(path, *extra, keys=True):
    return holdall("verify", path, *(("-p", public_key()) if keys else ()), *extra)


def findings(path, *extra, keys=True):
    """(exit code, verdict, the set of rules) as --format json tells them."""
    run = verify(path, "--format", "json", *extra, keys=keys)
    (told,) = json.loads(run.out)["results"]
    return run.code, told["verdict"], {one["rule"] for one in told["findings"]}


class Case(unittest.TestCase):
    def refused(self, path, rule, *extra):
        code, verdict, rules = findings(path, *extra)
        self.assertEqual((code, verdict), (1, "invalid"))
        self.assertIn(rule, rules)
        return rules


class Good(Case):
    def test_zip_and_folder_of_both_accounts(self):
        for archive in (complete(), troubled()):
            for path in (archive.zip, archive.tree):
                run = verify(path)
                self.assertEqual(run.code, 0, run)
                self.assertTrue(run.out.startswith("valid: "), run)

    def test_key_as_text(self):
        run = holdall("verify", complete().zip, "-P", harness.public_text())
        self.assertEqual(run.code, 0, run)

    def test_without_a_key_the_signer_is_unknown(self):
        self.assertEqual(findings(complete().zip, keys=False), (3, "intact", set()))
        self.assertIn("not checked", verify(complete().zip, keys=False).out)

    def test_several_keys_and_several_archives(self):
        other = harness.new_keys() / "holdall.pub"
        run = holdall("verify", complete().zip, troubled().zip, "-p", other, "-p", public_key())
        self.assertEqual((run.code, len(run.out.splitlines())), (0, 2), run)
        broken = scratch("broken") / "x.zip"
        broken.write_bytes(b"no archive")
        self.assertEqual(holdall("verify", complete().zip, broken, "-p", public_key()).code, 1)

    def test_whom_and_what(self):
        self.assertEqual(verify(complete().zip, "--subject", COMPLETE).code, 0)
        self.assertEqual(self.refused(complete().zip, "subject.other", "--subject", TROUBLED), {"subject.other"})
        self.assertEqual(self.refused(complete().zip, "request.other", "--request-id", "r-1"), {"request.other"})

    def test_renamed(self):
        """The file's own name means nothing: people rename downloads."""
        path = scratch("renamed") / "my data.zip"
        shutil.copy(complete().zip, path)
        self.assertEqual(verify(path).code, 0)

    def test_not_there(self):
        run = verify(scratch("none") / "x.zip")
        self.assertEqual((run.code, run.out.startswith("UNREADABLE")), (1, True), run)

    def test_usage(self):
        self.assertEqual(holdall("verify").code, 2)
        self.assertEqual(holdall("verify", complete().zip, "-p", "/does/not/exist").code, 2)
        self.assertEqual(holdall("verify", complete().zip, "--format", "xml").code, 2)


class Keys(Case):
    def test_another_key(self):
        other = harness.new_keys() / "holdall.pub"
        run = holdall("verify", complete().tree, "-p", other)
        self.assertEqual(run.code, 1, run)
        self.assertIn("sign.unknown", run.out)

    def test_key_inside_is_not_trusted(self):
        """Signed by another key, whose copy the archive holds: intact for itself, and refused."""
        forged, mine = Forged(complete()), harness.new_keys()
        shutil.copy(mine / "holdall.pub", forged.path("signing-key.pub"))
        forged.reseal(key=mine / "holdall.key")
        self.assertEqual(self.refused(forged.tree, "sign.unknown"), {"sign.unknown"})
        self.assertEqual(findings(forged.tree, keys=False)[0], 3)

    def test_copy_of_another_key(self):
        forged = Forged(complete())
        shutil.copy(harness.new_keys() / "holdall.pub", forged.path("signing-key.pub"))
        forged.reseal()
        self.assertEqual(self.refused(forged.tree, "sign.copy"), {"sign.copy"})

    def test_trusted_comment_edited(self):
        forged = Forged(complete())
        text = forged.path(SIGNATURE).read_text(encoding="utf-8")
        forged.path(SIGNATURE).write_text(text.replace("as_of=2026", "as_of=2025"), encoding="utf-8")
        self.assertEqual(self.refused(forged.tree, "sign.comment"), {"sign.comment"})

    def test_trusted_comment_of_another_export(self):
        forged = Forged(complete())
        forged.reseal(comment=Forged(troubled()).comment())
        self.assertEqual(self.refused(forged.tree, "sign.statement"), {"sign.statement"})

    def test_signature_of_another_archive(self):
        forged = Forged(complete())
        shutil.copy(troubled().tree / SIGNATURE, forged.path(SIGNATURE))
        self.assertEqual(self.refused(forged.tree, "sign.wrong"), {"sign.wrong", "sign.statement"})


class Detached(Case):
    def setUp(self):
        folder = scratch("detached")
        self.zip = folder / complete().zip.name
        self.signature = folder / complete().signature.name
        shutil.copy(complete().zip, self.zip)

    def test_absent_is_no_fault(self):
        self.assertEqual(verify(self.zip).code, 0)

    def test_of_another_archive(self):
        shutil.copy(troubled().signature, self.signature)
        self.assertEqual(self.refused(self.zip, "sign.wrong"), {"sign.wrong", "sign.statement"})

    def test_no_signature(self):
        self.signature.write_text("hello\n", encoding="utf-8")
        self.assertEqual(self.refused(self.zip, "sign.form"), {"sign.form"})


class BrokenChain(Case):
    """Changed and not signed again."""

    def broken(self, change, rule):
        forged = Forged(complete())
        change(forged)
        return self.refused(forged.tree, rule)

    def test_a_byte_of_a_medium(self):
        def change(forged):
            path = next(forged.path("data/media").rglob("*.png"))
            data = bytearray(path.read_bytes())
            data[len(data) // 2] ^= 1
            path.write_bytes(data)
        self.broken(change, "bag.hash")

    def test_a_record(self):
        self.broken(lambda forged: forged.edit_line("data/records/prompts.jsonl", 0, lambda record: record.update(text="other")),
                    "bag.hash")

    def test_manifests(self):
        for name, rule in ((MANIFEST, "bag.hash"), (TAGMANIFEST, "sign.wrong"), ("README.txt", "bag.hash")):
            with self.subTest(name):
                self.broken(lambda forged, name=name: forged.path(name).write_bytes(forged.path(name).read_bytes()[:-66]), rule)

    def test_added(self):
        for name in ("data/more.json", "viewer/more.html"):
            with self.subTest(name):
                def change(forged, name=name):
                    forged.path(name).parent.mkdir(exist_ok=True)
                    forged.path(name).write_text("{}\n", encoding="utf-8")
                self.broken(change, "bag.unlisted")

    def test_removed(self):
        for name in ("bagit.txt", "bag-info.txt", "README.txt", "signing-key.pub", MANIFEST, TAGMANIFEST, SIGNATURE,
                     "data/export.json", "data/privacy.json", "data/missing.jsonl", "data/schemas/record.schema.json"):
            with self.subTest(name):
                self.broken(lambda forged, name=name: forged.path(name).unlink(),
                            "sign.missing" if name == SIGNATURE else "bag.required")

    def test_link(self):
        def change(forged):
            path = forged.path("data/privacy.json")
            path.rename(forged.tree.parent / "elsewhere.json")
            path.symlink_to(forged.tree.parent / "elsewhere.json")
        self.broken(change, "name.kind")

    def test_bytes_of_the_zip(self):
        """One byte in each hundredth of the file."""
        path = scratch("flip") / "x.zip"
        data = complete().zip.read_bytes()
        for part in range(100):
            at = len(data) * part // 100
            path.write_bytes(data[:at] + bytes([data[at] ^ 0x20]) + data[at + 1:])
            code, verdict, rules = findings(path)
            self.assertEqual((code, verdict), (1, "invalid"), f"byte {at}")
            self.assertTrue(rules)

    def test_cut_or_longer(self):
        path, data = scratch("cut") / "x.zip", complete().zip.read_bytes()
        for other in (b"", data[:20], data[:len(data) // 2], data[:-1], data + b"\0", b"\0" + data):
            path.write_bytes(other)
            code, verdict, rules = findings(path)
            self.assertEqual((code, verdict, {rule.partition(".")[0] for rule in rules}), (1, "invalid", {"zip"}))


class IntactChain(Case):
    """Changed by somebody who can sign: only what the archive says of itself gives it away."""

    @staticmethod
    def changed(change, restate=True):
        forged = Forged(complete())
        change(forged)
        if restate:
            forged.restate()
        forged.reseal()
        code, verdict, rules = findings(forged.tree)
        return rules if (code, verdict) == (1, "invalid") else {verdict}

    def found(self, rule, change, restate=True):
        self.assertEqual(self.changed(change, restate), {rule})

    def test_untouched_and_sealed_again(self):
        forged = Forged(complete())
        forged.restate()
        forged.reseal()
        self.assertEqual(findings(forged.tree), (0, "valid", set()))

    def test_bagit(self):
        self.found("bag.declaration", lambda forged: forged.path("bagit.txt").write_text(
            "BagIt-Version: 0.97\nTag-File-Character-Encoding: UTF-8\n", encoding="utf-8"))

    def test_bag_info(self):
        for old, new in (("Bagging-Date: 2026-11-01", "Bagging-Date: 2026-11-02"), ("urn:uuid:", "urn:uuid:0"),
                         ("Source-Organization", "Source-Organisation"), ("Contact-Email: ", "Contact-Email:")):
            with self.subTest(old):
                self.found("bag.info", lambda forged, old=old, new=new: forged.path("bag-info.txt").write_text(
                    forged.path("bag-info.txt").read_text(encoding="utf-8").replace(old, new), encoding="utf-8"))

    def test_unexpected(self):
        for name in ("data/more.json", "data/records/extra.jsonl", "data/media/output/undated/x-01234567.png", "fetch.txt",
                     "more.txt"):
            with self.subTest(name):
                def change(forged, name=name):
                    forged.path(name).parent.mkdir(parents=True, exist_ok=True)
                    forged.path(name).write_text("{}\n", encoding="utf-8")
                self.found("bag.unexpected", change)

    def test_counts(self):
        def totals(export):
            export["totals"]["records"]["expected"] += 1

        def outcome(export):
            export["outcome"] = "partial"

        def sums(export):
            export["categories"][0]["records"]["expected"] += 1
            export["totals"]["records"]["expected"] += 1

        def bytes_of(export):
            export["categories"][4]["bytes"] += 1
            export["totals"]["bytes"] += 1
        for change, rule in ((totals, "export.totals"), (outcome, "export.outcome"), (bytes_of, "export.counts")):
            with self.subTest(rule):
                self.found(rule, lambda forged, change=change: forged.edit("data/export.json", change))
        forged = Forged(complete())
        forged.edit("data/export.json", sums)
        forged.reseal()
        self.assertLessEqual(self.refused(forged.tree, "export.sum"), {"export.sum", "privacy.category"})

    def test_records_lost(self):
        """A record that is gone without a word."""
        def change(forged):
            forged.write_lines("data/records/prompts.jsonl", forged.lines("data/records/prompts.jsonl")[1:])
        self.assertEqual(self.changed(change), {"export.lines", "export.counts"})

    def test_missing_not_told(self):
        forged = Forged(troubled())
        forged.path("data/missing.jsonl").write_text("", encoding="utf-8")
        forged.restate()
        forged.reseal()
        self.assertEqual(self.refused(forged.tree, "export.lines"), {"export.lines", "export.counts", "ledger.records"})

    def test_record_twice(self):
        def change(forged):
            lines = forged.lines("data/records/sessions.jsonl")
            forged.write_lines("data/records/sessions.jsonl", [lines[0], *lines[:-1]])
        self.found("record.twice", change)

    def test_medium_that_a_record_describes_otherwise(self):
        def change(forged):
            def other(record):
                record["files"][0]["sha256"] = "0" * 64
            forged.edit_line("data/records/outputs.jsonl", 0, other)
        self.found("record.file", change)

    def test_schema(self):
        def unknown(record):
            record["colour"] = "blue"

        def type_of(record):
            record["id"] = 7
        for change in (unknown, type_of):
            with self.subTest(change.__name__):
                self.found("json.schema", lambda forged, change=change: forged.edit_line("data/records/sessions.jsonl", 0, change))

    def test_canonical_form(self):
        def change(forged):
            lines = forged.lines("data/records/sessions.jsonl")
            forged.write_lines("data/records/sessions.jsonl", [lines[0].replace('":', '": ', 1), *lines[1:]])
        self.found("json.canonical", change)

    def test_no_json(self):
        self.found("json.syntax", lambda forged: forged.path("data/export.json").write_text("{\n", encoding="utf-8"), restate=False)

    def test_documents(self):
        def change(export):
            export["documents"][0]["sha256"] = "0" * 64
        self.found("export.file", lambda forged: forged.edit("data/export.json", change), restate=False)

    def test_privacy(self):
        def service(privacy):
            privacy["service"]["id"] = "other"
        self.found("privacy.service", lambda forged: forged.edit("data/privacy.json", service))

    def test_another_export_id(self):
        """The stem is not seen of a folder; bag-info.txt and the trusted comment are."""
        def change(export):
            export["export_id"] = "00000000-0000-4000-8000-000000000000"
        forged = Forged(complete())
        forged.edit("data/export.json", change)
        forged.reseal()
        self.assertEqual(self.refused(forged.tree, "bag.info"), {"bag.info", "sign.statement"})


if __name__ == "__main__":
    harness.main()
