#!/usr/bin/python3
"""Proves what `holdall probe` promises: the ledger of real answers, suggestions that can be pasted, and never a value.

The answers are those of the sample service and of small stores made here. Every unknown field of those holds a canary,
which must not appear in anything that is printed. What is suggested is pasted, linted, probed again and exported.
"""

import json
import random
import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import harness  # noqa: E402
from harness import COMPLETE, holdall, schema, schema_errors, scratch  # noqa: E402

CANARY = "canary7f3a"
PERSON = "41"
PAGE = {"style": "cursor", "param": "after", "next": "/next"}


def category(name, record="record", **more):
    """A category with the least that a description allows."""
    return {"id": name, "record": record, "scope": ["access"], "from": {"api": "store", "get": "/u/{user_id}/" + name},
            "subject": "/user", "map": {"id": "/id"}} | more


class Shop:
    """A small service in a folder: its description, and the answers for PERSON."""

    def __init__(self, *categories, **answers):
        self.folder = scratch("shop")
        self.path = self.folder / "service.json"
        (self.folder / "store").mkdir()
        for name, answer in answers.items():
            self.answer(f"u/{PERSON}/{name.replace('__', '.')}", answer)
        self.describe(*categories)

    def answer(self, path, document):
        target = self.folder / "store" / f"{path}.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")

    def describe(self, *categories, **more):
        self.document = {
            "format": "holdall-service-1",
            "service": {"id": "shop", "name": "Shop", "controller": {"name": "Shop", "email": "privacy@shop.example"}},
            "subject": {"primary": "user_id", "pattern": "^[0-9]{1,12}$"},
            "apis": {"store": {"kind": "file", "root": "store"}}, "categories": list(categories)} | more
        self.write()

    def write(self):
        self.path.write_text(json.dumps(self.document), encoding="utf-8")

    def probe(self, *extra, code=0, subject=PERSON, **options):
        run = holdall("probe", "-s", self.path, "-u", subject, *extra, **options)
        if run.code != code:
            raise AssertionError(f"expected exit code {code}:\n{run}")
        if CANARY in run.out + run.err:
            raise AssertionError(f"a value was printed:\n{run}")
        return run

    def seen(self, *extra, **options):
        """{category id: its part of the JSON document}, which must fit the schema."""
        document = json.loads(self.probe("--format", "json", *extra, **options).out)
        wrong = schema_errors(document, schema("probe"))
        if wrong:
            raise AssertionError(f"the document does not fit: {wrong}")
        return {part["id"]: part for part in document["categories"]}

    def paste(self):
        """Pastes everything that the text output suggests into the description."""
        for name, members in pasted(self.probe("--suggest").out).items():
            target = next(entry for entry in self.document["categories"] if entry["id"] == name)
            target["map"] = target.get("map", {}) | members.get("map", {})
            target["keep"] = target.get("keep", []) + members.get("keep", [])
            target["omit"] = target.get("omit", {}) | members.get("omit", {})
            target["subject"] = members.get("subject", target["subject"])
        self.write()


def pasted(text):
    """{category: its suggested members} of the text output."""
    found, name = {}, None
    for line in text.splitlines():
        if line.startswith("# ") and " unknown field" in line:
            name = line[2:].split(":")[0]
            found[name] = []
        elif not line.startswith("#"):
            found[name].append(line)
    return {name: json.loads("{" + "\n".join(lines) + "}") for name, lines in found.items()}


def uses(part):
    return {field["pointer"]: field["use"] for field in part["fields"]}


def unknown(part):
    return [field["pointer"] for field in part["fields"] if field["use"] == "unknown"]


