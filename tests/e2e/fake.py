"""The fake service of tests/server as a test uses it: started, asked what it saw, and ended for certain.

It owns the server's process, the descriptions that point at it, and certificates for its TLS listener. It refuses to
leave a process behind: a server ends with its `with` block, and also when this process dies, as its standard input ends
then. tests/server/README.md says what a scenario can hold.
"""

import http.client
import json
import select
import subprocess
import sys
import urllib.parse

import harness

START_SECONDS = 30
STOP_SECONDS = 5
API_PATHS = {"core": "/api", "desk": "/desk", "media": "/media"}


class Server:
    """A running server: `with Server(scenario) as server:`; `server.main` and so on are the origins."""

    def __init__(self, scenario=None, store=None):
        self.store = store or harness.fixture("store")
        self.first, self.process, self.origins = scenario or {}, None, {}

    def __enter__(self):
        program = harness.root() / "tests" / "server" / "server.py"
        self.process = subprocess.Popen(
            [sys.executable, str(program), "--store", str(self.store), "--scenario", "-"], env=harness.environment(),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            self.process.stdin.write(json.dumps(self.first).encode("ascii") + b"\n")
            self.process.stdin.flush()
            if not select.select([self.process.stdout], [], [], START_SECONDS)[0]:
                raise AssertionError("the fake service did not start")
            line = self.process.stdout.readline()
            if not line:
                raise AssertionError("the fake service did not take the scenario; its message is above")
            self.origins = json.loads(line)["origins"]
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """Ends the process; returns its exit code."""
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass  # it has ended already
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        return self.process.returncode

    # ---- origins -----------------------------------------------------------------------------------------

    @property
    def main(self):
        return self.origins["main"]

    @property
    def other(self):
        """Another origin: the same address, another port."""
        return self.origins["other"]

    @property
    def forbidden(self):
        """An origin on an address of its own, 127.0.0.2."""
        return self.origins["forbidden"]

    @property
    def tls(self):
        """The TLS origin; it lets nobody in unless the scenario has `tls`."""
        return self.origins["tls"]

    @property
    def main6(self):
        """The origin on [::1], or None."""
        return self.origins.get("main6")

    # ---- /control ----------------------------------------------------------------------------------------

    def control(self, method, path, body=None):
        """The body of the answer to a request below /control."""
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(self.origins["control"]).netloc, timeout=START_SECONDS)
        try:
            connection.request(method, "/control/" + path, body)
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            raise ValueError(f"/control/{path}: {answer.status} {data.decode()}")
        return data

    def log(self, after=0, **wanted):
        """The requests so far as objects, in their order; only those whose members are as wanted."""
        lines = self.control("GET", f"log?after={after}").splitlines()
        entries = map(json.loads, lines)
        return [entry for entry in entries if all(entry[name] == value for name, value in wanted.items())]

    def counts(self):
        """{target: number of requests}"""
        return json.loads(self.control("GET", "counts"))

    def scenario(self, scenario):
        """Another scenario, from the beginning; ValueError when it makes no sense."""
        self.control("POST", "scenario", json.dumps(scenario))

    def reset(self):
        self.control("POST", "reset")

    def expire(self):
        """Makes all tokens bad."""
        self.control("POST", "expire")

    def clock(self, ahead):
        """Sets the server's clock so many seconds ahead."""
        self.control("POST", f"clock?ahead={ahead}")


def header(entry, name):
    """The first header of that name in an entry of the log, or None."""
    return next((value for key, value in entry["headers"] if key.lower() == name.lower()), None)


# ---- descriptions ------------------------------------------------------------------------------------------

def document(server, origin=None):
    """The sample service's description with its three APIs over HTTP."""
    doc = harness.read_json(harness.service())
    for name, path in API_PATHS.items():
        kept = {"prefix": doc["apis"][name]["prefix"]} if "prefix" in doc["apis"][name] else {}
        doc["apis"][name] = {"kind": "http", "url": (origin or server.main) + path, "allow_addresses": ["loopback"], **kept}
    doc["privacy"]["texts"] = str(harness.fixture("privacy")) + "/{language}.json"
    return doc


def description(server, edit=None, origin=None):
    """Writes that description, changed by EDIT(doc) (in place), into a scratch folder; returns its path."""
    doc = document(server, origin)
    if edit is not None:
        edit(doc)
    path = harness.scratch("service") / "service.json"
    path.write_text(json.dumps(doc, ensure_ascii=False, indent=1), encoding="utf-8")
    return path


# ---- certificates ------------------------------------------------------------------------------------------

NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
LOCAL_NAMES = ("IP:127.0.0.1", "DNS:localhost")


class Authority:
    """A certificate authority in a scratch folder; needs the program openssl."""

    def __init__(self, name="Example Authority"):
        harness.need("openssl")
        self.folder = harness.scratch("authority")
        self.certificate, self.key = self.folder / "ca.pem", self.folder / "ca.key"
        openssl("req", "-x509", *NEW_KEY, "-keyout", self.key, "-out", self.certificate, "-days", "30", "-subj", f"/CN={name}",
                "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def issue(self, name, usage, names=(), days=30):
        """(certificate, key) of somebody."""
        certificate, key, asked = (self.folder / f"{name}.{end}" for end in ("pem", "key", "csr"))
        extensions = self.folder / f"{name}.ext"
        lines = [f"extendedKeyUsage={usage}", "basicConstraints=CA:FALSE"]
        lines += [f"subjectAltName={','.join(names)}"] if names else []
        extensions.write_text("\n".join(lines) + "\n", encoding="ascii")
        openssl("req", "-new", *NEW_KEY, "-keyout", key, "-out", asked, "-subj", f"/CN={name}")
        openssl("x509", "-req", "-in", asked, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial",
                "-out", certificate, "-days", str(days), "-extfile", extensions)
        return certificate, key

    def server(self, names=LOCAL_NAMES, name="server"):
        return self.issue(name, "serverAuth", names)

    def client(self, name="client"):
        return self.issue(name, "clientAuth")

    def scenario(self, names=LOCAL_NAMES, client_ca=None):
        """The member `tls` of a scenario with a new certificate of this authority."""
        certificate, key = self.server(names)
        tls = {"certificate": str(certificate), "key": str(key)}
        return tls if client_ca is None else {**tls, "client_ca": str(client_ca)}


def openssl(*words):
    run = harness.command("openssl", *words)
    if run.code != 0:
        raise AssertionError(f"openssl failed:\n{run}")
