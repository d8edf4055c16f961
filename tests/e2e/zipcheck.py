#!/usr/bin/python3
"""Checks the raw bytes of a ZIP against holdall's profile; it shares nothing with holdall's own reader or writer.

`check(path)` returns a list of findings, each a line that begins with a word for the rule; an empty list means that
local headers and data tile the file from its first byte to the central directory, that local and central headers say
the same, that one end record ends the file, and that methods, flags, modes, times, names and order are those of the
profile. It looks at the container only: what the entries hold is for bagcheck.py and the tests.

    zipcheck.py [--store] FILE
"""

import re
import struct
import sys
import zlib

import zipraw

FIRST = ["bagit.txt", "README.txt", "signing-key.pub"]
LAST = ["tagmanifest-sha256.txt", "tagmanifest-sha256.txt.minisig"]
REQUIRED = [*FIRST, "bag-info.txt", "manifest-sha256.txt", "data/export.json", "data/privacy.json", "data/missing.jsonl",
            "data/withheld.jsonl", *LAST]
COMPONENT = re.compile(r"[a-z0-9_][a-z0-9._-]*")
DEVICE = re.compile(r"(con|prn|aux|nul|com[1-9]|lpt[1-9])(\..*)?")
STEM = re.compile(r"[a-z][a-z0-9-]{0,22}[a-z0-9]-export-[0-9]{8}-[0-9a-f]{8}(-part[0-9]{2,})?")
MEDIA = re.compile(r"data/media/[a-z][a-z0-9_]{0,15}/([0-9]{4}/(0[1-9]|1[0-2])/[0-9]{8}-|undated/)"
                   r"([a-z0-9][a-z0-9_-]*-)?([0-9a-f]{4}){2,}\.[a-z0-9]+")
UTF8_FLAG = 0x0800
MODE = 0o100644
EPOCH_1980, LAST_STAMP = 315532800, 0x7FFFFFFF
WIDE_LOCAL, WIDE_CENTRAL = ("usize", "csize"), ("usize", "csize", "offset")  # what the zip64 field may hold, in this order
BLOCK = 1 << 20


class Check:
    def __init__(self, archive, store):
        self.archive, self.store = archive, store
        self.found = []

    def say(self, rule, text):
        self.found.append(f"{rule}: {text}")


# ---- the frame ---------------------------------------------------------------------------------------------

def check_end(check):
    """One end record at the very end, right behind the directory, with one disk, no comment and true numbers."""
    archive, end = check.archive, check.archive.end
    if archive.comment:
        check.say("end", f"a comment of {len(archive.comment)} bytes")
    if end["disk"] or end["directory_disk"] or end["entries_here"] != end["entries"]:
        check.say("end", "more than one disk")
    if end["read_to"] != archive.directory_end:
        check.say("end", f"the central records end at {end['read_to']}, the end record stands at {archive.directory_end}")
    if archive.directory_at + end["size"] != archive.directory_end:
        check.say("end", "the stated size of the central directory is not its size")
    needed = end["entries"] > zipraw.FULL16 or max(archive.directory_at, end["size"]) >= zipraw.FULL32
    if archive.has_zip64 != needed:
        check.say("zip64", "no end record in the zip64 form" if needed else "an end record in the zip64 form, which nothing here needs")


def check_tiling(check):
    """Headers and data follow each other without gap or overlap, in the order of the directory."""
    at = 0
    for entry in check.archive.entries:
        if entry.offset != at:
            check.say("tiling", f"{entry.path} begins at {entry.offset}, where {at} is due")
        at = entry.end
    if at != check.archive.directory_at:
        check.say("tiling", f"the data end at {at}, the central directory begins at {check.archive.directory_at}")


# ---- each entry --------------------------------------------------------------------------------------------