# An account in which every kind of field that a suggestion tells apart stands once.
RICH = {
    "id": "a1", "user": 41, "mail": f"{CANARY}@mail.example", "displayName": CANARY, "joined": 1767225600,
    "updatedAt": 1767225600123, "last_login": "2026-03-01T10:00:00+01:00", "emailVerified": True,
    "passwordHash": CANARY, "totp": {"seed": CANARY}, "recovery_codes": [CANARY], "api_key": CANARY,
    "token_count": 12, "avatar": f"https://cdn.shop.example/{CANARY}.png", "storage_key": f"u/41/{CANARY}",
    "settings": {"theme": CANARY, "push": {"token": CANARY}, "devices": [{"name": CANARY, "secret": CANARY}]},
    "orders": [{"id": CANARY}], "score": 1.5, "gone": None, "empty": {}, "nothing": [], "a/b~c": CANARY, "": CANARY,
    "\u202etrap\u0007": CANARY, "*": CANARY, "größe": CANARY, "birthday": "1990-02-03", "state": 7, "n0": [[CANARY]],
}


class Ledger(unittest.TestCase):
    def test_every_use_types_and_counts(self):
        shop = Shop(category("notes", map={"id": "/id", "created_at": "/at", "title": "/head/title"}, keep=["/tags"],
                             omit={"/tags/*/by": "third_party"}, **{"from": {
                                 "api": "store", "get": "/u/{user_id}/notes", "items": "/items"}}),
                    notes={"items": [
                        {"id": "1", "user": 41, "at": "2026-01-01T00:00:00Z", "head": {"title": "x", "more": CANARY},
                         "tags": [{"by": CANARY, "t": 1}, {"t": "u"}], "odd": 1},
                        {"id": "2", "user": "41", "at": CANARY, "head": None, "odd": CANARY}], "next": CANARY})
        part = shop.seen()["notes"]
        self.assertEqual(
            [(f["pointer"], f["use"], f.get("reason"), f["types"], f["items"]) for f in part["fields"]],
            [("/at", "mapped", None, ["string"], 1), ("/at", "unconverted", None, ["string"], 1),
             ("/head/more", "unknown", None, ["string"], 1), ("/head/title", "mapped", None, ["string"], 1),
             ("/id", "mapped", None, ["string"], 2), ("/odd", "unknown", None, ["integer", "string"], 2),
             ("/tags/*/by", "omitted", "third_party", ["string"], 1),
             ("/tags/*/t", "kept", None, ["integer", "string"], 1),
             ("/user", "mapped", None, ["integer", "string"], 2)])
        self.assertEqual((part["items"], part["items_failed"], part["limited"]), (2, 0, False))
        self.assertEqual(part["around"], [{"pointer": "/next", "use": "not_used", "types": ["string"]}])
        text = shop.probe().out
        self.assertIn("notes: 2 items, 2 unknown fields\n", text)
        self.assertRegex(text, r"(?m)^  /tags/\*/by +omitted: third_party +1  string$")
        self.assertRegex(text, r"(?m)^  /next +not used +string$")
        self.assertIn("# /next stands beside the items and is not used", shop.probe("--suggest").out)

    def test_sample_service(self):
        run = holdall("probe", "-s", harness.service(), "-u", COMPLETE)
        self.assertEqual((run.code, run.err), (0, ""), run)
        plan = json.loads(holdall("plan", "-s", harness.service(), "-u", COMPLETE, "--format", "json").out)
        run = holdall("probe", "-s", harness.service(), "-u", COMPLETE, "--format", "json")
        document = json.loads(run.out)
        self.assertEqual(schema_errors(document, schema("probe")), [])
        self.assertEqual({part["id"]: part["items"] for part in document["categories"] if part["items"]},
                         {part["id"]: part["records"] for part in plan["categories"] if part["records"]})
        self.assertEqual([part["id"] for part in document["categories"] if unknown(part)], [])
        self.assertEqual(holdall("probe", "-s", harness.service(), "-u", COMPLETE, "--format", "json", "--category",
                                 document["categories"][0]["id"]).out.count('"fields"'), 1)

    def test_nothing_is_left_behind_and_output_is_stable(self):
        folder = scratch("tmp")
        shop = Shop(category("rich", "account"), rich=RICH)
        for extra in ((), ("--suggest",), ("--format", "json")):
            first, again = [shop.probe(*extra, env=harness.environment(TMPDIR=folder)).out for _ in range(2)]
            if extra[-1:] == ("json",):
                first, again = [{**json.loads(text), "as_of": None} for text in (first, again)]
            self.assertEqual(first, again)
        self.assertEqual(list(folder.iterdir()), [])

    def test_terminal_is_safe(self):
        shop = Shop(category("rich", "account"), rich=RICH)
        for extra in ((), ("--suggest",), ("--format", "json")):
            text = shop.probe(*extra).out
            self.assertFalse({"\u202e", "\u0007", "\x1b"} & set(text), extra)


