"""Redirect URIs: equality, and the two narrow exceptions to it."""

from __future__ import annotations

import pytest

from doorward.applications.redirect_uris import find_fault, is_origin_registered, is_registered


class TestEquality:
    @pytest.mark.parametrize(
        ("registered", "candidate", "is_match"),
        [
            ("https://app.example/cb", "https://app.example/cb", True),
            ("com.example.app://callback", "com.example.app://callback", True),
            ("https://app.example/cb", "https://app.example/cb/", False),
            ("https://app.example/cb", "https://app.example/CB", False),
            ("https://app.example/cb", "https://APP.example/cb", False),
            ("https://app.example/cb", "https://app.example:443/cb", False),
            ("https://app.example/cb", "https://app.example/cb?x", False),
            ("https://app.example/cb", "https://app.example/cb#x", False),
            ("https://app.example/cb", "https://app.example/%63b", False),
            ("https://app.example/cb", "http://app.example/cb", False),
            ("https://app.example/cb", "", False),
        ],
    )
    def test_character_by_character(self, registered: str, candidate: str, is_match: bool) -> None:
        """RFC 9700 section 2.1: exact string matching."""
        assert is_registered(candidate, registered=[registered]) is is_match


class TestLoopback:
    @pytest.mark.parametrize(
        ("candidate", "is_match"),
        [
            ("http://127.0.0.1:1/cb", True),
            ("http://127.0.0.1/cb", True),
            ("http://127.0.0.1:65535/cb", True),
            ("http://127.0.0.1:/cb", True),
            ("http://127.0.0.1:0/cb", False),
            ("http://127.0.0.1:65536/cb", False),
            ("http://127.0.0.1:-1/cb", False),
            ("http://127.0.0.1:x/cb", False),
            ("http://localhost:1/cb", False),
            ("http://127.0.0.1:1/cb?x=y", False),
            ("http://127.0.0.1:1/cb#x", False),
            ("http://127.0.0.1:1/other", False),
            ("https://127.0.0.1:1/cb", False),
            ("http://127.0.0.1:1@evil.example/cb", False),
            ("http://127.0.0.1.evil.example/cb", False),
            ("http://evil.example\\@127.0.0.1/cb", False),
            ("http://[::1]:1/cb", False),
        ],
    )
    def test_any_port(self, candidate: str, is_match: bool) -> None:
        """RFC 8252 section 7.3, for native applications."""
        known = ["http://127.0.0.1:3000/cb"]

        assert is_registered(candidate, registered=known, is_native=True) is is_match
        assert is_registered(candidate, registered=known, is_native=False) is False

    def test_ipv6(self) -> None:
        """The IPv6 loopback address is one too."""
        assert is_registered("http://[::1]:9/cb", registered=["http://[::1]/cb"], is_native=True)

    def test_not_for_other_hosts(self) -> None:
        """Elsewhere a port is part of the address."""
        assert not is_registered(
            "http://app.example:9/cb", registered=["http://app.example/cb"], is_native=True
        )


