"""Cookies (RFC 6265 and the `__Host-` prefix of its successor).

Tenants may share a host, and so a cookie jar (localhost:3001 and :3002): a name carries the
tenant. Over https the name also carries `__Host-`, so that no neighbour below the same domain can
set the cookie in our place.
"""

from __future__ import annotations

from datetime import timedelta

from doorward.kit.edge import Edge, RawHeaders

_FORBIDDEN = frozenset(' \t\r\n",;\\')


def cookie_name(name: str, *, edge: Edge) -> str:
    """Return `_session_default`, or `__Host-_session_default` when the endpoint is https."""
    full = f"{name}_{edge.tenant_id}"
    return f"__Host-{full}" if edge.is_secure else full


def find_cookie(headers: RawHeaders, name: str) -> str | None:
    """Return the value of the first cookie of this full name, or None.

    HTTP/2 may split the header into several (RFC 9113 section 8.2.3); all are looked through.
    """
    prefix = name.encode() + b"="
    for key, value in headers:
        if key != b"cookie" or prefix not in value:
            continue
        for pair in value.split(b";"):
            pair = pair.strip()
            if pair.startswith(prefix):
                return pair[len(prefix) :].strip(b'"').decode("latin-1")
    return None


def set_cookie(
    name: str,
    value: str,
    *,
    edge: Edge,
    lifetime: timedelta | None = None,
    is_readable: bool = False,
    is_cross_site: bool = False,
) -> str:
    """Return a Set-Cookie header value: Path=/, SameSite=Lax, HttpOnly unless `is_readable`.

    `is_cross_site`: frames on other sites are sent along with it; browsers want https for that.
    `name` is the full name (see `cookie_name`). Without `lifetime` it goes with the browser.

    Raises:
        ValueError: the value has characters that a cookie cannot hold.
    """
    if not value.isascii() or not _FORBIDDEN.isdisjoint(value):
        raise ValueError("not a cookie value")
    same_site = "None" if is_cross_site and edge.is_secure else "Lax"
    parts = [f"{name}={value}", "Path=/", f"SameSite={same_site}"]
    if lifetime is not None:
        parts.append(f"Max-Age={int(lifetime.total_seconds())}")
    if not is_readable:
        parts.append("HttpOnly")
    if edge.is_secure:
        parts.append("Secure")
    return "; ".join(parts)


def clear_cookie(name: str, *, edge: Edge) -> str:
    """Return a Set-Cookie header value that makes the browser forget the cookie."""
    return set_cookie(name, "", edge=edge, lifetime=timedelta(0))
