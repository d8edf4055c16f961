#!/usr/bin/python3
"""Proves that an interrupted export goes on where it was, with the bytes of an undisturbed one, and that its work is lost to nobody.

What is kept after which end, what --resume asks the service for, whose work it takes and whose it refuses, and what a
kill during publishing leaves. Lists are for test_resume_lists.py, several volumes for test_set.py.
"""

import functools
import os
import re
import shutil
import signal
import sys
import unittest

sys.dont_write_bytecode = True
import fake  # noqa: E402
import harness  # noqa: E402
import resumecase  # noqa: E402
from harness import COMPLETE, EXPORT_ID, TROUBLED, holdall, kept, leftovers, published  # noqa: E402
from httpcase import by_address, limits, rules  # noqa: E402
from resumecase import PICTURES, USER, Target, album, key, serving, snapshot, wait_for  # noqa: E402

OTHER_ID = "91c0b6f4-3d52-4f0e-8a37-2f5c7de1a0b3"
WAIT = {"status": 503, "headers": {"Retry-After": "4000"}}
STEM = f"album-export-20261101-{EXPORT_ID[:8]}"
HINT = "--resume goes on with it, 'holdall clean' removes it"
ONE_BY_ONE = ("--jobs", "1", "--memory", "4MiB")


@functools.cache
def undisturbed(*extra):
    """What an export of the album's folder publishes: {name: bytes}."""
    target = Target(album())
    done = target.run(*extra)
    if done.code not in (0, 3):
        raise AssertionError(done)
    return target.files()


def stuck(number):
    """The service answers for everything but picture NUMBER, at which a run waits."""
    return rules({"path": key(number), "stall": 600, "stage": "request"})


def lost(*numbers):
    return rules(*({"path": key(number), "status": 404} for number in numbers))


class Case(unittest.TestCase):
    maxDiff = 2000

    def same(self, target, done, *extra, code=0):
        """This run published what an undisturbed one does, and cleared up."""
        self.assertEqual(done.code, code, done)
        self.assertEqual(kept(target.out), [], done)
        self.assertEqual(sorted(target.files()), sorted(undisturbed(*extra)), done)
        self.assertTrue(target.files() == undisturbed(*extra), f"other bytes\n{done}")

    def left(self, target, done, code):
        """It published nothing, and says that its work can be gone on with."""
        self.assertEqual((done.code, published(target.out)), (code, []), done)
        self.assertIn(f"unfinished: {target.work()}: {HINT}\n", done.run.out, done)
        self.assertEqual((done.report["resumable"], done.report["published"]), (True, False), done)
        self.assertEqual(harness.schema_errors(done.report, harness.schema("report")), [], done)

    def refused(self, target, sentence, *extra, word="state"):
        """This run changes nothing of what is there, and says why."""
        before = snapshot(target.out)
        done = target.run(*extra)
        self.assertEqual(done.code, 1, done)
        self.assertRegex(done.sentence, sentence, done)
        self.assertEqual(done.report["error"]["code"], word, done)
        self.assertTrue(snapshot(target.out) == before, f"the unfinished work was changed\n{done}")
        return done

    def media(self, done):
        return [entry["target"].removeprefix("/media/") for entry in done.asked("/media/")]


