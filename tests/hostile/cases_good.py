"""Archives that are odd and good: every one must be accepted, and where it is signed its signature with it."""

import io
import zipfile

import archive
import zipraw
from archive import CRATE, sha256
from case import Case, add, archived, plain
from cases_bag import unpacked
from cases_bombs import put_medium
from cases_documents import of_two, volumes
from cases_layout import count

WHEN = 1767225600
WIDE = zipraw.FULL32


def good(name, **hooks):
    archived(f"good-{name}", 0, "", **hooks)


def text(name, data, number=9, when="2026-03-09T10:00:00Z"):
    """A function that adds a record with a file that is no picture."""

    def collect(draft):
        record = {"id": f"{name}_{number}", "created_at": when}
        draft.add_file("uploads", record, data, extension="bin", media_type="application/octet-stream")
        draft.categories[1].records.append(record)

    return collect


good("plain")
good("utf8-flag", members=lambda draft: [one.local.update(flags=0x800) or one.central.update(flags=0x800) for one in draft.members])
good("all-stored", members=lambda draft: [setattr(one, "method", zipraw.STORED) for one in draft.members])
good("no-crate", describe=lambda draft: draft.documents.pop(CRATE))
good("signatures", members=lambda draft: draft.members.append(draft.member("signatures/stamp.tsr", b"a time stamp\n")))
good("file-of-nothing", collect=text("empty", b""))
good("file-is-zip", collect=put_medium(zipraw.build([zipraw.Member("a.txt", b"a\n", WHEN)]), "zip", "application/zip"))
good("file-of-signatures", collect=text("pk", b"PK\1\2PK\3\4PK\5\6PK\6\6PK\6\7PK\7\x08" * 50))
good("signature-is-near-the-end", members=lambda draft: draft.members.append(draft.member(
    "signatures/end.bin", zipraw.END_HEAD.pack(zipraw.END, *[0] * 7), method=zipraw.STORED)))
good("file-before-1970", collect=text("old", b"\0old\n", when="1965-02-03T04:05:06Z"), members=lambda draft: unstamped(draft))
good("file-after-2038", collect=text("late", b"\0late\n", when="2040-02-03T04:05:06Z"), members=lambda draft: unstamped(draft))


def unstamped(draft):
    """The last file's time has no room in the extra field."""
    path = next(path for path, (_, when, _) in reversed(draft.media.items()) if not 0 <= when < 1 << 31)
    at = list(draft.files).index(path)
    draft.members[at] = plain_member(draft.members[at])


def plain_member(member):
    clock, date = zipraw.dos(member.mtime)
    member.mtime = 0
    member.local = {"time": clock, "date": date, "extra": b""}
    member.central = dict(member.local)
    return member


good("odd-second", begin=lambda draft: setattr(draft, "as_of", "2026-11-23T12:00:01Z"))
good("words-of-later-revisions", collect=lambda draft: draft.categories[0].records[0].update(extra={"k": [1, {"x": "\u2028</script>\x01"}]}))
good("everything-here", collect=lambda draft: (draft.categories[1].records.pop(), draft.ledgers[archive.MISSING].clear()))
good("nothing-at-all", collect=lambda draft: nothing(draft))
good("volume-alone", begin=of_two())
good("second-volume-alone", begin=of_two(2))
volumes("good", "")
unpacked("good", 0, "")


def nothing(draft):
    """No records, no files."""
    for one in draft.categories:
        one.records.clear()
    draft.media.clear()
    for lines in draft.ledgers.values():
        lines.clear()


def with_signature():
    draft = archive.forge()
    data = b"".join(draft.parts)
    return [(f"{draft.stem}.zip", data), (f"{draft.stem}.zip.minisig", archive.minisign.signature(draft.key, data, draft.statement(f"{draft.stem}.zip")))]


add(Case("good-detached", 0, "", with_signature))

# ---- many and large ----------------------------------------------------------------------------------------

EACH, BASE = 100, 30  # files of a record; entries without them


def many(entries):
    """A whole archive of so many entries, most of them files of one byte."""

    def collect(draft):
        one = dict(size=1, sha256=sha256(b"x"), role="upload", type="text/plain")
        for number in range(files_for(entries)):
            if number % EACH == 0:
                record = {"id": f"many_{number}", "created_at": "2026-03-09T10:00:00Z", "files": []}
                draft.categories[1].records.append(record)
            path = draft.media_path("uploads", record, "upload", number % EACH, "txt")
            record["files"].append({"path": path, **one})
            draft.media[path] = (b"x", archive.seconds(record["created_at"]), 1)

    return {"collect": collect, "describe": shards_alone, "parts": lambda draft: check_count(draft, entries)}


