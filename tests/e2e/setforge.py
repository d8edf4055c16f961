"""Divides an unpacked archive into the volumes of a set, each signed anew, as formats/SPEC.md describes them.

`divide` gives a list of Volumes, each a Forged of bagforge.py with a folder of its own. It writes what SPEC.md says and
knows nothing of how holdall does it. `bind` makes all volumes list what each of them holds, and seals them again: so a
test that changes a volume chooses whether the others know of it.
"""

import hashlib
import json
import re
import shutil

import zipcheck
import zipraw
from bagforge import Forged, canonical, digest
from harness import scratch, seconds

MEDIA = "data/media/"


class Volume(Forged):
    """One volume; `number` is what it shall be, whatever its files say, and KEY signs it where no other is named."""

    def __init__(self, tree, stem, number, key=None):
        self.tree, self.number, self.key = scratch("volume") / stem, number, key
        shutil.copytree(tree, self.tree)

    def copy(self):
        return Volume(self.tree, self.tree.name, self.number, self.key)

    def sign(self, name, key=None, comment=None):
        super().sign(name, key or self.key, comment)

    def media(self):
        """The paths of its media, in the order of the manifest."""
        paths = (path.relative_to(self.tree).as_posix() for path in self.path(MEDIA).rglob("*") if path.is_file())
        return sorted(paths, key=str.encode)

    def entry(self):
        """What export.json says of it."""
        lines = "".join(f"{digest(self.path(name))}  {name}\n" for name in self.media())
        return {"number": self.number, "stem": self.tree.name, "files": len(self.media()),
                "bytes": sum(self.path(name).stat().st_size for name in self.media()),
                "media_sha256": hashlib.sha256(lines.encode()).hexdigest()}

    def say(self, entries):
        """Writes the volume's number and the whole set into export.json and bag-info.txt."""
        export = self.read("data/export.json")
        export["volume"] = {"number": self.number, "of": len(entries), "set": entries}
        self.write("data/export.json", export)
        self.edit_info({"Bag-Group-Identifier": f"urn:uuid:{export['export_id']}",
                        "Bag-Count": f"{self.number} of {len(entries)}"})

    def edit_info(self, changes):
        """Puts these lines behind the date; None takes one out."""
        lines = [line for line in self.lines("bag-info.txt") if line.partition(":")[0] not in changes]
        lines[1:1] = [f"{label}: {value}" for label, value in changes.items() if value is not None]
        self.write_lines("bag-info.txt", lines)

    def info(self, label):
        """The value of a line of bag-info.txt."""
        return next(line.partition(": ")[2] for line in self.lines("bag-info.txt") if line.startswith(f"{label}: "))

    def count(self, text):
        self.edit_info({"Bag-Group-Identifier": self.info("Bag-Group-Identifier"), "Bag-Count": text})

    def edit_files(self, change):
        """CHANGE gets each delivered file of each record and alters it; export.json is told of the new lines."""
        shards = [shard for category in self.read("data/export.json")["categories"] for shard in category["shards"]]
        for shard in shards:
            records = [json.loads(line) for line in self.lines(shard["path"])]
            for file in (file for record in records for file in record.get("files", []) if "path" in file):
                change(file)
            self.write_lines(shard["path"], map(canonical, records))
        self.restate()

    def repage(self):
        """The pages lead to no medium that is in another volume."""
        def here(found):
            return found[0] if self.path(found["path"]).is_file() else found["text"] or ""
        link = r'<a href="\.\./(?P<path>data/media/[^"]*)">(?P<text><code dir="ltr">[^<]*</code>)</a>'
        shown = r'<(?P<tag>a|video|audio) class="shot"[^>]*?(?:href|src)="\.\./(?P<path>data/media/[^"]*)"[^>]*>(?P<text>)(?:<img[^>]*>)?</(?P=tag)>\n'
        for path in self.path("viewer").glob("*.html"):
            text = path.read_text(encoding="utf-8")
            path.write_text(re.sub(shown, here, re.sub(link, here, text)), encoding="utf-8")

    def times(self, export):
        """When each medium and its sidecar were made, by the first record that has them."""
        found = {}
        for record in (json.loads(line) for category in export["categories"] for shard in category["shards"] for line in self.lines(shard["path"])):
            for file in record.get("files", ()):
                when = file.get("created_at", record.get("created_at"))
                for name in (file.get("path"), file.get("sidecar")) if when else ():
                    found.setdefault(name, seconds(when))
        return found

    def zipped(self, top=None, sign=True):
        """It as a ZIP, with its detached signature beside it."""
        names = sorted(path.relative_to(self.tree).as_posix() for path in self.tree.rglob("*") if path.is_file())
        inner = [name for name in names if name not in zipcheck.FIRST + zipcheck.LAST]
        order = [*zipcheck.FIRST, *sorted(inner, key=lambda name: not name.startswith(MEDIA)), *zipcheck.LAST]
        export = self.read("data/export.json")
        as_of, times = seconds(export["as_of"]), self.times(export)
        path = scratch("zipped") / f"{self.tree.name}.zip"
        path.write_bytes(zipraw.build([zipraw.Member(f"{top or self.tree.name}/{name}", self.path(name).read_bytes(), times.get(name, as_of))
                                       for name in order]))
        if sign:
            comment = f"{export['format']} export={export['export_id']} as_of={export['as_of']} file={path.name}"
            self.sign(path, comment=comment)
        return path


def bind(volumes, of=None):
    """Each lists all volumes of the set, OF where not all of them are in VOLUMES, and is sealed."""
    entries = [volume.entry() for volume in of or volumes]
    for volume in volumes:
        volume.say(entries)
        volume.reseal()
    return volumes


def divide(archive, count, shift=0, key=None):
    """The volumes of an archive; each medium is in one of them with its sidecar, another one with another SHIFT."""
    whole = Volume(archive.tree, archive.stem, 0)
    media = whole.media()
    homes = {name: (at * count // len(media) + shift) % count + 1 for at, name in enumerate(media)}
    homes.update({name: homes[name.removesuffix(".xmp")] for name in media})
    whole.edit_files(lambda file: file.update(volume=homes[file["path"]]))
    volumes = []
    for number in range(1, count + 1):
        volume = Volume(whole.tree, f"{archive.stem}-part{number:02}", number, key)
        for name in homes:
            if homes[name] != number:
                volume.path(name).unlink()
        volume.restate()
        volume.repage()
        volumes.append(volume)
    return bind(volumes)
