"""What a case is: an archive that is made when it is needed, and the rules that `holdall verify` must name, no more and no fewer.

Every case is written for the profile holdall, and where it is a ZIP, for the profile zip as well: there it must break those of its
rules that the profile has, unless the case says otherwise. `hazard` is the number of the hazard that the case belongs to: 6 another
person's archive, 7 signatures, 8 what no manifest lists, 9 the layout, 10 names, 11 bombs, 12 sizes and sums, 0 what the documents
say of each other. A good case breaks no rule.
"""

import json
from pathlib import Path

import archive
import zipraw

RULES = {one["id"]: one for one in json.loads((archive.FORMATS / "rules.json").read_text(encoding="utf-8"))}
CASES = {}
SAME = object()


class Case:
    def __init__(self, name, hazard, rules, build, **about):
        self.name, self.hazard, self.build = name, hazard, build
        self.rules = {"holdall": frozenset(rules.split())}
        self.options = tuple(about.pop("options", ()))  # of the command line
        self.intact = about.pop("intact", True)  # the chain from the key to every file that a manifest lists
        self.slow = about.pop("slow", False)  # gigabytes
        self.bomb = about.pop("bomb", False)  # what it costs is measured
        zip_rules = about.pop("zip", SAME)
        if zip_rules is SAME:
            zip_rules = " ".join(one for one in self.rules["holdall"] if one in RULES and "zip" in RULES[one]["profiles"])
        if zip_rules is not None:
            self.rules["zip"] = frozenset(zip_rules.split())
        if about.pop("only_zip", False):
            del self.rules["holdall"]
        if about:
            raise TypeError(f"{name}: {about.keys()}")

    def write(self, folder):
        """Writes everything into an empty folder, and returns the paths that `verify` is to be given, in their order."""
        written = [put(Path(folder), name, what) for name, what in self.build()]
        return [path for path in written if path.suffix not in (".minisig", ".json")]


def put(folder, name, what):
    path = folder / name
    if callable(what):
        what(path)
    elif isinstance(what, (bytes, bytearray)):
        path.write_bytes(what)
    else:
        zipraw.write(path, what)
    return path


def add(case):
    if case.name in CASES:
        raise ValueError(f"there are two cases {case.name}")
    CASES[case.name] = case


def archived(name, hazard, rules, options=(), intact=True, zip=SAME, bomb=False, slow=False, after=None, **hooks):
    """A case of an archive that is changed while it is made; AFTER gets its bytes and returns others."""

    def build():
        draft = archive.forge(**hooks)
        parts = draft.parts if after is None else after(draft, b"".join(draft.parts))
        return [(f"{draft.top or draft.stem}.zip", parts)]

    add(Case(name, hazard, rules, build, options=options, intact=intact, zip=zip, bomb=bomb, slow=slow))


def plain(name, hazard, rules, members, bomb=False, slow=False, after=None, **changes):
    """A case of any ZIP, which is no archive of holdall: for the profile zip alone."""

    def build():
        parts = zipraw.pieces(members() if callable(members) else members, **changes)
        return [("some.zip", parts if after is None else after(b"".join(parts)))]

    add(Case(name, hazard, rules, build, only_zip=True, zip=rules, bomb=bomb, slow=slow))
