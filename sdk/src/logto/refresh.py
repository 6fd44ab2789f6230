"""One refresh at a time for each refresh token.

Servers rotate refresh tokens: each works once, and one that comes back is taken for stolen, upon
which the whole sign-in is revoked (RFC 9700 section 4.14.2). Yet one browser easily causes several
requests at once, each with the same token in its session. So, for all clients of this process:

    the same token, the same resource      they share one request and its answer
    the same token, another resource       it waits, then uses the token that took its place
    a token that was replaced just now     (a session cookie sent before the new one arrived)
                                           it gets the answer that was given for it

Answers to a replaced token are remembered for a minute, in memory, by a hash of the token. Callers
who cannot share memory, such as two worker processes, rely on the server's own tolerance.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from itertools import islice

from . import transport
from .LogtoException import LogtoException
from .models.response import TokenResponse
from .transport import Flow

REMEMBER = 60.0

Redeem = Callable[[str], TokenResponse]


@dataclass(slots=True)
class _Family:
    """A refresh token and those that took its place."""

    current: str
    flight: Future[TokenResponse] | None = None
    flight_resource: str = ""
    answers: dict[str, tuple[TokenResponse, float]] = field(default_factory=dict)
    forget_at: float = 0.0


class RefreshFlights:
    """The refreshes of this process: those on their way, and those of the last minute."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew, as a forked worker must: the threads of its parent do not fly on in it."""
        self._families: dict[bytes, _Family] = {}
        self._lock = threading.Lock()

    def refresh(
        self, *, client: str, refresh_token: str, resource: str, redeem: Redeem
    ) -> Flow[TokenResponse]:
        """Return an answer for `resource`, which always names the refresh token to keep.

        `client` tells who asks (server and application); `redeem(token)` is called on a thread of
        the pool and makes the request, unless an answer is there already.

        Raises:
            LogtoException: the server refused or could not be reached.
        """
        while True:
            with self._lock:
                family = self._find_or_begin(client, refresh_token)
                answer = _remembered(family, refresh_token, resource)
                if answer is not None:
                    return answer
                ours = family.flight is None or family.flight_resource == resource
                if family.flight is None:
                    family.flight_resource = resource
                    family.flight = transport.submit(
                        partial(self._fly, family, client, resource, redeem)
                    )
                flight = family.flight
            try:
                response: TokenResponse = yield flight
            except LogtoException:
                if ours:
                    raise
            else:
                if ours:
                    return response

    def _fly(self, family: _Family, client: str, resource: str, redeem: Redeem) -> TokenResponse:
        sent = family.current
        try:
            response = redeem(sent)
        except BaseException:
            with self._lock:
                self._land(family, client, sent)
            raise
        with self._lock:
            family.current = response.refresh_token or sent
            response = response.model_copy(update={"refresh_token": family.current})
            if family.current != sent:
                now = time.monotonic()
                family.answers = {resource: (response, now)}
                family.forget_at = now + REMEMBER
                self._families[_name(client, family.current)] = family
            self._land(family, client, sent)
        return response

    def _land(self, family: _Family, client: str, sent: str) -> None:
        family.flight = None
        if family.forget_at == 0.0:  # nothing was ever replaced, so there is nothing to remember
            self._families.pop(_name(client, sent), None)

    def _find_or_begin(self, client: str, refresh_token: str) -> _Family:
        now = time.monotonic()
        for oldest in list(islice(self._families, 8)):
            if _is_over(self._families[oldest], now):
                del self._families[oldest]
        name = _name(client, refresh_token)
        family = self._families.get(name)
        if family is None or _is_over(family, now):
            family = self._families[name] = _Family(current=refresh_token)
        return family


def _is_over(family: _Family, now: float) -> bool:
    return family.flight is None and family.forget_at < now


def _remembered(family: _Family, refresh_token: str, resource: str) -> TokenResponse | None:
    if refresh_token == family.current:
        return None
    answer, received_at = family.answers.get(resource, (None, 0.0))
    if answer is None:
        return None
    age = time.monotonic() - received_at
    if age > min(REMEMBER, answer.expires_in / 2):
        return None
    return answer.model_copy(update={"expires_in": answer.expires_in - int(age)})


def _name(client: str, refresh_token: str) -> bytes:
    return sha256(f"{client}\0{refresh_token}".encode()).digest()


REFRESHES = RefreshFlights()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=REFRESHES.forget)
