#!/usr/bin/python3
"""Proves that archives around the limits of a ZIP without zip64 open everywhere: beyond 4 GiB, and beyond 65,535 entries.

The archives are made by the program itself. A cheap run with small files tells how long everything around the files is;
from that the size of one file is chosen such that a local header, or the central directory, begins at exactly 0xFFFFFFFE,
0xFFFFFFFF or 0x100000000. Other archives hold a file of exactly so many bytes, and 65,535, 65,536 or 200,000 entries.
unzip, 7z, Python, Java and bsdtar must each find every entry with its name and its size, and accept the bytes: all of
them, but for what only fills the gigabytes before a boundary. zipcheck.py and `holdall verify` must find nothing.

By default offsets are tried at the boundary, where zip64 begins (tests/unit/archive/test_central.c tries both sides), a file's size at it and before
it, and the slow readers read the bytes of a large file there alone; with HOLDALL_BIG=all in the environment both sides of all, and by every reader,
and 200,000 entries.

It needs ROOM bytes on the disk (in TMPDIR, else /var/tmp) and fails at once where there are fewer. Each archive is
deleted before the next is made; two are made at a time. It is for the build without sanitizers: in that one gigabytes take minutes.
"""

import concurrent.futures
import functools
import os
import shutil
import struct
import sys
import tempfile
import threading
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
import harness  # noqa: E402
import zipcheck  # noqa: E402
import zipraw  # noqa: E402
import ziptools  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "fixtures"))
import scale  # noqa: E402

WIDE = 0xFFFFFFFF
ALL = os.environ.get("HOLDALL_BIG") == "all"
AROUND = (WIDE - 1, WIDE, WIDE + 1)
SIZES = AROUND if ALL else AROUND[:2]
OFFSETS = AROUND if ALL else (WIDE,)
SLOW = ("unzip", "Java")
PAGE = 60
COUNTS = (65535, 65536, 200000) if ALL else (65535, 65536)
SIDE_BY_SIDE = 2
ROOM = 10 << 30
FILLER, FILLERS = 64 << 20, 63
SMALL = 5000  # more than what is looked at to tell a file's type
LINKS = 1000  # names of one file, and items on a page
SHARD = 10000  # records in one file of the archive
TIMEOUT = 600


class Seen:
    """What was to be seen of one archive before it was deleted."""

    def __init__(self, archive, findings):
        self.findings = findings
        self.entries = len(archive.entries)
        self.media = [(entry.offset, entry.sizes[1]) for entry in archive.entries if "/data/media/" in entry.path]
        self.directory_at, self.zip64 = archive.directory_at, archive.has_zip64


# ---- the service -------------------------------------------------------------------------------------------

class Store:
    """One folder with files that all services share; each service is a list of some of them."""

    def __init__(self, folder):
        self.folder, self.person = folder, folder / "store" / "users" / scale.SUBJECT
        self.person.mkdir(parents=True)
        scale.put(self.person.parent / f"{scale.SUBJECT}.json", {"id": scale.SUBJECT, "name": "Scale Sample"})
        scale.put(folder / "privacy" / "en.json", scale.texts())
        self.big = threading.Lock()

    def file(self, name, size, links=0):
        """A file of nothing, or a first one with so many names in a folder."""
        path = self.person / name
        path.parent.mkdir(exist_ok=True)
        if not path.exists():
            path.touch()
        os.truncate(path, size)
        for number in range(1, links):
            os.link(path, path.with_name(f"{number}.bin"))

    def describe(self, name, pads=0):
        """The description of the service whose list is called NAME; PADS more categories have one record each."""
        document = scale.description(False)
        del document["defaults"]["page"]["total"]
        document["categories"][1]["from"]["get"] = f"/users/{{user_id}}/{name}"
        profile = document["categories"][0]
        document["categories"] += [{**profile, "id": f"pad{number}"} for number in range(pads)]
        path = self.folder / f"{name}.json"
        scale.put(path, document)
        return path

    def list(self, name, items):
        """A list of one page of [(title, key, size)]."""
        scale.put(self.person / f"{name}.json", {"items": [item(number, *one) for number, one in enumerate(items)]})
        return self.describe(name)

    def many(self):
        """As many names as the largest count needs, for LINKS of them one file."""
        for start in range(0, max(COUNTS), LINKS):
            folder = self.person / "many" / f"{start // LINKS}"
            folder.mkdir(parents=True)
            first = folder / "0.bin"
            first.write_bytes(b"%d\n" % start)
            for number in range(1, LINKS):
                os.link(first, folder / f"{number}.bin")

    def count(self, name, number, pads=0):
        """A list of so many of them, on pages."""
        for page, start in enumerate(range(0, number + 1, LINKS), 1):
            place = self.person / (f"{name}.json" if page == 1 else f"{name}.{page}.json")
            scale.put(place, {"items": [item(at, "m", f"many/{at // LINKS}/{at % LINKS}.bin")
                                        for at in range(start, min(start + LINKS, number))]})
        return self.describe(name, pads)


