"""How a list is cut into pages, and how each page says where the next one is.

It owns the styles: their parameters, their envelopes, their headers. It refuses a cursor that it did not make, so that
a client that does not encode one properly is found out: each cursor holds `+`, `/` and `=`.

    style        asks with                      tells the next page, the total, whether there is more
    cursor       cursor, limit                  /meta/next (null at the end), /meta/total
    token        page_token, page_size          /next_page_token (absent at the end), /total_size
    header       page_token, page_size          header X-Next-Page-Token, header X-Total-Count; the body is the array
    next_url     cursor, limit                  /links/next, an address; /meta/total
    link         cursor, limit                  header Link (RFC 8288); the body is the array
    link_hard    cursor, limit                  the same, written as unkindly as the RFC allows
    number       page from 1, per_page          /total, /has_more
    number0      page from 0, per_page          /total, /has_more
    offset       offset, limit                  /total, /has_more
    post         /page/after, /page/limit       of a POST's body; /page/next, /page/total, /page/more
"""

import base64
import binascii
import copy

import jsontext
from messages import Answer, Refused

MARK = b"\xfb\xef\xff\xff\xff"
DEFAULT_SIZE = 25
WORDS = ("repeat", "empty", "first", "endless", "end", "absent")
FAULTS = ("next", "drop", "again", "total", "total_off", "more")


def seal(path, offset):
    """An opaque cursor; MARK makes it begin with characters that an address has to encode."""
    return base64.b64encode(MARK + f"{offset}:{path}".encode("utf-8", "surrogateescape")).decode()


def unseal(path, cursor):
    """The offset in a cursor of this list; the empty cursor is the beginning."""
    if cursor == "":
        return 0
    try:
        data = base64.b64decode(str(cursor), validate=True)
        offset, _, place = data[len(MARK):].decode("utf-8", "surrogateescape").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise Refused(400, "bad_cursor", str(cursor)) from None
    if not data.startswith(MARK) or place != path or not offset.isdecimal():
        raise Refused(400, "bad_cursor", str(cursor))
    return int(offset)


class Style:
    """One way to page. `kind` is cursor, url, link, header, number, offset or window."""

    def __init__(self, kind, param=None, size_param=None, items="/data", after=None, total=None, more=None, start=0,
                 envelope=None, end=None, hard=False):
        self.kind, self.param, self.size_param, self.items = kind, param, size_param, items
        self.after, self.total, self.more, self.start = after, total, more, start
        self.envelope, self.end, self.hard = envelope or {}, end, hard


ABSENT = object()
STYLES = {
    "cursor": Style("cursor", "cursor", "limit", after="/meta/next", total="/meta/total"),
    "token": Style("cursor", "page_token", "page_size", after="/next_page_token", total="/total_size", end=ABSENT),
    "header": Style("header", "page_token", "page_size", items=""),
    "next_url": Style("url", "cursor", "limit", after="/links/next", total="/meta/total"),
    "link": Style("link", "cursor", "limit", items=""),
    "link_hard": Style("link", "cursor", "limit", items="", hard=True),
    "number": Style("number", "page", "per_page", total="/total", more="/has_more", start=1),
    "number0": Style("number", "page", "per_page", total="/total", more="/has_more"),
    "offset": Style("offset", "offset", "limit", total="/total", more="/has_more"),
    "post": Style("cursor", "/page/after", "/page/limit", after="/page/next", total="/page/total", more="/page/more"),
}


class Page:
    """A window of a list, and where the next one begins (None at the end)."""

    def __init__(self, items, offset, size, total):
        self.items, self.offset, self.size, self.total = items, offset, size, total
        self.next = offset + size if offset + size < total else None
        self.more = self.next is not None
        self.word = None  # what a fault says instead of where the next page is

    def distort(self, faults):
        """Lies about the list, as a rule's `page` says."""
        self.word = faults.get("next")
        if self.word in ("first", "endless"):
            self.next = 0 if self.word == "first" else self.offset + self.size
        if self.word in ("end", "absent"):
            self.next = None
        again = [self.items[place] for place in faults.get("again", []) if place < len(self.items)]
        self.items = [item for place, item in enumerate(self.items) if place not in faults.get("drop", [])] + again
        self.total = faults.get("total", self.total + faults.get("total_off", 0))
        self.more = faults.get("more", self.next is not None)


def window(style, request, path, default):
    """Where this request's page begins and how long it is."""
    size_param, param = style.size_param, style.param
    if style.kind == "window":
        number = "page" in request.query or "per_page" in request.query
        size_param, param = ("per_page", "page") if number else ("limit", "offset")
        size = request.number(size_param, default)
        return (max(request.number(param, 1) - 1, 0) * size if number else request.number(param, 0)), size
    size = request.number(size_param, default)
    if size < 1:
        raise Refused(400, "bad_parameter", size_param)
    if style.kind == "number":
        return max(request.number(param, style.start) - style.start, 0) * size, size
    if style.kind == "offset":
        return request.number(param, 0), size
    return unseal(path, request.value(param, "")), min(size, default)


def address(request, path, page, param, form):
    """The address of the next page. FORM: absolute, path, query (relative), api (from the API's own root, as /api)."""
    target = request.address(**{param: seal(path, page.next)})
    if form == "query":
        return target[target.index("?"):]
    if form == "api":
        return target[target.index("/", 1):]
    return target if form == "path" else request.listener.origin + target


def next_word(style, request, path, page, form):
    """What the page says about its successor: a text, or None at the end."""
    if page.word == "empty":
        return ""
    if page.word == "repeat":
        if style.kind in ("url", "link"):
            return request.listener.origin + request.target
        return request.value(style.param, "") or seal(path, 0)
    if page.next is None:
        return None
    if style.kind in ("url", "link"):
        return address(request, path, page, style.param, form)
    return seal(path, page.next)


def link_header(style, request, word):
    """The Link headers of a page."""
    first = request.address(cursor=None)
    if not style.hard:
        links = [f'<{request.listener.origin}{first}>; rel="first"']
        return [", ".join(links + ([f'<{word}>; rel="next"'] if word is not None else []))]
    fields = ['<?decoy=a,b;c>; title="no, <not>; rel=\\"next\\""; rel="prev", , <?decoy=2>; rel="https://x.example/next"']
    if word is not None:
        relative = word[word.index("?"):] if "?" in word else word
        fields.append(f'<{relative}> ; hreflang=en;TITLE*=UTF-8\'\'n%C3%A4chste ; REL = "last  Next" ; rel=prev')
    return fields


def render(style, request, path, page, form="absolute"):
    """The answer that is this page in this style."""
    word = next_word(style, request, path, page, form)
    document = jsontext.put(copy.deepcopy(style.envelope), style.items, page.items)
    answer = Answer(document=document)
    if style.kind == "link":
        answer.set("Link", link_header(style, request, word))
        answer.set("X-Total-Count", page.total)
    elif style.kind == "header":
        answer.set("X-Next-Page-Token", word)
        answer.set("X-Total-Count", page.total)
    elif style.after and (word is not None or (style.end is not ABSENT and page.word != "absent")):
        answer.document = jsontext.put(document, style.after, word)
    if style.total:
        jsontext.put(document, style.total, page.total)
    if style.more:
        jsontext.put(document, style.more, page.more)
    return answer
