"""What a store that gives out temporary keys would check, in front of one that knows only lasting ones.

It owns the judgement of a version 4 signature in the header Authorization, worked out by botocore, which nobody here
wrote: the key, its time, its session token, the region of the scope, that all that counts is signed, and the signature.
What it lets through is signed again with the keys of the real store, which judges the rest: the body's hash, rights and
time. It refuses presigned addresses: the stores themselves check these.

    gate = Gate("eu-central-1")
    gate.admit(awsfakes.credentials(seconds=60))
    with StoreProxy(swift, gate=gate) as proxy: …
"""

import contextlib
import http.client
import re
import threading
import time
from urllib.parse import urlsplit

AUTHORIZATION = re.compile(r"AWS4-HMAC-SHA256 Credential=([^,/]+)/(\d{8})/([^,/]+)/s3/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?"
                           r"Signature=([0-9a-f]{64})")
ALWAYS_SIGNED = {"host", "x-amz-date", "x-amz-content-sha256"}


class Gate:
    """Which keys are good, and until when. It is asked from many threads."""

    def __init__(self, region="us-east-1"):
        self.region, self.lock, self.known = region, threading.Lock(), {}

    def admit(self, given):
        """Credentials as awsfakes makes them; from now on for their `seconds` (None: for ever)."""
        end = None if given["seconds"] is None else time.monotonic() + given["seconds"]
        with self.lock:
            self.known[given["access_key"]] = (given, end)

    def expire(self, given):
        with self.lock:
            self.known[given["access_key"]] = (given, time.monotonic())

    def refusal(self, entry, target):
        """None, or what S3 would say: (status, code, message, {further element: text})."""
        headers = entry["headers"]
        found = AUTHORIZATION.fullmatch(headers.get("authorization", ""))
        if not found:
            return 403, "AccessDenied", "Access Denied", {}
        key, day, region, signed, signature = found.groups()
        given, end = self.known.get(key, (None, None))
        if given is None:
            return 403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", {"AWSAccessKeyId": key}
        if region != self.region:
            return (400, "AuthorizationHeaderMalformed", "The authorization header is malformed; the region "
                    f"'{region}' is wrong; expecting '{self.region}'", {"Region": self.region})
        if headers.get("x-amz-security-token") != given["token"]:
            return 400, "InvalidToken", "The provided token is malformed or otherwise invalid.", {}
        if end is not None and time.monotonic() >= end:
            return 400, "ExpiredToken", "The provided token has expired.", {}
        names = signed.split(";")
        unsigned = (ALWAYS_SIGNED | {name for name in headers if name.startswith("x-amz-")}) - set(names)
        if unsigned or names != sorted(names):
            return 403, "AccessDenied", "There were headers present in the request which were not signed", {"HeadersNotSigned": ", ".join(sorted(unsigned))}
        due = self.sign(given["access_key"], given["secret_key"], entry, target, names)
        if not headers["x-amz-date"].startswith(day) or due != signature:
            return 403, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided.", {"AWSAccessKeyId": key}
        return None

    def sign(self, access_key, secret_key, entry, target, names, region=None):
        """botocore's signature of a request as it came, over the headers of these names."""
        from botocore.auth import S3SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials
        auth = S3SigV4Auth(Credentials(access_key, secret_key), "s3", region or self.region)
        headers = {name: entry["headers"].get(name, "") for name in names}
        request = AWSRequest(entry["method"], "http://" + entry["headers"].get("host", "") + target, headers=headers)
        request.context["timestamp"] = entry["headers"]["x-amz-date"]
        return auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)

    def sign_again(self, store, entry, target):
        """The Authorization with which the real store takes the request, once its session token is gone."""
        names = sorted(ALWAYS_SIGNED | {name for name in entry["headers"] if name.startswith("x-amz-")} - {"x-amz-security-token"})
        signature = self.sign(store.access_key, store.secret_key, entry, target, names, store.region)
        scope = f"{store.access_key}/{entry['headers']['x-amz-date'][:8]}/{store.region}/s3/aws4_request"
        return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={';'.join(names)}, Signature={signature}"


def signed(store, method, target, stamp, endpoint=None, body=None, **headers):
    """A request with botocore's signature and any time: (status, body)."""
    place = urlsplit(endpoint or store.endpoint).netloc
    words = {"host": place, "x-amz-date": stamp, "x-amz-content-sha256": "UNSIGNED-PAYLOAD", **headers}
    entry = {"method": method, "headers": words}
    words["authorization"] = Gate().sign_again(store, entry, target)
    with contextlib.closing(http.client.HTTPConnection(place, timeout=10)) as link:
        link.request(method, target, body=body, headers=words)
        answer = link.getresponse()
        return answer.status, answer.read()
