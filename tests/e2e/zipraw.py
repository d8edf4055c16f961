"""Reads and writes ZIP files record by record with struct (PKWARE's APPNOTE 6.3.9), for zipcheck.py and the tests.

The reader takes the end record at the very end of the file, follows it to the central directory, and reads each local
header that it names; it raises Malformed where it cannot go on and judges nothing else. The writer makes exactly what
holdall's profile asks for, with zip64 where a number needs it, unless a member overrides a field: so a test can break one
thing and nothing else. It writes no more than fits in memory, but for data that are nothing but Zeros, which are holes of the
file; what is read may be a file of any size (`mapped`).
"""

import calendar
import contextlib
import functools
import mmap
import os
import struct
import time
import zlib

LOCAL, CENTRAL, END, END64, LOCATOR64 = 0x04034B50, 0x02014B50, 0x06054B50, 0x06064B50, 0x07064B50
LOCAL_HEAD = struct.Struct("<I5H3I2H")
CENTRAL_HEAD = struct.Struct("<I6H3I5H2I")
END_HEAD = struct.Struct("<I4H2IH")
END64_HEAD = struct.Struct("<IQ2H2I4Q")
LOCATOR64_HEAD = struct.Struct("<IIQI")
LOCAL_FIELDS = ("needed", "flags", "method", "time", "date", "crc", "csize", "usize")
CENTRAL_FIELDS = ("made_by", *LOCAL_FIELDS)
STORED, DEFLATED = 0, 8
FULL16, FULL32 = 0xFFFF, 0xFFFFFFFF


class Malformed(Exception):
    """The structure cannot be followed."""


class Entry:
    """One entry: its two headers as dictionaries, and where its parts lie in the file."""

    def __init__(self, name, central):
        self.name, self.central = name, central
        self.local = {}
        self.offset = self.data_at = self.end = 0
        self.sizes = (0, 0)

    @property
    def path(self):
        return self.name.decode("utf-8", "backslashreplace")

    def packed(self, data):
        return data[self.data_at:self.end]

    def unpacked(self, data):
        packed = self.packed(data)
        return packed if self.central["method"] == STORED else zlib.decompress(packed, -15)


class Archive:
    """The whole file: bytes, entries in central order, and where the directory and the end records stand."""

    def __init__(self, data):
        self.data = data
        self.entries = []
        self.directory_at = self.directory_end = self.end_at = 0
        self.comment = b""
        self.end = {}
        self.has_zip64 = False


def take(data, at, form, what):
    if at < 0 or at + form.size > len(data):
        raise Malformed(f"{what} at {at} is cut off")
    return form.unpack_from(data, at)


def extras(blob):
    """[(id, bytes)] of an extra field."""
    found, at = [], 0
    while at < len(blob):
        if at + 4 > len(blob):
            raise Malformed("an extra field is cut off")
        kind, size = struct.unpack_from("<HH", blob, at)
        if at + 4 + size > len(blob):
            raise Malformed(f"the extra field {kind:#06x} is cut off")
        found.append((kind, blob[at + 4:at + 4 + size]))
        at += 4 + size
    return found


def wide(fields, blob, names):
    """The true values of NAMES: the zip64 extra field holds those that are all ones, in this order."""
    spare = dict(extras(blob)).get(1, b"")
    values = []
    for name in names:
        if fields[name] == FULL32 and len(spare) >= 8:
            values.append(struct.unpack_from("<Q", spare)[0])
            spare = spare[8:]
        else:
            values.append(fields[name])
    return values


def read_end(archive):
    data = archive.data
    for at in range(len(data) - END_HEAD.size, max(-1, len(data) - END_HEAD.size - FULL16 - 1), -1):
        values = END_HEAD.unpack_from(data, at)
        if values[0] == END and at + END_HEAD.size + values[7] == len(data):
            break
    else:
        raise Malformed("no end record ends where the file ends")
    names = ("disk", "directory_disk", "entries_here", "entries", "size", "offset", "comment_length")
    archive.end = dict(zip(names, values[1:]))
    archive.end_at, archive.comment = at, data[at + END_HEAD.size:]
    archive.directory_end = at
    read_end64(archive)
    archive.directory_at = archive.end["offset"]
    if archive.directory_at + archive.end["size"] > len(data):
        raise Malformed("the central directory does not lie in the file")


def read_end64(archive):
    at = archive.end_at - LOCATOR64_HEAD.size
    if at < 0 or archive.data[at:at + 4] != struct.pack("<I", LOCATOR64):
        return
    _, _, record, _ = take(archive.data, at, LOCATOR64_HEAD, "the zip64 locator")
    values = take(archive.data, record, END64_HEAD, "the zip64 end record")
    if values[0] != END64:
        raise Malformed("the zip64 locator points at something else")
    archive.has_zip64, archive.directory_end = True, record
    archive.end.update(disk=values[4], directory_disk=values[5], entries_here=values[6], entries=values[7],
                       size=values[8], offset=values[9])


