#!/usr/bin/python3
"""Proves that bagcheck.py can fail: a good bag passes, and each broken one is found under the rule that it breaks.

It needs no archive of holdall's. The bags are written here, byte by byte.
"""

import hashlib
import sys
import unittest

sys.dont_write_bytecode = True
import bagcheck  # noqa: E402
import harness  # noqa: E402

DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
PAYLOAD = {"data/a.txt": b"one\n", "data/media/b.bin": bytes(range(256)), "data/empty": b""}
INFO = b"Bagging-Date: 2026-11-01\nPayload-Oxum: 260.3\nSource-Organization: Example\n long name\n"


def digest(data, algorithm="sha256"):
    return hashlib.new(algorithm, data).hexdigest()


def manifest(files, algorithm="sha256"):
    return "".join(f"{digest(data, algorithm)}  {path}\n" for path, data in sorted(files.items())).encode()


def good():
    """{path: bytes} of a valid bag."""
    files = dict(PAYLOAD)
    files["bagit.txt"] = DECLARATION
    files["bag-info.txt"] = INFO
    files["manifest-sha256.txt"] = manifest(PAYLOAD)
    return seal(files)


def seal(files):
    """Writes the tag manifest over everything outside data/."""
    tags = {path: data for path, data in files.items()
            if not path.startswith(("data/", "tagmanifest-"))}
    files["tagmanifest-sha256.txt"] = manifest(tags)
    return files


def write(files):
    folder = harness.scratch("bag")
    (folder / "data").mkdir()
    for path, data in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    return folder


def rules(found):
    return {line.partition(":")[0] for line in found}


class GoodBags(unittest.TestCase):
    def passes(self, files, **options):
        self.assertEqual(bagcheck.check(write(files), **options), [])

    def test_plain(self):
        self.passes(good())
        self.passes(good(), every_tag_file=True)

    def test_line_ends(self):
        for end in (b"\r", b"\r\n"):
            files = good()
            for path in list(files):
                if not path.startswith("data/"):
                    files[path] = files[path].replace(b"\n", end)
            self.passes(seal(files))

    def test_two_algorithms_and_upper_case(self):
        files = good()
        files["manifest-sha512.txt"] = manifest(PAYLOAD, "sha512")
        files["manifest-sha256.txt"] = b"".join(
            line[:64].upper() + b"\t" + line[66:] for line in files["manifest-sha256.txt"].splitlines(True))
        self.passes(seal(files))

    def test_escaped_name(self):
        files = good()
        del files["manifest-sha256.txt"]
        payload = {"data/50%25 a%0Ab": b"x"}
        files = {path: data for path, data in files.items() if not path.startswith("data/")}
        files["data/50% a\nb"] = b"x"
        files["manifest-sha256.txt"] = manifest(payload)
        files["bag-info.txt"] = b"Payload-Oxum: 1.1\n"
        self.passes(seal(files))

    def test_no_info_no_tagmanifest_no_payload(self):
        self.passes({"bagit.txt": DECLARATION, "manifest-sha256.txt": b""})

    def test_volumes(self):
        for count in (b"2 of 5", b"12 of ?"):
            files = good()
            files["bag-info.txt"] = INFO + b"Bag-Group-Identifier: x\nBag-Count: " + count + b"\n"
            self.passes(seal(files))

    def test_unlisted_tag_file_is_only_a_recommendation(self):
        files = good()
        files["notes.txt"] = b"n"
        self.passes(files)
        self.passes(files, every_tag_file=True, unlisted=["notes.txt"])


