#!/usr/bin/python3
"""Proves what becomes of JSON that most readers do not take: kept and told, or refused with a sentence that says where.

The store is the one of fixtures/minimal with the notes of person 12 replaced.
"""

import json
import shutil
import sys
import unittest

sys.dont_write_bytecode = True
import harness  # noqa: E402
from harness import leftovers, root, scratch, try_export  # noqa: E402


def place(*pages):
    """A copy of the minimal service whose notes are these bodies of pages (bytes)."""
    folder = scratch("odd") / "minimal"
    shutil.copytree(root() / "fixtures/minimal", folder)
    people = folder / "store/people/12"
    for old in people.glob("notes*.json"):
        old.unlink()
    for number, body in enumerate(pages, 1):
        more = b"null" if number == len(pages) else b'"c%d"' % (number + 1)
        name = "notes.json" if number == 1 else f"notes.c{number}.json"
        (people / name).write_bytes(b'{"items":[%s],"next":%s}' % (body, more))
    service = json.loads((folder / "service.json").read_text(encoding="utf-8"))
    for category in service["categories"]:
        if category["id"] == "notes":
            category["keep"] = ["/kept"]
    (folder / "service.json").write_text(json.dumps(service), encoding="utf-8")
    return folder / "service.json"


def note(number, more=b""):
    return b'{"id":"n%d","owner":12,"text":"t"%s}' % (number, more)


class Shards(unittest.TestCase):
    """Where 64 MiB end a shard: by the lines as they stand in the archive, which can be longer than the items that they come from."""

    def shards(self, count, size, twice):
        path = place(*(b'{"id":"n%d","owner":12,"text":"%s"}' % (number, b"x" * size) for number in range(count)))
        service = json.loads(path.read_text(encoding="utf-8"))
        if twice:
            next(one for one in service["categories"] if one["id"] == "notes")["map"]["title"] = "/text"
            path.write_text(json.dumps(service), encoding="utf-8")
        archive = harness.export("12", description=path)
        check = harness.holdall("verify", archive.zip, "-p", harness.public_key())
        self.assertEqual(check.code, 0, check)
        category = next(one for one in archive.export["categories"] if one["id"] == "notes")
        return [(one["path"].rpartition("/")[2], one["records"]) for one in category["shards"]]

    def test_nearly_one(self):
        self.assertEqual(self.shards(10, 5_900_000, False), [("notes.jsonl", 10)])

    def test_lines_above_an_item(self):
        self.assertEqual(self.shards(6, 7_000_000, True), [("notes-0001.jsonl", 4), ("notes-0002.jsonl", 2)])


