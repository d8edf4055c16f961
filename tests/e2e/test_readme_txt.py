#!/usr/bin/python3
"""Proves that README.txt can be followed: in six languages, and its commands are run as they stand in it.

They must end with 0 for an archive as it is, and fail once a byte of it is another one. Those for PowerShell are only
compared between the languages: nothing runs them here. What README.txt says of the archive must be so, it says when it is
in another language than was asked for, and `lint --preview` shows it without exporting anybody.
"""

import functools
import html
import json
import re
import shutil
import sys
import unicodedata
import unittest

sys.dont_write_bytecode = True
import harness  # noqa: E402
import resumecase  # noqa: E402
from harness import COMPLETE, command, holdall, need, scratch  # noqa: E402

LANGUAGES = ("en", "de", "fr", "es", "ja", "ar")
NEWCOMER = "usr_5n0d1a2t3a4b"  # whose language is fr-CA
COLUMNS = 78
DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def catalogue(language):
    return harness.read_json(harness.root() / "src/view/catalogue" / f"{language}.json")


@functools.cache
def service_of(*languages, **about):
    """The path of a description like the smallest one, in other languages."""
    folder = scratch("service")
    minimal = harness.root() / "fixtures/minimal"
    doc, texts = harness.read_json(minimal / "service.json"), harness.read_json(minimal / "privacy/en.json")
    doc["apis"]["files"]["root"] = str(minimal / "store")
    doc["service"] |= {"languages": list(languages)} | about
    for language in languages:
        (folder / "privacy").mkdir(exist_ok=True)
        (folder / f"privacy/{language}.json").write_text(json.dumps(texts | {"language": language}), encoding="utf-8")
    (folder / "service.json").write_text(json.dumps(doc), encoding="utf-8")
    return folder / "service.json"


@functools.cache
def archive(language, languages=LANGUAGES):
    return harness.export("12", "--language", language, "--export-id", harness.EXPORT_ID, description=service_of(*languages))


def readme(of):
    return (of.tree / "README.txt").read_text(encoding="utf-8")


def width(line):
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 0 if unicodedata.combining(letter) else 1 for letter in line)


def plain_lines(text):
    """What stands behind two blanks: paths, addresses, commands."""
    return [line for line in text.splitlines() if re.match("  (?:  )*[^ ]", line) and line.isascii() and not line.startswith(" " * 6)
            or line.startswith("      ") and ("$" in line)]


def said(language, key, text):
    """Whether README.txt has this text of the catalogue, however its lines are broken."""
    def pack(part):
        return re.sub(r"\s+", "", part)
    pattern = re.sub(r"\\\{\w+\\\}", ".*", re.escape(pack(catalogue(language)[key])))
    return re.search(pattern, pack(text)) is not None


class Languages(unittest.TestCase):
    def test_each_says_everything(self):
        own = {"readme_part", "readme_fallback", "readme_preview", "readme_check_key_at"}
        for language in LANGUAGES:
            text = readme(archive(language))
            for key in catalogue(language):
                if key.startswith("readme_"):
                    self.assertEqual(said(language, key, text), key not in own, (language, key))

    def test_lines_are_short_and_plain(self):
        for language in LANGUAGES:
            text = readme(archive(language))
            for line in text.splitlines():
                self.assertTrue(width(line) <= COLUMNS or line.startswith("  minisign"), (language, line))
                self.assertEqual(line, line.rstrip())
            self.assertTrue(text.endswith("\n") and not DIRECTION.search(text) and "\r" not in text and "\ufeff" not in text)
            self.assertNotRegex(text.replace("foreach", "").split("PowerShell")[0], r"[{}]", language)

    def test_commands_and_paths_are_the_same(self):
        """And they share no line with a script that may run the other way."""
        first = plain_lines(readme(archive("en")))
        self.assertGreater(len(first), 20)
        for language in LANGUAGES:
            self.assertEqual(plain_lines(readme(archive(language))), first, language)

    def test_numbers_are_those_of_the_archive(self):
        for language in LANGUAGES:
            totals = archive(language).export["totals"]
            due = catalogue(language)["readme_expected"].format(records=totals["records"]["expected"], files=totals["files"]["expected"])
            self.assertIn(due, readme(archive(language)))

    def test_archives_verify(self):
        for language in LANGUAGES:
            run = holdall("verify", archive(language).zip, "-p", harness.public_key())
            self.assertEqual(run.code, 0, run)

    def test_every_place_that_it_names(self):
        """index.html is the viewer's."""
        for line in plain_lines(readme(archive("en"))):
            if re.fullmatch(r"  data/[a-z./-]+", line):
                self.assertTrue((archive("en").tree / line.strip()).exists(), line)

    def test_sidecars_are_where_it_says(self):
        """Beside each picture and video, under the same name; and the RO-Crate is one."""
        of = harness.complete()
        files = [file for category in of.export["categories"] for record in of.records(category) for file in record.get("files", [])
                 if file.get("type", "").startswith(("image/", "video/"))]
        self.assertGreater(len(files), 20)
        for file in files:
            self.assertTrue((of.tree / f"{file['path']}.xmp").is_file(), file)
        text = readme(of)
        for line in ("  *.xmp", "  data/ro-crate-metadata.json"):
            self.assertIn(f"\n{line}\n      ", text)
        self.assertIn("w3id.org/ro/crate", (of.tree / "data/ro-crate-metadata.json").read_text(encoding="utf-8"))