def check_headers(check, entry):
    """Local equals central but for the version needed; flags, methods, mode and host of the profile."""
    local, central = entry.local, entry.central
    if local["name"] != entry.name:
        check.say("local", f"{entry.path} is called {local['name']!r} in its local header")
    for field in ("flags", "method", "time", "date", "crc", "csize", "usize"):
        if local[field] != central[field]:
            check.say("local", f"{entry.path}: {field} is {local[field]:#x} locally and {central[field]:#x} centrally")
    if central["flags"] & ~UTF8_FLAG or local["flags"] & ~UTF8_FLAG:
        check.say("flags", f"{entry.path}: {central['flags']:#x}")
    if central["made_by"] >> 8 != 3 or central["external"] >> 16 != MODE or central["external"] & 0xFFFF:
        check.say("mode", f"{entry.path}: host {central['made_by'] >> 8}, attributes {central['external']:#x}")
    if central["comment"] or central["disk"]:
        check.say("central", f"{entry.path} has a comment or lies on another disk")
    check_method(check, entry)


def check_method(check, entry):
    method, media = entry.central["method"], is_media(entry.path)
    if method not in (zipraw.STORED, zipraw.DEFLATED):
        check.say("method", f"{entry.path}: {method}")
    elif method == zipraw.DEFLATED and (media or check.store):
        check.say("method", f"{entry.path} is deflated")
    elif method == zipraw.STORED and not media and not check.store and entry.sizes[1] > 0:
        check.say("method", f"{entry.path} is text and stored")


def is_media(path):
    return path.partition("/")[2].startswith("data/media/") and not path.endswith(".xmp")


def allowed_extras(entry, wide):
    """The timestamp, which only a time beyond its range may lack, and zip64 where a value needs it."""
    said = zipraw.undos(entry.central["time"], entry.central["date"])
    beyond = said == EPOCH_1980 or (said or 0) >= LAST_STAMP - 1
    kinds = [[0x5455], []] if beyond else [[0x5455]]
    return [[1, *one] for one in kinds] if wide else kinds


def check_extra(check, entry):
    """The extended timestamp, alone but for zip64 where a value needs it, the same in both headers."""
    for where, fields, names in (("local", entry.local, WIDE_LOCAL), ("central", entry.central, WIDE_CENTRAL)):
        try:
            found = zipraw.extras(fields["extra"])
        except zipraw.Malformed as error:
            check.say("extra", f"{entry.path}: {error}")
            continue
        wide = [name for name in names if fields[name] == zipraw.FULL32]
        kinds = sorted(kind for kind, _ in found)
        if kinds not in allowed_extras(entry, wide):
            check.say("extra", f"{entry.path}: {where} has {[hex(kind) for kind in kinds]}")
        check_fields(check, entry, where, dict(found), wide)
    if zipraw.stamp_bytes(entry.local) != zipraw.stamp_bytes(entry.central):
        check.say("extra", f"{entry.path}: the local timestamp is not the central one")


def check_fields(check, entry, where, found, wide):
    """What stands in the two extra fields: the modification time alone; the values that do not fit elsewhere, and none that does."""
    stamp = found.get(0x5455)
    if stamp is not None and (len(stamp) != 5 or stamp[0] != 1):
        check.say("extra", f"{entry.path}: {where} timestamp {stamp.hex()} is not the modification time alone")
    values = found.get(1)
    if values is None or not wide:
        return
    if len(values) != 8 * len(wide):
        check.say("zip64", f"{entry.path}: {where} has {len(values)} bytes for {' '.join(wide) or 'nothing'}")
    elif any(value < zipraw.FULL32 for value in struct.unpack(f"<{len(wide)}Q", values)):
        check.say("zip64", f"{entry.path}: {where} has a value that fits without")


def check_time(check, entry):
    """The DOS time is UTC and within two seconds of the extended one."""
    said = zipraw.undos(entry.central["time"], entry.central["date"])
    try:
        true = zipraw.stamp_of(entry)
    except zipraw.Malformed:
        return
    if said is None:
        check.say("time", f"{entry.path}: no such DOS time")
    elif true is not None and not 0 <= max(true, EPOCH_1980) - said < 2:
        check.say("time", f"{entry.path}: DOS time {said}, extended time {true}")