class Kept(Case):
    """After which ends work is kept; each is gone on with."""

    def test_what_passes(self):
        """Exit codes 3 and 5, and 1 for credentials that are not accepted any more. Signals are for the next test."""
        ends = {"missing": (3, lost(7)), "wait": (5, rules({"path": key(20), **WAIT})),
                "denied": (1, rules({"path": "^/media/", "status": 401, "when": {"from": 21}}))}
        for name, (code, scenario) in ends.items():
            with self.subTest(name), serving() as server:
                target = Target(album(server, with_token), server)
                self.left(target, target.run(*ONE_BY_ONE, scenario=scenario), code)
                again = target.run("--resume", *(["--allow-partial"] if code == 3 else ONE_BY_ONE))
                self.assertEqual(again.code, 3 if code == 3 else 0, again)
                self.assertEqual(len(self.media(again)), 0 if code == 3 else PICTURES - 20, again)
                self.assertEqual(kept(target.out), [], again)

    def test_signals(self):
        """What had arrived when the signal came is not asked for again."""
        with serving() as server:
            for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
                target = Target(album(server), server)
                stopped = target.stopped(number, key(31), *ONE_BY_ONE, scenario=stuck(31))
                self.left(target, stopped, code)
                self.assertEqual(len(target.committed()), 31)
                done = target.run("--resume")
                self.same(target, done)
                self.assertEqual(sorted(self.media(done)), [key(number) for number in range(31, PICTURES)])

    def test_target_that_appeared(self):
        """Nothing is asked of the service again but who the person is; what lies there is not touched without --force."""
        with serving() as server:
            target = Target(album(server), server, output="a.zip")
            server.scenario(stuck(PICTURES - 1) | {"rules": [{"path": key(PICTURES - 1), "stall": 2, "stage": "request"}]})
            with target.start() as process:
                wait_for(process, server, key(PICTURES - 1))
                target.output.write_bytes(b"mine")
                process.communicate(timeout=harness.TIMEOUT)
            self.assertEqual(process.returncode, 1)
            self.refused(target, "a.zip exists already; --force replaces it$", "--resume", word="exists")
            self.assertEqual(harness.leftovers(target.out)[0], "a.zip")
            self.assertEqual(target.output.read_bytes(), b"mine")
            done = target.run("--resume", "--force")
            self.assertEqual((done.code, [entry["target"] for entry in done.log]), (0, [f"/api/v1/users/{USER}"]), done)
            self.assertTrue(target.files() == renamed("a.zip"), "other bytes")

    def test_what_is_erased(self):
        """Success, exit code 4, and an end that would come again leave nothing."""
        with serving() as server:
            owner = rules(edits=[{"path": "/pictures", "put": "/data/59/owner", "value": "usr_000000000000"}])
            shape = rules(edits=[{"path": "/pictures", "put": "/data/59/id", "value": None}])
            for code, scenario in ((0, {}), (4, owner), (1, shape)):
                target = Target(album(server), server)
                done = target.run(scenario=scenario)
                self.assertEqual((done.code, kept(target.out), done.report["resumable"]), (code, [], False), done)
                self.assertNotIn("unfinished:", done.run.out)
                self.assertEqual(bool(leftovers(target.out)), code == 0)

    def test_refused_for_safety_after_it_was_resumed(self):
        """Exit code 4 erases what an earlier run kept, too. Here the token of today is a text that stands in the records."""
        with serving() as server:
            target = Target(album(server, with_token), server)
            self.left(target, target.stopped(signal.SIGTERM, key(31), *ONE_BY_ONE, scenario=stuck(31)), 143)
            os.environ["ALBUM_TOKEN"] = "2026-03-04T08:00"
            done = target.run("--resume")
            self.assertEqual((done.code, leftovers(target.out), done.report["resumable"]), (4, [], False), done)


def with_token(doc):
    os.environ["ALBUM_TOKEN"] = "a-token-of-the-album"
    doc["apis"]["media"]["auth"] = {"type": "bearer", "token": {"env": "ALBUM_TOKEN"}}


def renamed(name):
    """What an undisturbed run publishes, under another name; its own name stands in what is signed."""
    whole = undisturbed()
    return {name: whole[f"{STEM}.zip"], f"{name}.minisig": whole[f"{STEM}.zip.minisig"]}


