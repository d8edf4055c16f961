"""Stand-ins for the services that hand out AWS credentials and that no test can reach: containers, STS, EC2 instances.

It owns one free port of 127.0.0.1 for each, and answers as AWS documents it: the shapes, the refusals, the order of
requests that the second version of instance metadata demands. Which credentials come, when they expire and what goes
wrong is up to the test. It refuses what AWS would refuse, and knows nothing of S3: what is done with the credentials is
between holdall and a store.

    with ContainerCredentials(token="secret") as service:
        service.give(credentials(seconds=60))
        service.fail("500", times=1)
        …holdall runs with service.env()…
        service.log()
"""

import contextlib
import http.server
import json
import secrets
import threading
import time
from datetime import datetime, timezone
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

ROLE_ARN = "arn:aws:iam::123456789012:role/holdall-reader"
MANY = 1 << 30
SLOW_SECONDS = 30


def credentials(access_key="ASIAEXAMPLEKEY000001", secret_key="c2VjcmV0LWZyb20tYS10ZXN0", token="c2Vzc2lvbi10b2tlbg==", seconds=3600):
    """What a service gives; `seconds` is how long it is good for from when it is given, None says nothing about it."""
    return {"access_key": access_key, "secret_key": secret_key, "token": token, "seconds": seconds}


def of_store(store, token="c2Vzc2lvbi10b2tlbg==", seconds=3600):
    """The keys of a store of objectstores.py, as if they were temporary."""
    return credentials(store.access_key, store.secret_key, token, seconds)


