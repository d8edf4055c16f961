#!/usr/bin/python3
"""Proves that `holdall verify` refuses archives whose documents, files and pages contradict each other, each by one rule alone.

The chain of trust of every one is intact: it was signed again, with all hashes and sizes as they are. Each case changes one
thing in a small archive of an invented account (or of a sample account, where it takes more), and what that thing drags
along is set right again, so that no other rule may speak.
"""

import functools
import json
import re
import shutil
import sys
import unittest

sys.dont_write_bytecode = True
import harness  # noqa: E402
from bagforge import CRATE, Forged  # noqa: E402
from harness import complete, holdall, public_key, root, scratch, troubled  # noqa: E402

EXPORT, PRIVACY, MISSING, WITHHELD = "data/export.json", "data/privacy.json", "data/missing.jsonl", "data/withheld.jsonl"
NOTES, PICTURES, PROFILE = (f"data/records/{name}.jsonl" for name in ("notes", "pictures", "profile"))
PAGE, CARDS = "viewer/notes-0001.html", "viewer/pictures-0001.html"


@functools.cache
def small():
    return harness.export("12", description=root() / "fixtures/minimal/service.json")


@functools.cache
def partial():
    """One of its pictures is not at the service any more."""
    folder = scratch("partial") / "minimal"
    shutil.copytree(root() / "fixtures/minimal", folder)
    (folder / "store/pictures/12/a.png").unlink()
    return harness.export("12", "--allow-partial", code=3, description=folder / "service.json")


def findings(path):
    run = holdall("verify", path, "-p", public_key(), "--format", "json")
    return run.code, json.loads(run.out)[0]["findings"]


class Case(unittest.TestCase):
    maxDiff = None

    def refused(self, rule, change, archive=small, path=None):
        forged = Forged(archive())
        change(forged)
        forged.restate()
        forged.reseal()
        code, found = findings(forged.tree)
        self.assertEqual((code, {one["rule"] for one in found}), (1, {rule}), found)
        if path:
            self.assertEqual({one["path"] for one in found}, {path}, found)
        shutil.rmtree(forged.tree)
        return found

    def each(self, rule, cases, **options):
        for name, change in cases.items():
            with self.subTest(name):
                self.refused(rule, change, **options)

    def edits(self, rule, document, cases, **options):
        """Each case gets the document and alters it."""
        self.each(rule, {name: lambda forged, change=change: forged.edit(document, change) for name, change in cases.items()}, **options)

    def lines(self, rule, document, cases, **options):
        """Each case gets the first line and alters it."""
        self.each(rule, {name: lambda forged, change=change: forged.edit_line(document, 0, change) for name, change in cases.items()},
                  **options)


class Good(unittest.TestCase):
    def test_sealed_again(self):
        for archive in (small, partial, complete, troubled):
            forged = Forged(archive())
            forged.restate()
            forged.reseal()
            for path in (forged.tree, archive().zip):
                self.assertEqual(findings(path), (0, []))

    def test_scopes_and_categories(self):
        for extra in (("--scope", "portability"), ("--category", "notes"), ("--since", "2026-05-02T00:00:00Z")):
            archive = harness.export("12", *extra, description=root() / "fixtures/minimal/service.json")
            self.assertEqual(findings(archive.zip), (0, []), extra)
        archive = harness.export(harness.COMPLETE, "--category", "prompts", "--category", "disclosures")
        self.assertEqual(findings(archive.zip), (0, []))


if __name__ == "__main__":
    harness.main()
