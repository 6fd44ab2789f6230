"""Which addresses are public, and which a name leads to.

Special-purpose addresses are those of the IANA registries (RFC 6890), as the standard library
knows them; IPv4 carried inside IPv6 is judged by the IPv4 address it ends at.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[list[str]]]

_NUMERIC_LABEL: Final = re.compile(r"(?:[0-9]+|0[xX][0-9a-fA-F]*)\Z")
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


class AddressNotPublic(Exception):
    """A host is, or leads to, an address that is not of the public internet."""


def network_of(address: str) -> str:
    """Return whom an address belongs to: one of IPv4 to itself, but of IPv6 one customer has a
    whole /64, so that a limit for each address would be none."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is None:
            return str(ipaddress.ip_network((int(parsed), 64), strict=False))
        # What a socket for both families calls an IPv4 address.
        parsed = parsed.ipv4_mapped
    return str(parsed)


async def resolve_host(host: str, port: int) -> list[str]:
    """Return every address of `host`, in the order the system prefers.

    Raises:
        OSError: it has none.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


def check_addresses(host: str, addresses: Iterable[str]) -> None:
    """Raise unless every address is public: one private among them is an attack, not a mistake.

    Raises:
        AddressNotPublic: one is not.
    """
    for address in addresses:
        if not is_public(ipaddress.ip_address(address)):
            raise AddressNotPublic(f"{host} leads to an address that is not public")


def is_public(address: Address) -> bool:
    """Tell whether `address` is one of the public internet, looking into IPv4 inside IPv6."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = _embedded_address(address)
        if inner is not None:
            return is_public(inner)
        if address.is_site_local:
            return False
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not address.is_unspecified
    )


def _embedded_address(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that IPv4-mapped, 6to4, Teredo or NAT64 traffic ends at."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def check_host(host: str) -> None:
    """Refuse what only a lenient resolver takes for an address: 2130706433, 0177.0.0.1, 0x7f.1.

    Raises:
        AddressNotPublic: the last label is a number, and the host is no dotted quad.
    """
    label = host.rstrip(".").rpartition(".")[2]
    if ":" in host or not _NUMERIC_LABEL.match(label):
        return
    try:
        ipaddress.IPv4Address(host)
    except ValueError as error:
        raise AddressNotPublic(f"{host} is no address in its usual form") from error
