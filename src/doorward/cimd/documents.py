"""CIMD section 5: finding a client by its document, without becoming anybody's errand boy.

    fresh in the cache ────────────────────────────────► the client
    not there, or old ─► may we ask? ─► fetch ─► checks ─► the client, kept as long as it may be
                          │               └─ fails ─► the old one for a while, else nobody
                          └─ no ─► 503, try again

Strangers name the URLs. So each is fetched by the guarded HTTP client, once at a time whoever
asks, with limits on size, on time, on how many are on their way, and on how many may be caused by
one address or go to one host. Errors are not cached (section 5.2): a URL that failed is just not
asked again at once.
"""

from __future__ import annotations

import asyncio
import logging
import re
from datetime import timedelta
from typing import Final, TypeVar
from urllib.parse import urlsplit

import msgspec

from doorward.applications.cached import Client, client_of, find_client
from doorward.cimd.client_id import PREFIX, is_document_id
from doorward.cimd.config import is_enabled
from doorward.cimd.document import DocumentError, parse_document
from doorward.errors import ServiceUnavailable
from doorward.kit.addresses import network_of
from doorward.kit.clock import Clock
from doorward.kit.edge import Edge
from doorward.kit.http_client import (
    AddressRefused,
    HttpClient,
    HttpError,
    HttpResponse,
    TimedOut,
    Unreachable,
)
from doorward.kit.rate_limit import RateLimit
from doorward.storage import Snapshot

T = TypeVar("T")

log = logging.getLogger(__name__)

MAX_BYTES: Final = 10 * 1024
TIME_LIMIT: Final = timedelta(seconds=4)
SHORTEST: Final = 60
LONGEST: Final = 24 * 3600
USUAL: Final = 600
"""Seconds that a document is kept: bounds for what it says, and what holds if it says nothing."""
GRACE: Final = 3600
"""Seconds beyond, for a host that does not answer (RFC 9111 section 4.2.4)."""
FLOOR: Final = 10
"""Seconds before a URL that failed is asked again."""

_UNTOLD: Final = (AddressRefused, Unreachable, TimedOut)
_MAX_KEPT: Final = 1000
_MAX_AT_ONCE: Final = 16
_PER_MINUTE: Final = 30
_MINUTE: Final = timedelta(minutes=1)
_AGE: Final = re.compile(r"(?:^|,)\s*(s-maxage|max-age)\s*=\s*\"?([0-9]{1,9})", re.IGNORECASE)
_MUST_ASK: Final = re.compile(r"(?:^|,)\s*(?:no-store|no-cache)\b", re.IGNORECASE)


class _Kept(msgspec.Struct, frozen=True):
    """A client, when its document is asked for again, and how long it lasts if that fails."""

    client: Client
    fresh_until: int
    usable_until: int


class _Failed(msgspec.Struct, frozen=True):
    """Why there is no client, and when to ask again."""

    fault: str
    ask_after: int


