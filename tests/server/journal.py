"""What was asked and what came of it: one entry a request, in the order of arrival.

It owns the numbers of the requests. It keeps the newest entries only, and refuses to keep long bodies whole.
"""

import collections
import json
import threading

MOST = 200_000
BODY_MOST = 4096


class Entry:
    """One request. It is in the journal before it is answered; status, fault and bytes (of the body) follow."""

    __slots__ = ("n", "request", "status", "fault", "bytes")

    def __init__(self, number, request):
        self.n, self.request = number, request
        self.status, self.fault, self.bytes = None, None, 0

    def line(self):
        request = self.request
        return json.dumps({
            "n": self.n, "listener": request.listener.name, "method": request.method, "target": request.target,
            "headers": request.headers, "body": request.body[:BODY_MOST].decode("utf-8", "replace"),
            "status": self.status, "fault": self.fault, "bytes": self.bytes}) + "\n"


class Journal:
    """All entries, and how often each target was asked for."""

    def __init__(self, kept=True):
        self.kept, self.lock = kept, threading.Lock()
        self.reset()

    def reset(self):
        with self.lock:
            self.number, self.entries, self.targets = 0, collections.deque(maxlen=MOST), collections.Counter()

    def add(self, request):
        """A new entry; a journal that is not kept only numbers it."""
        with self.lock:
            self.number += 1
            entry = Entry(self.number, request)
            if self.kept:
                self.entries.append(entry)
                self.targets[request.target] += 1
        return entry

    def lines(self, after=0):
        """The entries behind number AFTER as JSON Lines."""
        with self.lock:
            entries = list(self.entries)
        return "".join(entry.line() for entry in entries if entry.n > after)

    def counts(self):
        with self.lock:
            return dict(self.targets)
