"""Which request goes wrong, and how: the rules and the chaos of a scenario.

It owns the words of a rule, the counting, and the dice. It refuses a rule with a word that it does not know, so that no
test proves something by a slip of the pen. What a rule does is done elsewhere: on the wire by wire.py, to lists by
paging.py, to files by media.py. README.md lists the words.
"""

import collections
import hashlib
import re
import threading

import edits
import media
import paging

LISTENERS = ("main", "other", "forbidden", "tls", "main6")
STAGES = ("accept", "request", "headers", "body")
SIGNED = re.compile(r"(?<=[?&])(expires|sig)=[^&]*&?")
CHAOS = {"share", "kinds", "stall", "path", "retry_after", "$comment"}
CHAOS_PATH = "^/(api|desk|media|gen)/"
KINDS = ("503", "reset", "cut", "stall")


# ---- the words ---------------------------------------------------------------------------------------------

def whole(value):
    return isinstance(value, int) and not isinstance(value, bool)


def natural(value):
    return whole(value) and value >= 0


def seconds(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0


def text(value):
    return isinstance(value, str)


def flag(value):
    return value is True


def stage(value):
    return value in STAGES


def texts(value):
    return isinstance(value, list) and all(map(text, value))


def text_or_texts(value):
    return text(value) or texts(value)


def listeners(value):
    return texts(value) and set(value) <= set(LISTENERS)


def pattern(value):
    try:
        return text(value) and bool(re.compile(value))
    except re.error:
        return False


def dictionary(value):
    return isinstance(value, dict)


def members(names):
    return lambda value: dictionary(value) and set(value) <= set(names)


def page_fault(value):
    return members(paging.FAULTS)(value) and value.get("next", "end") in paging.WORDS


WHO = {"path": pattern, "method": text_or_texts, "listeners": listeners, "when": dictionary, "$comment": lambda value: True}
WHEN = {"nth": lambda value: natural(value) or (isinstance(value, list) and all(map(natural, value))), "from": natural,
        "until": natural, "each": lambda value: natural(value) and value > 0, "per": lambda value: value in ("rule", "target"),
        "token": text, "header": dictionary}
WHAT = {
    "status": lambda value: whole(value) and 200 <= value <= 999, "body": lambda value: text(value) or dictionary(value),
    "headers": dictionary, "drop_headers": texts, "location": text, "date_skew": whole, "big_header": natural,
    "redirect": members(("to", "path", "status", "signed")), "garbage": text, "http": lambda value: value in ("1.0", "1.1"),
    "reset": stage, "close": stage, "stall": seconds, "stage": stage, "after": natural,
    "trickle": lambda value: natural(value) and value > 0,
    "cut": natural, "cut_chunked": natural, "no_length": flag, "chunked": flag, "endless_chunked": flag, "endless_headers": flag,
    "interim": natural, "trailers": dictionary,
    "wrong_length": whole, "gzip": flag, "gzip_cut": lambda value: value is True or natural(value),
    "page": page_fault, "media": members(media.FAULTS), "edits": lambda value: isinstance(value, list),
}


def check(given, known, where):
    """ValueError when GIVEN has a member that is not KNOWN, or a value that makes no sense."""
    if not isinstance(given, dict):
        raise ValueError(f"{where} is not an object")
    for name, value in given.items():
        if name not in known:
            raise ValueError(f"{where}: there is no member `{name}`; there are {', '.join(sorted(known))}")
        if not known[name](value):
            raise ValueError(f"{where}/{name}: {value!r} makes no sense")


# ---- rules -------------------------------------------------------------------------------------------------

class Fault:
    """What happens to one request: the doing members of the rule, the rule's count, and a name for the log."""

    def __init__(self, what, number=0, name=None):
        self.what, self.number, self.name = what, number, name


NOTHING = Fault({})


def check_redirect(given, where):
    if given is None:
        return
    if not text(given.get("to")):
        raise ValueError(f"{where}/redirect: `to` is missing")
    if given.get("signed") and given["to"] not in LISTENERS:
        raise ValueError(f"{where}/redirect: a signed address is on one of {', '.join(LISTENERS)}")


class Rule:
    """One rule with its counts."""

    def __init__(self, given, number):
        where = f"rules/{number}"
        check(given, WHO | WHAT, where)
        self.when = given.get("when", {})
        check(self.when, WHEN, where + "/when")
        self.what = {name: value for name, value in given.items() if name in WHAT}
        if not self.what:
            raise ValueError(f"{where}: the rule does nothing")
        self.early = "accept" in (given.get("reset"), given.get("close"), given.get("stage"))
        if self.early and ({"path", "method"} & set(given) or {"per", "token", "header"} & set(self.when)):
            raise ValueError(f"{where}: at the stage accept there is no request yet; only `listeners` can choose")
        if "stage" in given and "stall" not in given:
            raise ValueError(f"{where}: `stage` says where a `stall` is, and there is none")
        if "after" in given and not {"reset", "close", "stall"} & set(given):
            raise ValueError(f"{where}: `after` says where a reset, close or stall is, and there is none")
        if "edits" in self.what:
            self.what["edits"] = edits.compiled(self.what["edits"], where + "/edits")
        check_redirect(given.get("redirect"), where)
        self.path = re.compile(given.get("path", ""))
        method = given.get("method")
        self.methods = [method] if isinstance(method, str) else method
        self.listeners = given.get("listeners")
        self.headers = [(name, re.compile(value)) for name, value in self.when.get("header", {}).items()]
        self.name = f"rule {number}: " + " ".join(self.what)
        self.counts = collections.Counter()

    def concerns(self, listener):
        return listener.name in (self.listeners or LISTENERS)

    def matches(self, request):
        """Whether the rule is about this request at all, and counts it."""
        if self.early or not self.concerns(request.listener) or not self.path.search(request.local):
            return False
        if self.methods is not None and request.method not in self.methods:
            return False
        if "token" in self.when:
            given = request.header("Authorization")
            if (given is not None) if self.when["token"] == "" else self.when["token"] not in (given or ""):
                return False
        return all(wanted.search(request.header(name, "")) for name, wanted in self.headers)

    def fires(self, key):
        """Counts, and says whether this time is one of those in `when`."""
        key = key if self.when.get("per") == "target" else None
        self.counts[key] += 1
        number, when = self.counts[key], self.when
        nth = when.get("nth", number)
        return (number in nth if isinstance(nth, list) else number == nth) and number >= when.get("from", 0) \
            and number <= when.get("until", number) and number % when.get("each", 1) == 0

    def fault(self, key=None):
        key = key if self.when.get("per") == "target" else None
        return Fault(self.what, self.counts[key], self.name)


class Chaos:
    """Dice that fall the same in every run: by seed, target, and the number of the attempt at that target."""

    def __init__(self, given, seed):
        check(given, dict.fromkeys(CHAOS, lambda value: True), "chaos")
        self.share, self.kinds = given.get("share", 0.05), given.get("kinds", ["503", "reset", "cut"])
        if not seconds(self.share) or not texts(self.kinds) or not self.kinds or not set(self.kinds) <= set(KINDS):
            raise ValueError(f"chaos: `share` is a number and `kinds` are some of {', '.join(KINDS)}")
        if not pattern(given.get("path", "")) or not seconds(given.get("stall", 0)):
            raise ValueError("chaos: `path` is a regular expression and `stall` a number of seconds")
        self.path, self.seed = re.compile(given.get("path", CHAOS_PATH)), seed
        waiting = {"headers": {"Retry-After": str(given["retry_after"])}} if "retry_after" in given else {}
        self.whats = {"503": {"status": 503, **waiting}, "reset": {"reset": "body"}, "cut": {"close": "body"},
                      "stall": {"stall": given.get("stall", 1), "close": "body"}}

    def fault(self, target, attempt):
        if not self.path.search(target):
            return None
        dice = hashlib.sha256(f"{self.seed}\n{target}\n{attempt}".encode("utf-8", "surrogateescape")).digest()
        if int.from_bytes(dice[:8], "big") >= self.share * 2**64:
            return None
        kind = self.kinds[dice[8] % len(self.kinds)]
        return Fault(self.whats[kind], attempt, f"chaos: {kind}")


class Faults:
    """All rules of a scenario, in their order, and its chaos."""

    def __init__(self, rules, chaos, seed):
        if not isinstance(rules, list):
            raise ValueError("rules is not an array")
        self.rules = [Rule(rule, number) for number, rule in enumerate(rules)]
        self.chaos = None if chaos is None else Chaos(chaos, seed)
        self.lock, self.attempts = threading.Lock(), collections.Counter()

    def reset(self):
        with self.lock:
            self.attempts.clear()
            for rule in self.rules:
                rule.counts.clear()

    def welcome(self, listener):
        """The fault of a connection that was just made."""
        with self.lock:
            fired = [rule.fault() for rule in self.rules if rule.early and rule.concerns(listener) and rule.fires(None)]
        return fired[0] if fired else NOTHING

    def choose(self, request):
        """The fault of a request: of the first rule that fires, else of chaos. All rules that match count it."""
        if not self.rules and self.chaos is None:
            return NOTHING
        target = stable(request.local)
        with self.lock:
            fired = [rule.fault(target) for rule in self.rules if rule.matches(request) and rule.fires(target)]
            if self.chaos is not None:
                self.attempts[target] += 1
                attempt = self.attempts[target]
        if fired:
            return fired[0]
        return self.chaos and self.chaos.fault(target, attempt) or NOTHING


def stable(target):
    """The target without what differs from run to run: the signature and its expiry."""
    return SIGNED.sub("", target).rstrip("?&")
