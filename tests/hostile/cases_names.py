"""Cases of hazard 10: names that no system, or not every system, takes for what they are.

Each archive has one page more than it needs, listed by the tag manifest and signed, whose name is the hostile one. Where the profile
zip allows what ours does not, the case says so.
"""

import archive
import zipraw
from case import SAME, archived, plain

WHEN = 1767225600
LONG = "abcdefghij" * 7


def named(name, rules, path, zip=SAME, utf8=None, **changes):
    """A page called PATH (text or bytes) below the top directory; UTF8 is bit 11, by default set where it must be."""
    if isinstance(path, bytes):
        path = path.decode("utf-8", "surrogateescape")
    flags = 0x800 if (not path.isascii() if utf8 is None else utf8) else 0

    def files(draft):
        draft.odd = draft.files[path] = b"page\n"

    def members(draft):
        member = next(one for one in draft.members if one.data is draft.odd)
        member.local, member.central = {"flags": flags, **changes}, {"flags": flags, **changes}

    archived(f"name-{name}", 10, rules, zip=zip, files=files, members=members)


def whole(name, rules, raw, zip=SAME, data=b"page\n", **changes):
    """An entry with a whole name of its own, top directory and all, in the place of a page that is listed."""

    def members(draft):
        member = draft.member("viewer/odd.html", data, **changes)
        member.name = raw(draft) if callable(raw) else raw
        member.local.setdefault("flags", 0x800 if max(member.name, default=0) > 127 else 0)
        member.central.setdefault("flags", member.local["flags"])
        draft.members.insert(-2, member)

    archived(f"name-{name}", 10, rules, zip=zip, members=members)


# ---- encoding and characters -------------------------------------------------------------------------------

for name, raw in (("latin-1", b"viewer/gr\xfc\xdfe.html"), ("lone-continuation", b"viewer/a\x80.html"), ("cut", b"viewer/a\xc3"),
                  ("overlong-dots", b"viewer/\xc0\xae\xc0\xae/a.html"), ("overlong-slash", b"viewer\xc0\xafa.html"),
                  ("surrogate", b"viewer/\xed\xa0\x80.html"), ("beyond-unicode", b"viewer/\xf4\x90\x80\x80.html"), ("fe", b"viewer/\xfe.html")):
    named(f"utf8-{name}", "name.encoding", raw, utf8=True)
named("cp437", "name.encoding", b"viewer/gr\x81\xe1e.html", utf8=False)
named("utf8-without-flag", "name.character", "viewer/grün.html", utf8=False, zip="name.encoding")
named("umlaut", "name.character", "viewer/grün.html", zip="")
for name, path in (("capital", "viewer/Page.html"), ("blank", "viewer/a page.html"), ("plus", "viewer/a+b.html")):
    named(name, "name.character", path, zip="")
for name, character in (("nul", "\0"), ("newline", "\n"), ("escape", "\x1b[31m"), ("delete", "\x7f"), ("c1", "\x85"), ("backslash", "\\"),
                        ("bidi-override", "\u202e"), ("bidi-isolate", "\u2066"), ("rtl-mark", "\u200f"), ("line-separator", "\u2028"),
                        ("byte-order-mark", "\ufeff")):
    named(f"character-{name}", "name.character", f"viewer/a{character}b.html")
for name, character in (("colon", ":"), ("star", "*"), ("question", "?"), ("quote", '"'), ("less", "<"), ("bar", "|")):
    named(f"character-{name}", "name.character", f"viewer/a{character}b.html", zip="name.reserved")
for name, character in (("zero-width", "\u200b"), ("joiner", "\u200d"), ("noncharacter", "\uffff"), ("private", "\ue000"), ("tag", "\U000e0041"),
                        ("blank-wide", "\u3000")):
    named(f"character-{name}", "name.character", f"viewer/a{character}b.html", zip="")
named("backslash-dots", "name.character", "viewer\\..\\..\\evil.html")
named("nul-behind", "name.character", "viewer/a.html\0.png")

# ---- paths -------------------------------------------------------------------------------------------------

for name, path in (("dots", "viewer/../../../evil.html"), ("dots-last", "viewer/.."), ("dots-inside", "viewer/../evil.html"), ("dot", "viewer/./a.html"),
                   ("dot-last", "viewer/."), ("empty-component", "viewer//a.html"), ("empty-first", "/viewer/a.html")):
    named(f"path-{name}", "name.path", path)
whole("path-absolute", "name.path", b"/etc/passwd")
whole("path-dots-first", "name.top", lambda draft: f"../{draft.stem}/a.html".encode(), zip="name.path")
whole("path-dots-alone", "name.path", b"..")
whole("path-network", "name.path", b"//server/share/a.html")
whole("path-drive", "name.top", b"c:/windows/a.html", zip="name.path")
whole("path-drive-relative", "name.character", b"c:a.html", zip="name.path")

# ---- lengths -----------------------------------------------------------------------------------------------

named("component-long", "name.length", f"viewer/{'a' * 65}.html", zip="")
named("path-long", "name.length", "viewer/" + "/".join(["abcdefghij"] * 12), zip="")
named("component-300", "name.length", f"viewer/{'a' * 300}")
named("path-60000", "name.length", "viewer/" + "/".join([LONG[:50]] * 1000))
named("longest", "name.length", "v" * (65535 - 38))
whole("none", "name.length", b"")

# ---- reserved ----------------------------------------------------------------------------------------------

for word in ("con", "prn", "aux", "nul", "com1", "com9", "lpt1", "lpt9"):
    named(f"device-{word}", "name.reserved", f"viewer/{word}")
