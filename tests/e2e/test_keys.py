#!/usr/bin/python3
"""Proves that holdall and minisign share their key files, with and without a password, and that no key is no archive.

Keys of `holdall keygen` sign in minisign and are read by it; keys of `minisign -G` sign exports. A password comes from
a file, a descriptor or the terminal, and never from anywhere else. Unlocking takes 1 GiB and some seconds each time.
"""

import os
import pty
import select
import sys
import time
import unittest
from functools import cache
from pathlib import Path

sys.dont_write_bytecode = True
import harness  # noqa: E402
from harness import TROUBLED, command, environment, holdall, leftovers, need, scratch  # noqa: E402

PASSWORD = "correct horse \u00e4 battery"


@cache
def minisign_keys(*, password):
    """A key pair by minisign itself: (secret key, public key)."""
    need("minisign")
    folder = scratch("minisign")
    run = command("minisign", "-G", *([] if password else ["-W"]), "-p", folder / "m.pub", "-s", folder / "m.key",
                  stdin=f"{PASSWORD}\n{PASSWORD}\n".encode() if password else b"")
    if run.code != 0:
        raise AssertionError(f"minisign could not make keys:\n{run}")
    return folder / "m.key", folder / "m.pub"


@cache
def password_file():
    path = scratch("password") / "password"
    path.write_text(PASSWORD + "\n", encoding="utf-8")
    return path


def export_with(key, *extra, **options):
    """(folder, run) of an export of the small account, which is partial: exit code 3 is its success."""
    folder = scratch("signed")
    return folder, harness.try_export(TROUBLED, folder, "--allow-partial", *extra, key=key, **options)


class Case(unittest.TestCase):
    def signed_by(self, public, key, *extra, **options):
        folder, run = export_with(key, *extra, **options)
        self.assertEqual(run.code, 3, run)
        archive = harness.Archive(folder, run)
        for path in (archive.zip, archive.tree / "tagmanifest-sha256.txt"):
            check = command("minisign", "-Vm", path, "-p", public)
            self.assertEqual(check.code, 0, check)
        self.assertEqual(harness.public_text(archive.tree / "signing-key.pub"), harness.public_text(public))

    def refused(self, key, *extra, word=None, **options):
        folder, run = export_with(key, *extra, **options)
        self.assertEqual((run.code, leftovers(folder)), (2, []), run)
        if word:
            self.assertIn(word, run.err)
        self.assertNotIn(PASSWORD, run.out + run.err)


class OfMinisign(Case):
    def test_without_a_password(self):
        key, public = minisign_keys(password=False)
        self.signed_by(public, key)

    def test_password_in_a_file(self):
        key, public = minisign_keys(password=True)
        self.signed_by(public, key, "--key-password-file", password_file())

    def test_password_on_a_descriptor(self):
        key, public = minisign_keys(password=True)
        with open(password_file(), "rb") as stream:
            self.signed_by(public, key, "--key-password-file", f"fd:{stream.fileno()}", pass_fds=[stream.fileno()])

    def test_wrong_password(self):
        wrong = scratch("wrong") / "password"
        wrong.write_text("wrong\n", encoding="utf-8")
        self.refused(minisign_keys(password=True)[0], "--key-password-file", wrong, word="password")

    def test_no_password_and_no_terminal(self):
        """It does not wait for what cannot come."""
        self.refused(minisign_keys(password=True)[0], word="--key-password-file", start_new_session=True)

    def test_empty_and_absent_password_file(self):
        empty = scratch("empty") / "password"
        empty.write_bytes(b"")
        for path in (empty, empty.with_name("gone")):
            self.refused(minisign_keys(password=True)[0], "--key-password-file", path, word="password")

    def test_public_halves(self):
        for password in (False, True):
            key, public = minisign_keys(password=password)
            self.assertEqual(holdall("pubkey", public).out.splitlines()[1], harness.public_text(public))
        run = holdall("pubkey", minisign_keys(password=False)[0])
        self.assertEqual(run.out.splitlines()[1], harness.public_text(minisign_keys(password=False)[1]), run)


class OnATerminal(Case):
    """The password is asked for on the terminal, without an echo."""

    def answer(self, argv, answer):
        """Runs holdall on a terminal of its own; gives exit code and everything that was shown."""
        child, terminal = pty.fork()
        if child == 0:
            os.execve(argv[0], [str(word) for word in argv], environment())
        shown, sent, end = b"", False, time.monotonic() + harness.TIMEOUT
        while time.monotonic() < end:
            if not select.select([terminal], [], [], 1)[0]:
                continue
            try:
                block = os.read(terminal, 65536)
            except OSError:
                break
            if not block:
                break
            shown += block
            if not sent and b"assword" in shown:
                time.sleep(0.2)
                os.write(terminal, answer.encode() + b"\n")
                sent = True
        os.close(terminal)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown.decode("utf-8", "replace")

    def test_asked_for(self):
        key, public = minisign_keys(password=True)
        folder = scratch("terminal")
        argv = [harness.binary(), *harness.export_arguments(TROUBLED, folder, "--allow-partial", key=key)]
        code, shown = self.answer(argv, PASSWORD)
        self.assertEqual(code, 3, shown)
        self.assertIn("assword", shown)
        self.assertNotIn(PASSWORD, shown)
        archive = next(folder.glob("*.zip"))
        self.assertEqual(command("minisign", "-Vm", archive, "-p", public).code, 0)


