#!/usr/bin/python3
"""Reads what meson knows about the tests: picks them by suite or name, and sums up a run.

    meson_tests.py pick BUILD WORD…     prints the names of the tests in the suites, or with the names, given
    meson_tests.py sum BUILD…           one line a suite, the logs of what failed, and `N passed, N failed, N skipped`

It counts meson's tests, as meson-logs/testlog.json has them. It runs nothing, and it refuses to call a run
good in which no test ran, whose log is cut off, or which meson itself ended early (dev-test.code, by ./dev).
"""

import json
import subprocess
import sys
from pathlib import Path

PASSED = {"OK", "EXPECTEDFAIL"}
SKIPPED = {"SKIP", "IGNORED"}
LOG_TAIL = 20_000


def kind_of(result):
    """passed, failed or skipped; a word that meson may invent later counts as failed."""
    if result in PASSED:
        return "passed"
    return "skipped" if result in SKIPPED else "failed"


def suite_and_name(pretty):
    """meson writes `project:suite+suite / name`, or the bare name where there is only one suite."""
    where, slash, name = pretty.partition(" / ")
    if not slash:
        return "tests", pretty
    return where.partition(":")[2] or where, name


def read_log(build):
    """The tests of the last run; None when a line of the log cannot be read."""
    log = Path(build, "meson-logs", "testlog.json")
    if not log.exists():
        return []
    try:
        return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines() if line.strip()]
    except ValueError:
        return None


def counts_of(tests):
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for test in tests:
        counts[kind_of(test["result"])] += 1
    return counts


def line_of(counts):
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count or word == "passed")


def print_log(build, test):
    print(f"\n---- {build}: {test['name']}: {test['result']} (exit code {test.get('returncode')}) ----")
    for stream in ("stdout", "stderr"):
        text = test.get(stream) or ""
        if len(text) > LOG_TAIL:
            print(f"[{len(text) - LOG_TAIL} characters of {stream} left out]")
        if text:
            print(text[-LOG_TAIL:].rstrip("\n"))
    print("----")


def show_suites(build, tests):
    suites = {}
    for test in tests:
        suites.setdefault(suite_and_name(test["name"])[0], []).append(test)
    for suite in sorted(suites):
        seconds = sum(test.get("duration") or 0 for test in suites[suite])
        print(f"{build:<10} {suite:<10} {line_of(counts_of(suites[suite]))} ({seconds:.1f} s)")


def show_run(build, tests):
    show_suites(build, tests)
    for test in tests:
        if kind_of(test["result"]) == "skipped":
            print(f"{build:<10} skipped: {test['name']}")
    for test in tests:
        if kind_of(test["result"]) == "failed":
            print_log(build, test)


def show_console(build):
    """What `meson test` itself printed, for a run that left no usable log."""
    console = Path(build, "meson-logs", "dev-test.txt")
    if console.exists():
        print(console.read_text(encoding="utf-8", errors="replace")[-LOG_TAIL:])


def broken(build, tests):
    """Why a run counts as failed although no test of it did; None for a good one."""
    if tests is None:
        return "the log of the run is cut off"
    code = Path(build, "meson-logs", "dev-test.code")
    code = code.read_text().strip() if code.exists() else "0"
    if code != "0" and not counts_of(tests)["failed"]:
        return f"meson test ended with exit code {code}"
    return None


def sum_build(build):
    tests = read_log(build)
    problem = broken(build, tests)
    if tests:
        show_run(build, tests)
    elif not problem:
        print(f"{build:<10} no test ran")
    counts = counts_of(tests or [])
    if problem:
        show_console(build)
        print(f"{build}: {problem}")
        counts["failed"] += 1
    return counts


def sum_up(builds):
    total = {"passed": 0, "failed": 0, "skipped": 0}
    for build in builds:
        for word, count in sum_build(build).items():
            total[word] += count
    print(f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
    return 1 if total["failed"] or not total["passed"] else 0


def known_tests(build):
    found = subprocess.run(["/usr/bin/meson", "introspect", "--tests", build], check=True, capture_output=True, text=True)
    return json.loads(found.stdout)


def suites_of(test):
    return {suite.rpartition(":")[2] for suite in test["suite"]}


def pick(build, words):
    tests = known_tests(build)
    names = []
    for word in words:
        found = [test["name"] for test in tests if word == test["name"] or word in suites_of(test)]
        if not found:
            suites = sorted(set().union(*(suites_of(test) for test in tests)))
            print(f"dev: no suite and no test is called '{word}'; suites: {', '.join(suites)}", file=sys.stderr)
            return 2
        names += [name for name in found if name not in names]
    print("\n".join(names))
    return 0


def main(arguments):
    if len(arguments) >= 3 and arguments[0] == "pick":
        return pick(arguments[1], arguments[2:])
    if len(arguments) >= 2 and arguments[0] == "sum":
        return sum_up(arguments[1:])
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
