#!/usr/bin/python3
"""Proves what data/ro-crate-metadata.json says: every file as it is, every run with what it was made from and what came of it.

The graph of the sample accounts is held against their records, that of invented accounts against what was put in: ids
and texts of all kinds, files in several volumes, a graph of exactly 4 MiB and of one byte more. `holdall verify` refuses
a crate that speaks of files otherwise than they are. What a library for RO-Crate reads in it is for test_crate_library.py.
"""

import hashlib
import json
import os
import subprocess
import sys
import unittest
from urllib.parse import quote

sys.dont_write_bytecode = True
import harness  # noqa: E402
from bagforge import Forged, canonical  # noqa: E402
from cratecase import CRATE, USER, crate, studio, things  # noqa: E402
from harness import complete, troubled  # noqa: E402

LIMIT = 4 * 1024 * 1024
PNG = b"\x89PNG\r\n\x1a\n"
HOSTILE = ["a/b", "../../etc/passwd", "#person", "./", "x y", "<script>alert(1)</script>", "\"},{\"@id\":\"./\"", "%2e%2e", "=1+1",
           "\u202egnp", "é", "日本", "\\u0000", "&amp;", "http://example.com/", "-", "~", "a\tb\nc", "\U0001f3a8"]


def ids(references):
    return [one["@id"] for one in references]


def files(graph):
    return {name: one for name, one in graph.items() if one["@type"] == "File"}


def runs(graph):
    return {name: one for name, one in graph.items() if one["@type"] == "CreateAction"}


def made(*extra, code=0, name="Studio", **lists):
    """An archive of the invented account."""
    return harness.export(USER, *extra, code=code, description=studio(name, **lists))


def verified(path):
    return harness.holdall("verify", path, "-p", harness.public_key())


class Sample:
    """The tests, for either sample account."""

    def archive(self):
        raise NotImplementedError

    def graph(self):
        return things(self.archive().tree)

    def records(self, kind):
        return [(category["id"], record) for category in self.archive().export["categories"] if category["record"] == kind
                for record in self.archive().records(category)]

    def here(self, record):
        return [file["path"].removeprefix("data/") for file in record.get("files", []) if "path" in file]

    def test_form(self):
        text = self.archive().tree.joinpath(CRATE).read_text(encoding="utf-8")
        self.assertEqual(text, canonical(crate(self.archive().tree)) + "\n")
        self.assertEqual(crate(self.archive().tree)["@context"], "https://w3id.org/ro/crate/1.2/context")

    def test_root(self):
        graph, export = self.graph(), self.archive().export
        descriptor, root = graph["ro-crate-metadata.json"], graph["./"]
        self.assertEqual((descriptor["about"]["@id"], descriptor["conformsTo"]["@id"]), ("./", "https://w3id.org/ro/crate/1.2"))
        self.assertEqual((root["datePublished"], root["conformsTo"]["@id"]), (export["as_of"], "https://w3id.org/ro/wfrun/process/0.5"))
        self.assertEqual(graph[root["publisher"]["@id"]]["email"], "support@claakit.example")
        self.assertEqual(graph[root["license"]["@id"]]["name"], "For the person's own use")
        self.assertEqual(sorted(ids(root["hasPart"])), sorted(files(graph)))
        self.assertEqual(ids(root["mentions"]), list(runs(graph)))

    def test_person(self):
        """Nothing of the person is here but the id that export.json has."""
        self.assertEqual(self.graph()["#person"], {"@id": "#person", "@type": "Person", "name": "The person whose data these are",
                                                   "identifier": self.archive().export["subject"]["id"]})

    def test_files(self):
        """All media and shards, as they are."""
        tree = self.archive().tree / "data"
        due = {path.relative_to(tree).as_posix() for folder in ("media", "records") for path in (tree / folder).rglob("*")
               if path.is_file() and path.suffix != ".xmp"}
        self.assertEqual(set(files(self.graph())), due)
        for name, one in files(self.graph()).items():
            data = (tree / name).read_bytes()
            self.assertEqual((one["contentSize"], one["sha256"]), (str(len(data)), hashlib.sha256(data).hexdigest()), name)

    def test_descriptions_of_media(self):
        stated = {file["path"].removeprefix("data/"): (file, record) for category in self.archive().export["categories"]
                  for record in self.archive().records(category) for file in record.get("files", []) if "path" in file}
        for name, (file, record) in stated.items():
            one = self.graph()[name]
            self.assertEqual(one["encodingFormat"], file["type"])
            self.assertEqual(one["name"], record.get("title") or file.get("original_name") or name.rpartition("/")[2])
            self.assertEqual(one.get("dateCreated"), record.get("created_at"), name)

    def test_runs(self):
        """Each generation: when, by whom, with which model, from which prompt and files, and what came of it."""
        graph = self.graph()
        media = {record["id"]: record for _, record in self.records("media")}
        prompts = {record["id"]: (f"#{category}/{record['id']}", record) for category, record in self.records("prompt")}
        due = set()
        for category, record in self.records("generation"):
            one = graph[f"#{category}/{record['id']}"]
            due.add(one["@id"])
            self.assertEqual(one["agent"], {"@id": "#person"})
            self.assertEqual((one.get("startTime"), one.get("endTime")),
                             (record.get("started_at", record["created_at"]), record.get("finished_at")))
            model = graph[one["instrument"]["@id"]]
            self.assertEqual((model["@type"], model["name"], model.get("softwareVersion")),
                             ("SoftwareApplication", record["model"]["name"], record["model"].get("version")))
            outputs = [other for other in media.values() if other.get("generation_id") == record["id"]]
            self.assertEqual(ids(one.get("result", [])), [path for other in outputs for path in self.here(other)])
            asked, prompt = prompts.get(record.get("prompt_id"), (None, {}))
            given = [each["media_id"] for each in prompt.get("attachments", [])]
            given += [each["media_id"] for other in outputs if self.here(other) for each in other.get("parents", [])]
            used = [path for each in given if each in media for path in self.here(media[each])]
            self.assertEqual(ids(one.get("object", [])), [*([asked] if asked else []), *dict.fromkeys(used)])
            if asked:
                self.assertEqual((graph[asked]["@type"], graph[asked]["text"]), ("CreativeWork", prompt["text"]))
        self.assertTrue(due)
        self.assertEqual(set(runs(graph)), due)

    def test_models_once(self):
        models = {canonical(record["model"]) for _, record in self.records("generation")}
        self.assertEqual(len([one for one in self.graph().values() if one["@type"] == "SoftwareApplication"]), len(models))


