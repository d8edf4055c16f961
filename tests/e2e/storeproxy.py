"""A proxy between holdall and a real store, which disturbs what a test names and passes everything else on as it is.

It owns one free port of 127.0.0.1, the log of what went through, and the rules of the test. Requests are passed on byte
for byte: method, target, headers with `Host` (signatures cover it) and body. Bodies of any size go through in pieces and
are never held. It refuses to repair anything: what it cannot pass on ends the connection, as a real network would.

    with StoreProxy(store) as proxy:
        proxy.rule(status(503, "SlowDown"), method="PUT", query="partNumber=2", times=2)
        …holdall uses proxy.endpoint instead of store.endpoint…
        proxy.count(method="PUT")

A rule holds for the requests that match all of method, path and query (regular expressions, searched) and headers;
the first `after` of these pass, the next `times` are disturbed (None: all of them). Of several rules the first that
disturbs a request wins; the clock (`date`) holds for every request beside them.
"""

import contextlib
import dataclasses
import email.utils
import re
import select
import socket
import socketserver
import struct
import threading
import time
from datetime import datetime, timezone
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

PIECE, HEAD = 1 << 16, 1 << 17
IDLE_SECONDS, PART_SECONDS = 60, 1
SKEW_SECONDS = 15 * 60
NO_BODY = {204, 304}
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
DECLARATION = re.compile(rb"^\s*<\?xml[^>]*\?>")


class Ended(Exception):
    """The connection is to be closed now, whatever is on its way."""


# ---- messages ----------------------------------------------------------------------------------------------

class Stream:
    """One end of a connection, read piece by piece."""

    def __init__(self, link):
        self.link, self.kept = link, b""
        link.settimeout(IDLE_SECONDS)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def more(self):
        piece = self.link.recv(PIECE)
        self.kept += piece
        return piece

    def head(self):
        """The bytes up to and with the empty line; None when the other side has closed before the first byte."""
        while b"\r\n\r\n" not in self.kept:
            if len(self.kept) > HEAD or not self.more():
                if not self.kept:
                    return None
                raise Ended
        head, _, self.kept = self.kept.partition(b"\r\n\r\n")
        return head + b"\r\n\r\n"

    def line(self):
        while b"\r\n" not in self.kept:
            if len(self.kept) > HEAD or not self.more():
                raise Ended
        line, _, self.kept = self.kept.partition(b"\r\n")
        return line + b"\r\n"

    def some(self, most):
        """Up to MOST bytes; b"" at the end."""
        if not self.kept:
            self.kept = self.link.recv(min(PIECE, most))
        piece, self.kept = self.kept[:most], self.kept[most:]
        return piece

    def exactly(self, size):
        while size > 0:
            piece = self.some(size)
            if not piece:
                raise Ended
            size -= len(piece)
            yield piece


class Message:
    """The head of a request or an answer; `lines` are as they came and go on as they are."""

    def __init__(self, head):
        self.start, *self.lines = head.decode("latin-1").split("\r\n")[:-2]

    def get(self, name, default=None):
        for line in self.lines:
            word, _, value = line.partition(":")
            if word.strip().lower() == name.lower():
                return value.strip()
        return default

    def drop(self, name):
        self.lines = [line for line in self.lines if line.partition(":")[0].strip().lower() != name.lower()]

    def set(self, name, value):
        self.drop(name)
        self.lines.append(f"{name}: {value}")

    def headers(self):
        pairs = (line.partition(":") for line in self.lines)
        return {word.strip().lower(): value.strip() for word, _, value in pairs}

    def bytes(self):
        return "\r\n".join([self.start, *self.lines, "", ""]).encode("latin-1")


def body_of(message, stream, none=False, until_end=False):
    """(piece as it goes over the wire, how many bytes of it are body) for all of a body."""
    if none:
        return
    if "chunked" in message.get("transfer-encoding", "").lower():
        yield from chunks(stream)
    elif message.get("content-length") is not None:
        for piece in stream.exactly(int(message.get("content-length"))):
            yield piece, len(piece)
    elif until_end:
        while piece := stream.some(PIECE):
            yield piece, len(piece)


def chunks(stream):
    while True:
        line = stream.line()
        yield line, 0
        size = int(line.split(b";")[0], 16)
        if size == 0:
            break
        for piece in stream.exactly(size):
            yield piece, len(piece)
        yield stream.line(), 0
    while True:  # trailers, and the empty line
        line = stream.line()
        yield line, 0
        if line == b"\r\n":
            return


