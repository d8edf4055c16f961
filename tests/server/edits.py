"""Changes to JSON answers before they are sent: a value put in, taken away, or written twice.

It owns the `edits` of a scenario and of a rule. It refuses an edit that it cannot read; one whose place an answer does
not have leaves that answer as it is.

    { "path": "^/api/v1/users/", "put": "/data/0/text", "value": "other" }
    { "put": "/data/0/number", "raw": "123456789012345678901234567890" }      JSON text as it stands, sound or not
    { "put": "/data/0/text", "nested": 100000 }                               so many arrays, each in the other
    { "remove": "/data/0/id" }
    { "repeat": "/data/0/id", "value": "twice" }                              the member comes a second time

The pointer "" is the whole answer. What stands in an object that has a repeated member cannot be reached any more.
"""

import re

import jsontext

DEEDS = ("put", "remove", "repeat")
VALUES = ("value", "raw", "nested")


class Edit:
    """One change."""

    def __init__(self, given, where):
        if not isinstance(given, dict) or not set(given) <= {"path", "$comment", *DEEDS, *VALUES}:
            raise ValueError(f"{where}: an edit has the members path, one of {DEEDS} and one of {VALUES}")
        deeds, values = [name for name in DEEDS if name in given], [name for name in VALUES if name in given]
        if len(deeds) != 1 or len(values) != (deeds[0] != "remove"):
            raise ValueError(f"{where}: an edit has one of {DEEDS}, and with put and repeat one of {VALUES}")
        try:
            self.path = re.compile(given.get("path", ""))
            jsontext.steps(given[deeds[0]])
        except (re.error, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"{where}: {error}") from None
        self.deed, self.pointer = deeds[0], given[deeds[0]]
        if self.deed != "put" and self.pointer == "":
            raise ValueError(f"{where}: the whole answer can only be put")
        self.value = given.get("value")
        if values == ["raw"]:
            self.value = jsontext.Raw(given["raw"])
        elif values == ["nested"]:
            self.value = jsontext.nested(given["nested"])

    def apply(self, document):
        if self.deed == "put":
            return jsontext.put(document, self.pointer, self.value)
        if self.deed == "remove":
            return jsontext.remove(document, self.pointer)
        return jsontext.repeat(document, self.pointer, self.value)


def compiled(given, where):
    if not isinstance(given, list):
        raise ValueError(f"{where} is not an array")
    return [Edit(one, f"{where}/{number}") for number, one in enumerate(given)]


def apply(edits, answer, target):
    """Changes the answer by those edits whose path is that of TARGET."""
    edits = [edit for edit in edits if edit.path.search(target)]
    if not edits or answer.document is None or answer.status != 200:
        return
    # Read again, as parts of it may be text already.
    answer.document = jsontext.read(jsontext.write(answer.document))
    for edit in edits:
        try:
            answer.document = edit.apply(answer.document)
        except (LookupError, TypeError, ValueError, AttributeError):
            pass  # this answer has no such place
