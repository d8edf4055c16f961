#!/usr/bin/python3
"""Proves that `holdall verify` knows a volume and a set of volumes, and tells what is wrong with either, by its own rule.

The sets are made by setforge.py out of an archive of the sample account, and judged by bagcheck.py too, so that neither
judge is believed alone. A fault of one volume must be found where it is verified alone; a fault of the set only where
its volumes are verified together.
"""

import functools
import json
import shutil
import sys
import unittest

sys.dont_write_bytecode = True
import bagcheck  # noqa: E402
import harness  # noqa: E402
import zipcheck  # noqa: E402
from bagforge import digest  # noqa: E402
from harness import COMPLETE, complete, holdall, public_key, troubled  # noqa: E402
from setforge import Volume, bind, divide  # noqa: E402

OTHER_ID = "91c0b6f4-3d52-4f0e-8a37-2f5c7de1a0b3"
EXPORT = "data/export.json"


@functools.cache
def five():
    """The volumes of one export; a test copies what it changes."""
    return divide(complete(), 5)


@functools.cache
def another_export():
    """As many volumes of the same account under another export id."""
    return divide(harness.export(COMPLETE, "--export-id", OTHER_ID), 5)


@functools.cache
def another_run():
    """The same export once more, divided otherwise."""
    return divide(complete(), 5, shift=1)


def trees(volumes):
    return [volume.tree for volume in volumes]


def swapped(volumes, number, other):
    return [other if volume.number == number else volume for volume in volumes]


def verify(*paths, keys=True):
    return holdall("verify", *paths, *(("-p", public_key()) if keys else ()))


def told(*paths, keys=True):
    """(exit code, the archives, the sets) as --format json tells them."""
    run = holdall("verify", *paths, *(("-p", public_key()) if keys else ()), "--format", "json")
    every = json.loads(run.out)
    return run.code, every["results"], every["sets"]


def rules(one):
    return {finding["rule"] for finding in one["findings"]}


