"""Spoilt requests of the device flow and of token exchange."""

from __future__ import annotations

from urllib.parse import quote

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.mangling import AWKWARD, RAW_VALUES, spoilt
from tests.fuzz.state import fingerprint
from tests.fuzz.test_token import FORM, check_refusal
from tests.support.bookstore import RESOURCE, RESOURCE_SCOPE, Bookstore
from tests.support.management import management_api
from tests.support.server import Server


@pytest.fixture(scope="module")
def exchange(server: Server, bookstore: Bookstore) -> dict[str, str]:
    """A good request, with a token that may be exchanged again and again."""
    with management_api(server) as api:
        reader = api.get("/api/users?search=reader0").json()[0]["id"]
        token = api.post(f"/api/users/{reader}/personal-access-tokens", json={"name": "fuzz"})
        settings_ = {"allowTokenExchange": True}
        body = {"name": "Broker", "type": "Traditional", "customClientMetadata": settings_}
        client = api.post("/api/applications", json=body).json()["id"]
        secret = api.get(f"/api/applications/{client}/secrets").json()[0]["value"]
    return {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "client_id": client,
        "client_secret": secret,
        "subject_token": token.json()["value"],
        "subject_token_type": "urn:logto:token-type:personal_access_token",
        "resource": RESOURCE,
        "scope": RESOURCE_SCOPE,
    }


class TestDeviceAuthorization:
    @settings(max_examples=120)
    @given(data=st.data())
    def test_spoilt_forms(
        self, server: Server, http: httpx.Client, bookstore: Bookstore, data: st.DataObject
    ) -> None:
        """Either codes, or a refusal that changes nothing."""
        good = {**bookstore.device.credentials, "scope": "openid", "resource": RESOURCE}
        form = data.draw(spoilt(good))
        before = fingerprint(server)

        answer = http.post(f"{bookstore.issuer}/device/auth", content=form.encoded, headers=FORM)

        if answer.status_code == 200:
            assert set(answer.json()) >= {"device_code", "user_code", "verification_uri"}
        else:
            check_refusal(answer)
            assert fingerprint(server) == before


class TestDevicePage:
    @settings(max_examples=100)
    @given(
        typed=st.one_of(
            st.sampled_from(AWKWARD).map(quote),
            st.sampled_from(RAW_VALUES),
            st.text(max_size=40).map(lambda text: quote(text, errors="replace")),
            st.text("BCDFGHJKLMNPQRSTVWXZ", min_size=8, max_size=8),
        )
    )
    def test_codes(
        self, server: Server, http: httpx.Client, bookstore: Bookstore, typed: str
    ) -> None:
        """Whatever is typed, the page says so, and nothing but the count of tries changes."""
        before = fingerprint(server)

        answer = http.get(
            f"{bookstore.endpoint}/device?user_code={typed}", headers={"accept": "text/html"}
        )

        assert answer.status_code in {200, 400, 429}
        assert answer.headers["content-type"].startswith("text/html")
        assert fingerprint(server) == before

    @settings(max_examples=60)
    @given(data=st.data())
    def test_answers(
        self, server: Server, http: httpx.Client, bookstore: Bookstore, data: st.DataObject
    ) -> None:
        """Without a session no form is an answer."""
        good = {"user_code": "BCDF-GHJK", "xsrf": "x", "asked": "x", "choice": "approve"}
        before = fingerprint(server)

        answer = http.post(
            f"{bookstore.endpoint}/device",
            content=data.draw(spoilt(good)).encoded,
            headers=FORM | {"accept": "text/html"},
        )

        assert answer.status_code in {400, 413}
        assert fingerprint(server) == before


class TestTokenExchange:
    @settings(max_examples=150)
    @given(data=st.data())
    def test_spoilt_forms(
        self,
        server: Server,
        http: httpx.Client,
        bookstore: Bookstore,
        exchange: dict[str, str],
        data: st.DataObject,
    ) -> None:
        """Either a token, or a refusal that changes nothing."""
        form = data.draw(spoilt(exchange))
        before = fingerprint(server)

        answer = http.post(f"{bookstore.issuer}/token", content=form.encoded, headers=FORM)

        if answer.status_code == 200:
            assert answer.json()["token_type"] == "Bearer"
        else:
            check_refusal(answer)
            assert fingerprint(server) == before