def item(number, title, key, size=None):
    stated = {} if size is None else {"size": size}
    return {"id": f"f{number:07}", "user": scale.SUBJECT, "title": title, "at": 1735689600 + number * 60,
            "key": f"users/{scale.SUBJECT}/{key}", **stated}


# ---- the archives ------------------------------------------------------------------------------------------

@functools.cache
def place():
    """The folder for everything here; its removal is main's affair."""
    parent = os.environ.get("TMPDIR", "/var/tmp")
    free = shutil.disk_usage(parent).free
    if free < ROOM:
        raise AssertionError(f"{parent} has {free >> 20} MiB free where this test needs {ROOM >> 20}; TMPDIR names another place")
    folder = tempfile.TemporaryDirectory(prefix="holdall-big-", dir=parent)
    unittest.addModuleCleanup(folder.cleanup)
    return Path(folder.name)


def archive_of(description, *extra):
    """The path of the finished archive."""
    folder = Path(tempfile.mkdtemp(prefix="out-", dir=place()))
    run = harness.try_export(scale.SUBJECT, folder, "--export-id", harness.EXPORT_ID, "--no-detached", *extra, description=description, timeout=TIMEOUT)
    if run.code != 0:
        raise AssertionError(f"the export failed:\n{run}")
    return harness.only(folder.glob("*.zip"), run)


def answers(path, expected, readers):
    """What is wrong with the readers' answers."""
    for name, reader in readers.items():
        try:
            found = reader(path)
        except (AssertionError, OSError, ValueError, struct.error) as error:
            yield f"{name}: {error}"
            continue
        if found != expected:
            pairs = [pair for pair in zip(found, expected) if pair[0] != pair[1]]
            yield f"{name}: {len(found)} entries where there are {len(expected)}; the first other one: {pairs[:1]}"


def verified(path):
    """What `holdall verify` has against it."""
    run = harness.holdall("verify", path, "-p", harness.public_key(), timeout=TIMEOUT)
    return [] if run.code == 0 and run.out.startswith("valid: ") else [str(run)]


def look(path, readers, store=False, part=None, verify=False):
    """Asks everybody about an archive and deletes it. zipcheck.py does not read the bytes of entries with PART in their name."""
    try:
        with zipraw.mapped(path) as data:
            archive = zipraw.read(data)
            findings = zipcheck.check_archive(archive, store, part)
            archive.data = None
        listed = [(entry.path, entry.sizes[1]) for entry in archive.entries]
        findings += answers(path, listed, readers)
        findings += verified(path) if verify else []
        return Seen(archive, findings)
    finally:
        shutil.rmtree(path.parent)


def without(part):
    """The readers, which list the entries with PART in their name and do not read them."""
    return {name: functools.partial(reader, part=part) for name, reader in ziptools.READERS.items()}


def learn(description, *extra):
    """What a cheap run tells: where the parts of its archive lie."""
    return look(archive_of(description, *extra), {}, store=True)


class Boundary:
    """Sixty-three files of 64 MiB, then one whose size is chosen, then a small one whose header is at the boundary."""

    def __init__(self, store):
        self.store = store
        store.file("filler/0.bin", FILLER, FILLERS)
        store.file("small/0.bin", SMALL, FILLERS)
        store.file("small/tuned.bin", SMALL)
        store.file("marker/0.bin", SMALL)
        cheap = learn(self.list("cheap", "small/{}.bin", SMALL, "small/tuned.bin", SMALL), "--store")
        self.before = cheap.media[-1][0] - SMALL * (FILLERS + 1)

    def list(self, name, key, size, tuned, tuned_size):
        fillers = [("filler", key.format(number), size) for number in range(FILLERS)]
        return self.store.list(name, [*fillers, ("filler", tuned, tuned_size), ("marker", "marker/0.bin", SMALL)])

    def make(self, name, offset, verify):
        """The archive whose last file's header begins at OFFSET."""
        size = offset - self.before - FILLER * FILLERS
        self.store.file(f"tuned/{name}.bin", size)
        description = self.list(name, "filler/{}.bin", FILLER, f"tuned/{name}.bin", size)
        return look(archive_of(description, "--store"), without("filler"), store=True, part="filler", verify=verify)

    def header(self, offset, verify=False):
        return self.make(f"header-{offset:x}", offset, verify)

    def directory(self, offset, first, verify=False):
        """The archive whose directory begins at OFFSET, once a FIRST is seen: the sizes have as many digits, so nothing else is longer."""
        seen = first.result()
        return self.make(f"directory-{offset:x}", seen.media[-1][0] - seen.directory_at + offset, verify)


def sized(store, size):
    """The archive with a file of exactly SIZE bytes, and a small one behind it."""
    with store.big:
        store.file("big/0.bin", size)
        description = store.list(f"size-{size:x}", [("big", "big/0.bin", size), ("marker", "marker/0.bin", SMALL)])
        path = archive_of(description)
    readers = {**ziptools.READERS, **(ziptools.STREAMS if size == WIDE else {})}
    if size != WIDE and not ALL:
        readers.update({name: without("big")[name] for name in SLOW})
    if size == WIDE:
        del readers["unzip"]  # see below
    return look(path, readers, verify=size >= WIDE)


