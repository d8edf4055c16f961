#!/usr/bin/python3
"""Proves that an address which the description does not allow is never contacted, however it is spelled.

The forbidden address is 127.0.0.2, and descriptions here allow 127.0.0.1 only. It is named by the description, by a
redirect, by a next page, by a file's address; its listener must not see one connection. Nothing here leaves loopback.
"""

import sys

sys.dont_write_bytecode = True
import harness  # noqa: E402
import httpcase  # noqa: E402
from httpcase import Case, by_address, category, rules, side_by_side, trial  # noqa: E402

ALLOWED = ["127.0.0.1/32"]
LIST = "/users/[^/]*/prompts"
NOT_PUBLIC = r"the address of \S+ is not public, and allow_addresses does not name it"
# What the system would take for 127.0.0.2; `{port}` is its listener's.
SPELLINGS = {
    "as it is": "http://127.0.0.2:{port}", "capitals": "HTTP://127.0.0.2:{port}", "whole number": "http://2130706434:{port}",
    "hexadecimal": "http://0x7f000002:{port}", "hexadecimal, capitals": "http://0X7F000002:{port}",
    "octal": "http://017700000002:{port}",
    "short": "http://127.2:{port}", "shorter": "http://127.0.2:{port}", "hexadecimal parts": "http://0x7f.0x0.0x0.0x2:{port}",
    "octal parts": "http://0177.0.0.02:{port}", "leading zeros": "http://127.000.000.002:{port}",
    "mixed": "http://0x7f.2:{port}",
    "mapped": "http://[::ffff:127.0.0.2]:{port}", "mapped, hexadecimal": "http://[::ffff:7f00:2]:{port}",
    "mapped, capitals": "http://[::FFFF:7F00:0002]:{port}", "mapped, whole": "http://[0:0:0:0:0:ffff:7f00:2]:{port}",
    "compatible": "http://[::127.0.0.2]:{port}", "translated": "http://[64:ff9b::7f00:2]:{port}",
    "6to4": "http://[2002:7f00:2::]:{port}",
    "trailing dot": "http://127.0.0.2.:{port}", "two dots": "http://127.0.0.2..:{port}",
    "user name": "http://ok@127.0.0.2:{port}", "user and password": "http://127.0.0.1:80@127.0.0.2:{port}",
    "user behind a slash": "http://127.0.0.1\\@127.0.0.2:{port}", "wide digits": "http://\uff11\uff12\uff17.0.0.2:{port}",
    "wide dots": "http://127\u30020\u30020\u30022:{port}", "escaped": "http://%31%32%37.0.0.2:{port}",
    "overflow": "http://127.0.0.258:{port}",
    "any address": "http://0.0.0.0:{port}", "any, short": "http://0:{port}",
    "another loopback": "http://127.255.255.254:{port}",
    "private": "http://[::ffff:10.0.0.1]:{port}", "loopback of six": "http://[::1]:{port}",
}
# Those of them that are addresses as the description may have them: the classifier refuses them, not the parser.
SOUND = ("as it is", "capitals", "mapped", "mapped, hexadecimal", "mapped, capitals", "mapped, whole", "compatible",
         "translated", "6to4",
         "any address", "another loopback", "private", "loopback of six")


def port_of(server):
    return server.forbidden.rpartition(":")[2]


def spelled(server, text):
    return text.replace("{port}", port_of(server))


def only_home(doc, _):
    for api in doc["apis"].values():
        api["allow_addresses"] = ALLOWED


