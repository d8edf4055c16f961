#!/usr/bin/python3
"""Proves that a library for RO-Crates (ro-crate of npm) reads data/ro-crate-metadata.json, without a network.

Its validator has nothing against the crate, it knows every term by RO-Crate's own context, and the links that it follows
lead from the root to the parts and from each run to person, model, prompt and files. The comparison of the graph with the
records is test_crate.py's.
"""

import functools
import hashlib
import json
import sys
import unittest

sys.dont_write_bytecode = True
import harness  # noqa: E402
from cratecase import CRATE, USER, studio, things  # noqa: E402
from harness import complete, troubled  # noqa: E402

MODULES = "build-node/node_modules"
PNG = b"\x89PNG\r\n\x1a\n"


@functools.cache
def read(path):
    """What the library says of a crate."""
    modules = harness.root() / MODULES
    run = harness.command("node", harness.root() / "tests/e2e/crate_library.js", modules, path)
    if run.code != 0:
        raise AssertionError(run)
    return json.loads(run.out)


class Case(unittest.TestCase):
    def clean(self, tree):
        found = read(tree / CRATE)
        self.assertEqual((found["refused"], found["unknown"], found["findings"]), ([], [], []))
        self.assertGreater(found["successes"], 5)
        self.assertEqual((found["root"]["id"], found["root"]["types"]), ("./", ["Dataset"]))
        self.assertEqual(found["descriptor"], ["https://w3id.org/ro/crate/1.2"])
        return found


class Sample(Case):
    def test_root(self):
        for archive in (complete(), troubled()):
            root = self.clean(archive.tree)["root"]
            self.assertEqual([one["names"] for one in root["publisher"]], [["Claakit"]])
            self.assertEqual([one["types"] for one in root["license"]], [["CreativeWork"]])

    def test_parts(self):
        """Each one is a file that is there, with the stated size and hash."""
        for archive in (complete(), troubled()):
            parts = self.clean(archive.tree)["parts"]
            self.assertGreater(len(parts), 20)
            for one in parts:
                data = (archive.tree / "data" / one["id"]).read_bytes()
                self.assertEqual((one["types"], one["size"], one["sha256"]),
                                 (["File"], [str(len(data))], [hashlib.sha256(data).hexdigest()]), one["id"])
                self.assertEqual(len(one["type"]), 1)

    def test_runs(self):
        """All generations, each with the person, a model with its version, and files that are parts."""
        for archive in (complete(), troubled()):
            found = self.clean(archive.tree)
            parts = {one["id"]: one for one in found["parts"]}
            records = {f"#{category['id']}/{record['id']}": record for category in archive.export["categories"]
                       if category["record"] == "generation" for record in archive.records(category)}
            self.assertEqual(found["mentions"], list(records))
            self.assertEqual({one["id"] for one in found["actions"]}, set(records))
            for one in found["actions"]:
                model = records[one["id"]]["model"]
                self.assertEqual([each["types"] for each in one["agent"]], [["Person"]])
                self.assertEqual([(each["types"], each["names"], each["version"]) for each in one["instrument"]],
                                 [(["SoftwareApplication"], [model["name"]], [model["version"]])])
                for each in one["result"]:
                    self.assertEqual((each["types"], each["sha256"]), (["File"], parts[each["id"]]["sha256"]))
                for each in one["object"]:
                    self.assertTrue(each["text"] if each["types"] == ["CreativeWork"] else each["id"] in parts, each)


class Invented(Case):
    def test_hostile_words(self):
        words = ["a/b", "./", "#person", "<script>", "x y", "日本", "\"}", "http://example.com/", "%2e"]
        archive = harness.export(USER, description=studio(
            prompts=[{"id": word, "text": word} for word in words], runs=[{"id": word, "prompt": word, "model": word} for word in words],
            outputs=[{"id": word, "title": word, "run": word, "file": PNG + word.encode()} for word in words]))
        found = self.clean(archive.tree)
        self.assertEqual([(one["instrument"][0]["names"], one["object"][0]["text"], one["result"][0]["names"])
                          for one in found["actions"]], [([word],) * 3 for word in words])

    def test_shards_only(self):
        archive = harness.export(USER, description=studio(prompts=[{"id": "p", "text": "x" * 4_200_000}],
                                                          runs=[{"id": "r", "prompt": "p"}]))
        found = self.clean(archive.tree)
        self.assertEqual([one["id"] for one in found["parts"]], ["records/prompts.jsonl", "records/runs.jsonl"])
        self.assertEqual((found["actions"], found["mentions"]), ([], []))

    def test_the_check_itself(self):
        """It sees a term that nobody knows, and a root that lacks something."""
        graph = things(complete().tree)
        graph["#person"]["favourite_colour"] = "blue"
        del graph["./"]["license"]
        path = harness.scratch("crate") / "ro-crate-metadata.json"
        path.write_text(json.dumps({"@context": "https://w3id.org/ro/crate/1.2/context", "@graph": list(graph.values())}),
                        encoding="utf-8")
        found = read(path)
        self.assertEqual(found["unknown"], ["favourite_colour"])
        self.assertIn("licenseRequired", [one["id"] for one in found["findings"]])


if __name__ == "__main__":
    harness.main()
