"""Runs of a command that only reads, such as `inspect` and `verify`, while a call about what it reads fails, or an allocation is denied.

It owns which calls those are and which of them are tried; what such a run may answer is the tests' to say.
"""

import os
import re
import subprocess

import disturbed
import faultshim
import harness

CALLS = ("read", "pread64", "pwrite64", "openat", "fstat", "newfstatat", "lseek", "getdents64")
LINE = re.compile(r"[0-9]+ +([a-z0-9]+)\((.*)\) += (-?[0-9]+|\?)(.*)")
READS = 2 if harness.SANITIZED else 4  # of each call, besides the first and the last one
DENSE, ALLOCATIONS = (5, 8) if harness.SANITIZED else (20, 40)


def run(words, env):
    return subprocess.run([os.fspath(word) for word in words], env=env, capture_output=True, check=False, timeout=disturbed.SECONDS)


def with_fault(words, fault=None):
    """A run with the words, and the lines of strace; FAULT is what its option `inject` takes."""
    log = harness.scratch("strace") / "log"
    line = ["strace", "-f", "--seccomp-bpf", "-qq", "-y", "-o", log, "-e", f"trace={','.join(CALLS)}", "-e", "signal=none",
            *(["-e", f"inject={fault}"] if fault else []), harness.binary(), *words]
    env = harness.environment(ASAN_OPTIONS="detect_leaks=0:abort_on_error=1") if harness.SANITIZED else harness.environment()
    return run(line, env), log.read_text(encoding="utf-8", errors="replace").splitlines()


def calls_about(words, place):
    """(call, number) of calls about PLACE: the first and the last of each name, and some between them. The undisturbed run comes first."""
    done, lines = with_fault(words)
    counts, found = {}, {}
    for line in lines:
        parts = LINE.fullmatch(line)
        if parts:
            counts[parts[1]] = counts.get(parts[1], 0) + 1
            if str(place) in parts[2] + parts[4]:
                found.setdefault(parts[1], []).append(counts[parts[1]])
    points = []
    for call, numbers in found.items():
        step = max(1, len(numbers) // READS)
        points += [(call, number) for number in sorted({*numbers[::step], numbers[-1]})]
    return done, points


class Denied:
    """Who asked for the allocation that was denied, innermost first. A sanitizer tells only where it ends the run, and of a crash."""

    def __init__(self, path, err):
        told = path.read_text(encoding="utf-8") if path.exists() else err if harness.SANITIZED else ""
        self.callers = told.splitlines()
        self.libcrypto, self.regcomp = "libcrypto.so" in told, "regcomp" in told

    @property
    def may_crash(self):
        return (self.libcrypto and faultshim.crashes_alone("libcrypto")) or (self.regcomp and faultshim.crashes_alone("regcomp"))

    def __str__(self):
        return " < ".join(line.rsplit("/", 1)[-1] for line in self.callers[:12])


def denying(words, number):
    """(run, folder) of a run whose NUMBER-th allocation is denied, 0: none; the folder has what faultshim.c told. To trace takes memory, so all do."""
    place = harness.scratch("memory")
    trace = {} if harness.SANITIZED else {"trace": place / "trace"}
    return run([harness.binary(), *words], faultshim.environment(place / "told", alloc=number, **trace)), place


def with_denied(words, number, keeps, judge, excuse):
    """A run whose NUMBER-th allocation is denied, and what is wrong with it: what JUDGE finds, which is given the run and how it names the cause, and
    more than KEEPS blocks that it did not give back, where nothing else counts them. EXCUSE is what libcrypto says in place of a word about memory."""
    done, place = denying(words, number)
    err = done.stderr.decode("utf-8", "replace")
    denied = Denied(place / "trace", err)
    if disturbed.crashed(done.returncode, err) and denied.may_crash:
        return done, []
    problems = list(judge(done, f"memory|{excuse}" if denied.libcrypto or harness.SANITIZED else "memory"))
    if not harness.SANITIZED and not denied.libcrypto and not denied.regcomp and (place / "told").exists():
        lost = faultshim.Told(place / "told").live - keeps
        problems += [f"it lost {lost} blocks"] if lost > 0 else []
    return done, [f"allocation {number}: {problem} [{denied}]" for problem in problems]


def allocations(words):
    """The undisturbed run, the blocks that a disturbed one may keep, and the numbers of allocations to deny: the first ones, and some up to the last;
    all of them with HOLDALL_FAULTS=all."""
    done, place = denying(words, 0)
    told = faultshim.Told(place / "told")
    step = 1 if disturbed.ALL else max(1, (told.allocations - DENSE) // ALLOCATIONS)
    return done, told.live + disturbed.SPARE, [*range(1, DENSE), *range(DENSE, told.allocations + 1, step), told.allocations]