class BrokenBags(unittest.TestCase):
    """Each test breaks one thing of a good bag and expects exactly the rules that it breaks."""

    def fails(self, files, *expected, **options):
        self.assertEqual(rules(bagcheck.check(write(files), **options)), set(expected))

    def with_file(self, path, data, reseal=True):
        files = good()
        files[path] = data
        return seal(files) if reseal else files

    def test_declaration(self):
        for bad in (b"\xef\xbb\xbf" + DECLARATION, DECLARATION + b"\n", DECLARATION.replace(b": ", b":"),
                    DECLARATION.replace(b"1.0", b"0.97"), DECLARATION.replace(b"1.0", b"1.0 "),
                    b"".join(reversed(DECLARATION.splitlines(True))), DECLARATION + b"More: yes\n"):
            with self.subTest(bad=bad):
                self.fails(self.with_file("bagit.txt", bad), "declaration")

    def test_no_declaration(self):
        files = good()
        del files["bagit.txt"]
        self.fails(seal(files), "declaration")

    def test_no_manifest(self):
        files = good()
        del files["manifest-sha256.txt"]
        self.fails(seal(files), "manifest")

    def test_no_tag_manifest(self):
        files = good()
        del files["tagmanifest-sha256.txt"]
        self.fails(files, "tagmanifest", every_tag_file=True)

    def test_unknown_algorithm(self):
        files = good()
        files["manifest-crc7.txt"] = b"00  data/a.txt\n"
        self.fails(seal(files), "algorithm")

    def test_flipped_byte(self):
        self.fails(self.with_file("data/a.txt", b"onf\n"), "checksum")

    def test_flipped_byte_in_a_tag_file(self):
        self.fails(self.with_file("bag-info.txt", INFO + b"X: y\n", reseal=False), "checksum")

    def test_removed_payload(self):
        files = good()
        del files["data/empty"]
        self.fails(files, "absent", "oxum")

    def test_added_payload(self):
        self.fails(self.with_file("data/extra", b""), "unlisted", "oxum")

    def test_listed_in_one_manifest_only(self):
        files = good()
        files["manifest-sha512.txt"] = manifest({"data/a.txt": b"one\n"}, "sha512")
        self.fails(seal(files), "unlisted")

    def test_added_tag_file(self):
        self.fails(self.with_file("notes.txt", b"n", reseal=False), "unlisted", every_tag_file=True)

    def test_removed_tag_file(self):
        files = good()
        del files["bag-info.txt"]
        self.fails(files, "absent")

    def test_payload_manifest_leaves_the_payload(self):
        line = f"{digest(DECLARATION)}  bagit.txt\n".encode()
        self.fails(self.with_file("manifest-sha256.txt", manifest(PAYLOAD) + line), "outside")

    def test_payload_in_the_tag_manifest(self):
        files = good()
        files["tagmanifest-sha256.txt"] += manifest({"data/a.txt": PAYLOAD["data/a.txt"]})
        self.fails(files, "outside")

    def test_tag_manifest_forgets_the_manifest(self):
        files = good()
        lines = files["tagmanifest-sha256.txt"].splitlines(True)
        files["tagmanifest-sha256.txt"] = b"".join(line for line in lines if b"  manifest-" not in line)
        self.fails(files, "tagmanifest")

    def test_tag_manifest_lists_a_tag_manifest(self):
        files = good()
        files["tagmanifest-sha512.txt"] = manifest(
            {path: files[path] for path in ("manifest-sha256.txt", "tagmanifest-sha256.txt")}, "sha512")
        self.fails(files, "tagmanifest")

    def test_lines(self):
        short = manifest(PAYLOAD).replace(digest(b"one\n").encode(), digest(b"one\n")[:62].encode())
        self.fails(self.with_file("manifest-sha256.txt", short), "line", "checksum")
        self.fails(self.with_file("manifest-sha256.txt", manifest(PAYLOAD) + b"\n"), "line")
        self.fails(self.with_file("manifest-sha256.txt", manifest(PAYLOAD) + b"# remark\n"), "line")

    def test_listed_twice(self):
        twice = manifest(PAYLOAD) + manifest({"data/a.txt": b"one\n"})
        self.fails(self.with_file("manifest-sha256.txt", twice), "duplicate")

    def test_percent(self):
        for name, written in (("data/50%", "data/50%"), ("data/a b", "data/a%20b"), ("data/%41", "data/%41")):
            with self.subTest(written=written):
                files = {path: data for path, data in good().items() if not path.startswith("data/")}
                files[name] = b"x"
                files["manifest-sha256.txt"] = manifest({written: b"x"})
                files["bag-info.txt"] = b"Payload-Oxum: 1.1\n"
                self.assertIn("percent", rules(bagcheck.check(write(seal(files)))))

    def test_paths(self):
        for path in ("/data/a", "data/../../a", "~/a", "data//a", "C:/a", "data\\a"):
            with self.subTest(path=path):
                line = f"{digest(b'')}  {path}\n".encode()
                self.fails(self.with_file("manifest-sha256.txt", manifest(PAYLOAD) + line), "path")

    def test_info(self):
        for bad in (b"no colon\n", b"Label : x\n", b"Label:x\n", b": x\n", b" first line indented\n",
                    b"Bagging-Date: yesterday\n", b"Bag-Size: 1 GB\nBag-Size: 1 GB\n",
                    b"Bag-Count: 2/5\n", b"Bag-Count: 0 of 5\n", b"Bag-Count: 2 of 5 \n"):
            with self.subTest(bad=bad):
                self.fails(self.with_file("bag-info.txt", bad), "info")

    def test_oxum(self):
        for bad in (b"260", b"260.4", b"261.3", b"2.6e2.3", b"260.3 "):
            with self.subTest(bad=bad):
                self.fails(self.with_file("bag-info.txt", b"Payload-Oxum: " + bad + b"\n"), "oxum")

    def test_encoding(self):
        self.fails(self.with_file("bag-info.txt", b"Source-Organization: \xff\n"), "encoding")

    def test_fetch(self):
        self.fails(self.with_file("fetch.txt", b"https://a.example/x 3 data/gone\n"), "fetch")
        self.fails(self.with_file("fetch.txt", b"https://a.example/x data/a.txt\n"), "fetch")

    def test_symbolic_link(self):
        folder = write(good())
        (folder / "link").symlink_to("bagit.txt")
        self.assertEqual(rules(bagcheck.check(folder)), {"element"})

    def test_no_data_folder(self):
        folder = write({"bagit.txt": DECLARATION, "manifest-sha256.txt": b""})
        (folder / "data").rmdir()
        self.assertEqual(rules(bagcheck.check(folder)), {"element"})

    def test_spelling(self):
        payload = {"data/\u00e9": b"", "data/e\u0301": b""}
        files = {"bagit.txt": DECLARATION, "manifest-sha256.txt": manifest(payload), **payload}
        self.fails(files, "spelling")


if __name__ == "__main__":
    harness.main()
