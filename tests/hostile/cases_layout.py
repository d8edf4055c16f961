"""Cases of hazards 9 and 12: the layout of the ZIP, its headers and end records, sizes and sums.

All are made after the archive was signed, so that every file that a reader may unpack is the one that was listed.
"""

import struct
import zlib

import zipraw
from case import archived

TEXT, MEDIUM, WHEN = "README.txt", "data/media/", 1767225600


def find(draft, path):
    """Where the member is: that of this name, or the first whose name begins so."""
    return next(at for at, member in enumerate(draft.members) if member.name.decode("utf-8", "replace").partition("/")[2].startswith(path))


def change(path=TEXT, local=None, central=None, both=None, **attributes):
    """A function that changes one member's headers."""

    def hook(draft):
        member = draft.members[find(draft, path)]
        member.local = {**(both or {}), **(local or {})}
        member.central = {**(both or {}), **(central or {})}
        for name, value in attributes.items():
            setattr(member, name, value)

    return hook


def layout(**changes):
    """A function that changes what lies between and behind the members."""
    return lambda draft: draft.changes.update(changes)


def count(draft):
    return len(draft.members)


def member_end(draft, data, path=TEXT):
    """(offset of the local header, of the data, and of their end) of a member."""
    entry = zipraw.read(data).entries[find(draft, path)]
    return entry.offset, entry.data_at, entry.end


def patched(data, at, new):
    return data[:at] + new + data[at + len(new):]


def end_at(data):
    return len(data) - zipraw.END_HEAD.size


# ---- the end of the file -----------------------------------------------------------------------------------

for name, cut in (("byte", 1), ("half", 11), ("all-but-signature", 18), ("end-record", 22), ("into-directory", 60)):
    archived(f"end-cut-{name}", 9, "zip.end", after=lambda _, data, cut=cut: data[:-cut])
archived("end-empty-file", 9, "zip.end", after=lambda *_: b"")
archived("end-no-zip", 9, "zip.end", after=lambda *_: b"%PDF-1.7\n" * 4000)
for name, suffix in (("newline", b"\n"), ("zeros", bytes(512)), ("text", b"more\n" * 20000), ("central-record", zipraw.CENTRAL_HEAD.pack(
        zipraw.CENTRAL, *[0] * 16)), ("locator", zipraw.LOCATOR64_HEAD.pack(zipraw.LOCATOR64, 0, 0, 1))):
    archived(f"end-suffix-{name}", 9, "zip.end", members=layout(suffix=suffix))
archived("end-comment-length-lie", 9, "zip.end", after=lambda _, data: data[:-2] + struct.pack("<H", 5))
archived("end-comment-shorter", 9, "zip.end", members=layout(comment=b"12345"), after=lambda _, data: patched(data, len(data) - 7, b"\3\0"))

EMPTY = zipraw.END_HEAD.pack(zipraw.END, *[0] * 7)
archived("ends-empty-zip-behind", 9, "zip.directory", members=layout(suffix=EMPTY))
archived("ends-other-zip-behind", 9, "zip.prefix name.top", zip="zip.prefix", after=lambda _, data: data + other_zip(len(data)))
archived("ends-in-comment", 9, "zip.ends", members=layout(comment=EMPTY))
archived("ends-before-end", 9, "zip.directory", members=layout(after_directory=EMPTY))


def other_zip(base):
    """A whole ZIP whose offsets count from the beginning of the file that it is put behind."""
    data = zipraw.build([zipraw.Member("other.txt", b"other\n", WHEN)])
    archive = zipraw.read(data)
    data = patched(data, archive.directory_at + 42, struct.pack("<I", base))
    return patched(data, end_at(data) + 16, struct.pack("<I", archive.directory_at + base))


archived("comment-of-archive", 9, "zip.comment", members=layout(comment=b"hello"))
archived("comment-of-entry", 9, "zip.comment", members=change(central={"comment": b"hello"}))
for name, field, value in (("this", "disk", 1), ("directory", "directory_disk", 1), ("here", "here", 3)):
    archived(f"disk-{name}", 9, "zip.disk", members=layout(end={field: value}))
archived("disk-of-entry", 9, "zip.disk", members=change(central={"disk": 1}))
archived("disk-wide", 9, "zip.disk", members=change(central={"disk": 0xFFFF}))

