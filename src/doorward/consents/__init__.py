"""Consents: what users allow applications of third parties, and the most these may ask for.

    administrator ──► ceiling (user scopes, resource scopes)     what an application may ask for
    application   ──► asked = requested AND ceiling AND roles    what a page has to name
    user          ──► consent                                    what was allowed, remembered

Owns: ceilings, consents, and the rule that compares them (`asked.py`), which the authorization
endpoint and the consent page share. Endpoints: /api/applications/{id}/user-consent-scopes.
Applications of one's own have neither ceiling nor consent. Does not own: the page (surface
`sign_in`), and what a consent leads to (slice `grants`). Organizations' scopes will have their
place in `Ceiling`; until there are organizations, whoever assigns one is refused.

Read `asked.py` first.
"""
