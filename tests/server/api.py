"""The JSON API: what lies in the store, as lists and single resources, in every style of paging.

It owns the logical resources of a store (the pages of a list put together again) and their routes. It never writes, and
refuses what is not there with 404. Query parameters that it does not know are ignored, as the store ignores them.

    GET  /api/v1/…, /desk/…            each in the style of paging that the store has
    GET  /api/as/STYLE/v1/…            the same data in a style of paging.py; so has /desk/as/STYLE/…
    POST /api/as/post/v1/…             the same with the page in a JSON body
    GET  /api/as/ids/v1/…              lists that give only ids
    GET  /api/v1/LIST/ID               one item; also …/users/USER/LIST/ID, and under /api/as/ids/ wrapped in "data"
    POST /api/graphql                  { query: … { user(id:) { LIST(first:, after:) …, variables: { user, first, after } }
"""

import copy
import re
from pathlib import Path

import jsontext
import paging
from messages import Answer, Refused

FAR = 1 << 30
ID_NAMES = ("id", "public_id", "seq", "key")
GRAPHQL = re.compile(r"\buser\s*\(\s*id\s*:\s*\$user\s*\)\s*\{\s*(\w+)")
NEXT_ADDRESS = ("/links/next", "/next_page")
TOTALS = ("/meta/total", "/total", "/count")


class List:
    """A resource with items."""

    def __init__(self, path, items, style, size):
        self.path, self.items, self.style, self.size = path, items, style, size
        self.name = path.rsplit("/", 1)[-1]


def identity(item):
    """The name and value of an item's id."""
    return next(((name, item[name]) for name in ID_NAMES if name in item), ("id", None))


def array_in(document):
    """The pointer to the first array of an answer, or None when it is a single resource."""
    if "email" in document:
        return None
    return next(("/" + name for name, value in document.items() if isinstance(value, list)), None)


def style_of(first, items):
    """The style that the store's first page is in."""
    envelope = jsontext.remove(copy.deepcopy(first), items)
    for place in ("/meta/next", "/next_page_token", *NEXT_ADDRESS):  # each page says its own
        if jsontext.get(envelope, place, envelope) is not envelope:
            jsontext.remove(envelope, place)
    total = next((place for place in TOTALS if jsontext.get(first, place) is not None), None)
    if "next" in first.get("meta", {}):
        return paging.Style("cursor", "cursor", "limit", items, "/meta/next", total, envelope=envelope)
    if "next_page_token" in first:
        return paging.Style("cursor", "page_token", "page_size", items, "/next_page_token", total, envelope=envelope,
                            end=paging.ABSENT)
    for place in NEXT_ADDRESS:
        if jsontext.get(first, place, False) is not False:
            return paging.Style("url", "cursor", "limit", items, place, total, envelope=envelope)
    return paging.Style("window", items=items, total=total, envelope=envelope)


class Folder:
    """One API of the store: its lists and its single resources, by path."""

    def __init__(self, root):
        self.files = {"/" + path.relative_to(root).as_posix()[:-5]: jsontext.read(path.read_text("utf-8"))
                      for path in sorted(Path(root).rglob("*.json"))}
        self.lists, self.single, self.follow = {}, {}, set()
        for path, document in self.files.items():
            self.add(path, document)
        for path in self.follow:
            self.lists.pop(path, None)

    def add(self, path, document):
        items = array_in(document)
        if "." in path.rsplit("/", 1)[-1]:
            return
        if items is None:
            self.single[path] = document
            return
        pages = self.chain(path, document)
        style = style_of(document, items)
        every = [item for page in pages for item in jsontext.get(page, items)]
        size = len(jsontext.get(document, items)) if len(pages) > 1 else FAR
        self.lists[path] = List(path, every, style, size)

    def chain(self, path, first):
        """All pages of the list that begins at PATH."""
        pages, page = [first], first
        while page is not None:
            page = self.after(path, page)
            if page is not None:
                pages.append(page)
        if len(pages) == 1:
            numbers = sorted(int(name[len(path) + 1:]) for name in self.files
                             if name.startswith(path + ".") and name[len(path) + 1:].isdecimal())
            pages += [self.files[f"{path}.{number}"] for number in numbers]
        return pages

    def after(self, path, page):
        cursor = jsontext.get(page, "/meta/next") or page.get("next_page_token")
        place = f"{path}.{cursor}" if cursor else next(filter(None, (jsontext.get(page, one) for one in NEXT_ADDRESS)), None)
        if place and not cursor:
            self.follow.add(place)
        return self.files[place] if place else None

    def item(self, path):
        """The item at LIST/ID or …/LIST/ID, or None."""
        above, _, name = path.rpartition("/")
        for known in self.lists.values():
            if known.path == above or ("/v1/" + known.name == above and above.count("/") == 2):
                for item in known.items:
                    if str(identity(item)[1]) == name:
                        return item
        return None


