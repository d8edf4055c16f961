#!/usr/bin/python3
"""Proves that zipcheck.py can fail: a good file passes, and each broken one is found under the rule that it breaks.

It needs no archive of holdall's. The files are written by zipraw.py with one thing broken at a time, and the good one
is also read by Python's zipfile, so that reader and writer cannot be wrong together.
"""

import io
import struct
import sys
import unittest
import zipfile

sys.dont_write_bytecode = True
import harness  # noqa: E402
import zipcheck  # noqa: E402
import zipraw  # noqa: E402

STEM = "claakit-export-20261101-0d5c2f4e"
WHEN = 1774747801
MEDIA = "data/media/output/2026/03/20260329-a-fox-0123abcd.png"
NAMES = [*zipcheck.FIRST, MEDIA, "bag-info.txt", "data/records/prompts.jsonl",
         *(path for path in zipcheck.REQUIRED if path.startswith("data/")), "manifest-sha256.txt", *zipcheck.LAST]


def member(name, **changes):
    data = b"" if name == "data/missing.jsonl" else f"this is {name}\n".encode() * 3
    return zipraw.Member(f"{STEM}/{name}", data, WHEN, **changes)


def members(broken=None, **changes):
    """The members of a good file; the one called BROKEN with changes."""
    return [member(name, **changes) if name == broken else member(name) for name in NAMES]


class Good(unittest.TestCase):
    def test_passes(self):
        self.assertEqual(zipcheck.check_bytes(zipraw.build(members())), [])

    def test_time_beyond_the_stamp(self):
        for clock, date in (zipraw.dos(0), zipraw.dos(4102444800)):
            changes = {"extra": b"", "time": clock, "date": date}
            self.assertEqual(zipcheck.check_bytes(zipraw.build(members(MEDIA, local=changes, central=changes))), [])

    def test_python_reads_the_same(self):
        archive = zipfile.ZipFile(io.BytesIO(zipraw.build(members())))
        self.assertIsNone(archive.testzip())
        self.assertEqual(archive.namelist(), [f"{STEM}/{name}" for name in NAMES])
        self.assertEqual(archive.read(f"{STEM}/{MEDIA}"), member(MEDIA).data)

    def test_stored(self):
        stored = [member(name, method=zipraw.STORED) for name in NAMES]
        self.assertEqual(zipcheck.check_bytes(zipraw.build(stored), store=True), [])

    def test_written_again(self):
        data = zipraw.build(members())
        self.assertEqual(zipraw.build(zipraw.members_of(data)), data)

    def test_dos_time_round_trip(self):
        for mtime in (315532800, 951827696, WHEN, WHEN + 1, 4102444799):
            self.assertEqual(zipraw.undos(*zipraw.dos(mtime)), mtime - mtime % 2)