class Refused(Case):
    """Exit code 4, and not one connection."""

    def untouched(self, done):
        self.assertEqual(done.asked(listener="forbidden"), [], done)
        self.assertNotIn("forbidden", {entry["listener"] for entry in done.log})

    def test_named_by_the_description(self):
        """Where the text is an address, its socket is refused; where it is none, nothing at all is contacted (exit 2)."""
        def run(text):
            def edit(doc, server):
                only_home(doc, server)
                doc["apis"]["core"]["url"] = spelled(server, text) + "/api"
            return trial(edit=edit)
        for name, done in side_by_side({name: lambda text=text: run(text) for name, text in SPELLINGS.items()}).items():
            with self.subTest(name):
                self.untouched(done)
                self.assertEqual(done.log, [])
                if name in SOUND and name != "capitals":
                    self.failed(done, 4, rf"^holdall: the person: GET http://\S+: {NOT_PUBLIC}$")
                else:
                    self.assertEqual(done.code, 2, done)

    def test_redirects(self):
        """With and without an allowed origin of that text."""
        def run(text, allowed):
            def edit(doc, server):
                only_home(doc, server)
                if allowed:
                    doc["apis"]["core"]["redirects"] = [spelled(server, text)]
            return trial(lambda server: rules({"path": LIST, "location": spelled(server, text) + "/api/x"}), edit=edit)
        jobs = {(name, False): lambda text=text: run(text, False) for name, text in SPELLINGS.items()}
        jobs.update({(name, True): lambda name=name: run(SPELLINGS[name], True) for name in SOUND})
        for (name, allowed), done in side_by_side(jobs).items():
            with self.subTest(name, allowed=allowed):
                self.untouched(done)
                if done.code == 2 and allowed:
                    self.assertIn("redirects", done.told)  # lint does not take this origin at all
                    continue
                self.failed(done, 4, NOT_PUBLIC + "$" if allowed else "it redirects")

    def test_redirects_of_files(self):
        def edit(doc, server):
            only_home(doc, server)
            doc["apis"]["media"]["redirects"] = [server.forbidden]
        done = trial(rules({"path": "^/media/", "listeners": ["main"], "redirect": {"to": "forbidden"}}), only=("uploads",),
                     edit=edit)
        self.untouched(done)
        self.failed(done, 4, f"uploads: a file of record .*{NOT_PUBLIC}$")

    def test_next_pages(self):
        """A next page on another origin is refused as such, whatever that is."""
        def run(text):
            edits = lambda server: [{"path": "/jobs$", "put": "/links/next",
                                     "value": spelled(server, text) + "/api/x"}]  # noqa: E731
            return trial(lambda server: {"edits": edits(server)}, only=("generations",), edit=only_home)
        for name, done in side_by_side({name: lambda text=text: run(text) for name, text in SPELLINGS.items()}).items():
            with self.subTest(name):
                self.untouched(done)
                self.assertIn(done.code, (1, 4), done)
                self.failed(done, done.code, "generations: page 2: the next page")

    def test_links(self):
        def scenario(server):
            return rules({"path": "/as/link/", "headers": {"Link": f'<{server.forbidden}/api/x>; rel="next"'}})

        def edit(doc, server):
            only_home(doc, server)
            asked = category(doc, "prompts")["from"]
            asked.update(get="/as/link" + asked["get"], items="", page={"style": "link_header"})
        done = trial(scenario, edit=edit)
        self.untouched(done)
        self.failed(done, 1, "prompts: page 2: the next page is named by an address outside the API$")

    def test_files(self):
        """Addresses of files, where the description allows that origin and where it does not."""
        def run(text, allowed):
            def edit(doc, server):
                only_home(doc, server)
                by_address(doc, "uploads", server, server.main, *([spelled(server, text)] if allowed else []))
            edits = lambda server: [{"path": "/uploads[?]per_page=10$", "put": "/uploads/2/url",  # noqa: E731
                                     "value": spelled(server, text) + "/media/x"}]
            return trial(lambda server: {"edits": edits(server), "sign": {"ttl": 600}}, only=("uploads",), edit=edit)
        jobs = {(name, False): lambda text=text: run(text, False) for name, text in SPELLINGS.items()}
        jobs.update({(name, True): lambda name=name: run(SPELLINGS[name], True) for name in SOUND})
        for (name, allowed), done in side_by_side(jobs).items():
            with self.subTest(name, allowed=allowed):
                self.untouched(done)
                if done.code == 2 and allowed:
                    self.assertIn("origins", done.told)
                    continue
                self.failed(done, 4, rf"uploads: a file of record .*{NOT_PUBLIC}" if allowed else "uploads: page 1: item 3: ")

    def test_token_address(self):
        def edit(doc, server):
            only_home(doc, server)
            doc["apis"]["core"]["auth"] = {"type": "oauth2_client_credentials", "token_url": server.forbidden + "/oauth/token",
                                           "client_id": "c", "client_secret": {"env": "CLIENT_SECRET"}}
        done = trial(edit=edit, env=harness.environment(CLIENT_SECRET="CANARY-secret"))
        self.untouched(done)
        self.failed(done, 4, f"the token: POST {done.origins['forbidden']}/oauth/token: {NOT_PUBLIC}$")

    def test_connections_of_others(self):
        """One API may contact it, and keeps its connection open; another that may not does not get it."""
        def edit(doc, server):
            only_home(doc, server)
            doc["apis"]["desk"].update(url=server.forbidden + "/desk", allow_addresses=["127.0.0.2/32"])
            doc["apis"]["core"]["redirects"] = [server.forbidden]
        rule = {"path": "/boards", "listeners": ["main"], "redirect": {"to": "forbidden"}}
        done = trial(rules(rule), only=("support", "boards"), edit=edit)
        self.failed(done, 4, f"boards: .*{NOT_PUBLIC}$")
        seen = done.asked(listener="forbidden")
        self.assertGreater(len(seen), 0)
        self.assertEqual([entry["target"] for entry in seen if "/desk/" not in entry["target"]], [])

    def test_proxy_of_the_environment(self):
        """It is never used, whatever it is called."""
        with httpcase.fake.Server() as other:
            env = {name: other.forbidden for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY")}
            done = trial(edit=only_home, env=harness.environment(**env))
            self.same(done)
            self.assertEqual(other.log(), [])


class Allowed(Case):
    """What the description allows is contacted."""

    def test_ranges(self):
        """A single address, a range, the word, and the mapped form."""
        def run(allowed, origin="forbidden"):
            def edit(doc, _):
                for api in doc["apis"].values():
                    api["allow_addresses"] = allowed
            return lambda: trial(edit=edit, origin=origin)
        jobs = {"address": run(["127.0.0.2/32"]), "range": run(["127.0.0.0/8"]), "word": run(["loopback"]),
                "one of several": run(["10.0.0.0/8", "127.0.0.2/32"])}
        for name, done in side_by_side(jobs).items():
            with self.subTest(name):
                self.same(done)

    def test_others(self):
        def run(*allowed):
            def edit(doc, _):
                for api in doc["apis"].values():
                    api["allow_addresses"] = list(allowed)
            return lambda: trial(edit=edit, origin="forbidden")
        jobs = {"none": run(), "private": run("private"), "link-local": run("link_local"),
                "next to it": run("127.0.0.1/32", "127.0.0.3/32"),
                "everything of six": run("::1/128", "fd00::/8")}
        for name, done in side_by_side(jobs).items():
            with self.subTest(name):
                self.failed(done, 4, NOT_PUBLIC)
                self.assertEqual(done.log, [])

    def test_six(self):
        def run(allowed):
            def edit(doc, _):
                for api in doc["apis"].values():
                    api["allow_addresses"] = allowed
            return trial(edit=edit, origin="main6")
        with httpcase.fake.Server() as server:
            if server.main6 is None:
                self.skipTest("there is no IPv6 here")
        self.same(run(["::1/128"]))
        self.same(run(["loopback"]))
        self.failed(run(["127.0.0.0/8"]), 4, NOT_PUBLIC)

    def test_names(self):
        """A name is judged by the address that it leads to."""
        def run(allowed):
            def edit(doc, server):
                for api in doc["apis"].values():
                    api.update(allow_addresses=allowed, url=api["url"].replace("127.0.0.1", "localhost"))
            return trial(edit=edit)
        self.same(run(["127.0.0.1/32"]))
        self.failed(run(["127.0.0.2/32"]), 4, "the address of localhost is not public")

    def test_name_of_two_addresses(self):
        """One that must not be contacted is passed over where the name has another: what breaks off there is tried again."""
        def edit(doc, _):
            for api in doc["apis"].values():
                api.update(allow_addresses=["::1/128"], url=api["url"].replace("[::1]", "localhost"))
        with httpcase.fake.Server() as server:
            if server.main6 is None:
                self.skipTest("there is no IPv6 here")
        done = trial(rules({"path": "/v1/users/[^/]*$", "reset": "body", "when": {"nth": 1}}), edit=edit, origin="main6")
        self.same(done)
        self.assertEqual(done.report["retries"], 1)

    def test_longest(self):
        """A request is sent with its whole address or not at all: cut by one character it would ask for something else."""
        def run(more):
            return trial(edit=lambda doc, _: category(doc, "prompts")["from"]["query"].update(x="y" * more + "z"))
        usual = len(run(0).asked("/prompts")[0]["target"])
        done = run(8191 - usual)
        self.assertEqual(len(done.asked("/prompts")[0]["target"]), 8191, done)
        done = run(8192 - usual)
        self.failed(done, 1, "prompts: the address of a request is larger than the limit of 8191 bytes")
        self.assertEqual(done.asked("/prompts"), [])


if __name__ == "__main__":
    harness.main()
