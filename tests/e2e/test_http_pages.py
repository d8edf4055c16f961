#!/usr/bin/python3
"""Proves that a list over HTTP gives the same archive as the store's files, however the service pages it, or is refused.

Every style of paging, lists that do not add up, details asked for one by one, GraphQL, and what the description's
limits allow at the same time. What goes wrong on the wire is for test_http_faults.py.
"""

import sys

sys.dont_write_bytecode = True
import harness  # noqa: E402
import httpcase  # noqa: E402
from fake import header  # noqa: E402
from httpcase import CURSOR, Case, category, limits, only_ids, posted, rules, side_by_side, trial  # noqa: E402

ITEMS = 92
QUERY = ("query Q($user: ID!, $first: Int, $after: String) { user(id: $user) { prompts(first: $first, after: $after) "
         "{ totalCount nodes pageInfo { endCursor hasNextPage } } } }")
COUNTED = {"total": "/total", "more": "/has_more", "size": 7}
PAGES = {
    "cursor": CURSOR,
    "token": {"style": "token", "param": "page_token", "size_param": "page_size", "size": 7, "next": "/next_page_token",
              "total": "/total_size"},
    "next_url": {"style": "next_url", "size_param": "limit", "size": 7, "next": "/links/next", "total": "/meta/total"},
    "link": {"style": "link_header", "size_param": "limit", "size": 7},
    "link_hard": {"style": "link_header", "rel": "next", "size_param": "limit", "size": 7},
    "number": {"style": "number", "param": "page", "size_param": "per_page", **COUNTED},
    "number0": {"style": "number", "param": "page", "start": 0, "size_param": "per_page", **COUNTED},
    "offset": {"style": "offset", "param": "offset", "size_param": "limit", **COUNTED},
}
BARE = ("link", "link_hard")


def paged(style, **changes):
    """An edit: prompts in another style of the service."""
    def edit(doc, _):
        asked = category(doc, "prompts")["from"]
        asked["get"] = f"/as/{style}" + asked["get"]
        page = {**PAGES[style], **changes}
        asked["page"] = {name: value for name, value in page.items() if value is not None}
        asked["items"] = "" if style in BARE else "/data"
        doc["defaults"].pop("page")
        for one in doc["categories"]:
            if "from" in one and "page" not in one["from"] and "each" not in one["from"]:
                one["from"]["page"] = {"style": "cursor", "param": "cursor", "next": "/meta/next"}
    return edit


def graphql(doc, _, member="prompts"):
    asked = category(doc, "prompts")["from"]
    asked.pop("get")
    asked.pop("query")
    asked.update(post="/graphql", error="/errors", items=f"/data/user/{member}/nodes",
                 body={"query": QUERY.replace("prompts", member), "variables": {"user": "{user_id}"}})
    asked["page"] = {"style": "cursor", "param": "/variables/after", "size_param": "/variables/first", "size": 20,
                     "next": f"/data/user/{member}/pageInfo/endCursor", "more": f"/data/user/{member}/pageInfo/hasNextPage",
                     "total": f"/data/user/{member}/totalCount"}