class Complete(Sample, unittest.TestCase):
    def archive(self):
        return complete()

    def test_links_are_there(self):
        """The account has what the comparison is about."""
        found = runs(self.graph()).values()
        self.assertGreater(sum(len(one.get("object", [])) > 1 for one in found), 5)
        self.assertGreater(sum(len(one.get("result", [])) > 0 for one in found), 50)


class Troubled(Sample, unittest.TestCase):
    def archive(self):
        return troubled()


class Invented(unittest.TestCase):
    def test_hostile_ids_and_texts(self):
        """Whatever an id or a text is, the graph has one thing for it, and its links lead there."""
        archive = made(
            prompts=[{"id": f"p{word}", "title": word, "text": word} for word in HOSTILE],
            runs=[{"id": word, "title": word, "prompt": f"p{word}", "model": word, "rev": word, "state": "failed", "error": word}
                  for word in HOSTILE],
            outputs=[{"id": word, "title": word, "run": word, "file": PNG + word.encode()} for word in HOSTILE])
        graph = things(archive.tree)
        self.assertEqual(verified(archive.zip).code, 0)
        self.assertEqual(len(runs(graph)), len(HOSTILE))
        for word in HOSTILE:
            one = graph["#runs/" + quote(word, safe="")]
            prompt, model, result = (graph[each["@id"]] for each in (one["object"][0], one["instrument"], one["result"][0]))
            self.assertEqual((one["name"], one["error"], prompt["text"], model["name"], model["softwareVersion"], result["name"]),
                             (word,) * 6)
            self.assertEqual((archive.tree / "data" / result["@id"]).read_bytes(), PNG + word.encode())
            self.assertEqual(prompt["@id"], "#prompts/" + quote("p" + word, safe=""))

    def test_what_is_not_here(self):
        """A prompt and files that nobody has are no links; without a model the service is the instrument."""
        archive = made(prompts=[{"id": "p", "text": "x", "with": [{"id": "gone"}, {"id": "u"}, {"id": "u"}]}],
                       uploads=[{"id": "u", "file": PNG, "name": "photo.png"}],
                       runs=[{"id": "1", "prompt": "lost"}, {"id": "2", "prompt": "p"}, {"id": "3", "prompt": "p"}])
        graph = things(archive.tree)
        self.assertNotIn("object", graph["#runs/1"])
        self.assertNotIn("result", graph["#runs/1"])
        self.assertEqual(graph[graph["#runs/1"]["instrument"]["@id"]]["name"], "Studio")
        photo = next(name for name, one in graph.items() if one.get("name") == "photo.png")
        for run in ("#runs/2", "#runs/3"):
            self.assertEqual(ids(graph[run]["object"]), ["#prompts/p", photo])

    def test_empty_titles_are_no_names(self):
        """RO-Crate wants a name of everything, and an empty one is none."""
        archive = made(prompts=[{"id": "p", "title": "", "text": "x"}],
                       runs=[{"id": "1", "title": "", "prompt": "p", "model": ""}],
                       uploads=[{"id": "u", "title": "", "file": PNG, "name": ""}])
        for name, one in things(archive.tree).items():
            if name != "ro-crate-metadata.json":
                self.assertTrue(one["name"], one)

    def test_nothing_at_all(self):
        graph = things(made().tree)
        self.assertEqual((graph["./"]["hasPart"], graph["./"]["mentions"]), ([], []))

    def test_same_bytes(self):
        lists = {"runs": [{"id": str(number), "model": f"m{number % 3}"} for number in range(50)],
                 "outputs": [{"id": str(number), "run": str(number), "file": PNG + bytes([number])} for number in range(50)]}
        one, other = (made("--export-id", harness.EXPORT_ID, **lists, code=0) for _ in range(2))
        self.assertEqual((one.tree / CRATE).read_bytes(), (other.tree / CRATE).read_bytes())

    def test_volumes(self):
        """Each volume describes its own files, and all runs with what of them is here."""
        lists = {"runs": [{"id": str(number)} for number in range(12)],
                 "outputs": [{"id": str(number), "run": str(number // 2), "file": PNG + os.urandom(200_000)} for number in range(24)]}
        place = harness.scratch("set")
        run = harness.try_export(USER, place, "--volume-size", "2M", description=studio(**lists))
        self.assertEqual(run.code, 0, run)
        volumes = sorted(place.glob("*.zip"))
        self.assertGreater(len(volumes), 2)
        self.assertEqual(harness.holdall("verify", *volumes, "-p", harness.public_key()).code, 0)
        results = set()
        for path in volumes:
            self.assertEqual(harness.command("unzip", "-q", path, "-d", place).code, 0)
            tree = place / path.stem
            graph = things(tree)
            here = {one.relative_to(tree / "data").as_posix() for one in (tree / "data/media").rglob("*") if one.is_file() and one.suffix != ".xmp"}
            self.assertEqual({name for name in files(graph) if name.startswith("media/")}, here)
            self.assertEqual(len(runs(graph)), 12)
            found = {name for one in runs(graph).values() for name in ids(one.get("result", []))}
            self.assertEqual(found, here)
            results |= found
        self.assertEqual(len(results), 24)


class Large(unittest.TestCase):
    def sized(self, length):
        """An account of one run whose prompt has so many letters."""
        archive = made("--export-id", harness.EXPORT_ID, prompts=[{"id": "p", "text": "x" * length}], runs=[{"id": "1", "prompt": "p"}])
        return archive, (archive.tree / CRATE).stat().st_size

    def test_four_mebibytes_and_one_byte_more(self):
        most = 4_100_000
        _, size = self.sized(most)
        most += LIMIT - size
        archive, full = self.sized(most)
        self.assertEqual(full, LIMIT)
        self.assertIn("#runs/1", things(archive.tree))
        self.assertEqual(verified(archive.zip).code, 0)
        archive, small = self.sized(most + 1)
        self.assertLess(small, 4096)
        self.assertEqual(verified(archive.zip).code, 0)
        graph = things(archive.tree)
        self.assertEqual((list(files(graph)), runs(graph)), (["records/prompts.jsonl", "records/runs.jsonl"], {}))
        self.assertEqual(ids(graph["./"]["hasPart"]), list(files(graph)))
        self.assertEqual(graph["records/runs.jsonl"]["description"], "Records: 1")
        self.assertFalse({"mentions", "conformsTo"} & graph["./"].keys())

    def peak(self, count):
        """The most memory, in KiB, that an export of so many runs takes, and the size of its crate."""
        lists = {"prompts": [{"id": f"p{number}", "text": f"a picture {number} " * 8} for number in range(count)],
                 "runs": [{"id": f"r{number}", "prompt": f"p{number}", "model": f"m{number}"} for number in range(count)]}
        place = harness.scratch("peak")
        argv = [harness.binary(), *harness.export_arguments(USER, place, "--memory", "32M", description=studio(**lists))]
        with subprocess.Popen([str(word) for word in argv], env=harness.environment(), stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as process:
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0)
        run = harness.command("unzip", "-p", next(place.glob("*.zip")), f"*/{CRATE}")
        return used.ru_maxrss, len(run.raw)

    @unittest.skipIf(harness.SANITIZED, "a sanitizer's own memory is no measure")
    def test_flat_memory(self):
        """The graph costs less than its own size; of many more runs, what grows is the one page that lists them."""
        (few, small), (many, large) = self.peak(7000), self.peak(40_000)
        self.assertGreater(small, LIMIT * 3 // 4)
        self.assertLess(large, 8192)
        self.assertLess(few, 64_000)
        self.assertLess(many, 120_000)



class Refused(unittest.TestCase):
    """A crate that is signed and listed, and wrong."""

    def found(self, rule, change):
        forged = Forged(complete())
        forged.edit(CRATE, change)
        export = forged.read("data/export.json")
        for one in export["documents"]:
            path = forged.path(one["path"])
            one.update(size=path.stat().st_size, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
        forged.write("data/export.json", export)
        forged.reseal()
        run = harness.holdall("verify", forged.tree, "-p", harness.public_key(), "--format", "json")
        self.assertEqual((run.code, {(one["rule"], one["path"]) for one in json.loads(run.out)["results"][0]["findings"]}), (1, {(rule, CRATE)}), run)

    def test_file_that_is_not_here(self):
        self.found("crate.file", lambda doc: doc["@graph"].append({"@id": "media/none.png", "@type": "File", "contentSize": "1", "sha256": "0" * 64}))
        self.found("crate.file", lambda doc: doc["@graph"].append({"@id": "../bagit.txt", "@type": "File", "contentSize": "1", "sha256": "0" * 64}))
        self.found("crate.file", lambda doc: doc["@graph"].append({"@id": "x" * 1000, "@type": "File", "contentSize": "1", "sha256": "0" * 64}))

    def test_file_that_is_otherwise(self):
        for member, value in (("contentSize", "1"), ("sha256", "0" * 64), ("contentSize", 7)):
            with self.subTest(member):
                self.found("crate.file", lambda doc, member=member, value=value: next(
                    one for one in doc["@graph"] if one["@type"] == "File").update({member: value}))

    def test_root_and_descriptor(self):
        def without(name):
            return lambda doc: doc.update({"@graph": [one for one in doc["@graph"] if one["@id"] != name]})
        self.found("crate.root", without("./"))
        self.found("crate.root", without("ro-crate-metadata.json"))
        self.found("crate.part", without("records/prompts.jsonl"))

    def test_graph(self):
        self.found("crate.graph", lambda doc: doc.pop("@graph") and None)
        self.found("crate.graph", lambda doc: doc.update({"@graph": {}}))
        self.found("crate.twice", lambda doc: doc["@graph"].append(dict(doc["@graph"][0])))
        self.found("crate.graph", lambda doc: doc["@graph"].append({"@type": "File"}))
        self.found("crate.graph", lambda doc: doc["@graph"].append("text"))
        self.found("crate.graph", lambda doc: doc["@graph"].append(None))


if __name__ == "__main__":
    harness.main()
