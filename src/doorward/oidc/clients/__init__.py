"""RFC 6749 section 2: who a client is, beside its secret, which `client_auth.py` compares.

`lookup.py` finds it (a row, or a client id metadata document), `keys.py` has its public keys,
`assertion.py` and `tls_auth.py` check what it signed or the certificate it holds.
"""
