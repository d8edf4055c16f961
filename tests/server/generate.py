"""Lists that nobody stored: as long as a test needs them, made while they are sent, the same in every run.

It owns /gen. It keeps nothing in memory but one page, and refuses sizes that no test needs.

    /gen/users/USER                                           the person; any id but one that begins with "nobody"
    /gen/CATEGORY?user=USER&count=N&page_size=N&cursor=C      { "data": […], "meta": { "next", "total" } }
        &files=K                                              each item whose number K divides has a file:
                                                              key, bytes, sha256, mime
        &text=N                                               characters of text in each record
    /gen/media/gen/USER/CATEGORY/NUMBER.png                   its bytes: a small PNG
    /gen/media/gen/USER/blob/LENGTH                           LENGTH bytes of noise

Item N has the id CATEGORY-N, `created_at` one second after that of N-1, and a decimal.
"""

import functools
import hashlib
import json
import re
import struct
import time
import zlib

import paging
from jsontext import Raw, quote
from media import serve
from messages import Answer, Blob, Refused

PICTURE = re.compile(r"gen/([^/]+)/([a-z0-9_]+)/([0-9]{1,12})\.png$")
CATEGORY = re.compile(r"[a-z0-9_]+$")
BLOB = re.compile(r"gen/([^/]+)/blob/([0-9]{1,13})$")
START = 1735689600
MOST = 10**12
PAGE_MOST = 100000
WORDS = ("a lake at dusk", "two foxes, one moon", "città di vetro", "静かな庭", "Тихий двор", "neon \u202elamp", "1/2 of a tree",
         "\"quoted\"")


def seed_of(*parts):
    return int.from_bytes(hashlib.sha256("/".join(map(str, parts)).encode()).digest()[:8], "big")


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@functools.lru_cache(maxsize=4096)
def picture(user, category, number):
    """A grey PNG of noise, 1 to about 16 KiB."""
    seed = seed_of(user, category, number)
    width, height = 32 + seed % 96, 32 + (seed >> 8) % 96
    block = hashlib.sha256(str(seed).encode()).digest() * ((width + 1) // 32 + 2)
    rows = b"".join(b"\0" + block[row % 32:row % 32 + width] for row in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 0)) + chunk(b"IEND", b"")


@functools.lru_cache(maxsize=65536)
def picture_facts(user, category, number):
    """(length, SHA-256)"""
    data = picture(user, category, number)
    return len(data), hashlib.sha256(data).hexdigest()


def noise(start, stop):
    """Bytes START to STOP of an endless stream that zlib cannot shrink much."""
    first, out = start // 4096, []
    for block in range(first, (stop + 4095) // 4096):
        out.append(hashlib.shake_128(block.to_bytes(8, "big")).digest(4096))
    data = b"".join(out)
    return data[start - first * 4096:stop - first * 4096]


def moment(number):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(START + number % (50 * 10**6)))


def escaped(text):
    return json.dumps(text, ensure_ascii=False)[1:-1]


WRITTEN = [(escaped(words), len(words)) for words in WORDS]


class Series:
    """A list whose items are written straight as JSON text: a tree of each would be four times as slow."""

    def __init__(self, user, category, files, text, signed):
        self.user, self.category, self.files, self.text, self.signed = user, category, files, text, signed
        self.before, self.owner = '{"id":' + quote(category + "-")[:-1], ',"user_id":' + quote(user)

    def item(self, number):
        """Item NUMBER of the list."""
        words, length = WRITTEN[number % len(WRITTEN)]
        digits = str(number)
        dots = "." * (self.text - length - len(digits) - 1)
        file = self.file(number) if self.files and number % self.files == 0 else ""
        return Raw(f'{self.before}{digits}"{self.owner},"created_at":"{moment(number)}","text":"{words} {digits}{dots}"'
                   f',"number":{digits},"ratio":{number % 1000}.{number % 97:02d},"tags":["gen","t{number % 7}"]{file}}}')

    def file(self, number):
        """The members that tell of a file."""
        key = f"gen/{self.user}/{self.category}/{number}.png"
        length, digest = picture_facts(self.user, self.category, number)
        address = ""
        if self.signed.sign is not None:
            address = "," + quote(self.signed.sign.get("field", "url")) + ":" + quote(self.signed.signed(key))
        return f',"key":{quote(key)},"bytes":{length},"sha256":"{digest}","mime":"image/png"{address}'


def listing(request, category, faults, signed, form):
    """One page of a generated list."""
    user = request.query.get("user", "usr_000000000001")
    count, size = request.number("count", 100), request.number("page_size", 100)
    files, text = request.number("files", 0), request.number("text", 0)
    if count > MOST or not 0 < size <= PAGE_MOST or text > PAGE_MOST:
        raise Refused(400, "bad_parameter", "count, page_size, text")
    place = f"/{category}/{count}"
    offset = paging.unseal(place, request.query.get("cursor", ""))
    series = Series(user, category, files, text, signed)
    page = paging.Page([series.item(number) for number in range(offset, min(offset + size, count))], offset, size, count)
    page.distort(faults.get("page", {}))
    return paging.render(paging.STYLES["cursor"], request, place, page, form)


def media(request, key, faults):
    """The file KEY, with a rule's `media` faults."""
    found = PICTURE.match(key)
    if found:
        return serve(request, picture(found[1], found[2], int(found[3])), "image/png", faults)
    found = BLOB.match(key)
    if not found:
        raise Refused(404, "no_such_key", key)
    return serve(request, Blob(int(found[2]), noise), "application/octet-stream", faults)


def answer(request, faults, signed, form):
    """The answer to a request below /gen. SIGNED is the Media that signs addresses."""
    parts = request.path.split("/", 3)
    if parts[2] == "media" and len(parts) == 4:
        return media(request, parts[3], faults.get("media", {}))
    if parts[2] == "users" and len(parts) == 4:
        if parts[3].startswith("nobody"):
            raise Refused(404, "not_found", parts[3])
        return Answer(document={"id": parts[3], "name": "Generated", "locale": "en", "created_at": moment(0)})
    if len(parts) != 3 or not CATEGORY.match(parts[2]):
        raise Refused(404, "not_found", request.path)
    return listing(request, parts[2], faults, signed, form)