class Broken(unittest.TestCase):
    def fails(self, data, *rules, store=False):
        found = zipcheck.check_bytes(data, store)
        self.assertEqual({line.partition(":")[0] for line in found}, set(rules), found)

    def breaks(self, rule, name=MEDIA, **changes):
        self.fails(zipraw.build(members(name, **changes)), *([rule] if isinstance(rule, str) else rule))

    def test_frame(self):
        good = members()
        self.fails(zipraw.build(good, comment=b"hello"), "end")
        self.fails(zipraw.build(good, suffix=b"x"), "structure")
        self.fails(zipraw.build(good, prefix=b"#!"), "tiling")
        self.fails(zipraw.build(good, before_directory=b"gap"), "tiling")
        self.fails(zipraw.build(good, after_directory=b"gap"), "end")
        self.fails(zipraw.build(good, end={"disk": 1}), "end")
        self.fails(zipraw.build(good, end={"here": 3}), "end")
        self.fails(zipraw.build(good, end={"entries": len(good) - 1, "here": len(good) - 1}), "end", "tiling", "order")
        self.fails(zipraw.build(good, end={"entries": len(good) + 1}), "structure")
        self.fails(zipraw.build(good)[:-1], "structure")
        self.fails(b"", "structure")

    def test_two_end_records(self):
        data = zipraw.build(members())
        self.fails(data + data[-zipraw.END_HEAD.size:], "end")

    def test_needless_zip64(self):
        data = zipraw.build(members())
        at = zipraw.read(data).end
        size, offset, count = at["size"], at["offset"], at["entries"]
        record = zipraw.END64_HEAD.pack(zipraw.END64, 44, 45, 45, 0, 0, count, count, size, offset)
        locator = zipraw.LOCATOR64_HEAD.pack(zipraw.LOCATOR64, 0, offset + size, 1)
        self.fails(data[:-22] + record + locator + data[-22:], "zip64")

    def test_gap_overlap_descriptor(self):
        self.breaks("tiling", gap=b"gap")
        self.breaks("tiling", tail=struct.pack("<4I", 0x08074B50, 0, 0, 0))
        self.breaks(("local", "tiling", "data"), central={"offset": 0})

    def test_flags(self):
        for flags in (0x0001, 0x0008, 0x0040, 0x2000, 0x0002):
            with self.subTest(flags=flags):
                self.breaks("flags", local={"flags": flags}, central={"flags": flags})
        self.breaks(("flags", "local"), local={"flags": 8})

    def test_local_is_not_central(self):
        for field in ("time", "crc", "usize"):
            with self.subTest(field=field):
                self.breaks("local", local={field: 1})
        self.breaks("local", local={"name": f"{STEM}/other".encode()})
        self.breaks("local", local={"method": zipraw.DEFLATED})

    def test_methods(self):
        self.breaks("method", method=zipraw.DEFLATED)
        self.breaks("method", name="bag-info.txt", method=zipraw.STORED)
        self.breaks("method", local={"method": 12}, central={"method": 12})
        self.fails(zipraw.build(members()), "method", store=True)

    def test_mode_and_host(self):
        self.breaks("mode", central={"external": 0o120777 << 16})
        self.breaks("mode", central={"external": 0o100600 << 16})
        self.breaks("mode", central={"external": 0o100644 << 16 | 0x10})
        self.breaks("mode", central={"made_by": 63})

    def test_comment(self):
        self.breaks("central", central={"comment": b"hello"})

    def test_extra(self):
        stamp = struct.pack("<HHBi", 0x5455, 5, 1, WHEN)
        self.breaks("extra", local={"extra": b""}, central={"extra": b""})
        self.breaks("extra", central={"extra": b""})
        self.breaks("extra", local={"extra": stamp[:-1]})
        unix = stamp + struct.pack("<HHB", 0x7875, 1, 1)
        self.breaks("extra", local={"extra": unix}, central={"extra": unix})
        three = struct.pack("<HHBii", 0x5455, 9, 3, WHEN, WHEN)
        self.breaks("extra", local={"extra": three}, central={"extra": three})
        large = struct.pack("<HHQ", 1, 8, 1) + stamp
        self.breaks("extra", local={"extra": large}, central={"extra": large})
        self.breaks("extra", local={"extra": struct.pack("<HHBi", 0x5455, 5, 1, WHEN + 1)})

    def test_zip64_field(self):
        """Sizes that stand in the zip64 field although they fit, or in one that has room for more or less."""
        data = member(MEDIA).data
        stamp = struct.pack("<HHBi", 0x5455, 5, 1, WHEN)
        for values in ([len(data)] * 2, [len(data)] * 3):
            field = struct.pack(f"<HH{len(values)}Q", 1, 8 * len(values), *values)
            changes = {"extra": field + stamp, "csize": zipraw.FULL32, "usize": zipraw.FULL32}
            with self.subTest(values=values):
                self.breaks("zip64", local=changes, central=changes)

    def test_time(self):
        for shift in (-9 * 3600, 3600, 2, -2):
            clock, date = zipraw.dos(WHEN + shift)
            with self.subTest(shift=shift):
                self.breaks("time", local={"time": clock, "date": date}, central={"time": clock, "date": date})
        self.breaks("time", local={"date": 0}, central={"date": 0})

    def test_data(self):
        self.breaks("data", local={"crc": 1}, central={"crc": 1})
        self.breaks("data", packed=b"other")
        self.breaks("data", name="bag-info.txt", packed=zipraw.pack(member("bag-info.txt")) + b"more")
        self.breaks("data", name="bag-info.txt", packed=zipraw.pack(member("bag-info.txt"))[:-2])
        self.breaks("data", name="bag-info.txt", packed=b"\xff\xff\xff")

    def test_names(self):
        folder = f"{STEM}/data/media/output/2026/03"
        for name in (f"{folder}/20260329-A-0123abcd.png", f"{folder}/../20260329-a-0123abcd.png", f"/{STEM}/x",
                     f"{STEM}/data/nul.txt", f"{STEM}/data/.x", f"{STEM}/data/-x", f"{STEM}/data/x.",
                     f"{STEM}/data/{'x' * 65}", f"{STEM}/data/a b", f"{STEM}/data/caf\u00e9", f"{STEM}/data\\x",
                     f"{STEM}/data/README.txt", f"{STEM}/" + "/".join(["x" * 40] * 3), "other/data/x", f"{STEM}/x/",
                     f"{folder}/a-0123abcd.png", f"{STEM}/data/media/output/20260329-a-0123abcd.png"):
            with self.subTest(name=name):
                extra = zipraw.Member(name, b"x", WHEN)
                found = zipcheck.check_bytes(zipraw.build([*members()[:4], extra, *members()[4:]]))
                self.assertIn("name", {line.partition(":")[0] for line in found}, found)

    def test_twice_and_file_as_folder(self):
        self.fails(zipraw.build([*members()[:5], member(NAMES[4]), *members()[5:]]), "name")
        self.fails(zipraw.build([*members()[:5], member("bag-info.txt/x"), *members()[5:]]), "name")

    def test_order(self):
        good = members()
        self.fails(zipraw.build([good[1], good[0], *good[2:]]), "order")
        self.fails(zipraw.build([*good[:-2], good[-1], good[-2]]), "order")
        self.fails(zipraw.build([*good[:3], good[4], good[3], *good[5:]]), "order")
        for name in zipcheck.REQUIRED[3:-2]:
            with self.subTest(name=name):
                self.fails(zipraw.build([one for one in good if not one.name.endswith(name.encode())]), "order")


if __name__ == "__main__":
    harness.main()