def read_central(archive, at):
    values = take(archive.data, at, CENTRAL_HEAD, "a central record")
    if values[0] != CENTRAL:
        raise Malformed(f"no central record at {at}")
    name_len, extra_len, comment_len, disk, internal, external, offset = values[10:]
    fields = dict(zip(CENTRAL_FIELDS, values[1:10]))
    fields.update(disk=disk, internal=internal, external=external, offset=offset)
    body = at + CENTRAL_HEAD.size
    fields["extra"] = archive.data[body + name_len:body + name_len + extra_len]
    fields["comment"] = archive.data[body + name_len + extra_len:body + name_len + extra_len + comment_len]
    entry = Entry(archive.data[body:body + name_len], fields)
    usize, csize, entry.offset = wide(fields, fields["extra"], ("usize", "csize", "offset"))
    entry.sizes = (csize, usize)
    return entry, body + name_len + extra_len + comment_len


def read_local(archive, entry):
    values = take(archive.data, entry.offset, LOCAL_HEAD, f"the local header of {entry.path}")
    if values[0] != LOCAL:
        raise Malformed(f"no local header for {entry.path} at {entry.offset}")
    entry.local = dict(zip(LOCAL_FIELDS, values[1:9]))
    name_at = entry.offset + LOCAL_HEAD.size
    extra_at = name_at + values[9]
    entry.data_at = extra_at + values[10]
    entry.local["name"] = archive.data[name_at:extra_at]
    entry.local["extra"] = archive.data[extra_at:entry.data_at]
    entry.end = entry.data_at + entry.sizes[0]
    if entry.end > len(archive.data):
        raise Malformed(f"the data of {entry.path} are cut off")


