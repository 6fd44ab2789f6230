"""Signing keys of a tenant: next, current and previous.

Owns: key pairs, sealed at rest; which one signs; what the JWKS shows; rotation. Surfaces ask
`current_keys(snapshot)` for a parsed `KeyRing` and never see a PEM.

Read `ring.py`, then `rotation.py`.
"""
