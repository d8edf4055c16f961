#!/usr/bin/python3
"""Proves that `verify --profile zip` takes what widespread programs write, in all their ways of writing it, and refuses what readers disagree on.

The archives are made by Info-ZIP, 7-Zip, bsdtar, jar and Python's zipfile, into files and into pipes. What is refused one fault at a time is shown
by tests/unit/archive/test_walk.c; here are those faults that these programs make themselves.
"""

import io
import json
import os
import subprocess
import sys
import unittest
import zipfile
import zlib

sys.dont_write_bytecode = True
import harness  # noqa: E402
import zipraw  # noqa: E402
from harness import holdall, scratch  # noqa: E402

NAMES = ("a.txt", "dir/deep/numbers.txt", "dir/random.bin", "empty")


def judge(path, *extra):
    """(exit code, verdict, {rule: level})."""
    run = holdall("verify", "--profile", "zip", "--format", "json", path, *extra)
    (told,) = json.loads(run.out)["results"]
    return run.code, told["verdict"], {one["rule"]: one["level"] for one in told["findings"]}


def make_tree():
    folder = scratch("zip")
    (folder / "dir/deep").mkdir(parents=True)
    (folder / "a.txt").write_text("a\n", encoding="utf-8")
    (folder / "dir/deep/numbers.txt").write_text("\n".join(map(str, range(20_000))), encoding="utf-8")
    (folder / "dir/random.bin").write_bytes(b"".join(zlib.crc32(bytes([n % 256, n // 256])).to_bytes(4, "big") for n in range(20_000)))
    (folder / "empty").touch()
    return folder


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tree = make_tree()
        cls.out = scratch("made")

    def run_in_tree(self, *argv, pipe=None):
        """Runs a program; with PIPE its standard output, which cannot be sought in, becomes that file."""
        run = subprocess.run(list(map(os.fspath, argv)), cwd=self.tree, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        self.assertEqual(run.returncode, 0, run)
        if pipe:
            pipe.write_bytes(run.stdout)

    def good(self, path, *rules):
        self.assertEqual(judge(path), (0, "valid", {rule: "warning" for rule in rules}), path.name)

    def bad(self, path, *rules):
        self.assertEqual(judge(path), (1, "invalid", {rule: "error" for rule in rules}), path.name)


class Programs(Case):
    def test_info_zip(self):
        for number, options in enumerate(((), ("-0",), ("-9",), ("-fz",), ("-fd",), ("-X",), ("-D",))):
            path = self.out / f"info{number}.zip"
            self.run_in_tree("zip", "-q", "-r", *options, path, *NAMES, "dir")
            self.good(path)
        for number, options in enumerate(((), ("-0",), ("-fd",))):
            path = self.out / f"piped{number}.zip"
            self.run_in_tree("zip", "-q", "-r", *options, "-", ".", pipe=path)
            self.good(path)

    def test_info_zip_comments(self):
        path = self.out / "comment.zip"
        self.run_in_tree("zip", "-q", "-r", path, ".")
        subprocess.run(["zip", "-q", "-z", path], input=b"words about it\n", check=True, capture_output=True)
        self.good(path)

    def test_info_zip_other(self):
        path = self.out / "bzip2.zip"
        self.run_in_tree("zip", "-q", "-Z", "bzip2", path, "dir/deep/numbers.txt")
        self.good(path, "zip.unread")
        self.run_in_tree("zip", "-q", "-P", "secret", self.out / "locked.zip", "a.txt")
        self.bad(self.out / "locked.zip", "zip.encrypted")

    def test_links_and_names(self):
        folder = scratch("odd")
        (folder / "a").touch()
        (folder / "link").symlink_to("a")
        (folder / "é").touch()
        for name, rule in (("link", "name.kind"), ("é", "name.encoding")):
            path = self.out / f"{rule}.zip"
            subprocess.run(["zip", "-q", "-y", path, "a", name], cwd=folder, check=True, env=harness.environment())
            self.bad(path, rule)

    def test_seven_zip(self):
        for name, options, rules in (("seven", (), ()), ("seven-lzma", ("-mm=LZMA",), ("zip.unread",)), ("seven-store", ("-mx0",), ())):
            path = self.out / f"{name}.zip"
            self.run_in_tree("7z", "a", "-tzip", "-bso0", *options, path, *NAMES)
            self.good(path, *rules)
        self.run_in_tree("7z", "a", "-tzip", "-bso0", "-psecret", "-mem=AES256", self.out / "aes.zip", "a.txt")
        self.bad(self.out / "aes.zip", "zip.encrypted")

    def test_bsdtar(self):
        for number, options in enumerate(((), ("--options", "zip:compression=store"), ("--options", "zip:zip64"))):
            path = self.out / f"bsd{number}.zip"
            self.run_in_tree("bsdtar", "-c", "-f", path, "--format", "zip", *options, *NAMES)
            self.good(path)
            # Into a pipe it fills the last block up with zeros, as for tapes.
            path = self.out / f"bsd-piped{number}.zip"
            self.run_in_tree("bsdtar", "-c", "--format", "zip", *options, *NAMES, pipe=path)
            self.bad(path, "zip.end")
            data = path.read_bytes()
            path.write_bytes(data[:data.rindex(b"PK\5\6") + 22])
            self.good(path)

    def test_jar(self):
        for name, options in (("jar", "cf"), ("jar0", "c0f")):
            self.run_in_tree("jar", options, self.out / f"{name}.zip", *NAMES, "dir")
            self.good(self.out / f"{name}.zip")


class Pipe(io.RawIOBase):
    """What can be written to and nothing else."""

    def __init__(self):
        super().__init__()
        self.data = bytearray()

    def writable(self):
        return True

    def write(self, data):
        self.data += data
        return len(data)


class Python(Case):
    def test_files(self):
        path = self.out / "py.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
            for name in (*NAMES, "dir"):
                made.write(self.tree / name, name)
            made.writestr("ä/ö", b"o" * 1000)
            made.comment = b"a comment"
        self.good(path)

    def test_pipe(self):
        pipe, path = Pipe(), self.out / "py-pipe.zip"
        with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as made:
            made.writestr("one", b"1" * 1000)
            for name, wide in (("two", False), ("wide", True)):
                with made.open(name, "w", force_zip64=wide) as entry:
                    entry.write(b"2" * 1000)
        path.write_bytes(pipe.data)
        self.good(path)

    def test_many(self):
        for count in (0, 65_534, 65_535, 65_536):
            path = self.out / f"{count}.zip"
            with zipfile.ZipFile(path, "w") as made:
                for number in range(count):
                    made.writestr(f"{number % 100}/{number}", b"")
            self.good(path)

    def test_nested(self):
        """A ZIP in a ZIP is data, also where it is stored and stands last, and is not looked into."""
        inner, path = io.BytesIO(), self.out / "nested.zip"
        with zipfile.ZipFile(inner, "w") as made:
            made.writestr("../../escape", b"x")
        with zipfile.ZipFile(path, "w") as made:
            made.writestr("inner.zip", inner.getvalue())
        self.good(path)

    def test_added_behind(self):
        """A second archive behind the first: readers that look from the end see it, those that follow offsets the first one."""
        path = self.out / "behind.zip"
        with zipfile.ZipFile(path, "w") as made:
            made.writestr("one", b"1")
        with zipfile.ZipFile(path, "a") as made:
            made.writestr("two", b"2")
        self.good(path)
        first = path.read_bytes()
        path.write_bytes(first + first)
        self.bad(path, "zip.directory")

    def test_data(self):
        member = zipraw.Member("a", b"data " * 100, 1_790_000_000, method=8)
        good = zipraw.pack(member)
        for rule, packed, changes in (("zip.crc", good, {"crc": 1}), ("zip.size", good, {"usize": 499}), ("zip.size", good, {"usize": 501}),
                                      ("zip.data", good + b"more", {}), ("zip.data", good[:-2], {}), ("zip.data", b"\7" + good[1:], {})):
            one = zipraw.Member("a", b"data " * 100, 1_790_000_000, method=8, packed=packed, local=changes, central=changes)
            path = self.out / f"{rule}.zip"
            path.write_bytes(zipraw.build([one]))
            self.bad(path, rule)


class Limits(Case):
    def test_bombs(self):
        """Refused by what they say of themselves before anything is unpacked, or where what is unpacked goes beyond that."""
        zeros = zipraw.pack(zipraw.Member("a", bytes(80 << 20), 0, method=8))
        for rule, size in (("limit.ratio", 260 << 20), ("zip.size", 1000)):
            changes = {"usize": size, "crc": 0}
            path = self.out / "bomb.zip"
            path.write_bytes(zipraw.build([zipraw.Member("a", b"", 1_790_000_000, method=8, packed=zeros, local=changes, central=changes)]))
            self.bad(path, rule)

    def test_options(self):
        path = self.out / "limits.zip"
        path.write_bytes(zipraw.build([zipraw.Member(name, b"x" * 100, 1_790_000_000) for name in "abc"]))
        self.assertEqual(judge(path, "--max-entries", "3", "--max-bytes", "300")[0], 0)
        self.assertEqual(judge(path, "--max-entries", "2")[2], {"limit.entries": "error"})
        self.assertEqual(judge(path, "--max-bytes", "299")[2], {"limit.bytes": "error"})

    def test_folder(self):
        self.assertNotIn(holdall("verify", "--profile", "zip", self.tree).code, (0, 3))


if __name__ == "__main__":
    harness.main()