# ---- zip64 -------------------------------------------------------------------------------------------------

WIDE = zipraw.FULL32


def wide_end(draft, **fields):
    """A zip64 end record that the end record leaves everything to."""
    draft.changes.update(wide=True, end={"here": 0xFFFF, "entries": 0xFFFF, "size": WIDE, "offset": WIDE}, **fields)


archived("zip64-end-not-needed", 9, "zip.zip64", zip="", members=layout(wide=True))
archived("zip64-end-takes-over", 9, "zip.zip64", zip="", members=wide_end)
archived("zip64-end-other-count", 9, "zip.zip64", members=layout(wide=True, end64={"here": 2, "entries": 2}))
archived("zip64-end-other-offset", 9, "zip.zip64", members=layout(wide=True, end64={"offset": 0}))
archived("zip64-end-long", 9, "zip.zip64", members=lambda draft: wide_end(draft, end64={"length": 60}))
archived("zip64-end-endless", 9, "zip.zip64", members=lambda draft: wide_end(draft, end64={"length": 2**64 - 1}))
archived("zip64-end-needs-more", 9, "zip.zip64", zip="", members=lambda draft: wide_end(draft, end64={"needed": 62}))
archived("zip64-locator-astray", 9, "zip.zip64", members=lambda draft: wide_end(draft, locator={"record": 0}))
archived("zip64-locator-beyond", 9, "zip.zip64", members=lambda draft: wide_end(draft, locator={"record": 2**63}))
archived("zip64-record-missing", 9, "zip.zip64", members=layout(end={"entries": 0xFFFF, "here": 0xFFFF, "size": WIDE, "offset": WIDE}))
archived("zip64-locator-alone", 9, "zip.zip64", members=layout(after_directory=zipraw.LOCATOR64_HEAD.pack(zipraw.LOCATOR64, 0, 0, 1)))
archived("zip64-disks", 9, "zip.disk", members=lambda draft: wide_end(draft, locator={"disks": 2}))
archived("zip64-end-disk", 9, "zip.disk", members=lambda draft: wide_end(draft, end64={"disk": 1}))


def field64(*values):
    return struct.pack(f"<HH{len(values)}Q", 1, 8 * len(values), *values)


def extra64(local=(), central=(), fields=None):
    """A zip64 field that the member has though its numbers are small; FIELDS are those of both headers that leave them to it."""

    def hook(draft):
        member = draft.members[find(draft, TEXT)]
        stamp = zipraw.stamp(member.mtime)
        packed = len(zipraw.pack(member))
        known = {"u": len(member.data), "c": packed}
        made = [field64(*(known.get(value, value) for value in values)) if values else b"" for values in (local, central)]
        member.local = {"extra": made[0] + stamp, "needed": 45, **(fields or {})}
        member.central = {"extra": made[1] + stamp, "needed": 45, **(fields or {})}

    return hook


BOTH = {"csize": WIDE, "usize": WIDE}
archived("zip64-field-not-needed", 9, "zip.zip64", zip="", members=extra64(("u", "c"), ("u", "c"), BOTH))
archived("zip64-field-unused", 9, "zip.zip64", zip="", members=extra64(("u", "c"), ("u", "c")))
archived("zip64-field-empty", 9, "zip.zip64", zip="", members=lambda draft: empty64(draft))
archived("zip64-field-short", 9, "zip.zip64", members=extra64(("u",), ("u",), BOTH))
archived("zip64-field-long", 9, "zip.zip64", members=extra64(("u", "c"), ("u", "c", 0, 0), BOTH))
archived("zip64-field-missing", 9, "zip.zip64", members=change(both=BOTH))
archived("zip64-field-huge", 9, "zip.overlap limit.bytes", members=extra64((2**60, 2**60), (2**60, 2**60), BOTH))
archived("zip64-field-contradicts", 9, "zip.zip64", members=extra64((1000, 1000), (1000, 1000)))
archived("zip64-offset-field", 9, "zip.zip64", zip="", members=lambda draft: offset64(draft))


def empty64(draft):
    change(both={"needed": 45, "extra": field64() + zipraw.stamp(draft.members[find(draft, TEXT)].mtime)})(draft)


