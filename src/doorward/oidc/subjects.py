"""OpenID Connect Core section 8: the subject identifiers that clients see, public or pairwise.

    public      the user id
    pairwise    HMAC-SHA-256 over sector and user id, under a secret of the tenant

Sessions likewise: one `sid` for all would let clients that compare theirs join what a pairwise
`sub` keeps apart.

A pairwise client finds the same value in ID tokens, userinfo, introspection, logout tokens and in
JWT access tokens, which it could read as well. Nothing turns a pairwise value back into a user:
what comes back (id_token_hint) is compared with the value that the user at hand would have. It has
43 characters, a user id 12, so it can never be taken for one.
"""

from __future__ import annotations

import hmac

import msgspec

from doorward.applications.cached import Client
from doorward.applications.sectors import PAIRWISE, find_sector
from doorward.kit.crypto import Sealer, is_equal
from doorward.kit.ids import new_secret
from doorward.kit.jose import encode_base64url
from doorward.storage import Snapshot, config_changed
from doorward.tenants.store import find_config, save_config

_CONFIG_KEY = "oidc.pairwiseSecret"
_SEAL_PURPOSE = "configs.pairwise_secret"


class Subjects(msgspec.Struct, frozen=True):
    """The identifiers of one client: pairwise ones with a sector and the tenant's secret."""

    sector: str = ""
    secret: bytes | None = None

    def of(self, user_id: str) -> str:
        """Return the `sub` that the client knows the user by."""
        return self._of(user_id)

    def sid_of(self, session_id: str) -> str:
        """Return the `sid` that the client knows a session by (Back-Channel Logout section 2.1)."""
        return self._of(session_id, kind="sid\0")

    def _of(self, value: str, *, kind: str = "") -> str:
        if self.secret is None:
            return value
        message = f"{self.sector}\0{kind}{value}".encode()
        return encode_base64url(hmac.digest(self.secret, message, "sha256"))


PUBLIC = Subjects()


class SubjectHint(msgspec.Struct, frozen=True):
    """A `sub` that a request brings back, in the terms of the client it was made for."""

    subject: str
    subjects: Subjects

    def names(self, user_id: str) -> bool:
        """Tell whether it stands for this user."""
        return is_equal(self.subject, self.subjects.of(user_id))


async def subjects_of(snapshot: Snapshot, client: Client, *, sealer: Sealer) -> Subjects:
    """Return how a client knows users."""
    metadata = client.metadata
    if metadata.subject_type != PAIRWISE:
        return PUBLIC
    # Without exactly one host (which cannot be stored) the client is a sector of its own.
    sector = find_sector(client.redirect_uris, sector_identifier_uri=metadata.sector_identifier_uri)
    secret = await _secret(snapshot, sealer=sealer)
    return Subjects(sector or client.id, secret.encode())


async def subject_of(snapshot: Snapshot, client: Client, *, user_id: str, sealer: Sealer) -> str:
    """Return the `sub` that a client knows one user by."""
    return (await subjects_of(snapshot, client, sealer=sealer)).of(user_id)


async def _secret(snapshot: Snapshot, *, sealer: Sealer) -> str:
    """Return the tenant's secret, made at first use. It is stored, not derived: it has to outlive
    a change of the master key, under which it is only sealed."""

    async def load() -> str:
        tenant_id = snapshot.tenant_id
        sealed = await find_config(snapshot.db, tenant_id=tenant_id, key=_CONFIG_KEY)
        if sealed is None:
            sealed = await _make_secret(snapshot, sealer=sealer)
        return sealer.unseal(sealed, purpose=_SEAL_PURPOSE)

    return await snapshot.get("pairwise secret", load)


async def _make_secret(snapshot: Snapshot, *, sealer: Sealer) -> str:
    tenant_id = snapshot.tenant_id
    async with snapshot.db.transaction(tenant_id) as tx:
        # Counted first: two who ask at once take turns, and the second finds the first one's.
        await config_changed(tx, tenant_id)
        found: str | None = await find_config(tx, tenant_id=tenant_id, key=_CONFIG_KEY)
        if found is not None:
            return found
        sealed = sealer.seal(new_secret(), purpose=_SEAL_PURPOSE)
        await save_config(
            tx, tenant_id=tenant_id, key=_CONFIG_KEY, value=sealed, now=snapshot.now()
        )
        return sealed
