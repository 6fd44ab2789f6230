"""The authorization_code grant: each code once, for an access, a refresh and an ID token, durably.

A code lives for a minute, so those of a run are issued right before it, by the authorization
endpoint itself, to somebody who is signed in.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode, urlsplit

from benchmarks.harness import BenchmarkError, Figure, Load, Options, alternate, medians, ratio, wrk
from benchmarks.workbench import Workbench, workbench
from tests.support.bookstore import REDIRECT_URI, code_challenge
from tests.support.pages import Visitor

FASTEST = 6000
"""Requests a second that a run has codes for."""

_VERIFIER = "a-verifier-of-more-than-43-characters-0123456789"
_MAX_BURSTS = 40


def measure(options: Options) -> list[Figure]:
    with workbench() as bench:
        cookies = cookies_of_somebody(bench)
        taken = alternate(
            {
                "client_credentials": lambda: bench.client_credentials(options).rate,
                "authorization_code": lambda: exchange(bench, options, cookies=cookies).rate,
            },
            rounds=options.rounds,
        )
    return [
        Figure(
            name="authorization_code / client_credentials",
            value=ratio(taken, "authorization_code", "client_credentials"),
            target=0.4,
            detail=medians(taken),
        )
    ]


def cookies_of_somebody(bench: Workbench) -> str:
    """Return what the browser of somebody who is signed in sends."""
    with Visitor() as visitor:
        bench.bookstore.sign_in(visitor, bench.bookstore.web)
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in visitor.cookies)


def exchange(bench: Workbench, options: Options, *, cookies: str) -> Load:
    """One run of exchanges, each with a code of its own."""
    codes = bench.server.directory / "codes"
    _issue_codes(bench, options, codes, cookies=cookies)
    body = {
        "grant_type": "authorization_code",
        **bench.bookstore.web.credentials,
        "redirect_uri": REDIRECT_URI,
        "code_verifier": _VERIFIER,
    }
    return wrk(
        f"{bench.origin}/oidc/token",
        options=options,
        body=urlencode(body),
        headers=bench.headers,
        script="spend.lua",
        tokens_file=codes,
    )


def _issue_codes(bench: Workbench, options: Options, path: Path, *, cookies: str) -> None:
    challenge = {"code_challenge": code_challenge(_VERIFIER), "code_challenge_method": "S256"}
    parts = urlsplit(bench.bookstore.authorization_url(bench.bookstore.web, **challenge))
    path.write_text("")
    for _ in range(_MAX_BURSTS):
        wrk(
            f"{bench.origin}{parts.path}?{parts.query}",
            options=options,
            headers={**bench.headers, "Cookie": cookies},
            script="authorize.lua",
            tokens_file=path,
            seconds=1,
        )
        if len(path.read_text().splitlines()) >= FASTEST * max(1.0, options.seconds):
            return
    raise BenchmarkError(f"too few codes after {_MAX_BURSTS} s")
