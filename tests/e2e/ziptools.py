"""Five programs that nobody here wrote, each asked for the names and sizes in a ZIP, and to check the bytes of its entries.

It owns how each is called and how its answer is read. A reader gives [(name, size)] in its own order, and raises
AssertionError where the program complains about anything. Entries with PART in their name need not be read, only listed:
gigabytes that say nothing new.
"""

import functools
import re
import zipfile

import harness

TIMEOUT = 600
UNZIP_LINE = re.compile(r" *([0-9]+) +[0-9-]{8,10} [0-9:]{5}   (.*)")
BSDTAR_LINE = re.compile(r"\S+ +[0-9]+ \S+ +\S+ +([0-9]+) \S+ +\S+ +\S+ (.*)")


def said(run, wanted=None):
    """The output of a program that must have ended well and have nothing to complain about."""
    if run.code != 0 or run.err or (wanted and wanted not in run.out):
        raise AssertionError(f"{run}"[:3000])
    return run.out


def ask(*argv, **options):
    return harness.command(*argv, timeout=TIMEOUT, **options)


def parsed(text, line):
    """[(name, size)] of a listing of which every line must be understood."""
    found = [line.fullmatch(one) for one in text.splitlines()]
    if None in found:
        raise AssertionError(f"not understood: {text.splitlines()[found.index(None)]!r}")
    return [(one[2], int(one[1])) for one in found]


def unzip(path, part=None):
    names = parsed(said(ask("unzip", "-lqq", path)), UNZIP_LINE)
    said(ask("unzip", "-tqq", path, *(["-x", f"*{part}*"] if part else [])))
    return names


def seven_zip(path, part=None):
    text = said(ask("7z", "l", "-slt", "-ba", path))
    found = re.findall(r"^Path = (.*)\n(?:.+\n)*?Size = ([0-9]+)$", text, re.MULTILINE)
    said(ask("7z", "t", "-bd", path, *([f"-xr!*{part}*"] if part else [])), "Everything is Ok")
    return [(name, int(size)) for name, size in found]


def python(path, part=None):
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if part is None or part not in info.filename:
                with archive.open(info) as entry:  # raises at the end where the CRC is wrong
                    while entry.read(1 << 20):
                        pass
        return [(info.filename, info.file_size) for info in archive.infolist()]


@functools.cache
def java_class():
    """The folder of the compiled program."""
    folder = harness.scratch("java")
    said(ask("javac", "-d", folder, harness.root() / "tests" / "e2e" / "ReadZip.java"))
    return folder


def java(path, part=None, mode="file"):
    text = said(ask("java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-cp", java_class(), "ReadZip", mode,
                    path, *([part] if part else [])))
    return parsed(text, re.compile(r"([0-9]+) (.*)"))


def java_stream(path):
    """The reader that sees no central directory."""
    return java(path, mode="stream")


def bsdtar(path, part=None):
    names = parsed(said(ask("bsdtar", "-tvf", path)), BSDTAR_LINE)
    said(bsdtar_bytes(path, *(["--exclude", f"*{part}*"] if part else [])))
    return names


def bsdtar_bytes(path, *more):
    """Everything unpacked into nothing."""
    return ask("sh", "-c", 'exec bsdtar "$@" >/dev/null', "sh", "-xOf", path, *more)


def bsdtar_stream(path):
    """From a pipe, so that it cannot look at the central directory first."""
    run = ask("sh", "-c", 'cat "$1" | bsdtar -tvf -', "sh", path)
    return parsed(said(run), BSDTAR_LINE)


READERS = {"unzip": unzip, "7z": seven_zip, "Python": python, "Java": java, "bsdtar": bsdtar}
STREAMS = {"Java, as a stream": java_stream, "bsdtar, as a stream": bsdtar_stream}


def need():
    harness.need("unzip", "7z", "java", "javac", "bsdtar")
