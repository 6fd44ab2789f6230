"""RFC 7517, RFC 7591 section 2: the public keys of a client, by value (jwks) or address (jwks_uri).

    KeySets.find(client) ─┬─► jwks       parsed once for each configuration snapshot
                          └─► jwks_uri   fetched through the guarded client, kept for FRESH; asked
                                         again early for a key that is not in it, but not more often
                                         than every FLOOR, whoever sends unknown key ids

Signatures are verified by the algorithms that the caller allows, each with keys of its own type,
so neither `none` nor a MAC made with a public key can pass.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from doorward.applications.cached import Client
from doorward.kit.clock import Clock
from doorward.kit.http_client import HttpClient, HttpError
from doorward.kit.jose import ALGORITHMS, JoseError, Jws, VerificationKey

log = logging.getLogger(__name__)

CLIENT_ALGORITHMS = (*ALGORITHMS, "Ed25519")
"""How a client may sign with a key pair. Ed25519 is the name that RFC 9864 gives EdDSA."""

FRESH = timedelta(minutes=10)
STALE = timedelta(hours=1)
"""How long keys are used, and how long while their address does not answer."""

FLOOR = timedelta(seconds=5)
TIME_LIMIT = timedelta(seconds=3)
MAX_BYTES = 64 * 1024
MAX_KEYS = 100
MAX_SETS = 500
_MAX_TRIES = 8
# RFC 7518 sections 6.2.2, 6.3.2 and 6.4: what a public key does not have.
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


class KeySet:
    """The public keys of one client; each is parsed when its algorithm is first asked for."""

    def __init__(self, jwks: Sequence[Mapping[str, Any]]) -> None:
        self.jwks = tuple(jwks)
        self._parsed: dict[tuple[int, str], VerificationKey | None] = {}

    @classmethod
    def parse(cls, document: object) -> KeySet:
        """Return the keys of a JWK Set; those that are no public keys are passed over.

        Raises:
            JoseError: it is no JWK Set, or a giant one.
        """
        keys = document.get("keys") if isinstance(document, dict) else None
        if not isinstance(keys, list) or len(keys) > MAX_KEYS:
            raise JoseError("not a JWK Set of at most 100 keys")
        # RFC 7517 section 5: keys that are not understood SHOULD be ignored.
        return cls([key for key in keys if isinstance(key, dict) and _is_public(key)])

    def __bool__(self) -> bool:
        return bool(self.jwks)

    def has_key(self, kid: str | None) -> bool:
        """Tell whether a key may be the one that `kid` names."""
        return any(_may_be(jwk, kid) for jwk in self.jwks)

    def candidates(self, *, algorithm: str, kid: str | None) -> list[VerificationKey]:
        """Return the keys that a signature of this algorithm and key id may be verified with."""
        keys = (
            self._key(index, algorithm) for index, jwk in enumerate(self.jwks) if _may_be(jwk, kid)
        )
        return [key for key in keys if key is not None][:_MAX_TRIES]

    def _key(self, index: int, algorithm: str) -> VerificationKey | None:
        if (index, algorithm) not in self._parsed:
            self._parsed[index, algorithm] = _parse_key(self.jwks[index], algorithm)
        return self._parsed[index, algorithm]


IsEnough = Callable[[KeySet], bool]


class KeySets:
    """The keys of every client that has some. One for each process."""

    def __init__(self, *, http: HttpClient, clock: Clock) -> None:
        self._http = http
        self._clock = clock
        self._by_client: dict[tuple[str, str], tuple[object, KeySet]] = {}
        self._by_uri: dict[tuple[str, str], _Fetched] = {}

    async def find(self, client: Client, *, tenant_id: str, is_enough: IsEnough = bool) -> KeySet:
        """Return the keys of a client; fetched anew, if that may be, while they are not enough.

        Raises:
            JoseError: the client has no keys, or they cannot be fetched.
        """
        metadata = client.metadata
        if metadata.jwks is not None:
            return self._given(client.id, metadata.jwks, tenant_id=tenant_id)
        if metadata.jwks_uri is not None:
            return await self._fetched(metadata.jwks_uri, tenant_id=tenant_id, is_enough=is_enough)
        raise JoseError("the client has no keys registered")

    def _given(self, client_id: str, jwks: dict[str, Any], *, tenant_id: str) -> KeySet:
        known = self._by_client.get((tenant_id, client_id))
        # The snapshot hands out the same object until the configuration changes.
        if known is None or known[0] is not jwks:
            known = (jwks, KeySet.parse(jwks))
            _keep(self._by_client, (tenant_id, client_id), known)
        return known[1]

    async def find_at(self, uri: str, *, tenant_id: str, is_enough: IsEnough = bool) -> KeySet:
        """Return the keys at an address that is no client's own, such as an issuer's.

        Raises:
            JoseError: they cannot be fetched.
        """
        return await self._fetched(uri, tenant_id=tenant_id, is_enough=is_enough)

    async def _fetched(self, uri: str, *, tenant_id: str, is_enough: IsEnough) -> KeySet:
        entry = self._by_uri.get((tenant_id, uri))
        if entry is None:
            entry = _Fetched()
            _keep(self._by_uri, (tenant_id, uri), entry)
        if not entry.answers(is_enough, now=self._clock.now()):
            # One at a time: who waited here finds what the one before has fetched.
            async with entry.lock:
                now = self._clock.now()
                if not entry.answers(is_enough, now=now) and entry.may_ask(now):
                    entry.asked_at = now
                    await self._fetch(entry, uri)
        return entry.get_keys(now=self._clock.now())

    async def _fetch(self, entry: _Fetched, uri: str) -> None:
        """Bring an entry up to date. A failure leaves it as it was."""
        if not uri.startswith("https://"):
            raise JoseError("jwks_uri must be https")
        try:
            answer = await self._http.get(
                uri,
                headers={"accept": "application/jwk-set+json, application/json"},
                time_limit=TIME_LIMIT,
                max_bytes=MAX_BYTES,
            )
            if answer.status != 200:
                raise JoseError(f"jwks_uri answered {answer.status}")
            entry.keys, entry.fetched_at = KeySet.parse(answer.json()), entry.asked_at
        except (HttpError, JoseError) as error:
            log.warning("keys of a client could not be fetched", extra={"reason": str(error)})


class _Fetched:
    """The keys at one address, and when they were asked for."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.keys: KeySet | None = None
        self.fetched_at: datetime | None = None
        self.asked_at: datetime | None = None

    def answers(self, is_enough: IsEnough, *, now: datetime) -> bool:
        if self.keys is None or self.fetched_at is None or now - self.fetched_at > FRESH:
            return False
        return is_enough(self.keys)

    def may_ask(self, now: datetime) -> bool:
        return self.asked_at is None or now - self.asked_at >= FLOOR

    def get_keys(self, *, now: datetime) -> KeySet:
        if self.keys is None or self.fetched_at is None or now - self.fetched_at > STALE:
            raise JoseError("the keys of the client could not be fetched")
        return self.keys


