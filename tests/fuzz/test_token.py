"""Spoilt requests to the token endpoint and its siblings."""

from __future__ import annotations

import secrets
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.mangling import json_values, spoilt
from tests.fuzz.state import fingerprint
from tests.support.bookstore import (
    REDIRECT_URI,
    RESOURCE,
    RESOURCE_SCOPE,
    Bookstore,
    code_challenge,
)
from tests.support.pages import Visitor
from tests.support.server import Server

FORM = {"content-type": "application/x-www-form-urlencoded"}
GRANTS = ("client_credentials", "refresh_token", "authorization_code")


class Tokens:
    """Gives a good request of each grant; what a spoilt one left unused is given again."""

    def __init__(self, bookstore: Bookstore) -> None:
        self.bookstore = bookstore
        self.visitor = Visitor()
        self.kept: dict[str, dict[str, str]] = {}

    def good(self, grant_type: str) -> dict[str, str]:
        if grant_type not in self.kept:
            self.kept[grant_type] = getattr(self, f"_{grant_type}")()
        return self.kept[grant_type]

    def used(self, grant_type: str) -> None:
        del self.kept[grant_type]

    def _client_credentials(self) -> dict[str, str]:
        return {
            "grant_type": "client_credentials",
            **self.bookstore.machine.credentials,
            "resource": RESOURCE,
            "scope": RESOURCE_SCOPE,
        }

    def _refresh_token(self) -> dict[str, str]:
        tokens = self.bookstore.sign_in(self.visitor, self.bookstore.native)
        return {
            "grant_type": "refresh_token",
            **self.bookstore.native.credentials,
            "refresh_token": tokens["refresh_token"],
        }

    def _authorization_code(self) -> dict[str, str]:
        verifier = secrets.token_urlsafe(48)
        code = self.bookstore.authorize(
            self.visitor,
            self.bookstore.web,
            code_challenge=code_challenge(verifier),
            code_challenge_method="S256",
        )
        return {
            "grant_type": "authorization_code",
            **self.bookstore.web.credentials,
            "code": code,
            "redirect_uri": REDIRECT_URI,
            "code_verifier": verifier,
        }


@pytest.fixture(scope="module")
def tokens(bookstore: Bookstore) -> Tokens:
    return Tokens(bookstore)


def check_refusal(answer: httpx.Response) -> None:
    """RFC 6749 section 5.2: JSON with `error`, never cached, status 400 or 401 (or HTTP's own)."""
    assert answer.status_code in {400, 401, 403, 404, 405, 413, 415}, answer.text
    assert answer.headers["content-type"].startswith("application/json")
    body = answer.json()
    assert isinstance(body["error"], str)
    assert answer.headers.get("cache-control") == "no-store"


class TestToken:
    @pytest.mark.parametrize("grant_type", GRANTS)
    @settings(max_examples=120)
    @given(data=st.data())
    def test_spoilt_forms(
        self,
        grant_type: str,
        server: Server,
        http: httpx.Client,
        tokens: Tokens,
        data: st.DataObject,
    ) -> None:
        """Either the tokens that the good request is worth, or a refusal that changes nothing."""
        form = data.draw(spoilt(tokens.good(grant_type)))
        before = fingerprint(server)

        answer = http.post(f"{tokens.bookstore.issuer}/token", content=form.encoded, headers=FORM)

        if answer.status_code == 200:
            assert answer.json()["token_type"] == "Bearer"
            tokens.used(grant_type)
        else:
            check_refusal(answer)
            assert fingerprint(server) == before

    @settings(max_examples=80)
    @given(data=st.data())
    def test_wrongly_typed_json(
        self, server: Server, http: httpx.Client, tokens: Tokens, data: st.DataObject
    ) -> None:
        """A JSON body whose values are lists, objects, numbers, null."""
        body: dict[str, Any] = dict(tokens.good("client_credentials"))
        body[data.draw(st.sampled_from(sorted(body)))] = data.draw(json_values())
        before = fingerprint(server)

        answer = http.post(f"{tokens.bookstore.issuer}/token", json=body)

        if answer.status_code == 200:
            assert answer.json()["token_type"] == "Bearer"
        else:
            check_refusal(answer)
            assert fingerprint(server) == before

    @settings(max_examples=60)
    @given(
        body=st.binary(max_size=200),
        content_type=st.sampled_from(
            [
                "application/x-www-form-urlencoded",
                "application/json",
                "application/json; charset=utf-16",
                "text/plain",
                "multipart/form-data; boundary=x",
                "",
            ]
        ),
        authorization=st.sampled_from(
            [
                "",
                "Basic",
                "Basic !!!",
                "Basic Og==",
                "Basic " + "A" * 9000,
                "Bearer x",
                "Digest a=b",
            ]
        ),
    )
    def test_noise(
        self,
        server: Server,
        http: httpx.Client,
        bookstore: Bookstore,
        body: bytes,
        content_type: str,
        authorization: str,
    ) -> None:
        """Bytes that are no form, types that are not read, credentials that are none."""
        headers = {"content-type": content_type, "authorization": authorization}
        before = fingerprint(server)

        answer = http.post(
            f"{bookstore.issuer}/token",
            content=body,
            headers={name: value for name, value in headers.items() if value},
        )

        check_refusal(answer)
        assert fingerprint(server) == before


class TestSiblings:
    @pytest.mark.parametrize("path", ["token/introspection", "token/revocation"])
    @settings(max_examples=60)
    @given(data=st.data())
    def test_spoilt_forms(
        self, path: str, http: httpx.Client, bookstore: Bookstore, data: st.DataObject
    ) -> None:
        """Introspection and revocation of what is no token, by whoever."""
        good = {"token": "x" * 43, **bookstore.web.credentials}
        form = data.draw(spoilt(good))

        answer = http.post(f"{bookstore.issuer}/{path}", content=form.encoded, headers=FORM)

        if answer.status_code != 200:
            check_refusal(answer)

    @settings(max_examples=40)
    @given(token=st.text(st.characters(codec="latin-1", exclude_categories=["C"]), max_size=200))
    def test_userinfo(self, http: httpx.Client, bookstore: Bookstore, token: str) -> None:
        """RFC 6750 section 3.1: 400 or 401 with a challenge."""
        # httpx itself refuses a header that ends with a blank.
        headers = {b"authorization": f"Bearer {token}.".encode("latin-1")}

        answer = http.get(f"{bookstore.issuer}/me", headers=headers)

        assert answer.status_code in {400, 401}
        assert answer.headers["www-authenticate"].startswith("Bearer")

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
    @pytest.mark.parametrize(
        "path", ["token", "token/introspection", "token/revocation", "nowhere"]
    )
    def test_other_methods(
        self, method: str, path: str, http: httpx.Client, bookstore: Bookstore
    ) -> None:
        """A method that an endpoint does not have is refused, and is no server fault."""
        answer = http.request(method, f"{bookstore.issuer}/{path}")

        assert answer.status_code < 500
