"""One client's connection: whole requests in, bytes out, and every way in which a connection can end.

It owns the socket. It refuses requests that are no HTTP/1.x, or larger than any that a client of an export sends, with
`Malformed`, and knows nothing of what is asked.
"""

import socket
import ssl
import struct

from messages import Request

HEAD_MOST = 1 << 20
BODY_MOST = 1 << 26
DRAIN_SECONDS = 1
HANDSHAKE_SECONDS = 10
AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: closing throws away what is under way and sends RST


class Malformed(Exception):
    """What came is no request."""


class Ended(Exception):
    """A fault ended the connection."""


class Connection:
    """A connected socket."""

    def __init__(self, sock, listener, stopping):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock, self.listener, self.stopping = sock, listener, stopping
        self.kept = b""

    def secure(self, context):
        """Makes it a TLS connection."""
        self.sock.settimeout(HANDSHAKE_SECONDS)
        self.sock = context.wrap_socket(self.sock, server_side=True)
        self.sock.settimeout(None)

    # ---- in ----------------------------------------------------------------------------------------------

    def more(self):
        """Whether further bytes came before the client's end."""
        data = self.sock.recv(1 << 16)
        self.kept += data
        return bool(data)

    def line(self):
        """A line without its end."""
        while b"\r\n" not in self.kept:
            if not self.more():
                raise Malformed("the client left in the middle of a line")
        line, _, self.kept = self.kept.partition(b"\r\n")
        return line

    def exactly(self, length):
        while len(self.kept) < length:
            if not self.more():
                raise Malformed("the client left in the middle of a body")
        data, self.kept = self.kept[:length], self.kept[length:]
        return data

    def request(self):
        """The next request, or None when the client is done."""
        while b"\r\n\r\n" not in self.kept:
            if len(self.kept) > HEAD_MOST:
                raise Malformed("the head is too long")
            if not self.more():
                return None
        head, _, self.kept = self.kept.partition(b"\r\n\r\n")
        lines = head.decode("utf-8", "surrogateescape").split("\r\n")
        words = lines[0].split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            raise Malformed("the request line is none")
        headers = [field(line) for line in lines[1:]]
        asked = {name.lower(): value for name, value in headers}
        connection = asked.get("connection", "keep-alive" if words[2] != "HTTP/1.0" else "close").lower()
        return Request(words[0], words[1], headers, self.body(asked), self.listener, keep="close" not in connection)

    def body(self, asked):
        if asked.get("expect", "").lower() == "100-continue":
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if asked.get("transfer-encoding", "").lower() == "chunked":
            return self.chunks()
        length = asked.get("content-length", "0")
        if not length.isdecimal() or int(length) > BODY_MOST:
            raise Malformed("the length is none, or too much")
        return self.exactly(int(length))

    def chunks(self):
        """A chunked body put together; trailers are read and forgotten."""
        body = b""
        while True:
            try:
                length = int(self.line().partition(b";")[0], 16)
            except ValueError:
                raise Malformed("a chunk has no length") from None
            if length == 0 or len(body) + length > BODY_MOST:
                break
            body += self.exactly(length)
            self.line()
        while self.line():
            pass
        return body

    # ---- out ---------------------------------------------------------------------------------------------

    def write(self, data):
        self.sock.sendall(data)

    def wait(self, seconds):
        """Silence; Ended when the server stops meanwhile."""
        if self.stopping.wait(seconds):
            raise Ended

    # ---- the end -----------------------------------------------------------------------------------------

    def reset(self):
        """RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
        self.sock.close()

    def farewell(self):
        """Says in TLS that this is the end; without it a client takes the end for an attack."""
        if isinstance(self.sock, ssl.SSLSocket):
            self.sock.settimeout(DRAIN_SECONDS)
            self.sock = self.sock.unwrap()

    def close(self):
        """A clean FIN: what the client still sends is read first, as the kernel would answer it with RST."""
        try:
            self.sock.shutdown(socket.SHUT_WR)
            self.sock.settimeout(DRAIN_SECONDS)
            while self.sock.recv(1 << 16):
                pass
        except OSError:
            pass  # the client has left, or keeps quiet; either way it has had its FIN
        self.sock.close()


def field(line):
    """(name, value) of a header line."""
    name, colon, value = line.partition(":")
    if not colon or not name or name != name.strip():
        raise Malformed("a header is none")
    return name, value.strip(" \t")
