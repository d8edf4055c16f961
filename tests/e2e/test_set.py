#!/usr/bin/python3
"""Proves that a large export becomes a set of volumes: each a bag of its own, all together one export, and the same bytes however it came.

The sets are holdall's own, of an album of 9 MB in five volumes; one picture is larger than a volume. They are judged by
unzip, sha256sum, minisign, bagcheck.py and zipcheck.py, and by `holdall verify`. How verify judges forged sets is for
test_volumes.py.
"""

import functools
import re
import shutil
import signal
import sys
import unittest

sys.dont_write_bytecode = True
import bagcheck  # noqa: E402
import harness  # noqa: E402
import zipcheck  # noqa: E402
from harness import EXPORT_ID, command, holdall, kept, published, scratch  # noqa: E402
from httpcase import rules  # noqa: E402
from resumecase import LARGE, LARGE_AT, PICTURES, USER, Target, album, key, picture, serving  # noqa: E402

OTHER_ID = "91c0b6f4-3d52-4f0e-8a37-2f5c7de1a0b3"
STEM = f"album-export-20261101-{EXPORT_ID[:8]}"
SIZE = 2_500_000
VOLUME = ("--volume-size", str(SIZE))
CHUNKED = {"path": "^/media/", "chunked": True}
SIZELESS = [{"path": "/pictures", "remove": f"/data/{number}/bytes"} for number in range(PICTURES)]


def name(number, stem=STEM):
    return f"{stem}-part{number:02}.zip"


@functools.cache
def _made(extra, export_id):
    target = Target(album())
    target.fixed[1] = export_id
    done = target.run(*extra)
    if done.code != 0:
        raise AssertionError(done)
    return target, done


def made(extra=VOLUME, export_id=EXPORT_ID):
    """The set as an export of the folder publishes it: the target and its run."""
    return _made(extra, export_id)


def zips(extra=VOLUME, export_id=EXPORT_ID):
    return sorted(made(extra, export_id)[0].out.glob("*.zip"))


@functools.cache
def _trees(extra, export_id):
    """The volumes unpacked by unzip, each in its own folder."""
    found = []
    for path in zips(extra, export_id):
        place = scratch("tree")
        run = command("unzip", "-q", path, "-d", place)
        if run.code != 0:
            raise AssertionError(run)
        found.append(place / path.stem)
    return found


def trees(extra=VOLUME, export_id=EXPORT_ID):
    return _trees(extra, export_id)


def media(tree):
    return sorted(path for path in (tree / "data/media").rglob("*") if path.is_file() and path.suffix != ".xmp")


def verify(*paths):
    return holdall("verify", *paths, "-p", harness.public_key())


class Volumes(unittest.TestCase):
    """Each volume by itself, by programs that nobody of this project wrote, and by the independent checkers."""

    def test_names_and_report(self):
        target, done = made()
        self.assertEqual(published(target.out), sorted(f"{name(number)}{end}" for number in range(1, 6) for end in ("", ".minisig")))
        self.assertEqual(re.findall("^archive: (.*)$", done.run.out, re.MULTILINE), [str(path) for path in zips()])
        told = done.report["volumes"]
        self.assertEqual([one["path"] for one in told], [str(path) for path in zips()])
        self.assertEqual([one["size"] for one in told], [path.stat().st_size for path in zips()])
        self.assertNotIn("archive", done.report)
        self.assertEqual(harness.schema_errors(done.report, harness.schema("report")), [])
        self.assertEqual({path.stat().st_mode & 0o777 for path in target.out.iterdir()}, {0o600})

    def test_profiles(self):
        for path, tree in zip(zips(), trees()):
            self.assertEqual(zipcheck.check(path), [])
            self.assertEqual(bagcheck.check(tree, every_tag_file=True, unlisted=("tagmanifest-sha256.txt.minisig",)), [])

    def test_public_tools(self):
        harness.need("minisign")
        for path, tree in zip(zips(), trees()):
            run = command("minisign", "-Vm", path, "-p", harness.public_key())
            self.assertEqual(run.code, 0, run)
            self.assertIn(f"file={path.name}\n", run.out)
            run = command("minisign", "-Vm", tree / "tagmanifest-sha256.txt", "-p", harness.public_key())
            self.assertEqual(run.code, 0, run)
            for manifest in ("tagmanifest-sha256.txt", "manifest-sha256.txt"):
                run = command("sha256sum", "--strict", "--quiet", "-c", manifest, cwd=tree)
                self.assertEqual((run.code, run.out, run.err), (0, "", ""), run)

    def test_verify_each_alone(self):
        for number, path in enumerate(zips(), 1):
            for one in (path, trees()[number - 1]):
                run = verify(one)
                self.assertEqual(run.code, 0, run)
                self.assertRegex(run.out, f"^valid: .*: signed by key .*: volume {number} of 5, the others were not looked at$")

    def test_text_in_every_volume(self):
        first, *others = ({path.relative_to(tree): path.read_bytes() for path in (tree / "data").rglob("*")
                           if path.is_file() and "data/media/" not in path.as_posix()} for tree in trees())
        for number, other in enumerate(others, 2):
            self.assertEqual({path.as_posix() for path in first if other.get(path) != first[path]},
                             {"data/export.json", "data/ro-crate-metadata.json"}, number)
            self.assertEqual(set(first), set(other))


