#!/usr/bin/python3
"""Proves what a person at a terminal is told of a run, and that a program is told none of it.

Standard error is a real terminal (a pty) of several widths, standard output a pipe. A slow service gives the bar time to show rate
and time left. A small model of a terminal says what is on the screen in the end.
"""

import fcntl
import os
import pty
import re
import shlex
import struct
import subprocess
import sys
import termios
import time
import unittest

sys.dont_write_bytecode = True
import harness  # noqa: E402
import httpcase  # noqa: E402
import resumecase  # noqa: E402
from harness import COMPLETE, holdall, scratch  # noqa: E402

PER_SECOND = 8
WIDTHS = (20, 40, 80, 200)
BAR = re.compile(r"fetching uploads \d+/17 \[#*-+\] \d+%, \d+/17 files, [\d.]+ \w+ of [\d.]+ KiB, [\d.]+ \w+/s, \d:\d\d left")
SEQUENCES = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|.)")


class Seen:
    """What a run printed: standard output, the bytes that the terminal got, and how long it took."""

    def __init__(self, code, out, shown, seconds, argv):
        self.code, self.out, self.shown, self.seconds, self.argv = code, out, shown, seconds, argv

    def __str__(self):
        return f"$ {' '.join(self.argv)}\nexit code {self.code}\n--- stdout\n{self.out}\n--- terminal\n{self.shown!r}"

    @property
    def draws(self):
        """Each text that stood in the bar's line."""
        return [text.split("\x1b[K")[0] for text in self.shown.split("\r") if "\x1b[K" in text and text.split("\x1b[K")[0]]

    def screen(self):
        """The lines in the end, of a terminal that is wide enough."""
        lines, column = [""], 0
        for piece in re.findall(r"\x1b\[K|[^\x1b]", self.shown, re.DOTALL):
            if piece == "\x1b[K":
                lines[-1] = lines[-1][:column]
            elif piece == "\r":
                column = 0
            elif piece == "\n":
                lines.append("")
                column = 0
            else:
                lines[-1] = lines[-1][:column].ljust(column) + piece + lines[-1][column + 1:]
                column += 1
        return lines


