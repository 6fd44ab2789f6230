"""Spoilt pushed authorization requests."""

from __future__ import annotations

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.mangling import spoilt
from tests.fuzz.state import fingerprint
from tests.fuzz.test_authorize import good_request
from tests.support.bookstore import Bookstore
from tests.support.server import Server


class TestPush:
    @settings(max_examples=250)
    @given(data=st.data())
    def test_spoilt_requests(
        self, server: Server, http: httpx.Client, bookstore: Bookstore, data: st.DataObject
    ) -> None:
        """RFC 9126 section 2.3: stored whole, or refused with an error and nothing stored."""
        form = data.draw(spoilt(good_request(bookstore) | bookstore.web.credentials))
        before = fingerprint(server)

        answer = http.post(
            f"{bookstore.issuer}/request",
            content=form.encoded,
            headers={"content-type": "application/x-www-form-urlencoded"},
        )

        if answer.status_code == 201:
            assert set(answer.json()) == {"request_uri", "expires_in"}
        else:
            assert answer.status_code in {400, 401, 413}
            assert answer.json()["error"]
            assert fingerprint(server) == before
