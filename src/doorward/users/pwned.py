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


async def is_pwned(password: str, *, http: HttpClient, range_url: str) -> bool:
    """Tell whether the range service at `range_url` knows the password; "" turns the check off."""
    if not range_url:
        return False
    # SHA-1 is the service's format; nothing is protected by it.
    digest = hashlib.sha1(password.encode(errors="replace"), usedforsecurity=False).hexdigest()
    prefix, ending = digest[:_PREFIX_LENGTH].upper(), digest[_PREFIX_LENGTH:].upper()
    try:
        answer = await http.get(
            f"{range_url}{prefix}", headers={"add-padding": "true"}, time_limit=_TIME_LIMIT
        )
    except HttpError as error:
        log.warning("the range service of leaked passwords is away", extra={"reason": str(error)})
        return False
    if answer.status != 200:
        log.warning("the range service refused", extra={"status": answer.status})
        return False
    for line in answer.body.decode("ascii", errors="replace").splitlines():
        known, _, count = line.strip().partition(":")
        # Padding lines count zero.
        if known == ending and count != "0":
            return True
    return False
