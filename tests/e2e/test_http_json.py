#!/usr/bin/python3
"""Proves that what a service sends as JSON arrives without a loss, or ends the run with a place and a reason.

Big integers, long decimals, NUL, half surrogates, members that stand twice, depth, byte order marks, cut texts, HTML,
nothing at all: over HTTP, in pages, in the answer that proves the person, in details. What the texts become is for
test_odd_json.py; here the wire must not change it.
"""

import re
import sys

sys.dont_write_bytecode = True
import harness  # noqa: E402
from httpcase import Case, limits, only_ids, rules, side_by_side, trial  # noqa: E402

PAGE = "/prompts[?](?!.*cursor)"
NEXT = "/prompts[?].*cursor"
PERSON = "/v1/users/[^/]*$"


def put(pointer, raw=None, path=PAGE, edit=None, **more):
    change = {"path": path, "put": pointer, **({"raw": raw} if raw is not None else more)}
    return lambda: trial({"edits": [change]}, edit=edit)


def first(done):
    """The first record of the prompts."""
    return done.archive.records(done.archive.export["categories"][0])[0]


class Kept(Case):
    """Whatever is JSON arrives as it was sent."""

    def test_numbers(self):
        """Kept numbers: integers within 2^53 stay numbers, all others keep their digits."""
        numbers = {"9007199254740991": 9007199254740991, "-9007199254740991": -9007199254740991,
                   "9007199254740993": "9007199254740993",
                   "18446744073709551616": "18446744073709551616",
                   "123456789012345678901234567890": "123456789012345678901234567890",
                   "0.1": "0.1", "1.50": "1.50", "1e400": "1e400", "-0": 0,
                   "0.12345678901234567890123456789": "0.12345678901234567890123456789",
                   "1E-7": "1E-7", "3.141592653589793238462643383279502884197": "3.141592653589793238462643383279502884197"}
        jobs = {text: put("/data/0/tags", f"[{text}]") for text in numbers}
        for text, done in side_by_side(jobs).items():
            with self.subTest(text):
                self.assertEqual(done.code, 0, done)
                found = first(done)["extra"]["tags"]
                self.assertEqual((found, type(found[0])), ([numbers[text]], type(numbers[text])))

    def test_texts(self):
        """NUL, half surrogates, control characters, what is beyond the first plane."""
        texts = {r'"a\u0000b"': "a\0b", r'"\ud800"': "\\ud800", r'"x\udc00y"': "x\\udc00y", r'"\ud83d\ude00"': "\U0001f600",
                 r'"\u001f\u007f\u2028"': "\x1f\x7f\u2028",
                 r'"\/\"\\"': '/"\\', '"\u202e\ufeff"': "\u202e\ufeff", '"\U0010ffff"': "\U0010ffff"}
        jobs = {text: put("/data/0/prompt", text) for text in texts}
        for text, done in side_by_side(jobs).items():
            with self.subTest(text):
                self.assertEqual((done.code, first(done)["text"]), (0, texts[text]), done)

    def test_space_and_marks(self):
        """A byte order mark, blanks, line ends and any media type leave the archive as it is."""
        jobs = {
            "text/plain": lambda: trial(rules({"path": "/prompts", "headers": {"Content-Type": "text/plain"}})),
            "text/html": lambda: trial(rules({"path": "/prompts", "headers": {"Content-Type": "text/html; charset=latin1"}})),
            "no type": lambda: trial(rules({"path": "/prompts", "drop_headers": ["Content-Type"]})),
            "in pieces": lambda: trial(rules({"path": "/prompts", "chunked": True, "trickle": 200000})),
        }
        for name, done in side_by_side(jobs).items():
            with self.subTest(name):
                self.same(done)
        one = '{"data":[],"meta":{"next":null,"total":0}}'
        for name, text in {"mark": "\ufeff" + one, "blanks": " \t\r\n" + one + "\n\n"}.items():
            with self.subTest(name):
                done = trial(rules({"path": "/prompts", "body": text}))
                self.assertEqual((done.code, done.archive.export["totals"]["records"]["expected"]), (0, 0), done)

    def test_deep(self):
        """64 levels are read; see Refused for 65."""
        done = put("/data/0/tags", path=PAGE, nested=60)()
        self.assertEqual(done.code, 0, done)

    def test_large(self):
        """An item of some megabytes."""
        done = put("/data/0/prompt", value="x" * 6_000_000)()
        self.assertEqual((done.code, len(first(done)["text"])), (0, 6_000_000), done)


