"""Cases of hazard 11: small files that would cost a reader much memory, much time or much room, if it believed or unpacked them.

Their chain is intact: manifests and signature fit what would be unpacked. What each costs is measured by the test.
"""

import functools
import struct
import zlib

import archive
import zipraw
from archive import CRATE, EXPORT, MANIFEST, MISSING, PRIVACY, TAGS, XMP, Category, line
from case import archived, plain
from cases_documents import said
from cases_layout import change, find, layout

MIB, GIB = 1 << 20, 1 << 30
WHEN = 1767225600


@functools.cache
def packed_zeros(size):
    """The deflate stream of so many zeros, a multiple of 16 MiB: about a thousandth of them."""
    engine = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = engine.compress(bytes(16 * MIB)) + engine.flush(zlib.Z_FULL_FLUSH)
    return block * (size // (16 * MIB)) + b"\3\0"


@functools.cache
def zeros(size):
    return zipraw.Zeros(size)


def bomb(name, rules, **hooks):
    archived(f"bomb-{name}", 11, rules, bomb=True, **hooks)


def filled(path, size=GIB):
    """Functions that make a file of the archive so many zeros, which are listed and signed."""

    def members(draft):
        draft.members[find(draft, path)].packed = packed_zeros(size)

    return {"files": lambda draft: draft.files.update({path: zeros(size)}), "members": members}


# ---- what unpacks to much ----------------------------------------------------------------------------------

for path in ("viewer/check.html", "README.txt", "bag-info.txt", "bagit.txt", "signing-key.pub", "data/schemas/record.schema.json", EXPORT):
    bomb(f"zeros-{path.rpartition('/')[2]}", "limit.ratio", **filled(path))
bomb("zeros-hundred", "limit.ratio", files=lambda draft: draft.files.update({f"viewer/z{number:03}.html": zeros(256 * MIB) for number in range(100)}),
     members=lambda draft: [setattr(one, "packed", packed_zeros(256 * MIB)) for one in draft.members if isinstance(one.data, zipraw.Zeros)])


def fill_manifest(path, step):
    """The payload or the tag manifest is one line of a gigabyte."""

    def lines(draft):
        draft.lines = [b""]

    def sign(draft):
        draft.files[path] = zeros(GIB)

    def members(draft):
        draft.members[find(draft, path)].packed = packed_zeros(GIB)

    return {step: lines, "sign": sign, "members": members}


bomb("manifest-one-line", "limit.ratio", **fill_manifest(MANIFEST, "payload"))


def stated_size(size, **more):
    """README.txt is said to unpack to SIZE bytes, in zip64."""

    def hook(draft):
        member = draft.members[find(draft, "README.txt")]
        extra = struct.pack("<HHQQ", 1, 16, size, len(zipraw.pack(member))) + zipraw.stamp(member.mtime)
        both = {"usize": zipraw.FULL32, "csize": zipraw.FULL32, "needed": 45}
        central = struct.pack("<HHQ", 1, 8, size) + zipraw.stamp(member.mtime)
        member.local = {**both, "extra": extra}
        member.central = {"usize": zipraw.FULL32, "needed": 45, "extra": central}

    return hook


bomb("stated-exabyte", "limit.bytes", members=stated_size(1 << 60))
bomb("stated-all", "limit.bytes", members=stated_size((1 << 64) - 1))
bomb("stated-5-gib", "limit.ratio", members=stated_size(5 * GIB))
archived("limit-entries", 11, "limit.entries", options=("--max-entries", "10"))
archived("limit-bytes", 11, "limit.bytes", options=("--max-bytes", "1000"))
archived("limit-ratio", 11, "limit.ratio", options=("--max-ratio", "200"), **filled("README.txt", 260 * MIB))


def quoted(number, size):
    """NUMBER entries that lie in each other, each of which unpacks to a little more than SIZE zeros: each quotes the header of the next.
    Only the innermost has the sums of what it unpacks to: nobody may come as far as that."""
    base = archive.Draft().stem

    def after(*_):
        packed, records, whole, length = packed_zeros(size), [], b"", size
        for place in range(number - 1, -1, -1):
            member = zipraw.Member(f"{base}/viewer/{place:05}.html", zeros(length), WHEN, zipraw.DEFLATED, packed=packed,
                                   local={"crc": place}, central={"crc": place})
            local, _ = zipraw.headers(member, packed, 0)
            records.append((member, len(local) + len(packed)))
            whole, length = local + packed, length + len(local)
            packed = b"\0" + struct.pack("<HH", len(local), len(local) ^ 0xFFFF) + whole
        directory = b"".join(zipraw.headers(member, member.packed, len(whole) - behind)[1] for member, behind in reversed(records))
        end = zipraw.END_HEAD.pack(zipraw.END, 0, 0, number, number, len(directory), len(whole), 0)
        return whole + directory + end

    return after


bomb("quoted", "zip.overlap limit.ratio", after=quoted(200, 16 * MIB))


def same(number):
    """NUMBER central records of one medium."""

    def members(draft):
        at = find(draft, "data/media/")
        first = draft.members[at]
        offset = sum(map(len, list(zipraw.pieces(draft.members[:at]))[1:1 + 3 * at]))
        draft.members[at + 1:at + 1] = [zipraw.Member(first.name, first.data, first.mtime, first.method, has_local=False, central={"offset": offset})
                                        for _ in range(number)]

    return members


bomb("same-header", "zip.overlap", zip="zip.overlap name.twice", members=same(60000))

# ---- the layout --------------------------------------------------------------------------------------------


def end64(short, **fields):
    """A zip64 end record with some FIELDS replaced, and the SHORT ones of the end record."""
    return lambda draft: draft.changes.update(wide=True, end=short, end64=fields)


bomb("count-2-60", "zip.count", members=end64({"here": 0xFFFF, "entries": 0xFFFF}, here=1 << 60, entries=1 << 60))
bomb("directory-2-60", "zip.directory", members=end64({"size": zipraw.FULL32}, size=1 << 60))
bomb("directory-wraps", "zip.directory", members=end64({"size": zipraw.FULL32, "offset": 30}, size=(1 << 64) - 30, offset=30))
bomb("directory-all", "zip.directory", members=end64({"size": zipraw.FULL32, "offset": zipraw.FULL32}, size=(1 << 64) - 1, offset=(1 << 64) - 1))


def more(number, make):
    """So many members more, which MAKE makes from a number."""
    return lambda draft: draft.members.extend(make(draft, place) for place in range(number))


bomb("names", "name.length", members=more(100, lambda draft, place: zipraw.Member(
    f"{draft.stem}/viewer/{place:04}".encode().ljust(65535, b"a"), b"", WHEN)))
bomb("names-of-components", "name.length", members=more(100, lambda draft, place: zipraw.Member(
    f"{draft.stem}/viewer/{place:04}".encode() + b"/a" * 32000, b"", WHEN)))
bomb("comments", "zip.comment", zip="", members=more(100, lambda draft, place: zipraw.Member(
    f"{draft.stem}/viewer/{place:04}", b"", WHEN, central={"comment": b"x" * 65535})))
bomb("comment-of-ends", "zip.ends", members=layout(comment=b"PK\5\6" * 16383))
bomb("comment-of-end-records", "zip.ends", members=layout(comment=zipraw.END_HEAD.pack(zipraw.END, *[0] * 7) * 2978))
FIELDS = zipraw.stamp(WHEN) + struct.pack("<HH", 0xCAFE, 0) * 16380
bomb("extra-fields", "zip.extra", zip="", members=more(100, lambda draft, place: zipraw.Member(
    f"{draft.stem}/viewer/{place:04}", b"", WHEN, local={"extra": FIELDS}, central={"extra": FIELDS})))
bomb("end-records-everywhere", "zip.end", members=layout(suffix=zipraw.END_HEAD.pack(zipraw.END, *[0] * 6, 65535) * 100000))
for name, block in (("stored", b"\0\0\0\xff\xff"), ("flushed", b"\2\4\x08\x10\x20\x40")):
    bomb(f"endless-{name}-blocks", "zip.data", members=change("README.txt", packed=block * (5 * MIB // len(block))))

# ---- JSON --------------------------------------------------------------------------------------------------


def document(path, data):
    """A document that is these bytes: export.json, or one that it lists."""
    if path == EXPORT:
        return {"state": lambda draft: setattr(draft, "export", data() if callable(data) else data)}
    return {"describe": lambda draft: draft.documents.update({path: data() if callable(data) else data})}


def keys(number):
    return b"{" + b",".join(b'"k%07d":0' % place for place in range(number)) + b"}\n"


JSON = {"deep": lambda: b"[" * 1000000 + b"]" * 1000000 + b"\n", "deep-open": lambda: b"[" * 4000000 + b"\n", "deep-objects": lambda: b'{"a":' * 1000000 + b"\n",
        "digits": lambda: b'{"n":' + b"9" * 2000000 + b"}\n", "exponent": lambda: b'{"n":1e' + b"9" * 1000000 + b"}\n",
        "one-key": lambda: b"{" + b'"a":0,' * 500000 + b'"a":0}\n'}
for name, data in JSON.items():
    bomb(f"json-{name}-export", "json.syntax", zip=None, **document(EXPORT, data))
for path, word in ((PRIVACY, "privacy"), (CRATE, "crate")):
    bomb(f"json-deep-{word}", "json.syntax", zip=None, **document(path, JSON["deep"]))
for name, data in {"keys": lambda: keys(300000), "zeros": lambda: b"[" + b"0," * 2000000 + b"0]\n", "objects": lambda: b"[" + b"{}," * 1000000 + b"{}]\n",
                   "text": lambda: b'"' + b"x" * (32 * MIB) + b'"\n', "escapes": lambda: b'"' + b"\\u0001" * 2000000 + b'"\n'}.items():
    bomb(f"json-{name}-export", "json.schema" if name == "escapes" else "json.syntax", zip=None, **document(EXPORT, data))


def extra(make):
    """The profile's record as a line whose `extra` is what MAKE returns."""

    def collect(draft):
        draft.categories[0].records[0] = b'{"extra":' + make() + b',"fields_withheld":1,"id":"usr_0000example"}\n'

    return {"collect": collect, "describe": lambda draft: said(draft, "profile").update(fields_withheld=1)}


bomb("record-keys", "json.syntax", zip=None, **extra(lambda: keys(400000)[:-1]))
bomb("record-numbers", "json.syntax", zip=None, **extra(lambda: b'{"n":[' + b"0," * 4000000 + b"0]}"))
bomb("record-arrays", "json.syntax", zip=None, **extra(lambda: b'{"n":[' + b"[]," * 2700000 + b"0]}"))
bomb("record-line-long", "json.lines export.lines export.counts", zip=None, **extra(lambda: b'{"n":"' + b"x" * (30 * MIB) + b'"}'))
bomb("pattern-path", "json.schema", zip=None, collect=lambda draft: draft.categories[1].records[2]["files"].append(
    {"role": "upload", "path": "data/media/upload/" + "a" * MIB + ".", "size": 0, "sha256": "0" * 64, "type": "text/plain"}),
     describe=lambda draft: said(draft, "uploads").update(files=archive.counts(expected=3, delivered=2, missing=1)))


def none(number):
    return [Category(f"c{place}", "Nothing", "none", reason="not_collected") for place in range(number)]


bomb("categories", "", zip=None, collect=lambda draft: draft.categories.extend(none(6000)))


def ledger(number, name):
    return lambda draft: draft.ledgers[MISSING].extend(
        {"category": name(place), "cause": "gone", "id": f"x{place}", "kind": "record"} for place in range(number))


bomb("ledger-of-others", "ledger.category", zip=None, collect=ledger(30000, lambda _: "letters"))
bomb("manifest-lines", "bag.absent", zip=None, payload=lambda draft: setattr(draft, "lines", sorted(
    [*draft.lines, *(b"0" * 64 + b"  data/media/x/%07d\n" % place for place in range(100000))], key=lambda one: one[66:])))
bomb("manifest-twice", "bag.twice", zip=None, tags=lambda draft: setattr(draft, "lines", [draft.lines[0]] * 200000 + draft.lines))
bomb("manifest-empty-lines", "bag.line", zip=None, tags=lambda draft: draft.lines.append(b"\n" * 5 * MIB))
bomb("crate-things", "json.syntax", zip=None, describe=lambda draft: draft.crate["@graph"].extend({"@id": f"#{place}"} for place in range(260000)))
bomb("crate-parts", "json.syntax", zip=None, describe=lambda draft: next(one for one in draft.crate["@graph"] if one["@id"] == "./")["hasPart"].extend(
    {"@id": "#x"} for _ in range(200000)))

# ---- what nobody may look into -----------------------------------------------------------------------------

ENTITIES = "<!DOCTYPE x [<!ENTITY a0 'haha'>" + "".join(f"<!ENTITY a{place} '{f'&a{place - 1};' * 10}'>" for place in range(1, 12)) + "]>"
INNER = zipraw.build([zipraw.Member(f"{place}.zip", zipraw.build([zipraw.Member("0", bytes(16 * MIB), WHEN, packed=packed_zeros(16 * MIB))]), WHEN)
                      for place in range(16)])


def put_medium(data, extension, media_type):
    def collect(draft):
        record = {"id": "up_9", "created_at": "2026-03-09T10:00:00Z"}
        draft.add_file("uploads", record, data, extension=extension, media_type=media_type)
        draft.categories[1].records.append(record)

    return collect


bomb("nested", "", zip=None, collect=put_medium(INNER, "zip", "application/zip"))
bomb("sidecar-entities", "record.xmp", zip=None, collect=lambda draft: draft.media.update({path: ((ENTITIES + XMP[XMP.index("<x:"):].replace(
    "image/png", "&a11;")).encode(), *rest) for path, (_, *rest) in draft.media.items() if path.endswith(".xmp")}))
plain("zip-bomb-zeros", 11, "limit.ratio", lambda: [zipraw.Member("zeros", zeros(GIB), WHEN, zipraw.DEFLATED, packed=packed_zeros(GIB))], bomb=True)
