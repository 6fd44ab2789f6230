"""The security headers of every HTML page: Content Security Policy Level 3, and its companions."""

from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

_PERMISSIONS: Final = "camera=(), microphone=(), geolocation=(), payment=(), usb=()"
_LOOPBACK: Final = ("http://localhost:*", "http://127.0.0.1:*")


def content_security_policy(
    *,
    nonce: str,
    images: Iterable[str] = (),
    form_action: Iterable[str] = (),
    frames: Iterable[str] = (),
    framed_by: str = "'none'",
) -> str:
    """A policy without `unsafe-*`: scripts and styles of this origin, or marked with the nonce.

    `images`, `form_action` and `frames` add sources (see `image_sources`, `form_targets`) to
    `'self'`; `framed_by` is `'none'`, or `'self'` for the console's own preview.
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' 'nonce-{nonce}'",
            f"style-src 'self' 'nonce-{nonce}'",
            " ".join(("img-src 'self' data:", *images)),
            "font-src 'self'",
            "connect-src 'self'",
            " ".join(("frame-src 'self'", *frames)),
            "manifest-src 'self'",
            "base-uri 'none'",
            " ".join(("form-action 'self'", *form_action)),
            f"frame-ancestors {framed_by}",
        )
    )


def form_targets(*urls: str) -> tuple[str, ...]:
    """The `form-action` sources that let a form's answer redirect to `urls`.

    Chromium holds every redirect that follows a form post to form-action, to the end of the chain:
    posting a password, being sent to the client's redirect URI, and from there to a third address.
    The client's origin alone would therefore break clients that redirect once more. An https target
    admits https; a loopback target admits loopback; a custom scheme admits that scheme.
    """
    sources: dict[str, None] = {}
    for url in urls:
        parts = urlsplit(url)
        if parts.scheme == "https":
            sources["https:"] = None
        elif parts.scheme == "http":
            sources[f"http://{parts.netloc.rpartition('@')[2]}"] = None
            if parts.hostname in ("localhost", "127.0.0.1", "::1"):
                sources.update(dict.fromkeys(_LOOPBACK))
        elif parts.scheme:
            sources[f"{parts.scheme}:"] = None
    return tuple(source for source in sources if _is_source(source))


def image_sources(*urls: str | None) -> tuple[str, ...]:
    """The `img-src` sources for pictures at `urls`."""
    return origins_of(*urls)


def origins_of(*urls: str | None) -> tuple[str, ...]:
    """The origins of those of the addresses that are absolute, once each."""
    origins: dict[str, None] = {}
    for url in urls:
        parts = urlsplit(url or "")
        if parts.scheme in ("https", "http"):
            origins[f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"] = None
    return tuple(origin for origin in origins if _is_source(origin))


def page_headers(
    *, policy: str, over_https: bool, is_isolated: bool = False, cache_control: str = "no-store"
) -> tuple[tuple[str, str], ...]:
    """The headers of one HTML answer, names in lower case.

    A page may stand between two pages of an application that was opened in a window of its own and
    speaks to the one that opened it. One that never does, `is_isolated`, cuts that tie.

    The referrer policy is `same-origin`, not `no-referrer`: under the latter a form post carries
    `Origin: null` and could not be told from a forged one.
    """
    headers = [
        ("content-type", "text/html; charset=utf-8"),
        ("content-security-policy", policy),
        ("referrer-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("x-content-type-options", "nosniff"),
        ("permissions-policy", _PERMISSIONS),
        ("cache-control", cache_control),
    ]
    if is_isolated:
        headers.append(("cross-origin-opener-policy", "same-origin"))
    if "frame-ancestors 'none'" in policy:
        headers.append(("x-frame-options", "DENY"))
    if over_https:
        headers.append(("strict-transport-security", "max-age=31536000"))
    return tuple(headers)


def _is_source(source: str) -> bool:
    # A space, a semicolon or a comma would begin another source, directive or policy.
    return not any(character in " ;,'\t\r\n" for character in source)
