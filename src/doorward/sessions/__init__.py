"""Sign-in sessions of the provider: what lets a second application in without a second prompt.

Owns: sessions. The cookie carries a random token of which only the hash is stored; `id` is the
`sid` that tokens may show. Created by the `oidc` surface when an interaction ends, ended by
logout, suspension or expiry. `ending.py` is the one way to end one before its time: it tells the
applications that took part. `config.py` says how long one lasts.
"""
