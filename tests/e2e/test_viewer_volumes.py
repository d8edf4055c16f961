#!/usr/bin/python3
"""Proves in a browser that each volume of a set can be read: alone, and beside its siblings.

From file://, with scripts disabled. Alone, a volume's index.html says which part it is, all its pages are reached, every file of it is shown, and one
that lies in another part is named with that part's number. Side by side, links lead from any volume into all others. Nothing outside is asked
for, and nothing is complained about.
"""

import json
import random
import shutil
import struct
import sys
import zlib
from pathlib import Path

sys.dont_write_bytecode = True
import chromium  # noqa: E402
import harness  # noqa: E402
from harness import root, scratch  # noqa: E402
from pagewalk import AXE, DECODED, WIDTH, Walk, axe  # noqa: E402

PICTURES, SIDE, VOLUME = 5, 290, "1100K"
NOTE = "document.querySelector('main .note').innerText"
PARTS = "[...document.querySelectorAll('.parts li')].map(one => [one.innerText, one.querySelector('a')?.getAttribute('href') ?? null])"
CARDS = """[...document.querySelectorAll('main li[id]')].map(one => [one.querySelector('.shot img')?.getAttribute('src') ?? null,
    one.querySelector('.file.none')?.innerText ?? null])"""


def noise(number):
    """A PNG that nothing compresses: 290 pixels square, 253 KB."""
    dice = random.Random(number)
    lines = b"".join(b"\0" + dice.randbytes(3 * SIDE) for _ in range(SIDE))
    chunks = (b"IHDR", struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(lines, 1)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
                                          for name, data in chunks)


def service():
    """The minimal service with pictures enough for a set."""
    folder = scratch("set") / "minimal"
    shutil.copytree(root() / "fixtures/minimal", folder)
    items = []
    for number in range(PICTURES):
        data = noise(number)
        (folder / f"store/pictures/12/p{number}.png").write_bytes(data)
        items.append({"id": f"p{number}", "owner": 12, "name": f"Bild {number}.png", "taken": f"2026-0{number % 3 + 1}-01T12:00:00Z", "bytes": len(data)})
    (folder / "store/people/12/pictures.json").write_text(json.dumps({"items": items}), encoding="utf-8")
    return folder / "service.json"


class Volume:
    """One volume, unpacked into a folder where nothing else is."""

    def __init__(self, path):
        place = scratch("volume")
        run = harness.command("unzip", "-q", path, "-d", place)
        if run.code != 0:
            raise AssertionError(run)
        self.tree = place / path.stem
        self.number = harness.read_json(self.tree / "data/export.json")["volume"]["number"]

    def files(self, *kinds):
        return {path.relative_to(self.tree).as_posix() for path in self.tree.rglob("*") if path.is_file() and path.suffix in kinds}


class Volumes(chromium.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = scratch("out")
        run = harness.try_export("12", folder, "--volume-size", VOLUME, description=service())
        if run.code != 0:
            raise AssertionError(run)
        cls.volumes = [Volume(path) for path in sorted(folder.glob("*.zip"))]
        cls.together = scratch("together").resolve()
        for volume in cls.volumes:
            shutil.copytree(volume.tree, cls.together / volume.tree.name)

    def setUp(self):
        super().setUp()
        self.browser.scripts(False)

    def quiet(self, folder):
        """Nothing but files of FOLDER was asked for, and there was no word about it."""
        self.browser.settle()
        self.assertEqual([one for one in self.browser.requests if not one.startswith(f"{folder.resolve().as_uri()}/")], [])
        self.assertEqual(self.browser.complaints, [])

    def each(self):
        self.assertGreater(len(self.volumes), 2)
        for volume in self.volumes:
            with self.subTest(volume.number):
                yield volume

    def test_which_part(self):
        names = [volume.tree.name for volume in self.volumes]
        for volume in self.each():
            self.browser.go(volume.tree / "index.html")
            self.assertIn(f"This is part {volume.number} of {len(names)}.", self.browser.run(NOTE))
            parts = self.browser.run(PARTS)
            self.assertEqual([href for _, href in parts],
                             [None if number == volume.number else f"../{name}/index.html" for number, name in enumerate(names, 1)])
            for number, (text, href) in enumerate(parts, 1):
                self.assertEqual(text, f"Part {number}" if href else f"Part {number} (this one)")

    def test_alone(self):
        for volume in self.each():
            walk = Walk(self.browser, volume.tree)
            self.assertEqual(set(walk.pages), volume.files(".html"))
            self.assertEqual(walk.beyond, {f"../{one.tree.name}/index.html" for one in self.volumes if one is not volume})
            self.assertEqual({name for name in walk.opened if name.endswith(".png")}, volume.files(".png"))
            self.assertEqual([name for name in walk.opened | walk.named if not (volume.tree / name).is_file()], [])
            self.assertEqual((walk.outside, sum(walk.records.values())), (set(), PICTURES + 4))  # with three notes and the account
        self.quiet(volume.tree.parents[1])

    def test_pictures_of_all_parts(self):
        """A page has each record, and its picture, or the part in which that lies."""
        for volume in self.each():
            lines = harness.read_lines(volume.tree / "data/records/pictures.jsonl")
            files = {record["files"][0]["path"]: record["files"][0]["volume"] for record in lines}
            due = {(f"../{path}", None) if part == volume.number else (None, f"This file is in part {part} of the set: {path}")
                   for path, part in files.items()}
            self.browser.go(volume.tree / "viewer/pictures-0001.html")
            self.assertEqual({tuple(one) for one in self.browser.run(CARDS)}, due)
            decoded = self.browser.run(DECODED)
            self.assertEqual((decoded, len(decoded)), ([""] * len(decoded), list(files.values()).count(volume.number)))

    def test_side_by_side(self):
        """From one volume to all files of all volumes that can be opened."""
        there = {f"{volume.tree.name}/{name}" for volume in self.volumes for name in volume.files(".html", ".png")}
        walk = Walk(self.browser, self.together, f"{self.volumes[1].tree.name}/index.html")
        self.assertEqual({name for name in walk.opened if name.endswith((".html", ".png"))}, there)
        self.assertEqual((walk.beyond, walk.outside), (set(), set()))
        self.quiet(self.together)

    def test_looks(self):
        """Nothing for the phone to scroll sideways, and nothing for axe-core to mend, where a page speaks of parts."""
        self.browser.scripts(True)
        for page in ("index.html", "viewer/pictures-0001.html"):
            for dark in (False, True):
                self.browser.look(dark=dark, width=360 if dark else 1280)
                self.browser.go(self.volumes[1].tree / page)
                self.browser.run(axe())
                self.assertEqual(self.browser.run(AXE), [], page)
                self.assertLessEqual(self.browser.run(WIDTH), 360 if dark else 1280, page)


if __name__ == "__main__":
    harness.main()