class Division(unittest.TestCase):
    def test_every_picture_once_and_in_order(self):
        """The records say where; there it is, byte for byte, and volumes are filled in the order of the list."""
        records = harness.read_lines(trees()[0] / "data/records/pictures.jsonl")
        files = {record["id"]: record["files"][0] for record in records}
        self.assertEqual(len(files), PICTURES)
        volumes = [files[f"pic{number:03}"]["volume"] for number in range(PICTURES)]
        self.assertEqual((volumes, set(volumes)), (sorted(volumes), {1, 2, 3, 4, 5}))
        for number in range(PICTURES):
            file = files[f"pic{number:03}"]
            self.assertTrue((trees()[file["volume"] - 1] / file["path"]).read_bytes() == picture(number), file)
        self.assertEqual(sum(len(media(tree)) for tree in trees()), PICTURES)

    def test_sizes(self):
        """No volume is larger than it may be, but the one with nothing but the picture that is."""
        sizes = [path.stat().st_size for path in zips()]
        large = [number for number, size in enumerate(sizes) if size > SIZE]
        self.assertEqual(large, [2])
        self.assertEqual([path.read_bytes() == picture(LARGE_AT) for path in media(trees()[2])], [True])
        self.assertGreater(LARGE, SIZE)

    def test_totals(self):
        """Counts are those of the whole export in each volume, and Payload-Oxum that of the volume."""
        for tree in trees():
            export = harness.read_json(tree / "data/export.json")
            self.assertEqual(export["totals"]["files"]["delivered"], PICTURES)
            self.assertEqual(sum(one["files"] for one in export["volume"]["set"]), 2 * PICTURES)  # each with its sidecar
            payload = [path for path in (tree / "data").rglob("*") if path.is_file()]
            self.assertIn(f"Payload-Oxum: {sum(path.stat().st_size for path in payload)}.{len(payload)}\n",
                          (tree / "bag-info.txt").read_text(encoding="utf-8"))


class Set(unittest.TestCase):
    """All together."""

    def test_whole(self):
        self.assertEqual(bagcheck.check_set(trees()), [])
        for paths in (zips(), trees(), zips()[::-1], [*zips()[:2], *trees()[2:]]):
            run = verify(*paths)
            self.assertEqual((run.code, run.out.splitlines()[-1]), (0, f"valid: the set {STEM}: 5 of 5 volumes"), run)

    def test_binding(self):
        """The line of docs/checking.md: each volume lists the media of all."""
        sums = [command("bash", "-c", "grep '  data/media/' manifest-sha256.txt | sha256sum", cwd=tree).out.split()[0] for tree in trees()]
        self.assertEqual(len(set(sums)), 5)
        for tree in trees():
            self.assertEqual([one["media_sha256"] for one in harness.read_json(tree / "data/export.json")["volume"]["set"]], sums)

    def refused(self, rule, paths, folders):
        run = verify(*paths)
        self.assertEqual(run.code, 1, run)
        self.assertEqual({line.partition(":")[0] for line in run.out.splitlines() if line.startswith("set.")}, {rule}, run)
        self.assertNotEqual(bagcheck.check_set(folders), [])

    def test_one_removed(self):
        for at in range(5):
            self.refused("set.missing", zips()[:at] + zips()[at + 1:], trees()[:at] + trees()[at + 1:])

    def exchanged(self, rule, at, extra, **options):
        paths, folders = list(zips()), list(trees())
        paths[at], folders[at] = zips(extra, **options)[at], trees(extra, **options)[at]
        self.refused(rule, paths, folders)

    def test_exchanged_with_another_export(self):
        """Of the same person, time and pictures, under another id."""
        for at in (0, 2, 4):
            self.exchanged("set.exchanged", at, VOLUME, export_id=OTHER_ID)

    def test_exchanged_with_another_run(self):
        """Of the same export, divided otherwise: the volumes of the same number fit in name, and in nothing else."""
        for at in (0, 3):
            self.exchanged("set.differs", at, ("--volume-size", "2200K"))