class Styles(Case):
    """Every style, its last page short or full, gives the bytes of the store."""

    def test_every_style(self):
        jobs = {style: lambda style=style: trial(edit=paged(style)) for style in PAGES}
        jobs["post"] = lambda: trial(edit=posted)
        jobs["graphql"] = lambda: trial(edit=graphql)
        jobs["one page"] = lambda: trial(edit=paged("cursor", size=None, size_param=None))
        jobs["last page full"] = lambda: trial(edit=paged("number", size=23, more=None))
        jobs["last page full, by offset"] = lambda: trial(edit=paged("offset", size=23, more=None, total=None))
        for name, done in side_by_side(jobs).items():
            with self.subTest(name):
                self.same(done)
                self.assertGreater(len(done.asked("prompts")) + len(done.asked("graphql")), 3, done)

    def test_pages_are_asked_for_as_described(self):
        done = trial(edit=paged("number0"))
        self.same(done)
        pages = [entry["target"].partition("?")[2].split("&") for entry in done.asked("/prompts")]
        self.assertNotIn("page=0", pages[0])
        self.assertIn("page=1", pages[1])
        self.assertTrue(all("per_page=7" in page for page in pages), pages)

    def test_bodies(self):
        done = trial(edit=posted)
        self.same(done)
        first, second = (harness.json.loads(entry["body"]) for entry in done.asked("prompts")[:2])
        self.assertEqual(first["filter"], {"user": harness.COMPLETE, "as_of": harness.AS_OF, "note": "{not_a_variable} { }"})
        self.assertEqual(first["page"], {"limit": 9})
        self.assertEqual((set(second["page"]), second["filter"]), ({"limit", "after"}, first["filter"]))
        self.assertEqual({header(entry, "Content-Type") for entry in done.asked("prompts")}, {"application/json"})

    def test_addresses_of_next_pages(self):
        """Absolute, from the root, only a query: jobs and tickets, and a list in the style next_url."""
        jobs = {f"{form} {only}": lambda form=form, only=only: trial({"page_form": form}, only=(only,), edit=edit)
                for form in ("absolute", "path", "query")
                for only, edit in (("generations", None), ("support", None), ("prompts", paged("next_url")))}
        for name, done in side_by_side(jobs).items():
            with self.subTest(name):
                self.same(done, (name.split()[1],))

    def test_caps_below_what_is_asked(self):
        """A service that hands out less than it is asked for: nothing is lost."""
        jobs = {f"{style} {total}": lambda style=style, total=total: trial(edit=paged(style, size=1000, total=total, more=None))
                for style in ("number", "number0", "offset", "cursor", "link") for total in (None, "/total")
                if style in ("number", "number0", "offset") or total is None}
        for name, done in side_by_side(jobs).items():
            with self.subTest(name):
                self.same(done)


    def test_totals_in_a_header(self):
        """A bare list has no room for its total: the header counts, on each style, and so does what it says wrongly or not at all."""
        def counted(**given):
            wrong = rules({"path": "/link/", **given}) if given else {}
            return lambda: trial(wrong, edit=paged("link", total_header="X-Total-Count"))
        said = {"right": (counted(), 0, None),
                "too many": (counted(headers={"X-Total-Count": "999"}), 1, r"prompts: the list has \d+ items where 999 were announced$"),
                "none": (counted(drop_headers=["X-Total-Count"]), 1, r"prompts: page \d+ announces no number of items at X-Total-Count$"),
                "no number": (counted(headers={"X-Total-Count": "many"}), 1, r"announces no number of items at X-Total-Count$")}
        for name, done in side_by_side({name: job for name, (job, _, _) in said.items()}).items():
            with self.subTest(name):
                if said[name][1]:
                    self.failed(done, 1, said[name][2])
                else:
                    self.same(done)


