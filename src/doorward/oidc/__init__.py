"""The OpenID provider: everything under /oidc, as plain ASGI, one endpoint a file.

    app.py ──(method, path)──► endpoint(OidcRequest) ──► OidcResponse

Endpoints: metadata (discovery, JWKS), authorize, resume, token (grants/), userinfo, introspection,
revocation, end_session. Owns: grants, codes, refresh and opaque access tokens (`store.py`). It
hands people to the `sign_in` surface through a stored interaction and a redirect, and never
imports it. Read `app.py`, `token.py`, then one grant.
"""
