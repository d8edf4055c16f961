#!/usr/bin/python3
"""Proves where redirects lead and what goes with them: nowhere that the description does not allow, and never a secret.

Lists and files that are redirected to the same origin, to another port, to a scheme or a spelling that is none; loops;
what the other origin sees in its own log. Addresses that must not be contacted are for test_http_addresses.py.
"""

import sys

sys.dont_write_bytecode = True
import harness  # noqa: E402
from fake import header  # noqa: E402
from httpcase import Case, by_address, posted, rules, side_by_side, trial  # noqa: E402

SECRETS = {"X-Api-Key": "CANARY-key", "Authorization": "Bearer CANARY-token", "Cookie": "session=CANARY-cookie",
           "x-amz-security-token": "CANARY-aws"}
FIRST = {"nth": 1}
LIST = "/users/[^/]*/prompts"
MEDIA = "^/media/"


def plain(doc, server):
    for api in doc["apis"].values():
        api["headers"] = dict(SECRETS)


def secret(doc, server):
    """The same headers from the environment."""
    for api in doc["apis"].values():
        api["headers"] = {name: {"env": "CANARY_" + name.replace("-", "_")} for name in SECRETS}


def followed(edit, *names):
    """With redirects to these listeners allowed."""
    def both(doc, server):
        edit(doc, server)
        for api in doc["apis"].values():
            api["redirects"] = [server.origins[name] for name in names]
    return both


ENV = {"CANARY_" + name.replace("-", "_"): value for name, value in SECRETS.items()}
CASES = {"lists": (LIST, ("prompts",)), "files": (MEDIA, ("uploads",)), "the person": ("/v1/users/[^/]*$", ("prompts",))}


def moved(where, edit, to="other", when=None, status=302, **options):
    path, only = CASES[where]
    rule = {"path": path, "listeners": ["main"], "redirect": {"to": to, "status": status}}
    if when:
        rule["when"] = when
    return lambda: trial(rules(rule), only=only, edit=edit, env=harness.environment(**ENV), **options)


