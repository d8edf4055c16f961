#!/usr/bin/python3
"""Runs one fuzz target for so many seconds of processor time and tells what came of it. `./dev fuzz` builds the target and calls this.

    run.py BUILD TARGET SECONDS [JOBS]

It owns the folder work/TARGET in BUILD: a corpus that grows from run to run, the logs, and the findings. It begins with the files of tests/fuzz/corpus/TARGET and
writes nothing there. The seconds are those of all JOBS processes together; they are counted by the kernel, so that a busy machine makes a run longer and
not weaker. A process that takes more than 512 MiB, or ten seconds for one input, is a finding like a crash, an error of a sanitizer or a leak. libFuzzer
looks at the clock for that, so an input that took too long is tried alone: one that takes less of the processor is no finding, and the run goes on.

Exit code 0: nothing was found. 1: the inputs that it names were. Its file `spent` counts the seconds of all runs.
"""

import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

CORPUS = Path(__file__).resolve().parent / "corpus"
SECONDS = 10
LIMITS = ["-rss_limit_mb=512", f"-timeout={SECONDS}", f"-report_slow_units={SECONDS * 10}", "-print_final_stats=1", "-verbosity=1", "-use_value_profile=0"]
SANITIZERS = {"ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0", "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1"}
TICKS = os.sysconf("SC_CLK_TCK")


def spent_by(pid):
    """Seconds of processor time of a process that is alive, else None."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / TICKS


def takes_long(program, path):
    """Whether the input by itself takes the processor for more than SECONDS, or does worse; the kernel ends it then."""
    limited = (lambda: resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS)))
    return subprocess.run([program, path], env={**os.environ, **SANITIZERS}, preexec_fn=limited, capture_output=True, check=False).returncode != 0


class Job:
    """One process of libFuzzer; a new one in its place where it ended by itself before its time."""

    def __init__(self, program, folder, number):
        self.program, self.folder, self.number = program, folder, number
        self.before = self.now = 0.0
        self.failed = False
        self.start()

    def start(self):
        log = open(self.folder / f"log-{self.number}.txt", "ab")
        command = [self.program, *LIMITS, f"-artifact_prefix=findings/{self.number}-", "corpus", str(CORPUS / self.folder.name)]
        self.process = subprocess.Popen(command, cwd=self.folder, env={**os.environ, **SANITIZERS}, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()

    def was_starved(self):
        """Whether all that stopped it are inputs that took long by the clock alone; those are removed. Each job has its own: several can be kept from
        the processor at a time."""
        found = list((self.folder / "findings").glob(f"{self.number}-*"))
        if not found or any("-timeout-" not in path.name or takes_long(self.program, path) for path in found):
            return False
        for path in found:
            path.unlink()
        return True

    def look(self):
        """Processor time so far. A process that has ended found something, or cannot run at all."""
        now = spent_by(self.process.pid)
        self.now = self.now if now is None else now
        if self.process.poll() is not None and self.was_starved():
            self.before, self.now = self.before + self.now, 0.0
            self.start()
        elif self.process.returncode is not None:
            self.failed = True
        return self.before + self.now

    def stop(self):
        """libFuzzer ends behind the input at hand."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGUSR1)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.failed = self.failed or (self.process.returncode != 0 and not self.was_starved())


def fuzz(program, folder, seconds, jobs):
    """Processor time, and whether something was found."""
    running = [Job(program, folder, number) for number in range(jobs)]
    try:
        while sum(job.look() for job in running) < seconds and not any(job.failed for job in running):
            time.sleep(0.2)
    finally:
        for job in running:
            job.stop()
    return sum(job.before + job.now for job in running), any(job.failed for job in running)


def last_number(folder, pattern):
    """The sum over the logs of what stands last in each for PATTERN."""
    found = (re.findall(pattern, log.read_text("utf-8", "replace")) for log in folder.glob("log-*.txt"))
    return sum(int(numbers[-1]) for numbers in found if numbers)


def add_up(path, seconds):
    before = float(path.read_text(encoding="ascii")) if path.is_file() else 0.0
    path.write_text(f"{before + seconds:.1f}\n", encoding="ascii")
    return before + seconds


def tell_failure(folder):
    """What the log of a process that failed ends with."""
    findings = sorted((folder / "findings").iterdir())
    for log in sorted(folder.glob("log-*.txt")):
        lines = log.read_text("utf-8", "replace").splitlines()
        first = next((n for n, line in enumerate(lines) if re.search(r"ERROR:|runtime error:|it must be true", line)), len(lines) - 20)
        print("\n".join(lines[max(first, 0):first + 40]))
    for finding in findings:
        print(f"finding: {finding}")
    if not findings:
        print(f"no input is to blame: see {folder}/log-*.txt")


def main():
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    build, target, seconds = Path(sys.argv[1]).resolve(), sys.argv[2], int(sys.argv[3])
    folder = build / "work" / target
    shutil.rmtree(folder / "findings", ignore_errors=True)
    for name in ("corpus", "findings"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for log in folder.glob("log-*.txt"):
        log.unlink()
    used, failed = fuzz(build / f"fuzz-{target}", folder, seconds, int(sys.argv[4]) if len(sys.argv) > 4 else 1)
    total = add_up(folder / "spent", used)
    runs = last_number(folder, r"#(\d+)\s") if failed else last_number(folder, r"stat::number_of_executed_units:\s*(\d+)")
    coverage = last_number(folder, r"cov: (\d+)")
    print(f"{target}: {used:.0f} s of processor time ({total:.0f} s in all), {runs} runs, coverage {coverage}: "
          f"{'SOMETHING WAS FOUND' if failed else 'nothing was found'}", flush=True)
    if failed:
        tell_failure(folder)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
