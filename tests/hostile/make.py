#!/usr/bin/python3
"""Writes the corpus of hostile, odd and good archives into a folder, for whoever tests a reader of archives.

    make.py FOLDER [--slow]     a folder for each case, key.pub, and index.json: what each case is and which rules it breaks

--slow adds those that are large (sparse files of 4 GiB) or of many entries. It refuses a folder that is not empty.
"""

import json
import sys
from pathlib import Path

sys.dont_write_bytecode = True
import archive  # noqa: E402
from all_cases import CASES  # noqa: E402


def entry(case, folder):
    paths = case.write(folder)
    return {"name": case.name, "hazard": case.hazard, "paths": [f"{case.name}/{path.name}" for path in paths], "options": list(case.options),
            "rules": {profile: sorted(rules) for profile, rules in sorted(case.rules.items())}, "intact": case.intact, "bomb": case.bomb}


def main(argv):
    if not argv or argv[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    top = Path(argv[0])
    top.mkdir(parents=True, exist_ok=True)
    if any(top.iterdir()):
        print(f"{top} is not empty", file=sys.stderr)
        return 2
    index = []
    for case in CASES.values():
        if case.slow and "--slow" not in argv:
            continue
        folder = top / case.name
        folder.mkdir()
        index.append(entry(case, folder))
    (top / "key.pub").write_bytes(archive.KEY.file())
    (top / "index.json").write_text(json.dumps({"key": archive.KEY.text(), "cases": index}, indent=1) + "\n", encoding="utf-8")
    print(f"{len(index)} cases in {top}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
