#!/usr/bin/python3
"""Proves docs/first-service.md by walking it: its commands print what the page shows, its steps make the description.

The page is walked in an empty folder by tests/house/check_readme.py, as the other guides are, with the addresses of the
servers that run here in place of those that the page names. What its steps add up to must be fixtures/spokelog/service.json
in meaning, and mistakes put into the page must be noticed.
"""

import json
import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "house")]

import check_readme  # noqa: E402
import harness  # noqa: E402
import realservers  # noqa: E402

PAGE = "docs/first-service.md"


class FirstService(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.servers = cls.enterClassContext(realservers.Spokelog())
        cls.page = cls.servers.here(harness.root().joinpath(PAGE).read_text(encoding="utf-8"))

    def prepare(self, place):
        """What stands around a reader who works in a folder of the project beside the running servers."""
        self.servers.give_certificate(place.folder)
        (place.folder.parent / "fixtures").symlink_to(harness.root() / "fixtures")

    def walk(self, page):
        return list(check_readme.walk(page, harness.binary(), ("json service", "console"), self.prepare))

    def test_the_steps_work_and_print_what_the_page_shows(self):
        self.assertEqual(self.walk(self.page), [])

    def test_the_steps_make_the_description(self):
        made = None
        for _, info, body in check_readme.blocks(self.page):
            if info == "json service":
                made = json.loads(body)
            elif info.startswith("json at "):
                for pointer in info.split()[2:]:
                    check_readme.put(made, pointer, json.loads(body))
        fixture = realservers.fixture("service.json").read_text(encoding="utf-8")
        self.assertEqual(made, json.loads(self.servers.here(fixture)))

    def test_mistakes_are_noticed(self):
        for old, new in (('"subject": "/id"', '"subject": "/nick"'), ("/lastRide     unknown", "/lastRide     mapped"),
                         ('"link_header"', '"link"')):
            self.assertIn(old, self.page)
            self.assertNotEqual(self.walk(self.page.replace(old, new, 1)), [], new)


if __name__ == "__main__":
    harness.main()
