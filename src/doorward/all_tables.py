"""Every table of the product, imported so that `storage.metadata` is complete.

The migrations' test compares this with what Alembic built; nothing at run time depends on it.
"""

from doorward.applications import tables as applications
from doorward.audit import tables as audit
from doorward.connectors import tables as connectors
from doorward.consents import tables as consents
from doorward.console import tables as console
from doorward.device_codes import tables as device_codes
from doorward.grants import tables as grants
from doorward.interactions import tables as interactions
from doorward.keys import tables as keys
from doorward.oidc import tables as oidc
from doorward.outbox import tables as outbox
from doorward.personal_access_tokens import tables as personal_access_tokens
from doorward.pushed_requests import tables as pushed_requests
from doorward.registration import tables as registration
from doorward.replays import tables as replays
from doorward.resources import tables as resources
from doorward.roles import tables as roles
from doorward.security import tables as security
from doorward.sessions import tables as sessions
from doorward.sign_in_experience import tables as sign_in_experience
from doorward.storage import metadata
from doorward.storage import tenants as storage_tenants
from doorward.subject_tokens import tables as subject_tokens
from doorward.tenants import tables as tenants
from doorward.users import tables as users

__all__ = [
    "applications",
    "audit",
    "connectors",
    "consents",
    "console",
    "device_codes",
    "grants",
    "interactions",
    "keys",
    "metadata",
    "oidc",
    "outbox",
    "personal_access_tokens",
    "pushed_requests",
    "registration",
    "replays",
    "resources",
    "roles",
    "security",
    "sessions",
    "sign_in_experience",
    "storage_tenants",
    "subject_tokens",
    "tenants",
    "users",
]
