"""Answers as bytes on the wire, and every way in which a rule spoils them there.

It owns the status line, the headers that frame a body, and the pace. It refuses nothing: what a rule asks for is sent,
whether it makes sense or not.
"""

import gzip
import http
import re
from email.utils import formatdate

from connection import Ended
from messages import Blob

MOMENT = re.compile(r"(http-date|epoch)([+-][0-9]+)?$")
BODILESS = (204, 304)
ENDLESS = 1 << 14
TICK = 0.1
AT_ONCE = 1 << 18


def reason(status):
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Unnamed"


def moment(text, now):
    """`http-date+5` and `epoch+5` as the date or the Unix time in five seconds; any other text as it is."""
    found = MOMENT.match(str(text))
    if not found:
        return text
    at = now + int(found[2] or 0)
    return formatdate(at, usegmt=True) if found[1] == "http-date" else str(at)


def at_stage(connection, what, stage):
    """What the rule wants at this stage: silence, then the end."""
    if "stall" in what and what.get("stage", "body") == stage:
        connection.wait(what["stall"])
    if what.get("reset") == stage:
        connection.reset()
        raise Ended
    if what.get("close") == stage:
        connection.close()
        raise Ended


def stops_in_body(what):
    return "body" in (what.get("reset"), what.get("close")) or ("stall" in what and what.get("stage", "body") == "body")


def normal(what):
    """The rule with `cut` and `cut_chunked` told as what they are: a close in the body."""
    place = what.get("cut", what.get("cut_chunked"))
    return what if place is None else {**what, "close": "body", "after": place}


def packed(answer, what):
    """The body as it travels."""
    body = answer.body
    if "gzip" not in what and "gzip_cut" not in what:
        return body
    data = gzip.compress(b"".join(body.pieces()) if isinstance(body, Blob) else body, mtime=0)
    answer.set("Content-Encoding", "gzip")
    cut = what.get("gzip_cut")
    return data if cut is None else data[:len(data) // 2 if cut is True else cut]


def framing(what):
    if any(name in what for name in ("chunked", "cut_chunked", "endless_chunked", "trailers")):
        return "chunked"
    return "none" if "no_length" in what else "length"


def headers(answer, what, length, keep, now):
    """Completes the headers of the answer."""
    answer.set("Date", formatdate(now + what.get("date_skew", 0), usegmt=True))
    frame = framing(what)
    if answer.status not in BODILESS:
        answer.set("Content-Length", length + what.get("wrong_length", 0) if frame == "length" else None)
        answer.set("Transfer-Encoding", "chunked" if frame == "chunked" else None)
    if not keep:
        answer.set("Connection", "close")
    for name, value in what.get("headers", {}).items():
        answer.set(name, [moment(one, now) for one in value] if isinstance(value, list) else
                   value if value is None else moment(value, now))
    if "big_header" in what:
        answer.set("X-Big", "b" * what["big_header"])
    for name in what.get("drop_headers", []):
        answer.set(name, None)


def head(answer, what):
    """Status line and headers, without the empty line."""
    lines = [f"HTTP/{what.get('http', '1.1')} {answer.status} {reason(answer.status)}"]
    lines += [f"{name}: {value}" for name, value in answer.headers]
    return "".join(line + "\r\n" for line in lines).encode("utf-8", "surrogateescape")


def plain(answer):
    """The whole of a small answer after which the connection ends."""
    answer.set("Content-Length", len(answer.body))
    answer.set("Connection", "close")
    return head(answer, {}) + b"\r\n" + answer.body


class Tally:
    """Stands for an entry of the journal where none is wanted."""

    status, bytes = None, 0


def send_head(connection, data, what):
    for number in range(what.get("interim", 0)):
        connection.write(b"HTTP/1.1 103 Early Hints\r\nX-Interim: %d\r\nContent-Length: 7\r\n\r\n" % number)
    if "headers" in (what.get("reset"), what.get("close")) or what.get("stage") == "headers":
        connection.write(data[:len(data) // 2])
        at_stage(connection, what, "headers")
        data = data[len(data) // 2:]
    connection.write(data)
    while "endless_headers" in what:
        connection.write(b"X-Endless: " + b"e" * ENDLESS + b"\r\n")
    connection.write(b"\r\n")


class Body:
    """The body on its way."""

    def __init__(self, connection, what, length, entry):
        self.connection, self.what, self.length, self.entry = connection, what, length, entry
        self.chunked, self.rate = framing(what) == "chunked", what.get("trickle")
        self.promised = "cut_chunked" in what

    def put(self, data):
        if not data:
            return
        self.entry.bytes += len(data)
        if self.chunked and not self.promised:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        self.paced(data)

    def paced(self, data):
        """At most `trickle` bytes a second."""
        if self.rate is None:
            self.connection.write(data)
            return
        step = max(1, int(self.rate * TICK))
        for start in range(0, len(data), step):
            self.connection.write(data[start:start + step])
            self.connection.wait(step / self.rate)

    def send(self, pieces):
        """All of the pieces, unless the rule ends it before."""
        mark = self.what.get("after", self.length // 2) if stops_in_body(self.what) else None
        done = 0
        if self.promised:  # one chunk for the whole body, which then breaks off
            self.connection.write(b"%x\r\n" % self.length)
        for piece in pieces:
            if mark is not None and done + len(piece) >= mark:
                self.put(piece[:mark - done])
                at_stage(self.connection, self.what, "body")
                self.put(piece[mark - done:])
                mark = None
            else:
                self.put(piece)
            done += len(piece)
        if mark is not None:
            at_stage(self.connection, self.what, "body")
        while "endless_chunked" in self.what:
            self.put(b" " * ENDLESS)
        if self.chunked:
            trailers = "".join(f"{name}: {value}\r\n" for name, value in self.what.get("trailers", {}).items())
            self.connection.write(b"0\r\n" + trailers.encode("utf-8") + b"\r\n")


def send(connection, request, answer, what, clock, entry):
    """Sends the answer as WHAT (the doing members of a rule) spoils it; whether the connection can go on."""
    if "garbage" in what:
        connection.write(what["garbage"].encode("latin-1", "replace"))
        return False
    what = normal(what)
    answer.finish()
    body = packed(answer, what)
    keep = request.keep and what.get("http") != "1.0" and framing(what) != "none" and "wrong_length" not in what
    headers(answer, what, len(body), keep, clock.now())
    entry.status = answer.status
    data = head(answer, what)
    silent = request.method == "HEAD" or answer.status in BODILESS
    if not what and isinstance(body, bytes) and len(body) < AT_ONCE:
        entry.bytes = 0 if silent else len(body)
        connection.write(data + b"\r\n" + (b"" if silent else body))
        return keep
    send_head(connection, data, what)
    if not silent:
        Body(connection, what, len(body), entry).send(body.pieces() if isinstance(body, Blob) else [body])
    return keep
