#!/usr/bin/python3
"""A BagIt checker written from RFC 8493 alone, and one of sets of volumes; they share nothing with holdall's own.

`check(folder)` returns a list of findings, each a line that begins with a word for the rule; an empty list means that
the folder is a complete and valid BagIt 1.0 bag. `every_tag_file` also demands what the RFC only recommends: that the
tag manifests list each tag file but those in `unlisted`. It checks BagIt 1.0 and refuses older versions, and it
fetches nothing: a bag that still needs its fetch.txt is incomplete.

`check_set(folders)` takes the unpacked volumes of one export, in any order, and holds them against each other by what
formats/SPEC.md says of volumes: an empty list means that each is a valid bag, that all are there and of one export,
that their text is the same, and that every media file which a record has lies in the one volume that it names.

    bagcheck.py FOLDER…         more than one: the volumes of a set
"""

import hashlib
import json
import os
import re
import sys
import unicodedata
from pathlib import Path

DECLARATION = re.compile(rb"BagIt-Version: ([0-9]+\.[0-9]+)(?:\r\n|\r|\n)"
                         rb"Tag-File-Character-Encoding: ([A-Za-z0-9._:-]+)(?:\r\n|\r|\n)?")
MANIFEST_NAME = re.compile(r"(tag)?manifest-([a-z0-9]+)\.txt")
MANIFEST_LINE = re.compile(r"([0-9A-Fa-f]+)[ \t]+(\S(?:.*\S)?)")
LINE_END = re.compile("\r\n|\r|\n")
OXUM = re.compile(r"([0-9]+)\.([0-9]+)")
COUNT = re.compile(r"([1-9][0-9]*) of ([1-9][0-9]*|\?)")
ONCE = {"bagging-date", "bag-size", "payload-oxum", "bag-group-identifier", "bag-count"}


class Bag:
    """The folder, its files, and the findings so far."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.found = []
        self.encoding = "utf-8"
        self.files = sorted(self._walk())
        self.payload = {path for path in self.files if path.startswith("data/")}

    def _walk(self):
        for base, folders, names in os.walk(self.folder):
            for name in folders + names:
                path = Path(base, name)
                if path.is_symlink():
                    self.say("element", f"{path.relative_to(self.folder)} is a symbolic link")
                elif path.is_file():
                    yield path.relative_to(self.folder).as_posix()

    def say(self, rule, text):
        self.found.append(f"{rule}: {text}")

    def text(self, path):
        """A tag file's text in the declared encoding, or None when it is not in that encoding."""
        try:
            return (self.folder / path).read_bytes().decode(self.encoding)
        except UnicodeDecodeError:
            self.say("encoding", f"{path} is not {self.encoding}")
            return None

    def lines(self, path):
        """The lines of a tag file; the last line may lack its end."""
        text = self.text(path) or ""
        parts = LINE_END.split(text)
        return parts[:-1] if parts and parts[-1] == "" else parts

    def manifests(self, tag):
        """{algorithm: path} of the payload manifests, or of the tag manifests."""
        named = ((MANIFEST_NAME.fullmatch(path), path) for path in self.files)
        return {match[2]: path for match, path in named if match and bool(match[1]) == tag}


# ---- section 2.1.1: the declaration ------------------------------------------------------------------------

def check_declaration(bag):
    if "bagit.txt" not in bag.files:
        bag.say("declaration", "there is no bagit.txt")
        return
    data = (bag.folder / "bagit.txt").read_bytes()
    if data.startswith(b"\xef\xbb\xbf"):
        bag.say("declaration", "bagit.txt begins with a byte order mark")
    match = DECLARATION.fullmatch(data)
    if not match:
        bag.say("declaration", "bagit.txt is not the two lines that it has to be")
        return
    if match[1] != b"1.0":
        bag.say("declaration", f"BagIt {match[1].decode()} is not what is checked here")
    bag.encoding = match[2].decode()


# ---- sections 2.1.2, 2.1.3 and 2.2.1: payload and manifests ------------------------------------------------

def unescape(bag, where, written):
    """The path behind its written form: CR, LF and % are percent-encoded, nothing else is, and nothing may be bare."""
    for escape in re.findall(r"%.{0,2}", written):
        if escape.upper() not in ("%0A", "%0D", "%25"):
            bag.say("percent", f"{where}: {escape!r} in {written!r}")
    return re.sub("%(0[AaDd]|25)", lambda match: chr(int(match[1], 16)), written)


