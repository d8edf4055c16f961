#!/usr/bin/python3
"""Checks that the house stands: who may include whom in src/ and include/.

It fails on an include that goes up a floor or across to a peer, on a ring of includes, on a foreign library's
header outside its owner, on a header nobody has named, and on anything the command line sees beyond the public
API. It first breaks small invented trees in every one of these ways and fails if that goes unnoticed.

    check_floors.py [ROOT]      ROOT is the project's folder
"""

import os
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
import ctext  # noqa: E402

# Lowest first. A folder sees itself and every folder on a lower floor, never its peers.
FLOORS = [
    {"base"},
    {"io", "model"},
    {"net"},
    {"access"},
    {"source", "deliver", "archive", "view"},
    {"export", "verify"},
    {"cli"},
]

# Foreign headers, and the files (or folders, with a slash) under src/ that may include them.
OWNERS = {
    "libcurl": (("curl/",), ("net/http.c", "net/attempt.c")),
    "libzip": (("zip.h", "zipconf.h"), ("archive/zip_window.c",)),
    "libcrypto": (("openssl/",), ("io/digest.c",)),
    "zlib": (("zlib.h", "zconf.h"), ("io/",)),
    "libsodium": (("sodium.h", "sodium/"), ("archive/sign.c", "archive/sign_key.c")),
    "sqlite3": (("sqlite3.h", "sqlite3ext.h"), ("archive/db.c",)),
    "expat": (("expat.h", "expat_external.h"), ("model/xml.c",)),
    "jansson": (("jansson.h", "jansson_config.h"), ("model/",)),
    "utf8proc": (("utf8proc.h",), ("model/",)),
    "iconv": (("iconv.h",), ("io/charset.c",)),
}

# Headers that the build makes, and the folders that may see them.
GENERATED = {
    "ha-formats.h": {"model", "net", "access", "source", "deliver", "archive", "view", "export", "verify"},
    "ha-rules.h": {"archive", "verify"},
    "ha-catalogue.h": {"view"},
}

C_STANDARD = set(
    "assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign stdarg "
    "stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string tgmath threads time uchar wchar wctype".split()
)
SYSTEM = C_STANDARD | set(
    "arpa/inet dirent dlfcn endian err fcntl fnmatch getopt glob ifaddrs langinfo libgen malloc net/if netdb "
    "netinet/in netinet/tcp poll pthread pwd regex sched semaphore spawn strings sysexits syslog termios unistd "
    "utime valgrind/valgrind".split()
)
SYSTEM_FOLDERS = ("sys/", "linux/")

SUFFIXES = (".c", ".h")


def floor_of(folder):
    return next((level for level, names in enumerate(FLOORS) if folder in names), None)


def folder_of(path):
    """src/io/file.c -> io; None outside src and for a file that lies in src itself."""
    parts = path.split("/")
    return parts[1] if parts[0] == "src" and len(parts) > 2 else None


def is_system(spelled, names):
    return spelled.endswith(".h") and spelled[:-2] in names


def library_of(spelled):
    for library, (headers, owners) in OWNERS.items():
        for header in headers:
            if spelled == header or (header.endswith("/") and spelled.startswith(header)):
                return library, owners
    return None, ()


