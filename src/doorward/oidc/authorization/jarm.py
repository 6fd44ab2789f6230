"""JWT Secured Authorization Response Mode (JARM): the answer of /auth as one signed JWT.

The signature binds the answer to us and to the client, so that a code of another provider or
another client cannot be slipped in (sections 5.2 to 5.4), and nobody reads or changes it unnoticed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from doorward.kit.jose import SigningKey
from doorward.oidc.authorization.request import RedirectTarget

LIFETIME = timedelta(minutes=10)
"""Section 2.1 recommends at most ten minutes."""


def sign_answer(
    key: SigningKey,
    answer: Mapping[str, str],
    *,
    target: RedirectTarget,
    issuer: str,
    now: datetime,
) -> dict[str, str]:
    """Return the one parameter `response` that carries all of `answer`."""
    claims: dict[str, object] = {
        **answer,
        # JARM section 2.1: who answers, to whom, and until when.
        "iss": issuer,
        "aud": target.client.id,
        "exp": int((now + LIFETIME).timestamp()),
    }
    return {"response": key.encode(claims)}
