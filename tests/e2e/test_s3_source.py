#!/usr/bin/python3
"""Proves that media come from real S3 stores as from a folder: the same bytes, keys of every kind, versions, metadata, and refusals by name.

The stores are OpenStack Swift, which checks signatures, and s3rver, which speaks another dialect; boto3 fills them. The archive is
held against an export of the same account from local files.
"""

import json
import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
import harness  # noqa: E402
import objectstores  # noqa: E402
from harness import COMPLETE  # noqa: E402
from storecase import AS_OF, PREFIX, USER, Case, api, bucket, export, fill, history, listing, local, media, now, sample  # noqa: E402
from storeproxy import StoreProxy, delay  # noqa: E402


def swift():
    return objectstores.shared(objectstores.Swift)


def s3rver():
    return objectstores.shared(objectstores.S3rver)


class Account(Case):
    """The sample account with its media in a bucket."""

    def test_same_bytes_as_local(self):
        self.same(swift())

    def test_same_bytes_from_another_dialect(self):
        self.same(s3rver())

    def test_same_bytes_one_at_a_time(self):
        self.same(swift(), limits={"concurrency": 1})

    def test_virtual_host(self):
        """The bucket stands in front of the host's name; libcurl takes every name under localhost for this machine."""
        store = swift()
        self.same(store, endpoint=f"http://localhost:{store.port}", path_style=False)


class Keys(Case):
    def test_odd_keys_listed_and_fetched(self):
        self.odd(swift())

    def test_neighbours(self):
        """Only what lies below the person's own prefix."""
        store = swift()
        name = self.objects(store, ["a.txt"])
        fill(store, name, {f"users/{USER}4/b.txt": b"a neighbour's", f"users/{USER}": b"nobody's", "users/other/c.txt": b"another's"})
        done = export(listing(api(store, name)), store=store)
        self.assertEqual(done.code, 0, done)
        self.assertEqual([record["id"] for record in done.archive.records(done.archive.export["categories"][0])], [PREFIX + "a.txt"])

    def test_empty_prefix(self):
        """A person without objects: an empty category, and complete."""
        store = swift()
        done = export(listing(api(store, bucket(store))), store=store)
        self.assertEqual((done.code, done.archive.export["categories"][0]["records"]["delivered"]), (0, 0), done)

    def test_several_pages(self):
        """2,300 keys in three pages, all of them and none twice."""
        store = swift()
        name = bucket(store)
        keys = [f"{number:05}" for number in range(2300)]
        store.fill(name, [PREFIX + key for key in keys])
        done = export(listing(api(store, name), edit=lambda doc: doc["categories"][0].pop("media")), store=store)
        self.assertEqual(done.code, 0, done)
        self.assertEqual([record["id"] for record in done.archive.records(done.archive.export["categories"][0])], [PREFIX + key for key in keys])

    def test_gone(self):
        """An object that the records name and the bucket lacks is missing, and nothing is published unless that is allowed."""
        store = swift()
        name = bucket(store)
        first = min(media())
        fill(store, name, {key: data for key, data in media().items() if key != first})
        description = sample(api(store, name))
        done = export(description, store=store, subject=COMPLETE)
        self.assertEqual((done.code, done.published, [cause for _, cause in done.missing]), (3, [], ["gone"]), done)
        done = export(description, "--allow-partial", store=store, subject=COMPLETE)
        self.assertEqual((done.code, len(done.published)), (3, 2), done)


class Metadata(Case):
    def test_metadata_and_type(self):
        self.metadata(swift())

    def test_tags(self):
        store = s3rver()
        name = bucket(store)
        store.put(name, PREFIX + "a.txt", b"a")
        tags = [{"Key": "album", "Value": "summer"}, {"Key": "year", "Value": "2026"}]
        store.s3.put_object_tagging(Bucket=name, Key=PREFIX + "a.txt", Tagging={"TagSet": tags})
        done = export(listing(api(store, name), **{"with": ["tags"]}), store=store)
        self.assertEqual(done.code, 0, done)
        record, = done.archive.records(done.archive.export["categories"][0])
        self.assertEqual(record["extra"], {"tags": {"album": "summer", "year": "2026"}})

    def test_not_asked_for(self):
        store = swift()
        name = bucket(store)
        store.put(name, PREFIX + "a.txt", b"a", Metadata={"secret": "no"})
        done = export(listing(api(store, name)), store=store)
        record, = done.archive.records(done.archive.export["categories"][0])
        self.assertNotIn("extra", record)


