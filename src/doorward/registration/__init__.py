"""Clients that register themselves (RFC 7591), and what lets them and their developers do so.

    administrator ──► configuration, initial access tokens     /api/configs/client-registration
    developer     ──► /oidc/reg (surface `oidc`) ──► an application, and the token that manages it

Owns: initial_access_tokens, registered_clients. A registered client is an application like any
other, of a third party, so that users are asked before it gets anything, and the console lists it.
Off at first. A client that nobody uses goes after a while (`unused.py`).

Read `config.py` for what can be chosen, `rules.py` for what happens.
"""
