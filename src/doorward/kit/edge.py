"""What the edge of the server knows of a request before anything else looks at it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

import msgspec

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
RawHeaders = Iterable[tuple[bytes, bytes]]


class Edge(msgspec.Struct, frozen=True):
    """Facts of one request, found in `scope["state"]["edge"]` by every surface.

    `endpoint` is the public origin of the tenant (no trailing slash), `issuer` that plus "/oidc".
    `client_certificate` is what a trusted proxy says of the client's certificate, as it came;
    `alias` the origin that the request came to, where the proxy has one of its own for those.
    """

    request_id: str
    client_ip: str
    user_agent: str
    tenant_id: str
    endpoint: str
    issuer: str
    is_secure: bool
    client_certificate: str | None = None
    alias: str | None = None

    @property
    def origin(self) -> str:
        """The public origin that the request came to."""
        return self.alias or self.endpoint


def find_header(headers: RawHeaders, name: bytes) -> str | None:
    """Return the first header called `name` (lower case), or None."""
    for key, value in headers:
        if key == name:
            return value.decode("latin-1")
    return None


def client_address(peer: str, headers: RawHeaders, *, trusted_proxies: Sequence[Network]) -> str:
    """Return the address of the client behind any proxies we trust.

    X-Forwarded-For is read from the right and only while the hop before it is trusted; what a
    client wrote into it itself is never reached. RFC 9110 section 5.3: a proxy may add its own line
    below that of the client.
    """
    if not trusted_proxies or not _is_trusted(peer, trusted_proxies):
        return peer
    lines = [value.decode("latin-1") for key, value in headers if key == b"x-forwarded-for"]
    forwarded = ",".join(lines)
    address = peer
    for hop in reversed([part.strip() for part in forwarded.split(",") if part.strip()]):
        try:
            ipaddress.ip_address(hop)
        except ValueError:
            break
        address = hop
        if not _is_trusted(hop, trusted_proxies):
            break
    return address


def certificate_header(
    peer: str, headers: RawHeaders, *, name: bytes, trusted_proxies: Sequence[Network]
) -> str | None:
    """Return what a proxy we trust wrote into the header `name`; from anybody else, nothing.

    Written twice, it is anybody's guess which of the two the proxy wrote: nothing, too.
    """
    if not _is_trusted(peer, trusted_proxies):
        return None
    values = [value for key, value in headers if key == name]
    return values[0].decode("latin-1") or None if len(values) == 1 else None


def _is_trusted(address: str, networks: Sequence[Network]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed.version == network.version and parsed in network for network in networks)
