"""Whom an address belongs to, for what is limited by address."""

from __future__ import annotations

import pytest

from doorward.kit.addresses import network_of


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("a-socket", "a-socket"),
    ],
)
def test_network(address: str, network: str) -> None:
    """A /64 of IPv6 is one customer, and IPv4 behind a socket for both families is not one."""
    assert network_of(address) == network
