"""Cases of hazards 6, 7 and 8: what no manifest lists and the reverse, signatures, other people's archives; and the bag around all that."""

import base64
import os

import archive
import minisign
from archive import EXPORT, KEY, MANIFEST, PNG, README, SIGNATURE, TAGS
from case import Case, add, archived

OTHER = minisign.Key("somebody else's")
PAGE = "viewer/extra.html"


def put(path, data):
    """A function that adds a file, which is then listed and signed like the others."""
    return lambda draft: draft.files.update({path: data})


def drop(*paths):
    return lambda draft: [draft.files.pop(path) for path in paths]


def insert(path, data=b"page\n"):
    """A function that adds an entry behind the manifests' back."""
    return lambda draft: draft.members.insert(-2, draft.member(path, data))


def forget(path):
    """A function that takes away the line of a manifest."""
    return lambda draft: draft.lines.remove(line_of(draft, path))


def line_of(draft, path):
    return next(one for one in draft.lines if one.endswith(f"  {path}\n".encode()))


def remove(path):
    """A function that leaves out an entry which a manifest lists."""
    return lambda draft: draft.members.remove(next(one for one in draft.members if one.name.endswith(f"/{path}".encode())))


def relist(change):
    """A function that changes the lines of a manifest."""
    return lambda draft: setattr(draft, "lines", change(draft.lines))


MEDIUM = "data/media/upload/2026/03/20260301-" + archive.sha256(b"uploads\0up_1\0upload\0000")[:8] + ".png"

# ---- 8: not listed, and not there --------------------------------------------------------------------------

archived("unlisted-page", 8, "bag.unlisted page.unexpected", zip="", members=insert(PAGE))
archived("unlisted-first", 8, "bag.unlisted page.unexpected", zip="", members=lambda draft: draft.members.insert(0, draft.member(PAGE, b"page\n")))
archived("unlisted-medium", 8, "bag.unlisted", zip="", payload=forget(MEDIUM))
archived("unlisted-schema", 8, "bag.unlisted", zip="", payload=forget("data/schemas/export.schema.json"))
archived("unlisted-export", 8, "bag.unlisted", zip="", payload=forget(EXPORT))
archived("unlisted-payload-manifest", 8, "bag.unlisted", zip="", tags=forget(MANIFEST))
archived("unlisted-key", 8, "bag.unlisted", zip="", tags=forget("signing-key.pub"))
archived("unlisted-medium-of-nobody", 8, "bag.unlisted bag.unexpected bag.info", zip="", members=insert("data/media/upload/undated/00000000.txt"))
for name, path in (("page", "viewer/check.html"), ("medium", MEDIUM), ("schema", "data/schemas/export.schema.json")):
    archived(f"removed-{name}", 8, "bag.absent" + {"page": " page.missing", "medium": " bag.info record.file crate.file", "schema": " bag.info bag.required"}[name], zip="",
             intact=False, members=remove(path))
archived("absent-tag-file", 8, "bag.absent", zip="", tags=relist(lambda lines: sorted([*lines, b"0" * 64 + b"  viewer/none.html\n"], key=lambda one: one[66:])))
archived("absent-medium", 8, "bag.absent", zip="", payload=relist(lambda lines: sorted(
    [*lines, b"0" * 64 + b"  data/media/upload/undated/0.txt\n"], key=lambda one: one[66:])))
archived("absent-dots", 8, "bag.absent", zip="", payload=relist(lambda lines: sorted(
    [*lines, b"0" * 64 + b"  data/../../../etc/passwd\n"], key=lambda one: one[66:])))
