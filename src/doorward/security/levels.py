"""How strongly somebody signed in: the values of `acr` (OpenID Connect Core section 2).

    urn:doorward:acr:federated   another provider vouched for the person
    urn:doorward:acr:password    the person's password here, or better
    urn:doorward:acr:mfa         two factors, or better
    phr                          phishing-resistant (OpenID EAP ACR Values 1.0), or better
    phrh                         phishing-resistant, with the key in hardware

Weakest first; each one fulfils those above it. What a session reached follows from its `amr` alone
(RFC 8176).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

Level = Literal[
    "urn:doorward:acr:federated", "urn:doorward:acr:password", "urn:doorward:acr:mfa", "phr", "phrh"
]
LEVELS: tuple[Level, ...] = get_args(Level)
FEDERATED, PASSWORD, MFA, PHISHING_RESISTANT, HARDWARE_KEY = LEVELS


def reached_acr(amr: Sequence[str]) -> Level:
    """Return what a session with these methods reached."""
    if "mfa" in amr:
        return MFA
    return PASSWORD if "pwd" in amr else FEDERATED


def is_at_least(reached: str, demanded: str) -> bool:
    """Tell whether one level fulfils another."""
    return LEVELS.index(reached) >= LEVELS.index(demanded)