class Lies(Case):
    """Lists that do not add up are a named error (exit 1), or counted once."""

    def test_refused(self):
        def lie(style="cursor", code=1, when=None, **page):
            edit = {"post": posted, "graphql": graphql}.get(style) or paged(style)
            rule = {"path": "prompts|graphql", "page": page, **({"when": when} if when else {})}
            return lambda: trial(rules(rule), edit=edit)
        again = r"^holdall: prompts: page \d+ names a page as the next one that came before$"
        empty = r"^holdall: prompts: page \d+ names the next one with an empty or overlong cursor$"
        short = r"^holdall: prompts: the list has \d+ items where \d+ were announced$"
        said = {
            "repeated cursor": (lie(next="repeat", when={"from": 2}), again),
            "repeated first cursor": (lie(next="repeat"), r"^holdall: prompts: "),
            "loop to the first page": (lie(next="first", when={"from": 3}), again),
            "repeated address": (lie("next_url", next="repeat", when={"from": 2}), again),
            "repeated link": (lie("link", next="repeat", when={"from": 2}), again),
            "repeated cursor of a body": (lie("post", next="repeat", when={"from": 2}), again),
            "repeated cursor of GraphQL": (lie("graphql", next="repeat", when={"from": 2}), again),
            "empty cursor": (lie(next="empty"), empty),
            "empty token": (lie("token", next="empty"), empty),
            "empty address": (lie("next_url", next="empty"), empty),
            "empty cursor of GraphQL": (lie("graphql", next="empty"), empty),
            "more without a next one": (lie("post", next="absent", more=True),
                                        r"page 1 says that more follow and does not name"),
            "more without a next one, GraphQL": (lie("graphql", next="absent", more=True), r"says that more follow"),
            "ends early": (lie(next="end", when={"from": 2}), short),
            "announces more": (lie(total_off=1), short),
            "announces less": (lie(total_off=-1), short),
            "announces nothing": (lie(total=0), short),
            "an item is lost": (lie(drop=[3], when={"nth": 2}), short),
            "an item is lost, numbered": (lie("number", drop=[3], when={"nth": 2}), short),
            "says too early that it is the end": (lie("offset", more=False, when={"from": 2}), short),
        }
        for name, done in side_by_side({name: job for name, (job, _) in said.items()}).items():
            with self.subTest(name):
                self.failed(done, 1, said[name][1])
                self.assertLess(len(done.log), 200, done)

    def test_without_end(self):
        """Page after page is empty, and each names another one."""
        done = trial(rules({"path": "prompts", "page": {"next": "endless", "drop": list(range(25)), "total": 0}}),
                     edit=paged("cursor"))
        self.failed(done, 1, "prompts: 20 pages in a row hold nothing, and each names another one$")
        self.assertLess(len(done.log), 40)

    def test_more_than_was_announced_without_end(self):
        """Endless pages whose items are the last ones again: the server has no more, so its pages are empty."""
        done = trial(rules({"path": "prompts", "page": {"next": "endless"}}), edit=paged("cursor"))
        self.failed(done, 1, "prompts: 20 pages in a row hold nothing")

    def test_listed_twice(self):
        """An item that comes twice counts once: the archive is the same, and the report counts it."""
        done = trial(rules({"path": "prompts", "page": {"again": [0], "total_off": 1}, "when": {"nth": 2}},
                           {"path": "prompts", "page": {"total_off": 1}}), edit=paged("cursor"))
        self.same(done)
        self.assertEqual([one["duplicates"] for one in done.report["categories"] if one["id"] == "prompts"], [1])

    def test_gone_in_the_middle(self):
        """A page that is no longer there is no end of the list."""
        jobs = {style: lambda style=style: trial(rules({"path": "/prompts", "status": 404, "when": {"nth": 3}}),
                                                 edit=paged(style))
                for style in ("cursor", "next_url", "link")}
        jobs["410"] = lambda: trial(rules({"path": "/prompts", "status": 410, "when": {"nth": 3}}), edit=paged("cursor"))
        for name, done in side_by_side(jobs).items():
            with self.subTest(name):
                self.failed(done, 1,
                            r"^holdall: prompts: page 3: GET http://127.0.0.1:\d+/api/as/\w+/v1/users/\S+: HTTP 4(04|10)$")

    def test_gone_where_pages_are_counted(self):
        """Beyond the last page a service may answer 404; before it, the announced total gives it away."""
        def counted(nth, style="number", **changes):
            return lambda: trial(rules({"path": "/prompts", "status": 404, "when": {"from": nth}}),
                                 edit=paged(style, **changes))
        done = side_by_side({"end": counted(15, more=None, total=None), "early": counted(3, more=None),
                                      "early, nothing announced": counted(3, more=None, total=None)})
        self.same(done["end"])
        self.failed(done["early"], 1, "prompts: the list has 14 items where 92 were announced")
        self.assertEqual(done["early, nothing announced"].code, 0)  # nothing says that there was more

    def test_categories_that_are_not_there(self):
        gone = rules({"path": "/billing", "status": 404}, {"path": "/prompts", "status": 404})
        done = side_by_side({"empty": lambda: trial(gone, only=("billing",)), "error": lambda: trial(gone)})
        self.assertEqual(done["empty"].code, 0, done["empty"])
        self.failed(done["error"], 1, r"^holdall: prompts: GET \S+: HTTP 404$")

    def test_gone_for_good(self):
        """Only 404 is an empty list, or the end of a counted one: 410 is what a service answers in place of data that it had."""
        def empty(doc, _):
            category(doc, "prompts")["from"]["on_404"] = "empty"
        gone = {"path": "/prompts", "status": 410}
        done = side_by_side({"list": lambda: trial(rules(gone), edit=empty),
                             "page": lambda: trial(rules({**gone, "when": {"from": 3}}),
                                                   edit=paged("number", more=None, total=None))})
        self.failed(done["list"], 1, r"^holdall: prompts: GET \S+: HTTP 410$")
        self.failed(done["page"], 1, r"^holdall: prompts: page 3: GET \S+: HTTP 410$")

    def test_nobody(self):
        done = trial(rules({"path": "/v1/users/[^/]*$", "status": 404}))
        self.failed(done, 6, r"^holdall: the person: GET \S+: HTTP 404, so there is no such person$")

    def test_another_person(self):
        done = trial({"edits": [{"path": "/prompts", "put": "/data/3/user_id", "value": harness.TROUBLED}]})
        self.failed(done, 4, "prompts: page 1: item 4: /user_id names another subject; the whole export is refused$")

    def test_graphql_says_what_went_wrong(self):
        wrong = {"data": None, "errors": [{"message": "maintenance"}]}
        done = trial(rules({"path": "graphql", "body": wrong, "when": {"nth": 2}}), edit=graphql)
        self.failed(done, 1, "prompts: page 2: the service answers with an error at /errors$")


