"""The name and the address of the management API. Apart from the guard, so that whoever needs them
alone does not import a web framework."""

from __future__ import annotations


def audience_of(tenant_id: str) -> str:
    """Return the audience of a tenant's management API: a name, not an address."""
    return f"https://{tenant_id}.logto.app/api"


def address_of(endpoint: str) -> str:
    """Return the address of the management API at a tenant's endpoint: its other name, and the one
    that a client can know (RFC 9728)."""
    return f"{endpoint}/api"
