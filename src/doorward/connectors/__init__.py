"""Connectors: social, e-mail and SMS providers.

A connector is one module with a frozen description and two or three functions
(`social/discord.py`), found in the explicit table of `registry.py` or through the entry point
group `doorward.connectors`. A row of `connectors` is one configured instance of it.

Owns: connectors; /api/connectors and /api/connector-factories; talking to providers.
Does not own: what a social identity means for a user (slice `users`, surface `sign_in`).
"""
