#!/usr/bin/python3
"""Proves that `holdall inspect` shows what an archive holds and nothing that is not what was signed.

Overview, list, files and records are compared with the unpacked archive. Then archives are damaged in one place each: what is
asked for of that place is refused with a sentence and no output, and everything else can still be had. What goes to a
terminal holds no control character.
"""

import json
import os
import pty
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
import harness  # noqa: E402
import zipraw  # noqa: E402
from bagforge import Forged  # noqa: E402
from harness import complete, holdall, public_key, scratch, troubled  # noqa: E402
from setforge import divide  # noqa: E402

PROMPTS = "data/records/prompts.jsonl"
HOSTILE = "\x1b]0;x\x07 \u202e\u0085\x7f \r\n\tä"


def inspect(*words):
    return holdall("inspect", *words)


def both(archive):
    return (archive.zip, archive.tree)


def a_picture(archive):
    return next(path for path in sorted(archive.tree.glob("data/media/**/*.png"))).relative_to(archive.tree).as_posix()


def on_terminal(*words):
    """(exit code, what a terminal on standard output gets)"""
    master, slave = pty.openpty()
    with subprocess.Popen([harness.binary(), "inspect", *map(os.fspath, words)], env=harness.environment(), stdout=slave,
                          stderr=subprocess.PIPE) as process:
        os.close(slave)
        got = b""
        try:
            while chunk := os.read(master, 65536):
                got += chunk
        except OSError:
            pass
        process.stderr.read()
    os.close(master)
    return process.returncode, got


class Case(unittest.TestCase):
    def refused(self, *words, told="", code=1):
        run = inspect(*words)
        self.assertEqual((run.code, run.raw, len(run.err.splitlines())), (code, b"", 1), run)
        self.assertIn(told, run.err)
        self.assertTrue(run.err.strip().isprintable(), run)
        return run


class Overview(Case):
    def test_head_and_categories(self):
        for archive in (complete(), troubled()):
            for path in both(archive):
                told = json.loads(inspect(path, "--format", "json").out)
                export = archive.export
                self.assertEqual((told["service"], told["subject"], told["export_id"], told["as_of"], told["outcome"]),
                                 ("claakit", export["subject"]["id"], export["export_id"], export["as_of"], export["outcome"]))
                for due, said in zip([export["totals"], *export["categories"]], [told["totals"], *told["categories"]]):
                    for name in said:
                        self.assertEqual(said[name], due[name])
                files = [one for one in archive.tree.rglob("*") if one.is_file()]
                self.assertEqual((told["entries"], told["bytes"]), (len(files), sum(one.stat().st_size for one in files)))
                self.assertEqual(len(told["categories"]), len(export["categories"]))

    def test_text(self):
        run = inspect(troubled().zip)
        self.assertEqual(run.code, 0, run)
        self.assertIn("\noutcome: partial\n", run.out)
        self.assertRegex(run.out, r"(?m)^outputs +3/3 +2/3 +1 ")
        self.assertEqual(inspect(troubled().tree).out, run.out)

    def test_keys(self):
        told = json.loads(inspect(complete().zip, "--format", "json", "-p", public_key()).out)
        self.assertRegex(told["key_id"], "^[0-9A-F]{16}$")
        other = harness.new_keys() / "holdall.pub"
        self.refused(complete().zip, "-p", other, told="is by the key")
        self.refused(complete().zip, "--entry", "README.txt", "-p", other, told="is by the key")

    def test_usage(self):
        path = complete().zip
        for words in ([], [path, path], [path, "--format", "xml"], [path, "--entries", "--entry", "README.txt"], [path, "-o", "x"],
                      [path, "--record", "prompts"], [path, "-p", "/does/not/exist"]):
            self.refused(*words, code=2)