class TestWildcards:
    @pytest.mark.parametrize(
        ("pattern", "candidate", "is_match"),
        [
            ("https://*.p.example.com/cb", "https://pr-7.p.example.com/cb", True),
            ("https://*.p.example.com/cb", "https://PR-7.p.example.com/cb", True),
            ("https://pr-*.p.example.com/cb", "https://pr-7.p.example.com/cb", True),
            ("https://*.p.example.com/cb", "https://p.example.com/cb", False),
            ("https://*.p.example.com/cb", "https://a.b.p.example.com/cb", False),
            ("https://*.p.example.com/cb", "https://.p.example.com/cb", False),
            ("https://*.p.example.com/cb", "http://a.p.example.com/cb", False),
            ("https://*.p.example.com/cb", "https://a.p.example.com:444/cb", False),
            ("https://*.p.example.com/cb", "https://a.p.example.com:0/cb", False),
            ("https://*.p.example.com/cb", "https://a.p.example.com:443/cb", True),
            ("https://*.p.example.com/cb", "https://a.p.example.com/cb?x", False),
            ("https://*.p.example.com/cb", "https://a.p.example.com/cb#x", False),
            ("https://*.p.example.com/cb", "https://*.p.example.com/cb", False),
            ("https://app.example.com/a/*", "https://app.example.com/a/b/c", True),
            ("https://app.example.com/a/*/cb", "https://app.example.com/a/x/y/cb", True),
            ("https://app.example.com/a/*", "https://app.example.com/b", False),
            ("https://app.example.com/a/*/b/*/c", "https://app.example.com/a/1/b/2/c", True),
            ("https://app.example.com/a/*/b/*/c", "https://app.example.com/a/1/c/2/b", False),
            ("https://app.example.com/a/*/b/*/c", "https://app.example.com/a/b/c", False),
            ("https://app.example.com/ab*ba", "https://app.example.com/aba", False),
            ("https://app.example.com/ab*ba", "https://app.example.com/abba", True),
            ("https://app.example.com/*aa*a", "https://app.example.com/aa", False),
            ("https://app.example.com/*.a.*", "https://app.example.com/xa.a.b", True),
            ("https://app.example.com/*.a.*", "https://app.example.com/xaxaxb", False),
            # Attacks: what a browser would make of it is not what it says.
            ("https://app.example.com/a/*", "https://app.example.com/a/../evil", False),
            ("https://app.example.com/a/*", "https://app.example.com/a/%2e%2e/evil", False),
            ("https://app.example.com/a/*", "https://app.example.com/a/.%2E/evil", False),
            ("https://app.example.com/a/*", "https://app.example.com\\a/x", False),
            ("https://app.example.com/a/*", "https://app.example.com/a/\t../evil", False),
            ("https://*.p.example.com/cb", "https://evil.example\\.p.example.com/cb", False),
            ("https://*.p.example.com/cb", "https://evil.example%2f.p.example.com/cb", False),
            ("https://*.p.example.com/cb", "https://u@evil.p.example.com/cb", False),
            ("https://*.p.example.com/cb", "https://evil.example/.p.example.com/cb", False),
            ("https://*.p.example.com/cb", "https://evil。example.p.example.com/cb", False),
            # Patterns that would match too much match nothing.
            ("https://*/cb", "https://evil.example/cb", False),
            ("https://*.com/cb", "https://evil.com/cb", False),
            ("https://*.example.com/cb", "https://a.example.com/cb", True),
            ("https://a.*.com/cb", "https://a.evil.com/cb", False),
            ("*://a.example.com/cb", "https://a.example.com/cb", False),
            ("https://a.example.com:*/cb", "https://a.example.com:1/cb", False),
            ("https://a.example.com/cb?*", "https://a.example.com/cb?x", False),
            ("https://a.b.example.com/*", "https://a.b.example.com/x?y=z", False),
            ("com.example.*://cb", "com.example.app://cb", False),
        ],
    )  # fmt: skip
    def test_host_and_path_only(self, pattern: str, candidate: str, is_match: bool) -> None:
        """One label, or any part of the path; the last two labels are literal."""
        assert is_registered(candidate, registered=[pattern]) is is_match


class TestOrigins:
    @pytest.mark.parametrize(
        ("origin", "is_match"),
        [
            ("https://app.example", True),
            ("http://localhost:3000", True),
            ("https://pr-7.p.example.com", True),
            ("https://app.example:8443", False),
            ("http://app.example", False),
            ("https://app.example.evil.example", False),
            ("https://a.b.p.example.com", False),
            ("null", False),
            ("", False),
            ("com.example.app://", False),
        ],
    )
    def test_of_registered_uris(self, origin: str, is_match: bool) -> None:
        """The origin of any redirect URI of the web; hosts of patterns are matched."""
        registered = [
            "https://app.example/cb",
            "http://localhost:3000/cb",
            "https://*.p.example.com/*",
            "com.example.app://cb",
        ]

        assert is_origin_registered(origin, registered=registered) is is_match


class TestRegistration:
    @pytest.mark.parametrize(
        "uri",
        [
            "https://app.example/cb",
            "http://localhost:3000/cb",
            "https://app.example/cb?tenant=a",
            "com.example.app://callback",
            "myapp://cb",
            "https://*.p.example.com/cb",
            "https://app.example.com/previews/*",
        ],
    )
    def test_usable(self, uri: str) -> None:
        """What an application may register."""
        assert find_fault(uri) is None

    @pytest.mark.parametrize(
        "uri",
        [
            "",
            "app.example/cb",
            "/cb",
            "https://",
            "https:///cb",
            "https://app.example/cb#fragment",
            "https://user:pw@app.example/cb",
            "https://app.example/a/../cb",
            "https://app.example/%2e%2e/cb",
            "https://app.example/a b",
            "https://app.example\\@evil.example",
            "https://app.example/é",
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "file:///etc/passwd",
            "blob:https://a",
            "https://*/cb",
            "https://*.com/cb",
            "https://a.example.com:*/cb",
            "https://a.example.com:0/cb",
            "https://a.example.com:65536/cb",
            "http://127.0.0.1:x/cb",
            "https://a.example.com/cb?x=*",
            "https://[::1/cb",
        ],
    )
    def test_faults(self, uri: str) -> None:
        """RFC 6749 section 3.1.2 and the rules of patterns; schemes that run code, above all."""
        assert find_fault(uri) is not None
