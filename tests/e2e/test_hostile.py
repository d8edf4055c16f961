#!/usr/bin/python3
"""Proves that `holdall verify` refuses hostile archives by the right rule and no other, accepts odd ones that are good, and is not hurt.

The archives come from tests/hostile, which shares nothing with src/ and signs them with keys of its own. Every case is judged by
the profile holdall, and every ZIP by the profile zip too. The set of rules must be exactly the expected one: so each rule has a
fixture that triggers it and nothing else. Bombs are run one at a time and measured.
"""

import base64
import functools
import shutil
import subprocess
import sys
import unittest
import zlib
from pathlib import Path

sys.dont_write_bytecode = True
import harness  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "hostile"))
import archive  # noqa: E402
import minisign  # noqa: E402
import runs  # noqa: E402
import zipraw  # noqa: E402
from all_cases import CASES, RULES  # noqa: E402

MEMORY = 64 << 10  # KiB
SECONDS = 2.0  # of processor time: a start, twice reading a file of at most SMALL bytes, and what a busy machine adds
SMALL = 32 << 20


def wanted(profile, **about):
    return [case for case in CASES.values() if profile in case.rules and all(getattr(case, name) == value for name, value in about.items())]


@functools.cache
def judged(profile):
    """{name of case: its results} of all that are neither bombs nor large, by few calls."""
    found = {}
    for options, cases in runs.together(wanted(profile, bomb=False, slow=False), profile):
        place = harness.scratch("hostile")
        written = {}
        for case in cases:
            folder = place / case.name
            folder.mkdir()
            written[case.name] = case.write(folder)
        paths = [path for each in written.values() for path in each]
        run = harness.holdall(*runs.command(options, paths))
        results = runs.results_of(run.out)
        for name, each in written.items():
            found[name] = [results.pop(0) for _ in each]
        if results:
            found[cases[0].name] += results
        shutil.rmtree(place)
    return found


def fault(case, profile, results):
    """What is wrong with the verdict on a case; nothing where all is right."""
    rules = frozenset().union(*map(runs.rules_of, results))
    refused = any(map(runs.is_refused, results))
    due = any(RULES[rule]["level"] == "error" for rule in case.rules[profile])
    if rules == case.rules[profile] and refused == due:
        return ""
    texts = [f"{one['rule']}: {one['path']}: {one['text'][:100]}" for result in results for one in result["findings"]][:4]
    return (f"{case.name} ({profile}): {'' if refused else 'ACCEPTED, '}expected {sorted(case.rules[profile])}, found {sorted(rules)}, "
            f"{[result['verdict'] for result in results]} {texts}")


class Corpus(unittest.TestCase):
    def agrees(self, profile, cases, found):
        faults = [line for case in cases if (line := fault(case, profile, found[case.name]))]
        self.assertEqual(faults, [], "\n" + "\n".join(faults))

    def test_holdall(self):
        self.agrees("holdall", wanted("holdall", bomb=False, slow=False), judged("holdall"))

    def test_zip(self):
        self.agrees("zip", wanted("zip", bomb=False, slow=False), judged("zip"))

    def test_every_rule_alone(self):
        """Each rule of the profiles that are judged here has a case which breaks it and no other."""
        for profile in ("holdall", "zip"):
            alone = {rule for case in wanted(profile) if len(case.rules[profile]) == 1 for rule in case.rules[profile]}
            rules = {name for name, rule in RULES.items() if profile in rule["profiles"]}
            self.assertEqual(sorted(rules - alone), [], profile)

    def test_known_rules(self):
        unknown = {(case.name, rule) for case in CASES.values() for rules in case.rules.values() for rule in rules if rule not in RULES}
        self.assertEqual(unknown, set())

    def test_families(self):
        """Each hazard of the layout, the names, the amounts and the sums has archives whose chain is intact and which have no detached signature."""
        for hazard, least in ((8, 10), (9, 60), (10, 40), (11, 20), (12, 10)):
            cases = [case for case in wanted("holdall", hazard=hazard, intact=True) if case.rules["holdall"]]
            self.assertGreaterEqual(len(cases), least, hazard)
        self.assertGreaterEqual(sum(bool(case.rules.get("holdall", case.rules.get("zip"))) for case in CASES.values()), 120)


