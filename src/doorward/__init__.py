"""Doorward: a self-hosted identity platform.

An OpenID Connect provider with hosted sign-in pages, an admin console, a management API,
connectors and a Python SDK, in one process on SQLite or on many stateless nodes on PostgreSQL.

Read first: `app.py` (the only place where things are wired), then the package docstring of the
surface you are after: `oidc` (everything under /oidc), `sign_in` (hosted pages and the Experience
API), `console` (the admin's pages). Slices (`users`, `applications`, ...) own their tables and
rules; `storage` is the database; `kit` holds what has no domain words.
"""

__version__ = "0.1.0"