def offset64(draft):
    """The offset of the first member in a zip64 field."""
    member = draft.members[0]
    member.central = {"offset": WIDE, "needed": 45, "extra": field64(0) + zipraw.stamp(member.mtime)}


# ---- the directory -----------------------------------------------------------------------------------------

for name, value in (("less", lambda number: number - 1), ("more", lambda number: number + 1), ("none", lambda _: 0), ("most", lambda _: 65534)):
    archived(f"count-{name}", 9, "zip.count", members=lambda draft, value=value: draft.changes.update(
        end={"here": value(count(draft)), "entries": value(count(draft))}))
for name, field, by in (("size-less", "size", -1), ("size-more", "size", 1), ("offset-more", "offset", 1),
                        ("offset-beyond", "offset", 1 << 30), ("size-huge", "size", 1 << 31)):
    archived(f"directory-{name}", 9, "zip.directory", after=lambda _, data, field=field, by=by: patched(
        data, end_at(data) + {"size": 12, "offset": 16}[field], struct.pack("<I", struct.unpack_from(
            "<I", data, end_at(data) + {"size": 12, "offset": 16}[field])[0] + by)))
archived("directory-none", 9, "zip.directory", after=lambda _, data: patched(data, end_at(data) + 12, bytes(8)))
archived("directory-gap-behind", 9, "zip.directory", members=layout(after_directory=b"gap"))
archived("directory-record-cut", 9, "zip.header", after=lambda _, data: cut_record(data))


def cut_record(data):
    """The last central record has a name that is longer than the directory."""
    archive = zipraw.read(data)
    at = archive.directory_at
    for entry in archive.entries[:-1]:
        at += zipraw.CENTRAL_HEAD.size + len(entry.name) + len(entry.central["extra"])
    return patched(data, at + 28, struct.pack("<H", 60000))


for name, prefix in (("script", b"#!/bin/sh\n"), ("zero", b"\0"), ("executable", b"MZ" + bytes(5000))):
    archived(f"prefix-{name}", 9, "zip.prefix", members=layout(prefix=prefix))
archived("prefix-unaccounted", 9, "zip.prefix", after=lambda _, data: b"#!/bin/sh\n" + data)
archived("prefix-one-byte-less", 9, "zip.prefix", after=lambda _, data: patched(
    data, end_at(data) + 16, struct.pack("<I", zipraw.read(data).directory_at - 1)))
archived("prefix-zip", 9, "zip.prefix", members=layout(prefix=zipraw.build([zipraw.Member("other.txt", b"other\n", WHEN)])))
archived("gap-before-entry", 9, "zip.gap", members=change(gap=b"gap"))
archived("gap-behind-data", 9, "zip.gap", members=change(MEDIUM, tail=b"x"))
archived("gap-before-directory", 9, "zip.gap", members=layout(before_directory=bytes(100)))
archived("gap-hidden-entry", 9, "zip.gap", members=lambda draft: hide(draft))
archived("gap-whole-zip", 9, "zip.gap", members=change(gap=zipraw.build([zipraw.Member("other.txt", b"other\n", WHEN)])))


def page(draft, **changes):
    """One more page, which no manifest lists."""
    return zipraw.Member(f"{draft.stem}/viewer/hidden.html", b"hidden\n", WHEN, zipraw.STORED, **changes)


def hide(draft):
    """An entry that has a local header and no central record."""
    draft.members.insert(find(draft, MEDIUM), page(draft, has_central=False))


# ---- overlaps ----------------------------------------------------------------------------------------------

def quote(_, data):
    """The first entry reaches over the header and the data of the second one, as a stored file: both can be unpacked."""
    archive = zipraw.read(data)
    first, second = archive.entries[0], archive.entries[1]
    size = second.end - first.data_at
    fields = struct.pack("<3I", zlib.crc32(data[first.data_at:second.end]), size, size)
    for at, sums in ((first.offset + 4, first.offset + 14), (archive.directory_at + 6, archive.directory_at + 16)):
        data = patched(patched(data, at, struct.pack("<3H", 10, 0, 0)), sums, fields)
    return data


