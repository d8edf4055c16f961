"""Runs `holdall verify` over the archives of many cases at once, and says which rules it named for each.

It owns the command line and the reading of the report, nothing of what is expected. A process is measured by a small one that starts it:
a child begins with the memory of who started it.
"""

import json
import subprocess
import sys

import archive

MEASURE = """
import json, os, resource, sys
pid = os.spawnvp(os.P_NOWAIT, sys.argv[1], sys.argv[1:])
_, status, used = os.wait4(pid, 0)
sys.stderr.write("\\n" + json.dumps([os.waitstatus_to_exitcode(status), used.ru_maxrss, used.ru_utime + used.ru_stime]))
"""


def results_of(text):
    """The verdicts in a report: on each archive, and behind them on sets."""
    report = json.loads(text)
    return report if isinstance(report, list) else report["results"] + report["sets"]


def rules_of(result):
    return frozenset(finding["rule"] for finding in result["findings"])


def is_refused(result):
    """The verdict of an error; what only warns is not refused."""
    return result["verdict"] in ("invalid", "unreadable")


def arguments(case, profile):
    """The options of a case, which are those of all that are judged together with it; `{folder}` is where it is written."""
    if profile == "zip":
        return ("--profile", "zip", *case.options)
    return case.options if {"--trust", "-P"} & set(case.options) else ("-P", archive.KEY.text(), *case.options)


def command(options, paths):
    folder = str(paths[0].parent)
    return ["verify", "--format", "json", *(word.replace("{folder}", folder) for word in options), *map(str, paths)]


def measured(binary, options, paths):
    """(text, exit code, KiB of memory, seconds of processor time) of one run."""
    done = subprocess.run([sys.executable, "-I", "-S", "-c", MEASURE, str(binary), *command(options, paths)], capture_output=True, check=True,
                          timeout=120)
    code, memory, seconds = json.loads(done.stderr.rpartition(b"\n")[2])
    return done.stdout, code, memory, seconds


def together(cases, profile):
    """[(options, cases)] of those that one call can judge: volumes, and what has a file of its own beside it, are for calls of their own."""
    groups = {}
    for case in cases:
        alone = (case.name,) if "volume" in case.name or case.name.startswith("set-") or "{folder}" in " ".join(case.options) else ()
        groups.setdefault((arguments(case, profile), alone), []).append(case)
    return [(options, found) for (options, _), found in groups.items()]
