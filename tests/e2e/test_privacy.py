#!/usr/bin/python3
"""Proves that data/privacy.json answers what GDPR Art. 15(1) asks, with what the description, its texts and the data say.

Each statement of the sample service's privacy policy must be found in it, in a category or in a list; the numbers in it
must be those of the archive; and `lint` must find what a catalogue lacks.
"""

import functools
import html
import json
import re
import sys
import unittest

sys.dont_write_bytecode = True
import harness  # noqa: E402
from harness import COMPLETE, TROUBLED, complete, holdall, scratch, troubled  # noqa: E402

# What the policy says, and where that is: a category, or "list/id", and words that must stand in its texts.
POLICY = [
    ("account: name, email address, profile details", "profile", ("name", "e-mail", "profile")),
    ("account: the ids of the account", "identifiers", ("know you",)),
    ("account credentials", "credentials", ("password", "provider", "since when", "Never a secret")),
    ("content: prompts", "prompts", ("prompts",)),
    ("content: other media used to generate", "uploads", ("Images", "videos", "other media", "generate")),
    ("content: how it was generated", "generations", ("prompt", "model", "settings")),
    ("content: images, videos", "outputs", ("images", "videos")),
    ("technical: device information, browser type, operating system, IP address", "devices",
     ("Device information", "browser type", "operating system", "IP address")),
    ("technical: IP address of sign-ins", "sessions", ("IP address",)),
    ("usage activity and log data", "activity", ("Usage activity", "log data")),
    ("cookies, local storage: sign-in, preferences and settings", "local_storage",
     ("Cookies", "local storage", "sign-in", "preferences", "settings")),
    ("preferences and settings", "preferences", ("preferences", "settings")),
    ("service notifications", "notifications", ("Service notifications",)),
    ("support requests", "support", ("support requests",)),
    ("use: improving AI models", "purposes/improve_models", ("improve our models",)),
    ("use: improving AI models, what was used", "training_use", ("improve our AI models",)),
    ("use: preventing abuse", "purposes/prevent_abuse", ("prevent abuse",)),
    ("use: preventing abuse, decisions", "moderation", ("prevent abuse",)),
    ("use: legal obligations", "purposes/legal", ("legal obligations",)),
    ("use: consent", "consents", ("agreed to",)),
    ("retention", "retention/account", ("30 days after you delete",)),
    ("sharing: hosting", "recipients/hosting", ("Hosting providers",)),
    ("sharing: AI processing", "recipients/ai_processing", ("models run",)),
    ("sharing: analytics", "recipients/analytics", ("statistics",)),
    ("sharing: payment", "recipients/payment", ("Payment",)),
    ("disclosures for legal obligations", "disclosures", ("legal obligations",)),
    *((f"right: {word}", f"rights/{right}", (word,)) for right, word in (
        ("access", "Access"), ("rectification", "Correction"), ("erasure", "Deletion"), ("portability", "Portability"),
        ("objection", "Objection"), ("restriction", "Restriction"), ("withdraw_consent", "Withdrawal"))),
]
RIGHTS = {"access", "rectification", "erasure", "restriction", "portability", "objection", "withdraw_consent"}


def privacy(archive):
    return harness.read_json(archive.tree / "data/privacy.json")


@functools.cache
def document():
    return privacy(complete())


