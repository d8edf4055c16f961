#!/usr/bin/python3
"""A fake Claakit over HTTP for end-to-end tests: the store's data on several listeners, spoiled as a scenario says.

    server.py --store FOLDER [--scenario FILE|-]

It prints one line, {"origins": {"main": "http://127.0.0.1:PORT", …}}, and serves until its standard input ends, or
SIGTERM, or POST /control/stop. With `-` the scenario is the first line of the standard input. It owns the listeners and
the life of the process. It binds loopback addresses only, and refuses a scenario that makes no sense: exit code 2.
README.md says what a scenario can hold.
"""

import argparse
import json
import os
import signal
import socket
import sys
import threading
from pathlib import Path

sys.dont_write_bytecode = True
import control  # noqa: E402
import scenario  # noqa: E402
import wire  # noqa: E402
from connection import Connection, Ended, Malformed  # noqa: E402
from media import Clock  # noqa: E402
from messages import Refused  # noqa: E402
from routes import Routes  # noqa: E402

PLACES = (("main", "127.0.0.1", "http"), ("other", "127.0.0.1", "http"), ("forbidden", "127.0.0.2", "http"),
          ("tls", "127.0.0.1", "https"), (control.LISTENER, "127.0.0.1", "http"))
PLACE_6 = ("main6", "::1", "http")
BACKLOG = 512
NO_RULE = {}


class Listener:
    """A bound port: an origin of its own."""

    def __init__(self, name, address, scheme):
        self.name, self.secure = name, scheme == "https"
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.sock = socket.create_server((address, 0), family=family, backlog=BACKLOG)
        host = f"[{address}]" if ":" in address else address
        self.origin = f"{scheme}://{host}:{self.sock.getsockname()[1]}"


def listeners():
    """All listeners; main6 only where there is an IPv6 loopback."""
    bound = [Listener(*place) for place in PLACES]
    try:
        bound.append(Listener(*PLACE_6))
    except OSError:
        pass  # a machine without IPv6
    return bound


class Server:
    """The listeners, the resources, and the scenario that is at work."""

    def __init__(self, store, text):
        self.stopping, self.clock = threading.Event(), Clock()
        self.scenario = scenario.read(text, self.clock)
        self.listeners = listeners()
        self.origins = {listener.name: listener.origin for listener in self.listeners}
        self.routes = Routes(store, self.clock, self.origins)
        self.routes.configure(self.scenario)

    def take(self, text):
        """Another scenario."""
        self.scenario = scenario.read(text, self.clock)
        self.clock.set(0)
        self.routes.configure(self.scenario)

    def reset(self):
        self.clock.set(0)
        self.scenario.reset()

    def start(self):
        for listener in self.listeners:
            threading.Thread(target=self.accept, args=[listener], daemon=True).start()

    def accept(self, listener):
        while True:
            sock, _ = listener.sock.accept()
            threading.Thread(target=self.serve, args=[sock, listener], daemon=True).start()

    # ---- one connection ----------------------------------------------------------------------------------

    def serve(self, sock, listener):
        connection = Connection(sock, listener, self.stopping)
        try:
            self.converse(connection)
            connection.farewell()
        except Ended:
            return
        except Malformed as malformed:
            self.complain(connection, malformed)
        except OSError:
            pass  # the client is gone
        connection.close()

    def converse(self, connection):
        """Answers requests until one side has had enough."""
        wire.at_stage(connection, self.scenario.faults.welcome(connection.listener).what, "accept")
        if connection.listener.secure:
            if self.scenario.tls is None:
                return
            connection.secure(self.scenario.tls)
        request = connection.request()
        while request is not None and self.respond(connection, request):
            request = connection.request()

    def respond(self, connection, request):
        if control.is_control(request):
            return self.obey(connection, request)
        now = self.scenario
        entry, fault = now.journal.add(request), now.faults.choose(request)
        entry.fault = fault.name
        try:
            wire.at_stage(connection, fault.what, "request")
            answer = self.routes.answer(request, now, fault)
            return wire.send(connection, request, answer, fault.what, self.clock, entry)
        finally:
            now.journal.end()

    def obey(self, connection, request):
        return wire.send(connection, request, control.answer(request, self), NO_RULE, self.clock, wire.Tally())

    def complain(self, connection, malformed):
        """The answer to what is no request."""
        answer = Refused(400, "malformed", str(malformed)).answer()
        answer.finish()
        try:
            connection.write(wire.plain(answer))
        except OSError:
            pass  # the client is gone


# ---- the process -------------------------------------------------------------------------------------------

def watch(stopping):
    """Waits for the end of the standard input: whoever started the server is gone, or done."""
    while os.read(0, 4096):
        pass
    stopping.set()


def scenario_text(name):
    if name is None:
        return ""
    return sys.stdin.buffer.readline().decode("utf-8") if name == "-" else Path(name).read_text("utf-8")


def main(argv):
    parser = argparse.ArgumentParser(description="A fake Claakit over HTTP for end-to-end tests.")
    parser.add_argument("--store", type=Path, required=True, help="the folder with api, desk and media")
    parser.add_argument("--scenario", help="a JSON file, or - for the first line of the standard input")
    options = parser.parse_args(argv)
    try:
        server = Server(options.store, scenario_text(options.scenario))
    except (OSError, ValueError) as error:
        print(f"server.py: {error}", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda number, frame: server.stopping.set())
    server.start()
    print(json.dumps({"origins": server.origins}), flush=True)
    threading.Thread(target=watch, args=[server.stopping], daemon=True).start()
    server.stopping.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
