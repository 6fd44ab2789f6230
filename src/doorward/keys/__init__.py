"""Signing keys of a tenant: next, current and previous, in a set for each algorithm in use.

Owns: key pairs, sealed at rest; which one signs when; what the JWKS shows; rotation by hand and by
schedule; /api/configs/oidc/private-keys and key-rotation. Surfaces ask `current_keys(snapshot)` for
a parsed `KeyRing`, or `signing_key(snapshot, algorithm)` for what an application chose, and never
see a PEM.

    published ──a day or the grace period──► signs ──successor takes over──► verifies ──► retired

Read `tables.py`, `timeline.py` (who signs when), `ring.py`, then `rotation.py` and `schedule.py`.
"""