def error_xml(code, message="", **more):
    """An error as S3 writes it."""
    inner = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in {"Code": code, "Message": message, **more}.items())
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{inner}<RequestId>0A49CE4060975EAC</RequestId></Error>'.encode()


def http_date(moment):
    return email.utils.formatdate(moment, usegmt=True)


# ---- what a rule can do ------------------------------------------------------------------------------------

class Action:
    """What happens to one exchange; the methods here change nothing."""

    needs_store = True  # is the request passed on?
    replaces = False  # is another answer given than the store's?

    def before(self, exchange):
        """When the head of the request has come."""

    def say(self, exchange):
        """Instead of the store's answer, once that has come to its end (replaces)."""
        raise NotImplementedError

    def answer(self, exchange):
        """Instead of the store's answer, where the request is not passed on."""
        raise NotImplementedError

    def request_piece(self, exchange, piece, sent):
        return piece

    def response(self, exchange, message):
        """May change the head of the store's answer."""

    def before_body(self, exchange, message):
        """Once the head of the answer has been sent."""

    def response_piece(self, exchange, piece, sent):
        return piece


class Status(Action):
    needs_store = False

    def __init__(self, code, body, headers, read_body):
        self.code, self.body, self.headers, self.read_body = code, body, headers, read_body

    def answer(self, exchange):
        if self.read_body:
            exchange.swallow()
        exchange.say(self.code, self.body, self.headers, close=not self.read_body)


def status(code, error=None, message="", read_body=True, body=None, **headers):
    """Answers CODE without asking the store; ERROR is the word of S3's XML, or BODY the bytes. HEADERS with _ for -.
    With read_body=False it answers while the request's body is still coming, and closes."""
    if body is None:
        body = error_xml(error, message) if error else b""
    named = {"content-type": "application/xml"} if body else {}
    return Status(code, body, named | {name.replace("_", "-"): value for name, value in headers.items()}, read_body)


def redirect(location, code=307, error="TemporaryRedirect", **headers):
    """A redirect of S3's; location is an address, or an origin to which the target of the request is added."""
    return Redirect(location, code, error, headers)


class Redirect(Action):
    needs_store = False

    def __init__(self, location, code, error, headers):
        self.location, self.code, self.error, self.headers = location, code, error, headers

    def answer(self, exchange):
        exchange.swallow()
        place = self.location if urlsplit(self.location).path else self.location + exchange.target
        body = error_xml(self.error, "Please re-send this request to the specified temporary endpoint.",
                         Endpoint=urlsplit(place).netloc)
        named = {name.replace("_", "-"): value for name, value in self.headers.items()}
        exchange.say(self.code, body, {"location": place, "content-type": "application/xml", **named})


class CutRequest(Action):
    """Closes once so many bytes of the request's body have come; the store gets a body that is cut as well."""

    def __init__(self, after):
        self.after = after

    def request_piece(self, exchange, piece, sent):
        if sent + len(piece) > self.after:
            exchange.upstream_send(piece[:self.after - sent])
            raise Ended
        return piece


def cut_request(after_bytes=0):
    return CutRequest(after_bytes)


class LoseResponse(Action):
    replaces = True

    def say(self, exchange):
        raise Ended


class CutResponse(Action):
    def __init__(self, after):
        self.after = after

    def response_piece(self, exchange, piece, sent):
        if sent + len(piece) > self.after:
            exchange.client.link.sendall(piece[:self.after - sent])
            raise Ended
        return piece


def cut_response(after_bytes=None):
    """Closes after so many bytes of the answer's body, as they go over the wire; None: sends not even the head, once the
    store has done what it was asked (an answer that is lost)."""
    return LoseResponse() if after_bytes is None else CutResponse(after_bytes)


class Replace(Action):
    replaces = True

    def __init__(self, code, body, headers, forward):
        self.code, self.body, self.headers, self.needs_store = code, body, headers, forward

    def answer(self, exchange):
        exchange.swallow()
        self.say(exchange)

    def say(self, exchange):
        exchange.say(self.code, self.body, {"content-type": "application/xml", **self.headers})


def replace_response(code, body, forward, **headers):
    """Another answer: of a request that the store has done (forward=True) or never saw (forward=False)."""
    return Replace(code, body, {name.replace("_", "-"): value for name, value in headers.items()}, forward)


