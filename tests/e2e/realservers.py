#!/usr/bin/python3
"""The service of fixtures/spokelog on servers that nobody here wrote: json-server, json-graphql-server and nginx.

It owns their processes, free ports of 127.0.0.1, and a scratch copy of the data in which the addresses of files are
those of this run. It refuses to skip: where a program is not installed it says what installs it. It leaves no process
behind: servers end with their `with` block, and when this process dies.

    realservers.py PROJECT_ROOT FOLDER     serves on the ports that docs/first-service.md names until it is ended;
                                           FOLDER gets ca.pem, the certificate to trust
"""

import base64
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import fake  # noqa: E402
import harness  # noqa: E402

START_SECONDS, STOP_SECONDS, ATTEMPTS = 30, 5, 3
# What the description and the guide say.
ORIGINS = {"log": "http://localhost:8701", "shop": "http://localhost:8702", "files": "https://localhost:8703"}
NODE = "build-node/node_modules"
PROGRAMS = {"json-server": "json-server/lib/cli/bin.js", "json-graphql-server": "json-graphql-server/bin/json-graphql-server.cjs"}

NGINX = """
{user}
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  log_format told escape=json '{{"connection":$connection,"number":$connection_requests,"path":"$uri","status":$status,'
    '"range":"$http_range","if_match":"$http_if_match","key":"$http_authorization","client":"$ssl_client_s_dn"}}';
  access_log {folder}/access.log told;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  types {{ image/png png; application/gpx+xml gpx; }} default_type application/octet-stream;
  server {{
    listen 127.0.0.1:{port} ssl; root {files};
    ssl_certificate {certificate}; ssl_certificate_key {key}; {server}
    {location}
  }}
}}
"""


def node_program(name):
    program = harness.root() / NODE / PROGRAMS[name]
    if not program.is_file() or shutil.which("node") is None:
        raise AssertionError(f"{name} or node is not installed; ./dev setup test installs them")
    return program


def nginx_program():
    # Debian keeps it where a user's PATH does not look.
    found = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        raise AssertionError("nginx is not installed; ./dev setup test installs it")
    return found


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Process:
    """A server's process; the kernel ends it when this process dies."""

    def __init__(self, name, argv, port, folder, **environment):
        self.name, self.port, self.log = name, port, folder / f"{name}.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", *map(os.fspath, argv)], env=harness.environment(**environment),
                cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def wait(self):
        """Until it takes connections; False when it ended, as it does when somebody took its port."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                time.sleep(0.05)  # a server that lost its port to another one says so now
                return self.process.poll() is None
            time.sleep(0.02)
        return False

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def kill(self):
        """As a machine that loses its power: the children first, which would otherwise go on serving."""
        os.kill(self.process.pid, signal.SIGSTOP)  # or it would start others
        for child in self.children():
            os.kill(child, signal.SIGKILL)
        self.process.kill()

    def has_read(self):
        """How many bytes its children have read from files."""
        texts = [Path(f"/proc/{child}/io").read_text(encoding="ascii") for child in self.children()]
        return sum(int(text.split("\n")[0].removeprefix("rchar: ")) for text in texts)

    def children(self):
        """The ids of its children: nginx's workers."""
        task = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(word) for word in task.read_text(encoding="ascii").split()]


