"""Media: whole, by range, by condition, and by signed addresses that expire.

It owns /media/KEY, the signatures and the clock that they go by. It refuses keys that lead out of the store (400),
ranges that lie outside (416), conditions that do not hold (412), and signatures that are wrong or too old (403).

A scenario's `sign` gives each item with media an address: { "ttl": 60, "tick": 0, "field": "url", "origin": "main" }.
`tick` moves the clock on by that many seconds with every answer to a media request, so that addresses expire without
anybody waiting.
"""

import hashlib
import hmac
import re
import threading
import time
import urllib.parse
from email.utils import formatdate
from pathlib import Path

from messages import Answer, Blob, Refused

TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp", ".gif": "image/gif", ".mp4": "video/mp4",
         ".webm": "video/webm", ".wav": "audio/wav"}
MODIFIED = 1790000000
RANGE = re.compile(r"bytes=([0-9]*)-([0-9]*)$")
SIGNING_KEY = b"a key that only the fake service has"


FAULTS = ("version", "flip", "truncate", "append", "etag", "if_match", "range")
SIGN = ("ttl", "tick", "field", "origin", "$comment")


class Clock:
    """The wall clock, which a test can move on."""

    def __init__(self):
        self.ahead, self.lock = 0, threading.Lock()

    def now(self):
        return int(time.time()) + self.ahead

    def set(self, ahead):
        with self.lock:
            self.ahead = ahead

    def move(self, seconds):
        with self.lock:
            self.ahead += seconds


def etag_of(data):
    return '"' + hashlib.md5(data).hexdigest() + '"'


def another(data):
    """Other bytes of the same length and beginning: what an object is after somebody replaced it."""
    return data[:64] + bytes(byte ^ 0x55 for byte in data[64:])