class Same(unittest.TestCase):
    def same(self, target, done):
        self.assertEqual((done.code, kept(target.out)), (0, []), done)
        wanted = made()[0].files()
        self.assertEqual(sorted(target.files()), sorted(wanted), done)
        self.assertTrue(target.files() == wanted, f"other bytes\n{done}")


class Asked(Same):
    """How it is asked for, and when there is none."""

    def test_policy(self):
        """policy.volume_size in the description; the option goes before it."""
        for stated, extra in ((SIZE, ()), ("2500K", ()), ("2200K", VOLUME), ("16GiB", VOLUME)):
            target = Target(album(edit=lambda doc, stated=stated: doc.update(policy={"volume_size": stated})))
            self.same(target, target.run(*extra))

    def test_one_archive(self):
        """What fits is no set, and says nothing of volumes."""
        target = Target(album())
        one = target.run("--volume-size", "1GiB")
        self.assertEqual((one.code, published(target.out)), (0, [f"{STEM}.zip", f"{STEM}.zip.minisig"]), one)
        self.assertNotIn("volumes", one.report)
        other = Target(album())
        self.assertEqual(other.run().code, 0)
        self.assertTrue(other.files() == target.files(), "the usual size gives other bytes")

    def test_named_target(self):
        """-o FILE.zip gives FILE-partNN.zip; a volume's own name stays that of the export."""
        for output, files in (("mine.zip", "mine-part{:02}.zip"), ("mine", "mine-part{:02}")):
            target = Target(album(), output=output)
            done = target.run(*VOLUME)
            self.assertEqual((done.code, kept(target.out)), (0, []), done)
            for number in range(1, 6):
                self.assertTrue((target.out / files.format(number)).read_bytes() == zips()[number - 1].read_bytes())
            self.assertEqual(len(published(target.out)), 10)
            run = verify(*(target.out / files.format(number) for number in range(1, 6)))
            self.assertEqual((run.code, run.out.splitlines()[-1]), (0, f"valid: the set {STEM}: 5 of 5 volumes"), run)

    def test_too_small(self):
        """The text alone would fill it: nothing is fetched for that, and nothing left."""
        with serving() as server:
            target = Target(album(server), server)
            done = target.run("--volume-size", "800K")
            self.assertEqual((done.code, done.report["error"]["code"], list(target.out.iterdir())), (1, "limit", []), done)
            self.assertRegex(done.sentence, "a volume of 800000 bytes is too small: the text of this export, which is in every volume, "
                             r"may take \d+; give --volume-size twice as much at least$")
            self.assertEqual(done.asked("/media/"), [], done)
            enough = 2 * int(re.search(r"may take (\d+)", done.sentence)[1])
            self.assertEqual(target.run("--volume-size", str(enough)).code, 0)

    def test_store(self):
        target = Target(album())
        done = target.run("--store", *VOLUME)
        self.assertEqual(done.code, 0, done)
        found = [zipcheck.check(path, store=True) for path in sorted(target.out.glob("*.zip"))]
        self.assertEqual(found, [[]] * len(found))
        self.assertGreaterEqual(len(found), 5)
        self.assertEqual(verify(*target.out.glob("*.zip")).code, 0)

    def test_no_detached(self):
        target = Target(album())
        self.assertEqual(target.run("--no-detached", *VOLUME).code, 0)
        self.assertEqual(published(target.out), [name(number) for number in range(1, 6)])
        self.assertTrue(all((target.out / path.name).read_bytes() == path.read_bytes() for path in zips()))

    def test_items_missing(self):
        """A partial set: not published, then published from what is kept, and valid with what it lacks."""
        with serving() as server:
            target = Target(album(server), server)
            lost = rules({"path": key(7), "status": 404}, {"path": key(LARGE_AT), "status": 404})
            done = target.run(*VOLUME, scenario=lost)
            self.assertEqual((done.code, published(target.out), done.report["resumable"]), (3, [], True), done)
            done = target.run("--resume", "--allow-partial", *VOLUME)
            self.assertEqual((done.code, done.asked("/media/")), (3, []), done)
            self.assertEqual(sorted(line["id"] for line in done.report["missing"]), ["pic007", f"pic{LARGE_AT:03}"])
            run = verify(*target.out.glob("*.zip"))
            self.assertEqual((run.code, "valid: the set" in run.out), (0, True), run)

    def test_same_bytes(self):
        """Memory, jobs, and a folder or HTTP make no difference."""
        for extra in (("--memory", "4MiB"), ("--memory", "512MiB")):
            target = Target(album())
            self.same(target, target.run(*VOLUME, *extra))
        with serving() as server:
            for extra in ((), ("--jobs", "1", "--memory", "4MiB"), ("--jobs", "64", "--memory", "256MiB")):
                target = Target(album(server), server)
                self.same(target, target.run(*VOLUME, *extra))