class Refused(Case):
    """What is none, or what readers disagree about, ends the run with exit code 1 and says where."""

    said = {
        "twice": ({"repeat": "/data/2/prompt", "value": "b"}, "page 1: item 3: /prompt stands twice"),
        "twice, deep": ({"put": "/data/2/enhanced", "raw": '{"text":"a","text":"a"}'},
                        "page 1: item 3: /enhanced/text stands twice"),
        "twice, escaped": ({"put": "/data/2/enhanced", "raw": '{"text":"a","te\\u0078t":"b"}'},
                           "page 1: item 3: /enhanced/text stands twice"),
        "too deep": ({"put": "/data/1/tags", "nested": 70}, "page 1: .*(64|levels|deep)"),
        "much too deep": ({"put": "/data/1/tags", "nested": 100000}, "page 1: .*(64|levels|deep)"),
        "deep envelope": ({"put": "/meta/x", "nested": 100000}, "page 1: .*(64|levels|deep)"),
        "NaN": ({"put": "/data/1/tags", "raw": "NaN"}, "page 1: "),
        "Infinity": ({"put": "/data/1/tags", "raw": "[-Infinity]"}, "page 1: "),
        "leading zero": ({"put": "/data/1/tags", "raw": "[007]"}, "page 1: "),
        "plus": ({"put": "/data/1/tags", "raw": "[+1]"}, "page 1: "),
        "comma": ({"put": "/data/1/tags", "raw": "[1,]"}, "page 1: "),
        "comment": ({"put": "/data/1/tags", "raw": "[/*x*/1]"}, "page 1: "),
        "single quotes": ({"put": "/data/1/tags", "raw": "['a']"}, "page 1: "),
        "bare control": ({"put": "/data/1/prompt", "raw": '"a\tb"'}, "page 1: "),
        "bad escape": ({"put": "/data/1/prompt", "raw": '"\\x41"'}, "page 1: "),
        "half escape": ({"put": "/data/1/prompt", "raw": '"\\u12"'}, "page 1: "),
        "large item": ({"put": "/data/1/prompt", "value": "x" * 9_000_000}, "page 1: "),
        "items are a text": ({"put": "/data", "value": "none"}, "page 1: .*/data"),
        "no items": ({"remove": "/data"}, "page 1: .*/data"),
        "no id": ({"remove": "/data/3/id"}, "page 1: item 4: it has no id"),
        "cursor is an object": ({"put": "/meta/next", "value": {}}, "page 1 names the next one"),
    }

    def test_edits(self):
        jobs = {name: lambda edit=edit: trial({"edits": [{"path": PAGE, **edit}]}) for name, (edit, _) in self.said.items()}
        for name, done in side_by_side(jobs).items():
            with self.subTest(name):
                self.failed(done, 1, "^holdall: prompts: " + self.said[name][1])
                self.assertLess(len(done.sentence), 600)

    def test_items_and_totals(self):
        """What is no object belongs to nobody; a total that is none agrees with nothing."""
        jobs = {name: lambda edit=edit: trial({"edits": [edit]}) for name, edit in {
            "null": {"path": PAGE, "put": "/data/3", "value": None}, "number": {"path": PAGE, "put": "/data/3", "value": 7},
            "array": {"path": PAGE, "put": "/data/3", "value": [harness.COMPLETE]},
            "total": {"path": "/prompts", "put": "/meta/total", "value": "92"}}.items()}
        for name, done in side_by_side(jobs).items():
            with self.subTest(name):
                if name == "total":
                    self.failed(done, 1, "prompts: page 4 announces no number of items at /meta/total$")
                else:
                    self.failed(done, 4, "prompts: page 1: item 4: it lacks /user_id, so nothing says whose it is$")

    bodies = {
        "HTML": "<!doctype html><html><body>Please log in CANARY</body></html>", "nothing": "", "blanks": "  \n ",
        "a word": "null",
        "a text": '"data"', "cut": '{"data":[{"id":"a","user_id":"' + harness.COMPLETE + '","prompt":"CANARY',
        "cut behind the items": '{"data":[],"meta":{"next":',
        "more behind its end": '{"data":[],"meta":{"next":null,"total":0}} CANARY',
        "two answers": '{"data":[],"meta":{"total":0}}{"data":[]}',
        "a NUL": '{"data":[],"meta":{"total":0}}\0', "half a character": '{"data":[],"x":"\udcff","meta":{"total":0}}',
        "an array": "[]", "a number": "12",
        "JSON lines": '{"data":[]}\n{"data":[]}\n', "two marks": '\ufeff\ufeff{"data":[]}',
        "other encoding": '{"data":[]}'.encode("utf-16").decode("latin-1"),
    }

    def test_bodies(self):
        """Where the first page should be, the second, and the person; nothing of the text is told."""
        places = {"page 1": ("/prompts", {"nth": 1}, "^holdall: prompts: "),
                  "page 2": ("/prompts", {"nth": 2}, "^holdall: prompts: page 2: "),
                  "person": (PERSON, {"nth": 1}, "^holdall: the person: ")}
        jobs = {(place, name): lambda path=path, when=when, text=text: trial(rules({"path": path, "body": text, "when": when}))
                for place, (path, when, _) in places.items() for name, text in self.bodies.items()}
        for (place, name), done in side_by_side(jobs).items():
            with self.subTest(place=place, body=name):
                self.failed(done, 1, places[place][2])
                left = done.told + "".join(path.read_text() for path in done.place.glob("*.json*"))
                self.assertNotIn("CANARY", left)
                self.assertNotRegex(done.told, "[\x00-\x08\x0b-\x1f\x7f]")

    def test_empty_answers(self):
        """204, and 200 with no body, are not an empty list."""
        jobs = {status: lambda status=status: trial(rules({"path": "/prompts", "status": status, "body": "",
                                                           "when": {"from": 2}}),
                                                    edit=lambda doc, _: limits(doc, tries=1))
                for status in (200, 201, 202, 204, 205)}
        for status, done in side_by_side(jobs).items():
            with self.subTest(status):
                self.failed(done, 5 if status == 204 else 1, "^holdall: prompts: page 2: ")


