"""RFC 9470 and OpenID Connect Core section 2 (`acr`): how strongly a person has to sign in.

    acr_values, claims, default_acr_values ─► Demand.values     one of these would do
    the APIs that tokens are asked for     ─► Demand.at_least   and nothing weaker than this

`security/levels.py` says which values there are, and which one fulfils which. A demand that the
session does not fulfil leads to signing in; one that no sign-in of the tenant can fulfil is refused
at once, so that nobody signs in for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from doorward.applications.cached import Client
from doorward.oidc.authorization.claims_request import ClaimsRequest
from doorward.oidc.errors import UnmetAuthenticationRequirements
from doorward.oidc.request import Params
from doorward.resources.cached import find_resource
from doorward.resources.tables import Resource
from doorward.security.levels import LEVELS, is_at_least, reached_acr
from doorward.sign_in_experience.document import Experience
from doorward.sign_in_experience.levels import reachable_acrs
from doorward.storage import Snapshot

JUST_NOW = timedelta(seconds=60)
"""Whoever signed in so lately is not asked to do so again: reading a page takes its time."""


class Demand(msgspec.Struct, frozen=True):
    """The acr values that would do, those that we know, in the order of the client's preference.

    `is_essential` is the claims parameter's: then nothing else may be answered, while values of
    `acr_values` that we do not know are a wish (OpenID Connect Core sections 3.1.2.1, 5.5.1.1).
    `at_least` is what APIs demand, whatever the client wishes.
    """

    values: tuple[str, ...] = ()
    is_essential: bool = False
    at_least: str | None = None


class ApiDemand(msgspec.Struct, frozen=True):
    """What APIs demand of whoever signs in: the highest of their levels, and the lowest of the ages
    that a sign-in may have, in seconds."""

    acr: str | None
    max_age: int | None


def find_demand(
    params: Params, *, client: Client, claims: ClaimsRequest, at_least: str | None
) -> Demand:
    """Return what a request demands. `claims` is its parsed claims parameter, `at_least` what the
    APIs of the request demand."""
    # 1. OpenID Connect Core section 5.5.1.1: an essential acr with values MUST be answered so.
    named = claims.acr_values
    if named and claims.is_acr_essential:
        return Demand(_known(named), is_essential=True, at_least=at_least)

    # 2. The request's own wish, else the application's.
    asked = (params.get("acr_values") or "").split()
    return Demand(_known(asked or named or client.metadata.default_acr_values), at_least=at_least)


async def find_api_demand(snapshot: Snapshot, indicators: Iterable[str]) -> ApiDemand:
    """Return what the APIs that tokens are asked for demand together."""
    acr: str | None = None
    ages: list[int] = []
    for indicator in indicators:
        resource = await find_resource(snapshot, indicator)
        if resource is None:
            continue
        demanded = resource.required_acr
        if demanded is not None and (acr is None or is_at_least(demanded, acr)):
            acr = demanded
        if resource.max_authentication_age is not None:
            ages.append(resource.max_authentication_age)
    return ApiDemand(acr, min(ages, default=None))


def check_api_demand(
    resource: Resource,
    *,
    amr: Sequence[str],
    authenticated_at: datetime | None,
    at: datetime | None,
) -> None:
    """Check that a token for an API may come of a sign-in. `at` is None where its age was judged a
    moment ago, with the person present; `authenticated_at` where nobody signed in.

    Raises:
        UnmetAuthenticationRequirements.
    """
    acr, max_age = resource.required_acr, resource.max_authentication_age
    if acr is None and max_age is None:
        return
    if authenticated_at is None:
        raise UnmetAuthenticationRequirements("the resource wants its users to have signed in")
    if acr is not None and not is_at_least(reached_acr(amr), acr):
        raise UnmetAuthenticationRequirements(f"the resource wants users to sign in with acr {acr}")
    if at is None or max_age is None:
        return
    if at - authenticated_at > timedelta(seconds=max_age):
        raise UnmetAuthenticationRequirements(
            f"the resource wants users to have signed in within {max_age} seconds"
        )


def is_too_old(authenticated_at: datetime, *, ages: Iterable[int | None], now: datetime) -> bool:
    """Tell whether a sign-in is older than any of these ages (in seconds; None demands none) when
    the person answers a page."""
    demanded = [timedelta(seconds=age) for age in ages if age is not None]
    return bool(demanded) and now - authenticated_at > max(min(demanded), JUST_NOW)


def answered_acr(demand: Demand, amr: Sequence[str]) -> str:
    """Return the acr of the tokens: the first value asked for that was reached, else what was."""
    reached = reached_acr(amr)
    for value in demand.values:
        if is_at_least(reached, value):
            return value
    return reached


def is_fulfilled(demand: Demand, amr: Sequence[str]) -> bool:
    """Tell whether a session with these methods answers a demand."""
    return _is_reached(demand, reached_acr(amr))


def can_be_fulfilled(demand: Demand, experience: Experience) -> bool:
    """Tell whether any way of signing in to the tenant answers a demand."""
    return _is_reached(demand, reachable_acrs(experience)[0])


def _known(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(value for value in values if value in LEVELS)


def _is_reached(demand: Demand, reached: str) -> bool:
    if demand.at_least is not None and not is_at_least(reached, demand.at_least):
        return False
    is_free = not demand.values and not demand.is_essential
    return is_free or any(is_at_least(reached, value) for value in demand.values)
