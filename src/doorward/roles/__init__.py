"""Roles: named sets of scopes, given to users or to machine-to-machine applications.

Owns: roles and their relations to scopes, users and applications; /api/roles; the question "which
scopes of this resource may this subject have" (`permissions.py`), which the token server asks.
"""