class House:
    """The files under src/ and include/ of one tree, and what is wrong with them."""

    def __init__(self, root):
        self.root = Path(root)
        self.files = sorted(self.list_files())
        self.edges = {path: [] for path in self.files}
        self.findings = []

    def list_files(self):
        for top in ("src", "include"):
            for path in (self.root / top).rglob("*"):
                if path.suffix in SUFFIXES and path.is_file():
                    yield path.relative_to(self.root).as_posix()

    def find(self, path, line, text):
        self.findings.append((path, f"{path}:{line}: {text}"))

    def check(self):
        for path in self.files:
            self.check_place(path)
            for line, spelled, quoted in ctext.includes((self.root / path).read_text(encoding="utf-8")):
                self.check_include(path, line, spelled, quoted)
        self.check_rings()
        return self.findings

    def check_place(self, path):
        if path.startswith("include/"):
            return
        folder = folder_of(path)
        if folder is None:
            self.find(path, 1, "lies on no floor: a source file belongs in one of src's folders")
        elif floor_of(folder) is None:
            self.find(path, 1, f"src/{folder} is on no floor: name it in FLOORS, or put the file where it belongs")

    def check_include(self, path, line, spelled, quoted):
        if spelled is None:
            self.find(path, line, "an include whose name is not written out cannot be checked")
            return
        target = self.resolve(path, spelled, quoted)
        if target is None:
            self.check_outside(path, line, spelled, quoted)
        elif target.startswith(("src/", "include/")):
            self.edges.setdefault(path, []).append(target)
            self.check_inside(path, line, target)
        else:
            self.find(path, line, f"includes {target}, which is neither in src nor in include")

    def resolve(self, path, spelled, quoted):
        """The file of this tree that is meant, as the compiler looks for it with -Isrc -Iinclude."""
        starts = [os.path.dirname(path)] if quoted else []
        for start in [*starts, "src", "include"]:
            target = os.path.normpath(os.path.join(start, spelled))
            if (self.root / target).is_file():
                return target
        return None

    def check_inside(self, path, line, target):
        if path.startswith("include/"):
            if target.startswith("src/"):
                self.find(path, line, f"a public header includes {target}")
            return
        here, there = folder_of(path), folder_of(target)
        if target.startswith("include/") or here == there:
            return
        low, high = floor_of(here), floor_of(there)
        if low is None or high is None:
            return  # said by check_place
        if here == "cli":
            self.find(path, line, f"the command line includes {target}: it sees include/ and its own headers only")
        elif high > low:
            self.find(path, line, f"{here} includes {target}, which is on a higher floor")
        elif high == low:
            self.find(path, line, f"{here} includes {target}: peers on one floor do not see each other")

    def check_outside(self, path, line, spelled, quoted):
        if path.startswith("include/"):
            if not is_system(spelled, C_STANDARD):
                self.find(path, line, f"a public header includes {spelled}: only public and C standard headers")
            return
        library, owners = library_of(spelled)
        inner = path.removeprefix("src/")
        if library:
            if not any(inner == owner or (owner.endswith("/") and inner.startswith(owner)) for owner in owners):
                self.find(path, line, f"includes {spelled}, but {library} belongs to {', '.join(owners)}")
        elif spelled in GENERATED:
            if folder_of(path) not in GENERATED[spelled]:
                self.find(path, line, f"{spelled} may not be seen from here")
        elif quoted:
            self.find(path, line, f"includes {spelled}, which does not exist")
        elif not is_system(spelled, SYSTEM) and not spelled.startswith(SYSTEM_FOLDERS):
            self.find(path, line, f"includes {spelled}, which nobody has named: see OWNERS and SYSTEM")

    def check_rings(self):
        done, seen = set(), set()
        for start in self.files:
            for ring in self.rings_from(start, [], done):
                if frozenset(ring) not in seen:
                    seen.add(frozenset(ring))
                    self.find(ring[0], 1, "a ring of includes: " + " -> ".join([*ring, ring[0]]))

    def rings_from(self, path, trail, done):
        if path in trail:
            yield trail[trail.index(path):]
        elif path not in done:
            for target in self.edges.get(path, ()):
                yield from self.rings_from(target, [*trail, path], done)
            done.add(path)


# ---- the check checked ----------------------------------------------------------------------------------------

CLEAN = {
    "include/holdall/error.h": "#include <stdint.h>\n",
    "include/holdall/export.h": '#include "error.h"\n#include <holdall/error.h>\n#include <stddef.h>\n',
    "src/base/buf.h": "#include <stddef.h>\n#include <holdall/error.h>\n",
    "src/base/buf.c": '/* #include "net/http.h" */\n// #include <zip.h>\n#include "base/buf.h"\n#include <sys/stat.h>\n',
    "src/io/digest.c": '#include "../base/buf.h"\n#include <openssl/evp.h>\nchar *s = "\\"/*";\n',
    "src/io/deflate.c": "#include <zlib.h>\n",
    "src/model/json.h": "#include <jansson.h>\n#include <ha-formats.h>\n",
    "src/model/xml.c": "#include <expat.h>\n#include <utf8proc.h>\n",
    "src/net/http.h": '#include "base/buf.h"\n',
    "src/net/http.c": '#include "http.h"\n#include <curl/curl.h>\n#include "model/json.h"\n#include "ha-formats.h"\n',
    "src/source/file.c": '#include "net/http.h"\n#include "base/buf.h"\n',
    "src/archive/pack.h": '#include "base/buf.h"\n',
    "src/archive/zip_window.c": '#include "pack.h"\n#include <zip.h>\n',
    "src/archive/sign.c": "#include <sodium.h>\n",
    "src/archive/db.c": "#include <sqlite3.h>\n",
    "src/export/run.c": '#include "archive/pack.h"\n#include "ha-formats.h"\n',
    "src/cli/opt.h": "#include <getopt.h>\n",
    "src/cli/main.c": '#include "opt.h"\n#include "cli/opt.h"\n#include <holdall/export.h>\n#include <unistd.h>\n',
}

