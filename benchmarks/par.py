"""Pushed authorization requests (RFC 9126): all of a request checked, and one durable row each."""

from __future__ import annotations

from urllib.parse import urlencode

from benchmarks.harness import Figure, Load, Options, alternate, medians, ratio
from benchmarks.workbench import Workbench, workbench
from tests.support.bookstore import REDIRECT_URI, code_challenge

_CHALLENGE = code_challenge("a-verifier-of-more-than-43-characters-0123456789")


def measure(options: Options) -> list[Figure]:
    with workbench() as bench:
        taken = alternate(
            {
                "client_credentials": lambda: bench.client_credentials(options).rate,
                "pushed": lambda: push(bench, options).rate,
            },
            rounds=options.rounds,
        )
    return [
        Figure(
            name="PAR / client_credentials",
            value=ratio(taken, "pushed", "client_credentials"),
            target=0.7,
            detail=medians(taken),
        )
    ]


def push(bench: Workbench, options: Options) -> Load:
    """One run of requests as a client with a secret makes them."""
    body = {
        **bench.bookstore.web.credentials,
        "response_type": "code",
        "redirect_uri": REDIRECT_URI,
        "scope": "openid profile offline_access",
        "prompt": "consent",
        "state": "a-state-that-nobody-guesses",
        "nonce": "a-nonce-that-nobody-guesses",
        "code_challenge": _CHALLENGE,
        "code_challenge_method": "S256",
    }
    return bench.post("/oidc/request", urlencode(body), options)
