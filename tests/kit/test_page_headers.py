"""The security headers of pages."""

import pytest

from doorward.kit.page_headers import (
    content_security_policy,
    form_targets,
    image_sources,
    page_headers,
)


class TestContentSecurityPolicy:
    def test_the_policy_of_a_plain_page(self) -> None:
        """Scripts and styles of this origin or with the nonce; no frame around the page."""
        assert content_security_policy(nonce="n0nce") == (
            "default-src 'none'; script-src 'self' 'nonce-n0nce'; style-src 'self' 'nonce-n0nce'; "
            "img-src 'self' data:; font-src 'self'; connect-src 'self'; frame-src 'self'; "
            "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        )

    def test_nothing_unsafe(self) -> None:
        """No `unsafe-*` and no wildcard, whatever is added."""
        policy = content_security_policy(
            nonce="x", images=image_sources("https://a.example/l.png"), form_action=("https:",)
        )

        assert "unsafe" not in policy
        assert "*" not in policy


class TestFormTargets:
    """Chromium holds redirects after a form post to form-action."""

    @pytest.mark.parametrize(
        ("url", "sources"),
        [
            ("https://app.example/callback?x=1", ("https:",)),
            ("http://192.168.1.5:8080/cb", ("http://192.168.1.5:8080",)),
            ("http://localhost:3000/callback",
             ("http://localhost:3000", "http://localhost:*", "http://127.0.0.1:*")),
            ("com.example.app:/callback", ("com.example.app:",)),
            ("/relative", ()),
        ],
    )  # fmt: skip
    def test_sources_of_a_redirect_uri(self, url: str, sources: tuple[str, ...]) -> None:
        """The scheme of https, the origin of http, the scheme of an app."""
        assert form_targets(url) == sources

    @pytest.mark.parametrize(
        "url", ["http://a;script-src https://evil/", "http://a b/", "http://a'/", "http://x,y/"]
    )
    def test_a_redirect_uri_cannot_add_a_directive(self, url: str) -> None:
        """A stored URL must not be able to rewrite the policy it stands in."""
        assert form_targets(url) == ()
        assert image_sources(url) == ()

    def test_credentials_are_left_out(self) -> None:
        """A source has no user part."""
        assert form_targets("http://user:pw@host:1/x") == ("http://host:1",)


class TestImageSources:
    def test_origins_without_repeats(self) -> None:
        """Each origin once; nothing for relative addresses and None."""
        urls = ("https://cdn.example/a.png", "https://cdn.example/b.png", "/static/x.svg", None)

        assert image_sources(*urls) == ("https://cdn.example",)


class TestPageHeaders:
    def test_the_set(self) -> None:
        """Every page has all of them."""
        headers = dict(page_headers(policy=content_security_policy(nonce="x"), over_https=True))

        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["x-frame-options"] == "DENY"
        assert headers["cache-control"] == "no-store"
        assert headers["strict-transport-security"] == "max-age=31536000"

    def test_the_tie_to_the_opener(self) -> None:
        """Kept by what may stand in a window of an application, cut by what never does."""
        policy = content_security_policy(nonce="x")
        of_sign_in = dict(page_headers(policy=policy, over_https=True))
        of_console = dict(page_headers(policy=policy, over_https=True, is_isolated=True))

        assert "cross-origin-opener-policy" not in of_sign_in
        assert of_console["cross-origin-opener-policy"] == "same-origin"

    def test_no_strict_transport_over_http(self) -> None:
        """It would lock a developer out of localhost."""
        headers = dict(page_headers(policy=content_security_policy(nonce="x"), over_https=False))

        assert "strict-transport-security" not in headers

    def test_the_preview_may_be_framed_by_its_own_origin(self) -> None:
        """X-Frame-Options would contradict the policy."""
        policy = content_security_policy(nonce="x", framed_by="'self'")

        assert "x-frame-options" not in dict(page_headers(policy=policy, over_https=False))
