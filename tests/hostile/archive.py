"""A small archive of holdall format 1, written from formats/SPEC.md and the schemas alone; nothing of src/ has a part in it.

A Draft becomes an archive step by step (STEPS), and after each step the caller's function of that step may change what is
there: what follows is made from what was changed. So sizes, hashes, manifests and the signature fit whatever was put in before
them, and only what was meant to be wrong is wrong. It holds one archive in memory, and knows no rule of `verify`.
"""

import base64
import calendar
import copy
import functools
import hashlib
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
import minisign  # noqa: E402
import zipraw  # noqa: E402

FORMATS = Path(__file__).resolve().parents[2] / "formats"
SCHEMAS = ("export", "privacy", "record", "missing", "withheld")
MANIFEST, TAGS, SIGNATURE = "manifest-sha256.txt", "tagmanifest-sha256.txt", "tagmanifest-sha256.txt.minisig"
EXPORT, PRIVACY, CRATE = "data/export.json", "data/privacy.json", "data/ro-crate-metadata.json"
MISSING, WITHHELD = "data/missing.jsonl", "data/withheld.jsonl"
LEDGERS = (MISSING, WITHHELD)
FIRST, LAST = ("bagit.txt", "README.txt", "signing-key.pub"), (TAGS, SIGNATURE)
KINDS = ("expected", "delivered", "missing", "withheld")
STEPS = ("collect", "describe", "state", "files", "payload", "tags", "sign", "members", "parts")
KEY = minisign.Key("the service's")
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==")
XMP = """<?xml version="1.0" encoding="UTF-8"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/">
   <dc:format>image/png</dc:format>
   <photoshop:DateCreated>WHEN</photoshop:DateCreated>
   <xmp:CreateDate>WHEN</xmp:CreateDate>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
"""
POLICY = ("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src 'self' file:; media-src 'self' file:; "
          "style-src 'self' file:; base-uri 'none'; form-action 'none'\">\n")
PER_PAGE = 60
README = "These are your data at Claakit.\n\nOpen index.html to read them.\n"


def sha256(data):
    if isinstance(data, zipraw.Zeros):
        return sha256_of_zeros(data)
    return hashlib.sha256(data).hexdigest()


@functools.cache
def sha256_of_zeros(data):
    digest = hashlib.sha256()
    for block in data.blocks():
        digest.update(block)
    return digest.hexdigest()


def escape(text):
    """A text on a page."""
    for letter, reference in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&#34;"), ("'", "&#39;")):
        text = text.replace(letter, reference)
    return text


def raw(path):
    """A path as bytes: what is no UTF-8 in it stands in the text as surrogates."""
    return path.encode("utf-8", "surrogateescape")


