"""JSON that keeps each number as it was written, and can be damaged on purpose.

It owns reading, writing and editing documents by JSON Pointer. Numbers stay the texts that they were, so that what the
server sends has the same digits as the store. It refuses no document that Python's parser takes: judging is the
client's task.
"""

import json


class Raw(str):
    """A piece of JSON text that is written as it stands: a number, or something broken."""


class Pairs(list):
    """An object as its (name, value) pairs, where a name may come twice."""


def read(text):
    """The document in TEXT; numbers become Raw."""
    return json.loads(text, parse_int=Raw, parse_float=Raw, parse_constant=Raw, strict=False)


def quote(text):
    """A JSON string. Surrogates that stand alone are escaped, everything else stays UTF-8."""
    try:
        text.encode("utf-8")
        return json.dumps(text, ensure_ascii=False)
    except UnicodeEncodeError:
        return json.dumps(text)


def write(value):
    """VALUE as compact JSON text."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, dict):
        value = Pairs(value.items())
    if isinstance(value, Pairs):
        return "{" + ",".join(quote(name) + ":" + write(member) for name, member in value) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(write(element) for element in value) + "]"
    return json.dumps(value)


def steps(pointer):
    """The names of a JSON Pointer."""
    if pointer == "":
        return []
    if not pointer.startswith("/"):
        raise ValueError(f"{pointer!r} is no JSON Pointer")
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer[1:].split("/")]


def step_into(value, step):
    return value[int(step)] if isinstance(value, list) else value[step]


def get(document, pointer, default=None):
    """The value at POINTER, or DEFAULT."""
    try:
        for step in steps(pointer):
            document = step_into(document, step)
    except (KeyError, IndexError, TypeError, ValueError):
        return default
    return document


def put(document, pointer, value):
    """DOCUMENT with VALUE at POINTER; objects on the way are made, `-` is the end of an array."""
    path = steps(pointer)
    if not path:
        return value
    holder = document
    for step in path[:-1]:
        if isinstance(holder, dict) and not isinstance(holder.get(step), (dict, list)):
            holder[step] = {}
        holder = step_into(holder, step)
    if not isinstance(holder, list):
        holder[path[-1]] = value
    elif path[-1] == "-":
        holder.append(value)
    else:
        holder[int(path[-1])] = value
    return document


def remove(document, pointer):
    """DOCUMENT without what stands at POINTER."""
    path = steps(pointer)
    holder = get(document, pointer[:pointer.rindex("/")])
    del holder[int(path[-1]) if isinstance(holder, list) else path[-1]]
    return document


def repeat(document, pointer, value):
    """DOCUMENT in which the member at POINTER comes a second time, with VALUE."""
    above = pointer[:pointer.rindex("/")]
    holder = get(document, above)
    pairs = Pairs(holder.items() if isinstance(holder, dict) else holder)
    pairs.append((steps(pointer)[-1], value))
    return put(document, above, pairs)


def nested(depth):
    """A document DEPTH arrays deep."""
    return Raw("[" * depth + "]" * depth)
