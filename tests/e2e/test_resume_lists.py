#!/usr/bin/python3
"""Proves that an interrupted list goes on at the page where it was, in every style of paging, and begins anew where that page is no more.

A run writes its position down between two pages, at most every two seconds: so one page of each list is slow here, and
the service fails behind it. Nothing may be lost and nothing come twice: the archive of the resumed run is that of an
export of the store's own files.
"""

import concurrent.futures
import functools
import signal
import sys
import unittest

sys.dont_write_bytecode = True
import harness  # noqa: E402
import httpcase  # noqa: E402
from harness import COMPLETE, kept, published  # noqa: E402
from httpcase import CURSOR, Case, category, limits, only_ids, posted, rules, service  # noqa: E402
from resumecase import Target  # noqa: E402
from test_http_pages import PAGES, graphql, paged  # noqa: E402

SLOW = 2.3
AWAY = {"status": 503, "headers": {"Retry-After": "4000"}}


class Story:
    """Two or more runs over one target, and what each asked for."""

    def __init__(self, server, edit, only="prompts", path="/prompts"):
        def once(doc, server):
            if edit:
                edit(doc, server)
            limits(doc, tries=1)
        self.target = Target(httpcase.description(server, once), server, COMPLETE, (only,))
        self.only, self.path, self.runs = only, path, []

    def ends(self, slow=3, last=4):
        """A run in which page SLOW takes long, and the pages behind page LAST do not come."""
        self.runs.append(self.target.run(scenario=rules(slow_page(slow, path=self.path), away_from(last + 1, self.path))))
        return self

    def goes_on(self, *faults, code=0, **more):
        """A run with --resume, against a service with these rules."""
        self.runs.append(self.target.run("--resume", scenario=rules(*faults, **more)))
        return self

    def pages(self, number):
        """What run NUMBER asked for, as (address, body)."""
        return [(entry["target"], entry["body"]) for entry in self.runs[number].asked(self.path)]


JOBS = {}


def story(name):
    """The story of this name. All are told side by side, since each of them mostly waits."""
    return _all()[name].result()


@functools.cache
def _all():
    harness.keys()
    pool = concurrent.futures.ThreadPoolExecutor(httpcase.SIDE_BY_SIDE)
    unittest.addModuleCleanup(pool.shutdown, cancel_futures=True)
    return {name: pool.submit(job) for name, job in JOBS.items()}


def job(name, *arguments):
    """The function below tells the story NAME, from these arguments."""
    def note(function):
        JOBS[name] = lambda: function(*arguments)
        return function
    return note


def tale(name, edit, *faults, only="prompts", path="/prompts", slow=3, last=4):
    """A run that ends, and one that goes on against a service with these rules."""
    @job(name)
    def tell():
        with service() as server:
            return Story(server, edit, only, path).ends(slow, last).goes_on(*faults)


class Resumed(Case):
    def told(self, story):
        """The first run ended as it should, and left its work."""
        first = story.runs[0]
        self.assertEqual((first.code, first.report["resumable"]), (5, True), first)

    def whole(self, story):
        """The last run gave the bytes of an export of the store's own files, and nothing is left."""
        self.same(story.runs[-1], (story.only,))
        self.assertEqual(kept(story.target.out), [])
        self.assertNotIn("repeated:", story.runs[-1].run.out)

    def further(self, story, page=4):
        """The second run began with page PAGE of the first one, and asked for no page before it."""
        self.told(story)
        self.whole(story)
        first, second = story.pages(0), story.pages(1)
        self.assertEqual(second[0], first[page - 1])
        self.assertEqual(set(second) & set(first[:page - 1]), set())
        self.assertEqual(len(second), len(set(second)))

    def anew(self, story, page=4):
        """The second run asked for page PAGE, where the first one was, and then for everything from the first page on."""
        self.told(story)
        self.whole(story)
        first, second = story.pages(0), story.pages(1)
        self.assertEqual(second[:3], [first[page - 1], *first[:2]])


STYLES = [*PAGES, "post", "graphql", "nested"]
FORMS = (("next_url", "query"), ("next_url", "path"), ("link_hard", "absolute"), ("link", "query"))
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
for style in PAGES:
    tale(style, paged(style))
tale("post", posted)
tale("graphql", graphql, path="/graphql", slow=2, last=3)
tale("nested", None, only="generations", path="/jobs", slow=2, last=3)
tale("outputs", None, only="outputs", path="/jobs", slow=2, last=3)


def slow_page(*numbers, path="/prompts"):
    return {"path": path, "stall": SLOW, "stage": "request", "when": {"nth": list(numbers)}}


def away_from(number, path="/prompts"):
    return {"path": path, **AWAY, "when": {"from": number}}


