#!/usr/bin/python3
"""Proves where a list ends whose pages are counted: at an empty page, at its own word, never at a page that is merely short.

A page of the store is a file, so each answer of such a service can be written down.
"""

import json
import shutil
import sys
import unittest

sys.dont_write_bytecode = True
import harness  # noqa: E402


def note(number):
    return {"id": f"n{number}", "owner": 12, "text": f"note {number}", "written": "2026-03-01T12:00:00Z"}


class Counted(unittest.TestCase):
    def run_with(self, pages, page, code=0):
        """The minimal account with these pages of notes (lists of numbers, or None for a page that does not exist)."""
        place = harness.scratch("counted") / "minimal"
        shutil.copytree(harness.root() / "fixtures" / "minimal", place)
        document = harness.read_json(place / "service.json")
        notes = next(one for one in document["categories"] if one["id"] == "notes")
        notes["from"]["page"] = page
        (place / "service.json").write_text(json.dumps(document), encoding="utf-8")
        folder = place / "store/people/12"
        for old in folder.glob("notes*.json"):
            old.unlink()
        for name, numbers in pages.items():
            whole = {"items": [note(number) for number in numbers], "all": 5, "more": name != "3"}
            (folder / f"notes{'.' + name if name != '1' else ''}.json").write_text(json.dumps(whole), encoding="utf-8")
        out = harness.scratch("out")
        run = harness.try_export("12", out, description=place / "service.json")
        self.assertEqual(run.code, code, run)
        if code:
            return run.err
        archive = harness.Archive(out, run)
        category = next(one for one in archive.export["categories"] if one["id"] == "notes")
        return [record["id"] for record in archive.records(category)]

    def test_short_pages_go_on(self):
        """The service hands out two at a time although it is asked for ten."""
        style = {"style": "number", "param": "page", "size_param": "per_page", "size": 10}
        self.assertEqual(self.run_with({"1": [1, 2], "2": [3, 4], "3": [5]}, style), ["n1", "n2", "n3", "n4", "n5"])
        style = {"style": "offset", "param": "offset", "size_param": "limit", "size": 10}
        self.assertEqual(self.run_with({"1": [1, 2], "2": [3, 4], "4": [5]}, style), ["n1", "n2", "n3", "n4", "n5"])

    def test_size_is_not_needed(self):
        self.assertEqual(self.run_with({"1": [1, 2], "2": [3], "3": []}, {"style": "number", "param": "page"}), ["n1", "n2", "n3"])

    def test_own_word(self):
        """`total` and `more` end a list, and no further page is asked for: page 4 would be refused."""
        pages = {"1": [1, 2], "2": [3, 4], "3": [5], "4": [1]}
        for word in ({"total": "/all"}, {"more": "/more"}):
            with self.subTest(word):
                self.assertEqual(len(self.run_with(pages, {"style": "number", "param": "page", **word})), 5)

    def test_more_is_a_promise(self):
        """An empty page that says `more` is no end, and one that it promised and that does not exist is an error."""
        style = {"style": "number", "param": "page", "more": "/more"}
        self.assertEqual(self.run_with({"1": [1, 2], "2": [], "3": [3]}, style), ["n1", "n2", "n3"])
        self.assertIn("notes: page 3: ", self.run_with({"1": [1, 2], "2": [3]}, style, code=1))
        said = self.run_with({"1": [1, 2], "2": []}, {**style, "style": "offset"}, code=1)
        self.assertIn("notes: 20 pages in a row hold nothing", said)

    def test_last_page_for_ever(self):
        """Some services answer with their last page to every number beyond it: a short one is the end."""
        style = {"style": "number", "param": "page", "size": 2}
        self.assertEqual(self.run_with({"1": [1, 2], "2": [3], "3": [3]}, style | {"more": "/nowhere"}), ["n1", "n2", "n3"])

    def test_the_same_page_for_ever(self):
        """A full page that comes again may be the first of a service that does not know the parameter: no short list may come of it."""
        style = {"style": "number", "param": "pgae", "size": 2}
        said = self.run_with({"1": [1, 2], "2": [1, 2]}, style, code=1)
        self.assertIn("notes: page 2 is the one before it once more", said)
        said = self.run_with({"1": [1], "2": [1]}, {"style": "number", "param": "page"}, code=1)
        self.assertIn("notes: page 2 is the one before it once more", said)


if __name__ == "__main__":
    harness.main()