class LeadingBlanks(Action):
    """The answer comes chunked: its head at once, then a blank every now and then, then what the store said."""

    def __init__(self, blanks, pause, declared):
        self.blanks, self.pause, self.declared = blanks, pause, declared

    def response(self, exchange, message):
        exchange.rechunk = True
        message.drop("content-length")
        message.set("Transfer-Encoding", "chunked")

    def before_body(self, exchange, message):
        if self.declared:
            exchange.send_chunk(b'<?xml version="1.0" encoding="UTF-8"?>')
        for _ in range(self.blanks):
            exchange.send_chunk(b" ")
            exchange.proxy.pause(self.pause)

    def response_piece(self, exchange, piece, sent):
        return DECLARATION.sub(b"", piece, count=1) if self.declared and sent == 0 else piece


def leading_blanks(blanks=5, pause=0.1, declared=False):
    """Blanks before the XML, or (declared=True) between its declaration and its first element."""
    return LeadingBlanks(blanks, pause, declared)


class Delay(Action):
    def __init__(self, seconds, answer):
        self.seconds, self.late_answer = seconds, answer

    def before(self, exchange):
        if not self.late_answer:
            exchange.proxy.pause(self.seconds)

    def response(self, exchange, message):
        if self.late_answer:
            exchange.proxy.pause(self.seconds)


def delay(seconds, answer=False):
    """Waits before the request is passed on, or with the store's answer in hand."""
    return Delay(seconds, answer)


class Headers(Action):
    def __init__(self, remove, put):
        self.remove, self.put = remove, put

    def response(self, exchange, message):
        for name in self.remove:
            message.drop(name)
        for name, value in self.put.items():
            message.set(name, value)


def remove_header(*names):
    return Headers(names, {})


def set_header(**headers):
    """Headers of the answer, with _ for -: set_header(ETag='"other"')."""
    return Headers((), {name.replace("_", "-"): value for name, value in headers.items()})


class Pass(Action):
    """Nothing happens: a rule that only shields requests from the rules after it."""


def passed():
    return Pass()


# ---- rules and the log -------------------------------------------------------------------------------------

@dataclasses.dataclass
class Rule:
    action: Action
    method: str = None
    path: str = None
    query: str = None
    headers: dict = dataclasses.field(default_factory=dict)
    times: int = 1
    after: int = 0
    seen: int = 0
    used: int = 0

    def takes(self, entry):
        """Counts a request that it matches; True when it is to be disturbed."""
        if not matches(entry, self.method, self.path, self.query, self.headers):
            return False
        self.seen += 1
        if self.seen <= self.after or (self.times is not None and self.used >= self.times):
            return False
        self.used += 1
        return True


def matches(entry, method=None, path=None, query=None, headers=None):
    def found(pattern, text):
        return pattern is None or re.search(pattern, text) is not None
    return (method in (None, entry["method"]) and found(path, entry["path"]) and found(query, entry["query"])
            and all(found(pattern, entry["headers"].get(name.lower(), "")) for name, pattern in (headers or {}).items()))


