#!/usr/bin/python3
"""Proves whom `holdall verify` and `inspect` believe: keys, keys documents, and what each of them refuses.

Each way in which a signature can be wrong must be found under its own rule and under no other one, inside the archive and
beside it; and a keys document must be believed for its services and times only. Every archive here is whole but for that.
"""

import base64
import functools
import json
import shutil
import sys
import unittest

sys.dont_write_bytecode = True
import harness  # noqa: E402
from bagforge import SIGNATURE, TAGMANIFEST, Forged  # noqa: E402
from harness import holdall, public_key, public_text, scratch  # noqa: E402

ORDER = 2**252 + 27742317777372353535851937790883648493  # of the group of Ed25519 (RFC 8032, section 5.1)
IDENTITY = bytes([1]) + bytes(31)  # a point of order 1
AS_OF, BEFORE, AFTER = harness.AS_OF, "2026-10-31T23:59:59Z", "2026-11-01T00:00:01Z"


@functools.cache
def archive():
    """A small one."""
    return harness.export("12", description=harness.root() / "fixtures" / "minimal" / "service.json")


@functools.cache
def other():
    return harness.new_keys("other")


def entry(pub=None, **members):
    text = public_text(pub)
    number = int.from_bytes(base64.b64decode(text)[2:10], "little")
    return {"id": f"{number:016X}", "key": text, "valid_from": "2020-01-01T00:00:00Z"} | members


def document(*keys, services=("tinbox",), **members):
    """The path of a keys document."""
    path = scratch("trust") / "keys.json"
    path.write_text(json.dumps({"format": "holdall-keys-1", "services": services, "keys": keys} | members), encoding="utf-8")
    return path


def judge(path, *trust):
    """(exit code, the set of (rule, path)) of one archive."""
    run = holdall("verify", path, *trust, "--format", "json")
    (told,) = json.loads(run.out)["results"]
    return run.code, {(one["rule"], one["path"]) for one in told["findings"]}


def trusting(*keys, **members):
    return ("--trust", document(*keys, **members))


class Documents(unittest.TestCase):
    """One archive, and what documents say of the key that signed it."""

    def judged(self, code, rules, *keys, extra=(), **members):
        found = judge(archive().tree, *trusting(*keys, **members), *extra)
        self.assertEqual(found, (code, {(rule, SIGNATURE) for rule in rules}))

    def test_good(self):
        self.judged(0, [], entry())
        self.judged(0, [], entry(), services=("claakit", "tinbox"))
        self.judged(0, [], entry(other() / "holdall.pub"), entry())

    def test_entry_that_pubkey_prints(self):
        """It is good from now on, whenever that is; with another time it is good for this archive."""
        for path in (public_key(), harness.secret_key()):
            printed = json.loads(holdall("pubkey", path, "--format", "json").out)
            self.assertEqual(printed, entry(valid_from=printed["valid_from"]))
            self.assertNotEqual(judge(archive().tree, *trusting(printed))[0], 2)
            self.judged(0, [], printed | {"valid_from": AS_OF})

    def test_unknown(self):
        self.judged(1, ["sign.unknown"], entry(other() / "holdall.pub"))

    def test_time_is_that_of_the_statement(self):
        self.judged(0, [], entry(valid_from=AS_OF, valid_until=AFTER))
        self.judged(1, ["sign.period"], entry(valid_from=AFTER))
        self.judged(1, ["sign.period"], entry(valid_until=AS_OF))
        self.judged(1, ["sign.period"], entry(valid_from=BEFORE, valid_until="2026-11-01T01:00:00+01:00"))

    def test_service(self):
        self.judged(1, ["sign.service"], entry(), services=("claakit",))

    def test_revoked(self):
        for reason in ("superseded", "retired"):
            self.judged(0, [], entry(revoked={"at": AFTER, "reason": reason}))
            self.judged(1, ["sign.revoked"], entry(revoked={"at": AS_OF, "reason": reason}))
        for at in (BEFORE, AFTER, "2099-01-01T00:00:00Z"):
            self.judged(1, ["sign.revoked"], entry(revoked={"at": at, "reason": "compromised"}))

    def test_several_sources(self):
        """A revocation counts wherever it stands; otherwise one source that allows it is enough."""
        ours = ("-p", public_key())
        self.judged(1, ["sign.revoked"], entry(revoked={"at": AFTER, "reason": "compromised"}), extra=ours)
        self.judged(0, [], entry(valid_until=BEFORE), extra=ours)
        self.judged(0, [], entry(), services=("claakit",), extra=trusting(entry()))

    def test_inspect_believes_the_same(self):
        self.assertEqual(holdall("inspect", archive().zip, *trusting(entry())).code, 0)
        run = holdall("inspect", archive().zip, *trusting(entry(valid_from=AFTER)))
        self.assertEqual((run.code, run.out), (1, ""), run)
        self.assertIn("sign.period", run.err)