class Suggestions(unittest.TestCase):
    def test_what_is_guessed(self):
        shop = Shop(category("rich", "account"), rich=RICH)
        said = pasted(shop.probe("--suggest").out)["rich"]
        self.assertEqual(said["map"], {
            "email": "/mail", "display_name": "/displayName", "created_at": {"from": "/joined", "as": "unix_s"},
            "updated_at": {"from": "/updatedAt", "as": "unix_ms"}, "last_seen_at": "/last_login",
            "email_verified": "/emailVerified", "birth_date": "/birthday",
            "status": {"from": "/state", "as": "text"}})
        self.assertEqual(said["omit"], {pointer: "credential" for pointer in (
            "/api_key", "/passwordHash", "/recovery_codes", "/totp", "/settings/push/token",
            "/settings/devices/*/secret")})
        self.assertEqual(set(said["keep"]), {
            "/", "/*", "/a~1b~0c", "/avatar", "/empty", "/gone", "/größe", "/n0", "/nothing", "/orders", "/score",
            "/settings", "/storage_key", "/token_count", "/\u202etrap\u0007"})
        text = shop.probe("--suggest")
        for pointer in ("/avatar", "/storage_key", "/orders"):
            self.assertRegex(text.out, rf"(?m)^# {pointer} ")
        self.assertIn("judge each line", text.err)

    def test_next_page_that_is_misspelt(self):
        """Such a list would look whole after its first page."""
        for next_at, told in (("/nxet", True), ("/next", False)):
            with self.subTest(next_at):
                page = {"style": "cursor", "param": "after", "next": next_at}
                shop = Shop(category("notes", **{"from": {"api": "store", "get": "/u/{user_id}/notes", "items": "/items", "page": page}}),
                            notes={"items": [{"id": "1", "user": 41}], "next": None})
                said = shop.probe("--suggest").out
                self.assertEqual("# the first answer has nothing at /nxet, where" in said, told, said)

    def test_pasting_leaves_nothing_unknown(self):
        prompt = {"id": 5, "user": 41, "prompt": CANARY, "negative_prompt": CANARY, "created": "2026-02-01T00:00:00Z",
                  "date": "2026-02-01T00:00:00Z", "refs": [{"id": CANARY, "extra": CANARY}, {"id": CANARY}]}
        shops = [
            Shop(category("rich", "account"), rich=RICH),
            Shop(category("rich", "account", subject="request"), rich=RICH),
            Shop(category("mixed"), mixed=[RICH, RICH | {"id": "a2", "mail": 7, "settings": CANARY, "joined": CANARY,
                                                         "state": {"a": CANARY}, "orders": {"token": CANARY}}]),
            Shop(category("prompts", "prompt", map={
                "id": {"from": "/id", "as": "text"},
                "attachments": {"each": "/refs", "map": {"media_id": "/id"}}}), prompts=[prompt]),
            Shop(category("media", "media", map={"id": "/id", "title": "/a/title"}), media=[
                {"id": "1", "user": 41, "a": {"title": "x", "name": CANARY}, "hash": CANARY, "key": f"u/{CANARY}"},
                {"id": "2", "user": 41, "a": CANARY, "hash": CANARY, "fileName": CANARY}]),
            Shop(category("notes"), category("parts", subject="parent", **{"from": {"each": "notes", "items": "/parts"}}),
                 notes=[{"id": "1", "user": 41, "parts": [{"id": "p", "token": CANARY, "deep": [{"pin": 1}]}]}]),
            Shop(category("lost", map={"id": "/nowhere"}, subject="/owner"),
                 lost=[{"uuid": CANARY + str(n), "account_id": 41, "name": CANARY} for n in range(2)]),
        ]
        for number, shop in enumerate(shops):
            with self.subTest(number):
                broken = number == 6
                if broken:
                    self.assertIn("it lacks /owner", shop.probe(code=1).out)
                    self.paste_into_broken(shop)
                shop.paste()
                lint = holdall("lint", shop.path)
                self.assertEqual(lint.code, 0, lint)
                self.assertEqual({name: unknown(part) for name, part in shop.seen().items() if unknown(part)}, {})
                self.assertNotIn("{", shop.probe("--suggest").out)
                out = scratch("out")
                run = harness.try_export(PERSON, out, "--fail-on-drift", "--report", out / "r.json",
                                         description=shop.path)
                self.assertEqual(run.code, 0, run)
                self.assertEqual(harness.read_json(out / "r.json")["outcome"], "complete")

    def test_pasting_whatever_a_service_sends(self):
        names = ["name", "created", "createdAt", "token", "title", "0", "1", "*", "a/b", "~", "", "x y", "Ünï", "url", "key", "a", "id"]
        chance = random.Random(20261101)

        def value(depth):
            kind = chance.randrange(11 if depth < 3 else 7)
            if kind > 8:
                return [value(depth + 1) for _ in range(chance.randrange(3))]
            if kind > 6:
                return {chance.choice(names): value(depth + 1) for _ in range(chance.randrange(4))}
            return [CANARY, None, True, 1767225600, 12.5, "2026-02-01T00:00:00Z", 7][kind]

        for number in range(12 if harness.SANITIZED else 40):
            record = chance.choice(["account", "prompt", "media", "generation", "message", "record", "preference"])
            known = chance.choice([{}, {"keep": ["/a/*/name"]}, {"omit": {"/a/token": "security"}}, {"keep": ["/a/0"]}])
            with self.subTest(number, record=record, known=known):
                items = [{chance.choice(names): value(0) for _ in range(8)} | {"id": str(n), "user": 41} for n in range(4)]
                shop = Shop(category("things", record, **known), things=items)
                shop.paste()
                lint = holdall("lint", shop.path)
                self.assertEqual(lint.code, 0, lint)
                self.assertEqual(unknown(shop.seen()["things"]), [], shop.path.read_text(encoding="utf-8"))
                plan = holdall("plan", "-s", shop.path, "-u", PERSON)
                self.assertEqual((plan.code, "unknown to" in plan.out), (0, False), plan)

    def paste_into_broken(self, shop):
        """A description with a wrong id and a wrong subject, whose probe fails and suggests all the same."""
        members = pasted(shop.probe("--suggest", code=1).out)["lost"]
        self.assertEqual(members["map"]["id"], "/uuid")
        self.assertEqual(members["subject"], "/account_id")
        entry = shop.document["categories"][0]
        entry["map"], entry["subject"] = entry["map"] | members["map"], members["subject"]
        shop.write()

    def test_subject_is_found(self):
        shop = Shop(category("notes", subject="request"), notes=[{"id": "1", "owner_id": 41}, {"id": "2", "owner_id": "41"}])
        self.assertEqual(shop.seen()["notes"]["suggestions"], {"subject": "/owner_id"})
        shop = Shop(category("notes", subject="request"), notes=[{"id": "1", "owner_id": 41}, {"id": "2", "owner_id": 42}])
        self.assertNotIn("subject", shop.seen()["notes"]["suggestions"])

    def test_a_file_inside_an_unknown_object(self):
        shop = Shop(category("notes"), notes=[{"id": "1", "user": 41, "file": {
            "href": f"https://cdn.shop.example/{CANARY}.png", "name": f"{CANARY}.png", "more": [{"url": f"a/{CANARY}.png"}]}}])
        self.assertEqual(shop.seen()["notes"]["hints"], ['/file/href may say where a file is: see "media"'])

    def test_times_that_are_none(self):
        shop = Shop(category("notes"), notes=[{"id": "1", "user": 41, "created": 12, "updated": "soon"}])
        self.assertEqual(shop.seen()["notes"]["suggestions"], {"keep": ["/created", "/updated"]})
        shop = Shop(category("notes"), notes=[{"id": "1", "user": 41, "created": 1767225600000000}])
        self.assertEqual(shop.seen()["notes"]["suggestions"],
                         {"map": {"created_at": {"from": "/created", "as": "unix_us"}}})


