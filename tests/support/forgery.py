"""Access tokens with whatever an attacker would like to put into them, signed with the real key.

    forge = Forger.of(server, tenant="default")
    forge.token(aud="https://admin.logto.app/api")

Somebody who holds a genuine token of another kind has just this: claims that do not fit, under a
signature that does.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from doorward.keys.store import SEAL_PURPOSE, list_keys
from doorward.keys.timeline import DEFAULT_SET, current_of, key_sets
from doorward.kit.crypto import Sealer
from doorward.kit.jose import SigningKey
from doorward.settings import Settings
from doorward.storage import open_database
from tests.support.server import Server

MACHINE = "m-default"
"""An application of the admin tenant that exists from the start."""


@dataclass(frozen=True)
class Forger:
    """Signs as a tenant of a running server does."""

    key: SigningKey
    issuer: str

    @classmethod
    def of(cls, server: Server, *, tenant: str = "default") -> Forger:
        """Return the forger of a tenant."""
        endpoint = server.admin_endpoint if tenant == "admin" else server.endpoint
        return cls(key=asyncio.run(_current_key(server, tenant)), issuer=f"{endpoint}/oidc")

    def token(self, *, typ: str = "at+jwt", without: str = "", **claims: Any) -> str:
        """Return a token that is right for tenant `default` but for what the arguments say."""
        now = int(time.time())
        usual: dict[str, Any] = {
            "iss": self.issuer,
            "sub": MACHINE,
            "client_id": MACHINE,
            "aud": "https://default.logto.app/api",
            "scope": "all",
            "iat": now,
            "exp": now + 600,
            "jti": "a-token",
        }
        kept = {name: value for name, value in (usual | claims).items() if name != without}
        return self.key.encode(kept, typ=typ)


async def _current_key(server: Server, tenant: str) -> SigningKey:
    data_dir = Path(server.environment["DOORWARD_DATA_DIR"])
    settings = Settings(data_dir=data_dir, database_url=server.database_url)
    database = await open_database(settings)
    try:
        stored = await list_keys(database, tenant_id=tenant)
    finally:
        await database.close()
    current = current_of(key_sets(stored)[DEFAULT_SET], now=datetime.now(UTC))
    pem = Sealer(settings.master_key()).unseal(current.private_key, purpose=SEAL_PURPOSE)
    return SigningKey.from_pem(pem, algorithm=current.algorithm, kid=current.id)
