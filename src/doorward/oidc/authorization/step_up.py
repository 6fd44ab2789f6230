"""RFC 9470 and OpenID Connect Core section 2 (`acr`): how strongly a person has to sign in.

    urn:doorward:acr:federated   another provider vouched for the person
    urn:doorward:acr:password    the person's password here, or better
    urn:doorward:acr:mfa         two factors, or better
    phr                          phishing-resistant (OpenID EAP ACR Values 1.0), or better
    phrh                         phishing-resistant, with the key in hardware

Weakest first; each one fulfils those above it. What a session reached follows from its `amr` alone
(RFC 8176). A demand that the session does not fulfil leads to signing in; one that no sign-in of
the tenant can fulfil is refused at once, so that nobody signs in for nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from doorward.applications.cached import Client
from doorward.oidc.authorization.claims_request import ClaimsRequest
from doorward.oidc.request import Params
from doorward.sign_in_experience.document import Experience

FEDERATED = "urn:doorward:acr:federated"
PASSWORD = "urn:doorward:acr:password"  # noqa: S105 (a name)
MFA = "urn:doorward:acr:mfa"
PHISHING_RESISTANT = "phr"
HARDWARE_KEY = "phrh"
LEVELS = (FEDERATED, PASSWORD, MFA, PHISHING_RESISTANT, HARDWARE_KEY)


class Demand(msgspec.Struct, frozen=True):
    """The acr values that would do, those that we know, in the order of the client's preference.

    `is_essential` is the claims parameter's: then nothing else may be answered, while values of
    `acr_values` that we do not know are a wish (OpenID Connect Core sections 3.1.2.1, 5.5.1.1).
    """

    values: tuple[str, ...] = ()
    is_essential: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether every sign-in will do."""
        return not self.values and not self.is_essential


NO_DEMAND = Demand()


def find_demand(params: Params, *, client: Client, claims: ClaimsRequest) -> Demand:
    """Return what a request demands; `claims` is its parsed claims parameter."""
    # 1. OpenID Connect Core section 5.5.1.1: an essential acr with values MUST be answered so.
    named = claims.acr_values
    if named and claims.is_acr_essential:
        return Demand(_known(named), is_essential=True)

    # 2. The request's own wish, else the application's.
    asked = (params.get("acr_values") or "").split()
    return Demand(_known(asked or named or client.metadata.default_acr_values))


def reached_acr(amr: Sequence[str]) -> str:
    """Return what a session with these methods reached."""
    if "mfa" in amr:
        return MFA
    return PASSWORD if "pwd" in amr else FEDERATED


def answered_acr(demand: Demand, amr: Sequence[str]) -> str:
    """Return the acr of the tokens: the first demanded value that was reached, else what was."""
    reached = reached_acr(amr)
    for value in demand.values:
        if _fulfils(reached, value):
            return value
    return reached


def is_fulfilled(demand: Demand, amr: Sequence[str]) -> bool:
    """Tell whether a session with these methods answers a demand."""
    if demand.is_empty:
        return True
    reached = reached_acr(amr)
    return any(_fulfils(reached, value) for value in demand.values)


def can_be_fulfilled(demand: Demand, experience: Experience) -> bool:
    """Tell whether any way of signing in to the tenant answers a demand."""
    if demand.is_empty:
        return True
    return any(value in reachable_acrs(experience) for value in demand.values)


def reachable_acrs(experience: Experience) -> tuple[str, ...]:
    """Return the values that somebody can reach, strongest first: acr_values_supported."""
    if experience.sign_in.password_identifiers:
        return (PASSWORD, FEDERATED)
    return (FEDERATED,)


def _known(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(value for value in values if value in LEVELS)


def _fulfils(reached: str, demanded: str) -> bool:
    return LEVELS.index(reached) >= LEVELS.index(demanded)