class Counter:
    """Knows from three cheap runs how many entries a number of files makes."""

    def __init__(self, store):
        self.store = store
        store.many()
        one, two, padded = (learn(store.count(f"cheap{files}{pads}", files, pads), "--store").entries
                            for files, pads in ((1, 0), (2, 0), (1, 1)))
        self.each, self.pad = two - one, padded - one
        self.rest = one - self.each - 2

    def entries(self, files, pads):
        """How many entries so many files make: themselves, a shard for each SHARD of them, and a page of the viewer for each PAGE."""
        return self.rest + pads * self.pad + files * self.each - (-files // SHARD) - (-files // PAGE)

    def split(self, entries):
        """(files, pads) that make so many entries."""
        for pads in range(self.each * 2):
            most = (entries - self.rest) // self.each
            for files in range(most - most // PAGE - most // SHARD - 2, most + 1):
                if self.entries(files, pads) == entries:
                    return files, pads
        raise AssertionError(f"no number of files makes {entries} entries")

    def make(self, entries, verify=True):
        files, pads = self.split(entries)
        readers = {**ziptools.READERS, **ziptools.STREAMS}
        return look(archive_of(self.store.count(f"count{entries}", files, pads)), readers, verify=verify)


# ---- all of them, two at a time ----------------------------------------------------------------------------

JOBS = {}  # (kind, number): future of Seen


def submit(pool, store, counter):
    """All archives, the longest first."""
    boundary = Boundary(store)
    first = JOBS["header", WIDE] = pool.submit(boundary.header, WIDE, True)
    for size in SIZES:
        JOBS["size", size] = pool.submit(sized, store, size)
    for number in reversed(COUNTS):
        JOBS["count", number] = pool.submit(counter.make, number, number != COUNTS[0])
    for offset in OFFSETS:
        if offset != WIDE:
            JOBS["header", offset] = pool.submit(boundary.header, offset)
    for offset in OFFSETS:
        JOBS["directory", offset] = pool.submit(boundary.directory, offset, first, offset == WIDE)


def setUpModule():
    ziptools.need()
    store = Store(place())
    harness.keys()
    ziptools.java_class()
    counter = Counter(store)
    with concurrent.futures.ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        submit(pool, store, counter)


class Case(unittest.TestCase):
    maxDiff = 4000

    def seen(self, kind, number):
        """The archive of that kind, about which nobody had anything to say."""
        seen = JOBS[kind, number].result()
        self.assertEqual(seen.findings, [])
        return seen


class Offsets(Case):
    def test_local_header(self):
        """A local header at exactly these offsets: from 0xFFFFFFFF on its central record has the zip64 field."""
        for offset in OFFSETS:
            with self.subTest(offset=f"{offset:#x}"):
                self.assertEqual(self.seen("header", offset).media[-1], (offset, SMALL))

    def test_central_directory(self):
        """The central directory at exactly these offsets: from 0xFFFFFFFF on there is a zip64 end record."""
        for offset in OFFSETS:
            with self.subTest(offset=f"{offset:#x}"):
                seen = self.seen("directory", offset)
                self.assertEqual((seen.directory_at, seen.zip64), (offset, offset >= WIDE))


class Sizes(Case):
    def test_entry(self):
        """A file of exactly these sizes."""
        for size in SIZES:
            with self.subTest(size=f"{size:#x}"):
                self.assertEqual([found for _, found in self.seen("size", size).media], [size, SMALL])

    def test_what_unzip_does_not_read(self):
        """
        Why unzip is not asked about the file of exactly 0xFFFFFFFF bytes. UnZip 6.0 keeps the sizes of the last zip64 field that it read, and
        where one of them is 0xFFFFFFFF in truth, it takes the next entry's offset for a size. It is the same with a file that holds nothing
        else and that nothing of holdall's has made, and it is gone with one byte more.
        """
        harness.need("unzip")
        for size, fine in ((WIDE, False), (WIDE + 1, True)):
            with self.subTest(size=f"{size:#x}"):
                run = ziptools.ask("unzip", "-lqq", sparse_zip(place() / f"sparse-{size:x}.zip", size))
                self.assertEqual("extra field (type: 0x0001) corrupt" not in run.err, fine, run)
                self.assertEqual(run.code == 0, fine, run)


def sparse_zip(path, size):
    """A ZIP of two stored files, the first with SIZE zeros that take no room on the disk; its CRCs are not computed."""
    zipraw.write(path, zipraw.pieces([zipraw.Member(name, zipraw.Zeros(length), 0, zipraw.STORED, local={"crc": 0}, central={"crc": 0})
                                      for name, length in (("big", size), ("next", 0))]))
    return path


class Counts(Case):
    def test_entries(self):
        """So many entries: above 65,535 there is a zip64 end record, and below none."""
        for number in COUNTS:
            with self.subTest(number=number):
                seen = self.seen("count", number)
                self.assertEqual((seen.entries, seen.zip64), (number, number > 65535))


if __name__ == "__main__":
    harness.main()
