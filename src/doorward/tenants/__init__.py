"""Tenants: isolated worlds of users, applications and settings, found by their endpoint.

Owns: the tenants' rows (`storage/tenants.py`), their key-value configuration (`configs`), the
seeds of the two first tenants (`seed.py`: `default` and `admin`), and which tenant an endpoint
serves. Does not own: keys (slice `keys`), the sign-in experience, applications.

Read `store.py`, then `seed.py`; `master_key.py` sees that database and master key fit.
"""
