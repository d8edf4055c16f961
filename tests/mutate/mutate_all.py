#!/usr/bin/python3
"""Flips every bit of an archive's structure (headers, names, extra fields, directory, end record), each for a `verify` of its own.

    mutate_all.py MUTATE ARCHIVE PUBLIC_KEY_FILE

MUTATE is the program of tests/mutate/mutate.c, of which one runs on each core. It tells how far it is on standard error, prints the byte and the bit of
each flip that was accepted, and ends with 1 when there was one. The archive itself is left alone; a detached signature beside it is not looked at,
as that alone would refuse everything.
"""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
import zipraw  # noqa: E402
from test_mutate import structure  # noqa: E402

PIECE = 16  # bytes that a process takes at a time


class Work:
    """The bytes that are still to be done, and what came of the others."""

    def __init__(self, pieces):
        self.pieces, self.lock = pieces, threading.Lock()
        self.all = self.left = sum(to - at for at, to in pieces)
        self.accepted, self.failed = [], []

    def take(self):
        with self.lock:
            return self.pieces.pop() if self.pieces and not self.failed else None

    def done(self, piece, accepted):
        with self.lock:
            self.left -= piece[1] - piece[0]
            self.accepted += accepted


def flip(tool, archive, key, work):
    while (piece := work.take()) is not None:
        run = subprocess.run([tool, "holdall", archive, key], input="%d %d\n" % piece, capture_output=True, text=True, check=False)
        *accepted, done = run.stdout.splitlines() or [""]
        if run.returncode or not done.startswith("done "):
            work.failed.append(run.stderr)
            return
        work.done(piece, accepted)


def main(tool, archive, key_file):
    with zipraw.mapped(archive) as data:
        pieces = [(at, min(at + PIECE, to)) for start, to in structure(data) for at in range(start, to, PIECE)]
    work, key = Work(pieces), Path(key_file).read_text(encoding="utf-8")
    threads = [threading.Thread(target=flip, args=(tool, archive, key, work)) for _ in range(os.cpu_count() or 1)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        print(f"\r{8 * (work.all - work.left)} of {8 * work.all} bits", end="", file=sys.stderr, flush=True)
        time.sleep(0.5)
    print(f"\r{8 * (work.all - work.left)} of {8 * work.all} bits", file=sys.stderr)
    for line in work.failed[:1] + work.accepted:
        print(line.strip())
    print(f"{8 * work.all - 8 * work.left - len(work.accepted)} refused, {len(work.accepted)} accepted")
    return 1 if work.failed or work.accepted or work.left else 0


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