archived("absent-wrong-manifest", 8, "bag.absent", zip="", tags=lambda draft: draft.lines.insert(3, f"{archive.sha256(PNG)}  {MEDIUM}\n".encode()))
archived("listed-itself", 8, "bag.absent", zip="", tags=relist(lambda lines: sorted([*lines, b"0" * 64 + f"  {TAGS}\n".encode()], key=lambda one: one[66:])))
archived("unexpected-tag-file", 8, "bag.unexpected", zip="", files=put("notes.txt", b"notes\n"))
archived("unexpected-fetch", 8, "bag.unexpected", zip="", files=put("fetch.txt", b"https://claakit.example/x 6 data/x.txt\n"))
archived("unexpected-manifest", 8, "bag.unexpected", zip="", files=put("manifest-md5.txt", b""))
archived("unexpected-payload", 8, "bag.unexpected", zip="", files=lambda draft: (put("data/notes.txt", b"notes\n")(draft), reinfo(draft)))
archived("unexpected-medium", 8, "bag.unexpected", zip="", files=lambda draft: (put("data/media/upload/undated/00000000.txt", b"x\n")(draft), reinfo(draft)))
archived("unexpected-shard", 8, "bag.unexpected", zip="", files=lambda draft: (put("data/records/profile-0002.jsonl", b"{}\n")(draft), reinfo(draft)))
archived("unexpected-script", 8, "bag.unexpected", zip="", files=put("index.js", b"alert(1)\n"))


def reinfo(draft):
    draft.files["bag-info.txt"] = draft.info()


archived("required-readme", 8, "bag.required", zip="", files=drop("README.txt"))
archived("required-key", 8, "bag.required", zip="", files=drop("signing-key.pub"))
archived("required-schema", 8, "bag.required", zip="", files=lambda draft: (drop("data/schemas/record.schema.json")(draft), reinfo(draft)))
archived("required-declaration", 8, "bag.required", zip="", files=drop("bagit.txt"))
archived("required-info", 8, "bag.required", zip="", files=drop("bag-info.txt"))
archived("hash-of-page", 8, "bag.hash", zip="", intact=False, tags=relist(lambda lines: [b"0" * 64 + one[64:] if b"viewer/check" in one else one for one in lines]))
archived("hash-of-schema", 8, "bag.hash", zip="", intact=False, payload=relist(
    lambda lines: [b"0" * 64 + one[64:] if b"export.schema" in one else one for one in lines]))
archived("hash-of-readme", 8, "bag.hash", zip="", intact=False, members=lambda draft: exchange(draft, "README.txt", README.encode() + b"Pay here.\n"))


def exchange(draft, path, data):
    at = next(at for at, one in enumerate(draft.members) if one.name.endswith(f"/{path}".encode()))
    draft.members[at] = draft.member(path, data)


# ---- the bag -----------------------------------------------------------------------------------------------

