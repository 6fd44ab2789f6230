"""An OpenID provider that can be told to misbehave, as a real server cannot.

provider.claims = {"aud": "somebody else"}      # of the next ID tokens
provider.sign = sign_with_none                  # how they are signed
provider.hits["/token"]                         # requests so far
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, Key

APP_ID = "bookstore"
APP_SECRET = "s3cret:/+&"  # what form encoding would change
REDIRECT_URI = "http://localhost:3000/callback"
USER = {"name": "Ada", "username": "ada", "picture": None, "email": "ada@example.com"}

Sign = Callable[["FakeProvider", dict[str, Any]], str]


def sign_properly(provider: FakeProvider, claims: dict[str, Any]) -> str:
    """A token as an honest server signs it."""
    key = provider.keys[0]
    return jwt.encode({"alg": "ES256", "typ": "JWT", "kid": key.kid}, claims, key)


class FakeProvider:
    """One provider on a port of its own, for one client, with one user who always agrees."""

    def __init__(self) -> None:
        self.keys: list[Key] = [new_key()]
        self.hits: Counter[str] = Counter()
        self.sign: Sign = sign_properly
        self.claims: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}
        self.answers: dict[str, tuple[int, dict[str, Any]]] = {}
        self.rotate = True
        self.delay = 0.0
        self.expires_in = 3600
        self.id_token_on_refresh = False
        self.codes: dict[str, dict[str, str]] = {}
        self.refresh_tokens: dict[str, bool] = {}
        self.revoked: list[str] = []
        self.forms: list[dict[str, str]] = []
        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # type: ignore[method-assign]

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    @property
    def issuer(self) -> str:
        return f"{self.endpoint}/oidc"

    def authorize(self, url: str, **changes: str | None) -> str:
        """Answer the authorization request `url`; `changes` tamper with the callback."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        code = f"code-{len(self.codes)}"
        self.codes[code] = query
        answer = {"code": code, "state": query["state"], "iss": self.issuer} | changes
        sent = {name: value for name, value in answer.items() if value is not None}
        return f"{query['redirect_uri']}?{urlencode(sent)}"

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/me",
            "jwks_uri": f"{self.issuer}/jwks",
            "end_session_endpoint": f"{self.issuer}/session/end",
            "revocation_endpoint": f"{self.issuer}/token/revocation",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "authorization_response_iss_parameter_supported": True,
        } | self.metadata

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        with self.lock:
            self.forms.append(form)
            if form["grant_type"] == "authorization_code":
                request = self.codes.pop(form["code"], None)
                if request is None or not _proves(form["code_verifier"], request):
                    return 400, {"error": "invalid_grant", "error_description": "bad code"}
                return 200, self._tokens(nonce=request.get("nonce"), with_id_token=True)
            if not self.refresh_tokens.get(form["refresh_token"]):
                self.refresh_tokens.clear()  # reuse revokes the family
                return 400, {
                    "error": "invalid_grant",
                    "error_description": "refresh token already used",
                }
            if self.rotate:
                self.refresh_tokens[form["refresh_token"]] = False
            with_id_token = self.id_token_on_refresh
        time.sleep(self.delay)
        with self.lock:
            answer = self._tokens(nonce=None, with_id_token=with_id_token)
            if "resource" in form or "organization_id" in form:
                audience = (
                    form.get("resource") or f"urn:logto:organization:{form['organization_id']}"
                )
                answer["access_token"] = self.access_token(audience)
            return 200, answer

    def access_token(self, audience: str, **claims: Any) -> str:
        key, now = self.keys[0], int(time.time())
        header = {"alg": "ES256", "typ": claims.pop("typ", "at+jwt"), "kid": key.kid}
        usual = {"iss": self.issuer, "sub": "user1", "aud": audience, "exp": now + 3600}
        usual |= {
            "iat": now,
            "scope": "read write",
            "client_id": APP_ID,
            "jti": str(time.time_ns()),
        }
        return jwt.encode(header, usual | claims, key)

    def _tokens(self, *, nonce: str | None, with_id_token: bool) -> dict[str, Any]:
        number = len(self.refresh_tokens)
        answer = {
            "access_token": f"opaque-{time.time_ns()}",
            "token_type": "Bearer",
            "expires_in": self.expires_in,
            "scope": "openid offline_access profile",
        }
        if self.rotate or number == 0:
            answer["refresh_token"] = f"refresh-{self.server.server_port}-{number}"
            self.refresh_tokens[answer["refresh_token"]] = True
        if with_id_token:
            now = int(time.time())
            claims = {"iss": self.issuer, "sub": "user1", "aud": APP_ID, "exp": now + 3600}
            claims |= {"iat": now, "nonce": nonce, **USER, **self.claims}
            claims = {name: value for name, value in claims.items() if value != "absent"}
            answer["id_token"] = self.sign(self, claims)
        return answer


def new_key() -> Key:
    """A new P-256 key with its thumbprint as its id."""
    key = ECKey.generate_key("P-256", auto_kid=True)
    assert key.kid
    return key


@contextlib.contextmanager
def running_provider() -> Iterator[FakeProvider]:
    """Run a provider until the block ends."""
    provider = FakeProvider()
    thread = threading.Thread(target=provider.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        provider.server.shutdown()
        provider.server.server_close()
        thread.join()


def _proves(verifier: str, request: dict[str, str]) -> bool:
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return request["code_challenge"] == challenge and request["code_challenge_method"] == "S256"


def _handler_of(provider: FakeProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self._count()
            if path in provider.answers:
                self._send(*provider.answers[path])
            elif path == "/.well-known/openid-configuration":
                self._send(200, provider.discovery())
            elif path == "/jwks":
                self._send(200, {"keys": [k.as_dict(private=False) for k in provider.keys]})
            elif path == "/me":
                assert self.headers["authorization"].startswith("Bearer opaque-")
                self._send(200, {"sub": "user1", **USER, "roles": ["reader"]})
            else:
                self._send(404, {})

        def do_POST(self) -> None:
            path = self._count()
            length = int(self.headers.get("content-length", 0))
            form = {n: v[0] for n, v in parse_qs(self.rfile.read(length).decode()).items()}
            form["authorization"] = self.headers.get("authorization", "")
            if path in provider.answers:
                self._send(*provider.answers[path])
            elif path == "/token/revocation":
                provider.revoked.append(form["token"])
                self._send(200, {})
            else:
                self._send(*provider.token(form))

        def _count(self) -> str:
            path = urlsplit(self.path).path.removeprefix("/oidc")
            provider.hits[path] += 1
            return path

        def _send(self, status: int, body: dict[str, Any]) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    return Handler