class Unknown(Same):
    """Sizes that the service does not know beforehand."""

    def test_however_they_become_known(self):
        """No size in the record, or in some; lengths of answers, or chunks. The set is the same one."""
        some = SIZELESS[::2]
        for scenario in (rules(edits=SIZELESS), rules(edits=some), rules(CHUNKED, edits=SIZELESS), rules(CHUNKED, edits=some), rules(CHUNKED)):
            for extra in ((), ("--jobs", "1", "--memory", "4MiB")):
                with self.subTest(f"{scenario}"[:80] + f" {extra}"), serving() as server:
                    target = Target(album(server), server)
                    self.same(target, target.run(*VOLUME, *extra, scenario=scenario))

    def test_folder(self):
        target = Target(album(edit=without_size))
        self.same(target, target.run(*VOLUME))

    def test_begun_anew(self):
        """It begins as one archive; where that overflows, what had come is asked for once more, and nothing a third time."""
        with serving() as server:
            target = Target(album(server), server)
            done = target.run(*VOLUME, "--jobs", "1", scenario=rules(edits=SIZELESS))
            self.same(target, done)
            asked = [entry["target"] for entry in done.asked("/media/")]
            times = [sum(key(number) in one for one in asked) for number in range(PICTURES)]
            self.assertEqual((times[0], times[-1], set(times)), (2, 1, {1, 2}))
            self.assertEqual(times, sorted(times, reverse=True))

    def test_what_fits_is_one_archive(self):
        """As with sizes that are known, byte for byte."""
        with serving() as server:
            known, other = Target(album(server), server), Target(album(server), server)
            self.assertEqual(known.run("--volume-size", "1GiB").code, 0)
            done = other.run("--volume-size", "1GiB", scenario=rules(CHUNKED, edits=SIZELESS))
            self.assertEqual((done.code, published(other.out)), (0, [f"{STEM}.zip", f"{STEM}.zip.minisig"]), done)
            self.assertTrue(known.files() == other.files(), "other bytes")

    def test_interrupted(self):
        """Before it overflows, and behind that; in chunks, and by length."""
        stuck = {"stall": 600, "stage": "request"}
        for chunks in ([], [CHUNKED]):
            for number, times in ((9, 1), (9, 2), (40, 1)):
                with self.subTest(f"{chunks} {number} {times}"), serving() as server:
                    target = Target(album(server), server)
                    scenario = rules({"path": key(number), **stuck, "when": {"nth": times}}, *chunks, edits=SIZELESS)
                    stopped = target.stopped(signal.SIGTERM, key(number), *VOLUME, "--jobs", "1", scenario=scenario, times=times)
                    self.assertEqual((stopped.code, stopped.report["resumable"]), (143, True), stopped)
                    self.same(target, target.run("--resume", *VOLUME, scenario=rules(*chunks, edits=SIZELESS)))


def without_size(doc):
    doc["categories"][0]["media"][0].pop("size")
    doc["categories"][0]["omit"] = {"/bytes": {"reason": "internal", "show": "none"}}


