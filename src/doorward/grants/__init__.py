"""Grants: that a user lets an application act, and what every code and token hangs on.

    user ──signs in──► grant ──┬─► authorization codes
                               ├─► refresh tokens        (tables of the `oidc` surface)
                               └─► opaque access tokens

Owns: grants. Deleting a row ends every code and token of it by cascade, so revocation is one
statement whoever asks for it: the token server after a reuse, the management API and the console
when a user is suspended or an application deleted.
"""