class Failures(unittest.TestCase):
    def test_a_category_that_fails_does_not_hide_the_others(self):
        items = [{"id": "1", "user": 41, "x": CANARY}]
        shop = Shop(category("broken"), category("absent"), category("wrong", **{"from": {
            "api": "store", "get": "/u/{user_id}/wrong", "items": "/item"}}), category("lost"), category("good"),
            broken="{", wrong={"data": {"items": items}, "total": 1}, lost=[{"id": "1", "x": CANARY}], good=items)
        seen = shop.seen(code=1)
        errors = {name: part["error"]["code"] for name, part in seen.items() if "error" in part}
        self.assertEqual(errors, {"broken": "format", "absent": "gone", "wrong": "format", "lost": "format"})
        self.assertEqual(unknown(seen["good"]), ["/x"])
        self.assertEqual(uses(seen["lost"]), {"/id": "mapped", "/x": "unknown"})
        self.assertEqual(seen["lost"]["items_failed"], 1)
        self.assertEqual(seen["wrong"]["suggestions"], {"items": ["/data/items"]})
        run = shop.probe("--suggest", code=1)
        self.assertIn('in "from": "items": "/data/items"', run.out)
        self.assertIn("holdall: broken: ", run.err)

    def test_envelope_taken_for_an_item(self):
        shop = Shop(category("notes"), notes={"results": [{"id": "1", "user": 41}], "other": [{"a": 1}], "next": CANARY})
        part = shop.seen(code=1)["notes"]
        self.assertEqual(part["suggestions"], {"items": ["/results", "/other"]})
        self.assertEqual((part["items"], part["items_failed"]), (1, 1))
        shop.document["categories"][0]["from"]["items"] = "/results"
        shop.write()
        part = shop.seen()["notes"]
        self.assertEqual(part["suggestions"], {})
        self.assertEqual({entry["pointer"]: entry["use"] for entry in part["around"]},
                         {"/next": "not_used", "/other": "not_used"})
        self.assertEqual(len(part["hints"]), 1)

    def test_list_taken_for_an_object(self):
        shop = Shop(category("notes", **{"from": {"api": "store", "get": "/u/{user_id}/notes", "items": "/items"}}),
                    notes=[{"id": "1", "user": 41}])
        self.assertEqual(shop.seen(code=1)["notes"]["suggestions"], {"items": [""]})

    def test_another_person_is_refused(self):
        shop = Shop(category("mixed"), category("good"),
                    mixed=[{"id": "1", "user": 41}, {"name": 1}, {"id": "2", "user": 42, "x": CANARY}, {"id": "3", "y": 1}],
                    good=[{"id": "1", "user": 41}])
        run = shop.probe(code=4)
        self.assertIn("names another subject", run.out)
        self.assertIn("good: 1 item, 0 unknown fields", run.out)
        self.assertNotIn("/x", run.out)  # of the other person's item
        self.assertNotIn("/y", run.out)  # of what comes after it
        self.assertEqual(shop.seen(code=4)["mixed"]["error"]["code"], "subject")

    def test_broken_items_show_no_value(self):
        for text in ('{"id": "1", "x": "CANARY\\q"}', '{"id": "1", "x": "CANARY", "x": "CANARY"}', '{"id": CANARY}',
                     '{"id": "1", "x": "CANARY\u0001"}', '{"id": "1", "x": "CANARY \\ud800"}'):
            with self.subTest(text):
                shop = Shop(category("notes"), notes="[" + text.replace("CANARY", CANARY) + "]")
                self.assertEqual(shop.seen(code=1)["notes"]["error"]["code"], "format")

    def test_nested_failure(self):
        shop = Shop(category("notes"), category("parts", subject="parent", **{"from": {"each": "notes", "items": "/parts"}}),
                    notes=[{"id": "1", "user": 41, "parts": [{"x": 1}, {"id": "p", "y": CANARY}]}])
        seen = shop.seen(code=1)
        self.assertNotIn("error", seen["notes"])
        self.assertEqual((seen["parts"]["items"], seen["parts"]["items_failed"]), (2, 1))
        self.assertEqual(unknown(seen["parts"]), ["/x", "/y"])

    def test_exit_codes(self):
        shop = Shop(category("notes"), notes=[])
        shop.probe()
        shop.probe(subject="nobody", code=2)
        shop.probe("--category", "none", code=2)
        for wrong in (("--limit", "0"), ("--limit", "-1"), ("--limit", "x"), ("--format", "tap"), ("more",)):
            self.assertEqual(shop.probe(*wrong, code=2).out, "")
        shop.document["subject"]["resolve"] = {"api": "store", "get": "/u/{user_id}"}
        shop.write()
        self.assertEqual(shop.probe(code=6).out, "")
        shop.path.write_text("{}", encoding="utf-8")
        shop.probe(code=2)

    def test_request_document(self):
        shop = Shop(category("notes"), category("more"), notes=[{"id": "1", "user": 41}], more=[])
        request = {"format": "holdall-request-1", "subject": PERSON, "categories": ["notes"]}
        run = holdall("probe", "-s", shop.path, "--request", "-", stdin=json.dumps(request).encode())
        self.assertEqual((run.code, run.out.splitlines()[0]), (0, "notes: 1 item, 0 unknown fields"), run)
        self.assertNotIn("more:", run.out)


