"""/api/users, /api/roles/{id}/users and /api/dashboard/users.

users.py       accounts           passwords.py   setting and verifying
identities.py  social identities  roles.py       who has which role
access.py      sessions, grants   dashboard.py   counts
views.py       all of it on the wire
"""

from doorward.users.api.access import ACCESS_HANDLERS
from doorward.users.api.dashboard import DASHBOARD_HANDLERS
from doorward.users.api.identities import IDENTITY_HANDLERS
from doorward.users.api.passwords import PASSWORD_HANDLERS
from doorward.users.api.roles import ROLE_HANDLERS
from doorward.users.api.users import USER_HANDLERS

HANDLERS = (
    *USER_HANDLERS,
    *PASSWORD_HANDLERS,
    *IDENTITY_HANDLERS,
    *ROLE_HANDLERS,
    *ACCESS_HANDLERS,
    *DASHBOARD_HANDLERS,
)