class ClientDocuments:
    """The clients that are known by a document. One for each process.

    Args:
        http: the guarded client.
        is_guarded: whether it refuses private addresses; without that nobody's URL is fetched.
    """

    def __init__(self, *, http: HttpClient, clock: Clock, is_guarded: bool) -> None:
        self._http = http
        self._clock = clock
        self.is_guarded = is_guarded
        self._kept: dict[str, _Kept] = {}
        self._failed: dict[str, _Failed] = {}
        self._on_their_way: dict[str, asyncio.Task[Client | None]] = {}
        self._by_address = RateLimit(_PER_MINUTE, window=_MINUTE)
        self._by_host = RateLimit(_PER_MINUTE, window=_MINUTE)

    async def is_effective(self, snapshot: Snapshot) -> bool:
        """Tell whether documents are taken: switched on, and outbound calls are guarded."""
        return self.is_guarded and await is_enabled(snapshot)

    async def find_client(self, snapshot: Snapshot, client_id: str, *, edge: Edge) -> Client | None:
        """Return the client with this id, whether it has a row or a document.

        Raises:
            ServiceUnavailable: too many documents are being asked for.
        """
        if client_id.startswith(PREFIX):
            return await self.find(snapshot, client_id, edge=edge)
        return await find_client(snapshot, client_id)

    async def find(self, snapshot: Snapshot, client_id: str, *, edge: Edge) -> Client | None:
        """Return the client whose document is at `client_id`.

        Raises:
            ServiceUnavailable: too many documents are being asked for.
        """
        if not client_id.startswith(PREFIX) or not is_document_id(client_id):
            return None
        if not await self.is_effective(snapshot):
            return None
        now = self._clock.seconds()
        known, failed = self._kept.get(client_id), self._failed.get(client_id)
        if known is not None and now < known.fresh_until:
            return known.client
        is_usable = known is not None and now < known.usable_until
        if failed is not None and now < failed.ask_after:
            return known.client if known is not None and is_usable else None
        try:
            return await self._ask(client_id, edge=edge)
        except ServiceUnavailable:
            # Who makes us ask too much must not keep others from a client that we know.
            if known is not None and is_usable:
                return known.client
            raise

    def find_fault(self, client_id: str) -> str | None:
        """Return why there is no client at `client_id`, if it was asked for lately."""
        failed = self._failed.get(client_id)
        return None if failed is None else failed.fault

    async def _ask(self, client_id: str, *, edge: Edge) -> Client | None:
        task = self._on_their_way.get(client_id)
        if task is None:
            self._check_limits(client_id, edge=edge)
            task = asyncio.create_task(self._fetch(client_id))
            self._on_their_way[client_id] = task
            task.add_done_callback(lambda _: self._on_their_way.pop(client_id, None))
        # Others may be waiting for the same document when this request is given up.
        return await asyncio.shield(task)

    def _check_limits(self, client_id: str, *, edge: Edge) -> None:
        if len(self._on_their_way) >= _MAX_AT_ONCE:
            raise ServiceUnavailable("too many client id metadata documents on their way")
        now = float(self._clock.seconds())
        host = urlsplit(client_id).netloc.lower()
        for limit, key in ((self._by_address, network_of(edge.client_ip)), (self._by_host, host)):
            if wait := limit.take(key, now=now):
                raise ServiceUnavailable(
                    "too many client id metadata documents were asked for",
                    retry_after=int(wait) + 1,
                )

    async def _fetch(self, client_id: str) -> Client | None:
        try:
            answer = await self._http.get(
                client_id,
                headers={"accept": "application/json"},
                time_limit=TIME_LIMIT,
                max_bytes=MAX_BYTES,
            )
            client = self._client_of(answer, client_id)
        except (HttpError, DocumentError) as error:
            return self._fail(client_id, error)
        self._failed.pop(client_id, None)
        fresh_until = self._clock.seconds() + lifetime(answer)
        _put(self._kept, client_id, _Kept(client, fresh_until, fresh_until + GRACE))
        return client

    def _fail(self, client_id: str, error: HttpError | DocumentError) -> Client | None:
        log.info(
            "client id metadata document refused",
            extra={"client_id": client_id, "reason": str(error)},
        )
        now = self._clock.seconds()
        # Which names lead inside the operator's network is nobody's business, nor what is open.
        fault = "it cannot be fetched" if isinstance(error, _UNTOLD) else str(error)
        _put(self._failed, client_id, _Failed(fault, now + FLOOR))
        known = self._kept.get(client_id)
        # A host that is away for a while changes nothing; a document withdrawn or spoilt does.
        if isinstance(error, Unreachable | TimedOut) and known and now < known.usable_until:
            return known.client
        self._kept.pop(client_id, None)
        return None

    def _client_of(self, answer: HttpResponse, client_id: str) -> Client:
        # Section 5: only 200 will do; a redirect is not followed.
        if answer.status >= 500:
            raise Unreachable(f"the answer is {answer.status}")
        if answer.status != 200:
            raise DocumentError(f"the answer is {answer.status}, not 200")
        media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != "application/json" and not (
            media_type.startswith("application/") and media_type.endswith("+json")
        ):
            raise DocumentError("its content type is not application/json")
        now = self._clock.now()
        return client_of(parse_document(answer.json(), client_id=client_id, now=now), ())


def _put(entries: dict[str, T], key: str, entry: T) -> None:
    """Keep an entry; of too many the one that was put first goes."""
    entries.pop(key, None)
    if len(entries) >= _MAX_KEPT:
        del entries[next(iter(entries))]
    entries[key] = entry


def lifetime(answer: HttpResponse) -> int:
    """Return for how many seconds an answer may be kept (RFC 9111 section 4.2), within our bounds
    (CIMD section 5.2)."""
    said = answer.headers.get("cache-control", "")
    if _MUST_ASK.search(said):
        return SHORTEST
    ages = {name.lower(): int(value) for name, value in _AGE.findall(said)}
    seconds = ages.get("s-maxage", ages.get("max-age"))
    if seconds is None:
        return USUAL
    age = answer.headers.get("age", "")
    if age.isascii() and age.isdigit() and len(age) < 10:
        seconds -= int(age)
    return min(max(seconds, SHORTEST), LONGEST)