class Spokelog:
    """`with Spokelog(edit) as servers:` EDIT(log, files) may change the records and the folder of files beforehand.

    `server` and `location` are further lines of nginx's configuration, `client_ca` demands certificates of clients."""

    def __init__(self, edit=None, ports=None, **nginx):
        self.edit, self.ports, self.nginx = edit, ports, nginx
        self.folder, self.authority, self.processes = harness.scratch("spokelog"), fake.Authority("Spokelog Example"), {}
        self.files = self.folder / "files"
        self.certificate, self.key = self.authority.server()

    def __enter__(self):
        for _ in range(1 if self.ports else ATTEMPTS):
            self.start()
            if all([process.wait() for process in self.processes.values()]):
                return self
            self.stop()
        raise AssertionError("a server did not start:\n" + "".join(
            process.log.read_text(errors="replace")[-2000:] for process in self.processes.values()))

    def __exit__(self, *_):
        self.stop()

    def start(self):
        ports = self.ports or {name: free_port() for name in ORIGINS}
        self.origins = {name: f"{address.rsplit(':', 1)[0]}:{ports[name]}" for name, address in ORIGINS.items()}
        self.write_data()
        (self.folder / "nginx.conf").write_text(self.configuration(ports["files"]), encoding="ascii")
        programs = {
            "log": (["node", node_program("json-server"), "--host", "127.0.0.1", "--port", str(ports["log"]), "--quiet",
                     self.folder / "log.json"], {}),
            "shop": (["node", node_program("json-graphql-server"), self.folder / "shop.json"],
                     {"NODE_HOST": "127.0.0.1", "NODE_PORT": ports["shop"]}),
            "files": ([nginx_program(), "-p", self.folder, "-e", self.folder / "error.log", "-c", self.folder / "nginx.conf"], {})}
        self.processes = {name: Process(name, argv, ports[name], self.folder, **environment)
                          for name, (argv, environment) in programs.items()}

    def stop(self):
        for process in self.processes.values():
            process.stop()

    def here(self, text):
        """The text with the addresses of this run in place of those of the description."""
        for name, address in ORIGINS.items():
            text = text.replace(address, self.origins[name])
        return text

    def write_data(self):
        shutil.rmtree(self.files, ignore_errors=True)
        shutil.copytree(data(), self.folder, dirs_exist_ok=True)
        for name in ("log.json", "shop.json"):
            path = self.folder / name
            path.write_text(self.here(path.read_text(encoding="ascii")), encoding="ascii")
        if self.edit:
            log = harness.read_json(self.folder / "log.json")
            self.edit(log, self.files)
            (self.folder / "log.json").write_text(self.here(json.dumps(log)), encoding="ascii")

    def configuration(self, port):
        server = self.nginx.get("server", "")
        if "client_ca" in self.nginx:
            server += f" ssl_client_certificate {self.nginx['client_ca']}; ssl_verify_client on;"
        return NGINX.format(
            user="user root;" if os.geteuid() == 0 else "",  # the workers must be able to read this folder
            folder=self.folder, files=self.files, port=port, certificate=self.certificate, key=self.key, server=server,
            location=self.here(self.nginx.get("location", "").replace("FOLDER", str(self.folder))))

    def allow(self, name, password):
        """A password file for nginx's auth_basic."""
        run = harness.command("openssl", "passwd", "-apr1", password)
        self.folder.joinpath("passwords").write_text(f"{name}:{run.out}", encoding="ascii")

    def requests(self, told=None):
        """What nginx served so far: an object for each request. It notes one behind its answer, so what TOLD asks of them is waited for."""
        end = time.monotonic() + harness.TIMEOUT
        while True:
            found = harness.read_lines(self.folder / "access.log")
            if told is None or told(found):
                return found
            if time.monotonic() > end:
                raise AssertionError(f"nginx did not note what was waited for: {found}")
            time.sleep(0.05)

    # ---- descriptions ------------------------------------------------------------------------------------

    def description(self, edit=None):
        """The fixture's description with this run's addresses, changed by EDIT(document), in a folder of its own."""
        folder = harness.scratch("described")
        document = json.loads(self.here(fixture("service.json").read_text(encoding="utf-8")))
        if edit:
            edit(document)
        self.give_certificate(folder)
        shutil.copytree(fixture("privacy"), folder / "privacy")
        path = folder / "service.json"
        path.write_text(json.dumps(document, indent=1, ensure_ascii=False), encoding="utf-8")
        return path

    def give_certificate(self, folder):
        shutil.copyfile(self.authority.certificate, Path(folder) / "ca.pem")


def fixture(*parts):
    return harness.root().joinpath("fixtures", "spokelog", *parts)


def data():
    return fixture("data")


def basic(name, password):
    """The value of the header Authorization (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode("ascii")


def serve(root, folder):
    ports = {name: int(address.rsplit(":", 1)[1]) for name, address in ORIGINS.items()}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory(prefix="holdall-serve-") as scratch:
        harness.stand(root, scratch)
        with Spokelog(ports=ports) as servers:
            folder.mkdir(parents=True, exist_ok=True)
            servers.give_certificate(folder)
            print(*(f"{name:6} {address}" for name, address in ORIGINS.items()), f"ca     {folder / 'ca.pem'}",
                  "ends with Ctrl-C", sep="\n", flush=True)
            with contextlib.suppress(KeyboardInterrupt):
                signal.pause()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    serve(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
