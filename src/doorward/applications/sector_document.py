"""OpenID Connect Registration 1.0 section 5: the document at sector_identifier_uri.

Applications on several hosts are one sector only if somebody who owns the sector's host says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from doorward.errors import DoorwardError
from doorward.kit.http_client import HttpClient, HttpError

TIME_LIMIT: Final = timedelta(seconds=4)
MAX_BYTES: Final = 64 * 1024


class SectorError(DoorwardError):
    """The document cannot be had, or does not list a redirect URI."""


async def check_sector_document(
    http: HttpClient, *, sector_identifier_uri: str, redirect_uris: Sequence[str]
) -> None:
    """Check that the document lists every redirect URI. Redirects are not followed.

    Raises:
        SectorError: it does not.
    """
    # Section 5: MUST be an https URL.
    if not sector_identifier_uri.startswith("https://"):
        raise SectorError("must be an https URL")
    try:
        answer = await http.get(
            sector_identifier_uri,
            headers={"accept": "application/json"},
            time_limit=TIME_LIMIT,
            max_bytes=MAX_BYTES,
        )
        listed = answer.json() if answer.status == 200 else None
    except HttpError as error:
        # Not why: which names lead inside the operator's network is nobody's business.
        raise SectorError("cannot be fetched") from error
    if not isinstance(listed, list) or not all(isinstance(uri, str) for uri in listed):
        raise SectorError("must lead to a JSON array of strings")
    # Section 5: the values registered MUST be included in the elements of the array.
    if missing := [uri for uri in redirect_uris if uri not in listed]:
        raise SectorError(f"does not list {missing[0][:200]!r}")
