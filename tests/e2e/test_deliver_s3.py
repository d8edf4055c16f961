#!/usr/bin/python3
"""Proves that an archive delivered into a bucket is the one that a file would be, appears whole or not at all, and survives what
happens on the way: refusals, broken connections, lost answers, signals and kills. The stores are real ones, OpenStack Swift, which checks
signatures, and s3rver; a proxy between disturbs. Links are opened by curl, signatures checked by minisign.
"""

import hashlib
import json
import shutil
import signal
import sys
import time
import unittest
from datetime import datetime, timedelta, timezone

sys.dont_write_bytecode = True
import harness  # noqa: E402
import objectstores  # noqa: E402
from delivercase import NAME, PART, STEM, Case, Place, description, file_export, words  # noqa: E402
from storeproxy import (cut_request, cut_response, delay, error_xml, leading_blanks, replace_response,  # noqa: E402
                        status)

SECRETS = ("testing", "X-Amz-Signature")


def swift():
    return objectstores.shared(objectstores.Swift)


def s3rver():
    return objectstores.shared(objectstores.S3rver)


class Delivered(Case):
    def test_the_bytes_of_a_file_in_swift(self):
        place = self.same(swift())
        document = place.document()
        self.assertEqual(harness.schema_errors(document, harness.schema("report")), [])
        archive = document["archive"]
        self.assertEqual(archive["path"], f"s3://{place.bucket}/exports/{NAME}")
        self.assertEqual(archive["signature_path"], archive["path"] + ".minisig")
        self.assertNotIn("link", archive)
        signature = swift().head(place.bucket, f"exports/{NAME}.minisig")
        self.assertEqual((signature["ContentType"], signature["ContentDisposition"]), ("text/plain", f'attachment; filename="{NAME}.minisig"'))

    def test_the_bytes_of_a_file_in_s3rver(self):
        self.same(s3rver())

    def test_the_signature_beside_it(self):
        harness.need("minisign")
        place = Place(swift())
        place.export()
        folder = harness.scratch("download")
        for key in place.keys():
            (folder / key).write_bytes(swift().get(place.bucket, key))
        run = harness.command("minisign", "-Vm", folder / NAME, "-p", harness.public_key())
        self.assertEqual(run.code, 0, run)

    def test_without_the_signature(self):
        place = Place(swift())
        place.export()
        self.assertEqual(len(place.keys()), 2)
        place.export("--no-detached", "--force")
        self.assert_whole(place, file_export("--no-detached"))

    def test_where_it_goes(self):
        """What -o leaves out is the description's."""
        for number, (output, key) in enumerate([("s3://", f"p/{NAME}"), ("s3://{bucket}", f"p/{NAME}"), ("s3://{bucket}/", f"p/{NAME}"),
                                                ("s3://{bucket}/a/b/", f"a/b/{NAME}"), ("s3://{bucket}/mine.zip", "mine.zip"), ("s3:///x/y", "x/y"),
                                                ("s3://{bucket}/\u00e4 b+c&d=e/(f)'%2F\u6f22.zip", "\u00e4 b+c&d=e/(f)'%2F\u6f22.zip")]):
            with self.subTest(output):
                place = Place(swift(), prefix="p/")
                place.export(output=output.format(bucket=place.bucket))
                self.assertEqual(place.run.code, 0, place.run)
                self.assertEqual(place.keys(), [key, f"{key}.minisig"], number)
                self.assertIn(f"archive: s3://{place.bucket}/{key}", place.run.out)

    def test_a_set_of_volumes(self):
        files = file_export("--volume-size", "10MiB")
        self.assertGreater(len(files), 4)
        place = self.place()
        place.export("--volume-size", "10MiB")
        self.assert_whole(place, files)
        self.assertEqual([archive["path"].rpartition("/")[2] for archive in place.document()["volumes"]],
                         sorted(name for name in files if name.endswith(".zip")))
        order = [entry["method"] for entry in self.proxy.log() if entry["method"] == "POST" and "uploadId" in entry["query"]
                 or entry["method"] == "PUT"]
        self.assertEqual(order.index("POST"), len(order) - len(files) // 2, "nothing appears before all of it is there")

    def test_headers_that_the_description_asks_for(self):
        """What no store here understands is looked at on its way: the requests that make objects carry it, signed."""
        place = self.place([(status(501, "NotImplemented"), {"method": "POST", "query": "^uploads"})], server_side_encryption="aws:kms",
                           kms_key_id="key-1", storage_class="STANDARD_IA", tags={"kind": "personal data", "keep": "30"}, expires="30d")
        place.export()
        self.assert_nothing(place, 2)
        sent = self.proxy.asked(method="POST", query="^uploads")[0]["headers"]
        self.assertEqual([sent.get(name) for name in ("x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id",
                                                      "x-amz-storage-class")], ["aws:kms", "key-1", "STANDARD_IA"])
        self.assertEqual(sorted(sent["x-amz-tagging"].split("&")), ["keep=30", "kind=personal%20data"])
        end = datetime.strptime(sent["expires"], "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=timezone.utc)
        self.assertLess(abs(end - datetime.now(timezone.utc) - timedelta(days=30)), timedelta(minutes=5))
        for name in ("x-amz-tagging", "x-amz-server-side-encryption", "expires", "content-disposition"):
            self.assertIn(name, sent["authorization"])
        self.assertEqual(place.fetched() if place.events.exists() else 0, 0, "it was found out before anything was fetched")

    def test_tags_that_the_store_drops(self):
        """Some drop the tags that an upload is begun with: they are set once more, or it is said that they are not there."""
        none = replace_response(200, b"<Tagging><TagSet></TagSet></Tagging>", forward=False)
        for answer, dropped in ((replace_response(200, b"", forward=False), False), (status(403, "AccessDenied"), True)):
            with self.subTest(dropped=dropped):
                place = self.place([(none, {"method": "GET", "query": "^tagging", "times": None}),
                                    (answer, {"method": "PUT", "query": "^tagging", "times": None})], store=s3rver(), tags={"kind": "personal & data"})
                place.export()
                self.assertEqual((place.run.code, len(place.keys())), (0, 2), place.run)
                sent, = self.proxy.asked(method="PUT", query="^tagging")
                self.assertIn("content-md5", sent["headers"])
                self.assertEqual("tags: bucket" in place.run.out + place.run.err, dropped, place.run)

    def test_no_more_at_a_time_than_is_allowed(self):
        for limits, words_, most in (({}, (), 4), ({"concurrency": 2}, (), 2), ({}, ("--jobs", "1"), 1)):
            place = self.place([(delay(0.3), {"method": "PUT", "query": "partNumber=", "times": None})], limits=limits)
            place.export(*words_)
            self.assertEqual(place.run.code, 0, place.run)
            used = {entry["connection"] for entry in self.proxy.asked(method="PUT", query="partNumber=")}
            self.assertLessEqual(len(used), most)

    def test_parts_carry_their_hashes(self):
        place = self.place()
        place.export()
        data = file_export()[NAME]
        sent = {entry["query"]: entry["headers"] for entry in self.proxy.asked(method="PUT", query="partNumber=")}
        self.assertEqual(len(sent), 5)
        for query, headers in sent.items():
            number = int(query.split("partNumber=")[1].split("&")[0])
            piece = data[(number - 1) * PART:number * PART]
            self.assertEqual(headers["x-amz-content-sha256"], hashlib.sha256(piece).hexdigest())
            self.assertEqual(int(headers["content-length"]), len(piece))
            self.assertIn("content-md5", headers["authorization"])


class Links(Case):
    def test_a_link_gives_the_archive_and_is_told_nowhere_else(self):
        place = Place(swift(), link_lifetime="2h")
        place.export("-v")
        self.assert_whole(place)
        link = self.link_of(place.run)
        code, _, data = self.curl(link)
        self.assertEqual((code, data == file_export()[NAME]), (200, True))
        archive = place.document()["archive"]
        self.assertEqual((archive["link"], archive["link_expiry"]), (link, "exact"))
        self.assertEqual(harness.schema_errors(place.document(), harness.schema("report")), [])
        self.assertLess(abs(self.end_of(place.run) - datetime.now(timezone.utc) - timedelta(hours=2)), timedelta(minutes=2))
        self.assertEqual(place.report.stat().st_mode & 0o777, 0o600)
        for text in (place.run.err, place.events.read_text()):
            for word in SECRETS:
                self.assertNotIn(word, text)
        self.assertNotIn(swift().secret_key, place.run.out.replace(link, ""))

    def test_it_ends_when_it_is_said_to(self):
        self.ends(swift())

    def test_never_longer_than_its_credentials(self):
        end = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(minutes=20)
        place = Place(swift(), link_lifetime="7d")
        place.export(env={"AWS_SESSION_TOKEN": "session", "AWS_CREDENTIAL_EXPIRATION": end.strftime("%Y-%m-%dT%H:%M:%SZ")})
        self.assertEqual(place.run.code, 0, place.run)
        self.assertEqual(self.end_of(place.run), end)
        self.assertRegex(place.run.out, r"(?m)^link: the link is valid until .* only: the credentials end then$")
        self.assertEqual(place.document()["archive"]["link_expiry"], "exact")

    def test_a_session_whose_end_nobody_knows(self):
        place = Place(swift(), link_lifetime="1d")
        token = "c2Vzc2lvbi10b2tlbi1vZi1hLXJ1bg/+=="
        place.export(env={"AWS_SESSION_TOKEN": token})
        self.assertEqual(place.run.code, 0, place.run)
        self.assertIn(" at the latest", place.run.out)
        archive = place.document()["archive"]
        self.assertEqual(archive["link_expiry"], "at_most")
        self.assertIn("X-Amz-Security-Token=", archive["link"])
        self.assertEqual(self.curl(archive["link"])[0], 200)
        for text in (place.run.err, place.events.read_text()):
            self.assertNotIn("c2Vzc2lvbi10b2tlbi1", text)

    def test_one_for_each_volume(self):
        place = Place(swift(), link_lifetime="1h")
        place.export("--volume-size", "10MiB")
        for archive in place.document()["volumes"]:
            name = archive["path"].rpartition("/")[2]
            self.assertTrue(self.curl(archive["link"])[2] == file_export("--volume-size", "10MiB")[name], name)

    def test_longer_than_a_week_is_wrong(self):
        place = Place(swift(), link_lifetime="8d")
        place.export()
        self.assert_nothing(place, 2)
        self.assertIn("seven days", place.run.err)


class Lint(unittest.TestCase):
    def test_bounds_that_are_written_with_units(self):
        wrong = {"link_lifetime": "8d", "part_size": "4MiB", "tags": {str(number): "" for number in range(11)}}
        right = {"link_lifetime": "168h", "part_size": "5MiB", "tags": {str(number): "" for number in range(10)}}
        deliver = {"kind": "s3", "endpoint": "https://s3.shelf.example", "region": "eu-central-1"}
        run = harness.holdall("lint", description({**deliver, **right}))
        self.assertEqual(run.code, 0, run)
        run = harness.holdall("lint", description({**deliver, **wrong}))
        self.assertEqual(run.code, 2, run)
        for name in wrong:
            self.assertIn(f"/deliver/{name}: ", run.err)
        run = harness.holdall("lint", description({**deliver, "link_lifetime": "1h", "credentials": "none"}))
        self.assertEqual(run.code, 2, run)


class FoundOutAtOnce(Case):
    """What would make hours of work useless is said before anything is fetched."""

    def test_a_wrong_secret(self):
        self.refused(Place(swift()), 1, "SignatureDoesNotMatch", env={"AWS_SECRET_ACCESS_KEY": "wrong-secret-of-a-test"})

    def test_no_right_to_write(self):
        place = Place(swift())
        self.refused(place, 1, "AccessDenied", env={"AWS_ACCESS_KEY_ID": swift().stranger["access_key"],
                                                   "AWS_SECRET_ACCESS_KEY": swift().stranger["secret_key"]})

    def test_no_such_bucket(self):
        for store in (swift(), s3rver()):
            self.refused(Place(store), 1, "NoSuchBucket", output="s3://not-there-at-all/")

    def test_an_object_in_the_way(self):
        for store in (swift(), s3rver()):
            place = Place(store)
            store.put(place.bucket, NAME, b"before")
            self.refused(place, 1, "exists already; --force")
            self.assertEqual(store.get(place.bucket, NAME), b"before")
            place.export("--force")
            self.assert_whole(place)

    def test_one_that_comes_meanwhile(self):
        place = self.place()
        first = place.start()
        while not self.proxy.asked(method="POST", query="^uploads"):
            time.sleep(0.01)
        swift().put(place.bucket, NAME, b"meanwhile")
        errors = first.communicate()[1].decode()
        self.assertIn(first.returncode, (1,), errors)
        self.assertEqual(swift().get(place.bucket, NAME), b"meanwhile")
        place.export("--resume", "--force")
        self.assert_whole(place)

    def test_no_service(self):
        place = self.place([(status(503, "SlowDown"), {"times": None})])
        self.refused(place, 5)

    def test_what_the_command_line_lacks(self):
        place = Place(swift())
        run = harness.holdall(*words(place.service, None), env=place.environment())
        self.assertEqual((run.code, "--stage" in run.err), (2, True), run)
        run = harness.holdall(*words(description(), "s3://somewhere/", "--stage", place.stage), env=place.environment())
        self.assertEqual((run.code, "deliver" in run.err), (2, True), run)
        folder = harness.scratch("files")
        run = harness.holdall(*words(place.service, f"{folder}/"), env=place.environment())
        self.assertEqual((run.code, place.keys()), (0, []), run)
        self.assertTrue((folder / NAME).exists(), "-o goes before the description")


class Disturbed(Case):
    """What passes is tried again; the object is whole."""

    def whole(self, *rules, store=None, **deliver):
        place = self.place(rules, store=store, **deliver)
        place.export()
        self.assert_whole(place)
        return place

    def test_slow_down(self):
        self.whole((status(503, "SlowDown"), {"method": "PUT", "query": "partNumber=[24]", "times": 3}))

    def test_an_error_inside(self):
        self.whole((status(500, "InternalError"), {"method": "PUT", "query": "partNumber=3", "times": 2}),
                   (status(500, "InternalError"), {"method": "POST", "query": "^uploads", "times": 1}),
                   (status(500, "InternalError"), {"method": "POST", "query": "^uploadId", "times": 1}))

    def test_a_part_that_breaks_off(self):
        self.whole((cut_request(1_000_000), {"method": "PUT", "query": "partNumber=2", "times": 2}))

    def test_a_part_whose_answer_is_lost(self):
        self.whole((cut_response(), {"method": "PUT", "query": "partNumber=2", "times": 1}))

    def test_refused_while_it_is_sent(self):
        self.whole((status(503, "SlowDown", read_body=False), {"method": "PUT", "query": "partNumber=1&", "times": 1}))

    def test_the_store_keeps_other_bytes(self):
        place = self.place([(replace_response(200, b"", True, ETag='"00000000000000000000000000000000"'),
                             {"method": "PUT", "query": "partNumber=2", "times": 1})])
        place.export()
        self.assert_whole(place)
        self.assertEqual(self.parts().count(2), 2)

    def test_an_error_behind_the_success(self):
        self.whole((replace_response(200, error_xml("InternalError"), False), {"method": "POST", "query": "^uploadId", "times": 2}))

    def test_blanks_before_the_answer(self):
        for declared in (False, True):
            self.whole((leading_blanks(declared=declared), {"method": "POST", "query": "^uploadId"}))

    def test_completed_and_the_answer_lost(self):
        for store in (swift(), s3rver()):
            self.whole((cut_response(), {"method": "POST", "query": "^uploadId", "times": 1}), store=store)

    def test_completed_and_never_heard(self):
        """Whatever the store says afterwards: the object is there."""
        self.whole((cut_response(), {"method": "POST", "query": "^uploadId", "times": 1}),
                   (status(404, "NoSuchUpload"), {"method": "POST", "query": "^uploadId", "times": None}))

    def test_not_taken_for_what_lay_there_before(self):
        """An object of the same size is not ours, whichever way it came there."""
        for several in (False, True):
            with self.subTest(several):
                place = self.place([(replace_response(200, error_xml("InternalError"), False), {"method": "POST", "query": "^uploadId", "times": 2})])
                other = bytes(len(file_export()[NAME]))
                if several:
                    upload = swift().s3.create_multipart_upload(Bucket=place.bucket, Key=NAME)["UploadId"]
                    parts = [(number, other[(number - 1) * PART:number * PART]) for number in range(1, 6)]
                    done = [{"PartNumber": number, "ETag": swift().s3.upload_part(Bucket=place.bucket, Key=NAME, UploadId=upload, PartNumber=number,
                                                                                  Body=data)["ETag"]} for number, data in parts]
                    swift().s3.complete_multipart_upload(Bucket=place.bucket, Key=NAME, UploadId=upload, MultipartUpload={"Parts": done})
                else:
                    swift().put(place.bucket, NAME, other)
                place.export("--force")
                self.assert_whole(place)

    def test_the_signature_is_tried_again(self):
        self.whole((status(503, "SlowDown"), {"method": "PUT", "path": "minisig$", "times": 2}))


class Final(Case):
    """Nothing is left in the bucket, and what was built is not lost."""

    def test_parts_are_given_up(self):
        self.given_up()

    def test_completion_is_refused(self):
        place = self.place([(replace_response(200, error_xml("InvalidPart"), False), {"method": "POST", "query": "^uploadId"})])
        place.export()
        self.assertEqual((place.run.code, place.uploads(), place.keys()), (1, [], [f"{NAME}.minisig"]), place.run)
        self.assertEqual(len(harness.kept(place.stage)), 1)
        place.export("--resume")
        self.assert_whole(place)

    def test_every_volume_is_given_up(self):
        place = self.place([(status(400, "EntityTooLarge"), {"method": "PUT", "path": "part02", "query": "partNumber=1&", "times": 1})])
        place.export("--volume-size", "10MiB")
        self.assert_nothing(place, 2, kept=True)
        self.assertEqual(place.uploads(), [])

    def test_what_cannot_be_given_up_is_told(self):
        place = self.place([(status(400, "EntityTooLarge"), {"method": "PUT", "query": "partNumber=4", "times": 1}),
                            (status(403, "AccessDenied"), {"method": "DELETE", "times": None})])
        place.export()
        self.assertRegex(place.run.out, r"(?m)^upload: parts of the archive are left")

    def test_denied_in_the_middle(self):
        place = self.place([(status(403, "AccessDenied"), {"method": "PUT", "query": "partNumber=3", "times": 1})])
        place.export()
        self.assert_nothing(place, 1, kept=True)
        place.export("--resume")
        self.assert_whole(place)

    def test_leftovers_of_the_same_key_are_given_up(self):
        place = Place(swift())
        for key in (NAME, f"{NAME}.other"):
            swift().s3.create_multipart_upload(Bucket=place.bucket, Key=key)
        place.export()
        self.assertEqual([key for key, _ in place.uploads()], [f"{NAME}.other"])


class GoneOnWith(Case):
    def test_killed(self):
        self.gone_on_with()

    def test_stopped(self):
        place, code, out, err = self.interrupted(signal.SIGINT)
        self.assertEqual(code, 130, err)
        self.assertIn("unfinished: ", out)
        place.export("--resume")
        self.assert_whole(place)
        self.assertEqual(self.parts(), [1, 2, 3, 4, 5])

    def test_what_is_there_is_looked_at(self):
        """A part with other bytes is sent again, whoever put it there."""
        place, _, _, _ = self.interrupted(signal.SIGKILL)
        (_, upload), = place.uploads()
        swift().s3.upload_part(Bucket=place.bucket, Key=NAME, UploadId=upload, PartNumber=2, Body=b"x" * PART)
        place.export("--resume")
        self.assert_whole(place)
        self.assertEqual(self.parts(), [1, 2, 2, 3, 4, 5])

    def test_the_upload_is_gone(self):
        place, _, _, _ = self.interrupted(signal.SIGKILL)
        (_, upload), = place.uploads()
        swift().s3.abort_multipart_upload(Bucket=place.bucket, Key=NAME, UploadId=upload)
        place.export("--resume")
        self.assert_whole(place)

    def test_to_another_place(self):
        place, _, _, _ = self.interrupted(signal.SIGKILL)
        place.export("--resume", output=f"s3://{place.bucket}/elsewhere/")
        self.assertEqual(place.run.code, 1, place.run)
        self.assertIn(f"on its way to s3://{place.bucket}/{NAME}", place.run.err)
        place.export("--resume")
        self.assert_whole(place)

    def test_with_another_description_of_the_place(self):
        """The work goes on; the upload, which would not be what is asked for now, is begun anew."""
        place, _, _, _ = self.interrupted(signal.SIGKILL)
        changed = harness.read_json(place.service)
        changed["deliver"]["expires"] = "30d"
        place.service.write_text(json.dumps(changed), encoding="ascii")
        place.export("--resume")
        self.assert_whole(place)
        self.assertEqual(len([entry for entry in self.proxy.asked(method="POST", query="^uploads") if "expires" in entry["headers"]]), 2)
        self.assertEqual(self.parts().count(1), 2)

    def test_killed_when_it_was_complete(self):
        place = self.place([(delay(20, answer=True), {"method": "POST", "query": "^uploadId", "times": 1})])
        process = place.start()
        end = time.monotonic() + 60
        while place.keys() != [NAME, f"{NAME}.minisig"]:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)
        process.kill()
        process.communicate()
        place.export("--resume")
        self.assert_whole(place)
        self.assertEqual(self.parts(), [1, 2, 3, 4, 5])

    def test_killed_between_volumes(self):
        """One has appeared, the other not yet: both are there in the end, and no part was sent twice."""
        files = file_export("--volume-size", "15MiB")
        self.assertEqual(len(files), 4)
        place = self.place([(delay(20), {"method": "POST", "path": "part02", "query": "^uploadId", "times": 1})])
        process = place.start("--volume-size", "15MiB")
        end = time.monotonic() + 60
        while f"{STEM}-part01.zip" not in place.keys():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)
        process.kill()
        process.communicate()
        sent = len(self.parts())
        place.export("--volume-size", "15MiB", "--resume")
        self.assert_whole(place, files)
        self.assertEqual(len(self.parts()), sent)

    def test_the_store_goes_down(self):
        place = self.place([(status(503, "ServiceUnavailable"), {"method": "PUT", "query": "partNumber=[45]", "times": None})])
        place.export()
        self.assert_nothing(place, 5, kept=True)
        self.proxy.clear()
        place.export("--resume")
        self.assert_whole(place)
        self.assertEqual(self.parts(), [4, 5])

    def test_a_store_that_lists_no_parts(self):
        place = self.place([(status(503, "ServiceUnavailable"), {"method": "PUT", "query": "partNumber=5", "times": None})], store=s3rver())
        place.export()
        self.assert_nothing(place, 5, kept=True)
        self.proxy.clear()
        place.export("--resume")
        self.assert_whole(place)

    def test_clean_names_the_upload(self):
        place, _, _, _ = self.interrupted(signal.SIGKILL)
        (_, upload), = place.uploads()
        run = harness.holdall("clean", place.stage)
        self.assertEqual(run.code, 0, run)
        self.assertIn(upload, run.out)
        self.assertIn(f"s3://{place.bucket}/{NAME}", run.out)
        self.assertEqual(harness.leftovers(place.stage), [])

    def test_progress_is_told(self):
        place = self.place([(delay(1.5), {"method": "PUT", "query": "partNumber=[345]", "times": None})])
        place.export("--jobs", "1")
        size = len(file_export()[NAME])
        told = [event["bytes_done"] for event in harness.read_lines(place.events)
                if event["event"] == "progress" and event.get("bytes_expected") == size]
        self.assertGreater(len(told), 3)
        self.assertEqual(told, sorted(told))


if __name__ == "__main__":
    if shutil.which("curl") is None:
        print("curl is not installed: the tests of links are skipped")
    harness.main()