@contextlib.contextmanager
def mapped(path):
    """The bytes of a file, of which only what is looked at comes into memory."""
    with open(path, "rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            yield b""
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            yield data


def read(data):
    """Reads the bytes of a ZIP file."""
    archive = Archive(data)
    read_end(archive)
    at = archive.directory_at
    for _ in range(archive.end["entries"]):
        entry, at = read_central(archive, at)
        read_local(archive, entry)
        archive.entries.append(entry)
    archive.end["read_to"] = at
    return archive


# ---- writing -----------------------------------------------------------------------------------------------

class Zeros:
    """SIZE zeros that take no room: a hole of the file that is written."""

    known = {0: 0}  # size: CRC-32

    def __init__(self, size):
        self.size = size

    def __len__(self):
        return self.size

    @functools.cached_property
    def crc(self):
        """Goes on from the longest that was computed before."""
        at = max(size for size in self.known if size <= self.size)
        value = self.known[at]
        for block in self.blocks(at):
            value = zlib.crc32(block, value)
        self.known[self.size] = value
        return value

    def blocks(self, at=0):
        """The zeros from AT on."""
        block = bytes(1 << 20)
        for _ in range((self.size - at) >> 20):
            yield block
        yield bytes((self.size - at) & (1 << 20) - 1)


class Member:
    """What the writer needs of an entry. `local` and `central` override header fields; `gap` is put in front, `tail` behind."""

    def __init__(self, name, data, mtime, method=None, **changes):
        self.name = name.encode() if isinstance(name, str) else name
        self.data, self.mtime = data, mtime
        self.method = method_for(self.name, data) if method is None else method
        self.local = changes.get("local", {})
        self.central = changes.get("central", {})
        self.gap = changes.get("gap", b"")
        self.tail = changes.get("tail", b"")
        self.packed = changes.get("packed")
        self.has_local, self.has_central = changes.get("has_local", True), changes.get("has_central", True)


def method_for(name, data):
    media = b"/data/media/" in name and not name.endswith(b".xmp")
    return STORED if media or not data else DEFLATED


def dos(mtime):
    """(time, date) in UTC with two seconds' resolution."""
    at = time.gmtime(max(mtime, calendar.timegm((1980, 1, 1, 0, 0, 0))))
    return (at.tm_hour << 11 | at.tm_min << 5 | at.tm_sec // 2, (at.tm_year - 1980) << 9 | at.tm_mon << 5 | at.tm_mday)


def undos(clock, date):
    """Seconds since 1970 of a DOS time taken as UTC; None for a time that does not exist."""
    month, day, hour, minute, second = date >> 5 & 15, date & 31, clock >> 11, clock >> 5 & 63, (clock & 31) * 2
    if not (1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second < 60):
        return None
    return calendar.timegm(((date >> 9) + 1980, month, day, hour, minute, second))


@functools.lru_cache(maxsize=256)
def deflated(data):
    engine = zlib.compressobj(9, zlib.DEFLATED, -15)
    return engine.compress(data) + engine.flush()


def pack(member):
    if member.packed is not None:
        return member.packed
    return deflated(member.data) if member.method == DEFLATED else member.data


def zip64(values):
    """The zip64 extra field of those values that do not fit; nothing where all do."""
    values = [value for value in values if value >= FULL32]
    return struct.pack(f"<HH{len(values)}Q", 1, 8 * len(values), *values) if values else b""


def stamp(mtime):
    """The extra field 0x5455."""
    return struct.pack("<HHBi", 0x5455, 5, 1, mtime)


def headers(member, packed, offset):
    """The local header and the central record of a member."""
    clock, date = dos(member.mtime)
    csize, usize = len(packed), len(member.data)
    wide = max(csize, usize) >= FULL32
    crc = member.local["crc"] if "crc" in member.local and "crc" in member.central else member.data.crc if isinstance(member.data, Zeros) else zlib.crc32(member.data)
    plain = {"flags": 0, "method": member.method, "time": clock, "date": date, "crc": crc, "name": member.name}
    low = 10 if member.method == STORED else 20
    field = struct.pack("<HHQQ", 1, 16, usize, csize) if wide else b""
    local = {**plain, "needed": 45 if wide else low, "csize": FULL32 if wide else csize, "usize": FULL32 if wide else usize,
             "extra": field + stamp(member.mtime), **member.local}
    field = zip64((usize, csize, offset))
    central = {**plain, "needed": 45 if field else low, "csize": min(csize, FULL32), "usize": min(usize, FULL32),
               "extra": field + stamp(member.mtime), "made_by": 3 << 8 | 63, "comment": b"", "disk": 0, "internal": 0,
               "external": 0o100644 << 16, "offset": min(offset, FULL32), **member.central}
    first = LOCAL_HEAD.pack(LOCAL, *(local[name] for name in LOCAL_FIELDS), len(local["name"]), len(local["extra"]))
    second = CENTRAL_HEAD.pack(
        CENTRAL, *(central[name] for name in CENTRAL_FIELDS), len(central["name"]), len(central["extra"]),
        len(central["comment"]), central["disk"], central["internal"], central["external"], central["offset"])
    return (first + local["name"] + local["extra"], second + central["name"] + central["extra"] + central["comment"])


def end_records(count, size, offset, end64=None, locator=None, wide=None):
    """The zip64 end record and its locator where a number needs them, or where WIDE says so, with some of their fields replaced."""
    if not (max(size, offset) >= FULL32 or count > FULL16 if wide is None else wide):
        return b""
    fields = {"length": END64_HEAD.size - 12, "made_by": 3 << 8 | 45, "needed": 45, "disk": 0, "directory_disk": 0, "here": count,
              "entries": count, "size": size, "offset": offset, **(end64 or {})}
    place = {"disk": 0, "record": offset + size, "disks": 1, **(locator or {})}
    return END64_HEAD.pack(END64, *fields.values()) + LOCATOR64_HEAD.pack(LOCATOR64, *place.values())


def pieces(members, prefix=b"", before_directory=b"", after_directory=b"", end=None, comment=b"", suffix=b"", order=None, **wide):
    """The bytes of a ZIP file of these members in this order, piece by piece; ORDER is that of the central directory, as positions."""
    records, at = [], len(prefix)
    yield prefix
    for member in members:
        packed = pack(member)
        local, central = headers(member, packed, at + len(member.gap))
        if member.has_central:
            records.append(central)
        if member.has_local:
            yield member.gap + local
            yield packed
            yield member.tail
            at += len(member.gap) + len(local) + len(packed) + len(member.tail)
    yield before_directory
    at += len(before_directory)
    directory = b"".join(records if order is None else [records[place] for place in order])
    yield directory + after_directory
    size = len(directory)
    yield end_records(len(records), size, at, **wide)
    short = min(len(records), FULL16)
    fields = {"disk": 0, "directory_disk": 0, "here": short, "entries": short, "size": min(size, FULL32), "offset": min(at, FULL32),
              **(end or {})}
    yield END_HEAD.pack(END, *fields.values(), len(comment)) + comment + suffix


def build(members, **changes):
    """The bytes of a ZIP file of these members, in this order."""
    return b"".join(pieces(members, **changes))


def write(path, parts):
    """Writes such pieces to a file, Zeros as holes."""
    with open(path, "wb") as file:
        for part in parts:
            if isinstance(part, Zeros):
                file.seek(len(part), os.SEEK_CUR)
            else:
                file.write(part)
        file.truncate()


def stamp_bytes(fields):
    """The extra field 0x5455 of a header; None without one, or where the extra fields cannot be read."""
    try:
        return dict(extras(fields["extra"])).get(0x5455)
    except Malformed:
        return None


def stamp_of(entry):
    """The modification time in the extra field 0x5455 of the central record; None without one."""
    value = dict(extras(entry.central["extra"])).get(0x5455, b"")
    return struct.unpack_from("<i", value, 1)[0] if len(value) >= 5 and value[0] & 1 else None


def members_of(data):
    """The members of an existing file, ready to be written again."""
    archive = read(data)
    return [Member(entry.name, entry.unpacked(data), stamp_of(entry) or 0, entry.central["method"])
            for entry in archive.entries]
