"""Redirect URIs: which may be registered, and when one that a request names is a registered one.

The rule is equality, character by character (RFC 9700 section 2.1). Two exceptions, each as narrow
as it can be:

* the port of a loopback address is ignored for native applications (RFC 8252 section 7.3);
* `*` in host or path of a registered URI, for previews on changing hosts. In the host it stands for
  one or more characters within one label, and the last two labels are literal; in the path for any
  characters. A request that holds `*` itself, or dot segments, never matches a pattern.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import SplitResult, unquote, urlsplit

_CUSTOM_SCHEME = re.compile(r"[a-z][\d+_a-z-]*(\.[\d+_a-z-]+)*")
_DANGEROUS_SCHEMES = frozenset({"javascript", "data", "vbscript", "file", "blob", "about"})
_LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
# Browsers repair what urlsplit takes literally: a backslash becomes a slash, a tab vanishes.
_SUSPICIOUS = re.compile(r"[\x00-\x20\\\x7f-\U0010ffff]")

_MAX_HOST = 253
_NO_PORT = 0


def is_registered(candidate: str, *, registered: Sequence[str], is_native: bool = False) -> bool:
    """Tell whether `candidate` is one of the `registered` URIs."""
    if candidate in registered:
        return "*" not in candidate
    return any(
        ("*" in pattern and _is_wildcard_match(candidate, pattern))
        or (is_native and _is_loopback_match(candidate, pattern))
        for pattern in registered
    )


def is_origin_registered(origin: str, *, registered: Sequence[str]) -> bool:
    """Tell whether `origin` is that of a registered URI; the hosts of patterns are matched."""
    for pattern in registered:
        parts = _split(pattern)
        if parts is None or parts.scheme not in {"http", "https"}:
            continue
        if origin.lower() == f"{parts.scheme}://{parts.netloc.lower()}":
            return "*" not in origin
        if "*" in parts.netloc and _is_wildcard_match(f"{origin}/", f"{origin_of(pattern)}/"):
            return True
    return False


def origin_of(uri: str) -> str:
    """Return scheme, host and port of a URI, as registered."""
    return "/".join(uri.split("/")[:3])


def find_fault(uri: str) -> str | None:
    """Return what keeps `uri` from being registered, for the developer, or None.

    Also for post sign-out URIs, which follow the same rule.
    """
    parts = _split(uri)
    if parts is None or not parts.scheme:
        return "must be an absolute URL"
    if _SUSPICIOUS.search(uri):
        return "must not hold spaces, backslashes or characters outside ASCII"
    # RFC 6749 section 3.1.2: the redirection endpoint URI MUST NOT include a fragment.
    if "#" in uri:
        return "must not have a fragment"
    if parts.scheme in _DANGEROUS_SCHEMES:
        return f"must not use the scheme {parts.scheme}"
    if parts.scheme not in {"http", "https"}:
        return None if _CUSTOM_SCHEME.fullmatch(parts.scheme) else "has an unusable scheme"
    if not parts.hostname or "@" in parts.netloc:
        return "must name a host, without user and password"
    if _port(parts) == _NO_PORT:
        return "must have a port from 1 to 65535, or none"
    if _has_dot_segments(parts.path):
        return "must not have dot segments in its path"
    if "*" in uri and not _is_usable_pattern(parts):
        return "may have * in host and path only, and not in the last two parts of the host"
    return None


def is_loopback(uri: str) -> bool:
    """Tell whether a URI leads to the user's own device by http or https."""
    parts = _split(uri)
    return parts is not None and parts.hostname in _LOOPBACK_HOSTS


def _is_loopback_match(candidate: str, pattern: str) -> bool:
    ours, theirs = _split(pattern), _split(candidate)
    if ours is None or theirs is None or _SUSPICIOUS.search(candidate):
        return False
    return (
        ours.scheme == theirs.scheme == "http"
        and ours.hostname == theirs.hostname
        and theirs.hostname in _LOOPBACK_HOSTS
        and "@" not in theirs.netloc
        and _port(theirs) != _NO_PORT
        and "*" not in pattern
        and (ours.path, ours.query) == (theirs.path, theirs.query)
        and "#" not in candidate
    )


def _is_wildcard_match(candidate: str, pattern: str) -> bool:
    ours, theirs = _split(pattern), _split(candidate)
    if ours is None or theirs is None or not _is_usable_pattern(ours):
        return False
    if "*" in candidate or "#" in candidate or "@" in theirs.netloc:
        return False
    if _SUSPICIOUS.search(candidate) or _has_dot_segments(theirs.path):
        return False
    return (
        ours.scheme == theirs.scheme
        and _port(ours) == _port(theirs)
        and ours.query == theirs.query
        and _is_host_match(theirs.hostname or "", ours.hostname or "")
        and _is_path_match(theirs.path, ours.path)
    )


def _is_usable_pattern(parts: SplitResult) -> bool:
    """Tell whether the wildcards of a pattern stand where they may."""
    if parts.scheme not in {"http", "https"} or "@" in parts.netloc or _port(parts) == _NO_PORT:
        return False
    if "*" in parts.query or "*" in parts.fragment:
        return False
    labels = (parts.hostname or "").split(".")
    if "*" not in (parts.hostname or ""):
        return True
    return len(labels) >= 3 and not any("*" in label for label in labels[-2:])


def _is_host_match(host: str, pattern: str) -> bool:
    # RFC 1035 section 2.3.4: longer ones are no hosts, and a stranger's attack on our time.
    return len(host) <= _MAX_HOST and _host_pattern(pattern).fullmatch(host) is not None


@lru_cache(maxsize=1024)
def _host_pattern(text: str) -> re.Pattern[str]:
    return re.compile(r"[^.%]+".join(re.escape(part) for part in re.split(r"\*+", text)))


def _is_path_match(path: str, pattern: str) -> bool:
    """Tell whether a path holds the parts between the wildcards, in their order. Each is looked for
    once, so that a long path and many wildcards cost no more than their length."""
    first, *others = re.split(r"\*+", pattern)
    if not others:
        return path == first
    *middle, last = others
    at, end = len(first), len(path) - len(last)
    if at > end or not path.startswith(first) or not path.endswith(last):
        return False
    for part in middle:
        at = path.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True


def _has_dot_segments(path: str) -> bool:
    # Browsers take %2e for a dot here, and resolve the segment before they ask.
    return any(unquote(segment) in {".", ".."} for segment in path.split("/"))


def _port(parts: SplitResult) -> int:
    try:
        port = parts.port
    except ValueError:
        return _NO_PORT
    return {"http": 80, "https": 443}.get(parts.scheme, _NO_PORT) if port is None else port


def _split(uri: str) -> SplitResult | None:
    try:
        return urlsplit(uri)
    except ValueError:
        return None
