"""The server's public keys (RFC 7517), fetched when needed and kept for ten minutes.

A key id that is not among them means that the server rotated its keys: they are fetched again, but
for this reason at most every ten seconds, so that tokens with invented key ids cause no traffic.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import transport
from .LogtoException import LogtoException
from .transport import Flow, Request, Response

if TYPE_CHECKING:
    from joserfc.jwk import Key

LIFETIME = 600.0
REFETCH_INTERVAL = 10.0


@dataclass(frozen=True, slots=True)
class _KeySet:
    by_id: dict[str, Key]
    fetched_at: float


class KeyCache:
    """Public keys by the URL they are published at."""

    def __init__(self) -> None:
        self._sets: dict[str, _KeySet] = {}
        self._refetched_at: dict[str, float] = {}
        self._lock = threading.Lock()

    def find_key(self, jwks_uri: str, kid: object) -> Flow[Key]:
        """Return the key that a token names. A token may leave the name out if there is one key.

        Raises:
            LogtoException: there is no such key.
        """
        known = self._sets.get(jwks_uri)
        is_old = known is not None and time.monotonic() - known.fetched_at > LIFETIME
        if known is None or is_old or (not _pick(known, kid) and self._may_refetch(jwks_uri)):
            known = yield from self._fetch(jwks_uri)
        key = _pick(known, kid)
        if key is None:
            raise LogtoException("The token is signed with a key that the server does not publish")
        return key

    def _may_refetch(self, jwks_uri: str) -> bool:
        with self._lock:
            now = time.monotonic()
            if now - self._refetched_at.get(jwks_uri, -REFETCH_INTERVAL) < REFETCH_INTERVAL:
                return False
            self._refetched_at[jwks_uri] = now
            return True

    def _fetch(self, jwks_uri: str) -> Flow[_KeySet]:
        response: Response = yield transport.send(Request("GET", jwks_uri))
        if response.status != 200:
            raise LogtoException(f"{jwks_uri} answered {response.status}", status=response.status)
        fetched = _KeySet(by_id=_parse_keys(response), fetched_at=time.monotonic())
        with self._lock:
            self._sets[jwks_uri] = fetched
        return fetched


def _pick(keys: _KeySet, kid: object) -> Key | None:
    if kid is None and len(keys.by_id) == 1:
        return next(iter(keys.by_id.values()))
    return keys.by_id.get(kid) if isinstance(kid, str) else None


def _parse_keys(response: Response) -> dict[str, Key]:
    from joserfc.errors import JoseError
    from joserfc.jwk import import_key

    keys: dict[str, Key] = {}
    entries = response.json().get("keys")
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        # A key for encryption is no proof of who signed, and a symmetric key is no public key.
        if (
            not isinstance(entry, dict)
            or entry.get("use", "sig") != "sig"
            or entry.get("kty") == "oct"
        ):
            continue
        try:
            key = import_key(entry)
        except (JoseError, ValueError):
            continue  # RFC 7517 section 5: a key of a kind that is not understood is ignored
        keys[str(entry.get("kid", f"#{index}"))] = key
    return keys


PUBLISHED_KEYS = KeyCache()