class OfHoldall(Case):
    def test_files(self):
        """0600 and 0644, in minisign's format, and the text that is shown is the key."""
        folder = scratch("mine")
        run = holdall("keygen", "-o", folder)
        self.assertEqual((run.code, leftovers(folder)), (0, ["holdall.key", "holdall.pub"]), run)
        self.assertEqual((folder / "holdall.key").stat().st_mode & 0o777, 0o600)
        self.assertEqual((folder / "holdall.pub").stat().st_mode & 0o777, 0o644)
        self.assertIn(harness.public_text(folder / "holdall.pub"), run.out)

    def test_two_are_never_the_same(self):
        self.assertNotEqual(harness.public_text(harness.new_keys() / "holdall.pub"), harness.public_text())

    def test_nothing_is_overwritten(self):
        """A key that is lost cannot be made again."""
        for name in ("holdall.key", "holdall.pub"):
            folder = scratch("there")
            (folder / name).write_text("precious", encoding="utf-8")
            run = holdall("keygen", "-o", folder)
            self.assertEqual(run.code, 1, run)
            self.assertEqual((leftovers(folder), (folder / name).read_text(encoding="utf-8")), ([name], "precious"))

    def test_minisign_signs_with_it(self):
        need("minisign")
        folder = scratch("sign")
        (folder / "letter").write_text("a letter", encoding="utf-8")
        run = command("minisign", "-S", "-W", "-s", harness.secret_key(), "-m", folder / "letter")
        self.assertEqual(run.code, 0, run)
        run = command("minisign", "-Vm", folder / "letter", "-p", harness.public_key())
        self.assertEqual(run.code, 0, run)

    def test_pubkey(self):
        """Of either half; what it prints is a public key file."""
        for path in (harness.secret_key(), harness.public_key()):
            run = holdall("pubkey", path)
            self.assertEqual(run.code, 0, run)
            self.assertEqual(run.out, harness.public_key().read_text(encoding="utf-8"))

    def test_with_a_password(self):
        need("minisign")
        folder = scratch("locked")
        run = holdall("keygen", "-o", folder, "--key-password-file", password_file())
        self.assertEqual(run.code, 0, run)
        (folder / "letter").write_text("a letter", encoding="utf-8")
        run = command("minisign", "-S", "-s", folder / "holdall.key", "-m", folder / "letter", stdin=f"{PASSWORD}\n".encode())
        self.assertEqual(run.code, 0, run)
        self.assertEqual(command("minisign", "-Vm", folder / "letter", "-p", folder / "holdall.pub").code, 0)
        self.signed_by(folder / "holdall.pub", folder / "holdall.key", "--key-password-file", password_file())


class NoKey(Case):
    def test_none(self):
        """Archives are always signed."""
        folder = scratch("nokey")
        run = holdall("export", "-s", harness.service(), "-u", TROUBLED, "-o", f"{folder}/")
        self.assertEqual((run.code, leftovers(folder)), (2, []), run)
        self.assertIn("-k", run.err)

    def test_from_the_environment(self):
        folder = scratch("envkey")
        run = holdall("export", "-s", harness.service(), "-u", TROUBLED, "-o", f"{folder}/", "--allow-partial",
                      env=environment(HOLDALL_KEY=harness.secret_key()))
        self.assertEqual(run.code, 3, run)
        check = command("minisign", "-Vm", next(folder.glob("*.zip")), "-p", harness.public_key())
        self.assertEqual(check.code, 0, check)

    def test_what_is_no_key(self):
        place = scratch("bad")
        text = harness.secret_key().read_text(encoding="ascii")
        head, body = text.splitlines()
        for name, data in {"empty": "", "text": "hello\n", "cut": text[:60], "public": harness.public_key().read_text(encoding="ascii"),
                           "changed": f"{head}\n{body[:100]}{'A' if body[100] != 'A' else 'B'}{body[101:]}\n",
                           "no base64": f"{head}\n{body[:40]}!{body[41:]}\n"}.items():
            with self.subTest(name):
                (place / name).write_text(data, encoding="ascii")
                self.refused(place / name, word=name)
        self.refused(place / "gone", word="gone")

    def test_it_is_read_before_anything_is_contacted(self):
        """A wrong key is a usage error also for a person that the service does not know."""
        folder = scratch("early")
        run = harness.try_export("usr_000000000000", folder, key=Path("/nonexistent/key"))
        self.assertEqual(run.code, 2, run)


if __name__ == "__main__":
    harness.main()
