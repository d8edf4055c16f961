"""An invented service that makes pictures, for the tests of the RO-Crate: any prompts, uploads, runs and outputs.

`studio` writes its description and store from plain lists; a file is given as bytes under `file`. `crate` reads the
document of an unpacked archive, `things` its things by their @id. It knows nothing of what holdall makes of them.
"""

import json

import harness

USER = "usr_a1b2c3d4e5f6"
CRATE = "data/ro-crate-metadata.json"
TEXTS = {"format": "holdall-texts-1", "language": "en",
         "texts": {"purposes.operate": "To make pictures.", "retention.account": "As long as you have an account.",
                   "rights.access": "You can ask for a copy.", "complaint.authority": "You can complain."}}
MEDIA = {"id": "/id", "title": "/title", "created_at": "/at", "generation_id": "/run",
         "parents": {"each": "/from", "map": {"media_id": "/id"}}}


def _category(name, record, fields, media=None):
    return {"id": name, "record": record, "title": name.capitalize(), "scope": ["access"], "origin": "provided",
            "privacy": {"purposes": ["operate"], "retention": "account"}, "subject": "request", "map": fields,
            "from": {"api": "core", "get": "/users/{user_id}/" + name, "items": "/data", "page": None},
            **({"media": [{"role": media, "api": "core", "key": "/key", "size": "/size", "name": "/name"}]}
               if media else {})}


def _description(name):
    attachments = {"each": "/with", "map": {"media_id": "/id"}}
    return {
        "format": "holdall-service-1",
        "service": {"id": "studio", "name": name, "controller": {"name": name, "email": "privacy@studio.example"}},
        "subject": {"primary": "user_id", "pattern": "^usr_[a-z0-9]{12}$", "resolve": {"api": "core", "get": "/users/{user_id}"}},
        "apis": {"core": {"kind": "file", "root": "store", "prefix": "users/{user_id}/"}},
        "privacy": {"texts": "{language}.json", "recipients": [], "sold_or_shared": False, "complaint": "authority"},
        "categories": [
            _category("prompts", "prompt", {"id": "/id", "title": "/title", "text": "/text", "attachments": attachments}),
            _category("uploads", "media", MEDIA, "upload"),
            _category("runs", "generation", {"id": "/id", "title": "/title", "prompt_id": "/prompt", "created_at": "/at",
                                             "error": "/error", "status": "/state",
                                             "model": {"object": {"name": "/model", "version": "/rev"}}}),
            _category("outputs", "media", MEDIA, "output")]}


def studio(name="Studio", **lists):
    """The path of the description; LISTS are prompts, uploads, runs and outputs."""
    place = harness.scratch("studio")
    person = place / "store/users" / USER
    (person / "files").mkdir(parents=True)
    person.with_suffix(".json").write_text(json.dumps({"id": USER}), encoding="ascii")
    for kind in ("prompts", "uploads", "runs", "outputs"):
        items = [dict(item) for item in lists.get(kind, [])]
        for number, item in enumerate(items):
            if "file" in item:
                data, path = item.pop("file"), f"files/{kind}{number}"
                item.update(key=f"users/{USER}/{path}", size=len(data))
                (person / path).write_bytes(data)
        (person / f"{kind}.json").write_text(json.dumps({"data": items}), encoding="ascii")
    (place / "en.json").write_text(json.dumps(TEXTS), encoding="ascii")
    (place / "service.json").write_text(json.dumps(_description(name)), encoding="ascii")
    return place / "service.json"


def crate(tree):
    return harness.read_json(tree / CRATE)


def things(tree):
    graph = crate(tree)["@graph"]
    found = {one["@id"]: one for one in graph}
    if len(found) != len(graph):
        raise AssertionError("something is described twice")
    return found
