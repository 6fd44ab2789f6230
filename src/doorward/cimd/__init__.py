"""Client id metadata documents: a client whose id is the https URL of a document about it.

    client_id ─► is it such a URL? ─► switched on? ─► cache ─► guarded fetch ─► checks ─► Client
                 (client_id.py)       (config.py)     (documents.py)            (document.py)

Specification: draft-ietf-oauth-client-id-metadata-document-02, cited as "CIMD section n". Nobody
vouches for such a client: it is a third party always, and what users may let it have is bounded by
/api/cimd/user-consent-scopes. Owns: cimd_user_scopes and cimd_resource_scopes, /api/configs/cimd.

Read `documents.py` for the order of things, `document.py` for what a document must say.
"""