class Exchange:
    """One request and its answer."""

    def __init__(self, proxy, client, request, entry):
        self.proxy, self.client, self.request, self.entry = proxy, client, request, entry
        self.target = request.start.split(" ")[1]
        self.rechunk, self.keep, self.upstream, self.body = False, request.get("connection", "").lower() != "close", None, None

    def run(self, action):
        action.before(self)
        if action.needs_store:
            self.forward(action)
        else:
            action.answer(self)
        return self.keep

    # -- towards the store

    def waits(self):
        """Does the client wait for leave to send its body?"""
        return self.request.get("expect", "").lower() == "100-continue" and not self.client.kept

    def pieces(self):
        for piece, size in body_of(self.request, self.client):
            self.entry["bytes"] += size
            yield piece

    def swallow(self):
        """The body of a request that the store does not get."""
        if self.waits():
            self.client.link.sendall(CONTINUE)
        for _ in self.pieces():
            pass

    def upstream_send(self, piece):
        self.upstream.link.sendall(piece)

    def forward(self, action):
        self.upstream = Stream(socket.create_connection(self.proxy.upstream, 10))
        self.proxy.track(self.upstream.link)
        try:
            self.upstream_send(self.request.bytes())
            head = self.leave() if self.waits() else None
            if head is None:
                self.send_body(action)
                head = self.upstream.head()
            while head is not None and head.split(b" ", 2)[1] == b"100":
                head = self.upstream.head()
            if head is None:
                raise Ended
            self.back(action, Message(head))
        finally:
            self.proxy.forget(self.upstream.link)

    def leave(self):
        """Passes the store's leave on; the head of its answer when it refuses the request without its body."""
        ready = select.select([self.upstream.link, self.client.link], [], [], IDLE_SECONDS)[0]
        if self.upstream.link not in ready:
            return None  # the client would not wait any longer
        head = self.upstream.head()
        if head is not None and head.split(b" ", 2)[1] == b"100":
            self.client.link.sendall(CONTINUE)
            return None
        self.keep = False
        return head

    def send_body(self, action):
        sent = 0
        for piece in self.pieces():
            if select.select([self.upstream.link], [], [], 0)[0]:  # it answers, or is gone, and there would be more
                self.keep = False
                return
            piece = action.request_piece(self, piece, sent)
            sent += len(piece)
            with contextlib.suppress(ConnectionError):
                self.upstream_send(piece)

    # -- towards the client

    def back(self, action, message):
        code = int(message.start.split(" ")[1])
        self.entry["store_status"] = code
        none = self.entry["method"] == "HEAD" or code in NO_BODY
        body = body_of(Message(message.bytes()), self.upstream, none, until_end=True)
        if action.replaces:
            for _ in body:
                pass
            action.say(self)
            return
        self.proxy.move_date(message)
        action.response(self, message)
        if not none and message.get("content-length") is None and message.get("transfer-encoding") is None:
            self.keep = False
        message.set("Connection", "keep-alive" if self.keep else "close")
        self.entry["status"] = code
        self.client.link.sendall(message.bytes())
        action.before_body(self, message)
        self.pass_body(action, body)

    def pass_body(self, action, body):
        sent = 0
        for piece, size in body:
            if self.rechunk and not size:
                continue  # what framed the store's own chunks
            passed_on = action.response_piece(self, piece, sent)
            sent += len(piece)
            self.entry["sent"] = sent
            if self.rechunk:
                self.send_chunk(passed_on)
            else:
                self.client.link.sendall(passed_on)
        if self.rechunk:
            self.client.link.sendall(b"0\r\n\r\n")

    def send_chunk(self, piece):
        if piece:
            self.client.link.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))

    def say(self, code, body, headers, close=False):
        """An answer of the proxy's own."""
        self.keep = self.keep and not close
        message = Message(f"HTTP/1.1 {code} Disturbed\r\n\r\n".encode())
        for name, value in {"Date": http_date(time.time() + (self.proxy.offset or 0)), "x-amz-request-id": "0A49CE4060975EAC", **headers,
                            "Content-Length": len(body), "Connection": "keep-alive" if self.keep else "close"}.items():
            message.set(name, value)
        self.entry["status"] = code
        self.client.link.sendall(message.bytes() + (b"" if self.entry["method"] == "HEAD" else body))


# ---- the proxy ---------------------------------------------------------------------------------------------

class Listener(socketserver.ThreadingTCPServer):
    daemon_threads, allow_reuse_address, request_queue_size = True, True, 128

    def handle_error(self, request, client_address):
        """A thread that ends by an exception has closed its connection; nobody wants the traceback."""


class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        proxy, client = self.server.proxy, Stream(self.request)
        proxy.track(self.request)
        number = proxy.connected()
        try:
            while (head := client.head()) is not None and proxy.serve(client, Message(head), number):
                pass
            self.part(client)
        except (Ended, OSError, ValueError):
            # a reset and no orderly end: as a cable that is cut
            self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        finally:
            proxy.forget(self.request)

    @staticmethod
    def part(client):
        """Takes what is still coming for a moment: closing with bytes unread would destroy the answer on its way."""
        client.link.shutdown(socket.SHUT_WR)
        client.link.settimeout(PART_SECONDS)
        end = time.monotonic() + PART_SECONDS
        with contextlib.suppress(OSError):
            while time.monotonic() < end and client.link.recv(PIECE):
                pass


