#!/usr/bin/python3
"""Makes the seeds that are ZIP files or speak of one: corpus/walk, corpus/inspect and corpus/verify.

    seeds.py HOLDALL

HOLDALL is the program; the account is that of fixtures/minimal, at a fixed time and with a key of the tests, so that the same program makes the same
seeds. It writes files of its own names and leaves those alone that were found since. Every other seed was written by hand.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests/e2e"))
import zipraw  # noqa: E402

TIME = 1793491200  # 2026-11-01T00:00:00Z
TOP = "t-export-20261101-0"
SCHEMA = "data/schemas/"
LEFT_OUT = ("viewer/", "index.html", "manifest-sha256.txt", "tagmanifest-sha256.txt", "README.txt")


def save(target, name, data):
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def exported(program):
    """The bytes of a small archive."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, "export", "-s", ROOT / "fixtures/minimal/service.json", "-u", "123", "-k",
                        ROOT / "tests/unit/archive/data/minisign-plain.key", "-o", f"{folder}/", "--as-of", "2026-11-01T00:00:00Z",
                        "--request-id", "fuzz", "--no-detached"], check=True, capture_output=True)
        return next(Path(folder).glob("*.zip")).read_bytes()


def member(name, data=b"x", **changes):
    return zipraw.Member(f"{TOP}/{name}", data, TIME, **changes)


def walk():
    """Small ZIP files: some in order, most with one thing that is not."""
    field = b"\x55\x54\x05\x00\x01" + TIME.to_bytes(4, "little")
    wide = b"\x01\x00\x10\x00" + (1).to_bytes(8, "little") * 2
    two = [member("a"), member("data/b", b"hello hello hello")]
    yield "two", zipraw.build(two)
    yield "none", zipraw.build([])
    yield "comment", zipraw.build(two, comment=b"c")
    yield "prefix", zipraw.build(two, prefix=b"MZ")
    yield "suffix", zipraw.build(two, suffix=b"\0")
    yield "gap", zipraw.build([member("a"), member("b", gap=b"gap")])
    yield "before_directory", zipraw.build(two, before_directory=b"PK")
    yield "other_count", zipraw.build(two, end={"entries": 3, "here": 3})
    yield "other_offset", zipraw.build(two, end={"offset": 1})
    yield "same_offset", zipraw.build([member("a"), member("b", central={"offset": 0})])
    yield "other_name", zipraw.build([member("a", local={"name": f"{TOP}/b".encode()})])
    yield "other_crc", zipraw.build([member("bagit.txt", central={"crc": 1}, local={"crc": 1})])
    yield "short_data", zipraw.build([member("bagit.txt", b"x" * 40, central={"usize": 9}, local={"usize": 9})])
    yield "descriptor", zipraw.build([member("a", local={"flags": 8, "crc": 0}, central={"flags": 8}, tail=b"PK\7\10" + bytes(12))])
    yield "zip64", zipraw.build([member("a", local={"extra": wide + field, "csize": 0xFFFFFFFF, "usize": 0xFFFFFFFF})])
    yield "traversal", zipraw.build([member("../../a"), zipraw.Member("/etc/x", b"", TIME), zipraw.Member("b/c", b"", TIME)])
    yield "twice", zipraw.build([member("a"), member("a")])
    yield "fold", zipraw.build([member("data/straße"), member("data/STRASSE")])
    yield "bad_deflate", zipraw.build([member("bagit.txt", b"x" * 30, packed=b"\xff\xff\xff\xff", method=8)])
    yield "bomb", zipraw.build([member("bagit.txt", b"\0" * 300000)])


def text_of(members):
    """Files as fuzz target `verify` takes them. Schemas are named only."""
    out = b""
    for path, data in members:
        out += b"@" + path.encode() + b"\n" + (b"=" if path.startswith(SCHEMA) else data)
        if not out.endswith(b"\n"):
            out += b"\n" if not path.startswith(SCHEMA) else b""
    return out


def verify(archive):
    top, _, _ = archive[0].name.decode().partition("/")
    files = [(entry.name.decode().partition("/")[2], entry.data) for entry in archive]
    kept = [(path, data) for path, data in files if not path.startswith(LEFT_OUT) and not path.endswith((".png", ".xmp"))]
    rest = [(path, data) for path, data in files if path.endswith("manifest-sha256.txt") or path.startswith("tag")]
    head = f" {top}\n".encode()
    yield "documents", b"M" + head + text_of(kept)
    yield "own_manifests", head + text_of([one for one in kept if one[0].startswith(("bag", "data/ex"))] + rest)
    yield "tag_files", b"M" + head + text_of([one for one in kept if one[0].startswith("bag")])
    yield "no_export", b"M" + head + text_of([one for one in kept if "export.json" not in one[0]])
    yield "records", b"M" + head + text_of([one for one in kept if not one[0].startswith((SCHEMA, "data/ro", "data/privacy"))])


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    data = exported(sys.argv[1])
    members = zipraw.members_of(data)
    for name, made in walk():
        save("walk", name, made)
    for name, made in verify(members):
        save("verify", name, made)
    plain = [one for one in members if b"/viewer/" not in one.name and not one.name.endswith((b"/index.html", b".xmp"))]
    save("inspect", "whole", data)
    save("inspect", "lacks_files", zipraw.build(plain))
    save("inspect", "documents_only", zipraw.build([one for one in plain if b"/schemas/" not in one.name]))
    for name, made in walk():
        if name in ("two", "twice", "bomb", "other_crc"):
            save("inspect", name, made)


if __name__ == "__main__":
    main()
