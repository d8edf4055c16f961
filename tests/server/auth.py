"""Who may ask: the scenario's `auth` rules and the OAuth 2 token endpoint.

It owns the tokens of a run. It refuses requests without the right credential (401), and says which rule refused. No rule
covers a path: everybody may ask.

    { "path": "^/api/", "type": "bearer", "token": "…" }
    { "path": "^/desk/", "type": "header", "name": "X-Api-Key", "value": "…" }
    { "path": "^/media/", "type": "basic", "username": "…", "password": "…" }
    { "path": "^/api/", "type": "oauth2", "client_id": "…", "client_secret": "…", "scope": "…", "audience": "…",
      "client_auth": "basic" | "body", "uses": 40, "expires_in": 3600, "refuse_after": 3 }

`uses`: a token is good for that many requests. `refuse_after`: that many tokens are handed out, then none. Each rule may
have `listeners` (default: all) and `status` (default 401).
"""

import base64
import hashlib
import re
import threading
import urllib.parse

import faults
from messages import Answer, Refused

ALWAYS = {"path", "type", "listeners", "status", "$comment"}
NEEDED = {"bearer": {"token"}, "basic": {"username", "password"}, "header": {"name", "value"},
          "oauth2": {"client_id", "client_secret"}}
OAUTH2 = {"scope", "audience", "client_auth", "uses", "expires_in", "refuse_after"}


class Auth:
    """The rules and the tokens."""

    def __init__(self, rules, clock):
        for number, rule in enumerate(rules):
            check_rule(rule, f"auth/{number}")
        self.rules, self.clock = rules, clock
        self.lock = threading.Lock()
        self.reset()

    def reset(self):
        with self.lock:
            self.tokens, self.issued = {}, 0

    def expire(self):
        """Makes all tokens bad, as a service that lost its sessions."""
        with self.lock:
            self.tokens.clear()

    def check(self, request):
        """Refused when the rule for this request is not satisfied."""
        for rule in self.rules:
            everywhere = [request.listener.name]
            if re.search(rule.get("path", ""), request.path) and request.listener.name in rule.get("listeners", everywhere):
                if not self.satisfied(rule, request):
                    raise Refused(rule.get("status", 401), "unauthorized", rule["type"], [("WWW-Authenticate", challenge(rule))])
                return

    def satisfied(self, rule, request):
        given = request.header("Authorization", "")
        if rule["type"] == "header":
            return request.header(rule["name"]) == rule["value"]
        if rule["type"] == "basic":
            return given == "Basic " + basic(rule["username"], rule["password"])
        if rule["type"] == "bearer":
            return given == "Bearer " + rule["token"]
        return given.startswith("Bearer ") and self.use(given[7:])

    def use(self, token):
        """Whether an issued token is still good; counts the use."""
        with self.lock:
            left, until = self.tokens.get(token, (0, 0))
            if left < 1 or until <= self.clock.now():
                return False
            self.tokens[token] = (left - 1, until)
            return True

    # ---- the token endpoint ------------------------------------------------------------------------------

    def issue(self, request):
        """The answer to POST /oauth/token (RFC 6749, section 4.4)."""
        rule = next((rule for rule in self.rules if rule["type"] == "oauth2"), None)
        if rule is None or request.method != "POST":
            raise Refused(404 if rule is None else 405, "no_token_endpoint")
        form = dict(urllib.parse.parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        if form.get("grant_type") != "client_credentials":
            return oauth_error(400, "unsupported_grant_type")
        if not client_known(rule, request, form):
            return oauth_error(401, "invalid_client", [("WWW-Authenticate", 'Basic realm="claakit"')])
        if form.get("scope", "") != rule.get("scope", "") or form.get("audience", "") != rule.get("audience", ""):
            return oauth_error(400, "invalid_scope")
        with self.lock:
            if self.issued >= rule.get("refuse_after", 1 << 60):
                return oauth_error(400, "unauthorized_client")
            self.issued += 1
            token = "tok-" + hashlib.sha256(f"{self.issued} {rule['client_secret']}".encode()).hexdigest()[:40]
            life = rule.get("expires_in", 3600)
            self.tokens[token] = (rule.get("uses", 1 << 60), self.clock.now() + life)
        return Answer(200, {"access_token": token, "token_type": "Bearer", "expires_in": life},
                      headers=[("Cache-Control", "no-store")])


def check_rule(rule, where):
    """ValueError when the rule has not exactly the members of its type."""
    if not isinstance(rule, dict) or rule.get("type") not in NEEDED:
        raise ValueError(f"{where}: `type` is one of {', '.join(NEEDED)}")
    needed = NEEDED[rule["type"]]
    known = ALWAYS | needed | (OAUTH2 if rule["type"] == "oauth2" else set())
    if not needed <= set(rule) <= known:
        raise ValueError(f"{where}: a rule of this type needs {sorted(needed)} and may have {sorted(known - needed)}")
    if rule.get("client_auth", "basic") not in ("basic", "body"):
        raise ValueError(f"{where}/client_auth: basic or body")
    if not faults.pattern(rule.get("path", "")) or not faults.listeners(rule.get("listeners", [])):
        raise ValueError(f"{where}: `path` is a regular expression, `listeners` are some of {', '.join(faults.LISTENERS)}")


def basic(username, password):
    return base64.b64encode(f"{username}:{password}".encode()).decode()


def challenge(rule):
    return 'Basic realm="claakit"' if rule["type"] == "basic" else 'Bearer realm="claakit", error="invalid_token"'


def client_known(rule, request, form):
    """Whether the client showed its secret, in the way that the rule asks for."""
    quoted = [urllib.parse.quote(rule[name], safe="") for name in ("client_id", "client_secret")]
    in_header = request.header("Authorization", "") == "Basic " + basic(*quoted)
    in_body = form.get("client_id") == rule["client_id"] and form.get("client_secret") == rule["client_secret"]
    return {"basic": in_header, "body": in_body}.get(rule.get("client_auth"), in_header or in_body)


def oauth_error(status, code, headers=()):
    return Answer(status, {"error": code}, headers=headers)