class Entries(Case):
    def test_list(self):
        archive = complete()
        for path in both(archive):
            told = json.loads(inspect(path, "--entries", "--format", "json").out)
            files = {one.relative_to(archive.tree).as_posix(): one.stat().st_size
                     for one in archive.tree.rglob("*") if one.is_file()}
            self.assertEqual({one["path"]: one["size"] for one in told}, files)
            self.assertEqual({one["listed"] for one in told}, {True})
            types = {one["path"]: one["type"] for one in told}
            self.assertEqual((types["README.txt"], types[a_picture(archive)]), ("text/plain", "image/png"))
            lines = inspect(path, "--entries").out.splitlines()
            self.assertEqual([line.split()[-1] for line in lines], [one["path"] for one in told])

    def test_every_file_of_one_archive(self):
        archive = troubled()
        for path in both(archive):
            for name in (one["path"] for one in json.loads(inspect(path, "--entries", "--format", "json").out)):
                run = inspect(path, "--entry", name)
                self.assertEqual((run.code, run.err), (0, ""), run.err)
                self.assertEqual(run.raw, (archive.tree / name).read_bytes(), name)

    def test_into_a_file(self):
        name, folder = a_picture(complete()), scratch("out")
        run = inspect(complete().zip, "--entry", name, "-o", folder / "a")
        self.assertEqual((run.code, run.raw), (0, b""), run)
        self.assertEqual((folder / "a").read_bytes(), (complete().tree / name).read_bytes())
        self.assertEqual((folder / "a").stat().st_mode & 0o777, 0o600)
        self.refused(complete().zip, "--entry", "README.txt", "-o", folder / "a", told="exists already")
        run = inspect(complete().zip, "--entry", "README.txt", "-o", folder / "a", "--force")
        self.assertEqual((run.code, (folder / "a").read_bytes()), (0, (complete().tree / "README.txt").read_bytes()))
        self.assertEqual(harness.leftovers(folder), ["a"])

    def test_what_is_not_there(self):
        for name in ("nothing.txt", "../README.txt", "/etc/passwd", "data", "\x1b[2J"):
            for path in both(complete()):
                self.refused(path, "--entry", name, told="there is no file")
        self.refused(scratch("none") / "x.zip", told="No such file")

    def test_closed_output(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([harness.binary(), "inspect", complete().zip, "--entry", "README.txt"], stdout=full,
                                  stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"standard output", done.stderr)


class Records(Case):
    def test_each_of_some_categories(self):
        archive = complete()
        for category in archive.export["categories"]:
            records = archive.records(category)
            for record in [*records[:1], *records[1:][-1:]]:
                run = inspect(archive.zip, "--record", f"{category['id']}/{record['id']}")
                self.assertEqual(run.code, 0, run)
                self.assertEqual(json.loads(run.out), record)
                self.assertGreater(len(run.out.splitlines()), 2)

    def test_what_is_not_there(self):
        identity = complete().records(complete().export["categories"][0])[0]["id"]
        for name, told in (("prompts/none", "no record"), (f"prompts/{identity}", "no record"), ("none/x", "no category"),
                           ("prompts/", "no record"), ("prompts/\x1b[2J", "no record"), ("none\x1b/x", "no category")):
            self.refused(complete().zip, "--record", name, told=told)

    def test_withheld(self):
        """A record that is not here by a decision is no unknown one: the ledger says so, and why."""
        held = [line for line in harness.read_lines(complete().tree / "data/withheld.jsonl") if line["kind"] == "record"]
        self.assertGreater(len(held), 1)
        for line in held:
            self.refused(complete().zip, "--record", f"{line['category']}/{line['id']}",
                         told=f"data/withheld.jsonl lists it as withheld, {line['reason']}")
        others = {line["category"] for line in held if line["id"] != held[0]["id"]} - {held[0]["category"]}
        self.refused(complete().zip, "--record", f"{others.pop()}/{held[0]['id']}", told="there is no record")

    def test_missing(self):
        """One line is about a file of the record, one about another category, one about the record."""
        lines = [{"category": "prompts", "cause": "changed", "id": "prm_1", "kind": "file", "role": "output"},
                 {"category": "outputs", "cause": "forbidden", "id": "prm_1", "kind": "record"},
                 {"category": "prompts", "cause": "gone", "id": "prm_1", "kind": "record"},
                 {"category": "prompts", "cause": HOSTILE, "id": "prm_2", "kind": "record"}]
        forged = Forged(complete())
        forged.write_lines("data/missing.jsonl", [json.dumps(line, separators=(",", ":"), sort_keys=True) for line in lines])
        forged.restate()
        forged.reseal()
        for name, told in (("prompts/prm_1", "lists it as missing, gone"), ("outputs/prm_1", "lists it as missing, forbidden"),
                           ("prompts/prm_2", "lists it as missing, "), ("uploads/prm_1", "there is no record prm_1 in uploads")):
            self.refused(forged.tree, "--record", name, told=told)
        with forged.path("data/missing.jsonl").open("ab") as file:
            file.write(b"\n")
        self.refused(forged.tree, "--record", "prompts/prm_1", told="data/missing.jsonl")

    def forged(self, change):
        forged = Forged(complete())
        forged.edit_line(PROMPTS, 1, change)
        forged.restate()
        forged.reseal()
        return forged

    def test_hostile_id_and_text(self):
        """The id holds slashes, quotes, and an id of another record; the text holds what steers terminals."""
        first = json.loads((complete().tree / PROMPTS).read_text(encoding="utf-8").splitlines()[0])["id"]
        identity = f'a/b//"\\ü/{HOSTILE}/"id":"{first}"'
        forged = self.forged(lambda record: {"id": identity, "text": f'{HOSTILE} [{{,:}}] \\" "id":"{first}"', "extra": {"a": [], "b": {}}})
        run = inspect(forged.tree, "--record", f"prompts/{identity}", "-p", public_key())
        self.assertEqual(run.code, 0, run)
        self.assertEqual(json.loads(run.out)["id"], identity)
        self.assertEqual(json.loads(run.out), json.loads(forged.lines(PROMPTS)[1]))
        self.assertTrue(run.out.replace("\n", "").isprintable(), run)
        self.assertEqual(json.loads(inspect(forged.tree, "--record", f"prompts/{first}").out)["id"], first)

    def test_no_json(self):
        forged = Forged(complete())
        mark = json.loads(forged.lines(PROMPTS)[0])["id"]
        forged.write_lines(PROMPTS, [f'{{"id":"{mark}"', *forged.lines(PROMPTS)[1:]])
        forged.restate()
        forged.reseal()
        self.refused(forged.tree, "--record", f"prompts/{mark}")


class Damaged(Case):
    """One place is changed and not signed again."""

    def both(self, change, *words, told, name=None):
        """CHANGE a tree, and the same of a ZIP whose container is whole: WORDS are refused, and another file can be had."""
        forged = Forged(complete())
        change(forged)
        stem = complete().stem
        members = [zipraw.Member(member.name, forged.path(member.name.decode().removeprefix(f"{stem}/")).read_bytes(), member.mtime)
                   for member in zipraw.members_of(complete().zip.read_bytes())
                   if forged.path(member.name.decode().removeprefix(f"{stem}/")).exists()]
        path = scratch("zip") / "a.zip"
        path.write_bytes(zipraw.build(members))
        for place in (forged.tree, path):
            self.refused(place, *words, told=told)
            if name:
                run = inspect(place, "--entry", name)
                self.assertEqual((run.code, run.raw), (0, (complete().tree / name).read_bytes()), run.err)

    @staticmethod
    def flip(name):
        def change(forged):
            data = bytearray(forged.path(name).read_bytes())
            data[len(data) // 2] ^= 1
            forged.path(name).write_bytes(data)
        return change

    def test_a_medium(self):
        name, folder = a_picture(complete()), scratch("out")
        self.both(self.flip(name), "--entry", name, told="SHA-256", name="README.txt")
        self.both(self.flip(name), "--entry", name, "-o", folder / "x", told="SHA-256")
        self.assertEqual(harness.leftovers(folder), [])

    def test_records(self):
        identity = json.loads((complete().tree / PROMPTS).read_text(encoding="utf-8").splitlines()[0])["id"]
        self.both(self.flip(PROMPTS), "--record", f"prompts/{identity}", told="SHA-256", name="README.txt")
        self.both(self.flip(PROMPTS), "--entry", PROMPTS, told="SHA-256")

    def test_a_file_of_another_size(self):
        def longer(forged):
            with forged.path("README.txt").open("ab") as file:
                file.write(b"more")
        self.both(longer, "--entry", "README.txt", told="SHA-256", name="bagit.txt")

    def test_removed(self):
        name = a_picture(complete())
        self.both(lambda forged: forged.path(name).unlink(), "--entry", name, told="there is no file", name="README.txt")

    def test_unlisted(self):
        forged = Forged(complete())
        forged.path("viewer").mkdir(exist_ok=True)
        forged.path("viewer/more.txt").write_text("hello", encoding="utf-8")
        self.refused(forged.tree, "--entry", "viewer/more.txt", told="no manifest lists it")
        for _ in range(2):
            told = json.loads(inspect(forged.tree, "--entries", "--format", "json").out)
            self.assertEqual([one["path"] for one in told if not one["listed"]], ["viewer/more.txt"])
        self.assertIn("viewer/more.txt: no manifest lists it", inspect(forged.tree, "--entries").out)

    def test_the_chain_itself(self):
        for name in ("manifest-sha256.txt", "data/export.json"):
            self.both(self.flip(name), told=name)
            self.both(lambda forged, name=name: forged.path(name).unlink(), told="there is no file")
        self.both(lambda forged: forged.path("tagmanifest-sha256.txt").unlink(), told="there is no file")
        forged = Forged(complete())
        forged.reseal(key=harness.new_keys() / "holdall.key")
        self.refused(forged.tree, "-p", public_key(), told="sign.unknown")
        forged.path("tagmanifest-sha256.txt.minisig").unlink()
        self.refused(forged.tree, "-p", public_key(), told="sign.missing")

    def test_bytes_of_the_zip(self):
        data = bytearray(complete().zip.read_bytes())
        entry = next(one for one in zipraw.read(bytes(data)).entries if one.name.endswith(b".png"))
        text = next(one for one in zipraw.read(bytes(data)).entries if one.name.endswith(b"/README.txt"))
        data[entry.data_at + 100] ^= 1
        data[text.data_at + 100] ^= 1
        path = scratch("zip") / "a.zip"
        path.write_bytes(data)
        name = entry.name.decode().partition("/")[2]
        self.refused(path, "--entry", name, told="CRC-32")
        self.refused(path, "--entry", "README.txt", told="README.txt: ")
        for broken in (bytes(data[:-10]), b"no archive", b"", bytes(data) + b"x"):
            path.write_bytes(broken)
            self.refused(path, "--entries", told=str(path))


class Hostile(Case):
    def test_names_in_a_zip(self):
        members = zipraw.members_of(complete().zip.read_bytes())
        stem = complete().stem.encode()
        for name in (stem + b"/a\x1b[31m.txt", stem + b"/../x", b"/etc/x", stem + b"/\xff", "\u202ex".encode(), stem + b"/a\nb"):
            path = scratch("zip") / "a.zip"
            path.write_bytes(zipraw.build([*members, zipraw.Member(name, b"x", members[0].mtime)]))
            for words in ((), ("--entries",), ("--entry", "README.txt")):
                self.refused(path, *words, told="name.")

    def test_strange_files_in_a_folder(self):
        """What a system leaves in a folder is no fault of the archive, and cannot be had from it."""
        forged = Forged(complete())
        forged.path(".DS_Store").write_bytes(b"x")
        forged.path("a\x1b[31m.txt").write_bytes(b"x")
        forged.path("link.txt").symlink_to("/etc/passwd")
        run = inspect(forged.tree)
        self.assertEqual(run.code, 0, run)
        self.assertIn("\nnot of the archive: 3 files", run.out)
        self.assertNotIn("DS_Store", inspect(forged.tree, "--entries").out)
        for name in (".DS_Store", "a\x1b[31m.txt", "link.txt"):
            self.refused(forged.tree, "--entry", name, told="there is no file")

    def test_a_terminal(self):
        """Text is shown there and steers nothing; anything else is not written."""
        forged = Forged(complete())
        text = "a\tb\n" + HOSTILE + "\n" + "ü" * 3000 + "\x1b" * 50 + "€" * 3000 + "\0end, without a newline"
        forged.path("README.txt").write_bytes(text.encode() + b"\xff")
        forged.reseal()
        code, got = on_terminal(forged.tree, "--entry", "README.txt")
        self.assertEqual(code, 0)
        shown = got.decode("utf-8").replace("\r\n", "\n")
        self.assertTrue(shown.replace("\n", "").replace("\t", "").isprintable())
        self.assertTrue(shown.startswith("a\tb\n\\x1b]0;x\\x07 "), shown[:80])
        self.assertIn("ü" * 3000 + "\\x1b" * 50 + "€" * 3000 + "\\x00end, without a newline\\xff", shown)
        self.assertEqual(on_terminal(complete().zip, "--entry", a_picture(complete())), (2, b""))


class Volumes(Case):
    def test_each_alone(self):
        volumes = divide(complete(), 3)
        for volume in volumes:
            told = json.loads(inspect(volume.tree, "--format", "json").out)
            self.assertEqual((told["volume"], told["volumes"]), (volume.number, len(volumes)))
            here = volume.media()[0]
            run = inspect(volume.zipped(), "--entry", here)
            self.assertEqual(run.raw, volume.path(here).read_bytes(), run.err)
        self.refused(volumes[0].tree, "--entry", volumes[1].media()[0], told=f"which is volume 1 of {len(volumes)}")


if __name__ == "__main__":
    harness.main()