# What is added to the clean tree, where it must be found, and a piece of what must be said.
BROKEN = [
    ("an include that goes up", "src/base/up.c", '#include "net/http.h"', "higher floor"),
    ("up, written as a path", "src/base/up.c", '#include "../net/http.h"', "higher floor"),
    ("up, in angle brackets", "src/io/up.c", "#include <net/http.h>", "higher floor"),
    ("up, over a spliced line", "src/base/up.c", '#inc\\\nlude "net/http.h"', "higher floor"),
    ("up, with blanks and a comment", "src/base/up.c", ' #  include /* x */ "net/http.h" // y', "higher floor"),
    ("up, after a comment mark in a string", "src/base/up.c", 'char *s = "/*";\n#include "net/http.h"', "higher floor"),
    ("up, under #if 0", "src/base/up.c", '#if 0\n#include "net/http.h"\n#endif', "higher floor"),
    ("peers: source and archive", "src/source/peer.c", '#include "archive/pack.h"', "peers"),
    ("peers: io and model", "src/io/peer.c", '#include "model/json.h"', "peers"),
    ("export sees the command line", "src/export/up.c", '#include "cli/opt.h"', "higher floor"),
    ("the command line sees inside", "src/cli/in.c", '#include "base/buf.h"', "command line"),
    ("the command line sees a library", "src/cli/in.c", "#include <zip.h>", "libzip belongs to"),
    ("the command line sees the formats", "src/cli/in.c", '#include "ha-formats.h"', "may not be seen"),
    ("base sees the formats", "src/base/f.c", '#include "ha-formats.h"', "may not be seen"),
    ("io sees the formats", "src/io/f.c", '#include "ha-formats.h"', "may not be seen"),
    ("curl beside its owner", "src/net/retry.c", "#include <curl/curl.h>", "libcurl belongs to"),
    ("curl in its owner's header", "src/net/curl.h", "#include <curl/curl.h>", "libcurl belongs to"),
    ("libzip outside", "src/archive/bag.c", '#include "zip.h"', "libzip belongs to"),
    ("libcrypto outside", "src/net/sigv4.c", "#include <openssl/hmac.h>", "libcrypto belongs to"),
    ("zlib outside", "src/archive/crc.c", "#include <zlib.h>", "zlib belongs to"),
    ("libsodium outside", "src/base/env.c", "#include <sodium.h>", "libsodium belongs to"),
    ("sqlite3 outside", "src/export/db.c", "#include <sqlite3.h>", "sqlite3 belongs to"),
    ("expat outside", "src/source/s3.c", "#include <expat.h>", "expat belongs to"),
    ("jansson outside", "src/export/report.c", "#include <jansson.h>", "jansson belongs to"),
    ("iconv outside", "src/verify/text.c", "#include <iconv.h>", "iconv belongs to"),
    ("utf8proc outside", "src/archive/names.c", "#include <utf8proc.h>", "utf8proc belongs to"),
    ("a library nobody has named", "src/io/new.c", "#include <lzma.h>", "nobody has named"),
    ("a public header sees inside", "include/holdall/bad.h", '#include "../../src/base/buf.h"', "a public header"),
    ("a public header sees a library", "include/holdall/bad.h", "#include <zip.h>", "a public header"),
    ("a public header sees POSIX", "include/holdall/bad.h", "#include <sys/types.h>", "a public header"),
    ("a folder on no floor", "src/util/x.c", "int x;", "on no floor"),
    ("a file on no floor", "src/x.c", "int x;", "on no floor"),
    ("a header that is not there", "src/io/x.c", '#include "base/none.h"', "does not exist"),
    ("a header outside src", "src/io/x.c", '#include "../../tests/x.h"', "neither in src"),
    ("an include by macro", "src/io/x.c", "#include HEADER", "not written out"),
    ("include_next", "src/io/x.c", "#include_next <stdio.h>", "not written out"),
    ("a header that includes itself", "src/io/a.h", '#include "io/a.h"', "a ring"),
]

# Rings need more than one file.
RINGS = [
    ("a ring of two", {"src/io/a.h": '#include "b.h"\n', "src/io/b.h": '#include "io/a.h"\n'}),
    ("a ring of three", {"src/io/a.h": '#include "b.h"\n', "src/io/b.h": '#include "c.h"\n', "src/io/c.h": '#include "a.h"\n'}),
    ("a ring in the API", {"include/holdall/a.h": "#include <holdall/b.h>\n", "include/holdall/b.h": '#include "a.h"\n'}),
    ("a ring behind a tail", {"src/io/z.c": '#include "b.h"\n', "src/io/b.h": '#include "c.h"\n', "src/io/c.h": '#include "b.h"\n'}),
]


def build_tree(root, files):
    for path, text in files.items():
        target = Path(root, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def findings_in(files):
    with tempfile.TemporaryDirectory() as root:
        build_tree(root, {"tests/x.h": "", **files})
        return House(root).check()


def self_test():
    """The names of the invented trees whose fault went unnoticed, or that were blamed for nothing; and how many there are."""
    wrong = []
    if findings_in(CLEAN):
        wrong.append("the clean tree: " + findings_in(CLEAN)[0][1])
    for name, path, text, words in BROKEN:
        found = findings_in({**CLEAN, path: text + "\n"})
        if len(found) != 1 or found[0][0] != path or words not in found[0][1]:
            wrong.append(name)
    for name, files in RINGS:
        found = findings_in({**CLEAN, **files})
        if len(found) != 1 or "a ring" not in found[0][1]:
            wrong.append(name)
    return wrong, 1 + len(BROKEN) + len(RINGS)


def main(arguments):
    root = arguments[0] if arguments else Path(__file__).resolve().parents[2]
    wrong, trees = self_test()
    for name in wrong:
        print(f"self-test: {name}")
    house = House(root)
    for _, text in house.check():
        print(text)
    if not any(path.startswith("src/") for path in house.files):
        print("there is no source file to check")
        wrong.append("nothing to check")
        trees += 1
    bad = {path for path, _ in house.findings}
    failed = len(wrong) + len(bad)
    print(f"{trees + len(house.files) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