for name, data in (("version", b"BagIt-Version: 0.97\nTag-File-Character-Encoding: UTF-8\n"), ("empty", b""),
                   ("encoding", b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-16\n"),
                   ("crlf", b"BagIt-Version: 1.0\r\nTag-File-Character-Encoding: UTF-8\r\n"),
                   ("mark", b"\xef\xbb\xbfBagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"),
                   ("nul", b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n\0"),
                   ("more", b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\nX: y\n")):
    archived(f"declaration-{name}", 8, "bag.declaration", zip="", files=put("bagit.txt", data))


def info(old, new):
    """A function that changes bag-info.txt."""
    return lambda draft: draft.files.update({"bag-info.txt": draft.files["bag-info.txt"].replace(old, new)})


for name, old, new in (("date", b"2026-11-23", b"2026-11-24"), ("id", b"7f3a9c1e", b"7f3a9c1f"), ("oxum", b"Payload-Oxum: ", b"Payload-Oxum: 1"),
                       ("no-contact", b"Contact-Email: privacy@claakit.example\n", b""), ("empty-contact", b"privacy@claakit.example", b""),
                       ("more", b"Source-Org", b"Internal-Sender-Identifier: x\nSource-Org"), ("folded", b"Claakit\n", b"Claakit\n  and others\n"),
                       ("no-newline", b"Claakit\n", b"Claakit"), ("crlf", b"\n", b"\r\n"), ("nul", b"Claakit\n", b"Claakit\n\0"),
                       ("group", b"Contact", b"Bag-Group-Identifier: urn:uuid:7f3a9c1e-5b1d-5c44-9a57-0d6c2f8e41b7\nBag-Count: 1 of 2\nContact"),
                       ("escape", b"Claakit\n", b"Claa\x1b[2Jkit\n"), ("no-utf8", b"Claakit\n", b"Claa\xffkit\n")):
    archived(f"info-{name}", 8, "bag.info", zip="", files=info(old, new))


def each(change):
    return relist(lambda lines: [change(one) for one in lines])


def one_line(change):
    """A function that changes the line of a schema."""
    return relist(lambda lines: [change(one) if b"export.schema" in one or b"viewer/check" in one else one for one in lines])


for where in ("payload", "tags"):
    archived(f"line-order-{where}", 8, "bag.line", zip="", **{where: relist(lambda lines: lines[::-1])})
    archived(f"line-twice-{where}", 8, "bag.twice", zip="", **{where: relist(lambda lines: [lines[0], *lines])})
    for name, change in (("capitals", lambda one: one[:64].upper() + one[64:]), ("one-blank", lambda one: one.replace(b"  ", b" ")),
                         ("star", lambda one: one.replace(b"  ", b" *")), ("short", lambda one: one[1:]), ("comment", lambda one: b"# " + one),
                         ("empty", lambda one: b"\n" + one), ("crlf", lambda one: one[:-1] + b"\r\n"), ("nul", lambda one: one[:-1] + b"\0\n"),
                         ("no-path", lambda one: one[:66] + b"\n" + one), ("tab", lambda one: one.replace(b"  ", b"\t"))):
        # A line that is none lists nothing; with its carriage return a path is another one.
        also = {"crlf": "bag.absent bag.unlisted", "empty": "bag.line", "no-path": "bag.line"}.get(name, "bag.line bag.unlisted")
        archived(f"line-{name}-{where}", 8, also, zip="", **{where: one_line(change)})
    archived(f"line-no-newline-{where}", 8, "bag.line bag.unlisted", zip="", **{where: relist(lambda lines: [*lines[:-1], lines[-1][:-1]])})

# ---- 7: signatures -----------------------------------------------------------------------------------------


def signing(**changes):
    return lambda draft: setattr(draft, "signing", changes)


def signature_file(change):
    """A function that makes the signature's file from what it would be."""
    return lambda draft: draft.files.update({SIGNATURE: change(minisign.signature(draft.key, draft.files[TAGS], draft.comment))})


def flip(data, at=5):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


def higher(data):
    """The same signature with the group's order added to its second half: the equation holds still."""
    return data[:32] + (int.from_bytes(data[32:], "little") + minisign.ORDER).to_bytes(32, "little")


def by(key):
    return lambda draft: setattr(draft, "key", key)


LOW = [bytes(32), (1).to_bytes(32, "little"), (minisign.P - 1).to_bytes(32, "little"), minisign.P.to_bytes(32, "little"),
       bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
       bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")]


def left_out(draft):
    draft.signing = None


archived("sign-stripped", 7, "sign.missing", zip="", intact=False, sign=left_out)
archived("sign-of-other-bytes", 7, "sign.wrong", zip="", intact=False, sign=signature_file(
    lambda _: minisign.signature(KEY, b"other bytes\n", archive.Draft().statement(TAGS))))
archived("sign-flipped-point", 7, "sign.wrong", zip="", intact=False, sign=signing(bytes=flip))
archived("sign-flipped-number", 7, "sign.wrong", zip="", intact=False, sign=signing(bytes=lambda data: flip(data, 40)))
archived("sign-number-not-reduced", 7, "sign.canonical", zip="", intact=False, sign=signing(bytes=higher))
archived("sign-zeros", 7, "sign.wrong", zip="", intact=False, sign=signing(bytes=lambda _: bytes(64)))
for number, point in enumerate(LOW):
    archived(f"sign-low-order-{number}", 7, "sign.wrong", zip="", intact=False, sign=signing(bytes=lambda _, point=point: point + bytes(32)))
    archived(f"sign-copy-low-order-{number}", 7, "sign.unsafe", zip="", files=put("signing-key.pub", KEY.file(point=point)))
archived("sign-legacy", 7, "sign.legacy", zip="", intact=False, sign=signing(kind=b"Ed"))
archived("sign-comment-edited", 7, "sign.comment", zip="", intact=False, sign=signing(whole=lambda data: flip(data, 40)))
archived("sign-comment-unsigned", 7, "sign.comment", zip="", intact=False, sign=signing(whole=lambda _: bytes(64)))
archived("sign-comment-not-reduced", 7, "sign.canonical", zip="", intact=False, sign=signing(whole=higher))
for name, change in (("export", ("7f3a9c1e-", "7f3a9c1f-")), ("time", ("T12:00:00Z", "T12:00:01Z")), ("file", ("tagmanifest-sha256.txt", "other.txt")),
                     ("format", ("holdall-export-1", "holdall-export-2")), ("more", ("file=", "note=x file=")), ("blank", (" file=", "  file="))):
    archived(f"sign-statement-{name}", 7, "sign.statement", zip="", sign=lambda draft, change=change: setattr(draft, "comment", draft.comment.replace(*change)))
archived("sign-statement-empty", 7, "sign.statement", zip="", sign=lambda draft: setattr(draft, "comment", ""))
archived("sign-by-another-with-its-copy", 7, "sign.unknown", zip="", begin=by(OTHER))
archived("sign-by-another-as-if-it-were-ours", 7, "sign.wrong", zip="", intact=False, sign=signature_file(
    lambda made: minisign.signature(OTHER, draft_tags(), archive.Draft().statement(TAGS), id=KEY.id)))
archived("sign-copy-of-another", 7, "sign.copy", zip="", files=put("signing-key.pub", OTHER.file()))
archived("sign-copy-with-our-id", 7, "sign.copy", zip="", files=put("signing-key.pub", OTHER.file(id=KEY.id)))
archived("sign-copy-empty", 7, "sign.key", zip="", files=put("signing-key.pub", b""))
archived("sign-copy-other-kind", 7, "sign.key", zip="", files=put("signing-key.pub", KEY.file(kind=b"RS")))
archived("sign-copy-nul", 7, "sign.key", zip="", files=put("signing-key.pub", KEY.file() + b"\0" + OTHER.file()))
archived("sign-copy-goes-on", 7, "sign.key", zip="", files=put("signing-key.pub", KEY.file() + OTHER.file()))


def draft_tags():
    return archive.sealed().files[TAGS]


for name, change in (("empty", lambda _: b""), ("text", lambda _: b"signed\n"), ("no-comment", lambda made: made.split(b"\n", 1)[1]),
                     ("cut", lambda made: made[:-20]), ("goes-on", lambda made: made + b"more\n"), ("twice", lambda made: made + made),
                     ("nul", lambda made: made + b"\0more"), ("no-base64", lambda made: made.replace(b"=\n", b"!\n", 1)),
                     ("unknown-kind", lambda made: made.replace(made.split(b"\n")[1], base64.b64encode(b"EX" + base64.b64decode(made.split(b"\n")[1])[2:]))),
                     ("long-comment", lambda made: made.replace(b"untrusted comment: ", b"untrusted comment: " + b"x" * 100000)),
                     ("openpgp", lambda _: b"-----BEGIN PGP SIGNATURE-----\n\niQ==\n-----END PGP SIGNATURE-----\n")):
    archived(f"sign-form-{name}", 7, "sign.form", zip="", intact=False, sign=signature_file(change))


def detached(name, rules, make, options=()):
    """An archive with something beside it that is called its signature."""

    def build():
        draft = archive.forge()
        data = b"".join(draft.parts)
        return [(f"{draft.stem}.zip", data), (f"{draft.stem}.zip.minisig", make(draft, data))]

    add(Case(f"detached-{name}", 7, rules, build, zip=None, options=options))


def beside(draft, data, **changes):
    return minisign.signature(changes.pop("key", draft.key), data, changes.pop("statement", draft.statement(f"{draft.stem}.zip")), **changes)


detached("other-bytes", "sign.wrong", lambda draft, data: beside(draft, data + b"x"))
detached("of-tag-manifest", "sign.wrong sign.statement", lambda draft, data: draft.files[SIGNATURE])
detached("legacy", "sign.legacy", lambda draft, data: beside(draft, data, kind=b"Ed"))
detached("by-another", "sign.unknown", lambda draft, data: beside(draft, data, key=OTHER))
detached("by-another-that-is-trusted", "sign.pair", lambda draft, data: beside(draft, data, key=OTHER), ("-P", KEY.text(), "-P", OTHER.text()))
detached("comment", "sign.comment", lambda draft, data: beside(draft, data, whole=lambda made: flip(made, 40)))
detached("statement", "sign.statement", lambda draft, data: beside(draft, data, statement=draft.statement("other.zip")))
detached("form", "sign.form", lambda draft, data: b"")

# ---- 7: keys documents -------------------------------------------------------------------------------------


def keys(*of, services=("claakit",)):
    """A keys document; each key with its times and its revocation."""
    return archive.line({"format": "holdall-keys-1", "services": list(services), "keys": [
        {"id": key.id[::-1].hex().upper(), "key": key.text(), "valid_from": "2026-01-01T00:00:00Z", **about} for key, about in of]})


def trusting(name, rules, document, **hooks):
    """An archive that is judged with a keys document, which the case writes beside it."""

    def build():
        draft = archive.forge(**hooks)
        return [(f"{draft.stem}.zip", draft.parts), ("keys.json", document)]

    add(Case(f"trust-{name}", 7, rules, build, zip=None, options=("--trust", "{folder}/keys.json")))


trusting("good", "", keys((KEY, {})))
trusting("good-rotated", "", keys((OTHER, {"valid_until": "2026-06-01T00:00:00Z"}), (KEY, {"valid_from": "2026-06-01T00:00:00Z"})))
trusting("good-revoked-later", "", keys((KEY, {"revoked": {"at": "2026-12-01T00:00:00Z", "reason": "superseded"}})))
trusting("unknown", "sign.unknown", keys((OTHER, {})))
trusting("compromised", "sign.revoked", keys((KEY, {"revoked": {"at": "2026-12-01T00:00:00Z", "reason": "compromised"}})))
trusting("retired", "sign.revoked", keys((KEY, {"revoked": {"at": "2026-11-01T00:00:00Z", "reason": "retired"}})))
trusting("too-early", "sign.period", keys((KEY, {"valid_from": "2026-11-24T00:00:00Z"})))
trusting("too-late", "sign.period", keys((KEY, {"valid_until": "2026-11-23T12:00:00Z"})))
trusting("other-service", "sign.service", keys((KEY, {}), services=("another",)))

# ---- 6: another person's, another request's ----------------------------------------------------------------

archived("subject-other", 6, "subject.other", zip=None, options=("--subject", "usr_somebody"))
archived("subject-prefix", 6, "subject.other", zip=None, options=("--subject", "usr_0000exampl"))
archived("subject-case", 6, "subject.other", zip=None, options=("--subject", "USR_0000example"))
archived("request-other", 6, "request.other", zip=None, options=("--request-id", "req-2"))
archived("request-none", 6, "request.other", zip=None, options=("--request-id", "req-1"), state=lambda draft: draft.export.update(request={}))
archived("subject-name-of-other-export", 6, "name.top", zip="", begin=lambda draft: setattr(draft, "top", "claakit-export-20261123-00000000"))

# ---- unpacked ----------------------------------------------------------------------------------------------


def tree(draft, change=lambda top: None):
    """A function that writes an archive as a folder, and changes it there."""

    def write(path):
        for name, data in draft.files.items():
            place = path / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        change(path)

    return write


def unpacked(name, hazard, rules, change=lambda top: None, **hooks):
    def build():
        draft = archive.forge(**hooks)
        return [(draft.stem, tree(draft, change))]

    add(Case(f"folder-{name}", hazard, rules, build, zip=None))


unpacked("link", 10, "name.kind", lambda top: (top / "viewer" / "link").symlink_to("/etc/passwd"))
unpacked("link-to-folder", 10, "name.kind", lambda top: (top / "viewer" / "up").symlink_to(".."))
unpacked("pipe", 10, "name.kind", lambda top: os.mkfifo(top / "viewer" / "pipe"))
unpacked("name", 10, "name.character", lambda top: (top / "viewer" / "A b").write_bytes(b""))
unpacked("name-bytes", 10, "name.encoding", lambda top: (top / "viewer" / "a\udcff").write_bytes(b""))
unpacked("name-device", 10, "name.reserved", lambda top: (top / "viewer" / "con").write_bytes(b""))
unpacked("unlisted", 8, "bag.unlisted page.unexpected", lambda top: (top / PAGE).write_bytes(b""))
unpacked("changed", 8, "bag.hash", lambda top: (top / "README.txt").write_bytes(b"Pay here.\n"))
unpacked("deep", 10, "name.length", lambda top: (top / "viewer" / "/".join("a" * 60)).mkdir(parents=True))
