"""Changes unpacked archives, and signs them again as somebody who holds the key could: then only what is wrong is wrong.

A Forged is a copy of an unpacked archive. `reseal` writes both manifests anew and signs the tag manifest with minisign,
so that the chain of trust is intact; `restate` first brings sizes and hashes in data/export.json up to date, so that a
changed record has no other fault. It owns its copy and nothing else.
"""

import hashlib
import json
import shutil

import harness
from harness import command, scratch

MANIFEST, TAGMANIFEST = "manifest-sha256.txt", "tagmanifest-sha256.txt"
SIGNATURE = TAGMANIFEST + ".minisig"
CRATE = "data/ro-crate-metadata.json"


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def canonical(value):
    """What the tests write has ASCII names and no reals, so json's own order is that of RFC 8785."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


class Forged:
    def __init__(self, archive):
        self.tree = scratch("forged") / archive.stem
        shutil.copytree(archive.tree, self.tree)

    def path(self, name):
        return self.tree / name

    def read(self, name):
        return json.loads(self.path(name).read_text(encoding="utf-8"))

    def write(self, name, value):
        self.path(name).write_text(canonical(value) + "\n", encoding="utf-8")

    def lines(self, name):
        return self.path(name).read_text(encoding="utf-8").split("\n")[:-1]

    def write_lines(self, name, lines):
        self.path(name).write_text("".join(line + "\n" for line in lines), encoding="utf-8")

    def edit(self, name, change):
        """CHANGE gets the document and alters it, or returns another."""
        value = self.read(name)
        changed = change(value)
        self.write(name, value if changed is None else changed)

    def edit_line(self, name, number, change):
        """The same for one line of JSON Lines."""
        lines = self.lines(name)
        value = json.loads(lines[number])
        changed = change(value)
        lines[number] = canonical(value if changed is None else changed)
        self.write_lines(name, lines)

    def recrate(self):
        """The RO-Crate speaks of the files that are here, as they are; what was taken away is not in it any more."""
        graph = self.read(CRATE)["@graph"]
        files = {one["@id"]: one for one in graph if one["@type"] == "File"}
        gone = {name for name in files if not self.path(f"data/{name}").is_file()}
        for name in files.keys() - gone:
            path = self.path(f"data/{name}")
            files[name].update(contentSize=str(path.stat().st_size), sha256=digest(path))
        graph = [one for one in graph if one["@id"] not in gone]
        for one in graph:
            for name in {"hasPart", "object", "result"} & one.keys():
                one[name] = [reference for reference in one[name] if reference["@id"] not in gone]
        self.edit(CRATE, lambda crate: crate.update({"@graph": graph}))

    def restate(self):
        """Sizes and hashes in export.json and the RO-Crate become those of the files."""
        self.recrate()
        export = self.read("data/export.json")
        stated = export["ledgers"] + export["documents"] + [shard for one in export["categories"] for shard in one["shards"]]
        for one in stated:
            path = self.path(one["path"])
            one.update(size=path.stat().st_size, sha256=digest(path))
        self.write("data/export.json", export)

    def reseal(self, key=None, comment=None):
        """Payload-Oxum, both manifests and the signature become those of the files."""
        files = sorted((path for path in self.tree.rglob("*") if path.is_file()),
                       key=lambda path: path.relative_to(self.tree).as_posix().encode())
        names = [path.relative_to(self.tree).as_posix() for path in files]
        payload = [name for name in names if name.startswith("data/")]
        oxum = f"{sum(self.path(name).stat().st_size for name in payload)}.{len(payload)}"
        self.write_lines("bag-info.txt", [f"Payload-Oxum: {oxum}" if line.startswith("Payload-Oxum") else line
                                          for line in self.lines("bag-info.txt")])
        self.write_lines(MANIFEST, [f"{digest(self.path(name))}  {name}" for name in payload])
        tags = [name for name in names if name not in payload and name not in (TAGMANIFEST, SIGNATURE)
                and not name.startswith("signatures/")]
        self.write_lines(TAGMANIFEST, [f"{digest(self.path(name))}  {name}" for name in tags])
        self.sign(TAGMANIFEST, key, comment)

    def comment(self):
        return self.path(SIGNATURE).read_text(encoding="utf-8").splitlines()[2].removeprefix("trusted comment: ")

    def sign(self, name, key=None, comment=None):
        run = command("minisign", "-S", "-s", key or harness.secret_key(), "-t", comment or self.comment(), "-m", self.path(name))
        if run.code != 0:
            raise AssertionError(f"minisign could not sign:\n{run}")