def texts_of(value, path=""):
    """(path, text) of every text for people in the answer."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(inner, (dict, list)):
            yield from texts_of(inner, f"{path}/{key}")
        elif isinstance(inner, str) and key not in ("format", "language", "id", "origin", "state", "retention", "category") and path != "/service":
            if not path.endswith(("/purposes", "/recipients")):
                yield f"{path}/{key}", inner


def catalogue(key, count):
    return harness.read_json(harness.root() / "src/view/catalogue/en.json")[key].format(count=count)


def by_id(entries):
    return {entry["id"]: entry for entry in entries}


def changed(change):
    """The description of the sample service and its texts with a CHANGE(description, texts of en): its path."""
    folder = scratch("changed")
    doc = harness.read_json(harness.service())
    for api in doc["apis"].values():
        if "root" in api:
            api["root"] = str(harness.fixture(api["root"]))
    (folder / "privacy").mkdir()
    texts = {language: harness.read_json(harness.fixture("privacy", f"{language}.json")) for language in ("en", "de")}
    change(doc, texts["en"]["texts"])
    for language, catalogue in texts.items():
        (folder / f"privacy/{language}.json").write_text(json.dumps(catalogue), encoding="utf-8")
    (folder / "service.json").write_text(json.dumps(doc), encoding="utf-8")
    return folder / "service.json"


class Policy(unittest.TestCase):
    def test_each_statement(self):
        categories = by_id(document()["categories"])
        for statement, place, words in POLICY:
            where, _, entry = place.partition("/")
            found = by_id(document()[where])[entry]["text"] if entry else categories[where]["title"] + ". " + categories[where]["text"]
            for word in words:
                self.assertIn(word, found, statement)

    def test_each_on_the_page(self):
        """Whatever the answer says, a person finds who reads the page about it."""
        page = (complete().tree / "viewer/privacy.html").read_text(encoding="utf-8")
        page = html.unescape(re.sub(r"</?bdi[^>]*>", "", page))
        for path, text in texts_of(document()):
            self.assertIn(text, page, path)
        self.assertIn(catalogue("view_disclosures_made", 0), page)

    def test_what_is_no_text_of_a_list(self):
        found, controller = document(), harness.read_json(harness.service())["service"]["controller"]
        self.assertIs(found["sold_or_shared"], False)
        self.assertEqual(found["policy"], {"url": "https://claakit.example/privacy", "last_updated": "2026-03", "version": "4"})
        self.assertEqual(found["controller"], {name: controller[name] for name in ("name", "email", "address", "privacy_officer")})
        for word in ("legal, security or compliance reasons", "listed", "ground"):
            self.assertIn(word, found["exceptions"])
        self.assertIs(found["automated_decisions"]["used"], True)
        self.assertTrue(found["transfers"] and found["sources"] and found["on_your_device"])

    def test_german_says_as_much(self):
        """The same members, and another text in the place of each."""
        def compare(one, other, path=""):
            self.assertIs(type(one), type(other), path)
            if isinstance(one, (dict, list)):
                pairs = one.items() if isinstance(one, dict) else enumerate(one)
                self.assertEqual(list(one) if isinstance(one, dict) else len(one), list(other) if isinstance(one, dict) else len(other), path)
                for key, value in pairs:
                    compare(value, other[key], f"{path}/{key}")
            elif path.endswith(("/text", "/how", "/exceptions")):
                self.assertNotEqual(one, other, path)
        german = privacy(harness.export(COMPLETE, "--language", "de"))
        compare(document(), german)
        self.assertEqual(german["language"], "de")


class Rights(unittest.TestCase):
    def test_each_with_a_way_and_an_address(self):
        rights = by_id(document()["rights"])
        self.assertLessEqual(RIGHTS, set(rights))
        for right in rights.values():
            self.assertTrue(right["how"] and right["url"].startswith("https://") and "@" in right["email"], right)
        self.assertEqual(rights["erasure"]["url"], "https://claakit.example/settings/delete")
        self.assertEqual(rights["objection"]["url"], "https://claakit.example/privacy#rights")
        self.assertEqual(document()["complaint"]["url"], "https://claakit.example/privacy#complaint")


class Categories(unittest.TestCase):
    def test_ids_lead_to_texts(self):
        found = document()
        for category in found["categories"]:
            for member in ("purposes", "recipients"):
                self.assertLessEqual(set(category.get(member, [])), set(by_id(found[member])), category)
            self.assertIn(category.get("retention", "account"), by_id(found["retention"]))
        for purpose in found["purposes"]:
            self.assertIn("GDPR Art. 6", purpose["legal_basis"])

    def states(self, archive):
        return {category["id"]: category["state"] for category in privacy(archive)["categories"]}

    def test_states(self):
        """Held, or confirmed to be empty, by the counts of the archive."""
        for archive in (complete(), troubled()):
            states = self.states(archive)
            self.assertIn("confirmed_empty", states.values())
            for category in archive.export["categories"]:
                if category["record"] != "none":
                    some = category["records"]["expected"] + category["files"]["expected"] > 0
                    self.assertEqual(states[category["id"]], "held" if some else "confirmed_empty", category)
            self.assertEqual((states["biometrics"], states["local_storage"]), ("not_collected", "on_your_device"))

    def test_what_was_not_asked_for_is_not_confirmed(self):
        archive = harness.export(COMPLETE, "--category", "profile")
        states = self.states(archive)
        self.assertEqual((states.pop("profile"), states.pop("biometrics"), states.pop("local_storage")),
                         ("held", "not_collected", "on_your_device"))
        self.assertEqual(set(states.values()), {"not_requested"})
        self.assertNotIn("made", privacy(archive)["disclosures"])

    def test_disclosures_made(self):
        made = []
        for archive in (complete(), troubled()):
            category = by_id(archive.export["categories"])["disclosures"]
            made.append(privacy(archive)["disclosures"]["made"])
            self.assertEqual(made[-1], category["records"]["expected"])
        self.assertEqual((made[0] == 0, made[1] > 0), (True, True))


class Lint(unittest.TestCase):
    def check(self, change, *due, code=2):
        run = holdall("lint", changed(change))
        self.assertEqual(run.code, code, run)
        for word in due:
            self.assertEqual(run.err.count(word), 1, run)

    def test_what_the_texts_lack(self):
        def recipient(doc, texts):
            doc["categories"][0]["privacy"]["recipients"] = doc["categories"][1]["privacy"]["recipients"] = ["hosting", "courier"]
            del texts["recipients.hosting"]

        def address(doc, texts):
            doc["privacy"]["rights_urls"] = {"erase": "https://claakit.example/", "$comment": "Two.", "access": "https://claakit.example/"}
            del texts["rights.access"]
        self.check(recipient, "en.json:/texts: there is no text 'recipients.courier'", "en.json:/texts: there is no text 'recipients.hosting'")
        self.check(address, "en.json:/texts: there is no text 'rights.erase'", "en.json:/texts: there is no text 'rights.access'")

    def test_what_may_be_absent(self):
        def change(_, texts):
            for key in [key for key in texts if key.startswith(("how.", "about.")) or key == "exceptions"]:
                del texts[key]
        self.check(change, code=0)
        found = privacy(harness.export(COMPLETE, "--category", "profile", description=changed(change)))
        self.assertNotIn("exceptions", found)
        self.assertFalse(any("text" in category for category in found["categories"]) or any("how" in right for right in found["rights"]))

    def test_retention_beyond_the_categories(self):
        def change(doc, texts):
            doc["privacy"]["retention"] = ["backups", "account"]
            texts["retention.backups"] = "Thirty days in backups."
        description = changed(lambda doc, texts: (change(doc, texts), doc["service"].update(languages=["en"])))
        found = privacy(harness.export(COMPLETE, "--category", "profile", description=description))
        self.assertEqual([entry["id"] for entry in found["retention"]][:2], ["backups", "account"])
        self.assertEqual(len(by_id(found["retention"])), len(found["retention"]))


class Verify(unittest.TestCase):
    def test_a_preview_is_no_answer(self):
        import bagforge
        forged = bagforge.Forged(complete())
        forged.edit("data/privacy.json", lambda doc: doc.update(sample=True))
        forged.reseal()
        run = holdall("verify", forged.tree, "-p", harness.public_key())
        self.assertEqual(run.code, 1, run)
        self.assertIn("is a preview with made-up values", run.out + run.err)


if __name__ == "__main__":
    harness.main()