def safe(bag, where, path):
    """Section 2.1.3: relative, below the bag, no home folder."""
    parts = path.split("/")
    if path.startswith(("/", "~")) or ".." in parts or "" in parts or "\\" in path or re.match("[A-Za-z]:", path):
        bag.say("path", f"{where}: {path!r} leads out of the bag")
        return False
    return True


def read_manifest(bag, manifest, algorithm):
    """{path: checksum} as the manifest says; what is wrong with its lines goes to the findings."""
    entries = {}
    digits = hashlib.new(algorithm).digest_size * 2
    for number, line in enumerate(bag.lines(manifest), 1):
        where = f"{manifest}:{number}"
        match = MANIFEST_LINE.fullmatch(line)
        if not match:
            bag.say("line", f"{where} is not a checksum and a path: {line[:120]!r}")
            continue
        if len(match[1]) != digits:
            bag.say("line", f"{where}: {len(match[1])} hex digits are no {algorithm}")
        path = unescape(bag, where, match[2].removeprefix("./"))
        if not safe(bag, where, path):
            continue
        if path in entries:
            bag.say("duplicate", f"{where}: {path} is listed twice")
        entries[path] = match[1].lower()
    return entries


def known(bag, algorithm, manifest):
    if algorithm in hashlib.algorithms_available:
        return True
    bag.say("algorithm", f"{manifest}: {algorithm} is not a known algorithm")
    return False


