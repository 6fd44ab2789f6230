"""Spoilt DPoP proofs: members of any type and value, under a signature that is right."""

from __future__ import annotations

from typing import Any

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.mangling import json_values
from tests.fuzz.state import fingerprint
from tests.support.bookstore import RESOURCE, Bookstore
from tests.support.dpop import Prover
from tests.support.server import Server

CLAIMS = ("jti", "htm", "htu", "iat", "ath", "nonce", "exp", "nbf", "another")
HEADER = ("typ", "alg", "jwk", "crit", "kid", "another")
KEY = ("kty", "crv", "x", "y", "n", "e", "d", "k", "alg", "use", "another")
PROVER = Prover()


def members(names: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    """Values for a few members, None to leave one out."""
    return st.dictionaries(st.sampled_from(names), json_values(), max_size=2)


def ask(http: httpx.Client, bookstore: Bookstore, proof: bytes) -> httpx.Response:
    return http.post(
        f"{bookstore.issuer}/token",
        data={
            "grant_type": "client_credentials",
            "resource": RESOURCE,
            **bookstore.machine.credentials,
        },
        headers=[(b"dpop", proof)],
    )


def check(answer: httpx.Response, server: Server, before: dict[str, str]) -> None:
    """A token bound to the key, or a refusal that changed nothing."""
    if answer.status_code == 200:
        assert answer.json()["token_type"] == "DPoP"
        return
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"] in {"invalid_dpop_proof", "use_dpop_nonce"}
    after = fingerprint(server)
    assert {name for name in after if after[name] != before[name]} <= {"replays"}


class TestProofs:
    @settings(max_examples=150)
    @given(claims=members(CLAIMS), header=members(HEADER), key=members(KEY))
    def test_spoilt_members(
        self,
        server: Server,
        http: httpx.Client,
        bookstore: Bookstore,
        claims: dict[str, Any],
        header: dict[str, Any],
        key: dict[str, Any],
    ) -> None:
        """RFC 9449 section 4.3."""
        header = {"jwk": {**PROVER.jwk, **key}, **header}
        proof = PROVER.proof("POST", f"{bookstore.issuer}/token", header=header, **claims)
        before = fingerprint(server)

        answer = ask(http, bookstore, proof.encode())

        check(answer, server, before)

    @settings(max_examples=100)
    @given(data=st.data())
    def test_spoilt_text(
        self, server: Server, http: httpx.Client, bookstore: Bookstore, data: st.DataObject
    ) -> None:
        """A proof of which a part is cut out, doubled or replaced."""
        proof = PROVER.proof("POST", f"{bookstore.issuer}/token").encode()
        begin = data.draw(st.integers(0, len(proof)))
        end = data.draw(st.integers(begin, min(len(proof), begin + 40)))
        # What a header can hold: visible characters, and the bytes above them.
        visible = st.sampled_from([*range(0x21, 0x7F), *range(0x80, 0x100)])
        middle = bytes(data.draw(st.lists(visible, max_size=8)))
        before = fingerprint(server)

        answer = ask(http, bookstore, proof[:begin] + middle + proof[end:])

        check(answer, server, before)
