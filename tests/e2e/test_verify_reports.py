#!/usr/bin/python3
"""Proves that `holdall verify` tells the same in each form, and that others' programs can read it.

JSON against its schema by a validator, TAP by Perl's TAP::Parser, JUnit by an XML parser and the structure that its readers
expect. The names in a hostile archive must reach none of them as anything but text. Rules are listed, once each.
"""

import functools
import json
import os
import sys
import unittest
import xml.etree.ElementTree as ElementTree
import zipfile

import jsonschema

sys.dont_write_bytecode = True
import harness  # noqa: E402
from bagforge import Forged  # noqa: E402
from harness import complete, holdall, public_key, scratch  # noqa: E402
from setforge import divide  # noqa: E402

FORMS = ("text", "json", "tap", "junit")
NASTY = "\x1b[31m # todo \\<&\"'>\ufffe\u202e]]>\x01.zip"
READ_TAP = r"""
use TAP::Parser; use JSON::PP;
my $parser = TAP::Parser->new({ source => $ARGV[0] });
my (@points, $last);
while (my $result = $parser->next) {
    if ($result->is_test) {
        $last = { ok => $result->is_actual_ok ? 1 : 0, passes => $result->is_ok ? 1 : 0, name => $result->description,
                  skip => $result->has_skip ? $result->explanation : undef, todo => $result->has_todo ? 1 : 0 };
        push @points, $last;
    }
    $last->{yaml} = $result->data if $result->is_yaml;
}
print JSON::PP->new->canonical->encode({ errors => [$parser->parse_errors], points => \@points, version => $parser->version });
"""


@functools.cache
def archive():
    """A small one."""
    return harness.export("12", description=harness.root() / "fixtures" / "minimal" / "service.json")


def schema(name):
    return harness.read_json(harness.root() / "formats" / f"{name}.schema.json")


def rules():
    return harness.read_json(harness.root() / "formats" / "rules.json")


def verify(*words, form="json", keys=True):
    return holdall("verify", *words, *(("-p", public_key()) if keys else ()), "--format", form)


def document(run):
    told = json.loads(run.out)
    jsonschema.Draft202012Validator(schema("verify")).validate(told)
    return told


def points(run):
    """The points of a TAP report as {name: point}; an error of the protocol is one of the test."""
    path = scratch("tap") / "report.tap"
    path.write_bytes(run.raw)
    read = harness.command("perl", "-e", READ_TAP, path)
    told = json.loads(read.out)
    if told["errors"] or told["version"] != 13:
        raise AssertionError(f"no TAP: {told['errors']}\n{run}")
    return {point["name"]: point for point in told["points"]}


def suites(run):
    """The suites of a JUnit report as {name: element}, after a look at their structure."""
    root = ElementTree.fromstring(run.out)
    if root.tag != "testsuites" or any(one.tag != "testsuite" for one in root):
        raise AssertionError(run)
    for suite in root:
        cases = suite.findall("testcase")
        numbers = [len(cases)] + [sum(case.find(tag) is not None for case in cases) for tag in ("failure", "error", "skipped")]
        if [int(suite.get(name)) for name in ("tests", "failures", "errors", "skipped")] != numbers:
            raise AssertionError(f"the numbers are not those of the cases {numbers}\n{run}")
        if len(cases) != len(suite) or not all(case.get("name") and case.get("classname") for case in cases):
            raise AssertionError(run)
    return {suite.get("name"): suite for suite in root}


def failed(suite):
    return {case.get("name") for case in suite if case.find("failure") is not None}


def of_profile(name, group=""):
    return [rule["id"] for rule in rules() if name in rule["profiles"] and rule["id"].startswith(group)]


class Rules(unittest.TestCase):
    def test_listed(self):
        run = holdall("verify", "--list-rules")
        self.assertEqual((run.code, [line.split()[0] for line in run.out.splitlines()]), (0, [rule["id"] for rule in rules()]), run)
        listed = json.loads(holdall("verify", "--list-rules", "--format", "json").out)
        self.assertEqual(listed, [{name: rule[name] for name in ("id", "level", "profiles", "text")} for rule in rules()])

    def test_alone(self):
        for words in (("x.zip",), ("--format", "tap"), ("--format", "junit"), ("--report", "x")):
            self.assertEqual(holdall("verify", "--list-rules", *words).code, 2)


