"""What was asked and what came of it: one entry a request, in the order of arrival.

It owns the numbers of the requests. It keeps the newest entries only, and refuses to keep long bodies whole.
"""

import collections
import json
import threading

MOST = 200_000
BODY_MOST = 4096


class Entry:
    """
    One request. It is in the journal before it is answered; status, fault and bytes (of the body) follow. `active` are
    those that were being answered when it came, itself among them.
    """

    __slots__ = ("n", "request", "active", "status", "fault", "bytes")

    def __init__(self, number, request, active):
        self.n, self.request, self.active = number, request, active
        self.status, self.fault, self.bytes = None, None, 0

    def line(self):
        request = self.request
        return json.dumps({
            "n": self.n, "listener": request.listener.name, "method": request.method, "target": request.target,
            "headers": request.headers, "body": request.body[:BODY_MOST].decode("utf-8", "replace"),
            "active": self.active, "status": self.status, "fault": self.fault, "bytes": self.bytes}) + "\n"


class Journal:
    """All entries, and how often each target was asked for."""

    def __init__(self, kept=True):
        self.kept, self.lock, self.active = kept, threading.Lock(), 0
        self.reset()

    def reset(self):
        with self.lock:
            self.number, self.entries, self.targets = 0, collections.deque(maxlen=MOST), collections.Counter()

    def add(self, request):
        """A new entry, until `end`; a journal that is not kept only numbers it."""
        with self.lock:
            self.number += 1
            self.active += 1
            entry = Entry(self.number, request, self.active)
            if self.kept:
                self.entries.append(entry)
                self.targets[request.target] += 1
        return entry

    def end(self):
        """An answer has ended, one way or another."""
        with self.lock:
            self.active -= 1

    def lines(self, after=0):
        """The entries behind number AFTER as JSON Lines."""
        with self.lock:
            entries = list(self.entries)
        return "".join(entry.line() for entry in entries if entry.n > after)

    def counts(self):
        with self.lock:
            return dict(self.targets)