def stamp(seconds):
    return datetime.fromtimestamp(time.time() + seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_any(self):
        size = int(self.headers.get("Content-Length") or 0)
        self.server.fake.serve(self, self.rfile.read(size))

    do_GET = do_POST = do_PUT = do_HEAD = handle_any

    def log_message(self, *_):
        """The log is the fake's."""


class Fake:
    """What the three share: the port, the log, and what goes wrong."""

    def __init__(self):
        self.lock, self.entries, self.failures, self.closing = threading.Lock(), [], [], threading.Event()
        self.given = credentials()

    def __enter__(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads, self.server.fake = True, self
        self.port = self.server.server_address[1]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    # -- for the test

    def give(self, given):
        """The credentials of every answer from now on."""
        with self.lock:
            self.given = given

    def fail(self, how, times=MANY, path=""):
        """The next answers to a path that has PATH in it: a status ("500", "404"), "garbage" (no document of that kind),
        "empty" (a document without credentials), "huge" (more than anyone should read), "slow", or "cut"."""
        with self.lock:
            self.failures.append([how, times, path])

    def log(self):
        """What was asked: method, path, query and form as {name: value}, headers (names in lower case), status, time."""
        with self.lock:
            return [dict(entry) for entry in self.entries]

    # -- for the handler

    def serve(self, handler, body):
        place = urlsplit(handler.path)
        entry = {"method": handler.command, "path": place.path, "query": pairs(place.query), "form": pairs(body.decode("latin-1")),
                 "headers": {name.lower(): value for name, value in handler.headers.items()}, "status": None, "time": time.monotonic()}
        with self.lock:
            self.entries.append(entry)
            how = self.failure(place.path)
        if how == "slow":
            self.closing.wait(SLOW_SECONDS)
        if how == "cut":
            handler.close_connection = True
            return
        code, kind, text = (int(how), "text/plain", "it went wrong\n") if how and how.isdigit() else self.answer(entry)
        if code == 200 and how in ("garbage", "empty", "huge"):
            text = {"garbage": "<<< this is {no document", "empty": self.empty, "huge": "[" * (64 << 20)}[how]
        entry["status"] = code
        self.send(handler, code, kind, text.encode())

    @staticmethod
    def send(handler, code, kind, data):
        with contextlib.suppress(OSError):  # whoever asked may be gone
            handler.send_response(code)
            handler.send_header("Content-Type", kind)
            handler.send_header("Content-Length", str(len(data)))
            handler.end_headers()
            handler.wfile.write(data)

    def failure(self, path):
        for failure in self.failures:
            if failure[1] > 0 and failure[2] in path:
                failure[1] -= 1
                return failure[0]
        return None

    def expiration(self):
        return None if self.given["seconds"] is None else stamp(self.given["seconds"])


def pairs(text):
    return {name: values[-1] for name, values in parse_qs(text, keep_blank_values=True).items()}


def as_json(document):
    return json.dumps({name: value for name, value in document.items() if value is not None})


class ContainerCredentials(Fake):
    """The credentials endpoint of containers (ECS, EKS): one GET, with the token in Authorization where there is one."""

    empty = "{}"
    path = "/v2/credentials/0d5c2f4e-8f7b-4a53-9d1c-6b1f6f1b7a10"

    def __init__(self, token=None):
        super().__init__()
        self.token = token

    def env(self, token_file=None):
        """AWS_CONTAINER_…; the token in a file where TOKEN_FILE is its path (the file is the caller's)."""
        words = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": self.endpoint + self.path}
        if token_file:
            words["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = str(token_file)
        elif self.token:
            words["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = self.token
        return words

    def answer(self, entry):
        if entry["method"] != "GET" or entry["path"] != self.path:
            return 404, "application/json", as_json({"code": "NotFound", "message": "no such path"})
        if self.token is not None and entry["headers"].get("authorization") != self.token:
            return 401, "application/json", as_json({"code": "Unauthorized", "message": "the token is not the right one"})
        given = self.given
        return 200, "application/json", as_json({
            "RoleArn": ROLE_ARN, "AccessKeyId": given["access_key"], "SecretAccessKey": given["secret_key"], "Token": given["token"],
            "Expiration": self.expiration()})


class WebIdentity(Fake):
    """STS: AssumeRoleWithWebIdentity, as a POST with a form or a GET with a query, signed by nobody."""

    empty = '<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"/>'

    def __init__(self, token="eyJhbGciOiJub25lIn0.e30.", role=ROLE_ARN):
        super().__init__()
        self.token, self.role = token, role

    def env(self, token_file):
        """TOKEN_FILE is the caller's, with `token` in it."""
        return {"AWS_ROLE_ARN": self.role, "AWS_WEB_IDENTITY_TOKEN_FILE": str(token_file), "AWS_ROLE_SESSION_NAME": "holdall",
                "AWS_ENDPOINT_URL_STS": self.endpoint}

    def answer(self, entry):
        asked = entry["form"] if entry["method"] == "POST" else entry["query"]
        if asked.get("Action") != "AssumeRoleWithWebIdentity" or asked.get("Version") != "2011-06-15":
            return self.refused("InvalidAction", "Could not find operation " + asked.get("Action", ""))
        if not asked.get("RoleSessionName"):
            return self.refused("ValidationError", "RoleSessionName must not be null")
        if asked.get("RoleArn") != self.role:
            return self.refused("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", 403)
        if asked.get("WebIdentityToken") != self.token:
            return self.refused("InvalidIdentityToken", "The ID Token provided is not a valid JWT.")
        return 200, "text/xml", self.success()

    def success(self):
        given = self.given
        words = {"AccessKeyId": given["access_key"], "SecretAccessKey": given["secret_key"], "SessionToken": given["token"],
                 "Expiration": self.expiration()}
        inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in words.items() if value is not None)
        return ('<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">\n'
                "  <AssumeRoleWithWebIdentityResult>\n    <SubjectFromWebIdentityToken>subject</SubjectFromWebIdentityToken>\n"
                f"    <AssumedRoleUser><Arn>{escape(self.role)}/holdall</Arn><AssumedRoleId>AROAEXAMPLE:holdall</AssumedRoleId></AssumedRoleUser>\n"
                f"    <Credentials>{inner}</Credentials>\n  </AssumeRoleWithWebIdentityResult>\n"
                "  <ResponseMetadata><RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId></ResponseMetadata>\n"
                "</AssumeRoleWithWebIdentityResponse>\n")

    @staticmethod
    def refused(code, message, status=400):
        return status, "text/xml", (
            '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">\n  <Error>\n    <Type>Sender</Type>\n'
            f"    <Code>{code}</Code>\n    <Message>{escape(message)}</Message>\n  </Error>\n"
            "  <RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId>\n</ErrorResponse>\n")


class InstanceMetadata(Fake):
    """The metadata of an EC2 instance, second version: a PUT gives a token, without which every GET is 401."""

    empty = "{}"
    base = "/latest/meta-data/iam/security-credentials/"

    def __init__(self, role="holdall-reader"):
        super().__init__()
        self.role, self.tokens = role, {}

    def env(self):
        return {"AWS_EC2_METADATA_SERVICE_ENDPOINT": self.endpoint}

    def forget_tokens(self):
        """As an instance that was moved: the tokens given so far are worth nothing."""
        with self.lock:
            self.tokens.clear()

    def answer(self, entry):
        if entry["path"] == "/latest/api/token":
            return self.give_token(entry)
        end = self.tokens.get(entry["headers"].get("x-aws-ec2-metadata-token"))
        if end is None or time.monotonic() > end:
            return 401, "text/html", "<html><title>401 - Unauthorized</title></html>\n"
        if entry["method"] != "GET":
            return 405, "text/html", ""
        if self.role and entry["path"] in (self.base, self.base.rstrip("/")):
            return 200, "text/plain", self.role
        if self.role and entry["path"] == self.base + self.role:
            return 200, "text/plain", self.document()
        return 404, "text/html", "<html><title>404 - Not Found</title></html>\n"

    def give_token(self, entry):
        seconds = entry["headers"].get("x-aws-ec2-metadata-token-ttl-seconds", "")
        if entry["method"] != "PUT":
            return 405, "text/html", ""
        if "x-forwarded-for" in entry["headers"]:
            return 403, "text/html", ""
        if not seconds.isdigit() or not 1 <= int(seconds) <= 21600:
            return 400, "text/html", "<html><title>400 - Bad Request</title></html>\n"
        token = secrets.token_urlsafe(40) + "=="
        with self.lock:
            self.tokens[token] = time.monotonic() + int(seconds)
        return 200, "text/plain", token

    def document(self):
        given = self.given
        return json.dumps({"Code": "Success", "LastUpdated": stamp(-60), "Type": "AWS-HMAC", "AccessKeyId": given["access_key"],
                           "SecretAccessKey": given["secret_key"], "Token": given["token"], "Expiration": self.expiration()}, indent=2)
