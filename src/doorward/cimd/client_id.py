"""CIMD section 3: which client ids are the URLs of documents."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, unquote, urlsplit

PREFIX = "https://"
MAX_LENGTH = 2048

# RFC 3986 section 2, without what ends or precedes the parts that such a URL must not have. ASCII
# only: a host in another script is shown, as it is asked, in its xn-- form.
_CHARACTERS = re.compile(r"[A-Za-z0-9\-._~:/?\[\]!$&'()*+,;=%]+")


def is_document_id(client_id: str) -> bool:
    """Tell whether `client_id` is the URL of a document."""
    if not client_id.startswith(PREFIX) or len(client_id) > MAX_LENGTH:
        return False
    # Neither userinfo (@) nor fragment (#) passes this.
    if not _CHARACTERS.fullmatch(client_id):
        return False
    parts = _split(client_id)
    if parts is None or not parts.hostname or not parts.path:
        return False
    # Percent-encoded dots are dots to those who resolve them.
    return not any(unquote(segment) in {".", ".."} for segment in parts.path.split("/"))


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts
