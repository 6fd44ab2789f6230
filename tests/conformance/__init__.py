"""The modules of the OpenID Foundation's test plans, in our own words, against a running server.

    plans.py                which module belongs to which profile, in which variants
    test_*.py               one test for each module, named after it: `test_oidcc_prompt_login`
    relying_party.py        a client that verifies everything it is told
    verification.py         signatures, hashes and claims, with none of the server's own code
    tls_front.py            the proxy that ends TLS: the server runs under an https issuer
    provider.py             the server under test, and the operator who registers clients
    suite/                  what the Foundation's own suite needs to test this server

`make conformance` runs them and writes docs/reference/conformance.md. A module of a feature that
the server does not have is not in the plans. Read `plans.py`, then `test_core.py`.
"""