def files_for(entries):
    """How many files make so many entries, with the pages that show their records."""
    files = entries - BASE
    while BASE + files - (-(3 - (-files // EACH)) // archive.PER_PAGE) - 1 > entries:
        files -= 1
    return files


def check_count(draft, entries):
    if count(draft) != entries:
        raise ValueError(f"{count(draft)} entries instead of {entries}")


def shards_alone(draft):
    """As the RO-Crate would be too large, it describes the shards alone."""
    graph = [one for one in draft.crate["@graph"] if not one["@id"].startswith("media/")]
    for one in graph:
        if "hasPart" in one:
            one.pop("conformsTo")
            one["hasPart"] = [part for part in one["hasPart"] if not part["@id"].startswith("media/")]
    draft.crate["@graph"] = graph


good("65536-entries", slow=True, zip=None, **many(65536))


def tiny(number):
    return lambda: [zipraw.Member(f"{place:05}", b"", WHEN, zipraw.STORED) for place in range(number)]


for number in (0, 1, 65535, 65536):
    plain(f"good-zip-{number}-entries", 0, "", tiny(number), slow=number > 1)
for name, size in (("4-gib-less-1", WIDE), ("4-gib", WIDE + 1), ("4-gib-and-1", WIDE + 2)):
    plain(f"good-zip-{name}", 0, "", lambda size=size: [zipraw.Member("big", zipraw.Zeros(size), WHEN, zipraw.STORED),
                                                       zipraw.Member("next", b"next\n", WHEN, zipraw.STORED)], slow=True)
good("4-gib-less-1", slow=True, zip=None, collect=text("big", zipraw.Zeros(WIDE)))

# ---- any ZIP -----------------------------------------------------------------------------------------------

ZIPS = {
    "comment": lambda: zipraw.build(tiny(3)(), comment=b"hello"),
    "comment-longest": lambda: zipraw.build(tiny(3)(), comment=b"x" * 65535),
    "directories": lambda: zipraw.build([zipraw.Member("a/", b"", WHEN, zipraw.STORED, central={"external": 0o40755 << 16 | 16}),
                                         zipraw.Member("a/b.txt", b"b\n", WHEN)]),
    "dos": lambda: zipraw.build([zipraw.Member("README.TXT", b"hello\n", WHEN, central={"made_by": 20, "external": 0x20})]),
    "letters": lambda: zipraw.build([zipraw.Member("Übergrößenträger (1).txt", b"x\n", WHEN, local={"flags": 0x800}, central={"flags": 0x800})]),
    "executable": lambda: zipraw.build([zipraw.Member("run.sh", b"#!/bin/sh\n", WHEN, central={"external": 0o100755 << 16})]),
    "without-stamp": lambda: zipraw.build([plain_member(zipraw.Member("a.txt", b"a\n", WHEN))]),
    "python": lambda: by_python(zipfile.ZIP_DEFLATED),
    "python-streamed": lambda: by_python(zipfile.ZIP_DEFLATED, stream=True),
    "long-name": lambda: zipraw.build([zipraw.Member("a" * 200 + ".txt", b"a\n", WHEN)]),
}


def by_python(method, stream=False):
    """What Python's own library writes, into a file or into a stream that cannot go back."""
    out = io.BytesIO()
    if stream:
        out.seekable = lambda: False
    with zipfile.ZipFile(out, "w", method) as made:
        for name in ("a.txt", "b/c.txt", "ü.txt"):
            made.writestr(zipfile.ZipInfo(name, (2026, 1, 2, 3, 4, 6)), b"text\n" * 100, method)
    return out.getvalue()


def only_zip(name, rules, make):
    add(Case(name, 0, rules, lambda: [("some.zip", make())], only_zip=True, zip=rules))


for name, make in ZIPS.items():
    only_zip(f"good-zip-{name}", "", make)
for name, method in (("bzip2", zipfile.ZIP_BZIP2), ("lzma", zipfile.ZIP_LZMA)):
    only_zip(f"good-zip-{name}", "zip.unread", lambda method=method: by_python(method))
