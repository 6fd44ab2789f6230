"""Which levels of a sign-in (`security/levels.py`) a tenant's people can reach at all."""

from __future__ import annotations

from doorward.security.levels import FEDERATED, PASSWORD, Level
from doorward.sign_in_experience.document import Experience


def reachable_acrs(experience: Experience) -> tuple[Level, ...]:
    """Return the values that somebody can reach, strongest first: acr_values_supported."""
    if experience.sign_in.password_identifiers:
        return (PASSWORD, FEDERATED)
    return (FEDERATED,)
