"""RFC 7591 and RFC 7592: clients that register themselves, and manage what they registered.

`register.py` and `client_configuration.py` are the endpoints; the rules are those of every
application (`applications`), what is kept besides belongs to the slice `registration`.
"""
