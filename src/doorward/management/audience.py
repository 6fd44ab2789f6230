"""The name of the management API. Apart from the guard, so that whoever needs the name alone does
not import a web framework."""

from __future__ import annotations


def audience_of(tenant_id: str) -> str:
    """Return the audience of a tenant's management API: a name, not an address."""
    return f"https://{tenant_id}.logto.app/api"