def formed(style, form):
    """A next page by an address that only means something beside the page before."""
    with service() as server:
        told = Story(server, paged(style))
        told.runs.append(told.target.run(scenario=rules(slow_page(3), away_from(5), page_form=form)))
        return told.goes_on(page_form=form)


def signalled(number):
    """A run that is stopped, or killed, while it waits for a page."""
    with service() as server:
        told = Story(server, paged("cursor"))
        rest = {"path": "/prompts", "stall": 600, "stage": "request", "when": {"nth": 5}}
        told.runs.append(told.target.stopped(number, "/prompts", scenario=rules(slow_page(3), rest), times=5))
        return told.goes_on()


for pair in FORMS:
    job(pair, *pair)(formed)
for which in SIGNALS:
    job(which, which)(signalled)


@job("several times")
def several_times():
    with service() as server:
        told = Story(server, paged("token")).ends()
        return told.goes_on(slow_page(2), away_from(4)).goes_on(slow_page(2), away_from(4)).goes_on()


@job("two categories")
def two_categories():
    def edit(doc, server):
        paged("cursor")(doc, server)
        limits(doc, tries=1)
    with service() as server:
        target = Target(httpcase.description(server, edit), server, COMPLETE, ("prompts", "boards"))
        first = target.run(scenario=rules(slow_page(1, path="/boards"), away_from(2, "/boards")))
        return first, target.run("--resume")


class Positions(Resumed):
    def test_every_style(self):
        for name in STYLES:
            with self.subTest(name):
                self.further(story(name), 3 if name in ("graphql", "nested") else 4)

    def test_relative_addresses(self):
        for pair in FORMS:
            with self.subTest(pair):
                self.further(story(pair))

    def test_items_inside_items(self):
        """Outputs lie in generations: both lists go on, with their files."""
        self.further(story("outputs"), 3)

    def test_signals_and_kills(self):
        for number in SIGNALS:
            with self.subTest(number):
                told = story(number)
                self.assertEqual(told.runs[0].code, -9 if number == signal.SIGKILL else 128 + number)
                self.whole(told)
                first, second = told.pages(0), told.pages(1)
                self.assertEqual((second[0], set(second) & set(first[:3])), (first[3], set()))

    def test_several_times(self):
        """The position moves on from run to run."""
        told = story("several times")
        self.whole(told)
        pages = list(dict.fromkeys(page for number in range(4) for page in told.pages(number)))
        self.assertEqual([pages.index(told.pages(number)[0]) for number in range(4)], [0, 3, 5, 7])

    def test_a_category_that_was_listed(self):
        """It is not asked for again, whatever became of the one behind it."""
        first, done = story("two categories")
        self.assertEqual((first.code, first.report["resumable"]), (5, True), first)
        self.same(done, ("prompts", "boards"))
        self.assertGreater(len(first.asked("/prompts")), 10)
        self.assertEqual(len(done.asked("/prompts")), 0, done)
        self.assertEqual([one["target"] for one in done.asked("/boards")], [one["target"] for one in first.asked("/boards")][1:], done)

    def test_at_most_every_two_seconds(self):
        """A list that is fast is not written down in between: the next run begins anew, also without --resume."""
        story("nested")
        for _ in range(5):
            with service() as server:
                told = Story(server, paged("cursor"))
                told.runs.append(told.target.run(scenario=rules(away_from(6))))
                first = told.runs[0]
                if first.seconds > 1.5:
                    continue
                self.assertEqual((first.code, first.report["resumable"], kept(told.target.out)), (5, False, []), first)
                told.runs.append(told.target.run())
                self.whole(told)
                self.assertEqual(told.pages(1)[0], told.pages(0)[0])
                return
        self.skipTest("this machine is too slow for a list to be fast")


LIST, ITEMS = r"/prompts\?", "/prompts/"


def by_details(*faults, slow=2, goes_on=()):
    """A list of ids, and one request for each."""
    with service() as server:
        told = Story(server, only_ids)
        told.runs.append(told.target.run(scenario=rules(slow_page(*range(2, slow + 1), path=LIST), *faults, away_from(slow + 1, LIST))))
        return told.goes_on(*goes_on)


def lost():
    return ITEMS + harness.read_json(harness.fixture(f"store/api/v1/users/{COMPLETE}/prompts.json"))["data"][3]["id"]


job("details")(by_details)
job("details fail")(lambda: by_details({"path": ITEMS, "status": 503, "when": {"from": 55}}, slow=3))
job("a detail is gone")(lambda: by_details({"path": lost(), "status": 404}))
job("details expired")(lambda: by_details(goes_on=[{"path": LIST, "status": 400, "when": {"nth": 1}}]))


