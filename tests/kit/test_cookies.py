"""Cookies: names that carry the tenant, attributes, and reading them back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from doorward.kit.cookies import clear_cookie, cookie_name, find_cookie, set_cookie
from doorward.kit.edge import Edge

HTTP = Edge("r", "192.0.2.1", "", "default", "http://localhost:3001", "x", False)
HTTPS = Edge("r", "192.0.2.1", "", "default", "https://id.example", "x", True)


class TestNames:
    def test_tenant_and_prefix(self) -> None:
        """Tenants share a jar on localhost; over https no neighbour may set our cookies."""
        assert cookie_name("_session", edge=HTTP) == "_session_default"
        assert cookie_name("_session", edge=HTTPS) == "__Host-_session_default"


class TestSet:
    def test_attributes(self) -> None:
        """RFC 6265 section 4.1.2: what a prefix of __Host- demands is there."""
        cookie = set_cookie("__Host-a", "v", edge=HTTPS, lifetime=timedelta(days=14))

        assert cookie == "__Host-a=v; Path=/; SameSite=Lax; Max-Age=1209600; HttpOnly; Secure"

    def test_clearing(self) -> None:
        assert clear_cookie("a", edge=HTTP) == "a=; Path=/; SameSite=Lax; Max-Age=0; HttpOnly"

    @pytest.mark.parametrize("value", ["a;b", "a b", "a\r\nset-cookie: x=y", "é", 'a"b', "a,b"])
    def test_no_injection(self, value: str) -> None:
        """RFC 6265 section 4.1.1: characters that would begin something else are refused."""
        with pytest.raises(ValueError, match="not a cookie value"):
            set_cookie("a", value, edge=HTTP)


class TestFind:
    @pytest.mark.parametrize(
        ("headers", "value"),
        [
            ([(b"cookie", b"a=1; b=2")], "2"),
            ([(b"cookie", b"a=1"), (b"cookie", b"b=2")], "2"),
            ([(b"cookie", b'b="2"')], "2"),
            ([(b"cookie", b"b=2; b=3")], "2"),
            ([(b"cookie", b"xb=2; b=3")], "3"),
            ([(b"cookie", b"bb=2")], None),
            ([(b"cookie", b"")], None),
            ([(b"accept", b"b=2")], None),
            ([], None),
        ],
    )
    def test_value(self, headers: list[tuple[bytes, bytes]], value: str | None) -> None:
        """RFC 9113 section 8.2.3 allows several headers; a name is matched whole."""
        assert find_cookie(headers, "b") == value