def twins(draft):
    """A second central record for the bytes of a medium."""
    at = find(draft, MEDIUM)
    first = draft.members[at]
    offset = sum(len(part) for part in zipraw.pieces(draft.members[:at])) - len(tail_of(draft.members[:at]))
    draft.members.insert(at + 1, zipraw.Member(first.name[:-4] + b"-2" + first.name[-4:], first.data, first.mtime, first.method, has_local=False,
                                               central={"offset": offset}))


def tail_of(members):
    """The directory and the end record."""
    data = zipraw.build(members)
    return data[zipraw.read(data).directory_at:]


def inside(draft):
    """The data of a medium are a whole entry, and another central record is about that one."""
    at = find(draft, MEDIUM)
    hidden, medium = page(draft, has_local=False), draft.members[at]
    local, _ = zipraw.headers(hidden, hidden.data, 0)
    medium.data = local + hidden.data
    before = zipraw.build(draft.members[:at])
    begin = len(before) - len(tail_of(draft.members[:at])) + len(zipraw.headers(medium, medium.data, 0)[0])
    hidden.central = {"offset": begin}
    draft.members.insert(at + 1, hidden)


def reach(draft, data):
    """The last entry's data reach into the central directory, as those of a stored file."""
    archive = zipraw.read(data)
    last, record = archive.entries[-1], archive.directory_at
    for entry in archive.entries[:-1]:
        record += zipraw.CENTRAL_HEAD.size + len(entry.name) + len(entry.central["extra"])
    size = archive.directory_at + 10 - last.data_at
    for at, sums in ((last.offset + 4, last.offset + 18), (record + 6, record + 20)):
        data = patched(patched(data, at, struct.pack("<3H", 10, 0, 0)), sums, struct.pack("<2I", size, size))
    return data


archived("overlap-quoted", 9, "zip.overlap", intact=False, after=quote)
archived("overlap-same-header", 9, "zip.overlap zip.differs", members=twins)
archived("overlap-inside", 9, "zip.overlap", members=inside, intact=False)
archived("overlap-directory", 9, "zip.overlap", intact=False, after=reach)
archived("header-offset-back", 9, "zip.header", members=change("data/", central={"offset": 4}))
archived("order-swapped", 9, "zip.order", zip="", members=lambda draft: draft.changes.update(order=swapped(count(draft))))
archived("order-reversed", 9, "zip.order", zip="", members=lambda draft: draft.changes.update(order=range(count(draft) - 1, -1, -1)))


def swapped(number):
    return [1, 0, *range(2, number)]


# ---- one entry's headers -----------------------------------------------------------------------------------

def header_patch(path, where, at, new):
    """A function that writes NEW into one header of a member, AT bytes from its beginning."""

    def after(draft, data):
        archive = zipraw.read(data)
        entry, begin = archive.entries[find(draft, path)], archive.directory_at
        for one in archive.entries[:find(draft, path)]:
            begin += zipraw.CENTRAL_HEAD.size + len(one.name) + len(one.central["extra"])
        return patched(data, (entry.offset if where == "local" else begin) + at, new)

    return after


archived("header-local-signature", 9, "zip.header", after=header_patch(TEXT, "local", 0, b"PK\3\5"))
archived("header-local-zeros", 9, "zip.header", after=header_patch(TEXT, "local", 0, bytes(4)))
archived("header-central-signature", 9, "zip.header", after=header_patch(TEXT, "central", 0, b"PK\2\1"))
archived("header-offset-astray", 9, "zip.header", members=change(central={"offset": 40}))
archived("header-offset-beyond", 9, "zip.header", members=change(central={"offset": 0x7FFFFFFF}))
archived("header-local-name-long", 9, "zip.header", after=header_patch("tagmanifest-sha256.txt.minisig", "local", 26, b"\xff\xff"))
for field, value in (("name", b"x/other.txt"), ("flags", 0x800), ("method", 0), ("crc", 1), ("csize", 9), ("usize", 9), ("time", 0), ("date", 0x21),
                     ("extra", zipraw.stamp(WHEN))):
    archived(f"differs-local-{field}", 9, "zip.differs", members=change(local={field: value}))