def watch(argv, width=100, **environment):
    """Runs holdall with standard error on a terminal of WIDTH columns."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 25, width, 0, 0))
    argv = [os.fspath(word) for word in (harness.binary(), *argv)]
    begin, got = time.monotonic(), b""
    with subprocess.Popen(argv, env=harness.environment(**{"TERM": "xterm", **environment}), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=slave) as process:
        os.close(slave)
        try:
            while chunk := os.read(master, 65536):
                got += chunk
        except OSError:
            pass  # the other side is closed
        out = process.stdout.read().decode("utf-8")
    os.close(master)
    text = got.decode("utf-8").replace("\r\n", "\n")
    if harness.FINDING.search(text):
        raise AssertionError(text)
    return Seen(process.returncode, out, text, time.monotonic() - begin, argv)


def words(*extra, subject=COMPLETE, folder=None):
    return harness.export_arguments(subject, folder or scratch("out"), *extra)


def slowly(*extra, **options):
    """An export that fetches 17 files in two seconds."""
    with httpcase.service() as server:
        path = httpcase.description(server, lambda doc, _: httpcase.limits(doc, requests_per_second=PER_SECOND))
        argv = harness.export_arguments(COMPLETE, scratch("out"), "--category", "uploads", *extra, description=path)
        return watch(argv, **options)


class Bar(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        jobs = {width: lambda width=width: slowly(width=width, NO_COLOR=None) for width in WIDTHS}
        jobs.update(plain=lambda: slowly(width=120), dumb=lambda: slowly(TERM="dumb"), quiet=lambda: slowly("-q"))
        cls.seen = httpcase.side_by_side(jobs)

    def test_appears_and_is_gone(self):
        seen = self.seen["plain"]
        self.assertEqual(seen.code, 0, seen)
        self.assertTrue(any(BAR.fullmatch(text) for text in seen.draws), seen)
        self.assertTrue(any(text.startswith("listing uploads: ") for text in seen.draws), seen)
        self.assertEqual([line.split(":")[0].strip() for line in seen.screen() if not line.startswith("      ")],
                         ["size", "next", ""], seen)

    def test_no_flicker(self):
        for seen in self.seen.values():
            self.assertLessEqual(len(seen.draws), 10 * seen.seconds + 2, seen)
            self.assertFalse(any(one == other for one, other in zip(seen.draws, seen.draws[1:])), seen)

    def test_every_width(self):
        for width in WIDTHS:
            seen = self.seen[width]
            self.assertEqual(seen.code, 0, seen)
            self.assertGreater(len(seen.draws), 3, seen)
            self.assertLess(max(map(len, seen.draws)), width, seen)
        self.assertTrue(any(BAR.fullmatch(text) for text in self.seen[200].draws), self.seen[200])
        self.assertIn("%", "".join(self.seen[20].draws))

    def test_nothing_is_coloured(self):
        """With NO_COLOR and without it: the one sequence clears the rest of the line."""
        for seen in self.seen.values():
            self.assertLessEqual(set(SEQUENCES.findall(seen.shown)), {"\x1b[K"}, seen)

    def test_terminals_that_can_do_nothing_and_quiet(self):
        for name in ("dumb", "quiet"):
            seen = self.seen[name]
            self.assertEqual((seen.code, seen.draws, "\r" in seen.shown, "\x1b" in seen.shown), (0, [], False, False), seen)
        self.assertEqual(self.seen["quiet"].shown, "")


class Summary(unittest.TestCase):
    def test_what_to_do_next(self):
        """The commands can be pasted, whatever the folder is called."""
        folder = scratch("my 'files' $HOME;")
        seen = watch(words(folder=folder))
        self.assertEqual(seen.code, 0, seen)
        lines = seen.screen()
        self.assertRegex(lines[0], r"^size: [\d.]+ MiB, in \d+\.\d s$")
        self.assertEqual(len(lines), 4, seen)
        for line in (lines[1].removeprefix("next: "), lines[2].strip()):
            command, *rest = shlex.split(line)
            run = holdall(*rest)
            self.assertEqual((command, run.code), ("holdall", 0), run)

    def test_volumes(self):
        seen = watch(harness.export_arguments(resumecase.USER, scratch("out"), "--volume-size", "4M", description=resumecase.album()))
        self.assertEqual(seen.code, 0, seen)
        line = next(line for line in seen.screen() if line.startswith("next: "))
        run = harness.command("bash", "-c", line.removeprefix("next: holdall").replace(" verify", f"{shlex.quote(str(harness.binary()))} verify", 1))
        self.assertEqual((run.code, run.out.count("valid: ")), (0, 4), run)

    def test_a_failure_has_no_next_command(self):
        seen = watch(words("--export-id", "nonsense"))
        self.assertEqual(seen.code, 2, seen)
        self.assertNotIn("next:", seen.shown)

    def test_plan(self):
        seen = watch(("plan", "-s", harness.service(), "-u", COMPLETE))
        run = holdall("plan", "-s", harness.service(), "-u", COMPLETE)
        self.assertEqual((seen.code, seen.out, run.err), (0, run.out, ""), seen)
        lines = seen.screen()
        self.assertRegex(lines[0], r"^to fetch: 105 files, [\d.]+ MiB$")
        self.assertEqual(shlex.split(lines[1].removeprefix("next: "))[:6],
                         ["holdall", "export", "-s", str(harness.service()), "-u", COMPLETE])

    def test_the_command_asks_for_what_was_planned(self):
        asked = ("-s", harness.service(), "-u", COMPLETE, "--category", "uploads,outputs", "--scope", "portability", "--since", "2026-01-01T00:00:00Z",
                 "--until", "2026-10-01T00:00:00Z", "--as-of", harness.AS_OF, "--language", "de")
        seen = watch(("plan", *asked))
        self.assertEqual(seen.code, 0, seen)
        line = next(line for line in seen.screen() if line.startswith("next: "))
        self.assertEqual(shlex.split(line.removeprefix("next: "))[:-4], ["holdall", "export", *map(str, asked)])
        self.assertTrue(line.endswith(" -k KEYFILE -o DIR/"), line)

    def test_programs_get_none_of_it(self):
        folder = scratch("out")
        run = holdall(*words(folder=folder), env=harness.environment(TERM="xterm"))
        self.assertEqual((run.code, run.err), (0, ""), run)
        path = harness.only(folder.glob("*.zip"), run)
        self.assertEqual(run.out.splitlines()[-2:], ["outcome: complete", f"archive: {path}"])


if __name__ == "__main__":
    harness.main()
