"""OpenID Connect Core section 5.5: the `claims` parameter.

    parse_claims_request ─┬─► names asked of the ID token and of userinfo ─► TokenContext.claims
                          ├─► id_token.sub.value, the user whom the answer must be about
                          └─► id_token.acr, how they must have signed in (step_up.py)

What is asked for one by one is given as its scope would give it. Applications of third parties get
no claim that the user did not allow with a scope.
"""

from __future__ import annotations

from typing import Any

import msgspec

from doorward.oidc.errors import InvalidRequest
from doorward.oidc.request import Params

MAX_LENGTH = 4096
MAX_CLAIMS = 50
MAX_VALUES = 20

_decode = msgspec.json.Decoder(dict[str, Any]).decode


class ClaimsRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for. `subject` is the `sub` that the answer must have; `acr_values` in order of
    preference, which must be met where `is_acr_essential`."""

    id_token: tuple[str, ...] = ()
    userinfo: tuple[str, ...] = ()
    subject: str | None = None
    acr_values: tuple[str, ...] = ()
    is_acr_essential: bool = False

    def stored(self) -> dict[str, Any] | None:
        """Return what TokenContext.claims keeps: the names, by where they go."""
        members = {"id_token": self.id_token, "userinfo": self.userinfo}
        return {name: list(names) for name, names in members.items() if names} or None


NOTHING = ClaimsRequest()


def parse_claims_request(params: Params) -> ClaimsRequest:
    """Return what the `claims` parameter asks for.

    Raises:
        InvalidRequest: malformed, or larger than anyone needs.
    """
    text = params.get("claims")
    if text is None:
        return NOTHING
    if len(text) > MAX_LENGTH:
        raise InvalidRequest("claims is too long")
    try:
        document = _decode(text)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise InvalidRequest("claims must be a JSON object") from error

    # Section 5.5: members that are not understood MUST be ignored.
    id_token, userinfo = _member(document, "id_token"), _member(document, "userinfo")
    acr = id_token.get("acr") or {}
    return ClaimsRequest(
        id_token=tuple(id_token),
        userinfo=tuple(userinfo),
        subject=_subject(id_token, userinfo),
        acr_values=_values(acr),
        is_acr_essential=acr.get("essential") is True,
    )


def _member(document: dict[str, Any], name: str) -> dict[str, dict[str, Any] | None]:
    member = document.get(name)
    if member is None:
        return {}
    if not isinstance(member, dict) or len(member) > MAX_CLAIMS:
        raise InvalidRequest(f"claims.{name} must be an object of at most {MAX_CLAIMS} claims")
    for claim, rule in member.items():
        # Section 5.5.1: null, or an object.
        if rule is not None and not isinstance(rule, dict):
            raise InvalidRequest(f"claims.{name}.{claim[:64]} must be null or an object")
        if "\0" in claim:
            raise InvalidRequest(f"claims.{name} holds a malformed name")
    return member


def _subject(*members: dict[str, dict[str, Any] | None]) -> str | None:
    """Section 5.5.1: an answer must be about this user. Two different ones cannot be had."""
    found = {value for member in members for value in _values(member.get("sub") or {})}
    if len(found) > 1:
        raise InvalidRequest("claims asks for more than one sub")
    return found.pop() if found else None


def _values(rule: dict[str, Any]) -> tuple[str, ...]:
    values = rule.get("values", [])
    if "value" in rule:
        values = [rule["value"]]
    if not isinstance(values, list) or len(values) > MAX_VALUES:
        raise InvalidRequest(f"claims: values must be a list of at most {MAX_VALUES}")
    if not all(isinstance(value, str) and "\0" not in value for value in values):
        raise InvalidRequest("claims: values of sub and acr must be strings")
    return tuple(dict.fromkeys(values))
