#!/usr/bin/python3
"""Proves that no single bit of an archive can be flipped unnoticed.

An archive of twelve entries, built here record by record: all bits of its structure and 10,000 of its data, judged as a ZIP of holdall's; none may
pass. The same for an odd one, judged as any ZIP: there some bits mean nothing to any reader, and they are named here, field by field. Last a whole
archive that holdall made and signed: a part of its bits, as each takes a whole `verify`; `./dev mutate` takes them all.
"""

import random
import struct
import subprocess
import sys
import unittest
import zlib
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
import harness  # noqa: E402
import zipraw  # noqa: E402
from zipraw import Member  # noqa: E402

TIME = 1_790_000_000
LOCAL = [("signature", 4), ("needed", 2), ("flags", 2), ("method", 2), ("time", 4), ("crc", 4), ("packed", 4), ("size", 4), ("lengths", 4)]
CENTRAL = [("signature", 4), ("made_by", 2), ("needed", 2), ("flags", 2), ("method", 2), ("time", 4), ("crc", 4), ("packed", 4), ("size", 4),
           ("lengths", 6), ("disk", 2), ("internal", 2), ("external", 4), ("offset", 4)]


def mutate(mode, path, lines, *key):
    """The flips that were accepted, as (byte, bit)."""
    tool = Path(harness.binary()).with_name("mutate")
    run = subprocess.run([tool, mode, path, *key], input="\n".join(lines) + "\n", capture_output=True, text=True, check=False)
    *accepted, done = run.stdout.splitlines() or [""]
    if run.returncode or not done.startswith("done "):
        raise AssertionError(run.stderr)
    return [tuple(map(int, line.split())) for line in accepted], int(done.split()[1])


def structure(data):
    """The ranges of a ZIP that are no entry's data."""
    archive, at = zipraw.read(data), 0
    for entry in sorted(archive.entries, key=lambda one: one.offset):
        yield at, entry.data_at
        at = entry.end
    yield at, len(data)


def data_bits(data, count, seed):
    """COUNT bits of entries' data, no two of them the same."""
    bytes_of = [at for entry in zipraw.read(data).entries for at in range(entry.data_at, entry.end)]
    for number in random.Random(seed).sample(range(8 * len(bytes_of)), count):
        yield bytes_of[number // 8], number % 8


def words(number, size):
    picks = random.Random(number)
    return " ".join("%x" % picks.getrandbits(28) for _ in range(size)).encode()


def twelve(**changes):
    """Twelve entries, stored and deflated."""
    return [Member(f"top/{'data/media/' if number % 2 else ''}{number}.txt", words(number, 40 + number), TIME + 2 * number, **changes)
            for number in range(12)]


def unknown(kind):
    return struct.pack("<HHBiHH3s", 0x5455, 5, 1, TIME, kind, 3, b"abc")


def odd():
    """Twelve entries as other programs make them: directories, comments, descriptors, fields that nobody else knows, zip64 where nothing needs it."""
    members = [Member("dir/", b"", TIME, central={"external": 0o40755 << 16 | 0x10}),
               Member("ä/ö.txt", words(1, 60), TIME, local={"flags": 0x800}, central={"flags": 0x800}),
               Member("dir/comment", words(2, 60), TIME, central={"comment": b"one entry's comment"}),
               Member("dir/field", words(3, 60), TIME, local={"extra": unknown(0xCAFE)}, central={"extra": unknown(0xCAFE)})]
    for number, (form, head) in enumerate((("<III", b""), ("<III", b"PK\x07\x08"), ("<IQQ", b""), ("<IQQ", b"PK\x07\x08"))):
        data = words(9 + number, 50)
        packed = zipraw.pack(Member("x", data, TIME, method=8))
        members.append(Member(f"dir/described{number}", data, TIME, method=8, local={"flags": 8, "crc": 0, "csize": 0, "usize": 0},
                              central={"flags": 8}, tail=head + struct.pack(form, zlib.crc32(data), len(packed), len(data))))
    members += [Member(f"dir/dos{number}", words(20 + number, 50), TIME, local={"extra": b""},
                       central={"made_by": 20, "external": 0x20, "extra": b""}) for number in range(4)]
    return members


def named(data):
    """byte -> the name of the field in which it lies, of every header and of the end record."""
    archive, names = zipraw.read(data), {}

    def note(at, fields, kind, name_len, extra):
        for name, size in fields:
            for _ in range(size):
                names[at] = f"{kind} {name}"
                at += 1
        at += name_len
        for field, content in zipraw.extras(extra):
            names.update({at + n: f"{kind} field id" for n in range(2)})
            names.update({at + 4 + n: f"{kind} {'stamp kinds' if field == 0x5455 and n == 0 else 'stamp' if field == 0x5455 else 'field'}"
                          for n in range(len(content))})
            at += 4 + len(content)
        return at

    at = archive.directory_at
    for entry in archive.entries:
        note(entry.offset, LOCAL, "local", len(entry.name), entry.local["extra"])
        at = note(at, CENTRAL, "central", len(entry.name), entry.central["extra"])
        for _ in entry.central["comment"]:
            names[at] = "comment"
            at += 1
    names.update({archive.end_at + 22 + n: "comment" for n in range(len(archive.comment))})
    return names


# What no reader needs to read an entry: who made it and with which attributes, what version it asks for below the newest one, how hard the
# deflater tried, comments, and fields that nobody knows: among them those that become unknown, and with them a time stamp.
MEANS_NOTHING = {"central made_by", "central internal", "central external", "local needed", "central needed", "local flags", "central flags",
                 "local field id", "central field id", "local field", "central field", "local stamp kinds", "central stamp kinds", "comment",
                 "local stamp", "central stamp"}


class Mutation(unittest.TestCase):
    def write(self, name, data):
        path = harness.scratch("mutate") / name
        path.write_bytes(data)
        return path

    def test_own(self):
        data = zipraw.build(twelve())
        path = self.write("own.zip", data)
        bits = 8 * sum(to - at for at, to in structure(data))
        self.assertEqual(mutate("own", path, [f"{at} {to}" for at, to in structure(data)]), ([], bits))

    def test_own_data(self):
        data = zipraw.build(twelve())
        lines = [f"= {at} {bit}" for at, bit in data_bits(data, 10_000, 7)]
        self.assertEqual(mutate("own", self.write("own.zip", data), lines), ([], 10_000))

    def test_odd(self):
        data = zipraw.build(odd(), comment=b"the archive's comment")
        accepted, _ = mutate("zip", self.write("odd.zip", data), [f"{at} {to}" for at, to in structure(data)])
        names = named(data)
        self.assertEqual({names.get(at, f"byte {at}") for at, _ in accepted} - MEANS_NOTHING, set())
        flags = {bit for at, bit in accepted if names[at].endswith(" flags")}
        self.assertLessEqual(flags, {1, 2}, "a flag other than those that say how hard the deflater tried")
        self.assertGreater(len(accepted), 0, "bits that mean nothing must be accepted")

    def test_signed(self):
        archive = harness.export("12", description=harness.root() / "fixtures/minimal/service.json")
        data = archive.zip.read_bytes()
        bits = [(at, bit) for start, to in structure(data) for at in range(start, to) for bit in range(8)]
        some = random.Random(3).sample(bits, 800) + list(data_bits(data, 200, 5))
        lines = [f"= {at} {bit}" for at, bit in some]
        self.assertEqual(mutate("holdall", archive.zip, lines, harness.public_text()), ([], 1000))


if __name__ == "__main__":
    harness.main()