class Refused(unittest.TestCase):
    """What is no key and no keys document: exit code 2, and the file or option is named."""

    def refused(self, named, *words):
        run = holdall("verify", archive().zip, *words)
        self.assertEqual((run.code, run.out), (2, ""), run)
        self.assertIn(named, run.err)

    def test_by_inspect(self):
        run = holdall("inspect", archive().zip, "-P", "RWQ")
        self.assertEqual((run.code, run.out), (2, ""), run)

    def test_keys(self):
        low = base64.b64encode(b"Ed" + bytes(8) + IDENTITY).decode()
        self.refused("-P RWQ: ", "-P", "RWQ")
        self.refused("unsafe", "-P", low)
        path = scratch("key") / "bad.pub"
        for text in (b"", b"no key\n", low.encode(), public_text().encode() + b"\nmore", public_text().encode() + b"\0", b"x" * 20000):
            path.write_bytes(text)
            self.refused(str(path), "-p", path)
        self.refused("/does/not/exist", "-p", "/does/not/exist")
        self.refused(str(harness.secret_key()), "-p", harness.secret_key())

    def test_documents(self):
        low = base64.b64encode(b"Ed" + bytes(8) + IDENTITY).decode()
        times = [{"valid_from": "2026-02-30T00:00:00Z"}, {"valid_from": AS_OF, "valid_until": AS_OF},
                 {"revoked": {"at": "2026-13-01T00:00:00Z", "reason": "retired"}}, {"valid_from": "2026-01-01"}]
        wrong = [document(entry(**time)) for time in times]
        wrong += [document(entry(), entry()), document(entry(id="0" * 16)), document(entry(key=low, id="0" * 16)), document(),
                  document(entry(name="x")), document(entry(), note="x"), document(entry(), services=()), document(entry(), format="holdall-keys-2"),
                  document(entry(revoked={"at": AS_OF, "reason": "lost"})), document(*[entry(other() / "holdall.pub")] * 1001)]
        path = scratch("doc") / "d.json"
        path.write_bytes(document(entry()).read_bytes() + b" " * 2**20)
        for one in (*wrong, path, public_key()):
            self.refused(str(one), "--trust", one)
        path.write_bytes(document(entry()).read_bytes().ljust(2**20))
        self.assertEqual(holdall("verify", archive().zip, "--trust", path).code, 0)


def sign(path, out, *options, key=None, comment):
    run = harness.command("minisign", "-S", *options, "-s", key or harness.secret_key(), "-t", comment, "-m", path, "-x", out)
    if run.code != 0:
        raise AssertionError(f"minisign could not sign:\n{run}")