class Good(unittest.TestCase):
    def test_forged_as_the_independent_checker_wants_it(self):
        self.assertEqual(bagcheck.check_set(trees(five())), [])
        self.assertEqual(bagcheck.check_set(trees(reversed(another_run()))), [])
        for volume in five():
            self.assertEqual(zipcheck.check(volume.zipped()), [])

    def test_public_tools(self):
        """The line of docs/checking.md."""
        for volume in five():
            run = harness.command("bash", "-c", "grep '  data/media/' manifest-sha256.txt | sha256sum", cwd=volume.tree)
            entry = volume.read(EXPORT)["volume"]["set"][volume.number - 1]
            self.assertEqual(run.out, f"{entry['media_sha256']}  -\n")
            self.assertGreater(entry["files"], 0)

    def test_each_alone(self):
        for volume in five():
            for path in (volume.tree, volume.zipped(), volume.zipped(sign=False)):
                run = verify(path)
                self.assertEqual((run.code, len(run.out.splitlines())), (0, 1), run)
                self.assertRegex(run.out, f"^valid: .*: signed by key .*: volume {volume.number} of 5, "
                                          "the others were not looked at$")
        code, (one,), sets = told(five()[1].tree)
        self.assertEqual((code, one["verdict"], one["volume"], one["volumes"], sets), (0, "valid", 2, 5, []))
        self.assertEqual(told(five()[1].tree, keys=False)[0], 3)

    def test_together(self):
        zips = [volume.zipped() for volume in five()]
        mixed = [zips[0], five()[1].tree, zips[2], five()[3].tree, zips[4]]
        for paths in (zips, trees(five()), mixed, mixed[::-1]):
            code, archives, (one,) = told(*paths)
            self.assertEqual((code, one["verdict"], one["given"], one["volumes"]), (0, "valid", 5, 5))
            self.assertEqual((one["set"], one["subject"], rules(one)), (complete().stem, COMPLETE, set()))
            self.assertEqual({archive["verdict"] for archive in archives}, {"valid"})
        run = verify(*zips)
        self.assertEqual(run.out.splitlines()[-1], f"valid: the set {complete().stem}: 5 of 5 volumes")
        self.assertNotIn("looked at", run.out)

    def test_together_without_a_key(self):
        code, _, (one,) = told(*trees(five()), keys=False)
        self.assertEqual((code, one["verdict"], rules(one)), (3, "intact", set()))

    def test_among_others(self):
        """Two sets and an archive that is none; then one volume and an archive that is none."""
        three = divide(troubled(), 3)
        code, archives, sets = told(*trees(three), troubled().zip, *trees(five()))
        self.assertEqual((code, len(archives)), (0, 9))
        self.assertEqual([(one["volumes"], one["verdict"]) for one in sets], [(5, "valid"), (3, "valid")])
        run = verify(three[0].tree, complete().zip)
        self.assertEqual(run.code, 0, run)
        self.assertIn("the other volumes were not looked at", run.out)
        self.assertEqual(told(three[0].tree, complete().zip)[2], [])

    def test_one_of_one(self):
        """What should have been several may turn out to be one: then there are no others to look at."""
        (volume,) = divide(complete(), 1)
        self.assertEqual(bagcheck.check_set([volume.tree]), [])
        for paths in ([volume.tree], [volume.tree, troubled().zip]):
            run = verify(*paths)
            self.assertEqual(run.code, 0, run)
            self.assertIn("volume 1 of 1\n", run.out)
            self.assertNotIn("looked at", run.out)

    def test_more_than_ninety_nine(self):
        """Volume 100 of 101 has three digits; those without media are volumes too."""
        first = divide(complete(), 1)[0]
        empty = {"files": 0, "bytes": 0, "media_sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}
        volume = Volume(first.tree, f"{complete().stem}-part100", 100)
        volume.edit_files(lambda file: file.update(volume=100))
        volume.say([volume.entry() if number == 100 else {"number": number, "stem": f"{complete().stem}-part{number:02}", **empty}
                    for number in range(1, 102)])
        volume.reseal()
        run = verify(volume.zipped())
        self.assertEqual(run.code, 0, run)
        self.assertIn("volume 100 of 101", run.out)


class OneVolume(unittest.TestCase):
    """Changed by somebody who can sign, and verified alone."""

    def found(self, change, *expected, number=2):
        volume = five()[number - 1].copy()
        change(volume)
        volume.reseal()
        code, (one,), sets = told(volume.tree)
        self.assertEqual((code, one["verdict"], rules(one), sets), (1, "invalid", set(expected), []), one)
        return volume

    def edited(self, change, *expected):
        """CHANGE gets the member `volume` of export.json."""
        return self.found(lambda volume: volume.edit(EXPORT, lambda export: change(export["volume"])), *expected)

    def test_number(self):
        """Beyond the last one; then that of another volume, so that what is here is said to be elsewhere."""
        def beyond(volume):
            volume.edit(EXPORT, lambda export: export["volume"].update(number=6))
            volume.count("6 of 5")
        self.found(beyond, "volume.set", "volume.place")
        self.edited(lambda said: said.update(number=3), "volume.media", "volume.place", "record.file", "record.sidecar", "bag.info")

    def test_order_and_length_of_the_set(self):
        def exchange(said):
            said["set"][0], said["set"][4] = said["set"][4], said["set"][0]

        def shorter(said):
            del said["set"][4]
        for change in (exchange, shorter):
            with self.subTest(change.__name__):
                self.edited(change, "volume.set")
        self.edited(lambda said: said.update(of=6), "volume.set", "bag.info")

    def test_stems(self):
        """Its own and that of another one."""
        for number in (2, 4):
            for stem in (f"{complete().stem}-part03", f"{complete().stem[:-8]}00000000-part{number:02}"):
                with self.subTest(f"{number}: {stem}"):
                    self.edited(lambda said, number=number, stem=stem: said["set"][number - 1].update(stem=stem), "volume.set")

    def test_top_directory(self):
        for top in (complete().stem, f"{complete().stem}-part03", f"{complete().stem}-part2"):
            with self.subTest(top):
                _, (one,), _ = told(five()[1].zipped(top=top, sign=False))
                self.assertEqual((one["verdict"], rules(one)), ("invalid", {"name.top"}))

    def test_detached_signature_of_another_volume(self):
        path, other = five()[1].zipped(), five()[2].zipped()
        shutil.copy(f"{other}.minisig", f"{path}.minisig")
        self.assertEqual(rules(told(path)[1][0]), {"sign.wrong", "sign.statement"})

    def test_own_media(self):
        """What the set lists for this volume is not what it holds."""
        for name, value in (("files", 7), ("bytes", 7), ("media_sha256", "0" * 64)):
            with self.subTest(name):
                self.edited(lambda said, name=name, value=value: said["set"][1].update({name: value}), "volume.media")

    def test_what_is_said_of_others_is_not_judged_here(self):
        volume = five()[1].copy()
        volume.edit(EXPORT, lambda export: export["volume"]["set"][3].update(files=7, media_sha256="0" * 64))
        volume.reseal()
        self.assertEqual(told(volume.tree)[0], 0)

    def test_lines_of_bag_info(self):
        group = five()[1].info("Bag-Group-Identifier")
        for changes in ({"Bag-Group-Identifier": None, "Bag-Count": "2 of 5"}, {"Bag-Group-Identifier": group, "Bag-Count": None},
                        {"Bag-Group-Identifier": group, "Bag-Count": "2 of ?"}, {"Bag-Group-Identifier": group, "Bag-Count": "3 of 5"},
                        {"Bag-Group-Identifier": f"urn:uuid:{OTHER_ID}", "Bag-Count": "2 of 5"},
                        {"Bag-Count": "2 of 5", "Bag-Group-Identifier": group}):
            with self.subTest(changes):
                self.found(lambda volume, changes=changes: volume.edit_info(changes), "bag.info")

    def files(self, change, *expected):
        self.found(lambda volume: volume.edit_files(change), *expected)

    def test_volume_of_files(self):
        """None, one that there is not, another one than it is in, and this one though it is not in it."""
        self.files(lambda file: file.pop("volume"), "volume.place")
        self.files(lambda file: file.update(volume=6) if file["volume"] == 3 else None, "volume.place")
        self.files(lambda file: file.update(volume=6) if file["volume"] == 2 else None, "volume.place")
        self.files(lambda file: file.update(volume=3) if file["volume"] == 2 else None, "volume.place")
        self.files(lambda file: file.update(volume=2) if file["volume"] == 3 else None, "record.file", "record.sidecar")

    def test_medium_without_a_record(self):
        def change(volume):
            volume.path("data/media/output/undated").mkdir(parents=True)
            volume.path("data/media/output/undated/x-01234567.png").write_bytes(b"x")
            volume.say([volume.entry() if one.number == 2 else one.entry() for one in five()])
        self.found(change, "bag.unexpected")

    def test_medium_gone(self):
        def change(volume):
            volume.path(volume.media()[0]).unlink()
            volume.restate()
            volume.say([volume.entry() if one.number == 2 else one.entry() for one in five()])
        self.found(change, "record.file")

    def test_schema(self):
        self.edited(lambda said: said.update(of="?"), "json.schema")
        self.edited(lambda said: said.pop("set"), "json.schema")
        self.files(lambda file: file.update(volume=0), "json.schema", "bag.unexpected")

    def test_no_volume(self):
        """An export that is one archive has none of it."""
        plain = Volume(complete().tree, complete().stem, 0)
        plain.edit_files(lambda file: file.update(volume=1))
        plain.reseal()
        self.assertEqual(rules(told(plain.tree)[1][0]), {"volume.place"})
        for changes in ({"Bag-Count": "1 of 1"}, {"Bag-Group-Identifier": five()[0].info("Bag-Group-Identifier")}):
            plain = Volume(complete().tree, complete().stem, 0)
            plain.edit_info(changes)
            plain.reseal()
            self.assertEqual(rules(told(plain.tree)[1][0]), {"bag.info"})


class Sets(unittest.TestCase):
    """Each volume is valid by itself, and what is wrong is wrong with the set."""

    def refused(self, volumes, rule, *about, alone=True):
        """The findings of the set are of this rule, about these paths, and bagcheck refuses it as well."""
        code, archives, sets = told(*trees(volumes))
        self.assertEqual({one["verdict"] for one in archives}, {"valid"} if alone else {"valid", "invalid"}, archives)
        self.assertEqual((code, len(sets), sets[0]["verdict"]), (1, 1, "invalid"), sets)
        self.assertEqual([(one["rule"], one["path"]) for one in sets[0]["findings"]],
                         [(rule, str(path)) for path in about], sets)
        self.assertNotEqual(bagcheck.check_set(trees(volumes)), [])
        return sets[0]

    def test_one_removed(self):
        for number in (1, 3, 5):
            rest = [volume for volume in five() if volume.number != number]
            told_of = self.refused(rest, "set.missing", f"{complete().stem}-part{number:02}")
            self.assertEqual((told_of["given"], told_of["volumes"]), (4, 5))

    def test_three_removed(self):
        self.refused([five()[1], five()[3]], "set.missing", *(f"{complete().stem}-part{number:02}" for number in (1, 3, 5)))

    def test_text(self):
        """Verdict and findings as a reader sees them."""
        run = verify(*trees(five()[:2] + five()[3:]))
        self.assertEqual(run.out.splitlines()[-3], f"INVALID: the set {complete().stem}: 4 of 5 volumes")
        self.assertRegex(run.out.splitlines()[-2], f"^set.missing: {complete().stem}-part03: volume 3 of 5 is not among those given")
        self.assertEqual(run.out.splitlines()[-1], "1 error, 0 warnings")
        run = holdall("verify", "-q", *trees(five()[:2]), "-p", public_key())
        self.assertEqual(len(run.out.splitlines()), 3, run)

    def test_exchanged_with_another_export(self):
        for number in (1, 3):
            other = another_export()[number - 1]
            self.refused(swapped(five(), number, other), "set.exchanged", other.tree)
        self.refused([*five()[:3], *another_export()[3:]], "set.exchanged", *trees(another_export()[3:]))

    def test_exchanged_with_another_run(self):
        for number in (1, 3):
            other = another_run()[number - 1]
            self.refused(swapped(five(), number, other), "set.differs", other.tree)

    def test_one_of_another_run_too_many(self):
        """The set is whole; what is left over is of no use."""
        other = another_run()[2]
        code, _, sets = told(*trees(five()), other.tree)
        self.assertEqual((code, [one["verdict"] for one in sets]), (1, ["valid", "invalid"]))
        self.assertEqual([(one["rule"], one["path"]) for one in sets[1]["findings"]], [("set.differs", str(other.tree))])

    def test_the_same_one_of_another_run_twice(self):
        """One takes the place of what is missing, the other is left over."""
        volumes = [*swapped(five(), 3, another_run()[2]), another_run()[2].copy()]
        code, _, sets = told(*trees(volumes))
        self.assertEqual((code, [one["verdict"] for one in sets]), (1, ["invalid", "invalid"]))
        self.assertEqual([[finding["rule"] for finding in one["findings"]] for one in sets], [["set.differs"]] * 2)

    def test_two_runs(self):
        code, _, sets = told(*trees([*five(), *another_run()]))
        self.assertEqual((code, [one["verdict"] for one in sets]), (0, ["valid", "valid"]))

    def test_one_each_of_two_exports(self):
        """Neither is alone any more, so both sets must be there."""
        code, _, sets = told(five()[0].tree, another_export()[0].tree)
        self.assertEqual((code, [rules(one) for one in sets]), (1, [{"set.missing"}] * 2))

    def test_doubled(self):
        again = five()[1].copy()
        self.refused([*five(), again], "set.twice", again.tree)
        code, _, (one,) = told(*trees(five()), five()[3].tree)
        self.assertEqual((code, rules(one)), (1, {"set.twice"}))
        code, _, (one,) = told(five()[3].tree, five()[3].tree)
        self.assertEqual((code, rules(one)), (1, {"set.twice", "set.missing"}))

    def changed(self, change):
        """Volume 4, changed so that it is right by itself and signed, among the others, which know nothing of it."""
        volume = five()[3].copy()
        change(volume)
        volume.restate()
        bind([volume], of=swapped(five(), 4, volume))
        self.refused(swapped(five(), 4, volume), "set.differs", volume.tree)

    def test_medium_changed_and_signed(self):
        def change(volume):
            name = volume.media()[0]
            volume.path(name).write_bytes(b"something else")
            volume.edit_files(lambda file: file.update(size=14, sha256=digest(volume.path(name))) if file["path"] == name else None)
            difference = 14 - complete().tree.joinpath(name).stat().st_size
            volume.edit(EXPORT, lambda export: [
                one.update(bytes=one["bytes"] + difference) for one in (export["totals"], next(
                    category for category in export["categories"] if category["id"] == name.split("/")[2] + "s"))] and None)
        self.changed(change)

    def test_text_changed_and_signed(self):
        def record(volume):
            volume.edit_line("data/records/prompts.jsonl", 0, lambda one: one.update(text="other"))

        def privacy(volume):
            volume.edit("data/privacy.json", lambda one: one["purposes"][0].update(text="Other."))

        def schema(volume):
            path = volume.path("data/schemas/missing.schema.json")
            path.write_bytes(path.read_bytes() + b"\n")
        for change in (record, privacy, schema):
            with self.subTest(change.__name__):
                self.changed(change)

    def test_one_lists_other_media_than_the_others(self):
        volume = five()[3].copy()
        volume.edit(EXPORT, lambda export: export["volume"]["set"][1].update(media_sha256="0" * 64))
        volume.reseal()
        self.refused(swapped(five(), 4, volume), "set.differs", volume.tree)

    def test_damaged(self):
        """A volume that is not valid spoils the set; but it is there, and nothing is wrong between the volumes."""
        volume = five()[2].copy()
        volume.path(volume.media()[0]).write_bytes(b"x")
        code, archives, (one,) = told(*trees(swapped(five(), 3, volume)))
        self.assertEqual((code, one["verdict"], one["given"], rules(one)), (1, "invalid", 5, set()))
        self.assertIn("bag.hash", rules(archives[2]))
        self.assertIn("set: 1 of its volumes is not valid by itself", verify(*trees(swapped(five(), 3, volume))).out)

    def test_unreadable(self):
        """Nobody knows which volume a broken ZIP is."""
        broken = five()[2].zipped()
        broken.write_bytes(broken.read_bytes()[:-30])
        code, _, (one,) = told(broken, *trees(five()[:2] + five()[3:]))
        self.assertEqual((code, [finding["path"] for finding in one["findings"]]), (1, [f"{complete().stem}-part03"]))

    def test_another_key(self):
        """Volume 2 is by a key that is not trusted."""
        volume, mine = five()[1].copy(), harness.new_keys()
        shutil.copy(mine / "holdall.pub", volume.path("signing-key.pub"))
        volume.reseal(key=mine / "holdall.key")
        code, archives, (one,) = told(*trees(swapped(five(), 2, volume)))
        self.assertEqual((code, rules(archives[1]), one["verdict"]), (1, {"sign.unknown"}, "invalid"))


class TheOtherChecker(unittest.TestCase):
    """bagcheck.check_set finds each fault of the division, in volumes that are valid bags."""

    def found(self, rule, *volumes):
        found = bagcheck.check_set(trees(volumes))
        self.assertIn(rule, {line.partition(":")[0] for line in found}, found)

    def changed(self, rule, change, number=2):
        volume = five()[number - 1].copy()
        change(volume)
        volume.reseal()
        self.found(rule, *swapped(five(), number, volume))

    def test_counts_and_group(self):
        self.found("count", *five()[1:])
        self.found("count", *five(), five()[0])
        self.changed("count", lambda volume: volume.count("3 of 5"))
        self.changed("count", lambda volume: volume.count("2 of ?"))
        self.changed("info", lambda volume: volume.count("2/5"))
        self.changed("group", lambda volume: volume.edit_info({"Bag-Group-Identifier": "urn:uuid:x", "Bag-Count": "2 of 5"}))

    def test_texts_and_entries(self):
        self.changed("text", lambda volume: volume.edit("data/privacy.json", lambda one: one["controller"].update(name="Other")))
        self.changed("text", lambda volume: volume.edit(EXPORT, lambda one: one.update(language="de")))
        self.changed("set", lambda volume: volume.edit(EXPORT, lambda one: one["volume"]["set"][2].update(bytes=1)))
        self.changed("set", lambda volume: volume.edit(EXPORT, lambda one: one["volume"]["set"][2].update(stem="x")))

    def test_division(self):
        def twice(volume):
            name = five()[2].media()[0]
            volume.path(name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(five()[2].path(name), volume.path(name))
        self.changed("division", twice)
        self.changed("division", lambda volume: volume.path(volume.media()[0]).unlink())
        self.changed("division", lambda volume: volume.path(volume.media()[0]).write_bytes(b"x"))
        self.changed("division", lambda volume: volume.path("data/media/more.png").write_bytes(b"x"))
        self.changed("division", lambda volume: volume.edit_files(lambda file: file.update(volume=1)), number=1)


if __name__ == "__main__":
    harness.main()
