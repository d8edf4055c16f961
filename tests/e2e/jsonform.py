"""The canonical form of RFC 8785 for what an archive may hold: no reals, no member twice, integers within ±(2^53-1).

`canonical(text)` gives the canonical text of a JSON value and raises ValueError for what may not stand in an archive.
It is written from the RFC and shares nothing with holdall.
"""

import json

SAFE = 2**53 - 1


def no_real(text):
    raise ValueError(f"a real: {text}")


def safe_integer(text):
    value = int(text)
    if abs(value) > SAFE or text in ("-0",):
        raise ValueError(f"an integer that a double does not hold: {text}")
    return value


def no_twins(pairs):
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise ValueError(f"a member stands twice: {sorted(names)}")
    return dict(pairs)


def parse(text):
    return json.loads(text, parse_float=no_real, parse_int=safe_integer, parse_constant=no_real,
                      object_pairs_hook=no_twins)


def ordered(value):
    """Objects sorted by the UTF-16 code units of their names, as section 3.2.3 has it."""
    if isinstance(value, dict):
        return {name: ordered(value[name]) for name in sorted(value, key=lambda name: name.encode("utf-16-be"))}
    return [ordered(one) for one in value] if isinstance(value, list) else value


def canonical(text):
    return json.dumps(ordered(parse(text)), ensure_ascii=False, separators=(",", ":"))


def depth(value):
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)
