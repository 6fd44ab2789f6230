"""The OpenID provider: everything under /oidc, as plain ASGI, one endpoint a file.

    app.py ──(method, path)──► endpoint(OidcRequest, Provider) ──► OidcResponse

Endpoints: metadata (discovery, JWKS), pushed_authorization, authorize, resume, token (grants/),
device_authorization, device (its pages), userinfo, introspection, revocation, end_session,
session_state (the iframe), registration, client_configuration. Owns: authorization codes, refresh
tokens and opaque access tokens (`store.py`; `bearer.py` says what they look like). Does not own:
grants, sessions, pushed requests and device codes, nor the clients that register themselves or have
a document (`registration`, `cimd`), which are slices of their own. It hands people to the `sign_in`
surface through a stored interaction and a redirect, and never imports it.

Who a client is decides `client_auth.py`, with its keys from `client_keys.py`; a request that it
signed reads `request_object.py`. Whose hands a token works in is decided in `sender_constraint.py`
(DPoP, certificates).

What an application of a third party may do its users say (`consent.py`). When a session ends, its
applications hear it through the outbox (`backchannel_logout.py`) and through the browser
(`frontchannel_logout.py`).

Read `app.py`, `token.py`, then one grant; for the way in `authorize.py`, then `resume.py`. What a
client gets is made in `tokens.py` and `id_token.py`, about whom `subjects.py` says, and of what
`authorization_details.py` and `claims_request.py` understood.
"""