class Kept(unittest.TestCase):
    def notes(self, *items):
        archive = harness.export("12", description=place(b",".join(items)))
        check = harness.holdall("verify", archive.zip, "-p", harness.public_key())
        self.assertEqual(check.code, 0, check)
        category = next(one for one in archive.export["categories"] if one["id"] == "notes")
        drift = [line for line in archive.report["drift"] if line["category"] == "notes"]
        self.assertEqual(harness.schema_errors(archive.report, harness.schema("report")), [])
        return archive.records(category), category["drift"], [(line["kind"], line["pointer"]) for line in drift]

    def test_half_characters(self):
        records, count, drift = self.notes(
            b'{"id":"a","owner":12,"text":"cut \\ud83d","kept":{"\\udc00":["\\uDBFF"]}}',
            b'{"id":"\\ud800","owner":12,"text":"\\ud83d\\ude00"}')
        self.assertEqual(records, [{"id": "a", "text": "cut \\ud83d", "extra": {"kept": {"\\udc00": ["\\uDBFF"]}}},
                                   {"id": "\\ud800", "text": "\U0001f600"}])
        self.assertEqual(count, 3)
        self.assertEqual(set(drift), {("escaped", "/text"), ("escaped", "/kept"), ("escaped", "/id")})

    def test_the_same_characters_written_by_somebody(self):
        records, count, drift = self.notes(b'{"id":"a","owner":12,"text":"cut \\\\ud83d","kept":"\\\\ud800"}')
        self.assertEqual(records, [{"id": "a", "text": "cut \\ud83d", "extra": {"kept": "\\ud800"}}])
        self.assertEqual((count, drift), (0, []))

    def test_nul(self):
        records, _, drift = self.notes(b'{"id":"a\\u0000b","owner":12,"text":"x\\u0000y","kept":["\\u0000"]}',
                                       b'{"id":"a","owner":12,"text":"another"}')
        self.assertEqual(records, [{"id": "a\\u0000b", "text": "x\0y", "extra": {"id": "a\0b", "kept": ["\0"]}},
                                   {"id": "a", "text": "another"}])
        self.assertEqual(drift, [("unconverted", "/id")])

    def test_numbers(self):
        kept = b'[18446744073709551616,-9223372036854775809,1e400,0.10,-0.0,-0,9007199254740991]'
        records, count, _ = self.notes(b'{"id":"a","owner":12,"text":"t","kept":%s}' % kept)
        self.assertEqual(records[0]["extra"]["kept"], ["18446744073709551616", "-9223372036854775809", "1e400", "0.10", "-0.0", 0,
                                                       9007199254740991])
        self.assertEqual(count, 0)

    def test_id_that_only_looks_like_one(self):
        item = b'{"id":"C:\\\\users","owner":12,"text":"t"}'
        records, _, _ = self.notes(item, item)
        self.assertEqual(records, [{"id": "C:\\users", "text": "t"}])

    def test_name_longer_than_a_pointer_of_a_description(self):
        for length in (1_023, 5_000, 60_000):
            with self.subTest(length=length):
                name = b"x" * length
                _, count, drift = self.notes(note(1, b',"%s":1' % name))
                self.assertEqual((count, drift), (1, [("unknown", "/" + name.decode())]))

    def test_byte_order_mark(self):
        service = place(note(1))
        page = service.parent / "store/people/12/notes.json"
        page.write_bytes(b"\xef\xbb\xbf" + page.read_bytes())
        self.assertEqual(harness.export("12", description=service).run.code, 0)


class Refused(unittest.TestCase):
    def refused(self, sentence, *pages):
        folder = scratch("refused")
        run = try_export("12", folder, description=place(*pages))
        self.assertEqual((run.code, leftovers(folder)), (1, []), run)
        self.assertIn(f"holdall: {sentence}\n", run.err, run)
        self.assertNotIn("SECRET", run.err + run.out)

    def test_member_that_stands_twice(self):
        self.refused("notes: page 2: item 3: /kept/a stands twice", note(1),
                     note(2) + b"," + note(3, b',"kept":{"a":"SECRET","b":0,"a":"SECRET"}'))

    def test_member_of_the_page_that_stands_twice(self):
        self.refused("notes: page 1: /next stands twice", note(1) + b'],"next":null,"x":[')

    def test_name_without_end(self):
        self.refused("notes: page 1: item 1: a field's pointer is larger than the limit of 65536 bytes",
                     note(1, b',"%s":1' % (b"x" * 65_536)))

    def test_bytes_that_are_no_text(self):
        self.refused("notes: page 1: item 1: /kept: unable to decode byte 0xff", note(1, b',"kept":"SECRET \xff"'))

    def test_no_json(self):
        self.refused("notes: page 1: byte 50: /items/0/kept: no JSON value", note(1, b',"kept":NaN'))

    def test_ids_with_the_same_source_text(self):
        for first, second in ((b"\\u0000", b"\\\\u0000"), (b"\\\\ud800", b"\\ud800")):
            with self.subTest(first=first):
                self.refused("notes: page 1: item 2: its id came before and holds an escape, so it may be another one",
                             b'{"id":"%s","owner":12},{"id":"%s","owner":12}' % (first, second))

    def test_cursor_with_a_nul(self):
        service, folder = place(note(1)), scratch("cursor")
        page = service.parent / "store/people/12/notes.json"
        page.write_bytes(page.read_bytes().replace(b"null", b'"c2\\u0000"'))
        run = try_export("12", folder, description=service)
        self.assertEqual((run.code, leftovers(folder)), (1, []), run)

    def test_request_with_a_nul(self):
        request = scratch("request") / "request.json"
        request.write_bytes(b'{"format":"holdall-request-1","subject":"12\\u0000"}')
        run = harness.holdall("export", "-s", place(note(1)), "--request", request, "-k", harness.secret_key(), "-o",
                              f"{scratch('out')}/")
        self.assertEqual(run.code, 2, run)


if __name__ == "__main__":
    harness.main()
