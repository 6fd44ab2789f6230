"""Spoilt authorization requests, by GET and by POST."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.mangling import Form, spoilt
from tests.fuzz.state import fingerprint
from tests.support.bookstore import REDIRECT_URI, Bookstore, code_challenge
from tests.support.server import Server

VERIFIER = "a-verifier-of-at-least-forty-three-characters-1"


def good_request(bookstore: Bookstore) -> dict[str, str]:
    return {
        "client_id": bookstore.web.id,
        "redirect_uri": REDIRECT_URI,
        "response_type": "code",
        "scope": "openid profile",
        "state": "a-state",
        "nonce": "a-nonce",
        "code_challenge": code_challenge(VERIFIER),
        "code_challenge_method": "S256",
    }


LONGEST_QUERY = 16_000


def is_target_known(form: Form, bookstore: Bookstore) -> bool:
    """Whether the request still names the client, and its redirect URI, unmistakably.

    RFC 6749 section 3.1.2.3: the redirect URI may be left out where one is registered.
    """
    named = [(n, v) for n, v in form.pairs if n in {"client_id", "redirect_uri"} and v]
    full = [("client_id", bookstore.web.id), ("redirect_uri", REDIRECT_URI)]
    return sorted(named) in (full, full[:1])


class TestAuthorize:
    @settings(max_examples=250)
    @given(method=st.sampled_from(["GET", "POST"]), data=st.data())
    def test_spoilt_requests(
        self,
        server: Server,
        http: httpx.Client,
        bookstore: Bookstore,
        method: str,
        data: st.DataObject,
    ) -> None:
        """The sign-in page, an error at the registered address, or an error page; nothing else.

        RFC 6749 section 4.1.2.1: with a wrong client or redirect URI, do not redirect at all.
        """
        form = data.draw(spoilt(good_request(bookstore)))
        before = fingerprint(server)

        answer = send(http, bookstore, method=method, form=form)

        location = answer.headers.get("location", "")
        if location.startswith(REDIRECT_URI):
            parts = urlsplit(location)
            returned = parse_qs(parts.query or parts.fragment)
            assert answer.status_code == 303
            assert "error" in returned
            assert returned["iss"] == [bookstore.issuer]
            assert is_target_known(form, bookstore) or "%" in form.raw_tail
            assert fingerprint(server) == before
        elif location:
            assert answer.status_code == 303
            assert urlsplit(location).netloc in {"", urlsplit(bookstore.endpoint).netloc}
        elif answer.status_code == 200:
            # response_mode=form_post: the error travels in a page that sends itself.
            assert REDIRECT_URI in answer.text
            assert fingerprint(server) == before
        else:
            assert answer.status_code in {400, 404, 405, 413, 414, 431}
            assert fingerprint(server) == before


def send(http: httpx.Client, bookstore: Bookstore, *, method: str, form: Form) -> httpx.Response:
    url = f"{bookstore.issuer}/auth"
    http.cookies.clear()
    # An address is no place for 70 kB: web servers close the connection. Bodies get those.
    if method == "POST" or len(form.encoded) > LONGEST_QUERY:
        headers = {"content-type": "application/x-www-form-urlencoded"}
        return http.post(url, content=form.encoded, headers=headers)
    return http.get(f"{url}?{form.encoded.decode()}")