class Chain(unittest.TestCase):
    def test_against_minisign(self):
        """minisign itself accepts what the generator signs."""
        harness.need("minisign")
        draft, place = archive.forge(), harness.scratch("minisign")
        for name in (archive.TAGS, archive.SIGNATURE):
            (place / name).write_bytes(draft.files[name])
        run = harness.command("minisign", "-Vm", place / archive.TAGS, "-P", archive.KEY.text())
        self.assertEqual(run.code, 0, run)

    def test_intact(self):
        """In what is called intact and can be read, the signature is good and every listed file has its hash."""
        looked_at = 0
        for case in wanted("holdall", intact=True, bomb=False, slow=False):
            if case.hazard not in (9, 12):
                continue
            with self.subTest(case.name):
                looked_at += self.look(case)
        self.assertGreater(looked_at, 60)

    def look(self, case):
        place = harness.scratch("chain")
        (path,) = case.write(place)
        try:
            read = zipraw.read(path.read_bytes())
            files = {entry.path.partition("/")[2]: entry.unpacked(read.data) for entry in read.entries}
        except (zipraw.Malformed, OSError, ValueError, zlib.error):
            return 0
        finally:
            shutil.rmtree(place)
        tags = files.get(archive.TAGS)
        if tags is None or archive.SIGNATURE not in files or archive.MANIFEST not in files:
            return 0
        signed = base64.b64decode(files[archive.SIGNATURE].split(b"\n")[1])[10:]
        self.assertTrue(minisign.verifies(archive.KEY.public, minisign.hashed(tags), signed))
        for line in (tags + files[archive.MANIFEST]).decode("utf-8", "surrogateescape").splitlines():
            digest, _, name = line.partition("  ")
            if name in files:
                self.assertEqual(archive.sha256(files[name]), digest, name)
        return 1


@unittest.skipIf(harness.SANITIZED, "what sanitizers add is no measure")
class Costs(unittest.TestCase):
    def test_bombs(self):
        """Each is judged as expected, in 64 MiB and two seconds of the processor."""
        faults = []
        for profile in ("holdall", "zip"):
            for case in wanted(profile, bomb=True):
                faults += self.faults_of(case, profile)
        self.assertEqual(faults, [], "\n" + "\n".join(faults))

    def faults_of(self, case, profile):
        place = harness.scratch("bomb")
        paths = case.write(place)
        size = sum(path.stat().st_size for path in paths)
        self.assertLess(size, SMALL, case.name)
        try:
            text, _, memory, seconds = runs.measured(harness.binary(), runs.arguments(case, profile), paths)
        except subprocess.TimeoutExpired:
            yield f"{case.name} ({profile}): more than two minutes"
            return
        finally:
            shutil.rmtree(place)
        line = fault(case, profile, runs.results_of(text))
        if line:
            yield line
        if memory > MEMORY or seconds > SECONDS:
            yield f"{case.name} ({profile}): {memory >> 10} MiB and {seconds:.2f} s for {size} bytes"


@unittest.skipIf(harness.SANITIZED, "gigabytes and many entries are tried once")
class Large(unittest.TestCase):
    def test_accepted(self):
        """65,535 and 65,536 entries, and 4 GiB less and more one: good archives, in bounded memory."""
        for profile in ("holdall", "zip"):
            for case in wanted(profile, slow=True):
                with self.subTest(case.name, profile=profile):
                    self.accepts(case, profile)

    def accepts(self, case, profile):
        place = harness.scratch("large")
        paths = case.write(place)
        try:
            text, _, memory, _ = runs.measured(harness.binary(), runs.arguments(case, profile), paths)
        finally:
            shutil.rmtree(place)
        self.assertEqual(fault(case, profile, runs.results_of(text)), "")
        self.assertLess(memory, MEMORY)


if __name__ == "__main__":
    harness.main()
