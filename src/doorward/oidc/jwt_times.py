"""RFC 7519 section 4.1.4 to 4.1.6: when a JWT that a client made is good."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from doorward.kit.jose import JoseError

SKEW = 60
"""Seconds by which a client's clock may differ from ours."""

MAX_LIFETIME = 3600
"""Seconds for which a client may make a JWT good; who steals one later finds it expired."""


def check_times(claims: Mapping[str, Any], *, now: int, required: tuple[str, ...]) -> None:
    """Check exp, nbf and iat, as far as they are there or required.

    Raises:
        JoseError: one is missing or no number, the JWT is not good yet or no longer, or for longer
            than an hour.
    """
    times = {name: _find_time(claims, name) for name in ("exp", "nbf", "iat")}
    if missing := [name for name in required if times[name] is None]:
        raise JoseError(f"missing claim {', '.join(missing)}")
    exp, nbf, iat = times["exp"], times["nbf"], times["iat"]
    if exp is not None and exp <= now - SKEW:
        raise JoseError("expired")
    if exp is not None and exp > now + MAX_LIFETIME + SKEW:
        raise JoseError("exp is more than an hour ahead")
    for name in ("nbf", "iat"):
        begin = times[name]
        if begin is not None and begin > now + SKEW:
            raise JoseError(f"{name} lies in the future")
    # One that was made for longer than that is stale, however near its end is.
    for begin in (nbf, iat):
        if begin is not None and begin < now - MAX_LIFETIME - SKEW:
            raise JoseError("made more than an hour ago")


def _find_time(claims: Mapping[str, Any], name: str) -> int | float | None:
    value = claims.get(name)
    if value is None:
        return None
    # RFC 7519 section 2: a NumericDate, and a JSON boolean is none.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise JoseError(f"{name} must be a number")
    return value