class Killed(Case):
    def test_committed_windows_are_not_fetched_again(self):
        """SIGKILL in mid-fetch: the journal says what is there, and exactly the rest is asked for."""
        with serving() as server:
            target = Target(album(server), server)
            target.stopped(signal.SIGKILL, key(55), *ONE_BY_ONE, scenario=stuck(55))
            self.assertEqual(len(kept(target.out)), 1)
            have = target.committed()
            self.assertGreater(len(have), 30, "no window was committed before the last one")
            done = target.run("--resume")
            self.same(target, done)
            self.assertEqual(sorted(self.media(done)), [key(number) for number in range(PICTURES) if key(number) not in have])
            self.assertEqual(len(done.asked("/pictures")), 0, done)

    def test_again_and_again(self):
        """Each run is killed a little later than the one before, and with other memory and jobs."""
        with serving() as server:
            target, seen = Target(album(server), server), 0
            for number, extra in ((20, ()), (33, ("--jobs", "3")), (45, ONE_BY_ONE), (57, ("--memory", "64MiB"))):
                target.stopped(signal.SIGTERM if number % 2 else signal.SIGKILL, key(number), "--resume", *extra, scenario=stuck(number))
                self.assertGreaterEqual(len(target.committed()), seen)
                seen = len(target.committed())
            self.assertGreater(seen, 20)
            self.same(target, target.run("--resume"))

    def test_before_anything_was_listed(self):
        """There is nothing to go on with, so it is replaced without a word, also without --resume."""
        for extra in ((), ("--resume",)):
            with self.subTest(extra), serving() as server:
                target = Target(album(server), server)
                waits = rules({"path": "/pictures", "stall": 600, "stage": "request"})
                target.stopped(signal.SIGKILL, "/pictures", scenario=waits)
                self.assertEqual(len(kept(target.out)), 1)
                self.same(target, target.run(*extra))

    def test_damaged_part(self):
        """An unfinished archive that is not what the journal says is never signed; the run after begins anew."""
        with serving() as server:
            target = Target(album(server), server)
            target.stopped(signal.SIGTERM, key(31), *ONE_BY_ONE, scenario=stuck(31))
            part = target.work() / "archive-01.part"
            data = bytearray(part.read_bytes())
            data[len(data) // 2] ^= 1
            part.write_bytes(data)
            done = target.run("--resume")
            self.assertEqual((done.code, published(target.out)), (1, []), done)
            self.assertIn("the unfinished archive is not what its journal says", done.sentence)
            self.same(target, target.run("--resume"))

    def test_bytes_that_no_journal_knows(self):
        """What a power cut left behind the last window is cut off."""
        with serving() as server:
            target = Target(album(server), server)
            target.stopped(signal.SIGTERM, key(31), *ONE_BY_ONE, scenario=stuck(31))
            with open(target.work() / "archive-01.part", "ab") as part:
                part.write(b"PK\x03\x04 half of an entry" * 1_000_000)
            self.same(target, target.run("--resume"))


class Publishing(Case):
    """Kills between the steps of publishing, by strace."""

    def killed_at(self, target, call, number, *extra):
        harness.need("strace")
        inject = ("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={number}")
        with target.start(*extra, wrapper=inject) as process:
            out, err = process.communicate(timeout=harness.TIMEOUT)
        self.assertNotEqual(process.returncode, 0, (out, err))

    def test_before_the_archive_has_its_name(self):
        """The archive is signed or not, the signature has its place or not: nothing is asked for again but who the person is."""
        for call, number, there in (("renameat", 1, []), ("renameat", 2, []), ("renameat2", 1, [f"{STEM}.zip.minisig"])):
            with self.subTest(f"{call} {number}"), serving() as server:
                target = Target(album(server), server)
                self.killed_at(target, call, number)
                self.assertEqual(published(target.out), there)
                done = target.run("--resume")
                self.same(target, done)
                self.assertEqual([entry["target"] for entry in done.log], [f"/api/v1/users/{USER}"])
                self.assertEqual(done.report["archive"]["path"], str(target.out / f"{STEM}.zip"))

    def test_before_the_work_is_removed(self):
        for number in (1, 2):
            with self.subTest(number), serving() as server:
                target = Target(album(server), server)
                self.killed_at(target, "unlinkat", number)
                self.assertEqual(published(target.out), sorted(undisturbed()))
                work = [path for path in target.out.iterdir() if path.name.endswith(".holdall")]
                self.assertEqual(len(work), 1)
                done = target.run("--resume")
                self.same(target, done)
                self.assertIn("outcome: complete", done.run.out)
                self.assertEqual(self.media(done), [] if number == 1 else self.media(done))

    def test_and_somebody_took_the_archive(self):
        """Then it is made again, with the same bytes."""
        with serving() as server:
            target = Target(album(server), server)
            self.killed_at(target, "unlinkat", 1)
            (target.out / f"{STEM}.zip").unlink()
            done = target.run("--resume")
            self.same(target, done)
            self.assertEqual(len(self.media(done)), PICTURES)

    def test_partial_archive(self):
        """Items that the service did not give are missing in the report as in the archive that was finished before."""
        last = {"path": key(PICTURES - 1), "status": 503}
        with serving() as server:
            target = Target(album(server), server)
            server.scenario(rules(last))
            self.killed_at(target, "renameat2", 1, "--allow-partial")
            done = target.run("--resume", "--allow-partial")
            self.assertEqual((done.code, done.missing), (3, [("pictures", "file", "unavailable")]), done)
            run = holdall("verify", target.out / f"{STEM}.zip", "-p", harness.public_key())
            self.assertEqual(run.code, 0, run)


class Partial(Case):
    """--resume --allow-partial after exit code 3 publishes without asking for any file."""

    def partial(self, scenario, *missing):
        with serving() as server:
            target = Target(album(server), server)
            self.left(target, target.run(scenario=scenario), 3)
            again = target.run("--resume")
            self.left(target, again, 3)
            done = target.run("--resume", "--allow-partial")
            for one in (again, done):
                self.assertEqual([entry["target"] for entry in one.log], [f"/api/v1/users/{USER}"], one)
                self.assertEqual([line["id"] for line in one.report["missing"]], list(missing), one)
            calm = Target(target.path, server)
            self.assertEqual(calm.run("--allow-partial", scenario=scenario).code, 3)
            self.assertTrue(target.files() == calm.files(), "other bytes")
            run = holdall("verify", target.out / f"{STEM}.zip", "-p", harness.public_key())
            self.assertEqual(run.code, 0, run)

    def test_gone(self):
        self.partial(lost(7, 31), "pic007", "pic031")

    def test_unavailable_at_the_end(self):
        """The last ones of all had their turn, too: they are missing, and each has its line."""
        self.partial(rules(*({"path": key(number), "status": 503} for number in (58, 59))), "pic058", "pic059")


class Down(Case):
    def went_down(self, target, first):
        """The run ended in front of picture 20; the next one asks for the others, and the archive is complete."""
        self.left(target, first, 5)
        self.assertEqual(target.committed(), [key(number) for number in range(20)])
        done = target.run("--resume")
        self.same(target, done)
        self.assertEqual(sorted(self.media(done)), [key(number) for number in range(20, PICTURES)])

    def test_a_service_that_went_down(self):
        """It answers no more, until so much has failed that it counts as down."""
        with serving() as server:
            target = Target(album(server, tries=5), server)
            self.went_down(target, target.run("--jobs", "40", scenario=rules({"path": f"{USER}/0[2-5]", "close": "request"})))

    def test_files_that_failed_at_the_end(self):
        """Those that failed behind the last one that came, before the service counted as down, are asked for again as well."""
        down = rules({"path": "02[01].png", "status": 503}, {"path": f"{USER}/0[2-5]", **WAIT})
        for jobs in ("1", "40"):
            with self.subTest(jobs), serving() as server:
                target = Target(album(server), server)
                first = target.run("--jobs", jobs, scenario=down)
                self.assertEqual(len(re.findall(": unavailable: GET ", first.run.out)), 2, first)
                self.went_down(target, first)

    def test_down_for_several_runs(self):
        with serving() as server:
            target, seen = Target(album(server), server), 0
            for first in (15, 9, 1):
                self.left(target, target.run("--resume", "--jobs", "1", scenario=rules({"path": "^/media/", **WAIT, "when": {"from": first}})), 5)
                seen += first - 1
                self.assertEqual(len(target.committed()), seen)
            self.same(target, target.run("--resume"))

    def test_addresses_that_expired(self):
        """Signed addresses are in the journal; those whose time is over are asked for anew."""
        def edit(doc):
            limits(doc, tries=1)
            by_address(doc, "uploads", server)
        plain = harness.export(COMPLETE, "--export-id", EXPORT_ID, "--category", "uploads")
        with fake.Server() as server:
            target = Target(fake.description(server, edit), server, COMPLETE, ("uploads",))
            signed = {"sign": {"ttl": 60}}
            down = rules({"path": "^/media/", **WAIT, "when": {"from": 6}}, **signed)
            self.left(target, target.run("--jobs", "1", scenario=down), 5)
            have = len(target.committed())
            server.scenario(signed)
            server.clock(3600)
            run = holdall(*target.words("--resume"))
            self.assertEqual(run.code, 0, run)
            self.assertTrue((target.out / plain.zip.name).read_bytes() == plain.zip.read_bytes(), "other bytes")
            good = [entry for entry in server.log() if "/media/" in entry["target"] and entry["status"] == 200]
            self.assertEqual((have, len(good)), (5, 12))


class Refusals(Case):
    """Unfinished work of the troubled account, of which a file is lost, in a copy of the sample service."""

    def setUp(self):
        self.service = harness.scratch("claakit") / "claakit"
        shutil.copytree(harness.fixture(), self.service, ignore=shutil.ignore_patterns("make", "*.py"))
        self.target = Target(self.service / "service.json", subject=TROUBLED, output="a.zip")
        self.left(self.target, self.target.run(), 3)

    def tearDown(self):
        """Whatever was refused, the same run goes on."""
        done = self.target.run("--resume", "--allow-partial")
        self.assertEqual((done.code, harness.leftovers(self.target.out)), (3, ["a.zip", "a.zip.minisig"]), done)

    def changed(self, what, *extra, **changes):
        target = Target(self.service / "service.json", subject=TROUBLED, output="a.zip")
        shutil.rmtree(target.out)
        vars(target).update(out=self.target.out, output=self.target.output, **changes)
        done = self.refused(target, f"{what} has changed since the work in .*a.zip.holdall began; go on with the same one, or remove "
                            "that work with 'holdall clean .*a.zip.holdall'$", "--resume", *extra)
        self.assertTrue(done.report["resumable"], done)

    def edited(self, name, old, new):
        path = self.service / name
        text = path.read_text(encoding="utf-8")
        self.assertIn(old, text)
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        self.changed("the service description or its texts")
        path.write_text(text, encoding="utf-8")

    def test_without_resume(self):
        for extra in ((), ("--force",), ("--allow-partial",)):
            done = self.refused(self.target, "the unfinished work of an earlier run lies in .*a.zip.holdall: --resume goes on with it, "
                                "'holdall clean .*a.zip.holdall' removes it$", *extra)
            self.assertEqual(done.report["outcome"], "failed")

    def test_description_and_texts(self):
        self.edited("service.json", '"publish": "none"', '"publish": "gone", "max_share": "0.5"')
        self.edited("service.json", '"policy": {', '"policy": { "volume_size": "1GiB",')
        self.edited("privacy/de.json", '.",', '!",')

    def test_subject_and_person(self):
        self.changed("the subject", subject=COMPLETE)
        self.changed("the person's language or identifiers", "--language", "en")
        person = self.service / f"store/api/v1/users/{TROUBLED}.json"
        text = person.read_text(encoding="utf-8")
        person.write_text(text.replace('"email": "', '"email": "x', 1), encoding="utf-8")
        self.assertNotEqual(person.read_text(encoding="utf-8"), text)
        self.changed("the person's language or identifiers")
        person.write_text(text, encoding="utf-8")

    def test_request(self):
        what = r"the request \(its id and times, scope, range or categories\)"
        for extra in (("--scope", "portability"), ("--since", "2026-01-01T00:00:00Z"), ("--until", "2026-01-01T00:00:00Z"),
                      ("--category", "prompts"), ("--request-id", "r-1"), ("--requested-at", "2026-10-01T00:00:00Z")):
            self.changed(what, *extra)
        self.changed(what, fixed=["--export-id", OTHER_ID, "--as-of", harness.AS_OF])
        self.changed(what, fixed=["--export-id", EXPORT_ID, "--as-of", "2026-11-01T00:00:02Z"])

    def test_key(self):
        self.changed("the signing key", key=harness.new_keys("other") / "holdall.key")

    def test_form(self):
        for extra in (("--store",), ("--volume-size", "8GiB"), ("--no-detached",)):
            self.changed(r"an option of the archive's form \(--store, --no-detached, --volume-size\)", *extra)

    def test_what_may_change(self):
        """Memory, jobs, operator and report are no part of the archive: tearDown's run would not go on if this one were refused."""
        done = self.target.run("--resume", "--memory", "8MiB", "--jobs", "2", "--operator", "somebody", "-q")
        self.assertEqual((done.code, done.report["resumable"]), (3, True), done)

    def test_state_that_cannot_be_read(self):
        """It is kept, for its owner to judge."""
        index = self.target.work() / "index.sqlite"
        data = index.read_bytes()
        index.write_bytes(b"x" * len(data))
        for extra in ((), ("--resume",)):
            done = self.refused(self.target, "the unfinished work in .*a.zip.holdall cannot be read "
                                r"\('holdall clean .*a.zip.holdall' removes it\): ", *extra, word="io")
            self.assertEqual((done.report["resumable"], "unfinished:" in done.run.out), (False, False))
        index.write_bytes(data)


class Directories(Case):
    """A directory as the target, where the archive's name hangs on the ids that an earlier run made up."""

    def begun(self, *extra, target=None, subject=TROUBLED):
        target = target or Target(harness.service(), subject=subject, ids=False)
        done = target.run(*extra)
        self.assertEqual((done.code, done.report["resumable"]), (3, True), done)
        return target, done

    def test_ids_are_taken_over(self):
        for stage in (False, True):
            with self.subTest(stage=stage):
                place = harness.scratch("stage")
                extra = ("--stage", place) if stage else ()
                target, first = self.begun(*extra)
                work = place if stage else target.out
                self.assertEqual(len(kept(work)), 1)
                done = target.run("--resume", "--allow-partial", *extra)
                self.assertEqual((done.code, kept(work)), (3, []), done)
                for name in ("export_id", "as_of"):
                    self.assertEqual(done.report[name], first.report[name])
                self.assertEqual(len(published(target.out)), 2)
                run = holdall("verify", next(target.out.glob("*.zip")), "-p", harness.public_key())
                self.assertEqual(run.code, 0, run)

    def test_a_file_in_a_stage(self):
        place = harness.scratch("stage")
        target = Target(harness.service(), subject=TROUBLED, ids=False, output="mine.zip")
        self.begun("--stage", place, target=target)
        done = target.run("--resume", "--allow-partial", "--stage", place)
        self.assertEqual((done.code, leftovers(target.out), leftovers(place)), (3, ["mine.zip", "mine.zip.minisig"], []), done)

    def test_by_the_request(self):
        """Work for another request, person or service is none to go on with."""
        target, first = self.begun("--request-id", "r-1", "--as-of", harness.AS_OF)
        for count, extra in ((2, ("--request-id", "r-2")), (3, ())):
            done = target.run("--resume", *extra)
            self.assertEqual((done.code, len(kept(target.out))), (3, count), done)
            self.assertNotEqual(done.report["export_id"], first.report["export_id"])
        done = Target.run(target, "--resume", "--allow-partial", "--request-id", "r-1")
        self.assertEqual((done.code, done.report["as_of"], len(kept(target.out))), (3, harness.AS_OF, 2), done)

    def test_another_person_beside(self):
        target, _ = self.begun()
        other = Target(harness.service(), subject=COMPLETE, ids=False)
        other.output = target.output
        done = other.run("--resume")
        self.assertEqual((done.code, len(kept(target.out))), (0, 1), done)

    def test_several(self):
        target, first = self.begun()
        _, second = self.begun(target=target)
        self.assertNotEqual(first.report["export_id"], second.report["export_id"])
        self.refused(target, "2 unfinished exports of this subject lie there; --export-id says which one is to go on$", "--resume")
        for one in (second, first):
            done = target.run("--resume", "--allow-partial", "--export-id", one.report["export_id"])
            self.assertEqual((done.code, done.report["as_of"]), (3, one.report["as_of"]), done)
        self.assertEqual((kept(target.out), len(published(target.out))), ([], 4))

    def test_nothing_to_go_on_with(self):
        """--resume begins where there is nothing yet."""
        target = Target(harness.service(), subject=COMPLETE, ids=False)
        done = target.run("--resume")
        self.assertEqual((done.code, len(published(target.out))), (0, 2), done)


class Two(Case):
    """Two runs on one target exclude each other."""

    def test_busy(self):
        with serving(stuck(31)) as server:
            target, one, two = Target(album(server), server), harness.scratch("stage"), harness.scratch("stage")
            for first, second in (((), ()), ((), ("--resume",)), (("--stage", one), ("--stage", two)), (("--stage", one), ()),
                                  ((), ("--stage", two)), (("--stage", one), ("--stage", one, "--resume"))):
                with self.subTest(f"{first} {second}"):
                    server.scenario(stuck(31))
                    with target.start(*first) as process:
                        wait_for(process, server, key(31))
                        run = holdall(*target.words(*second))
                        self.assertEqual((run.code, process.poll()), (1, None), run)
                        self.assertRegex(run.err, r"holdall: another run works in .*\.holdall\n$")
                        process.send_signal(signal.SIGTERM)
                        process.communicate(timeout=harness.TIMEOUT)
                    self.assertEqual(process.returncode, 143)
                    done = target.run("--resume", *first)
                    self.same(target, done)
                    for path in target.out.iterdir():
                        path.unlink()
            self.assertEqual(leftovers(one) + leftovers(two), [])


if __name__ == "__main__":
    harness.main()
