"""What answers which path, and the answers that a rule puts in the place of one.

It owns the routes and the order of things: a signature or a credential first, then the resource, then the changes. It
refuses what nothing answers to (404) and methods that no resource has (405).

    /api/… /desk/…     the store's JSON, see api.py          /media/KEY       the store's files, see media.py
    /api/graphql       one query                             /media/gen/KEY   the same files as /gen/media/gen/KEY
    /oauth/token       see auth.py                           /gen/…           see generate.py
"""

import sys
import traceback
import urllib.parse

import edits
import generate
import jsontext
from api import Api
from media import Media
from messages import Answer, Refused

METHODS = ("GET", "HEAD", "POST")
API_ROOTS = ("/api", "/desk")
GENERATED = "gen/"


class Routes:
    """The resources of a store, and the answers to requests for them."""

    def __init__(self, store, clock, origins):
        self.media = Media(store / "media", clock)
        self.origins = origins
        self.apis = {root: Api(store / root[1:], self.media.decorate) for root in API_ROOTS}

    def configure(self, scenario):
        self.media.configure(scenario.sign, self.origins)

    def answer(self, request, scenario, fault):
        """The answer, also where it is one that a rule made up, or an error."""
        try:
            made = replaced(request, fault, self)
            if made is not None:
                return made
            answer = self.found(request, scenario, fault.what)
        except Refused as refused:
            return refused.answer()
        except Exception:  # a mistake in this server: shown, and answered as any server would
            traceback.print_exc(file=sys.stderr)
            return Refused(500, "internal").answer()
        edits.apply(scenario.edits + fault.what.get("edits", []), answer, request.local)
        return answer

    def found(self, request, scenario, what):
        path = request.path
        if path == "/oauth/token":
            return scenario.auth.issue(request)
        key = path[len("/media/"):] if path.startswith("/media/") else None
        if key is None or not self.media.check_signature(request, key):
            scenario.auth.check(request)
        if request.method not in METHODS:
            raise Refused(405, "method_not_allowed", request.method, [("Allow", ", ".join(METHODS))])
        if key is not None:
            return self.file(request, key, what)
        if path.startswith("/gen/"):
            return generate.answer(request, what, self.media, scenario.page_form)
        if path == "/api/graphql":
            return self.apis["/api"].graphql(request, what.get("page", {}))
        for root, api in self.apis.items():
            if path.startswith(root + "/"):
                return api.answer(request, path[len(root):], what.get("page", {}), scenario.page_form)
        raise Refused(404, "not_found", path)

    def file(self, request, key, what):
        if request.method == "POST":
            raise Refused(405, "method_not_allowed", request.method, [("Allow", "GET, HEAD")])
        if key.startswith(GENERATED):
            return generate.media(request, key, what.get("media", {}))
        return self.media.answer(request, key, what.get("media", {}))


# ---- answers that a rule puts in place ---------------------------------------------------------------------

def replaced(request, fault, routes):
    """The answer that the rule has instead of the resource's, or None."""
    what = fault.what
    if "redirect" in what:
        return redirect(request, what["redirect"], fault.number, routes)
    if "location" in what:
        return Answer(what.get("status", 302), headers=[("Location", what["location"])])
    if "status" not in what and "body" not in what:
        return None
    body = what.get("body", {"error": {"code": "fault", "about": fault.name}})
    if isinstance(body, dict):
        kind, body = "application/json", jsontext.write(body)
    else:
        kind = "application/xml" if body.startswith("<") else "text/plain; charset=utf-8"
    return Answer(what.get("status", 200), body=body.encode("utf-8", "surrogatepass"), headers=[("Content-Type", kind)])


def filled(template, request, number):
    """A template with {target}, {path}, {query} and {n}, the rule's count."""
    for name, value in (("target", request.local), ("path", request.raw_path), ("query", request.raw_query), ("n", str(number))):
        template = template.replace("{" + name + "}", value)
    return template


def redirect(request, given, number, routes):
    """To another listener or address: with the same target, another `path`, or with `signed` a signed address."""
    to = given["to"]
    if given.get("signed"):
        place = routes.media.signed(urllib.parse.unquote(request.raw_path.removeprefix("/media/")), to)
    elif to in routes.origins:
        place = routes.origins[to] + filled(given.get("path", "{target}"), request, number)
    else:
        place = filled(to, request, number)
    return Answer(given.get("status", 302), headers=[("Location", place)])