class Interrupted(Same):
    """A set that is gone on with is the same set."""

    def test_in_every_volume(self):
        """Stopped or killed in each of them; a volume that was full is not fetched again."""
        homes = {record["id"]: record["files"][0]["volume"] for record in harness.read_lines(trees()[0] / "data/records/pictures.jsonl")}
        for number, which in ((4, signal.SIGKILL), (25, signal.SIGKILL), (29, signal.SIGTERM), (LARGE_AT, signal.SIGKILL), (31, signal.SIGTERM),
                              (45, signal.SIGKILL), (PICTURES - 1, signal.SIGTERM)):
            with self.subTest(number), serving() as server:
                target = Target(album(server), server)
                stopped = target.stopped(which, key(number), *VOLUME, "--jobs", "1",
                                         scenario=rules({"path": key(number), "stall": 600, "stage": "request"}))
                self.assertEqual(published(target.out), [], stopped)
                self.assertLessEqual(len(list(target.work().glob("*.part"))), homes[f"pic{number:03}"])
                have = set(target.committed())
                done = target.run("--resume", *VOLUME)
                self.same(target, done)
                now = homes[f"pic{number - 1:03}"]  # that of the last file that came
                self.assertLessEqual({key(one) for one in range(PICTURES) if homes[f"pic{one:03}"] < now}, have)
                asked = {entry["target"].removeprefix("/media/") for entry in done.asked("/media/")}
                self.assertEqual(asked, {key(one) for one in range(PICTURES)} - have)

    def test_killed_while_publishing(self):
        """Between any two of its names: the others follow, and who the person is is all that is asked."""
        harness.need("strace")
        places = [("renameat", number, 0) for number in (1, 3, 6, 8, 10)] + [("renameat2", number, number - 1) for number in range(1, 6)]
        for call, number, there in places:
            with self.subTest(f"{call} {number}"), serving() as server:
                target = Target(album(server), server)
                inject = ("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={number}")
                with target.start(*VOLUME, wrapper=inject) as process:
                    process.communicate(timeout=harness.TIMEOUT)
                found = published(target.out)
                self.assertEqual([one for one in found if one.endswith(".zip")], [name(one) for one in range(1, there + 1)])
                self.assertEqual(len(found) - there, max(0, number - 6) if call == "renameat" else 5)
                done = target.run("--resume", *VOLUME)
                self.same(target, done)
                self.assertEqual([entry["target"] for entry in done.log], [f"/api/v1/users/{USER}"])
                self.assertEqual(len(done.report["volumes"]), 5)

    def test_killed_before_the_work_is_removed(self):
        harness.need("strace")
        with serving() as server:
            target = Target(album(server), server)
            inject = ("strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=unlinkat", "-e", "inject=unlinkat:signal=SIGKILL:when=1")
            with target.start(*VOLUME, wrapper=inject) as process:
                process.communicate(timeout=harness.TIMEOUT)
            self.assertEqual((len(published(target.out)), len(kept(target.out))), (10, 1))
            done = target.run("--resume", *VOLUME)
            self.same(target, done)
            self.assertEqual([entry["target"] for entry in done.log], [f"/api/v1/users/{USER}"])

    def test_a_name_is_taken(self):
        """Nothing at all gets its name then, signatures included; with --force it is replaced."""
        target = Target(album(), output="mine.zip")
        taken = target.out / "mine-part04.zip"
        taken.write_bytes(b"mine")
        done = target.run(*VOLUME)
        self.assertEqual((done.code, published(target.out), taken.read_bytes()), (1, [taken.name], b"mine"), done)
        self.assertIn(f"{taken} exists already; --force replaces it", done.sentence)
        done = target.run("--resume", *VOLUME)
        self.assertEqual((done.code, published(target.out)), (1, [taken.name]), done)
        done = target.run("--resume", "--force", *VOLUME)
        self.assertEqual((done.code, len(published(target.out))), (0, 10), done)
        self.assertEqual(verify(*target.out.glob("*.zip")).code, 0)

    def test_other_size(self):
        """A set cannot go on with volumes of another size."""
        with serving() as server:
            target = Target(album(server), server)
            target.stopped(signal.SIGTERM, key(40), *VOLUME, "--jobs", "1",
                           scenario=rules({"path": key(40), "stall": 600, "stage": "request"}))
            for extra in ((), ("--volume-size", "2200K")):
                done = target.run("--resume", *extra)
                self.assertEqual((done.code, done.report["error"]["code"]), (1, "state"), done)
                self.assertIn("(--store, --no-detached, --volume-size) has changed since the work", done.sentence)
            self.same(target, target.run("--resume", *VOLUME))

    def test_one_of_them_was_taken_away(self):
        """By somebody, after a kill: then all are made again."""
        harness.need("strace")
        with serving() as server:
            target = Target(album(server), server)
            inject = ("strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=renameat2", "-e", "inject=renameat2:signal=SIGKILL:when=4")
            with target.start(*VOLUME, wrapper=inject) as process:
                process.communicate(timeout=harness.TIMEOUT)
            shutil.move(target.out / name(2), scratch())
            done = target.run("--resume", "--force", *VOLUME)
            self.same(target, done)
            self.assertEqual(len(done.asked("/media/")), PICTURES, done)


if __name__ == "__main__":
    harness.main()