def check_data(check, entry):
    """Sizes and CRC are those of the bytes, and a deflate stream ends where the entry ends."""
    csize, usize = entry.sizes
    if entry.central["method"] == zipraw.DEFLATED:
        engine = zlib.decompressobj(-15)
        try:
            data = engine.decompress(entry.packed(check.archive.data))
        except zlib.error as error:
            check.say("data", f"{entry.path}: {error}")
            return
        if not engine.eof or engine.unused_data:
            check.say("data", f"{entry.path}: the deflate stream does not end where the entry ends")
        size, crc = len(data), zlib.crc32(data)
    else:
        if csize != usize:
            check.say("data", f"{entry.path} is stored with two sizes")
        size, crc = csize, stored_crc(check.archive.data, entry)
    if size != usize or crc != entry.central["crc"]:
        check.say("data", f"{entry.path}: {size} bytes with CRC {crc:08x} are not what the header says")


def stored_crc(data, entry):
    """The CRC of bytes that need not fit in memory."""
    crc = 0
    for at in range(entry.data_at, entry.end, BLOCK):
        crc = zlib.crc32(data[at:min(at + BLOCK, entry.end)], crc)
    return crc


# ---- names and order ---------------------------------------------------------------------------------------

def check_component(part, is_readme):
    if part == "README.txt" and is_readme:
        return None
    if not COMPONENT.fullmatch(part):
        return "a character that may not stand there"
    if part.endswith(".") or DEVICE.fullmatch(part):
        return "an end or a word that Windows does not take"
    return "more than 64 characters" if len(part) > 64 else None


def check_name(check, entry):
    top, _, rest = entry.path.partition("/")
    for part in entry.path.split("/"):
        wrong = check_component(part, rest == "README.txt")
        if wrong:
            check.say("name", f"{entry.name!r}: {wrong}")
    if len(entry.name) > 140:
        check.say("name", f"{entry.path} has {len(entry.name)} characters")
    if not STEM.fullmatch(top):
        check.say("name", f"the top directory {top!r} is not a stem")
    if is_media(entry.path) and not MEDIA.fullmatch(rest):
        check.say("name", f"{rest} is not where media lie")


def check_names(check):
    """One top directory; no two names that differ in case only; no file that is also a folder."""
    paths = [entry.path for entry in check.archive.entries]
    for entry in check.archive.entries:
        check_name(check, entry)
    if len({path.partition("/")[0] for path in paths}) > 1:
        check.say("name", "more than one top directory")
    folded = [path.casefold() for path in paths]
    if len(set(folded)) < len(folded):
        check.say("name", "two entries of one name")
    folders = {path[:at] for path in folded for at, letter in enumerate(path) if letter == "/"}
    for path in sorted(folders & set(folded)):
        check.say("name", f"{path} is a file and a folder")


def check_order(check):
    """What must come first and last does; media stand together behind the first three."""
    inside = [entry.path.partition("/")[2] for entry in check.archive.entries]
    if inside[:3] != FIRST:
        check.say("order", f"it begins with {inside[:3]}")
    if inside[-2:] != LAST:
        check.say("order", f"it ends with {inside[-2:]}")
    for path in REQUIRED:
        if path not in inside:
            check.say("order", f"there is no {path}")
    media = [path.startswith("data/media/") for path in inside]
    if True in media[3:] and media[3:] != sorted(media[3:], reverse=True):
        check.say("order", "media stand behind something that is no medium")


def check_archive(archive, store=False, part=None):
    """
    The findings about a ZIP file that zipraw.py has read; none means that it keeps the profile. Of entries with PART in their name the bytes
    are not read.
    """
    check = Check(archive, store)
    check_end(check)
    check_tiling(check)
    for entry in archive.entries:
        for look in (check_headers, check_extra, check_time):
            look(check, entry)
        if part is None or part not in entry.path:
            check_data(check, entry)
    check_names(check)
    check_order(check)
    return check.found


def check_bytes(data, store=False):
    """The same about the bytes of a file, which may not even be one."""
    try:
        archive = zipraw.read(data)
    except (zipraw.Malformed, struct.error) as error:
        return [f"structure: {error}"]
    return check_archive(archive, store)


def check(path, store=False):
    """The same of a file of any size."""
    with zipraw.mapped(path) as data:
        return check_bytes(data, store)


def main():
    words = [word for word in sys.argv[1:] if word != "--store"]
    if len(words) != 1:
        print(f"usage: {sys.argv[0]} [--store] FILE", file=sys.stderr)
        return 2
    found = check(words[0], store="--store" in sys.argv[1:])
    print("\n".join(found) if found else "it keeps the profile")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
