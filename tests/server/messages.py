"""Requests as the server sees them, and answers before they are sent.

It owns what stands between the connection and the resources. It refuses nothing: a request that makes no sense gets its
answer from the resource that it asks for.
"""

import json
import re
import urllib.parse

import jsontext

ABSOLUTE = re.compile(r"^https?://[^/?]*")


class Request:
    """One request, whole."""

    def __init__(self, method, target, headers, body, listener, keep=True):
        self.method, self.target, self.headers, self.body = method, target, headers, body
        self.listener, self.keep = listener, keep
        self.local = ABSOLUTE.sub("", target) or "/"  # without the origin that stands in it when we are asked as a proxy
        self.raw_path, _, self.raw_query = self.local.partition("?")
        self.path = urllib.parse.unquote(self.raw_path, errors="surrogateescape")
        self.pairs = urllib.parse.parse_qsl(self.raw_query, keep_blank_values=True, errors="surrogateescape")
        self.query = dict(self.pairs)

    def header(self, name, default=None):
        """The first header of that name."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), default)

    def document(self):
        """The JSON of the body, or None."""
        try:
            return json.loads(self.body) if self.body else None
        except ValueError:
            return None

    def value(self, name, default=None):
        """A query parameter, or with a pointer as name a value of the JSON body."""
        if name.startswith("/"):
            found = jsontext.get(self.document(), name)
        else:
            found = self.query.get(name)
        return default if found is None else found

    def number(self, name, default):
        """The same as an integer that is not negative; Refused when it is none."""
        text = str(self.value(name, default))
        if not text.isdecimal():
            raise Refused(400, "bad_parameter", name)
        return int(text)

    def address(self, **changes):
        """Path and query of this request with other parameters; None takes one away."""
        kept = [(name, value) for name, value in self.pairs if name not in changes]
        kept += [(name, str(value)) for name, value in changes.items() if value is not None]
        query = urllib.parse.urlencode(kept, errors="surrogateescape")
        return self.raw_path + ("?" + query if query else "")


class Blob:
    """Bytes that are made when they are sent: LENGTH of them, by READ(start, stop)."""

    STEP = 1 << 16

    def __init__(self, length, read):
        self.length, self.read = length, read

    def __len__(self):
        return self.length

    def part(self, start, stop):
        """The bytes from START to STOP as another Blob."""
        return Blob(stop - start, lambda first, last: self.read(start + first, start + last))

    def pieces(self):
        for start in range(0, self.length, self.STEP):
            yield self.read(start, min(start + self.STEP, self.length))


class Answer:
    """Status, headers and a body, which is bytes, a Blob, or a document that becomes JSON at the end."""

    def __init__(self, status=200, document=None, body=b"", headers=()):
        self.status, self.document, self.body = status, document, body
        self.headers = list(headers)

    def set(self, name, value):
        """Replaces the header NAME; None takes it away, a list stands for several of that name."""
        self.headers = [pair for pair in self.headers if pair[0].lower() != name.lower()]
        if value is not None:
            self.headers += [(name, str(one)) for one in (value if isinstance(value, list) else [value])]

    def get(self, name):
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def finish(self):
        """Turns the document into the body."""
        if self.document is not None:
            self.body = jsontext.write(self.document).encode("utf-8")
            self.document = None
            if self.get("Content-Type") is None:
                self.set("Content-Type", "application/json")


class Refused(Exception):
    """A request that ends with an error status."""

    def __init__(self, status, code, about="", headers=()):
        super().__init__(code)
        self.status, self.code, self.about, self.headers = status, code, about, headers

    def answer(self):
        return Answer(self.status, {"error": {"code": self.code, "about": self.about}}, headers=self.headers)