class Api:
    """Answers requests below a prefix such as /api."""

    def __init__(self, root, decorate):
        self.folder, self.decorate = Folder(root), decorate

    def answer(self, request, path, faults, form):
        """The answer to PATH, which is the request's path without the API's prefix."""
        style = None
        if path.startswith("/as/"):
            _, _, style, rest = path.split("/", 3) if path.count("/") >= 3 else (None, None, "", "")
            path = "/" + rest
            if style not in paging.STYLES and style != "ids":
                raise Refused(404, "no_such_style", style)
        if (request.method == "POST") != (style == "post"):
            raise Refused(405, "method_not_allowed", request.method, [("Allow", "POST" if style == "post" else "GET, HEAD")])
        if path in self.folder.lists:
            return self.page(request, self.folder.lists[path], style, faults, form)
        if path in self.folder.single:
            return Answer(document=self.decorate(copy.deepcopy(self.folder.single[path])))
        item = self.folder.item(path)
        if item is None:
            raise Refused(404, "not_found", path)
        item = self.decorate(copy.deepcopy(item))
        return Answer(document={"data": item} if style == "ids" else item)

    def page(self, request, known, name, faults, form):
        style = known.style if name is None else paging.STYLES["cursor" if name == "ids" else name]
        size = min(known.size, paging.DEFAULT_SIZE) if name and known.size != FAR else known.size
        if name and style.kind in ("number", "offset"):
            size = paging.DEFAULT_SIZE
        offset, size = paging.window(style, request, known.path, size)
        page = self.cut(known, offset, size, faults)
        if name == "ids":
            page.items = [{"id": identity(item)[1]} for item in page.items]
        return paging.render(style, request, known.path, page, form)

    def cut(self, known, offset, size, faults):
        """A page of the list, with the faults that concern lists."""
        items = [self.decorate(copy.deepcopy(item)) for item in known.items[offset:offset + size]]
        page = paging.Page(items, offset, size, len(known.items))
        page.distort(faults)
        return page

    def graphql(self, request, faults):
        """A query for one list of one user. GraphQL answers 200 and says in the body what went wrong."""
        asked = request.document() or {}
        variables = asked.get("variables") or {}
        field = GRAPHQL.search(asked.get("query", ""))
        if not field:
            return Answer(document={"data": None, "errors": [{"message": "cannot parse the query"}]})
        known = self.folder.lists.get(f"/v1/users/{variables.get('user')}/{field[1]}")
        if known is None:
            return Answer(document={"data": {"user": None}, "errors": [{"message": "not found", "path": ["user"]}]})
        size = int(variables.get("first") or paging.DEFAULT_SIZE)
        page = self.cut(known, paging.unseal(known.path, variables.get("after") or ""), size, faults)
        end = "" if page.word == "empty" else paging.seal(known.path, min(page.offset + size, len(known.items)))
        if page.word == "repeat":
            end = variables.get("after") or paging.seal(known.path, 0)
        if page.word == "first":
            end = paging.seal(known.path, 0)
        info = {"endCursor": None if page.word == "absent" else end, "hasNextPage": page.more}
        return Answer(document={"data": {"user": {field[1]: {
            "totalCount": page.total, "nodes": page.items, "pageInfo": info}}}})
