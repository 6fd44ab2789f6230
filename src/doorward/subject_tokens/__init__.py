"""Subject tokens: an administrator's leave to act as a user, once, `sub_...`, for ten minutes.

    POST /api/subject-tokens {userId, context} ──► sub_... ──token exchange──► access token

Owns: subject_tokens. The value is never shown again, so only its hash is stored. It is used by one
conditional statement. `context` says why; it stays with the row and with opaque tokens, for whoever
adds claims to them.
"""
