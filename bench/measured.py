"""One process, measured: what bench/run, bench/grow, bench/view and bench/deliver share."""

import os
import subprocess
import sys
import time
from pathlib import Path


class Measured:
    """A finished process: its seconds, those of the processor in all its threads, the peak of its memory and the bytes that it handed to write calls."""

    def __init__(self, argv, cwd, env=None):
        begun = time.monotonic()
        child = subprocess.Popen([str(word) for word in argv], cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        self.seconds = time.monotonic() - begun
        self.written = written_by(child.pid)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        self.cpu = usage.ru_utime + usage.ru_stime
        self.memory = usage.ru_maxrss << 10
        if child.returncode != 0:
            sys.exit(f"bench: {' '.join(map(str, argv))} ended with exit code {child.returncode}")


def written_by(pid):
    """The bytes of all write calls of a process that ended and was not waited for; its children are not counted."""
    for line in Path(f"/proc/{pid}/io").read_text(encoding="ascii").splitlines():
        name, _, value = line.partition(": ")
        if name == "wchar":
            return int(value)
    sys.exit("bench: this kernel does not count what a process writes")
