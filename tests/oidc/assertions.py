"""Client assertions as an honest client makes them, and as an attacker does (RFC 7523)."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from doorward.kit.ids import new_id
from doorward.kit.jose import SigningKey, encode_base64url
from doorward.oidc.clients.assertion import ASSERTION_TYPE
from tests.oidc.house import House, RegisteredClient

LEFT_OUT: Any = ...
"""The value of a claim that is not sent."""


def jwks(*keys: SigningKey) -> dict[str, Any]:
    return {"keys": [key.public_jwk for key in keys]}


def assertion_claims(house: House, client: RegisteredClient, **changes: Any) -> dict[str, Any]:
    """Return the claims of an ordinary assertion, changed by `changes`."""
    now = house.clock.seconds()
    usual = {
        "iss": client.id,
        "sub": client.id,
        "aud": house.issuer,
        "jti": new_id(),
        "iat": now,
        "exp": now + 60,
    }
    return {name: value for name, value in (usual | changes).items() if value is not LEFT_OUT}


def by_key(
    house: House, client: RegisteredClient, key: SigningKey, typ: str = "JWT", **changes: Any
) -> dict[str, str]:
    """Return the form fields of private_key_jwt."""
    return form(key.encode(assertion_claims(house, client, **changes), typ=typ))


def by_secret(
    house: House, client: RegisteredClient, secret: str, **changes: Any
) -> dict[str, str]:
    """Return the form fields of client_secret_jwt."""
    return form(mac_jwt(assertion_claims(house, client, **changes), secret.encode()))


def mac_jwt(claims: Any, secret: bytes, *, algorithm: str = "HS256", **header: Any) -> str:
    """Return a JWT with a MAC."""
    signed = f"{part({'alg': algorithm, 'typ': 'JWT'} | header)}.{part(claims)}"
    mac = hmac.digest(secret, signed.encode(), getattr(hashlib, f"sha{algorithm[2:]}"))
    return f"{signed}.{encode_base64url(mac)}"


def part(value: Any) -> str:
    return encode_base64url(json.dumps(value).encode())


def form(assertion: str) -> dict[str, str]:
    return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
