"""Saving a sign-in experience: the one path that the API and the console take.

changes (wire keys) ─► apply_changes ─► parse ─► check_experience ─► one row
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime
from typing import Any

import msgspec

from doorward.connectors.instances import metadata_of
from doorward.connectors.protocol import ConnectorType
from doorward.connectors.store import list_connectors
from doorward.errors import RequestError
from doorward.kit.crypto import Sealer
from doorward.sign_in_experience.checks import check_experience
from doorward.sign_in_experience.document import Experience, apply_changes, parse_experience
from doorward.sign_in_experience.store import get_experience, save_experience
from doorward.sign_in_experience.tables import StoredExperience
from doorward.storage import Executor, Transaction, config_changed

MAX_SAMPLES = 20


class NameConflicts(msgspec.Struct, frozen=True):
    """User names that differ only in case: how many, and some with the ids of their users."""

    total: int
    samples: tuple[tuple[str, tuple[str, ...]], ...]


class ConnectorFacts(msgspec.Struct, frozen=True):
    """What saving needs to know of the tenant's connectors."""

    types: frozenset[str]
    social_targets: tuple[str, ...]


FindNameConflicts = Callable[[Executor, str, int], Awaitable[NameConflicts]]
"""`await find(db, tenant_id, limit)`; users are above this slice, so it is told of them."""


async def connector_facts(db: Executor, *, tenant_id: str, sealer: Sealer) -> ConnectorFacts:
    """Return the kinds of connectors the tenant has, and its social targets."""
    connectors = await list_connectors(db, tenant_id=tenant_id, sealer=sealer)
    known = [metadata_of(connector) for connector in connectors]
    return ConnectorFacts(
        types=frozenset(metadata.type.value for metadata in known),
        social_targets=tuple(
            metadata.target for metadata in known if metadata.type is ConnectorType.SOCIAL
        ),
    )


async def change_experience(
    tx: Transaction,
    *,
    tenant_id: str,
    changes: Mapping[str, Any],
    sealer: Sealer,
    find_name_conflicts: FindNameConflicts,
    now: datetime,
) -> StoredExperience:
    """Save changed settings, given by their wire keys, and return the row.

    Raises:
        RequestError: 400 guard.invalid_input; sign_in_experiences.*, the first rule that is
            broken.
    """
    # 1. The document after the change. Counting the change first makes two administrators take
    #    turns, so that neither writes over what the other has just saved.
    await config_changed(tx, tenant_id)
    stored = await get_experience(tx, tenant_id=tenant_id)
    facts = await connector_facts(tx, tenant_id=tenant_id, sealer=sealer)
    document = apply_changes(
        stored.document,
        _with_merged_expiration(changes, stored.document),
        known_targets=facts.social_targets,
        now=now,
    )
    mode = changes.get("signInMode", stored.sign_in_mode)
    experience = parse_experience(document, sign_in_mode=mode)

    # 2. May it be saved?
    check_experience(experience, changed=changes.keys(), connector_types=facts.types)
    before = parse_experience(stored.document, sign_in_mode=stored.sign_in_mode)
    if before.username_policy.case_sensitive and not experience.username_policy.case_sensitive:
        await _check_names(tx, tenant_id, find_name_conflicts)

    # 3. The row.
    await save_experience(tx, tenant_id=tenant_id, sign_in_mode=mode, document=document)
    return StoredExperience(id=stored.id, sign_in_mode=mode, document=document)


def forgot_password_methods(
    experience: Experience, *, connector_types: Collection[str]
) -> dict[str, bool]:
    """Return by which ways a forgotten password can be replaced: {"phone": ..., "email": ...}."""
    allowed = experience.forgot_password_methods

    def is_possible(method: str, type_: ConnectorType) -> bool:
        return type_.value in connector_types and (allowed is None or method in allowed)

    return {
        "phone": is_possible("PhoneVerificationCode", ConnectorType.SMS),
        "email": is_possible("EmailVerificationCode", ConnectorType.EMAIL),
    }


def _with_merged_expiration(
    changes: Mapping[str, Any], document: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Password expiration is merged with what is stored, unless it is switched off."""
    sent = changes.get("passwordExpiration")
    if not isinstance(sent, dict) or sent.get("enabled") is False:
        return changes
    return {**changes, "passwordExpiration": {**document.get("passwordExpiration", {}), **sent}}


async def _check_names(tx: Transaction, tenant_id: str, find: FindNameConflicts) -> None:
    conflicts = await find(tx, tenant_id, MAX_SAMPLES)
    if conflicts.total:
        raise RequestError(
            "sign_in_experiences.username_policy_case_conflicts_exist",
            status=409,
            data={
                "totalConflicts": conflicts.total,
                "samples": [
                    {"usernameLower": name, "userIds": list(ids)} for name, ids in conflicts.samples
                ],
            },
        )