class StoreProxy:
    """See the head of this file. UPSTREAM is a store of objectstores.py, or the address of anything over HTTP; a GATE
    (storegate.py) checks temporary keys and signs requests again for the store."""

    def __init__(self, upstream, gate=None):
        self.store, self.gate = upstream, gate
        place = urlsplit(upstream if isinstance(upstream, str) else upstream.endpoint)
        self.upstream, self.path = (place.hostname, place.port), place.path
        self.lock, self.entries, self.rules, self.offset = threading.Lock(), [], [], None
        self.links, self.connections, self.closing = set(), 0, threading.Event()

    def __enter__(self):
        self.server = Listener(("127.0.0.1", 0), Handler)
        self.server.proxy = self
        self.port = self.server.server_address[1]
        self.root = f"http://127.0.0.1:{self.port}"
        self.endpoint = self.root + self.path
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()
        with self.lock:
            links = list(self.links)
        for link in links:
            with contextlib.suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
        self.thread.join()

    # -- for the test

    def rule(self, action, method=None, path=None, query=None, headers=None, times=1, after=0):
        """The rule, whose `used` tells how often it has disturbed something."""
        rule = Rule(action, method, path, query, headers or {}, times, after)
        with self.lock:
            self.rules.append(rule)
        return rule

    def date(self, offset_seconds):
        """Moves the clock of the store: its `Date`, and which x-amz-date is refused as S3 refuses it. None: as it is.
        The store behind it must accept what a client signs by that clock: PatientSwift does."""
        self.offset = offset_seconds

    def clear(self):
        """No rules, no log, the right time."""
        with self.lock:
            self.rules, self.entries, self.offset = [], [], None

    def log(self):
        """What came, in this order: method, path (encoded, as sent), query, status (None: no answer was sent),
        store_status (None: the store was not asked), bytes of the request's body, sent bytes of the answer's body,
        connection (a number), time (monotonic), headers (names in lower case)."""
        with self.lock:
            return [dict(entry) for entry in self.entries]

    def asked(self, **match):
        """The entries of the log that match."""
        return [entry for entry in self.log() if matches(entry, **match)]

    def count(self, **match):
        return len(self.asked(**match))

    # -- for the connections

    def connected(self):
        with self.lock:
            self.connections += 1
            return self.connections

    def track(self, link):
        with self.lock:
            self.links.add(link)

    def forget(self, link):
        with self.lock:
            self.links.discard(link)
        link.close()

    def pause(self, seconds):
        self.closing.wait(seconds)

    def serve(self, client, request, connection):
        method, target, _ = request.start.split(" ", 2)
        path, _, query = target.partition("?")
        entry = {"method": method, "path": path, "query": query, "status": None, "store_status": None, "bytes": 0, "sent": 0,
                 "connection": connection, "time": time.monotonic(), "headers": request.headers()}
        with self.lock:
            self.entries.append(entry)
            action = next((rule.action for rule in self.rules if rule.takes(entry)), Pass())
        exchange = Exchange(self, client, request, entry)
        if action.needs_store:
            action = self.too_skewed(request) or self.at_gate(request, entry, target) or action
        return exchange.run(action)

    def at_gate(self, request, entry, target):
        """The gate's refusal, or None and the request as the store will take it."""
        if self.gate is None:
            return None
        refusal = self.gate.refusal(entry, target)
        if refusal:
            code, error, message, more = refusal
            return Status(code, error_xml(error, message, **more), {"content-type": "application/xml"}, True)
        request.drop("x-amz-security-token")
        request.set("Authorization", self.gate.sign_again(self.store, entry, target))
        return None

    def move_date(self, message):
        if self.offset is not None:
            message.set("Date", http_date(time.time() + self.offset))

    def too_skewed(self, request):
        """The refusal of a request whose time is too far from the moved clock; None when it is not."""
        stamp = request.get("x-amz-date") or (re.findall(r"[?&]X-Amz-Date=(\w+)", request.start) or [None])[0]
        if self.offset is None or stamp is None:
            return None
        said = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc).timestamp()
        now = time.time() + self.offset
        if abs(said - now) <= SKEW_SECONDS:
            return None
        server = datetime.fromtimestamp(now, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        body = error_xml("RequestTimeTooSkewed", "The difference between the request time and the current time is too large.",
                         RequestTime=stamp, ServerTime=server, MaxAllowedSkewMilliseconds=SKEW_SECONDS * 1000)
        return Status(403, body, {"content-type": "application/xml"}, True)