archived("differs-local-extra-none", 9, "zip.differs", zip="", members=change(local={"extra": b""}))
archived("differs-name-case", 9, "zip.differs", members=lambda draft: change(local={"name": f"{draft.stem}/readme.txt".encode()})(draft))
for bit in (1, 2):
    archived(f"flag-{bit}", 9, "zip.flags", zip="", members=change(both={"flags": 1 << bit}))
for bit in (4, 5, 7, 8, 9, 10, 12, 14, 15):
    archived(f"flag-{bit}", 9, "zip.flags", members=change(both={"flags": 1 << bit}))
archived("flag-level-of-stored", 9, "zip.flags", zip="", members=change(MEDIUM, both={"flags": 2}))
for name, flags in (("plain", 1), ("strong", 0x41), ("masked", 0x2041)):
    archived(f"encrypted-{name}", 9, "zip.encrypted", members=change(both={"flags": flags}))
archived("encrypted-aes", 9, "zip.encrypted", members=lambda draft: change(both={"flags": 1, "method": 99, "needed": 51, "extra": struct.pack(
    "<HHH2sBH", 0x9901, 7, 2, b"AE", 3, 8) + zipraw.stamp(draft.members[find(draft, TEXT)].mtime)})(draft))


def descriptor(signature=True, short=False, lie=0, zero=True, both=True):
    """The member has a data descriptor behind its data; with ZERO its local header leaves sums and sizes to it."""

    def hook(draft):
        member = draft.members[find(draft, TEXT)]
        packed = zipraw.pack(member)
        member.tail = (b"PK\7\x08" if signature else b"") + struct.pack("<3I", zlib.crc32(member.data) ^ lie, len(packed), len(member.data))[:8 if short else 12]
        member.local = {"flags": 8, **({"crc": 0, "csize": 0, "usize": 0} if zero else {})}
        member.central = {"flags": 8} if both else {}

    return hook


archived("descriptor-right", 9, "zip.descriptor", zip="", members=descriptor())
archived("descriptor-known-sizes", 9, "zip.descriptor", zip="", members=descriptor(zero=False))
archived("descriptor-other-crc", 9, "zip.descriptor", members=descriptor(lie=1))
archived("descriptor-cut", 9, "zip.descriptor", members=descriptor(short=True))
archived("descriptor-none", 9, "zip.descriptor", members=change(both={"flags": 8}))
for method in (1, 6, 9, 12, 14, 93, 95, 98):
    archived(f"method-{method}", 9, "zip.method", zip="zip.unread", members=change(both={"method": method}))
for needed in (45, 62, 63, 64, 255):
    archived(f"version-{needed}", 9, "zip.version", zip="" if needed < 64 else "zip.version", members=change(both={"needed": needed}))
archived("host-older-version", 9, "zip.host", zip="", members=change(central={"made_by": 3 << 8 | 20}))
for host in (0, 10, 19, 255):
    archived(f"host-{host}", 9, "zip.host", zip="", members=change(central={"made_by": host << 8 | 63}))
for name, mode in (("executable", 0o100755), ("group", 0o100664), ("setuid", 0o104644)):
    archived(f"attributes-{name}", 9, "zip.attributes", zip="", members=change(central={"external": mode << 16}))
archived("attributes-dos", 9, "zip.attributes", zip="", members=change(central={"external": 0o100644 << 16 | 0x21}))
archived("attributes-none", 9, "name.kind", zip="", members=change(central={"external": 0}))
archived("attributes-text", 9, "zip.attributes", zip="", members=change(central={"internal": 1}))
archived("attributes-internal", 9, "zip.attributes", zip="", members=change(central={"internal": 4}))


def extra(local=None, central=None, both=None):
    """Fields behind the one for the time."""

    def hook(draft):
        stamp = zipraw.stamp(draft.members[find(draft, TEXT)].mtime)
        change(local={"extra": stamp + (both or local or b"")}, central={"extra": stamp + (both or central or b"")})(draft)

    return hook