class Details(Case):
    """One more request for each item."""

    def test_same_records(self):
        done = trial(edit=only_ids)
        self.same(done)
        self.assertEqual(len(done.asked("/as/ids/v1/users", method="GET")), ITEMS + 4)

    def test_side_by_side_and_in_order(self):
        """Each answer takes a while: all of them together take much less, and keep their order."""
        slow = rules({"path": "/prompts/", "stall": 0.1, "stage": "request"})
        done = trial(slow, edit=only_ids)
        self.same(done)
        self.assertLess(done.seconds, ITEMS * 0.1 * 0.6 * httpcase.SLOW)

    def test_one_at_a_time(self):
        def edit(doc, server):
            only_ids(doc, server)
            limits(doc, concurrency=1)
        done = trial(rules({"path": "/prompts/", "stall": 0.02, "stage": "request"}), edit=edit)
        self.same(done)
        self.assertGreater(done.seconds, ITEMS * 0.02)

    def test_what_fails(self):
        """A detail that cannot be had is a missing record, with its cause; a list that cannot be had would be the run's end."""
        def one(status):
            def edit(doc, server):
                only_ids(doc, server)
                limits(doc, tries=2)
            return lambda: trial(rules({"path": "/prompts/prm_nx3b52jabesa", "status": status}), "--allow-partial", edit=edit)
        causes = {404: "gone", 410: "gone", 403: "forbidden", 400: "unavailable", 500: "unavailable"}
        for status, done in side_by_side({status: one(status) for status in causes}).items():
            with self.subTest(status):
                self.lacks(done, [("prompts", "record", causes[status])])
                line = done.report["missing"][0]
                self.assertEqual((line["http"], line["attempts"]), (status, 2 if status == 500 else 1))
                self.assertRegex(line["detail"], rf"^GET http://127.0.0.1:\d+: HTTP {status}")
                ledger = harness.read_lines(done.archive.tree / "data/missing.jsonl")
                self.assertEqual([(one["kind"], one["cause"]) for one in ledger], [("record", causes[status])])
                self.assertEqual(len(done.archive.export["categories"]), 1)
                counts = done.archive.export["categories"][0]["records"]
                self.assertEqual((counts["expected"], counts["delivered"], counts["missing"]), (ITEMS, ITEMS - 1, 1))

    def test_only_what_is_gone_may_pass(self):
        """policy.missing counts records too: a refused one is not gone."""
        def one(status):
            def edit(doc, server):
                only_ids(doc, server)
                doc["policy"]["missing"] = {"publish": "gone", "max_share": "0.5"}
            return lambda: trial(rules({"path": "/prompts/prm_nx3b52jabesa", "status": status}), edit=edit)
        done = side_by_side({status: one(status) for status in (404, 403)})
        self.lacks(done[404], [("prompts", "record", "gone")])
        self.assertEqual(done[404].report["published"], True)
        self.lacks(done[403], [("prompts", "record", "forbidden")])
        self.assertEqual((done[403].report["published"], harness.published(done[403].place / "out")), (False, []))

    def test_gone_list(self):
        """A later page that is gone is no empty list, also while nothing but ids came yet, however many are asked for at once."""
        def edit(doc, server):
            only_ids(doc, server)
            category(doc, "prompts")["from"]["page"] = {**CURSOR, "total": None}
            category(doc, "prompts")["from"]["on_404"] = "empty"
        gone = rules({"path": "/as/ids/v1/users/[^/]*/prompts[?]", "status": 404, "when": {"nth": 2}})
        for name, done in side_by_side({jobs: lambda jobs=jobs: trial(gone, "--jobs", jobs, edit=edit) for jobs in ("1", "16")}).items():
            with self.subTest(name):
                self.failed(done, 1, "prompts: page 2: GET .*: HTTP 404$")

    def test_what_others_would_have_found_inside(self):
        """Only what lies in the items is asked for: an item without its detail has no line of its own, so nothing else would tell."""
        def edit(doc, server):
            asked = category(doc, "generations")["from"]
            asked.update(get="/as/ids" + asked["get"], items="/data",
                         page={"style": "cursor", "param": "cursor", "next": "/meta/next"},
                         detail={"get": "/as/ids/v1/users/{user_id}/jobs/{id}", "item": "/data"})
            limits(doc, tries=2)

        def one(status, only, *extra):
            return lambda: trial(rules({"path": "/jobs/[^/?]*$", "status": status, "when": {"nth": 3}}), *extra,
                                 edit=edit, only=only)
        done = side_by_side({"gone": one(404, ("outputs",)), "refused": one(403, ("outputs",), "--allow-partial"),
                             "named": one(404, ("generations", "outputs"), "--allow-partial")})
        for name in ("gone", "refused"):
            self.failed(done[name], 1, r"generations: .*the detail of \S+: what lies in it cannot be known: GET \S+: HTTP 40[34]$")
        self.lacks(done["named"], [("generations", "record", "gone")])

    def test_recovers(self):
        done = trial(rules({"path": "/prompts/", "status": 503, "headers": {"Retry-After": "0"}, "when": {"each": 7}},
                           {"path": "/prompts/", "reset": "body", "when": {"nth": 3}}), edit=only_ids)
        self.same(done)
        self.assertGreater(done.report["retries"], 10)

    def test_answers_that_are_none(self):
        def answer(body):
            return lambda: trial(rules({"path": "/prompts/", "body": body, "when": {"nth": 4}}), edit=only_ids)
        said = {
            "another item": (answer({"data": {"id": "prm_other", "user_id": harness.COMPLETE}}), 1,
                             "another item than was asked for"),
            "another person": (answer({"data": {"id": "x", "user_id": harness.TROUBLED}}), 4, "names another subject"),
            "nothing": (answer({"data": None}), 1, "the answer has no item"),
            "no such place": (answer({"error": "x"}), 1, "/data"),
            "a list": (answer({"data": [{"id": "a"}, {"id": "b"}]}), 4, "lacks /user_id"),
            "no JSON": (answer("<html>busy</html>"), 1, "JSON|character"),
        }
        for name, done in side_by_side({name: job for name, (job, _, _) in said.items()}).items():
            with self.subTest(name):
                self.failed(done, said[name][1], rf"^holdall: prompts: page \d: the detail of \S+: .*({said[name][2]})")


class Limits(Case):
    """What the description allows at the same time is kept."""

    def test_concurrency(self):
        def edit(count):
            return lambda doc, server: limits(doc, concurrency=count)
        slow = rules({"path": "^/media/", "stall": 0.1, "stage": "request"})
        done = side_by_side({count: lambda count=count: trial(slow, only=("uploads",), edit=edit(count)) for count in (1, 4)})
        for count, one in done.items():
            self.same(one, ("uploads",))
        self.assertGreater(done[1].seconds, 17 * 0.1)
        self.assertGreater(done[4].seconds, 17 * 0.1 / 4)

    def test_requests_per_second(self):
        done = trial(only=("uploads",), edit=lambda doc,
                     server: doc["apis"]["media"].update(limits={"requests_per_second": 20}))
        self.same(done, ("uploads",))
        self.assertGreater(done.seconds, 16 / 20)


if __name__ == "__main__":
    harness.main()
