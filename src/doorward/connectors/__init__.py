"""Connectors: social, e-mail and SMS providers.

A connector is one module with a frozen description and two or three functions
(`social/discord.py`), found in the explicit table of `registry.py` or through the entry point
group `doorward.connectors`. A row of `connectors` is one configured instance of it.

    sign_in  ─► cached.find_social_connector(snapshot, target) ─► ConfiguredConnector
             ─► connector.authorization_uri(config, state=..., redirect_uri=...)      browser leaves
             ─► connector.fetch_identity(config, http=..., params=..., redirect_uri=...)
                    code ─► token ─► user ─► SocialIdentity, or a ConnectorError

Owns: connectors; /api/connectors and /api/connector-factories; talking to providers.
Does not own: what a social identity means for a user (slice `users`, surface `sign_in`), the state
that ties the answer of a provider to a browser (slice `interactions`).
Read first: `protocol.py`, then `oauth2.py` and `social/discord.py`.
"""
