"""RFC 9396: rich authorization requests.

    authorization_details ─► parsed, of a type that a resource defines (resources/detail_types.py)
                             and that the client is registered for ─► shown to people where they
                             are asked ─► TokenContext ─► narrowed at the token endpoint ─► tokens

A token for an API carries the details of that API's types, an opaque one for userinfo all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from doorward.applications.cached import Client, find_client
from doorward.oidc.errors import InvalidAuthorizationDetails
from doorward.oidc.request import Params
from doorward.resources.detail_types import COMMON_LISTS, KnownType, find_fault, known_types
from doorward.storage import Snapshot

MAX_LENGTH = 4096
MAX_DETAILS = 20
MAX_DEPTH = 8
PARAMETER = "authorization_details"

Detail = dict[str, Any]

_decode = msgspec.json.Decoder(list[dict[str, Any]]).decode


async def parse_authorization_details(
    snapshot: Snapshot, params: Params, *, client: Client
) -> list[Detail] | None:
    """Return the details that a request asks for, or None when it asks for none.

    Raises:
        InvalidAuthorizationDetails: malformed, of an unknown type, or not for this client.
    """
    text = params.get(PARAMETER)
    if text is None:
        return None
    details = _parse(text)
    types = await known_types(snapshot)
    for detail in details:
        name = detail["type"]
        # Section 5: unknown types, and types that this client may not ask for.
        if name not in types or name not in client.metadata.authorization_details_types:
            raise InvalidAuthorizationDetails(f"unknown type {name[:64]}")
        if fault := find_fault(detail, types[name].definition):
            raise InvalidAuthorizationDetails(f"{name[:64]}: {fault}")
    return details


async def resources_of(snapshot: Snapshot, details: Iterable[Detail]) -> tuple[str, ...]:
    """Return the indicators of the resources that details are for."""
    types = await known_types(snapshot)
    return tuple(dict.fromkeys(types[detail["type"]].indicator for detail in details))


async def details_of_token(
    snapshot: Snapshot,
    params: Params,
    *,
    client_id: str,
    granted: list[Detail] | None,
    audience: str | None,
) -> list[Detail] | None:
    """Return the details of an access token: of what was granted, what the request asks for, its
    API knows and the client may still have.

    Raises:
        InvalidAuthorizationDetails: the request asks for more than was granted, or for details of
            another API.
    """
    text = params.get(PARAMETER)
    details = granted or []
    if text is not None:
        # Section 6: the token request may narrow, and never widen.
        details = _parse(text)
        for detail in details:
            if not any(_is_within(detail, known) for known in granted or ()):
                raise InvalidAuthorizationDetails("more is asked for than was granted")
    types = await known_types(snapshot)
    client = await find_client(snapshot, client_id)
    if client is not None:
        allowed = client.metadata.authorization_details_types
        types = {name: known for name, known in types.items() if name in allowed}
    kept = [detail for detail in details if _is_for(detail, types, audience)]
    if text is not None and len(kept) < len(details):
        raise InvalidAuthorizationDetails("a type is not of the resource of this token")
    return kept or None


async def details_of_machine(
    snapshot: Snapshot, params: Params, *, client: Client, audience: str
) -> list[Detail] | None:
    """Return the details of a machine's token: nobody grants them but its registration.

    Raises:
        InvalidAuthorizationDetails: malformed, unknown, not for this client, or of another API.
    """
    # A third party may have written its registration itself, and no user is here to be asked.
    if client.is_third_party:
        raise InvalidAuthorizationDetails("applications of third parties need a user's consent")
    details = await parse_authorization_details(snapshot, params, client=client)
    return await details_of_token(
        snapshot, params, client_id=client.id, granted=details, audience=audience
    )


def _parse(text: str) -> list[Detail]:
    if len(text) > MAX_LENGTH:
        raise InvalidAuthorizationDetails("authorization_details is too long")
    try:
        details = _decode(text)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise InvalidAuthorizationDetails(
            "authorization_details must be a JSON array of objects"
        ) from error
    if not details or len(details) > MAX_DETAILS:
        raise InvalidAuthorizationDetails(f"1 to {MAX_DETAILS} authorization details are allowed")
    for detail in details:
        # Section 2: type is REQUIRED.
        if not isinstance(detail.get("type"), str):
            raise InvalidAuthorizationDetails("each authorization detail must have a type")
        if not _is_storable(detail, MAX_DEPTH):
            raise InvalidAuthorizationDetails("authorization_details is nested too deeply")
    return details


def _is_storable(value: Any, depth: int) -> bool:
    if isinstance(value, str):
        # PostgreSQL stores no NUL.
        return "\0" not in value
    if isinstance(value, int | float):
        return abs(value) < 2**63
    if isinstance(value, dict):
        inner = [*value.keys(), *value.values()]
    elif isinstance(value, list):
        inner = value
    else:
        return True
    return depth > 0 and all(_is_storable(entry, depth - 1) for entry in inner)


def _is_within(asked: Detail, granted: Detail) -> bool:
    """Tell whether one detail asks for no more than another: the same but for fewer entries in the
    lists that every type has. A list that was granted must not be left out: without it there would
    be no limit."""
    if asked.keys() != granted.keys():
        return False
    return all(
        set(value) <= set(granted[name]) and bool(value)
        if name in COMMON_LISTS and isinstance(value, list) and _is_texts(value)
        else value == granted[name]
        for name, value in asked.items()
    )


def _is_texts(values: list[Any]) -> bool:
    return all(isinstance(value, str) for value in values)


def _is_for(detail: Detail, types: Mapping[str, KnownType], audience: str | None) -> bool:
    known = types.get(detail["type"])
    # A type that is no longer defined is granted no longer.
    return known is not None and audience in {None, known.indicator}