archived("extra-unknown", 9, "zip.extra", zip="", members=extra(both=struct.pack("<HH4s", 0xCAFE, 4, b"java")))
archived("extra-unknown-local", 9, "zip.extra", zip="", members=extra(local=struct.pack("<HH4s", 0xCAFE, 4, b"java")))
archived("extra-unix-ids", 9, "zip.extra", zip="", members=extra(both=struct.pack("<HHBBIBI", 0x7875, 11, 1, 4, 0, 4, 0)))
archived("extra-cut", 9, "zip.extra", members=extra(both=struct.pack("<HH2s", 0xCAFE, 40, b"xx")))
archived("extra-rest", 9, "zip.extra", members=extra(both=b"\0\0\0"))
archived("extra-stamp-twice", 9, "zip.extra", members=extra(both=zipraw.stamp(WHEN)))
archived("extra-stamp-access", 9, "zip.extra zip.time", zip="", members=lambda draft: change(
    local={"extra": struct.pack("<HHBii", 0x5455, 9, 3, *(2 * [draft.members[find(draft, TEXT)].mtime]))},
    central={"extra": struct.pack("<HHBi", 0x5455, 5, 3, draft.members[find(draft, TEXT)].mtime)})(draft))
archived("extra-unicode-name", 9, "zip.extra", zip="name.encoding", members=lambda draft: extra(both=unicode_path(draft, b"/other.txt"))(draft))
archived("extra-unicode-same-name", 9, "zip.extra", zip="", members=lambda draft: extra(both=unicode_path(draft, b"/README.txt"))(draft))
archived("extra-unicode-stale", 9, "zip.extra", zip="", members=lambda draft: extra(both=unicode_path(draft, b"/README.txt", 1))(draft))


def unicode_path(draft, name, lie=0):
    name = draft.stem.encode() + name
    return struct.pack("<HHBI", 0x7075, 5 + len(name), 1, zlib.crc32(draft.members[find(draft, TEXT)].name) ^ lie) + name


archived("stored-two-sizes", 9, "zip.stored", members=change(MEDIUM, both={"usize": 5}))
archived("time-differs", 9, "zip.time", zip="", members=change(both={"date": 0x21}))
archived("time-hour", 9, "zip.time", zip="", members=change(both={"time": 12 << 11 | 30 << 5}))
archived("time-none", 9, "zip.time", zip="", members=change(both={"date": 0, "extra": b""}))
archived("time-month-13", 9, "zip.time", zip="", members=change(both={"date": 46 << 9 | 13 << 5 | 1, "extra": b""}))

# ---- data, sizes and sums (12) -----------------------------------------------------------------------------

def packed(how, path=TEXT, **headers):
    """The member's packed bytes become others, which its headers know."""

    def hook(draft):
        member = draft.members[find(draft, path)]
        member.packed = how(zipraw.pack(member))
        member.local, member.central = dict(headers), dict(headers)

    return hook


def bits(data):
    """A deflate stream whose last block is of the kind that does not exist."""
    return bytes([data[0] | 7]) + data[1:]


archived("data-behind-end", 12, "zip.data", members=packed(lambda data: data + b"more"))
archived("data-byte-behind-end", 12, "zip.data", members=packed(lambda data: data + b"\0"))
archived("data-second-stream", 12, "zip.data", members=packed(lambda data: data + data))
archived("data-cut", 12, "zip.data", members=packed(lambda data: data[:-1]))
archived("data-half", 12, "zip.data", members=packed(lambda data: data[:len(data) // 2]))
archived("data-none", 12, "zip.data", members=packed(lambda _: b""))
archived("data-no-block", 12, "zip.data", members=packed(bits))
archived("data-zeros", 12, "zip.data", members=packed(lambda data: bytes(len(data))))
archived("data-zlib", 12, "zip.data", members=packed(lambda data: b"\x78\x9c" + data + bytes(4)))
archived("data-not-deflated", 12, "zip.data", members=packed(lambda data: b"\xff" * len(data)))
for name, lie in (("less", lambda number: number - 1), ("more", lambda number: number + 1), ("none", lambda _: 0), ("double", lambda number: number * 2)):
    archived(f"size-{name}", 12, "zip.size", members=lambda draft, lie=lie: change(
        both={"usize": lie(len(draft.members[find(draft, TEXT)].data))})(draft))
for name, path in (("deflated", TEXT), ("stored", MEDIUM), ("signature", "tagmanifest-sha256.txt.minisig")):
    archived(f"crc-{name}", 12, "zip.crc", members=change(path, both={"crc": 0x12345678}))
archived("crc-zero", 12, "zip.crc", members=change(both={"crc": 0}))