def edited(path, line, change):
    """CHANGE one line of a signature file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[line] = change(lines[line])
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def unreduced(line):
    """The same signature with S + L: it says the same to whoever does not look."""
    data = base64.b64decode(line)
    number = int.from_bytes(data[-32:], "little") + ORDER
    return base64.b64encode(data[:-32] + number.to_bytes(32, "little")).decode()


class Faults(unittest.TestCase):
    """Each fault of a signature has its rule. A fault changes the signature file at PATH, which signs the file SIGNED with COMMENT."""

    FAULTS = {
        "sign.form": lambda path, signed, comment: path.write_text("untrusted comment: x\nRURf\n", encoding="ascii"),
        "sign.legacy": lambda path, signed, comment: sign(signed, path, "-l", comment=comment),
        "sign.unknown": lambda path, signed, comment: sign(signed, path, key=other() / "holdall.key", comment=comment),
        "sign.canonical": lambda path, signed, comment: edited(path, 1, unreduced),
        "sign.wrong": lambda path, signed, comment: sign(harness.root() / "LICENSE", path, comment=comment),
        "sign.comment": lambda path, signed, comment: edited(path, 2, lambda line: line.replace("as_of=2026", "as_of=2025")),
        "sign.statement": lambda path, signed, comment: sign(signed, path, comment=comment.replace("file=", "file=x")),
    }

    def test_inside(self):
        for rule, change in self.FAULTS.items():
            if rule == "sign.unknown":
                continue  # the copy of the key inside would be that of another key, too: see below
            with self.subTest(rule):
                forged = Forged(archive())
                change(forged.path(SIGNATURE), forged.path(TAGMANIFEST), forged.comment())
                self.assertEqual(judge(forged.tree, "-p", public_key()), (1, {(rule, SIGNATURE)}))

    def test_unknown_inside(self):
        forged = Forged(archive())
        shutil.copy(other() / "holdall.pub", forged.path("signing-key.pub"))
        forged.reseal(key=other() / "holdall.key")
        self.assertEqual(judge(forged.tree, "-p", public_key()), (1, {("sign.unknown", SIGNATURE)}))

    def test_beside(self):
        for rule, change in self.FAULTS.items():
            with self.subTest(rule):
                path = scratch("beside") / archive().zip.name
                signature = path.with_name(path.name + ".minisig")
                shutil.copy(archive().zip, path)
                shutil.copy(archive().signature, signature)
                comment = signature.read_text(encoding="utf-8").splitlines()[2].removeprefix("trusted comment: ")
                change(signature, path, comment)
                self.assertEqual(judge(path, "-p", public_key()), (1, {(rule, signature.name)}))

    def test_second_number(self):
        """The signature over the comment must be reduced as well."""
        forged = Forged(archive())
        edited(forged.path(SIGNATURE), 3, unreduced)
        self.assertEqual(judge(forged.tree, "-p", public_key()), (1, {("sign.canonical", SIGNATURE)}))

    def test_taken_away(self):
        forged = Forged(archive())
        forged.path(SIGNATURE).unlink()
        for keys in ((), ("-p", public_key())):
            self.assertEqual(judge(forged.tree, *keys), (1, {("sign.missing", SIGNATURE)}))

    def test_two_keys_that_are_both_trusted(self):
        """The signature beside the ZIP is by another one than that inside."""
        path = scratch("pair") / archive().zip.name
        shutil.copy(archive().zip, path)
        signature = path.with_name(path.name + ".minisig")
        comment = archive().signature.read_text(encoding="utf-8").splitlines()[2].removeprefix("trusted comment: ")
        sign(path, signature, key=other() / "holdall.key", comment=comment)
        pair = (1, {("sign.pair", signature.name)})
        self.assertEqual(judge(path, "-p", public_key(), "-p", other() / "holdall.pub"), pair)
        self.assertEqual(judge(path), pair)

    def test_copies(self):
        low = base64.b64encode(b"Ed" + base64.b64decode(public_text())[2:10] + IDENTITY).decode()
        for rule, text in {"sign.key": "no key\n", "sign.unsafe": low + "\n",
                           "sign.copy": (other() / "holdall.pub").read_text(encoding="ascii")}.items():
            forged = Forged(archive())
            forged.path("signing-key.pub").write_text(text, encoding="ascii")
            forged.reseal()
            for keys in ((), ("-p", public_key())):
                self.assertEqual(judge(forged.tree, *keys), (1, {(rule, "signing-key.pub")}))

    def test_one_id_and_two_keys(self):
        """Whoever makes a key with the id of another one gains nothing, and takes nothing away."""
        ours, theirs = base64.b64decode(public_text()), base64.b64decode(public_text(other() / "holdall.pub"))
        twin = base64.b64encode(ours[:10] + theirs[10:]).decode()
        for keys in (("-P", twin, "-P", public_text()), ("-P", public_text(), "-P", twin)):
            self.assertEqual(judge(archive().zip, *keys)[0], 0)
        self.assertEqual(judge(archive().tree, "-P", twin), (1, {("sign.wrong", SIGNATURE)}))


if __name__ == "__main__":
    harness.main()