class Limit(unittest.TestCase):
    def test_pages_end_with_the_limit(self):
        pages = {f"notes{'__c' + str(n) if n else ''}": {
            "items": [{"id": f"{n}-{i}", "user": 41, f"f{n}": 1} for i in range(3)], "next": f"c{n + 1}", "total": 99}
            for n in range(3)}
        shop = Shop(category("notes", **{"from": {"api": "store", "get": "/u/{user_id}/notes", "items": "/items",
                                                  "page": PAGE | {"total": "/total"}}}), **pages)
        for limit, fields in ((1, {"/f0"}), (3, {"/f0"}), (4, {"/f0", "/f1"}), (9, {"/f0", "/f1", "/f2"})):
            part = shop.seen("--limit", str(limit))["notes"]
            self.assertEqual((part["items"], part["limited"], set(unknown(part))), (limit, True, fields))
        self.assertIn("notes: 4 items and more,", shop.probe("--limit", "4").out)
        # Without the limit the fourth page is missed, and so is the announced total.
        self.assertEqual(shop.seen(code=1)["notes"]["error"]["code"], "gone")

    def test_a_whole_list_is_not_limited(self):
        shop = Shop(category("notes"), notes=[{"id": str(n), "user": 41} for n in range(5)])
        part = shop.seen("--limit", "5")["notes"]
        self.assertEqual((part["items"], part["limited"]), (5, False))

    def test_nested_items_are_limited_too(self):
        shop = Shop(category("notes"), category("parts", subject="parent", **{"from": {"each": "notes", "items": "/parts"}}),
                    notes=[{"id": str(n), "user": 41, "parts": [{"id": f"{n}-{m}"} for m in range(4)]} for n in range(3)])
        seen = shop.seen("--limit", "6")
        self.assertEqual([(part["items"], part["limited"]) for part in seen.values()], [(3, False), (6, True)])

    def test_default(self):
        shop = Shop(category("notes"), notes=[{"id": str(n), "user": 41} for n in range(1001)])
        self.assertEqual(shop.seen()["notes"]["items"], 1000)


if __name__ == "__main__":
    harness.main()