class Prefixes(Case):
    def test_empty_identifier(self):
        """An identifier without a character names nobody: what lies under it may be anybody's, and the export is refused."""
        store = swift()
        name = bucket(store)
        fill(store, name, {"users//somebody.txt": b"somebody's"})

        def edit(doc):
            (Path(doc["apis"]["core"]["root"]) / "v1" / "users" / f"{USER}.json").write_text(json.dumps({"id": USER, "folder": ""}), encoding="ascii")
            doc["subject"]["resolve"]["identifiers"] = {"folder": "/folder"}
            doc["categories"][0]["from"]["list"] = doc["apis"]["media"]["prefix"] = "users/{folder}/"
        done = export(listing(api(store, name), edit=edit), store=store)
        self.assertEqual((done.code, done.published), (4, []), done)


class Versions(Case):
    """A bucket that keeps versions, as it was at a time."""

    def test_list_as_it_was(self):
        self.list_as_it_was(swift())

    def test_by_key_as_it_was(self):
        """The records know keys and no versions: the bucket is asked which one was current."""
        store = swift()
        name, time = history(store)
        keys = ["changed.txt", "deleted.txt", "new.txt", "same.txt"]
        done = export(listing(api(store, name, versions="as_of"), edit=lambda doc: by_records(doc, keys)), "--allow-partial", store=store, as_of=time)
        self.assertEqual((done.code, done.missing), (3, [("objects", "gone")]), done)
        got = {record["id"]: (done.archive.tree / record["files"][0]["path"]).read_bytes()
               for record in done.archive.records(done.archive.export["categories"][0]) if "path" in record["files"][0]}
        self.assertEqual(got, {"changed.txt": b"before", "deleted.txt": b"it was here", "same.txt": b"same"})

    def test_first_in_line_gets_a_place(self):
        """The bytes of an object whose version was told late do not wait for those behind it, which have all places and wait for it."""
        store = swift()
        name = bucket(store, versioned=True)
        data = {letter: letter.encode() * 16_000_000 for letter in "abcdef"}
        fill(store, name, {PREFIX + letter: data[letter] for letter in data})
        time = now()
        with StoreProxy(store) as proxy:
            proxy.rule(delay(3), query="versions.*%2Fb$")
            section = api(store, name, endpoint=proxy.endpoint, versions="as_of", limits={"concurrency": 2})
            done = export(listing(section, edit=lambda doc: by_records(doc, list(data))), store=store, as_of=time)
            asked = [proxy.count(method="GET", path=f"/{letter}$") for letter in data]
        self.assertEqual(done.code, 0, done)
        self.assertLess(max(asked), 4, f"they take the places from each other: {asked}")
        got = {record["id"]: (done.archive.tree / record["files"][0]["path"]).read_bytes()
               for record in done.archive.records(done.archive.export["categories"][0])}
        self.assertEqual(got, data)


def by_records(doc, keys):
    """The objects' records come from a file, and say the keys."""
    place = Path(doc["apis"]["core"]["root"]) / "v1" / "users" / USER
    place.mkdir()
    (place / "objects.json").write_text(json.dumps([{"id": key, "owner": USER, "key": PREFIX + key} for key in keys]), encoding="ascii")
    doc["categories"][0].update({"subject": "/owner", "from": {"api": "core", "get": "/v1/users/{user_id}/objects"}, "map": {"id": "/id"},
                                 "media": [{"role": "object", "api": "media", "key": "/key"}]})
    del doc["categories"][0]["keep"], doc["categories"][0]["omit"]


class Sweeps(unittest.TestCase):
    def test_orphans_and_absent(self):
        """What the bucket has and no record names is delivered; what a record names and the bucket lacks is missing."""
        store = swift()
        name = bucket(store)
        fill(store, name, {PREFIX + "named.txt": b"named", PREFIX + "more/orphan.txt": b"an orphan", f"users/{USER}9/x.txt": b"a neighbour's"})
        time = now()

        def edit(doc):
            by_records(doc, ["absent.txt", "named.txt"])
            doc["categories"][0]["sweep"] = {"api": "media", "prefix": "users/{user_id}/"}
        done = export(listing(api(store, name), edit=edit), "--allow-partial", store=store, as_of=time)
        self.assertEqual((done.code, done.missing), (3, [("objects", "gone")]), done)
        got = {record["id"]: (done.archive.tree / record["files"][0]["path"]).read_bytes()
               for record in done.archive.records(done.archive.export["categories"][0]) if "path" in record["files"][0]}
        self.assertEqual(got, {"named.txt": b"named", "more/orphan.txt": b"an orphan"})