def line(value):
    """One line in canonical form: all names here are ASCII, and there are no reals. What is bytes already stays as it is."""
    if isinstance(value, bytes):
        return value
    return (json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n").encode()


def xmp(when):
    """A sidecar of a picture of that time."""
    return XMP.replace("WHEN", when).encode()


def seconds(when):
    return calendar.timegm(time.strptime(when, "%Y-%m-%dT%H:%M:%SZ"))


def counts(**known):
    return {kind: known.get(kind, 0) for kind in KINDS}


def stated(path, data, **more):
    return {"path": path, "size": len(data), "sha256": sha256(data), **more}


class Category:
    """One category with its delivered records, and what the ledgers count of it."""

    def __init__(self, name, title, kind, records=(), reason=None):
        self.name, self.title, self.kind, self.records, self.reason = name, title, kind, list(records), reason


class Draft:
    def __init__(self):
        self.service, self.subject, self.request = "claakit", "usr_0000example", "req-1"
        self.export_id, self.as_of = "7f3a9c1e-5b1d-5c44-9a57-0d6c2f8e41b7", "2026-11-23T12:00:00Z"
        self.volume = None  # (number, of)
        self.key, self.detached = KEY, False
        self.media = {}  # path: (bytes, time, volume)
        self.ledgers = {MISSING: [], WITHHELD: []}
        self.files, self.changes, self.signing = {}, {}, {}
        self.top = None

    @property
    def stem(self):
        part = f"-part{self.volume[0]:02}" if self.volume else ""
        return f"{self.service}-export-{self.as_of[:10].replace('-', '')}-{self.export_id[:8]}{part}"

    # ---- records and media

    def media_path(self, category, record, role, number, extension):
        """The name of a file of a record; where it is taken already, it gets four digits more."""
        when = record["created_at"]
        name = sha256("\0".join((category, record["id"], role, str(number))).encode())
        path = f"data/media/{role}/{when[:4]}/{when[5:7]}/{when[:10].replace('-', '')}-"
        return next(found for size in (8, 12, 16) if (found := f"{path}{name[:size]}.{extension}") not in self.media)

    def add_file(self, category, record, data, role="upload", number=0, extension="png", media_type="image/png", volume=1):
        """Puts a file of a record into the archive, and returns its entry in the record."""
        path, when = self.media_path(category, record, role, number, extension), record["created_at"]
        self.media[path] = (data, seconds(when), volume)
        entry = stated(path, data, role=role, type=media_type)
        if media_type.startswith(("image/", "video/")):
            entry["sidecar"] = path + ".xmp"
            self.media[entry["sidecar"]] = (xmp(when), seconds(when), volume)
        if self.volume:
            entry["volume"] = volume
        record.setdefault("files", []).append(entry)
        return entry

    def make_collect(self):
        """Records, their files, and the ledgers."""
        uploads = [{"id": f"up_{number}", "created_at": f"2026-03-0{number}T10:00:00Z"} for number in (1, 2, 3)]
        profile = {"id": self.subject, "display_name": "Example", "fields_withheld": 1}
        self.add_file("uploads", uploads[0], PNG)
        self.add_file("uploads", uploads[1], b"notes\n", extension="txt", media_type="text/plain", volume=self.volume[1] if self.volume else 1)
        uploads[2]["files"] = [{"role": "upload", "missing": "gone"}]
        self.ledgers[MISSING] = [{"category": "uploads", "cause": "gone", "id": "up_3", "kind": "file", "role": "upload"}]
        self.ledgers[WITHHELD] = [{"category": "profile", "count": 1, "field": "/secret", "kind": "field", "reason": "internal"}]
        self.categories = [Category("profile", "Profile", "account", [profile]), Category("uploads", "Uploads", "media", uploads),
                           Category("biometrics", "Biometric data", "none", reason="not_collected")]

    def lost(self, category, kind, ledger):
        return sum(one["kind"] == kind and one["category"] == category for one in self.ledgers[ledger] if isinstance(one, dict))

    def count(self, category, kind, delivered):
        missing, withheld = self.lost(category.name, kind, MISSING), self.lost(category.name, kind, WITHHELD)
        return counts(expected=delivered + missing + withheld, delivered=delivered, missing=missing, withheld=withheld)

    # ---- documents

    def state_category(self, category):
        records = [one for one in category.records if isinstance(one, dict)]
        files = [one for record in records for one in record.get("files", ()) if "path" in one]
        shard = f"data/records/{category.name}.jsonl"
        found = {"id": category.name, "title": category.title, "record": category.kind, "scope": ["access"],
                 "records": self.count(category, "record", len(category.records)), "files": self.count(category, "file", len(files)),
                 "fields_withheld": sum(one.get("fields_withheld", 0) for one in records), "drift": 0,
                 "bytes": sum(one["size"] for one in files), "shards": []}
        if category.kind == "none":
            return {**found, "reason": category.reason}
        if category.records:
            found["shards"] = [{"path": shard, "records": len(category.records)}]
            self.files[shard] = b"".join(map(line, category.records))
        return {**found, "schema": f"data/schemas/record.schema.json#/$defs/{category.kind}", "origin": "provided"}

    def describe_privacy(self):
        held = {"none": "not_collected"}
        return {"format": "holdall-privacy-1", "service": {"id": self.service, "name": "Claakit"},
                "controller": {"name": "Claakit", "email": "privacy@claakit.example"}, "policy": {}, "language": "en", "purposes": [],
                "recipients": [], "sold_or_shared": False, "disclosures": {}, "retention": [], "sources": [], "transfers": [],
                "automated_decisions": {"used": False}, "rights": [], "complaint": {}, "on_your_device": [],
                "categories": [{"id": one.name, "title": one.title, "purposes": [], "records": stated_one["records"]["expected"],
                                "state": held.get(one.kind, "held" if one.records else "confirmed_empty")}
                               for one, stated_one in zip(self.categories, self.stated)]}

    def describe_crate(self):
        here = {path: data for path, (data, _, volume) in self.media.items()
                if not path.endswith(".xmp") and (not self.volume or volume == self.volume[0])}
        files = [(path.removeprefix("data/"), data) for path, data in (*((one["path"], self.files[one["path"]]) for category in self.stated
                                                                        for one in category["shards"]), *here.items())]
        root = {"@id": "./", "@type": "Dataset", "name": "Data from Claakit", "description": "A copy.", "datePublished": self.as_of,
                "license": {"@id": "#terms"}, "publisher": {"@id": "#controller"},
                "conformsTo": {"@id": "https://w3id.org/ro/wfrun/process/0.5"}, "hasPart": [{"@id": path} for path, _ in files]}
        things = [{"@id": path, "@type": "File", "name": path.rpartition("/")[2], "contentSize": str(len(data)), "sha256": sha256(data)}
                  for path, data in files]
        return {"@context": "https://w3id.org/ro/crate/1.2/context", "@graph": [
            {"@id": "ro-crate-metadata.json", "@type": "CreativeWork", "about": {"@id": "./"},
             "conformsTo": {"@id": "https://w3id.org/ro/crate/1.2"}},
            {"@id": "#controller", "@type": "Organization", "name": "Claakit"},
            {"@id": "#terms", "@type": "CreativeWork", "name": "For the person's own use"},
            {"@id": "#person", "@type": "Person", "identifier": self.subject}, root, *things]}

    def make_describe(self):
        """Shards and ledgers as bytes; what privacy.json and the RO-Crate say."""
        self.stated = [self.state_category(one) for one in self.categories]
        self.files |= {path: b"".join(map(line, self.ledgers[path])) for path in LEDGERS}
        self.privacy, self.crate = self.describe_privacy(), self.describe_crate()
        self.documents = {PRIVACY: self.privacy, CRATE: self.crate}

    def totals(self):
        found = {name: {kind: sum(one[name][kind] for one in self.stated) for kind in KINDS} for name in ("records", "files")}
        return found | {name: sum(one[name] for one in self.stated) for name in ("fields_withheld", "drift", "bytes")}

    def state_volume(self):
        number, of = self.volume
        whole = []
        for each in range(1, of + 1):
            media = {path: data for path, (data, _, volume) in self.media.items() if volume == each}
            lines = "".join(f"{sha256(media[path])}  {path}\n" for path in sorted(media, key=str.encode))
            whole.append({"number": each, "stem": self.stem.rpartition("-part")[0] + f"-part{each:02}", "files": len(media),
                          "bytes": sum(map(len, media.values())), "media_sha256": sha256(lines.encode())})
        return {"number": number, "of": of, "set": whole}

    def make_state(self):
        """What export.json says."""
        self.files |= {path: line(value) for path, value in self.documents.items()}
        for one in self.stated:
            one["shards"] = [shard | stated(shard["path"], self.files[shard["path"]]) for shard in one["shards"]]
        totals = self.totals()
        partial = totals["records"]["missing"] + totals["files"]["missing"] > 0
        self.export = {
            "format": "holdall-export-1", "export_id": self.export_id, "service": {"id": self.service, "name": "Claakit"},
            "subject": {"id": self.subject}, "request": {"id": self.request}, "as_of": self.as_of, "scope": "access", "language": "en",
            "outcome": "partial" if partial else "complete", "completeness": "What is missing is listed.", "categories": self.stated,
            "totals": totals, "documents": [stated(path, self.files[path]) for path in self.documents],
            "ledgers": [stated(path, self.files[path], lines=self.files[path].count(b"\n")) for path in LEDGERS]}
        if self.volume:
            self.export["volume"] = self.state_volume()

    # ---- the other files

    def page(self, title, body, inside=True):
        up, here = ("../", "") if inside else ("", "viewer/")
        return (f'<!doctype html>\n<html lang="en" dir="ltr">\n<head>\n<meta charset="utf-8">\n{POLICY}<title>{escape(title)}</title>\n'
                f'<link rel="stylesheet" href="{here}style.css">\n</head>\n<body>\n<p><a href="{up}index.html">Overview</a></p>\n'
                f"<h1>{escape(title)}</h1>\n{body}</body>\n</html>\n").encode("utf-8", "surrogateescape")

    def item(self, number, record):
        """A record on its page, with links to its files: of those that a browser shows."""
        record = record if isinstance(record, dict) else {"id": self.subject}
        links = "".join(f'<p><a href="../{one["path"]}">{escape(one["role"])}</a></p>\n' for one in record.get("files", ())
                        if one.get("path") in self.files and one["path"].endswith((".png", ".txt")))
        return (f'<li class="item" id="i{number}">\n<dl>\n<div><dt><bdi lang="en">id</bdi></dt><dd><bdi dir="auto" lang="">{escape(str(record["id"]))}</bdi></dd></div>'
                f"\n</dl>\n{links}</li>\n")

    def lists(self, name, title, items):
        """{path: page} of so many items, PER_PAGE on each; NAME gets the number of the page."""
        return {f"viewer/{name}{at // PER_PAGE + 1:04}.html": self.page(title, f'<ul class="items">\n{"".join(items[at:at + PER_PAGE])}</ul>\n')
                for at in range(0, len(items), PER_PAGE)}

    def pages(self):
        found = {"viewer/style.css": b"body { margin: 1em }\n", "viewer/privacy.html": self.page("Privacy", ""),
                 "viewer/check.html": self.page("How to check", "")}
        for category in self.categories:
            found |= self.lists(f"{category.name}-", category.title, [self.item(*one) for one in enumerate(category.records, 1)])
        for path in LEDGERS:
            name = path.removeprefix("data/").removesuffix(".jsonl")
            found |= self.lists(f"{name}.", name, [f'<li class="item">\n<p>{number}</p>\n</li>\n' for number, _ in enumerate(self.ledgers[path], 1)])
        links = "".join(f'<p><a href="{path}">{path}</a></p>\n' for path in found if path.endswith(".html"))
        facts = "".join(f"<p>{escape(one)}</p>\n" for one in (self.subject, self.as_of, self.export_id))
        return found | {"index.html": self.page("Your data", facts + links, inside=False)}

    def info(self):
        """bag-info.txt, as it fits the files."""
        payload = [len(data) for path, data in self.files.items() if path.startswith("data/")]
        part = f"Bag-Group-Identifier: urn:uuid:{self.export_id}\nBag-Count: {self.volume[0]} of {self.volume[1]}\n" if self.volume else ""
        return (f"Bagging-Date: {self.as_of[:10]}\n{part}Contact-Email: privacy@claakit.example\n"
                f"External-Identifier: urn:uuid:{self.export_id}\nPayload-Oxum: {sum(payload)}.{len(payload)}\n"
                "Source-Organization: Claakit\n").encode()

    def make_files(self):
        """Everything but the manifests and the signature, in the order of the entries."""
        texts, self.files = self.files, {}
        self.files |= {"bagit.txt": b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n", "README.txt": README.encode(),
                       "signing-key.pub": self.key.file()}
        self.files |= {path: data for path, (data, _, volume) in self.media.items() if not self.volume or volume == self.volume[0]}
        self.files |= texts
        self.files[EXPORT] = line(self.export)
        self.files |= {f"data/schemas/{name}.schema.json": (FORMATS / f"{name}.schema.json").read_bytes() for name in SCHEMAS}
        self.files |= self.pages()
        self.files["bag-info.txt"] = self.info()

    # ---- the seal

    def listed(self, payload):
        return [f"{sha256(self.files[path])}  ".encode() + raw(path) + b"\n" for path in sorted(self.files, key=raw)
                if path.startswith("data/") == payload]

    def make_payload(self):
        """The lines of the payload manifest."""
        self.lines = self.listed(True)

    def make_tags(self):
        """The lines of the tag manifest."""
        self.files[MANIFEST] = b"".join(self.lines)
        self.lines = self.listed(False)

    def statement(self, file):
        return f"holdall-export-1 export={self.export_id} as_of={self.as_of} file={file}"

    def make_sign(self):
        """What is signed, and with which statement. The signature is made before the members are."""
        self.files[TAGS] = b"".join(self.lines)
        self.comment = self.statement(TAGS)

    # ---- the ZIP

    def member(self, path, data=None, **changes):
        when = self.media[path][1] if path in self.media else seconds(self.as_of)
        return zipraw.Member(raw(f"{self.top or self.stem}/{path}"), self.files[path] if data is None else data, when, **changes)

    def make_members(self):
        """The members of the ZIP, and what changes in its directory and its end."""
        if SIGNATURE not in self.files and self.signing is not None:
            self.files[SIGNATURE] = minisign.signature(self.key, self.files[TAGS], self.comment, **self.signing)
        self.members = [self.member(path) for path in self.files]

    def make_parts(self):
        """The whole file."""
        self.parts = list(zipraw.pieces(self.members, **self.changes))


@functools.cache
def sealed():
    """The Draft that nobody changed, as it is before its members are made."""
    return forge_until("sign", Draft(), {})


def forge_until(last, draft, hooks, steps=STEPS):
    for step in steps:
        getattr(draft, f"make_{step}")()
        if step in hooks:
            hooks[step](draft)
        if step == last:
            break
    return draft


def forge(**hooks):
    """A Draft that went through all steps; HOOKS are functions by the name of the step after which they are called, and `begin`."""
    unknown = hooks.keys() - {"begin", *STEPS}
    if unknown:
        raise ValueError(f"no such step: {unknown}")
    if hooks.keys() <= set(STEPS[-2:]):
        draft = copy.copy(sealed())
        draft.files, draft.changes = dict(draft.files), {}
        return forge_until(None, draft, hooks, STEPS[-2:])
    draft = Draft()
    if "begin" in hooks:
        hooks["begin"](draft)
    return forge_until(None, draft, hooks)
