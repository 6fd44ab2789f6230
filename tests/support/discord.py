"""A faithful fake of Discord's OAuth2 and user API: its own server, its own people and faults.

    with FakeDiscord.start() as discord:
        app = discord.register(redirect_uri)          # as in the developer portal
        discord.person = Person(email=None)           # who sits at the browser
        discord.faults.add(Fault.RATE_LIMITED)        # what goes wrong

It listens twice: over HTTP for Doorward, which is sent there by DOORWARD_DEV_HOST_OVERRIDES
(`overrides`), and over TLS for the browser, which takes it for https://discord.com (`hosts`).
Facts are from https://docs.discord.com/developers: topics/oauth2, resources/user,
topics/rate-limits, reference (image formatting).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
import ssl
import sys
import threading
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.support.certificates import self_signed_context

CODE_LIFETIME = 100.0  # seconds, as Discord's staff says in discord-api-docs issue 2526
TOKEN_LIFETIME = 604_800
SCOPES = {"identify": "Access your username and avatar", "email": "Access your email address"}
PIXEL = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkaPhfDwAEBQIAtjyFCgAAAABJRU5ErkJggg=="
)


class Fault(StrEnum):
    """What Discord can be made to do wrong, each until it is taken out of `faults`."""

    EXPIRED_CODE = "codes are too old the moment they are given"
    UNAUTHORIZED = "users/@me knows no token: 401"
    RATE_LIMITED = "the token endpoint answers 429"
    RATE_LIMITED_USER = "users/@me answers 429"
    BROKEN = "the token endpoint answers 500 with a page"


@dataclass(frozen=True)
class Person:
    """A Discord account, as users/@me shows it. An avatar that begins with a_ is animated."""

    id: str = "80351110224678912"
    username: str = "nelly"
    global_name: str | None = "Nelly"
    avatar: str | None = "8342729096ea3675442027381ff50dfe"
    email: str | None = "nelly@example.com"
    verified: bool = True


@dataclass(frozen=True)
class DiscordApp:
    """An application of the developer portal."""

    client_id: str
    client_secret: str
    redirect_uris: tuple[str, ...]
    name: str = "Bookstore"


@dataclass(frozen=True)
class Grant:
    """What a code or token stands for."""

    person: Person
    client_id: str
    scope: str
    expires_at: float
    redirect_uri: str = ""
    challenge: str = ""


@dataclass(frozen=True)
class Answer:
    """What a handler sends back."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """What a handler reads. `form` holds the first value of each field."""

    method: str
    path: str
    query: dict[str, str]
    form: dict[str, str]
    headers: dict[str, str]


class FakeDiscord:
    """One Discord. Start it with `FakeDiscord.start()`."""

    def __init__(self) -> None:
        self.apps: dict[str, DiscordApp] = {}
        self.person = Person()
        self.faults: set[Fault] = set()
        self.requests: list[Request] = []
        self._codes: dict[str, Grant] = {}
        self._access: dict[str, Grant] = {}
        self._refresh: dict[str, Grant] = {}
        self._consented: set[tuple[str, str, str]] = set()
        self._lock = threading.Lock()
        self._http = _server(self)
        self._https = _server(self, tls=self_signed_context("discord.com", "cdn.discordapp.com"))

    @classmethod
    @contextlib.contextmanager
    def start(cls) -> Iterator[FakeDiscord]:
        """Listen on two free loopback ports until the block ends."""
        discord = cls()
        servers = (discord._http, discord._https)
        threads = [
            threading.Thread(target=server.serve_forever, args=(0.05,)) for server in servers
        ]
        for thread in threads:
            thread.start()
        try:
            yield discord
        finally:
            for server, thread in zip(servers, threads, strict=True):
                server.shutdown()
                thread.join()
                server.server_close()

    @property
    def url(self) -> str:
        """Where it listens over HTTP."""
        return f"http://127.0.0.1:{self._http.server_port}"

    @property
    def overrides(self) -> str:
        """The value of DOORWARD_DEV_HOST_OVERRIDES that sends Doorward here."""
        return f"discord.com={self.url},cdn.discordapp.com={self.url}"

    @property
    def hosts(self) -> dict[str, int]:
        """The hosts that a browser finds here, with the TLS port of each."""
        return dict.fromkeys(("discord.com", "cdn.discordapp.com"), self._https.server_port)

    def register(self, *redirect_uris: str) -> DiscordApp:
        """Return a new application of the developer portal with these redirect URIs."""
        number = f"{157730590492196864 + len(self.apps)}"
        app = DiscordApp(number, secrets.token_urlsafe(24), redirect_uris)
        self.apps[number] = app
        return app

    def allow_redirect(self, app: DiscordApp, redirect_uri: str) -> None:
        """Add a redirect URI to an application."""
        known = self.apps[app.client_id]
        self.apps[app.client_id] = replace(
            known, redirect_uris=(*known.redirect_uris, redirect_uri)
        )

    def answer(self, request: Request) -> Answer:
        """Return what Discord answers."""
        with self._lock:
            self.requests.append(request)
            match request.method, request.path:
                case "GET", "/oauth2/authorize":
                    return self._authorize(request.query)
                case "POST", "/oauth2/authorize":
                    return self._decide(request.form)
                case "POST", "/api/v10/oauth2/token":
                    return self._token(request)
                case "GET", "/api/v10/users/@me":
                    return self._user(request)
                case "GET", path if path.startswith("/avatars/"):
                    return self._avatar(path)
            return _json(404, {"message": "404: Not Found", "code": 0})

    def _authorize(self, query: dict[str, str]) -> Answer:
        if problem := self._problem(query):
            return _page(400, "Discord", f"<h1>Something went wrong</h1><p>{escape(problem)}</p>")
        consent = (self.person.id, query["client_id"], query["scope"])
        if query.get("prompt") == "none" and consent in self._consented:
            return self._grant(query)
        asked = "".join(f"<li>{SCOPES[scope]}</li>" for scope in query["scope"].split())
        app = self.apps[query["client_id"]]
        hidden = "".join(
            f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
            for name, value in query.items()
        )
        return _page(
            200,
            "Authorize access to your account",
            f"<h1>{escape(app.name)} wants to access your Discord account</h1>"
            f"<p>Signed in as {escape(self.person.username)}</p><ul>{asked}</ul>"
            f'<form method="post" action="/oauth2/authorize">{hidden}'
            '<button name="decision" value="cancel">Cancel</button>'
            '<button name="decision" value="authorize">Authorize</button></form>',
        )

    def _decide(self, form: dict[str, str]) -> Answer:
        decision = form.pop("decision", "")
        if problem := self._problem(form):
            return _page(400, "Discord", f"<h1>Something went wrong</h1><p>{escape(problem)}</p>")
        if decision == "authorize":
            self._consented.add((self.person.id, form["client_id"], form["scope"]))
            return self._grant(form)
        description = "The resource owner or authorization server denied the request"
        return _redirect(form, error="access_denied", error_description=description)

    def _problem(self, query: dict[str, str]) -> str:
        app = self.apps.get(query.get("client_id", ""))
        if app is None:
            return "Unknown Application"
        if query.get("redirect_uri") not in app.redirect_uris:
            return "Invalid OAuth2 redirect_uri"
        if query.get("response_type") != "code":
            return "Unsupported response_type"
        scopes = query.get("scope", "").split()
        return "" if scopes and set(scopes) <= SCOPES.keys() else "Invalid scope"

    def _grant(self, query: dict[str, str]) -> Answer:
        lifetime = 0 if Fault.EXPIRED_CODE in self.faults else CODE_LIFETIME
        code = secrets.token_urlsafe(22)
        self._codes[code] = Grant(
            person=self.person,
            client_id=query["client_id"],
            scope=query["scope"],
            expires_at=time.monotonic() + lifetime,
            redirect_uri=query["redirect_uri"],
            challenge=query.get("code_challenge", ""),
        )
        return _redirect(query, code=code)

    def _token(self, request: Request) -> Answer:
        if Fault.RATE_LIMITED in self.faults:
            return _rate_limited()
        if Fault.BROKEN in self.faults:
            return _page(500, "Discord", "<h1>Internal Server Error</h1>")
        # The token endpoint reads forms only: a JSON body has no grant type for it.
        form = request.form
        if form.get("grant_type") not in {"authorization_code", "refresh_token"}:
            wanted = f"Grant type {form.get('grant_type')} is not supported"
            return _oauth_error(400, "unsupported_grant_type", wanted)
        app = self._client(request)
        if app is None:
            return _oauth_error(401, "invalid_client")
        if form["grant_type"] == "refresh_token":
            grant = self._refresh.pop(form.get("refresh_token", ""), None)
            if grant is None or grant.client_id != app.client_id:
                return _oauth_error(400, "invalid_grant")
            return self._issue(grant)
        # A code is spent by the first try, whether it succeeds or not.
        grant = self._codes.pop(form.get("code", ""), None)
        if grant is None or grant.client_id != app.client_id or _is_over(grant):
            return _oauth_error(400, "invalid_grant", 'Invalid "code" in request.')
        if form.get("redirect_uri") != grant.redirect_uri:
            return _oauth_error(400, "invalid_grant", 'Invalid "redirect_uri" in request.')
        if grant.challenge and _challenge(form.get("code_verifier", "")) != grant.challenge:
            return _oauth_error(400, "invalid_grant", 'Invalid "code_verifier" in request.')
        return self._issue(grant)

    def _client(self, request: Request) -> DiscordApp | None:
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            name, _, given = b64decode(encoded).decode().partition(":")
        else:
            name, given = request.form.get("client_id", ""), request.form.get("client_secret", "")
        app = self.apps.get(name)
        return app if app and secrets.compare_digest(app.client_secret, given) else None

    def _issue(self, grant: Grant) -> Answer:
        access, refresh = secrets.token_urlsafe(22), secrets.token_urlsafe(22)
        self._refresh[refresh] = grant
        self._access[access] = replace(grant, expires_at=time.monotonic() + TOKEN_LIFETIME)
        return _json(
            200,
            {
                "token_type": "Bearer",
                "access_token": access,
                "expires_in": TOKEN_LIFETIME,
                "refresh_token": refresh,
                "scope": grant.scope,
            },
        )

    def _user(self, request: Request) -> Answer:
        if Fault.RATE_LIMITED_USER in self.faults:
            return _rate_limited()
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        grant = self._access.get(token) if scheme == "Bearer" else None
        if grant is None or _is_over(grant) or Fault.UNAUTHORIZED in self.faults:
            return _json(401, {"message": "401: Unauthorized", "code": 0})
        person, scopes = grant.person, grant.scope.split()
        if "identify" not in scopes:
            return _json(403, {"message": "Missing Access", "code": 50001})
        body: dict[str, Any] = {
            "id": person.id,
            "username": person.username,
            "avatar": person.avatar,
            "discriminator": "0",
            "public_flags": 0,
            "flags": 0,
            "banner": None,
            "accent_color": None,
            "global_name": person.global_name,
            "avatar_decoration_data": None,
            "mfa_enabled": True,
            "locale": "en-US",
            "premium_type": 0,
        }
        if "email" in scopes:
            body |= {"email": person.email, "verified": person.verified}
        return _json(200, body)

    def _avatar(self, path: str) -> Answer:
        name, _, kind = path.removeprefix("/avatars/").partition(".")
        is_own = name == f"{self.person.id}/{self.person.avatar}"
        is_animated = (self.person.avatar or "").startswith("a_")
        if not is_own or kind not in ({"png", "gif"} if is_animated else {"png"}):
            return Answer(404)
        return Answer(200, PIXEL, {"content-type": f"image/{kind}"})


def _is_over(grant: Grant) -> bool:
    return time.monotonic() >= grant.expires_at


def _challenge(verifier: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _json(status: int, body: dict[str, Any], **headers: str) -> Answer:
    return Answer(status, json.dumps(body).encode(), {"content-type": "application/json"} | headers)


def _oauth_error(status: int, error: str, description: str = "") -> Answer:
    return _json(
        status, {"error": error} | ({"error_description": description} if description else {})
    )


def _rate_limited() -> Answer:
    answer = _json(
        429, {"message": "You are being rate limited.", "retry_after": 64.57, "global": False}
    )
    answer.headers.update({"retry-after": "65", "x-ratelimit-scope": "user"})
    return answer


def _redirect(query: dict[str, str], **answer: str) -> Answer:
    if "state" in query:
        answer["state"] = query["state"]
    joint = "&" if urlsplit(query["redirect_uri"]).query else "?"
    return Answer(302, headers={"location": f"{query['redirect_uri']}{joint}{urlencode(answer)}"})


def _page(status: int, title: str, content: str) -> Answer:
    body = f"<!doctype html><html lang=en><title>{title}</title><main>{content}</main></html>"
    return Answer(status, body.encode(), {"content-type": "text/html; charset=utf-8"})


class _Server(ThreadingHTTPServer):
    """Says nothing of connections that a browser gives up, as it does at first sight of our TLS."""

    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        if not isinstance(sys.exception(), OSError):
            raise


class _Handler(BaseHTTPRequestHandler):
    """Turns HTTP into `Request` and `Answer` into HTTP."""

    protocol_version = "HTTP/1.1"
    discord: FakeDiscord

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        address = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        is_form = self.headers.get_content_type() == "application/x-www-form-urlencoded"
        answer = self.discord.answer(
            Request(
                method=self.command,
                path=address.path,
                query=_first_values(address.query),
                form=_first_values(body.decode()) if is_form else {},
                headers={name.lower(): value for name, value in self.headers.items()},
            )
        )
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_: Any) -> None:
        """Stay silent: what was asked is in `FakeDiscord.requests`."""


def _first_values(text: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(text, keep_blank_values=True).items()}


def _server(discord: FakeDiscord, *, tls: ssl.SSLContext | None = None) -> ThreadingHTTPServer:
    handler = type("Handler", (_Handler,), {"discord": discord})
    server = _Server(("127.0.0.1", 0), handler)
    if tls:
        # The handshake happens in the thread of the request, so that a browser that opens a
        # connection ahead and says nothing holds up nobody.
        server.socket = tls.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    return server