class Fallback(unittest.TestCase):
    def check(self, text, language, wanted):
        self.assertTrue(said(language, "readme_intro", text), text)
        self.assertEqual(said(language, "readme_fallback", text), wanted is not None, text)
        if wanted:
            self.assertIn(f"({wanted})", text)

    def test_of_the_request(self):
        for asked, language, wanted in (("de-AT", "de", None), ("pt-BR", "en", "pt-BR"), ("fr", "fr", None)):
            self.check(readme(archive(asked)), language, wanted)

    def test_of_the_service(self):
        """Its own texts are in a language that holdall does not speak."""
        self.check(readme(archive("pt", languages=("pt",))), "en", "pt")

    def test_of_the_person(self):
        self.check(readme(harness.export(NEWCOMER)), "en", "fr-CA")
        self.check(readme(harness.complete()), "en", None)


class Commands(unittest.TestCase):
    def place(self, of):
        """A folder with the archive as it was downloaded, under its own name and another one, and unpacked."""
        folder = scratch("download")
        for path in (of.zip, of.signature):
            shutil.copy(path, folder)
        shutil.copy(of.zip, folder / "DOWNLOADED.zip")
        shutil.copytree(of.tree, folder / of.stem)
        (folder / "bin").mkdir()
        (folder / "bin/holdall").symlink_to(harness.binary())
        return folder

    def run_all(self, of, folder):
        """{command: exit code} of all that a shell can run; those about the folder are run in it."""
        path = f"{folder / 'bin'}:/usr/bin:/bin"
        lines = [line.strip() for line in plain_lines(readme(of)) if re.match("  (holdall|minisign|sha256sum|shasum) ", line)]
        codes = {}
        for line in lines:
            where = folder if ".zip" in line else folder / of.stem
            codes[line] = command("sh", "-c", line.replace("PUBLIC-KEY", harness.public_text()), cwd=where,
                                  env=harness.environment(PATH=path)).code
        return codes

    def test_as_they_stand(self):
        need("minisign", "sha256sum", "shasum")
        codes = self.run_all(archive("en"), self.place(archive("en")))
        self.assertEqual([line.split()[0] for line in codes],
                         ["holdall", "minisign", "minisign", "minisign", "sha256sum", "sha256sum", "shasum", "shasum"])
        self.assertEqual(set(codes.values()), {0}, codes)

    def test_they_find_a_changed_byte(self):
        need("minisign", "sha256sum", "shasum")
        of = archive("en")
        stem = of.stem
        for names, words in (((of.zip.name, "DOWNLOADED.zip"), (".zip",)), ((f"{stem}/README.txt",), (" tagmanifest-sha256.txt",)),
                             ((f"{stem}/data/export.json",), (" manifest-sha256.txt",)),
                             ((f"{stem}/tagmanifest-sha256.txt",), ("tagmanifest-sha256.txt",))):
            folder = self.place(of)
            for name in names:
                data = bytearray((folder / name).read_bytes())
                data[len(data) // 2] ^= 1
                (folder / name).write_bytes(data)
            wrong = {line for line, code in self.run_all(of, folder).items() if code != 0}
            due = {line for line in self.run_all(of, self.place(of)) if any(word in line for word in words)
                   and (names[0] == of.zip.name or not line.startswith("minisign") or "/tagmanifest" in names[0])}
            self.assertEqual(wrong, due, names)

    def test_the_published_key(self):
        of = harness.complete()
        self.assertIn(f"\n  {harness.read_json(harness.service())['service']['keys_url']}\n", readme(of))
        self.assertNotIn(harness.public_text(), readme(of))

    def test_volumes(self):
        """Each one names itself."""
        out = scratch("set")
        run = harness.try_export(resumecase.USER, out, "--volume-size", "3M", description=resumecase.album())
        self.assertEqual(run.code, 0, run)
        zips = sorted(out.glob("*.zip"))
        self.assertGreater(len(zips), 1)
        for number, path in enumerate(zips, 1):
            text = command("unzip", "-p", path, f"{path.stem}/README.txt").out
            self.assertTrue(said("en", "readme_part", text) and f"part {number} of a set" in text, text)
            self.assertIn(f"minisign -Vm {path.name} ", text)


class Preview(unittest.TestCase):
    def preview(self, description, *, code=0):
        folder = scratch("preview") / "new"
        run = holdall("lint", description, "--preview", folder)
        self.assertEqual(run.code, code, run)
        return folder

    def test_each_language(self):
        folder = self.preview(service_of(*LANGUAGES))
        due = [f"{name}.{language}.{end}" for name, end in (("README", "txt"), ("privacy", "json"), ("privacy", "html")) for language in LANGUAGES]
        self.assertEqual(harness.leftovers(folder), sorted(due))
        for language in LANGUAGES:
            text = (folder / f"README.{language}.txt").read_text(encoding="utf-8")
            self.assertTrue(said(language, "readme_preview", text), text)
            privacy = harness.read_json(folder / f"privacy.{language}.json")
            self.assertEqual(harness.schema_errors(privacy, harness.schema("privacy")), [])
            self.assertEqual((privacy["sample"], privacy["language"]), (True, language))
            page = html.unescape((folder / f"privacy.{language}.html").read_text(encoding="utf-8"))
            self.assertIn(f'<html lang="{language}"', page)
            for text in (catalogue(language)["readme_preview"], privacy["rights"][0]["text"]):
                self.assertIn(text, page)

    def test_it_is_what_an_archive_has(self):
        """But for what is the person's and the archive's own."""
        folder = self.preview(harness.service())
        text, own = (folder / "README.en.txt").read_text(encoding="utf-8"), readme(harness.complete())
        own = own.replace(harness.complete().stem, "claakit-export-20260101-00000000").replace(harness.AS_OF, "2026-01-01T00:00:00Z")
        differing = set(own.splitlines()) ^ set(text.splitlines())
        self.assertLessEqual(len(differing), 4, differing)
        privacy, due = harness.read_json(folder / "privacy.en.json"), harness.read_json(harness.complete().tree / "data/privacy.json")
        for document in (privacy, due):
            document.pop("sample", None)
            document["disclosures"].pop("made")
            for category in document["categories"]:
                del category["records"], category["state"]
        self.assertEqual(privacy, due)

    def test_again_over_it(self):
        folder = self.preview(service_of("en"))
        before = {name: (folder / name).read_bytes() for name in harness.leftovers(folder)}
        self.assertEqual(holdall("lint", service_of("en"), "--preview", folder).code, 0)
        self.assertEqual({name: (folder / name).read_bytes() for name in harness.leftovers(folder)}, before)

    def test_of_what_cannot_be_used(self):
        broken = scratch("broken") / "service.json"
        broken.write_text("{}", encoding="utf-8")
        self.assertFalse(self.preview(broken, code=2).exists())

    def test_where_nothing_can_be_written(self):
        file = scratch("file") / "file"
        file.write_text("", encoding="utf-8")
        for place in (file, file / "below"):
            run = holdall("lint", service_of("en"), "--preview", place)
            self.assertNotEqual(run.code, 0, run)
            self.assertIn(str(file), run.err)


if __name__ == "__main__":
    harness.main()
