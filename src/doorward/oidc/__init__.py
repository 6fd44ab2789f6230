"""The OpenID provider: everything under /oidc, as plain ASGI, one endpoint a file.

    app.py ──(method, path)──► endpoint(OidcRequest, Provider) ──► OidcResponse

Endpoints: metadata (discovery, JWKS), pushed_authorization, authorize, resume, token (grants/),
device_authorization, device (its pages), userinfo, introspection, revocation, end_session,
session_state (the iframe), registration, client_configuration. Owns: authorization codes, refresh
tokens and opaque access tokens (`store.py`; `bearer.py` says what they look like). Does not own:
grants, sessions, pushed requests and device codes, nor the clients that register themselves or have
a document (`registration`, `cimd`), which are slices of their own. It hands people to the `sign_in`
surface through a stored interaction and a redirect, and never imports it.

    clients/         who a client is, beside its secret (`client_auth.py`)
    authorization/   the parts of an authorization request and of its answer
    grants/          the token endpoint's grants, one a file
    device/          devices without a keyboard
    registration/    clients that register themselves
    logout/          how sessions end, and how applications hear of it

Whose hands a token works in is decided in `sender_constraint.py` (DPoP, certificates).

Read `app.py`, `token.py`, then one grant; for the way in `authorize.py`, then `resume.py`. What a
client gets is made in `tokens.py` and `id_token.py`, about whom `subjects.py` says, and of what
`authorization/` understood.
"""
