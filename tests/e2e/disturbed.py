"""Exports that something disturbs, and the run after that: what is true of every one of them, whatever the disturbance was.

It owns the folder of such a run, the bytes that an undisturbed one gives, and the list of what may lie about afterwards.
It reports problems as sentences instead of raising, because hundreds of runs are looked at together.

How a run goes on after a disturbance is said here and nowhere else: RESUME is what the second run is given besides the
words of the first, KEEPS are the exit codes after which the stage stays.
"""

import concurrent.futures
import functools
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import harness

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "fixtures"))
import scale  # noqa: E402

WORKERS = 2
ALL = os.environ.get("HOLDALL_FAULTS") == "all"  # every single point, however long it takes
FAILED, RETRY = 1, 5
RESUME = ["--resume"]
KEEPS = (FAILED, RETRY, 130, 143)
CRASHES = (132, 134, 135, 136, 139)
SPARE = 2  # blocks that a run with a denied allocation may keep to its end, which an undisturbed one does not
SECONDS = 60 * (4 if harness.SANITIZED else 1)  # a run that takes longer hangs
LIMITED = ["--memory", "4MiB"]  # the least there is: files above 2 MiB are staged at their place in the archive
SIZES = (100, 5000, 2_300_000, 300_000, 77)
MARK = "mine.zip"


# ---- the export --------------------------------------------------------------------------------------------

@functools.cache
def small():
    """The description of a small account: five files, one of them too large for the memory that a run may have."""
    place = harness.scratch("small")
    base = place / "store" / "users" / scale.SUBJECT
    (base / "files").mkdir(parents=True)
    scale.put(base.parent / f"{scale.SUBJECT}.json", {"id": scale.SUBJECT, "name": "Scale Sample"})
    items = []
    for number, size in enumerate(SIZES):
        (base / "files" / f"{number}.bin").write_bytes(random.Random(number).randbytes(size))
        items.append({"id": f"f{number}", "user": scale.SUBJECT, "title": f"File {number}", "at": 1735689600 + number * 60,
                      "key": f"users/{scale.SUBJECT}/files/{number}.bin", "size": size})
    scale.write_pages(base, items, len(items))
    scale.put(place / "service.json", scale.description(False))
    scale.put(place / "privacy" / "en.json", scale.texts())
    return place / "service.json"


class Export:
    """What is exported: a subject of a service, always to the same bytes. OTHER is a folder for the stages, on another file system."""

    def __init__(self, description, subject, *extra, other=None):
        self.description, self.subject, self.extra, self.other = description, subject, extra, other
        self.lock = threading.Lock()
        self.bytes = None

    def words(self, place, *more):
        """The arguments of a run in that place."""
        return [os.fspath(word) for word in
                ("export", "-q", "-s", self.description, "-u", self.subject, "-k", harness.secret_key(), "-o", place.target,
                 "--as-of", harness.AS_OF, "--export-id", harness.EXPORT_ID, "--report", place.report, "--events", place.events,
                 *(["--stage", place.stages] if self.other else []), *self.extra, *more)]

    @property
    def reference(self):
        """(ZIP, signature) of an undisturbed run."""
        with self.lock:
            if self.bytes is None:
                place = Place(self)
                run = harness.holdall(*self.words(place))
                if run.code != 0:
                    raise AssertionError(f"the undisturbed run failed:\n{run}")
                self.bytes = place.target.read_bytes(), place.signature.read_bytes()
                place.remove()
            return self.bytes


@functools.cache
def export():
    """The export of the small account."""
    return Export(small(), scale.SUBJECT, *LIMITED)


@functools.cache
def export_across():
    """The same with its stage on another file system; None where there is none to write to."""
    here = os.stat(harness.scratch()).st_dev
    for folder in ("/dev/shm", "/var/tmp", "/tmp"):
        if os.path.isdir(folder) and os.access(folder, os.W_OK) and os.stat(folder).st_dev != here:
            return Export(small(), scale.SUBJECT, *LIMITED, other=folder)
    return None


# ---- one folder --------------------------------------------------------------------------------------------