async def verify_signature(
    jws: Jws,
    client: Client,
    *,
    key_sets: KeySets,
    tenant_id: str,
    algorithms: Sequence[str] = CLIENT_ALGORITHMS,
) -> None:
    """Check that a client signed a JWS with a key of its own, by one of `algorithms`.

    Raises:
        JoseError: it did not, or its keys cannot be had.
    """
    # RFC 8725 section 3.1: the algorithms are ours to choose; the header chooses among them.
    if jws.algorithm not in algorithms or jws.algorithm not in CLIENT_ALGORITHMS:
        raise JoseError("the algorithm is not allowed for this client")
    keys = await key_sets.find(
        client, tenant_id=tenant_id, is_enough=lambda keys: keys.has_key(jws.kid)
    )
    if _is_signed_by_one_of(keys, jws):
        return
    if jws.kid is None:
        # Where keys have no ids, only a failure shows that they have changed.
        anew = await key_sets.find(
            client, tenant_id=tenant_id, is_enough=lambda found: found is not keys
        )
        if anew is not keys and _is_signed_by_one_of(anew, jws):
            return
    raise JoseError("no key of the client verifies the signature")


def _is_signed_by_one_of(keys: KeySet, jws: Jws) -> bool:
    for key in keys.candidates(algorithm=jws.algorithm, kid=jws.kid):
        try:
            jws.verify(key)
        except JoseError:
            continue
        return True
    return False


def _is_public(jwk: Mapping[str, Any]) -> bool:
    return jwk.get("kty") != "oct" and _PRIVATE_MEMBERS.isdisjoint(jwk)


def _may_be(jwk: Mapping[str, Any], kid: str | None) -> bool:
    # RFC 7515 section 4.1.4: kid is a hint; a key that has none may be any.
    return kid is None or jwk.get("kid", kid) == kid


def _parse_key(jwk: Mapping[str, Any], algorithm: str) -> VerificationKey | None:
    # RFC 7517 sections 4.2 to 4.4: what a key says that it is for.
    operations = jwk.get("key_ops", ["verify"])
    if (
        jwk.get("use", "sig") != "sig"
        or jwk.get("alg", algorithm) != algorithm
        or not isinstance(operations, list)
        or "verify" not in operations
    ):
        return None
    try:
        return VerificationKey.from_jwk({**jwk, "alg": algorithm, "kid": jwk.get("kid", "")})
    except JoseError:
        return None


def _keep(cache: dict[tuple[str, str], Any], key: tuple[str, str], value: object) -> None:
    """Put a value into a cache that holds MAX_SETS at most; the oldest goes."""
    cache.pop(key, None)
    if len(cache) >= MAX_SETS:
        del cache[next(iter(cache))]
    cache[key] = value