class Elsewhere(Case):
    """The same in the places that no list is."""

    def test_person(self):
        """Identifiers of the person: a number is a text; what is none ends the run."""
        said = {
            "no identifier": ({"remove": "/links/helpdesk_id"}, 1,
                              "the answer that proves the person has no /links/helpdesk_id"),
            "an object": ({"put": "/links/helpdesk_id", "value": {"a": 1}}, 1, "is no text that could be"),
            "a NUL": ({"put": "/links/helpdesk_id", "raw": '"hd\\u0000x"'}, 1, "is no text that could be"),
            "a slash": ({"put": "/links/helpdesk_id", "value": "../hd_1"}, 0, None),
            "null": ({"put": "/links/helpdesk_id", "value": None}, 0, None),
            "big": ({"put": "/links/helpdesk_id", "raw": "123456789012345678901234567890"}, 0, None),
            "twice": ({"repeat": "/links/helpdesk_id", "value": "hd_1"}, 1, "helpdesk_id"),
        }
        jobs = {name: lambda edit=edit: trial({"edits": [{"path": PERSON, **edit}]}, only=("support",))
                for name, (edit, _, _) in said.items()}
        done = side_by_side(jobs)
        for name, one in done.items():
            with self.subTest(name):
                self.assertEqual(one.code, said[name][1], one)
                if said[name][2]:
                    self.failed(one, 1, "^holdall: .*" + said[name][2])
        self.assertEqual([entry["target"] for entry in done["a slash"].asked("/desk/")], ["/desk/requesters/..%2Fhd_1/tickets"])
        self.assertEqual(done["null"].asked("/desk/"), [])
        self.assertEqual(len(done["big"].asked("/desk/requesters/123456789012345678901234567890/")), 1)

    def test_details(self):
        changes = {  # the large one in some of hundreds of answers, which are slow to make
            "twice": ({"repeat": "/data/prompt", "value": "b"}, "/prompt stands twice"),
            "deep": ({"put": "/data/tags", "nested": 100}, "64|levels|deep"),
            "nothing": ({"put": "", "raw": ""}, ""),
            "large": ({"path": "/prompts/prm_[^/]*[ab]$", "put": "/data/prompt", "value": "x" * 9_000_000}, "limit|large|more than"),
        }
        jobs = {name: lambda edit=edit: trial({"edits": [{"path": "/prompts/prm_", **edit}]}, edit=only_ids)
                for name, (edit, _) in changes.items()}
        for name, done in side_by_side(jobs).items():
            with self.subTest(name):
                self.assertIn(done.code, (1, 3), done)
                if done.code == 1:
                    self.failed(done, 1, r"^holdall: prompts: page 1: the detail of \S+: .*(" + changes[name][1] + ")")
                else:
                    self.assertEqual({cause for _, _, cause in done.missing}, {"too_large"}, done)

    def test_ids_in_addresses(self):
        """An id that is no path segment is encoded, and never leaves its place."""
        ids = ["../../v1/users/" + harness.TROUBLED, "a/b?c#d", "%2e%2e", "\u00e9 \u202e", "a\nb"]
        edits = [{"path": "/as/ids/v1/users/[^/]*/prompts[?](?!.*cursor)", "put": f"/data/{number}/id", "value": text}
                 for number, text in enumerate(ids)]
        done = trial({"edits": edits}, "--allow-partial", edit=only_ids)
        asked = [entry["target"] for entry in done.log if re.search("/prompts/(?!prm_)", entry["target"])]
        self.assertEqual(len(asked), len(ids), done)
        for target in asked:
            self.assertRegex(target, "^/api/as/ids/v1/users/" + harness.COMPLETE + "/prompts/[A-Za-z0-9%._~-]+$")
        self.assertEqual((done.code, len(done.missing)), (3, len(ids)), done)
        self.assertNotIn("\n", [line["id"] for line in done.report["missing"]])


if __name__ == "__main__":
    harness.main()
