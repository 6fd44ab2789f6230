"""RFC 7519 section 4.1.4 to 4.1.6: when a JWT that a client made is good."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from doorward.kit.jose import JoseError

SKEW = 60
"""Seconds by which a client's clock may differ from ours."""

MAX_LIFETIME = 3600
"""Seconds for which a client may make a JWT good; who steals one later finds it expired."""

_TOO_LARGE = 2**53


def check_times(
    claims: Mapping[str, Any], *, now: int, required: tuple[str, ...], is_brief: bool = True
) -> None:
    """Check exp, nbf and iat, as far as they are there or required.

    `is_brief` refuses what was made more than an hour ago, or for more than an hour.

    Raises:
        JoseError: one is missing or no number, or the JWT is not good yet or no longer.
    """
    times = {name: _find_time(claims, name) for name in ("exp", "nbf", "iat")}
    if missing := [name for name in required if times[name] is None]:
        raise JoseError(f"missing claim {', '.join(missing)}")
    exp = times.pop("exp")
    if exp is not None and exp <= now - SKEW:
        raise JoseError("expired")
    for name, begin in times.items():
        if begin is not None and begin > now + SKEW:
            raise JoseError(f"{name} lies in the future")
    if is_brief:
        begins = [begin for begin in times.values() if begin is not None]
        _check_lifetime(exp, begins, now=now)


def _check_lifetime(exp: float | None, begins: list[float], *, now: int) -> None:
    if exp is not None and exp - min([now, *begins]) > MAX_LIFETIME + SKEW:
        raise JoseError("good for more than an hour")
    if any(begin < now - MAX_LIFETIME - SKEW for begin in begins):
        raise JoseError("made more than an hour ago")


def _find_time(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    # RFC 7519 section 2: a NumericDate, and a JSON boolean is none.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise JoseError(f"{name} must be a number")
    # RFC 8259 section 6: numbers beyond these are not the same to all who read them.
    if abs(value) >= _TOO_LARGE:
        raise JoseError(f"{name} is no time")
    return value
