"""Users: who they are, how they prove it with a password, and their social identities.

Owns: users, user_identities; password hashing and policy; the management API /api/users.
Does not own: sessions (slice `sessions`), roles (slice `roles`), the steps of signing in.

Read `store.py` for the rows, `passwords.py` for hashing, `imported_digests.py` for what others
hashed, `password_policy.py`, `pwned.py` and `username_policy.py` for what is acceptable,
`registration.py` for how a user comes to be, and `accounts.py` for what administrators do to one;
`api/` is the wire.
"""
