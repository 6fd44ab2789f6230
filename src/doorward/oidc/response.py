"""RFC 6749 section 5: how an answer is written."""

from __future__ import annotations

from typing import Any

import msgspec

Headers = tuple[tuple[bytes, bytes], ...]

_encode = msgspec.json.Encoder().encode

# RFC 6749 section 5.1 and RFC 9111: nothing here may be kept by a cache; Pragma, which the section
# demands too, says so to those of HTTP/1.0.
NO_STORE = (b"cache-control", b"no-store")
JSON_HEADERS: Headers = (
    (b"content-type", b"application/json; charset=utf-8"),
    NO_STORE,
    (b"pragma", b"no-cache"),
    (b"x-content-type-options", b"nosniff"),
)


class OidcResponse(msgspec.Struct, frozen=True):
    """A whole answer."""

    status: int
    headers: Headers = (NO_STORE,)
    body: bytes = b""

    def with_headers(self, *headers: tuple[bytes, bytes]) -> OidcResponse:
        """Return the answer with more headers."""
        return OidcResponse(self.status, (*self.headers, *headers), self.body)

    def with_cookies(self, *cookies: str) -> OidcResponse:
        """Return the answer with Set-Cookie header values."""
        return self.with_headers(*((b"set-cookie", cookie.encode()) for cookie in cookies))


def json_response(value: Any, *, status: int = 200) -> OidcResponse:
    """Return `value` (a Struct or JSON-able value) as JSON."""
    return OidcResponse(status, JSON_HEADERS, _encode(value))


def jwt_response(token: str, *, media_type: bytes) -> OidcResponse:
    """Return a compact JWT as the whole answer."""
    headers = ((b"content-type", media_type), *JSON_HEADERS[1:])
    return OidcResponse(200, headers, token.encode())


def redirect(location: str) -> OidcResponse:
    """Return a 303, after which every method becomes GET (RFC 9700 section 4.12)."""
    return OidcResponse(303, ((b"location", location.encode()), NO_STORE))