class Details(Resumed):
    def test_goes_on(self):
        """No detail that was asked for is asked for again."""
        told = story("details")
        self.told(told)
        self.whole(told)
        known = {entry["target"] for entry in told.runs[0].asked(ITEMS)}
        again = {entry["target"] for entry in told.runs[1].asked(ITEMS)}
        self.assertEqual((known & again, len(known | again)), (set(), 92))
        self.assertGreater(len(known), 40)

    def test_failed_before_the_end(self):
        """Items that could not be had behind the last one that came are asked for again: they are not missing."""
        told = story("details fail")
        self.told(told)
        self.assertIn(": unavailable: GET ", told.runs[0].run.out)
        self.whole(told)

    def test_one_that_is_gone(self):
        """It is missing, also after the list went on, and has its line once."""
        told = story("a detail is gone")
        self.told(told)
        self.lacks(told.runs[1], [("prompts", "record", "gone")])
        self.assertEqual(len(told.runs[1].asked(lost())), 0, told.runs[1])

    def test_expired(self):
        """Each item is asked for anew with its list."""
        told = story("details expired")
        self.told(told)
        self.whole(told)
        self.assertEqual(len(told.runs[1].asked(ITEMS)), 92, told.runs[1])


FIRST = {"path": "/prompts", "when": {"nth": 1}}
EXPIRED = [f"HTTP {status}" for status in (400, 403, 404, 410, 422)] + ["in a 200", "token expired", "link expired", "post expired"]
AWAYS = {"503": ({"path": "/prompts", **AWAY}, 5), "reset": ({"path": "/prompts", "reset": "request"}, 5),
         "401": ({"path": "/prompts", "status": 401}, 1), "429": ({"path": "/prompts", **AWAY, "status": 429}, 5)}
for status in (400, 403, 404, 410, 422):
    tale(f"HTTP {status}", paged("cursor"), {**FIRST, "status": status})
tale("in a 200", paged("cursor"), {**FIRST, "status": 200, "body": {"message": "no such cursor"}})
tale("token expired", paged("token"), {**FIRST, "status": 400})
tale("link expired", paged("link"), {**FIRST, "status": 410})
tale("post expired", posted, {**FIRST, "status": 400})
tale("graphql expired", graphql,
     {**FIRST, "path": "/graphql", "status": 200, "body": {"data": None, "errors": [{"message": "cursor expired"}]}},
     path="/graphql", slow=2, last=3)
tale("outputs expired", None, {**FIRST, "path": "/jobs", "status": 410}, only="outputs", path="/jobs", slow=2, last=3)
tale("all refused", paged("cursor"), {"path": "/prompts", "status": 422})


def on_404(doc, server):
    paged("cursor")(doc, server)
    category(doc, "prompts")["from"]["on_404"] = "empty"


def no_expiry(fault):
    with service() as server:
        return Story(server, paged("cursor")).ends().goes_on(fault).goes_on()


tale("empty on 404", on_404, {**FIRST, "status": 404})
for which, (refusal, _) in AWAYS.items():
    job(which, refusal)(no_expiry)


class Expired(Resumed):
    """The service does not know the page any more at which the list was."""

    def test_every_refusal(self):
        """Other answers of 4xx than those about credentials and patience, and pages that cannot be read."""
        for name in EXPIRED:
            with self.subTest(name):
                self.anew(story(name))

    def test_where_404_means_an_empty_list(self):
        """404 of a page in the middle is no empty list, and no end: what was listed is not all there is."""
        self.anew(story("empty on 404"))

    def test_error_in_a_good_answer(self):
        """GraphQL says with 200 that the cursor is none."""
        self.anew(story("graphql expired"), page=3)

    def test_items_inside_items(self):
        """What lay in the items is forgotten with them: nothing comes twice."""
        self.anew(story("outputs expired"), page=3)

    def test_everything_refused(self):
        """When the list is refused from its beginning as well, the run fails with that, and not for ever."""
        told = story("all refused")
        done = told.runs[1]
        self.assertEqual((done.code, len(done.asked("/prompts")), published(told.target.out)), (5, 2, []), done)

    def test_what_is_no_expiry(self):
        """A service that is away, or wants other credentials, has not forgotten the page: the position stays."""
        for name, (_, code) in AWAYS.items():
            with self.subTest(name):
                told = story(name)
                middle = told.runs[1]
                self.assertEqual((middle.code, middle.report["resumable"]), (code, True), middle)
                self.assertEqual({page for page in told.pages(1)}, {told.pages(0)[3]}, middle)
                self.whole(told)
                self.assertEqual(told.pages(2)[0], told.pages(0)[3])


if __name__ == "__main__":
    harness.main()
