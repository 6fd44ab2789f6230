"""Whose address a request comes from."""

from __future__ import annotations

import ipaddress

import pytest

from doorward.kit.edge import client_address

TRUSTED = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8"))


def forwarded(*values: str) -> list[tuple[bytes, bytes]]:
    return [(b"x-forwarded-for", value.encode()) for value in values]


class TestClientAddress:
    def test_a_stranger_cannot_name_its_own_address(self) -> None:
        """Without a trusted proxy the header is nobody's word."""
        headers = forwarded("1.2.3.4")

        assert client_address("9.9.9.9", headers, trusted_proxies=TRUSTED) == "9.9.9.9"
        assert client_address("10.0.0.1", headers, trusted_proxies=()) == "10.0.0.1"

    @pytest.mark.parametrize(
        ("header", "address"),
        [
            ("1.2.3.4", "1.2.3.4"),
            ("6.6.6.6, 1.2.3.4", "1.2.3.4"),
            ("6.6.6.6, 1.2.3.4, 10.0.0.7", "1.2.3.4"),
            ("10.0.0.7", "10.0.0.7"),
            ("nonsense, 1.2.3.4", "1.2.3.4"),
            ("1.2.3.4, nonsense", "10.0.0.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("", "10.0.0.1"),
        ],
    )
    def test_the_last_untrusted_hop_counts(self, header: str, address: str) -> None:
        """Read from the right: what the client put in front is not reached."""
        assert client_address("10.0.0.1", forwarded(header), trusted_proxies=TRUSTED) == address

    @pytest.mark.parametrize(
        ("lines", "address"),
        [
            (("6.6.6.6", "1.2.3.4"), "1.2.3.4"),
            (("6.6.6.6", "1.2.3.4, 10.0.0.7"), "1.2.3.4"),
            (("6.6.6.6", ""), "6.6.6.6"),
        ],
    )
    def test_a_line_of_the_client_is_not_the_last_word(
        self, lines: tuple[str, ...], address: str
    ) -> None:
        """RFC 9110 section 5.3: a proxy that adds a line of its own writes it below."""
        assert client_address("10.0.0.1", forwarded(*lines), trusted_proxies=TRUSTED) == address