class Media:
    """The files below the store's folder media."""

    def __init__(self, root, clock):
        self.root, self.clock, self.sign, self.origins = Path(root).resolve(), clock, None, {}

    def configure(self, sign, origins):
        self.sign, self.origins = sign, origins

    # ---- signed addresses --------------------------------------------------------------------------------

    def signature(self, key, expires):
        return hmac.new(SIGNING_KEY, f"{key}\n{expires}".encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()

    def signed(self, key, origin=None):
        """An address of KEY that is good for a while."""
        sign = self.sign or {}
        expires = self.clock.now() + sign.get("ttl", 60)
        base = self.origins[origin or sign.get("origin", "main")]
        return f"{base}/media/{urllib.parse.quote(key)}?expires={expires}&sig={self.signature(key, expires)}"

    def check_signature(self, request, key):
        """True when the request brings a good signature, False when it brings none."""
        if "sig" not in request.query:
            return False
        expires = request.query.get("expires", "")
        if not hmac.compare_digest(self.signature(key, expires).encode(), request.query["sig"].encode("utf-8", "replace")):
            raise Refused(403, "bad_signature")
        if not expires.isdecimal() or int(expires) <= self.clock.now():
            raise Refused(403, "expired")
        return True

    def decorate(self, value):
        """VALUE with an address beside each key of a file, when the scenario signs."""
        if self.sign is None or not isinstance(value, (dict, list)):
            return value
        for member in list(value.values() if isinstance(value, dict) else value):
            self.decorate(member)
        if isinstance(value, dict):
            key = value.get("s3_key") or (value.get("key") if "mime" in value else None)
            if key is None and "filename" in value:
                key = f"users/{value.get('owner')}/uploads/{value.get('id')}"
            if key is not None:
                value[self.sign.get("field", "url")] = self.signed(key)
        return value

    # ---- answers -----------------------------------------------------------------------------------------

    def find(self, key):
        """The bytes of KEY."""
        if "\0" in key or any(part in ("", ".", "..") for part in key.split("/")):
            raise Refused(400, "bad_key", key)
        path = self.root / key
        if not path.resolve().is_relative_to(self.root) or not path.is_file():
            raise Refused(404, "no_such_key", key)
        return path.read_bytes()

    def answer(self, request, key, faults):
        """The answer to a GET or HEAD of KEY."""
        data = self.find(key)
        self.clock.move((self.sign or {}).get("tick", 0))
        return serve(request, data, TYPES.get(Path(key).suffix, "application/octet-stream"), faults)


def tag_for(data, faults):
    """The ETag: of the bytes, or what a rule's `media.etag` says: a text, "weak" or "none"."""
    wanted = faults.get("etag")
    if wanted not in (None, "weak"):
        return None if wanted == "none" else f'"{wanted}"'
    tag = etag_of(data[:1 << 16] if isinstance(data, bytes) else str(len(data)).encode())
    return "W/" + tag if wanted == "weak" else tag


def damaged(data, faults):
    """The bytes after `version`, `flip`, `truncate` and `append`; a Blob is only shortened."""
    if isinstance(data, Blob):
        return data.part(0, min(faults.get("truncate", len(data)), len(data)))
    if faults.get("version", 1) != 1:
        data = another(data)
    if "flip" in faults and data:
        place = faults["flip"] % len(data)
        data = data[:place] + bytes([data[place] ^ 1]) + data[place + 1:]
    if "truncate" in faults:
        data = data[:faults["truncate"]]
    return data + b"+" * faults.get("append", 0) if "append" in faults else data


def conditions(request, tag, faults):
    """412 or 304 where If-Match or If-None-Match say so."""
    if faults.get("if_match") == "ignore":
        return
    wanted = request.header("If-Match")
    if wanted is not None and wanted.strip() != "*" and (tag is None or tag not in re.split(r"\s*,\s*", wanted.strip())):
        raise Refused(412, "precondition_failed")
    unwanted = request.header("If-None-Match")
    if unwanted is not None and tag is not None and tag in re.split(r"\s*,\s*", unwanted.strip()):
        raise Refused(304, "not_modified")


def span(request, length, tag):
    """(start, stop) of a single range that counts, or None for the whole."""
    wanted = request.header("Range")
    held = request.header("If-Range")
    match = RANGE.match(wanted.replace(" ", "")) if wanted else None
    if not match or match[0] == "bytes=-" or (held is not None and held.strip() != tag):
        return None
    if match[1] == "":
        start, stop = max(length - int(match[2]), 0), length
    else:
        start, stop = int(match[1]), min(int(match[2]) + 1, length) if match[2] else length
        if match[2] and int(match[2]) < start:
            return None  # such a range is none (RFC 9110, section 14.1.1)
    if start >= length:
        raise Refused(416, "range_not_satisfiable", headers=[("Content-Range", f"bytes */{length}")])
    return start, stop


def serve(request, data, kind, faults):
    """DATA (bytes or a Blob) as a GET with ranges and conditions gets it, with a rule's `media` faults."""
    data = damaged(data, faults)
    tag = tag_for(data, faults)
    headers = [("Content-Type", kind), ("Accept-Ranges", "bytes"), ("Last-Modified", formatdate(MODIFIED, usegmt=True))]
    headers += [("ETag", tag)] if tag else []
    conditions(request, tag, faults)
    mode = faults.get("range")
    if mode == "416":
        raise Refused(416, "range_not_satisfiable", headers=[("Content-Range", f"bytes */{len(data)}")])
    part = None if mode == "ignore" else span(request, len(data), tag)
    if part is None:
        return Answer(200, body=data, headers=headers)
    start, stop = part
    if mode == "short":
        stop = start + (stop - start + 1) // 2
    body = data.part(start, stop) if isinstance(data, Blob) else data[start:stop]
    told = (start + 1, stop) if mode == "wrong" else (start, stop - 1)
    whole = len(data) + 1 if mode == "wrong_size" else len(data)
    return Answer(206, body=body, headers=headers + [("Content-Range", f"bytes {told[0]}-{told[1]}/{whole}")])
