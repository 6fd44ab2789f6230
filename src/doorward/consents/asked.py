"""What an application of a third party asks of a user, and what of it the user has not allowed yet.

    requested AND ceiling AND the user's roles ──► asked ──minus consent──► missing

A scope of a resource that the user does not have is not asked for: nobody can allow what they may
not do. What was asked travels with the tokens, so that a role given later adds nothing unseen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

import msgspec

from doorward.consents import store
from doorward.consents.ceiling import ALWAYS_ALLOWED, Ceiling, current_ceiling
from doorward.consents.tables import Consent
from doorward.resources.cached import find_resource
from doorward.roles.permissions import user_scopes
from doorward.storage import Executor, Snapshot, Transaction

USER_SCOPES = (
    "profile",
    "email",
    "phone",
    "address",
    "custom_data",
    "identities",
    "roles",
)
"""The scopes about the user that a page can name and a ceiling hold."""

_KNOWN = ALWAYS_ALLOWED | frozenset(USER_SCOPES)


class Asked(msgspec.Struct, frozen=True):
    """Scopes about the user, and names of scopes by the indicator of their resource."""

    scopes: tuple[str, ...]
    resource_scopes: dict[str, tuple[str, ...]]

    def minus(self, consent: Consent | None) -> Asked | None:
        """Return what a consent does not cover; None when it covers everything."""
        if consent is None:
            return self
        resources = {
            indicator: left
            for indicator, names in self.resource_scopes.items()
            if (left := _left(names, consent.resource_scopes.get(indicator, ())))
        }
        scopes = _left(self.scopes, consent.scopes)
        return Asked(scopes, resources) if scopes or resources else None

    def within(self, consent: Consent) -> Asked:
        """Return what of it a consent covers."""
        resources = {
            indicator: both
            for indicator, names in self.resource_scopes.items()
            if (both := _both(names, consent.resource_scopes.get(indicator, ())))
        }
        return Asked(_both(self.scopes, consent.scopes), resources)


async def find_asked(
    db: Executor,
    snapshot: Snapshot,
    *,
    client_id: str,
    user_id: str,
    scope: str,
    resources: Iterable[str],
) -> Asked:
    """Return what a request asks of a user. Unknown resources ask for nothing."""
    ceiling = await current_ceiling(snapshot, client_id)
    names = tuple(dict.fromkeys(scope.split()))
    asked: dict[str, tuple[str, ...]] = {}
    for indicator in resources:
        allowed = [name for name in names if name in ceiling.of_resource(indicator)]
        resource = await find_resource(snapshot, indicator) if allowed else None
        if resource is None:
            continue
        held = await user_scopes(
            db, tenant_id=snapshot.tenant_id, user_id=user_id, resource_id=resource.id
        )
        if granted := tuple(name for name in allowed if name in held):
            asked[indicator] = granted
    return Asked(tuple(name for name in names if name in _KNOWN and ceiling.allows(name)), asked)


def is_asked_anew(*, prompts: Collection[str], is_unproven: bool, has_details: bool) -> bool:
    """Tell whether the user is asked about everything, whatever they allowed before.

    RFC 8252 section 8.6: other programs can receive the answers of a native application, so an
    earlier consent says nothing about who asks this time. Nor does it of a client that is known by
    a document only: that may say something else today. Authorization details (RFC 9396) are of one
    request, so one consent does not cover the next.
    """
    return "consent" in prompts or is_unproven or has_details


async def find_missing(
    db: Executor,
    *,
    tenant_id: str,
    client_id: str,
    user_id: str,
    asked: Asked,
    is_all_asked: bool,
) -> Asked | None:
    """Return what a page must ask the user, or None when they have allowed all of it already."""
    if is_all_asked:
        return asked
    known = await store.find_consent(db, tenant_id=tenant_id, user_id=user_id, client_id=client_id)
    return asked.minus(known)


async def remember(
    tx: Transaction,
    *,
    tenant_id: str,
    client_id: str,
    user_id: str,
    asked: Asked,
    now: datetime,
) -> None:
    """Store that a user allows what was asked, beside what they allowed before."""
    known = await store.find_consent(tx, tenant_id=tenant_id, user_id=user_id, client_id=client_id)
    consent = Consent(asked.scopes, asked.resource_scopes, now)
    await store.save_consent(
        tx,
        tenant_id=tenant_id,
        user_id=user_id,
        client_id=client_id,
        consent=store.merged(known, now=now, consent=consent),
    )


def disallowed_scopes(ceiling: Ceiling, scope: str) -> list[str]:
    """Return the scopes about the user that were asked for and are not within the ceiling."""
    return [name for name in scope.split() if name in _KNOWN and not ceiling.allows(name)]


def _left(names: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    allowed = frozenset(known)
    return tuple(name for name in names if name not in allowed)


def _both(names: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    allowed = frozenset(known)
    return tuple(name for name in names if name in allowed)
