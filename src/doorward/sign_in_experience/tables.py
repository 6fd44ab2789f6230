"""One row per tenant: the document in wire shape (camelCase keys, see `document.py`), and
`sign_in_mode` beside it because the first administrator's registration closes the door behind
itself with one conditional UPDATE. An application may have a row of its own, which says how the
pages that belong to it differ."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Column, ForeignKeyConstraint, String

from doorward.storage import Json, tenant_table

sign_in_experiences = tenant_table(
    "sign_in_experiences",
    Column("id", String(21), nullable=False),
    Column("sign_in_mode", String(32), nullable=False),
    Column("document", Json, nullable=False),
)

application_sign_in_experiences = tenant_table(
    "application_sign_in_experiences",
    Column("application_id", String(21), nullable=False),
    Column("document", Json, nullable=False),
    ForeignKeyConstraint(
        ["tenant_id", "application_id"],
        ["applications.tenant_id", "applications.id"],
        ondelete="CASCADE",
    ),
    primary_key=("application_id",),
)


class StoredExperience(msgspec.Struct, frozen=True):
    """A row of sign_in_experiences; `document` lacks signInMode."""

    id: str
    sign_in_mode: str
    document: dict[str, Any]
