"""One run of the fake service: what its scenario file says, checked, with the counts that belong to it.

It owns the members of a scenario and everything that a new scenario makes new: rules, tokens, journal. It refuses a
scenario with a member that it does not know. README.md lists the members.
"""

import json
import ssl

import edits
import faults
import journal
import media
from auth import Auth

FORMS = ("absolute", "path", "query", "api")
TLS = {"certificate": faults.text, "key": faults.text, "client_ca": faults.text}


def sign(value):
    return faults.members(media.SIGN)(value) and value.get("origin", "main") in faults.LISTENERS


MEMBERS = {
    "auth": lambda value: isinstance(value, list), "sign": sign, "page_form": lambda value: value in FORMS,
    "edits": lambda value: isinstance(value, list), "rules": lambda value: isinstance(value, list), "seed": faults.whole,
    "chaos": faults.dictionary, "log": lambda value: isinstance(value, bool), "tls": faults.dictionary,
    "$comment": lambda value: True,
}


class Scenario:
    """A scenario at work."""

    def __init__(self, given, clock):
        faults.check(given, MEMBERS, "scenario")
        self.auth = Auth(given.get("auth", []), clock)
        self.sign, self.page_form = given.get("sign"), given.get("page_form", "absolute")
        self.edits = edits.compiled(given.get("edits", []), "edits")
        self.faults = faults.Faults(given.get("rules", []), given.get("chaos"), given.get("seed", 0))
        self.journal = journal.Journal(given.get("log", True))
        self.tls = tls_context(given["tls"]) if "tls" in given else None

    def reset(self):
        """Back to the beginning: counts, journal and tokens."""
        self.auth.reset()
        self.faults.reset()
        self.journal.reset()


def tls_context(given):
    """The server's side of TLS; with `client_ca` only clients with a certificate of that authority are let in."""
    faults.check(given, TLS, "tls")
    if not {"certificate", "key"} <= set(given):
        raise ValueError("tls: `certificate` and `key` are both needed")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(given["certificate"], given["key"])
        if "client_ca" in given:
            context.load_verify_locations(given["client_ca"])
            context.verify_mode = ssl.CERT_REQUIRED
    except OSError as error:
        raise ValueError(f"tls: {error}") from None
    return context


def read(text, clock):
    """The scenario in TEXT; ValueError says what is wrong with it."""
    try:
        given = json.loads(text or "{}")
    except ValueError as error:
        raise ValueError(f"the scenario is no JSON: {error}") from None
    return Scenario(given, clock)
