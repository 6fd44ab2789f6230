"""What a client does for DPoP (RFC 9449), and what an attacker would like to do instead.

prover = Prover()
headers = {"dpop": prover.proof("POST", f"{issuer}/token")}
headers = prover.presenting(access_token, "GET", f"{issuer}/me")
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from doorward.kit.jose import SigningKey


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass(frozen=True)
class Prover:
    """A key, and the proofs that it makes. `seconds` tells the time."""

    key: SigningKey = field(default_factory=SigningKey.generate)
    seconds: Callable[[], float] = time.time

    @property
    def jwk(self) -> dict[str, str]:
        """The public key as a proof carries it."""
        return {
            name: value
            for name, value in self.key.public_jwk.items()
            if name not in {"use", "alg", "kid"}
        }

    @property
    def jkt(self) -> str:
        """The thumbprint of the key (RFC 7638)."""
        return self.key.public_jwk["kid"]

    def proof(
        self,
        method: str,
        url: str,
        *,
        access_token: str | None = None,
        nonce: str | None = None,
        header: Mapping[str, Any] | None = None,
        **claims: Any,
    ) -> str:
        """Return a proof. `header` and `claims` replace or add to what is right; None leaves a
        member out."""
        usual = {
            "jti": secrets.token_urlsafe(16),
            "htm": method,
            "htu": url,
            "iat": int(self.seconds()),
            "ath": ath(access_token) if access_token is not None else None,
            "nonce": nonce,
        }
        heading = {"typ": "dpop+jwt", "alg": self.key.algorithm, "jwk": self.jwk, **(header or {})}
        signed = f"{_part(heading)}.{_part(usual | claims)}".encode()
        return f"{signed.decode()}.{base64url(self.key._sign(signed))}"

    def presenting(
        self, access_token: str, method: str, url: str, **changes: Any
    ) -> dict[str, str]:
        """Return the headers of a request to a protected resource."""
        proof = self.proof(method, url, access_token=access_token, **changes)
        return {"authorization": f"DPoP {access_token}", "dpop": proof}


def ath(access_token: str) -> str:
    """Return the hash of an access token (section 4.2)."""
    return base64url(hashlib.sha256(access_token.encode()).digest())


def _part(members: Mapping[str, Any]) -> str:
    kept = {name: value for name, value in members.items() if value is not None}
    return base64url(json.dumps(kept).encode())
