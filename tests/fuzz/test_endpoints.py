"""Spoilt requests to what stands beside the token endpoint: pushed requests, devices, proofs,
registration."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.mangling import json_values, spoilt
from tests.fuzz.state import fingerprint
from tests.fuzz.test_authorize import good_request
from tests.fuzz.test_token import FORM, check_refusal
from tests.support.bookstore import RESOURCE, RESOURCE_SCOPE, Bookstore
from tests.support.management import management_api
from tests.support.server import Server

REGISTRATION = "/api/configs/client-registration"


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


MEMBERS: dict[str, Any] = {
    "redirect_uris": ["https://app.example/callback"],
    "client_name": "Somebody",
    "token_endpoint_auth_method": "private_key_jwt",
    "grant_types": ["authorization_code"],
    "response_types": ["code"],
    "jwks": {"keys": []},
    "subject_type": "public",
    "id_token_signed_response_alg": "ES256",
    "request_uris": [],
    "default_max_age": 10,
    "contacts": ["a@b.example"],
}


def spoilt_members(data: st.DataObject) -> dict[str, Any]:
    """Return what a client says of itself, with one to three members of the wrong type."""
    wrong = {
        data.draw(st.sampled_from(sorted(MEMBERS))): data.draw(json_values())
        for _ in range(data.draw(st.integers(1, 3)))
    }
    return MEMBERS | wrong


@pytest.fixture(scope="module")
def token(server: Server) -> Iterator[str]:
    """An initial access token that is good for ever."""
    with management_api(server) as api:
        api.patch(REGISTRATION, json={"mode": "initialAccessToken"}).raise_for_status()
        made = api.post(
            f"{REGISTRATION}/initial-access-tokens", json={"name": "Fuzz", "uses": None}
        )
        yield made.raise_for_status().json()["value"]


@pytest.fixture(scope="module")
def registered(http: httpx.Client, bookstore: Bookstore, token: str) -> dict[str, str]:
    """A client that registered itself, with the token that manages it."""
    headers = {"authorization": f"Bearer {token}"}
    members = MEMBERS | {"jwks_uri": "https://app.example/jwks"}
    del members["jwks"]
    answer = http.post(f"{bookstore.issuer}/reg", json=members, headers=headers)
    assert answer.status_code == 201, answer.text
    made: dict[str, str] = answer.json()
    return made


class TestPushed:
    @settings(max_examples=80)
    @given(data=st.data())
    def test_spoilt_requests(
        self, server: Server, http: httpx.Client, bookstore: Bookstore, data: st.DataObject
    ) -> None:
        """A reference, or a refusal that stores nothing (RFC 9126 section 2.3)."""
        form = data.draw(spoilt(good_request(bookstore) | bookstore.web.credentials))
        before = fingerprint(server)

        answer = http.post(f"{bookstore.issuer}/request", content=form.encoded, headers=FORM)

        if answer.status_code == 201:
            assert answer.json()["request_uri"].startswith("urn:ietf:params:oauth:request_uri:")
        else:
            check_refusal(answer)
            assert fingerprint(server) == before

    @settings(max_examples=60)
    @given(header=json_values(), claims=json_values(), is_reference=st.booleans())
    def test_request_objects(
        self,
        http: httpx.Client,
        bookstore: Bookstore,
        header: object,
        claims: object,
        is_reference: bool,
    ) -> None:
        """JWTs of any shape, by value and by reference (RFC 9101 section 6.3)."""
        value = f"{part(header)}.{part(claims)}.c2ln"
        sent = {"request_uri": f"https://{value[:40]}.example/"} if is_reference else {}
        form = {**bookstore.web.credentials, **(sent or {"request": value})}

        answer = http.post(f"{bookstore.issuer}/request", data=form)

        check_refusal(answer)


class TestDevice:
    @settings(max_examples=60)
    @given(data=st.data())
    def test_spoilt_requests(
        self, http: httpx.Client, bookstore: Bookstore, data: st.DataObject
    ) -> None:
        """Codes, or a refusal (RFC 8628 section 3.2)."""
        form = data.draw(spoilt({**bookstore.device.credentials, "scope": "openid profile"}))

        answer = http.post(f"{bookstore.issuer}/device/auth", content=form.encoded, headers=FORM)

        if answer.status_code == 200:
            assert answer.json()["user_code"]
        elif answer.status_code != 429:
            check_refusal(answer)


class TestProofs:
    @settings(max_examples=80)
    @given(header=json_values(), claims=json_values())
    def test_dpop(
        self,
        server: Server,
        http: httpx.Client,
        bookstore: Bookstore,
        header: object,
        claims: object,
    ) -> None:
        """RFC 9449 section 5: a proof that is none is invalid_dpop_proof, and nothing is issued."""
        form = {
            "grant_type": "client_credentials",
            "resource": RESOURCE,
            "scope": RESOURCE_SCOPE,
            **bookstore.machine.credentials,
        }
        proof = f"{part(header)}.{part(claims)}.c2ln"[:8000]
        before = fingerprint(server)

        answer = http.post(f"{bookstore.issuer}/token", data=form, headers={"dpop": proof})

        check_refusal(answer)
        assert answer.json()["error"] == "invalid_dpop_proof"
        assert fingerprint(server) == before


class TestRegistration:
    @settings(max_examples=120)
    @given(data=st.data())
    def test_spoilt_metadata(
        self,
        server: Server,
        http: httpx.Client,
        bookstore: Bookstore,
        token: str,
        data: st.DataObject,
    ) -> None:
        """A client, or a refusal that stores nothing (RFC 7591 section 3.2.2)."""
        members = spoilt_members(data)
        before = fingerprint(server)

        answer = http.post(
            f"{bookstore.issuer}/reg",
            json=members,
            headers={"authorization": f"Bearer {token}"},
        )

        if answer.status_code != 201:
            check_refusal(answer)
            assert fingerprint(server) == before


class TestClientConfiguration:
    @settings(max_examples=120)
    @given(data=st.data())
    def test_spoilt_metadata(
        self,
        server: Server,
        http: httpx.Client,
        bookstore: Bookstore,
        registered: dict[str, str],
        data: st.DataObject,
    ) -> None:
        """RFC 7592 section 2.2: all of it is changed, or nothing is, and the token stays good."""
        members = spoilt_members(data) | {"client_id": registered["client_id"]}
        before = fingerprint(server)

        answer = http.put(
            f"{bookstore.issuer}/reg/{registered['client_id']}",
            json=members,
            headers={"authorization": f"Bearer {registered['registration_access_token']}"},
        )

        if answer.status_code == 200:
            registered.update(answer.json())
        else:
            check_refusal(answer)
            assert answer.status_code in {400, 413}
            assert fingerprint(server) == before
