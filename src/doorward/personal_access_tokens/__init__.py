"""Personal access tokens: a user's own keys for scripts, `pat_...`, with a name and perhaps an end.

    POST /api/users/{id}/personal-access-tokens ──► pat_... ──token exchange──► access token

Owns: personal_access_tokens. A token opens nothing by itself: an application that may exchange
tokens (RFC 8693) trades it, as often as it likes, for an access token of that user. The API shows a
token again, so its value is sealed; it is found by a keyed hash.
"""