class Requests(unittest.TestCase):
    def test_requester_pays(self):
        """Each request says so, signed, where the description says it."""
        store = swift()
        name = bucket(store)
        fill(store, name, {PREFIX + "a.txt": b"a"})
        for pays, wanted in ((True, {"requester"}), (False, {None})):
            with StoreProxy(store) as proxy:
                done = export(listing(api(store, name, endpoint=proxy.endpoint, requester_pays=pays)), store=store)
                self.assertEqual((done.code, {entry["headers"].get("x-amz-request-payer") for entry in proxy.log()}), (0, wanted), done)
                signed = [("x-amz-request-payer" in entry["headers"]["authorization"]) for entry in proxy.log()]
                self.assertEqual(set(signed), {pays})


class Refusals(Case):
    """What a store refuses ends the run with a sentence that names the reason, and nothing is published."""

    def test_wrong_secret(self):
        self.refused(1, "denied", "SignatureDoesNotMatch", "secret key", env={"AWS_SECRET_ACCESS_KEY": "wrong-secret"})

    def test_unknown_key(self):
        self.refused(1, "denied", "InvalidAccessKeyId", store=s3rver(), env={"AWS_ACCESS_KEY_ID": "NOBODY"})

    def test_no_rights(self):
        stranger = objectstores.Swift.stranger
        self.refused(1, "forbidden", "AccessDenied", env={"AWS_ACCESS_KEY_ID": stranger["access_key"], "AWS_SECRET_ACCESS_KEY": stranger["secret_key"]})

    def test_no_such_bucket(self):
        self.refused(1, "denied", "NoSuchBucket", "bucket", named="claakit-nowhere")

    def test_wrong_region(self):
        self.refused(1, "denied", "AuthorizationHeaderMalformed", "region", region="eu-nowhere-1")

    def test_no_credentials(self):
        self.refused(2, "config", "AWS_ACCESS_KEY_ID", env={"AWS_ACCESS_KEY_ID": None})

    def test_a_file_without_rights(self):
        """403 for one object is a missing item, as with any source."""
        stranger = objectstores.Swift.stranger
        store = swift()
        name = bucket(store)
        fill(store, name)
        done = export(sample(api(store, name)), store=store, subject=COMPLETE,
                      env={"AWS_ACCESS_KEY_ID": stranger["access_key"], "AWS_SECRET_ACCESS_KEY": stranger["secret_key"]})
        self.assertEqual((done.code, done.published, {cause for _, cause in done.missing}), (3, [], {"forbidden"}), done)

    def test_unsigned(self):
        """`none` signs nothing; a store that lets anybody in answers."""
        store = s3rver()
        name = bucket(store)
        fill(store, name)
        done = export(sample(api(store, name, credentials="none")), subject=COMPLETE)
        self.assertEqual((done.code, done.bytes == local().bytes), (0, True), done)


class Many(unittest.TestCase):
    def test_a_hundred_thousand_keys(self):
        """All of them, none of the five of a neighbour whose name begins in the same way, in 64 MiB."""
        store = swift()
        name = bucket(store)
        count = 100_000
        store.fill(name, [f"{PREFIX}{number:06}.png" for number in range(count)] + [f"users/{USER}{number}/x.png" for number in range(5)])
        place = harness.scratch("export")
        (place / "out").mkdir()
        description = listing(api(store, name), edit=lambda doc: doc["categories"][0].pop("media"))
        words = ["export", "-s", description, "-u", USER, "-k", harness.secret_key(), "-o", f"{place}/out/", "--as-of", AS_OF]
        run = harness.command("/usr/bin/time", "-f", "peak %M KiB", harness.binary(), *words, env=harness.environment(**store.env(endpoint=False)))
        self.assertEqual(run.code, 0, run)
        self.assertLess(int(run.err.rsplit("peak ", 1)[1].split()[0]), 64 * 1024, run)
        archive = harness.Archive(place / "out", run)
        ids = [record["id"] for record in archive.records(archive.export["categories"][0])]
        self.assertEqual(ids, [f"{PREFIX}{number:06}.png" for number in range(count)])


if __name__ == "__main__":
    harness.main()