class Elsewhere(Case):
    """Another port is another origin."""

    def test_not_allowed(self):
        jobs = {(where, name): moved(where, edit) for where in CASES for name, edit in (("plain", plain), ("secret", secret))}
        for (where, name), done in side_by_side(jobs).items():
            with self.subTest(where=where, headers=name):
                self.failed(done, 4, r"it redirects to http://127.0.0.1:\d+, which the description does not allow$")
                self.assertIn(done.origins["other"], done.sentence)
                self.assertEqual(done.asked(listener="other"), [])
                self.assertNotIn("CANARY", done.told)

    def test_allowed(self):
        """It is followed, and the other origin sees none of the headers that are for this one."""
        jobs = {(where, name): moved(where, followed(edit, "other")) for where in CASES
                for name, edit in (("plain", plain), ("secret", secret))}
        for status in (301, 303, 307, 308):
            jobs["lists", status] = moved("lists", followed(plain, "other"), status=status)
        for (where, name), done in side_by_side(jobs).items():
            with self.subTest(where=where, headers=name):
                self.same(done, CASES[where][1])
                here, there = done.asked(listener="main"), done.asked(listener="other")
                self.assertGreater(len(there), 0)
                for one, value in SECRETS.items():
                    self.assertEqual({header(entry, one) for entry in here}, {value})
                    self.assertEqual({header(entry, one) for entry in there}, {None}, one)
                self.assertNotIn("CANARY", str([entry["headers"] for entry in there]))

    def test_authorization(self):
        """Each kind of credential stays at its origin."""
        kinds = {
            "bearer": ({"type": "bearer", "token": {"env": "CANARY_SECRET"}}, {"type": "bearer", "token": "CANARY-secret"}),
            "basic": ({"type": "basic", "username": "u", "password": {"env": "CANARY_SECRET"}},
                      {"type": "basic", "username": "u", "password": "CANARY-secret"}),
            "header": ({"type": "header", "name": "X-Secret", "value": {"env": "CANARY_SECRET"}},
                       {"type": "header", "name": "X-Secret", "value": "CANARY-secret"}),
        }

        def run(given, rule):
            def edit(doc, server):
                doc["apis"]["core"].update(auth=given, redirects=[server.other])
            redirect = {"path": LIST, "listeners": ["main"], "redirect": {"to": "other"}}
            return trial(rules(redirect, auth=[{"path": "^/api/", "listeners": ["main"], **rule}]), edit=edit,
                         env=harness.environment(CANARY_SECRET="CANARY-secret"))
        for name, done in side_by_side({name: lambda words=words: run(*words) for name, words in kinds.items()}).items():
            with self.subTest(name):
                self.same(done)
                self.assertGreater(len(done.asked(listener="other")), 0)
                for entry in done.asked(listener="other"):
                    self.assertEqual((header(entry, "Authorization"), header(entry, "X-Secret")), (None, None))

    def test_signed_by_the_service(self):
        """A key that is answered with a signed address at another port, as object stores do it."""
        rule = {"path": MEDIA, "listeners": ["main"], "redirect": {"to": "other", "signed": True}}
        guard = [{"path": MEDIA, "listeners": ["other"], "type": "bearer", "token": "nobody has it"}]
        done = trial(rules(rule, auth=guard), only=("uploads",), edit=followed(plain, "other"))
        self.same(done, ("uploads",))
        self.assertEqual({entry["status"] for entry in done.asked(listener="other")}, {200})
        self.assertNotIn("sig=", done.told + "".join(path.read_text() for path in done.place.glob("*.json*")))

    def test_an_address_is_bound_to_its_origins(self):
        """Where an API's answers may redirect to says nothing about the addresses that it hands out."""
        def edit(allowed):
            def both(doc, server):
                by_address(doc, "uploads", server, server.main, *([server.other] if allowed else []))
                doc["apis"]["media"]["redirects"] = doc["apis"]["core"]["redirects"] = [server.other]
            return both
        rule = {"path": MEDIA, "listeners": ["main"], "redirect": {"to": "other"}}
        done = side_by_side({allowed: lambda allowed=allowed: trial(rules(rule, sign={"ttl": 600}), only=("uploads",),
                                                                    edit=edit(allowed))
                             for allowed in (False, True)})
        self.failed(done[False], 4, "uploads: a file of record .* it redirects to .* which the description does not allow$")
        self.assertEqual(done[False].asked(listener="other"), [])
        self.same(done[True], ("uploads",))

    def test_there_and_back(self):
        """What comes home again may bring its headers again."""
        there = {"path": LIST, "listeners": ["main"], "redirect": {"to": "other"}, "when": FIRST}
        back = {"path": LIST, "listeners": ["other"], "redirect": {"to": "main"}}
        done = trial(rules(there, back), edit=followed(plain, "other"))
        self.same(done)
        self.assertEqual({header(entry, "X-Api-Key") for entry in done.asked(listener="other")}, {None})

    def test_secret_in_the_location(self):
        """A Location is an address like any other: what its query holds stands nowhere."""
        def to(target, code, edit=plain):
            return (lambda: trial(rules({"path": LIST, "listeners": ["main"], "redirect": {"to": target}, "when": FIRST}), "-v",
                                  edit=edit)), code
        jobs = {"refused": to("http://127.0.0.1:9/x?token=CANARY-1", 4),
                "no address": to("http://127.0.0.1 /?token=CANARY-2", 4),
                "gone": to("main", 5, plain)}
        jobs["gone"] = (lambda: trial(rules({"path": LIST + "[?].*CANARY", "status": 418}, {
            "path": LIST, "redirect": {"to": "main", "path": "{path}?token=CANARY-3"}, "when": FIRST})), 5)
        for name, done in side_by_side({name: job for name, (job, _) in jobs.items()}).items():
            with self.subTest(name):
                self.assertEqual(done.code, jobs[name][1], done)
                left = done.told + "".join(path.read_text() for path in done.place.rglob("*.json*"))
                self.assertNotIn("CANARY", left)