class Place:
    """Where one disturbed run and the one after it work: the archive in `out`, report and events beside it."""

    def __init__(self, what):
        self.what, self.folder = what, harness.scratch("disturbed")
        self.out = self.folder / "out"
        self.out.mkdir()
        self.target, self.signature = self.out / MARK, self.out / (MARK + ".minisig")
        self.stages = Path(tempfile.mkdtemp(prefix="holdall-", dir=what.other)) if what.other else self.out
        self.stage = self.stages / (MARK + ".holdall")
        self.report, self.events = self.folder / "report.json", self.folder / "events.jsonl"

    def words(self, *more):
        return self.what.words(self, *more)

    def remove(self):
        shutil.rmtree(self.folder)
        if self.what.other:
            shutil.rmtree(self.stages)

    def published(self):
        """What is wrong with what lies under the names of the archive and its signature: they are whole or not there."""
        archive, signature = self.what.reference
        if self.target.exists():
            if self.target.read_bytes() != archive:
                yield "what stands at the target is not the archive"
            if not self.signature.exists() or self.signature.read_bytes() != signature:
                yield "the archive stands there without its signature"
        elif self.signature.exists() and self.signature.read_bytes() != signature:
            yield "the signature that waits for its archive is not whole"

    def strays(self, stage, hidden):
        """What lies about and has no business there. STAGE: it may have stayed. HIDDEN: so may an unfinished report or signature."""
        for path in sorted([*self.folder.rglob("*"), *(self.stages.rglob("*") if self.what.other else [])]):
            name = path.name if path.parent == self.folder else f"{path.parent.name}/{path.name}"
            if name in ("out", f"out/{MARK}", f"out/{MARK}.minisig", "report.json", "events.jsonl"):
                continue
            if stage and (path == self.stage or self.stage in path.parents):
                continue
            if stage and name == f"out/{MARK}.holdall" and not any(path.iterdir()):
                continue  # the lock beside the target of a run whose stage lies elsewhere
            if hidden and name.startswith((".report.json.", f"out/.{MARK}.minisig.")):
                continue
            yield f"{path} was left behind"

    def left(self):
        """True when the run left anything but report and events."""
        return any(self.out.iterdir()) or self.stage.exists()

    def second(self):
        """The run after the disturbed one; what is wrong with it. It ends with the very bytes of an undisturbed run."""
        again = self.target.exists()  # then it came too late to keep the archive from being published
        run = harness.holdall(*self.words(*(["--force"] if again else []), *RESUME), timeout=SECONDS)
        if run.code != 0:
            yield f"the second run ended with {run.code}: {run.err.strip()}"
        elif not self.target.exists():
            yield "the second run made no archive"
        else:
            yield from (f"after the second run: {problem}" for problem in self.published())
            yield from (f"after the second run: {problem}" for problem in self.strays(False, True))


def said(err):
    """The lines on standard error that are holdall's own: not strace's and not a sanitizer's."""
    return [line for line in err.splitlines() if line and not line.startswith("strace: ")]


def crashed(code, err):
    return code < 0 or code in CRASHES or harness.FINDING.search(err) is not None


def ended(place, code, err, codes):
    """What is wrong with a run that nobody killed: how it ended, and what it left."""
    lines = said(err)
    if crashed(code, err):
        yield f"it crashed with {code}: {err[-600:]}"
    elif code not in codes:
        yield f"it ended with {code}: {err.strip()}"
    elif code == 0:
        if not place.target.exists():
            yield "it ended well without an archive"
    elif len(lines) != 1 or not lines[0].startswith("holdall: "):
        yield f"it ended with {code} and said {lines}"
    yield from place.published()


# ---- many runs ---------------------------------------------------------------------------------------------

def start(argv, env=None, **options):
    """A process of which a test has standard error."""
    return subprocess.Popen([os.fspath(word) for word in argv], env=env or harness.environment(), stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **options)


def finish(process):
    """(exit code, standard error); a process that hangs is an error of its own kind, and is killed."""
    try:
        _, err = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        _, err = process.communicate()
        return None, err.decode("utf-8", "replace")
    return process.returncode, err.decode("utf-8", "replace")


def side_by_side(job, points):
    """JOB(point) of all points, several at a time: the sentences that they yield, each with its point before it."""
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        found = pool.map(lambda point: [f"{point}: {problem}" for problem in job(point)], points)
        return [problem for problems in found for problem in problems]


def thinned(points, every):
    """All points, or every so manieth of them and the last."""
    points = list(points)
    return points if ALL or every <= 1 else points[::every] + points[-1:]
