"""Attacks that cut across the parts of the provider: each is tried, and fails.

    credentials.py          what is worth something, where it is made, and the one door it opens
    test_wrong_door.py      presented where it does not belong, or altered
    test_strangers.py       presented by another client, another tenant, or nobody
    test_endings.py         presented after sign-out, suspension, deletion, expiry
    test_parallel.py        presented many times at once
    test_redirects.py       addresses that look like a registered one
    test_parameters.py      parameters that come twice
    test_expensive.py       requests that are cheap to send and dear to answer

A new kind of credential is one line in `credentials.py`, and all of this is tried with it. Attacks
on one endpoint alone are with the tests of that endpoint.
"""
