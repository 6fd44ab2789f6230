"""Hosted sign-in pages and the headless Experience API, on one flow engine.

    /oidc/auth ─► interaction ─► step ─► flow.next_step ─► step ─► ... ─► /oidc/auth/{uid}
                                  │            ▲
                                  └─ state ────┘   stored in the interaction, never in the browser

Pages: /sign-in, /register, /missing-profile, /social/link, /direct/social/{target},
/callback/{connector_id}, /unknown-session, and / for who comes by hand. API: /api/experience/*.
Both are thin doors to the rules in `steps/`; a rule is never written twice. Errors become pages in
`errors.py`, JSON in the slice `management`.

Owns no table: the state lives in `interactions`, users in `users`, settings in
`sign_in_experience`, failed attempts in `security`. Knows `oidc` only by the stored interaction and
a redirect.

Read `flow.py`, then `steps/password.py`, then `identification.py` and `submission.py`.
"""