def checksum(path, algorithm):
    digest = hashlib.new(algorithm)
    with open(path, "rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def check_sums(bag, manifest, algorithm, entries):
    for path, expected in entries.items():
        if path not in bag.files:
            bag.say("absent", f"{manifest} lists {path}, which is not there")
        elif checksum(bag.folder / path, algorithm) != expected:
            bag.say("checksum", f"{path} is not what {manifest} says")


def check_payload_manifests(bag):
    """At least one; each lists every payload file and nothing else, with the right checksum."""
    manifests = bag.manifests(tag=False)
    if not manifests:
        bag.say("manifest", "there is no payload manifest")
    for algorithm, manifest in manifests.items():
        if not known(bag, algorithm, manifest):
            continue
        entries = read_manifest(bag, manifest, algorithm)
        for path in sorted(set(entries)):
            if not path.startswith("data/"):
                bag.say("outside", f"{manifest} lists {path}, which is no payload")
        for path in sorted(bag.payload - set(entries)):
            bag.say("unlisted", f"{path} is in no line of {manifest}")
        check_sums(bag, manifest, algorithm, entries)


def check_tag_manifests(bag, every_tag_file, unlisted):
    """Each lists every payload manifest, no tag manifest, no payload, and with the right checksums."""
    manifests = bag.manifests(tag=True)
    if every_tag_file and not manifests:
        bag.say("tagmanifest", "there is no tag manifest")
    for algorithm, manifest in manifests.items():
        if not known(bag, algorithm, manifest):
            continue
        entries = read_manifest(bag, manifest, algorithm)
        for path in sorted(entries):
            if path.startswith("data/"):
                bag.say("outside", f"{manifest} lists the payload file {path}")
            if path.startswith("tagmanifest-") and MANIFEST_NAME.fullmatch(path):
                bag.say("tagmanifest", f"{manifest} lists the tag manifest {path}")
        for path in bag.manifests(tag=False).values():
            if path not in entries:
                bag.say("tagmanifest", f"{manifest} does not list {path}")
        if every_tag_file:
            check_tag_files(bag, manifest, entries, unlisted)
        check_sums(bag, manifest, algorithm, entries)


def check_tag_files(bag, manifest, entries, unlisted):
    exempt = set(bag.manifests(tag=True).values()) | set(unlisted)
    for path in bag.files:
        if path not in entries and path not in bag.payload and path not in exempt:
            bag.say("unlisted", f"{path} is in no line of {manifest}")


# ---- sections 2.2.2 and 2.2.3: bag-info.txt and fetch.txt --------------------------------------------------

def read_info(bag):
    """[(label, value)] of bag-info.txt, continuation lines joined."""
    elements = []
    for number, line in enumerate(bag.lines("bag-info.txt"), 1):
        if line[:1] in (" ", "\t") and elements:
            elements[-1][1] += " " + line.strip(" \t")
            continue
        label, colon, value = line.partition(":")
        if not colon or not label or label != label.strip(" \t") or value[:1] not in (" ", "\t"):
            bag.say("info", f"bag-info.txt:{number} is not `label: value`: {line[:120]!r}")
            continue
        elements.append([label, value[1:]])
    return elements


def check_oxum(bag, value):
    match = OXUM.fullmatch(value)
    if not match:
        bag.say("oxum", f"{value!r} is not octets.streams")
        return
    octets = sum((bag.folder / path).stat().st_size for path in bag.payload)
    if (int(match[1]), int(match[2])) != (octets, len(bag.payload)):
        bag.say("oxum", f"it says {value}, the payload has {octets}.{len(bag.payload)}")


def check_info(bag):
    if "bag-info.txt" not in bag.files:
        return
    elements = read_info(bag)
    labels = [label.lower() for label, _ in elements]
    for label in sorted(ONCE):
        if labels.count(label) > 1:
            bag.say("info", f"{label} stands more than once")
    for label, value in elements:
        if label.lower() == "payload-oxum":
            check_oxum(bag, value)
        if label.lower() == "bagging-date" and not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            bag.say("info", f"Bagging-Date {value!r} is not YYYY-MM-DD")
        if label.lower() == "bag-count" and not COUNT.fullmatch(value):
            bag.say("info", f"Bag-Count {value!r} is not `N of T`")


def check_fetch(bag):
    """What fetch.txt lists must be payload, and must have been fetched by now."""
    if "fetch.txt" not in bag.files:
        return
    for number, line in enumerate(bag.lines("fetch.txt"), 1):
        parts = line.split(None, 2)
        if len(parts) != 3 or not re.fullmatch("[0-9]+|-", parts[1]):
            bag.say("fetch", f"fetch.txt:{number} is not URL, length and path")
            continue
        path = unescape(bag, f"fetch.txt:{number}", parts[2])
        if path not in bag.payload:
            bag.say("fetch", f"fetch.txt:{number}: {path} is not in the payload")


def check_spelling(bag):
    """Section 5.2: two names that a file system may take for one."""
    seen = {}
    for path in bag.files:
        twin = seen.setdefault(unicodedata.normalize("NFC", path), path)
        if twin != path:
            bag.say("spelling", f"{path!r} and {twin!r} are one name under NFC")


def check(folder, every_tag_file=False, unlisted=()):
    """The findings about a bag in a folder; none means complete and valid."""
    bag = Bag(folder)
    check_declaration(bag)
    if not (bag.folder / "data").is_dir():
        bag.say("element", "there is no data folder")
    check_payload_manifests(bag)
    check_tag_manifests(bag, every_tag_file, unlisted)
    check_info(bag)
    check_fetch(bag)
    check_spelling(bag)
    return bag.found


# ---- sets of volumes (formats/SPEC.md, "Volumes") ----------------------------------------------------------

MEDIA, EXPORT, MANIFEST, CRATE = "data/media/", "data/export.json", "manifest-sha256.txt", "data/ro-crate-metadata.json"


class Volume:
    """What one volume says of itself. `number` is that of its Bag-Count, 0 where it has none."""

    def __init__(self, folder):
        self.bag = Bag(folder)
        info = dict(map(tuple, read_info(self.bag))) if "bag-info.txt" in self.bag.files else {}
        count = COUNT.fullmatch(info.get("Bag-Count", ""))
        self.number, self.of = (int(count[1]), count[2]) if count else (0, "")
        self.group = info.get("Bag-Group-Identifier", "")
        self.lines = (self.bag.folder / MANIFEST).read_text(encoding="utf-8").splitlines(keepends=True)
        self.media = {line[66:-1]: line[:64] for line in self.lines if line[66:].startswith(MEDIA)}
        self.text = [line for line in self.lines if not line[66:].startswith(MEDIA) and line[66:-1] not in (EXPORT, CRATE)]
        self.export = json.loads((self.bag.folder / EXPORT).read_text(encoding="utf-8"))
        self.said = self.export.get("volume", {})

    def size(self, path):
        return (self.bag.folder / path).stat().st_size if path in self.bag.files else None

    def entry(self):
        """What every volume's export.json must say of this one, but for the stem."""
        digest = hashlib.sha256("".join(line for line in self.lines if line[66:].startswith(MEDIA)).encode())
        return {"number": self.number, "files": len(self.media), "media_sha256": digest.hexdigest(),
                "bytes": sum(self.size(path) or 0 for path in self.media)}


def check_numbers(volumes, found):
    """1 to N, each once, as the bags and their export.json count; all of one group, which is the export id."""
    if sorted(volume.number for volume in volumes) != list(range(1, len(volumes) + 1)):
        found.append(f"count: the numbers are {[volume.number for volume in volumes]}")
    for volume in volumes:
        if volume.of != str(len(volumes)):
            found.append(f"count: volume {volume.number} is of {volume.of or 'none'}, and {len(volumes)} are here")
        if (volume.said.get("number"), volume.said.get("of")) != (volume.number, len(volumes)):
            found.append(f"count: export.json of volume {volume.number} has another number")
        if volume.group != f"urn:uuid:{volumes[0].export['export_id']}":
            found.append(f"group: volume {volume.number} is of {volume.group or 'none'}")


def check_texts(volumes, found):
    """Records, ledgers, documents and schemas are the same; export.json is but for the number and its line of the RO-Crate."""
    for volume in volumes:
        if volume.text != volumes[0].text:
            found.append(f"text: volume {volume.number} does not hold the text of volume {volumes[0].number}")
        one, other = ({**each.export, "volume": {**each.said, "number": 0},
                       "documents": [document for document in each.export["documents"] if document["path"] != CRATE]}
                      for each in (volume, volumes[0]))
        if one != other:
            found.append(f"text: export.json of volume {volume.number} is another one")


def check_entries(volumes, found):
    """Each export.json lists for each volume what that volume holds, under the stem that its number gives."""
    for volume in volumes:
        said = volume.said.get("set", [])
        base = "{id}-export-{date}-{short}".format(
            id=volume.export["service"]["id"], date=volume.export["as_of"][:10].replace("-", ""),
            short=volume.export["export_id"][:8])
        if [one["stem"] for one in said] != [f"{base}-part{number:02}" for number in range(1, len(volumes) + 1)]:
            found.append(f"set: the stems that volume {volume.number} lists are not those of the set")
        for other in volumes:
            listed = next((one for one in said if one["number"] == other.number), {})
            if {name: value for name, value in listed.items() if name != "stem"} != other.entry():
                found.append(f"set: volume {other.number} is not what volume {volume.number} lists")


def delivered(volume):
    """The files of all records that are in the export."""
    for category in volume.export["categories"]:
        for shard in category["shards"]:
            for line in (volume.bag.folder / shard["path"]).read_text(encoding="utf-8").split("\n")[:-1]:
                yield from (file for file in json.loads(line).get("files", []) if "path" in file)


def check_division(volumes, found):
    """Each file is in the volume that its record names and in no other, and no volume has a file without a record."""
    spoken = set()
    for file in delivered(volumes[0]):
        for path in (file["path"], file.get("sidecar", file["path"])):
            spoken.add(path)
            homes = [volume.number for volume in volumes if path in volume.media]
            if homes != [file.get("volume")]:
                found.append(f"division: {path} of volume {file.get('volume')} is in {homes}")
        home = next((volume for volume in volumes if file["path"] in volume.media), None)
        if home and (home.media[file["path"]], home.size(file["path"])) != (file["sha256"], file["size"]):
            found.append(f"division: {file['path']} is not the file that its record describes")
    for volume in volumes:
        found += [f"division: {path} in volume {volume.number} is of no record" for path in volume.media if path not in spoken]


def check_set(folders):
    """The findings about the volumes of one export; none means that they are all, valid, and belong together."""
    found = [f"{finding} ({Path(folder).name})" for folder in folders
             for finding in check(folder, every_tag_file=True, unlisted=["tagmanifest-sha256.txt.minisig"])]
    if found:
        return found
    volumes = sorted(map(Volume, folders), key=lambda volume: volume.number)
    for look in (check_numbers, check_texts, check_entries, check_division):
        look(volumes, found)
    return found


def main():
    if len(sys.argv) < 2:
        print(f"usage: {sys.argv[0]} FOLDER…", file=sys.stderr)
        return 2
    found = check(sys.argv[1]) if len(sys.argv) == 2 else check_set(sys.argv[1:])
    print("\n".join(found) if found else "a valid bag" if len(sys.argv) == 2 else "a valid set")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
