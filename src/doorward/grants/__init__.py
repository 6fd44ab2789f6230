"""Grants: that a user lets an application act, and what every code and token hangs on.

    user ──signs in──► grant ──┬─► authorization codes   (tables of the `oidc` surface)
                               ├─► refresh tokens
                               └─► opaque access tokens  (which name it, and are stored nowhere)

Owns: grants. Deleting a row ends every code and token of it, by cascade or because what they name
is gone, so revocation is one statement whoever asks for it: the token server after a reuse, the
management API and the console when a user is suspended or an application deleted.
"""
