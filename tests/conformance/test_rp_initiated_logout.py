"""OpenID Connect RP-Initiated Logout 1.0."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from tests.conformance.fapi import new_key
from tests.conformance.provider import SIGNED_OUT
from tests.conformance.relying_party import RelyingParty
from tests.conformance.verification import split_jws
from tests.support.pages import Page

STATE = "the-state-of-the-sign-out"


def hint_of(rp: RelyingParty) -> str:
    """Sign in and return the ID token."""
    token: str = rp.run().tokens["id_token"]
    return token


def confirmed(page: Page) -> Page:
    """Say yes where the page asks."""
    return page.submit(button="Sign out") if page.forms else page


def test_oidcc_rp_initiated_logout_discovery_endpoint_verification(rp: RelyingParty) -> None:
    """Section 2.1: discovery names the endpoint, over https."""
    endpoint = urlsplit(rp.metadata["end_session_endpoint"])

    assert (endpoint.scheme, endpoint.fragment) == ("https", "")


def test_oidcc_rp_initiated_logout(rp: RelyingParty) -> None:
    """Section 2: signed out, and back at the registered address with the state."""
    hint = hint_of(rp)

    page = confirmed(
        rp.sign_out(id_token_hint=hint, post_logout_redirect_uri=SIGNED_OUT, state=STATE)
    )

    assert page.location == f"{SIGNED_OUT}?state={STATE}"
    assert not rp.is_signed_in()


def test_oidcc_rp_initiated_logout_bad_post_logout_redirect_uri(rp: RelyingParty) -> None:
    """Section 3: no redirect to an address that is not registered."""
    hint = hint_of(rp)

    page = rp.sign_out(
        id_token_hint=hint, post_logout_redirect_uri=f"{SIGNED_OUT}/elsewhere", state=STATE
    )

    assert page.status == 400
    assert "location" not in page.response.headers
    assert "post_logout_redirect_uri" in page.text


def test_oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri(
    rp: RelyingParty,
) -> None:
    """Section 3: a query makes another address of a registered one."""
    hint = hint_of(rp)

    page = rp.sign_out(
        id_token_hint=hint, post_logout_redirect_uri=f"{SIGNED_OUT}?foo=bar", state=STATE
    )

    assert page.status == 400
    assert "location" not in page.response.headers
    assert "post_logout_redirect_uri" in page.text


def test_oidcc_rp_initiated_logout_bad_id_token_hint(rp: RelyingParty) -> None:
    """Section 2: a token that somebody else signed leads nowhere and signs nobody out; nor does
    what is no token at all."""
    _, claims = split_jws(hint_of(rp))

    for hint in (new_key().sign(claims), "bad"):
        page = rp.sign_out(id_token_hint=hint, post_logout_redirect_uri=SIGNED_OUT, state=STATE)

        assert page.status == 400
        assert "location" not in page.response.headers
        assert rp.is_signed_in()


def test_oidcc_rp_initiated_logout_modified_id_token_hint(rp: RelyingParty) -> None:
    """Section 2: a hint that is not ours leads nowhere and signs nobody out."""
    header, _, signature = hint_of(rp).split(".")
    forged = f"{header}.eyJzdWIiOiJzb21lYm9keSJ9.{signature}"

    page = rp.sign_out(id_token_hint=forged, post_logout_redirect_uri=SIGNED_OUT, state=STATE)

    assert page.status == 400
    assert "location" not in page.response.headers
    assert rp.is_signed_in()


def test_oidcc_rp_initiated_logout_no_id_token_hint(rp: RelyingParty) -> None:
    """Section 2: without a hint the person is asked; without a client nobody vouches for the
    address."""
    rp.run()

    asked = rp.sign_out(post_logout_redirect_uri=SIGNED_OUT, state=STATE)
    page = asked.submit(button="Sign out")

    assert page.status == 200
    assert page.path == "/oidc/session/end/success"
    assert not rp.is_signed_in()


def test_oidcc_rp_initiated_logout_no_params(rp: RelyingParty) -> None:
    """Section 2: without anything, the person is asked and told at the end."""
    rp.run()

    page = rp.sign_out().submit(button="Sign out")

    assert page.path == "/oidc/session/end/success"
    assert not rp.is_signed_in()


def test_oidcc_rp_initiated_logout_no_post_logout_redirect_uri(rp: RelyingParty) -> None:
    """Section 2: with a hint alone, signed out on a page of ours."""
    hint = hint_of(rp)

    page = confirmed(rp.sign_out(id_token_hint=hint, state=STATE))

    assert page.path == "/oidc/session/end/success"
    assert not rp.is_signed_in()


def test_oidcc_rp_initiated_logout_no_state(rp: RelyingParty) -> None:
    """Section 3: no state came, none is added."""
    hint = hint_of(rp)

    page = confirmed(rp.sign_out(id_token_hint=hint, post_logout_redirect_uri=SIGNED_OUT))

    assert page.location == SIGNED_OUT
    assert parse_qs(urlsplit(page.location).query) == {}
    assert not rp.is_signed_in()


def test_oidcc_rp_initiated_logout_only_state(rp: RelyingParty) -> None:
    """Section 2: a state alone names nobody: the person is asked and told at the end."""
    rp.run()

    page = rp.sign_out(state=STATE).submit(button="Sign out")

    assert page.path == "/oidc/session/end/success"
    assert not rp.is_signed_in()
