"""The composition root: settings -> database -> surfaces. The only place where things are wired.

    request ─► edge (request id, client, tenant) ─┬─► oidc       /oidc, /.well-known (plain ASGI)
                                                  └─► Litestar   sign_in, console, /api

`create_app` returns an ASGI application whose lifespan opens and closes everything it uses.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import itertools
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from doorward.cimd.documents import ClientDocuments
from doorward.errors import ConfigurationError, DoorwardError
from doorward.keys.ring import current_keys
from doorward.keys.schedule import rotate_forever
from doorward.kit.certificates import load_authorities
from doorward.kit.clock import Clock, SystemClock
from doorward.kit.edge import Edge, certificate_header, client_address
from doorward.kit.http_client import HttpClient
from doorward.kit.ids import new_id
from doorward.kit.logs import request_id
from doorward.oidc.app import SHORT_PATHS, Oidc
from doorward.oidc.clients.certificate import MutualTls
from doorward.oidc.dpop import ProofVerifier
from doorward.oidc.logout.back_channel import backchannel_logout
from doorward.outbox.worker import deliver_forever
from doorward.pages import open_pages
from doorward.sessions.ending import BACKCHANNEL_LOGOUT
from doorward.settings import Settings
from doorward.storage import Database, Snapshots, open_database
from doorward.storage.errors import DatabaseUnavailable
from doorward.storage.migrate import migrate
from doorward.sweep import sweep_forever
from doorward.tenants.master_key import open_sealer
from doorward.tenants.seed import ADMIN_TENANT, DEFAULT_TENANT, seed
from doorward.users.passwords import Passwords
from doorward.web import create_web

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

log = logging.getLogger(__name__)

_OIDC_PATHS = (
    "/oidc",
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
)
# Digits of the length of a body that is read whole whatever becomes of it: less than 10 kB.
_SMALL_LENGTH = 4
_SWEEP_INTERVAL = timedelta(seconds=60)
_SINGLE = frozenset({b"authorization", b"host"})
_AMBIGUOUS = (
    b'{"error":"invalid_request","error_description":"Authorization and Host must not be repeated",'
    b'"message":"Authorization and Host must not be repeated."}'
)


def create_app(settings: Settings, *, clock: Clock | None = None) -> App:
    """Return the whole server as one ASGI application."""
    return App(settings, clock=clock or SystemClock())


@dataclass(frozen=True)
class _Running:
    """What exists between start and stop."""

    db: Database
    oidc: Oidc
    get_web: Callable[[], Asgi]
    http: HttpClient
    passwords: Passwords
    background: tuple[asyncio.Task[None], ...]


@dataclass(frozen=True)
class _Place:
    """Where a tenant lives."""

    tenant_id: str
    endpoint: str
    issuer: str
    is_secure: bool
    alias: str | None = None


class App:
    """The edge. Every request passes `__call__`; nothing else is reachable from outside."""

    def __init__(self, settings: Settings, *, clock: Clock) -> None:
        self.settings = settings
        self._clock = clock
        self._places = {
            tenant_id: _Place(
                tenant_id=tenant_id,
                endpoint=endpoint,
                issuer=f"{endpoint}/oidc",
                is_secure=endpoint.startswith("https:"),
            )
            for tenant_id, endpoint in (
                (DEFAULT_TENANT, settings.endpoint),
                (ADMIN_TENANT, settings.admin_endpoint),
            )
        }
        self._places_by_host = {
            urlsplit(place.endpoint).netloc.encode(): place for place in self._places.values()
        }
        if settings.mtls_endpoint:
            # RFC 8705 section 5: the same issuer behind another host name.
            host = urlsplit(settings.mtls_endpoint).netloc.encode()
            self._places_by_host[host] = replace(
                self._places[DEFAULT_TENANT], alias=settings.mtls_endpoint
            )
        # Unique and short, not secret: a request id tells log lines apart.
        self._id_prefix = new_id(8)
        self._request_numbers = itertools.count(1)
        self._running: _Running | None = None

    async def start(self) -> None:
        """Migrate, seed, open the database and build the provider.

        The other surfaces take half a second and are built when first asked for, or by `prepare`.
        """
        if await migrate(self.settings):
            log.info("database migrated")
        db = await open_database(self.settings)
        try:
            sealer = await open_sealer(db, settings=self.settings)
        except DoorwardError:
            await db.close()
            raise
        if await seed(db, sealer=sealer, clock=self._clock):
            log.info("first start: tenants created")
        snapshots = Snapshots(db, clock=self._clock)
        for tenant_id in self._places:
            await current_keys(await snapshots.current(tenant_id), sealer=sealer)
        pages = open_pages()
        http = HttpClient(
            allow_private_addresses=self.settings.allow_private_addresses,
            host_overrides=self.settings.dev_host_overrides,
        )
        documents = ClientDocuments(
            http=http, clock=self._clock, is_guarded=not self.settings.allow_private_addresses
        )
        proofs = ProofVerifier(
            db=db,
            sealer=sealer,
            clock=self._clock,
            requires_nonce=self.settings.require_dpop_nonce,
        )
        oidc = Oidc(
            db=db,
            snapshots=snapshots,
            clock=self._clock,
            sealer=sealer,
            templates=pages.templates,
            texts=pages.texts,
            http=http,
            documents=documents,
            proofs=proofs,
            mutual_tls=_mutual_tls(self.settings),
        )
        passwords = Passwords(self.settings)
        get_web = functools.cache(
            lambda: create_web(
                settings=self.settings,
                db=db,
                snapshots=snapshots,
                clock=self._clock,
                sealer=sealer,
                http=http,
                documents=documents,
                proofs=proofs,
                passwords=passwords,
                pages=pages,
                call_internally=self,
            )
        )
        clock, interval = self._clock, _SWEEP_INTERVAL
        kinds = {
            BACKCHANNEL_LOGOUT: backchannel_logout(
                snapshots=snapshots,
                clock=clock,
                sealer=sealer,
                http=http,
                issuers={place.tenant_id: place.issuer for place in self._places.values()},
            )
        }
        background = (
            asyncio.create_task(sweep_forever(db, clock=clock, interval=interval)),
            asyncio.create_task(rotate_forever(db, sealer=sealer, clock=clock, interval=interval)),
            asyncio.create_task(deliver_forever(db, clock=clock, kinds=kinds)),
        )
        self._running = _Running(
            db=db, oidc=oidc, get_web=get_web, http=http, passwords=passwords, background=background
        )

    def prepare(self) -> None:
        """Build what `start` left for the first request."""
        if self._running is not None:
            self._running.get_web()

    async def stop(self) -> None:
        """Close what `start` opened; what was acknowledged is on disk already."""
        running, self._running = self._running, None
        if running is None:
            return
        for task in running.background:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        running.passwords.close()
        await running.http.close()
        await running.db.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        running = self._running
        if running is None:
            await _answer(send, 503, b'{"status":"not running"}')
            return
        if _may_stay_unread(scope):
            receive, send = _announcing_close(receive, send)
        if _is_ambiguous(scope):
            await _answer(send, 400, _AMBIGUOUS)
            return
        # 1. Who is asking, and of which tenant.
        edge = self._edge(scope)
        scope.setdefault("state", {})["edge"] = edge
        token = request_id.set(edge.request_id)
        try:
            # 2. To the surface that owns the path.
            path: str = scope["path"]
            if path.startswith("//oidc/"):
                # Existing SDKs join an endpoint that ends with a slash like this.
                path = scope["path"] = path[1:]
            if path.startswith(_OIDC_PATHS) or path in SHORT_PATHS:
                await running.oidc(scope, receive, send)
            elif path in {"/healthz", "/readyz"}:
                await _health(path, running.db, send)
            else:
                await running.get_web()(scope, receive, send)
        finally:
            request_id.reset(token)

    def _edge(self, scope: Scope) -> Edge:
        host = user_agent = b""
        for name, value in scope["headers"]:
            if name == b"host":
                host = value
            elif name == b"user-agent":
                user_agent = value
        place = self._places_by_host.get(host)
        if place is None:
            # Granian gives the port as text, other servers as a number.
            is_admin = int(scope["server"][1]) == self.settings.admin_port
            place = self._places[ADMIN_TENANT if is_admin else DEFAULT_TENANT]
        client_ip = scope["client"][0]
        if self.settings.trusted_proxies:
            client_ip = client_address(
                client_ip, scope["headers"], trusted_proxies=self.settings.trusted_proxies
            )
        certificate = None
        if self.settings.client_certificate_header:
            certificate = certificate_header(
                scope["client"][0],
                scope["headers"],
                name=self.settings.client_certificate_header.encode(),
                trusted_proxies=self.settings.trusted_proxies,
            )
        return Edge(
            request_id=f"{self._id_prefix}{next(self._request_numbers):x}",
            client_ip=client_ip,
            user_agent=user_agent[:512].decode("latin-1"),
            tenant_id=place.tenant_id,
            endpoint=place.endpoint,
            issuer=place.issuer,
            is_secure=place.is_secure,
            client_certificate=certificate,
            alias=place.alias,
        )

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self.start()
                self.prepare()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return


def _mutual_tls(settings: Settings) -> MutualTls | None:
    if not settings.client_certificate_header:
        return None
    path = settings.client_certificate_authorities
    try:
        authorities = load_authorities(path) if path else ()
    except ValueError as error:
        raise ConfigurationError(f"DOORWARD_CLIENT_CERTIFICATE_AUTHORITIES: {error}") from error
    return MutualTls(authorities=authorities, endpoint=settings.mtls_endpoint or None)


def _is_ambiguous(scope: Scope) -> bool:
    """Whether a header comes twice of which a proxy may have read the other one: who asks
    (RFC 6750 section 2: one token in a request) and of whom (RFC 9112 section 3.2)."""
    names = [name for name, _ in scope["headers"] if name in _SINGLE]
    return len(names) != len(set(names))


def _may_stay_unread(scope: Scope) -> bool:
    """Whether a request has a body of a size that may be refused before all of it has come."""
    if scope["method"] in {"GET", "HEAD"} or scope.get("http_version") == "2":
        return False
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and len(value) > _SMALL_LENGTH)
        for name, value in scope["headers"]
    )


def _announcing_close(receive: Receive, send: Send) -> tuple[Receive, Send]:
    """RFC 9112 section 9.6: say that the connection closes after an answer to half a request; the
    client's next request would else be sent into a connection that is just being closed."""
    is_read = False

    async def read() -> dict[str, Any]:
        nonlocal is_read
        message = await receive()
        is_read = not message.get("more_body", False)
        return message

    async def answer(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start" and not is_read:
            message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
        await send(message)

    return read, answer


async def _health(path: str, db: Database, send: Send) -> None:
    """/healthz: the process answers. /readyz: so does its database."""
    if path == "/readyz":
        try:
            await db.check()
        except DatabaseUnavailable:
            await _answer(send, 503, b'{"status":"database unavailable"}')
            return
    await _answer(send, 200, b'{"status":"ok"}')


async def _answer(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    if status == 503:
        headers.append((b"retry-after", b"1"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
