#!/usr/bin/python3
"""Proves that a proxy is used when the description names one, and never because the environment does."""

import sys
import unittest

sys.dont_write_bytecode = True
import fake  # noqa: E402
import harness  # noqa: E402

ELSEWHERE = "http://api.claakit.example"


def everywhere(**members):
    """Gives every API these members, and an address that only a proxy could reach."""
    def edit(document):
        for api in document["apis"].values():
            path = api["url"].rsplit("/", 1)[1]
            api.update(members, url=f"{ELSEWHERE}/{path}")
    return edit


class Proxy(unittest.TestCase):
    def test_environment_is_not_asked(self):
        """Whatever proxy the environment names, requests go to the service itself."""
        with fake.Server({}) as server:
            names = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
            env = harness.environment(**{name: server.other for name in names})
            archive = harness.export(harness.COMPLETE, description=fake.description(server), env=env)
            self.assertEqual(archive.export["outcome"], "complete")
            self.assertEqual(server.log(listener="other"), [])

    def test_description_names_one(self):
        """All requests pass it, whole addresses in their first lines, and NO_PROXY changes nothing."""
        with fake.Server({"page_form": "path"}) as server:
            path = fake.description(server, everywhere(proxy=server.other))
            archive = harness.export(harness.COMPLETE, description=path, env=harness.environment(NO_PROXY="*", no_proxy="*"))
            self.assertEqual(archive.export["outcome"], "complete")
            passed = server.log()
            self.assertEqual({entry["listener"] for entry in passed}, {"other"})
            self.assertTrue(all(entry["target"].startswith(ELSEWHERE + "/") for entry in passed))

    def test_password(self):
        """The password of a proxy is a secret of the description, with a scheme before it or without."""
        for scheme in ("http://", ""):
            changed = {"path": "/prompts", "put": "/data/0/prompt", "value": "it is CANARY-pr0xy"}
            with self.subTest(scheme), fake.Server({"page_form": "path", "edits": [changed]}) as server:
                path = fake.description(server, everywhere(proxy={"env": "THE_PROXY"}))
                address = f"{scheme}somebody:CANARY-pr0xy@{server.other.removeprefix('http://')}"
                run = harness.try_export(harness.COMPLETE, harness.scratch("out"), "--category", "prompts", description=path,
                                         env=harness.environment(THE_PROXY=address))
                self.assertEqual(run.code, 4, run)
                self.assertNotIn("CANARY", run.out + run.err)

    def test_address_behind_a_proxy(self):
        """What is written as an address that is not public is not asked of a proxy either."""
        with fake.Server({}) as server:
            def edit(document):
                for api in document["apis"].values():
                    api.pop("allow_addresses")
                    api["proxy"] = server.other
            run = harness.try_export(harness.COMPLETE, harness.scratch("out"), description=fake.description(server, edit))
            self.assertEqual(run.code, 4, run)
            self.assertIn("the address of 127.0.0.1 is not public", run.err)
            self.assertEqual(server.log(), [])

    def test_proxy_that_is_not_there(self):
        """It is not passed by: without it nothing is reached."""
        with fake.Server({}) as server:
            def edit(document):
                for api in document["apis"].values():
                    api.update(proxy="http://127.0.0.1:9", limits={"tries": 1})
            run = harness.try_export(harness.COMPLETE, harness.scratch("out"), description=fake.description(server, edit))
            self.assertEqual(run.code, 5, run)
            self.assertEqual(server.log(), [])


if __name__ == "__main__":
    harness.main()
