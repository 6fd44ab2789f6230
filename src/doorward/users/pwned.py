"""Whether a password is known from a data leak, asked by k-anonymity.

Only the first five of forty hexadecimal characters of its SHA-1 leave the server; the answer lists
some hundred endings, padded so that its length says nothing. Whoever runs the range service cannot
tell which of them was meant. When it does not answer in a second the password is accepted: a
service that is away must not close registration.
"""

from __future__ import annotations

import hashlib
import logging
from datetime import timedelta

from doorward.kit.http_client import HttpClient, HttpError

log = logging.getLogger(__name__)

_TIME_LIMIT = timedelta(seconds=1)
_PREFIX_LENGTH = 5


class PwnedPasswords:
    """The range service at `range_url`; "" turns the check off."""

    def __init__(self, *, http: HttpClient, range_url: str) -> None:
        self._http = http
        self._range_url = range_url

    async def knows(self, password: str) -> bool:
        """Tell whether a password was leaked."""
        if not self._range_url:
            return False
        # SHA-1 is the service's format; nothing is protected by it.
        data = password.encode(errors="replace")
        digest = hashlib.sha1(data, usedforsecurity=False).hexdigest().upper()
        prefix, ending = digest[:_PREFIX_LENGTH], digest[_PREFIX_LENGTH:]
        try:
            answer = await self._http.get(
                f"{self._range_url}{prefix}",
                headers={"add-padding": "true"},
                time_limit=_TIME_LIMIT,
            )
        except HttpError as error:
            log.warning("the range service of leaked secrets is away", extra={"why": str(error)})
            return False
        if answer.status != 200:
            log.warning("the range service refused", extra={"status": answer.status})
            return False
        return _lists(answer.body.decode("ascii", errors="replace"), ending)


def _lists(body: str, ending: str) -> bool:
    for line in body.splitlines():
        known, _, count = line.strip().partition(":")
        # Padding lines count zero.
        if known == ending and count != "0":
            return True
    return False