class OneBroken(unittest.TestCase):
    """Two archives, the second with one wrong byte, told in each form."""

    @classmethod
    def setUpClass(cls):
        forged = Forged(archive())
        forged.path("data/privacy.json").write_bytes(forged.path("data/privacy.json").read_bytes() + b" ")
        cls.good, cls.bad = str(archive().zip), str(forged.tree)
        cls.runs = {form: verify(cls.good, cls.bad, form=form) for form in FORMS}
        cls.findings = document(cls.runs["json"])["results"][1]["findings"]

    def rules(self):
        return {one["rule"] for one in self.findings}

    def test_worst_exit_code(self):
        self.assertEqual({run.code for run in self.runs.values()}, {1})
        self.assertIn("bag.hash", self.rules())

    def test_json(self):
        good, bad = document(self.runs["json"])["results"]
        self.assertEqual((good["path"], good["verdict"], good["findings"], good["judged"]), (self.good, "valid", [], True))
        self.assertEqual((bad["path"], bad["verdict"], bad["errors"]), (self.bad, "invalid", len(self.findings)))

    def test_text(self):
        lines = self.runs["text"].out.splitlines()
        self.assertTrue(lines[0].startswith(f"valid: {self.good}: signed by key "), lines)
        self.assertEqual(lines[1], f"INVALID: {self.bad}")
        self.assertEqual(lines[-1], f"{len(self.findings)} error{'s' if len(self.findings) > 1 else ''}, 0 warnings")
        for one in self.findings:
            place = ": ".join(word for word in (one["rule"], one["path"], one["at"], one["text"]) if word)
            self.assertIn(place, lines)

    def test_tap(self):
        told = points(self.runs["tap"])
        names = ["verdict", *(rule for rule in of_profile("holdall") if not rule.startswith("set."))]
        self.assertEqual(list(told), [f"- {name}: {path}" for path in (self.good, self.bad) for name in names])
        wrong = {name for name, point in told.items() if not point["ok"]}
        self.assertEqual(wrong, {f"- {name}: {self.bad}" for name in {"verdict", *self.rules()}})
        details = told[f"- bag.hash: {self.bad}"]["yaml"]["findings"]
        self.assertEqual([one["path"] for one in details], [one["path"] for one in self.findings if one["rule"] == "bag.hash"])

    def test_junit(self):
        told = suites(self.runs["junit"])
        self.assertEqual(list(told), [self.good, self.bad])
        self.assertEqual((failed(told[self.good]), failed(told[self.bad])), (set(), {"verdict", *self.rules()}))
        self.assertIn("data/privacy.json", "".join(told[self.bad].itertext()))


