"""RFC 6749 section 4: the grants of the token endpoint, one a file.

Each is a function (request, provider, snapshot, client) -> TokenResponse: a straight line of
numbered steps that reads, decides and signs, then writes in one transaction. `token.py` has
authenticated the client and checked that it may use the grant. What grants about a person share
once they have decided is in `issuing.py`.
"""