class Here(Case):
    """The same origin."""

    def test_followed(self):
        def location(text, path=LIST, only=("prompts",), when=None):
            return lambda: trial(rules({"path": path, "location": text, **({"when": when} if when else {})}), only=only), only
        target = f"/api/v1/users/{harness.COMPLETE}/prompts?limit=25"
        jobs = {
            "absolute path": location(target, when=FIRST), "relative": location("prompts?limit=25", when=FIRST),
            "query": location("?limit=25", when=FIRST),
            "dots": location("../../../v1/./users/../users/" + target.split("users/")[1], when=FIRST),
            "fragment": location(target + "#part", when=FIRST),
        }
        more = {
            "absolute": {"path": LIST, "redirect": {"to": "main"}, "when": {"each": 2}},
            "several": {"path": LIST, "redirect": {"to": "main"}, "when": {"until": 4}},
        }
        jobs.update({name: (lambda rule=rule: trial(rules(rule)), ("prompts",)) for name, rule in more.items()})
        jobs["files"] = (lambda: trial(rules({"path": MEDIA, "redirect": {"to": "main"}, "when": {"nth": 1, "per": "target"}}),
                                       only=("uploads",)), ("uploads",))
        for name, done in side_by_side({name: job for name, (job, _) in jobs.items()}).items():
            with self.subTest(name):
                self.same(done, jobs[name][1])
                self.assertEqual(done.report["retries"], 0)

    def test_next_pages_after_a_redirect(self):
        """The address of a next page starts where the page was asked for."""
        done = side_by_side({form: lambda form=form: trial(rules({"path": "/jobs", "redirect": {"to": "main"}, "when": FIRST},
                                                                 page_form=form),
                                                           only=("generations",)) for form in ("absolute", "path", "query")})
        for form, one in done.items():
            with self.subTest(form):
                self.same(one, ("generations",))

    def test_loops(self):
        """To itself, and to one address after the other."""
        jobs = {
            "itself": lambda: trial(rules({"path": LIST, "redirect": {"to": "main"}})),
            "on and on": lambda: trial(rules({"path": LIST, "redirect": {"to": "main", "path": "{path}?n={n}"}})),
            "two": lambda: trial(rules({"path": LIST, "listeners": ["main"], "redirect": {"to": "other"}},
                                       {"path": LIST, "listeners": ["other"], "redirect": {"to": "main"}}),
                                 edit=followed(plain, "other")),
        }
        for name, done in side_by_side(jobs).items():
            with self.subTest(name):
                self.failed(done, 5, r"^holdall: prompts: GET \S+: more than \d+ redirects")
                self.assertLess(len(done.log), 20)
        done = trial(rules({"path": MEDIA, "redirect": {"to": "main"}}), only=("profile",))
        self.lacks(done, [("profile", "file", "unavailable")])
        self.assertLess(len(done.log), 20)

    def test_too_many(self):
        """A long way that ends is too long, too; a short one is not."""
        done = side_by_side({count: lambda count=count: trial(rules({"path": LIST, "redirect": {"to": "main"},
                                                                     "when": {"until": count}}))
                             for count in (4, 12)})
        self.same(done[4])
        self.failed(done[12], 5, "more than")

    def test_without_a_location(self):
        jobs = {
            "none": lambda: trial(rules({"path": LIST, "status": 302})),
            "empty": lambda: trial(rules({"path": LIST, "location": "", "status": 302})),
            "too long": lambda: trial(rules({"path": LIST, "location": "/" + "a" * 20000})),
            "304": lambda: trial(rules({"path": LIST, "status": 304})),
            "300": lambda: trial(rules({"path": LIST, "status": 300})),
        }
        for name, done in side_by_side(jobs).items():
            with self.subTest(name):
                self.failed(done, 5, r"^holdall: prompts: GET \S+: (HTTP 30\d|more than \d+ redirects)")

    def test_a_post_is_not_redirected(self):
        done = trial(rules({"path": "/as/post/", "method": "POST", "redirect": {"to": "main", "status": 307}}), edit=posted)
        self.failed(done, 5, "POST .*HTTP 307 to a POST request$")


class Spellings(Case):
    """What is no address of http or https, or one that readers disagree about, is refused (exit 4); nothing is contacted."""

    def test_refused(self):
        texts = {
            "ftp": "ftp://127.0.0.1/x", "file": "file:///etc/hostname", "javascript": "javascript:alert(1)", "data": "data:,x",
            "gopher": "gopher://127.0.0.1:{port}/_GET%20/", "ws": "ws://127.0.0.1:{port}/",
            "HTTPS elsewhere": "HTTPS://127.0.0.1:{other}/x",
            "user name": "http://user@127.0.0.1:{other}/x", "user and password": "http://127.0.0.1:{port}@127.0.0.1:{other}/x",
            "no host": "http:///x", "only a scheme": "http:", "scheme without slashes": "http:127.0.0.1:{other}/x",
            "backslashes": "http:\\\\127.0.0.1:{other}\\x",
            "backslash in the host": "http://127.0.0.1:{other}\\@127.0.0.1:{port}/x",
            "network path": "//127.0.0.1:{other}/x", "network path, user": "//user@127.0.0.1:{port}/x",
            "three slashes": "///127.0.0.1:{other}/x",
            "blank": "http://127.0.0.1:{other} /x", "control": "http://127.0.0.1:{other}/\u0001",
            "tab": "ht\ttp://127.0.0.1:{other}/x",
            "port 0": "http://127.0.0.1:0/x", "port": "http://127.0.0.1:99999/x", "port of letters": "http://127.0.0.1:8o/x",
            "name of letters that are none": "http://l\u00f6calhost:{other}/",
            "percent in the host": "http://127.0.0.1%3a{other}/x",
            "no brackets": "http://::1:{other}/x", "zone": "http://[::1%25lo]:{other}/x",
            "open bracket": "http://[::1:{other}/x",
            "whole number": "http://2130706433:{other}/x", "hexadecimal": "http://0x7f.1:{other}/x",
            "octal": "http://0177.0.0.1:{other}/x",
            "short": "http://127.1:{other}/x", "trailing dot": "http://127.0.0.1.:{other}/x", "wrong escape": "/api/%zz",
        }

        def run(text):
            def scenario(server):
                port, other = (origin.rpartition(":")[2] for origin in (server.main, server.other))
                return rules({"path": LIST, "listeners": ["main"],
                              "location": text.replace("{port}", port).replace("{other}", other)})
            return trial(scenario, edit=followed(plain, "main"))
        for name, done in side_by_side({name: lambda text=text: run(text) for name, text in texts.items()}).items():
            with self.subTest(name):
                self.assertEqual(done.asked(listener="other"), [], done)
                self.assertEqual(len(done.asked("/prompts")), 1, done)
                self.failed(done, 4, "prompts: GET .*: it redirects")
                self.assertNotIn("CANARY", done.told)


if __name__ == "__main__":
    harness.main()