class States(unittest.TestCase):
    def test_without_a_key(self):
        """What could not be looked at is skipped, and the verdict is no success."""
        told = points(verify(archive().zip, form="tap", keys=False))
        skipped = {name.split(":")[0] for name, point in told.items() if point["skip"]}
        self.assertEqual(skipped, {f"- {rule['id']}" for rule in rules() if rule.get("key")})
        self.assertEqual([name.split(":")[0] for name, point in told.items() if not point["passes"]], ["- verdict"])
        suite, = suites(verify(archive().zip, form="junit", keys=False)).values()
        self.assertEqual((failed(suite), int(suite.get("skipped"))), ({"verdict"}, len(skipped)))

    def test_given_up(self):
        """Of a broken container nothing else is known: no rule passes."""
        path = scratch("cut") / "cut.zip"
        path.write_bytes(archive().zip.read_bytes()[:-1])
        told = points(verify(path, form="tap"))
        self.assertEqual({bool(point["skip"]) for point in told.values() if point["ok"]}, {True})
        self.assertFalse(document(verify(path))["results"][0]["judged"])

    def test_any_zip(self):
        """The profile zip judges each of its rules where the headers are sound, whatever stands behind them, and none to the end where they are not."""
        whole, place = archive().zip.read_bytes(), scratch("any")
        with zipfile.ZipFile(archive().zip) as opened:
            at = whole.index(next(opened.read(one) for one in opened.infolist() if one.filename.endswith(".png")))
        for name, data, wrong, judged in (("good", whole, set(), True), ("cut", whole[:-1], {"zip.end"}, False),
                                          ("changed", whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:], {"zip.crc"}, True)):
            path = place / f"{name}.zip"
            path.write_bytes(data)
            with self.subTest(name):
                told = points(holdall("verify", "--profile", "zip", "--format", "tap", path))
                self.assertEqual(list(told), [f"- {rule}: {path}" for rule in ("verdict", *of_profile("zip"))])
                self.assertEqual({rule for rule in of_profile("zip") if not told[f"- {rule}: {path}"]["ok"]}, wrong)
                self.assertEqual({bool(point["skip"]) for point in told.values() if point["ok"]}, {not judged})

    def test_not_there(self):
        path = scratch("none") / NASTY
        one, = document(verify(path))["results"]
        self.assertEqual((one["verdict"], one["code"]), ("unreadable", "io"))
        suite, = suites(verify(path, form="junit")).values()
        self.assertEqual(suite.get("errors"), "1")

    def test_no_sets(self):
        self.assertEqual(document(verify(archive().zip, archive().zip))["sets"], [])

    def test_set(self):
        """Two of three volumes: the set has a verdict and points of its own."""
        paths = [volume.tree for volume in divide(complete(), 3)[:2]]
        one, = document(verify(*paths))["sets"]
        self.assertEqual((one["set"], one["verdict"], [found["rule"] for found in one["findings"]]), (complete().stem, "invalid", ["set.missing"]))
        told = {name: point["ok"] for name, point in points(verify(*paths, form="tap")).items() if name.endswith(f": {complete().stem}")}
        self.assertEqual(told, {f"- {name}: {complete().stem}": name not in ("verdict", "set.missing") for name in ("verdict", *of_profile("holdall", "set."))})
        told = suites(verify(*paths, form="junit"))
        self.assertEqual({name: failed(suite) for name, suite in told.items()},
                         {str(paths[0]): set(), str(paths[1]): set(), complete().stem: {"verdict", "set.missing"}})

    def test_quiet(self):
        self.assertEqual(verify(archive().zip, "--subject", "x", "-q", form="text").out.splitlines(), [f"INVALID: {archive().zip}"])

    def test_hostile_names(self):
        """A path and a subject that hold what each form could take for its own."""
        path = scratch("names") / NASTY
        path.write_bytes(archive().zip.read_bytes())
        for form in FORMS:
            run = verify(path, "--subject", NASTY, form=form)
            self.assertEqual(run.code, 1, run)
            self.assertEqual([c for c in run.out if (c < " " and c != "\n") or c in "\x7f\u202e"], [])
            found = {"json": lambda: len(document(run)["results"][0]["findings"]), "tap": lambda: sum(not p["passes"] for p in points(run).values()) - 1,
                     "junit": lambda: len(failed(*suites(run).values())) - 1, "text": lambda: len(run.out.splitlines()) - 2}[form]()
            self.assertEqual(found, 1, run)


class Files(unittest.TestCase):
    def test_report(self):
        path = scratch("report") / "report.json"
        path.write_text("old", encoding="ascii")
        run = verify(archive().zip, "--subject", "x", "--report", path, form="tap")
        self.assertEqual((run.code, path.stat().st_mode & 0o777, os.listdir(path.parent)), (1, 0o600, [path.name]), run)
        self.assertEqual(path.read_text(encoding="utf-8"), verify(archive().zip, "--subject", "x").out)

    def test_report_that_cannot_be_written(self):
        run = verify(archive().zip, "--report", scratch("report") / "no" / "report.json", form="text")
        self.assertEqual((run.code, run.out.split(":")[0]), (1, "valid"), run)
        self.assertIn("report.json", run.err)


class Usage(unittest.TestCase):
    def test_refused(self):
        for words in (("--format", "yaml"), ("--profile", "tar"), ("--max-entries", "0"), ("--max-entries", "-1"), ("--max-entries", "1K"),
                      ("--max-ratio", "4294967296"), ("--jobs", "257"), ("--max-bytes", "0"), ("--max-bytes", "much"), ("-",),
                      ("--profile", "zip", "--subject", "x"), ("--profile", "zip", "-P", harness.public_text()), ("--report", "")):
            run = holdall("verify", archive().zip, *words)
            self.assertEqual((run.code, run.out), (2, ""), run)
            self.assertEqual(len(run.err.splitlines()), 1, run)


if __name__ == "__main__":
    harness.main()