named("device-with-suffix", "name.reserved", "viewer/nul.tar.gz")
named("device-directory", "name.reserved", "viewer/con/a.html")
named("device-capital", "name.character", "viewer/CON.html", zip="name.reserved")
named("device-superscript", "name.character", "viewer/com\u00b9.html", zip="name.reserved")
named("device-blank", "name.character", "viewer/con .html", zip="name.reserved")
named("device-console", "name.character", "viewer/conin$", zip="name.reserved")
named("dot-at-end", "name.reserved", "viewer/a.")
named("dot-at-end-of-directory", "name.reserved", "viewer/a./b.html")
named("blank-at-end", "name.character", "viewer/a.html ", zip="name.reserved")
for name, path in (("dot-first", "viewer/.hidden"), ("dash-first", "viewer/-rf")):
    named(name, "name.reserved", path, zip="")
named("tilde-first", "name.character", "viewer/~root", zip="")

# ---- twice, both, and what is no file ----------------------------------------------------------------------


def again(path, data=None, name=None):
    """A second entry for a path that is there, under the same name or one that some systems take for the same."""

    def members(draft):
        member = draft.member(path, data)
        member.name = f"{draft.stem}/{name or path}".encode()
        if max(member.name) > 127:
            member.local, member.central = {"flags": 0x800}, {"flags": 0x800}
        draft.members.insert(-2, member)

    return members


archived("name-twice-same", 10, "name.twice", members=again("README.txt"))
archived("name-twice-other-bytes", 10, "name.twice", members=again("README.txt", b"other\n"))
archived("name-twice-export", 10, "name.twice", members=again(archive.EXPORT, b"{}\n"))
archived("name-twice-case", 10, "name.twice", members=again("README.txt", None, "readme.txt"))
archived("name-parent-file", 10, "name.parent", members=again("README.txt", None, "viewer"))
archived("name-parent-below", 10, "name.parent", members=again("README.txt", None, "bagit.txt/a.html"))
archived("name-parent-deep", 10, "name.parent", members=again("README.txt", None, "viewer/style.css/a/b/c.html"))


def as_kind(mode, data=b"/etc/passwd"):
    def members(draft):
        draft.members.insert(-2, draft.member("viewer/odd.html", data, central={"external": mode << 16}))
    return members


for name, mode in (("link", 0o120777), ("link-0644", 0o120644), ("pipe", 0o010644), ("character-device", 0o020644), ("block-device", 0o060644),
                   ("socket", 0o140644), ("unknown", 0o170644)):
    archived(f"kind-{name}", 10, "name.kind", members=as_kind(mode))
archived("kind-link-behind", 10, "name.kind", zip="name.kind name.parent", members=lambda draft: (as_kind(0o120777)(draft), draft.members.insert(
    -2, draft.member("viewer/odd.html/passwd", b"x:0:0\n"))))
whole("directory", "name.directory", lambda draft: f"{draft.stem}/viewer/".encode(), zip="", data=b"", central={"external": 0o40755 << 16 | 16})
whole("directory-with-data", "name.directory", lambda draft: f"{draft.stem}/viewer/".encode(), zip="name.kind", central={"external": 0o40755 << 16})
whole("directory-mode", "name.kind", lambda draft: f"{draft.stem}/viewer/a.html".encode(), central={"external": 0o40755 << 16})

# ---- the top directory -------------------------------------------------------------------------------------


def renamed(draft):
    draft.top = "claakit-export-20261123-00000000"


archived("top-other-everywhere", 10, "name.top", zip="", begin=renamed)
archived("top-plain", 10, "name.top", zip="", begin=lambda draft: setattr(draft, "top", "data"))
whole("top-second", "name.top", b"other/readme.txt", zip="")
whole("top-none", "name.top", b"readme.html", zip="")
whole("top-itself", "name.top", zip="name.parent", raw=lambda draft: draft.stem.encode())

# ---- any ZIP -----------------------------------------------------------------------------------------------


def entries(*names, **changes):
    return [zipraw.Member(name, b"data\n", WHEN, zipraw.STORED, **({"local": {"flags": 0x800}, "central": {"flags": 0x800}}
                                                                  if not name.isascii() else {}), **changes) for name in names]


plain("zip-twice-forms", 10, "name.twice", entries("caf\u00e9.txt", "cafe\u0301.txt"))
plain("zip-twice-case", 10, "name.twice", entries("\u00c4rger.txt", "\u00e4rger.txt"))
plain("zip-twice-sharp-s", 10, "name.twice", entries("stra\u00dfe.txt", "STRASSE.txt"))
plain("zip-twice-directories", 10, "name.twice", entries("Letters/a.txt", "letters/A.txt"))
plain("zip-parent-forms", 10, "name.parent", entries("caf\u00e9", "cafe\u0301/menu.txt"))
plain("zip-parent-case", 10, "name.parent", entries("Letters", "letters/a.txt"))
plain("zip-directory-and-file", 10, "name.parent", lambda: [zipraw.Member("a/", b"", WHEN, zipraw.STORED, central={"external": 0o40755 << 16 | 16}), *entries("a")])
plain("zip-link", 10, "name.kind", entries("link", central={"external": 0o120777 << 16}))
plain("zip-volume-label", 10, "", entries("label", central={"external": 8, "made_by": 20}))
plain("zip-absolute", 10, "name.path", entries("/a.txt"))
plain("zip-drive", 10, "name.path", entries("C:/a.txt"))
plain("zip-network", 10, "name.character", entries("\\\\server\\share\\a.txt"))
